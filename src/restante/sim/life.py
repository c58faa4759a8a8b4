"""Play a world in step with real time, faster, slower or not at all.

One thread owns the world; everybody else asks it to act through :meth:`Life.ask`. A machine too
slow for the wanted speed lags: no happening is left out, the city's clock just falls behind.
"""

import queue
import threading
from collections.abc import Callable
from typing import Final

import structlog

from ..clock import VirtualClock
from ..core.value import UtcSeconds
from .agenda import Agenda, Happening

STEP_SECONDS: Final = 0.05
"""Real seconds between two looks at the agenda: smooth on a screen, nearly free for a processor."""

SLICE_SECONDS: Final = 120
"""City seconds played in one go while catching up, so that questions never wait long."""

_log = structlog.get_logger(__name__)


class Life:
    """Plays an agenda.

    Parameters
    ----------
    real_seconds
        A clock that only goes forward, such as ``time.monotonic``.
    speed
        City seconds per real second; 0 stands still.
    """

    def __init__(
        self,
        agenda: Agenda,
        clock: VirtualClock,
        *,
        real_seconds: Callable[[], float],
        speed: int,
    ) -> None:
        self._agenda = agenda
        self._clock = clock
        self._real_seconds = real_seconds
        self._asked: queue.SimpleQueue[Happening] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="life", daemon=True)
        self._speed = speed
        self._city_from = clock.now_ms()
        self._real_from = real_seconds()
        self._catch_up_until: UtcSeconds | None = None
        self.failure: BaseException | None = None
        """What ended this life, if it ended badly."""

    @property
    def speed(self) -> int:
        """City seconds per real second."""
        return self._speed

    @property
    def is_catching_up(self) -> bool:
        """Whether the city hurries to a later time, as fast as the machine can."""
        return self._catch_up_until is not None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the happening under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def ask(self, happening: Happening) -> None:
        """Let something happen soon, in the thread that owns the world."""
        self._asked.put(happening)

    def set_speed(self, speed: int) -> None:
        """Let time pass at another pace from now on."""

        def change() -> None:
            self._rebase()
            self._speed = speed

        self.ask(change)

    def hurry_to(self, moment: UtcSeconds) -> None:
        """Play up to a moment as fast as the machine can, then at the usual pace."""

        def change() -> None:
            self._catch_up_until = moment

        self.ask(change)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._answer()
                if not self._step():
                    self._stop.wait(STEP_SECONDS)
        except BaseException as error:
            self.failure = error
            _log.exception("the city stood still")
            raise

    def _answer(self) -> None:
        while not self._asked.empty():
            self._asked.get()()

    def _step(self) -> bool:
        """Play a little; whether there is more to play at once."""
        if self._catch_up_until is not None:
            target = min(self._agenda.now + SLICE_SECONDS, self._catch_up_until)
            self._agenda.run_until(target)
            if target >= self._catch_up_until:
                self._catch_up_until = None
                self._rebase()
            return True
        if self._speed == 0:
            return False
        elapsed = self._real_seconds() - self._real_from
        target_ms = self._city_from + int(elapsed * 1000 * self._speed)
        target_s = target_ms // 1000
        reachable = min(target_s, self._agenda.now + SLICE_SECONDS)
        self._agenda.run_until(reachable)
        if reachable < target_s:
            if target_s - reachable > SLICE_SECONDS * 10:
                self._rebase()
            return True
        self._clock.set_ms(max(target_ms, self._clock.now_ms()))
        return False

    def _rebase(self) -> None:
        self._city_from = self._clock.now_ms()
        self._real_from = self._real_seconds()
