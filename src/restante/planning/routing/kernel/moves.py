"""Taking one option out of a route, and putting one into it."""

from .compiled import compiled, inlined
from .drive import link
from .schedule import insert
from .state import LEFT, PENALTIES, Tables


@compiled
def take(tables: Tables, x: int) -> None:
    """Take a node out of its route; the route is not computed again."""
    link(tables, tables.nodes[x].prev, tables.nodes[x].next)
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
    remember(tables, x, r)
    tables.routes[r].is_touched = 1
    insert(tables, x, after, r)


@inlined
def has_room(tables: Tables, o: int) -> bool:
    """Tell whether all that limits an option lets one more be chosen."""
    for z in range(tables.nodes[o].limits_from, tables.nodes[o].limits_to):
        if tables.room[tables.limits[z], LEFT] <= 0:
            return False
    return True
