"""Tables of travel times: straight lines, roads and files, with every hole named or estimated."""

import heapq
import math
import random
import re
from collections.abc import Sequence

import numpy as np
import pytest

from restante.planning.routing.source import TravelSource
from restante.planning.travel import (
    NoTravel,
    Point,
    Roads,
    Straight,
    Street,
    complete,
    points_of,
    read_csv_table,
)
from restante.planning.travel.straight import great_circles_m
from restante.planning.travel.table import Found
from restante.sim.city import make_city
from restante.wiring.travel import city_roads

SOURCE = TravelSource(name="test")


def scattered(count: int, seed: int, *, spread: float = 0.2) -> list[Point]:
    rng = random.Random(seed)
    return [Point(54.7 + spread * rng.random(), 2.3 + spread * rng.random()) for _ in range(count)]


# ── Straight lines ────────────────────────────────────────────────────────────────────────────


def test_the_great_circle_between_two_cities_is_as_long_as_it_is():
    paris, london = Point(48.8566, 2.3522), Point(51.5074, -0.1278)
    assert great_circles_m([paris, london])[0, 1] == pytest.approx(343_556, rel=1e-3)
    assert great_circles_m([Point(0, 179.5), Point(0, -179.5)])[0, 1] == pytest.approx(111_195, 1)


def test_a_longer_way_is_faster_but_never_shorter_in_time():
    points = [Point(50.0, 0.0), Point(50.01, 0.0), Point(50.1, 0.0), Point(51.0, 0.0)]
    metres, seconds = Straight().estimate(points)
    assert metres[0, 1] == pytest.approx(1.35 * 1_112, rel=1e-3)
    speeds = metres[0, 1:] / seconds[0, 1:] * 3.6
    assert speeds[0] == pytest.approx(20.0)
    assert list(speeds) == sorted(speeds)
    assert list(seconds[0]) == sorted(seconds[0])


def test_no_way_over_a_third_point_is_quicker_than_a_straight_line():
    metres, seconds = Straight().estimate(scattered(40, 1, spread=2.0))
    for table in (metres, seconds):
        over = (table[:, :, None] + table[None, :, :]).min(axis=1)
        assert (table <= over + 1e-6).all()


@pytest.mark.parametrize(
    ("straight", "says"),
    [
        (Straight(0.9), "the detour factor is 0.9: no road is shorter"),
        (Straight(math.nan), "the detour factor is nan"),
        (Straight(1.3, ((1000.0, 30.0),)), "the last one nowhere"),
        (Straight(1.3, ((1000.0, 30.0), (math.inf, 20.0))), "longer ways are not slower"),
        (Straight(1.3, ((math.inf, 0.0),)), "begin above 0 km/h"),
    ],
)
def test_straight_lines_that_cannot_be_meant_are_refused(straight: Straight, says: str):
    with pytest.raises(NoTravel, match=says):
        straight.check()


# ── Points and holes ──────────────────────────────────────────────────────────────────────────


def test_places_at_one_point_are_one_point():
    points, rows = points_of([("a", 50.0, 1.0), ("b", 50.000001, 1.0), ("c", 50.0001, 1.0)])
    assert len(points) == 2
    assert list(rows) == [0, 0, 1]


@pytest.mark.parametrize(
    ("place", "says"),
    [
        (("here", None, 1.0), "place 'here' has no latitude and longitude: add them"),
        (("here", 91.0, 1.0), "place 'here' is at 91, 1: latitude is from -90 to 90"),
        (("here", 1.0, math.nan), "longitude from -180 to 180"),
    ],
)
def test_places_without_a_point_are_named(place: tuple[str, float, float], says: str):
    with pytest.raises(NoTravel, match=says):
        points_of([place])


def with_holes(count: int, *pairs: tuple[int, int]) -> tuple[Found, list[Point]]:
    points = scattered(count, 2)
    metres, seconds = Straight(1.2).estimate(points)
    for i, j in pairs:
        metres[i, j] = seconds[i, j] = np.nan
    return Found(metres, seconds, np.zeros(metres.shape, dtype=bool)), points


def test_holes_are_named_unless_they_may_be_estimated():
    found, points = with_holes(4, (0, 1), (2, 3))
    names = ["a", "b", "c", "d"]
    with pytest.raises(NoTravel, match="test knows no way from 'a' to 'b', from 'c' to 'd': add"):
        complete(found, names=names, points=points, source=SOURCE, estimate=None)
    made = complete(found, names=names, points=points, source=SOURCE, estimate=Straight().estimate)
    assert made.source.pairs == 12
    assert made.source.estimated == 2
    assert np.isfinite(made.distances_m).all()
    assert made.distances_m[0, 1] <= Straight().estimate(points)[0][0, 1] + 1e-6


def test_a_place_that_nothing_leads_to_is_named_once_and_not_pair_by_pair():
    found, points = with_holes(4, *((1, j) for j in range(4)), *((i, 1) for i in range(4)))
    with pytest.raises(NoTravel, match=re.escape("no way to or from 'b' (6 pairs): move")):
        complete(found, names=["a", "b", "c", "d"], points=points, source=SOURCE, estimate=None)


def test_a_table_with_estimates_is_closed_and_distances_follow_the_quickest_way():
    metres = np.array([[0, 900.0, np.nan], [900.0, 0, 300.0], [500.0, 300.0, 0]])
    seconds = np.array([[0, 90.0, np.nan], [90.0, 0, 30.0], [50.0, 30.0, 0]])

    def far_off(points: Sequence[Point]) -> tuple[np.ndarray, np.ndarray]:
        return np.full((3, 3), 9_999.0), np.full((3, 3), 9_999.0)

    made = complete(
        Found(metres, seconds, np.zeros((3, 3), dtype=bool)),
        names=["a", "b", "c"], points=scattered(3, 1), source=SOURCE, estimate=far_off,
    )  # fmt: skip
    assert made.durations_s[0, 2] == pytest.approx(120.0)
    assert made.distances_m[0, 2] == pytest.approx(1_200.0)
    # From c to b directly takes 30 s, to a 50 s, and from b to a over c 80 s instead of 90.
    assert made.durations_s[1, 0] == pytest.approx(80.0)
    assert made.source.says == "1 known pairs became quicker by estimates"


def test_random_patched_tables_keep_the_triangle_inequality():
    closed = 0
    for seed in range(20):
        rng = random.Random(seed)
        pairs = [(rng.randrange(12), rng.randrange(12)) for _ in range(20)]
        found, points = with_holes(12, *(pair for pair in pairs if pair[0] != pair[1]))
        made = complete(
            found, names=list("abcdefghijkl"), points=points, source=SOURCE,
            estimate=Straight(3.0).estimate,
        )  # fmt: skip
        table = made.durations_s
        over = (table[:, :, None] + table[None, :, :]).min(axis=1)
        assert (table <= over + 1e-6).all()
        closed += bool((table < Straight(3.0).estimate(points)[1] - 1).any())
    assert closed == 20


# ── Roads ─────────────────────────────────────────────────────────────────────────────────────


def quickest(streets: list[Street], speeds: dict[str, float], start: int) -> dict[int, float]:
    """Find durations by the textbook, for comparison."""
    out: dict[int, list[tuple[int, float]]] = {}
    for one in streets:
        seconds = one.length_m * 3.6 / speeds[one.road]
        out.setdefault(one.start, []).append((one.end, seconds))
        if not one.is_one_way:
            out.setdefault(one.end, []).append((one.start, seconds))
    best, heap = {start: 0.0}, [(0.0, start)]
    while heap:
        at, x = heapq.heappop(heap)
        for y, seconds in out.get(x, []):
            if at + seconds < best.get(y, math.inf):
                best[y] = at + seconds
                heapq.heappush(heap, (at + seconds, y))
    return best


def test_ways_on_random_roads_are_the_quickest_and_as_long_as_they_are():
    speeds = {"wide": 50.0, "narrow": 20.0}
    one_way = unreachable = 0
    for seed in range(8):
        rng = random.Random(seed)
        crossings = scattered(30, seed)
        streets = [
            Street(rng.randrange(30), rng.randrange(30), rng.randint(50, 900),
                   rng.choice(["wide", "narrow"]), rng.random() < 0.5)
            for _ in range(60)
        ]  # fmt: skip
        streets = [one for one in streets if one.start != one.end]
        joined = sorted({x for one in streets for x in (one.start, one.end)})
        found = Roads(crossings, streets, speeds).find(
            [crossings[x] for x in joined], [str(x) for x in joined]
        )
        for i, x in enumerate(joined):
            best = quickest(streets, speeds, x)
            for j, y in enumerate(joined):
                if y not in best:
                    unreachable += 1
                    assert np.isnan(found.durations_s[i, j])
                    continue
                assert found.durations_s[i, j] == pytest.approx(best[y])
                # No way is quicker than its length at the highest speed, nor longer than at the
                # lowest.
                assert best[y] * 20 / 3.6 - 1e-6 <= found.distances_m[i, j]
                assert found.distances_m[i, j] <= best[y] * 50 / 3.6 + 1e-6
                back = found.durations_s[j, i]
                one_way += back != found.durations_s[i, j]
    print({"pairs that differ in direction": one_way, "unreachable": unreachable})
    assert one_way > 100
    assert unreachable > 10


def test_a_one_way_street_is_driven_around_the_block():
    crossings = [Point(50.0, 0.0), Point(50.0, 0.002), Point(50.002, 0.002)]
    streets = [
        Street(0, 1, 100.0, "road", is_one_way=True),
        Street(1, 2, 200.0, "road"),
        Street(2, 0, 300.0, "road"),
        Street(0, 1, 900.0, "road"),
    ]
    found = Roads(crossings, streets, {"road": 36.0}).find(crossings, ["a", "b", "c"])
    assert found.distances_m[0, 1] == pytest.approx(100.0)
    assert found.distances_m[1, 0] == pytest.approx(500.0)
    assert found.durations_s[1, 0] == pytest.approx(50.0)


def test_the_generated_city_is_driven_on_its_streets():
    city = make_city(8)
    homes = city.homes[::40]
    points = [Point(one.position[1], one.position[0]) for one in homes]
    found = city_roads(city).find(points, [one.address.line for one in homes])
    off = ~np.eye(len(points), dtype=bool)
    lines = great_circles_m(points)[off]
    assert np.isfinite(found.durations_s).all()
    detours = found.distances_m[off] / lines
    speeds = found.distances_m[off] / found.durations_s[off] * 3.6
    assert detours.min() > 0.99
    assert 1.1 < np.median(detours) < 1.6
    assert speeds.min() > 15
    assert speeds.max() < 50


@pytest.mark.parametrize(
    ("streets", "says"),
    [
        ([], "there is no street"),
        ([Street(0, 7, 10.0, "road")], "street 0 leads to a crossing that is not there: 2 are"),
        ([Street(0, 1, 10.0, "path")], "street 0 is a 'path': give that class a speed"),
        ([Street(0, 1, -1.0, "road")], "street 0 is -1.0 m long: give 0 or more"),
    ],
)
def test_roads_that_cannot_be_meant_are_refused(streets: list[Street], says: str):
    with pytest.raises(NoTravel, match=says):
        Roads([Point(50.0, 0.0), Point(50.0, 0.001)], streets, {"road": 30.0})


def test_a_place_far_from_every_road_is_named():
    roads = Roads(
        [Point(50.0, 0.0), Point(50.0, 0.001)], [Street(0, 1, 70.0, "road")], {"road": 30.0}
    )
    with pytest.raises(NoTravel, match=r"place 'afar' is 111\.\d km from the nearest road"):
        roads.find([Point(50.0, 0.0), Point(51.0, 0.0)], ["here", "afar"])


# ── Files ─────────────────────────────────────────────────────────────────────────────────────


def test_a_file_may_differ_there_and_back_and_leave_pairs_out():
    lines = [
        "from,to,distance_m,duration_s,note",
        "a,b,1000,60,",
        "",
        "b,a,1200.5,70,by the bridge",
    ]
    found = read_csv_table(lines, ["a", "b", "c"])
    assert found.durations_s[0, 1] == 60
    assert found.distances_m[1, 0] == 1200.5
    assert np.isnan(found.durations_s[0, 2])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("a,z,1,1", "line 3: 'z' is no place of the problem: add it there, or strike the line"),
        ("a,b,2,2", "line 3: from 'a' to 'b' is in line 2 already: keep one of them"),
        ("b,a,nan,1", "line 3: duration_s is nan: strike the line if it is not known"),
        ("b,a,1,inf", "line 3: distance_m is inf"),
        ("b,a,-5,1", "line 3: duration_s is -5, which is negative: give 0 or more"),
        ("b,a,soon,1", "line 3: duration_s is 'soon', which is no number"),
        ("b,a,1", "line 3: 3 entries, and 4 are needed"),
        ("a,a,1,1", "line 3: from 'a' to itself it is not 0: leave it out"),
    ],
)
def test_lines_that_cannot_be_meant_are_refused_with_their_number(line: str, says: str):
    with pytest.raises(NoTravel, match=re.escape(says)):
        read_csv_table(["from,to,duration_s,distance_m", "a,b,1,1", line], ["a", "b"])


def test_a_file_without_its_columns_is_refused():
    with pytest.raises(NoTravel, match="line 1: no column duration_s, distance_m"):
        read_csv_table(["from,to,minutes"], ["a"])
    with pytest.raises(NoTravel, match="line 1: no column from"):
        read_csv_table([], ["a"])
