"""The tables of a journal.

Every key begins with the stream's owner (or is one column), so that the tables can be
hash-partitioned by it. Positions are unique where one file has one writer (SQLite); a partitioned
database cannot promise that and does not need to.

It knows the record and no view: inline views are defined by their room and passed in.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, text

METADATA: Final = MetaData()
"""The journal's own tables, without inline views."""

FACTS: Final = Table(
    "facts",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("by", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("origin_epoch", Text),
    Column("origin_seq", BigInteger),
    Column("recorded_at", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
"""The record itself: only ever inserted into."""

Index("facts_by_position", FACTS.c.position, unique=True).ddl_if(dialect="sqlite")
Index("facts_in_position_order", FACTS.c.position).ddl_if(dialect="postgresql")

STATES: Final = Table(
    "states",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
)
"""The fold of each stream, written with its facts."""

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("done_at", BigInteger),
    Column("dead", Integer, nullable=False),
)
"""Work to be performed. Done rows stay: their keys are never written again."""

Index(
    "outbox_waiting",
    OUTBOX.c.due_at,
    sqlite_where=text("done_at IS NULL AND dead = 0"),
    postgresql_where=text("done_at IS NULL AND dead = 0"),
)

CURSORS: Final = Table(
    "cursors",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Where each follower stands."""

SEALS: Final = Table(
    "seals",
    METADATA,
    Column("day", Text, primary_key=True),
    Column("after_position", BigInteger, nullable=False),
    Column("to_position", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)
"""Signed daily heads."""

ARCHIVES: Final = Table(
    "archives",
    METADATA,
    Column("last_position", BigInteger, primary_key=True, autoincrement=False),
    Column("after_position", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("facts", BigInteger, nullable=False),
    Column("file", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("archived_at", BigInteger, nullable=False),
)
"""Facts that were moved into files. The last position of all is the journal's floor."""

CHECKPOINTS: Final = Table(
    "checkpoints",
    METADATA,
    Column("owner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("floor", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("head_hash", LargeBinary, nullable=False),
)
"""Each stream as it stood where an archive ends; one beyond the floor does not count."""

META: Final = Table(
    "meta",
    METADATA,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""Facts about the file itself: schema version, fingerprint of the inline views."""
