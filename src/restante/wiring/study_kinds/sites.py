"""Where sites shall stand, and what that is beside those that stand."""

import math
from typing import Any

import msgspec
import numpy as np

from ...planning.siting import (
    BadProblem,
    Candidate,
    MaxSeconds,
    Problem,
    Progress,
    Result,
    Standing,
    solve,
    warm_up,
)
from ...planning.siting.distances import Measured, measure
from ...planning.siting.outcome import NEAR_M, measure_service
from ...planning.siting.result import Service
from ..search_worker import Teller, own_clock
from ..site_tables import make_site_problem
from . import Answer, Order


class Tables(msgspec.Struct):
    """A problem that is told as tables."""

    cells: str
    """CSV or GeoJSON, as ``restante plan sites`` takes it."""
    candidates: str
    standing: tuple[Candidate, ...] = ()
    """The network's own sites."""
    given: dict[str, Any] = {}
    """Other fields of ``siting.problem.v1``."""


def read(text: bytes) -> Problem:
    """Read ``siting.problem.v1``, or :class:`Tables`."""
    if not isinstance(_cells_of(text), str):
        return Problem.from_json(text)
    try:
        told = msgspec.json.decode(text, type=Tables)
    except msgspec.ValidationError as error:
        raise BadProblem("", str(error)) from error
    cells, candidates = told.cells.encode(), told.candidates.encode()
    return make_site_problem(cells, candidates, standing=told.standing, **told.given)


def _cells_of(text: bytes) -> Any:
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None
    return told.get("cells") if isinstance(told, dict) else None


def name_of(problem: Problem) -> str:
    """Tell what it is called."""
    return problem.name


def search(problem: Problem, order: Order, teller: Teller) -> Answer:
    """Choose sites."""
    warm_up()

    def show(at: Progress) -> None:
        gap = abs(at.cost - at.bound) / abs(at.cost) if _are_known(at) else None
        teller.tell(share=at.share, cost=at.cost, iterations=at.kicks, gap=gap)

    result = solve(problem, MaxSeconds(order.seconds, own_clock()), order.seed, progress=show)
    measured = measure(problem)
    before, walked_before = _serve(problem, measured, _standing(problem))
    walked = _walked(problem, result)
    after = result.service[0] if result.service else None
    figures: dict[str, Any] = {
        "status": result.status.value,
        "says": result.says,
        "is_maximized": result.is_maximized,
        "cost": result.cost,
        "bound": result.bound,
        "gap": result.gap,
        "sites": len(result.sites),
        "new": sum(one.is_new for one in result.sites),
        "closed": len(result.closed),
        "within_500_before": None if before is None else 1.0 - before.beyond_500_m,
        "within_500": None if after is None else 1.0 - after.beyond_500_m,
        "meters_mean_before": None if before is None else before.meters_mean,
        "meters_mean": None if after is None else after.meters_mean,
        "meters_p90": None if after is None else after.meters_p90,
    }
    return Answer(figures, result.to_json(), _drawn(problem, result, walked_before, walked))


def _are_known(at: Progress) -> bool:
    return math.isfinite(at.cost) and math.isfinite(at.bound) and at.cost != 0


def _standing(problem: Problem) -> np.ndarray:
    told = [j for j, one in enumerate(problem.candidates) if one.standing is not Standing.NEW]
    return np.array(told, dtype=np.int64)


def _serve(
    problem: Problem, measured: Measured, sites: np.ndarray
) -> tuple[Service | None, np.ndarray]:
    """Measure how far people walk to the nearest of some sites, whatever room they have."""
    if not len(sites):
        return None, np.full(len(problem.cells), np.inf)
    walked = measured.to(sites).min(axis=1)
    demand = np.array([one.demand for one in problem.cells])
    cells = np.flatnonzero(np.isfinite(walked))
    return measure_service(problem, cells, demand[cells], walked[cells])[0], walked


def _walked(problem: Problem, result: Result) -> np.ndarray:
    """Tell how far each cell walks; where its demand is split, in the mean."""
    told = result.assignment
    cells = np.array(told.cells, dtype=np.int64)
    demand, meters = np.array(told.demand), np.array(told.meters)
    served = np.bincount(cells, weights=demand, minlength=len(problem.cells))
    way = np.bincount(cells, weights=demand * meters, minlength=len(problem.cells))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(served > 0, way / served, np.inf)


def _drawn(
    problem: Problem, result: Result, before: np.ndarray, after: np.ndarray
) -> dict[str, Any]:
    """Tell what a map draws: cells with their walk before and after, candidates and sites."""
    chosen = {one.id: one for one in result.sites}
    cells = [
        [one.longitude, one.latitude, round(one.demand, 3), _meters(a), _meters(b)]
        for one, a, b in zip(problem.cells, before, after, strict=True)
        if one.longitude is not None and one.latitude is not None
    ]
    sites = [
        {
            "id": one.id,
            "at": None if one.longitude is None else [one.longitude, one.latitude],
            "standing": one.standing.value,
            "is_open": one.id in chosen,
            "size": chosen[one.id].size if one.id in chosen else "",
            "demand": chosen[one.id].demand if one.id in chosen else 0.0,
            "meters": chosen[one.id].meters if one.id in chosen else None,
            "is_accessible": one.is_accessible,
            "host": one.host or "",
        }
        for one in problem.candidates
    ]
    service = [
        {
            "area": one.area,
            "demand": one.demand,
            "within_500": 1.0 - one.beyond_500_m,
            "within_1000": 1.0 - one.beyond_1000_m,
            "meters_mean": one.meters_mean,
            "meters_p90": one.meters_p90,
        }
        for one in result.service
    ]
    return {"near_m": NEAR_M, "cells": cells, "sites": sites, "service": service}


def _meters(walked: float) -> int | None:
    return round(float(walked)) if math.isfinite(walked) else None
