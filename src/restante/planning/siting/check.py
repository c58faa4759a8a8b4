"""Judges an answer from the problem alone, by other means than the search's.

It measures distances itself (haversine, its own walk through a network), looks at every rule, and
adds costs up again. It shares no code with the search.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import (
    Candidate,
    Cell,
    Choice,
    Coverage,
    Full,
    GradualCoverage,
    Listed,
    Median,
    Network,
    Problem,
    Size,
    Standing,
    Straight,
)
from .result import Result, Status

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth. IUGG."""

CLOSE: Final = 1e-6
"""Shares by which two ways to add up the same may differ (chosen)."""


Floats = NDArray[np.float64]


class Found(NamedTuple):
    """What the checker finds."""

    cost: float
    violations: tuple[str, ...]

    def confirms(self, result: Result) -> bool:
        """Tell whether the answer is what it says."""
        if result.cost is None:
            return result.status is Status.INFEASIBLE
        is_kept = not self.violations or result.status is Status.INFEASIBLE
        return is_kept and math.isclose(self.cost, result.cost, rel_tol=CLOSE, abs_tol=CLOSE)


def check(problem: Problem, result: Result) -> Found:
    """Judge an answer."""
    if result.cost is None:
        return Found(math.nan, (result.says,))
    by_id = {one.id: one for one in problem.candidates}
    unknown = [site.id for site in result.sites if site.id not in by_id]
    if unknown:
        return Found(math.nan, (f"no candidate is {unknown[0]!r}",))
    number = {one.id: n for n, one in enumerate(problem.candidates)}
    chosen = [number[site.id] for site in result.sites]
    walks = np.array(list(_walks(problem, chosen)))
    violations = [*_rules(problem, result), *_service(problem, result, walks)]
    return Found(_cost(problem, result, walks), tuple(violations))


def _walks(problem: Problem, chosen: Sequence[int]) -> Iterator[Floats]:
    """Measure how far each cell is from each chosen site."""
    match problem.distances:
        case Straight(detour=detour):
            sites = np.radians([_position(problem.candidates[j]) for j in chosen])
            for cell in problem.cells:
                yield detour * _haversine(np.radians(_position(cell)), sites)
        case Full(meters=grid):
            yield from grid.values[:, list(chosen)]
        case Listed(candidates=lists, meters=meters):
            for numbers, away in zip(lists, meters, strict=True):
                known = dict(zip(numbers, away, strict=True))
                yield np.array([known.get(j, math.inf) for j in chosen])
        case Network() as network:
            ways = _ways(network)
            trees = [_walk_from(ways, problem.candidates[j].node or "") for j in chosen]
            for one in problem.cells:
                yield np.array([tree.get(one.node or "", math.inf) for tree in trees])


def _position(one: Cell | Candidate) -> tuple[float, float]:
    return one.latitude or 0.0, one.longitude or 0.0


def _haversine(a: Floats, b: Floats) -> Floats:
    """Measure ways along the surface from one position to others, in radians."""
    across = np.cos(a[0]) * np.cos(b[..., 0])
    h = np.sin((b[..., 0] - a[0]) / 2) ** 2 + across * np.sin((b[..., 1] - a[1]) / 2) ** 2
    meters: Floats = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(h)))
    return meters


def _ways(network: Network) -> dict[str, list[tuple[str, float]]]:
    ways: dict[str, list[tuple[str, float]]] = {}
    for a, b, meters in network.edges:
        ways.setdefault(a, []).append((b, meters))
        ways.setdefault(b, []).append((a, meters))
    return ways


def _walk_from(ways: dict[str, list[tuple[str, float]]], node: str) -> dict[str, float]:
    away: dict[str, float] = {}
    front = [(0.0, node)]
    while front:
        meters, here = heapq.heappop(front)
        if here in away:
            continue
        away[here] = meters
        for there, more in ways.get(here, ()):
            if there not in away:
                heapq.heappush(front, (meters + more, there))
    return away


def _size_of(candidate: Candidate, name: str) -> Size | None:
    if not candidate.sizes:
        most = math.inf if candidate.capacity is None else candidate.capacity
        return Size(name="", capacity=most) if name == "" else None
    return next((size for size in candidate.sizes if size.name == name), None)


def _rules(problem: Problem, result: Result) -> Iterator[str]:
    opened = {site.id for site in result.sites}
    candidates = [one for one in problem.candidates if one.id in opened]
    count = len(result.sites)
    if len(opened) < count:
        yield "S5: a site is open twice"
    most = len(problem.candidates) if problem.sites_max is None else problem.sites_max
    if not problem.sites_min <= count <= most:
        yield f"S2: {count} sites are open, not {problem.sites_min} to {most}"
    for one in problem.candidates:
        if one.standing is Standing.STAYS and one.id not in opened:
            yield f"S3: {one.id!r} stays, and is closed"
        if one.standing is Standing.MAY_MOVE and one.id not in opened:
            near = (
                other
                for other in candidates
                if other.standing is Standing.NEW and _apart(one, other) <= problem.move_m
            )
            if next(near, None) is None:
                yield f"S3: {one.id!r} is closed, and no new site is near"
    accessible = sum(one.is_accessible for one in candidates)
    if accessible < problem.accessible_share_min * count - 1e-9:
        yield f"S6: {accessible} of {count} sites are accessible"
    for limit in problem.hosts:
        hosted = sum(one.host == limit.host for one in candidates)
        if hosted < limit.sites_min or (limit.sites_max is not None and hosted > limit.sites_max):
            yield f"S7: {limit.host!r} hosts {hosted} sites"
    stood = [one.id for one in problem.candidates if one.standing is not Standing.NEW]
    closed = sum(id_ not in opened for id_ in stood)
    if problem.closures_max is not None and closed > problem.closures_max:
        yield f"S8: {closed} sites are closed"


def _apart(a: Candidate, b: Candidate) -> float:
    return float(_haversine(np.radians(_position(a)), np.radians(_position(b))))


def _service(problem: Problem, result: Result, walks: Floats) -> Iterator[str]:
    told = result.assignment
    served = [0.0] * len(problem.cells)
    loads = [0.0] * len(result.sites)
    entries = zip(told.cells, told.sites, told.demand, told.meters, strict=True)
    for cell, site, demand, meters in entries:
        served[cell] += demand
        loads[site] += demand
        if not math.isclose(walks[cell][site], meters, rel_tol=CLOSE, abs_tol=1e-3):
            yield f"S1: cell {cell} walks {walks[cell][site]:g} m, not {meters:g} m"
        elif not problem.is_capacitated and meters > walks[cell].min() + 1e-3:
            yield f"S1: cell {cell} is not served by the nearest site"
    by_id = {one.id: one for one in problem.candidates}
    for one, load in zip(result.sites, loads, strict=True):
        size = _size_of(by_id[one.id], one.size)
        if size is None:
            yield f"S5: {one.id!r} has no size {one.size!r}"
        elif load > size.capacity * (1 + CLOSE):
            yield f"S5: {one.id!r} serves {load:g}, more than {size.capacity:g}"
        if load < problem.demand_min * (1 - CLOSE):
            yield f"S4: {one.id!r} serves {load:g}, less than {problem.demand_min:g}"
    for number, cell_ in enumerate(problem.cells):
        if not problem.is_maximized and not math.isclose(
            served[number], cell_.demand, rel_tol=CLOSE, abs_tol=CLOSE
        ):
            yield f"S1: {cell_.id!r} is served {served[number]:g} of {cell_.demand:g}"


def _cost(problem: Problem, result: Result, walks: Floats) -> float:
    match problem.objective:
        case Median(cost_per_meter=price):
            told = result.assignment
            entries = zip(told.cells, told.sites, told.demand, strict=True)
            walking = math.fsum(demand * walks[cell][site] for cell, site, demand in entries)
            return price * walking + _fixed(problem, result)
        case Coverage(radius_m=reach):
            pairs = zip(problem.cells, walks, strict=True)
            return math.fsum(cell.demand for cell, away in pairs if away.min() <= reach)
        case GradualCoverage(half_m=half, reach_m=reach):
            return math.fsum(
                cell.demand / (1 + math.exp(4 * (away.min() - half) / half))
                for cell, away in zip(problem.cells, walks, strict=True)
                if away.min() <= reach
            )
        case Choice() as choice:
            pairs = zip(problem.cells, walks, strict=True)
            return math.fsum(cell.demand * _captured(choice, away) for cell, away in pairs)


def _captured(choice: Choice, away: Floats) -> float:
    attracts = [math.exp(-meters / choice.decay_m) for meters in away[away <= choice.reach_m]]
    most = max(attracts, default=0.0)
    total = math.fsum(one for one in attracts if one >= choice.threshold * most)
    return total / (total + choice.outside)


def _fixed(problem: Problem, result: Result) -> float:
    by_id = {one.id: one for one in problem.candidates}
    opened = {site.id for site in result.sites}
    total = 0.0
    for site in result.sites:
        size = _size_of(by_id[site.id], site.size)
        total += by_id[site.id].fixed_cost + (0.0 if size is None else size.fixed_cost)
    return total + sum(one.closing_cost for one in problem.candidates
                       if one.standing in (Standing.MAY_CLOSE, Standing.MAY_MOVE)
                       and one.id not in opened)  # fmt: skip
