"""Sites that win people who choose: multinomial logit, threshold Luce.

    max  sum_i d_i S_i / (S_i + outside),    S_i = sum_j a_ij y_j      over allowed choices y

Of the threshold only attractive enough sites count in ``S_i``. The bound is that of the logit,
which wins no less: its objective is concave in ``y``, so its tangent at any point lies above it
(Frank & Wolfe), and the highest choice on a tangent bounds all.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from .arrays import demand_of, find_groups, list_candidates, make_rules
from .attraction import attraction_of
from .budget import Budget
from .distances import Floats, Measured
from .kernel.share import Shares, begin_shares, search_shares
from .kernel.state import Rules, find_near, transpose
from .outcome import PROVEN, Chosen, Searched
from .problem import Choice, Problem
from .rules import NoChoice, cheapest_choice, is_plain

NEAR: Final = 40
"""Candidates near each that are swapped with it (chosen)."""

STEPS: Final = 300
"""Tangents that are laid for the bound (chosen)."""

KICKS: Final = 500
"""Swaps that are tried between looks at the clock (chosen)."""


def search_choice(
    problem: Problem,
    measured: Measured,
    budget: Budget,
    seed: int,
    tell: Callable[[float, float], None],
    begun: NDArray[np.bool_] | None = None,
) -> Searched:
    """Choose sites, and bound what any choice wins."""
    assert isinstance(problem.objective, Choice)
    groups = find_groups(problem)
    rules = make_rules(problem, groups)
    shares, near_start, near = _lay_out(problem, problem.objective, measured, len(groups))
    first = rules.is_held > 0 if begun is None else begun
    if begun is None and not is_plain(rules, groups):
        try:
            first, _ = cheapest_choice(rules, groups, -_tangent(shares, np.zeros(len(first)))[1])
        except NoChoice as error:
            return Searched(None, None, 0, 0, says=str(error))
    won = begin_shares(rules, shares, first)
    bound = _bound(shares, rules, budget)
    rng = np.random.default_rng(seed)
    while not budget.is_used and bound > won * (1 + PROVEN):
        some = budget.stretch(KICKS)
        won = search_shares(near_start, near, rules, shares, won, rng, some)
        budget.kicks += some
        tell(won, bound)
    return Searched(Chosen(np.flatnonzero(shares.is_open)), bound, budget.kicks, budget.steps)


def _lay_out(
    problem: Problem, objective: Choice, measured: Measured, groups: int
) -> tuple[Shares, NDArray[np.int64], NDArray[np.int32]]:
    lists = list_candidates(problem, measured)
    many = len(problem.candidates)
    from_start, from_cell, _ = transpose(lists.start, lists.site, lists.meters, many)
    rank = np.arange(len(lists.site)) - np.repeat(lists.start[:-1], np.diff(lists.start))
    _, _, from_rank = transpose(lists.start, lists.site, rank.astype(np.float64), many)
    near_start, near = find_near(
        lists.start, lists.site, from_start, from_cell, from_rank, min(NEAR, many)
    )
    shares = Shares(
        start=lists.start,
        site=lists.site,
        attracts=attraction_of(objective, lists.meters),
        from_start=from_start,
        from_cell=from_cell,
        demand=demand_of(problem),
        outside=float(objective.outside),
        threshold=float(objective.threshold),
        is_open=np.zeros(many, np.bool_),
        taken=np.zeros(len(problem.cells)),
        count=np.zeros(2, np.int64),
        held=np.zeros(max(1, groups), np.int64),
        listed=np.zeros(many, np.int64),
        place=np.full(many, -1, np.int64),
    )
    return shares, near_start, near


def _table(shares: Shares) -> csr_array:
    shape = (len(shares.demand), len(shares.is_open))
    return csr_array((shares.attracts, shares.site, shares.start), shape=shape)


def _tangent(shares: Shares, y: Floats) -> tuple[float, Floats]:
    """Tell what the logit wins at a point, and how steep it is there."""
    table = _table(shares)
    total = table @ y
    won = float((shares.demand * total / (total + shares.outside)).sum())
    steep = shares.demand * shares.outside / (total + shares.outside) ** 2
    return won, table.T @ steep


def _bound(shares: Shares, rules: Rules, budget: Budget) -> float:
    """Lay tangents; each bounds what every choice wins."""
    y = shares.is_open.astype(float)
    bound = np.inf
    for step in range(STEPS):
        if budget.is_used:
            break
        won, steep = _tangent(shares, y)
        top = _highest(rules, steep)
        rise = float(steep @ (top - y))
        bound = min(bound, won + rise)
        if rise <= 0.1 * PROVEN * won:
            break
        y += (top - y) * 2.0 / (step + 3.0)
        budget.steps += 1
    return float(bound)


def _highest(rules: Rules, steep: Floats) -> Floats:
    """Choose as many sites as may be where it is steepest; everything wins, nothing costs."""
    top: Floats = (rules.is_held > 0).astype(float)
    free = np.flatnonzero(rules.is_held == 0)
    left = int(rules.most - top.sum())
    top[free[np.argsort(-steep[free], kind="stable")[:left]]] = 1.0
    return top
