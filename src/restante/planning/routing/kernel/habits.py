"""What it costs to drive otherwise than planned, than zones ask for, or than a courier is used to.

All of it depends on which place a stop is come to from, but for zones that are entered again:
these are counted for each route.
"""

from .compiled import compiled, inlined
from .state import AGAIN, AGAINST_STOPS, AGAINST_ZONES, ARRIVAL, Tables


@inlined
def unlike(tables: Tables, r: int, p: int, x: int) -> float:
    """Find what it costs on a route to come from node ``p`` to node ``x``."""
    nodes = tables.nodes
    i = nodes[p].place
    j = nodes[x].place
    if i == j:
        return 0.0
    cost = 0.0
    if nodes[x].from_place >= 0 and nodes[x].from_place != i:
        cost += tables.habit_costs[ARRIVAL]
    before = nodes[p].zone
    zone = nodes[x].zone
    if (
        before >= 0
        and zone >= 0
        and before != zone
        and tables.zone_ranks[r, before] > tables.zone_ranks[r, zone] >= 0
    ):
        cost += tables.habit_costs[AGAINST_ZONES]
    if (
        0 <= nodes[p].parcel < tables.parcel_count
        and 0 <= nodes[x].parcel < tables.parcel_count
        and tables.stop_ranks[r, i] > tables.stop_ranks[r, j] >= 0
    ):
        cost += tables.habit_costs[AGAINST_STOPS]
    return cost


@inlined
def habits_added(tables: Tables, o: int, p: int, r: int) -> float:
    """Find what serving an option after node ``p`` adds to what habits cost."""
    nodes = tables.nodes
    q = nodes[p].next
    cost = unlike(tables, r, p, o) + unlike(tables, r, o, q) - unlike(tables, r, p, q)
    before = nodes[p].zone
    zone = nodes[o].zone
    after = nodes[q].zone
    if zone != before and zone != after:  # noqa: PLR1714 - sets cost time here.
        if zone >= 0 and tables.zone_runs[r, zone] > 0:
            cost += tables.habit_costs[AGAIN]
        if before >= 0 and before == after:
            cost += tables.habit_costs[AGAIN]
    return cost


@compiled
def find_habits(tables: Tables, r: int) -> float:
    """Sum up what habits cost on a route, and count how often it enters each zone."""
    nodes = tables.nodes
    for zone in range(tables.zone_runs.shape[1]):
        tables.zone_runs[r, zone] = 0
    cost = 0.0
    p = tables.option_count + r
    end = p + tables.route_count
    while p != end:
        x = nodes[p].next
        cost += unlike(tables, r, p, x)
        zone = nodes[x].zone
        if zone >= 0 and zone != nodes[p].zone:
            if tables.zone_runs[r, zone] > 0:
                cost += tables.habit_costs[AGAIN]
            tables.zone_runs[r, zone] += 1
        p = x
    return cost
