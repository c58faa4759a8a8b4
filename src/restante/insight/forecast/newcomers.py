"""What to expect where nothing was seen yet: sites borrow from their like.

B1. A site's level is regressed on what is known of it (people, shops, compartments ...), over all
    sites with a history; without such columns it is that of the typical site.
B2. How wrong that is for sites whose level is known says how much a site's own days outweigh it.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from .counts import Array
from .levels import Prior

LEARN_DAYS: Final = 28
"""A site teaches others after so many days."""
RIDGE: Final = 3.0
"""Pull toward the typical site, in sites (chosen)."""
DAY_DISPERSION: Final = 0.15
"""How much days of one site differ, for the worth of one of them (measured on bicycle shares)."""
DOUBT_LEAST: Final = 0.05
DOUBT_MOST: Final = 4.0

Features = Mapping[str, Mapping[str, float]]
"""By site, then by name."""


class Borrowed(NamedTuple):
    """What like sites let expect."""

    prior: Prior
    doubt: float
    """Variance of a level over what was borrowed, as a share of its square."""


def borrow(
    values: Array, sites: Sequence[str], sizes: Sequence[str], features: Features
) -> Borrowed:
    """Tell what to believe of each series before its first day.

    Parameters
    ----------
    values
        Parcels, shape (series, days), NaN where nothing was seen.
    sites, sizes
        Whose each series is.
    features
        What is known of sites.
    """
    seen = ~np.isnan(values)
    days = seen.sum(1)
    level = np.where(seen, values, 0.0).sum(1) / np.maximum(days, 1)
    teaches = (days >= LEARN_DAYS) & (level > 0)
    if not teaches.any():
        teaches = days > 0
    logs = np.log(np.maximum(level, 0.02))
    table = _table(sites, sizes, features)
    doubt = DOUBT_MOST
    expected = np.full(len(level), float(np.log(0.05)))
    if teaches.any():
        known, target = table[teaches], logs[teaches]
        ridge = np.diag([1e-6] + [RIDGE] * (table.shape[1] - 1))
        inverse = np.linalg.inv(known.T @ known + ridge)
        expected = table @ (inverse @ (known.T @ target))
        # Left out one by one: what a site not seen would be told.
        leverage = np.clip(np.einsum("ij,jk,ik->i", known, inverse, known), 0.0, 0.95)
        errors = (target - expected[teaches]) / (1 - leverage)
        variance = float((errors**2).mean()) if len(errors) > 1 else 1.0
        doubt = float(np.clip(np.expm1(min(variance, 2.0)), DOUBT_LEAST, DOUBT_MOST))
        # The mean of what the logarithm's error allows, not the middle.
        expected = expected + min(variance, 2.0) / 2
    told = np.maximum(np.exp(expected), 0.02)
    worth = (1 + DAY_DISPERSION * told) / (doubt * told)
    return Borrowed(Prior(told, np.clip(worth, 0.05, 28.0)), doubt)


def _table(sites: Sequence[str], sizes: Sequence[str], features: Features) -> Array:
    kinds = sorted(set(sizes))[1:]
    columns = [np.ones(len(sites)), *(np.array([s == kind for s in sizes]) for kind in kinds)]
    names = sorted({name for told in features.values() for name in told})
    for name in names:
        found = np.array([features.get(site, {}).get(name, np.nan) for site in sites])
        is_known = ~np.isnan(found)
        if not is_known.any():
            continue
        # Counts of people and shops act by their order of magnitude; places may be negative.
        flat = np.log1p(found) if np.nanmin(found) >= 0 else found
        flat = np.where(is_known, flat, np.nanmean(flat))
        if (width := flat.std()) > 0:
            columns.append((flat - flat.mean()) / width)
    table: Array = np.stack(columns, axis=1).astype(float)
    return table
