"""A parcel that is left out is told with what stands in the way: a break, a zone, room, time."""

import msgspec

from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.problem import (
    Break,
    Capacity,
    HabitCosts,
    Kind,
    Matrix,
    Option,
    Parcel,
    Place,
    Vehicle,
)
from restante.planning.routing.result import WhyNot
from tests.planning.routing.city import make_city

replace = msgspec.structs.replace
HOUSES = 4


def make_street(*, parcels: dict[str, object] | None = None, **fields: object) -> Problem:
    """Make houses on a line, a thousand metres and seconds apart, each with one parcel."""
    legs = Matrix([[abs(i - k) * 1_000.0 for i in range(HOUSES + 1)] for k in range(HOUSES + 1)])
    homes = tuple(Place(id=f"home {i}", zone="west" if i == 2 else "east") for i in range(HOUSES))
    van = Vehicle(id="van", start_place="depot", cost_per_km=1.0, shift_ends_at=10_000.0)
    return Problem(
        places=(Place(id="depot", kind=Kind.DEPOT), *homes),
        vehicles=(replace(van, **{k: v for k, v in fields.items() if k != "habit_costs"}),),
        parcels=tuple(
            Parcel(id=f"parcel {i}", options=(Option(place=f"home {i}"),), **(parcels or {}))
            for i in range(HOUSES)
        ),
        distances_m=legs,
        durations_s=legs,
        habit_costs=fields.get("habit_costs", HabitCosts()),
    )


def left_out(problem: Problem) -> dict[str, tuple[WhyNot, str]]:
    result: Result = solve(problem, MaxIterations(300), seed=1)
    assert check(problem, result).violations == result.violated
    return {one.parcel: (one.why, one.says) for one in result.unserved}


def test_a_street_is_served_whole_where_nothing_stands_in_the_way():
    assert left_out(make_street()) == {}


def test_a_break_that_leaves_no_time_is_named():
    rest = Break(rest_s=3_000.0, opens_at=2_500.0, closes_at=4_500.0)
    out = left_out(make_street(breaks=(rest,)))
    assert out == {
        "parcel 3": (
            WhyNot.NO_VEHICLE,
            "'van' would have time for it at 'home 3', but not with break 0: move a break, or add"
            " a vehicle",
        )
    }


def test_a_shift_that_is_too_short_for_all_is_named_with_by_how_much():
    problem = make_street(shift_ends_at=9_000.0)
    slow = tuple(replace(one, parcel_s=500.0) for one in problem.places)
    [(why, says)] = left_out(replace(problem, places=slow)).values()
    assert why is WhyNot.NO_VEHICLE
    assert "it makes 'van' late by 1000 s in all" in says
    assert says.endswith("or add a vehicle")


def test_more_parcels_than_all_vans_hold_are_told_in_numbers():
    out = left_out(make_street(capacity=Capacity(parcels=3)))
    assert [says for _, says in out.values()] == [
        "all vehicles together hold 3 parcels, and 4 are to be delivered: add a vehicle, a trip, or"
        " room for 1"
    ]


def test_a_zone_that_makes_an_optional_parcel_too_dear_is_named():
    # East, east, west and east again: only so do the windows let all four be served.
    problem = make_street(parcels={"prize": 10.0}, habit_costs=HabitCosts(zone_again=50.0))
    windows = [(0.0, 2_500.0), (0.0, 2_500.0), (2_500.0, 3_500.0), (0.0, 10_000.0)]
    places = [
        replace(one, opens_at=opens_at, closes_at=closes_at)
        for one, (opens_at, closes_at) in zip(problem.places[1:], windows, strict=True)
    ]
    out = left_out(replace(problem, places=(problem.places[0], *places)))
    says = "serving it was not found for less than its prize of 10: of 52 at 'home 3', 50 are for"
    assert out == {
        "parcel 3": (WhyNot.NOT_WORTH_IT, f"{says} zone 'east' and what 'van' is used to")
    }


def test_an_optional_parcel_that_is_only_far_away_is_not_blamed_on_a_zone():
    out = left_out(make_street(parcels={"prize": 0.5}, habit_costs=HabitCosts(zone_again=50.0)))
    assert {says for _, says in out.values()} == {
        "serving it was not found for less than its prize of 0.5"
    }


def test_many_left_out_of_a_tight_city_all_have_a_reason():
    told: list[str] = []
    for seed in (1, 2, 3):
        city = make_city(seed, parcels=24, vehicles=1, pickups=True)
        noon = Break(rest_s=2_000.0, opens_at=2_000.0, closes_at=4_000.0)
        said = {"breaks": (noon,), "shift_s_max": 5_000.0, "shift_ends_at": 7_000.0}
        vans = tuple(replace(one, **said) for one in city.vehicles)
        told += [says for _, says in left_out(replace(city, vehicles=vans)).values()]
    assert len(told) > 8
    assert all(": " in says for says in told)
    assert any(" late by " in says for says in told)
