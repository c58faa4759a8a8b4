"""How a process ends: everything that runs beside the pages stops together, within a bound.

E1. All are asked to stop before anybody waits for one.
E2. Who has not ended within its seconds is left behind and named in the log: a mail server or a
    receiver that says nothing keeps nobody. What it was about is done again after the next start,
    as after a power cut.
E3. Asked to end once or ten times, it ends once.
"""

import signal
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import structlog

SECONDS_MAX: Final = 1.2
"""For all helpers together since they were asked; requests have a second of the same time."""

LAST_SECONDS: Final = 0.2
"""What each has in any case, however long requests took."""

_log = structlog.get_logger(__name__)


class Helper(Protocol):
    """Runs beside the pages in a thread of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """Ask it to end; callable from signal handlers, and more than once."""
        ...

    def close(self, seconds: float | None = None) -> bool:
        """Wait until it has ended, at most for so long; whether it has."""
        ...


class _Named(NamedTuple):
    name: str
    helper: Helper


class Helpers:
    """What is to be ended together."""

    def __init__(self) -> None:
        self._all: list[_Named] = []
        self._asked_at: float | None = None

    def add(self, name: str, helper: Helper) -> None:
        """Have one ended with the others."""
        self._all.append(_Named(name, helper))

    def start(self) -> None:
        """Begin, in the order they were added."""
        for one in self._all:
            one.helper.start()

    def stop(self) -> None:
        """Ask all to end."""
        if self._asked_at is None:
            self._asked_at = time.monotonic()
        for one in self._all:
            one.helper.stop()

    def close(self) -> None:
        """End all; the last that was added is waited for first (E2)."""
        self.stop()
        assert self._asked_at is not None
        until = self._asked_at + SECONDS_MAX
        for one in reversed(self._all):
            if not one.helper.close(max(LAST_SECONDS, until - time.monotonic())):
                _log.warning("left behind: it did not end in time", what=one.name)


def join(thread: threading.Thread, seconds: float | None) -> bool:
    """Wait for a thread where it was started; whether it has ended."""
    if thread.is_alive():
        thread.join(seconds)
    return not thread.is_alive()


def in_time(work: Callable[[], None], seconds: float | None) -> bool:
    """Do something that may hang, and wait only so long; whether it was done."""
    thread = threading.Thread(target=work, name="ending", daemon=True)
    thread.start()
    return join(thread, seconds)


def catch_endings() -> Callable[[], bool]:
    """Take note of SIGTERM from now on instead of dying of it; whether one came (E3).

    A server that catches it too gives it back when it has ended. Without this a second SIGTERM
    would then kill the process before it has closed what else there is.
    """
    asked = threading.Event()
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda _number, _frame: asked.set())
    return asked.is_set
