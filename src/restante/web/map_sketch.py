"""A small map of the surroundings of a place, drawn on the server.

A recipient's phone gets a few kilobytes of SVG instead of a map program, also without scripts.
Colors come from the style sheet (``css/recipient.css``). It must not know what is at the place.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

from markupsafe import Markup, escape

Point = tuple[float, float]

WIDTH_M: Final = 640.0
HEIGHT_M: Final = 400.0
"""What the sketch shows: five minutes' walk to every side (chosen)."""

_METERS_PER_DEGREE: Final = 111_195.0
"""Of latitude, on the mean sphere."""

_ROAD_WIDTHS: Final = {"motorway": 16, "arterial": 14, "road": 13, "collector": 11, "path": 4}
"""Meters on the sketch; everything else is a street."""
_STREET_WIDTH: Final = 9
_NAMES_MAX: Final = 5
_NAME_LENGTH_M: Final = 110.0
"""A shorter piece of street is not named."""
_STRAIGHT_MIN: Final = 0.995
"""Line of sight over way: a name along anything more bent would leave its street."""
_AREAS: Final = ("park", "water", "building")


class _Shape(NamedTuple):
    """A polygon or a line in degrees with the box around it."""

    kind: str
    name: str
    width_m: int
    lines: tuple[tuple[Point, ...], ...]
    west: float
    south: float
    east: float
    north: float


class MapSketcher:
    """Draws sketches of one city.

    Parameters
    ----------
    city
        GeoJSON: one FeatureCollection, or one per layer, as ``static/js/city-map.js`` takes it.
    """

    def __init__(self, city: Mapping[str, Any]) -> None:
        self._shapes = tuple(_read_shapes(city))
        self._drawn: dict[tuple[float, float], Markup] = {}

    def sketch(self, longitude: float, latitude: float, label: str) -> Markup:
        """Draw the surroundings of a point, which is marked in the middle.

        Parameters
        ----------
        label
            What a screen reader says instead.
        """
        ground = self._drawn.get((longitude, latitude))
        if ground is None:
            ground = _draw_ground(self._shapes, longitude, latitude)
            self._drawn[longitude, latitude] = ground
        x, y = WIDTH_M / 2, HEIGHT_M / 2
        return Markup(
            '<svg class="sketch" viewBox="0 0 {w} {h}" role="img" aria-label="{label}"'
            ' preserveAspectRatio="xMidYMid slice">{ground}'
            '<g class="sketch-pin" transform="translate({x} {y})">'
            '<path d="M0 4C-16 -14 -22 -22 -22 -34A22 22 0 0 1 22 -34C22 -22 16 -14 0 4Z"/>'
            '<circle cy="-34" r="9"/></g></svg>'
        ).format(w=int(WIDTH_M), h=int(HEIGHT_M), label=label, ground=ground, x=x, y=y)


def _read_shapes(city: Mapping[str, Any]) -> Iterator[_Shape]:
    layers = {"": city} if "features" in city else city
    for layer, collection in layers.items():
        for feature in collection["features"]:
            shape = _read_shape(str(layer), feature)
            if shape is not None:
                yield shape


def _read_shape(layer: str, feature: Mapping[str, Any]) -> _Shape | None:
    properties, geometry = feature.get("properties") or {}, feature["geometry"]
    coordinates = geometry["coordinates"]
    match geometry["type"]:
        case "Polygon":
            lines, is_area = coordinates[:1], True
        case "LineString":
            lines, is_area = [coordinates], False
        case "MultiLineString":
            lines, is_area = coordinates, False
        case _:
            return None
    kind = _kind_of(layer, properties, is_area=is_area)
    if not kind:
        return None
    road = str(properties.get("class") or properties.get("kind") or "")
    longitudes = [point[0] for line in lines for point in line]
    latitudes = [point[1] for line in lines for point in line]
    return _Shape(
        kind=kind,
        name=str(properties.get("name") or ""),
        width_m=_ROAD_WIDTHS.get(road, _STREET_WIDTH),
        lines=tuple(tuple((p[0], p[1]) for p in line) for line in lines),
        west=min(longitudes),
        south=min(latitudes),
        east=max(longitudes),
        north=max(latitudes),
    )


def _kind_of(layer: str, properties: Mapping[str, Any], *, is_area: bool) -> str:
    kind = layer or str(properties.get("kind") or "")
    if is_area:
        return {"river": "water"}.get(kind, kind if kind in _AREAS else "")
    return "road" if kind in ("road", "street", "") else ""


def _draw_ground(shapes: Sequence[_Shape], longitude: float, latitude: float) -> Markup:
    east_scale = _METERS_PER_DEGREE * math.cos(math.radians(latitude))
    reach_lng = WIDTH_M / east_scale
    reach_lat = HEIGHT_M / _METERS_PER_DEGREE
    near = [
        shape
        for shape in shapes
        if shape.west < longitude + reach_lng
        and shape.east > longitude - reach_lng
        and shape.south < latitude + reach_lat
        and shape.north > latitude - reach_lat
    ]

    def place(point: Point) -> Point:
        x = WIDTH_M / 2 + (point[0] - longitude) * east_scale
        y = HEIGHT_M / 2 - (point[1] - latitude) * _METERS_PER_DEGREE
        return x, y

    parts = [
        f'<path class="sketch-{kind}" d="{_areas(near, kind, place)}"/>'
        for kind in _AREAS
        if any(shape.kind == kind for shape in near)
    ]
    roads = sorted((shape for shape in near if shape.kind == "road"), key=lambda one: one.width_m)
    lines = [(road, _lines(road, place)) for road in roads]
    for road, path in lines:
        parts.append(f'<path class="sketch-casing" stroke-width="{road.width_m + 3}" d="{path}"/>')
    for road, path in lines:
        parts.append(f'<path class="sketch-road" stroke-width="{road.width_m}" d="{path}"/>')
    parts.extend(_names(reversed(roads), place))
    return Markup("".join(parts))  # noqa: S704 - numbers, and names escaped below


def _areas(near: Sequence[_Shape], kind: str, place: Any) -> str:
    return "".join(
        f"M{_spell(line, place)}Z" for shape in near if shape.kind == kind for line in shape.lines
    )


def _lines(road: _Shape, place: Any) -> str:
    inside: list[str] = []
    for line in road.lines:
        points = [place(point) for point in line]
        kept = _visible(points)
        inside.extend(f"M{_write(piece)}" for piece in kept)
    return "".join(inside)


def _visible(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Cut a line into the pieces that touch the picture, so that long roads stay small."""
    piece: list[Point] = []
    for start, end in pairwise(points):
        if _touches(start, end):
            piece = piece or [start]
            piece.append(end)
        elif piece:
            yield piece
            piece = []
    if piece:
        yield piece


def _touches(start: Point, end: Point, slack: float = 30.0) -> bool:
    return (
        max(start[0], end[0]) > -slack
        and min(start[0], end[0]) < WIDTH_M + slack
        and max(start[1], end[1]) > -slack
        and min(start[1], end[1]) < HEIGHT_M + slack
    )


def _spell(line: Sequence[Point], place: Any) -> str:
    return _write([place(point) for point in line])


def _write(points: Sequence[Point]) -> str:
    return "L".join(f"{x:.0f} {y:.0f}" for x, y in points)


def _names(roads: Iterator[_Shape], place: Any) -> Iterator[str]:
    """Name the streets that show a long straight piece, none twice, none over another."""
    taken: list[Point] = [(WIDTH_M / 2, HEIGHT_M / 2 - 20)]
    named: set[str] = set()
    for road in roads:
        if not road.name or road.name in named or len(named) == _NAMES_MAX:
            continue
        spot = _best_spot(road, place)
        if spot is None or any(math.dist(spot[0], other) < 85 for other in taken):
            continue
        (x, y), angle = spot
        taken.append((x, y))
        named.add(road.name)
        yield (
            f'<text class="sketch-name" transform="translate({x:.0f} {y:.0f}) '
            f'rotate({angle:.0f})" dy="4">{escape(road.name)}</text>'
        )


def _best_spot(road: _Shape, place: Any) -> tuple[Point, float] | None:
    """Find the longest stretch in the picture that is straight enough to write along."""
    best: tuple[float, Point, float] | None = None
    for line in road.lines:
        points = [_clamped(place(point)) for point in line]
        for start, end in _straight_stretches(points):
            length = math.dist(start, end)
            middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
            if not (60 < middle[0] < WIDTH_M - 60 and 24 < middle[1] < HEIGHT_M - 24):
                continue
            if length >= max(_NAME_LENGTH_M, len(road.name) * 7.5) and (
                best is None or length > best[0]
            ):
                angle = math.degrees(math.atan2(end[1] - start[1], end[0] - start[0]))
                best = (length, middle, (angle + 90) % 180 - 90)
    return None if best is None else (best[1], best[2])


def _straight_stretches(points: Sequence[Point]) -> Iterator[tuple[Point, Point]]:
    """Join neighboring pieces as long as the way is hardly longer than the line of sight."""
    start, way = 0, 0.0
    for here in range(1, len(points)):
        way += math.dist(points[here - 1], points[here])
        if way * _STRAIGHT_MIN > math.dist(points[start], points[here]):
            yield points[start], points[here - 1]
            start, way = here - 1, math.dist(points[here - 1], points[here])
    if points:
        yield points[start], points[-1]


def _clamped(point: Point) -> Point:
    return min(max(point[0], 0), WIDTH_M), min(max(point[1], 0), HEIGHT_M)
