"""Plans of routes: asked for, searched for in a process of its own, put in force, thrown away."""

from collections.abc import Iterator

import msgspec
import pytest

from restante.clock import VirtualClock
from restante.core.ids import PartnerId, PlanId
from restante.core.refusal import Reason, Refused
from restante.core.streams import KINDS
from restante.core.value import DAY
from restante.journal.verify import verify
from restante.operations.route_network import Wish, make_network_problem
from restante.operations.route_plans import (
    RouteDesk,
    Wanted,
    ask_plan,
    cancel_plan,
    put_in_force,
    withdraw,
)
from restante.operations.searches import CLAIM_SECONDS, KEPT_DAYS, OPEN_MAX, BadSearch
from restante.planning.routing import Problem, Result, check
from restante.views import Principal
from restante.views.principal import Forbidden, NotFound
from restante.wiring.route_runner import check_problem, make_route_runner
from tests.web.stage import OPERATOR, Stage

SECONDS = 0.6
PATIENCE_SECONDS = 900
"""The kernel may have to be compiled first."""


@pytest.fixture(scope="module", autouse=True)
def _compiled_kernel() -> None:
    # Searches run with low priority: on a busy machine compiling would take them very long.
    from restante.planning.routing import warm_up

    warm_up()


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    opened = Stage(tmp_path_factory.mktemp("routes"), lockers=6, counters=1)
    opened.live_three_days()
    yield opened
    opened.close()


def wish(stage: Stage, **given: object) -> Wish:
    return Wish(partner=stage.partner, day="2026-11-28")._replace(**given)


def ask(stage: Stage, problem: bytes | None = None, **given: object) -> PlanId:
    if problem is None:
        made = make_network_problem(stage.centre.queries, wish(stage), now=stage.clock.now())
        problem = made.problem
    wanted = Wanted(problem=problem, title="tomorrow", source="network", seconds=SECONDS, seed=1,
                    partner=stage.partner, day="2026-11-28")  # fmt: skip
    asked = ask_plan(stage.centre.means, OPERATOR, wanted._replace(**given))
    return stage.centre.run(asked)


def search(stage: Stage, plan: PlanId, travel: str = "straight") -> str:
    """Let a runner work until a plan is over; its status."""
    desk = stage.centre.routes
    runner = make_route_runner(desk, name="test", travel=travel)
    runner.start()
    try:
        for _ in range(PATIENCE_SECONDS * 10):
            if not desk.plan(OPERATOR, plan).is_open:
                break
            runner._thread.join(0.1)
    finally:
        assert runner.close(10)
    return desk.plan(OPERATOR, plan).status


def desk_of(stage: Stage, real: VirtualClock) -> RouteDesk:
    centre = stage.centre
    return RouteDesk(reading=centre.journal.reading, journal=centre.journal,
                     committer=centre.committer, clock=centre.clock, real=real)  # fmt: skip


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_plan_of_the_networks_own_parcels_is_found_and_kept(stage: Stage):
    plan = ask(stage)
    assert search(stage, plan) == "done"
    shown = stage.centre.routes.plan(OPERATOR, plan)
    booked = stage.centre.queries.parcels(OPERATOR, status="booked").items
    back = stage.centre.queries.parcels(OPERATOR, status="expired").items
    assert shown.figures is not None
    assert (shown.figures.is_feasible, shown.figures.served) == (True, len(booked) + len(back))
    drawn = msgspec.json.decode(stage.centre.routes.paper(OPERATOR, plan, "geojson"))
    served = {one["parcel"]: stop["properties"]["place"] for stop in drawn["features"]
              if stop["properties"]["kind"] == "stop"
              for one in stop["properties"]["parcels"]}  # fmt: skip
    assert served == {one.parcel: one.site for one in (*booked, *back)}
    assert stage.centre.routes.progress() == {}
    # What it was given is kept with it: it can be planned again from the same travel times.
    assert shown.figures.travel == "straight lines × 1.35, not roads"
    problem = Problem.from_json(stage.centre.routes.paper(OPERATOR, plan, "problem"))
    result = Result.from_json(stage.centre.routes.paper(OPERATOR, plan, "result"))
    assert check(problem, result).is_feasible


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_source_of_travel_times_that_does_not_answer_fails_by_its_name(stage: Stage):
    plan = ask(stage)
    assert search(stage, plan, travel="osrm=http://127.0.0.1:9") == "failed"
    assert "127.0.0.1:9" in stage.centre.routes.plan(OPERATOR, plan).says


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_problem_that_cannot_be_meant_fails_and_says_why(stage: Stage):
    plan = ask(stage, b'{"type": "routing.problem.v1", "places": []}')
    assert search(stage, plan) == "failed"
    assert "required field" in stage.centre.routes.plan(OPERATOR, plan).says
    with pytest.raises(BadSearch, match="required field"):
        check_problem(b'{"type": "routing.problem.v1", "places": []}')


def test_a_search_that_a_restart_ended_is_taken_up_by_the_next(stage: Stage):
    real = VirtualClock(stage.clock.now())
    first, second = desk_of(stage, real), desk_of(stage, real)
    plan = ask(stage)
    claimed = first.claim("first")
    assert claimed is not None
    assert claimed.key == plan
    assert second.claim("second") is None
    real.set(real.now() + CLAIM_SECONDS + 1)
    taken = second.claim("second")
    assert taken is not None
    assert (taken.key, taken.problem) == (plan, claimed.problem)
    assert not first.keep_claim(plan, "first")
    first.fail(plan, "first", "too late")
    assert second.plan(OPERATOR, plan).status == "running"
    second.release(plan, "second")
    again = second.claim("third")
    assert again is not None
    assert again.key == plan
    stage.centre.run(cancel_plan(OPERATOR, plan=plan))
    assert not second.keep_claim(plan, "third")
    assert second.plan(OPERATOR, plan).status == "cancelled"


def test_nobody_keeps_the_others_waiting(stage: Stage):
    wanted = Wanted(problem=b"{}", title="x", source="api", seconds=1, seed=1)
    with pytest.raises(BadSearch, match="wait for one"):
        ask_plan(stage.centre.means, OPERATOR, wanted, open_count=OPEN_MAX)
    with pytest.raises(BadSearch, match="at most 600"):
        ask_plan(stage.centre.means, OPERATOR, wanted._replace(seconds=601))


def test_a_partner_sees_its_own_plans_and_puts_none_in_force(stage: Stage):
    own, other = (Principal.of_partner(PartnerId(name)) for name in ("acme", "other"))
    wanted = Wanted(problem=b"{}", title="x", source="api", seconds=1, seed=1)
    plan = stage.centre.run(ask_plan(stage.centre.means, own, wanted))
    desk = stage.centre.routes
    assert [one.plan for one in desk.plans(own)] == [plan]
    assert desk.plans(other) == ()
    with pytest.raises(NotFound):
        desk.paper(other, plan, "problem")
    with pytest.raises(NotFound):
        stage.centre.run(cancel_plan(other, plan=plan))
    with pytest.raises(Forbidden):
        put_in_force(own, plan=plan, partner=PartnerId("acme"))
    without = Principal.of_partner(PartnerId("acme"), frozenset())
    with pytest.raises(Forbidden, match="routes:plan"):
        ask_plan(stage.centre.means, without, wanted)
    stage.centre.run(cancel_plan(own, plan=plan))


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_a_finished_plan_is_put_in_force_and_withdrawn_as_facts(stage: Stage):
    plan, open_plan = ask(stage), ask(stage)
    stage.centre.run(cancel_plan(OPERATOR, plan=open_plan))
    assert search(stage, plan) == "done"
    partner = stage.partner
    with pytest.raises(Refused) as refusal:
        stage.centre.run(put_in_force(OPERATOR, plan=open_plan, partner=partner))
    assert refusal.value.reason is Reason.NOT_POSSIBLE_NOW
    stage.centre.run(put_in_force(OPERATOR, plan=plan, partner=partner))
    assert stage.centre.routes.in_force(partner) == {"2026-11-28": plan}
    recorded = stage.centre.journal.read(f"dispatch/{partner}")
    assert (recorded[-1].by, recorded[-1].fact.plan) == ("operator:ada", plan)
    stage.centre.run(withdraw(OPERATOR, plan=plan, partner=partner))
    assert stage.centre.routes.in_force(partner) == {}
    assert verify(stage.centre.journal, KINDS).is_sound


def test_old_plans_are_thrown_away_with_their_papers(stage: Stage):
    plan = ask(stage)
    stage.centre.run(cancel_plan(OPERATOR, plan=plan))
    before = stage.clock.now()
    stage.clock.set(before + (KEPT_DAYS + 1) * DAY)
    try:
        assert stage.centre.routes.sweep() > 0
    finally:
        stage.clock.set(before)
    with pytest.raises(NotFound):
        stage.centre.routes.paper(OPERATOR, plan, "problem")


def test_what_cannot_be_planned_is_said_with_what_to_do(stage: Stage):
    queries, now = stage.centre.queries, stage.clock.now()
    with pytest.raises(BadSearch, match="add one under Couriers"):
        make_network_problem(queries, wish(stage, partner=PartnerId("nobody")), now=now)
    with pytest.raises(BadSearch, match="room for 3 in 3 vans: say that 3 parcels go into a van"):
        make_network_problem(queries, wish(stage, van_parcels=1), now=now)
    with pytest.raises(BadSearch, match="leave before they return"):
        make_network_problem(queries, wish(stage, ends_hour=7.0), now=now)


def test_everything_that_is_assumed_is_told(stage: Stage):
    made = make_network_problem(stage.centre.queries, wish(stage, nearby=2), now=stage.clock.now())
    said = " ".join(made.assumed)
    for word in (
        "One van for each of 3 couriers",
        "3 minutes a stop",
        "recipients have not been asked",
        "no depot was given",
    ):
        assert word in said
    options = [len(one["options"]) for one in msgspec.json.decode(made.problem)["parcels"]]
    assert max(options) > 1
