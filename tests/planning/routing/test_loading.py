"""What a van needs first stands in front, in every section, and at a locker in its order."""

import csv
import io

import pytest

from restante.planning.routing import BadProblem, MaxIterations, check, solve
from restante.planning.routing.loading import (
    Column,
    Front,
    Layout,
    Loaded,
    Section,
    Van,
    make_loading,
    to_csv,
)
from restante.planning.routing.problem import Capacity, Problem
from restante.planning.routing.result import Result
from tests.planning.routing.city import make_city


@pytest.fixture(scope="module")
def problem() -> Problem:
    return make_city(3, parcels=30, vehicles=2, pickups=True, share=0.2)


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Result:
    result = solve(problem, MaxIterations(100), seed=1)
    assert check(problem, result).is_feasible
    return result


def unload(loaded: list[Loaded]) -> list[str]:
    """Take parcels out of one section, each time the one that was put in last."""
    return [one.parcel for one in sorted(loaded, key=lambda one: -one.turn)]


def test_taking_out_what_was_put_in_last_follows_the_route(problem: Problem, plan: Result):
    loading = make_loading(problem, plan)
    pickups = {one.id for one in problem.parcels if one.is_pickup}
    assert pickups
    assert {one.size for one in loading.parcels} == {"small", "large"}
    for route in plan.routes:
        mine = [one for one in loading.parcels if one.vehicle == route.vehicle]
        stop_of = {one.parcel: one.stop for one in mine}
        stops = [stop_of[parcel] for parcel in unload(mine)]
        assert stops == sorted(stops)
        planned = [
            one.parcel for v in route.visits for one in v.served if one.parcel not in pickups
        ]
        assert sorted(unload(mine)) == sorted(planned)
    assert not loading.says


def test_at_a_locker_columns_follow_each_other_and_large_parcels_come_first(
    problem: Problem, plan: Result
):
    place = max(
        (visit for route in plan.routes for visit in route.visits if "locker" in visit.place),
        key=lambda visit: len(visit.served),
    ).place  # fmt: skip
    columns = (Column(sizes=("small",) * 2), Column(sizes=("large",) * 2 + ("small",) * 9))
    layout = Layout(lockers=(Front(place=place, columns=columns),))
    here = [one for one in make_loading(problem, plan, layout).parcels if one.place == place]
    assert len(here) >= 3
    for stop in {(one.vehicle, one.stop) for one in here}:
        hands = sorted((x for x in here if (x.vehicle, x.stop) == stop), key=lambda x: x.hand)
        assert [one.column or 9 for one in hands] == sorted(one.column or 9 for one in hands)
        assert all(one.column == 2 for one in hands if one.size == "large")
        for column in (1, 2):
            sizes = [one.size for one in hands if one.column == column]
            assert sizes == sorted(sizes)  # "large" before "small"


def test_sections_are_filled_in_the_order_in_which_they_are_emptied(problem: Problem, plan: Result):
    vehicle = plan.routes[0].vehicle
    door = Section(id="door", capacity=Capacity(parcels=5))
    layout = Layout(vans=(Van(vehicle=vehicle, sections=(door, Section(id="back"))),))
    mine = [one for one in make_loading(problem, plan, layout).parcels if one.vehicle == vehicle]
    last = max(one.stop for one in mine if one.section == "door")
    first = min(one.stop for one in mine if one.section == "back")
    assert last < first
    assert 0 < sum(one.section == "door" for one in mine) <= 5
    for section in ("door", "back"):
        turns = [one.turn for one in mine if one.section == section]
        assert turns == list(range(1, len(turns) + 1))


def test_what_fits_no_section_is_said(problem: Problem, plan: Result):
    tiny = Van(
        vehicle=plan.routes[0].vehicle,
        sections=(Section(id="shelf", capacity=Capacity(parcels=1)),),
    )
    loading = make_loading(problem, plan, Layout(vans=(tiny,)))
    assert "'shelf' is too small for stop" in loading.says[0]
    assert len(loading.parcels) == len(make_loading(problem, plan).parcels)


def test_the_list_for_the_depot_has_a_line_for_each_parcel(problem: Problem, plan: Result):
    loading = make_loading(problem, plan)
    rows = list(csv.DictReader(io.StringIO(to_csv(loading))))
    assert [row["parcel"] for row in rows] == [one.parcel for one in loading.parcels]
    assert rows[0]["turn"] == "1"
    assert rows[0]["column"] == ""


def test_a_text_that_looks_like_a_formula_stays_a_text():
    one = Loaded(vehicle="v", turn=1, section="van", stop=1, place="p", hand=1, parcel="=1+1",
                 size="small")  # fmt: skip
    loading = make_loading(make_city(1, parcels=2), Result.from_json(NOTHING))
    assert loading.parcels == ()
    assert "'=1+1" in to_csv(loading._replace(parcels=(one,)))


NOTHING = (
    b'{"type": "routing.result.v1", "problem": "", "is_feasible": true, "routes": [],'
    b' "unserved": [], "violated": [], "cost": {"total": 0, "fixed": 0, "distance": 0, "time": 0,'
    b' "penalties": 0, "prizes_missed": 0}, "distance_m": 0, "duration_s": 0, "co2e_g": 0,'
    b' "seed": 1, "iterations": 0}'
)


def test_a_layout_of_vans_nobody_knows_is_refused(problem: Problem, plan: Result):
    layout = Layout(vans=(Van(vehicle="bike", sections=()),))
    with pytest.raises(BadProblem, match=r"vans\[0\] 'bike': it is not in vehicles"):
        make_loading(problem, plan, layout)
