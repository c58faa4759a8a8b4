"""Let a locker's time pass by itself: sensors are read whether or not its screen is looked at."""

import threading
import time
from typing import Final, Protocol

import structlog

TICK_SECONDS: Final = 0.25
"""How often a locker reads its doors. An alarm is at the centre within five seconds, of which this
and the link's own turn take half a second."""

_log = structlog.get_logger(__name__)


class Ticked(Protocol):
    """Whose time passes: a kiosk, which takes its own lock."""

    def tick(self) -> object:
        """Let time pass."""
        ...


class TickThread:
    """Lets time pass in a thread of its own, until it is closed."""

    def __init__(self, ticked: Ticked, *, pause_seconds: float = TICK_SECONDS) -> None:
        self._ticked = ticked
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._ticked_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="locker-ticks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, after the turn that runs."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def seconds_since_tick(self) -> float:
        """Tell how long ago a turn ended well."""
        return time.monotonic() - self._ticked_at

    def _run(self) -> None:
        while not self._stop.wait(self._pause_seconds):
            try:
                self._ticked.tick()
                self._ticked_at = time.monotonic()
            except Exception:  # noqa: BLE001 - one bad turn must not end all watching of doors
                _log.exception("tick_failed")
