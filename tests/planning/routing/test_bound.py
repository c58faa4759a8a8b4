"""No plan costs less than the bound says, and it is near enough to be told."""

import random

import msgspec
import pytest

from restante.bench.routing.city import make_city as make_large_city
from restante.planning.routing import MaxIterations, Problem, Progress, solve
from restante.planning.routing.bound import find_bound
from restante.planning.routing.numbering import Numbered
from restante.planning.routing.preflight import look_ahead
from restante.planning.routing.problem import Break, Capacity, PlaceId, Vehicle
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

replace = msgspec.structs.replace
SEEDS = 14


def make_odd(seed: int) -> Problem:
    """Make a tiny problem with something of everything a vehicle may have."""
    rng = random.Random(seed)
    city = make_city(
        seed, parcels=3, vehicles=1 + seed % 2, pickups=seed % 3 == 0, optional=seed % 5 == 0,
        per_hour=seed % 4 < 2, zones=2 * (seed % 7 == 0), share=0.3,
    )  # fmt: skip

    def fit_out(vehicle: Vehicle) -> Vehicle:
        said: dict[str, object] = {}
        if seed % 2 == 0 and rng.random() < 0.6:
            said |= {"trips_max": 2, "load_s": 300.0, "capacity": Capacity(parcels=2)}
        if rng.random() < 0.4:
            said["breaks"] = (Break(rest_s=1_800.0, after_s_max=4_000.0, closes_at=9_000.0),)
        if rng.random() < 0.4:
            said["shift_s_max"] = rng.choice([6_000.0, 9_000.0])
        if rng.random() < 0.3:
            said["end_place"] = PlaceId("locker 0")
        return replace(vehicle, **said)

    return replace(city, vehicles=tuple(fit_out(one) for one in city.vehicles))


def bound_of(problem: Problem) -> float | None:
    numbered = Numbered.of(problem)
    return find_bound(numbered, look_ahead(numbered))


def test_no_plan_of_a_tiny_problem_costs_less_than_the_bound():
    shares, seen = [], {"trips": 0, "breaks": 0, "pickups": 0, "prizes": 0, "ends": 0, "hours": 0}
    for seed in range(SEEDS):
        problem = make_odd(seed)
        bound, least = bound_of(problem), least_cost(problem)
        if bound is None or least == float("inf"):
            continue
        assert bound <= least + 1e-6, seed
        shares.append(bound / least)
        seen["trips"] += any(one.trips_max > 1 for one in problem.vehicles)
        seen["breaks"] += any(one.breaks for one in problem.vehicles)
        seen["ends"] += any(one.end_place for one in problem.vehicles)
        seen["hours"] += any(one.cost_per_hour for one in problem.vehicles)
        seen["pickups"] += any(one.is_pickup for one in problem.parcels)
        seen["prizes"] += any(one.prize is not None for one in problem.parcels)
    assert len(shares) >= SEEDS - 3, "most have a plan"
    assert min(seen.values()) > 0, seen
    assert sum(shares) / len(shares) > 0.75


@pytest.mark.parametrize("fields", [{}, {"shift_s_max": 5 * 3_600.0}, {"cost_fixed": 90_000.0}])
def test_a_plan_of_a_city_is_shown_to_be_good(fields: dict[str, object]):
    city = make_large_city(60, 1)
    problem = replace(city, vehicles=tuple(replace(one, **fields) for one in city.vehicles))
    result = solve(problem, MaxIterations(4_000), seed=1)
    assert result.is_feasible
    assert result.bound is not None
    assert result.bound <= result.cost.total
    assert result.gap == pytest.approx(result.cost.total / result.bound - 1.0)
    assert result.gap < 0.35


def test_needing_one_more_vehicle_is_known_from_the_hours_of_work():
    city = make_large_city(60, 1)
    short = tuple(replace(one, shift_s_max=3 * 3_600.0, cost_fixed=1e6) for one in city.vehicles)
    # For the loads alone one van would do.
    bound = bound_of(replace(city, vehicles=short))
    assert bound is not None
    fewest = int(bound // 1e6)
    served = solve(replace(city, vehicles=short), MaxIterations(4_000), seed=1)
    assert 2 <= fewest <= len(served.routes)


def test_whoever_watches_a_search_is_told_of_the_gap():
    told: list[Progress] = []
    result = solve(make_large_city(40, 1), MaxIterations(500), seed=1, progress=told.append)
    assert {one.bound for one in told} == {result.bound}
    gaps = [one.gap for one in told if one.gap is not None]
    assert gaps[-1] == pytest.approx(result.gap)
    assert gaps == sorted(gaps, reverse=True)
    without = solve(make_large_city(40, 1), MaxIterations(500), seed=1)
    assert without == result, "being watched changes nothing"
