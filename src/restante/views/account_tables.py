"""Who runs the network and who is signed in at which browser.

Beside :mod:`.tables`: accounts of persons are no facts. Every key begins with its owner, an account
or the digest of a session's token. Passwords are kept as argon2id hashes, tokens as digests.
"""

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text

from .tables import VIEWS

OPERATORS: Final = Table(
    "operators",
    VIEWS,
    Column("operator", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("failed_count", Integer, nullable=False),
    Column("failed_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
)
"""Persons who run the network. ``operator``: the name they type; ``password``: argon2id."""

SETUPS: Final = Table(
    "setups",
    VIEWS,
    Column("name", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
)
"""The token with which the first operator makes an account; one row."""

WEB_SESSIONS: Final = Table(
    "web_sessions",
    VIEWS,
    Column("digest", LargeBinary, primary_key=True),
    Column("role", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("partner", Text),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""Browsers in which somebody is signed in; found by the digest of the cookie's token."""

Index("web_sessions_by_age", WEB_SESSIONS.c.seen_at)
