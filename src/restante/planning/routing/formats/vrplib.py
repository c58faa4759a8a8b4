"""Formats of VRPLIB: capacities (``cvrp``), time windows (``vrptw``), groups (``gvrp``).

Distances of ``cvrp`` and ``gvrp`` are rounded to whole numbers; those of ``vrptw`` are cut after
the first decimal (the DIMACS challenge's convention), so all is measured in tenths. ``cvrp`` and
``vrptw`` ask for the shortest routes with as many vehicles as there are; so does ``gvrp``, where
one place of every group is visited.

References
----------
Uchoa et al., New benchmark instances for the capacitated vehicle routing problem, EJOR 257 (2017).
Bektas, Erdogan & Ropke, Formulations and branch-and-cut algorithms for the generalized vehicle
routing problem, Transportation Science 45 (2011).
"""

import math
from collections.abc import Mapping

import numpy as np

from ..problem import Kind, Option, Parcel, Place, PlaceId
from .instance import BadInstance, Instance, euclidean, make_instance, vehicles_alike


def read_cvrp(text: str, name: str = "") -> Instance:
    """Read an instance with capacities."""
    fields, sections = _parse(text)
    return _make(name, fields, sections, groups=None, unit=1.0)


def read_vrptw(text: str, name: str = "") -> Instance:
    """Read an instance with capacities and time windows."""
    fields, sections = _parse(text)
    if "TIME_WINDOW_SECTION" not in sections:
        raise BadInstance("section TIME_WINDOW_SECTION is missing: is it cvrp?")
    return _make(name, fields, sections, groups=None, unit=10.0)


def read_gvrp(text: str, name: str = "") -> Instance:
    """Read an instance where one place of every group is visited."""
    fields, sections = _parse(text)
    groups = _section(sections, "MUTUALLY_EXCLUSIVE_GROUP_SECTION")
    members = [[int(x) for x in row[1:]] for row in groups]
    return _make(name, fields, sections, groups=members, unit=1.0)


def _make(
    name: str,
    fields: Mapping[str, str],
    sections: Mapping[str, list[list[float]]],
    *,
    groups: list[list[int]] | None,
    unit: float,
) -> Instance:
    points = {int(row[0]): (row[1], row[2]) for row in _section(sections, "NODE_COORD_SECTION")}
    demand = {int(row[0]): int(row[1]) for row in _section(sections, "DEMAND_SECTION")}
    windows = {int(row[0]): (row[1], row[2]) for row in sections.get("TIME_WINDOW_SECTION", [])}
    depot = int(_section(sections, "DEPOT_SECTION")[0][0])
    distances = euclidean(list(points.values()))
    distances = np.floor(unit * distances) if unit > 1 else np.rint(distances)
    service = {int(row[0]): row[1] for row in sections.get("SERVICE_TIME_SECTION", [])}
    service_each = float(fields.get("SERVICE_TIME", 0))
    places = tuple(
        Place(
            id=_place_id(i),
            kind=Kind.DEPOT if i == depot else Kind.HOME,
            opens_at=unit * windows[i][0] if i in windows else 0.0,
            closes_at=unit * windows[i][1] if i in windows else math.inf,
            parcel_s=unit * service.get(i, service_each),
        )
        for i in points
    )
    members = groups or [[i] for i in points if i != depot]
    # A group has the demand of its places, which is the same at each or of their first.
    parcels = tuple(
        Parcel(
            id=f"parcel {group[0]}",
            volume_cm3=round(unit * max(demand[i] for i in group)),
            options=tuple(Option(place=_place_id(i)) for i in group),
        )
        for group in members
        if group != [depot]
    )
    capacity = round(unit * _number(fields, "CAPACITY"))
    # PyVRP's reader gives every customer a vehicle, and measures demands in tenths too; both
    # change no plan, and where a search goes.
    count = int(fields.get("VEHICLES", len(points) - 1))
    return make_instance(
        name or fields.get("NAME", ""),
        distances=distances,
        scale=unit,
        places=places,
        parcels=parcels,
        vehicles=vehicles_alike(
            count,
            depot=_place_id(depot),
            volume=capacity,
            until=unit * windows[depot][1] if depot in windows else math.inf,
            cost_fixed=0.0,
        ),
    )


def _place_id(number: int) -> PlaceId:
    return PlaceId(f"node {number}")


def _parse(text: str) -> tuple[dict[str, str], dict[str, list[list[float]]]]:
    fields: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    rows: list[list[float]] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0] == "EOF":
            continue
        if words[0].rstrip(":").endswith("_SECTION"):
            rows = sections.setdefault(words[0].rstrip(":"), [])
        elif ":" in line:
            name, _, value = line.partition(":")
            fields[name.strip()] = value.strip().strip('"')
        elif rows is None:
            raise BadInstance(f"line {number}: {line.strip()!r} stands before any section")
        elif words != ["-1"]:
            try:
                rows.append([float(word) for word in words])
            except ValueError:
                raise BadInstance(f"line {number}: {line.strip()!r} is no row of numbers") from None
    if fields.get("EDGE_WEIGHT_TYPE") != "EUC_2D":
        raise BadInstance(f"EDGE_WEIGHT_TYPE is {fields.get('EDGE_WEIGHT_TYPE')}, not EUC_2D")
    return fields, sections


def _section(sections: Mapping[str, list[list[float]]], name: str) -> list[list[float]]:
    if not sections.get(name):
        raise BadInstance(f"section {name} is missing")
    return sections[name]


def _number(fields: Mapping[str, str], name: str) -> int:
    try:
        return int(fields[name])
    except (KeyError, ValueError):
        raise BadInstance(f"{name} is missing or no whole number") from None
