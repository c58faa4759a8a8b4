"""Searches of machines: rows of what was asked and papers of what came of it.

S1  A search is a row from the moment somebody is told that it is being made, so that no restart
    forgets it. Whoever searches claims the row for a while, and says so again and again.
S2  Problem and answer are papers of their own, compressed: lists never read them.

Each kind of search has a pair of tables of its own; see :mod:`.route_tables` and
:mod:`.study_tables`.
"""

import zlib
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    func,
    select,
)

from ..core.value import UtcSeconds, Value
from .tables import VIEWS

OPEN: Final = ("waiting", "running")
"""Statuses of searches that are still being made."""


class SearchTables(NamedTuple):
    """Where searches of one kind lie."""

    rows: Table
    """With one key, and the columns of :func:`search_columns`."""
    papers: Table
    """See :func:`papers_table`."""
    names: tuple[str, ...]
    """Of the papers a search may have; the first is the problem."""

    @property
    def key(self) -> Column[Any]:
        """What names a search."""
        return next(iter(self.rows.primary_key.columns))


class ShownSearch(Value):
    """What is told of searches of all kinds, without their papers."""

    owner: str
    title: str
    made_by: str
    made_at: UtcSeconds
    status: str
    seconds: float
    seed: int
    ended_at: UtcSeconds | None
    says: str

    @property
    def is_open(self) -> bool:
        """Whether it is still being made."""
        return self.status in OPEN


def search_columns() -> tuple[Column[Any], ...]:
    """Make the columns that rows of all kinds have.

    ``owner``: the partner whose program asked, empty for operators. ``status``: ``waiting``,
    ``running``, ``done``, ``failed`` or ``cancelled``. ``claimed_until``: real time. ``says``: why
    it failed. ``figures``: JSON of what it came to, empty before it is done.
    """
    return (
        Column("owner", Text, nullable=False),
        Column("title", Text, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("status", Text, nullable=False),
        Column("seconds", Float, nullable=False),
        Column("seed", Integer, nullable=False),
        Column("claimed_by", Text, nullable=False),
        Column("claimed_until", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("says", Text, nullable=False),
        Column("figures", Text, nullable=False),
    )


def papers_table(name: str, key: str) -> Table:
    """Make the table of papers: JSON, compressed, by search and name."""
    return Table(
        name,
        VIEWS,
        Column(key, Text, primary_key=True),
        Column("name", Text, primary_key=True),
        Column("body", LargeBinary, nullable=False),
    )


def pack(paper: bytes) -> bytes:
    """Compress a paper: tables of distances shrink to a fifth."""
    return zlib.compress(paper, 6)


def count_open(connection: Connection, tables: SearchTables, owner: str) -> int:
    """Count searches of one owner that are still being made."""
    rows = tables.rows.c
    query = select(func.count()).select_from(tables.rows)
    return connection.scalar(query.where(rows.status.in_(OPEN), rows.owner == owner)) or 0


def find_paper(connection: Connection, tables: SearchTables, key: str, name: str) -> bytes | None:
    """Read a paper of a search."""
    table = tables.papers
    mine = next(iter(table.primary_key.columns)) == key
    body = connection.scalar(select(table.c.body).where(mine, table.c.name == name))
    return None if body is None else zlib.decompress(body)


def list_unclaimed(
    connection: Connection, tables: SearchTables, *, at: int, limit: int
) -> tuple[str, ...]:
    """List searches nobody is at, the oldest first."""
    rows = tables.rows.c
    query = select(tables.key).where(rows.status.in_(OPEN), rows.claimed_until <= at)
    return tuple(connection.scalars(query.order_by(tables.key).limit(limit)))


def is_claimed(
    connection: Connection, tables: SearchTables, key: str, by: str, *, until: int
) -> bool:
    """Whether somebody is at a search whose claim counts until then at least."""
    rows = tables.rows.c
    query = select(tables.key).where(
        tables.key == key,
        rows.status.in_(OPEN),
        rows.claimed_by == by,
        rows.claimed_until >= until,
    )
    return connection.execute(query).first() is not None


def list_old(
    connection: Connection, tables: SearchTables, *, before: UtcSeconds, limit: int
) -> tuple[str, ...]:
    """List searches that were asked for before a moment and are over."""
    rows = tables.rows.c
    query = select(tables.key).where(rows.made_at < before, rows.status.not_in(OPEN))
    return tuple(connection.scalars(query.limit(limit)))
