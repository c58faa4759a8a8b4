"""Search by swaps: descend, kick, descend nearby, take it or take it back."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .choose import (
    best_closing,
    close_site,
    find_shortage,
    judge_opening,
    may_change,
    open_site,
    take_up,
)
from .compiling import compiled, kept
from .state import Choice, Rows, Rules

SWAPS_MOST = 4
"""Sites a kick swaps at most (chosen)."""


@compiled
def _queue_near(rows: Rows, choice: Choice, site: int, ends: Any) -> None:
    for k in range(rows.near_start[site], rows.near_start[site + 1]):
        _queue(choice, rows.near[k], ends)


@compiled
def _queue(choice: Choice, site: int, ends: Any) -> None:
    """Queue a candidate; ``ends`` holds where to take from, where to put, and how many wait."""
    if not choice.is_queued[site]:
        choice.is_queued[site] = True
        choice.queue[ends[1]] = site
        ends[1] = (ends[1] + 1) % len(choice.queue)
        ends[2] += 1


@compiled
def _take(choice: Choice, ends: Any) -> int:
    site = int(choice.queue[ends[0]])
    ends[0] = (ends[0] + 1) % len(choice.queue)
    ends[2] -= 1
    choice.is_queued[site] = False
    return site


@compiled
def change(rows: Rows, rules: Rules, choice: Choice, opened: int, closed: int, ends: Any) -> float:
    """Open and close, note it, and queue whatever is near."""
    by = 0.0
    if opened >= 0:
        by += open_site(rows, rules, choice, opened)
        _queue_near(rows, choice, opened, ends)
    if closed >= 0:
        by += close_site(rows, rules, choice, closed)
        _queue_near(rows, choice, closed, ends)
    choice.log[ends[3], 0] = opened
    choice.log[ends[3], 1] = closed
    ends[3] += 1
    return by


@compiled
def undo(rows: Rows, rules: Rules, choice: Choice, ends: Any) -> None:
    """Take back what was noted, the last first."""
    while ends[3] > 0:
        ends[3] -= 1
        opened = choice.log[ends[3], 0]
        closed = choice.log[ends[3], 1]
        if closed >= 0:
            open_site(rows, rules, choice, closed)
        if opened >= 0:
            close_site(rows, rules, choice, opened)


@compiled
def _look_at(rows: Rows, rules: Rules, choice: Choice, site: int, ends: Any, least: float) -> float:
    """Make the best change that opens a closed site, if it saves anything."""
    saved, noted = judge_opening(rows, choice, site)
    saved -= rules.fixed[site]
    closed = -1
    adds = 0.0
    if not may_change(rules, choice, site, -1):
        closed, adds = best_closing(rules, choice, site)
    elif choice.count[0] > 0:
        other, other_adds = best_closing(rules, choice, site)
        if other >= 0 and other_adds < 0.0:
            closed, adds = other, other_adds
    for k in range(noted):
        choice.adjusted[choice.touched[k]] = 0.0
    may = closed >= 0 or may_change(rules, choice, site, -1)
    if may and saved - adds > least:
        return change(rows, rules, choice, site, closed, ends)
    return 0.0


@compiled
def descend(rows: Rows, rules: Rules, choice: Choice, ends: Any, least: float) -> float:
    """Make changes that save something until no queued candidate knows one."""
    by = 0.0
    room = len(choice.log) - 8
    while ends[2] > 0 and ends[3] < room:
        site = _take(choice, ends)
        if not choice.is_open[site]:
            if rules.is_held[site] == 0:
                by += _look_at(rows, rules, choice, site, ends, least)
        elif (
            choice.count[0] > rules.least
            and rules.fixed[site] - choice.loss[site] > least
            and may_change(rules, choice, -1, site)
        ):
            by += change(rows, rules, choice, -1, site, ends)
    while ends[2] > 0:
        _take(choice, ends)
    return by


@compiled
def _kick(rows: Rows, rules: Rules, choice: Choice, rng: Any, ends: Any) -> float:
    """Swap some sites near one that chance names."""
    by = 0.0
    middle = rng.integers(0, len(choice.is_open))
    begin = rows.near_start[middle]
    width = rows.near_start[middle + 1] - begin
    is_free = rules.least < rules.most
    for _ in range(rng.integers(1, SWAPS_MOST + 1)):
        opened = -1
        closed = -1
        for _ in range(30):
            site = rows.near[begin + rng.integers(0, width)]
            if choice.is_open[site]:
                if closed < 0 and rules.is_held[site] == 0:
                    closed = site
            elif opened < 0 and rules.is_held[site] == 0:
                opened = site
            if opened >= 0 and closed >= 0:
                break
        if is_free:
            chance = rng.random()
            if chance < 0.25:
                opened = -1
            elif chance < 0.5:
                closed = -1
        if not is_free and (opened < 0 or closed < 0):
            continue
        if (opened >= 0 or closed >= 0) and may_change(rules, choice, opened, closed):
            by += change(rows, rules, choice, opened, closed, ends)
    return by


def _make_grow(digest: str) -> Callable[..., float]:
    def grow(rows: Rows, rules: Rules, choice: Choice) -> float:
        """Open sites one by one, each where it saves most, from what is open to begin with."""
        digest  # noqa: B018
        total = take_up(rows, rules, choice)
        candidates = len(choice.is_open)
        saves = np.empty(candidates)
        is_stale = np.zeros(candidates, np.bool_)
        for site in range(candidates):
            saves[site] = _saves(rows, rules, choice, site)
        while choice.count[0] < rules.most:
            best = _pick(rows, rules, choice, saves, is_stale)
            if best < 0 or (saves[best] <= 0.0 and choice.count[0] >= rules.least):
                break
            total += open_site(rows, rules, choice, best)
            is_stale[:] = True
        return total

    return grow


@compiled
def _saves(rows: Rows, rules: Rules, choice: Choice, site: int) -> float:
    if choice.is_open[site] or not may_change(rules, choice, site, -1):
        return -np.inf
    saved = -float(rules.fixed[site])
    for k in range(rows.from_start[site], rows.from_start[site + 1]):
        less = choice.first_cost[rows.from_cell[k]] - rows.from_cost[k]
        if less > 0.0:
            saved += less
    return saved


@compiled
def _pick(rows: Rows, rules: Rules, choice: Choice, saves: Any, is_stale: Any) -> int:
    """Find what saves most. What was saved before says at most how much is saved now."""
    while True:
        best = -1
        most = -np.inf
        for site in range(len(saves)):
            if saves[site] > most and not choice.is_open[site]:
                most = saves[site]
                best = site
        if best < 0 or not is_stale[best]:
            return best
        saves[best] = _saves(rows, rules, choice, best)
        is_stale[best] = False


def _make_search(digest: str) -> Callable[..., tuple[float, float]]:
    def search(
        rows: Rows, rules: Rules, choice: Choice, best: Any, rng: Any, turns: int
    ) -> tuple[float, float]:
        """Kick and descend so many times from the choice; the best one is left in ``best``.

        The answer is what the best one costs, and how much demand its sites lack (S4).
        """
        digest  # noqa: B018
        cost = take_up(rows, rules, choice)
        short = find_shortage(rules, choice)
        least = 1e-11 * abs(cost) + 1e-12
        ends = np.zeros(4, np.int64)
        for site in rng.permutation(len(choice.is_open)):
            _queue(choice, site, ends)
        while ends[2] > 0:
            cost += descend(rows, rules, choice, ends, least)
            ends[3] = 0
        short = find_shortage(rules, choice)
        best[:] = choice.is_open
        best_cost = cost
        best_short = short
        for _ in range(turns):
            ends[3] = 0
            after = cost + _kick(rows, rules, choice, rng, ends)
            after += descend(rows, rules, choice, ends, least)
            short_after = find_shortage(rules, choice)
            if short_after < short or (short_after == short and after <= cost + least):
                cost = after
                short = short_after
                if short < best_short or (short == best_short and cost < best_cost - least):
                    best_cost = cost
                    best_short = short
                    best[:] = choice.is_open
            else:
                undo(rows, rules, choice, ends)
        return best_cost, best_short

    return search


grow = kept(_make_grow)
search = kept(_make_search)
