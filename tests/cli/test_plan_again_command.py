"""``restante plan again``, ``overflow`` and ``loading``: from files to what an operator reads."""

import csv
import io
import json
from pathlib import Path

import pytest

from restante.cli.app import main
from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.changes import Changes, Event, PlaceClosed
from restante.planning.routing.overflow import Booked, Evening, Offer, Tomorrow
from tests.planning.routing.city import make_city


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("day")
    problem = make_city(3, parcels=12, vehicles=2, share=0.2)
    plan = solve(problem, MaxIterations(100), seed=1)
    (folder / "problem.json").write_bytes(problem.to_json())
    (folder / "plan.json").write_bytes(plan.to_json())
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        main(["plan", *map(str, words)])
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    said = capsys.readouterr()
    return status, said.out, said.err


def again(capsys, day: Path, event: Event | None, *words: object) -> tuple[int, str, str]:
    changes = Changes(at=1_000.0, events=() if event is None else (event,))
    (day / "changes.json").write_bytes(changes.to_json())
    files = (day / "problem.json", day / "plan.json", day / "changes.json")
    return run(capsys, "again", *files, "--iterations", 50, *words)


def last_place(day: Path) -> str:
    plan = Result.from_json((day / "plan.json").read_bytes())
    return max((v.arrives_at, v.place) for r in plan.routes for v in r.visits)[1]


def test_after_a_place_closed_the_rest_of_the_day_is_planned_and_written(day: Path, capsys):
    outs = ("--out", day / "new.json", "--problem-out", day / "rest.json", "--json")
    status, said, _ = again(capsys, day, PlaceClosed(place=last_place(day)), *outs)
    told = json.loads(said)
    assert status == 0
    assert not told["holds"]
    assert {one["from_place"] for one in told["moved"]} >= {last_place(day)}
    rest = Problem.from_json((day / "rest.json").read_bytes())
    plan = Result.from_json((day / "new.json").read_bytes())
    assert check(rest, plan).violations == plan.violated


def test_an_operator_reads_who_is_served_elsewhere_or_not_at_all(day: Path, capsys):
    status, said, _ = again(capsys, day, PlaceClosed(place=last_place(day)))
    assert status == 0
    assert f": {last_place(day)} by van" in said
    assert "(place_closed)" in said


def test_where_nothing_happened_an_operator_reads_that_the_plan_holds(day: Path, capsys):
    status, said, _ = again(capsys, day, None)
    assert (status, said) == (0, "the plan in force holds: drive on as planned\n")


def test_an_event_at_a_place_nobody_knows_is_named(day: Path, capsys):
    status, _, said = again(capsys, day, PlaceClosed(place="moon"))
    assert status == 1
    assert "events[0]: 'moon' is not in places: name another" in " ".join(said.split())


def test_a_depot_gets_a_list_for_each_van(day: Path, capsys):
    status, said, _ = run(capsys, "loading", day / "problem.json", day / "plan.json")
    assert status == 0
    rows = list(csv.DictReader(io.StringIO(said)))
    assert len(rows) == 12
    assert {row["section"] for row in rows} == {"van"}


def test_tonight_it_is_told_who_goes_elsewhere_and_why_not_another(tmp_path: Path, capsys):
    ways = (Offer(place="a"), Offer(place="b", away_m=500.0))
    evening = Evening(
        places=(Tomorrow(id="a", compartments={"parcel": 1}), Tomorrow(id="b")),
        parcels=(
            Booked(id="p", offers=ways), Booked(id="q", offers=ways, moved_before=1),
        ),
    )  # fmt: skip
    file = tmp_path / "evening.json"
    file.write_bytes(evening.to_json())
    status, said, _ = run(capsys, "overflow", file, "--out", tmp_path / "decided.json")
    assert status == 0
    assert "  p: a -> b, 500 m farther, cost 1.5:" in said
    assert "      not q: moved before" in said
    status, _, wrong = run(capsys, "overflow", file, "--risk", "2")
    assert (status, "give more than 0 and less than 1" in " ".join(wrong.split())) == (1, True)
