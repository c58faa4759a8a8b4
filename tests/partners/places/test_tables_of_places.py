"""Tables of places: good rows become columns, bad ones are told by number."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.partners.manifest_row import ProblemCode
from restante.partners.places import CandidateStatus, read_candidates, read_demand_cells
from restante.partners.places.table import PROBLEMS_MAX

CELLS = b"id,lat,lon,demand,area\na,52.1,21.0,3.5,North\nb,52.2,21.1,0,\n"


def codes(reading):
    return [(one.row_number, one.column, one.code) for one in reading.problems]


def test_cells_are_read_as_columns_in_the_order_of_the_file():
    cells = read_demand_cells(CELLS)
    assert cells.ids == ("a", "b")
    assert cells.lat.tolist() == [52.1, 52.2]
    assert cells.demand.tolist() == [3.5, 0.0]
    assert cells.areas == ("North", "")
    assert cells.problems == ()
    assert cells.row_count == 2


def test_every_mistake_of_a_row_is_told_with_the_number_a_spreadsheet_shows():
    cells = read_demand_cells(
        b"id,lat,lon,demand\n"
        b"a,52.1,21.0,nan\n"
        b"b,152.1,21.0,-3\n"
        b"\n"
        b",52.1,,many\n"
        b"c,52.1,21.0,inf\n"
        b"d,52.1,21.0,1\n"
        b"d,52.2,21.0,2\n"
    )
    assert codes(cells) == [
        (2, "demand", ProblemCode.NOT_A_NUMBER),
        (3, "lat", ProblemCode.OUT_OF_RANGE),
        (3, "demand", ProblemCode.OUT_OF_RANGE),
        (5, "id", ProblemCode.MISSING),
        (5, "lon", ProblemCode.MISSING),
        (5, "demand", ProblemCode.NOT_A_NUMBER),
        (6, "demand", ProblemCode.OUT_OF_RANGE),
        (8, "id", ProblemCode.ID_TWICE),
    ]
    assert cells.ids == ("d",)
    assert cells.demand.tolist() == [1.0]
    assert cells.row_count == 6
    assert "row 7" in cells.problems[-1].reason
    assert "negative" in cells.problems[2].reason


def test_a_column_that_is_missing_or_there_twice_is_told_before_any_row():
    assert codes(read_demand_cells(b"id,lat,lon\na,1,2\n")) == [
        (1, "demand", ProblemCode.COLUMN_MISSING)
    ]
    twice = read_demand_cells(b"id,lat,lon,population,people\na,1,2,3,4\n")
    assert codes(twice) == [(1, "people", ProblemCode.COLUMN_TWICE)]
    assert twice.ids == ()
    # The documented name wins over another name for the same.
    both = read_demand_cells(b"id,lat,lon,population,demand\na,1,2,3,4\n")
    assert both.demand.tolist() == [4.0]
    assert both.ignored_columns == ("population",)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", ProblemCode.FILE_EMPTY),
        (b"id,lat,lon,demand\n", ProblemCode.FILE_EMPTY),
        (b"\xff\xfei\x00d\x00", ProblemCode.NOT_UTF8),
        (b"{not json", ProblemCode.NOT_GEOJSON),
        (b'{"type": "FeatureCollection"}', ProblemCode.NOT_GEOJSON),
    ],
)
def test_a_file_that_is_no_table_is_one_mistake(content, code):
    cells = read_demand_cells(content)
    assert [one.code for one in cells.problems] == [code]
    assert cells.ids == ()


def test_semicolons_and_decimal_commas_are_read_where_they_can_mean_one_thing_only():
    cells = read_demand_cells(
        b"id;Latitude;Longitude;demand\na;52,229;21,012;3,5\nb;52,1;21,0;1,500\n"
    )
    assert cells.lat.tolist() == [52.229]
    assert cells.demand.tolist() == [3.5]
    assert codes(cells) == [(3, "demand", ProblemCode.AMBIGUOUS_NUMBER)]


def test_a_broken_quotation_mark_costs_its_own_row_only():
    cells = read_demand_cells(b'id,lat,lon,demand\na,1,2,3\n"b,1,2,3\nc,1,2,4\n')
    assert cells.ids == ("a", "c")
    assert codes(cells) == [(3, "", ProblemCode.QUOTES_BROKEN)]


def test_a_wrong_column_is_not_told_a_million_times():
    rows = b"".join(b"%d,1,2,x\n" % i for i in range(3 * PROBLEMS_MAX))
    cells = read_demand_cells(b"id,lat,lon,demand\n" + rows)
    assert len(cells.problems) == PROBLEMS_MAX
    assert cells.row_count == 3 * PROBLEMS_MAX


def feature(geometry, **properties):
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def collection(*features):
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def test_features_stand_at_their_point_or_centroid():
    square = [[[20.0, 50.0], [20.2, 50.0], [20.2, 50.1], [20.0, 50.1], [20.0, 50.0]]]
    cells = read_demand_cells(
        collection(
            feature({"type": "Point", "coordinates": [21.0, 52.0]}, id="p", demand=3),
            feature({"type": "Polygon", "coordinates": square}, id="q", demand=1.5),
            {**feature({"type": "MultiPolygon", "coordinates": [square]}, demand=2), "id": 7},
        )
    )
    assert cells.problems == ()
    assert cells.ids == ("p", "q", "7")
    np.testing.assert_allclose(cells.lat, [52.0, 50.05, 50.05])
    np.testing.assert_allclose(cells.lon, [21.0, 20.1, 20.1])


def test_a_feature_without_a_place_or_amount_is_named_by_its_number():
    point = {"type": "Point", "coordinates": [21.0, 52.0]}
    cells = read_demand_cells(
        collection(
            feature(None, id="a", demand=1),
            feature({"type": "Point", "coordinates": ["x"]}, id="b", demand=1),
            feature({"type": "Point", "coordinates": [52.0, 210.0]}, id="c", demand=1),
            feature(point, id="d", demand=None),
            feature(point, id="e", demand=5),
        )
    )
    assert cells.ids == ("e",)
    assert codes(cells) == [
        (1, "", ProblemCode.NOT_GEOJSON),
        (2, "", ProblemCode.NOT_GEOJSON),
        (3, "lat", ProblemCode.OUT_OF_RANGE),
        (4, "demand", ProblemCode.MISSING),
    ]


def test_candidates_know_what_nobody_said():
    candidates = read_candidates(
        b"id,lat,lon,fixed_cost,capacity,accessible,host,status\n"
        b"a,52,21,120.5,80,yes,Kiosk,existing\n"
        b"b,52,21,,,,,\n"
        b"c,52,21,-1,many,perhaps,,shut\n"
    )
    assert candidates.ids == ("a", "b")
    assert candidates.fixed_cost.tolist() == [120.5, 0.0]
    assert candidates.capacity[0] == 80
    assert np.isnan(candidates.capacity[1])
    assert candidates.is_accessible.tolist() == [True, False]
    assert candidates.hosts == ("Kiosk", "")
    assert candidates.statuses == (CandidateStatus.EXISTING, CandidateStatus.CANDIDATE)
    assert [(row, column) for row, column, _ in codes(candidates)] == [
        (4, "fixed_cost"),
        (4, "capacity"),
        (4, "accessible"),
        (4, "status"),
    ]


def test_columns_that_are_not_there_take_what_nobody_said():
    candidates = read_candidates(b"id,lat,lon\na,52,21\n")
    assert np.isnan(candidates.capacity).all()
    assert candidates.statuses == (CandidateStatus.CANDIDATE,)
    assert not candidates.is_accessible.any()


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(content):
    for read in (read_demand_cells, read_candidates):
        reading = read(content)
        assert len(reading.ids) == len(reading.lat)
        if not reading.ids:
            assert reading.problems


@given(
    st.lists(
        st.tuples(
            st.floats(-200, 200) | st.just(float("nan")),
            st.floats(-200, 200),
            st.floats(-5, 5) | st.just(float("nan")),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_a_row_is_kept_exactly_when_it_has_no_mistake(rows):
    text = "id,lat,lon,demand\n" + "".join(
        f"r{i},{lat!r},{lon!r},{demand!r}\n" for i, (lat, lon, demand) in enumerate(rows)
    )
    cells = read_demand_cells(text.encode())
    good = [
        f"r{i}"
        for i, (lat, lon, demand) in enumerate(rows)
        if abs(lat) <= 90 and abs(lon) <= 180 and demand >= 0
    ]
    assert list(cells.ids) == good
    assert {one.row_number for one in cells.problems} == {
        i + 2 for i in range(len(rows)) if f"r{i}" not in good
    }
