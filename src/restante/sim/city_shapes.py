"""Plane geometry of convex shapes: cut, clip, inset, measure.

The city is planned in straight lines, so every face is convex and a few lines of code per
operation suffice. Points are meters east and north of the center.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

Point = tuple[float, float]


class HalfPlane(NamedTuple):
    """What lies left of a line: ``a*x + b*y >= c``, with ``(a, b)`` of length 1."""

    a: float
    b: float
    c: float

    def depth(self, point: Point) -> float:
        """Distance inside, negative outside."""
        return self.a * point[0] + self.b * point[1] - self.c

    def opposite(self) -> "HalfPlane":
        """The other side of the same line."""
        return HalfPlane(-self.a, -self.b, -self.c)


def left_of(start: Point, end: Point, inset_m: float = 0.0) -> HalfPlane:
    """The half plane left of a directed line, moved inwards."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy) or 1.0
    a, b = -dy / length, dx / length
    return HalfPlane(a, b, a * start[0] + b * start[1] + inset_m)


def through(point: Point, angle: float) -> HalfPlane:
    """The half plane left of the line through a point in a direction (radians)."""
    a, b = -math.sin(angle), math.cos(angle)
    return HalfPlane(a, b, a * point[0] + b * point[1])


def clip(polygon: Sequence[Point], side: HalfPlane) -> list[Point]:
    """The part of a convex polygon inside a half plane; empty when nothing is left."""
    kept: list[Point] = []
    for index, point in enumerate(polygon):
        before = polygon[index - 1]
        depth, depth_before = side.depth(point), side.depth(before)
        if (depth >= 0) != (depth_before >= 0):
            share = depth_before / (depth_before - depth)
            kept.append(between(before, point, share))
        if depth >= 0:
            kept.append(point)
    return kept


def inset(polygon: Sequence[Point], insets_m: Sequence[float]) -> list[Point]:
    """A convex polygon moved inwards, each edge by its own distance; empty when it vanishes."""
    kept = list(polygon)
    for index, distance_m in enumerate(insets_m):
        following = polygon[(index + 1) % len(polygon)]
        kept = clip(kept, left_of(polygon[index], following, distance_m))
        if not kept:
            break
    return kept


def between(start: Point, end: Point, share: float) -> Point:
    """The point at a share of the way."""
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def distance(start: Point, end: Point) -> float:
    """Meters as the crow flies."""
    return math.hypot(end[0] - start[0], end[1] - start[1])


def area(polygon: Sequence[Point]) -> float:
    """Square meters; positive when counter-clockwise."""
    total = 0.0
    for index, (x, y) in enumerate(polygon):
        before_x, before_y = polygon[index - 1]
        total += before_x * y - x * before_y
    return total / 2


def centroid(polygon: Sequence[Point]) -> Point:
    """Mean of the corners; inside for a convex polygon."""
    count = len(polygon)
    return sum(x for x, _ in polygon) / count, sum(y for _, y in polygon) / count


def long_axis(polygon: Sequence[Point]) -> float:
    """Direction (radians) of the longest extent."""
    center_x, center_y = centroid(polygon)
    xx = sum((x - center_x) ** 2 for x, _ in polygon)
    yy = sum((y - center_y) ** 2 for _, y in polygon)
    xy = sum((x - center_x) * (y - center_y) for x, y in polygon)
    return 0.5 * math.atan2(2 * xy, xx - yy)


def extent(points: Iterable[Point], angle: float) -> tuple[float, float]:
    """Least and greatest distance along a direction."""
    along = [x * math.cos(angle) + y * math.sin(angle) for x, y in points]
    return min(along), max(along)


def densify(line: Sequence[Point], step_m: float) -> list[Point]:
    """The same line with a point at least every ``step_m``."""
    dense = [line[0]]
    for start, end in itertools.pairwise(line):
        pieces = max(1, math.ceil(distance(start, end) / step_m))
        dense.extend(between(start, end, index / pieces) for index in range(1, pieces + 1))
    return dense
