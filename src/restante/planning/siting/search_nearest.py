"""Sites where everybody goes to the nearest one: medians and coverage.

    min  sum_i c_i,nearest + sum_j f_j y_j      over allowed choices y

Swaps find a choice, prices a bound; both take turns, and branch and bound closes what is left where
that is little. For coverage ``c`` is what is missed.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .arrays import closing_costs, costs_of, demand_of, find_groups, list_candidates, make_rules
from .budget import Budget
from .distances import Floats, Measured
from .kernel.dual import hold, raise_prices, start_prices
from .kernel.state import Rows, make_choice, make_rows
from .kernel.swap import grow, search
from .outcome import PROVEN, Chosen, Searched
from .problem import Problem
from .prove import Proof
from .rules import NoChoice, cheapest_choice, is_plain

NEAR: Final = 40
"""Candidates near each that are looked at after a swap (chosen)."""

KICKS, STEPS, NODES = 250, 250, 12
"""Kicks, steps of prices and nodes of the first round; each round makes more (chosen)."""

FREE_MAX: Final = 400
"""Candidates that prices leave undecided up to which branch and bound is tried (chosen)."""

GROWTH: Final = 1.6
"""How many times as much each round makes as the one before (chosen)."""


class NearestSearch:
    """Holds a search's choice, prices and proof."""

    def __init__(self, problem: Problem, measured: Measured, budget: Budget, seed: int) -> None:
        self.problem, self.budget = problem, budget
        lists = list_candidates(problem, measured)
        cost, unserved = costs_of(problem, lists)
        self.rows = make_rows(lists, cost, unserved, len(problem.candidates), NEAR)
        self.groups = find_groups(problem)
        self.rules = make_rules(problem, self.groups)
        self.is_plain = is_plain(self.rules, self.groups)
        self.is_whole = _are_whole(self.rows, self.rules.fixed)
        self.rng = np.random.default_rng(seed)
        self.choice = make_choice(len(problem.cells), len(problem.candidates), len(self.groups))
        self.best = np.zeros(len(problem.candidates), np.bool_)
        self.cost = math.inf
        self.short = 0.0
        self.bound = -math.inf
        self.prices = np.zeros(len(problem.cells))
        self.worth = np.zeros(len(problem.candidates))
        self.often = np.full(len(problem.candidates), 0.5)

    @property
    def enough(self) -> float:
        """A bound of this much proves the choice."""
        if self.is_whole:
            return self.cost - 1.0 + 1e-6
        # Closer than what counts as proven: what is missed may be much more than what is covered.
        return self.cost - 0.1 * PROVEN * abs(self.cost)

    @property
    def is_proven(self) -> bool:
        """Nothing is better."""
        return self.short == 0.0 and self.bound >= self.enough

    def begin(self, begun: NDArray[np.bool_] | None) -> None:
        """Make a first choice: one that was given, or one that grows."""
        if begun is not None:
            self.choice.is_open[:] = begun
        elif self.is_plain:
            self.choice.is_open[:] = self.rules.is_held > 0
        else:
            self._price_first()
            self.choice.is_open[:] = cheapest_choice(self.rules, self.groups, self.worth)[0]
        grow(self.rows, self.rules, self.choice)
        self.best[:] = self.choice.is_open
        self._kick(0)
        start_prices(self.rows, self.best, self.prices)

    def _price_first(self) -> None:
        """Learn what sites are worth before there is a choice."""
        self.prices[:] = 0.5 * self.rows.unserved
        held = self.rules.is_held
        most = float(self.rows.unserved.sum() + np.abs(self.rules.fixed).sum())
        raise_prices(
            self.rows, self.rules, held, self.prices, most, most, STEPS, 0.5, self.worth, self.often
        )

    def kick(self, kicks: int) -> None:
        """Kick so many times, or until the budget is used."""
        while kicks > 0 and not self.budget.is_used:
            some = self.budget.stretch(kicks)
            self._kick(some)
            self.budget.kicks += some
            kicks -= some

    def _kick(self, kicks: int) -> None:
        self.choice.is_open[:] = self.best
        best = np.zeros_like(self.best)
        cost, short = search(self.rows, self.rules, self.choice, best, self.rng, kicks)
        if (short, cost) < (self.short, self.cost) or math.isinf(self.cost):
            self.best, self.cost, self.short = best, cost, short

    def raise_bound(self, steps: int, step: float) -> None:
        """Improve prices."""
        while steps > 0 and not self.budget.is_used and not self.is_proven:
            some = min(steps, 500)
            bound = raise_prices(
                self.rows, self.rules, self.rules.is_held, self.prices, self.cost, self.enough,
                some, step, self.worth, self.often,
            )  # fmt: skip
            self.bound = max(self.bound, bound)
            self.budget.steps += some
            steps -= some

    def count_free(self) -> int:
        """Count candidates of which prices do not say whether they are open."""
        held = self.rules.is_held.copy()
        hold(self.rules, held, self.worth, self.bound, self.enough)
        return int((held == 0).sum())

    def take(self, is_open: NDArray[np.bool_]) -> None:
        """Look at a choice somebody else found."""
        kept, cost = self.best.copy(), self.cost
        self.best[:] = is_open
        self._kick(0)
        if self.cost >= cost:
            self.best, self.cost = kept, cost


def search_nearest(
    problem: Problem,
    measured: Measured,
    budget: Budget,
    seed: int,
    tell: Callable[[float, float], None],
    begun: NDArray[np.bool_] | None = None,
) -> Searched:
    """Choose sites, and prove how good they are."""
    one = NearestSearch(problem, measured, budget, seed)
    try:
        one.begin(begun)
    except NoChoice as error:
        return Searched(None, None, 0, 0, says=str(error))
    proof: Proof | None = None
    kicks, steps, nodes, step = float(KICKS), float(STEPS), float(NODES), 0.1
    while not one.is_proven and not budget.is_used:
        one.kick(int(kicks))
        before = one.bound
        one.raise_bound(int(steps), step)
        tell(*_told(one))
        kicks, step = kicks * GROWTH, max(0.002, 0.4 * step)
        if one.bound - before > 1e-5 * abs(one.bound):
            steps *= GROWTH
            continue
        if one.is_plain and one.count_free() <= FREE_MAX:
            proof = _prove(one, proof, int(nodes))
            nodes *= GROWTH
            tell(*_told(one))
    _strengthen(one)
    return _searched(one)


def _prove(one: NearestSearch, proof: Proof | None, nodes: int) -> Proof:
    if proof is None:
        proof = Proof(one.rows, one.rules, one.prices, one.bound)
    proof.go_on(one.cost, one.enough, one.budget, nodes)
    for is_open in proof.candidates:
        one.take(is_open)
    proof.candidates.clear()
    one.bound = max(one.bound, proof.bound(one.enough))
    return proof


def _strengthen(one: NearestSearch) -> None:
    """Take rules into the bound that prices know nothing of."""
    if one.is_plain or one.is_proven or math.isinf(one.bound):
        return
    _, least = cheapest_choice(one.rules, one.groups, one.worth)
    one.bound = max(one.bound, float(one.prices.sum()) + least)


def _told(one: NearestSearch) -> tuple[float, float]:
    total = float(demand_of(one.problem).sum())
    if one.problem.is_maximized:
        return total - one.cost, total - one.bound
    spared = closing_costs(one.problem)
    return one.cost + spared, one.bound + spared


def _searched(one: NearestSearch) -> Searched:
    says = ""
    if one.short > 0:
        says = (
            f"open sites lack {one.short:g} of demand to serve demand_min each: allow fewer sites,"
            " or less demand"
        )
    cost, bound = _told(one)
    if one.is_proven and one.is_whole:
        bound = cost
    whole = one.is_whole and not one.problem.is_maximized
    return Searched(
        Chosen(np.flatnonzero(one.best)),
        bound if math.isfinite(bound) else None,
        one.budget.kicks,
        one.budget.steps,
        says=says,
        is_whole=whole and float(closing_costs(one.problem)).is_integer(),
    )


def _are_whole(rows: Rows, fixed: Floats) -> bool:
    # A cell that is not served pays no real cost, and counts as no more than its bound.
    return all(bool((part == np.rint(part)).all()) for part in (rows.cost, fixed, rows.unserved))
