"""Branch and bound on what the prices leave open: proves that nothing is better, or finds it.

A node holds some sites open and some closed. Its bound comes from the prices of its parent in few
steps; sites whose change would lead beyond the best plan are held too. The node with the lowest
bound is taken next, so that the bound of all only grows.
"""

import heapq
import itertools
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .budget import Budget
from .distances import Floats
from .kernel.dual import hold, raise_prices
from .kernel.state import Rows, Rules

STEPS: Final = 60
"""Steps of prices in a node; a node that is not closed by them is split (chosen)."""

STEP: Final = 0.05
"""Length of the first, as a share of the way to the cost; the parent's prices are good (chosen)."""

NODE_BYTES_MAX: Final = 100_000_000
"""Nodes that wait may take so much room (chosen)."""


class Node(NamedTuple):
    """Some sites are held open, others closed."""

    bound: float
    number: int
    held: NDArray[np.int8]
    prices: Floats
    split: int
    """Site to open in one child and to close in the other."""


class Proof:
    """What is left to look at."""

    def __init__(self, rows: Rows, rules: Rules, prices: Floats, bound: float) -> None:
        self._rows, self._rules = rows, rules
        self._number = itertools.count()
        self._open: list[Node] = []
        self._root = bound
        self._prices = prices
        self._is_begun = False
        self.candidates: list[NDArray[np.bool_]] = []
        """Choices met on the way that may be better than the best plan."""

    @property
    def is_room(self) -> bool:
        """There is room for more nodes."""
        each = self._prices.nbytes + len(self._rules.fixed)
        return len(self._open) * each < NODE_BYTES_MAX

    def bound(self, enough: float) -> float:
        """Tell below what no plan can be; ``enough`` where nothing is left to look at."""
        if not self._is_begun:
            return self._root
        return max(self._root, min((node.bound for node in self._open), default=enough))

    def go_on(self, cost: float, enough: float, budget: Budget, nodes: int) -> None:
        """Look at so many nodes.

        Parameters
        ----------
        cost
            Of the best plan.
        enough
            A node with this bound holds nothing better.
        """
        if not self._is_begun:
            self._is_begun = True
            held = self._rules.is_held.copy()
            self._look(held, self._prices.copy(), cost, enough, budget, 4 * STEPS)
        for _ in range(nodes):
            if not self._open or not self.is_room or budget.is_used:
                return
            node = heapq.heappop(self._open)
            if node.bound >= enough:
                self._open.clear()
                return
            for side in (np.int8(1), np.int8(-1)):
                held = node.held.copy()
                held[node.split] = side
                self._look(held, node.prices.copy(), cost, enough, budget, STEPS, node.bound)

    def _look(
        self,
        held: NDArray[np.int8],
        prices: Floats,
        cost: float,
        enough: float,
        budget: Budget,
        steps: int,
        parent: float = -np.inf,
    ) -> None:
        rules = self._rules
        opened = int((held > 0).sum())
        free = int((held == 0).sum())
        if opened > rules.most or opened + free < rules.least:
            return
        worth = np.zeros(len(held))
        often = np.full(len(held), 0.5)
        bound = raise_prices(
            self._rows, rules, held, prices, cost, enough, steps, STEP, worth, often
        )
        budget.steps += steps
        if bound >= enough:
            return
        while hold(rules, held, worth, bound, enough):
            pass
        opened, free = int((held > 0).sum()), int((held == 0).sum())
        if opened > rules.most or opened + free < rules.least:
            return
        if free == 0 or opened == rules.most:
            self.candidates.append(held > 0)
            return
        if opened + free == rules.least:
            self.candidates.append(held >= 0)
            return
        undecided = np.where(held == 0, np.abs(often - 0.5), np.inf)
        split = int(undecided.argmin())
        heapq.heappush(
            self._open, Node(max(bound, parent), next(self._number), held, prices, split)
        )
