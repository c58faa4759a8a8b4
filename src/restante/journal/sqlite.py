"""A journal in one SQLite file: the embedded default of the centre and of every locker.

One writer connection behind one lock, as many readers as there are threads. Every write is one
transaction that locks at its beginning, so positions have no gaps and commit in order: a
follower can never skip one.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    MetaData,
    Table,
    func,
    insert,
    select,
    tuple_,
)
from sqlalchemy.dialects import sqlite as dialect

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds
from . import outbox, inspection
from .chain import FIRST_HASH, Sealed, seal_unit
from .codec import codec_of, state_codec_of
from .inline import InlineViews, RowKey, View, check_distinct, derive_nothing
from .migrations import migrate
from .port import (
    Batch,
    Conflict,
    Damaged,
    Derive,
    Derived,
    DueWork,
    Kinds,
    Recorded,
    Scalar,
    Seal,
    StateRow,
    Stored,
    Unit,
)
from .refold import SHAPES_KEY, fingerprint_states, refold_step
from .sqlite_file import (
    MEMORY,
    Durability,
    check_place,
    make_readers,
    make_writer,
    newest_sqlite,
    translated,
)
from .lookup import (
    KEYS_MAX,
    STATE_ROWS,
    look_up_rows,
    look_up_states,
    prepare_rows,
    read_heads,
)
from .tables import CURSORS, FACTS, META, STATES

_NEW_STATE = dialect.insert(STATES)
# Compiled once and given tuples in the order of the columns: the two statements that carry all
# the weight, a quarter faster than through parameters by name.
_INSERT_FACT = str(insert(FACTS).compile(dialect=dialect.dialect()))
_UPSERT_STATE = str(
    _NEW_STATE.on_conflict_do_update(
        index_elements=["owner", "kind"],
        set_={name: _NEW_STATE.excluded[name] for name in ("version", "state", "head_hash")},
    ).compile(dialect=dialect.dialect())
)
_UPSERT_CURSOR = dialect.insert(CURSORS)
_UPSERT_CURSOR = _UPSERT_CURSOR.on_conflict_do_update(
    index_elements=["name"], set_={"position": _UPSERT_CURSOR.excluded.position}
)
_UPSERT_META = dialect.insert(META)
_UPSERT_META = _UPSERT_META.on_conflict_do_update(
    index_elements=["key"], set_={"value": _UPSERT_META.excluded.value}
)
_LAST_POSITION = select(func.coalesce(func.max(FACTS.c.position), 0))


class SqliteJournal:
    """A durable journal in one file; safe to share between threads.

    Parameters
    ----------
    path
        The file, made when absent; ``:memory:`` for one that ends with the process.
    kinds
        How streams are read; gives the facts and states it can hold.
    derive
        What follows from a unit.
    inline
        Tables of the inline views, and of followers' views in the same file; made when absent.
    durability
        ``relaxed`` only for simulation.
    driver
        The DBAPI module; the one with the newest SQLite when not given.

    Raises
    ------
    Damaged
        When the file is not a sound database.
    restante.journal.migrations.TooNew
        When a newer release wrote it.
    FileNotFoundError, PermissionError
        When the file cannot be made or written there.
    """

    def __init__(
        self,
        path: str,
        kinds: Kinds,
        *,
        derive: Derive = derive_nothing,
        inline: MetaData | Sequence[Table] = (),
        durability: Durability = "full",
        driver: ModuleType | None = None,
    ) -> None:
        check_place(path)
        self._path = path
        self._kinds = kinds
        self._derive = derive
        self._driver = driver or newest_sqlite()
        self._codec = codec_of(kinds)
        self._state_codec = state_codec_of(kinds)
        self._views = InlineViews(inline)
        self._upserts = {
            table.name: _upsert(self._views.view(table.name)) for table in self._views.tables
        }
        self._finds = {
            table.name: prepare_rows(self._views.view(table.name)) for table in self._views.tables
        }
        self._lock = threading.RLock()
        self._batches = 0
        self._engine = make_writer(path, driver=self._driver, durability=durability)
        self._readers = self._engine
        if path != MEMORY:
            self._readers = make_readers(path, driver=self._driver, durability=durability)
        try:
            with translated(path, self._driver):
                self._writer = self._engine.connect()
            with self.writing() as connection:
                migrate(connection, self._views.tables)
            self._fit_states()
        except BaseException:
            self._engine.dispose()
            raise

    @property
    def derive(self) -> Derive:
        """What follows from a unit."""
        return self._derive

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open the one writing transaction; for rows of the same file that no fact implies."""
        with self._lock, translated(self._path, self._driver), self._writer.begin():
            yield self._writer

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment; for views, which write their own queries."""
        if self._readers is self._engine:
            with self.writing() as connection:
                yield connection
            return
        with translated(self._path, self._driver), self._readers.begin() as connection:
            yield connection

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch durably, all or nothing."""
        check_distinct(batch.units)
        with self.writing() as connection:
            sealed = self._seal(connection, batch.units, recorded_at)
            changes = list(batch.rows)
            work = list(batch.work)
            for unit, one in zip(batch.units, sealed, strict=True):
                derived = self._derive(one.recorded, unit.state)
                changes.extend(derived.rows)
                work.extend(derived.work)
            self._insert_facts(connection, batch.units, sealed)
            self._change_rows(connection, self._views.collapse(changes))
            outbox.insert_work(connection, work)
            # Counted before the commit: one too many only costs a committer its cache.
            self._batches += bool(sealed)
        return tuple(recorded for one in sealed for recorded in one.recorded)

    def read(
        self, stream: StreamName, *, after_version: int = 0, limit: int | None = None
    ) -> tuple[Recorded, ...]:
        """Read a stream's facts in order."""
        with self.reading() as connection:
            found = inspection.read_stream(connection, stream, after_version, limit)
        return tuple(self._codec.recorded(stored) for stored in found)

    def states(self, streams: Sequence[StreamName]) -> dict[StreamName, StateRow]:
        """Read current states."""
        found: dict[StreamName, StateRow] = {}
        with self.reading() as connection:
            for row in look_up_states(connection, streams, STATE_ROWS):
                kind, owner, version, state, head_hash = row
                stream = StreamName(f"{kind}/{owner}")
                found[stream] = StateRow(version, self._decode(stream, state), head_hash)
        return found

    def rows(
        self, table: str, keys: Sequence[tuple[Scalar, ...]]
    ) -> dict[tuple[Scalar, ...], Mapping[str, Scalar]]:
        """Read rows of an inline view by primary key."""
        view = self._views.view(table)
        found: dict[tuple[Scalar, ...], Mapping[str, Scalar]] = {}
        with self.reading() as connection:
            for row in look_up_rows(connection, keys, self._finds[table]):
                key = tuple(row[name] for name in view.key_columns)
                found[key] = {name: row[name] for name in view.value_columns}
        return found

    def follow(self, position: int, *, limit: int) -> tuple[Recorded, ...]:
        """Read facts after a position."""
        return tuple(self._codec.recorded(one) for one in self.stored_after(position, limit=limit))

    def head(self) -> int:
        """The last position."""
        with self.reading() as connection:
            return int(connection.scalar(_LAST_POSITION) or 0)

    def write_mark(self) -> tuple[int, int]:
        """Tell whether another connection has written, and count our own batches."""
        with self._lock, translated(self._path, self._driver):
            # Asked of the driver: SQLite answers from shared memory, a transaction costs more.
            connection: Any = self._writer.connection.driver_connection
            found = connection.execute("PRAGMA data_version")
            foreign = int(found.fetchone()[0])
            found.close()
            return foreign, self._batches

    def close(self) -> None:
        """Close all connections; the file is then one file again."""
        with self._lock:
            if self._readers is not self._engine:
                self._readers.dispose()
            self._writer.close()
            self._engine.dispose()

    def refold(self) -> int:
        """Fold every stream anew, and count the state rows that were wrong and are now right.

        Done by itself when the shape of a state has changed since the file was last opened; asked
        for when a release folds facts differently into the same shape.
        """
        total = 0
        after: StreamName | None = None
        while True:
            with self.writing() as connection:
                after, changed = refold_step(connection, self._kinds, after)
                self._batches += 1
            total += changed
            if after is None:
                return total

    # ------------------------------------------------------------------ meta

    def read_meta(self, key: str) -> str | None:
        """Read a fact about the file itself, such as the epoch of a locker's journal."""
        with self.reading() as connection:
            found: str | None = connection.scalar(select(META.c.value).where(META.c.key == key))
        return found

    def write_meta(self, key: str, value: str) -> None:
        """Keep a fact about the file itself."""
        with self.writing() as connection:
            connection.execute(_UPSERT_META, {"key": key, "value": value})

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
            if _read_cursor(connection, name) != after:
                return False
            self._change_rows(connection, self._views.collapse(derived.rows))
            outbox.insert_work(connection, derived.work)
            connection.execute(_UPSERT_CURSOR, {"name": name, "position": to})
        return True

    # ------------------------------------------------------------ inspection

    def streams(self, *, after: StreamName | None, limit: int) -> tuple[StreamName, ...]:
        """List streams by owner and kind."""
        with self.reading() as connection:
            return inspection.list_streams(connection, after, limit)

    def stored(self, stream: StreamName, *, after_version: int, limit: int) -> tuple[Stored, ...]:
        """Read a stream's facts undecoded."""
        with self.reading() as connection:
            return inspection.read_stream(connection, stream, after_version, limit)

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        with self.reading() as connection:
            return inspection.read_after(connection, position, limit)

    def missing_position(self) -> int | None:
        """Find the first position no fact has."""
        with self.reading() as connection:
            return inspection.find_missing_position(connection)

    def orphan(self) -> Stored | None:
        """Find the first fact whose stream has no state row."""
        with self.reading() as connection:
            return inspection.find_orphan(connection)

    def check_storage(self) -> str:
        """Ask SQLite to check every page and index."""
        with self.reading() as connection:
            return inspection.check_pages(connection)

    def seals(self) -> tuple[Seal, ...]:
        """Read all seals by day."""
        with self.reading() as connection:
            return inspection.read_seals(connection)

    def add_seal(self, seal: Seal) -> bool:
        """Keep a seal unless its day has one."""
        with self.writing() as connection:
            return inspection.insert_seal(connection, seal)

    # --------------------------------------------------------------- private

    def _fit_states(self) -> None:
        shapes = fingerprint_states(self._kinds)
        if self.read_meta(SHAPES_KEY) == shapes:
            return
        self.refold()
        self.write_meta(SHAPES_KEY, shapes)

    def _seal(
        self, connection: Connection, units: Sequence[Unit], recorded_at: UtcSeconds
    ) -> list[Sealed]:
        heads = read_heads(connection, [unit.stream for unit in units])
        position = int(connection.scalar(_LAST_POSITION) or 0) + 1
        sealed: list[Sealed] = []
        for unit in units:
            found, head_hash = heads.get(unit.stream, (0, FIRST_HASH))
            if found != unit.expected_version:
                raise Conflict(unit.stream, expected=unit.expected_version, found=found)
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
        facts = [_fact_row(stored) for one in sealed for stored in one.stored]
        connection.exec_driver_sql(_INSERT_FACT, facts)
        states = []
        for unit, one in zip(units, sealed, strict=True):
            kind, owner = split_stream(unit.stream)
            version = unit.expected_version + len(unit.entries)
            state = self._state_codec.encode(unit.state)
            states.append((owner, kind, version, state, one.head_hash))
        connection.exec_driver_sql(_UPSERT_STATE, states)

    def _change_rows(
        self, connection: Connection, rows: Mapping[RowKey, Mapping[str, Scalar] | None]
    ) -> None:
        deletes: dict[str, list[dict[str, Scalar]]] = {}
        upserts: dict[str, list[dict[str, Scalar]]] = {}
        for (table, key), values in rows.items():
            named = dict(zip(self._views.view(table).key_columns, key, strict=True))
            if values is None:
                deletes.setdefault(table, []).append(named)
            else:
                upserts.setdefault(table, []).append({**named, **values})
        # Deletes first: a row may take over what another one's unique constraint held.
        for table, keys in deletes.items():
            view = self._views.view(table)
            gone = tuple_(*(view.table.c[name] for name in view.key_columns))
            for start in range(0, len(keys), KEYS_MAX):
                chunk = [tuple(key.values()) for key in keys[start : start + KEYS_MAX]]
                connection.execute(view.table.delete().where(gone.in_(chunk)))
        for table, full in upserts.items():
            connection.execute(self._upserts[table], full)


def _upsert(view: View) -> Any:
    statement = dialect.insert(view.table)
    if not view.value_columns:
        return statement.on_conflict_do_nothing(index_elements=view.key_columns)
    return statement.on_conflict_do_update(
        index_elements=view.key_columns,
        set_={name: statement.excluded[name] for name in view.value_columns},
    )


def _read_cursor(connection: Connection, name: str) -> int:
    return connection.scalar(select(CURSORS.c.position).where(CURSORS.c.name == name)) or 0


def _fact_row(stored: Stored) -> tuple[Scalar, ...]:
    # In the order of FACTS.
    kind, owner = split_stream(stored.stream)
    origin = stored.origin
    return (
        owner,
        kind,
        stored.version,
        stored.position,
        stored.tag,
        stored.body,
        stored.by,
        stored.cause,
        None if origin is None else origin.epoch,
        None if origin is None else origin.seq,
        stored.recorded_at,
        stored.hash,
    )
