"""From a problem to what the kernel works on: rules, and what each cell costs at each candidate."""

import math
from typing import Final, NamedTuple

import numpy as np

from .distances import Floats, Lists, Measured, arcs_of, points
from .kernel.state import Rules
from .problem import (
    Coverage,
    GradualCoverage,
    Median,
    Problem,
    Standing,
    sizes_of,
)

FULL_PAIRS: Final = 2_000_000
"""Pairs of cells and candidates up to which every cell lists every candidate (chosen)."""

LISTED_PAIRS: Final = 12_000_000
"""Most pairs that are listed: about 300 MB (chosen)."""

LISTED_LEAST: Final = 64
"""Candidates each cell lists at least (chosen)."""

LISTED_PER_SITE: Final = 6.0
"""As many times the candidates there are for one site are listed (chosen)."""


class Group(NamedTuple):
    """Candidates of which so many are open."""

    members: list[int]
    least: int
    most: int
    says: str
    """What rule it is."""


def find_groups(problem: Problem) -> list[Group]:
    """Find rules that count open sites among some candidates (S3, S7, S8)."""
    groups = []
    many = len(problem.candidates)
    for limit in problem.hosts:
        members = [j for j, one in enumerate(problem.candidates) if one.host == limit.host]
        most = many if limit.sites_max is None else limit.sites_max
        groups.append(Group(members, limit.sites_min, most, f"sites hosted by {limit.host!r}"))
    standing = [j for j, one in enumerate(problem.candidates)
                if one.standing in (Standing.MAY_CLOSE, Standing.MAY_MOVE)]  # fmt: skip
    if problem.closures_max is not None and standing:
        least = max(0, len(standing) - problem.closures_max)
        groups.append(Group(standing, least, many, "sites that may be closed"))
    for j, near in find_moves(problem).items():
        says = f"{problem.candidates[j].id!r} and where it may move"
        groups.append(Group([j, *near], 1, many, says))
    return groups


def find_moves(problem: Problem) -> dict[int, list[int]]:
    """Find where each site that may move may move to (S3)."""
    movers = [j for j, one in enumerate(problem.candidates) if one.standing is Standing.MAY_MOVE]
    if not movers:
        return {}
    new = [j for j, one in enumerate(problem.candidates) if one.standing is Standing.NEW]
    places = points(problem.candidates)
    moves = {}
    for j in movers:
        away = arcs_of(np.linalg.norm(places[new] - places[j], axis=1))
        moves[j] = [new[k] for k in np.flatnonzero(away <= problem.move_m)]
    return moves


def make_rules(problem: Problem, groups: list[Group]) -> Rules:
    """Lay out what every choice keeps."""
    many = len(problem.candidates)
    numbers: list[list[int]] = [[] for _ in range(many)]
    for number, group in enumerate(groups):
        for j in group.members:
            numbers[j].append(number)
    accessible = np.array([one.is_accessible for one in problem.candidates], dtype=np.int64)
    held = np.zeros(many, np.int8)
    held[[one.standing is Standing.STAYS for one in problem.candidates]] = 1
    share = problem.accessible_share_min
    if share >= 1.0:
        held[(accessible == 0) & (held == 0)] = -1
    stay = int((held > 0).sum())
    return Rules(
        fixed=fixed_costs(problem),
        is_held=held,
        least=max(problem.sites_min, stay, 1),
        most=min(problem.sites_most, many),
        group_start=np.cumsum([0, *map(len, numbers)]).astype(np.int64),
        group=np.array([g for row in numbers for g in row], dtype=np.int64),
        group_least=np.array([group.least for group in groups] or [0], dtype=np.int64),
        group_most=np.array([group.most for group in groups] or [many], dtype=np.int64),
        is_accessible=accessible,
        accessible_share=float(share),
        weight=demand_of(problem),
        weight_min=float(problem.demand_min),
    )


def demand_of(problem: Problem) -> Floats:
    """Tell the demand of each cell."""
    return np.array([cell.demand for cell in problem.cells], dtype=np.float64)


def fixed_costs(problem: Problem) -> Floats:
    """Tell what opening each candidate adds; closing costs of sites that stand are spared.

    Coverage and choice know no costs.
    """
    if problem.is_maximized:
        return np.zeros(len(problem.candidates))
    return np.array(
        [
            one.fixed_cost
            + min(size.fixed_cost for size in sizes_of(one))
            - (one.closing_cost if one.standing in CLOSABLE else 0.0)
            for one in problem.candidates
        ],
        dtype=np.float64,
    )


CLOSABLE = (Standing.MAY_CLOSE, Standing.MAY_MOVE)


def closing_costs(problem: Problem) -> float:
    """Sum up what closing every site that may be closed would cost."""
    if problem.is_maximized:
        return 0.0
    return sum(one.closing_cost for one in problem.candidates if one.standing in CLOSABLE)


def list_candidates(problem: Problem, measured: Measured) -> Lists:
    """List the candidates that matter for each cell."""
    match problem.objective:
        case Coverage(radius_m=reach):
            return measured.within(reach)
        case Median():
            return measured.nearest(_listed(problem))
        case objective:
            return measured.within(objective.reach_m)


def _listed(problem: Problem) -> int:
    cells, many = len(problem.cells), len(problem.candidates)
    if cells * many <= FULL_PAIRS:
        return many
    sites = problem.sites_most if problem.sites_max is not None else max(1, many // 10)
    wanted = max(LISTED_LEAST, math.ceil(LISTED_PER_SITE * many / sites))
    return max(1, min(many, wanted, LISTED_PAIRS // cells))


def costs_of(problem: Problem, lists: Lists) -> tuple[Floats, Floats]:
    """Tell what each listed pair costs, and what a cell costs that no listed site serves.

    Where more is better, it costs what is missed.
    """
    demand = demand_of(problem)
    each = np.repeat(demand, np.diff(lists.start))
    match problem.objective:
        case Median(cost_per_meter=price):
            beyond = np.where(np.isfinite(lists.beyond), lists.beyond, 0.0)
            longest = _longest(lists)
            # A cell whose every way is listed must be served: leaving it costs more than all.
            dear = np.where(np.isfinite(lists.beyond), beyond, 10.0 * longest.max() + 1.0)
            return price * each * lists.meters, price * demand * np.maximum(dear, longest)
        case GradualCoverage() as objective:
            return each * (1.0 - shares_of(objective, lists.meters)), demand
        case _:
            return np.zeros(len(each)), demand


def shares_of(objective: GradualCoverage, meters: Floats) -> Floats:
    """Tell which share of people walks so far."""
    fading = 1.0 / (1.0 + np.exp(4.0 * (meters - objective.half_m) / objective.half_m))
    return np.where(meters <= objective.reach_m, fading, 0.0)


def _longest(lists: Lists) -> Floats:
    longest = np.zeros(len(lists.beyond))
    filled = np.diff(lists.start) > 0
    longest[filled] = lists.meters[lists.start[1:][filled] - 1]
    return longest
