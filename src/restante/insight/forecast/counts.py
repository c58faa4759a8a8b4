"""Counts of parcels: negative binomial about a mean, and how wide.

N1. A count with mean ``m`` has variance ``m + phi * m ** 2``; ``phi`` is the dispersion.
N2. Dispersion is pooled: what series of like means show together, and each of its own as far as
    its days say something. It is measured on forecasts that did not know the days.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

Array = NDArray[np.float64]

MEAN_LEAST: Final = 1e-3
"""Parcels a day that a forecast says at least: a day without any is never certain."""
DISPERSION_LEAST: Final = 5e-3
"""Below it counts are as good as Poisson's."""
DISPERSION_MOST: Final = 20.0
POOL_DAYS: Final = 30.0
"""Days of its own that weigh as much as what all series of like means show (chosen)."""
GROUPS: Final = 10
"""Of series of like means."""


def quantiles(mean: Array, dispersion: Array, levels: Array) -> Array:
    """Tell the smallest counts that are not exceeded with these probabilities.

    Parameters
    ----------
    mean, dispersion
        Of any shape that fits each other.
    levels
        Probabilities, of a shape that fits the others.
    """
    size, share = _size_and_share(mean, dispersion)
    found: Array = np.asarray(nbinom.ppf(levels, size, share), dtype=float)
    return found


def chance_up_to(counts: Array, mean: Array, dispersion: Array) -> Array:
    """Tell the probability of at most so many; counts may lie below zero."""
    size, share = _size_and_share(mean, dispersion)
    found: Array = np.asarray(nbinom.cdf(counts, size, share), dtype=float)
    return found


def measure_dispersion(actual: Array, mean: Array) -> Array:
    """Measure the dispersion of each series from forecasts that did not know the days.

    Parameters
    ----------
    actual
        Parcels, shape (series, days), NaN where nothing was seen.
    mean
        What had been forecast, of the same shape.

    Returns
    -------
    NDArray
        One number a series.
    """
    seen = ~np.isnan(actual)
    there = np.where(seen, mean, 0.0)
    squares = np.where(seen, (actual - mean) ** 2 - mean, 0.0).sum(1)
    weights = (there**2).sum(1)
    days = seen.sum(1)
    typical = mean.mean(1)
    order = np.argsort(typical, kind="stable")
    pooled = np.empty(len(order))
    for part in np.array_split(order, min(GROUPS, max(1, len(order) // 5))):
        pooled[part] = squares[part].sum() / max(weights[part].sum(), 1e-9)
    pooled = np.maximum(pooled, DISPERSION_LEAST)
    per_day = weights / np.maximum(days, 1) + 1e-9
    own = (squares + POOL_DAYS * per_day * pooled) / (weights + POOL_DAYS * per_day)
    found: Array = np.clip(own, DISPERSION_LEAST, DISPERSION_MOST)
    return found


def _size_and_share(mean: Array, dispersion: Array) -> tuple[Array, Array]:
    size = 1.0 / dispersion
    return size, size / (size + np.maximum(mean, MEAN_LEAST))
