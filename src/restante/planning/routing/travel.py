"""How long vehicles drive, for all of the planner but its kernel and its checker."""

import math
from bisect import bisect_right
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .problem import Problem


class Travel(NamedTuple):
    """Distances, durations and the speeds of a day, by numbers of places."""

    distance_m: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    preparation_s: NDArray[np.float64]
    speed_at: tuple[float, ...]
    speed: tuple[float, ...]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Take them from a problem."""
        return cls(
            problem.distances_m.values,
            problem.durations_s.values,
            np.array([place.preparation_s for place in problem.places]),
            tuple(change.at for change in problem.speeds),
            tuple(change.factor for change in problem.speeds),
        )

    def arrive(self, leaves_at: float, origin: int, place: int) -> float:
        """Find when the work at a place can begin: after driving there and preparing (R2)."""
        if origin == place:
            return leaves_at
        left = float(self.duration_s[origin, place])
        at, k = leaves_at, bisect_right(self.speed_at, leaves_at) - 1
        while True:
            factor = self.speed[k] if k >= 0 else 1.0
            until = self.speed_at[k + 1] if k + 1 < len(self.speed) else math.inf
            if left <= (until - at) * factor:
                return at + left / factor + float(self.preparation_s[place])
            left -= (until - at) * factor
            at, k = until, k + 1

    def leave(self, begins_at: float, origin: int, place: int) -> float:
        """Find when to leave at the latest for the work at a place to begin at a time."""
        if origin == place:
            return begins_at
        left = float(self.duration_s[origin, place])
        at = begins_at - float(self.preparation_s[place])
        k = bisect_right(self.speed_at, at) - 1
        while True:
            factor = self.speed[k] if k >= 0 else 1.0
            since = self.speed_at[k] if k >= 0 else -math.inf
            if left <= (at - since) * factor:
                return at - left / factor
            left -= (at - since) * factor
            at, k = since, k - 1
