"""A van that loads again on its way is planned again: each further trip follows the one before."""

from collections import Counter

import msgspec
import pytest

from restante.planning.routing import BadProblem, MaxIterations, Problem, Result, check, solve
from restante.planning.routing.changes import (
    Changes,
    CourierLate,
    Event,
    PickupAdded,
    PlaceClosed,
    Position,
    VehicleBroken,
)
from restante.planning.routing.problem import Break, Capacity, Done, Option, Parcel
from restante.planning.routing.replan import Replan, replan
from tests.planning.routing.city import make_city
from tests.planning.routing.test_replan import FREE, make_street, parcel

replace = msgspec.structs.replace


def with_two_trips() -> tuple[Problem, Result]:
    """Make a van that brings two parcels, comes back, and brings two more."""
    street = make_street(*(parcel(name, name) for name in "abcd"))
    [van] = street.vehicles
    small = replace(van, trips_max=2, load_s=50.0, capacity=Capacity(parcels=2), cost_fixed=7.0)
    problem = replace(street, vehicles=(small,))
    plan = solve(problem, MaxIterations(50), seed=1)
    assert plan.is_feasible
    assert [visit.is_loading for visit in plan.routes[0].visits].count(True) == 1
    return problem, plan


def again(problem: Problem, plan: Result, at: float, *events: Event, **fields: object) -> Replan:
    changes = Changes(at=at, events=events, **fields)
    made = replan(problem, plan, changes, MaxIterations(100), seed=1, change_costs=FREE)
    assert check(made.problem, made.result).violations == made.result.violated
    assert_trips_follow(made)
    return made


def assert_trips_follow(made: Replan) -> int:
    routes = {route.vehicle: route for route in made.result.routes}
    count = 0
    for vehicle in made.problem.vehicles:
        if vehicle.follows in routes and vehicle.id in routes:
            count += 1
            assert routes[vehicle.id].leaves_at >= routes[vehicle.follows].returns_at
    return count


def first_trip(plan: Result) -> tuple[list[str], float]:
    visits = plan.routes[0].visits
    k = next(i for i, visit in enumerate(visits) if visit.is_loading)
    return [one.parcel for visit in visits[:k] for one in visit.served], visits[k].arrives_at


def test_where_nothing_happened_both_trips_go_on_as_planned():
    problem, plan = with_two_trips()
    made = again(problem, plan, at=plan.routes[0].leaves_at + 120.0)
    assert made.report.holds
    assert [one.id for one in made.problem.vehicles] == ["van 1", "van 1, trip 2"]
    assert made.problem.vehicles[1].follows == "van 1"
    planned = {x.parcel: x.starts_at for v in plan.routes[0].visits for x in v.served}
    now = {x.parcel: x.starts_at for r in made.result.routes for v in r.visits for x in v.served}
    assert now == pytest.approx(planned)
    assert made.result.cost.fixed == 7.0


def test_what_was_brought_on_the_first_trip_stays_done_on_the_second():
    problem, plan = with_two_trips()
    done, back = first_trip(plan)
    made = again(problem, plan, at=back + 100.0)
    first, second = made.problem.vehicles
    assert [one.parcel for one in first.under_way.done] == done
    assert second.under_way is not None
    assert made.report.holds


def test_a_late_first_trip_makes_the_second_leave_later():
    problem, plan = with_two_trips()
    at = plan.routes[0].leaves_at + 120.0
    made = again(problem, plan, at, CourierLate(vehicle="van 1", late_s=300.0))
    assert made.result.is_feasible
    _, back = first_trip(plan)
    first, second = made.result.routes
    assert first.returns_at == pytest.approx(back + 300.0)
    assert second.leaves_at >= back + 300.0 + 50.0


def test_a_second_trip_with_no_time_left_is_lost_and_named():
    problem, plan = with_two_trips()
    at = plan.routes[0].leaves_at + 120.0
    made = again(problem, plan, at, CourierLate(vehicle="van 1", late_s=8_600.0))
    done, _ = first_trip(plan)
    assert {one.parcel for one in made.report.lost} == set("abcd") - set(done)


def test_what_waits_for_the_second_trip_may_go_with_another_van():
    problem, plan = with_two_trips()
    [van] = problem.vehicles
    other = replace(van, id="van 2", trips_max=1, cost_fixed=0.0)
    problem = replace(problem, vehicles=(van, other))
    made = again(
        problem, plan, plan.routes[0].leaves_at + 120.0, VehicleBroken(vehicle="van 1")
    )  # fmt: skip
    done, _ = first_trip(plan)
    routes = {route.vehicle: route for route in made.result.routes}
    brought = [one.parcel for visit in routes["van 2"].visits for one in visit.served]
    assert set(brought) == set("abcd") - set(done)


def test_a_pickup_is_fetched_on_a_trip_and_what_is_reported_counts_for_its_own():
    problem, plan = with_two_trips()
    done, back = first_trip(plan)
    at = back + 100.0
    served = [one for visit in plan.routes[0].visits for one in visit.served if one.starts_at <= at]
    reported = tuple(
        Done(parcel=one.parcel, option=one.option, started_at=one.starts_at) for one in served
    )
    where = Position(vehicle="van 1", left_at=plan.routes[0].leaves_at, done=reported)
    call = PickupAdded(parcel=Parcel(id="new", options=(Option(place="b"),), is_pickup=True))
    made = again(problem, plan, at + 200.0, call, positions=(where,))
    assert "new" in {x.parcel for r in made.result.routes for v in r.visits for x in v.served}
    assert set(done) <= {one.parcel for one in made.problem.vehicles[0].under_way.done}


def test_an_id_that_is_taken_is_told():
    problem, plan = with_two_trips()
    other = replace(problem.vehicles[0], id="van 1, trip 2", trips_max=1)
    with pytest.raises(BadProblem, match="'van 1, trip 2' is there already"):
        again(replace(problem, vehicles=(*problem.vehicles, other)), plan, 10.0)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"follows": "van 9"}, "follows: 'van 9' is not in vehicles"),
        ({"follows": "van 1"}, "its shift starts at 0, before that of 'van 1' ends"),
    ],
)
def test_a_vehicle_follows_one_whose_shift_has_ended(fields: dict[str, object], says: str):
    street = make_street(parcel("a", "a"), vans=2)
    first, second = street.vehicles
    with pytest.raises(BadProblem, match=says):
        replace(street, vehicles=(first, replace(second, **fields)))


def test_whatever_happens_to_vans_that_load_again_the_plan_is_what_it_says():
    reached: Counter[str] = Counter()
    for seed in range(10):
        city = make_city(seed, parcels=18, vehicles=2, pickups=seed % 3 == 0, share=0.3)
        noon = (Break(rest_s=900.0, opens_at=3_000.0, closes_at=12_000.0, after_s_max=20_000.0),)
        said = {"trips_max": 3, "load_s": 600.0, "capacity": Capacity(parcels=5),
                "breaks": noon if seed % 2 else (), "shift_s_max": 30_000.0}  # fmt: skip
        problem = replace(city, vehicles=tuple(replace(one, **said) for one in city.vehicles))
        plan = solve(problem, MaxIterations(150), seed=1)
        assert check(problem, plan).violations == plan.violated
        for now in (1_500.0, 9_000.0):
            event = (
                PlaceClosed(place="locker 0"),
                CourierLate(vehicle=plan.routes[0].vehicle, late_s=900.0),
                VehicleBroken(vehicle=plan.routes[-1].vehicle),
            )[seed % 3]
            made = again(problem, plan, now, event)
            reached["followed"] += assert_trips_follow(made)
            reached["feasible"] += made.result.is_feasible
            reached["with breaks"] += any(route.breaks for route in made.result.routes)
            then = now + 1_200.0
            later = replan(
                made.problem, made.result, Changes(at=then), MaxIterations(20), seed=2,
                change_costs=FREE,
            )  # fmt: skip
            assert check(later.problem, later.result).violations == later.result.violated
            reached["twice"] += assert_trips_follow(later)
    print(dict(reached))
    assert reached["followed"] > 10
    assert reached["twice"] > 10
    assert reached["feasible"] > 5
    assert reached["with breaks"] > 2
