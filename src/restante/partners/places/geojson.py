"""Take GeoJSON (RFC 7946) apart into rows: properties, and a point for every feature.

A polygon stands at its centroid, a line or several points at the middle of their points.
"""

from typing import Any, Final

import msgspec

from ..csv_text import file_problem
from ..manifest_row import ProblemCode, RowProblem

_POINT: Final = ("lat", "lon")
_HINT: Final = "write a FeatureCollection of RFC 7946, its coordinates as [longitude, latitude]"


def is_geojson(text: str) -> bool:
    """Say whether a text begins like JSON; no CSV does."""
    return text.lstrip()[:1] in {"{", "["}


def read_features(
    text: str,
) -> tuple[tuple[str, ...], list[int], list[list[str]], list[RowProblem]]:
    """Read features into a header, their numbers, rows of texts and what is wrong.

    The columns ``id``, ``lat`` and ``lon`` come from the feature itself; ``id`` from its
    properties when it has none of its own.
    """
    try:
        document = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        return (), [], [], [_problem(0, f"the file is not JSON ({error})")]
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        return (), [], [], [_problem(0, "the file has no list of features")]
    problems: list[RowProblem] = []
    found: list[tuple[int, dict[str, str]]] = []
    for number, feature in enumerate(features, start=1):
        try:
            found.append((number, _row(feature)))
        except _BadFeatureError as bad:
            problems.append(_problem(number, str(bad)))
    names = tuple(dict.fromkeys(name for _, row in found for name in row))
    rows = [[row.get(name, "") for name in names] for _, row in found]
    return names, [number for number, _ in found], rows, problems


class _BadFeatureError(Exception):
    pass


def _problem(number: int, reason: str) -> RowProblem:
    return file_problem(ProblemCode.NOT_GEOJSON, reason, _HINT, number)


def _row(feature: Any) -> dict[str, str]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _BadFeatureError("is not a feature")
    properties = feature.get("properties") or {}
    if not isinstance(properties, dict):
        raise _BadFeatureError("has properties that are no object")
    latitude, longitude = _place(feature.get("geometry"))
    row = {name: _text(value) for name, value in properties.items() if name not in _POINT}
    if "id" in feature:
        row["id"] = _text(feature["id"])
    return {**row, "lat": repr(latitude), "lon": repr(longitude)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else repr(value)


def _place(geometry: Any) -> tuple[float, float]:
    if not isinstance(geometry, dict):
        raise _BadFeatureError("has no geometry")
    kind: Any = geometry.get("type")
    coordinates: Any = geometry.get("coordinates")
    try:
        match kind:
            case "Point":
                longitude, latitude = _pair(coordinates)
            case "Polygon":
                longitude, latitude, _ = _centroid(coordinates)
            case "MultiPolygon":
                parts = [_centroid(part) for part in coordinates]
                area = sum(part[2] for part in parts)
                longitude = sum(part[0] * part[2] for part in parts) / area
                latitude = sum(part[1] * part[2] for part in parts) / area
            case "MultiPoint" | "LineString":
                points = [_pair(point) for point in coordinates]
                longitude = sum(point[0] for point in points) / len(points)
                latitude = sum(point[1] for point in points) / len(points)
            case _:
                raise _BadFeatureError(f"is a {kind}, which stands at no one place")
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        raise _BadFeatureError("has coordinates that are not as RFC 7946 has them") from None
    return latitude, longitude


def _pair(point: Any) -> tuple[float, float]:
    return float(point[0]), float(point[1])


def _centroid(rings: Any) -> tuple[float, float, float]:
    """Find a polygon's centroid and area in degrees; of its outer ring, holes are left out."""
    ring = [_pair(point) for point in rings[0]]
    # Around the first point: areas of small polygons far from zero would lose their digits.
    west, south = ring[0]
    twice = longitude = latitude = 0.0
    for (ax, ay), (bx, by) in zip(ring, [*ring[1:], ring[0]], strict=True):
        cross = (ax - west) * (by - south) - (bx - west) * (ay - south)
        twice += cross
        longitude += (ax + bx - 2 * west) * cross
        latitude += (ay + by - 2 * south) * cross
    return west + longitude / (3 * twice), south + latitude / (3 * twice), abs(twice) / 2
