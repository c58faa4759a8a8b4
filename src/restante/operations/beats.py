"""That lockers are alive, written for many at once.

R1. Only the newest beat of a locker counts; an older one that was never written is no loss.
R2. What a locker says when it is here again is newer than every beat before it.
R3. A beat that could not be written stays, unless a newer one has come.
"""

import threading
from collections.abc import Sequence
from typing import Final, NamedTuple

from ..core.ids import LockerId
from ..core.value import UtcSeconds
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..link.message import Heartbeat
from ..views.alarms import readings_row
from ..views.alone_tables import LOCKER_CLOCKS
from ..views.remote_tables import CHALLENGES
from ..views.tables import LOCKER_LINKS

BEATS_MAX: Final = 500
"""Beats in one operation (chosen): others wait no longer for it than for a batch of deposits."""


class NotedBeat(NamedTuple):
    """A beat and when it came."""

    beat: Heartbeat
    at: UtcSeconds


class Beats:
    """The newest beats that are not written yet; safe to share between threads.

    Until :meth:`gather` each is written when it comes.
    """

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._newest: dict[LockerId, NotedBeat] = {}
        self._lock = threading.Lock()
        self._is_gathered = False

    def gather(self) -> None:
        """Keep what comes until the next :meth:`write`, which somebody must now call."""
        self._is_gathered = True

    def note(self, beat: Heartbeat, at: UtcSeconds) -> None:
        """Take a beat in."""
        noted = NotedBeat(beat, at)
        if not self._is_gathered:
            self._committer.run(note_heartbeats([noted]))
            return
        with self._lock:
            self._newest[beat.locker] = noted

    def forget(self, locker: LockerId) -> None:
        """Drop what is not written: the locker has said something newer (R2)."""
        with self._lock:
            self._newest.pop(locker, None)

    def write(self) -> int:
        """Write what has come since the last call, and count it."""
        with self._lock:
            newest, self._newest = self._newest, {}
        waiting = list(newest.values())
        written = 0
        try:
            while written < len(waiting):
                some = waiting[written : written + BEATS_MAX]
                self._committer.run(note_heartbeats(some))
                written += len(some)
        finally:
            with self._lock:
                for noted in waiting[written:]:
                    self._newest.setdefault(noted.beat.locker, noted)
        return written


def note_heartbeats(noted: Sequence[NotedBeat]) -> Operation[None]:
    """Keep that lockers are alive."""

    def run(ledger: Ledger) -> None:
        for one in noted:
            _put(ledger, one)

    read = (LOCKER_LINKS.name, LOCKER_CLOCKS.name)
    return Operation((), run, [(table, (one.beat.locker,)) for one in noted for table in read])


def _put(ledger: Ledger, noted: NotedBeat) -> None:
    beat = noted.beat
    before = ledger.row(LOCKER_LINKS.name, (beat.locker,))
    row: dict[str, Scalar] = {
        "release": "" if before is None else before["release"],
        "epoch": "" if before is None else before["epoch"],
        "list_version": beat.list_version,
        "unsent_count": beat.unsent_count,
        "unsent_since": beat.unsent_since,
        "seen_at": noted.at,
    }
    ledger.put(RowChange(LOCKER_LINKS.name, (beat.locker,), row))
    ledger.put(RowChange(CHALLENGES.name, (beat.locker,), {"challenge": beat.challenge}))
    clock: dict[str, Scalar] = {"clock": beat.clock}
    # Nearly always as it was: reading it costs less than writing it.
    if ledger.row(LOCKER_CLOCKS.name, (beat.locker,)) != clock:
        ledger.put(RowChange(LOCKER_CLOCKS.name, (beat.locker,), clock))
    if beat.readings:
        ledger.put(readings_row(beat.locker, beat.readings, noted.at))
