"""Road servers are asked in tiles they allow, each pair once, and what they cannot say is named."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from restante.planning.routing import BadProblem, Problem
from restante.planning.travel import Draft, NoTravel, Point
from restante.planning.travel.road_server import Osrm, Valhalla
from restante.wiring.road_client import RoadClient
from restante.wiring.travel import TravelWish, find_travels
from restante.wiring.travel_cache import DAYS_MAX, TravelCache
from tests.planning.travel import servers
from tests.planning.travel.servers import Log, serving

SIDE = 3


@pytest.fixture
def osrm() -> Iterator[tuple[str, Log]]:
    with serving(lambda log, path, _: servers.osrm(log, path, SIDE)) as served:
        yield served


@pytest.fixture
def valhalla() -> Iterator[tuple[str, Log]]:
    with serving(lambda log, _, body: servers.valhalla(log, body, SIDE)) as served:
        yield served


def draft(count: int, *, twice: bool = False, **said: Any) -> Draft:
    places = [{"id": "depot", "kind": "depot", "latitude": 50.0, "longitude": 1.0}]
    places += [
        {"id": f"home {i}", "latitude": 50 + i / 1000, "longitude": 1 + i / 500}
        for i in range(1, count)
    ]
    if twice:
        places.append({**places[-1], "id": "the same door"})
    problem = {
        "type": "routing.problem.v1",
        "places": places,
        "vehicles": [{"id": "van", "start_place": "depot", "cost_per_km": 1.0}],
        "parcels": [
            {"id": f"parcel {i}", "options": [{"place": one["id"]}]}
            for i, one in enumerate(places[1:])
        ],
        **said,
    }
    return Draft.from_json(json.dumps(problem))


def wish(kind: str, address: str, **said: Any) -> TravelWish:
    return TravelWish(kind, address, **{"tile": SIDE, **said})


def metres_between(problem: Problem, i: int, j: int) -> float:
    a, b = problem.places[i], problem.places[j]
    assert a.longitude is not None
    assert b.longitude is not None
    return servers.metres((a.longitude, a.latitude or 0), (b.longitude, b.latitude or 0))


# ── What is documented ────────────────────────────────────────────────────────────────────────


OSRM_DOCUMENTED = {
    "sources": [],
    "destinations": [],
    "durations": [[0, 192.6, 382.8], [199, 0, 283.9], [344.7, 222.3, 0]],
    "code": "Ok",
    "distances": [[0, 1886.89, 3791.3], [1824, 0, 2838.09], [3275.36, 2361.73, 0]],
    "fallback_speed_cells": [[0, 1], [1, 0]],
}
"""Three points of Berlin, from the documentation of OSRM's table service."""


def test_osrm_is_asked_and_understood_as_its_documentation_says():
    berlin = [Point(52.517037, 13.38886), Point(52.529407, 13.397634), Point(52.523219, 13.428555)]
    assert Osrm().ask(berlin[:1], berlin[1:]).path == (
        "/table/v1/driving/13.38886,52.51704;13.39763,52.52941;13.42855,52.52322"
        "?annotations=duration,distance&sources=0&destinations=1;2"
    )
    body = json.dumps(OSRM_DOCUMENTED).encode()
    found = Osrm().read(200, body, names=["a", "b", "c"] * 2, columns=3)
    assert found.durations_s[2, 0] == 344.7
    assert found.distances_m[0, 2] == 3791.3
    assert found.estimated.tolist() == [
        [False, True, False], [True, False, False], [False, False, False]
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        {"durations": [[0, 1500], [None, 0]], "distances": [[0.0, 25.0], [None, 0.0]]},
        [
            [{"distance": 0.0, "time": 0, "from_index": 0, "to_index": 0},
             {"distance": 25.0, "time": 1500, "from_index": 0, "to_index": 1}],
            [{"distance": None, "time": None, "from_index": 1, "to_index": 0},
             {"distance": 0.0, "time": 0, "from_index": 1, "to_index": 1}],
        ],
    ],
)  # fmt: skip
def test_valhalla_is_understood_in_its_short_and_its_long_form(written: Any):
    body = json.dumps({"sources_to_targets": written, "units": "kilometers"}).encode()
    found = Valhalla().read(200, body, names=["a", "b"] * 2, columns=2)
    assert found.durations_s[0, 1] == 1500
    assert found.distances_m[0, 1] == 25_000
    assert np.isnan(found.durations_s[1, 0])
    miles = json.dumps({"sources_to_targets": written, "units": "miles"}).encode()
    found = Valhalla().read(200, miles, names=["a", "b"] * 2, columns=2)
    assert found.distances_m[0, 1] == pytest.approx(40_233.6)


# ── Over HTTP ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", ["osrm", "valhalla"])
def test_a_problem_is_filled_with_a_server_s_answers(kind: str, request: pytest.FixtureRequest):
    address, log = request.getfixturevalue(kind)
    shares: list[float] = []
    problem = find_travels(draft(7, twice=True), wish(kind, address), shares.append)
    for i in range(8):
        for j in range(8):
            metres = metres_between(problem, i, j)
            assert problem.distances_m.values[i, j] == pytest.approx(metres)
            assert problem.durations_s.values[i, j] == pytest.approx(metres / 10)
    assert problem.travel is not None
    assert (problem.travel.name, problem.travel.pairs, problem.travel.estimated) == (kind, 42, 0)
    assert problem.travel.profile == {"osrm": "driving", "valhalla": "auto"}[kind]
    # Two of eight places share a point. Of nine tiles, one is of a point to itself alone.
    assert len(log.paths) == 8
    assert log.pairs == 48
    assert shares[-1] == 1.0


def test_the_profile_and_the_path_of_the_address_are_the_operator_s(osrm: tuple[str, Log]):
    address, log = osrm
    client = RoadClient(Osrm(profile="van", side=2), address + "/")
    client.find([Point(50.0, 1.0), Point(50.1, 1.0)], ["a", "b"])
    assert log.paths[0].startswith("/table/v1/van/1.00000,50.00000;1.00000,50.10000")


def test_what_was_asked_once_is_not_asked_again(osrm: tuple[str, Log], tmp_path: Path):
    address, log = osrm
    cached = wish("osrm", address, cache=tmp_path / "travel.sqlite")
    first = find_travels(draft(5), cached)
    asked = len(log.paths)
    assert find_travels(draft(5), cached) == first
    assert len(log.paths) == asked
    more = find_travels(draft(6), cached)
    # Only tiles with the new place: two of them in its row, one more in its column.
    assert len(log.paths) == asked + 3
    assert more.distances_m.values[:5, :5].tolist() == first.distances_m.values.tolist()
    find_travels(draft(5), cached._replace(profile="truck"))
    assert len(log.paths) == asked + 3 + 4


def test_what_was_asked_long_ago_is_asked_again(osrm: tuple[str, Log], tmp_path: Path):
    address, log = osrm
    points, names = [Point(50.0, 1.0), Point(50.1, 1.0)], ["a", "b"]
    now = [1_800_000_000.0]
    with TravelCache(tmp_path / "travel.sqlite", now=lambda: now[0]) as cache:
        client = RoadClient(Osrm(side=SIDE), address, cache=cache)
        client.find(points, names)
        now[0] += DAYS_MAX * 86_400
        client.find(points, names)
        assert len(log.paths) == 1
        now[0] += 86_400
        client.find(points, names)
        assert len(log.paths) == 2


def test_holes_are_named_or_estimated_and_asked_for_again(
    valhalla: tuple[str, Log], tmp_path: Path
):
    address, log = valhalla
    log.islands.add((1.004, 50.002))
    asked = wish("valhalla", address, cache=tmp_path / "travel.sqlite")
    says = "valhalla knows no way to or from 'home 2' (8 pairs): move the place to a road"
    with pytest.raises(NoTravel, match=re.escape(says)):
        find_travels(draft(5), asked)
    problem = find_travels(draft(5), asked._replace(is_estimating=True))
    assert problem.travel is not None
    assert (problem.travel.estimated, problem.travel.pairs) == (8, 20)
    log.islands.clear()
    mended = find_travels(draft(5), asked)
    assert mended.travel is not None
    assert mended.travel.estimated == 0
    assert mended.distances_m.values[0, 2] == pytest.approx(metres_between(mended, 0, 2))


# ── What goes wrong ───────────────────────────────────────────────────────────────────────────


def test_a_place_without_a_road_is_named(osrm: tuple[str, Log]):
    wrong = draft(5)
    places = [*wrong.places[:4], msgspec.structs.replace(wrong.places[4], latitude=85.0)]
    says = "osrm finds no road near place 'home 4': check its coordinates"
    with pytest.raises(NoTravel, match=says):
        find_travels(wrong._replace(places=tuple(places)), wish("osrm", osrm[0]))


def test_tiles_that_are_too_large_say_what_to_do(osrm: tuple[str, Log], valhalla: tuple[str, Log]):
    says = "TooBig Too many table coordinates. Ask for smaller tiles, or raise --max-table-size"
    with pytest.raises(NoTravel, match=re.escape(says)):
        find_travels(draft(5), wish("osrm", osrm[0], tile=5))
    says = "150 Exceeded max locations: 3. Places asked for: 'depot', 'home 1', 'home 2' and 7 more"
    with pytest.raises(NoTravel, match=re.escape(says)):
        find_travels(draft(5), wish("valhalla", valhalla[0], tile=5))


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ((200, b"<html>hello</html>"), "osrm answered 200 with something that is not a JSON"),
        ((502, b""), "osrm answered 502 with something that is not a JSON object: is this its"),
        ((302, b""), "sends us elsewhere (302): name the address it really has"),
        ((200, {"code": "Ok", "durations": [[0]]}), "without distances: it must be of version"),
        (
            (200, {"code": "Ok", "durations": [[0]], "distances": [[0]]}),
            "osrm answered a table that is not of 2 × 2 numbers",
        ),
        (
            (200, {"code": "Ok", "durations": [["a", 1], [1, 0]], "distances": [[0, 1], [1, 0]]}),
            "osrm answered a table that is not of 2 × 2 numbers",
        ),
        ((400, {"code": "InvalidQuery", "message": "Query string malformed"}), "osrm refused"),
        (
            (200, {"code": "Ok", "durations": [[0, -1], [1, 0]], "distances": [[0, 1], [1, 0]]}),
            "osrm knows no way from 'depot' to 'home 1'",
        ),
    ],
)
def test_answers_that_are_no_table_are_refused(answer: servers.Answer, says: str):
    with (
        serving(lambda *_: answer) as (address, _),
        pytest.raises(NoTravel, match=re.escape(says)),
    ):
        find_travels(draft(2), wish("osrm", address))


def test_a_server_that_is_not_there_is_named_with_what_to_do():
    with serving(lambda *_: (200, b"")) as (address, _):
        pass
    says = f"osrm at {address} does not answer (ConnectError): start it, or plan with --travel"
    with pytest.raises(NoTravel, match=re.escape(says)):
        find_travels(draft(2), wish("osrm", address))


def test_a_server_that_never_answers_is_not_waited_for():
    import threading

    ending = threading.Event()

    def silent(*_: Any) -> servers.Answer:
        ending.wait(30)
        return 200, b""

    with serving(silent) as (address, log):
        try:
            with pytest.raises(NoTravel, match=r"did not answer within 0\.2 s"):
                find_travels(draft(2), wish("osrm", address, timeout_seconds=0.2))
        finally:
            ending.set()
    assert len(log.paths) == 2


@pytest.mark.parametrize(
    "address", ["localhost:5000", "ftp://host", "http://", "http://user@host", "http://host/?a=1"]
)
def test_what_is_no_address_is_refused(address: str):
    with pytest.raises(NoTravel, match="is no address of a road server: write http://host:port"):
        RoadClient(Osrm(), address)


def test_a_cache_that_is_none_is_named(tmp_path: Path, osrm: tuple[str, Log]):
    file = tmp_path / "travel.sqlite"
    file.write_text("this is a letter, and a long one at that" * 200, encoding="utf-8")
    with pytest.raises(NoTravel, match=r"travel\.sqlite cannot be used .*: delete it"):
        find_travels(draft(2), wish("osrm", osrm[0], cache=file))


@pytest.mark.parametrize("written", ["", "google", "osrm", "osrm=", "csv", "roads="])
def test_sources_that_are_none_are_refused(written: str):
    with pytest.raises(NoTravel, match="is no source of travel times: give one of straight"):
        TravelWish.of(written)


# ── Without a server ──────────────────────────────────────────────────────────────────────────


def test_straight_lines_need_nothing_and_say_what_they_are():
    problem = find_travels(draft(5), TravelWish.of("straight=1.2"))
    assert problem.travel is not None
    assert problem.travel.says == "straight lines × 1.2, not roads"
    assert problem.travel.estimated == problem.travel.pairs == 20
    assert Problem.from_json(problem.to_json()) == problem
    with pytest.raises(NoTravel, match="straight=far: the detour factor is a number"):
        find_travels(draft(5), TravelWish.of("straight=far"))
    with pytest.raises(NoTravel, match=r"the detour factor is 0\.5: no road is shorter"):
        find_travels(draft(5), TravelWish.of("straight=0.5"))


def test_roads_of_a_file_are_driven(tmp_path: Path):
    file = tmp_path / "roads.json"
    roads = {
        "crossings": [[1.0, 50.0], [1.002, 50.001], [1.004, 50.002]],
        "streets": [
            {"start": 0, "end": 1, "length_m": 200, "road": "street", "is_one_way": True},
            {"start": 1, "end": 2, "length_m": 200, "road": "street"},
            {"start": 2, "end": 0, "length_m": 500, "road": "street"},
        ],
        "speeds_kmh": {"street": 36},
    }
    file.write_text(json.dumps(roads), encoding="utf-8")
    problem = find_travels(draft(3), TravelWish.of(f"roads={file}"))
    assert problem.distances_m.values[0, 1] == pytest.approx(200)
    assert problem.distances_m.values[1, 0] == pytest.approx(700)
    assert problem.durations_s.values[1, 0] == pytest.approx(70)
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(NoTravel, match=r"roads\.json is no graph of roads: .*crossings"):
        find_travels(draft(3), TravelWish.of(f"roads={file}"))
    with pytest.raises(NoTravel, match="cannot be read"):
        find_travels(draft(3), TravelWish.of(f"roads={file}.not"))


def test_the_city_s_streets_are_of_its_region_alone():
    with pytest.raises(NoTravel, match="km from the nearest road"):
        find_travels(draft(3), TravelWish.of("city"))
    with pytest.raises(NoTravel, match="city=old: give the number"):
        find_travels(draft(3), TravelWish.of("city=old"))


def test_a_table_of_a_file_needs_no_coordinates_unless_holes_are_estimated(tmp_path: Path):
    file = tmp_path / "table.csv"
    pairs = [("depot", "home 1"), ("home 1", "depot")]
    lines = ["from,to,duration_s,distance_m", *(f"{a},{b},60,500" for a, b in pairs)]
    file.write_text("\n".join(lines), encoding="utf-8")
    bare = draft(2)
    for place in bare.written["places"]:
        del place["latitude"], place["longitude"]
    bare = Draft.from_json(json.dumps(bare.written))
    assert find_travels(bare, TravelWish.of(f"csv={file}")).durations_s.values[1, 0] == 60
    file.write_text("\n".join(lines[:2]), encoding="utf-8")
    says = "csv knows no way from 'home 1' to 'depot': add it"
    with pytest.raises(NoTravel, match=says):
        find_travels(draft(2), TravelWish.of(f"csv={file}"))
    filled = find_travels(draft(2), TravelWish.of(f"csv={file}")._replace(is_estimating=True))
    assert filled.travel is not None
    assert (filled.travel.estimated, filled.travel.says) == (1, "table.csv")
    file.write_text("\n".join([*lines, "x,y,1,1"]), encoding="utf-8")
    with pytest.raises(NoTravel, match=r"table\.csv, line 4: 'x' is no place of the problem"):
        find_travels(draft(2), TravelWish.of(f"csv={file}"))


def test_the_rest_of_a_draft_is_looked_at_with_the_whole_problem():
    with pytest.raises(BadProblem, match="there is none: give at least one"):
        find_travels(draft(2, vehicles=[]), TravelWish.of("straight"))
    with pytest.raises(BadProblem, match="unknown field"):
        find_travels(draft(2, colour="red"), TravelWish.of("straight"))
    with pytest.raises(BadProblem, match="places"):
        Draft.from_json('{"places": 3}')
