"""Search where people choose among sites and staying away: swaps, judged exactly."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .choose import may_change
from .compiling import compiled, kept
from .state import Rules

LOOKS = 6
"""Sites that are looked at for each that is opened or closed (chosen)."""


class Shares(NamedTuple):
    """How much sites attract each cell, and what cells do with the sites that are open."""

    start: Any
    site: Any
    attracts: Any
    from_start: Any
    from_cell: Any
    demand: Any
    outside: float
    threshold: float
    is_open: Any
    taken: Any
    """Share of each cell that goes to any site."""
    count: Any
    held: Any
    listed: Any
    place: Any


@compiled
def find_share(shares: Shares, cell: int) -> float:
    """Tell which share of a cell goes to any open site."""
    most = 0.0
    total = 0.0
    for entry in range(shares.start[cell], shares.start[cell + 1]):
        if shares.is_open[shares.site[entry]]:
            most = max(most, shares.attracts[entry])
            total += shares.attracts[entry]
    if shares.threshold > 0.0:
        total = 0.0
        for entry in range(shares.start[cell], shares.start[cell + 1]):
            attracts = shares.attracts[entry]
            if shares.is_open[shares.site[entry]] and attracts >= shares.threshold * most:
                total += attracts
    return total / (total + shares.outside)


@compiled
def _turn(rules: Rules, shares: Shares, site: int, is_open: bool, is_kept: bool) -> float:
    """Open or close a site, or only tell what of demand that would win."""
    shares.is_open[site] = is_open
    by = 0.0
    for k in range(shares.from_start[site], shares.from_start[site + 1]):
        cell = shares.from_cell[k]
        share = find_share(shares, cell)
        by += shares.demand[cell] * (share - shares.taken[cell])
        if is_kept:
            shares.taken[cell] = share
    if not is_kept:
        shares.is_open[site] = not is_open
        return by
    sign = 1 if is_open else -1
    if is_open:
        shares.place[site] = shares.count[0]
        shares.listed[shares.count[0]] = site
    else:
        last = shares.listed[shares.count[0] - 1]
        shares.listed[shares.place[site]] = last
        shares.place[last] = shares.place[site]
        shares.place[site] = -1
    shares.count[0] += sign
    shares.count[1] += sign * rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        shares.held[rules.group[k]] += sign
    return by


def _make_begin(digest: str) -> Callable[..., float]:
    def begin_shares(rules: Rules, shares: Shares, is_open: Any) -> float:
        """Open sites, then more, each where it wins most; the answer is the demand won."""
        digest  # noqa: B018
        shares.is_open[:] = False
        shares.taken[:] = 0.0
        shares.count[:] = 0
        shares.held[:] = 0
        shares.place[:] = -1
        won = 0.0
        for site in range(len(is_open)):
            if is_open[site]:
                won += _turn(rules, shares, site, True, True)
        wins = np.full(len(is_open), np.inf)
        while shares.count[0] < rules.most:
            best = -1
            most = -np.inf
            for site in np.argsort(-wins):
                if wins[site] <= most:
                    break
                if not shares.is_open[site] and may_change(rules, shares, site, -1):
                    wins[site] = _turn(rules, shares, site, True, False)
                    if wins[site] > most:
                        best = site
                        most = wins[site]
            if best < 0:
                break
            won += _turn(rules, shares, best, True, True)
            wins[best] = -np.inf
        return won

    return begin_shares


def _make_search(digest: str) -> Callable[..., float]:
    def search_shares(
        near_start: Any, near: Any, rules: Rules, shares: Shares, won: float, rng: Any, turns: int
    ) -> float:
        """Try so many swaps and keep those that win; the answer is the demand won."""
        digest  # noqa: B018
        for _ in range(turns):
            middle = rng.integers(0, len(near_start) - 1)
            begin = near_start[middle]
            width = near_start[middle + 1] - begin
            opened = -1
            most = -np.inf
            for _ in range(LOOKS):
                site = near[begin + rng.integers(0, width)]
                if not shares.is_open[site] and rules.is_held[site] == 0:
                    by = _turn(rules, shares, site, True, False)
                    if by > most:
                        opened, most = site, by
            if opened < 0:
                continue
            most = _turn(rules, shares, opened, True, True)
            closed = -1
            least = -np.inf
            is_far = rng.random() < 0.4
            begin = near_start[opened]
            width = near_start[opened + 1] - begin
            for _ in range(2 * LOOKS):
                site = near[begin + rng.integers(0, width)]
                if is_far:
                    site = shares.listed[rng.integers(0, shares.count[0])]
                if site == opened or not shares.is_open[site] or rules.is_held[site] != 0:
                    continue
                if _may_swap(rules, shares, opened, site):
                    by = _turn(rules, shares, site, False, False)
                    if by > least:
                        closed, least = site, by
            if closed >= 0 and most + least >= 0.0:
                won += most + _turn(rules, shares, closed, False, True)
            else:
                _turn(rules, shares, opened, False, True)
        return won

    return search_shares


@compiled
def _may_swap(rules: Rules, shares: Shares, opened: int, closed: int) -> bool:
    """Ask of a swap whose opening is done already."""
    _count(rules, shares, opened, -1)
    may = may_change(rules, shares, opened, closed)
    _count(rules, shares, opened, 1)
    return may


@compiled
def _count(rules: Rules, shares: Shares, site: int, sign: int) -> None:
    shares.count[0] += sign
    shares.count[1] += sign * rules.is_accessible[site]
    for k in range(rules.group_start[site], rules.group_start[site + 1]):
        shares.held[rules.group[k]] += sign


begin_shares = kept(_make_begin)
search_shares = kept(_make_search)
