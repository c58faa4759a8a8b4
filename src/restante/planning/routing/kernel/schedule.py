"""When a route is where, what it costs, and what one more parcel would add to it."""

import math

from .compiled import compiled, inlined
from .habits import find_habits, habits_added
from .state import AFTER, BEFORE, Tables


@inlined
def arrive(tables: Tables, leaves: float, origin: int, place: int) -> float:
    """Find when the work at a place can begin: after driving there and preparing."""
    if origin == place:
        return leaves
    if len(tables.speeds) == 0:
        return leaves + tables.legs[origin, place].seconds
    left = tables.legs[origin, place].seconds - tables.places[place].preparation
    t = leaves
    k = -1
    while k + 1 < len(tables.speeds) and tables.speeds[k + 1, 0] <= t:
        k += 1
    while True:
        factor = tables.speeds[k, 1] if k >= 0 else 1.0
        until = tables.speeds[k + 1, 0] if k + 1 < len(tables.speeds) else math.inf
        if left <= (until - t) * factor:
            return t + left / factor + tables.places[place].preparation
        left -= (until - t) * factor
        t = until
        k += 1


@inlined
def leave(tables: Tables, begins: float, origin: int, place: int) -> float:
    """Find when to leave at the latest for the work at a place to begin at a time."""
    if origin == place:
        return begins
    if len(tables.speeds) == 0:
        return begins - tables.legs[origin, place].seconds
    left = tables.legs[origin, place].seconds - tables.places[place].preparation
    t = begins - tables.places[place].preparation
    k = len(tables.speeds) - 1
    while k >= 0 and tables.speeds[k, 0] >= t:
        k -= 1
    while True:
        factor = tables.speeds[k, 1] if k >= 0 else 1.0
        since = tables.speeds[k, 0] if k >= 0 else -math.inf
        if left <= (t - since) * factor:
            return t - left / factor
        left -= (t - since) * factor
        t = since
        k -= 1


@compiled
def reschedule(tables: Tables, r: int) -> None:
    """Compute a route again after its nodes changed."""
    _go_forward(tables, r)
    _go_backward(tables, r)
    if tables.has_pickups:
        find_peaks(tables, r)
    route = tables.routes[r]
    route.cost = 0.0
    route.duration = 0.0
    habits = find_habits(tables, r) if tables.has_habits else 0.0
    if route.count == 0 and route.is_out == 0:
        return
    begin = tables.option_count + r
    end = begin + tables.route_count
    if route.is_timed == 1:
        left_at = tables.nodes[begin].early
        if route.is_out == 0:
            left_at = latest_leave(tables, r)
        route.duration = tables.nodes[end].early - left_at
        if route.duration > route.duration_max:
            route.is_sound = 0
    if route.distance > route.range:
        route.is_sound = 0
    route.cost = route.fixed + route.per_m * route.distance + route.per_s * route.duration
    route.cost += habits


@compiled
def _go_forward(tables: Tables, r: int) -> None:
    nodes = tables.nodes
    route = tables.routes[r]
    p = tables.option_count + r
    end = p + tables.route_count
    nodes[p].early = nodes[p].opens
    work = 0.0
    distance = 0.0
    count = 0
    is_after_head = route.head == p
    route.is_sound = 1
    for d in range(tables.dimensions):
        tables.loads[r, d] = 0.0
    while True:
        q = nodes[p].next
        origin = nodes[p].place
        place = nodes[q].place
        distance += tables.legs[origin, place].metres
        work += nodes[p].service + tables.legs[origin, place].seconds
        begins = arrive(tables, nodes[p].early + nodes[p].service, origin, place)
        if nodes[q].is_done == 1 or begins < nodes[q].opens:
            begins = nodes[q].opens
        elif begins > nodes[q].closes:
            route.is_sound = 0
        nodes[q].early = begins
        nodes[q].work = work
        if q == end:
            break
        parcel = nodes[q].parcel
        for d in range(tables.dimensions):
            tables.loads[r, d] += tables.demand[parcel, d]
        if is_after_head:
            count += 1
        elif q == route.head:
            is_after_head = True
        p = q
    route.count = count
    route.distance = distance
    route.work = work


@compiled
def _go_backward(tables: Tables, r: int) -> None:
    nodes = tables.nodes
    begin = tables.option_count + r
    q = begin + tables.route_count
    nodes[q].late = nodes[q].closes
    while q != begin:
        p = nodes[q].prev
        late = leave(tables, nodes[q].late, nodes[p].place, nodes[q].place) - nodes[p].service
        nodes[p].late = min(late, nodes[p].closes)
        q = p


@compiled
def find_peaks(tables: Tables, r: int) -> None:
    """Find the most that is on board before and after each node of a route."""
    nodes = tables.nodes
    begin = tables.option_count + r
    end = begin + tables.route_count
    for d in range(tables.dimensions):
        load = 0.0
        x = nodes[begin].next
        while x != end:
            if tables.parcels[nodes[x].parcel].is_pickup == 0:
                load += tables.demand[nodes[x].parcel, d]
            x = nodes[x].next
        peak = load
        tables.peaks[begin, BEFORE, d] = load
        tables.peaks[begin, AFTER, d] = load
        x = nodes[begin].next
        while x != end:
            sign = 1.0 if tables.parcels[nodes[x].parcel].is_pickup == 1 else -1.0
            load += sign * tables.demand[nodes[x].parcel, d]
            peak = max(peak, load)
            tables.peaks[x, BEFORE, d] = peak
            tables.peaks[x, AFTER, d] = load
            x = nodes[x].next
        peak = load
        x = nodes[end].prev
        while x != begin:
            peak = max(peak, tables.peaks[x, AFTER, d])
            tables.peaks[x, AFTER, d] = peak
            x = nodes[x].prev
        tables.peaks[begin, AFTER, d] = max(peak, tables.peaks[begin, AFTER, d])


@compiled
def latest_leave(tables: Tables, r: int) -> float:
    """Find the latest time to leave such that the route does not return later."""
    nodes = tables.nodes
    begin = tables.option_count + r
    q = begin + tables.route_count
    late = nodes[q].early
    while q != begin:
        p = nodes[q].prev
        late = leave(tables, late, nodes[p].place, nodes[q].place) - nodes[p].service
        late = min(late, nodes[p].closes)
        q = p
    return max(late, nodes[begin].opens)


@inlined
def goes_in(tables: Tables, parcel: int, r: int, after: int) -> bool:
    """Tell whether a vehicle has room for one more parcel served after a node."""
    for d in range(tables.dimensions):
        wanted = tables.demand[parcel, d]
        if tables.loads[r, d] + wanted <= tables.capacity[r, d]:
            continue
        if not tables.has_pickups:
            return False
        peak = tables.peaks[after, BEFORE, d]
        if tables.parcels[parcel].is_pickup == 1:
            peak = tables.peaks[after, AFTER, d]
        if peak + wanted > tables.capacity[r, d]:
            return False
    return True


@inlined
def price(tables: Tables, o: int, p: int, r: int, most: float) -> float:
    """Find what serving an option after node ``p`` of a route adds to its cost.

    Infinite where it does not go, or where it costs ``most`` or more.
    """
    nodes = tables.nodes
    route = tables.routes[r]
    q = nodes[p].next
    i = nodes[p].place
    j = nodes[o].place
    k = nodes[q].place
    added_m = tables.legs[i, j].metres + tables.legs[j, k].metres - tables.legs[i, k].metres
    cost = nodes[o].penalty + tables.carry[nodes[o].parcel, r] + route.per_m * added_m
    if tables.has_habits:
        cost += habits_added(tables, o, p, r)
    if route.count == 0 and route.is_out == 0:
        cost += route.fixed + route.per_m * tables.legs[i, k].metres
    if cost >= most:
        return math.inf
    begins = arrive(tables, nodes[p].early + nodes[p].service, i, j)
    begins = max(begins, nodes[o].opens)
    if begins > nodes[o].closes:
        return math.inf
    next_begins = arrive(tables, begins + nodes[o].service, j, k)
    if next_begins > nodes[q].late or route.distance + added_m > route.range:
        return math.inf
    if route.is_timed == 1:
        duration = _longer(tables, o, p, r, next_begins)
        if duration > route.duration_max:
            return math.inf
        cost += route.per_s * (duration - route.duration)
    return cost


@inlined
def _longer(tables: Tables, o: int, p: int, r: int, next_begins: float) -> float:
    # Exact where speeds do not change; else close, and reschedule has the last word.
    nodes = tables.nodes
    route = tables.routes[r]
    begin = tables.option_count + r
    end = begin + tables.route_count
    q = nodes[p].next
    i = nodes[p].place
    j = nodes[o].place
    k = nodes[q].place
    rest = route.work - nodes[q].work
    returns = max(nodes[end].early, max(next_begins, nodes[q].opens) + rest)
    if route.is_out == 1:
        return returns - nodes[begin].early
    late = min(nodes[o].closes, nodes[q].late - tables.legs[j, k].seconds - nodes[o].service)
    late = min(nodes[p].late, late - tables.legs[i, j].seconds - nodes[p].service)
    late = min(nodes[begin].late, late - nodes[p].work)
    work = (
        route.work
        + tables.legs[i, j].seconds
        + tables.legs[j, k].seconds
        - tables.legs[i, k].seconds
        + nodes[o].service
    )
    return max(work, returns - late)
