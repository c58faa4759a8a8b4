"""A plan as GeoJSON: RFC 7946, every parcel told once, nothing that the plan does not say."""

import json
import random
from typing import Any

import pytest
from msgspec.structs import replace

from restante.planning.routing import BadProblem, MaxIterations, Problem, Result, solve
from restante.planning.routing.geojson import NoPositions, make_geojson
from tests.planning.routing.city import make_city


def on_earth(problem: Problem, longitude: float = 8.0, latitude: float = 50.0) -> Problem:
    rng = random.Random(7)
    places = tuple(
        replace(
            place,
            longitude=(longitude + rng.uniform(-0.05, 0.05) + 180) % 360 - 180,
            latitude=latitude + rng.uniform(-0.03, 0.03),
        )
        for place in problem.places
    )
    return replace(problem, places=places)


@pytest.fixture(scope="module")
def problem() -> Problem:
    return on_earth(make_city(5, parcels=14, pickups=True, optional=True))


@pytest.fixture(scope="module")
def plan(problem: Problem) -> Result:
    return solve(problem, MaxIterations(200), 1)


def features(problem: Problem, plan: Result, kind: str) -> list[dict[str, Any]]:
    told = make_geojson(problem, plan)["features"]
    return [one for one in told if one["properties"]["kind"] == kind]


def test_every_parcel_is_told_once_served_or_not(problem: Problem, plan: Result):
    served = [
        one["parcel"]
        for stop in features(problem, plan, "stop")
        for one in stop["properties"]["parcels"]
    ]
    left = [one["properties"]["parcel"] for one in features(problem, plan, "unserved")]
    assert sorted(served + left) == sorted(parcel.id for parcel in problem.parcels)
    assert served


def test_a_route_has_a_time_and_a_load_for_each_point_of_its_line(problem: Problem, plan: Result):
    routes = features(problem, plan, "route")
    assert len(routes) == len(plan.routes) > 0
    for route in routes:
        told = route["properties"]
        points = len(route["geometry"]["coordinates"])
        assert points == len(told["arrives_at"]) == len(told["load"]) == len(told["places"])
        assert told["arrives_at"] == sorted(told["arrives_at"])
        assert max(one["volume_cm3"] for one in told["load"]) == told["load_max"]["volume_cm3"]


def test_it_is_json_with_longitude_first_and_a_box_around_all(problem: Problem, plan: Result):
    told = json.loads(json.dumps(make_geojson(problem, plan), allow_nan=False))
    west, south, east, north = told["bbox"]
    assert (round(west), round(south), round(east), round(north)) == (8, 50, 8, 50)
    for one in told["features"]:
        if one["geometry"]["type"] == "Point":
            x, y = one["geometry"]["coordinates"]
            assert west <= x <= east
            assert south <= y <= north


def test_a_line_across_the_antimeridian_is_cut_there(plan: Result):
    pacific = on_earth(make_city(5, parcels=14, pickups=True, optional=True), 180.0, -17.0)
    told = make_geojson(pacific, plan)
    west, _, east, _ = told["bbox"]
    assert 179 < west <= 180
    assert -180 <= east < -179
    cut = [one for one in told["features"] if one["geometry"]["type"] == "MultiLineString"]
    assert cut
    for line in cut:
        for before, behind in zip(
            line["geometry"]["coordinates"], line["geometry"]["coordinates"][1:], strict=False
        ):
            assert abs(before[-1][0]) == 180
            assert before[-1][0] == -behind[0][0]
            assert before[-1][1] == behind[0][1]


def test_a_place_without_coordinates_is_named(plan: Result):
    nowhere = make_city(5, parcels=14, pickups=True, optional=True)
    with pytest.raises(NoPositions, match=r"places\[0\] depot: .* give latitude and longitude"):
        make_geojson(nowhere, plan)
    swapped = on_earth(nowhere, 8.0, 50.0)
    places = tuple(replace(one, latitude=120.0) for one in swapped.places)
    with pytest.raises(BadProblem, match="swapped"):
        replace(swapped, places=places)
