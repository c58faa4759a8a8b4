"""A journal in PostgreSQL: for centres of several processes, and for standbys.

Batches take turns: each locks one row from its beginning to its commit, and takes its positions
from there (:mod:`.postgres_schema`, R4). A turn is one transaction of a whole batch, so the turns
of several committers still carry thousands of facts a second; everything else, above all deciding
and reading, goes on side by side.
"""

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from sqlalchemy import Connection, MetaData, Table, text
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from ..core.ids import StreamName, split_stream
from ..core.value import UtcSeconds
from .inline import RowKey, derive_nothing
from .migrations import migrate
from .port import (
    Batch,
    Busy,
    Derive,
    Follow,
    Found,
    Kinds,
    Ready,
    Recorded,
    Scalar,
    Seen,
    StateRow,
    Stored,
    Unsure,
)
from .postgres_bulk import Bulk, joined, run, together
from .postgres_lookup import WANTED_STATES, Lines, Wanted
from .postgres_patience import (
    Became,
    LastFact,
    Patience,
    ask_what_became,
    cut,
    wait_for_standbys,
)
from .postgres_relay import WAIT_FOR_PLACE, Relay, Turn, commit, put_early, wrapped
from .postgres_schema import (
    drop_months,
    lock_schema,
    make_head,
    make_month,
    month_of,
    settle_parts,
    shape_for,
)
from .postgres_server import (
    CONNECT_SECONDS,
    LINE,
    Durability,
    make_readers,
    make_writers,
    parse_address,
    translated,
)
from .sql import SqlJournal, Statement
from .tables import FACTS, OUTBOX, STATES

CHANNEL: Final = "restante_facts"
"""Where commits are told to other processes."""

SETTLE_SECONDS: Final = 5.0
"""Seconds to find out what became of a commit whose answer was lost."""

LISTEN_PAUSE_SECONDS: Final = 1.0
"""Between two tries to listen again after the server went away."""

CLOSE_SECONDS: Final = 2.0
"""For a thread that listens to end."""

# Parts of one statement each, so that a turn costs few round trips.
_TAKE_TURN: Final = (
    "SELECT position, generation, pg_current_xact_id()::text FROM head WHERE id = 1 FOR UPDATE"
)
_WAIT_FOR_PLACE: Final = text(WAIT_FOR_PLACE)
_GENERATIONS: Final = 2**62
"""They go round; two of them and their sum fit into a column."""

_NEXT: Final = f"generation = (generation + %s::bigint) %% {_GENERATIONS}"
_END_TURN: Final = f"UPDATE head SET {_NEXT} WHERE id = 1"  # noqa: S608 - words are ours
_END_TURN_AND_TELL: Final = (
    f"WITH ended AS (UPDATE head SET position = %s, {_NEXT} WHERE id = 1 RETURNING position) "  # noqa: S608 - words are ours
    "SELECT pg_notify(%s, %s || ' ' || position) FROM ended"
)
_GENERATION: Final = "SELECT generation FROM head WHERE id = 1"
_HEAD: Final = text("SELECT position FROM head WHERE id = 1")

_DIALECT: Final[Any] = dialect.dialect(paramstyle="format")  # type: ignore[no-untyped-call]


class _Mistaken(Exception):
    """Others have written: what was believed is not so."""


_ALONE: Final = Follow(sent=lambda: None, check=lambda: None)


class _Turn(threading.local):
    """What the writing transaction of this thread needs to know of itself."""

    xid = ""
    last: LastFact | None = None
    position = 0
    generation = 0


class PostgresJournal(SqlJournal):
    """A durable journal in a PostgreSQL database; safe to share between threads.

    Parameters
    ----------
    address
        ``postgresql://user@host:5432/database``, without a password.
    kinds
        How streams are read; gives the facts and states it can hold.
    password
        When libpq does not find one by itself.
    derive
        What follows from a unit.
    inline
        Tables of the inline views, and of followers' views; made when absent.
    durability
        ``relaxed`` only for simulation.
    archive_dir
        Folder of the archives, for when a release needs every fact.
    hash_parts
        Into how many parts a new database is split by owner; 0 for none.

    Raises
    ------
    ValueError
        When the address is not one.
    Busy
        When no server answers there.
    PermissionError
        When it does not let this user in.
    restante.journal.migrations.TooNew
        When a newer release wrote the journal.
    """

    is_split_by_month = True

    def __init__(
        self,
        address: str,
        kinds: Kinds,
        *,
        password: str = "",
        derive: Derive = derive_nothing,
        inline: MetaData | Sequence[Table] = (),
        durability: Durability = "full",
        archive_dir: Path | None = None,
        hash_parts: int = 0,
    ) -> None:
        super().__init__(
            kinds,
            derive=derive,
            inline=inline,
            dialect=_DIALECT,
            archive_dir=archive_dir,
        )
        self._url = parse_address(address, password)
        self._bulks = {
            table.name: Bulk(table, self._views.view(table.name).key_columns)
            for table in self._views.tables
        }
        self._bulks |= {
            FACTS.name: Bulk(FACTS, ()),
            STATES.name: Bulk(STATES, ("owner", "kind")),
            OUTBOX.name: Bulk(OUTBOX, ("key",), is_kept=True),
        }
        self._wanted = {
            table.name: Wanted(table, self._views.view(table.name).key_columns)
            for table in self._views.tables
        }
        self._lines = Lines(self._connect)
        self._turn = _Turn()
        self._teller = secrets.token_hex(8)
        self._lock = threading.Lock()
        self._batches = 0
        self._steps = 0
        self._months: set[str] = set()
        self._watcher: _Watcher | None = None
        self._patience = Patience()
        self._writers = make_writers(self._url, durability=durability)
        self._relay = Relay(self._writers)
        self._readers = make_readers(self._url)
        # Asked before every batch: one round trip, not three.
        self._marks = self._readers.execution_options(isolation_level="AUTOCOMMIT")
        try:
            with self.writing() as connection:
                lock_schema(connection)
                self._hash_parts = settle_parts(connection, hash_parts)
                migrate(connection, self._views.tables, shape=shape_for(self._hash_parts))
                make_head(connection, self._hash_parts)
            self._fit_states()
        except BaseException:
            self.close()
            raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a writing transaction; for rows of the same database that no fact implies."""
        self._turn.xid = ""
        with translated(self._url), self._writers.connect() as connection:
            transaction = connection.begin()
            try:
                yield connection
            except BaseException:
                # A connection that is gone has rolled back by itself.
                with suppress(SQLAlchemyError):
                    transaction.rollback()
                raise
            try:
                with self._patience.waiting(connection.connection.driver_connection):
                    transaction.commit()
            except DBAPIError as error:
                if not self._turn.xid or not error.connection_invalidated:
                    raise
                self._settle(error)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a transaction that sees one moment; for views, which write their own queries."""
        with translated(self._url), self._readers.begin() as connection:
            yield connection

    @contextmanager
    def glancing(self) -> Iterator[Connection]:
        """Open a connection for single queries: no words to begin and to end a transaction."""
        with translated(self._url), self._marks.connect() as connection:
            yield connection

    def append(self, batch: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Write a batch durably, all or nothing."""
        try:
            if batch.units:
                self._ensure_month(recorded_at)
            if batch.ready is not None and self._append_closely(batch, batch.ready):
                return batch.ready.recorded
            if batch.follow is not None:
                batch.follow.check()
            return super().append(batch, recorded_at=recorded_at)
        except BaseException:
            # A standby that took over may never have heard of it, and lines may lead elsewhere.
            self._months.clear()
            self._lines.close()
            self._relay.close()
            raise

    def look_up(self, streams: Sequence[StreamName], rows: Sequence[RowKey]) -> Found:
        """Read current states, and rows of inline views by table and primary key, at once."""
        views = self._views.group(rows)
        wanted = [(self._wanted[view.table.name], keys) for view, keys in views]
        if streams:
            wanted.append((WANTED_STATES, [split_stream(stream)[::-1] for stream in streams]))
        if not wanted:
            return Found({}, {})
        with translated(self._url):
            found = self._lines.find(wanted)
        states: dict[StreamName, StateRow] = {}
        if streams:
            for owner, kind, version, state, head_hash in found.pop():
                stream = StreamName(f"{kind}/{owner}")
                states[stream] = StateRow(version, self._decode(stream, state), head_hash)
        kept: dict[RowKey, Mapping[str, Scalar]] = {}
        for (view, _), answers in zip(views, found, strict=True):
            name, width = view.table.name, len(view.key_columns)
            for row in answers:
                kept[name, row[:width]] = dict(zip(view.value_columns, row[width:], strict=True))
        return Found(states, kept)

    def write_mark(self) -> tuple[int, int]:
        """Tell whether another process has written, and count our own batches."""
        # Ours are counted first: one that commits in between looks foreign, which is harmless.
        with self._lock:
            batches, steps = self._batches, self._steps
        with translated(self._url):
            [[(generation,)]] = self._lines.ask([(_GENERATION, ())])
        return (generation - steps) % _GENERATIONS, batches

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        # Most looks find nothing, which one row tells: no month is opened for it.
        with self.glancing() as connection:
            if position >= (connection.scalar(_HEAD) or 0):
                return ()
        return super().stored_after(position, limit=limit)

    def check_storage(self) -> str:
        """Ask the server for broken checksums it has met."""
        with self.reading() as connection:
            failures = connection.scalar(
                text(
                    "SELECT checksum_failures FROM pg_stat_database "
                    "WHERE datname = current_database()"
                )
            )
        return f"{failures} pages with a wrong checksum" if failures else ""

    def drop_archived(self, floor: int, until: UtcSeconds, limit: int) -> int:  # noqa: ARG002
        """Drop the months that end no later than a moment; one by one, each is gone at once."""
        with self.writing() as connection:
            gone = drop_months(connection, until, floor)
        self._months -= set(gone)
        return len(gone)

    def watch(self, wake: Callable[[int], None]) -> bool:
        """Call with a position whenever another process has written facts."""
        if self._watcher is None:
            self._watcher = _Watcher(self._connect, self._teller, wake, self.head)
        return True

    def close(self) -> None:
        """Let go of all connections."""
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
        self._patience.close()
        self._lines.close()
        self._relay.close()
        self._writers.dispose()
        self._readers.dispose()

    # --------------------------------------------------------------- private

    def _append_closely(self, batch: Batch, ready: Ready) -> bool:
        """Write a batch as it was made ready; false when nothing was, and it must be done anew."""
        seen, follow = batch.seen, batch.follow or _ALONE
        if seen is None:
            return False

        def put_rows(put: Callable[[Statement], None]) -> None:
            if ready.statements:
                put(joined(ready.statements))
            self._put_work(put, ready.work)

        removals = [joined(ready.removals)] if ready.removals else []
        self._turn.xid = ""
        is_ending = False
        with translated(self._url):
            try:
                with self._relay.line() as line, wrapped(line):
                    turn = put_early(line, put_rows, _TAKE_TURN, removals, follow.sent)
                    self._note_turn(turn)
                    if ready.after != turn.position or not self._is_as_seen(seen):
                        raise _Mistaken
                    if self.witness is not None:
                        self.witness.check_begin(ready.after)
                    follow.check()
                    ending = self._ending(ready.recorded[-1] if ready.recorded else None)
                    is_ending = True
                    with self._patience.waiting(line):
                        commit(line, *ending)
            except _Mistaken:
                return False
            except DBAPIError as error:
                if not is_ending and (
                    error.connection_invalidated or isinstance(error, IntegrityError)
                ):
                    return False
                if not error.connection_invalidated:
                    raise
                self._settle(error)
        if self.witness is not None and ready.recorded:
            self.witness.note(ready.recorded[-1].position, ready.recorded[-1].hash)
        return True

    def _put(self, table: str, rows: Sequence[tuple[Scalar, ...]]) -> Statement:
        return self._bulks[table].put(rows)

    def _take_out(self, table: str, keys: Sequence[tuple[Scalar, ...]]) -> Statement:
        return self._bulks[table].take_out(keys)

    def _run(self, connection: Connection, statement: Statement) -> None:
        run(connection, *statement)

    def _together(self, connection: Connection) -> AbstractContextManager[object]:
        return together(connection)

    def _begin_batch(self, connection: Connection) -> int:
        connection.execute(_WAIT_FOR_PLACE)
        self._note_turn(Turn(*connection.exec_driver_sql(_TAKE_TURN).one()))
        return self._turn.position

    def _note_turn(self, turn: Turn) -> None:
        self._turn.position, self._turn.generation, self._turn.xid = turn
        self._turn.last = None

    def _is_as_seen(self, seen: Seen) -> bool:
        with self._lock:
            batches, steps = self._batches, self._steps
        return seen.mark == ((self._turn.generation - steps) % _GENERATIONS, batches)

    def _end_batch(self, connection: Connection, last: Recorded | None) -> None:
        run(connection, *self._ending(last))

    def _ending(self, last: Recorded | None) -> Statement:
        # A step nobody guesses: a standby that took over without our last batches can never come
        # to stand where we believe the database to be, however many batches it takes in.
        step = secrets.randbelow(_GENERATIONS - 1) + 1
        # Counted before the commit: one too many only costs a committer its cache.
        with self._lock:
            self._batches += 1
            self._steps = (self._steps + step) % _GENERATIONS
        if last is None:
            return _END_TURN, (step,)
        self._turn.last = LastFact(last.position, last.hash)
        return _END_TURN_AND_TELL, (last.position, step, CHANNEL, self._teller)

    def _ensure_month(self, recorded_at: UtcSeconds) -> None:
        month = month_of(recorded_at)
        if month not in self._months:
            with self.writing() as connection:
                make_month(connection, month, self._hash_parts)
            self._months.add(month)

    def _settle(self, error: DBAPIError) -> None:
        # The connection broke while a commit was under way: ask the server what became of it.
        until = time.monotonic() + SETTLE_SECONDS
        became = Became.UNKNOWN
        while became is Became.UNKNOWN and time.monotonic() < until:
            try:
                with self._connect() as connection:
                    became = ask_what_became(connection, self._turn.xid, self._turn.last)
                    if became is Became.WRITTEN:
                        with self._patience.waiting(connection):
                            wait_for_standbys(connection)
            except psycopg.OperationalError:
                became = Became.UNKNOWN
            if became is Became.UNKNOWN:
                time.sleep(0.05)
        if became is Became.WRITTEN:
            return
        if became is Became.LOST:
            raise Busy("the server went away before the commit; nothing was written") from error
        raise Unsure(
            "the server went away at the commit; the batch was written whole or not at all"
        ) from error

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        url = self._url
        return psycopg.connect(
            url.set(drivername="postgresql").render_as_string(hide_password=False),
            autocommit=True,
            **LINE,
        )


class _Watcher:
    """A thread that hears what other processes have committed."""

    def __init__(
        self,
        connect: Callable[[], "psycopg.Connection[tuple[object, ...]]"],
        teller: str,
        wake: Callable[[int], None],
        head: Callable[[], int],
    ) -> None:
        self._connect = connect
        self._teller = teller
        self._wake = wake
        self._head = head
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._line: Any = None
        self._thread = threading.Thread(target=self._run, name="journal-watch", daemon=True)
        self._thread.start()
        # Whatever is written after this is heard.
        self._ready.wait(CONNECT_SECONDS)

    def close(self) -> None:
        """Stop listening."""
        # The line is cut, as whoever listens hears nothing else: a word over another line would be
        # a commit, which waits for a standby that may never come.
        with self._lock:
            self._stop.set()
            if self._line is not None:
                cut(self._line)
        # Not for ever: it may be waiting for a server that is asked for a line.
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            # A lost connection is no loss: after the next one, followers look for themselves.
            with suppress(psycopg.Error, Busy):
                self._listen()
            self._ready.set()
            self._stop.wait(LISTEN_PAUSE_SECONDS)

    def _listen(self) -> None:
        with self._connect() as connection, self._kept(connection):
            connection.execute(f"LISTEN {CHANNEL}")
            is_again = self._ready.is_set()
            self._ready.set()
            if is_again:
                self._wake(self._head())
            for told in connection.notifies():
                if self._stop.is_set():
                    return
                teller, _, position = told.payload.partition(" ")
                if position.isdecimal() and teller != self._teller:
                    self._wake(int(position))

    @contextmanager
    def _kept(self, connection: Any) -> Iterator[None]:
        with self._lock:
            self._line = connection
            if self._stop.is_set():
                cut(connection)
        try:
            yield
        finally:
            # Before the descriptor is given back, and perhaps to something else.
            with self._lock:
                self._line = None
