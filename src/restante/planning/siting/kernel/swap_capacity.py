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


PROMISE = 0.5
"""A change is judged when it saves more than this share of what closing costs at least: prices do
not know that the opened site may serve whom the closed one served (chosen)."""


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
def change(rules: Rules, flows: Flows, opened: int, closed: int) -> float:
    """Open a site and close another; -1 is none. The answer is what costs change by."""
    by = 0.0
    if opened >= 0:
        open_column(flows, opened)
        _enlist(rules, flows, opened)
        by += pull(flows, opened) + rules.fixed[opened]
    if closed >= 0:
        _delist(rules, flows, closed)
        by += close_column(flows, closed) - rules.fixed[closed]
    return by


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
    """Find an open site whose closing costs little, near the opened one or anywhere."""
    is_far = opened < 0 or rng.random() < FAR
    begin, width = 0, 0
    if not is_far:
        begin, width = near_start[opened], near_start[opened + 1] - near_start[opened]
    best, least = -1, np.inf
    for _ in range(LOOKS if is_far else 3 * LOOKS):
        if is_far:
            site = flows.listed[rng.integers(0, flows.count[0])]
        else:
            site = near[begin + rng.integers(0, width)]
        if not flows.is_open[site] or rules.is_held[site] != 0 or site == best:
            continue
        if may_change(rules, flows, opened, site):
            adds = judge_close(flows, site) - rules.fixed[site]
            if adds < least:
                best, least = site, adds
    return best, least


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
            closed, adds = -1, 0.0
            chance = rng.random()
            if is_free and chance < 0.25:
                opened, saved = -1, 0.0
            if (not is_free and opened < 0) or (opened < 0 and chance >= 0.25):
                continue
            if (
                not is_free
                or chance < 0.25
                or chance >= 0.5
                or not may_change(rules, flows, opened, -1)
            ):
                closed, adds = _pick_closed(near_start, near, rules, flows, rng, opened)
                if closed < 0:
                    continue
            bar = -heat * np.log(1.0 - rng.random())
            if PROMISE * adds - saved > bar or not may_change(rules, flows, opened, closed):
                continue
            load, price = flows.load.copy(), flows.price.copy()
            flows.count[2] = 0
            by = change(rules, flows, opened, closed)
            short_after = find_short(rules, flows)
            is_kept = short_after < short or (short_after <= short and by <= bar)
            if is_kept or flows.count[2] > LOG_ROOM:
                cost += by
                short = short_after
                if cost < best_cost - 1e-11 * abs(best_cost) and short <= 0.0:
                    best_cost = cost
                    best[:] = flows.is_open[: len(best)]
                continue
            if opened >= 0:
                _delist(rules, flows, opened)
                withdraw(flows, opened)
            if closed >= 0:
                _enlist(rules, flows, closed)
                offer(flows, closed)
            take_back(flows)
            flows.load[:] = load
            flows.price[:] = price
        return cost, best_cost

    return search_capacity


begin_capacity = kept(_make_begin)
search_capacity = kept(_make_search)
