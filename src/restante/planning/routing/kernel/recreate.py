"""Putting parcels back where they cost least."""

import math
from typing import Any

from .compiled import compiled, inlined
from .moves import has_room, put
from .schedule import ask_routes, goes_in, price, price_pair
from .state import ABSENT, ASKED, LEFT_OUT, REMOVED, Tables
from .swap import swap_in

BLINK_SHARE = 0.01
"""How often a position is overlooked; Christiaens & Vanden Berghe 2020, §5.1."""

ORDERS_UP_TO = (0.25, 0.5, 0.625, 0.6875, 0.8125, 0.9375, 1.0)
"""Cumulative shares of the orders in which parcels are put back: random, large first, far first,
near first, narrow windows first, few options first, urgent first. The first four and their shares
are of Christiaens & Vanden Berghe 2020, the others were chosen."""

RETRIED = 8
"""How many parcels that stand outside are tried again in each turn (chosen)."""

SWAPS_MAX = 6
"""How many parcels are put where there is no room in one turn (docs/explanation/routes.md)."""


@compiled
def recreate(tables: Tables, rng: Any, is_strict: bool) -> bool:
    """Put absent parcels back, each where it costs least just now.

    With ``is_strict`` it gives up, and answers so, at the first required parcel without a place.
    """
    count = _queue(tables, rng, is_strict)
    swaps = SWAPS_MAX if tables.dimensions > 0 and not tables.has_peaks else 0
    i = 0
    while i < count:
        parcel = tables.lists[ABSENT, i]
        i += 1
        most = (
            math.inf if math.isinf(tables.parcels[parcel].prize) else tables.parcels[parcel].prize
        )
        x, after, load = _find_cheapest(tables, parcel, rng, most)
        if x >= 0:
            r = tables.nodes[after].route
            if load >= 0 and tables.nodes[after].next >= tables.option_count:
                put(tables, load, after, r)
                after = load
            elif load >= 0:
                put(tables, load, after, r)
            put(tables, x, after, r)
            continue
        thrown = -1
        if swaps > 0 and math.isinf(most):
            swaps -= 1
            thrown = swap_in(tables, parcel, rng)
        if thrown >= 0:
            tables.lists[ABSENT, count] = thrown
            count += 1
        else:
            tables.lists[LEFT_OUT, tables.tally[LEFT_OUT]] = parcel
            tables.tally[LEFT_OUT] += 1
            if is_strict and math.isinf(tables.parcels[parcel].prize):
                return False
    return True


@compiled
def _queue(tables: Tables, rng: Any, is_strict: bool) -> int:
    # Of those who stood outside before, only some are tried again where many do.
    tables.tally[LEFT_OUT] = 0
    standing = tables.tally[REMOVED]
    count = 0
    for i in range(tables.tally[ABSENT]):
        if is_strict and i < standing and rng.random() * standing > RETRIED:
            tables.lists[LEFT_OUT, tables.tally[LEFT_OUT]] = tables.lists[ABSENT, i]
            tables.tally[LEFT_OUT] += 1
        else:
            tables.lists[ABSENT, count] = tables.lists[ABSENT, i]
            count += 1
    _sort(tables, rng, count)
    return count


@compiled
def _sort(tables: Tables, rng: Any, count: int) -> None:
    drawn = rng.random()
    which = 0
    while drawn > ORDERS_UP_TO[which]:
        which += 1
    for i in range(count):
        parcel = tables.lists[ABSENT, i]
        key = rng.random() if which == 0 else tables.order_keys[which, parcel]
        tables.parcels[parcel].key = key
        k = i
        while k > 0 and tables.parcels[tables.lists[ABSENT, k - 1]].key > key:
            tables.lists[ABSENT, k] = tables.lists[ABSENT, k - 1]
            k -= 1
        tables.lists[ABSENT, k] = parcel


@compiled
def _find_cheapest(tables: Tables, parcel: int, rng: Any, most: float) -> tuple[int, int, int]:
    best = most
    chosen = -1
    behind = -1
    load = -1
    ask_routes(tables, parcel)
    for o in range(tables.parcels[parcel].options_from, tables.parcels[parcel].options_to):
        if not has_room(tables, o):
            continue
        after, cost = _open_route(tables, parcel, o, rng, best)
        if after >= 0:
            best, chosen, behind, load = cost, o, after, -1
        after, cost = _near_others(tables, parcel, o, rng, best)
        if after >= 0:
            best, chosen, behind, load = cost, o, after, -1
        if tables.has_loads:
            after, with_load, cost = _another_trip(tables, parcel, o, rng, best)
            if after >= 0:
                best, chosen, behind, load = cost, o, after, with_load
    return chosen, behind, load


@compiled
def _another_trip(
    tables: Tables, parcel: int, o: int, rng: Any, most: float
) -> tuple[int, int, float]:
    # Before the first trip, between two, and after the last: nowhere else is a trip begun.
    nodes = tables.nodes
    best = most
    behind = -1
    load = -1
    for r in range(tables.route_count):
        route = tables.routes[r]
        if route.count == 0 or math.isinf(route.enter):
            continue
        spare = _spare_load(tables, r)
        if spare < 0 or not _would_hold(tables, parcel, r):
            continue
        begin = tables.option_count + r
        last = nodes[begin + tables.route_count].prev
        cost = price_pair(tables, o, spare, o, last, r, best)
        if cost < best and rng.random() > BLINK_SHARE:
            best, behind, load = cost, last, spare
        cost = price_pair(tables, o, o, spare, begin, r, best)
        if cost < best and rng.random() > BLINK_SHARE:
            best, behind, load = cost, begin, spare
        for x in range(route.loads_from, route.loads_to):
            if nodes[x].route == r:
                cost = price_pair(tables, o, o, spare, x, r, best)
                if cost < best and rng.random() > BLINK_SHARE:
                    best, behind, load = cost, x, spare
    return behind, load, best


@inlined
def _spare_load(tables: Tables, r: int) -> int:
    for x in range(tables.routes[r].loads_from, tables.routes[r].loads_to):
        if tables.nodes[x].route < 0:
            return x
    return -1


@inlined
def _would_hold(tables: Tables, parcel: int, r: int) -> bool:
    for d in range(tables.dimensions):  # noqa: SIM110 - Numba compiles no all().
        if tables.demand[parcel, d] > tables.capacity[r, d]:
            return False
    return True


@compiled
def _open_route(tables: Tables, parcel: int, o: int, rng: Any, most: float) -> tuple[int, float]:
    best = most
    behind = -1
    tables.tally[ASKED] += 1
    for r in range(tables.route_count):
        route = tables.routes[r]
        if route.count > 0 or route.is_open == 0 or math.isinf(route.enter):
            continue
        if tables.routes[route.kind].seen == tables.tally[ASKED]:
            continue
        tables.routes[route.kind].seen = tables.tally[ASKED]
        if tables.has_peaks and not goes_in(tables, parcel, r, route.head):
            continue
        cost = price(tables, o, route.head, r, best)
        if cost < best and rng.random() > BLINK_SHARE:
            best = cost
            behind = route.head
    return behind, best


@compiled
def _near_others(tables: Tables, parcel: int, o: int, rng: Any, most: float) -> tuple[int, float]:
    best = most
    behind = -1
    place = tables.nodes[o].place
    for i in range(tables.near.shape[1]):
        x = tables.places[tables.near[place, i]].first_here
        while x >= 0:
            r = tables.nodes[x].route
            if tables.routes[r].enter < best:
                after, cost = _beside(tables, parcel, o, x, rng, best)
                if after >= 0:
                    best, behind = cost, after
            x = tables.nodes[x].here_next
    return behind, best


@inlined
def _beside(
    tables: Tables, parcel: int, o: int, x: int, rng: Any, most: float
) -> tuple[int, float]:
    # Only at the ends of a row of parcels at one place: inside there is nothing to gain. Who stands
    # before it is near as well, or else would not be asked.
    nodes = tables.nodes
    r = nodes[x].route
    best = most
    behind = -1
    may_follow = nodes[x].is_done == 0 or tables.routes[r].head == x
    if may_follow and nodes[nodes[x].next].place != nodes[x].place:
        cost = price(tables, o, x, r, best)
        if cost < best and _is_seen(tables, parcel, r, x, rng):
            best, behind = cost, x
    before = nodes[x].prev
    is_asked = before < tables.option_count and tables.is_near[nodes[o].place, nodes[before].place]
    if nodes[x].is_done == 0 and not is_asked and nodes[before].place != nodes[x].place:
        cost = price(tables, o, before, r, best)
        if cost < best and _is_seen(tables, parcel, r, before, rng):
            best, behind = cost, before
    return behind, best


@inlined
def _is_seen(tables: Tables, parcel: int, r: int, after: int, rng: Any) -> bool:
    if tables.has_peaks and not goes_in(tables, parcel, r, after):
        return False
    is_seen: bool = rng.random() > BLINK_SHARE
    return is_seen
