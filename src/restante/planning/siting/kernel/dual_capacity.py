"""The bound where sites can take only so much.

As in :mod:`.dual`, but a site earns only from as much demand as it can take: the best of a
continuous knapsack. Capacities of all chosen sites hold the whole demand; where they would not, the
choice is filled up by worth for capacity, the last site in part, which no choice undercuts.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiling import compiled, kept
from .dual import DEFLECTION, PATIENCE, SHRINK, choose_cheapest
from .state import Rules
from .transport import Flows, fill


@compiled
def _earn(flows: Flows, prices: Any, site: int, less: Any, part: Any, cells: Any) -> float:
    """Fill a site with what earns most; parts and cells are left in the arrays, -1 ends them."""
    count = 0
    for k in range(flows.from_start[site], flows.from_start[site + 1]):
        cell = flows.from_cell[k]
        under = flows.cost[flows.from_entry[k]] - prices[cell]
        if under < 0.0:
            less[count] = under
            part[count] = flows.demand[cell]
            cells[count] = cell
            count += 1
    earned, taken = fill(less, part, cells, count, flows.capacity[site])
    cells[taken] = -1
    return earned


@compiled
def _choose_enough(rules: Rules, flows: Flows, worth: Any, demand: float, is_chosen: Any) -> float:
    """Choose sites that hold all demand; below the answer no choice is."""
    total = choose_cheapest(rules, rules.is_held, worth, is_chosen)
    room = 0.0
    for site in range(len(worth)):
        if is_chosen[site]:
            room += flows.capacity[site]
    if room >= demand:
        return total
    filled = 0.0
    room = 0.0
    by_room = np.empty(len(worth))
    for site in range(len(worth)):
        by_room[site] = np.inf
        if rules.is_held[site] > 0 or (rules.is_held[site] == 0 and worth[site] < 0.0):
            filled += worth[site]
            room += flows.capacity[site]
        elif rules.is_held[site] == 0 and flows.capacity[site] > 0.0:
            by_room[site] = worth[site] / flows.capacity[site]
    if room >= demand:
        return max(total, filled)
    for site in np.argsort(by_room):
        if np.isinf(by_room[site]):
            break
        is_chosen[site] = True
        share = min(1.0, (demand - room) / flows.capacity[site])
        filled += share * worth[site]
        room += share * flows.capacity[site]
        if room >= demand - 1e-12:
            break
    return max(total, filled)


def _make_raise(digest: str) -> Callable[..., float]:
    def raise_capacity(
        rules: Rules,
        flows: Flows,
        unserved: Any,
        prices: Any,
        cost: float,
        enough: float,
        steps: int,
        step: float,
        worth: Any,
        often: Any,
    ) -> float:
        """Improve prices of one unit of demand; as :func:`.dual.raise_prices`."""
        digest  # noqa: B018
        cells = len(prices)
        now = prices.copy()
        best = -np.inf
        earned = np.empty(len(worth))
        is_chosen = np.zeros(len(worth), np.bool_)
        less, part = np.empty(cells + 1), np.empty(cells + 1)
        members = np.empty(cells + 1, np.int64)
        direction, missing = np.zeros(cells), np.empty(cells)
        demand = flows.demand.sum()
        without_gain, is_first = 0, True
        for _ in range(steps):
            for site in range(len(worth)):
                earned[site] = rules.fixed[site] + _earn(flows, now, site, less, part, members)
            bound = (now * flows.demand).sum()
            bound += _choose_enough(rules, flows, earned, demand, is_chosen)
            for site in range(len(often)):
                often[site] = 0.98 * often[site] + (0.02 if is_chosen[site] else 0.0)
            if bound > best:
                if bound > best + 1e-5 * abs(best):
                    without_gain = 0
                best = bound
                prices[:] = now
                worth[:] = earned
            else:
                without_gain += 1
            if best >= enough or step < 1e-5:
                break
            if without_gain >= PATIENCE:
                step *= SHRINK
                without_gain, is_first = 0, True
                now[:] = prices
            missing[:] = 1.0
            for site in range(len(worth)):
                if is_chosen[site]:
                    _earn(flows, now, site, less, part, members)
                    k = 0
                    while members[k] >= 0:
                        missing[members[k]] -= part[k] / flows.demand[members[k]]
                        k += 1
            if not _move(flows, unserved, now, missing, direction, is_first, step * (cost - bound)):
                break
            is_first = False
        return best

    return raise_capacity


@compiled
def _move(
    flows: Flows,
    unserved: Any,
    now: Any,
    missing: Any,
    direction: Any,
    is_first: bool,
    length: float,
) -> bool:
    norm = 0.0
    for cell in range(len(now)):
        turned = missing[cell]
        if not is_first:
            turned = DEFLECTION * turned + (1.0 - DEFLECTION) * direction[cell]
        direction[cell] = turned
        if not (now[cell] >= unserved[cell] and turned > 0.0):
            norm += turned * turned * flows.demand[cell]
    if norm < 1e-12:
        return False
    for cell in range(len(now)):
        price = now[cell] + length / norm * direction[cell]
        now[cell] = min(max(price, 0.0), unserved[cell])
    return True


raise_capacity = kept(_make_raise)
