"""What every journal can do, and the words it is done in.

A journal is append-only: streams of facts, guarded by version. Beside the facts it keeps, in the
same transaction, what must never disagree with them: the current state of each stream, inline
views (rows an answer or a constraint needs) and outbox rows (work to be performed later).
It knows no parcel and no locker: only :class:`~restante.core.value.Fact`, bytes and rows.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from ..core.ids import ActorId, StreamName
from ..core.value import Fact, UtcSeconds, Value

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


class StateRow(NamedTuple):
    """The fold of a stream up to a version."""

    version: int
    state: Value
    head_hash: bytes


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
    """What one operation adds to one stream."""

    stream: StreamName
    expected_version: int
    """The stream's version the decision was made on; 0 for a new stream."""
    entries: Sequence[Entry]
    """At least one."""
    state: Value
    """The fold after the entries."""


class Batch(NamedTuple):
    """What is written together or not at all."""

    units: Sequence[Unit]
    """At most one for a stream."""
    rows: Sequence[RowChange] = ()
    """Rows that no fact implies: secrets, verifiers, remembered answers."""
    work: Sequence[Work] = ()


Derive: TypeAlias = Callable[[Sequence[Recorded], Value], Derived]
"""Pure: the facts one unit added, and the stream's state after them -> rows and work."""


class Conflict(Exception):
    """Somebody else wrote the stream first; nothing of the batch was written."""

    def __init__(self, stream: StreamName, *, expected: int, found: int) -> None:
        super().__init__(f"{stream} is at version {found}, not {expected}")
        self.stream = stream
        self.expected = expected
        self.found = found


class Damaged(Exception):
    """The journal's own record is broken; an operator must look before anything is written.

    The message names the file or position and what to do.
    """


class Full(Exception):
    """There is no room left to write; nothing of the batch was written, nothing is lost."""


class Journal(Protocol):
    """An append-only record that passes ``tests/journal/test_contract.py``."""

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch durably, all or nothing, and return its facts as recorded.

        Raises
        ------
        Conflict
            When a unit's stream is not at its expected version.
        Full
            When the disk is full.
        Damaged
            When the file is broken.
        """
        ...

    def read(
        self, stream: StreamName, *, after_version: int = 0, limit: int | None = None
    ) -> tuple[Recorded, ...]:
        """Read a stream's facts in order, from ``after_version`` (exclusive)."""
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
        """Read facts after a position, in position order, never skipping one that commits later."""
        ...

    def head(self) -> int:
        """The last position that :meth:`follow` may return; 0 when empty."""
        ...
