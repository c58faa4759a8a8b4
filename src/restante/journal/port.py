"""What every journal can do, and the words it is done in.

A journal is append-only: streams of facts, guarded by version. Beside the facts it keeps, in the
same transaction, what must never disagree with them: the current state of each stream, inline
views (rows an answer or a constraint needs) and outbox rows (work to be performed later).
It knows no parcel and no locker: only :class:`~restante.core.value.Fact`, bytes and rows.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from ..core.ids import ActorId, StreamName
from ..core.value import Fact, UtcSeconds, Value

CLAIM_SECONDS = 60
"""Seconds a worker has for claimed work before another may claim it. Chosen: longer than any
timeout of a performer."""

ATTEMPTS_MAX = 12
"""Tries before work is given up and shown to people. Chosen: with doubling pauses from 30 s,
capped at 6 h, about two days."""

Scalar: TypeAlias = str | int | float | bytes | None
"""What a column of an inline view can hold."""


class UnknownFact(Fact, tag="unknown"):
    """A fact whose tag this release does not know: kept as it came, skipped by every fold."""

    tag_name: str
    body: bytes


class Origin(Value):
    """Where a mirrored fact was first written."""

    epoch: str
    """Names one life of the locker's journal; a lost disk begins a new one."""
    seq: int
    """Place in that life, from 1, without gaps."""


class Entry(Value):
    """A fact on its way into a stream, with what the envelope needs."""

    fact: Fact
    by: ActorId
    cause: str = ""
    """Id of the request or opening that led to it."""
    origin: Origin | None = None
    body: bytes | None = None
    """JSON exactly as its first writer sent it, for mirrored facts; ``None`` encodes the fact."""


class Recorded(Value):
    """A fact in the journal. Position orders; time explains."""

    position: int
    """Place in the whole journal, from 1, ascending, gaps allowed."""
    stream: StreamName
    version: int
    """Place in its stream, from 1, without gaps."""
    fact: Fact
    by: ActorId
    cause: str
    origin: Origin | None
    recorded_at: UtcSeconds
    hash: bytes
    """SHA-256 over the hash before it in its stream and this row's own content."""


class Stored(NamedTuple):
    """A fact as it lies on the disk, undecoded: what verification and export read."""

    position: int
    stream: StreamName
    version: int
    tag: str
    body: bytes
    by: ActorId
    cause: str
    origin: Origin | None
    recorded_at: UtcSeconds
    hash: bytes


class StateRow(NamedTuple):
    """The fold of a stream up to a version."""

    version: int
    state: Value
    head_hash: bytes


class Found(NamedTuple):
    """What a look-up by keys has found; what is absent is absent."""

    states: Mapping[StreamName, StateRow]
    rows: Mapping[tuple[str, tuple[Scalar, ...]], Mapping[str, Scalar]]
    """Of inline views, by table and primary key: the columns beside the key."""


class Checkpoint(NamedTuple):
    """A stream as it stood where the newest archive of its facts ends."""

    version: int
    state: Any
    head_hash: bytes
    floor: int
    """Last position of that archive."""


class RowChange(NamedTuple):
    """Put a row into an inline view, or take it out."""

    table: str
    key: tuple[Scalar, ...]
    """Values of the table's primary key columns, in order; the first is the stream's owner."""
    values: Mapping[str, Scalar] | None
    """All other columns; ``None`` deletes the row, absent or not."""


class Work(NamedTuple):
    """Something to be performed later, at least once, with a stable key."""

    key: str
    """The same work has the same key for ever; a second row with it is not written."""
    kind: str
    """Who performs it: ``notice``, ``webhook``, ..."""
    body: bytes
    """JSON of a struct the performer knows; never a code or a contact."""
    due_at: UtcSeconds


class Derived(NamedTuple):
    """What follows from a unit and is written with it."""

    rows: Sequence[RowChange] = ()
    work: Sequence[Work] = ()


class Unit(NamedTuple):
    """What one transaction adds to one stream; it may hold facts of several operations."""

    stream: StreamName
    expected_version: int
    """The stream's version the decision was made on; 0 for a new stream."""
    entries: Sequence[Entry]
    """At least one."""
    state: Value
    """The fold after the entries."""
    head_hash: bytes | None = None
    """Of the stream's last fact, where it is known; believed while nobody else has written."""


class Seen(NamedTuple):
    """What decisions have rested on, beside the streams they add to."""

    mark: tuple[int, int]
    """:meth:`Journal.write_mark` before the first of it was read."""
    streams: Mapping[StreamName, int]
    """Versions."""
    rows: Mapping[tuple[str, tuple[Scalar, ...]], Mapping[str, Scalar] | None]
    """By table and primary key; ``None`` for a row that was absent."""


class Ready(NamedTuple):
    """A batch made ready before its turn: good when nobody else writes before it."""

    after: int
    """The position before its first fact."""
    recorded: tuple[Recorded, ...]
    removals: Sequence[Any]
    """What takes rows out, as its journal says that."""
    statements: Sequence[Any]
    """What writes rows, none of those that are taken out."""
    work: Sequence[Any]
    """What puts work into the outbox."""


class Follow(NamedTuple):
    """How closely a batch follows the one before it, where its journal can do that."""

    sent: Callable[[], None]
    """To be called when the next batch may come: nothing of this one is written after it."""
    check: Callable[[], None]
    """To be called before the commit: waits for the batch before, and raises when that failed."""


class Batch(NamedTuple):
    """What is written together or not at all."""

    units: Sequence[Unit]
    """At most one for a stream."""
    rows: Sequence[RowChange] = ()
    """Rows that no fact implies: secrets, verifiers, remembered answers."""
    work: Sequence[Work] = ()
    seen: Seen | None = None
    """Checked before anything is written; a difference is a conflict."""
    skip: int = 0
    """Positions left out before the first fact, in a journal that was put back from a copy: those
    that followed the copy were told to others and must not name other facts."""
    ready: Ready | None = None
    """Only ever made by :meth:`Journal.prepare`."""
    follow: Follow | None = None
    """For who writes several batches at once."""


class DueWork(NamedTuple):
    """Work somebody has claimed for a while, or gave up on."""

    key: str
    kind: str
    body: bytes
    due_at: UtcSeconds
    attempts: int
    """How often it was tried and failed before."""
    last_error: str


class Seal(NamedTuple):
    """Daily heads, signed: nothing up to a position can change unseen."""

    day: str
    """``2026-11-20``; days in UTC."""
    after_position: int
    """Where the seal before it ended; 0 for the first."""
    to_position: int
    digest: bytes
    """SHA-256 over the digest before it and the heads of the streams that changed."""
    signature: bytes


class StreamKind(Protocol):
    """How the streams of one kind are read; :mod:`restante.core.streams` has one for each."""

    @property
    def initial(self) -> Any:
        """The state before the first fact."""
        ...

    @property
    def evolve(self) -> Callable[[Any, Any], Any]:
        """State and fact to the state after it; total."""
        ...

    @property
    def state_type(self) -> Any:
        """What a state is decoded as: a struct, or a union of tagged structs."""
        ...

    @property
    def fact_types(self) -> tuple[type[Fact], ...]:
        """Every fact such a stream may hold."""
        ...


Kinds: TypeAlias = Mapping[str, StreamKind]
"""From the part of a stream's name before the slash to how it is read."""

Derive: TypeAlias = Callable[[Sequence[Recorded], Value], Derived]
"""Pure: the facts one unit added, and the stream's state after them -> rows and work."""


class Conflict(Exception):
    """Somebody else wrote first; nothing of the batch was written.

    Parameters
    ----------
    stream
        One that is not at its expected version; ``None`` when only rows have changed.
    streams
        All such streams.
    rows
        Rows that are not as they were seen, by table and primary key.
    """

    def __init__(
        self,
        stream: StreamName | None,
        *,
        expected: int = 0,
        found: int = 0,
        streams: Sequence[StreamName] = (),
        rows: Sequence[tuple[str, tuple[Scalar, ...]]] = (),
    ) -> None:
        if stream is None:
            tables = ", ".join(sorted({table for table, _ in rows}))
            super().__init__(f"rows of {tables} were changed by somebody else")
        else:
            super().__init__(f"{stream} is at version {found}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.found = found
        self.streams = frozenset(streams or ([] if stream is None else [stream]))
        self.rows = frozenset(rows)


class Damaged(Exception):
    """The journal's own record is broken; an operator must look before anything is written.

    Parameters
    ----------
    message
        Names the file or position, and what to do.
    position
        Of the fact that is broken, where that can be told.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class Archived(Exception):
    """Facts that were asked for lie in an archive; the journal begins after its floor.

    Parameters
    ----------
    floor
        Everything up to this position was moved into files.
    """

    def __init__(self, floor: int, message: str = "") -> None:
        super().__init__(
            message
            or f"facts up to position {floor} were moved into archives; read those, or go on "
            f"after position {floor}"
        )
        self.floor = floor


class Full(Exception):
    """There is no room left to write; nothing of the batch was written, nothing is lost."""


class Busy(Exception):
    """The journal was held by another process or could not be reached; nothing was written."""


class Unsure(Busy):
    """The storage went away at the very commit: the batch is written whole, or not at all.

    Whoever asks again under the same key is answered rightly in either case.
    """


class RowRejected(Exception):
    """A row breaks its view's columns or constraints; nothing of the batch was written."""


class Journal(Protocol):
    """An append-only record that passes ``tests/journal/test_contract.py``."""

    @property
    def derive(self) -> Derive:
        """What follows from a unit; pure, so a committer may ask it beforehand."""
        ...

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch durably, all or nothing, and return its facts as recorded.

        Raises
        ------
        Conflict
            When a unit's stream is not at its expected version, or what was seen has changed.
        RowRejected
            When a row does not fit its view.
        Full
            When the disk is full.
        Busy
            When another process did not let go of the file in time.
        Damaged
            When the file is broken.
        """
        ...

    def prepare(self, batch: Batch, *, after: int, recorded_at: UtcSeconds) -> Batch:
        """Do before a batch's turn what can be done before it, in the belief that nobody writes.

        It must be appended with the same ``recorded_at``. Whether the belief was right is found
        out in the turn, and what was done is done again when it was not.

        Parameters
        ----------
        after
            The position the batch before it ends with.

        Raises
        ------
        RowRejected
            When a row does not fit its view.
        """
        ...

    def read(
        self, stream: StreamName, *, after_version: int = 0, limit: int | None = None
    ) -> tuple[Recorded, ...]:
        """Read a stream's facts in order, from ``after_version`` (exclusive)."""
        ...

    def look_up(
        self, streams: Sequence[StreamName], rows: Sequence[tuple[str, tuple[Scalar, ...]]]
    ) -> Found:
        """Read current states, and rows of inline views by table and primary key, at once."""
        ...

    def states(self, streams: Sequence[StreamName]) -> dict[StreamName, StateRow]:
        """Read current states; a stream nobody wrote is absent."""
        ...

    def rows(
        self, table: str, keys: Sequence[tuple[Scalar, ...]]
    ) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
        """Read rows of an inline view by primary key; absent ones are absent."""
        ...

    def follow(self, position: int, *, limit: int) -> tuple[Recorded, ...]:
        """Read facts after a position, in position order, never skipping one that commits later.

        Raises
        ------
        Archived
            When the next ones were moved into an archive.
        """
        ...

    def floor(self) -> int:
        """The last position that was moved into archives; 0 when none was."""
        ...

    def head(self) -> int:
        """The last position that :meth:`follow` may return; 0 when empty."""
        ...

    def write_mark(self) -> tuple[int, int]:
        """Tell whether what was read before still holds.

        Returns
        -------
        tuple
            A number that changes when another process has written, and the count of batches
            written through this object.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class Outbox(Protocol):
    """The journal's work to be performed; claims are safe for several workers."""

    def due_work(
        self, now: UtcSeconds, limit: int, *, kinds: Sequence[str] = ()
    ) -> tuple[DueWork, ...]:
        """Claim due work, oldest first, for :data:`CLAIM_SECONDS`; ``kinds`` empty means all."""
        ...

    def finish_work(self, *keys: str, at: UtcSeconds) -> None:
        """Mark work as done; it stays as a tombstone so that its key is never written again."""
        ...

    def postpone_work(self, key: str, due_at: UtcSeconds, error: str) -> None:
        """Count a failed try and try again at ``due_at``, or give up after the last one."""
        ...

    def dead_work(self, limit: int) -> tuple[DueWork, ...]:
        """Read work that was given up and needs a person."""
        ...

    def revive_work(self, key: str, due_at: UtcSeconds) -> None:
        """Give up work another round of tries."""
        ...

    def waiting_work(self) -> int:
        """Count work that is neither done nor given up."""
        ...


class Cursors(Protocol):
    """Where followers stand, and what they write while moving on."""

    def cursor(self, name: str) -> int:
        """Read the last position a follower has dealt with; 0 for a new one."""
        ...

    def advance(self, name: str, *, after: int, to: int, derived: Derived) -> bool:
        """Write a follower's rows and work and move its cursor in one transaction.

        Returns
        -------
        bool
            False, with nothing written, when another process moved the cursor from ``after``.
        """
        ...


class ArchivedFacts(Protocol):
    """The facts of a journal that were moved into files."""

    def take(self, stream: StreamName) -> Iterator[Stored]:
        """Read a stream's archived facts; streams are asked for by owner and kind."""
        ...


class Inspected(Protocol):
    """What verification and export need to see: the record as it lies there."""

    def streams(self, *, after: StreamName | None, limit: int) -> tuple[StreamName, ...]:
        """List streams that have a state row, by owner and kind, after one (exclusive)."""
        ...

    def states(self, streams: Sequence[StreamName]) -> dict[StreamName, StateRow]:
        """Read current states; a stream nobody wrote is absent."""
        ...

    def stored(self, stream: StreamName, *, after_version: int, limit: int) -> tuple[Stored, ...]:
        """Read a stream's facts undecoded."""
        ...

    def stored_of(self, streams: Sequence[StreamName]) -> dict[StreamName, tuple[Stored, ...]]:
        """Read all facts of streams undecoded; for short ones, with few questions."""
        ...

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        ...

    def head(self) -> int:
        """The last position."""
        ...

    def floor(self) -> int:
        """The last position that was moved into archives; 0 when none was."""
        ...

    def checkpoints(self, streams: Sequence[StreamName]) -> dict[StreamName, Checkpoint]:
        """Read how streams stood at the end of what was moved into archives; others are absent."""
        ...

    def missing_position(self) -> int | None:
        """Find the first position no fact has, where positions have no gaps by promise."""
        ...

    def orphan(self) -> Stored | None:
        """Find the first fact whose stream has no state row."""
        ...

    def check_storage(self) -> str:
        """Ask the storage itself; empty when sound, otherwise what is wrong."""
        ...

    def seals(self) -> tuple[Seal, ...]:
        """Read all seals by day."""
        ...

    def add_seal(self, seal: Seal) -> bool:
        """Keep a seal; False when its day already has one."""
        ...
