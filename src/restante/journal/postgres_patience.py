"""A commit that is not answered: for how long it is waited for, and what became of it.

R1. A commit waits for the disk and, where the operator names them, for synchronous standbys. When
    none of those is there, the server waits without end, and so would every caller.
R2. It is never cancelled on the server: that would show everybody a commit no standby has, and an
    answer given on it could be lost. The line is cut instead: the server goes on waiting and holds
    the turn, so nobody is told anything that rests on it, and when a standby comes it is done.
R3. A commit whose answer was lost is believed when its last fact is there, by its hash. Numbers of
    transactions prove nothing: a server that has crashed, or a standby that took over, gives those
    it never wrote down to somebody else's work.
"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from time import monotonic
from typing import Any, Final, NamedTuple

import psycopg

COMMIT_SECONDS: Final = 10.0
"""Seconds a commit is waited for; far more than a disk needs, less than callers' patience."""

LOOK_SECONDS: Final = 0.5
"""Between two looks at commits under way."""

_STATUS: Final = "SELECT pg_xact_status(%s::xid8)"
_HASH: Final = "SELECT hash FROM facts WHERE position = %s"


class Became(Enum):
    """What became of a commit that was not answered."""

    WRITTEN = "written"
    LOST = "lost"
    """Nothing of it was written."""
    UNKNOWN = "unknown"
    """Still under way, or nobody can tell."""


class LastFact(NamedTuple):
    """The last fact of a batch: where it is, the whole batch is."""

    position: int
    hash: bytes


class Patience:
    """Cuts the lines of commits that take too long; one thread for all of a journal.

    Parameters
    ----------
    seconds
        How long a commit may take.
    """

    def __init__(self, seconds: float = COMMIT_SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._under_way: dict[int, tuple[float, Any]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal-patience", daemon=True)
        self._thread.start()

    @contextmanager
    def waiting(self, driver_connection: Any) -> Iterator[None]:
        """Wait for a commit, but not for ever: then its line is cut and it fails as if lost."""
        mine = threading.get_ident()
        with self._lock:
            self._under_way[mine] = (monotonic() + self._seconds, driver_connection)
        try:
            yield
        finally:
            with self._lock:
                del self._under_way[mine]

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            now = monotonic()
            # Under the lock: nobody can give the descriptor to something else meanwhile.
            with self._lock:
                for until, connection in self._under_way.values():
                    if now >= until:
                        cut(connection)


def ask_what_became(
    connection: "psycopg.Connection[tuple[object, ...]]", xid: str, last: LastFact | None
) -> Became:
    """Ask the server about a transaction whose commit was not answered."""
    try:
        row = connection.execute(_STATUS, (xid,)).fetchone()
    except psycopg.errors.InvalidParameterValue:
        # This server has never given out that number, so it has nothing of it.
        return Became.LOST
    status = None if row is None else row[0]
    if status == "aborted":
        return Became.LOST
    if status != "committed" or last is None:
        return Became.UNKNOWN
    found = connection.execute(_HASH, (last.position,)).fetchone()
    is_ours = found is not None and found[0] == last.hash
    return Became.WRITTEN if is_ours else Became.LOST


def wait_for_standbys(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Return when synchronous standbys, where there are any, have everything written so far.

    A server that crashed while it waited for them shows what they may not have.
    """
    connection.execute("SET synchronous_commit = on")
    # A commit of nothing but a number is waited for like any other.
    connection.execute("SELECT pg_current_xact_id()")


def cut(driver_connection: Any) -> None:
    """End a connection from another thread, at once: whoever waits for its answer gets an error."""
    with suppress(OSError, psycopg.Error):
        line = socket.socket(fileno=driver_connection.pgconn.socket)
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            # The descriptor stays the driver's.
            line.detach()
