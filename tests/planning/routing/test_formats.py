"""Public formats are read as their authors mean them: published routes cost what was published.

The instances have no clear licence and are not ours to ship. Tests that need them look into the
folder named by ``RESTANTE_ROUTING_INSTANCES``, and are skipped without it.
"""

import os
from itertools import pairwise
from pathlib import Path

import pytest

from restante.planning.routing import MaxIterations, check, solve
from restante.planning.routing.formats import READERS, BadInstance, Instance

FOLDER = os.environ.get("RESTANTE_ROUTING_INSTANCES")
needs_instances = pytest.mark.skipif(
    FOLDER is None, reason="set RESTANTE_ROUTING_INSTANCES to a folder of public instances"
)

SMALL_VRPDO = """{name}

VEHICLE CAPACITY LOCATIONS CUSTOMER OPTIONS PRIORITIES NUMTYPS
2 10 3 2 3 2 3

CUSTOMER DEMAND
0 4
1 5

LOCATION XCOORD YCOORD CAP READY DUE TYP SERVICETIME
0 0 0 -1 0 100 0 0
1 3 4.05 -1 20 60 2 6
2 0 5 1 0 100 1 4

OPTION LOCATION CUSTOMER PRIO SERVICETIME COST
0 1 0 1 2 0
1 2 0 2 1 0
2 2 1 1 1 0
"""

SMALL_VRPLIB = """NAME : small
DIMENSION : 3
CAPACITY : 10
EDGE_WEIGHT_TYPE : EUC_2D
{fields}NODE_COORD_SECTION
1 0 0
2 3 4
3 0 5.56
DEMAND_SECTION
1 0
2 4
3 5
{sections}DEPOT_SECTION
1
-1
EOF
"""

WINDOWS = "TIME_WINDOW_SECTION\n1 0 100\n2 0 50\n3 20 60\nSERVICE_TIME_SECTION\n1 0\n2 5\n3 5\n"
GROUPS = "MUTUALLY_EXCLUSIVE_GROUP_SECTION\n1 1\n2 2 3\n"

SMALL_VRPRDL = """General parameters
2 2 720 750

Customer schedules
0 0 0 [0,720]
1 75 1 [0,46] 2 [191,264]
2 52 2 [80,139]
3 0 3 [0,720]

Travel time matrix
(0, 0) 0
(0, 1) 10
(1, 0) 10
(0, 2) 20
(2, 0) 20
(1, 2) 15
(2, 1) 15
(1, 1) 0
(2, 2) 0
(0, 3) 0
(3, 0) 0
(1, 3) 10
(3, 1) 10
(2, 3) 20
(3, 2) 20
(3, 3) 0
"""


def solved(instance: Instance) -> tuple[float, int]:
    result = solve(instance.problem, MaxIterations(200), seed=1)
    found = check(instance.problem, result)
    assert found.is_feasible, found.violations
    return instance.cost_of(result), found.vehicles


def test_options_are_read_with_the_preparation_and_the_capacity_of_locations():
    instance = READERS["vrpdo"](SMALL_VRPDO.format(name="V_2_1.txt"))
    place = instance.problem.places[2]
    assert (place.preparation_s, place.parcels_max) == (4.0, 1)
    assert [one.level for one in instance.problem.parcels[0].options] == [0, 1]
    length = (3**2 + 4.05**2) ** 0.5 + (3**2 + 0.95**2) ** 0.5 + 5
    assert solved(instance) == (pytest.approx(length), 1)


@pytest.mark.parametrize(
    ("inside", "outside"), [("V_2small_1.txt", ""), ("V_2_1.txt", "V_2large_1")]
)
def test_instances_named_by_the_width_of_their_windows_are_measured_in_whole_tenths(
    inside: str, outside: str
):
    instance = READERS["vrpdo"](SMALL_VRPDO.format(name=inside), outside)
    assert instance.problem.places[1].opens_at == 200.0
    assert solved(instance) == (51 + 32 + 50, 1)


def test_vrplib_rounds_distances_as_each_of_its_problems_does():
    plain = READERS["cvrp"](SMALL_VRPLIB.format(fields="", sections=""))
    assert solved(plain) == (5 + 3 + 6, 1)
    timed = READERS["vrptw"](SMALL_VRPLIB.format(fields="VEHICLES : 2\n", sections=WINDOWS))
    assert solved(timed) == (pytest.approx(5.0 + 3.3 + 5.5), 1)
    assert len(timed.problem.vehicles) == 2
    grouped = READERS["gvrp"](SMALL_VRPLIB.format(fields="", sections=GROUPS))
    assert solved(grouped) == (5 + 5, 1)


def test_roaming_places_have_the_windows_of_their_schedule():
    instance = READERS["vrprdl"](SMALL_VRPRDL)
    assert [len(one.options) for one in instance.problem.parcels] == [2, 1]
    assert instance.problem.parcels[0].options[1].opens_at == 191.0
    assert solved(instance) == (40.0, 1)


@pytest.mark.parametrize(
    ("written_as", "text", "says"),
    [
        ("vrpdo", "", "the file is empty"),
        ("vrpdo", "x\nVEHICLE\n1 2 3 4 5 6 seven\n", "line 3: '1 2 3 4 5 6 seven' is no row"),
        ("vrpdo", "x\nVEHICLE\n1 2\n", "line 3: too few numbers for section VEHICLE"),
        ("vrpdo", "x\nVEHICLE\n1 2 3 4 5 6 7\n", "section CUSTOMER is missing"),
        ("cvrp", "hello\n", "line 1: 'hello' stands before any section"),
        ("cvrp", "EDGE_WEIGHT_TYPE : GEO\n", "EDGE_WEIGHT_TYPE is GEO, not EUC_2D"),
        ("cvrp", "EDGE_WEIGHT_TYPE : EUC_2D\n", "section NODE_COORD_SECTION is missing"),
        ("vrptw", SMALL_VRPLIB.format(fields="", sections=""), "TIME_WINDOW_SECTION is missing"),
        ("gvrp", SMALL_VRPLIB.format(fields="", sections=""), "GROUP_SECTION is missing"),
        ("vrprdl", "nothing", "no general parameters"),
        ("vrprdl", SMALL_VRPRDL.replace("(1, 2) 15", ""), "no travel time from 1 to 2"),
    ],
)
def test_what_is_not_of_a_format_is_refused_with_the_line_or_section(
    written_as: str, text: str, says: str
):
    with pytest.raises(BadInstance, match=says):
        READERS[written_as](text)


# ── Published solutions ───────────────────────────────────────────────────────────────────────


def read(written_as: str, name: str) -> tuple[Instance, Path]:
    path = Path(str(FOLDER)) / name
    return READERS[written_as](path.read_text(encoding="utf-8")), path


@needs_instances
@pytest.mark.parametrize(
    ("written_as", "name"),
    [
        ("cvrp", "cvrp-x/X-n101-k25"),
        ("cvrp", "cvrp-x/X-n1001-k43"),
        ("vrptw", "vrptw/R1_10_2"),
        ("vrptw", "vrptw/C1_10_2"),
        ("vrptw", "vrptw/RC2_10_1"),
        ("gvrp", "gvrp/M-n151-k12-C51-V4"),
        ("gvrp", "gvrp/L-640-C129-R5"),
    ],
)
def test_published_routes_cost_what_was_published(written_as: str, name: str):
    instance, path = read(written_as, f"{name}.vrp")
    problem = instance.problem
    parcels = {one.options[0].place: one for one in problem.parcels}
    if written_as == "gvrp":
        parcels = {option.place: one for one in problem.parcels for option in one.options}
    lines = path.with_suffix(".sol").read_text(encoding="utf-8").splitlines()
    routes = [
        [int(word) for word in line.partition(":")[2].split()] for line in lines
        if line.startswith("Route")
    ]  # fmt: skip
    published = next(float(line.split()[-1]) for line in lines if line.lower().startswith("cost"))
    rows = {place.id: i for i, place in enumerate(problem.places)}
    metres = problem.distances_m.values
    length, seen = 0.0, set()
    for route in routes:
        # Numbers in solutions count from the depot, which is node 1 of the file.
        stops = [rows[f"node {number + 1}"] for number in route]
        length += sum(float(metres[i, j]) for i, j in pairwise([0, *stops, 0]))
        seen |= {parcels[problem.places[i].id].id for i in stops}
        load = sum(parcels[problem.places[i].id].volume_cm3 for i in stops)
        assert load <= (problem.vehicles[0].capacity.volume_cm3 or 0)
    assert length / (instance.scale or 1.0) == pytest.approx(published)
    assert len(seen) == len(problem.parcels)
    assert len(routes) <= len(problem.vehicles)
