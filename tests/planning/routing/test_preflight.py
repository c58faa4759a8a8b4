"""What no set of routes can serve is named before the search, with what stands in the way."""

import msgspec

from restante.planning.routing import MaxIterations, check, solve
from restante.planning.routing.numbering import Numbered
from restante.planning.routing.preflight import look_ahead
from restante.planning.routing.problem import (
    Capacity,
    Kind,
    Matrix,
    Option,
    Parcel,
    Place,
    Problem,
    ServiceLevel,
    Vehicle,
)
from restante.planning.routing.result import WhyNot


def make_street(free: dict[str, int], *parcels: Parcel, **fields: object) -> Problem:
    places = (
        Place(id="depot", kind=Kind.DEPOT),
        Place(id="locker", kind=Kind.LOCKER, free=free),
        Place(id="far", closes_at=1_000.0),
    )
    legs = Matrix([[0.0, 100.0, 2_000.0], [100.0, 0.0, 2_000.0], [2_000.0, 2_000.0, 0.0]])
    van = Vehicle(id="van", start_place="depot", capacity=Capacity(weight_g=5_000), cost_per_km=1.0)
    return Problem(
        places=places, vehicles=(van,), parcels=parcels, distances_m=legs, durations_s=legs,
        sizes=("small", "large"), **fields,
    )  # fmt: skip


def parcel(name: str, *places: str, **fields: object) -> Parcel:
    options = tuple(Option(place=place, level=level) for level, place in enumerate(places))
    return Parcel(id=name, options=options, **fields)


def unplaceable(problem: Problem) -> dict[str, tuple[WhyNot, str]]:
    found = look_ahead(Numbered.of(problem)).unplaceable.values()
    return {one.parcel: (one.why, one.says) for one in found}


def test_one_large_parcel_too_many_is_named_with_the_locker_and_the_size():
    two = [parcel(name, "locker", size="large") for name in "ab"]
    found = unplaceable(make_street({"small": 3, "large": 1}, *two))
    assert len(found) == 1
    [(why, says)] = found.values()
    assert why is WhyNot.NO_ROOM
    assert says == (
        "'locker' has 1 compartments of size 'large' or larger: free one more, or offer another"
        " place"
    )


def test_a_small_parcel_may_lie_in_a_large_compartment():
    assert not unplaceable(make_street({"large": 2}, parcel("a", "locker"), parcel("b", "locker")))


def test_what_is_reached_too_late_is_named_with_how_much():
    found = unplaceable(make_street({"small": 1}, parcel("a", "far")))
    assert found == {
        "a": (
            WhyNot.UNREACHABLE,
            "'far' is open for it until 1000, and 'van' is ready there at 2000: let it close"
            " 1000 s later",
        )
    }


def test_what_no_vehicle_holds_is_named_with_what_they_hold():
    found = unplaceable(make_street({"small": 1}, parcel("a", "locker", weight_g=6_000)))
    assert found["a"][0] is WhyNot.TOO_LARGE
    assert "hold at most 5000" in found["a"][1]


def test_a_service_level_that_cannot_be_met_is_named():
    likes_far = parcel("a", "far", "locker")
    wanted = ServiceLevel(level=0, share=1.0)
    found = unplaceable(make_street({"small": 1}, likes_far, service_levels=(wanted,)))
    assert found["a"][1].startswith("100% are to be served at level 0 or better")


def test_an_optional_parcel_gives_way_to_a_required_one():
    wanted = parcel("a", "locker")
    optional = parcel("b", "locker", prize=5.0)
    assert not unplaceable(make_street({"small": 1}, optional, wanted))


def test_the_least_bad_plan_serves_the_others_and_says_what_is_violated():
    three = [parcel(name, "locker") for name in "abc"]
    problem = make_street({"small": 2}, *three)
    result = solve(problem, MaxIterations(50), seed=1)
    assert not result.is_feasible
    assert [one.why for one in result.unserved] == [WhyNot.NO_ROOM]
    assert result.violated == (f"parcel {result.unserved[0].parcel!r} is required and not served",)
    assert check(problem, result).violations == result.violated


def test_a_day_without_parcels_is_planned_too():
    problem = make_street({"small": 1})
    result = solve(problem, MaxIterations(10), seed=1)
    assert result.is_feasible
    assert result.routes == ()
    assert check(problem, result).is_feasible


def test_a_parcel_is_left_out_where_vehicles_are_too_few():
    two = [parcel(name, "locker", weight_g=3_000) for name in "ab"]
    problem = make_street({"small": 2}, *two)
    result = solve(problem, MaxIterations(60), seed=1)
    assert [one.why for one in result.unserved] == [WhyNot.NO_VEHICLE]
    assert len(result.routes[0].visits[0].served) == 1
    larger = msgspec.structs.replace(problem.vehicles[0], capacity=Capacity(weight_g=6_000))
    able = msgspec.structs.replace(problem, vehicles=(larger,))
    assert solve(able, MaxIterations(60), seed=1).is_feasible
