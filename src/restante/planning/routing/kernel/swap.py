"""Putting a parcel where there is time but no room for it, in exchange for a smaller one.

Where vehicles are full, many turns end with a parcel that goes nowhere, and plans hardly change.
Whoever is taken out in exchange is smaller, so it is easier to find a place for it.
"""

import math
from typing import Any

from .compiled import compiled, inlined
from .moves import has_room, put, take
from .schedule import price, reschedule
from .state import Tables

BLINK_SHARE = 0.2
"""How often an exchange is overlooked, lest the same two parcels change places again and again
(chosen)."""


@compiled
def swap_in(tables: Tables, parcel: int, rng: Any) -> int:
    """Put a parcel where there is time but no room for it, and take out another one for that.

    The answer is who was taken out, -1 where nobody can be.
    """
    nodes = tables.nodes
    routes = tables.routes
    for r in range(tables.route_count):
        routes[r].swap = math.inf
        routes[r].enter = tables.carry[parcel, r]
    for o in range(tables.parcels[parcel].options_from, tables.parcels[parcel].options_to):
        if has_room(tables, o):
            _price_swaps(tables, o)
    best = math.inf
    out = -1
    for r in range(tables.route_count):
        if math.isinf(routes[r].swap):
            continue
        y = nodes[routes[r].head].next
        while y < tables.option_count:
            saved = nodes[nodes[y].prev].metres_on + nodes[y].metres_on
            row = tables.legs[nodes[nodes[y].prev].place]
            saved -= row[nodes[nodes[y].next].place].metres
            cost = routes[r].swap - routes[r].per_m * saved - nodes[y].penalty
            if cost < best and _would_fit(tables, parcel, y, r) and rng.random() > BLINK_SHARE:
                best = cost
                out = y
            y = nodes[y].next
    if out < 0:
        return -1
    r = nodes[out].route
    after = routes[r].swap_after
    if after == out:
        after = nodes[out].prev
    thrown = nodes[out].parcel
    take(tables, out)
    reschedule(tables, r)
    put(tables, routes[r].swap_option, after, r)
    return thrown


@compiled
def _price_swaps(tables: Tables, o: int) -> None:
    nodes = tables.nodes
    place = nodes[o].place
    for i in range(tables.near.shape[1]):
        x = tables.places[tables.near[place, i]].first_here
        while x >= 0:
            r = nodes[x].route
            before = nodes[x].prev
            if nodes[x].is_done == 0 or tables.routes[r].head == x:
                cost = price(tables, o, x, r, tables.routes[r].swap)
                if cost < tables.routes[r].swap:
                    tables.routes[r].swap = cost
                    tables.routes[r].swap_option = o
                    tables.routes[r].swap_after = x
            if nodes[x].is_done == 0 and before >= tables.option_count:
                cost = price(tables, o, before, r, tables.routes[r].swap)
                if cost < tables.routes[r].swap:
                    tables.routes[r].swap = cost
                    tables.routes[r].swap_option = o
                    tables.routes[r].swap_after = before
            x = nodes[x].here_next


@inlined
def _would_fit(tables: Tables, parcel: int, y: int, r: int) -> bool:
    # Who is taken out must be smaller, or it would be no easier to find it a place.
    thrown = tables.nodes[y].parcel
    is_smaller = False
    for d in range(tables.dimensions):
        wanted = tables.demand[parcel, d]
        if tables.loads[r, d] - tables.demand[thrown, d] + wanted > tables.capacity[r, d]:
            return False
        if tables.demand[thrown, d] < wanted:
            is_smaller = True
    return is_smaller
