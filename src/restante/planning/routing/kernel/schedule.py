"""When a route is where, what it costs, and what one more parcel would add to it."""

import math

from .compiled import compiled, inlined
from .drive import arrive, arrive_next, leave_for, link
from .habits import find_habits, habits_added, unlike
from .shift import time_out
from .state import AFTER, AGAIN, BEFORE, Tables


@compiled
def reschedule(tables: Tables, r: int) -> None:
    """Compute a route again after its nodes changed."""
    _go_forward(tables, r)
    _go_backward(tables, r)
    if tables.has_peaks:
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
    if route.has_breaks == 1:
        route.duration = time_out(tables, r, -1, -1, -1)
        if math.isinf(route.duration):
            route.is_sound = 0
            route.duration = 0.0
    if route.is_timed == 1 and route.duration > route.duration_max:
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
        distance += nodes[p].metres_on
        work += nodes[p].service + nodes[p].seconds_on
        begins = arrive_next(tables, p, q)
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
            count += 1 if parcel < tables.parcel_count else 0
        elif q == route.head:
            is_after_head = True
        p = q
    route.count = count
    route.distance = distance
    route.work = work


@compiled
def ask_routes(tables: Tables, parcel: int) -> None:
    """Find for every route what serving a parcel costs wherever it is put, infinite for never."""
    routes = tables.routes
    for r in range(tables.route_count):
        enter = tables.carry[parcel, r]
        if not tables.has_peaks and not goes_in(tables, parcel, r, -1):
            enter = math.inf
        routes[r].enter = enter


@compiled
def insert(tables: Tables, x: int, after: int, r: int) -> None:
    """Put a node behind another one of a route, and compute the route again."""
    nodes = tables.nodes
    route = tables.routes[r]
    parcel = nodes[x].parcel
    behind = nodes[after].next
    added_m = -nodes[after].metres_on
    link(tables, after, x)
    link(tables, x, behind)
    added_m += nodes[after].metres_on + nodes[x].metres_on
    if (
        tables.has_peaks
        or tables.has_habits
        or route.is_timed == 1
        or route.has_breaks == 1
        or parcel >= tables.parcel_count
    ):
        reschedule(tables, r)
        return
    begin = tables.option_count + r
    end = begin + tables.route_count
    route.distance += added_m
    if route.distance > route.range:
        route.is_sound = 0
    route.count += 1
    for d in range(tables.dimensions):
        tables.loads[r, d] += tables.demand[parcel, d]
    route.cost = route.fixed + route.per_m * route.distance
    p = nodes[x].prev
    q = x
    while True:
        begins = max(arrive_next(tables, p, q), nodes[q].opens)
        if q != x and begins == nodes[q].early:
            break
        if begins > nodes[q].closes:
            route.is_sound = 0
        nodes[q].early = begins
        if q == end:
            break
        p = q
        q = nodes[q].next
    q = nodes[x].next
    while q != begin:
        p = nodes[q].prev
        late = min(leave_for(tables, nodes[q].late, p, q) - nodes[p].service, nodes[p].closes)
        if p != x and late == nodes[p].late:
            break
        nodes[p].late = late
        q = p


@compiled
def _go_backward(tables: Tables, r: int) -> None:
    nodes = tables.nodes
    begin = tables.option_count + r
    q = begin + tables.route_count
    nodes[q].late = nodes[q].closes
    while q != begin:
        p = nodes[q].prev
        late = leave_for(tables, nodes[q].late, p, q) - nodes[p].service
        nodes[p].late = min(late, nodes[p].closes)
        q = p


@compiled
def find_peaks(tables: Tables, r: int) -> None:
    """Find the most that is on board before and after each node, from one loading to the next."""
    end = tables.option_count + r + tables.route_count
    begin = tables.option_count + r
    while begin != end:
        begin = _find_peaks_of_trip(tables, begin, end)


@compiled
def _find_peaks_of_trip(tables: Tables, begin: int, end: int) -> int:
    # The answer is where the next trip begins.
    nodes = tables.nodes
    last = nodes[begin].next
    while last != end and nodes[last].parcel < tables.parcel_count:
        last = nodes[last].next
    for d in range(tables.dimensions):
        load = 0.0
        x = nodes[begin].next
        while x != last:
            if tables.parcels[nodes[x].parcel].is_pickup == 0:
                load += tables.demand[nodes[x].parcel, d]
            x = nodes[x].next
        peak = load
        tables.peaks[begin, BEFORE, d] = load
        tables.peaks[begin, AFTER, d] = load
        x = nodes[begin].next
        while x != last:
            sign = 1.0 if tables.parcels[nodes[x].parcel].is_pickup == 1 else -1.0
            load += sign * tables.demand[nodes[x].parcel, d]
            peak = max(peak, load)
            tables.peaks[x, BEFORE, d] = peak
            tables.peaks[x, AFTER, d] = load
            x = nodes[x].next
        peak = load
        x = nodes[last].prev
        while x != begin:
            peak = max(peak, tables.peaks[x, AFTER, d])
            tables.peaks[x, AFTER, d] = peak
            x = nodes[x].prev
        tables.peaks[begin, AFTER, d] = max(peak, tables.peaks[begin, AFTER, d])
    return last


@compiled
def latest_leave(tables: Tables, r: int) -> float:
    """Find the latest time to leave such that the route does not return later."""
    nodes = tables.nodes
    begin = tables.option_count + r
    q = begin + tables.route_count
    late = nodes[q].early
    while q != begin:
        p = nodes[q].prev
        late = leave_for(tables, late, p, q) - nodes[p].service
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
        if not tables.has_peaks:
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
    row = tables.legs[j]  # One row of the table, for its other rows are far away.
    added_m = row[i].metres_back + row[k].metres - nodes[p].metres_on
    cost = nodes[o].penalty + route.enter + route.per_m * added_m
    if tables.has_habits:
        cost += habits_added(tables, o, p, r)
    if route.count == 0 and route.is_out == 0:
        cost += route.fixed + route.per_m * nodes[p].metres_on
    if cost >= most:
        return math.inf
    begins = nodes[p].early + nodes[p].service
    if len(tables.speeds) == 0:
        begins += row[i].seconds_back
    else:
        begins = arrive(tables, begins, i, j)
    begins = max(begins, nodes[o].opens)
    if begins > nodes[o].closes:
        return math.inf
    next_begins = begins + nodes[o].service
    if len(tables.speeds) == 0:
        next_begins += row[k].seconds
    else:
        next_begins = arrive(tables, next_begins, j, k)
    if next_begins > nodes[q].late or route.distance + added_m > route.range:
        return math.inf
    if route.is_timed == 1 or route.has_breaks == 1:
        if route.has_breaks == 1:
            duration = time_out(tables, r, p, o, -1)
        else:
            duration = _longer(tables, o, p, r, next_begins)
        if duration > route.duration_max or math.isinf(duration):
            return math.inf
        cost += route.per_s * (duration - route.duration)
    return cost


@compiled
def price_pair(
    tables: Tables, o: int, first: int, second: int, p: int, r: int, most: float
) -> float:
    """Find what serving an option and loading again after node ``p`` of a route adds to its cost.

    One of ``first`` and ``second`` is the option ``o``, the other is the loading. Infinite where it
    does not go, or where it costs ``most`` or more.
    """
    nodes = tables.nodes
    route = tables.routes[r]
    q = nodes[p].next
    a = nodes[first].place
    b = nodes[second].place
    added_m = tables.legs[nodes[p].place, a].metres + tables.legs[a, b].metres
    added_m += tables.legs[b, nodes[q].place].metres
    added_m -= tables.legs[nodes[p].place, nodes[q].place].metres
    if route.distance + added_m > route.range:
        return math.inf
    cost = nodes[o].penalty + route.enter + route.per_m * added_m
    if tables.has_habits:
        cost += unlike(tables, r, p, first) + unlike(tables, r, first, second)
        cost += unlike(tables, r, second, q) - unlike(tables, r, p, q)
        if nodes[o].zone >= 0 and tables.zone_runs[r, nodes[o].zone] > 0:
            cost += tables.habit_costs[AGAIN]
    if cost >= most:
        return math.inf
    duration = time_out(tables, r, p, first, second)
    if duration > route.duration_max or math.isinf(duration):
        return math.inf
    if route.is_timed == 1:
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
