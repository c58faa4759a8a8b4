"""How much dearer something is for each tenfold of size: a straight line over the logarithm."""

from collections.abc import Sequence
from math import log10
from typing import Final, NamedTuple

GOAL_PER_DECADE: Final = 0.10
"""What may be added for each tenfold of size, as a share of the cost at the smallest."""


class Fit(NamedTuple):
    """A cost as a straight line over log10(size)."""

    at_first: float
    """What the line says of the smallest size."""
    per_decade: float
    """What each tenfold adds, in the cost's own unit."""

    @property
    def growth(self) -> float:
        """What each tenfold adds, as a share of the cost at the smallest size."""
        return self.per_decade / self.at_first if self.at_first else 0.0


def fit_growth(sizes: Sequence[float], costs: Sequence[float]) -> Fit | None:
    """Fit a line by least squares; ``None`` where all sizes are the same.

    Parameters
    ----------
    sizes
        Positive; one for each cost.
    """
    places = [log10(size) for size in sizes]
    middle = sum(places) / len(places)
    width = sum((place - middle) ** 2 for place in places)
    if not width:
        return None
    mean = sum(costs) / len(costs)
    pairs = zip(places, costs, strict=True)
    slope = sum((place - middle) * (cost - mean) for place, cost in pairs) / width
    return Fit(mean + slope * (min(places) - middle), slope)
