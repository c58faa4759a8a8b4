"""What one operation sees of the journal, and what it adds.

An :class:`Overlay` holds what the operations of one transaction have added so far; a
:class:`Ledger` holds what one operation adds on top. An operation that raises leaves no trace:
its ledger is dropped before it is folded into the overlay.

Pure except for reading: nothing here writes.
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from ..core.decider import Decider
from ..core.ids import ActorId, StreamName, split_stream
from ..core.value import Command, Fact, UtcSeconds
from .chain import FIRST_HASH
from .inline import RowKey, derived_tables, kept_tables
from .port import (
    Batch,
    Entry,
    Journal,
    Kinds,
    Origin,
    Recorded,
    RowChange,
    Scalar,
    Seen,
    StateRow,
    StreamKind,
    Unit,
    UnknownFact,
    Work,
)

Result = TypeVar("Result")
Asked = TypeVar("Asked", bound=Command)
Happened = TypeVar("Happened", bound=Fact)

ROWS_MAX = 200_000
"""Rows kept in memory between transactions. Chosen: some 100 MB, as many as a large network has
lockers and sites."""

LONG = 256
"""Bytes from which equal values of rows are kept once: lockers of one model have one layout."""

LONG_MAX = 1_000
"""Different long values; rows with another are not kept."""

STATES_MAX = 50_000
"""States kept in memory between transactions. Chosen: about 100 MB of parcels."""


class Operation(NamedTuple, Generic[Result]):
    """What somebody wants done: one or a few streams, all or nothing."""

    streams: Sequence[StreamName]
    """Streams it will read, so that many operations are fetched in one query."""
    run: "Callable[[Ledger], Result]"
    """Decides and records; must be repeatable, for it runs again after a conflict."""
    rows: Sequence[RowKey] = ()
    """Inline rows it will read, for the same reason."""


class RowNotYetWritten(Exception):
    """A row is about to change in this transaction; the operation must wait for the next one."""


class _Head(NamedTuple):
    version: int
    state: Any
    hash: bytes | None
    """Of the last fact; ``None`` where facts of this transaction come after it."""


class _Addition:
    """What has been added to a stream: a unit in the making."""

    __slots__ = ("entries", "evolve", "expected_version", "head_hash", "state")

    def __init__(self, head: _Head, evolve: Callable[[Any, Any], Any]) -> None:
        self.evolve = evolve
        self.expected_version = head.version
        self.entries: list[Entry] = []
        self.state = head.state
        self.head_hash = head.hash

    @property
    def version(self) -> int:
        """After the entries."""
        return self.expected_version + len(self.entries)


class Touched(NamedTuple):
    """What an operation has read or written."""

    streams: frozenset[StreamName]
    rows: frozenset[RowKey]

    def meets(self, other: "Touched") -> bool:
        """Whether the two have anything in common."""
        return not (self.streams.isdisjoint(other.streams) and self.rows.isdisjoint(other.rows))

    def joined(self, other: "Touched") -> "Touched":
        """Both together."""
        return Touched(self.streams | other.streams, self.rows | other.rows)


class StateCache:
    """Recent states, dropped as soon as somebody else may have written.

    States on their way to the disk are kept, too: all that is decided on them is written after
    them or not at all. When they were not written, everything is dropped.

    Parameters
    ----------
    states_max
        How many are kept; the least recently used goes first.
    """

    def __init__(self, states_max: int = STATES_MAX) -> None:
        self._states_max = states_max
        self._heads: OrderedDict[StreamName, _Head] = OrderedDict()
        self._rows: OrderedDict[RowKey, Mapping[str, Scalar] | None] = OrderedDict()
        self._long: dict[Scalar, Scalar] = {}

    def has_row(self, row_key: RowKey) -> bool:
        """Whether a row, or that there is none, is known."""
        return row_key in self._rows

    def row(self, row_key: RowKey) -> Mapping[str, Scalar] | None:
        """Give a known row."""
        self._rows.move_to_end(row_key)
        return self._rows[row_key]

    def keep_row(self, row_key: RowKey, values: Mapping[str, Scalar] | None) -> None:
        """Keep a row that is committed, or is on its way and believed to be."""
        self._rows.pop(row_key, None)
        if values is not None:
            values = {name: self._once(value) for name, value in values.items()}
            if len(self._long) > LONG_MAX:
                self._long.clear()
                return
        self._rows[row_key] = values

    def find(self, stream: StreamName) -> _Head | None:
        """Find a state."""
        head = self._heads.get(stream)
        if head is not None:
            self._heads.move_to_end(stream)
        return head

    def peek(self, stream: StreamName) -> _Head | None:
        """Find a state without using it."""
        return self._heads.get(stream)

    def keep(self, stream: StreamName, head: _Head) -> None:
        """Keep a state that is committed, or is on its way and believed to be."""
        self._heads[stream] = head
        self._heads.move_to_end(stream)

    def chain(self, recorded: Sequence[Recorded]) -> None:
        """Learn the hashes of facts that are now committed."""
        last = {one.stream: one for one in recorded}
        for stream, one in last.items():
            head = self._heads.get(stream)
            if head is not None and head.version == one.version:
                self._heads[stream] = _Head(head.version, head.state, one.hash)

    def trim(self) -> None:
        """Forget what was not used for long; not while something is on its way."""
        while len(self._heads) > self._states_max:
            self._heads.popitem(last=False)
        while len(self._rows) > ROWS_MAX:
            self._rows.popitem(last=False)

    def clear(self) -> None:
        """Forget all."""
        self._heads.clear()
        self._rows.clear()
        self._long.clear()

    def _once(self, value: Scalar) -> Scalar:
        if isinstance(value, str | bytes) and len(value) >= LONG:
            return self._long.setdefault(value, value)
        return value


class Overlay:
    """What the operations of one transaction have added so far.

    Parameters
    ----------
    journal
        Read from, never written.
    kinds
        How streams are read.
    cache
        States known to be committed, and those on their way.
    before
        What is on its way.
    """

    def __init__(
        self, journal: Journal, kinds: Kinds, cache: StateCache, before: "Overlay | None" = None
    ) -> None:
        self.journal = journal
        self.before = before
        self._kinds = kinds
        self._cache = cache
        self._derived = derived_tables(journal.derive)
        self._kept = kept_tables(journal.derive)
        self._heads: dict[StreamName, _Head] = {}
        self._additions: dict[StreamName, _Addition] = {}
        self._rows: dict[RowKey, Mapping[str, Scalar] | None] = {}
        self._fetched: dict[RowKey, Mapping[str, Scalar] | None] = {}
        self._work: list[Work] = []
        self._implied: set[RowKey] = set()
        self._unimplied: list[tuple[StreamName, Sequence[Entry], Any, int]] = []
        self._seen_streams: dict[StreamName, int] = {}
        self._seen_rows: dict[RowKey, Mapping[str, Scalar] | None] = {}

    def fetch(self, streams: Sequence[StreamName], rows: Sequence[RowKey]) -> None:
        """Read states and rows that will be needed, in one look-up for all."""
        missing: list[StreamName] = []
        for stream in dict.fromkeys(streams):
            if stream in self._heads:
                continue
            cached = self._cache.find(stream)
            if cached is None:
                missing.append(stream)
            else:
                self._heads[stream] = cached
        wanted: list[RowKey] = []
        for row_key in dict.fromkeys(rows):
            if row_key in self._fetched:
                continue
            if row_key[0] in self._kept and self._cache.has_row(row_key):
                self._fetched[row_key] = self._cache.row(row_key)
            else:
                wanted.append(row_key)
        if not missing and not wanted:
            return
        found = self.journal.look_up(missing, wanted)
        for stream in missing:
            head = self._head_of(stream, found.states.get(stream))
            self._heads[stream] = head
            self._cache.keep(stream, head)
        for row_key in wanted:
            self._fetched[row_key] = row = found.rows.get(row_key)
            if row_key[0] in self._kept:
                self._cache.keep_row(row_key, row)

    def kind_of(self, stream: StreamName) -> StreamKind:
        """Find how a stream is read.

        Raises
        ------
        ValueError
            When this process was not told about its kind.
        """
        kind, _ = split_stream(stream)
        found = self._kinds.get(kind)
        if found is None:
            raise ValueError(f"{stream!r} is of no known kind; kinds are {sorted(self._kinds)}")
        return found

    def head(self, stream: StreamName) -> _Head:
        """Find a stream's state as the operations before have left it."""
        if stream not in self._heads:
            self.fetch((stream,), ())
        return self._heads[stream]

    def row(self, row_key: RowKey) -> Mapping[str, Scalar] | None:
        """Find a row as the operations before have left it.

        Raises
        ------
        RowNotYetWritten
            When facts of this transaction, or of the one on its way, change it: their rows exist
            only after the commit.
        """
        if row_key in self._rows:
            return self._rows[row_key]
        may_follow = self._may_follow(row_key[0])
        if may_follow and row_key in self._implied_rows():
            raise RowNotYetWritten
        before = self.before
        while before is not None:
            if row_key in before._rows:
                self._fetched[row_key] = before._rows[row_key]
                break
            if may_follow and row_key in before._implied_rows():
                raise RowNotYetWritten
            before = before.before
        if row_key not in self._fetched:
            self.fetch((), (row_key,))
        return self._fetched[row_key]

    def note(self, touched: "Touched") -> None:
        """Keep what one operation has read, as it was: its answer rests on that."""
        for stream in touched.streams:
            if stream not in self._additions and stream in self._heads:
                self._seen_streams.setdefault(stream, self._heads[stream].version)
        for row_key in touched.rows:
            if row_key in self._fetched and row_key not in self._rows:
                self._seen_rows.setdefault(row_key, self._fetched[row_key])

    def accept(
        self,
        additions: Mapping[StreamName, _Addition],
        rows: Mapping[RowKey, Mapping[str, Scalar] | None],
        work: Sequence[Work],
        touched: "Touched",
    ) -> None:
        """Fold in what one operation has added, and what it has read."""
        self.note(touched)
        for stream, addition in additions.items():
            version = addition.version
            self._heads[stream] = _Head(version, addition.state, None)
            self._unimplied.append(
                (stream, tuple(addition.entries), addition.state, addition.expected_version)
            )
            earlier = self._additions.setdefault(stream, addition)
            if earlier is not addition:
                earlier.entries.extend(addition.entries)
                earlier.state = addition.state
        for row_key, values in rows.items():
            self._rows.pop(row_key, None)
            self._rows[row_key] = values
        self._work.extend(work)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was added so far."""
        return not (self._additions or self._rows or self._work)

    def batch(self, mark: tuple[int, int]) -> Batch:
        """Hand over everything as one transaction.

        Parameters
        ----------
        mark
            The journal's, from before this overlay was made.
        """
        units = [
            Unit(
                stream,
                addition.expected_version,
                addition.entries,
                addition.state,
                addition.head_hash or self._hash_before(stream, addition.expected_version),
            )
            for stream, addition in self._additions.items()
        ]
        rows = [RowChange(table, key, values) for (table, key), values in self._rows.items()]
        return Batch(units, rows, self._work, Seen(mark, self._seen_streams, self._seen_rows))

    def expect(self) -> None:
        """Keep the states in the belief that they will be written."""
        self._cache.trim()
        for stream in self._additions:
            self._cache.keep(stream, self._heads[stream])
        for row_key, values in self._rows.items():
            if row_key[0] in self._kept:
                self._cache.keep_row(row_key, values)

    def _hash_before(self, stream: StreamName, version: int) -> bytes | None:
        # What was on its way has arrived meanwhile, and the cache has learned its hash.
        known = self._cache.peek(stream)
        return known.hash if known is not None and known.version == version else None

    def _head_of(self, stream: StreamName, found: StateRow | None) -> _Head:
        if found is None:
            return _Head(0, self.kind_of(stream).initial, FIRST_HASH)
        return _Head(found.version, found.state, found.head_hash)

    def _may_follow(self, table: str) -> bool:
        return self._derived is None or table in self._derived

    # Rows are derived here only to learn which keys will change; the values come from the
    # journal, which knows the positions. Most operations read no rows, and pay nothing.
    def _implied_rows(self) -> set[RowKey]:
        for stream, entries, state, version in self._unimplied:
            recorded = [
                _provisional(stream, entry, version + place)
                for place, entry in enumerate(entries, start=1)
            ]
            derived = self.journal.derive(recorded, state)
            self._implied.update((change.table, change.key) for change in derived.rows)
        self._unimplied.clear()
        return self._implied


class Ledger:
    """One operation's view of the journal, and its page to write on."""

    def __init__(self, overlay: Overlay, now: UtcSeconds) -> None:
        self._overlay = overlay
        self._now = now
        self._additions: dict[StreamName, _Addition] = {}
        self._rows: dict[RowKey, Mapping[str, Scalar] | None] = {}
        self._work: list[Work] = []
        self._read_streams: set[StreamName] = set()
        self._read_rows: set[RowKey] = set()

    @property
    def now(self) -> UtcSeconds:
        """When the operation came in at the door."""
        return self._now

    def state(self, stream: StreamName) -> Any:
        """Read a stream's state, with what this operation has recorded; initial when new."""
        addition = self._additions.get(stream)
        return self._head(stream).state if addition is None else addition.state

    def version(self, stream: StreamName) -> int:
        """Count a stream's facts, with those this operation has recorded; 0 when new."""
        addition = self._additions.get(stream)
        if addition is None:
            return self._head(stream).version
        return addition.version

    def record(
        self,
        stream: StreamName,
        *facts: Fact,
        by: ActorId,
        cause: str = "",
        origin: Origin | None = None,
    ) -> Any:
        """Add facts to a stream and return its state after them."""
        entries = [Entry(fact=fact, by=by, cause=cause, origin=origin) for fact in facts]
        return self.append(stream, entries)

    def append(self, stream: StreamName, entries: Sequence[Entry]) -> Any:
        """Add entries to a stream and return its state after them.

        Unknown facts are kept and skipped by the fold.
        """
        if not entries:
            return self.state(stream)
        addition = self._additions.get(stream)
        if addition is None:
            addition = _Addition(self._head(stream), self._overlay.kind_of(stream).evolve)
        evolve, state = addition.evolve, addition.state
        for entry in entries:
            if not isinstance(entry.fact, UnknownFact):
                state = evolve(state, entry.fact)
        # Kept only now: a fold that raises leaves nothing behind.
        addition.entries.extend(entries)
        addition.state = state
        self._additions[stream] = addition
        return state

    def decide(
        self,
        stream: StreamName,
        decider: Decider[Any, Asked, Happened],
        command: Asked,
        *,
        by: ActorId,
        cause: str = "",
    ) -> tuple[Happened, ...]:
        """Ask a decider about a stream, record what follows, and return it.

        Raises
        ------
        restante.core.refusal.Refused
            When the rules say no.
        """
        facts = decider.decide(self.state(stream), command)
        self.record(stream, *facts, by=by, cause=cause)
        return facts

    def row(self, table: str, key: tuple[Scalar, ...]) -> Mapping[str, Scalar] | None:
        """Read a row of an inline view: its columns beside the key, ``None`` when absent.

        What facts recorded by this very operation will change is not seen yet.
        """
        if (table, key) in self._rows:
            return self._rows[table, key]
        self._read_rows.add((table, key))
        return self._overlay.row((table, key))

    def put(self, change: RowChange) -> None:
        """Write a row that no fact implies."""
        self._rows.pop((change.table, change.key), None)
        self._rows[change.table, change.key] = change.values

    def enqueue(self, work: Work) -> None:
        """Ask for work to be performed after the commit."""
        self._work.append(work)

    def accept(self) -> Touched:
        """Fold everything into the overlay; called by the committer when nothing was raised."""
        touched = self.touched()
        self._overlay.accept(self._additions, self._rows, self._work, touched)
        return touched

    def touched(self) -> Touched:
        """Tell what was read or written so far."""
        return Touched(frozenset(self._read_streams), frozenset(self._read_rows | set(self._rows)))

    def _head(self, stream: StreamName) -> _Head:
        self._read_streams.add(stream)
        return self._overlay.head(stream)


def _provisional(stream: StreamName, entry: Entry, version: int) -> Recorded:
    return Recorded(
        position=0,
        stream=stream,
        version=version,
        fact=entry.fact,
        by=entry.by,
        cause=entry.cause,
        origin=entry.origin,
        recorded_at=UtcSeconds(0),
        hash=b"",
    )
