"""A journal in memory: for tests, and for lives that may end with the process.

It passes the same contract as the durable ones, hashes included, except that nothing survives.
"""

import threading
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from sqlalchemy import MetaData, Table

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds
from .chain import FIRST_HASH, Sealed, seal_unit
from .codec import codec_of
from .inline import InlineViews, RowKey, check_distinct, derive_nothing
from .port import (
    ATTEMPTS_MAX,
    CLAIM_SECONDS,
    Batch,
    Checkpoint,
    Conflict,
    Derive,
    Derived,
    DueWork,
    Found,
    Kinds,
    Recorded,
    Scalar,
    Seal,
    StateRow,
    Stored,
    Work,
)


class _Item:
    """One outbox row."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.due_at = work.due_at
        self.attempts = 0
        self.last_error = ""
        self.claimed_until = 0
        self.done_at: UtcSeconds | None = None
        self.is_dead = False

    @property
    def is_waiting(self) -> bool:
        return self.done_at is None and not self.is_dead

    def shown(self) -> DueWork:
        work = self.work
        return DueWork(work.key, work.kind, work.body, self.due_at, self.attempts, self.last_error)


class MemoryJournal:
    """A journal that forgets everything when the process ends; safe to share between threads.

    Parameters
    ----------
    kinds
        How streams are read; gives the facts and states it can hold.
    derive
        What follows from a unit.
    inline
        Tables of the inline views, and of followers' views.
    """

    def __init__(
        self,
        kinds: Kinds,
        *,
        derive: Derive = derive_nothing,
        inline: MetaData | Sequence[Table] = (),
    ) -> None:
        self._derive = derive
        self._codec = codec_of(kinds)
        self._views = InlineViews(inline)
        self._lock = threading.RLock()
        self._stored: list[Stored] = []
        self._recorded: list[Recorded] = []
        self._streams: dict[StreamName, list[int]] = {}
        self._states: dict[StreamName, StateRow] = {}
        self._rows: dict[RowKey, Mapping[str, Scalar]] = {}
        self._outbox: dict[str, _Item] = {}
        self._cursors: dict[str, int] = {}
        self._seals: dict[str, Seal] = {}
        self._batches = 0

    @property
    def derive(self) -> Derive:
        """What follows from a unit."""
        return self._derive

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch, all or nothing."""
        check_distinct(batch.units)
        if batch.skip:
            raise ValueError("a journal in memory is never put back from a copy")
        with self._lock:
            sealed: list[Sealed] = []
            changes = list(batch.rows)
            work = list(batch.work)
            position = len(self._stored) + 1
            self._check_seen(batch)
            for unit in batch.units:
                head = self._states.get(unit.stream)
                one = seal_unit(
                    unit,
                    head_hash=FIRST_HASH if head is None else head.head_hash,
                    position=position,
                    recorded_at=recorded_at,
                    codec=self._codec,
                )
                derived = self._derive(one.recorded, unit.state)
                changes.extend(derived.rows)
                work.extend(derived.work)
                position += len(one.rows)
                sealed.append(one)
            rows = self._views.collapse(changes)
            # Nothing below can fail, so nothing above has left a trace.
            for unit, one in zip(batch.units, sealed, strict=True):
                self._keep(unit.stream, one)
                version = unit.expected_version + len(unit.entries)
                self._states[unit.stream] = StateRow(version, unit.state, one.head_hash)
            self._change(rows)
            self._enqueue(work)
            self._batches += 1
            return tuple(recorded for one in sealed for recorded in one.recorded)

    def prepare(self, batch: Batch, *, after: int, recorded_at: UtcSeconds) -> Batch:  # noqa: ARG002
        """Leave all to the turn, which takes no time here."""
        return batch

    def read(
        self, stream: StreamName, *, after_version: int = 0, limit: int | None = None
    ) -> tuple[Recorded, ...]:
        """Read a stream's facts in order."""
        with self._lock:
            places = self._streams.get(stream, [])[after_version:]
            return tuple(self._recorded[place] for place in places[:limit])

    def look_up(self, streams: Sequence[StreamName], rows: Sequence[RowKey]) -> Found:
        """Read current states and rows."""
        for table, _ in rows:
            self._views.view(table)
        with self._lock:
            kept = {row_key: self._rows[row_key] for row_key in rows if row_key in self._rows}
            return Found(self.states(streams), kept)

    def states(self, streams: Sequence[StreamName]) -> dict[StreamName, StateRow]:
        """Read current states."""
        with self._lock:
            return {name: self._states[name] for name in streams if name in self._states}

    def rows(
        self, table: str, keys: Sequence[tuple[Scalar, ...]]
    ) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
        """Read rows of an inline view by primary key."""
        found = self.look_up((), [(table, key) for key in keys]).rows
        return {key: values for (_, key), values in found.items()}

    def scan(self, table: str) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
        """Read every row of an inline view, by primary key."""
        self._views.view(table)
        with self._lock:
            return {key: row for (name, key), row in self._rows.items() if name == table}

    def follow(self, position: int, *, limit: int) -> tuple[Recorded, ...]:
        """Read facts after a position."""
        with self._lock:
            return tuple(self._recorded[position : position + limit])

    def head(self) -> int:
        """The last position."""
        with self._lock:
            return len(self._stored)

    def write_mark(self) -> tuple[int, int]:
        """Count batches; nobody else can reach this memory."""
        with self._lock:
            return 0, self._batches

    def close(self) -> None:
        """Nothing to let go of."""

    # ---------------------------------------------------------------- outbox

    def due_work(
        self, now: UtcSeconds, limit: int, *, kinds: Sequence[str] = ()
    ) -> tuple[DueWork, ...]:
        """Claim due work, oldest first."""
        with self._lock:
            due = [
                item
                for item in self._outbox.values()
                if item.is_waiting
                and item.due_at <= now
                and item.claimed_until <= now
                and (not kinds or item.work.kind in kinds)
            ]
            due.sort(key=lambda item: (item.due_at, item.work.key))
            for item in due[:limit]:
                item.claimed_until = now + CLAIM_SECONDS
            return tuple(item.shown() for item in due[:limit])

    def finish_work(self, *keys: str, at: UtcSeconds) -> None:
        """Mark work as done."""
        with self._lock:
            for key in keys:
                if key in self._outbox:
                    self._outbox[key].done_at = at

    def postpone_work(self, key: str, due_at: UtcSeconds, error: str) -> None:
        """Count a failed try."""
        with self._lock:
            item = self._outbox.get(key)
            if item is None:
                return
            item.attempts += 1
            item.last_error = error
            item.due_at = due_at
            item.claimed_until = 0
            item.is_dead = item.attempts >= ATTEMPTS_MAX

    def dead_work(self, limit: int) -> tuple[DueWork, ...]:
        """Read work that was given up."""
        with self._lock:
            dead = [item.shown() for item in self._outbox.values() if item.is_dead]
        return tuple(sorted(dead, key=lambda work: (work.due_at, work.key))[:limit])

    def revive_work(self, key: str, due_at: UtcSeconds) -> None:
        """Give up work another round of tries."""
        with self._lock:
            item = self._outbox.get(key)
            if item is None:
                return
            item.is_dead = False
            item.attempts = 0
            item.due_at = due_at
            item.claimed_until = 0

    def waiting_work(self) -> int:
        """Count work that is neither done nor given up."""
        with self._lock:
            return sum(item.is_waiting for item in self._outbox.values())

    # --------------------------------------------------------------- cursors

    def cursor(self, name: str) -> int:
        """Read where a follower stands."""
        with self._lock:
            return self._cursors.get(name, 0)

    def advance(self, name: str, *, after: int, to: int, derived: Derived) -> bool:
        """Write a follower's rows and work and move its cursor."""
        with self._lock:
            if self._cursors.get(name, 0) != after:
                return False
            rows = self._views.collapse(derived.rows)
            self._change(rows)
            self._enqueue(derived.work)
            self._cursors[name] = to
            return True

    # ------------------------------------------------------------ inspection

    def streams(self, *, after: StreamName | None, limit: int) -> tuple[StreamName, ...]:
        """List streams by owner and kind."""
        with self._lock:
            names = sorted(self._states, key=_owner_first)
        start = 0 if after is None else bisect_right(names, _owner_first(after), key=_owner_first)
        return tuple(names[start : start + limit])

    def stored(self, stream: StreamName, *, after_version: int, limit: int) -> tuple[Stored, ...]:
        """Read a stream's facts undecoded."""
        with self._lock:
            places = self._streams.get(stream, [])[after_version : after_version + limit]
            return tuple(self._stored[place] for place in places)

    def stored_of(self, streams: Sequence[StreamName]) -> dict[StreamName, tuple[Stored, ...]]:
        """Read all facts of streams undecoded."""
        with self._lock:
            places = {stream: self._streams.get(stream, ()) for stream in streams}
            return {name: tuple(self._stored[at] for at in some) for name, some in places.items()}

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        with self._lock:
            return tuple(self._stored[position : position + limit])

    def floor(self) -> int:
        """Nothing is ever moved out of memory."""
        return 0

    def checkpoints(self, _streams: Sequence[StreamName]) -> dict[StreamName, Checkpoint]:
        """Nothing is ever moved out of memory."""
        return {}

    def missing_position(self) -> int | None:
        """Positions are places in a list: none can be missing."""
        return None

    def orphan(self) -> Stored | None:
        """Facts and states are kept together: none can be an orphan."""
        return None

    def check_storage(self) -> str:
        """Memory is taken to be sound."""
        return ""

    def seals(self) -> tuple[Seal, ...]:
        """Read all seals by day."""
        with self._lock:
            return tuple(self._seals[day] for day in sorted(self._seals))

    def add_seal(self, seal: Seal) -> bool:
        """Keep a seal unless its day has one."""
        with self._lock:
            if seal.day in self._seals:
                return False
            self._seals[seal.day] = seal
            return True

    # --------------------------------------------------------------- private

    def _check_seen(self, batch: Batch) -> None:
        expected = {unit.stream: unit.expected_version for unit in batch.units}
        rows: list[RowKey] = []
        if batch.seen is not None:
            expected = {**batch.seen.streams, **expected}
            rows = [key for key, was in batch.seen.rows.items() if self._rows.get(key) != was]
        found = {name: row.version for name, row in self.states(list(expected)).items()}
        lost = [name for name, version in expected.items() if found.get(name, 0) != version]
        if lost:
            name = lost[0]
            raise Conflict(
                name, expected=expected[name], found=found.get(name, 0), streams=lost, rows=rows
            )
        if rows:
            raise Conflict(None, rows=rows)

    def _keep(self, stream: StreamName, sealed: Sealed) -> None:
        places = self._streams.setdefault(stream, [])
        for stored in sealed.stored():
            places.append(len(self._stored))
            self._stored.append(stored)
            # Decoded as a durable journal would, so that nothing works only in memory.
            self._recorded.append(self._codec.recorded(stored))

    def _change(self, rows: Mapping[RowKey, Mapping[str, Scalar] | None]) -> None:
        for row_key, values in rows.items():
            if values is None:
                self._rows.pop(row_key, None)
            else:
                self._rows[row_key] = dict(values)

    def _enqueue(self, work: Sequence[Work]) -> None:
        for one in work:
            self._outbox.setdefault(one.key, _Item(one))


def _owner_first(stream: StreamName) -> tuple[str, str]:
    kind, owner = split_stream(stream)
    return owner, kind
