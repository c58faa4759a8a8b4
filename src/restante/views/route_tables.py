"""Plans of couriers' routes: whose they are, for which day, what they come to.

P1  They are searched for, see :mod:`.search_tables`.
P2  A partner sees the plans its own programs asked for; operators see all.

Which plan is in force is no row: it is the state of the stream ``dispatch/<partner>``.
"""

from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Index, RowMapping, Table, Text, select

from ..core.ids import PartnerId, PlanId
from ..core.value import Value
from .principal import NotFound, Principal, Role
from .search_tables import SearchTables, ShownSearch, papers_table, search_columns
from .tables import VIEWS

ROUTE_PLANS: Final = Table(
    "route_plans",
    VIEWS,
    Column("plan", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("assumed", Text, nullable=False),
    *search_columns(),
)
"""``partner``: whose couriers. ``day``: local day it is for, or nothing. ``assumed``: JSON list of
sentences. ``figures``: of :class:`Figures`."""

Index("route_plans_by_status", ROUTE_PLANS.c.status, ROUTE_PLANS.c.plan)
Index("route_plans_by_age", ROUTE_PLANS.c.made_at)

ROUTES: Final = SearchTables(
    ROUTE_PLANS, papers_table("route_papers", "plan"), ("problem", "result", "geojson")
)


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


class ShownPlan(ShownSearch):
    """A plan of routes, without its papers."""

    plan: PlanId
    partner: PartnerId
    day: str
    source: str
    assumed: tuple[str, ...]
    figures: Figures | None
    """``None`` before it is done."""


def find_plan(connection: Connection, principal: Principal, plan: PlanId) -> ShownPlan:
    """Find a plan.

    Raises
    ------
    NotFound
        When there is none that the asker may see (P2).
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
