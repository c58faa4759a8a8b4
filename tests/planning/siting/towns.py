"""Small towns for tests, and the cost of their best choice by a mixed-integer program."""

import math
import random
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from restante.planning.siting import Candidate, CandidateId, Cell, CellId, Problem


def town(seed: int, cells: int = 30, candidates: int = 10, **more: Any) -> Problem:
    """Scatter cells and candidates over four square kilometers."""
    dice = random.Random(seed)

    def place() -> dict[str, float]:
        return {"latitude": dice.uniform(0, 0.018), "longitude": dice.uniform(0, 0.018)}

    return Problem(
        name=f"town {seed}",
        cells=tuple(
            Cell(id=CellId(f"c{n}"), demand=dice.randint(1, 30), area=dice.choice("ab"), **place())
            for n in range(cells)
        ),
        candidates=tuple(
            Candidate(
                id=CandidateId(f"s{n}"),
                host=["shop", "school"][n % 2],
                is_accessible=n % 3 != 0,
                fixed_cost=dice.randint(0, 9_000) if "sites_max" not in more else 0,
                **place(),
            )
            for n in range(candidates)
        ),
        **more,
    )


def walks(problem: Problem) -> np.ndarray:
    """Measure all walks by the haversine, without the planner's own distances."""
    return np.array(
        [[1.3 * haversine_m(cell, one) for one in problem.candidates] for cell in problem.cells]
    )


def haversine_m(a: Cell | Candidate, b: Cell | Candidate) -> float:
    """Measure the way between two positions along the Earth's surface."""
    assert a.latitude is not None and b.latitude is not None
    assert a.longitude is not None and b.longitude is not None
    p, q = math.radians(a.latitude), math.radians(b.latitude)
    turn = math.radians(b.longitude - a.longitude)
    h = math.sin((q - p) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(turn / 2) ** 2
    return 2 * 6_371_008.8 * math.asin(math.sqrt(h))


def best_cost(problem: Problem, costs: np.ndarray, capacities: Any = None) -> float:
    """Find the least cost of serving all cells; ``costs`` are of serving a cell wholly.

    Variables are sites ``y`` and shares ``x`` of cells; rules are those of the problem that count
    sites.
    """
    n, m = costs.shape
    fixed = np.array([one.fixed_cost for one in problem.candidates])
    size = m + n * m
    rows, least, most = [], [], []

    def rule(row: np.ndarray, low: float, high: float) -> None:
        rows.append(row)
        least.append(low)
        most.append(high)

    count = np.zeros(size)
    count[:m] = 1
    rule(count, max(problem.sites_min, 1), problem.sites_most)
    for i in range(n):
        row = np.zeros(size)
        row[m + i * m : m + (i + 1) * m] = 1
        rule(row, 1, 1)
        for j in range(m):
            link = np.zeros(size)
            link[m + i * m + j], link[j] = 1, -1
            rule(link, -np.inf, 0)
    for j in range(m) if capacities is not None else ():
        row = np.zeros(size)
        row[m + j :: m] = [cell.demand for cell in problem.cells]
        row[j] = -capacities[j]
        rule(row, -np.inf, 0)
    for limit in problem.hosts:
        row = np.zeros(size)
        row[:m] = [one.host == limit.host for one in problem.candidates]
        rule(row, limit.sites_min, np.inf if limit.sites_max is None else limit.sites_max)
    if problem.accessible_share_min:
        row = np.zeros(size)
        row[:m] = [one.is_accessible - problem.accessible_share_min for one in problem.candidates]
        rule(row, 0, np.inf)
    found = milp(
        np.concatenate((fixed, costs.ravel())),
        integrality=np.concatenate((np.ones(m), np.zeros(n * m))),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(np.array(rows), least, most),
        options={"mip_rel_gap": 1e-9},
    )
    assert found.fun is not None, found.message
    return float(found.fun)
