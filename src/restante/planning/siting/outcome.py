"""From chosen sites to an answer: everything computed again, on full distances."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .arrays import closing_costs, demand_of, find_moves, fixed_costs, shares_of
from .attraction import captured
from .distances import Floats, Measured, Numbers
from .problem import (
    CandidateId,
    Choice,
    Coverage,
    GradualCoverage,
    Median,
    Problem,
    Standing,
    sizes_of,
)
from .result import Assignment, Result, Service, Site, Status

PROVEN: Final = 1e-9
"""Cost and bound closer than this share are the same: what is left of sums of floats (chosen)."""

NEAR_M, FAR_M = 500.0, 1_000.0
"""Walks beyond which people are counted (chosen)."""


class Chosen(NamedTuple):
    """Open sites, and who serves whom."""

    sites: Numbers
    """Numbers of candidates, growing."""
    sizes: Numbers | None = None
    """Number of the size each has; without it the cheapest, which is the only one."""
    cell: Numbers | None = None
    """Where demand is split: cell, number in ``sites`` and demand of each part."""
    site: Numbers | None = None
    part: Floats | None = None


class Searched(NamedTuple):
    """What a search found."""

    chosen: Chosen | None
    bound: float | None
    """In the problem's own terms; below the cost, or above what is covered."""
    kicks: int
    steps: int
    says: str = ""
    is_whole: bool = False
    """Every cost is a whole number, and so is the best."""


def make_result(problem: Problem, measured: Measured, found: Searched, seed: int) -> Result:
    """Judge what was found, and tell it."""
    if found.chosen is None:
        return _nothing(problem, found, seed)
    sites = found.chosen.sites
    meters = measured.to(sites)
    cell, site, part = _parts(problem, found.chosen, meters)
    walked = meters[cell, site]
    cost = cost_of(problem, found.chosen, meters, (cell, site, part))
    served, bound = part > 0, found.bound
    if bound is not None and found.is_whole:
        bound = float(np.ceil(bound - 1e-6))
    # The cost itself bounds the best: a bound beyond it is what is left of sums of floats.
    if bound is not None:
        bound = max(bound, cost) if problem.is_maximized else min(bound, cost)
    gap = None if bound is None else abs(bound - cost) / max(abs(cost), 1e-300)
    gap = 0.0 if bound == cost else gap
    is_proven = gap is not None and gap <= PROVEN
    status = Status.OPTIMAL if is_proven else Status.GAP
    return Result(
        problem=problem.name,
        status=Status.INFEASIBLE if found.says else status,
        says=found.says,
        is_maximized=problem.is_maximized,
        cost=cost,
        bound=bound,
        gap=gap,
        sites=_sites(problem, found.chosen, site[served], part[served], walked[served]),
        closed=tuple(
            one.id
            for j, one in enumerate(problem.candidates)
            if one.standing is not Standing.NEW and j not in set(sites.tolist())
        ),
        assignment=Assignment(
            cells=tuple(cell[served].tolist()),
            sites=tuple(site[served].tolist()),
            demand=tuple(part[served].tolist()),
            meters=tuple(walked[served].tolist()),
        ),
        service=measure_service(problem, cell[served], part[served], walked[served]),
        seed=seed,
        kicks=found.kicks,
        steps=found.steps,
    )


def _nothing(problem: Problem, found: Searched, seed: int) -> Result:
    return Result(
        problem=problem.name,
        status=Status.INFEASIBLE,
        says=found.says,
        is_maximized=problem.is_maximized,
        cost=None,
        bound=None,
        gap=None,
        sites=(),
        assignment=Assignment(cells=(), sites=(), demand=(), meters=()),
        service=(),
        seed=seed,
        kicks=found.kicks,
        steps=found.steps,
    )


def _parts(problem: Problem, chosen: Chosen, meters: Floats) -> tuple[Numbers, Numbers, Floats]:
    """Tell who serves whom: the nearest site, the first of those equally near (S1)."""
    if chosen.cell is not None and chosen.site is not None and chosen.part is not None:
        return chosen.cell, chosen.site, chosen.part
    nearest = meters.argmin(axis=1)
    cell = np.arange(len(problem.cells))
    reaches = meters[cell, nearest] <= reach_of(problem)
    return cell, nearest, np.where(reaches, demand_of(problem), 0.0)


def reach_of(problem: Problem) -> float:
    """Tell how far anybody walks."""
    match problem.objective:
        case Median():
            return np.finfo(np.float64).max
        case Coverage(radius_m=reach):
            return reach
        case objective:
            return objective.reach_m


def cost_of(
    problem: Problem, chosen: Chosen, meters: Floats, parts: tuple[Numbers, Numbers, Floats]
) -> float:
    """Compute what a choice costs, or covers, from full distances."""
    cell, site, part = parts
    walked = meters[cell, site]
    match problem.objective:
        case Median(cost_per_meter=price):
            served = part > 0
            walking = price * float((part[served] * walked[served]).sum())
            return walking + _standing_costs(problem, chosen)
        case Coverage():
            return float(part.sum())
        case GradualCoverage():
            return float((part * shares_of(problem.objective, walked)).sum())
        case Choice():
            return float((demand_of(problem) * captured(problem.objective, meters)).sum())


def _standing_costs(problem: Problem, chosen: Chosen) -> float:
    fixed = fixed_costs(problem)
    total = closing_costs(problem) + float(fixed[chosen.sites].sum())
    if chosen.sizes is not None:
        for j, size in zip(chosen.sites, chosen.sizes, strict=True):
            sizes = sizes_of(problem.candidates[j])
            total += sizes[size].fixed_cost - min(one.fixed_cost for one in sizes)
    return total


def _sites(
    problem: Problem, chosen: Chosen, site: Numbers, part: Floats, walked: Floats
) -> tuple[Site, ...]:
    many = len(chosen.sites)
    demand = np.bincount(site, weights=part, minlength=many)
    cells = np.bincount(site, minlength=many)
    way = np.bincount(site, weights=part * walked, minlength=many)
    moved = _moved(problem, chosen.sites)
    told = []
    for number, j in enumerate(chosen.sites.tolist()):
        one = problem.candidates[j]
        size = sizes_of(one)[0 if chosen.sizes is None else int(chosen.sizes[number])]
        told.append(
            Site(
                id=one.id,
                size=size.name,
                is_new=one.standing is Standing.NEW,
                moved_from=moved.get(j),
                capacity=size.capacity if np.isfinite(size.capacity) else None,
                demand=float(demand[number]),
                cells=int(cells[number]),
                meters=float(way[number] / demand[number]) if demand[number] > 0 else 0.0,
            )
        )
    return tuple(told)


def _moved(problem: Problem, sites: Numbers) -> dict[int, CandidateId]:
    """Pair closed sites that may move with new ones near them, each new one once if possible."""
    is_open = set(sites.tolist())
    moved: dict[int, CandidateId] = {}
    for j, near in find_moves(problem).items():
        if j in is_open:
            continue
        free = [k for k in near if k in is_open]
        free.sort(key=lambda k: k in moved)
        if free and free[0] not in moved:
            moved[free[0]] = problem.candidates[j].id
    return moved


def measure_service(
    problem: Problem, cell: Numbers, part: Floats, walked: Floats
) -> tuple[Service, ...]:
    """Measure how far people walk, all together and by kind of area."""
    demand = demand_of(problem)
    areas = np.array([one.area or "" for one in problem.cells])
    told = [_service("", float(demand.sum()), part, walked)]
    for area in sorted(set(areas.tolist()) - {""}):
        mine = areas[cell] == area
        told.append(_service(area, float(demand[areas == area].sum()), part[mine], walked[mine]))
    return tuple(told)


def _service(area: str, demand: float, part: Floats, walked: Floats) -> Service:
    served = float(part.sum())
    if served <= 0 or demand <= 0:
        missed = 1.0 if demand > 0 else 0.0
        return Service(area=area, demand=demand, beyond_500_m=missed, beyond_1000_m=missed)
    order = np.argsort(walked, kind="stable")
    reached = np.cumsum(part[order]) / served
    p50, p90, p95 = _percentiles(walked[order], reached, (0.5, 0.9, 0.95))
    return Service(
        area=area,
        demand=demand,
        beyond_500_m=_beyond(demand, part, walked, NEAR_M),
        beyond_1000_m=_beyond(demand, part, walked, FAR_M),
        meters_mean=float((part * walked).sum() / served),
        meters_p50=p50,
        meters_p90=p90,
        meters_p95=p95,
    )


def _beyond(demand: float, part: Floats, walked: Floats, meters: float) -> float:
    return min(1.0, max(0.0, 1.0 - float(part[walked <= meters].sum()) / demand))


def _percentiles(
    walked: NDArray[np.float64], reached: Floats, shares: Sequence[float]
) -> list[float]:
    at = np.searchsorted(reached, np.array(shares) - 1e-12)
    return [float(walked[min(k, len(walked) - 1)]) for k in at]
