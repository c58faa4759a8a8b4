"""Sites that win people who choose: held against looking at every choice there is."""

import itertools

import numpy as np
import pytest

from restante.planning.siting import Choice, MaxIterations, solve
from restante.planning.siting.check import check
from tests.planning.siting.towns import town, walks


def won(choice: Choice, demand: np.ndarray, away: np.ndarray) -> float:
    """Compute what a set of sites wins, cell by cell."""
    total = 0.0
    for people, meters in zip(demand, away, strict=True):
        attracts = np.where(meters <= choice.reach_m, np.exp(-meters / choice.decay_m), 0.0)
        considered = attracts[attracts >= choice.threshold * attracts.max()].sum()
        total += people * considered / (considered + choice.outside)
    return total


@pytest.mark.parametrize("threshold", [0.0, 0.6])
@pytest.mark.parametrize("seed", [1, 2])
def test_no_choice_of_three_wins_more(seed: int, threshold: float):
    objective = Choice(threshold=threshold)
    problem = town(seed, cells=25, candidates=9, sites_min=3, sites_max=3, objective=objective)
    demand = np.array([cell.demand for cell in problem.cells], dtype=float)
    away = walks(problem)
    most = max(
        won(objective, demand, away[:, list(some)]) for some in itertools.combinations(range(9), 3)
    )
    found = solve(problem, MaxIterations(3_000), 1)
    assert found.cost == pytest.approx(most, rel=1e-9)
    assert found.bound is not None and found.bound >= most * (1 - 1e-9)
    assert check(problem, found).confirms(found)
