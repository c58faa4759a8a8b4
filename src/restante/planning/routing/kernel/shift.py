"""How short a vehicle can be out, with the breaks its courier must take.

A *label* says how a part of a route can be driven: with an earliest end ``E``, a latest leaving
``S`` and an earliest one ``B``, and without any waiting in ``W`` seconds. Left at ``t`` between
``B`` and ``S`` it ends at ``max(E, t + W)``. Labels are kept for each number of breaks taken so
far, and only those that no other beats in everything. So the shortest time out is exact, wherever
breaks are taken. Where speeds change over the day, ``W`` depends on the time: there one leaves
such that it need not wait at its first stop, and breaks are found for that.
"""

import math

from .compiled import compiled, inlined
from .drive import arrive, leave
from .state import (
    BREAK_AFTER_MAX,
    BREAK_CLOSES,
    BREAK_OPENS,
    BREAK_S,
    L_EARLIEST,
    L_FROM,
    L_UNTIL,
    L_WORK,
    LABELS_MAX,
    Tables,
)


@compiled
def time_out(tables: Tables, r: int, after: int, first: int, second: int) -> float:
    """Find how short a vehicle is out, infinite where it cannot be driven like this.

    Behind node ``after`` it serves ``first`` and then ``second`` as well, where these are not -1.
    """
    begin = tables.option_count + r
    end = begin + tables.route_count
    p = begin
    _begin(tables, r, _follower(tables, begin, after, first))
    is_inserted = 0
    is_behind_head = tables.routes[r].head == begin
    while True:
        if p == after and is_inserted == 0 and first >= 0:
            q = first
            is_inserted = 1
        elif p == first and is_inserted == 1 and second >= 0:
            q = second
            is_inserted = 2
        elif is_inserted > 0 and (p == first or p == second):  # noqa: PLR1714, SIM109
            q = tables.nodes[after].next
        else:
            q = tables.nodes[p].next
        if p != begin:
            _serve(tables, p)
            if is_behind_head:
                _rest(tables, r)
        if _go(tables, p, q) == 0:
            return math.inf
        if p == tables.routes[r].head or q == tables.routes[r].head:
            is_behind_head = True
        if q == end:
            return _shortest(tables, r)
        p = q


@inlined
def _follower(tables: Tables, begin: int, after: int, first: int) -> int:
    return first if after == begin and first >= 0 else tables.nodes[begin].next


@compiled
def _begin(tables: Tables, r: int, first: int) -> None:
    nodes = tables.nodes
    begin = tables.option_count + r
    for k in range(len(tables.label_count)):
        tables.label_count[k] = 0
    since = nodes[begin].opens
    until = nodes[begin].closes
    if len(tables.speeds) > 0:
        wanted = leave(tables, nodes[first].opens, nodes[begin].place, nodes[first].place)
        since = min(until, max(since, wanted))
        until = since
    _add(tables, 0, since, since, until, 0.0)


@compiled
def _add(tables: Tables, k: int, earliest: float, since: float, until: float, work: float) -> None:
    labels = tables.labels
    count = tables.label_count[k]
    for i in range(count):
        if (
            labels[k, i, L_EARLIEST] <= earliest
            and labels[k, i, L_FROM] <= since
            and labels[k, i, L_UNTIL] >= until
            and labels[k, i, L_WORK] <= work
        ):
            return
    kept = 0
    for i in range(count):
        is_beaten = (
            earliest <= labels[k, i, L_EARLIEST]
            and since <= labels[k, i, L_FROM]
            and until >= labels[k, i, L_UNTIL]
            and work <= labels[k, i, L_WORK]
        )
        if not is_beaten:
            for z in range(4):
                labels[k, kept, z] = labels[k, i, z]
            kept += 1
    if kept < LABELS_MAX:
        labels[k, kept, L_EARLIEST] = earliest
        labels[k, kept, L_FROM] = since
        labels[k, kept, L_UNTIL] = until
        labels[k, kept, L_WORK] = work
        kept += 1
    tables.label_count[k] = kept


@compiled
def _serve(tables: Tables, p: int) -> None:
    service = tables.nodes[p].service
    for k in range(len(tables.label_count)):
        for i in range(tables.label_count[k]):
            tables.labels[k, i, L_EARLIEST] += service
            tables.labels[k, i, L_WORK] += service


@compiled
def _rest(tables: Tables, r: int) -> None:
    labels = tables.labels
    route = tables.routes[r]
    for k in range(route.breaks_to - route.breaks_from):
        z = route.breaks_from + k
        opens = tables.breaks[z, BREAK_OPENS]
        closes = tables.breaks[z, BREAK_CLOSES]
        after_max = tables.breaks[z, BREAK_AFTER_MAX]
        rest = tables.breaks[z, BREAK_S]
        for i in range(tables.label_count[k]):
            begins = max(labels[k, i, L_EARLIEST], opens)
            work = labels[k, i, L_WORK]
            if closes <= labels[k, i, L_UNTIL]:
                # Who leaves when a break must have begun has rested before.
                since = max(labels[k, i, L_FROM], closes)
                earliest = max(labels[k, i, L_EARLIEST], since + work)
                _add(tables, k + 1, earliest, since, labels[k, i, L_UNTIL], work)
            since = max(labels[k, i, L_FROM], begins - after_max)
            until = min(labels[k, i, L_UNTIL], closes - work)
            if begins <= closes and work <= after_max and since <= until:
                _add(tables, k + 1, begins + rest, since, until, work + rest)


@compiled
def _go(tables: Tables, p: int, q: int) -> int:
    # Every label is driven from ``p`` to ``q``; the answer is how many are left.
    nodes = tables.nodes
    labels = tables.labels
    origin = nodes[p].place
    place = nodes[q].place
    left = 0
    for k in range(len(tables.label_count)):
        count = tables.label_count[k]
        tables.label_count[k] = 0
        for i in range(count):
            earliest = arrive(tables, labels[k, i, L_EARLIEST], origin, place)
            since = labels[k, i, L_FROM]
            until = labels[k, i, L_UNTIL]
            work = labels[k, i, L_WORK] + (
                0.0 if origin == place else tables.legs[origin, place].seconds
            )
            if nodes[q].is_done == 1:
                earliest = nodes[q].opens
                work = earliest - until
            else:
                if earliest > nodes[q].closes:
                    continue
                earliest = max(earliest, nodes[q].opens)
                until = min(until, nodes[q].closes - work)
            if len(tables.speeds) > 0:
                until = labels[k, i, L_UNTIL]
                work = earliest - until
            if since <= until:
                _add(tables, k, earliest, since, until, work)
        left += tables.label_count[k]
    return left


@compiled
def _shortest(tables: Tables, r: int) -> float:
    # A break is not due to a vehicle that is back before it must begin.
    labels = tables.labels
    route = tables.routes[r]
    breaks = route.breaks_to - route.breaks_from
    best = math.inf
    for k in range(breaks + 1):
        for i in range(tables.label_count[k]):
            earliest = labels[k, i, L_EARLIEST]
            since = labels[k, i, L_FROM]
            until = labels[k, i, L_UNTIL]
            work = labels[k, i, L_WORK]
            is_fit = True
            for j in range(k, breaks):
                closes = tables.breaks[route.breaks_from + j, BREAK_CLOSES]
                after_max = tables.breaks[route.breaks_from + j, BREAK_AFTER_MAX]
                if earliest <= closes and work <= after_max:
                    since = max(since, earliest - after_max)
                    until = min(until, closes - work)
                elif closes <= until:
                    since = max(since, closes)
                    earliest = max(earliest, since + work)
                else:
                    is_fit = False
            if is_fit and since <= until:
                best = min(best, max(work, earliest - until))
    return best
