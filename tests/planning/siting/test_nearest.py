"""Medians and coverage on towns small enough for a mixed-integer program to know the best."""

import numpy as np
import pytest

from restante.planning.siting import (
    Coverage,
    GradualCoverage,
    HostLimit,
    MaxIterations,
    Problem,
    Result,
    Status,
    solve,
)
from tests.planning.siting.towns import best_cost, town, walks

ENOUGH = MaxIterations(60_000)


def demand(problem: Problem) -> np.ndarray:
    return np.array([cell.demand for cell in problem.cells], dtype=float)


def solved(problem: Problem) -> Result:
    return solve(problem, ENOUGH, 1)


@pytest.mark.parametrize("seed", range(6))
def test_a_median_is_proven_and_costs_what_a_program_finds(seed: int):
    problem = town(seed, sites_min=3, sites_max=3)
    found = solved(problem)
    assert found.status is Status.OPTIMAL
    least = best_cost(problem, demand(problem)[:, None] * walks(problem))
    assert found.cost == pytest.approx(least, rel=1e-7)
    assert found.bound is not None and found.bound <= least * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_sites_with_costs_are_as_many_as_are_worth_it(seed: int):
    problem = town(seed)
    found = solved(problem)
    assert found.status is Status.OPTIMAL
    least = best_cost(problem, demand(problem)[:, None] * walks(problem))
    assert found.cost == pytest.approx(least, rel=1e-7)


@pytest.mark.parametrize("seed", range(4))
def test_coverage_is_as_much_as_a_program_finds(seed: int):
    problem = town(seed, sites_min=3, sites_max=3, objective=Coverage(radius_m=400))
    found = solved(problem)
    missed = np.where(walks(problem) <= 400, 0.0, demand(problem)[:, None])
    assert found.status is Status.OPTIMAL
    assert found.cost == pytest.approx(demand(problem).sum() - best_cost(problem, missed))


def test_gradual_coverage_is_as_much_as_a_program_finds():
    problem = town(7, sites_min=3, sites_max=3, objective=GradualCoverage())
    away = walks(problem)
    share = np.where(away <= 1_500, 1 / (1 + np.exp(4 * (away - 400) / 400)), 0)
    found = solved(problem)
    most = demand(problem).sum() - best_cost(problem, demand(problem)[:, None] * (1 - share))
    assert found.status is Status.OPTIMAL
    assert found.cost == pytest.approx(most)


@pytest.mark.parametrize("seed", range(4))
def test_rules_about_hosts_and_steps_are_kept_and_bounds_hold(seed: int):
    problem = town(
        seed,
        sites_min=4,
        sites_max=4,
        hosts=(HostLimit(host="shop", sites_min=1, sites_max=2),),
        accessible_share_min=0.5,
    )
    found = solved(problem)
    least = best_cost(problem, demand(problem)[:, None] * walks(problem))
    chosen = [one for one in problem.candidates if one.id in {site.id for site in found.sites}]
    assert 1 <= sum(one.host == "shop" for one in chosen) <= 2
    assert sum(one.is_accessible for one in chosen) >= 2
    assert found.cost == pytest.approx(least, rel=1e-7)
    assert found.bound is not None and found.bound <= least * (1 + 1e-9)


def test_rules_that_no_choice_keeps_are_named():
    problem = town(
        1, sites_min=4, sites_max=4, hosts=(HostLimit(host="shop", sites_max=0),
                                            HostLimit(host="school", sites_max=3)),
    )  # fmt: skip
    found = solved(problem)
    assert found.status is Status.INFEASIBLE
    assert found.sites == ()
    assert "'school'" in found.says


def test_the_same_seed_and_iterations_give_the_same_answer():
    problem = town(3, cells=60, candidates=25, sites_min=5, sites_max=5)
    first, second = (solve(problem, MaxIterations(300), 9) for _ in range(2))
    assert first == second
