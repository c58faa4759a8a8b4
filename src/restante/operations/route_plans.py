"""Plans of couriers' routes: ask for one, put it in force; see :mod:`.searches` for the rest.

A plan is put in force for its day by an operator; that is a fact (R4). It moves no booking. Plans
may name places where people live: they are thrown away after a while.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from ..access import Scope
from ..clock import Clock
from ..core import dispatch
from ..core.dispatch import Dispatch
from ..core.ids import PartnerId, PlanId, dispatch_stream
from ..core.refusal import Reason, Refused
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import Journal, Scalar
from ..views import route_tables, search_tables
from ..views.principal import NotFound, Principal, Role
from ..views.route_tables import ROUTE_PLANS, ROUTES, ShownPlan
from .means import Means
from .searches import Searches, cancel, check_wanted, find_row, keep_problem, owner_of


class Wanted(NamedTuple):
    """A plan that somebody asks for."""

    problem: bytes
    """JSON, checked already."""
    title: str
    source: str
    """``network``, ``file`` or ``api``."""
    seconds: float
    seed: int
    partner: PartnerId = PartnerId("")
    """Whose couriers shall drive; nobody's when empty."""
    day: str = ""
    assumed: tuple[str, ...] = ()


def ask_plan(
    means: Means, principal: Principal, wanted: Wanted, *, open_count: int = 0
) -> Operation[PlanId]:
    """Keep a problem, to be searched as soon as it is its turn.

    Parameters
    ----------
    open_count
        Plans of the asker that are open already.

    Raises
    ------
    BadSearch
        When the asker has too many open ones, or the search would be too long.
    """
    principal.need_role(Role.OPERATOR, Role.PARTNER)
    principal.need_scope(Scope.ROUTES_PLAN)
    check_wanted(wanted.seconds, open_count, what="plans")
    plan = PlanId(means.minter.make("t"))
    values: dict[str, Scalar] = {
        "partner": wanted.partner,
        "owner": owner_of(principal),
        "day": wanted.day,
        "title": wanted.title[:200],
        "source": wanted.source,
        "made_by": principal.actor,
        "seconds": wanted.seconds,
        "seed": wanted.seed,
        "assumed": msgspec.json.encode(wanted.assumed).decode(),
    }

    def run(ledger: Ledger) -> PlanId:
        keep_problem(ledger, ROUTES, plan, wanted.problem, values)
        return plan

    return Operation((), run)


def cancel_plan(principal: Principal, *, plan: PlanId) -> Operation[None]:
    """Stop searching; what is over stays as it is."""
    return cancel(principal, ROUTES, plan)


def put_in_force(principal: Principal, *, plan: PlanId, partner: PartnerId) -> Operation[None]:
    """Have the couriers of its partner follow a plan on its day (R4)."""
    return _dispatch(principal, dispatch.PutPlanInForce, plan, partner)


def withdraw(principal: Principal, *, plan: PlanId, partner: PartnerId) -> Operation[None]:
    """Have nobody follow a plan any more (R4)."""
    return _dispatch(principal, dispatch.WithdrawPlan, plan, partner)


class RouteDesk(Searches):
    """Plans that are being made, and questions about all.

    Parameters
    ----------
    journal
        For which plan is in force.
    check_problem
        Reads a problem as a search would; raises :class:`.searches.BadSearch`.
    reading, committer, clock, real, missing
        See :class:`.searches.Searches`.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        journal: Journal,
        committer: Committer,
        clock: Clock,
        real: Clock,
        missing: str = "",
        check_problem: Callable[[bytes], str] = lambda _: "",
    ) -> None:
        super().__init__(
            ROUTES, reading=reading, committer=committer, clock=clock, real=real, missing=missing
        )
        self._journal = journal
        self.check_problem = check_problem

    def plans(
        self, principal: Principal, *, status: str | None = None, limit: int = 100
    ) -> tuple[ShownPlan, ...]:
        """List plans the asker may see, the last first."""
        with self._reading() as connection:
            return route_tables.list_plans(connection, principal, status=status, limit=limit)

    def plan(self, principal: Principal, plan: PlanId) -> ShownPlan:
        """Find a plan; see :func:`restante.views.route_tables.find_plan`."""
        with self._reading() as connection:
            return route_tables.find_plan(connection, principal, plan)

    def paper(self, principal: Principal, plan: PlanId, name: str) -> bytes:
        """Read ``problem``, ``result`` or ``geojson`` of a plan.

        Raises
        ------
        NotFound
            When there is no such plan, or it has no such paper yet.
        """
        with self._reading() as connection:
            route_tables.find_plan(connection, principal, plan)
            found = search_tables.find_paper(connection, ROUTES, plan, name)
        if found is None:
            raise NotFound(f"{name} of plan", plan)
        return found

    def in_force(self, partner: PartnerId) -> Mapping[str, PlanId]:
        """Tell which plan is in force on which day."""
        stream = dispatch_stream(partner)
        row = self._journal.states([stream]).get(stream)
        return row.state.plans if row is not None and isinstance(row.state, Dispatch) else {}


def _dispatch(
    principal: Principal, command: type[Any], plan: PlanId, partner: PartnerId
) -> Operation[None]:
    principal.need_role(Role.OPERATOR)
    stream = dispatch_stream(partner)

    def run(ledger: Ledger) -> None:
        row = find_row(ledger, ROUTES, principal, plan)
        if row["status"] != "done" or not row["day"] or row["partner"] != partner or not partner:
            says = "only a finished plan for a day of a partner's couriers can be in force"
            raise Refused(Reason.NOT_POSSIBLE_NOW, says)
        asked = command(at=ledger.now, plan=plan, day=row["day"])
        facts = dispatch.decide(ledger.state(stream), asked)
        ledger.record(stream, *facts, by=principal.actor)

    return Operation((stream,), run, ((ROUTE_PLANS.name, (plan,)),))
