"""Travel by straight lines: as the crow flies, times a detour, faster the farther it is.

Each further metre is driven at the speed of the band it falls into. So a longer way never takes
less time, and a way over a third point never less than the direct one.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..routing.source import TravelSource
from .table import NoTravel, Point, Travels

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth. IUGG."""

DETOUR: Final = 1.35
"""Road over straight line in towns: 1.3 to 1.4 (docs/explanation/travel-times.md)."""

BANDS: Final = ((2_000.0, 20.0), (10_000.0, 32.0), (40_000.0, 55.0), (math.inf, 80.0))
"""Metres driven up to which each next one is driven at so many km/h (chosen; calibrate)."""


class Straight(NamedTuple):
    """Estimates by straight lines."""

    detour: float = DETOUR
    bands: tuple[tuple[float, float], ...] = BANDS

    def check(self) -> "Straight":
        """Refuse what cannot be meant.

        Raises
        ------
        NoTravel
            When a detour is shorter than the line, or speeds do not grow.
        """
        if not (math.isfinite(self.detour) and self.detour >= 1):
            raise NoTravel(f"the detour factor is {self.detour:g}: no road is shorter than a line")
        ends = [end for end, _ in self.bands]
        speeds = [speed for _, speed in self.bands]
        if not ends or ends[-1] != math.inf or ends != sorted(set(ends)):
            raise NoTravel("bands of speed end at growing distances, the last one nowhere")
        if speeds[0] <= 0 or speeds != sorted(speeds):
            raise NoTravel("bands of speed begin above 0 km/h, and longer ways are not slower")
        return self

    def estimate(self, points: Sequence[Point]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Estimate distances and durations between all points."""
        metres = self.detour * great_circles_m(points)
        seconds = np.zeros_like(metres)
        begin = 0.0
        for end, speed in self.bands:
            seconds += np.clip(metres - begin, 0.0, end - begin) * (3.6 / speed)
            begin = end
        return metres, seconds

    def travels(self, points: Sequence[Point]) -> Travels:
        """Make a whole table of estimates."""
        metres, seconds = self.estimate(points)
        pairs = len(points) * (len(points) - 1)
        says = f"straight lines × {self.detour:g}, not roads"
        source = TravelSource(name="straight", pairs=pairs, estimated=pairs, says=says)
        return Travels(metres, seconds, source)


def great_circles_m(points: Sequence[Point]) -> NDArray[np.float64]:
    """Measure between all points on a sphere, by the chord through it."""
    degrees = np.radians(np.array(points, dtype=float).reshape(-1, 2))
    latitude, longitude = degrees[:, 0], degrees[:, 1]
    unit = np.stack(
        [
            np.cos(latitude) * np.cos(longitude),
            np.cos(latitude) * np.sin(longitude),
            np.sin(latitude),
        ],
        axis=1,
    )
    squared = np.zeros((len(unit), len(unit)))
    for axis in unit.T:
        squared += (axis[:, None] - axis[None, :]) ** 2
    arcs: NDArray[np.float64] = np.arcsin(np.minimum(1.0, np.sqrt(squared) / 2))
    return 2 * EARTH_RADIUS_M * arcs
