"""Where a process of a centre may be told to die, and how it does."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

from restante.journal.postgres import PostgresJournal

TELL_SECONDS_MAX: Final = 90.0

POINTS: Final = {
    "commit": "append",
    "outbox": "finish_work",
    "follower": "advance",
    "work": "_put_work",
}
"""Where a centre may be told to die, and the journal's word for it: at a batch of operations, when
work was performed and is to be marked done, when a follower writes what it has read, when work is
put beside the facts it follows from."""

MOMENTS: Final = ("before", "during", "after")


class Doom(NamedTuple):
    """Where to die, told over a line for lockers instead of a name."""

    point: str
    moment: str

    @property
    def word(self) -> str:
        return f"!{self.point} {self.moment}"


PARDON: Final = Doom("nowhere", "never")


def sender_line(line: Path) -> Path:
    """Name where the process that sends a centre's notices listens."""
    return line.with_suffix(".notices")


def tell_doom(line: Path, doom: Doom) -> str:
    """Tell a process that listens where to die; what it answers."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(TELL_SECONDS_MAX)
        talk.connect(str(line))
        talk.sendall(f"{doom.word}\n".encode())
        # It has taken it when it answers or hangs up.
        return talk.recv(64).decode().strip()


class Mortal:
    """Kills this very process where it was told to; nowhere else than before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._doom: Doom | None = None

    def tell(self, words: str) -> None:
        """Take a :class:`Doom`."""
        point, _, moment = words.removeprefix("!").partition(" ")
        with self._lock:
            self._doom = Doom(point, moment)

    def plant(self) -> None:
        """Wrap the journal's words, below whatever fault is planted later."""
        for point, method in POINTS.items():
            real = getattr(PostgresJournal, method)
            setattr(PostgresJournal, method, self._wrapped(point, real))

    def _wrapped(self, point: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def done(*args: Any, **named: Any) -> Any:
            # Most batches have none of it.
            is_due = point != "work" or bool(args[2])
            moment = self._moment_at(point) if is_due else ""
            if moment == "before":
                _die()
            if moment == "during":
                # A little later than here, wherever that is.
                threading.Timer(0.002, _die).start()
            result = real(*args, **named)
            if moment:
                _die()
            return result

        return done

    def _moment_at(self, point: str) -> str:
        with self._lock:
            if self._doom is None or self._doom.point != point:
                return ""
            return self._doom.moment


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
