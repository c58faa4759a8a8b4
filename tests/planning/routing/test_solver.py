"""Plans are what they say, as cheap as can be on tiny problems, and the same for the same seed."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import msgspec
import pytest

from restante.planning.routing import MaxIterations, Problem, Result, check, solve
from restante.planning.routing.problem import Done, UnderWay
from restante.planning.routing.result import WhyHere, WhyNot
from restante.planning.routing.solver import TURNS_PER_PARCEL
from tests.house.repository import ROOT
from tests.planning.routing.city import make_city
from tests.planning.routing.exact import least_cost

TINY = [
    {"pickups": seed % 3 == 0, "optional": seed % 3 == 1, "per_hour": seed % 2 == 0}
    for seed in range(8)
]


@pytest.mark.parametrize("seed", range(len(TINY)))
def test_a_tiny_plan_costs_the_least_possible(seed: int):
    problem = make_city(seed, parcels=4, **TINY[seed])
    result = solve(problem, MaxIterations(2_000), seed=1)
    found = check(problem, result)
    assert found.is_feasible, found.violations
    least = least_cost(problem)
    assert result.cost.total == pytest.approx(least, rel=1e-6)
    assert result.bound is not None
    assert 0.0 < result.bound <= least + 1e-6
    assert result.gap == pytest.approx(result.cost.total / result.bound - 1.0)


def test_every_plan_is_what_it_says_and_random_problems_reach_all_that_is_promised():
    reached: Counter[str] = Counter()
    for seed in range(24):
        problem = make_city(
            seed, parcels=12 + seed, vehicles=3, pickups=seed % 2 == 0, optional=seed % 3 == 0,
            per_hour=seed % 4 < 2, rush=seed % 5 == 0, share=0.7,
        )  # fmt: skip
        result = solve(problem, MaxIterations(400), seed=seed)
        violations = check(problem, result).violations
        assert violations == result.violated
        reached["feasible"] += result.is_feasible
        reached["infeasible"] += not result.is_feasible
        reached.update(one.why for one in result.unserved)
        reached.update(
            one.why for route in result.routes for visit in route.visits for one in visit.served
        )
        reached["rush"] += bool(problem.speeds)
        reached["shared stop"] += any(len(v.served) > 1 for r in result.routes for v in r.visits)
        reached["full by pickups"] += any(r.load_max != r.load_at_start for r in result.routes)
        reached["late start"] += any(
            r.leaves_at > v.shift_starts_at
            for r in result.routes for v in problem.vehicles if v.id == r.vehicle
        )  # fmt: skip
        reached["vehicle spared"] += len(result.routes) < len(problem.vehicles)
    print(dict(reached))
    wanted = {
        "feasible", "rush", "shared stop", "full by pickups", "late start", "vehicle spared",
        WhyHere.ONLY_OPTION, WhyHere.LIKED_BEST, WhyHere.SHORTER_ROUTES, WhyNot.NOT_WORTH_IT,
    }  # fmt: skip
    assert all(reached[word] > 0 for word in wanted), reached
    assert reached["feasible"] >= 12


@pytest.mark.parametrize(
    ("city", "seed", "cost"),
    [
        ({"seed": 101, "parcels": 40, "vehicles": 4}, 7, 18_170.8),
        ({"seed": 102, "parcels": 60, "vehicles": 5, "per_hour": True, "pickups": True},
         2, 22_056.1),
        ({"seed": 103, "parcels": 80, "vehicles": 6, "lockers": 5, "optional": True, "rush": True,
          "share": 0.7}, 5, 29_265.8),
    ],
)  # fmt: skip
def test_as_many_turns_as_ever_find_a_plan_as_cheap_as_ever(
    city: dict[str, int], seed: int, cost: float
):
    problem = make_city(**city)
    result = solve(problem, MaxIterations(1_000), seed)
    assert check(problem, result).is_feasible
    assert result.cost.total <= 1.01 * cost


def test_a_search_begun_anew_forgets_nothing_better():
    told = []
    for seed in range(3):
        problem = make_city(seed, parcels=4, **TINY[seed])
        turns = 6 * TURNS_PER_PARCEL * 4
        result = solve(problem, MaxIterations(turns), seed=1, progress=told.append)
        assert check(problem, result).is_feasible
        assert result.cost.total == pytest.approx(least_cost(problem), rel=1e-6)
        assert result.iterations == turns
    assert all(later.cost <= one.cost or later.share < one.share
               for one, later in pairwise(told))  # fmt: skip


def test_the_same_seed_gives_the_same_plan_and_another_seed_may_not():
    problem = make_city(5, parcels=30, vehicles=4, per_hour=True)
    plans = [solve(problem, MaxIterations(300), seed=seed) for seed in (1, 1, 2)]
    assert plans[0] == plans[1]
    assert plans[0].routes != plans[2].routes


def test_the_kernel_uncompiled_makes_the_same_plan():
    problem = make_city(7, parcels=8, pickups=True, per_hour=True, rush=True, optional=True)
    program = (
        "import sys\n"
        "from restante.planning.routing import MaxIterations, Problem, solve\n"
        "problem = Problem.from_json(sys.stdin.buffer.read())\n"
        "sys.stdout.buffer.write(solve(problem, MaxIterations(60), seed=3).to_json())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=problem.to_json(), env={**os.environ, "NUMBA_DISABLE_JIT": "1"}, cwd=ROOT,
        capture_output=True, check=True,
    )  # fmt: skip
    assert Result.from_json(done.stdout) == solve(problem, MaxIterations(60), seed=3)


def test_progress_is_told_and_ends_with_the_budget():
    told = []
    problem = make_city(3, parcels=20, vehicles=3)
    result = solve(problem, MaxIterations(200), seed=1, progress=told.append)
    assert [one.share for one in told] == sorted(one.share for one in told)
    assert told[-1].share == 1.0
    assert told[-1].iterations == result.iterations == 200
    assert told[-1].cost == pytest.approx(result.cost.total)


# ── Vehicles under way ────────────────────────────────────────────────────────────────────────


def on_the_road(problem: Problem, plan: Result, now: float) -> Problem:
    """Freeze what a plan has done at a time; what is on board stays on its vehicle."""
    frozen, boarded = {}, {}
    for route in plan.routes:
        served = [one for visit in route.visits for one in visit.served]
        done = [one for one in served if one.starts_at <= now]
        frozen[route.vehicle] = UnderWay(
            left_at=route.leaves_at,
            done=tuple(Done(parcel=one.parcel, option=one.option, started_at=one.starts_at)
                       for one in done),
        )  # fmt: skip
        boarded |= {one.parcel: route.vehicle for one in served}
    return msgspec.structs.replace(
        problem,
        vehicles=tuple(
            msgspec.structs.replace(one, under_way=frozen.get(one.id)) for one in problem.vehicles
        ),
        parcels=tuple(
            one if one.is_pickup else msgspec.structs.replace(one, vehicle=boarded.get(one.id))
            for one in problem.parcels
        ),
    )


def test_what_was_done_stays_and_a_new_plan_is_never_worse_than_the_one_in_force():
    frozen = 0
    for seed in range(6):
        problem = make_city(seed, parcels=24, vehicles=3, pickups=True, share=0.3)
        plan = solve(problem, MaxIterations(300), seed=1)
        assert plan.is_feasible
        now = sorted(one.starts_at for r in plan.routes for v in r.visits for one in v.served)[9]
        road = on_the_road(problem, plan, now)
        again = solve(road, MaxIterations(100), seed=2, in_force=plan)
        found = check(road, again)
        assert found.is_feasible, found.violations
        assert again.cost.total <= plan.cost.total + 1e-6
        why = [one.why for r in again.routes for v in r.visits for one in v.served]
        assert why.count(WhyHere.DONE_ALREADY) == 10
        frozen += len(why) - 10
    assert frozen > 60
