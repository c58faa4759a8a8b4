"""From faces to a road graph: one node per crossing, one edge per stretch of street.

Neighboring faces were cut apart from each other, so a street that ends at a road puts a corner
on the far side's edge. Noding finds such corners and splits the edges, so that the graph is
connected wherever two streets touch.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from .city_plan import Line, Plan, RoadClass, Use
from .city_shapes import Point, between, distance

MERGE_M: Final = 9.0
"""Crossings closer than this are one crossing."""
ON_EDGE_M: Final = 7.0
"""A crossing this close to a street lies on it."""
_CELL_M: Final = 20.0

Pair = tuple[int, int]


class Network(NamedTuple):
    """The graph on the plan, not yet bent.

    Attributes
    ----------
    crossings
        Where nodes are; the index is the node's number.
    streets
        The street between two nodes, first number smaller.
    bridges
        Those that cross the river.
    """

    crossings: tuple[Point, ...]
    streets: dict[Pair, Line]
    bridges: frozenset[Pair]


class _Crossings:
    """Corners, merged when close, found by place."""

    def __init__(self) -> None:
        self.points: list[Point] = []
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)

    def add(self, point: Point) -> int:
        for index in self.near(point):
            if distance(self.points[index], point) < MERGE_M:
                return index
        self.points.append(point)
        self._cells[self._cell(point)].append(len(self.points) - 1)
        return len(self.points) - 1

    def near(self, point: Point) -> Iterator[int]:
        column, row = self._cell(point)
        for shift_x in (-1, 0, 1):
            for shift_y in (-1, 0, 1):
                yield from self._cells.get((column + shift_x, row + shift_y), ())

    def on_edge(self, start: int, end: int) -> list[int]:
        """Crossings on the way between two, both included, in order."""
        here, there = self.points[start], self.points[end]
        length_m = distance(here, there)
        found = {start: 0.0, end: 1.0}
        steps = max(1, math.ceil(length_m / _CELL_M))
        for step in range(steps + 1):
            for index in self.near(between(here, there, step / steps)):
                share = _share_on(self.points[index], here, there)
                if index not in found and share is not None:
                    found[index] = share
        return sorted(found, key=lambda index: found[index])

    @staticmethod
    def _cell(point: Point) -> tuple[int, int]:
        return math.floor(point[0] / _CELL_M), math.floor(point[1] / _CELL_M)


def _share_on(point: Point, start: Point, end: Point) -> float | None:
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    share = ((point[0] - start[0]) * dx + (point[1] - start[1]) * dy) / square if square else 0.0
    if not 0.0 < share < 1.0:
        return None
    return share if distance(point, between(start, end, share)) < ON_EDGE_M else None


class Nearest:
    """Finds the crossing next to a place.

    Parameters
    ----------
    network
        Only crossings that have a street are found.
    """

    def __init__(self, network: Network) -> None:
        self._points = network.crossings
        self._cells: dict[tuple[int, int], list[int]] = defaultdict(list)
        for index in sorted({index for pair in network.streets for index in pair}):
            self._cells[self._cell(self._points[index])].append(index)

    def find(self, point: Point) -> int:
        """The nearest crossing, within half a kilometer."""
        column, row = self._cell(point)
        for reach in range(1, 6):
            found = [
                index
                for x in range(column - reach, column + reach + 1)
                for y in range(row - reach, row + reach + 1)
                for index in self._cells.get((x, y), ())
            ]
            if found:
                return min(found, key=lambda index: distance(self._points[index], point))
        raise ValueError("no crossing within half a kilometer of this place")

    @staticmethod
    def _cell(point: Point) -> tuple[int, int]:
        return math.floor(point[0] / 100), math.floor(point[1] / 100)


_RANK: Final = {RoadClass.PRIMARY: 0, RoadClass.SECONDARY: 1, RoadClass.RESIDENTIAL: 2}


def make_network(plan: Plan) -> Network:
    """Build the graph of all streets that hang together."""
    crossings = _Crossings()
    sides: list[tuple[int, int, Line, bool]] = []
    # Main roads first: where corners merge, the one on the main road stays in place.
    for is_water, start, end, line in sorted(
        _sides(plan), key=lambda side: (_RANK[side[3].road], side[1], side[2])
    ):
        sides.append((crossings.add(start), crossings.add(end), line, is_water))
    streets: dict[Pair, Line] = {}
    water: set[Pair] = set()
    land: set[Pair] = set()
    for start_index, end_index, line, is_water in sides:
        if start_index == end_index:
            continue
        chain = crossings.on_edge(start_index, end_index)
        for pair in (_ordered(a, b) for a, b in itertools.pairwise(chain)):
            if pair not in streets or _RANK[line.road] < _RANK[streets[pair].road]:
                streets[pair] = line
            (water if is_water else land).add(pair)
    kept = _largest_part(streets)
    return Network(
        tuple(crossings.points),
        {pair: line for pair, line in sorted(streets.items()) if pair[0] in kept},
        frozenset(water - land),
    )


def _sides(plan: Plan) -> Iterator[tuple[bool, Point, Point, Line]]:
    for face in plan.faces:
        for index, start in enumerate(face.corners):
            end = face.corners[(index + 1) % len(face.corners)]
            yield face.use is Use.WATER, start, end, face.lines[index]
    for start, end, line in plan.exits:
        yield False, start, end, line


def _ordered(a: int, b: int) -> Pair:
    return (a, b) if a < b else (b, a)


def _largest_part(pairs: Iterable[Pair]) -> set[int]:
    neighbors: dict[int, list[int]] = defaultdict(list)
    for a, b in pairs:
        neighbors[a].append(b)
        neighbors[b].append(a)
    seen: set[int] = set()
    largest: set[int] = set()
    for start in neighbors:
        if start in seen:
            continue
        part, waiting = {start}, [start]
        while waiting:
            for following in neighbors[waiting.pop()]:
                if following not in part:
                    part.add(following)
                    waiting.append(following)
        seen |= part
        largest = max(largest, part, key=len)
    return largest
