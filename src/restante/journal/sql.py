"""What a journal in an SQL database does, whichever database it is.

An adapter adds how transactions are opened, how positions are given out and what only its
database knows; everything that is said in SQL is said here once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import msgspec
from sqlalchemy import Connection, Dialect, MetaData, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds
from . import inspection, outbox
from .archive_file import ArchiveReader
from .chain import FIRST_HASH, seal_unit
from .codec import codec_of, state_codec_of
from .inline import InlineViews, RowKey, check_distinct
from .lookup import STATE_ROWS, look_up_rows, look_up_states, prepare_rows, read_heads
from .port import (
    ArchivedFacts,
    Batch,
    Checkpoint,
    Conflict,
    Damaged,
    Derive,
    Derived,
    DueWork,
    Found,
    Kinds,
    Ready,
    Recorded,
    Scalar,
    Seal,
    Seen,
    StateRow,
    Stored,
)
from .refold import SHAPES_KEY, fingerprint_states, refold_step
from .tables import CURSORS, FACTS, META, OUTBOX, STATES
from .witness import Witness

Statement: TypeAlias = tuple[str, Any]
"""SQL of the database, and the rows it carries."""


class SqlJournal(ABC):
    """The part of a durable journal that does not depend on its database.

    Parameters
    ----------
    kinds
        How streams are read; gives the facts and states it can hold.
    derive
        What follows from a unit.
    inline
        Tables of the inline views, and of followers' views in the same database.
    dialect
        Of the database; with parameters by place.
    archive_dir
        Folder of the archives, for when a release needs every fact.
    """

    is_split_by_month: ClassVar[bool] = False
    """Whether facts lie in a table for each month of their recording."""

    def __init__(
        self,
        kinds: Kinds,
        *,
        derive: Derive,
        inline: MetaData | Sequence[Table],
        dialect: Dialect,
        archive_dir: Path | None = None,
    ) -> None:
        self.witness: Witness | None = None
        """Told of every batch that is written, where somebody looks for losses."""
        self._kinds = kinds
        self._archive_dir = archive_dir
        self._derive = derive
        self._codec = codec_of(kinds)
        self._state_codec = state_codec_of(kinds)
        self._views = InlineViews(inline)
        views = [self._views.view(table.name) for table in self._views.tables]
        self._finds = {view.table.name: prepare_rows(view) for view in views}
        # Compiled once and given tuples in the order of the columns: the statements that carry
        # all the weight, a quarter faster than through parameters by name.
        self._puts = {
            view.table.name: _upsert_text(
                dialect, view.table, tuple(view.key_columns), tuple(view.value_columns)
            )
            for view in views
        }
        self._puts[FACTS.name] = str(insert(FACTS).compile(dialect=dialect))
        self._puts[OUTBOX.name] = str(outbox.insert_of(dialect).compile(dialect=dialect))
        self._puts[STATES.name] = _upsert_text(
            dialect, STATES, ("owner", "kind"), ("version", "state", "head_hash")
        )
        self._deletes = {
            view.table.name: _delete_text(dialect, view.table, tuple(view.key_columns))
            for view in views
        }
        self._upsert_cursor = _upsert(dialect, CURSORS, ("name",), ("position",))
        self._upsert_meta = _upsert(dialect, META, ("key",), ("value",))

    # ---------------------------------------------------------------- adapter

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """Open a writing transaction; for rows of the same database that no fact implies."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment; for views, which write their own queries."""

    @abstractmethod
    def write_mark(self) -> tuple[int, int]:
        """Tell whether what was read before still holds."""

    @abstractmethod
    def check_storage(self) -> str:
        """Ask the storage itself; empty when sound, otherwise what is wrong."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections."""

    @abstractmethod
    def _begin_batch(self, connection: Connection) -> int:
        """Make other writers of facts wait, and give the position before the first new fact."""

    @abstractmethod
    def _is_as_seen(self, seen: Seen) -> bool:
        """Whether nobody at all has written since; False where that cannot be told cheaply."""

    @abstractmethod
    def _end_batch(self, connection: Connection, last: Recorded | None) -> None:
        """Let others notice the batch once it commits, and where it ends."""

    @abstractmethod
    def drop_archived(self, floor: int, until: UtcSeconds, limit: int) -> int:
        """Let go of facts that an archive holds, at most ``limit`` where they go one by one."""

    @abstractmethod
    def watch(self, wake: Callable[[int], None]) -> bool:
        """Call with a position whenever another process has written; False if it cannot tell."""

    # ---------------------------------------------------------------- journal

    @property
    def derive(self) -> Derive:
        """What follows from a unit."""
        return self._derive

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch durably, all or nothing."""
        ready, seen = batch.ready, batch.seen
        if ready is None:
            check_distinct(batch.units)
        with self.writing() as connection:
            after = self._begin_batch(connection)
            if self.witness is not None and not batch.skip:
                self.witness.check_begin(after)
            is_good = ready is not None and ready.after == after
            if ready is None or not is_good or seen is None or not self._is_as_seen(seen):
                ready = self._make_ready_in_turn(connection, batch, after, recorded_at)
            with self._together(connection):
                for statement in (*ready.removals, *ready.statements):
                    self._run(connection, statement)
                self._put_work(partial(self._run, connection), ready.work)
                self._end_batch(connection, ready.recorded[-1] if ready.recorded else None)
        if self.witness is not None and ready.recorded:
            self.witness.note(ready.recorded[-1].position, ready.recorded[-1].hash)
        return ready.recorded

    def prepare(self, batch: Batch, *, after: int, recorded_at: UtcSeconds) -> Batch:
        """Seal, derive and pack a batch that is believed to come next."""
        heads = _known_heads(batch)
        if heads is None or batch.skip:
            return batch
        check_distinct(batch.units)
        return batch._replace(ready=self._make_ready(batch, heads, after, recorded_at))

    def read(
        self, stream: StreamName, *, after_version: int = 0, limit: int | None = None
    ) -> tuple[Recorded, ...]:
        """Read a stream's facts in order."""
        with self.reading() as connection:
            found = inspection.read_stream(connection, stream, after_version, limit)
        return tuple(self._codec.recorded(stored) for stored in found)

    def glancing(self) -> AbstractContextManager[Connection]:
        """Open what single queries are read with; each may see another moment."""
        return self.reading()

    def look_up(self, streams: Sequence[StreamName], rows: Sequence[RowKey]) -> Found:
        """Read current states, and rows of inline views by table and primary key, at once."""
        found: dict[StreamName, StateRow] = {}
        with self.glancing() as connection:
            for row in look_up_states(connection, streams, STATE_ROWS):
                kind, owner, version, state, head_hash = row
                stream = StreamName(f"{kind}/{owner}")
                found[stream] = StateRow(version, self._decode(stream, state), head_hash)
            return Found(found, self._rows(connection, rows))

    def states(self, streams: Sequence[StreamName]) -> dict[StreamName, StateRow]:
        """Read current states."""
        return dict(self.look_up(streams, ()).states)

    def rows(
        self, table: str, keys: Sequence[tuple[Scalar, ...]]
    ) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
        """Read rows of an inline view by primary key."""
        found = self.look_up((), [(table, key) for key in keys]).rows
        return {key: values for (_, key), values in found.items()}

    def follow(self, position: int, *, limit: int) -> tuple[Recorded, ...]:
        """Read facts after a position."""
        return tuple(self._codec.recorded(one) for one in self.stored_after(position, limit=limit))

    def head(self) -> int:
        """The last position."""
        with self.reading() as connection:
            return inspection.last_position(connection)

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """Open a writing transaction that other writers of facts wait for."""
        with self.writing() as connection:
            self._begin_batch(connection)
            yield connection
            self._end_batch(connection, None)

    def refold(self) -> int:
        """Fold every stream anew, and count the state rows that were wrong and are now right.

        Done by itself when the shape of a state has changed since the journal was last opened;
        asked for when a release folds facts differently into the same shape.

        Raises
        ------
        Archived
            When facts were moved into archives and nobody said where they are.
        """
        total = 0
        after: StreamName | None = None
        archive: ArchivedFacts | None = None
        floor = self.floor()
        if floor and self._archive_dir is not None:
            archive = ArchiveReader(self._archive_dir, floor)
        while True:
            with self.turn() as connection:
                after, changed = refold_step(connection, self._kinds, after, archive)
            total += changed
            if after is None:
                return total

    # ------------------------------------------------------------------ meta

    def read_meta(self, key: str) -> str | None:
        """Read a fact about the journal itself, such as the epoch of a locker's journal."""
        with self.reading() as connection:
            found: str | None = connection.scalar(select(META.c.value).where(META.c.key == key))
        return found

    def write_meta(self, key: str, value: str) -> None:
        """Keep a fact about the journal itself."""
        with self.writing() as connection:
            connection.execute(self._upsert_meta, {"key": key, "value": value})

    # ---------------------------------------------------------------- outbox

    def due_work(
        self, now: UtcSeconds, limit: int, *, kinds: Sequence[str] = ()
    ) -> tuple[DueWork, ...]:
        """Claim due work, oldest first."""
        with self.reading() as connection:
            if not outbox.is_work_due(connection, now, kinds):
                return ()
        with self.writing() as connection:
            return outbox.claim_work(connection, now, limit, kinds)

    def finish_work(self, *keys: str, at: UtcSeconds) -> None:
        """Mark work as done."""
        with self.writing() as connection:
            outbox.finish_work(connection, keys, at)

    def postpone_work(self, key: str, due_at: UtcSeconds, error: str) -> None:
        """Count a failed try."""
        with self.writing() as connection:
            outbox.postpone_work(connection, key, due_at, error)

    def dead_work(self, limit: int) -> tuple[DueWork, ...]:
        """Read work that was given up."""
        with self.reading() as connection:
            return outbox.read_dead_work(connection, limit)

    def revive_work(self, key: str, due_at: UtcSeconds) -> None:
        """Give up work another round of tries."""
        with self.writing() as connection:
            outbox.revive_work(connection, key, due_at)

    def waiting_work(self) -> int:
        """Count work that is neither done nor given up."""
        with self.reading() as connection:
            return outbox.count_waiting(connection)

    # --------------------------------------------------------------- cursors

    def cursor(self, name: str) -> int:
        """Read where a follower stands."""
        with self.reading() as connection:
            return _read_cursor(connection, name)

    def advance(self, name: str, *, after: int, to: int, derived: Derived) -> bool:
        """Write a follower's rows and work and move its cursor."""
        with self.writing() as connection:
            self._begin_batch(connection)
            if _read_cursor(connection, name) != after:
                return False
            removals, puts = self._change_rows(self._views.collapse(derived.rows))
            for statement in (*removals, *puts):
                self._run(connection, statement)
            outbox.insert_work(connection, derived.work)
            connection.execute(self._upsert_cursor, {"name": name, "position": to})
        return True

    # ------------------------------------------------------------ inspection

    def streams(self, *, after: StreamName | None, limit: int) -> tuple[StreamName, ...]:
        """List streams by owner and kind."""
        with self.glancing() as connection:
            return inspection.list_streams(connection, after, limit)

    def stored(self, stream: StreamName, *, after_version: int, limit: int) -> tuple[Stored, ...]:
        """Read a stream's facts undecoded."""
        with self.glancing() as connection:
            return inspection.read_stream(connection, stream, after_version, limit)

    def stored_of(self, streams: Sequence[StreamName]) -> dict[StreamName, tuple[Stored, ...]]:
        """Read all facts of streams undecoded."""
        with self.glancing() as connection:
            return inspection.read_streams(connection, streams)

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        with self.reading() as connection:
            return inspection.read_after(connection, position, limit)

    def floor(self) -> int:
        """The last position that was moved into archives; 0 when none was."""
        with self.reading() as connection:
            return inspection.read_floor(connection)

    def checkpoints(self, streams: Sequence[StreamName]) -> dict[StreamName, Checkpoint]:
        """Read how streams stood at the end of what was moved into archives."""
        with self.reading() as connection:
            found = inspection.read_checkpoints(connection, streams)
        return {
            stream: Checkpoint(version, self._decode(stream, state), head_hash, floor)
            for stream, (version, state, head_hash, floor) in found.items()
        }

    def missing_position(self) -> int | None:
        """Find the first position no fact has."""
        with self.reading() as connection:
            return inspection.find_missing_position(connection)

    def orphan(self) -> Stored | None:
        """Find the first fact whose stream has no state row."""
        with self.reading() as connection:
            return inspection.find_orphan(connection)

    def seals(self) -> tuple[Seal, ...]:
        """Read all seals by day."""
        with self.reading() as connection:
            return inspection.read_seals(connection)

    def add_seal(self, seal: Seal) -> bool:
        """Keep a seal unless its day has one."""
        with self.writing() as connection:
            self._begin_batch(connection)
            return inspection.insert_seal(connection, seal)

    # --------------------------------------------------------------- private

    def _fit_states(self) -> None:
        shapes = fingerprint_states(self._kinds)
        if self.read_meta(SHAPES_KEY) == shapes:
            return
        self.refold()
        self.write_meta(SHAPES_KEY, shapes)

    def _make_ready_in_turn(
        self, connection: Connection, batch: Batch, after: int, recorded_at: UtcSeconds
    ) -> Ready:
        if batch.skip:
            after = self._leave_out(connection, after, batch.skip)
        heads = self._heads(connection, batch)
        self._check_seen(connection, batch, heads)
        return self._make_ready(batch, heads, after, recorded_at)

    def _make_ready(
        self,
        batch: Batch,
        heads: Mapping[StreamName, tuple[int, bytes]],
        after: int,
        recorded_at: UtcSeconds,
    ) -> Ready:
        facts: list[tuple[Scalar, ...]] = []
        states: list[tuple[Scalar, ...]] = []
        recorded: list[Recorded] = []
        changes, work = list(batch.rows), list(batch.work)
        for unit in batch.units:
            _, head_hash = heads.get(unit.stream, (0, FIRST_HASH))
            sealed = seal_unit(
                unit,
                head_hash=head_hash,
                position=after + len(recorded) + 1,
                recorded_at=recorded_at,
                codec=self._codec,
            )
            recorded.extend(sealed.recorded)
            facts.extend(sealed.rows)
            kind, owner = split_stream(unit.stream)
            state = self._state_codec.encode(unit.state)
            version = unit.expected_version + len(unit.entries)
            states.append((owner, kind, version, state, sealed.head_hash))
            derived = self._derive(sealed.recorded, unit.state)
            changes.extend(derived.rows)
            work.extend(derived.work)
        removals, statements = self._change_rows(self._views.collapse(changes))
        if facts:
            statements += [self._put(FACTS.name, facts), self._put(STATES.name, states)]
        asked = [self._put(OUTBOX.name, [outbox.work_row(one) for one in work])] if work else []
        return Ready(after, tuple(recorded), removals, statements, asked)

    def _heads(
        self, connection: Connection, batch: Batch
    ) -> Mapping[StreamName, tuple[int, bytes]]:
        known = _known_heads(batch)
        if known is not None and batch.seen is not None and self._is_as_seen(batch.seen):
            return known
        return read_heads(connection, [unit.stream for unit in batch.units])

    def _leave_out(self, connection: Connection, last_position: int, count: int) -> int:
        skips = inspection.read_skips(connection)
        skips[last_position] = last_position + count + 1
        value = msgspec.json.encode(skips).decode()
        connection.execute(self._upsert_meta, {"key": inspection.SKIPS_KEY, "value": value})
        return last_position + count

    def _check_seen(
        self,
        connection: Connection,
        batch: Batch,
        heads: Mapping[StreamName, tuple[int, bytes]],
    ) -> None:
        expected = {unit.stream: unit.expected_version for unit in batch.units}
        found = {stream: version for stream, (version, _) in heads.items()}
        rows: list[RowKey] = []
        seen = batch.seen
        if seen is not None and not self._is_as_seen(seen):
            others = [stream for stream in seen.streams if stream not in expected]
            for stream, (version, _) in read_heads(connection, others).items():
                found[stream] = version
            expected = {**seen.streams, **expected}
            rows = self._changed_rows(connection, seen)
        lost = [name for name, version in expected.items() if found.get(name, 0) != version]
        if lost:
            first = lost[0]
            raise Conflict(
                first, expected=expected[first], found=found.get(first, 0), streams=lost, rows=rows
            )
        if rows:
            raise Conflict(None, rows=rows)

    def _changed_rows(self, connection: Connection, seen: Seen) -> list[RowKey]:
        found = self._rows(connection, seen.rows)
        return [row_key for row_key, values in seen.rows.items() if found.get(row_key) != values]

    def _rows(
        self, connection: Connection, row_keys: Iterable[RowKey]
    ) -> dict[RowKey, Mapping[str, Scalar]]:
        found: dict[RowKey, Mapping[str, Scalar]] = {}
        for view, keys in self._views.group(row_keys):
            name, width = view.table.name, len(view.key_columns)
            for row in look_up_rows(connection, keys, self._finds[name]):
                values = zip(view.value_columns, row[width:], strict=True)
                found[name, tuple(row[:width])] = dict(values)
        return found

    def _decode(self, stream: StreamName, state: bytes) -> Any:
        try:
            return self._state_codec.decode(split_stream(stream)[0], state)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as error:
            raise Damaged(
                f"the state row of {stream} cannot be read ({error}): "
                "run 'restante journal verify'; the facts it was folded from may still be sound"
            ) from error

    def _change_rows(
        self, rows: Mapping[RowKey, Mapping[str, Scalar] | None]
    ) -> tuple[list[Statement], list[Statement]]:
        deletes: dict[str, list[tuple[Scalar, ...]]] = {}
        upserts: dict[str, list[tuple[Scalar, ...]]] = {}
        for (table, key), values in rows.items():
            if values is None:
                deletes.setdefault(table, []).append(key)
            else:
                row = self._views.view(table).row_of(key, values)
                upserts.setdefault(table, []).append(row)
        return (
            [self._take_out(table, keys) for table, keys in deletes.items()],
            [self._put(table, full) for table, full in upserts.items()],
        )

    def _put(self, table: str, rows: Sequence[tuple[Scalar, ...]]) -> Statement:
        """Say how rows get into a table; those with the same key are replaced."""
        return self._puts[table], rows

    def _take_out(self, table: str, keys: Sequence[tuple[Scalar, ...]]) -> Statement:
        """Say how rows of an inline view are deleted."""
        return self._deletes[table], keys

    def _run(self, connection: Connection, statement: Statement) -> None:
        said, rows = statement
        connection.exec_driver_sql(said, list(rows))

    def _put_work(self, put: Callable[[Statement], None], work: Sequence[Statement]) -> None:
        for statement in work:
            put(statement)

    def _together(self, connection: Connection) -> AbstractContextManager[object]:  # noqa: ARG002
        """Hold back answers of statements until the end, where that saves round trips."""
        return nullcontext()


@lru_cache(maxsize=256)
def _upsert_text(
    dialect: Dialect, table: Table, keys: tuple[str, ...], values: tuple[str, ...]
) -> str:
    # Kept, because compiling those of all views took half the time a journal takes to open.
    return str(_upsert(dialect, table, keys, values).compile(dialect=dialect))


@lru_cache(maxsize=256)
def _delete_text(dialect: Dialect, table: Table, keys: tuple[str, ...]) -> str:
    same = [table.c[key] == bindparam(f"key_{key}") for key in keys]
    return str(delete(table).where(*same).compile(dialect=dialect))


def _upsert(dialect: Dialect, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
    make: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
    statement = make(table)
    if not values:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(
        index_elements=keys, set_={name: statement.excluded[name] for name in values}
    )


def _known_heads(batch: Batch) -> dict[StreamName, tuple[int, bytes]] | None:
    known = {
        unit.stream: (unit.expected_version, unit.head_hash)
        for unit in batch.units
        if unit.head_hash is not None
    }
    return known if len(known) == len(batch.units) else None


def _read_cursor(connection: Connection, name: str) -> int:
    return connection.scalar(select(CURSORS.c.position).where(CURSORS.c.name == name)) or 0
