"""A vehicle returns for another load: capacity holds for each trip, the shift for all of them."""

import msgspec
import pytest

from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.problem import BadProblem, Capacity, UnderWay
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

replace = msgspec.structs.replace


def with_trips(problem: Problem, parcels_max: int, **fields: object) -> Problem:
    """Let every vehicle hold few parcels, and come back for more."""
    said = {"trips_max": 3, "load_s": 600.0, "capacity": Capacity(parcels=parcels_max), **fields}
    return replace(problem, vehicles=tuple(replace(one, **said) for one in problem.vehicles))


def loadings(result: Result) -> int:
    return sum(visit.is_loading for route in result.routes for visit in route.visits)


@pytest.mark.parametrize("seed", range(4))
def test_a_tiny_plan_with_several_trips_costs_the_least_possible(seed: int):
    city = make_city(seed, parcels=3, vehicles=1, pickups=seed == 1, per_hour=seed == 3,
                     zones=2 * (seed == 2), share=0.3)  # fmt: skip
    problem = with_trips(city, 2, trips_max=2)
    assert Problem.from_json(problem.to_json()) == problem
    result = solve(problem, MaxIterations(1_000), seed=1)
    found = check(problem, result)
    assert found.is_feasible, found.violations
    assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)
    assert loadings(result) == (seed != 1)


def test_every_plan_with_several_trips_is_what_it_says():
    made = with_break = mixed = 0
    for seed in range(10):
        city = make_city(seed, parcels=16 + seed, vehicles=2, pickups=seed % 2 == 0,
                         per_hour=seed % 4 < 2, rush=seed % 5 == 0, share=0.3)  # fmt: skip
        problem = with_trips(city, 5, load_place=city.places[1].id if seed == 3 else None)
        result = solve(problem, MaxIterations(200), seed=seed)
        assert check(problem, result).violations == result.violated
        made += loadings(result)
        with_break += result.is_feasible
        mixed += loadings(result) > 0 and seed % 2 == 0
        assert all(route.load_max.parcels <= 5 for route in result.routes)
    print({"loadings": made, "feasible": with_break, "with pickups": mixed})
    assert made > 12
    assert with_break > 5
    assert mixed > 2


def test_a_plan_in_force_is_taken_up_with_its_loadings():
    problem = with_trips(make_city(12, parcels=14, vehicles=1, share=0.3), 5)
    plan = solve(problem, MaxIterations(400), seed=1)
    assert check(problem, plan).is_feasible
    assert loadings(plan) == 2
    again = solve(problem, MaxIterations(1), seed=2, in_force=plan)
    assert again.cost.total <= plan.cost.total + 1e-6


def test_a_lie_about_a_loading_is_found():
    problem = with_trips(make_city(12, parcels=14, vehicles=1, share=0.3), 5)
    plan = solve(problem, MaxIterations(400), seed=1)
    [route] = plan.routes
    without = tuple(visit for visit in route.visits if not visit.is_loading)
    lies = {
        "more than 5": replace(plan, routes=(replace(route, visits=without),)),
        "does not load at": replace(
            plan,
            routes=(replace(route, visits=tuple(
                replace(one, place=problem.places[1].id) if one.is_loading else one
                for one in route.visits)),),
        ),
    }  # fmt: skip
    for says, lie in lies.items():
        assert any(says in one for one in check(problem, lie).violations), says
    fewer = with_trips(problem, 5, trips_max=2)
    assert any("makes 3 trips, more than 2" in one for one in check(fewer, plan).violations)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"trips_max": 0}, "trips_max: 0 is no number of trips: give 1 or more"),
        ({"load_place": "moon"}, "load_place: 'moon' is not in places"),
        ({"load_s": -1.0}, "load_s: -1 is negative: give 0 or more"),
        ({"under_way": UnderWay(left_at=0.0)}, "it is under way, and makes no more trips: give 1"),
    ],
)
def test_what_cannot_be_meant_of_trips_is_named(fields: dict[str, object], says: str):
    with pytest.raises(BadProblem, match=says):
        with_trips(make_city(1, parcels=4), 2, **fields)
