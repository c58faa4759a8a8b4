"""A journal in one SQLite file: the embedded default of the centre and of every locker.

One writer connection behind one lock, as many readers as there are threads. Every write is one
transaction that locks at its beginning, so positions have no gaps and commit in order: a
follower can never skip one.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, delete, select
from sqlalchemy.dialects import sqlite as dialect

from ..core.value import UtcSeconds
from . import inspection
from .inline import derive_nothing
from .migrations import migrate
from .port import Derive, Kinds, Recorded, Seen
from .sql import SqlJournal
from .sqlite_file import (
    MEMORY,
    Durability,
    check_place,
    make_readers,
    make_writer,
    newest_sqlite,
    translated,
)
from .tables import FACTS

_DIALECT: Final = dialect.dialect()


class SqliteJournal(SqlJournal):
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
    archive_dir
        Folder of the archives, for when a release needs every fact.
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
        archive_dir: Path | None = None,
        driver: ModuleType | None = None,
    ) -> None:
        check_place(path)
        super().__init__(
            kinds,
            derive=derive,
            inline=inline,
            dialect=_DIALECT,
            archive_dir=archive_dir,
        )
        self._path = path
        self._driver = driver or newest_sqlite()
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

    def write_mark(self) -> tuple[int, int]:
        """Tell whether another connection has written, and count our own batches."""
        with self._lock, translated(self._path, self._driver):
            return self._read_mark()

    def check_storage(self) -> str:
        """Ask SQLite to check every page and index."""
        with self.reading() as connection:
            found = connection.exec_driver_sql("PRAGMA integrity_check(5)").scalars().all()
        return "" if found == ["ok"] else "; ".join(found)

    def drop_archived(self, floor: int, until: UtcSeconds, limit: int) -> int:  # noqa: ARG002
        """Delete some of the facts up to a position, the oldest first."""
        oldest = select(FACTS.c.position).where(FACTS.c.position <= floor)
        batch = oldest.order_by(FACTS.c.position).limit(limit)
        with self.writing() as connection:
            gone = connection.execute(delete(FACTS).where(FACTS.c.position.in_(batch)))
        return int(gone.rowcount)

    def watch(self, wake: Callable[[int], None]) -> bool:  # noqa: ARG002 - a file tells nobody
        """Tell that a file cannot; whoever shares one looks by the clock."""
        return False

    def close(self) -> None:
        """Close all connections; the file is then one file again."""
        with self._lock:
            if self._readers is not self._engine:
                self._readers.dispose()
            self._writer.close()
            self._engine.dispose()

    # --------------------------------------------------------------- private

    def _begin_batch(self, connection: Connection) -> int:
        # The transaction has locked the file already.
        return inspection.last_position(connection)

    def _is_as_seen(self, seen: Seen) -> bool:
        return self._read_mark() == seen.mark

    def _end_batch(self, _connection: Connection, _last: Recorded | None) -> None:
        # Counted before the commit: one too many only costs a committer its cache.
        self._batches += 1

    def _read_mark(self) -> tuple[int, int]:
        # Asked of the driver: SQLite answers from shared memory, a transaction costs more.
        connection: Any = self._writer.connection.driver_connection
        found = connection.execute("PRAGMA data_version")
        foreign = int(found.fetchone()[0])
        found.close()
        return foreign, self._batches
