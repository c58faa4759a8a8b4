"""Taking strings of parcels out of routes near each other."""

from typing import Any

from .compiled import compiled, inlined
from .moves import take
from .schedule import reschedule
from .state import ABSENT, Tables

REMOVED_MEAN = 10.0
"""Parcels taken out on average; Christiaens & Vanden Berghe 2020, §5.1."""

STRING_MAX = 10.0
"""Longest string taken out of one route; as above."""

SPLIT_SHARE = 0.5
"""How often a string keeps some parcels in its middle; as above."""


@compiled
def ruin(tables: Tables, rng: Any) -> None:
    """Take strings of parcels near one parcel out of routes near it."""
    routes = tables.routes
    used = 0
    total = 0
    for r in range(tables.route_count):
        if routes[r].count > 0:
            used += 1 + _loads_on(tables, r)
            total += routes[r].count
    if total == 0:
        return
    longest = min(STRING_MAX, total / used)
    strings = int(rng.random() * (4.0 * REMOVED_MEAN / (1.0 + longest) - 1.0) + 1.0)
    center = int(rng.random() * len(tables.neighbors))
    for i in range(tables.neighbors.shape[1]):
        x = tables.parcels[tables.neighbors[center, i]].chosen
        if x < 0 or tables.nodes[x].is_done == 1:
            continue
        r = tables.nodes[x].route
        if routes[r].is_ruined > _loads_on(tables, r):
            continue
        routes[r].is_ruined += 1  # One string of each trip, at most.
        _take_string(tables, rng, x, longest)
        strings -= 1
        if strings <= 0:
            return


@compiled
def _take_string(tables: Tables, rng: Any, x: int, longest: float) -> None:
    nodes = tables.nodes
    r = nodes[x].route
    route = tables.routes[r]
    count = route.count
    length = min(int(rng.random() * min(longest, count) + 1.0), count)
    spared = 0
    if 1 < length < count and rng.random() < SPLIT_SHARE:
        spared = 1
        while length + spared < count and rng.random() > SPLIT_SHARE:
            spared += 1
    span = length + spared
    first = x
    for _ in range(int(rng.random() * span)):
        if nodes[first].prev == route.head or not _is_parcel(tables, nodes[first].prev):
            break
        first = nodes[first].prev
    reached = 1
    last = first
    while reached < span and _is_parcel(tables, nodes[last].next):
        last = nodes[last].next
        reached += 1
    while (
        reached < span and nodes[first].prev != route.head and _is_parcel(tables, nodes[first].prev)
    ):
        first = nodes[first].prev
        reached += 1
    spare_from = 1 + int(rng.random() * (length - 1)) if spared > 0 else 0
    y = first
    for i in range(reached):
        behind = nodes[y].next
        if spared == 0 or i < spare_from or i >= spare_from + spared:
            tables.lists[ABSENT, tables.tally[ABSENT]] = nodes[y].parcel
            tables.tally[ABSENT] += 1
            take(tables, y)
        y = behind
    route.is_touched = 1
    if tables.has_loads:
        _drop_idle_loads(tables, r)
    reschedule(tables, r)


@inlined
def _is_parcel(tables: Tables, x: int) -> bool:
    return 0 <= tables.nodes[x].parcel < tables.parcel_count


@inlined
def _loads_on(tables: Tables, r: int) -> int:
    count = 0
    for x in range(tables.routes[r].loads_from, tables.routes[r].loads_to):
        if tables.nodes[x].route == r:
            count += 1
    return count


@compiled
def _drop_idle_loads(tables: Tables, r: int) -> None:
    # A vehicle loads only between two parcels.
    nodes = tables.nodes
    for x in range(tables.routes[r].loads_from, tables.routes[r].loads_to):
        if nodes[x].route == r and not (
            _is_parcel(tables, nodes[x].prev) and _is_parcel(tables, nodes[x].next)
        ):
            take(tables, x)
