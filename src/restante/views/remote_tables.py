"""Doors opened from afar, as people look them up.

Rows follow from facts, see :mod:`.inline_remote`. Reading is here too: one table, few questions.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Column, Connection, Index, RowMapping, Table, Text, select

from ..core.ids import ActorId, CompartmentId, LockerId, OrderId, ParcelId
from ..core.remote import Outcome, Phase
from ..core.value import UtcSeconds, Value
from .principal import NotFound, Principal, Role
from .tables import VIEWS

REMOTE_OPENINGS: Final = Table(
    "remote_openings",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    Column("compartment", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("why", Text, nullable=False),
    Column("parcel", Text),
    Column("phase", Text, nullable=False),
    Column("outcome", Text),
    Column("reason", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("sent_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("position", BigInteger, nullable=False),
)
"""Every order to open a door from afar, and what came of it. ``until``: when its phase is over."""

Index("remote_openings_by_phase", REMOTE_OPENINGS.c.phase, REMOTE_OPENINGS.c.position)
Index("remote_openings_of_locker", REMOTE_OPENINGS.c.locker, REMOTE_OPENINGS.c.position)
Index("remote_openings_by_age", REMOTE_OPENINGS.c.asked_at)

CHALLENGES: Final = Table(
    "order_challenges",
    VIEWS,
    Column("locker", Text, primary_key=True),
    Column("challenge", Text, nullable=False),
)
"""What each locker gave last for orders to repeat; whichever process heard it."""


class ShownOpening(Value):
    """An order to open a door from afar."""

    order: OrderId
    locker: LockerId
    compartment: CompartmentId
    purpose: str
    asked_by: ActorId
    approved_by: ActorId | None
    why: str
    parcel: ParcelId | None
    phase: Phase
    outcome: Outcome | None
    reason: str
    asked_at: UtcSeconds
    until: UtcSeconds
    sent_at: UtcSeconds | None
    ended_at: UtcSeconds | None


def find_opening(
    connection: Connection, principal: Principal, locker: LockerId, order: OrderId
) -> ShownOpening:
    """Find one order.

    Raises
    ------
    NotFound
        When there is none that the asker may see: their own, and all for operators.
    """
    table = REMOTE_OPENINGS
    query = select(table).where(table.c.locker == locker, table.c.order_id == order)
    row = connection.execute(query).mappings().first()
    is_own = row is not None and row["asked_by"] == principal.actor
    if row is None or not (is_own or principal.role is Role.OPERATOR):
        raise NotFound("opening", order)
    return _shown(row)


def list_openings(
    connection: Connection,
    *,
    locker: LockerId | None = None,
    compartment: CompartmentId | None = None,
    phases: tuple[Phase, ...] = (),
    limit: int = 100,
) -> tuple[ShownOpening, ...]:
    """List orders, the last first."""
    table = REMOTE_OPENINGS
    query = select(table).order_by(table.c.position.desc()).limit(limit)
    if locker is not None:
        query = query.where(table.c.locker == locker)
    if compartment is not None:
        query = query.where(table.c.compartment == compartment)
    if phases:
        query = query.where(table.c.phase.in_([phase.value for phase in phases]))
    return tuple(map(_shown, connection.execute(query).mappings()))


def _shown(row: RowMapping) -> ShownOpening:
    values: dict[str, Any] = {name: row[name] for name in ShownOpening.__struct_fields__[1:]}
    outcome = row["outcome"]
    values["phase"] = Phase(row["phase"])
    values["outcome"] = None if outcome is None else Outcome(outcome)
    return ShownOpening(order=OrderId(row["order_id"]), **values)
