"""The plan of a city: districts, river, parks and streets, as faces cut by straight lines.

The plan is drawn with straight lines only (rings, radials, street grids, a river band), which
keeps every face convex. :class:`Warp` then bends the whole sheet a little, as old cities are
bent: streets follow the river, and nothing ever crosses that did not cross before.

Steps: sectors between rings and radials; the river cuts all of them; parks and woods are set
aside; each district is cut by its own grid (the old town irregularly); what remains are blocks.
"""

import math
import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final, NamedTuple

from .city_names import (
    DISTRICTS,
    FORESTS,
    HIGH_STREETS,
    LANGUAGES,
    OLD_TOWN,
    PARKS,
    QUAYS,
    RADIALS,
    RINGS,
    SQUARE,
    Namer,
)
from .city_shapes import (
    HalfPlane,
    Point,
    area,
    between,
    centroid,
    clip,
    distance,
    extent,
    long_axis,
    through,
)

RADIAL_COUNT: Final = 8
RING_RADII_M: Final = (460.0, 1230.0, 2300.0)
RIVER_OFFSET_M: Final = -190.0
"""Far enough from every corner of the rings: no street ever meets another on the water."""
RIVER_WIDTH_M: Final = 120.0
OLD_TOWN_BLOCK_M2: Final = 6_000.0
GRID_M: Final = {1: (108.0, 152.0), 2: (130.0, 196.0)}
"""Depth and length of blocks in each ring."""
SKIPPED_CUTS: Final = 0.13
"""Share of faces a street ends at, instead of crossing: breaks the grid's monotony."""
BLOCK_M2_MIN: Final = 900.0
PARK_SHARE: Final = 0.03
"""Share of blocks that are small parks."""


class RoadClass(StrEnum):
    """How much a street carries; also the class of its line on the map."""

    PRIMARY = "primary"
    SECONDARY = "secondary"
    RESIDENTIAL = "residential"


class Use(StrEnum):
    """What a face is for."""

    DISTRICT = "district"
    BLOCK = "block"
    WATER = "water"
    PARK = "park"
    SQUARE = "square"
    FOREST = "forest"


class Line(NamedTuple):
    """The street on an edge of a face."""

    road: RoadClass
    name: str


class District(NamedTuple):
    """A quarter with its own language and grid."""

    name: str
    language: str
    ring: int
    """0 old town, 1 inner, 2 outer."""


class Face(NamedTuple):
    """A convex piece of the plan; edge ``i`` runs from corner ``i`` to the next."""

    corners: tuple[Point, ...]
    lines: tuple[Line, ...]
    district: int
    use: Use
    name: str = ""


class Plan(NamedTuple):
    """The whole sheet, before it is bent."""

    faces: tuple[Face, ...]
    districts: tuple[District, ...]
    grounds: tuple[Face, ...]
    """The land of each district on each bank, before streets cut it."""
    river_angle: float
    exits: tuple[tuple[Point, Point, Line], ...]
    """Main roads that leave the city."""


class Warp:
    """Bends the sheet: long waves everywhere, and a meander along the river.

    Parameters
    ----------
    dice
        Chooses the waves.
    river_angle
        Direction of the river in radians.
    """

    def __init__(self, dice: random.Random, river_angle: float) -> None:
        self._waves = [
            (
                amplitude_m,
                2 * math.pi / length_m,
                dice.uniform(0, 2 * math.pi),
                dice.uniform(0, 2 * math.pi),
            )
            for amplitude_m, length_m in ((70, 2900), (55, 2300), (26, 1250), (20, 1000), (7, 480))
        ]
        self._cos, self._sin = math.cos(river_angle), math.sin(river_angle)
        self._phase = dice.uniform(0, 2 * math.pi)

    def __call__(self, point: Point) -> Point:
        """Where a point of the plan lies in the city."""
        x, y = point
        bent_x, bent_y = x, y
        for amplitude_m, frequency, heading, phase in self._waves:
            along = x * math.cos(heading) + y * math.sin(heading)
            shift = amplitude_m * math.sin(along * frequency + phase)
            bent_x -= shift * math.sin(heading)
            bent_y += shift * math.cos(heading)
        along = x * self._cos + y * self._sin
        across = -x * self._sin + y * self._cos - RIVER_OFFSET_M
        meander = 150 * math.sin(along / 620 + self._phase) + 60 * math.sin(along / 270)
        meander *= math.exp(-((across / 1100) ** 2))
        return bent_x - meander * self._sin, bent_y + meander * self._cos


def make_plan(dice: random.Random) -> Plan:
    """Plan a city."""
    planner = _Planner(dice)
    return planner.plan()


def split(face: Face, side: HalfPlane, line: Line) -> tuple[Face | None, Face | None]:
    """Cut a face along a line; the part inside, and the part outside."""
    return _keep(face, side, line), _keep(face, side.opposite(), line)


def _keep(face: Face, side: HalfPlane, line: Line) -> Face | None:
    corners: list[Point] = []
    lines: list[Line] = []
    count = len(face.corners)
    for index, corner in enumerate(face.corners):
        following = face.corners[(index + 1) % count]
        depth, depth_next = side.depth(corner), side.depth(following)
        if depth >= 0:
            corners.append(corner)
            lines.append(face.lines[index])
        if (depth >= 0) != (depth_next >= 0):
            corners.append(between(corner, following, depth / (depth - depth_next)))
            lines.append(line if depth >= 0 else face.lines[index])
    if len(corners) < 3 or area(corners) < 1.0:
        return None
    return face._replace(corners=tuple(corners), lines=tuple(lines))


class _Planner:
    """Holds dice, names and districts while the plan grows."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._namer = Namer(dice)
        self._districts: list[District] = []
        self._names = {language: list(names) for language, names in DISTRICTS.items()}
        self._parks = list(PARKS)
        self._forests = list(FORESTS)
        self._river_angle = dice.uniform(-0.25, 0.25)
        for names in (*self._names.values(), self._parks, self._forests):
            dice.shuffle(names)

    def plan(self) -> Plan:
        sectors, exits = self._make_sectors()
        faces = self._cut_by_river(sectors)
        faces = self._set_parks_aside(faces)
        blocks: list[Face] = []
        for district in range(len(self._districts)):
            own = [face for face in faces if face.district == district]
            blocks += [face for face in own if face.use is not Use.DISTRICT]
            land = [face for face in own if face.use is Use.DISTRICT]
            blocks += self._cut_district(district, land)
        grounds = tuple(face for face in faces if face.use is not Use.WATER)
        return Plan(
            tuple(_with_square(blocks)),
            tuple(self._districts),
            grounds,
            self._river_angle,
            exits,
        )

    def _add_district(self, ring: int, language: str) -> int:
        name = OLD_TOWN if ring == 0 else self._names[language].pop()
        self._districts.append(District(name, language, ring))
        return len(self._districts) - 1

    def _make_sectors(self) -> tuple[list[Face], tuple[tuple[Point, Point, Line], ...]]:
        dice = self._dice
        step = 2 * math.pi / RADIAL_COUNT
        headings = [step * (i + dice.uniform(-0.13, 0.13)) for i in range(RADIAL_COUNT)]
        # Two radials run along the river, a little away from it: no bridge lies aslant.
        headings[0], headings[RADIAL_COUNT // 2] = 0.07, math.pi - 0.07
        angles = [self._river_angle + heading for heading in headings]
        corners = [
            [_polar(angle, radius_m * dice.uniform(0.93, 1.12)) for radius_m in RING_RADII_M]
            for angle in angles
        ]
        radials = [Line(RoadClass.PRIMARY, name) for name in RADIALS[:RADIAL_COUNT]]
        old_town = Face(
            tuple(corner[0] for corner in corners),
            tuple(Line(RoadClass.SECONDARY, RINGS[0]) for _ in corners),
            self._add_district(0, "de"),
            Use.DISTRICT,
        )
        faces = [old_town]
        for index in range(RADIAL_COUNT):
            after = (index + 1) % RADIAL_COUNT
            angle_after = angles[after] + (2 * math.pi if after == 0 else 0)
            middle = (angles[index] + angle_after) / 2
            faces += self._make_sector(
                corners[index], corners[after], middle, radials[index], radials[after]
            )
        exits = tuple(
            (corner[2], _polar(angle, math.hypot(*corner[2]) + 1500), radial)
            for corner, angle, radial in zip(corners, angles, radials, strict=True)
        )
        return faces, exits

    def _make_sector(
        self, here: list[Point], after: list[Point], middle: float, line: Line, line_after: Line
    ) -> list[Face]:
        dice = self._dice
        language = dice.choice([name for name in LANGUAGES if len(self._names[name]) > 2])
        ring_in, ring_mid, ring_out = (
            Line(road, name)
            for road, name in zip(
                (RoadClass.SECONDARY, RoadClass.PRIMARY, RoadClass.SECONDARY), RINGS, strict=True
            )
        )
        inner_mid = between(here[1], after[1], dice.uniform(0.42, 0.58))
        outer_mid = _polar(middle, RING_RADII_M[2] * dice.uniform(0.88, 1.16))
        avenue = Line(RoadClass.SECONDARY, self._namer.street(language))
        inner = Face(
            (here[0], here[1], inner_mid, after[1], after[0]),
            (line, ring_mid, ring_mid, line_after, ring_in),
            self._add_district(1, language),
            Use.DISTRICT,
        )
        outer = [
            Face(
                (here[1], here[2], outer_mid, inner_mid),
                (line, ring_out, avenue, ring_mid),
                self._add_district(2, language),
                Use.DISTRICT,
            ),
            Face(
                (inner_mid, outer_mid, after[2], after[1]),
                (avenue, ring_out, line_after, ring_mid),
                self._add_district(2, language),
                Use.DISTRICT,
            ),
        ]
        return [inner, *outer]

    def _cut_by_river(self, sectors: list[Face]) -> list[Face]:
        normal = self._river_angle + math.pi / 2
        north = through(_polar(normal, RIVER_OFFSET_M + RIVER_WIDTH_M / 2), self._river_angle)
        south = through(_polar(normal, RIVER_OFFSET_M - RIVER_WIDTH_M / 2), self._river_angle)
        quay_north, quay_south = (Line(RoadClass.SECONDARY, name) for name in QUAYS)
        high, cross = (Line(RoadClass.SECONDARY, name) for name in HIGH_STREETS)
        faces: list[Face] = []
        for sector in sectors:
            pieces = [sector]
            if sector.district == 0:
                pieces = _cut_all(pieces, through((20.0, 40.0), normal + 0.1), high)
                pieces = _cut_all(pieces, through((0.0, 60.0), self._river_angle - 0.12), cross)
            for piece in pieces:
                above, rest = split(piece, north, quay_north)
                faces += [above] if above else []
                if rest is None:
                    continue
                water, below = split(rest, south, quay_south)
                faces += [water._replace(use=Use.WATER)] if water else []
                faces += [below] if below else []
        return faces

    def _set_parks_aside(self, faces: list[Face]) -> list[Face]:
        """Half an inner district becomes the great park, some outer ones become woods."""
        result = list(faces)
        rings = [self._districts[face.district].ring for face in faces]
        by_size = sorted(range(len(faces)), key=lambda index: -area(faces[index].corners))
        land = [index for index in by_size if faces[index].use is Use.DISTRICT]
        inner = [index for index in land if rings[index] == 1]
        outer = [index for index in land if rings[index] == max(GRID_M)]
        great = result[inner[1]]
        center = centroid(great.corners)
        drive = Line(RoadClass.SECONDARY, self._namer.street("en"))
        part, rest = split(great, through(center, math.atan2(center[1], center[0])), drive)
        if part and rest:
            result[inner[1]] = rest
            result.append(part._replace(use=Use.PARK, name=self._parks.pop()))
        for index in self._dice.sample(outer[2:], k=2):
            result[index] = result[index]._replace(use=Use.FOREST, name=self._forests.pop())
        return result

    def _cut_district(self, district: int, land: list[Face]) -> list[Face]:
        if not land:
            return []
        info = self._districts[district]
        if info.ring == 0:
            pieces = [block for face in land for block in self._cut_freely(face, info.language)]
        else:
            pieces = self._cut_by_grid(land, info)
        return [self._give_use(face) for face in pieces]

    def _give_use(self, face: Face) -> Face:
        if self._parks and self._dice.random() < PARK_SHARE:
            return face._replace(use=Use.PARK, name=self._parks.pop())
        return face._replace(use=Use.BLOCK)

    def _cut_freely(self, face: Face, language: str) -> list[Face]:
        """Halve a face across its long axis, a little askew, until blocks are small."""
        size_m2 = OLD_TOWN_BLOCK_M2 * self._dice.uniform(0.8, 1.9)
        if area(face.corners) < size_m2:
            return [face]
        axis = long_axis(face.corners)
        least, most = extent(face.corners, axis)
        center = centroid(face.corners)
        along = center[0] * math.cos(axis) + center[1] * math.sin(axis)
        shift = (most - least) * self._dice.uniform(-0.08, 0.08) + (least + most) / 2 - along
        point = (center[0] + shift * math.cos(axis), center[1] + shift * math.sin(axis))
        side = through(point, axis + math.pi / 2 + self._dice.uniform(-0.16, 0.16))
        parts = split(face, side, Line(RoadClass.RESIDENTIAL, self._namer.street(language)))
        return [block for part in parts if part for block in self._cut_freely(part, language)]

    def _cut_by_grid(self, land: list[Face], info: District) -> list[Face]:
        corners = [corner for face in land for corner in face.corners]
        center = centroid(corners)
        angle = math.atan2(center[1], center[0]) + self._dice.uniform(-0.2, 0.2)
        depth_m, length_m = GRID_M[info.ring]
        if self._dice.random() < 0.5:
            depth_m, length_m = length_m, depth_m
        pieces = land
        for direction, spacing_m, skipped in (
            (angle, depth_m, 0.0),
            (angle + math.pi / 2, length_m, SKIPPED_CUTS),
        ):
            pieces = self._cut_parallel(pieces, direction, spacing_m, skipped, info.language)
        return [face for face in pieces if area(face.corners) > BLOCK_M2_MIN]

    def _cut_parallel(
        self, faces: list[Face], direction: float, spacing_m: float, skipped: float, language: str
    ) -> list[Face]:
        across = direction + math.pi / 2
        corners = [corner for face in faces for corner in face.corners]
        least, most = extent(corners, across)
        count = max(1, round((most - least) / spacing_m))
        pieces = faces
        for index in range(1, count):
            offset_m = least + (most - least) * (index + self._dice.uniform(-0.1, 0.1)) / count
            is_main = index == count // 2 and count > 4
            road = RoadClass.SECONDARY if is_main else RoadClass.RESIDENTIAL
            line = Line(road, self._namer.street(language))
            may_skip: Callable[[], bool] = lambda: self._dice.random() < skipped  # noqa: E731
            side = through(_polar(across, offset_m), direction)
            pieces = _cut_all(pieces, side, line, None if is_main else may_skip)
        return pieces


def _cut_all(
    faces: list[Face], side: HalfPlane, line: Line, may_skip: Callable[[], bool] | None = None
) -> list[Face]:
    result: list[Face] = []
    for face in faces:
        inside, outside = clip(face.corners, side), clip(face.corners, side.opposite())
        is_sliver = min(abs(area(inside)), abs(area(outside))) < BLOCK_M2_MIN * 2
        if is_sliver or (may_skip is not None and may_skip()):
            result.append(face)
            continue
        result.extend(part for part in split(face, side, line) if part)
    return result


def _with_square(blocks: list[Face]) -> list[Face]:
    """Make the block nearest to the middle of the old town the market square."""
    middle = (20.0, 40.0)
    nearest = min(
        (index for index, face in enumerate(blocks) if face.use is Use.BLOCK),
        key=lambda index: distance(centroid(blocks[index].corners), middle),
    )
    square = blocks[nearest]._replace(use=Use.SQUARE, name=SQUARE)
    return [*blocks[:nearest], square, *blocks[nearest + 1 :]]


def _polar(angle: float, radius_m: float) -> Point:
    return radius_m * math.cos(angle), radius_m * math.sin(angle)
