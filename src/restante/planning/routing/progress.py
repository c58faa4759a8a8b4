"""How far a search is, and how near its best plan is to what no plan is below."""

import math
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from ..stop import Stop
from .bound import begin_bound, is_quick
from .numbering import Numbered
from .preflight import Preflight
from .result import Result


class Progress(NamedTuple):
    """How far a search is."""

    share: float
    iterations: int
    cost: float
    """Of the best plan so far; infinite while there is none that serves all."""
    vehicles: int
    bound: float | None = None
    """No plan costs less, where that is known already."""

    @property
    def gap(self) -> float | None:
        """How far the cost is above the bound, as a share of the bound."""
        return gap_of(self.cost, self.bound)


Tell = Callable[[Progress], None]


def gap_of(cost: float, bound: float | None) -> float | None:
    """Tell how far a cost is above a bound, as a share of it; nothing where that says nothing."""
    if bound is None or bound <= 0 or not math.isfinite(cost):
        return None
    return max(0.0, cost / bound - 1.0)


BOUND_SHARE = 0.02
"""Share of the budget in which a bound is looked for before the search (chosen)."""


class Bounded:
    """What no plan of a problem is below: looked for before the search if somebody watches it.

    Only as long as it takes next to nothing of the budget; after the search it goes on.
    """

    def __init__(
        self, numbered: Numbered, looked: Preflight, stop: Stop, tell: Tell | None
    ) -> None:
        self._search = begin_bound(numbered, looked)
        self._tell = tell
        self._bound: float | None = None
        if self._search is not None and tell is not None and is_quick(numbered, looked):
            self._bound = self._search.improve(lambda: stop.share(0) > BOUND_SHARE)

    @property
    def tell(self) -> Tell | None:
        """Tell of a search, with the bound as far as it is known."""
        tell = self._tell
        if tell is None or self._bound is None:
            return tell
        return lambda at: tell(at._replace(bound=self._bound))

    def write(self, result: Result) -> Result:
        """Write bound and gap into a result."""
        if self._search is not None:
            self._bound = self._search.improve()
        gap = gap_of(result.cost.total, self._bound) if result.is_feasible else None
        return msgspec.structs.replace(result, bound=self._bound, gap=gap)
