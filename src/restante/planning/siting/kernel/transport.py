"""Who is served where when sites can take only so much: the cheapest way, kept while sites change.

Demand moves between open sites: a cell that leaves a full one makes room for another. Each site has
a price, zero where there is room, such that no cell would pay less elsewhere:

    c_ia + price_a <= c_ib + price_b    for every cell i served at a, and every open b.

Serving a cell more (:func:`insert`), or opening a site (:func:`pull`), follows shortest paths over
sites with these prices as potentials, and so keeps them. That touches what is near, where solving
anew would touch everything: the answer to one swap takes a few milliseconds.

The last column is nowhere: it is always open, takes everybody, and costs more than any site.
"""

from typing import Any, NamedTuple

import numpy as np

from .compiling import compiled

TINY = 1e-9
"""Amounts of demand, scaled to 1 for the mean cell, below which there is nothing (chosen)."""

LOG_ROOM = 400_000


class Flows(NamedTuple):
    """Rows of cells, columns of sites, and what flows between them."""

    start: Any
    site: Any
    cost: Any
    """Of one unit of demand."""
    from_start: Any
    from_entry: Any
    """Entry of each cell in a site's column, in the rows."""
    from_cell: Any
    demand: Any
    capacity: Any
    flow: Any
    main: Any
    """An entry of each cell that carries flow; -1 if none does."""
    parts: Any
    """How many entries of each cell carry flow."""
    is_open: Any
    load: Any
    price: Any
    label: Any
    state: Any
    """0 not met, 1 met, 2 settled."""
    parent: Any
    taken: Any
    """Entry that a cell leaves on the way to, or from, a site."""
    given: Any
    """Entry that it takes instead."""
    met: Any
    log_entry: Any
    log_flow: Any
    count: Any
    """Open sites, accessible ones, entries in the log, sites met."""
    held: Any
    listed: Any
    """Numbers of open sites."""
    place: Any
    moved: Any
    offered: Any
    """Entries of each cell whose sites are open, from where its row begins, in any order."""
    offers: Any
    """How many those are."""


@compiled
def set_flow(flows: Flows, entry: int, cell: int, amount: float) -> None:
    """Let an entry carry so much, and note what it carried."""
    before = flows.flow[entry]
    if amount < TINY:
        amount = 0.0
    at = flows.count[2]
    if at < LOG_ROOM:
        flows.log_entry[at, 0] = entry
        flows.log_entry[at, 1] = cell
        flows.log_flow[at] = before
    flows.count[2] += 1
    _put(flows, entry, cell, before, amount)


@compiled
def _put(flows: Flows, entry: int, cell: int, before: float, amount: float) -> None:
    flows.flow[entry] = amount
    if before <= 0.0 and amount > 0.0:
        flows.parts[cell] += 1
        flows.main[cell] = entry
    elif before > 0.0 and amount <= 0.0:
        flows.parts[cell] -= 1
        if flows.main[cell] == entry:
            flows.main[cell] = -1
            if flows.parts[cell] > 0:
                for other in range(flows.start[cell], flows.start[cell + 1]):
                    if flows.flow[other] > 0.0:
                        flows.main[cell] = other
                        break


@compiled
def take_back(flows: Flows) -> None:
    """Put flows back as they were when the log was empty."""
    while flows.count[2] > 0:
        flows.count[2] -= 1
        at = flows.count[2]
        entry, cell = flows.log_entry[at, 0], flows.log_entry[at, 1]
        _put(flows, entry, cell, flows.flow[entry], flows.log_flow[at])


@compiled
def _meet(flows: Flows, site: int, label: float, parent: int, taken: int, given: int) -> None:
    if flows.state[site] == 0:
        flows.state[site] = 1
        flows.met[flows.count[3]] = site
        flows.count[3] += 1
        flows.label[site] = np.inf
    if label < flows.label[site]:
        flows.label[site] = label
        flows.parent[site] = parent
        flows.taken[site] = taken
        flows.given[site] = given


@compiled
def _nearest_met(flows: Flows) -> int:
    best = -1
    least = np.inf
    for k in range(flows.count[3]):
        site = flows.met[k]
        if flows.state[site] == 1 and flows.label[site] < least:
            least = flows.label[site]
            best = site
    return best


@compiled
def _forget(flows: Flows) -> None:
    for k in range(flows.count[3]):
        flows.state[flows.met[k]] = 0
    flows.count[3] = 0


@compiled
def insert(flows: Flows, cell: int, amount: float) -> float:
    """Serve a cell more; the answer is what that costs, with all who make room."""
    by = 0.0
    while amount > TINY:
        _forget(flows)
        begin = flows.start[cell]
        for k in range(begin, begin + flows.offers[cell]):
            entry = flows.offered[k]
            site = flows.site[entry]
            _meet(flows, site, flows.cost[entry] + flows.price[site], -1, -1, entry)
        target = -1
        while True:
            site = _nearest_met(flows)
            if site < 0:
                break
            if flows.capacity[site] - flows.load[site] > TINY:
                target = site
                break
            flows.state[site] = 2
            _look_from(flows, site)
        if target < 0:
            return np.inf
        moved = min(amount, flows.capacity[target] - flows.load[target])
        by += _push(flows, cell, target, moved)
        amount -= flows.moved[0]
    return by


@compiled
def _look_from(flows: Flows, site: int) -> None:
    """Find where those who are served at a site could go instead."""
    for column in range(flows.from_start[site], flows.from_start[site + 1]):
        here = flows.from_entry[column]
        if flows.flow[here] <= 0.0:
            continue
        cell = flows.from_cell[column]
        base = flows.label[site] - flows.cost[here] - flows.price[site]
        begin = flows.start[cell]
        for k in range(begin, begin + flows.offers[cell]):
            entry = flows.offered[k]
            other = flows.site[entry]
            if flows.state[other] != 2:
                label = base + flows.cost[entry] + flows.price[other]
                _meet(flows, other, max(label, flows.label[site]), site, here, entry)


@compiled
def _push(flows: Flows, cell: int, target: int, most: float) -> float:
    """Move along the path to a site with room; ``moved`` tells how much."""
    by = 0.0
    site = target
    while flows.parent[site] >= 0:
        most = min(most, flows.flow[flows.taken[site]])
        site = flows.parent[site]
    site = target
    while flows.parent[site] >= 0:
        taken, given = flows.taken[site], flows.given[site]
        mover = cell_of(flows, taken)
        by += most * (flows.cost[given] - flows.cost[taken])
        set_flow(flows, taken, mover, flows.flow[taken] - most)
        set_flow(flows, given, mover, flows.flow[given] + most)
        site = flows.parent[site]
    given = flows.given[site]
    by += most * flows.cost[given]
    set_flow(flows, given, cell, flows.flow[given] + most)
    flows.load[target] += most
    reached = flows.label[target]
    for k in range(flows.count[3]):
        other = flows.met[k]
        if flows.state[other] == 2:
            flows.price[other] += reached - flows.label[other]
    flows.moved[0] = most
    return float(by)


@compiled
def offer(flows: Flows, site: int) -> None:
    """Let cells see that a site is open."""
    flows.is_open[site] = True
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        cell = flows.from_cell[k]
        flows.offered[flows.start[cell] + flows.offers[cell]] = flows.from_entry[k]
        flows.offers[cell] += 1


@compiled
def withdraw(flows: Flows, site: int) -> None:
    """Let cells see that a site is closed."""
    flows.is_open[site] = False
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        cell = flows.from_cell[k]
        last = flows.start[cell] + flows.offers[cell] - 1
        at = last
        while flows.offered[at] != flows.from_entry[k]:
            at -= 1
        flows.offered[at] = flows.offered[last]
        flows.offers[cell] -= 1


@compiled
def cell_of(flows: Flows, entry: int) -> int:
    """Tell whose entry it is."""
    return int(np.searchsorted(flows.start, entry, side="right")) - 1


@compiled
def open_column(flows: Flows, site: int) -> None:
    """Let a site take part, at a price at which nobody goes there yet."""
    offer(flows, site)
    flows.load[site] = 0.0
    most = 0.0
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        main = flows.main[flows.from_cell[k]]
        if main >= 0:
            pays = flows.cost[main] + flows.price[flows.site[main]]
            most = max(most, pays - flows.cost[flows.from_entry[k]])
    flows.price[site] = most


@compiled
def pull(flows: Flows, site: int) -> float:
    """Lower the price of an opened site until it is full or free; the answer is what it saves."""
    by = 0.0
    while flows.price[site] > 0.0 and flows.capacity[site] - flows.load[site] > TINY:
        _forget(flows)
        _meet(flows, site, 0.0, -1, -1, -1)
        lowered = flows.price[site]
        source = -1
        while True:
            near = _nearest_met(flows)
            if near < 0 or flows.label[near] >= lowered:
                break
            flows.state[near] = 2
            if near != site and flows.label[near] + flows.price[near] < lowered:
                lowered = flows.label[near] + flows.price[near]
                source = near
            if near < len(flows.load) - 1:
                _look_toward(flows, near)
        if source >= 0:
            by += _draw(flows, source, site)
        for k in range(flows.count[3]):
            other = flows.met[k]
            if flows.label[other] < lowered:
                flows.price[other] = max(0.0, flows.price[other] - lowered + flows.label[other])
        if source < 0:
            break
    return by


@compiled
def _look_toward(flows: Flows, site: int) -> None:
    """Find from where somebody could come to a site."""
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        cell = flows.from_cell[k]
        here = flows.from_entry[k]
        if flows.parts[cell] == 1:
            _look_back(flows, site, here, flows.main[cell])
        elif flows.parts[cell] > 1:
            for entry in range(flows.start[cell], flows.start[cell + 1]):
                if flows.flow[entry] > 0.0:
                    _look_back(flows, site, here, entry)


@compiled
def _look_back(flows: Flows, site: int, here: int, entry: int) -> None:
    other = flows.site[entry]
    if flows.state[other] == 2 or other == site:
        return
    label = flows.label[site] + flows.cost[here] - flows.cost[entry]
    label += flows.price[site] - flows.price[other]
    _meet(flows, other, max(label, flows.label[site]), site, entry, here)


@compiled
def _draw(flows: Flows, source: int, site: int) -> float:
    """Move along the path from a site to the opened one."""
    most = min(flows.capacity[site] - flows.load[site], flows.load[source])
    at = source
    while at != site:
        most = min(most, flows.flow[flows.taken[at]])
        at = flows.parent[at]
    by = 0.0
    at = source
    while at != site:
        taken, given = flows.taken[at], flows.given[at]
        mover = cell_of(flows, taken)
        by += most * (flows.cost[given] - flows.cost[taken])
        set_flow(flows, taken, mover, flows.flow[taken] - most)
        set_flow(flows, given, mover, flows.flow[given] + most)
        at = flows.parent[at]
    flows.load[source] -= most
    flows.load[site] += most
    return by


@compiled
def close_column(flows: Flows, site: int, most: float) -> float:
    """Serve elsewhere who is served at a site; the answer is what that costs.

    Each one served elsewhere only adds to it: above ``most`` the rest is left, for taking back.
    """
    withdraw(flows, site)
    by = 0.0
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        entry = flows.from_entry[k]
        amount = flows.flow[entry]
        if by > most:
            break
        if amount > 0.0:
            cell = flows.from_cell[k]
            set_flow(flows, entry, cell, 0.0)
            by += insert(flows, cell, amount) - amount * flows.cost[entry]
    flows.load[site] = 0.0
    flows.price[site] = 0.0
    return by


@compiled
def serve_all(flows: Flows) -> float:
    """Serve every cell anew with the sites that are open; the answer is what that costs."""
    flows.flow[:] = 0.0
    flows.main[:] = -1
    flows.parts[:] = 0
    flows.load[:] = 0.0
    flows.price[:] = 0.0
    flows.state[:] = 0
    flows.count[2] = 0
    flows.count[3] = 0
    flows.offers[:] = 0
    for site in range(len(flows.is_open)):
        if flows.is_open[site]:
            offer(flows, site)
    by = 0.0
    for cell in range(len(flows.demand)):
        by += insert(flows, cell, flows.demand[cell])
        flows.count[2] = 0
    return by


@compiled
def fill(less: Any, part: Any, cells: Any, count: int, room: float) -> tuple[float, int]:
    """Fill room with what costs least, the last in part: a continuous knapsack.

    The first entries are reordered such that those taken come first; ``part`` is what is taken of
    each. The answer is what they cost, and how many they are.
    """
    low, high = 0, count
    total = 0.0
    while low < high and room > 0.0:
        pivot = less[(low + high) // 2]
        a, k, b = low, low, high
        while k < b:
            if less[k] < pivot:
                _trade(less, part, cells, a, k)
                a += 1
                k += 1
            elif less[k] > pivot:
                b -= 1
                _trade(less, part, cells, k, b)
            else:
                k += 1
        wanted = part[low:a].sum()
        if wanted > room:
            high = a
            continue
        for k in range(low, b):
            part[k] = min(room, part[k])
            total += part[k] * less[k]
            room -= part[k]
        low = b
    return total, low


@compiled
def _trade(less: Any, part: Any, cells: Any, a: int, b: int) -> None:
    less[a], less[b] = less[b], less[a]
    part[a], part[b] = part[b], part[a]
    cells[a], cells[b] = cells[b], cells[a]


@compiled
def judge_open(flows: Flows, site: int, less: Any, part: Any, cells: Any) -> float:
    """Tell what opening a site saves at most, at the prices of now."""
    count = 0
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        cell = flows.from_cell[k]
        main = flows.main[cell]
        if main < 0:
            continue
        under = flows.cost[flows.from_entry[k]] - flows.cost[main] - flows.price[flows.site[main]]
        if under < 0.0:
            less[count] = under
            part[count] = flows.demand[cell]
            cells[count] = cell
            count += 1
    costs, _ = fill(less, part, cells, count, flows.capacity[site])
    return -costs


@compiled
def judge_close(flows: Flows, site: int) -> float:
    """Tell what closing a site costs at least, at the prices of now."""
    by = 0.0
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        here = flows.from_entry[k]
        amount = flows.flow[here]
        if amount <= 0.0:
            continue
        cell = flows.from_cell[k]
        least = np.inf
        begin = flows.start[cell]
        for at in range(begin, begin + flows.offers[cell]):
            entry = flows.offered[at]
            other = flows.site[entry]
            if other != site:
                least = min(least, flows.cost[entry] + flows.price[other])
        by += amount * (least - flows.cost[here])
    return by
