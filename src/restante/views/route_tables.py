"""Plans of couriers' routes: what was asked, how the search goes, what came of it.

P1  A plan is a row from the moment somebody is told that it is being made, so that no restart
    forgets it. Whoever searches claims the row for a while, and says so again and again.
P2  Problem and answer are papers of their own, compressed: lists never read them.
P3  A partner sees the plans its own programs asked for; operators see all.

Which plan is in force is no row: it is the state of the stream ``dispatch/<partner>``.
"""

import zlib
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    func,
    select,
)

from ..core.ids import PartnerId, PlanId
from ..core.value import UtcSeconds, Value
from .principal import NotFound, Principal, Role
from .tables import VIEWS

ROUTE_PLANS: Final = Table(
    "route_plans",
    VIEWS,
    Column("plan", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("claimed_by", Text, nullable=False),
    Column("claimed_until", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("says", Text, nullable=False),
    Column("assumed", Text, nullable=False),
    Column("figures", Text, nullable=False),
)
"""``partner``: whose couriers; ``owner``: the partner whose program asked, empty for operators.
``day``: local day it is for, or nothing. ``status``: ``waiting``, ``running``, ``done``, ``failed``
or ``cancelled``. ``claimed_until``: real time. ``says``: why it failed. ``assumed``: JSON list of
sentences. ``figures``: JSON of :class:`Figures`, empty before it is done."""

Index("route_plans_by_status", ROUTE_PLANS.c.status, ROUTE_PLANS.c.plan)
Index("route_plans_by_age", ROUTE_PLANS.c.made_at)

ROUTE_PAPERS: Final = Table(
    "route_papers",
    VIEWS,
    Column("plan", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
"""``problem``, ``result`` and ``geojson`` of plans: JSON, compressed."""

PAPERS: Final = ("problem", "result", "geojson")

OPEN: Final = ("waiting", "running")
"""Statuses of plans that are still being made."""


class Figures(Value):
    """What a plan comes to."""

    is_feasible: bool
    cost: float
    distance_m: float
    duration_s: float
    co2e_g: float
    vehicles: int
    parcels: int
    served: int
    iterations: int
    gap: float | None = None
    violated: tuple[str, ...] = ()
    travel: str = ""
    """Where travel times came from; empty when the problem brought its own."""


class ShownPlan(Value):
    """A plan of routes, without its papers."""

    plan: PlanId
    partner: PartnerId
    owner: str
    day: str
    title: str
    source: str
    made_by: str
    made_at: UtcSeconds
    status: str
    seconds: float
    seed: int
    ended_at: UtcSeconds | None
    says: str
    assumed: tuple[str, ...]
    figures: Figures | None
    """``None`` before it is done."""

    @property
    def is_open(self) -> bool:
        """Whether it is still being made."""
        return self.status in OPEN


def pack(paper: bytes) -> bytes:
    """Compress a paper: tables of distances shrink to a fifth."""
    return zlib.compress(paper, 6)


def find_plan(connection: Connection, principal: Principal, plan: PlanId) -> ShownPlan:
    """Find a plan.

    Raises
    ------
    NotFound
        When there is none that the asker may see (P3).
    """
    query = select(ROUTE_PLANS).where(ROUTE_PLANS.c.plan == plan, *_visible(principal))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("plan", plan)
    return _shown(row)


def list_plans(
    connection: Connection, principal: Principal, *, status: str | None = None, limit: int
) -> tuple[ShownPlan, ...]:
    """List plans, the last first."""
    query = select(ROUTE_PLANS).where(*_visible(principal))
    if status is not None:
        query = query.where(ROUTE_PLANS.c.status == status)
    query = query.order_by(ROUTE_PLANS.c.made_at.desc(), ROUTE_PLANS.c.plan.desc()).limit(limit)
    return tuple(_shown(row) for row in connection.execute(query).mappings())


def count_open(connection: Connection, owner: str) -> int:
    """Count plans of one owner that are still being made."""
    query = select(func.count()).select_from(ROUTE_PLANS)
    query = query.where(ROUTE_PLANS.c.status.in_(OPEN), ROUTE_PLANS.c.owner == owner)
    return connection.scalar(query) or 0


def find_paper(connection: Connection, plan: PlanId, name: str) -> bytes | None:
    """Read a paper of a plan."""
    table = ROUTE_PAPERS
    query = select(table.c.body).where(table.c.plan == plan, table.c.name == name)
    body = connection.scalar(query)
    return None if body is None else zlib.decompress(body)


def list_unclaimed(connection: Connection, *, at: int, limit: int) -> tuple[PlanId, ...]:
    """List plans nobody searches for, the oldest first."""
    table = ROUTE_PLANS
    query = select(table.c.plan).where(table.c.status.in_(OPEN), table.c.claimed_until <= at)
    return tuple(connection.scalars(query.order_by(table.c.plan).limit(limit)))


def is_claimed(connection: Connection, plan: PlanId, by: str, *, until: int) -> bool:
    """Whether a plan is searched for by somebody whose claim counts until then at least."""
    table = ROUTE_PLANS
    query = select(table.c.plan).where(
        table.c.plan == plan,
        table.c.status.in_(OPEN),
        table.c.claimed_by == by,
        table.c.claimed_until >= until,
    )
    return connection.execute(query).first() is not None


def list_old(connection: Connection, *, before: UtcSeconds, limit: int) -> tuple[PlanId, ...]:
    """List plans that were made before a moment and are over."""
    table = ROUTE_PLANS
    query = select(table.c.plan).where(table.c.made_at < before, table.c.status.not_in(OPEN))
    return tuple(connection.scalars(query.limit(limit)))


def _visible(principal: Principal) -> list[Any]:
    if principal.role is Role.OPERATOR:
        return []
    if principal.role is Role.COURIER:
        return [ROUTE_PLANS.c.partner == (principal.partner or "")]
    return [ROUTE_PLANS.c.owner == (principal.partner or "?")]


def _shown(row: RowMapping) -> ShownPlan:
    hidden = ("claimed_by", "claimed_until", "assumed", "figures")
    values = {name: value for name, value in row.items() if name not in hidden}
    return ShownPlan(
        **values,
        assumed=msgspec.json.decode(row["assumed"], type=tuple[str, ...]),
        figures=msgspec.json.decode(row["figures"], type=Figures) if row["figures"] else None,
    )
