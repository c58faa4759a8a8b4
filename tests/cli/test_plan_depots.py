"""Depots are planned side by side from files, with travel times from where one says."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import distributed
import msgspec
import pytest

from restante.cli.app import main
from restante.cli.plan_depots import _cancelling
from restante.planning.routing import Problem, Result, check
from tests.planning.routing.city import make_city
from tests.planning.routing.test_geojson import on_earth
from tests.planning.travel import servers
from tests.planning.travel.servers import serving

replace = msgspec.structs.replace


def plain(seed: int) -> Problem:
    city = make_city(seed, parcels=8, vehicles=2)
    places = tuple(replace(one, free=None, parcels_max=None) for one in city.places)
    return on_earth(replace(city, places=places, service_levels=()))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.json" for name in ("north", "south")]
    for seed, path in enumerate(paths):
        path.write_bytes(plain(seed).to_json())
    return paths


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    try:
        main(["plan", *map(str, words)])
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    said = capsys.readouterr()
    return status, said.out, " ".join(said.err.split())


def without_travel(path: Path) -> Path:
    written = json.loads(path.read_bytes())
    del written["distances_m"], written["durations_s"]
    bare = path.with_name(f"bare {path.name}")
    bare.write_text(json.dumps(written), encoding="utf-8")
    return bare


def test_depots_are_planned_on_this_machine_and_on_a_cluster_alike(files: list[Path], capsys):
    out = files[0].with_name("plans")
    out.mkdir()
    words = ("--iterations", 40, "--seed", 3, "--json")
    status, said, error = run(capsys, "depots", *files, *words, "--workers", 2, "--out", out)
    assert (status, error) == (0, "")
    told = json.loads(said)
    assert told["feasible"]
    assert told["cost"] == pytest.approx(sum(one["cost"] for one in told["depots"].values()))
    assert {one["engine"] for one in told["depots"].values()} == {"pyvrp"}
    for file in files:
        plan = Result.from_json((out / file.name).read_bytes())
        assert check(Problem.from_json(file.read_bytes()), plan).is_feasible
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, host="127.0.0.1",
        dashboard_address="127.0.0.1:0", worker_dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as scheduler:  # fmt: skip
        status, said, _ = run(
            capsys, "depots", *files, *words, "--cluster", scheduler.scheduler_address
        )
    assert status == 0
    assert json.loads(said) == told


def test_a_depot_that_cannot_be_read_is_named_and_the_other_is_planned(files: list[Path], capsys):
    files[1].write_text("{}", encoding="utf-8")
    status, said, _ = run(capsys, "depots", *files, "--iterations", 10, "--workers", 1)
    assert status == 1
    assert "1 of 2 depots planned" in said
    assert "north: feasible" in said
    assert "south: FAILED: Object missing required field" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--workers", 1, "--cluster", "tcp://x:1"), "give one of them"),
        (("--format", "tsp"), "'tsp' is no format: give one of vrpdo, vrptw"),
        (("--travel", "google"), "'google' is no source of travel times: give one of straight"),
        (("--out", "nowhere"), "nowhere: there is no such folder; make it first"),
    ],
)
def test_depots_that_cannot_be_meant_are_refused(
    words: tuple[object, ...], says: str, files: list[Path], capsys
):
    status, _, error = run(capsys, "depots", *files, *words)
    assert status == 1
    assert says in error


def test_depots_are_named_by_their_files_so_names_differ(files: list[Path], capsys):
    status, _, error = run(capsys, "depots", files[0], files[0])
    assert status == 1
    assert "several files are named 'north'" in error


@pytest.fixture
def _is_interrupted_as_ever() -> Iterator[None]:
    # Whoever starts the tests in the background may have them ignore interrupts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_is_interrupted_as_ever")
def test_the_first_interrupt_cancels_and_the_second_one_ends(capsys):
    cancelled = []
    with pytest.raises(KeyboardInterrupt), _cancelling(lambda: cancelled.append(True)):
        os.kill(os.getpid(), signal.SIGINT)
        assert cancelled == [True]
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert "depots under way keep what they have" in capsys.readouterr().err


# ── Travel times ──────────────────────────────────────────────────────────────────────────────


def test_a_problem_without_travel_times_is_driven_in_straight_lines(files: list[Path], capsys):
    out = files[0].with_name("plan.json")
    bare = without_travel(files[0])
    words = ("--iterations", 10, "--out", out)
    status, said, _ = run(capsys, "routes", bare, *words)
    assert status == 0
    assert "travel times are estimated (straight: straight lines × 1.35, not roads)" in said
    travel = Result.from_json(out.read_bytes()).travel
    assert travel is not None
    assert (travel.name, travel.estimated) == ("straight", travel.pairs)
    status, said, _ = run(capsys, "routes", files[0], "--iterations", 10, "--json")
    assert status == 0
    assert json.loads(said)["travel"] is None


def test_travel_times_are_taken_from_where_one_says(files: list[Path], capsys):
    cache = files[0].with_name("travel.sqlite")
    with serving(lambda log, path, _: servers.osrm(log, path, 100)) as (address, log):
        words = ("--travel", f"osrm={address}", "--travel-cache", cache, "--travel-profile", "van")
        status, said, _ = run(capsys, "routes", files[0], "--iterations", 10, "--json", *words)
        assert status == 0
        travel = json.loads(said)["travel"]
        assert (travel["name"], travel["profile"]) == ("osrm", "van")
        assert "estimated" not in travel
        asked = len(log.paths)
        assert asked == 1
        run(capsys, "routes", files[0], "--iterations", 10, "--json", *words)
        assert len(log.paths) == asked
    words = ("--travel", f"osrm={address}")
    status, _, error = run(capsys, "routes", files[0], "--iterations", 10, *words)
    assert status == 1
    assert "does not answer (ConnectError): start it, or plan with --travel straight" in error


def test_travel_times_that_cannot_be_meant_are_refused(files: list[Path], capsys):
    bare = without_travel(files[0])
    written = json.loads(bare.read_text(encoding="utf-8"))
    del written["places"][1]["latitude"]
    bare.write_text(json.dumps(written), encoding="utf-8")
    status, _, error = run(capsys, "routes", bare)
    assert status == 1
    assert "has no latitude and longitude: add them, or give the problem distances_m" in error
    status, _, error = run(capsys, "routes", bare, "--format", "cvrp", "--travel", "straight")
    assert status == 1
    assert "a public format says how far it is: leave --travel out" in error
