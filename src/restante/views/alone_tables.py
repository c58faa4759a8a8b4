"""What lockers did alone: parcels taken in unannounced, and how good their clocks are."""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Table, Text

from .tables import VIEWS

FOUND: Final = Table(
    "found",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("local", Text, primary_key=True),
    Column("parcel", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("courier", Text, nullable=False),
    Column("clock", Text, nullable=False),
    Column("receipt_by", Text),
    Column("receipt_at", BigInteger),
    Column("is_reported", Boolean, nullable=False),
)
"""``local``: the locker's own name of a parcel; ``parcel``: ours. ``receipt_by``: who brought the
receipt, where one came; ``is_reported``: whether the locker itself has told it by now."""

LOCKER_CLOCKS: Final = Table(
    "locker_clocks",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("clock", Text, nullable=False),
)
"""``synced``, ``holdover`` or ``unknown``, as each locker last said of its clock."""
