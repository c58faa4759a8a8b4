"""Where places stand on a drawing: degrees to the drawing's units, north above."""

import math
from collections.abc import Sequence
from typing import Final

WIDTH: Final = 1_000
HEIGHT_MIN, HEIGHT_MAX = 560, 1_000
MARGIN: Final = 46


class Ground:
    """A part of the earth that fills a drawing of :data:`WIDTH` by ``height``.

    Parameters
    ----------
    bbox
        West, south, east and north in degrees, as in GeoJSON; west may be greater than east.
    """

    def __init__(self, bbox: Sequence[float]) -> None:
        west, south, east, north = bbox
        self._west, self._north = west, north
        self._turned = west > east
        span = east - west + (360 if self._turned else 0)
        # A degree of longitude is shorter the further from the equator.
        squeeze = math.cos(math.radians((south + north) / 2)) or 1e-9
        wide, high = max(span * squeeze, 1e-6), max(north - south, 1e-6)
        scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT_MAX - 2 * MARGIN) / high)
        self._scale, self._squeeze = scale, squeeze
        self.height = min(HEIGHT_MAX, max(HEIGHT_MIN, round(high * scale + 2 * MARGIN)))
        self._left = (WIDTH - wide * scale) / 2
        self._top = (self.height - high * scale) / 2

    def xy(self, position: Sequence[float]) -> tuple[float, float]:
        """Place a longitude and latitude."""
        longitude = position[0] + (360 if self._turned and position[0] < self._west else 0)
        return (
            self._left + (longitude - self._west) * self._squeeze * self._scale,
            self._top + (self._north - position[1]) * self._scale,
        )

    def place(self, position: Sequence[float]) -> str:
        """Write it as SVG does."""
        x, y = self.xy(position)
        return f"{x:.1f} {y:.1f}"
