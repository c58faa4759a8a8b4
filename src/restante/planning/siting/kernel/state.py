"""What a search for sites works on: rows of cells, columns of candidates, rules, a choice."""

from typing import Any, NamedTuple

import numpy as np

from ..distances import Lists
from .compiling import kept


class Rows(NamedTuple):
    """What it costs to serve each cell from each listed candidate, by cell and by candidate."""

    start: Any
    site: Any
    cost: Any
    unserved: Any
    """Cost of a cell that no listed open site serves: no plan pays less for it."""
    from_start: Any
    from_cell: Any
    from_cost: Any
    near_start: Any
    near: Any
    """Candidates near each candidate: where a swap makes others worth looking at."""


class Rules(NamedTuple):
    """What every choice of sites keeps."""

    fixed: Any
    """Cost of each site when it is open."""
    is_held: Any
    """1 must be open, -1 must be closed, 0 is free."""
    least: int
    most: int
    """How many sites are open."""
    group_start: Any
    group: Any
    """Numbers of the groups each candidate is in."""
    group_least: Any
    group_most: Any
    is_accessible: Any
    accessible_share: float
    weight: Any
    """Demand of each cell."""
    weight_min: float
    """An open site serves at least this."""


class Choice(NamedTuple):
    """A set of open sites, and what follows from it."""

    is_open: Any
    first: Any
    """Nearest open site of each cell; -1 if none is listed."""
    second: Any
    first_cost: Any
    second_cost: Any
    loss: Any
    """What closing each open site adds to the cost of cells."""
    load: Any
    """Demand each open site serves."""
    listed: Any
    """Numbers of open sites."""
    place: Any
    """Where in that list each open site stands; -1 for closed ones."""
    held: Any
    """Open sites in each group."""
    count: Any
    """Of open sites, and of accessible ones among them."""
    adjusted: Any
    touched: Any
    queue: Any
    is_queued: Any
    log: Any
    """What was done since the last turn began: opened, closed; -1 for none."""


def make_rows(lists: Lists, cost: Any, unserved: Any, candidates: int, near_count: int) -> Rows:
    """Lay out rows and columns.

    Parameters
    ----------
    cost
        For each entry of the lists, growing along each cell's list.
    unserved
        For each cell.
    near_count
        How many candidates count as near to each.
    """
    from_start, from_cell, from_cost = transpose(lists.start, lists.site, cost, candidates)
    near_count = min(near_count, candidates)
    rank = np.arange(len(lists.site)) - np.repeat(lists.start[:-1], np.diff(lists.start))
    _, _, from_rank = transpose(lists.start, lists.site, rank.astype(np.float64), candidates)
    near_start, near = find_near(
        lists.start, lists.site, from_start, from_cell, from_rank, near_count
    )
    return Rows(
        lists.start,
        lists.site,
        np.ascontiguousarray(cost, dtype=np.float64),
        np.ascontiguousarray(unserved, dtype=np.float64),
        from_start,
        from_cell,
        from_cost,
        near_start,
        near,
    )


def make_choice(cells: int, candidates: int, groups: int) -> Choice:
    """Make room for a choice; nothing is open yet."""
    return Choice(
        is_open=np.zeros(candidates, np.bool_),
        first=np.full(cells, -1, np.int32),
        second=np.full(cells, -1, np.int32),
        first_cost=np.zeros(cells),
        second_cost=np.zeros(cells),
        loss=np.zeros(candidates),
        load=np.zeros(candidates),
        listed=np.zeros(candidates, np.int32),
        place=np.full(candidates, -1, np.int32),
        held=np.zeros(max(1, groups), np.int64),
        count=np.zeros(2, np.int64),
        adjusted=np.zeros(candidates),
        touched=np.zeros(candidates, np.int32),
        queue=np.zeros(candidates, np.int32),
        is_queued=np.zeros(candidates, np.bool_),
        log=np.zeros((4096, 2), np.int32),
    )


def _make_transpose(digest: str):  # type: ignore[no-untyped-def]
    def transpose(start: Any, site: Any, cost: Any, candidates: int) -> Any:
        """Turn rows of cells into columns of candidates."""
        digest  # noqa: B018 - makes the machine code's key depend on the kernel.
        begin = np.zeros(candidates + 1, np.int64)
        for entry in range(len(site)):
            begin[site[entry] + 1] += 1
        for candidate in range(candidates):
            begin[candidate + 1] += begin[candidate]
        at = begin[:-1].copy()
        cell_of = np.empty(len(site), np.int32)
        cost_of = np.empty(len(site), np.float64)
        for cell in range(len(start) - 1):
            for entry in range(start[cell], start[cell + 1]):
                candidate = site[entry]
                cell_of[at[candidate]] = cell
                cost_of[at[candidate]] = cost[entry]
                at[candidate] += 1
        return begin, cell_of, cost_of

    return transpose


def _make_find_near(digest: str):  # type: ignore[no-untyped-def]
    def find_near(
        start: Any, site: Any, from_start: Any, from_cell: Any, from_rank: Any, count: int
    ) -> Any:
        """Find candidates near each: those that come first for the cells it comes first for."""
        digest  # noqa: B018
        candidates = len(from_start) - 1
        near = np.empty((candidates, count), np.int32)
        found = np.zeros(candidates + 1, np.int64)
        seen = np.full(candidates, -1, np.int32)
        for candidate in range(candidates):
            near[candidate, 0] = candidate
            seen[candidate] = candidate
            got = 1
            ranks = from_rank[from_start[candidate] : from_start[candidate + 1]]
            column = np.argsort(ranks) if len(ranks) <= 12 else np.argpartition(ranks, 12)[:12]
            depth = 0
            is_left = True
            while got < count and is_left:
                is_left = False
                for k in column:
                    cell = from_cell[from_start[candidate] + k]
                    if start[cell] + depth < start[cell + 1]:
                        is_left = True
                        other = site[start[cell] + depth]
                        if seen[other] != candidate and got < count:
                            seen[other] = candidate
                            near[candidate, got] = other
                            got += 1
                depth += 1
            found[candidate + 1] = got
        begin = np.zeros(candidates + 1, np.int64)
        for candidate in range(candidates):
            begin[candidate + 1] = begin[candidate] + found[candidate + 1]
        flat = np.empty(begin[candidates], np.int32)
        for candidate in range(candidates):
            got = found[candidate + 1]
            flat[begin[candidate] : begin[candidate + 1]] = near[candidate, :got]
        return begin, flat

    return find_near


transpose = kept(_make_transpose)
find_near = kept(_make_find_near)
