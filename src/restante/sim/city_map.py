"""The city as GeoJSON, one collection per layer, for the style of the map."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from .city import City, CityEdge, CitySite, Layer, Position, Shape


def city_geojson(city: City) -> dict[str, dict[str, Any]]:
    """Write the city as one GeoJSON FeatureCollection per layer, for the map's style.

    Returns
    -------
    dict
        Key: :class:`Layer`. Properties: ``kind`` and ``name`` where there are, ``class`` and
        ``bridge`` of roads, ``height`` in meters of buildings, ``id`` of sites.
    """
    features: dict[str, list[dict[str, Any]]] = {str(layer): [] for layer in Layer}
    for shape in city.shapes:
        features[shape.layer].append(_shape_feature(shape))
    features[Layer.ROAD] = _road_features(city.edges)
    features[Layer.SITE] = [_site_feature(site) for site in city.sites]
    return {
        layer: {"type": "FeatureCollection", "features": found} for layer, found in features.items()
    }


def _shape_feature(shape: Shape) -> dict[str, Any]:
    properties: dict[str, Any] = {"kind": shape.kind} if shape.kind else {}
    if shape.name:
        properties["name"] = shape.name
    if shape.height_m:
        properties["height"] = shape.height_m
    if shape.layer is Layer.DISTRICT:
        return _feature("Point", shape.rings[0][0], properties)
    return _feature("Polygon", shape.rings, properties)


def _site_feature(site: CitySite) -> dict[str, Any]:
    return _feature(
        "Point",
        site.position,
        {"id": site.id, "kind": str(site.kind), "name": site.name, "address": site.address.line},
    )


def _road_features(edges: Sequence[CityEdge]) -> list[dict[str, Any]]:
    """One feature per street: its edges joined to as few lines as possible."""
    streets: dict[tuple[str, str, bool], list[CityEdge]] = defaultdict(list)
    for edge in edges:
        streets[edge.road, edge.name, edge.is_bridge].append(edge)
    result = []
    for (road, name, is_bridge), parts in streets.items():
        properties: dict[str, Any] = {"class": str(road), "name": name}
        if is_bridge:
            properties["bridge"] = True
        result.append(_feature("MultiLineString", _join(parts), properties))
    return result


def _join(edges: list[CityEdge]) -> list[list[Position]]:
    """Chain edges that share a node."""
    waiting = dict(enumerate(edges))
    at_node: dict[int, set[int]] = defaultdict(set)
    for index, edge in waiting.items():
        at_node[edge.start].add(index)
        at_node[edge.end].add(index)

    def take(node: int) -> tuple[int, list[Position]] | None:
        for index in sorted(at_node[node]):
            edge = waiting.pop(index)
            at_node[edge.start].discard(index)
            at_node[edge.end].discard(index)
            if edge.start == node:
                return edge.end, list(edge.line)
            return edge.start, list(reversed(edge.line))
        return None

    lines = []
    ends = [node for node, here in at_node.items() if len(here) == 1]
    for node in [*ends, *list(at_node)]:
        line: list[Position] = []
        step = take(node)
        while step is not None:
            line += step[1][1:] if line else step[1]
            step = take(step[0])
        if line:
            lines.append(line)
    return lines


def _feature(kind: str, coordinates: object, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}
