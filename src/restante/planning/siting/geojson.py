"""An answer as GeoJSON: sites with what they serve, cells with how far people walk."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from .arrays import demand_of
from .distances import Floats, measure
from .outcome import measure_service
from .problem import Candidate, Cell, Problem, Standing
from .result import Result


class NoPositions(ValueError):
    """Cells or candidates have no positions to draw."""


def make_geojson(problem: Problem, result: Result) -> dict[str, Any]:
    """Write an answer as a collection of features.

    Each has a ``kind``: ``site`` (open), ``closed``, ``candidate`` (not chosen) or ``cell``; what
    has no position has no geometry. Where demand of a cell is split, its walk is the mean, and its
    site the one that serves most of it. Beside the features stands the ``answer``, with how far
    people walk ``before``: to the nearest site that stands, whatever room it has.
    """
    open_sites = {site.id: site for site in result.sites}
    closed = set(result.closed)
    features: list[Mapping[str, Any]] = []
    for candidate in problem.candidates:
        site = open_sites.get(candidate.id)
        kind = "closed" if candidate.id in closed else "candidate"
        told: dict[str, Any] = {"kind": kind, "id": candidate.id}
        if site is not None:
            told = {"kind": "site", **msgspec.to_builtins(site)}
        told["standing"] = candidate.standing.value
        told["is_accessible"] = candidate.is_accessible
        told["host"] = candidate.host or ""
        features.append(_feature(candidate, told))
    before = _walks_before(problem)
    features += _cells(problem, result, before)
    answer = msgspec.to_builtins(result)
    del answer["sites"], answer["assignment"]
    answer["before"] = _service_before(problem, before)
    box = _box(problem)
    return {
        "type": "FeatureCollection",
        **({} if box is None else {"bbox": box}),
        "answer": answer,
        "features": features,
    }


def check_positions(problem: Problem) -> None:
    """Ask that everything has a position.

    Raises
    ------
    NoPositions
        Names the first cell or candidate without one.
    """
    every: list[Cell | Candidate] = [*problem.cells, *problem.candidates]
    for one in every:
        if not _is_placed(one):
            raise NoPositions(f"{one.id!r} has no latitude and longitude")


def _is_placed(one: Cell | Candidate) -> bool:
    return one.latitude is not None and one.longitude is not None


def _cells(problem: Problem, result: Result, before: Floats) -> list[Mapping[str, Any]]:
    told, many = result.assignment, len(problem.cells)
    cells = np.array(told.cells, dtype=np.int64)
    demand, meters = np.array(told.demand), np.array(told.meters)
    served = np.bincount(cells, weights=demand, minlength=many)
    way = np.bincount(cells, weights=demand * meters, minlength=many)
    site: dict[int, str] = {}
    for n in np.argsort(demand, kind="stable").tolist():
        site[told.cells[n]] = result.sites[told.sites[n]].id
    return [
        _feature(
            cell,
            {
                "kind": "cell",
                "id": cell.id,
                "demand": cell.demand,
                "area": cell.area,
                "meters": float(way[number] / served[number]) if served[number] > 0 else None,
                "meters_before": float(before[number]) if np.isfinite(before[number]) else None,
                "site": site.get(number),
            },
        )
        for number, cell in enumerate(problem.cells)
    ]


def _walks_before(problem: Problem) -> Floats:
    """Measure walks to the nearest site that stands; infinite where none does."""
    standing = np.array(
        [j for j, one in enumerate(problem.candidates) if one.standing is not Standing.NEW],
        dtype=np.int64,
    )
    if not len(standing):
        return np.full(len(problem.cells), np.inf)
    walks: Floats = measure(problem).to(standing).min(axis=1)
    return walks


def _service_before(problem: Problem, before: Floats) -> dict[str, Any] | None:
    cells = np.flatnonzero(np.isfinite(before))
    if not len(cells):
        return None
    service = measure_service(problem, cells, demand_of(problem)[cells], before[cells])
    found: dict[str, Any] = msgspec.to_builtins(service[0])
    return found


def _feature(one: Cell | Candidate, told: Mapping[str, Any]) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [one.longitude, one.latitude]}
    return {
        "type": "Feature",
        "geometry": place if _is_placed(one) else None,
        "properties": dict(told),
    }


def _box(problem: Problem) -> list[float] | None:
    every: list[Cell | Candidate] = [*problem.cells, *problem.candidates]
    longitudes = [one.longitude for one in every if one.longitude is not None]
    latitudes = [one.latitude for one in every if one.latitude is not None]
    if not longitudes or not latitudes:
        return None
    return [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]
