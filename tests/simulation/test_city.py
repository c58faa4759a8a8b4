"""The generated city is whole, believable, light, and the same for the same seed."""

import itertools
import math
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import msgspec
import pytest
from opening_hours import OpeningHours

from restante.core.fit import Condition, choose_compartment
from restante.core.size import ParcelSize
from restante.partners import read_manifest
from restante.sim.city import (
    LATITUDE,
    LONGITUDE,
    METERS_PER_DEGREE,
    City,
    Layer,
    Position,
    SiteKind,
    make_city,
)
from restante.sim.city_lockers import CABINET_HEIGHT_MM_MAX, ColumnKind, build_layout
from restante.sim.city_map import city_geojson

SEEDS = (1, 2, 8)


@pytest.fixture(params=SEEDS)
def city(request: pytest.FixtureRequest) -> City:
    return make_city(request.param)


def away_m(here: Position, there: Position) -> float:
    east_m = (here[0] - there[0]) * METERS_PER_DEGREE * math.cos(math.radians(LATITUDE))
    return math.hypot(east_m, (here[1] - there[1]) * METERS_PER_DEGREE)


def test_every_node_can_be_reached_from_every_other(city: City) -> None:
    neighbors: dict[int, list[int]] = defaultdict(list)
    for edge in city.edges:
        neighbors[edge.start].append(edge.end)
        neighbors[edge.end].append(edge.start)
    seen, waiting = {0}, [0]
    while waiting:
        fresh = set(neighbors[waiting.pop()]) - seen
        seen |= fresh
        waiting.extend(fresh)
    assert len(seen) == len(city.nodes) > 800


def test_edges_run_from_node_to_node_and_are_no_shorter_than_the_crow_flies(city: City) -> None:
    for edge in city.edges:
        start, end = city.nodes[edge.start], city.nodes[edge.end]
        assert (edge.line[0], edge.line[-1]) == (start, end)
        assert edge.start != edge.end
        assert edge.length_m >= away_m(start, end) - 1
        assert edge.name
        assert edge.drive_seconds > 0


def test_a_handful_of_bridges_cross_the_river_in_one_go(city: City) -> None:
    bridges = [edge for edge in city.edges if edge.is_bridge]
    assert 5 <= len(bridges) <= 14
    assert max(edge.length_m for edge in bridges) < 320
    on_bridges = Counter(node for edge in bridges for node in (edge.start, edge.end))
    assert max(on_bridges.values()) == 1  # Nobody turns off in the middle of the river.


def test_forty_lockers_and_six_counters_stand_apart_at_crossings(city: City) -> None:
    assert Counter(site.kind for site in city.sites) == {SiteKind.LOCKER: 40, SiteKind.COUNTER: 6}
    ids = [site.id for site in city.sites]
    assert ids[0] == "site-01"
    assert ids[39:41] == ["site-40", "counter-01"]
    assert len({site.name for site in city.sites}) == 46
    for index, site in enumerate(city.sites):
        assert away_m(site.position, city.nodes[site.node]) < 80
        assert all(away_m(site.position, other.position) > 100 for other in city.sites[:index])


def test_most_people_live_within_ten_minutes_of_a_site(city: City) -> None:
    people = sum(home.people for home in city.homes)
    near = sum(
        home.people
        for home in city.homes
        if min(away_m(home.position, site.position) for site in city.sites) < 700
    )
    assert 60_000 < people < 200_000
    assert near / people > 0.85


def test_opening_hours_are_understood_and_most_lockers_never_close(city: City) -> None:
    for site in city.sites:
        assert OpeningHours(site.opening_hours)  # raises when it cannot be read
    always = [site for site in city.sites if site.opening_hours == "24/7"]
    assert len(always) >= 20
    assert all(site.kind is SiteKind.LOCKER for site in always)


def test_lockers_are_real_cabinets(city: City) -> None:
    for site in city.sites:
        if site.layout is None:
            assert site.counter_capacity > 0
            continue
        doors = site.layout.compartments
        assert 30 <= len(doors) <= 110
        assert len({door.id for door in doors}) == len(doors)
        assert all(column.height_mm <= CABINET_HEIGHT_MM_MAX for column in site.layout.columns)
        assert sum(column.screen_height_mm > 0 for column in site.layout.columns) == 1
        assert any(door.is_low for door in doors)


@pytest.mark.parametrize("kind", ColumnKind)
def test_doors_of_a_column_do_not_overlap_and_upper_ones_carry_less(kind: ColumnKind) -> None:
    doors = build_layout((kind,)).compartments
    for upper, lower in itertools.pairwise(doors):
        assert upper.row + 1 == lower.row
        assert upper.bottom_height_mm > lower.bottom_height_mm + lower.height_mm
        assert upper.weight_g_max <= lower.weight_g_max


def test_every_locker_takes_a_large_parcel_for_somebody_in_a_wheelchair(city: City) -> None:
    large = ParcelSize(length_mm=600, width_mm=370, height_mm=390, weight_g=9_000)
    for site in city.sites:
        if site.layout is not None:
            doors = [Condition(spec=spec) for spec in site.layout.compartments]
            assert choose_compartment(large, doors, needs_low_door=True).compartment is not None


def test_the_map_is_light_and_complete(city: City) -> None:
    layers = city_geojson(city)
    assert set(layers) == set(Layer)
    count = sum(len(layer["features"]) for layer in layers.values())
    assert 2_500 < count < 5_000
    assert len(msgspec.json.encode(layers)) < 1_000_000
    assert all(layer["features"] for layer in layers.values())


def test_every_edge_is_drawn_once(city: City) -> None:
    drawn = [
        line
        for feature in city_geojson(city)[Layer.ROAD]["features"]
        for line in feature["geometry"]["coordinates"]
    ]
    stretches = sum(len(line) - 1 for line in drawn)
    assert stretches == sum(len(edge.line) - 1 for edge in city.edges)


def test_areas_are_closed_rings_near_the_place_we_say(city: City) -> None:
    for shape in city.shapes:
        for ring in shape.rings:
            if shape.layer is not Layer.DISTRICT:
                assert ring[0] == ring[-1]
                assert len(ring) >= 4
            assert all(away_m(place, (LONGITUDE, LATITUDE)) < 6_500 for place in ring)


def test_the_same_seed_gives_the_same_city_in_another_process() -> None:
    code = (
        "import msgspec, hashlib; from restante.sim.city import make_city;"
        "print(hashlib.sha256(msgspec.json.encode(make_city(8))).hexdigest())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": hash_seed},
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert make_city(1) != make_city(2)


def test_asking_for_too_many_sites_says_so() -> None:
    assert len(make_city(8, lockers=100, counters=20).sites) == 120
    with pytest.raises(ValueError, match="no room"):
        make_city(8, lockers=2_000)


def test_every_parcel_of_the_example_manifest_fits_at_its_site() -> None:
    manifest = Path(__file__).parents[2] / "examples" / "manifest.csv"
    sites = {site.id: site for site in make_city().sites}
    for row in read_manifest(manifest.read_bytes(), sites=sites).rows:
        parcel, layout = row.parcel, sites[row.parcel.site].layout
        assert layout is not None
        size = ParcelSize(
            length_mm=parcel.length_mm,
            width_mm=parcel.width_mm,
            height_mm=parcel.height_mm,
            weight_g=parcel.weight_g,
            keep_upright=parcel.keep_upright,
        )
        doors = [Condition(spec=spec) for spec in layout.compartments]
        choice = choose_compartment(size, doors, needs_low_door=parcel.needs_low_door)
        assert choice.compartment is not None, row.row_number
