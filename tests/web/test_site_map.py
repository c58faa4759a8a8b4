"""An answer of sites is told the same in the console, in a file and as GeoJSON."""

import numpy as np
import pytest

from restante.planning.entry import Grid
from restante.planning.siting import (
    Candidate,
    CandidateId,
    Cell,
    CellId,
    Full,
    MaxIterations,
    Problem,
    Standing,
    solve,
)
from restante.planning.siting.geojson import NoPositions, check_positions, make_geojson
from restante.web.site_map import make_site_map, write_site_map_file

FAR = 50.01


def cell(name: str, latitude: float | None, demand: float) -> Cell:
    longitude = None if latitude is None else 8.0
    return Cell(id=CellId(name), demand=demand, latitude=latitude, longitude=longitude)


def candidate(name: str, latitude: float | None, **more: object) -> Candidate:
    longitude = None if latitude is None else 8.0
    return Candidate(id=CandidateId(name), latitude=latitude, longitude=longitude, **more)


def test_a_cell_that_is_split_walks_the_mean_and_belongs_to_who_serves_most():
    problem = Problem(
        cells=(cell("c", 50.0, 10.0),),
        candidates=(candidate("near", 50.001, capacity=6), candidate("far", FAR, capacity=6)),
    )
    result = solve(problem, MaxIterations(200), seed=1)
    (told,) = [
        one["properties"]
        for one in make_geojson(problem, result)["features"]
        if one["properties"]["kind"] == "cell"
    ]
    walks = dict(
        zip(
            (result.sites[n].id for n in result.assignment.sites),
            zip(result.assignment.demand, result.assignment.meters, strict=True),
            strict=True,
        )
    )
    assert {name: demand for name, (demand, _) in walks.items()} == {"near": 6.0, "far": 4.0}
    assert told["meters"] == pytest.approx(0.6 * walks["near"][1] + 0.4 * walks["far"][1])
    assert told["site"] == "near"
    assert told["meters_before"] is None


def test_walks_now_are_those_to_what_stands_and_sites_say_what_becomes_of_them():
    problem = Problem(
        cells=(cell("c", 50.0, 10.0), cell("d", FAR, 90.0)),
        candidates=(
            candidate("old", 50.0, standing=Standing.MAY_CLOSE),
            candidate("new", FAR),
            candidate("other", 50.5),
        ),
        sites_max=1,
    )
    result = solve(problem, MaxIterations(200), seed=1)
    geojson = make_geojson(problem, result)
    drawing = make_site_map(geojson)
    assert {row.id: row.look for row in drawing.rows} == {"new": "new", "old": "closed"}
    assert drawing.before is not None
    assert drawing.after is not None
    assert drawing.before.count("site-stays") == 1
    assert (drawing.after.count("site-new"), drawing.after.count("site-free")) == (1, 1)
    # Nine of ten live where nothing stands, more than a kilometer away.
    assert geojson["answer"]["before"]["beyond_500_m"] == pytest.approx(0.9)
    page = write_site_map_file(geojson, title="One <site>")
    assert "One &lt;site&gt;" in page
    assert "Proven: no choice of sites is better." in page
    assert "://" not in page.replace("http://www.w3.org/", "")


def test_what_has_no_place_stands_in_the_table_and_is_not_drawn():
    problem = Problem(
        cells=(cell("c", None, 1.0),),
        candidates=(candidate("a", None), candidate("b", None)),
        distances=Full(meters=Grid(np.array([[100.0, 300.0]]))),
        sites_max=1,
    )
    geojson = make_geojson(problem, solve(problem, MaxIterations(200), seed=1))
    assert {one["geometry"] for one in geojson["features"]} == {None}
    assert "bbox" not in geojson
    drawing = make_site_map(geojson)
    assert (drawing.before, drawing.after) == (None, None)
    assert [row.id for row in drawing.rows] == ["a"]
    with pytest.raises(NoPositions, match="'c' has no latitude"):
        check_positions(problem)
