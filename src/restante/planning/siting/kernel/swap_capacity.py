"""Search among sites that can take only so much: changes that prices promise, then judged."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .choose import may_change
from .compiling import compiled, kept
from .state import Rules
from .transport import (
    LOG_ROOM,
    Flows,
    close_column,
    judge_close,
    judge_open,
    offer,
    open_column,
    pull,
    serve_all,
    take_back,
    withdraw,
)

LOOKS = 5
"""Sites that are looked at for each that is opened or closed (chosen)."""

FAR = 0.25
"""Share of changes that close a site anywhere rather than near the opened one (chosen)."""


FEW = 24
"""With no more open sites than this, all of them are looked at for closing (chosen)."""


@compiled
def _enlist(rules: Rules, flows: Flows, site: int) -> None:
    flows.place[site] = flows.count[0]
    flows.listed[flows.count[0]] = site
    flows.count[0] += 1
    flows.count[1] += rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        flows.held[rules.group[k]] += 1


@compiled
def _delist(rules: Rules, flows: Flows, site: int) -> None:
    flows.count[0] -= 1
    last = flows.listed[flows.count[0]]
    flows.listed[flows.place[site]] = last
    flows.place[last] = flows.place[site]
    flows.place[site] = -1
    flows.count[1] -= rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        flows.held[rules.group[k]] -= 1


@compiled
def _pick_opened(
    near_start: Any,
    near: Any,
    rules: Rules,
    flows: Flows,
    rng: Any,
    less: Any,
    part: Any,
    cells: Any,
) -> tuple[int, float]:
    """Find a closed site near one that chance names, by what prices promise."""
    middle = rng.integers(0, len(near_start) - 1)
    begin, width = near_start[middle], near_start[middle + 1] - near_start[middle]
    best, most = -1, -np.inf
    for _ in range(LOOKS):
        site = near[begin + rng.integers(0, width)]
        if not flows.is_open[site] and rules.is_held[site] == 0:
            saved = judge_open(flows, site, less, part, cells) - rules.fixed[site]
            if saved > most:
                best, most = site, saved
    return best, most


@compiled
def _pick_closed(
    near_start: Any, near: Any, rules: Rules, flows: Flows, rng: Any, opened: int
) -> tuple[int, float]:
    """Find an open site whose closing costs little: near the opened one, anywhere, or of all."""
    is_far = opened < 0 or rng.random() < FAR
    begin, width = 0, 0
    if not is_far:
        begin, width = near_start[opened], near_start[opened + 1] - near_start[opened]
    looks = flows.count[0] if flows.count[0] <= FEW else 4 * LOOKS
    best, least = -1, np.inf
    for k in range(looks):
        if flows.count[0] <= FEW:
            site = flows.listed[k]
        elif is_far:
            site = flows.listed[rng.integers(0, flows.count[0])]
        else:
            site = near[begin + rng.integers(0, width)]
        if not flows.is_open[site] or rules.is_held[site] != 0 or site in (best, opened):
            continue
        if may_change(rules, flows, opened, site):
            adds = judge_close(flows, site) - rules.fixed[site]
            if adds < least:
                best, least = site, adds
    return best, least


@compiled
def _attempt(
    near_start: Any,
    near: Any,
    rules: Rules,
    flows: Flows,
    rng: Any,
    opened: int,
    is_swap: bool,
    bar: float,
) -> tuple[int, float]:
    """Open a site, close one beside it; the answer is which, and what costs change by.

    Prices after the opening tell what a closing costs at least: above the bar it is not done.
    """
    by = 0.0
    if opened >= 0:
        open_column(flows, opened)
        by = pull(flows, opened) + rules.fixed[opened]
    closed, adds = -1, 0.0
    if is_swap:
        closed, adds = _pick_closed(near_start, near, rules, flows, rng, opened)
    if opened >= 0:
        _enlist(rules, flows, opened)
    if is_swap and closed < 0:
        return -1, np.inf
    if by + adds > bar:
        return -1, np.inf
    if closed >= 0:
        _delist(rules, flows, closed)
        by -= rules.fixed[closed]
        by += close_column(flows, closed, bar - by)
    return closed, by


@compiled
def _take_back(rules: Rules, flows: Flows, opened: int, closed: int) -> None:
    if opened >= 0:
        _delist(rules, flows, opened)
        withdraw(flows, opened)
    if closed >= 0:
        _enlist(rules, flows, closed)
        offer(flows, closed)
    take_back(flows)


@compiled
def find_short(rules: Rules, flows: Flows) -> float:
    """Sum up how much demand open sites lack to be worth it (S4)."""
    short = 0.0
    if rules.weight_min > 0.0:
        for k in range(flows.count[0]):
            short += max(0.0, rules.weight_min - flows.load[flows.listed[k]])
    return short


def _make_begin(digest: str) -> Callable[..., float]:
    def begin_capacity(rules: Rules, flows: Flows, is_open: Any) -> float:
        """Serve all from a choice; the answer is what it costs."""
        digest  # noqa: B018
        flows.count[:] = 0
        flows.held[:] = 0
        flows.place[:] = -1
        by = 0.0
        for site in range(len(is_open)):
            flows.is_open[site] = is_open[site]
            if is_open[site]:
                _enlist(rules, flows, site)
                by += rules.fixed[site]
        flows.is_open[len(is_open)] = True
        return by + serve_all(flows)

    return begin_capacity


def _make_search(digest: str) -> Callable[..., tuple[float, float]]:
    def search_capacity(
        near_start: Any,
        near: Any,
        rules: Rules,
        flows: Flows,
        cost: float,
        best: Any,
        best_cost: float,
        rng: Any,
        turns: int,
        heat: float,
    ) -> tuple[float, float]:
        """Try so many changes; the answer is what the last and the best choice cost."""
        digest  # noqa: B018
        less, part = np.empty(len(flows.demand) + 1), np.empty(len(flows.demand) + 1)
        cells = np.empty(len(flows.demand) + 1, np.int64)
        short = find_short(rules, flows)
        is_free = rules.least < rules.most
        for _ in range(turns):
            opened, saved = _pick_opened(near_start, near, rules, flows, rng, less, part, cells)
            chance = rng.random()
            if is_free and chance < 0.25:
                opened, saved = -1, 0.0
            elif opened < 0:
                continue
            is_swap = not is_free or chance >= 0.5 or not may_change(rules, flows, opened, -1)
            is_swap = is_swap or opened < 0
            bar = -heat * np.log(1.0 - rng.random())
            if not is_swap and -saved > bar:
                continue
            load, price = flows.load.copy(), flows.price.copy()
            flows.count[2] = 0
            closed, by = _attempt(near_start, near, rules, flows, rng, opened, is_swap, bar)
            if by <= bar or flows.count[2] > LOG_ROOM:
                short_after = find_short(rules, flows)
                if short_after <= short or flows.count[2] > LOG_ROOM:
                    cost += by
                    short = short_after
                    if cost < best_cost - 1e-11 * abs(best_cost) and short <= 0.0:
                        best_cost = cost
                        best[:] = flows.is_open[: len(best)]
                    continue
            _take_back(rules, flows, opened, closed)
            flows.load[:] = load
            flows.price[:] = price
        return cost, best_cost

    return search_capacity


begin_capacity = kept(_make_begin)
search_capacity = kept(_make_search)
