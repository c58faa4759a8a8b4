"""Opening an SQLite file so that what was acknowledged stays.

R1. ``synchronous=FULL``: a commit returns after the disk has it. Write-ahead logging with
    ``NORMAL`` loses acknowledged commits on a power cut, and so does a rollback journal with
    ``FULL``: its removal is the commit, and only ``EXTRA`` waits for the directory.
R2. SQLite 3.7.0 to 3.51.2 can corrupt a file in write-ahead mode when two connections write and
    checkpoint at once; there, the rollback journal is used.
R3. One writer connection for each file; readers have their own.

It knows SQLite and nothing of what is stored.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import QueuePool, StaticPool

from .port import Busy, Damaged, Full, RowRejected

Durability: TypeAlias = Literal["full", "relaxed"]
"""``relaxed`` never waits for the disk: for simulation only, a power cut may lose anything."""

MEMORY: Final = ":memory:"
"""A database that ends with the process."""

BUSY_SECONDS: Final = 5.0
"""Seconds to wait for another process's lock before giving up with Busy. Chosen."""

FIXED_VERSION: Final = (3, 51, 3)
"""First SQLite release without the write-ahead reset bug (R2)."""

READERS_MAX: Final = 40
"""Reading connections at once: as many as an async door's thread pool has threads."""

_FULL_CODES: Final = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_WRITE"})
_BUSY_CODES: Final = ("SQLITE_BUSY", "SQLITE_LOCKED")
_PLACE_CODES: Final = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM", "SQLITE_AUTH")


def newest_sqlite() -> ModuleType:
    """Choose the driver with the newest SQLite: the bundled one where installed."""
    try:
        import pysqlite3  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: PLC0415
    except ImportError:
        return sqlite3
    drivers: tuple[ModuleType, ...] = (pysqlite3, sqlite3)
    return max(drivers, key=lambda driver: tuple(driver.sqlite_version_info))


def has_safe_wal(driver: ModuleType) -> bool:
    """Whether write-ahead logging cannot corrupt a file with this driver (R2)."""
    return tuple(driver.sqlite_version_info) >= FIXED_VERSION


def make_writer(path: str, *, driver: ModuleType, durability: Durability) -> Engine:
    """Make the engine with the one writing connection; its transactions lock at once."""
    return _make_engine(path, driver, durability, begin="BEGIN IMMEDIATE", is_writer=True)


def make_readers(path: str, *, driver: ModuleType, durability: Durability) -> Engine:
    """Make the engine for reading; each transaction sees one moment."""
    return _make_engine(path, driver, durability, begin="BEGIN", is_writer=False)


@contextmanager
def translated(path: str, driver: ModuleType) -> Iterator[None]:
    """Turn the driver's errors into the journal's, with what to do about them."""
    try:
        yield
    except DBAPIError as error:
        raise _translate(
            error.orig, path, is_integrity=isinstance(error, IntegrityError)
        ) from error
    except (driver.Error, UnicodeDecodeError) as error:
        # The driver's own while a connection is being set up, before SQLAlchemy wraps anything;
        # and text that is none, which only a damaged page can hold.
        raise _translate(error, path, is_integrity=False) from error


def _make_engine(
    path: str, driver: ModuleType, durability: Durability, *, begin: str, is_writer: bool
) -> Engine:
    def connect() -> Any:
        return driver.connect(
            path,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=256,
        )

    pool: dict[str, Any] = {"poolclass": StaticPool}
    if not is_writer:
        pool = {"poolclass": QueuePool, "pool_size": 8, "max_overflow": READERS_MAX - 8}
    engine = create_engine("sqlite+pysqlite://", creator=connect, module=driver, **pool)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        for pragma in _pragmas(path, driver, durability, is_writer=is_writer):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _pragmas(
    path: str, driver: ModuleType, durability: Durability, *, is_writer: bool
) -> tuple[str, ...]:
    shared = ("cell_size_check=ON", "trusted_schema=OFF", "temp_store=MEMORY")
    if not is_writer and path != MEMORY:
        return (*shared, "query_only=ON")
    mode = "MEMORY"
    if path != MEMORY:
        mode = "WAL" if has_safe_wal(driver) else "DELETE"
    waiting = "EXTRA" if mode == "DELETE" else "FULL"
    synchronous = waiting if durability == "full" else "OFF"
    return (*shared, f"journal_mode={mode}", f"synchronous={synchronous}", "foreign_keys=ON")


def _translate(error: BaseException | None, path: str, *, is_integrity: bool) -> Exception:
    code = getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR"
    name = Path(path).name
    if is_integrity:
        return RowRejected(f"a row breaks a constraint: {error}")
    if code in _FULL_CODES:
        return Full(
            f"{name} cannot be written ({error}): its disk is full, over quota or refuses "
            "writes; make room, nothing acknowledged is lost and writing then goes on by itself"
        )
    if code.startswith(_BUSY_CODES):
        return Busy(f"{name} was held by another process for {BUSY_SECONDS:g} s; try again")
    if code.startswith(_PLACE_CODES):
        return PermissionError(
            f"{path} cannot be opened for writing ({error}): check that the directory exists "
            "and that this user may write in it"
        )
    return Damaged(
        f"{name} is damaged or unreadable ({error}, {code}): stop, keep a copy of the file and "
        "of its -wal file, run 'restante journal verify', and restore the last good copy"
    )


def check_place(path: str) -> None:
    """Check that a journal can be put there.

    Raises
    ------
    FileNotFoundError
        When the directory does not exist.
    """
    parent = Path(path).parent
    if path != MEMORY and not parent.is_dir():
        raise FileNotFoundError(f"the directory {parent} does not exist; make it first")
