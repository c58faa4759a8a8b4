"""Plain problems go to PyVRP: those it knows, said exactly, with the same kind of answer."""

import math
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pyvrp

from restante.planning.routing import Engine, MaxIterations, Problem, Progress, check, solve
from restante.planning.routing.engines import NoEngine
from restante.planning.routing.formats import READERS
from restante.planning.routing.plain import find_obstacle
from restante.planning.routing.problem import ServiceLevel, SpeedChange, UnderWay
from tests.house.repository import ROOT
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

replace = msgspec.structs.replace


def plain_city(seed: int, **said: Any) -> Problem:
    """Make a city whose routes share nothing."""
    city = make_city(seed, **said)
    places = tuple(replace(one, free=None, parcels_max=None) for one in city.places)
    return replace(city, places=places, service_levels=(), speeds=())


def written(rng: random.Random, kind: str, customers: int) -> str:
    """Write an instance as VRPLIB does."""
    nodes = range(1, customers + 2)
    # Places of a group, which are neighbors here, have its demand.
    demand = [rng.randint(1, 30) for _ in range(customers // 2 + 1)]
    lines = [
        "NAME : made", f"DIMENSION : {customers + 1}", "CAPACITY : 100",
        "EDGE_WEIGHT_TYPE : EUC_2D", "NODE_COORD_SECTION",
        *(f"{i} {rng.randint(0, 99)} {rng.randint(0, 99)}" for i in nodes),
        "DEMAND_SECTION",
        *(f"{i} {0 if i == 1 else demand[i // 2 - 1]}" for i in nodes),
    ]  # fmt: skip
    if kind == "vrptw":
        starts = [0 if i == 1 else rng.randint(0, 600) for i in nodes]
        lines += ["TIME_WINDOW_SECTION"]
        lines += [
            f"{i} {t} {t + (1000 if i == 1 else 200)}" for i, t in zip(nodes, starts, strict=True)
        ]
        lines += ["SERVICE_TIME_SECTION", *(f"{i} {0 if i == 1 else 10}" for i in nodes)]
    if kind == "gvrp":
        lines += ["MUTUALLY_EXCLUSIVE_GROUP_SECTION", "1 1"]
        lines += [f"{k} {i} {i + 1}" for k, i in enumerate(range(2, customers + 1, 2), start=2)]
    return "\n".join([*lines, "DEPOT_SECTION", "1", "-1", "EOF", ""])


@pytest.mark.parametrize(
    ("kind", "rounding", "iterations"),
    [("cvrp", "round", 60), ("gvrp", "round", 60), ("vrptw", "dimacs", 400)],
)
def test_plans_cost_what_pyvrp_s_own_do(kind: str, rounding: str, iterations: int, tmp_path: Path):
    text = written(random.Random(kind), kind, 40)
    file = tmp_path / f"{kind}.vrp"
    file.write_text(text, encoding="utf-8")
    instance = READERS[kind](text)
    ours = solve(instance.problem, MaxIterations(iterations), seed=1)
    assert not check(instance.problem, ours).violations
    assert (ours.engine, ours.iterations) == (Engine.PYVRP, iterations)
    until = pyvrp.stop.MaxIterations(iterations)
    theirs = pyvrp.solve(pyvrp.read(file, rounding), until, seed=1, collect_stats=False)
    assert ours.distance_m == theirs.cost()


def test_every_plan_is_what_it_says_and_random_problems_reach_all_that_is_taken():
    reached: Counter[str] = Counter()
    for seed in range(12):
        problem = plain_city(
            seed, parcels=10 + seed, vehicles=3, pickups=seed % 2 == 0, optional=seed % 3 == 0,
            per_hour=seed % 4 < 2,
        )  # fmt: skip
        assert find_obstacle(problem) is None
        told: list[Progress] = []
        result = solve(problem, MaxIterations(150), seed, progress=told.append)
        found = check(problem, result)
        assert found.violations == result.violated
        assert [one.share for one in told] == sorted(one.share for one in told)
        assert told[-1].share == 1.0
        reached[result.engine] += 1
        reached["feasible"] += result.is_feasible
        reached["optional unserved"] += len(result.unserved) > 0
        reached["pickup"] += any(one.is_pickup for one in problem.parcels)
        reached["penalty paid"] += result.cost.penalties > 0
        reached["shared stop"] += any(len(v.served) > 1 for r in result.routes for v in r.visits)
        reached["late start"] += any(route.leaves_at > 0 for route in result.routes)
        reached["time costs"] += result.cost.time > 0
        again = solve(problem, MaxIterations(150), seed)
        assert again == result
    print(dict(reached))
    assert reached[Engine.PYVRP] >= 10, reached
    assert all(reached[word] > 0 for word in (
        "feasible", "optional unserved", "pickup", "penalty paid", "shared stop", "late start",
        "time costs",
    )), reached  # fmt: skip


@pytest.mark.parametrize("seed", [0, 1, 3, 5])
def test_a_tiny_plan_costs_the_least_possible(seed: int):
    problem = plain_city(
        seed, parcels=3, pickups=seed % 3 == 0, optional=seed % 3 == 1, per_hour=seed % 2 == 0
    )
    result = solve(problem, MaxIterations(300), seed=1)
    assert result.engine is Engine.PYVRP
    assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda p: replace(p, speeds=(SpeedChange(at=0.0, factor=0.5),)), "the problem has speeds"),
        (
            lambda p: replace(p, vehicles=(
                replace(p.vehicles[0], under_way=UnderWay(left_at=0.0)), *p.vehicles[1:]
            )),
            "vehicle 'van 0' has under_way",
        ),
        (
            lambda p: replace(p, parcels=(
                replace(p.parcels[0], vehicle=p.vehicles[0].id), *p.parcels[1:]
            )),
            "parcel 'parcel 0' has vehicle",
        ),
        (
            lambda p: replace(p, service_levels=(ServiceLevel(level=0, share=1.0),)),
            "100% are to be served at level 0 or better",
        ),
        (
            lambda p: replace(p, places=tuple(replace(one, parcels_max=1) for one in p.places)),
            "'locker 1' takes 1 parcels",
        ),
        (
            lambda p: replace(p, vehicles=(replace(p.vehicles[0], cost_per_km=0.0),)),
            "a range where distance costs nothing",
        ),
    ],
)  # fmt: skip
def test_what_pyvrp_does_not_know_goes_to_the_kernel(change: Any, says: str):
    problem = change(plain_city(2, parcels=8))
    assert find_obstacle(problem) == says
    assert solve(problem, MaxIterations(20), seed=1).engine is Engine.KERNEL
    with pytest.raises(NoEngine, match="PyVRP cannot plan this"):
        solve(problem, MaxIterations(20), seed=1, engine=Engine.PYVRP)


def test_limits_that_limit_nothing_are_no_obstacle():
    problem = plain_city(2, parcels=8)
    places = tuple(replace(one, parcels_max=8) for one in problem.places)
    levels = (ServiceLevel(level=0, share=0.0),)
    assert find_obstacle(replace(problem, places=places, service_levels=levels)) is None


def test_the_engine_can_be_chosen():
    problem = plain_city(3, parcels=8)
    assert solve(problem, MaxIterations(50), 1, engine=Engine.KERNEL).engine is Engine.KERNEL
    assert solve(problem, MaxIterations(50), 1, engine=Engine.PYVRP).engine is Engine.PYVRP


def test_where_no_plan_serves_all_the_kernel_finds_the_least_bad_one():
    problem = plain_city(4, parcels=10)
    small = replace(problem.vehicles[0], capacity=replace(problem.vehicles[0].capacity, parcels=4))
    problem = replace(problem, vehicles=(small,))
    result = solve(problem, MaxIterations(200), seed=1)
    assert result.engine is Engine.KERNEL
    assert result.iterations == 200
    assert len(result.unserved) == 6
    assert set(check(problem, result).violations) == set(result.violated)


def test_a_day_on_which_nothing_can_be_served_is_a_plan_too():
    problem = plain_city(4, parcels=3)
    parcels = tuple(replace(one, volume_cm3=10**6, prize=5.0) for one in problem.parcels)
    result = solve(replace(problem, parcels=parcels), MaxIterations(5), seed=1)
    assert (len(result.unserved), result.routes, result.engine) == (3, (), Engine.KERNEL)


def test_times_that_are_not_whole_seconds_are_rounded_to_the_safe_side():
    problem = plain_city(6, parcels=12, vehicles=3)
    assert any(math.modf(x)[0] for x in problem.durations_s.values.ravel())
    result = solve(problem, MaxIterations(100), seed=1)
    assert result.engine is Engine.PYVRP
    assert not check(problem, result).violations


def test_without_pyvrp_the_kernel_plans():
    program = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'pyvrp':\n"
        "            raise ModuleNotFoundError('no pyvrp', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "import restante.planning.routing as routing\n"
        "problem = routing.Problem.from_json(sys.stdin.buffer.read())\n"
        "print(routing.solve(problem, routing.MaxIterations(10), 1).engine.value)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=plain_city(1, parcels=4).to_json(), cwd=ROOT,
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.decode().strip() == "kernel"
