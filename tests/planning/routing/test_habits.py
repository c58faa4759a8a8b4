"""Couriers keep to zones, to the order they are used to, and to the plan they were given."""

import msgspec
import pytest

from restante.planning.routing import (
    ChangeCosts,
    MaxIterations,
    Problem,
    Result,
    check,
    keep_close_to,
    solve,
)
from restante.planning.routing.problem import BadProblem, Planned
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

replace = msgspec.structs.replace
CHANGES = ChangeCosts(option=150.0, vehicle=120.0, arrival=80.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_plan_with_zones_and_orders_costs_the_least_possible(seed: int):
    problem = make_city(seed, parcels=4, zones=2, optional=seed == 1)
    result = solve(problem, MaxIterations(1_500), seed=1)
    found = check(problem, result)
    assert found.is_feasible, found.violations
    assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)


def slower(problem: Problem) -> Problem:
    """Let every leg of one vehicle cost more, so that the old plan is not the best any more."""
    first, *others = problem.vehicles
    return replace(problem, vehicles=(replace(first, cost_per_km=2_000.0), *others))


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_plan_close_to_another_costs_the_least_possible(seed: int):
    problem = make_city(seed, parcels=4, zones=seed % 2, optional=seed == 1)
    plan = solve(problem, MaxIterations(500), seed=1)
    close = keep_close_to(slower(problem), plan, CHANGES)
    assert Problem.from_json(close.to_json()) == close
    result = solve(close, MaxIterations(1_500), seed=1)
    found = check(close, result)
    assert found.is_feasible, found.violations
    assert result.cost.total == pytest.approx(least_cost(close), rel=1e-6)


def changed(before: Result, after: Result) -> int:
    def stops(plan: Result) -> dict[str, tuple[str, int]]:
        return {
            one.parcel: (route.vehicle, one.option)
            for route in plan.routes for visit in route.visits for one in visit.served
        }  # fmt: skip

    old, new = stops(before), stops(after)
    return sum(old[parcel] != new.get(parcel) for parcel in old)


def test_the_dearer_changes_are_the_fewer_there_are_and_none_is_counted_where_none_is_made():
    problem = make_city(31, parcels=30, vehicles=3, per_hour=True)
    plan = solve(problem, MaxIterations(1_000), seed=1)
    free = solve(slower(problem), MaxIterations(1_500), seed=1, in_force=plan)
    close = keep_close_to(slower(problem), plan, CHANGES)
    kept = solve(close, MaxIterations(1_500), seed=1, in_force=plan)
    assert check(close, kept).is_feasible
    assert changed(plan, kept) < changed(plan, free)
    same = keep_close_to(problem, plan, ChangeCosts(option=1e5, vehicle=1e5, arrival=1e5))
    again = solve(same, MaxIterations(300), seed=2, in_force=plan)
    assert again.cost.changes == 0.0
    assert changed(plan, again) == 0


def test_what_zones_and_orders_cost_is_told_apart_and_a_lie_about_it_is_found():
    problem = make_city(32, parcels=30, vehicles=2, zones=4)
    result = solve(problem, MaxIterations(500), seed=1)
    assert check(problem, result).is_feasible
    assert result.cost.habits > 0.0
    other = replace(problem, habit_costs=replace(problem.habit_costs, zone_again=9_999.0))
    assert any("and it is" in says for says in check(other, result).violations)


def test_a_parcel_of_the_plan_that_is_left_out_counts_as_changed():
    problem = make_city(1, parcels=4, optional=True)
    plan = solve(problem, MaxIterations(500), seed=1)
    cheap = replace(
        problem,
        parcels=tuple(
            one if one.prize is None else replace(one, prize=0.0) for one in problem.parcels
        ),
    )
    close = keep_close_to(cheap, plan, ChangeCosts(option=7.0))
    result = solve(close, MaxIterations(500), seed=1)
    assert check(close, result).is_feasible
    missed = {one.parcel for one in result.unserved}
    served = {one.parcel for r in plan.routes for v in r.visits for one in v.served}
    assert missed & served
    assert result.cost.changes >= 7.0 * len(missed & served)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda p: replace(p, parcels=(replace(p.parcels[0], planned=Planned(
                option=9, vehicle=p.vehicles[0].id)), *p.parcels[1:])),
            r"parcels\[0\] 'parcel 0'.planned: it has no option 9",
        ),
        (
            lambda p: replace(p, parcels=(replace(p.parcels[0], planned=Planned(
                option=0, vehicle="bicycle")), *p.parcels[1:])),
            "'bicycle' is not in vehicles: add it there or name another",
        ),
        (
            lambda p: replace(p, vehicles=(replace(p.vehicles[0], zone_order=("moon",)),)),
            "zone_order.0.: 'moon' is not in the zone of any place",
        ),
        (
            lambda p: replace(p, vehicles=(replace(p.vehicles[0], stop_order=("moon",)),)),
            "stop_order.0.: 'moon' is not in places",
        ),
        (
            lambda p: replace(p, change_costs=ChangeCosts(option=-1.0)),
            "change_costs.option: -1 is negative: give 0 or more",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_of_habits_is_named(make, says: str):
    with pytest.raises(BadProblem, match=says):
        make(make_city(1, parcels=4))
