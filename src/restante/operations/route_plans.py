"""Plans of couriers' routes: ask for one, search for it, cancel it, put it in force.

R1. Whoever is told that a plan is being made can rely on it: the problem is committed first, and a
    search that a restart ended begins anew.
R2. Only so many plans of one asker are open at a time, so that nobody keeps the others waiting.
R3. A plan is put in force for its day by an operator; that is a fact. It moves no booking.
R4. Plans are thrown away after a while: they may name places where people live.

Searching is :mod:`restante.wiring`'s business, in a process of its own. It must not know how a
problem is solved.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection

from ..access import Scope
from ..clock import Clock
from ..core import dispatch
from ..core.dispatch import Dispatch
from ..core.ids import PartnerId, PlanId, dispatch_stream
from ..core.refusal import Reason, Refused
from ..core.value import DAY, UtcSeconds, Value
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import Journal, RowChange, Scalar
from ..views import route_tables
from ..views.principal import NotFound, Principal, Role
from ..views.route_tables import OPEN, PAPERS, ROUTE_PAPERS, ROUTE_PLANS, Figures, ShownPlan, pack
from .means import Means

PROBLEM_BYTES_MAX: Final = 32_000_000
"""Largest problem: the two tables of 1,400 places, or of 2,000 written in whole numbers."""

SECONDS_MAX: Final = 600.0
"""Longest search; longer ones are for the command line (chosen)."""

OPEN_MAX: Final = 5
"""Plans of one asker that are being made or wait (R2, chosen)."""

KEPT_DAYS: Final = 35
"""How long plans are kept (R4, chosen): a month, to compare."""

CLAIM_SECONDS: Final = 30
"""How long a claim counts without being said again."""


RENEW_SECONDS: Final = 20
"""A claim that ends sooner is said again."""


class BadRoutes(ValueError):
    """What shall be planned cannot be; the message names the entry and says what to do."""


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


class Progress(Value):
    """How a search goes."""

    stage: str
    """``reading``, ``compiling`` or ``searching``."""
    share: float = 0.0
    cost: float | None = None
    vehicles: int = 0
    iterations: int = 0
    per_second: float = 0.0


class Claimed(NamedTuple):
    """A plan to search for."""

    plan: PlanId
    problem: bytes
    seconds: float
    seed: int


class Found(NamedTuple):
    """What a search came to."""

    result: bytes
    geojson: bytes
    figures: Figures
    problem: bytes = b""
    """The problem with the travel times it was given; empty when it brought its own."""


def ask_plan(
    means: Means, principal: Principal, wanted: Wanted, *, open_count: int = 0
) -> Operation[PlanId]:
    """Keep a problem, to be searched as soon as it is its turn (R1).

    Parameters
    ----------
    open_count
        Plans of the asker that are open already.

    Raises
    ------
    BadRoutes
        When the asker has too many open ones (R2), or the search would be too long.
    """
    principal.need_role(Role.OPERATOR, Role.PARTNER)
    principal.need_scope(Scope.ROUTES_PLAN)
    if open_count >= OPEN_MAX:
        raise BadRoutes(f"{OPEN_MAX} plans are being made already: wait for one, or cancel it")
    if not 0 < wanted.seconds <= SECONDS_MAX:
        raise BadRoutes(f"seconds: more than 0, at most {SECONDS_MAX:.0f}")
    plan = PlanId(means.minter.make("t"))
    packed = pack(wanted.problem)

    def run(ledger: Ledger) -> PlanId:
        values: dict[str, Scalar] = {
            "partner": wanted.partner,
            "owner": owner_of(principal),
            "day": wanted.day,
            "title": wanted.title[:200],
            "source": wanted.source,
            "made_by": principal.actor,
            "made_at": ledger.now,
            "status": "waiting",
            "seconds": wanted.seconds,
            "seed": wanted.seed,
            "claimed_by": "",
            "claimed_until": 0,
            "ended_at": None,
            "says": "",
            "assumed": msgspec.json.encode(wanted.assumed).decode(),
            "figures": "",
        }
        ledger.put(RowChange(ROUTE_PLANS.name, (plan,), values))
        ledger.put(RowChange(ROUTE_PAPERS.name, (plan, "problem"), {"body": packed}))
        return plan

    return Operation((), run)


def cancel_plan(principal: Principal, *, plan: PlanId) -> Operation[None]:
    """Stop searching; what is over stays as it is."""

    def run(ledger: Ledger) -> None:
        row = _find_row(ledger, principal, plan)
        if row["status"] in OPEN:
            _change(ledger, plan, row, status="cancelled", ended_at=ledger.now)

    return Operation((), run, ((ROUTE_PLANS.name, (plan,)),))


def put_in_force(principal: Principal, *, plan: PlanId, partner: PartnerId) -> Operation[None]:
    """Have the couriers of its partner follow a plan on its day (R3)."""
    return _dispatch(principal, dispatch.PutPlanInForce, plan, partner)


def withdraw(principal: Principal, *, plan: PlanId, partner: PartnerId) -> Operation[None]:
    """Have nobody follow a plan any more (R3)."""
    return _dispatch(principal, dispatch.WithdrawPlan, plan, partner)


def owner_of(principal: Principal) -> str:
    """Tell whose plans an asker's are; nothing for operators."""
    return "" if principal.role is Role.OPERATOR else str(principal.partner or principal.name)


class RouteDesk:
    """Plans that are being made, and questions about all.

    Parameters
    ----------
    reading
        Opens a transaction that sees one moment.
    journal
        For which plan is in force.
    clock
        Domain time.
    real
        Real time, for claims: a search takes its seconds also where a city's time is fast.
    missing
        What keeps this machine from planning; empty when nothing does.
    check_problem
        Reads a problem as a planner would; raises :class:`BadRoutes`.
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
        self._reading = reading
        self._journal = journal
        self._committer = committer
        self._clock = clock
        self._real = real
        self.missing = missing
        self.check_problem = check_problem
        self._live: dict[PlanId, Progress] = {}
        self._lock = threading.Lock()
        self.came = threading.Event()
        """Set when there is something new to search for or to cancel in this process."""

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
            found = route_tables.find_paper(connection, plan, name)
        if found is None:
            raise NotFound(f"{name} of plan", plan)
        return found

    def count_open(self, principal: Principal) -> int:
        """Count the asker's plans that are being made."""
        with self._reading() as connection:
            return route_tables.count_open(connection, owner_of(principal))

    def in_force(self, partner: PartnerId) -> Mapping[str, PlanId]:
        """Tell which plan is in force on which day."""
        stream = dispatch_stream(partner)
        row = self._journal.states([stream]).get(stream)
        return row.state.plans if row is not None and isinstance(row.state, Dispatch) else {}

    def progress(self) -> Mapping[PlanId, Progress]:
        """Tell how the searches of this process go."""
        with self._lock:
            return dict(self._live)

    # ── For whoever searches ──────────────────────────────────────────────────────────────────

    def claim(self, by: str) -> Claimed | None:
        """Take the oldest plan nobody searches for; ``None`` when there is none."""
        with self._reading() as connection:
            waiting = route_tables.list_unclaimed(connection, at=self._real.now(), limit=5)
        for plan in waiting:
            row = self._committer.run(self._claim(plan, by))
            if row is None:
                continue
            with self._reading() as connection:
                problem = route_tables.find_paper(connection, plan, "problem")
            if problem is not None:
                self.note(plan, Progress(stage="reading"))
                return Claimed(plan, problem, float(row["seconds"] or 0.0), int(row["seed"] or 0))
        return None

    def note(self, plan: PlanId, progress: Progress) -> None:
        """Tell how a search goes."""
        with self._lock:
            self._live[plan] = progress

    def keep_claim(self, plan: PlanId, by: str) -> bool:
        """Say again that it is searched for, now and then; False when it is to stop."""
        until = self._real.now() + RENEW_SECONDS
        with self._reading() as connection:
            if route_tables.is_claimed(connection, plan, by, until=until):
                return True
        return self._committer.run(self._claim(plan, by)) is not None

    def release(self, plan: PlanId, by: str) -> None:
        """Leave it to whoever comes next: this process ends."""
        self._forget(plan)
        self._committer.run(self._end(plan, by, {"status": "waiting", "claimed_until": 0}))

    def finish(self, plan: PlanId, by: str, found: Found) -> None:
        """Keep what was found."""
        papers = {"result": pack(found.result), "geojson": pack(found.geojson)}
        if found.problem:
            papers["problem"] = pack(found.problem)
        figures = msgspec.json.encode(found.figures).decode()
        self._committer.run(self._end(plan, by, {"status": "done", "figures": figures}, papers))
        self._forget(plan)

    def fail(self, plan: PlanId, by: str, says: str) -> None:
        """Keep why nothing was found."""
        self._committer.run(self._end(plan, by, {"status": "failed", "says": says[:2_000]}))
        self._forget(plan)

    def sweep(self) -> int:
        """Throw away plans that are too old (R4); how many."""
        before = UtcSeconds(self._clock.now() - KEPT_DAYS * DAY)
        with self._reading() as connection:
            old = route_tables.list_old(connection, before=before, limit=100)
        if old:
            self._committer.run(_throw_away(old))
        return len(old)

    def _forget(self, plan: PlanId) -> None:
        with self._lock:
            self._live.pop(plan, None)

    def _claim(self, plan: PlanId, by: str) -> Operation[Mapping[str, Scalar] | None]:
        now = self._real.now()

        def run(ledger: Ledger) -> Mapping[str, Scalar] | None:
            row = ledger.row(ROUTE_PLANS.name, (plan,))
            if row is None or row["status"] not in OPEN:
                return None
            if row["claimed_by"] != by and int(row["claimed_until"] or 0) > now:
                return None
            until = now + CLAIM_SECONDS
            _change(ledger, plan, row, status="running", claimed_by=by, claimed_until=until)
            return row

        return Operation((), run, ((ROUTE_PLANS.name, (plan,)),))

    def _end(
        self,
        plan: PlanId,
        by: str,
        values: Mapping[str, Scalar],
        papers: Mapping[str, bytes] | None = None,
    ) -> Operation[None]:
        def run(ledger: Ledger) -> None:
            row = ledger.row(ROUTE_PLANS.name, (plan,))
            # Cancelled meanwhile, or claimed by another after this process was silent for long.
            if row is None or row["status"] not in OPEN or row["claimed_by"] != by:
                return
            ended_at = None if values["status"] in OPEN else ledger.now
            _change(ledger, plan, row, **{"ended_at": ended_at, **values})
            for name, body in (papers or {}).items():
                ledger.put(RowChange(ROUTE_PAPERS.name, (plan, name), {"body": body}))

        return Operation((), run, ((ROUTE_PLANS.name, (plan,)),))


def _dispatch(
    principal: Principal, command: type[Any], plan: PlanId, partner: PartnerId
) -> Operation[None]:
    principal.need_role(Role.OPERATOR)
    stream = dispatch_stream(partner)

    def run(ledger: Ledger) -> None:
        row = _find_row(ledger, principal, plan)
        if row["status"] != "done" or not row["day"] or row["partner"] != partner or not partner:
            says = "only a finished plan for a day of a partner's couriers can be in force"
            raise Refused(Reason.NOT_POSSIBLE_NOW, says)
        asked = command(at=ledger.now, plan=plan, day=row["day"])
        facts = dispatch.decide(ledger.state(stream), asked)
        ledger.record(stream, *facts, by=principal.actor)

    return Operation((stream,), run, ((ROUTE_PLANS.name, (plan,)),))


def _throw_away(plans: tuple[PlanId, ...]) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        for plan in plans:
            ledger.put(RowChange(ROUTE_PLANS.name, (plan,), None))
            for name in PAPERS:
                ledger.put(RowChange(ROUTE_PAPERS.name, (plan, name), None))

    return Operation((), run)


def _find_row(ledger: Ledger, principal: Principal, plan: PlanId) -> Mapping[str, Scalar]:
    row = ledger.row(ROUTE_PLANS.name, (plan,))
    if row is None or (principal.role is not Role.OPERATOR and row["owner"] != owner_of(principal)):
        raise NotFound("plan", plan)
    return row


def _change(ledger: Ledger, plan: PlanId, row: Mapping[str, Scalar], **new: Scalar) -> None:
    ledger.put(RowChange(ROUTE_PLANS.name, (plan,), {**row, **new}))
