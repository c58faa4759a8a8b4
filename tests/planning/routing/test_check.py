"""The checker finds every kind of untruth in a plan that was true."""

import msgspec
import pytest

from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.problem import Capacity
from tests.planning.routing.city import make_city

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_city(4, parcels=14, vehicles=2, per_hour=True)


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Result:
    result = solve(problem, MaxIterations(300), seed=1)
    assert check(problem, result).violations == ()
    return result


def with_route(plan: Result, **fields: object) -> Result:
    return replace(plan, routes=(replace(plan.routes[0], **fields), *plan.routes[1:]))


def with_visits(plan: Result, visits: tuple) -> Result:
    return with_route(plan, visits=visits)


@pytest.mark.parametrize(
    ("lie", "says"),
    [
        (lambda plan: with_route(plan, vehicle="bicycle"), "there is no vehicle 'bicycle'"),
        (lambda plan: with_route(plan, cost=1.0), "says"),
        (lambda plan: with_route(plan, leaves_at=-60.0), "leaves before its shift"),
        (lambda plan: with_visits(plan, plan.routes[0].visits[1:]), "is required and not served"),
        (lambda plan: with_visits(plan, plan.routes[0].visits * 2), "is served twice"),
        (lambda plan: with_visits(plan, plan.routes[0].visits[::-1]), "not at"),
        (lambda plan: replace(plan, routes=plan.routes[:1] * 2), "vehicles have two routes"),
        (
            lambda plan: replace(plan, cost=replace(plan.cost, total=1.0)),
            "the plan says it costs 1.0",
        ),
    ],
)
def test_a_lie_in_a_plan_is_found(problem: Problem, plan: Result, lie, says: str):
    assert any(says in one for one in check(problem, lie(plan)).violations)


def first_vehicle(problem: Problem, plan: Result, **fields: object) -> Problem:
    return replace(
        problem,
        vehicles=tuple(
            replace(one, **fields) if one.id == plan.routes[0].vehicle else one
            for one in problem.vehicles
        ),
    )


@pytest.mark.parametrize(
    ("tighten", "says"),
    [
        (lambda p, plan: first_vehicle(p, plan, capacity=Capacity(parcels=1)), "holds"),
        (lambda p, plan: first_vehicle(p, plan, capacity=Capacity(weight_g=1)), "more than 1"),
        (lambda p, plan: first_vehicle(p, plan, range_m=1.0), "drives"),
        (lambda p, plan: first_vehicle(p, plan, shift_s_max=60.0), "is out for"),
        (lambda p, plan: first_vehicle(p, plan, shift_ends_at=60.0), "after its shift"),
        (
            lambda p, _: replace(
                p, places=tuple(replace(one, opens_at=0.0, closes_at=1.0) for one in p.places)
            ),
            "late at",
        ),
        (
            lambda p, _: replace(
                p, places=tuple(replace(one, parcels_max=0, free={}) for one in p.places)
            ),
            "has no compartment for a parcel",
        ),
        (
            lambda p, _: replace(
                p, parcels=tuple(
                    replace(one, options=tuple(replace(o, level=3) for o in one.options))
                    for one in p.parcels
                )
            ),
            "are served worse than level",
        ),
    ],
)  # fmt: skip
def test_what_a_problem_forbids_is_found(problem: Problem, plan: Result, tighten, says: str):
    assert any(says in one for one in check(tighten(problem, plan), plan).violations)
