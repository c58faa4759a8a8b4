"""How a search spends what it is given: kicks and steps of the bound, counted as turns."""

from collections.abc import Callable
from typing import NamedTuple

from ..stop import Stop


class Progress(NamedTuple):
    """How far a search is."""

    share: float
    kicks: int
    cost: float
    """Of the best choice so far, in the problem's own terms."""
    bound: float
    """The best so far; infinite on the good side while there is none."""


class Budget:
    """Counts turns, asks when to end, and tells how the search goes."""

    def __init__(self, stop: Stop, progress: Callable[[Progress], None] | None) -> None:
        self._stop, self._progress = stop, progress
        self.kicks = 0
        self.steps = 0

    @property
    def share(self) -> float:
        """Share of the budget that is used."""
        return self._stop.share(self.kicks + self.steps)

    @property
    def is_used(self) -> bool:
        """Nothing is left."""
        return self.share >= 1.0

    def stretch(self, most: int) -> int:
        """Tell how many turns to make before asking again."""
        return max(1, min(most, self._stop.stretch(self.kicks + self.steps)))

    def tell(self, cost: float, bound: float) -> None:
        """Tell how far the search is."""
        if self._progress is not None:
            self._progress(Progress(min(1.0, self.share), self.kicks, cost, bound))
