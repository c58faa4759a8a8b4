"""When each API key was last used, so that forgotten keys can be found and revoked."""

from typing import Final

from sqlalchemy import BigInteger, Column, Table, Text

from .tables import VIEWS

KEY_USES: Final = Table(
    "key_uses",
    VIEWS,
    Column("key_id", Text, primary_key=True),
    Column("used_at", BigInteger, nullable=False),
)
"""Written at most once a minute for each key."""
