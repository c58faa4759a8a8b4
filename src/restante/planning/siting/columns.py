"""Sites that can take only so much, as columns: one for each candidate and each of its sizes."""

from typing import NamedTuple

import numpy as np

from .arrays import Group, demand_of, find_groups, make_rules
from .distances import Floats, Lists, Measured, Numbers
from .kernel.state import Rules, find_near, transpose
from .kernel.transport import LOG_ROOM, Flows
from .problem import Median, Problem, Standing, sizes_of

LISTED_LEAST = 128
"""Candidates each cell lists at least: full sites send people farther (chosen)."""

LISTED_PER_SITE = 20.0
"""As many times the candidates there are for one site are listed (chosen)."""

LISTED_PAIRS = 4_000_000
"""Most pairs that are listed: about 300 MB (chosen)."""

FULL_PAIRS = 1_000_000
"""Pairs up to which every cell lists every candidate (chosen)."""


class Columns(NamedTuple):
    """Everything the search for sites with capacities works on."""

    flows: Flows
    rules: Rules
    groups: list[Group]
    candidate: Numbers
    """Candidate of each column."""
    size: Numbers
    """Number of its size."""
    cell: Numbers
    """Number in the problem of each cell that has demand."""
    unit: float
    """Demand that the kernel counts as 1."""
    unserved: Floats
    """Cost of a unit of demand that no listed site serves, for each cell."""
    near_start: Numbers
    near: Numbers


def make_columns(problem: Problem, measured: Measured, near_count: int) -> Columns:
    """Lay out columns for a median with capacities."""
    assert isinstance(problem.objective, Median)
    demand = demand_of(problem)
    cell = np.flatnonzero(demand > 0)
    unit = float(demand[cell].mean())
    lists = _of_cells(measured.nearest(_listed(problem)), cell)
    of = [(j, k) for j, one in enumerate(problem.candidates) for k in range(len(sizes_of(one)))]
    candidate, size = (np.array(x, dtype=np.int64) for x in zip(*of, strict=True))
    wide = _widen(lists, candidate, len(problem.candidates))
    price = problem.objective.cost_per_meter * unit
    dear = 10.0 * price * (float(lists.meters.max(initial=0.0)) + 1.0)
    beyond = np.where(np.isfinite(lists.beyond), price * lists.beyond, dear)
    groups, rules = _rules(problem, candidate, size)
    capacity = np.array([sizes_of(problem.candidates[j])[k].capacity for j, k in of]) / unit
    flows = make_flows(wide, price, dear, capacity, demand[cell] / unit, len(groups))
    near = _near(wide, len(candidate), near_count)
    return Columns(flows, rules, groups, candidate, size, cell, unit, beyond, *near)


def _listed(problem: Problem) -> int:
    cells, many = len(problem.cells), len(problem.candidates)
    if cells * many <= FULL_PAIRS:
        return many
    sites = problem.sites_most if problem.sites_max is not None else max(1, many // 10)
    wanted = max(LISTED_LEAST, int(LISTED_PER_SITE * many / sites))
    return max(1, min(many, wanted, LISTED_PAIRS // cells))


def _of_cells(lists: Lists, cell: Numbers) -> Lists:
    counts = np.diff(lists.start)
    is_kept = np.zeros(len(counts), bool)
    is_kept[cell] = True
    entries = np.repeat(is_kept, counts)
    start = np.concatenate(([0], np.cumsum(counts[cell])))
    return Lists(start, lists.site[entries], lists.meters[entries], lists.beyond[cell])


def _widen(lists: Lists, candidate: Numbers, candidates: int) -> Lists:
    """Put all columns of a candidate where the candidate was."""
    first = np.searchsorted(candidate, np.arange(candidates + 1))
    width = np.diff(first)
    if (width == 1).all():
        return lists
    many = width[lists.site]
    begin = np.repeat(first[lists.site], many)
    entry = np.repeat(np.cumsum(many) - many, many)
    site = begin + np.arange(many.sum()) - entry
    each = np.add.reduceat(many, lists.start[:-1]) if len(many) else many
    start = np.concatenate(([0], np.cumsum(each)))
    return Lists(start, site.astype(np.int32), np.repeat(lists.meters, many), lists.beyond)


def _rules(problem: Problem, candidate: Numbers, size: Numbers) -> tuple[list[Group], Rules]:
    """Say the rules of candidates for columns: a site has one of its sizes (S5)."""
    base = find_groups(problem)
    columns: dict[int, list[int]] = {}
    for column, j in enumerate(candidate.tolist()):
        columns.setdefault(j, []).append(column)
    groups = [
        Group([c for j in group.members for c in columns[j]], group.least, group.most, group.says)
        for group in base
    ]
    for j, mine in columns.items():
        if len(mine) > 1:
            stays = problem.candidates[j].standing is Standing.STAYS
            says = f"sizes of {problem.candidates[j].id!r}"
            groups.append(Group(mine, int(stays), 1, says))
    numbers: list[list[int]] = [[] for _ in candidate]
    for number, group in enumerate(groups):
        for column in group.members:
            numbers[column].append(number)
    plain = make_rules(problem, base)
    least = [min(one.fixed_cost for one in sizes_of(problem.candidates[j])) for j in candidate]
    mine = [
        sizes_of(problem.candidates[j])[k].fixed_cost for j, k in zip(candidate, size, strict=True)
    ]
    held = plain.is_held[candidate].copy()
    held[[held[c] > 0 and len(columns[j]) > 1 for c, j in enumerate(candidate.tolist())]] = 0
    return groups, plain._replace(
        fixed=plain.fixed[candidate] + np.array(mine) - np.array(least),
        is_held=held,
        group_start=np.cumsum([0, *map(len, numbers)]).astype(np.int64),
        group=np.array([g for row in numbers for g in row], dtype=np.int64),
        group_least=np.array([group.least for group in groups] or [0], dtype=np.int64),
        group_most=np.array([group.most for group in groups] or [1], dtype=np.int64),
        is_accessible=plain.is_accessible[candidate],
        weight_min=0.0,
    )


def make_flows(
    lists: Lists, price: float, dear: float, capacity: Floats, demand: Floats, groups: int
) -> Flows:
    """Lay out rows and columns, with nowhere as the last column."""
    cells, sites = len(demand), len(capacity)
    counts = np.diff(lists.start)
    ends = lists.start[1:]
    site = np.insert(lists.site, ends, sites).astype(np.int32)
    cost = np.insert(price * lists.meters, ends, dear)
    start = np.concatenate(([0], np.cumsum(counts + 1))).astype(np.int64)
    entry = np.arange(len(site), dtype=np.float64)
    from_start, from_cell, from_entry = transpose(start, site, entry, sites + 1)
    all_sites = sites + 1
    return Flows(
        start=start,
        site=site,
        cost=cost,
        from_start=from_start,
        from_entry=from_entry.astype(np.int64),
        from_cell=from_cell,
        demand=demand,
        capacity=np.append(capacity, np.inf),
        flow=np.zeros(len(site)),
        main=np.full(cells, -1, np.int64),
        parts=np.zeros(cells, np.int64),
        is_open=np.zeros(all_sites, np.bool_),
        load=np.zeros(all_sites),
        price=np.zeros(all_sites),
        label=np.zeros(all_sites),
        state=np.zeros(all_sites, np.int8),
        parent=np.full(all_sites, -1, np.int64),
        taken=np.full(all_sites, -1, np.int64),
        given=np.full(all_sites, -1, np.int64),
        met=np.zeros(all_sites, np.int64),
        log_entry=np.zeros((LOG_ROOM, 2), np.int64),
        log_flow=np.zeros(LOG_ROOM),
        count=np.zeros(4, np.int64),
        held=np.zeros(max(1, groups), np.int64),
        listed=np.zeros(all_sites, np.int64),
        place=np.full(all_sites, -1, np.int64),
        moved=np.zeros(1),
        offered=np.zeros(len(site), np.int64),
        offers=np.zeros(cells, np.int64),
    )


def _near(lists: Lists, columns: int, count: int) -> tuple[Numbers, Numbers]:
    rank = np.arange(len(lists.site)) - np.repeat(lists.start[:-1], np.diff(lists.start))
    begin, cell, order = transpose(lists.start, lists.site, rank.astype(np.float64), columns)
    near_start, near = find_near(lists.start, lists.site, begin, cell, order, min(count, columns))
    return near_start, near
