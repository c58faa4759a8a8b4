"""What else the model promises is exact on tiny problems: loads, range, what was done, traffic."""

import itertools
import math

import msgspec
import pytest

from restante.planning.routing import MaxIterations, Problem, check, solve
from restante.planning.routing.problem import Capacity, SpeedChange
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost
from tests.planning.routing.test_solver import on_the_road

replace = msgspec.structs.replace


def with_vehicles(problem: Problem, *fields: dict[str, object]) -> Problem:
    vehicles = zip(problem.vehicles, fields, strict=True)
    return replace(problem, vehicles=tuple(replace(one, **said) for one, said in vehicles))


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_three_loads_of_mixed_vehicles_with_pickups_cost_the_least_possible(seed: int):
    city = make_city(seed, parcels=4, pickups=True, optional=True, share=0.3)
    small = Capacity(parcels=2, volume_cm3=70, weight_g=1_100)
    large = Capacity(parcels=3, volume_cm3=90, weight_g=2_000)
    problem = with_vehicles(city, {"capacity": small}, {"capacity": large})
    result = solve(problem, MaxIterations(1_500), seed=1)
    assert check(problem, result).is_feasible
    assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)


@pytest.mark.parametrize("seed", [0, 2])
def test_a_short_range_is_kept_at_the_least_possible_cost(seed: int):
    free = make_city(seed, parcels=4, optional=True, share=0.3)
    far = max(route.distance_m for route in solve(free, MaxIterations(500), seed=1).routes)
    problem = with_vehicles(free, {"range_m": 0.8 * far}, {"range_m": 0.9 * far})
    result = solve(problem, MaxIterations(1_500), seed=1)
    assert check(problem, result).violations == result.violated
    least = least_cost(problem)
    assert result.is_feasible == math.isfinite(least)
    if result.is_feasible:
        assert result.cost.total == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize("seed", [0, 2])
def test_what_was_done_is_kept_at_the_least_possible_cost(seed: int):
    problem = make_city(seed, parcels=4, vehicles=2, pickups=True, per_hour=seed == 0, share=0.3)
    plan = solve(problem, MaxIterations(500), seed=1)
    assert plan.is_feasible
    times = sorted(one.starts_at for r in plan.routes for v in r.visits for one in v.served)
    road = on_the_road(problem, plan, times[1])
    result = solve(road, MaxIterations(1_000), seed=2)
    assert check(road, result).is_feasible
    assert result.cost.total == pytest.approx(least_cost(road), rel=1e-6)
    assert result.bound is None


def test_parcels_that_are_worth_a_vehicle_only_together_are_served_together():
    city = with_vehicles(make_city(5, parcels=6, vehicles=1, share=0.0), {"cost_fixed": 10_000.0})
    each = 0.3 * solve(city, MaxIterations(300), seed=1).cost.total
    assert each < 10_000.0  # No parcel alone is worth a vehicle.
    problem = replace(city, parcels=tuple(replace(one, prize=each) for one in city.parcels))
    result = solve(problem, MaxIterations(300), seed=1)
    assert result.unserved == ()
    assert result.cost.total < 6 * each


def cheapest_by_trying_all(problem: Problem) -> float:
    """Try every order of every choice of options on the one vehicle there is."""
    row = {place.id: i for i, place in enumerate(problem.places)}
    [vehicle] = problem.vehicles
    best = math.inf
    for order in itertools.permutations(problem.parcels):
        for options in itertools.product(*(one.options for one in order)):
            at, here, metres = vehicle.shift_starts_at, row[vehicle.start_place], 0.0
            is_late = False
            for option in options:
                there = row[option.place]
                place = problem.places[there]
                at = drive(problem, at, here, there)
                at = max(at, option.opens_at, place.opens_at)
                is_late = is_late or at > min(option.closes_at, place.closes_at)
                at += place.parcel_s
                metres += problem.distances_m.values[here, there]
                here = there
            metres += problem.distances_m.values[here, 0]
            is_late = is_late or drive(problem, at, here, 0) > vehicle.shift_ends_at
            cost = vehicle.cost_fixed + vehicle.cost_per_km * metres / 1_000
            cost += sum(option.penalty for option in options)
            if not is_late and keeps_room(problem, order, options):
                best = min(best, cost)
    return best


def keeps_room(problem: Problem, order: tuple, options: tuple) -> bool:
    for place in problem.places:
        here = [parcel for parcel, option in zip(order, options, strict=True)
                if option.place == place.id]  # fmt: skip
        if place.free is not None:
            large = sum(parcel.size == "large" for parcel in here)
            if large > place.free["large"] or len(here) > sum(place.free.values()):
                return False
        if place.parcels_max is not None and len(here) > place.parcels_max:
            return False
    return True


def drive(problem: Problem, at: float, here: int, there: int) -> float:
    """Drive second by second's worth of way, as the day's speeds let one."""
    if here == there:
        return at
    left = problem.durations_s.values[here, there]
    bounds = [change.at for change in problem.speeds] + [math.inf]
    while left > 1e-9:
        factor = next((x.factor for x in reversed(problem.speeds) if x.at <= at), 1.0)
        until = next(bound for bound in bounds if bound > at)
        took = min(left / factor, until - at)
        at, left = at + took, left - took * factor
    return at + problem.places[there].preparation_s


@pytest.mark.parametrize("seed", range(4))
def test_with_traffic_that_changes_a_tiny_plan_costs_the_least_possible(seed: int):
    city = make_city(seed, parcels=4, vehicles=1, share=0.0)
    slow = (SpeedChange(at=800.0, factor=0.4), SpeedChange(at=5_000.0, factor=1.3))
    problem = replace(city, speeds=slow)
    result = solve(problem, MaxIterations(800), seed=1)
    least = cheapest_by_trying_all(problem)
    assert result.is_feasible == math.isfinite(least)
    assert check(problem, result).violations == result.violated
    if result.is_feasible:
        assert result.cost.total == pytest.approx(least, rel=1e-6)
