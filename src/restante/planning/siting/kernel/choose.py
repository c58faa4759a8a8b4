"""Opening and closing one site, and the swaps that follow: the innermost part of the search.

Each cell remembers its nearest and second nearest open site, each open site what closing it would
cost. So an insertion is judged by its column alone, and the best site to close beside it by a
glance at all open ones (Resende & Werneck).
"""

from typing import Any

import numpy as np

from .compiling import compiled
from .state import Choice, Rows, Rules


@compiled
def attach(rows: Rows, choice: Choice, cell: int) -> None:
    """Find the two nearest open sites of a cell."""
    choice.first[cell] = -1
    choice.second[cell] = -1
    choice.first_cost[cell] = rows.unserved[cell]
    choice.second_cost[cell] = rows.unserved[cell]
    for entry in range(rows.start[cell], rows.start[cell + 1]):
        site = rows.site[entry]
        if choice.is_open[site]:
            if choice.first[cell] < 0:
                choice.first[cell] = site
                choice.first_cost[cell] = rows.cost[entry]
            else:
                choice.second[cell] = site
                choice.second_cost[cell] = rows.cost[entry]
                return


@compiled
def take_up(rows: Rows, rules: Rules, choice: Choice) -> float:
    """Compute everything again from which sites are open; the answer is what it costs."""
    choice.loss[:] = 0.0
    choice.load[:] = 0.0
    choice.held[:] = 0
    choice.count[:] = 0
    choice.place[:] = -1
    choice.is_queued[:] = False
    choice.adjusted[:] = 0.0
    total = 0.0
    for site in range(len(choice.is_open)):
        if choice.is_open[site]:
            total += rules.fixed[site]
            _enlist(rules, choice, site)
    for cell in range(len(choice.first)):
        attach(rows, choice, cell)
        total += choice.first_cost[cell]
        _count_in(rules, choice, cell)
    return total


@compiled
def _enlist(rules: Rules, choice: Choice, site: int) -> None:
    choice.place[site] = choice.count[0]
    choice.listed[choice.count[0]] = site
    choice.count[0] += 1
    choice.count[1] += rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        choice.held[rules.group[k]] += 1


@compiled
def _delist(rules: Rules, choice: Choice, site: int) -> None:
    choice.count[0] -= 1
    last = choice.listed[choice.count[0]]
    choice.listed[choice.place[site]] = last
    choice.place[last] = choice.place[site]
    choice.place[site] = -1
    choice.count[1] -= rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        choice.held[rules.group[k]] -= 1


@compiled
def _count_in(rules: Rules, choice: Choice, cell: int) -> None:
    site = choice.first[cell]
    if site >= 0:
        choice.loss[site] += choice.second_cost[cell] - choice.first_cost[cell]
        choice.load[site] += rules.weight[cell]


@compiled
def _count_out(rules: Rules, choice: Choice, cell: int) -> None:
    site = choice.first[cell]
    if site >= 0:
        choice.loss[site] -= choice.second_cost[cell] - choice.first_cost[cell]
        choice.load[site] -= rules.weight[cell]


@compiled
def open_site(rows: Rows, rules: Rules, choice: Choice, site: int) -> float:
    """Open a site; the answer is what costs change by."""
    choice.is_open[site] = True
    _enlist(rules, choice, site)
    change = float(rules.fixed[site])
    for k in range(rows.from_start[site], rows.from_start[site + 1]):
        cell = rows.from_cell[k]
        cost = rows.from_cost[k]
        if cost < choice.second_cost[cell] or choice.second[cell] < 0:
            _count_out(rules, choice, cell)
            if cost < choice.first_cost[cell] or choice.first[cell] < 0:
                change += cost - choice.first_cost[cell]
                choice.second[cell] = choice.first[cell]
                choice.second_cost[cell] = choice.first_cost[cell]
                choice.first[cell] = site
                choice.first_cost[cell] = cost
            else:
                choice.second[cell] = site
                choice.second_cost[cell] = cost
            _count_in(rules, choice, cell)
    return change


@compiled
def close_site(rows: Rows, rules: Rules, choice: Choice, site: int) -> float:
    """Close a site; the answer is what costs change by."""
    choice.is_open[site] = False
    _delist(rules, choice, site)
    change = -float(rules.fixed[site])
    for k in range(rows.from_start[site], rows.from_start[site + 1]):
        cell = rows.from_cell[k]
        if choice.first[cell] == site or choice.second[cell] == site:
            _count_out(rules, choice, cell)
            change -= choice.first_cost[cell]
            attach(rows, choice, cell)
            change += choice.first_cost[cell]
            _count_in(rules, choice, cell)
    choice.loss[site] = 0.0
    choice.load[site] = 0.0
    return change


@compiled
def may_change(rules: Rules, choice: Any, opened: int, closed: int) -> bool:
    """Tell whether rules allow to open one site and close another; -1 is none.

    ``choice`` is whatever counts its open sites, and those in groups.
    """
    if opened >= 0 and rules.is_held[opened] < 0:
        return False
    if closed >= 0 and rules.is_held[closed] > 0:
        return False
    count = choice.count[0] + (opened >= 0) - (closed >= 0)
    if (count > rules.most and opened >= 0) or (count < rules.least and closed >= 0):
        return False
    if rules.accessible_share > 0.0:
        accessible = choice.count[1]
        if opened >= 0:
            accessible += rules.is_accessible[opened]
        if closed >= 0:
            accessible -= rules.is_accessible[closed]
        if accessible < rules.accessible_share * count - 1e-9:
            return False
    if len(rules.group) == 0:
        return True
    return _may_in_groups(rules, choice, opened, closed)


@compiled
def _may_in_groups(rules: Rules, choice: Any, opened: int, closed: int) -> bool:
    if closed >= 0:
        for k in range(rules.group_start[closed], rules.group_start[closed + 1]):
            group = rules.group[k]
            is_least = choice.held[group] <= rules.group_least[group]
            if is_least and (opened < 0 or not _is_in(rules, opened, group)):
                return False
    if opened >= 0:
        for k in range(rules.group_start[opened], rules.group_start[opened + 1]):
            group = rules.group[k]
            is_most = choice.held[group] >= rules.group_most[group]
            if is_most and (closed < 0 or not _is_in(rules, closed, group)):
                return False
    return True


@compiled
def _is_in(rules: Rules, site: int, group: int) -> bool:
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        if rules.group[k] == group:
            return True
    return False


@compiled
def judge_opening(rows: Rows, choice: Choice, site: int) -> tuple[float, int]:
    """Tell what opening a site saves, and note how much less closing each other site would cost.

    The second answer is how many of them are noted: in ``touched``, by how much in ``adjusted``.
    """
    saved = 0.0
    noted = 0
    for k in range(rows.from_start[site], rows.from_start[site + 1]):
        cell = rows.from_cell[k]
        cost = rows.from_cost[k]
        if cost < choice.second_cost[cell]:
            served_by = choice.first[cell]
            less = choice.second_cost[cell] - cost
            if cost < choice.first_cost[cell]:
                saved += choice.first_cost[cell] - cost
                less = choice.second_cost[cell] - choice.first_cost[cell]
            if served_by >= 0:
                if choice.adjusted[served_by] == 0.0:
                    choice.touched[noted] = served_by
                    noted += 1
                choice.adjusted[served_by] += less
    return saved, noted


@compiled
def best_closing(rules: Rules, choice: Choice, opened: int) -> tuple[int, float]:
    """Find the site whose closing costs least beside an opening that was just judged."""
    best = -1
    least = np.inf
    for k in range(choice.count[0]):
        site = choice.listed[k]
        adds = choice.loss[site] - choice.adjusted[site] - rules.fixed[site]
        if adds < least and may_change(rules, choice, opened, site):
            best = site
            least = adds
    return best, least


@compiled
def find_shortage(rules: Rules, choice: Choice) -> float:
    """Sum up how much demand open sites lack to be worth it (S4)."""
    if rules.weight_min <= 0.0:
        return 0.0
    short = 0.0
    for k in range(choice.count[0]):
        load = choice.load[choice.listed[k]]
        if load < rules.weight_min:
            short += rules.weight_min - load
    return short if short > 1e-9 * rules.weight_min else 0.0
