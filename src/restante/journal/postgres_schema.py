"""How the journal's tables lie in PostgreSQL.

R1. Texts sort by their bytes, as in SQLite and in Python: pages of results must not depend on a
    server's locale.
R2. Facts lie in one partition for each month of their recording (UTC), made by the first writer of
    the month. In each, a stream's version is unique; across months the state row guards it.
R3. On wish every table with an owner is split by the hash of the owner, natively.
R4. Positions are given out from one row that is locked from the beginning of a batch to its
    commit. So they have no gaps and become visible in order: nobody who reads up to a position,
    a follower or a locker's list, can miss a slower writer's fact.
"""

import datetime as dt
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
    insert,
    inspect,
    select,
    text,
)

from ..core.value import UtcSeconds
from .tables import ARCHIVES, CURSORS, FACTS, META, SEALS

HEAD: Final = Table(
    "head",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("hash_parts", Integer, nullable=False),
)
"""One row: the last position, a number that no two batches leave alike, how tables are split."""

_WHOLE: Final = frozenset({ARCHIVES.name, CURSORS.name, META.name, SEALS.name})
"""Tables without an owner: few rows, never split."""

_SCHEMA_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('restante schema'))"


def lock_schema(connection: Connection) -> None:
    """Let one process at a time change the schema, until the transaction ends."""
    connection.execute(text(_SCHEMA_LOCK))


def settle_parts(connection: Connection, wished: int) -> int:
    """Tell into how many parts tables are split: as they were made, or as wished for new ones."""
    if not inspect(connection).has_table(HEAD.name):
        return wished
    return connection.scalar(select(HEAD.c.hash_parts)) or 0


def make_head(connection: Connection, hash_parts: int) -> None:
    """Make the row positions are given out from, where there is none."""
    if inspect(connection).has_table(HEAD.name):
        return
    HEAD.create(connection)
    connection.execute(insert(HEAD).values(id=1, position=0, generation=0, hash_parts=hash_parts))


@cache
def shape_for(hash_parts: int) -> Callable[[Table], Table]:
    """Make a function that gives each table the form it has here.

    Parameters
    ----------
    hash_parts
        Into how many parts tables are split by owner; 0 for none.
    """

    @lru_cache(maxsize=256)
    def shape(table: Table) -> Table:
        shaped = table.to_metadata(MetaData())
        for column in shaped.columns:
            if isinstance(column.type, Text):
                column.type = Text(collation="C")
        options: Any = shaped.dialect_options["postgresql"]
        if table.name == FACTS.name:
            # Its key is that of each month (R2).
            for column in tuple(shaped.primary_key.columns):
                column.primary_key = False
            shaped.append_constraint(PrimaryKeyConstraint())
            shaped.indexes -= {index for index in shaped.indexes if index.unique}
            options["partition_by"] = "RANGE (recorded_at)"
        elif hash_parts and table.name not in _WHOLE:
            owner = next(iter(shaped.primary_key.columns)).name
            options["partition_by"] = f'HASH ("{owner}")'

            @event.listens_for(shaped, "after_create")
            def split(_table: Table, connection: Connection, **_: Any) -> None:
                _make_parts(connection, shaped.name, hash_parts)

        return shaped

    return shape


def month_of(at: UtcSeconds) -> str:
    """Name the month of a moment, ``2026_11``."""
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y_%m")


def bounds_of(month: str) -> tuple[int, int]:
    """Find when a month begins and when the next one does."""
    first = dt.datetime.strptime(month, "%Y_%m").replace(tzinfo=dt.UTC)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return int(first.timestamp()), int(following.timestamp())


def make_month(connection: Connection, month: str, hash_parts: int) -> None:
    """Make the partition for a month's facts, where there is none."""
    lock_schema(connection)
    name = f"facts_{month}"
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
        return
    begin, end = bounds_of(month)
    split = " PARTITION BY HASH (owner)" if hash_parts else ""
    # Attached and not created in place: readers and writers of other months go on meanwhile.
    connection.exec_driver_sql(f"CREATE TABLE {name} (LIKE facts){split}")
    connection.exec_driver_sql(f"ALTER TABLE {name} ADD PRIMARY KEY (owner, kind, version)")
    _make_parts(connection, name, hash_parts)
    connection.exec_driver_sql(
        f"ALTER TABLE facts ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})"
    )


def drop_months(connection: Connection, until: UtcSeconds, floor: int) -> tuple[str, ...]:
    """Take months out of the facts, and drop them: those that end no later than a moment.

    One that got a fact after the floor, by a clock that went back, stays.
    """
    lock_schema(connection)
    found = connection.execute(
        text("SELECT relid::regclass::text FROM pg_partition_tree('facts') WHERE level = 1")
    )
    dropped = []
    for (name,) in found.all():
        month = str(name).strip('"').removeprefix("facts_")
        if bounds_of(month)[1] > until:
            continue
        # Nobody writes into it between the look and the drop.
        connection.exec_driver_sql(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
        later = text(f"SELECT EXISTS (SELECT 1 FROM {name} WHERE position > :floor)")  # noqa: S608 - a name of the catalog
        if not connection.scalar(later, {"floor": floor}):
            connection.exec_driver_sql(f"ALTER TABLE facts DETACH PARTITION {name}")
            connection.exec_driver_sql(f"DROP TABLE {name}")
            dropped.append(month)
    return tuple(dropped)


def _make_parts(connection: Connection, name: str, hash_parts: int) -> None:
    for part in range(hash_parts):
        connection.exec_driver_sql(
            f'CREATE TABLE "{name}_{part}" PARTITION OF "{name}" '
            f"FOR VALUES WITH (MODULUS {hash_parts}, REMAINDER {part})"
        )
