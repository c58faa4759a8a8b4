"""Taking strings of parcels out of routes, and putting parcels back where they cost least."""

import math
from typing import Any

from .compiled import compiled, inlined
from .schedule import goes_in, price, price_pair, reschedule
from .state import ABSENT, ASKED, LEFT, LEFT_OUT, PENALTIES, REMOVED, Tables

REMOVED_MEAN = 10.0
"""Parcels taken out on average; Christiaens & Vanden Berghe 2020, §5.1."""

STRING_MAX = 10.0
"""Longest string taken out of one route; as above."""

SPLIT_SHARE = 0.5
"""How often a string keeps some parcels in its middle; as above."""

BLINK_SHARE = 0.01
"""How often a position is overlooked; as above."""

ORDERS_UP_TO = (0.25, 0.5, 0.625, 0.6875, 0.8125, 0.9375, 1.0)
"""Cumulative shares of the orders in which parcels are put back: random, large first, far first,
near first, narrow windows first, few options first, urgent first. The first four and their shares
are of Christiaens & Vanden Berghe 2020, the others were chosen."""

RETRIED = 8
"""How many parcels that stand outside are tried again in each turn (chosen)."""


@compiled
def take(tables: Tables, x: int) -> None:
    """Take a node out of its route; the route is not computed again."""
    nodes = tables.nodes
    nodes[nodes[x].prev].next = nodes[x].next
    nodes[nodes[x].next].prev = nodes[x].prev
    forget(tables, x)


@inlined
def forget(tables: Tables, x: int) -> None:
    """Give back what a chosen option uses, and strike it from the list of its place."""
    nodes = tables.nodes
    parcel = nodes[x].parcel
    tables.parcels[parcel].chosen = -1
    tables.sums[PENALTIES] -= nodes[x].penalty + tables.carry[parcel, nodes[x].route]
    nodes[x].route = -1
    for z in range(tables.nodes[x].limits_from, tables.nodes[x].limits_to):
        tables.room[tables.limits[z], LEFT] += 1
    before = nodes[x].here_prev
    after = nodes[x].here_next
    if before >= 0:
        nodes[before].here_next = after
    else:
        tables.places[nodes[x].place].first_here = after
    if after >= 0:
        nodes[after].here_prev = before


@inlined
def remember(tables: Tables, x: int, r: int) -> None:
    """Use what a chosen option uses, and add it to the list of its place."""
    nodes = tables.nodes
    parcel = nodes[x].parcel
    tables.parcels[parcel].chosen = x
    nodes[x].route = r
    tables.sums[PENALTIES] += nodes[x].penalty + tables.carry[parcel, r]
    for z in range(tables.nodes[x].limits_from, tables.nodes[x].limits_to):
        tables.room[tables.limits[z], LEFT] -= 1
    first = tables.places[nodes[x].place].first_here
    nodes[x].here_next = first
    nodes[x].here_prev = -1
    if first >= 0:
        nodes[first].here_prev = x
    tables.places[nodes[x].place].first_here = x


@compiled
def put(tables: Tables, x: int, after: int, r: int) -> None:
    """Put an option behind a node of a route, and compute the route again."""
    nodes = tables.nodes
    behind = nodes[after].next
    nodes[after].next = x
    nodes[x].prev = after
    nodes[x].next = behind
    nodes[behind].prev = x
    remember(tables, x, r)
    tables.routes[r].is_touched = 1
    reschedule(tables, r)


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


@compiled
def recreate(tables: Tables, rng: Any, is_strict: bool) -> bool:
    """Put absent parcels back, each where it costs least just now.

    With ``is_strict`` it gives up, and answers so, at the first required parcel without a place.
    """
    for i in range(_queue(tables, rng, is_strict)):
        parcel = tables.lists[ABSENT, i]
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


@inlined
def _has_room(tables: Tables, o: int) -> bool:
    for z in range(tables.nodes[o].limits_from, tables.nodes[o].limits_to):
        if tables.room[tables.limits[z], LEFT] <= 0:
            return False
    return True


@compiled
def _find_cheapest(tables: Tables, parcel: int, rng: Any, most: float) -> tuple[int, int, int]:
    best = most
    chosen = -1
    behind = -1
    load = -1
    for o in range(tables.parcels[parcel].options_from, tables.parcels[parcel].options_to):
        if not _has_room(tables, o):
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
        if route.count == 0 or math.isinf(tables.carry[parcel, r]):
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
        if route.count > 0 or route.is_open == 0 or math.isinf(tables.carry[parcel, r]):
            continue
        if tables.routes[route.kind].seen == tables.tally[ASKED]:
            continue
        tables.routes[route.kind].seen = tables.tally[ASKED]
        if not goes_in(tables, parcel, r, route.head):
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
            if not math.isinf(tables.carry[parcel, r]) and (
                tables.has_peaks or goes_in(tables, parcel, r, x)
            ):
                after, cost = _beside(tables, parcel, o, x, rng, best)
                if after >= 0:
                    best, behind = cost, after
            x = tables.nodes[x].here_next
    return behind, best


@inlined
def _beside(
    tables: Tables, parcel: int, o: int, x: int, rng: Any, most: float
) -> tuple[int, float]:
    # Only at the ends of a row of parcels at one place: inside there is nothing to gain.
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
    if nodes[x].is_done == 0 and nodes[before].place != nodes[x].place:
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
