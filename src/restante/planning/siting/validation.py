"""What a problem of sites must be: each flaw names the item and the smallest fix."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from .problem import (
    Candidate,
    Cell,
    Choice,
    Coverage,
    Full,
    GradualCoverage,
    Listed,
    Network,
    Problem,
    Standing,
    Straight,
    sizes_of,
)

Flaw = tuple[str, str]


def find_flaws(problem: Problem) -> Iterator[Flaw]:
    """Find what cannot be meant, as (path, what to do), the weightiest first."""
    if not problem.cells:
        yield "cells", "there are none: where does demand come from?"
        return
    if not problem.candidates:
        yield "candidates", "there are none: name at least one place where a site may be"
        return
    yield from _cells(problem)
    yield from _candidates(problem)
    yield from _distances(problem)
    yield from _counts(problem)
    yield from _objective(problem)


def _twice(path: str, items: Sequence[Cell | Candidate]) -> Iterator[Flaw]:
    seen: dict[str, int] = {}
    for number, one in enumerate(items):
        if one.id in seen:
            yield (
                f"{path}[{number}]",
                f"id {one.id!r} is that of {path}[{seen[one.id]}] too: give each its own",
            )
        seen.setdefault(one.id, number)


def _cells(problem: Problem) -> Iterator[Flaw]:
    yield from _twice("cells", problem.cells)
    for number, one in enumerate(problem.cells):
        if not math.isfinite(one.demand):
            yield f"cells[{number}]", f"demand of {one.id!r} is {one.demand}: write a number, or 0"
        elif one.demand < 0:
            yield f"cells[{number}]", f"demand of {one.id!r} is {one.demand:g}: at least 0"
    if all(one.demand == 0 for one in problem.cells):
        yield "cells", "no cell has any demand: give at least one of them some"


def _candidates(problem: Problem) -> Iterator[Flaw]:
    yield from _twice("candidates", problem.candidates)
    for number, one in enumerate(problem.candidates):
        path = f"candidates[{number}]"
        amounts = [one.fixed_cost, one.closing_cost, *(size.fixed_cost for size in one.sizes)]
        if not all(map(math.isfinite, amounts)):
            yield path, f"a cost of {one.id!r} is no number: write one, or 0"
        if any(math.isnan(size.capacity) for size in sizes_of(one)):
            yield path, f"a capacity of {one.id!r} is no number: write one, or leave it away"
        if one.sizes and one.capacity is not None:
            yield path, f"{one.id!r} has a capacity and sizes: give one of them"
        names = [size.name for size in one.sizes]
        if len(set(names)) < len(names):
            yield path, f"two sizes of {one.id!r} have one name: give each its own"
    if problem.is_capacitated and problem.is_maximized:
        yield (
            "objective",
            "coverage and choice know no capacities: take them away, or seek a median",
        )


def _counts(problem: Problem) -> Iterator[Flaw]:
    total = len(problem.candidates)
    stay = sum(one.standing is Standing.STAYS for one in problem.candidates)
    if problem.sites_min > total:
        yield "sites_min", f"{problem.sites_min} sites of {total} candidates: at most {total}"
    if problem.sites_max is not None and problem.sites_max > total:
        yield "sites_max", f"{problem.sites_max} sites of {total} candidates: at most {total}"
    if problem.sites_most < 1:
        yield "sites_max", "no site at all: allow at least 1"
    if problem.sites_most < problem.sites_min:
        yield (
            "sites_max",
            f"at most {problem.sites_most}, and at least {problem.sites_min}: at least that many",
        )
    if problem.sites_most < stay:
        yield "sites_max", f"{stay} sites stay, so at least {stay}"
    known = {one.host for one in problem.candidates}
    seen: set[str] = set()
    for number, limit in enumerate(problem.hosts):
        if limit.host not in known:
            yield f"hosts[{number}]", f"no candidate is hosted by {limit.host!r}"
        if limit.host in seen:
            yield f"hosts[{number}]", f"{limit.host!r} is limited twice: say it once"
        if limit.sites_max is not None and limit.sites_max < limit.sites_min:
            yield f"hosts[{number}]", f"at most {limit.sites_max}, at least {limit.sites_min}"
        seen.add(limit.host)
    if not math.isfinite(problem.demand_min):
        yield "demand_min", "is no number: write one, or 0"


def _objective(problem: Problem) -> Iterator[Flaw]:
    match problem.objective:
        case Coverage(radius_m=meters) if not math.isfinite(meters):
            yield "objective", f"radius_m is {meters}: write metres"
        case GradualCoverage(half_m=half, reach_m=reach) if not half < reach < math.inf:
            yield "objective", f"half_m {half:g} and reach_m {reach:g}: the first is the shorter"
        case Choice(decay_m=decay, reach_m=reach, outside=outside) if not all(
            map(math.isfinite, (decay, reach, outside))
        ):
            yield "objective", "decay_m, reach_m and outside are numbers"
        case _:
            return


def _distances(problem: Problem) -> Iterator[Flaw]:
    match problem.distances:
        case Straight():
            yield from _positions("cells", problem.cells)
            yield from _positions("candidates", problem.candidates)
        case Full(meters=grid):
            yield from _full(problem, grid.values)
        case Listed():
            yield from _listed(problem, problem.distances)
        case Network():
            yield from _network(problem, problem.distances)


def _positions(path: str, items: Sequence[Cell | Candidate]) -> Iterator[Flaw]:
    for number, one in enumerate(items):
        latitude, longitude = one.latitude, one.longitude
        if latitude is None or longitude is None:
            yield f"{path}[{number}]", f"{one.id!r} has no position: give latitude and longitude"
        elif not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            yield (
                f"{path}[{number}]",
                f"{one.id!r} lies at {latitude}, {longitude}: degrees, latitude first",
            )


def _full(problem: Problem, meters: np.ndarray) -> Iterator[Flaw]:
    shape = (len(problem.cells), len(problem.candidates))
    if meters.shape != shape:
        yield (
            "distances.meters",
            f"{meters.shape[0]} rows of {meters.shape[1]}: {shape[0]} cells, {shape[1]} candidates",
        )
        return
    wrong = np.argwhere(np.isnan(meters) | (meters < 0))
    if len(wrong):
        row, column = (int(x) for x in wrong[0])
        yield (
            f"distances.meters[{row}][{column}]",
            f"{problem.cells[row].id!r} to {problem.candidates[column].id!r} is"
            f" {meters[row, column]}: at least 0, infinite where there is no way",
        )
    if not problem.is_maximized:
        for lost in np.flatnonzero(~np.isfinite(meters).any(axis=1)).tolist():
            if problem.cells[lost].demand > 0:
                yield unreachable(problem, lost)


def _listed(problem: Problem, listed: Listed) -> Iterator[Flaw]:
    if not len(listed.candidates) == len(listed.meters) == len(problem.cells):
        yield "distances", f"lists for {len(problem.cells)} cells: as many of candidates and metres"
        return
    total = len(problem.candidates)
    pairs = zip(listed.candidates, listed.meters, strict=True)
    for number, (numbers, meters) in enumerate(pairs):
        path = f"distances.candidates[{number}]"
        if len(numbers) != len(meters):
            yield path, f"{len(numbers)} candidates with {len(meters)} distances: as many"
        if any(not 0 <= one < total for one in numbers) or len(set(numbers)) < len(numbers):
            yield path, f"numbers of candidates from 0 to {total - 1}, each once"
        if not all(math.isfinite(one) and one >= 0 for one in meters):
            yield f"distances.meters[{number}]", "distances are numbers, at least 0"
        if not numbers and problem.cells[number].demand > 0 and not problem.is_maximized:
            yield unreachable(problem, number)


def _network(problem: Problem, network: Network) -> Iterator[Flaw]:
    nodes: set[str] = set()
    for number, (a, b, meters) in enumerate(network.edges):
        if not (math.isfinite(meters) and meters >= 0):
            yield f"distances.edges[{number}]", f"{a!r} to {b!r} is {meters} metres: at least 0"
        nodes |= {a, b}
    both: tuple[tuple[str, Sequence[Cell | Candidate]], ...] = (
        ("cells", problem.cells),
        ("candidates", problem.candidates),
    )
    for path, items in both:
        for number, one in enumerate(items):
            if one.node is None or (one.node not in nodes and len(network.edges) > 0):
                yield f"{path}[{number}]", f"node {one.node!r} of {one.id!r} is on no edge"


def unreachable(problem: Problem, number: int) -> Flaw:
    """Say that no candidate can serve a cell."""
    return (
        f"cells[{number}]",
        f"no candidate reaches {problem.cells[number].id!r}: name one that does, or take it away",
    )
