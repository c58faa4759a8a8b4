"""The journal's schema, from every released version to this one.

A new file is made at the newest version at once. An older one walks through :data:`STEPS`, all
in the transaction that opens it: it is wholly upgraded or untouched. Steps are plain functions
over a connection and not Alembic's, because every locker runs them while starting, and a locker's
computer carries no migration tool. Inline views are the business of their room: missing tables
and columns are added when their definition has changed.

A step is never edited after its release; a change of schema is a new step.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from sqlalchemy import Connection, Table, insert, inspect, select
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from .port import Damaged
from .tables import ARCHIVES, CHECKPOINTS, META, METADATA

Shape: TypeAlias = Callable[[Table], Table]
"""Gives a table the form it has in one kind of database."""

Step: TypeAlias = Callable[[Connection, Shape], None]
"""Takes the schema from one version to the next."""


def _make_archives(connection: Connection, shape: Shape) -> None:
    for table in (ARCHIVES, CHECKPOINTS):
        shape(table).create(connection)


STEPS: Final[tuple[Step, ...]] = (_make_archives,)
"""``STEPS[0]`` leads from version 1 to version 2."""

VERSION_KEY: Final = "schema_version"
INLINE_KEY: Final = "inline_views"


class TooNew(Exception):
    """The journal was written by a newer release; nothing was changed."""


def _leave(table: Table) -> Table:
    return table


def migrate(
    connection: Connection,
    inline: Sequence[Table],
    steps: Sequence[Step] = STEPS,
    *,
    shape: Shape = _leave,
) -> None:
    """Bring a database to the newest schema, in the caller's transaction.

    Parameters
    ----------
    connection
        Inside a transaction that is committed afterwards.
    inline
        Tables of the inline views.
    steps
        From version 1 on.
    shape
        How tables look in this kind of database.

    Raises
    ------
    TooNew
        When a newer release wrote it.
    Damaged
        When it says of itself what cannot be.
    """
    newest = len(steps) + 1
    if not inspect(connection).has_table(META.name):
        for table in METADATA.sorted_tables:
            shape(table).create(connection)
        _write(connection, VERSION_KEY, str(newest))
    written = _read(connection, VERSION_KEY) or ""
    if not written.isdecimal():
        raise Damaged(
            f"the journal's schema version reads {written!r}: the file is damaged; "
            "restore the last good copy"
        )
    version = int(written)
    if version > newest:
        raise TooNew(
            f"the journal has schema version {version}, this release knows {newest}: "
            "start a release at least as new as the one that wrote it"
        )
    if version < newest:
        for step in steps[version - 1 :]:
            step(connection, shape)
        _write(connection, VERSION_KEY, str(newest))
    _fit_inline(connection, [shape(table) for table in inline])


def _fit_inline(connection: Connection, inline: Sequence[Table]) -> None:
    wanted: list[CreateTable | CreateIndex] = [CreateTable(table) for table in inline]
    wanted += [CreateIndex(index) for table in inline for index in table.indexes]
    statements = sorted(str(element.compile(connection)) for element in wanted)
    fingerprint = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    if _read(connection, INLINE_KEY) == fingerprint:
        return
    schema = inspect(connection)
    for table in inline:
        if not schema.has_table(table.name):
            table.create(connection)
            continue
        existing = {column["name"] for column in schema.get_columns(table.name)}
        for column in table.columns:
            if column.name not in existing:
                definition = CreateColumn(column).compile(connection)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {definition}')
        for index in table.indexes:
            index.create(connection, checkfirst=True)
    _write(connection, INLINE_KEY, fingerprint)


def _read(connection: Connection, key: str) -> str | None:
    found: str | None = connection.scalar(select(META.c.value).where(META.c.key == key))
    return found


def _write(connection: Connection, key: str, value: str) -> None:
    connection.execute(META.delete().where(META.c.key == key))
    connection.execute(insert(META).values(key=key, value=value))
