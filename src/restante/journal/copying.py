"""Copies of a database as it was at one moment, while others write it.

SQLite copies itself through its online backup; PostgreSQL through its own programs, which read
the very snapshot whose last position is told. What is put back replaces nothing: what was there is
moved aside under another name.

It knows databases and nothing of what is stored.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import URL, Connection, create_engine, select
from sqlalchemy.pool import NullPool

from .inspection import last_position
from .migrations import VERSION_KEY
from .port import Damaged
from .postgres_server import APPLICATION, make_readers, make_writers, parse_address, translated
from .sqlite_file import newest_sqlite
from .tables import META

SIDE_FILES: Final = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file; moved with it."""


class CopyFailed(RuntimeError):
    """A copy could not be made or put back; the message says what to do."""


class Copied(NamedTuple):
    """A copy of a database."""

    position: int
    """Last position in it."""
    schema_version: int
    schema: str = ""
    """PostgreSQL: the schema its tables are in."""


def copy_sqlite(source: Path, target: Path) -> Copied:
    """Copy a file as it is at this moment, while a centre writes it.

    Raises
    ------
    CopyFailed
        When it cannot be read, or the copy not be written.
    """
    driver = newest_sqlite()
    try:
        with (
            closing(driver.connect(f"file:{_quoted(source)}?mode=ro", uri=True)) as reading,
            closing(driver.connect(os.fspath(target))) as writing,
        ):
            # All pages in one step: one moment, and no beginning anew when somebody writes.
            reading.backup(writing, pages=-1)
    except driver.Error as error:
        raise CopyFailed(f"{source} could not be copied to {target}: {error}") from error
    for name in SIDE_FILES:
        target.with_name(target.name + name).unlink(missing_ok=True)
    engine = create_engine("sqlite://", creator=lambda: driver.connect(target), poolclass=NullPool)
    with engine.connect() as connection:
        return _look(connection)


def copy_postgres(address: str, password: str, target: Path) -> Copied:
    """Copy a database's tables in ``pg_dump``'s own format, in one snapshot.

    Raises
    ------
    CopyFailed
        When ``pg_dump`` is not installed, older than the server, or fails.
    """
    url = parse_address(address, password)
    engine = make_readers(url)
    try:
        with translated(url), engine.begin() as connection:
            schema = _schema_of(connection)
            copied = _look(connection)._replace(schema=schema)
            snapshot = str(connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
            # The snapshot lives as long as this transaction.
            wanted = ["--format=custom", "--no-owner", "--no-privileges", f"--schema={schema}"]
            _run("pg_dump", url, *wanted, f"--snapshot={snapshot}", f"--file={target}")
    finally:
        engine.dispose()
    return copied


def is_postgres_empty(address: str, password: str) -> bool:
    """Whether no journal is where an address leads."""
    url = parse_address(address, password)
    with _connected(url) as connection:
        found = connection.exec_driver_sql("SELECT to_regclass('meta')").scalar_one()
    return found is None


def count_centres(address: str, password: str, *, patience_seconds: float = 3.0) -> int:
    """Count connections that programs of restante hold to a database besides this one.

    A server notices a moment later that a program has ended; so long is waited for nobody.
    """
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = %s AND pid <> pg_backend_pid()"
    )
    until = time.monotonic() + patience_seconds
    while True:
        with _connected(parse_address(address, password)) as connection:
            found = int(connection.exec_driver_sql(query, (APPLICATION,)).scalar_one())
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.1)


def put_back_postgres(address: str, password: str, source: Path, *, schema: str, aside: str) -> str:
    """Put a copy back, in one transaction; what was there is in another schema afterwards.

    Parameters
    ----------
    schema
        Where the copy's tables were, and must be again.
    aside
        Ending of the other schema's name.

    Returns
    -------
    str
        Name of the schema that holds what was there; empty when nothing was.

    Raises
    ------
    CopyFailed
        When the address leads into another schema, or ``pg_restore`` fails.
    """
    url = parse_address(address, password)
    moved = ""
    with _connected(url) as connection:
        here = _schema_of(connection)
        if here != schema:
            raise CopyFailed(
                f"the copy is of schema {schema!r}, the address leads into {here!r}; "
                f"add ?options=-csearch_path%3D{schema} to it"
            )
        if connection.exec_driver_sql("SELECT to_regclass('meta')").scalar_one() is not None:
            moved = f"{schema}_{aside}"
            quote = connection.dialect.identifier_preparer.quote
            connection.exec_driver_sql(f"ALTER SCHEMA {quote(schema)} RENAME TO {quote(moved)}")
            connection.exec_driver_sql(f"CREATE SCHEMA {quote(schema)}")
    # The schema is there already, and may not be ours to make.
    listed = _run("pg_restore", None, "--list", str(source))
    lines = [line for line in listed.splitlines() if " SCHEMA - " not in line]
    try:
        # Not beside the copy: that one may be on a disk nobody may write.
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as wanted:
            wanted.write("\n".join(lines) + "\n")
            wanted.flush()
            steps = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            _run("pg_restore", url, *steps, f"--use-list={wanted.name}", str(source))
    except CopyFailed:
        if moved:
            _move_back(url, schema, moved)
        raise
    return moved


def _move_back(url: URL, schema: str, moved: str) -> None:
    with _connected(url) as connection:
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"DROP SCHEMA {quote(schema)}")
        connection.exec_driver_sql(f"ALTER SCHEMA {quote(moved)} RENAME TO {quote(schema)}")


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = make_writers(url, durability="full")
    try:
        with translated(url), engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def _schema_of(connection: Connection) -> str:
    found = connection.exec_driver_sql("SELECT current_schema()").scalar_one()
    if found is None:
        raise CopyFailed("the address leads into no schema; make it first, or mend search_path")
    return str(found)


def _look(connection: Connection) -> Copied:
    written = connection.scalar(select(META.c.value).where(META.c.key == VERSION_KEY)) or ""
    if not written.isdecimal():
        raise Damaged(f"the journal's schema version reads {written!r}: it is damaged")
    return Copied(last_position(connection), int(written))


def _run(program: str, url: URL | None, *arguments: str) -> str:
    environment = {**os.environ, "LC_ALL": "C"}
    target: Sequence[str] = ()
    if url is not None:
        # A password is never an argument: everybody on a machine can read those.
        if url.password is not None:
            environment["PGPASSWORD"] = str(url.password)
        shown = url.set(drivername="postgresql", password=None).render_as_string()
        target = (f"--dbname={shown}",)
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and no shell
            [program, *target, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise CopyFailed(f"{program} is not installed: install PostgreSQL's client") from error
    if done.returncode != 0:
        raise CopyFailed(f"{program} failed: {done.stderr.strip()[:1000]}")
    return done.stdout


def _quoted(path: Path) -> str:
    return os.fspath(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
