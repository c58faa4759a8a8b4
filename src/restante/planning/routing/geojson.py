"""A plan as GeoJSON (RFC 7946): what maps of all kinds can draw, and the only thing ours is given.

G1  A route is a line through all its stops from where the vehicle starts to where it ends; a list
    beside it tells for each point when the vehicle arrives and what is on board behind it.
G2  A stop is a point with all parcels served there in a row, each with why it is served there. A
    parcel that is not served is a point at the place where its recipient likes it best.
G3  Longitude stands before latitude, with seven digits (a centimetre). A line across the
    antimeridian is cut there (RFC 7946 §3.1.9), and the box then is the narrower one (§5.2).

It must not know who looks at it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from .problem import NEVER, Parcel, Place, PlaceId, Problem, Vehicle
from .result import Load, Result, Route, Served, Visit

Position = tuple[float, float]
"""Longitude and latitude in degrees."""

Positions = Mapping[PlaceId, Position]

DIGITS: Final = 7


class NoPositions(ValueError):
    """A place has no coordinates, so that nothing can be drawn there; names it."""


def positions_of(problem: Problem) -> dict[PlaceId, Position]:
    """Tell where the places of a problem are.

    Raises
    ------
    NoPositions
        When a place has no latitude or longitude, or one that is none.
    """
    found: dict[PlaceId, Position] = {}
    for k, place in enumerate(problem.places):
        longitude, latitude = place.longitude, place.latitude
        if longitude is None or latitude is None:
            says = "has no coordinates: give latitude and longitude of every place"
            raise NoPositions(f"places[{k}] {place.id}: {says}")
        found[place.id] = (round(longitude, DIGITS), round(latitude, DIGITS))
    return found


def make_geojson(
    problem: Problem, result: Result, *, positions: Positions | None = None
) -> dict[str, Any]:
    """Write a plan as a FeatureCollection.

    Parameters
    ----------
    positions
        Where the places are, if not where the problem says. Members ``is_schematic`` of the
        collection then tell that these are no places on Earth.

    Returns
    -------
    dict
        With the member ``plan`` for what belongs to no feature: cost, distance, violations.

    Raises
    ------
    NoPositions
        When a place has no coordinates and no positions are given.
    """
    at = positions_of(problem) if positions is None else positions
    given = _Given(problem, at)
    features = [feature for n, route in enumerate(result.routes, 1)
                for feature in _features_of(given, n, route)]  # fmt: skip
    features += [_unserved(given, one.parcel, one.why.value, one.says) for one in result.unserved]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if features:
        collection["bbox"] = _box(features)
    collection["plan"] = _summary(problem, result, is_schematic=positions is not None)
    return collection


class _Given:
    """What features are made from, found by name."""

    def __init__(self, problem: Problem, at: Positions) -> None:
        self.at = at
        self.place: dict[PlaceId, Place] = {one.id: one for one in problem.places}
        self.parcel: dict[str, Parcel] = {one.id: one for one in problem.parcels}
        self.vehicle: dict[str, Vehicle] = {one.id: one for one in problem.vehicles}


def _summary(problem: Problem, result: Result, *, is_schematic: bool) -> dict[str, Any]:
    served = sum(len(visit.served) for route in result.routes for visit in route.visits)
    return {
        "name": result.problem,
        "is_schematic": is_schematic,
        "is_feasible": result.is_feasible,
        "violated": list(result.violated),
        "cost": {name: getattr(result.cost, name) for name in result.cost.__struct_fields__},
        "distance_m": result.distance_m,
        "duration_s": result.duration_s,
        "co2e_g": result.co2e_g,
        "bound": result.bound,
        "gap": result.gap,
        "vehicles": sum(bool(route.visits) for route in result.routes),
        "parcels": len(problem.parcels),
        "served": served,
        "seed": result.seed,
        "iterations": result.iterations,
    }


def _features_of(given: _Given, number: int, route: Route) -> Iterator[dict[str, Any]]:
    vehicle = given.vehicle[route.vehicle]
    start, end = vehicle.start_place, vehicle.end_place or vehicle.start_place
    way = [start, *(visit.place for visit in route.visits), end]
    loads = list(_loads(given, route))
    yield {
        "type": "Feature",
        "id": f"route/{route.vehicle}",
        "geometry": _line([given.at[place] for place in way]),
        "properties": {
            "kind": "route",
            "number": number,
            "vehicle": route.vehicle,
            "places": way,
            "arrives_at": [
                route.leaves_at,
                *(visit.arrives_at for visit in route.visits),
                route.returns_at,
            ],
            "load": [_show(load) for load in loads],
            "leaves_at": route.leaves_at,
            "returns_at": route.returns_at,
            "load_at_start": _show(route.load_at_start),
            "load_max": _show(route.load_max),
            "stops": len(route.visits),
            "parcels": sum(len(visit.served) for visit in route.visits),
            "distance_m": route.distance_m,
            "duration_s": route.duration_s,
            "co2e_g": route.co2e_g,
            "cost": route.cost,
        },
    }
    for stop, visit in enumerate(route.visits, 1):
        yield _stop(given, number, route, stop, visit, loads[stop])


def _stop(
    given: _Given, number: int, route: Route, stop: int, visit: Visit, behind: Load
) -> dict[str, Any]:
    place = given.place[visit.place]
    return {
        "type": "Feature",
        "id": f"stop/{route.vehicle}/{stop}",
        "geometry": _point(given.at[visit.place]),
        "properties": {
            "kind": "stop",
            "route": number,
            "vehicle": route.vehicle,
            "stop": stop,
            "place": visit.place,
            "place_kind": place.kind.value,
            "arrives_at": visit.arrives_at,
            "leaves_at": visit.leaves_at,
            "load": _show(behind),
            "parcels": [_served(given, place, one) for one in visit.served],
        },
    }


def _served(given: _Given, place: Place, one: Served) -> dict[str, Any]:
    parcel = given.parcel[one.parcel]
    option = parcel.options[one.option]
    return {
        "parcel": one.parcel,
        "option": one.option,
        "level": option.level,
        "size": parcel.size,
        "is_pickup": parcel.is_pickup,
        "starts_at": one.starts_at,
        "opens_at": max(option.opens_at, place.opens_at),
        "closes_at": _finite(min(option.closes_at, place.closes_at)),
        "why": one.why.value,
    }


def _unserved(given: _Given, parcel: str, why: str, says: str) -> dict[str, Any]:
    options = given.parcel[parcel].options
    liked = min(options, key=lambda option: option.level, default=None)
    return {
        "type": "Feature",
        "id": f"unserved/{parcel}",
        "geometry": None if liked is None else _point(given.at[liked.place]),
        "properties": {
            "kind": "unserved",
            "parcel": parcel,
            "place": None if liked is None else liked.place,
            "place_kind": None if liked is None else given.place[liked.place].kind.value,
            "why": why,
            "says": says,
        },
    }


def _loads(given: _Given, route: Route) -> Iterator[Load]:
    """Tell what is on board when leaving each point of the line (G1)."""
    load = route.load_at_start
    yield load
    for visit in route.visits:
        for one in visit.served:
            parcel = given.parcel[one.parcel]
            sign = 1 if parcel.is_pickup else -1
            load = Load(
                parcels=load.parcels + sign,
                volume_cm3=load.volume_cm3 + sign * parcel.volume_cm3,
                weight_g=load.weight_g + sign * parcel.weight_g,
            )
        yield load
    yield load


def _show(load: Load) -> dict[str, int]:
    return {name: getattr(load, name) for name in load.__struct_fields__}


def _finite(at: float) -> float | None:
    return None if at == NEVER else at


def _point(position: Position) -> dict[str, Any]:
    return {"type": "Point", "coordinates": list(position)}


def _line(way: Sequence[Position]) -> dict[str, Any]:
    pieces = [[list(way[0])]]
    for (x, y), (u, v) in pairwise(way):
        if abs(u - x) > 180:
            edge = 180.0 if x > 0 else -180.0
            rest = edge - x
            whole = rest - (-edge - u)
            cut = y if whole == 0 else round(y + (v - y) * rest / whole, DIGITS)
            pieces[-1].append([edge, cut])
            pieces.append([[-edge, cut]])
        pieces[-1].append([u, v])
    if len(pieces) == 1:
        return {"type": "LineString", "coordinates": pieces[0]}
    return {"type": "MultiLineString", "coordinates": pieces}


def _box(features: Sequence[Mapping[str, Any]]) -> list[float]:
    points: list[Sequence[float]] = []
    for feature in features:
        geometry = feature["geometry"]
        match geometry and geometry["type"]:
            case "Point":
                points.append(geometry["coordinates"])
            case "LineString":
                points += geometry["coordinates"]
            case "MultiLineString":
                points += [point for piece in geometry["coordinates"] for point in piece]
    longitudes = [point[0] for point in points]
    latitudes = [point[1] for point in points]
    west, east = min(longitudes), max(longitudes)
    east_side = [x for x in longitudes if x > 0]
    west_side = [x for x in longitudes if x <= 0]
    is_across = any(
        feature["geometry"] and feature["geometry"]["type"] == "MultiLineString"
        for feature in features
    )
    if is_across and east_side and west_side:
        west, east = min(east_side), max(west_side)
    return [west, min(latitudes), east, max(latitudes)]
