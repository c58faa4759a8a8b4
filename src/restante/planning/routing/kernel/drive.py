"""How long driving takes at a time of day, and when to leave for being there in time."""

import math

from .compiled import inlined
from .state import Tables


@inlined
def link(tables: Tables, p: int, q: int) -> None:
    """Let one node follow another."""
    nodes = tables.nodes
    leg = tables.legs[nodes[p].place, nodes[q].place]
    nodes[p].next = q
    nodes[q].prev = p
    nodes[p].metres_on = leg.metres
    nodes[p].seconds_on = leg.seconds


@inlined
def arrive_next(tables: Tables, p: int, q: int) -> float:
    """Find when the work at the next node can begin."""
    nodes = tables.nodes
    if len(tables.speeds) == 0:
        return nodes[p].early + nodes[p].service + nodes[p].seconds_on
    return arrive(tables, nodes[p].early + nodes[p].service, nodes[p].place, nodes[q].place)


@inlined
def leave_for(tables: Tables, begins: float, p: int, q: int) -> float:
    """Find when to leave a node at the latest for the work at the next one to begin at a time."""
    nodes = tables.nodes
    if len(tables.speeds) == 0:
        return begins - nodes[p].seconds_on
    return leave(tables, begins, nodes[p].place, nodes[q].place)


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
