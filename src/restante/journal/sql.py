"""What a journal in an SQL database does, whichever database it is.

An adapter adds how transactions are opened, how positions are given out and what only its
database knows; everything that is said in SQL is said here once.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, ClassVar

import msgspec
from sqlalchemy import Connection, Dialect, MetaData, Table, insert, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds
from . import inspection, outbox
from .archive_file import ArchiveReader
from .chain import FIRST_HASH, Sealed, column_values, seal_unit
from .codec import codec_of, state_codec_of
from .inline import InlineViews, RowKey, View, check_distinct
from .lookup import KEYS_MAX, STATE_ROWS, look_up_rows, look_up_states, prepare_rows, read_heads
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
    Recorded,
    Scalar,
    Seal,
    Seen,
    StateRow,
    Stored,
    Unit,
    Work,
)
from .refold import SHAPES_KEY, fingerprint_states, refold_step
from .tables import CURSORS, FACTS, META, STATES


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
        self._kinds = kinds
        self._archive_dir = archive_dir
        self._derive = derive
        self._codec = codec_of(kinds)
        self._state_codec = state_codec_of(kinds)
        self._views = InlineViews(inline)
        self._make_insert: Any = (
            postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        )
        views = [self._views.view(table.name) for table in self._views.tables]
        self._finds = {view.table.name: prepare_rows(view) for view in views}
        # Compiled once and given tuples in the order of the columns: the statements that carry
        # all the weight, a quarter faster than through parameters by name.
        self._upserts = {
            view.table.name: str(
                self._upsert(view.table, view.key_columns, view.value_columns).compile(
                    dialect=dialect
                )
            )
            for view in views
        }
        self._insert_fact = str(insert(FACTS).compile(dialect=dialect))
        self._upsert_state = str(
            self._upsert(STATES, ("owner", "kind"), ("version", "state", "head_hash")).compile(
                dialect=dialect
            )
        )
        self._upsert_cursor = self._upsert(CURSORS, ("name",), ("position",))
        self._upsert_meta = self._upsert(META, ("key",), ("value",))

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
    def _end_batch(self, connection: Connection, last_position: int) -> None:
        """Let others notice the batch once it commits; last position 0 without facts."""

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
        check_distinct(batch.units)
        with self.writing() as connection:
            sealed = self._seal(connection, batch, recorded_at)
            changes = list(batch.rows)
            work = list(batch.work)
            for unit, one in zip(batch.units, sealed, strict=True):
                derived = self._derive(one.recorded, unit.state)
                changes.extend(derived.rows)
                work.extend(derived.work)
            with self._together(connection):
                self._insert_facts(connection, batch.units, sealed)
                self._change_rows(connection, self._views.collapse(changes))
                self._put_work(connection, work)
                self._end_batch(connection, sealed[-1].recorded[-1].position if sealed else 0)
        return tuple(recorded for one in sealed for recorded in one.recorded)

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
            self._end_batch(connection, 0)

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
            self._change_rows(connection, self._views.collapse(derived.rows))
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

    def _seal(self, connection: Connection, batch: Batch, recorded_at: UtcSeconds) -> list[Sealed]:
        position = self._begin_batch(connection) + 1
        if batch.skip:
            position = self._leave_out(connection, position - 1, batch.skip) + 1
        heads = self._heads(connection, batch)
        self._check_seen(connection, batch, heads)
        sealed: list[Sealed] = []
        for unit in batch.units:
            _, head_hash = heads.get(unit.stream, (0, FIRST_HASH))
            one = seal_unit(
                unit,
                head_hash=head_hash,
                position=position,
                recorded_at=recorded_at,
                codec=self._codec,
            )
            position += len(one.stored)
            sealed.append(one)
        return sealed

    def _heads(
        self, connection: Connection, batch: Batch
    ) -> Mapping[StreamName, tuple[int, bytes]]:
        known = {
            unit.stream: (unit.expected_version, unit.head_hash)
            for unit in batch.units
            if unit.head_hash is not None
        }
        is_all_known = len(known) == len(batch.units)
        if is_all_known and batch.seen is not None and self._is_as_seen(batch.seen):
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

    def _insert_facts(
        self, connection: Connection, units: Sequence[Unit], sealed: Sequence[Sealed]
    ) -> None:
        if not units:
            return
        facts = [column_values(stored) for one in sealed for stored in one.stored]
        states = []
        for unit, one in zip(units, sealed, strict=True):
            kind, owner = split_stream(unit.stream)
            version = unit.expected_version + len(unit.entries)
            state = self._state_codec.encode(unit.state)
            states.append((owner, kind, version, state, one.head_hash))
        self._write_facts(connection, facts, states)

    def _write_facts(
        self,
        connection: Connection,
        facts: Sequence[tuple[Scalar, ...]],
        states: Sequence[tuple[Scalar, ...]],
    ) -> None:
        connection.exec_driver_sql(self._insert_fact, list(facts))
        connection.exec_driver_sql(self._upsert_state, list(states))

    def _together(self, connection: Connection) -> AbstractContextManager[object]:  # noqa: ARG002
        """Hold back answers of statements until the end, where that saves round trips."""
        return nullcontext()

    def _put_work(self, connection: Connection, work: Sequence[Work]) -> None:
        outbox.insert_work(connection, work)

    def _change_rows(
        self, connection: Connection, rows: Mapping[RowKey, Mapping[str, Scalar] | None]
    ) -> None:
        deletes: dict[str, list[tuple[Scalar, ...]]] = {}
        upserts: dict[str, list[tuple[Scalar, ...]]] = {}
        for (table, key), values in rows.items():
            if values is None:
                deletes.setdefault(table, []).append(key)
            else:
                row = self._views.view(table).row_of(key, values)
                upserts.setdefault(table, []).append(row)
        # Deletes first: a row may take over what another one's unique constraint held.
        for table, keys in deletes.items():
            self._delete_rows(connection, self._views.view(table), keys)
        for table, full in upserts.items():
            self._put_rows(connection, self._views.view(table), full)

    def _delete_rows(
        self, connection: Connection, view: View, keys: Sequence[tuple[Scalar, ...]]
    ) -> None:
        gone = tuple_(*(view.table.c[name] for name in view.key_columns))
        for start in range(0, len(keys), KEYS_MAX):
            chunk = keys[start : start + KEYS_MAX]
            connection.execute(view.table.delete().where(gone.in_(chunk)))

    def _put_rows(
        self, connection: Connection, view: View, rows: Sequence[tuple[Scalar, ...]]
    ) -> None:
        connection.exec_driver_sql(self._upserts[view.table.name], list(rows))

    def _upsert(self, table: Table, keys: Sequence[str], values: Sequence[str]) -> Any:
        statement = self._make_insert(table)
        if not values:
            return statement.on_conflict_do_nothing(index_elements=keys)
        return statement.on_conflict_do_update(
            index_elements=keys, set_={name: statement.excluded[name] for name in values}
        )


def _read_cursor(connection: Connection, name: str) -> int:
    return connection.scalar(select(CURSORS.c.position).where(CURSORS.c.name == name)) or 0
