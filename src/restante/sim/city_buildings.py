"""Buildings on blocks: closed rows around courtyards inside, looser ones further out."""

import itertools
import math
import random
from collections.abc import Iterator
from typing import Final, NamedTuple

from .city_plan import Face, RoadClass
from .city_shapes import Point, area, between, clip, distance, inset, left_of, through

HALF_WIDTH_M: Final = {
    RoadClass.PRIMARY: 15.0,
    RoadClass.SECONDARY: 11.0,
    RoadClass.RESIDENTIAL: 8.0,
}
"""From the middle of a street to the houses. Common European street profiles."""
SIDEWALK_M: Final = 2.5
BUILDING_M2_MIN: Final = 90.0
COURT_M2_FULL: Final = 1_100.0
"""A court smaller than this is built over."""


class Style(NamedTuple):
    """How a ring of the city builds."""

    depth_m: float
    lot_m: float
    kept: float
    """Share of lots that carry a building."""
    floors: tuple[int, int]


STYLES: Final = (
    Style(depth_m=13.0, lot_m=60.0, kept=0.97, floors=(3, 5)),
    Style(depth_m=14.0, lot_m=78.0, kept=0.93, floors=(4, 6)),
    Style(depth_m=12.0, lot_m=44.0, kept=0.36, floors=(1, 3)),
)
FLOOR_M: Final = 3.2


class Building(NamedTuple):
    """A footprint on the plan."""

    corners: tuple[Point, ...]
    height_m: int


def block_ground(face: Face) -> list[Point]:
    """What is left of a block between its streets; empty for a sliver."""
    return inset(face.corners, [HALF_WIDTH_M[line.road] for line in face.lines])


def make_buildings(ground: list[Point], ring: int, dice: random.Random) -> Iterator[Building]:
    """Build along every edge of a block, from the first one round."""
    style = STYLES[ring]
    rest = inset(ground, [SIDEWALK_M if ring < len(STYLES) - 1 else 6.0] * len(ground))
    edges = sorted(
        ((start, rest[(index + 1) % len(rest)]) for index, start in enumerate(rest)),
        key=lambda edge: -distance(*edge),
    )
    for start, end in edges:
        if distance(start, end) < style.depth_m:
            continue
        side = left_of(start, end, style.depth_m)
        row, rest = clip(rest, side.opposite()), clip(rest, side)
        yield from _split_row(row, start, end, style, dice)
    if BUILDING_M2_MIN < area(rest) < COURT_M2_FULL and ring == 0:
        yield Building(tuple(rest), _height(style, dice))


def _split_row(
    row: list[Point], start: Point, end: Point, style: Style, dice: random.Random
) -> Iterator[Building]:
    length_m = distance(start, end)
    count = max(1, round(length_m / style.lot_m))
    across = math.atan2(end[1] - start[1], end[0] - start[0]) + math.pi / 2
    shares = [0.0, *((i + dice.uniform(-0.2, 0.2)) / count for i in range(1, count)), 1.0]
    gap_m = 0.0 if style.kept > 0.5 else dice.uniform(4, 14)
    for here, there in itertools.pairwise(shares):
        if dice.random() > style.kept:
            continue
        # Rows reach further than their street edge at the ends: cut only between lots.
        lot = row
        if here > 0 or gap_m:
            lot = clip(lot, through(between(start, end, here), across).opposite())
        if there < 1 or gap_m:
            stop = min(there, there - gap_m / length_m)
            lot = clip(lot, through(between(start, end, stop), across))
        if len(lot) > 2 and area(lot) > BUILDING_M2_MIN:
            yield Building(tuple(lot), _height(style, dice))


def _height(style: Style, dice: random.Random) -> int:
    return round(dice.randint(*style.floors) * FLOOR_M + 2)
