"""Other planners are asked what we are asked, and their answers are judged as ours are."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from restante.bench.routing.assign import assign
from restante.bench.routing.cases import Case, find_cases
from restante.bench.routing.city import make_city
from restante.bench.routing.question import (
    Answer,
    NoPeer,
    Question,
    ask,
    read_answer,
    without_sharing,
)
from restante.bench.routing.report import RoutingReport
from restante.bench.routing.run import BETTER, Plan, measure_routing, read_runs
from restante.bench.routing.solvers import Budget, Run, ask_peer, plan
from restante.planning.routing import Problem, check
from restante.planning.routing.formats import Instance
from restante.planning.routing.numbering import Numbered
from restante.planning.routing.preflight import look_ahead
from restante.planning.routing.problem import (
    Capacity,
    Matrix,
    Option,
    Parcel,
    Place,
    PlaceId,
    ServiceLevel,
    Vehicle,
    VehicleId,
)

from .exact import least_cost

PEERS = Path(os.environ.get("RESTANTE_PEERS", ".venv-peers/bin/python"))
needs_peers = pytest.mark.skipif(
    not PEERS.is_file(), reason="the other planners are not here: `make bench-routing` makes them"
)
SECONDS = 0.2
DEPOT, LOCKER = PlaceId("depot"), PlaceId("locker")


def small(*, room: int = 2, share: float = 0.0) -> Problem:
    """Four doors in a row, a locker at the end of it that all could use, and two vans.

    All in the locker is one stop of 2 × 100 m; with room for two, two doors are driven to.
    """
    at = [0, 100, 100, 200, 300, 400]
    ids = [DEPOT, LOCKER, *(PlaceId(f"door {i}") for i in range(4))]
    metres = [[float(abs(a - b)) for b in at] for a in at]
    return Problem(
        name="small",
        places=(
            Place(id=DEPOT),
            Place(id=LOCKER, preparation_s=50.0, parcel_s=10.0, free={"parcel": room}),
            *(Place(id=one, preparation_s=20.0, parcel_s=30.0) for one in ids[2:]),
        ),
        vehicles=tuple(
            Vehicle(
                id=VehicleId(f"van {i}"), start_place=DEPOT, capacity=Capacity(volume_cm3=10),
                shift_ends_at=1_000.0, cost_fixed=500.0, cost_per_km=1_000.0,
            )
            for i in range(2)
        ),
        parcels=tuple(
            Parcel(
                id=f"parcel {i}",
                options=(Option(place=one, closes_at=950.0), Option(place=LOCKER, level=1)),
                size="parcel",
                volume_cm3=2,
            )
            for i, one in enumerate(ids[2:])
        ),
        distances_m=Matrix(metres),
        durations_s=Matrix(metres),
        service_levels=(ServiceLevel(level=0, share=share),),
    )  # fmt: skip


def cost_of(problem: Problem, question: Question, answer: Answer) -> tuple[float, tuple[str, ...]]:
    found = check(problem, read_answer(problem, question, answer, seed=1))
    return found.cost, found.violations


@needs_peers
def test_ortools_finds_the_least_cost_under_what_routes_share():
    for problem in (small(), small(room=3), small(room=0), small(room=4, share=0.5)):
        question = ask(problem, seconds=SECONDS, by_cpu=True, seed=1)
        cost, violations = cost_of(problem, question, ask_peer("ortools", question, PEERS))
        assert violations == ()
        assert cost == pytest.approx(least_cost(problem))


@needs_peers
def test_pyvrp_finds_the_least_cost_where_nothing_is_shared_and_the_checker_says_what_is_not_kept():
    problem = small()
    question = ask(problem, seconds=SECONDS, by_cpu=True, seed=1, is_shared=False)
    answer = ask_peer("pyvrp", question, PEERS)
    assert answer.iterations
    assert answer.trace == sorted(answer.trace)
    cost, violations = cost_of(problem, question, answer)
    assert cost == pytest.approx(least_cost(without_sharing(problem)))
    assert violations == ("'locker' has no compartment for a parcel of size 0",)


@needs_peers
@pytest.mark.parametrize("peer", ["pyvrp", "vroom"])
def test_after_an_assignment_parcels_go_where_there_is_room(peer: str):
    problem = small()
    chosen = assign(problem)
    question = ask(problem, seconds=SECONDS, by_cpu=True, seed=1, only=chosen, is_shared=False)
    cost, violations = cost_of(problem, question, ask_peer(peer, question, PEERS))
    assert violations == ()
    fixed = msgspec.structs.replace(
        problem,
        parcels=tuple(
            msgspec.structs.replace(parcel, options=(parcel.options[chosen[i] - 2 * i],))
            for i, parcel in enumerate(problem.parcels)
        ),
    )
    assert cost == pytest.approx(least_cost(fixed))


@needs_peers
@pytest.mark.parametrize("peer", ["pyvrp", "vroom", "ortools"])
def test_preparing_is_paid_once_for_a_stop_and_serving_begins_in_its_window(peer: str):
    # Both parcels are for the locker: 100 s there, 50 to prepare, 10 each. A second preparing, or
    # one before the first is paid, would make the second late by the last second there is.
    problem = small(room=4)
    places = list(problem.places)
    places[1] = msgspec.structs.replace(places[1], closes_at=160.0)
    problem = msgspec.structs.replace(
        problem,
        places=tuple(places),
        vehicles=problem.vehicles[:1],
        parcels=tuple(
            msgspec.structs.replace(one, options=one.options[1:]) for one in problem.parcels[:2]
        ),
    )
    question = ask(problem, seconds=SECONDS, by_cpu=True, seed=1)
    assert cost_of(problem, question, ask_peer(peer, question, PEERS)) == (700.0, ())
    places[1] = msgspec.structs.replace(places[1], closes_at=159.0)
    tight = msgspec.structs.replace(problem, places=tuple(places))
    question = ask(tight, seconds=SECONDS, by_cpu=True, seed=1)
    _, violations = cost_of(tight, question, ask_peer(peer, question, PEERS))
    assert violations


def test_an_assignment_gives_every_parcel_that_can_have_one_an_option_and_keeps_what_is_shared():
    limits = 0
    for seed in range(5):
        city = make_city(60, seed)
        numbered, chosen = Numbered.of(city), set(assign(city))
        placeable = 60 - len(look_ahead(numbered).unplaceable)
        assert placeable > 50
        assert len({numbered.choices[o].parcel for o in chosen}) == len(chosen) == placeable
        for limit in numbered.limits:
            taken = len(chosen.intersection(limit.options))
            limits += taken == limit.options_max
            assert taken <= limit.options_max
    assert limits > 20


def test_what_an_answer_leaves_out_or_does_twice_is_found():
    question = ask(small(), seconds=1.0, seed=1)
    nobody = Answer(routes=[], trace=[], seconds=1.0, cpu_seconds=1.0)
    _, violations = cost_of(small(), question, nobody)
    assert len(violations) == 4
    late = Answer(routes=[[0, 0]], trace=[], seconds=1.0, cpu_seconds=1.0)
    assert "parcel 'parcel 0' is served twice" in cost_of(small(), question, late)[1]
    many = Answer(routes=[[0], [2], [4]], trace=[], seconds=1.0, cpu_seconds=1.0)
    with pytest.raises(NoPeer, match="uses 3 vehicles"):
        read_answer(small(), question, many, seed=1)


def replaced(**fields: object) -> Callable[[Problem], Problem]:
    return lambda problem: msgspec.structs.replace(problem, **fields)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: replaced(vehicles=(p.vehicles[0], msgspec.structs.replace(
            p.vehicles[1], cost_fixed=1.0)))(p), "alike"),
        (lambda p: replaced(vehicles=(msgspec.structs.replace(
            p.vehicles[0], shift_s_max=9.0),))(p), "length of shifts"),
        (lambda p: replaced(parcels=(msgspec.structs.replace(p.parcels[0], prize=1.0),))(p),
         "prizes"),
        (lambda p: replaced(vehicles=(msgspec.structs.replace(
            p.vehicles[0], trips_max=2),))(p), "trips_max"),
    ],
)  # fmt: skip
def test_what_peers_are_not_told_of_is_refused(change: Callable[[Problem], Problem], says: str):
    with pytest.raises(NoPeer, match=says):
        ask(change(small()), seconds=1.0, seed=1)


def test_a_peer_that_is_not_there_is_told_of_and_the_others_run(tmp_path: Path):
    case = Case("city200", "small", Instance(small(), None), False, None, False)
    with pytest.raises(NoPeer, match="run `make bench-routing`"):
        plan(case, "ortools", Budget(1.0, 1), tmp_path / "python")
    # This interpreter has nothing of theirs.
    with pytest.raises(NoPeer, match="there is no ortools"):
        plan(case, "ortools", Budget(1.0, 1), Path(sys.executable))


def test_runs_are_kept_and_summed_up_and_plans_better_than_known_are_kept_with_them(tmp_path: Path):
    folder = tmp_path / "instances"
    (folder / "cvrp-x").mkdir(parents=True)
    (folder / "cvrp-x" / "square.vrp").write_text(
        "NAME : square\nDIMENSION : 4\nCAPACITY : 10\nEDGE_WEIGHT_TYPE : EUC_2D\n"
        "NODE_COORD_SECTION\n1 0 0\n2 0 10\n3 10 10\n4 10 0\n"
        "DEMAND_SECTION\n1 0\n2 1\n3 1\n4 1\nDEPOT_SECTION\n1\n-1\nEOF\n"
    )
    solution = folder / "cvrp-x" / "square.sol"
    solution.write_text("Route #1: 1 3 2\nCost 48\n")
    wanted = Plan(
        ("cvrp",), ("ours", "nobody"), seconds=SECONDS, instances=folder, out=tmp_path / "out"
    )
    with pytest.raises(ValueError, match="no solver 'nobody'"):
        measure_routing(wanted)
    report = measure_routing(wanted._replace(solvers=("ours", "ortools"), peers=tmp_path / "none"))
    [run] = report.runs
    assert (run.cost, run.gap, run.improves) == (40.0, pytest.approx(-1 / 6), True)
    assert [one.solver for one in report.skipped] == ["ortools"]
    assert "better than the best known: square" in report.text()
    assert read_runs(tmp_path / "out").runs == report.runs
    kept = msgspec.json.decode((tmp_path / "out" / BETTER / "square.json").read_bytes())
    assert kept["result"]["distance_m"] == 40.0


def test_goals_take_the_middle_of_seeds_and_count_vehicles_first():
    def run(seed: int, vehicles: int, cost: float) -> Run:
        return Run(
            group="dumez50", case="U_50_1", solver="ours", seed=seed, asked_seconds=1.0,
            by_cpu=False, seconds=1.0, cpu_seconds=1.0, feasible=True, vehicles=vehicles,
            cost=cost, unserved=0, violations=0, says="", iterations=1,
            seconds_to_1_percent=None, known_vehicles=6, known_cost=100.0, proven=False,
            fewest_first=True, calibration_s=0.1,
        )  # fmt: skip

    seeds = (run(1, 7, 90.0), run(2, 6, 101.0), run(3, 6, 102.0))
    gap, fleets = RoutingReport(seeds, ()).goals()
    assert (gap.found, gap.is_reached) == (pytest.approx(2.0), False)
    assert (fleets.found, fleets.is_reached) == (0.0, True)
    assert not any(one.improves for one in seeds)
    gapless, larger = RoutingReport(seeds[:1], ()).goals()[0], RoutingReport(seeds[:1], ())
    assert gapless.says == "fleets larger than the best known"
    assert larger.lines()[0].larger_fleets == 1


def test_cities_are_the_same_for_ever():
    [first, *_] = find_cases(["city200"], None)
    problem = first.instance.problem
    assert (len(problem.places), len(problem.vehicles)) == (177, 8)
    assert sum(len(parcel.options) for parcel in problem.parcels) == 470
    assert problem.distances_m.values.sum() == 114_212_576.0
