"""An answer as GeoJSON: sites with what they serve, cells with how far people walk."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from .distances import measure
from .problem import Candidate, Cell, Problem, Standing
from .result import Result


class NoPositions(ValueError):
    """Cells or candidates have no positions to draw."""


def make_geojson(problem: Problem, result: Result) -> dict[str, Any]:
    """Write an answer as a collection of features.

    Each has a ``kind``: ``site`` (open), ``closed``, ``candidate`` (not chosen) or ``cell``.

    Raises
    ------
    NoPositions
        Names the first cell or candidate without one.
    """
    check_positions(problem)
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
    features += _cells(problem, result)
    west, south, east, north = _box(problem)
    return {
        "type": "FeatureCollection",
        "bbox": [west, south, east, north],
        "answer": {
            key: value
            for key, value in msgspec.to_builtins(result).items()
            if key not in ("sites", "assignment")
        },
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
        if one.latitude is None or one.longitude is None:
            raise NoPositions(f"{one.id!r} has no latitude and longitude")


def _cells(problem: Problem, result: Result) -> list[Mapping[str, Any]]:
    told = result.assignment
    walked: dict[int, float] = {}
    site: dict[int, str] = {}
    for cell, number, meters in zip(told.cells, told.sites, told.meters, strict=True):
        if meters >= walked.get(cell, -1.0):
            walked[cell] = meters
            site[cell] = result.sites[number].id
    before = _walks_before(problem)
    return [
        _feature(
            cell,
            {
                "kind": "cell",
                "id": cell.id,
                "demand": cell.demand,
                "area": cell.area,
                "meters": walked.get(number),
                "meters_before": before[number],
                "site": site.get(number),
            },
        )
        for number, cell in enumerate(problem.cells)
    ]


def _walks_before(problem: Problem) -> list[float | None]:
    """Measure walks to the nearest site that stands, whatever room it has."""
    standing = np.array(
        [j for j, one in enumerate(problem.candidates) if one.standing is not Standing.NEW],
        dtype=np.int64,
    )
    if not len(standing):
        return [None] * len(problem.cells)
    walks = measure(problem).to(standing).min(axis=1)
    return [float(meters) if np.isfinite(meters) else None for meters in walks]


def _feature(one: Cell | Candidate, told: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [one.longitude, one.latitude]},
        "properties": dict(told),
    }


def _box(problem: Problem) -> tuple[float, float, float, float]:
    every: list[Cell | Candidate] = [*problem.cells, *problem.candidates]
    latitudes = [one.latitude or 0.0 for one in every]
    longitudes = [one.longitude or 0.0 for one in every]
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)
