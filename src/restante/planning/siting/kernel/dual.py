"""A bound that no choice of sites beats: each cell pays a price, and sites earn from it.

Relaxing that every cell is served once, with prices ``u``, leaves

    L(u) = sum_i u_i + min { sum_j (f_j + r_j) y_j },   r_j = sum_i min(0, c_ij - u_i),

over choices ``y`` of an allowed number of sites: sort and take. Prices follow a deflected
subgradient. A price above what an unserved cell costs would prove nothing, so there it stops.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .compiling import compiled, kept
from .state import Rows, Rules

STEP, PATIENCE, SHRINK, DEFLECTION = 0.5, 60, 0.8, 0.2
"""First step, steps without gain until it shrinks, by what, and the share of the new direction
(docs/explanation/siting.md: 388.18 against 387.95 of a plain subgradient in equal time)."""


@compiled
def find_earnings(rows: Rows, prices: Any, earnings: Any) -> None:
    """Sum up what each candidate would earn, as a negative number."""
    earnings[:] = 0.0
    for cell in range(len(prices)):
        price = prices[cell]
        for entry in range(rows.start[cell], rows.start[cell + 1]):
            less = rows.cost[entry] - price
            if less >= 0.0:
                break
            earnings[rows.site[entry]] += less


@compiled
def choose_cheapest(rules: Rules, held: Any, worth: Any, is_chosen: Any) -> float:
    """Choose an allowed number of sites such that their worth is least."""
    is_chosen[:] = False
    total = 0.0
    count = 0
    for site in range(len(worth)):
        if held[site] > 0:
            is_chosen[site] = True
            total += worth[site]
            count += 1
    for site in np.argsort(worth):
        if held[site] != 0:
            continue
        if count >= rules.most or (count >= rules.least and worth[site] >= 0.0):
            break
        is_chosen[site] = True
        total += worth[site]
        count += 1
    return total


def _make_raise_prices(digest: str) -> Callable[..., float]:
    """Make what improves prices.

    Parameters
    ----------
    held
        As in the rules, with what a branch holds beside.
    prices
        To begin from; the best ones are left here.
    cost
        Of a plan that is known.
    enough
        A bound of this much ends the search.
    step
        To begin with, as a share of the way to the cost.
    worth
        Cost and earnings of each site at the best prices are left here.
    often
        How often each site was chosen lately is left here, from 0 to 1.
    """

    def raise_prices(
        rows: Rows,
        rules: Rules,
        held: Any,
        prices: Any,
        cost: float,
        enough: float,
        steps: int,
        step: float,
        worth: Any,
        often: Any,
    ) -> float:
        """Improve prices in so many steps; the answer is the best bound."""
        digest  # noqa: B018
        cells = len(prices)
        now = prices.copy()
        best = -np.inf
        earned = np.empty(len(worth))
        is_chosen = np.zeros(len(worth), np.bool_)
        missing = np.empty(cells)
        direction = np.zeros(cells)
        is_first = True
        without_gain = 0
        for _ in range(steps):
            find_earnings(rows, now, earned)
            earned += rules.fixed
            bound = now.sum() + choose_cheapest(rules, held, earned, is_chosen)
            for site in range(len(often)):
                often[site] = 0.97 * often[site] + (0.03 if is_chosen[site] else 0.0)
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
                without_gain = 0
                now[:] = prices
                is_first = True
            if not _step(rows, is_chosen, now, missing, direction, is_first, step * (cost - bound)):
                break
            is_first = False
        return best

    return raise_prices


@compiled
def _step(
    rows: Rows,
    is_chosen: Any,
    now: Any,
    missing: Any,
    direction: Any,
    is_first: bool,
    length: float,
) -> bool:
    """Move prices: up where a cell is not served, down where it is served more than once."""
    norm = 0.0
    for cell in range(len(now)):
        price = now[cell]
        lacks = 1.0
        for entry in range(rows.start[cell], rows.start[cell + 1]):
            if rows.cost[entry] >= price:
                break
            if is_chosen[rows.site[entry]]:
                lacks -= 1.0
        missing[cell] = lacks
        turned = lacks
        if not is_first:
            turned = DEFLECTION * lacks + (1.0 - DEFLECTION) * direction[cell]
        direction[cell] = turned
        if not (price >= rows.unserved[cell] and turned > 0.0):
            norm += turned * turned
    if norm < 1e-12:
        return False
    for cell in range(len(now)):
        price = now[cell] + length / norm * direction[cell]
        now[cell] = min(max(price, 0.0), rows.unserved[cell])
    return True


@compiled
def find_holds(rules: Rules, held: Any, worth: Any, bound: float, enough: float) -> int:
    """Hold what no plan below ``enough`` does otherwise; the answer is how many that are.

    Opening a site that is not chosen, or closing one that is, adds to the bound the difference to
    what it takes the place of.
    """
    is_chosen = np.zeros(len(worth), np.bool_)
    choose_cheapest(rules, held, worth, is_chosen)
    count = is_chosen.sum()
    dearest = -np.inf
    cheapest = np.inf
    for site in range(len(worth)):
        if held[site] == 0:
            if is_chosen[site]:
                dearest = max(dearest, worth[site])
            else:
                cheapest = min(cheapest, worth[site])
    spared = max(dearest, 0.0) if count < rules.most else dearest
    added = min(cheapest, 0.0) if count > rules.least else cheapest
    holds = 0
    for site in range(len(worth)):
        if held[site] != 0:
            continue
        if is_chosen[site]:
            if bound - worth[site] + added >= enough:
                held[site] = 1
                holds += 1
        elif bound + worth[site] - spared >= enough:
            held[site] = -1
            holds += 1
    return holds


def _make_hold(digest: str) -> Callable[..., int]:
    def hold(rules: Rules, held: Any, worth: Any, bound: float, enough: float) -> int:
        """Call :func:`find_holds` from outside."""
        digest  # noqa: B018
        return find_holds(rules, held, worth, bound, enough)

    return hold


def _make_start_prices(digest: str) -> Callable[..., None]:
    def start_prices(rows: Rows, is_open: Any, prices: Any) -> None:
        """Begin between what cells pay at their nearest and at their second nearest site."""
        digest  # noqa: B018
        for cell in range(len(prices)):
            first = rows.unserved[cell]
            second = rows.unserved[cell]
            seen = 0
            for entry in range(rows.start[cell], rows.start[cell + 1]):
                if is_open[rows.site[entry]]:
                    if seen == 0:
                        first = rows.cost[entry]
                    else:
                        second = rows.cost[entry]
                        break
                    seen += 1
            prices[cell] = 0.5 * (first + second)

    return start_prices


raise_prices = kept(_make_raise_prices)
hold = kept(_make_hold)
start_prices = kept(_make_start_prices)
