"""Sites that can take only so much: facility location with costs and sizes, medians with capacity.

    min  sum_ij d_i c_ij x_ij + sum_j f_j y_j
         sum_j x_ij = 1,   sum_i d_i x_ij <= Q_j y_j,   y allowed

A choice begins with what prices choose often, is changed where prices promise something, and is
judged by transport that is kept cheapest all along.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .arrays import closing_costs
from .budget import Budget
from .columns import Columns, make_columns
from .distances import Measured
from .exact import PAIRS_MAX, solve_exactly
from .kernel.dual_capacity import raise_capacity
from .kernel.swap_capacity import begin_capacity, search_capacity
from .outcome import Chosen, Searched
from .problem import Problem
from .rules import NoChoice, cheapest_choice
from .transported import transport

NEAR: Final = 40
"""Candidates near each that may be opened or closed together (chosen)."""

FIRST_STEPS, STEPS = 400, 200
"""Steps of prices before the first choice, and after each stretch of changes (chosen)."""

FIRST_CHOICES: Final = (0.1, 0.05, 0.02)
"""Choices are made from prices so many times, with steps of such lengths in between (chosen)."""

TURNS_MAX: Final = 100
"""Changes that are tried between looks at the clock: one takes up to tens of milliseconds
(chosen)."""

BOUND_SHARE: Final = 0.25
"""Share of the budget that goes to the bound (chosen)."""

HEAT: Final = 2e-4
"""First temperature, as a share of the cost for each open site (chosen)."""


def search_with_capacity(
    problem: Problem,
    measured: Measured,
    budget: Budget,
    seed: int,
    tell: Callable[[float, float], None],
    begun: NDArray[np.bool_] | None = None,
) -> Searched:
    """Choose sites and sizes, and prove how good they are."""
    columns = make_columns(problem, measured, NEAR)
    spared = closing_costs(problem)
    search = CapacitySearch(columns, budget, seed)
    try:
        search.begin(begun)
    except NoChoice as error:
        return Searched(None, None, 0, 0, says=str(error))
    if len(columns.flows.site) <= PAIRS_MAX:
        search.finish(problem.demand_min)
    while not search.is_proven and not budget.is_used:
        search.try_changes()
        if budget.steps < BOUND_SHARE * (budget.kicks + budget.steps) or budget.share > 0.9:
            search.raise_bound(STEPS)
        tell(search.best_cost + spared, search.bound + spared)
    return _searched(problem, measured, search, spared)


class CapacitySearch:
    """Holds prices, the choice of now and the best one."""

    def __init__(self, columns: Columns, budget: Budget, seed: int) -> None:
        self.columns, self.budget = columns, budget
        self.rng = np.random.default_rng(seed)
        sites = len(columns.candidate)
        self.prices = columns.unserved.copy()
        self.worth = np.zeros(sites)
        self.often = np.full(sites, 0.5)
        self.bound = -math.inf
        self.best = np.zeros(sites, np.bool_)
        self.cost = self.best_cost = math.inf
        self.stretches = 0
        self.turns = 2

    @property
    def is_proven(self) -> bool:
        """Nothing is better."""
        return self.bound >= self.best_cost - 1e-10 * abs(self.best_cost)

    def begin(self, begun: NDArray[np.bool_] | None) -> None:
        """Learn prices, and make a first choice that holds all demand."""
        columns, flows = self.columns, self.columns.flows
        rules, demand = columns.rules, float(flows.demand.sum())
        near = np.minimum(columns.flows.start[:-1] + 2, columns.flows.start[1:] - 1)
        each = np.abs(rules.fixed).sum() / max(demand, 1e-12) / max(1, len(rules.fixed))
        guess = 1.5 * float((flows.cost[near] * flows.demand).sum()) + each * demand
        self.prices = np.minimum(1.5 * flows.cost[near] + each, columns.unserved)
        while self._raise(FIRST_STEPS, 0.5, guess) > 0.9 * guess:
            guess *= 2.0
        if begun is not None and begun.any():
            self._try(self._enlarge(begun))
        for step in FIRST_CHOICES:
            worth = self.worth - 1e-3 * np.abs(self.worth).max() * self.often
            chosen, _ = cheapest_choice(
                rules, columns.groups, worth, room=flows.capacity[:-1], demand=demand, gap=1e-3
            )
            self._try(chosen)
            self._raise(FIRST_STEPS, step, self.best_cost)
        self.cost = begin_capacity(rules, flows, self.best)

    def _try(self, chosen: NDArray[np.bool_]) -> None:
        cost = begin_capacity(self.columns.rules, self.columns.flows, chosen)
        if cost < self.best_cost:
            self.best_cost = cost
            self.best[:] = chosen

    def _enlarge(self, begun: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Give each candidate that was open its largest size."""
        chosen = np.zeros_like(self.best)
        for j in np.flatnonzero(begun):
            mine = np.flatnonzero(self.columns.candidate == j)
            chosen[mine[self.columns.flows.capacity[mine].argmax()]] = True
        return chosen

    def _raise(self, steps: int, step: float, cost: float) -> float:
        columns = self.columns
        bound = raise_capacity(
            columns.rules, columns.flows, columns.unserved, self.prices, cost, cost, steps, step,
            self.worth, self.often,
        )  # fmt: skip
        self.bound = max(self.bound, bound)
        self.budget.steps += steps
        return bound

    def rehearse(self) -> None:
        """Do each thing once, so that it is compiled."""
        self.begin(None)
        self.try_changes()
        self.raise_bound(1)

    def finish(self, demand_min: float) -> None:
        """Let a program find the best."""
        chosen, bound = solve_exactly(self.columns, demand_min)
        self.bound = max(self.bound, bound)
        if chosen is not None:
            cost = begin_capacity(self.columns.rules, self.columns.flows, chosen)
            if cost <= self.best_cost:
                self.cost = self.best_cost = cost
                self.best[:] = chosen

    def raise_bound(self, steps: int) -> None:
        """Improve prices some more, in steps that get shorter."""
        self._raise(steps, max(0.002, 0.1 * 0.6**self.stretches), self.best_cost)
        self.stretches += 1

    def try_changes(self) -> None:
        """Try changes, colder and colder; now and then again from the best."""
        columns = self.columns
        turns = self.turns = min(self.budget.stretch(TURNS_MAX), 2 * self.turns)
        sites = max(1, int(self.best.sum()))
        heat = HEAT * abs(self.best_cost) / sites * max(0.0, 1.0 - self.budget.share) ** 2
        self.cost, self.best_cost = search_capacity(
            columns.near_start, columns.near, columns.rules, columns.flows,
            self.cost, self.best, self.best_cost, self.rng, turns, heat,
        )  # fmt: skip
        self.budget.kicks += turns


def _searched(
    problem: Problem, measured: Measured, search: CapacitySearch, spared: float
) -> Searched:
    columns = search.columns
    mine = np.flatnonzero(search.best)
    mine = mine[np.argsort(columns.candidate[mine], kind="stable")]
    sites, sizes = columns.candidate[mine], columns.size[mine]
    cell, site, part, left = transport(problem, measured, sites, sizes)
    says = ""
    if left > 1e-6:
        says = f"{left:g} of demand finds no room: allow more sites, or larger ones"
    bound = search.bound + spared
    if search.is_proven:
        bound = search.best_cost + spared
    return Searched(
        Chosen(sites, sizes, cell, site, part),
        bound if math.isfinite(bound) else None,
        search.budget.kicks,
        search.budget.steps,
        says=says,
    )
