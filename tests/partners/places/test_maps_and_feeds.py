"""Population grids, OpenStreetMap extracts and carriers' feeds as cells and candidates."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.partners.manifest_row import ProblemCode
from restante.partners.places import CandidateStatus, read_feed, read_population
from restante.partners.places.osm import ATTRIBUTION, BadExtract, dwellings_of, read_extract

GRID = b"""ncols 3
nrows 2
xllcorner 20.0
yllcorner 50.0
cellsize 0.5
NODATA_value -9999
1 0 2.5
-9999 4 0
"""


def test_a_grid_has_its_first_row_in_the_north() -> None:
    cells = read_population(GRID)
    assert cells.problems == ()
    assert cells.ids == ("r1c1", "r1c3", "r2c2")
    np.testing.assert_allclose(cells.lat, [50.75, 50.75, 50.25])
    np.testing.assert_allclose(cells.lon, [20.25, 21.25, 20.75])
    assert cells.demand.tolist() == [1.0, 2.5, 4.0]


def test_corners_may_be_middles() -> None:
    named = GRID.replace(b"xllcorner 20.0", b"xllcenter 20.25").replace(
        b"yllcorner 50.0", b"yllcenter 50.25"
    )
    np.testing.assert_allclose(read_population(named).lat, read_population(GRID).lat)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (b"cellsize 0.5\n", b"", "no cellsize"),
        (b"xllcorner 20.0\n", b"", "no xllcorner"),
        (b"cellsize 0.5", b"cellsize 250", "no degrees"),
        (b"xllcorner 20.0", b"xllcorner 500000", "no degrees"),
        (b"nrows 2", b"nrows 3", "2 rows of cells"),
        (b"ncols 3", b"ncols x", "no number"),
        (b"ncols 3", b"ncols 9999999", "at most"),
        (b"nrows 2", b"nrows 0", "positive"),
    ],
)
def test_a_grid_that_is_none_says_what_is_wrong(before: bytes, after: bytes, told: str) -> None:
    cells = read_population(GRID.replace(before, after))
    assert cells.ids == ()
    assert told in cells.problems[0].reason
    assert cells.problems[0].code is ProblemCode.NOT_A_GRID


def test_a_bad_row_of_a_grid_costs_that_row_only() -> None:
    cells = read_population(GRID.replace(b"1 0 2.5", b"1 -3 2.5"))
    assert cells.ids == ("r2c2",)
    assert [one.row_number for one in cells.problems] == [7]
    short = read_population(GRID.replace(b"1 0 2.5", b"1 0"))
    assert "2 cells" in short.problems[0].reason


def test_points_of_people_are_cells_too() -> None:
    cells = read_population(b"lat,lon,people\n50,20,3\n51,21,0\n52,22,nan\n")
    assert cells.ids == ("p2",)
    assert [one.row_number for one in cells.problems] == [4]


@given(st.binary(max_size=200))
def test_no_bytes_make_readers_raise(content: bytes) -> None:
    for some in (content, b"ncols " + content, b'{"items":[' + content, b"[" + content + b"]"):
        assert read_population(some).problems or read_population(some).row_count
        feed = read_feed(some)
        assert len(feed.ids) == len(feed.lat)


INPOST = {
    "count": 3,
    "items": [
        {
            "name": "WAW01A",
            "type": ["parcel_locker"],
            "status": "Operating",
            "location": {"longitude": 21.01, "latitude": 52.23},
            "easy_access_zone": True,
            "partner_id": 7,
        },
        {"name": "WAW02A", "status": "Overloaded", "location": {"longitude": 21, "latitude": 52}},
        {"name": "TEST", "status": "Operating", "location": {"longitude": 0, "latitude": 0}},
    ],
}


def test_points_of_inpost_are_sites_that_exist() -> None:
    feed = read_feed(json.dumps(INPOST).encode())
    assert feed.ids == ("WAW01A",)
    assert (feed.lat[0], feed.lon[0]) == (52.23, 21.01)
    assert feed.is_accessible.tolist() == [True]
    assert feed.hosts == ("7",)
    assert feed.statuses == (CandidateStatus.EXISTING,)
    assert [(one.row_number, one.code) for one in feed.problems] == [(3, ProblemCode.OUT_OF_RANGE)]
    assert feed.row_count == 3


def test_the_neutral_feed_and_plain_lists_are_read_alike() -> None:
    point: dict[str, Any] = {"id": "a", "location": {"lat": 52.2, "lon": 21.0}, "operator": "Ours"}
    flat = {
        "id": "a",
        "latitude": "52.2",
        "longitude": "21.0",
        "brand": "Ours",
        "wheelchair": "yes",
    }
    neutral = {"last_updated": 1, "ttl": 60, "version": "1", "data": {"points": [point]}}
    for document in (neutral, {"points": [point]}, [point], [flat]):
        feed = read_feed(json.dumps(document).encode())
        assert (feed.ids, feed.lat.tolist(), feed.hosts) == (("a",), [52.2], ("Ours",))


def test_points_that_cannot_be_are_named_by_their_place() -> None:
    points: list[Any] = [
        3,
        {"location": {"lat": 1, "lon": 2}},
        {"id": "b", "location": {"lat": 91, "lon": 2}},
        {"id": "c", "location": {"lat": "north", "lon": 2}},
        {"id": "d"},
        {"id": "e", "lat": 1, "lon": 2},
        {"id": "e", "lat": 1, "lon": 2},
    ]
    feed = read_feed(json.dumps(points).encode())
    assert feed.ids == ("e",)
    assert [one.row_number for one in feed.problems] == [1, 2, 3, 4, 5, 7]


OSM = """<?xml version="1.0"?><osm version="0.6">
<node id="1" version="1" lat="52.2001" lon="21.0001"/>
<node id="2" version="1" lat="52.2001" lon="21.0003"/>
<node id="3" version="1" lat="52.2003" lon="21.0003"/>
<node id="4" version="1" lat="52.2003" lon="21.0001"/>
<node id="5" version="1" lat="52.3" lon="21.1"><tag k="shop" v="supermarket"/>
  <tag k="brand" v="Corner"/><tag k="wheelchair" v="yes"/></node>
<node id="6" version="1" lat="52.4" lon="21.2"><tag k="amenity" v="parcel_locker"/>
  <tag k="operator" v="Other"/></node>
<node id="7" version="1" lat="52.5" lon="21.3"><tag k="amenity" v="bench"/></node>
<way id="10" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="building" v="apartments"/><tag k="building:levels" v="5"/></way>
<way id="11" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
  <tag k="building" v="supermarket"/><tag k="shop" v="supermarket"/></way>
</osm>"""


def test_an_extract_gives_candidates_lockers_and_dwellings(tmp_path: Path) -> None:
    path = tmp_path / "town.osm"
    path.write_text(OSM)
    extract = read_extract(path)
    candidates = extract.candidates
    assert candidates.ids == ("n5", "n6", "w11")
    assert candidates.hosts == ("Corner", "Other", "supermarket")
    assert candidates.is_accessible.tolist() == [True, False, False]
    assert candidates.statuses == (
        CandidateStatus.CANDIDATE,
        CandidateStatus.EXISTING,
        CandidateStatus.CANDIDATE,
    )
    np.testing.assert_allclose(candidates.lat[2], 52.2002)
    assert extract.dwellings.demand.tolist() == [20.0]
    np.testing.assert_allclose(extract.dwellings.lat, 52.201, atol=1e-9)
    assert extract.attribution == ATTRIBUTION


def test_what_is_no_extract_says_so(tmp_path: Path) -> None:
    path = tmp_path / "town.osm.pbf"
    path.write_bytes(b"nothing")
    with pytest.raises(BadExtract, match="not an extract"):
        read_extract(path)


@pytest.mark.parametrize(
    ("tags", "count"),
    [
        ({"building": "house"}, 1),
        ({"building": "detached", "building:levels": "3"}, 1),
        ({"building": "apartments"}, 12),
        ({"building": "apartments", "building:levels": "10"}, 40),
        ({"building": "apartments", "building:flats": "17"}, 17),
        ({"building": "apartments", "building:levels": "many"}, 12),
        ({"building": "garage"}, 0),
        ({"shop": "supermarket"}, 0),
    ],
)
def test_dwellings_are_guessed_from_what_is_mapped(tags: dict[str, str], count: float) -> None:
    assert dwellings_of(tags) == count
