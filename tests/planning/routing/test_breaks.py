"""Couriers rest within a window or after so many hours, and are out as short as can be."""

import msgspec
import pytest

from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.problem import BadProblem, Break, UnderWay
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

replace = msgspec.structs.replace

NOON = Break(rest_s=1_800.0, opens_at=3_000.0, closes_at=4_500.0)
SOON = Break(rest_s=900.0, after_s_max=2_400.0)
LATER = Break(rest_s=600.0, opens_at=6_000.0, closes_at=9_000.0, after_s_max=9_000.0)


def with_breaks(problem: Problem, *breaks: Break, **fields: object) -> Problem:
    return replace(
        problem,
        vehicles=tuple(replace(one, breaks=breaks, **fields) for one in problem.vehicles),
    )


def rests(result: Result) -> int:
    return sum(len(route.breaks) for route in result.routes)


@pytest.mark.parametrize(
    ("seed", "breaks", "per_hour"),
    [
        (2, (NOON,), True), (2, (NOON,), False), (0, (SOON,), True), (3, (SOON,), False),
        (7, (NOON, LATER), True), (8, (SOON, LATER), True),
    ],
)  # fmt: skip
def test_a_tiny_plan_with_breaks_costs_the_least_possible(
    seed: int, breaks: tuple[Break, ...], per_hour: bool
):
    problem = with_breaks(
        make_city(seed, parcels=4, vehicles=1, per_hour=per_hour, share=0.3), *breaks
    )
    assert Problem.from_json(problem.to_json()) == problem
    result = solve(problem, MaxIterations(1_000), seed=1)
    found = check(problem, result)
    assert found.is_feasible, found.violations
    assert rests(result) > 0
    assert Result.from_json(result.to_json()) == result
    assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_leaving_late_within_a_limited_shift_costs_the_least_possible(seed: int):
    limited = make_city(seed, parcels=4, per_hour=True, optional=True)
    problem = with_breaks(limited, shift_s_max=4_000.0 + 500.0 * seed)
    result = solve(problem, MaxIterations(1_000), seed=1)
    assert check(problem, result).violations == result.violated
    if result.is_feasible:
        assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)


def test_every_break_that_is_due_is_taken_where_and_when_it_may_be():
    taken = rush = spared = 0
    for seed in range(12):
        city = make_city(seed, parcels=16, vehicles=3, pickups=seed % 2 == 0, rush=seed % 3 == 0,
                         per_hour=seed % 4 < 2, optional=seed % 5 == 0, share=0.3)  # fmt: skip
        problem = with_breaks(city, SOON, LATER)
        result = solve(problem, MaxIterations(250), seed=seed)
        assert check(problem, result).violations == result.violated
        taken += rests(result)
        rush += rests(result) if problem.speeds else 0
        spared += sum(len(route.breaks) < 2 for route in result.routes)
    print({"taken": taken, "where speeds change": rush, "not due": spared})
    assert min(taken, rush, spared) > 3


def moved(result: Result, **fields: object) -> Result:
    [number] = [i for i, route in enumerate(result.routes) if route.breaks][:1]
    route = result.routes[number]
    other = replace(route, breaks=(replace(route.breaks[0], **fields), *route.breaks[1:]))
    return replace(result, routes=(*result.routes[:number], other, *result.routes[number + 1 :]))


def test_a_lie_about_a_break_is_found():
    problem = with_breaks(make_city(2, parcels=4, vehicles=1, share=0.3), NOON)
    plan = solve(problem, MaxIterations(300), seed=1)
    assert check(problem, plan).is_feasible
    assert rests(plan) > 0
    for lie, says in (
        (moved(plan, number=7), "takes breaks"),
        (moved(plan, starts_at=2_000.0), "rests"),
        (moved(plan, place="nowhere"), "does not stand"),
        (replace(plan, routes=tuple(replace(r, breaks=()) for r in plan.routes)),
         "does not take its break 0"),
    ):  # fmt: skip
        assert any(says in one for one in check(problem, lie).violations), says
    longer = with_breaks(problem, replace(NOON, rest_s=3_600.0))
    assert any("rests 1800.0 s" in one for one in check(longer, plan).violations)


def test_a_break_that_is_over_is_not_taken_again():
    problem = with_breaks(make_city(2, parcels=8, vehicles=1), NOON)
    way = UnderWay(left_at=0.0, breaks_taken=1)
    out = with_breaks(problem, NOON, under_way=way)
    parcels = tuple(replace(one, vehicle=out.vehicles[0].id) for one in out.parcels)
    result = solve(replace(out, parcels=parcels), MaxIterations(200), seed=1)
    assert check(replace(out, parcels=parcels), result).violations == result.violated
    assert rests(result) == 0
    not_yet = with_breaks(out, NOON, under_way=UnderWay(left_at=0.0))
    again = solve(replace(not_yet, parcels=parcels), MaxIterations(200), seed=1)
    assert rests(again) == 1


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        ((Break(rest_s=60.0),), r"breaks\[0\]: it never must begin: give closes_at or after_s_max"),
        ((Break(rest_s=60.0, opens_at=9.0, closes_at=8.0),), "it ends at 8, before it begins at 9"),
        ((Break(rest_s=-1.0, closes_at=8.0),), "rest_s: -1 is negative: give 0 or more"),
        (
            (LATER, NOON),
            r"breaks\[1\]: it begins by 4500, the one before ends later: change places",
        ),
    ],
)
def test_what_cannot_be_meant_of_breaks_is_named(breaks: tuple[Break, ...], says: str):
    with pytest.raises(BadProblem, match=says):
        with_breaks(make_city(1, parcels=4), *breaks)
