"""``restante plan routes``: from a file to a plan that was checked."""

import json
from pathlib import Path

import pytest

from restante.cli.app import main
from restante.planning.routing import Problem, Result, check
from tests.planning.routing.city import make_city
from tests.planning.routing.test_formats import SMALL_VRPDO
from tests.planning.routing.test_geojson import on_earth


@pytest.fixture
def problem_file(tmp_path: Path) -> Path:
    path = tmp_path / "problem.json"
    path.write_bytes(make_city(3, parcels=12, vehicles=3).to_json())
    return path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        main(["plan", "routes", *map(str, words)])
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def test_a_problem_is_planned_and_the_plan_written(problem_file: Path, capsys):
    out = problem_file.with_name("plan.json")
    words = ("--iterations", 200, "--seed", 1, "--json", "--out", out)
    status, said, _ = run(capsys, problem_file, *words)
    told = json.loads(said)
    assert status == 0
    assert (told["feasible"], told["unserved"], told["iterations"]) == (True, 0, 200)
    plan = Result.from_json(out.read_bytes())
    assert check(Problem.from_json(problem_file.read_bytes()), plan).is_feasible
    assert told["cost"] == pytest.approx(plan.cost.total)
    assert told["vehicles"] == len(plan.routes)


def test_a_map_and_geojson_are_written_beside_the_plan(tmp_path: Path, capsys):
    path = tmp_path / "problem.json"
    path.write_bytes(on_earth(make_city(3, parcels=12, vehicles=3)).to_json())
    page, drawn = tmp_path / "map.html", tmp_path / "routes.geojson"
    words = ("--iterations", 50, "--map", page, "--geojson", drawn, "--json")
    status, said, _ = run(capsys, path, *words)
    assert status == 0
    kinds = [one["properties"]["kind"] for one in json.loads(drawn.read_text())["features"]]
    assert kinds.count("route") == json.loads(said)["vehicles"]
    text = page.read_text()
    assert text.count("data-table=") == kinds.count("route")
    assert "http" not in text.replace("http-equiv", "").replace("http://www.w3.org/2000/svg", "")


def test_a_problem_without_coordinates_is_sketched_but_is_no_geography(problem_file: Path, capsys):
    page = problem_file.with_name("map.html")
    status, _, _ = run(capsys, problem_file, "--iterations", 50, "--map", page)
    assert status == 0
    assert "There is no north" in page.read_text()
    drawn = problem_file.with_name("routes.geojson")
    status, _, error = run(capsys, problem_file, "--iterations", 50, "--geojson", drawn)
    assert status == 1
    assert "places[0] depot: has no coordinates" in " ".join(error.split())
    assert not drawn.exists()


def test_people_read_routes_and_what_is_not_served(problem_file: Path, capsys):
    status, said, _ = run(capsys, problem_file, "--iterations", 50)
    assert status == 0
    assert said.startswith("feasible: ")
    assert "12 of 12 parcels served" in said


def test_a_public_format_is_told_in_its_own_objective(tmp_path: Path, capsys):
    path = tmp_path / "V_2small_1.txt"
    path.write_text(SMALL_VRPDO.format(name="V_2small_1.txt"), encoding="utf-8")
    words = ("--format", "vrpdo", "--seconds", 0.2, "--json")
    status, said, _ = run(capsys, path, *words)
    told = json.loads(said)
    assert status == 0
    assert (told["cost"], told["vehicles"], told["feasible"]) == (133.0, 1, True)
    assert told["seconds"] >= 0.2


@pytest.mark.parametrize(
    ("text", "words", "says"),
    [
        ("{}", (), "missing required field `type`|required field"),
        ("{}", ("--format", "tsp"), "'tsp' is no format: give one of vrpdo, vrptw, cvrp"),
        ("x", ("--format", "cvrp"), "line 1: 'x' stands before any section"),
    ],
)
def test_a_file_that_is_no_problem_is_refused(tmp_path: Path, capsys, text, words, says):
    path = tmp_path / "problem.json"
    path.write_text(text, encoding="utf-8")
    status, _, error = run(capsys, path, *words)
    assert status == 1
    assert any(one in " ".join(error.split()) for one in says.split("|"))
