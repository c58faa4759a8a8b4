"""How much there is just now: a discounted level for every series, known at every day.

L1. A level is gamma distributed; each seen day adds its parcels and its expectation, and what was
    known before counts less by a discount. So a series with few parcels moves slowly by itself.
L2. Several discounts run side by side; each series weighs them by how well they had forecast the
    weeks before, pooled with all series.
L3. A series begins with what its like let expect, worth as much as that was found to be right.
"""

from typing import Final, NamedTuple

import numpy as np

from .counts import Array

DISCOUNTS: Final = (0.02, 0.05, 0.1, 0.2, 0.3)
"""Shares of what was known that a day takes away."""
AHEAD_DAYS: Final = 7
"""How far ahead discounts are compared: about the middle of what is forecast."""
COMPARED_DAYS: Final = 84
"""Over how many of the last days."""
POOL_DAYS: Final = 84.0
"""Days of its own that weigh as much as those of all series together."""
SHARPNESS: Final = 20.0
"""How much more a discount weighs the better it was (measured: docs/explanation/forecasts.md)."""


class Prior(NamedTuple):
    """What is believed of each series before its first day."""

    level: Array
    """Parcels a usual day."""
    days: Array
    """How many seen days that is worth."""


class Levels(NamedTuple):
    """Levels of all series before each day."""

    by_discount: Array
    """Shape (discounts, series, days + 1); of day ``t`` knows days before ``t`` only."""
    weights: Array
    """Shape (series, discounts)."""

    def before(self, day: int) -> Array:
        """Tell the level of each series that is known before a day."""
        found: Array = np.einsum("ds,sd->s", self.by_discount[:, :, day], self.weights)
        return found

    def all(self) -> Array:
        """Tell levels before every day, shape (series, days + 1)."""
        found: Array = np.einsum("dst,sd->st", self.by_discount, self.weights)
        return found


def follow_levels(values: Array, factor: Array, prior: Prior) -> Levels:
    """Follow the levels through all days that were seen.

    Parameters
    ----------
    values
        Parcels, shape (series, days), NaN where nothing was seen.
    factor
        What weekday and special days make of a level, for at least as many days.
    prior
        Before the first day.
    """
    series, days = values.shape
    seen = ~np.isnan(values)
    there = np.where(seen, values, 0.0).T.copy()
    expected = np.where(seen, factor[:, :days], 0.0).T.copy()
    keep = np.where(seen.T[:, None], 1.0 - np.array(DISCOUNTS)[:, None], 1.0)
    found = np.empty((days + 1, len(DISCOUNTS), series))
    parcels = np.tile(prior.level * prior.days, (len(DISCOUNTS), 1))
    weight = np.tile(prior.days, (len(DISCOUNTS), 1))
    for day in range(days):
        found[day] = parcels / weight
        parcels *= keep[day]
        parcels += there[day]
        weight *= keep[day]
        weight += expected[day]
    found[days] = parcels / weight
    by_discount = found.transpose(1, 2, 0)
    return Levels(by_discount, _weigh(values, factor, by_discount))


def _weigh(values: Array, factor: Array, by_discount: Array) -> Array:
    days = values.shape[1]
    first = max(AHEAD_DAYS, days - COMPARED_DAYS)
    if first >= days:
        return np.full((values.shape[0], len(DISCOUNTS)), 1.0 / len(DISCOUNTS))
    actual = values[:, first:]
    seen = ~np.isnan(actual)
    errors = np.empty((values.shape[0], len(DISCOUNTS)))
    for i, levels in enumerate(by_discount):
        forecast = levels[:, first - AHEAD_DAYS : days - AHEAD_DAYS] * factor[:, first:days]
        errors[:, i] = np.where(seen, np.abs(actual - forecast), 0.0).sum(1)
    count = seen.sum(1)[:, None]
    # Errors relative to the best discount, of each series and of all.
    scale = np.maximum(errors.min(1, keepdims=True), 1e-9)
    own = errors / scale
    pooled = errors.sum(0) / max(errors.sum(0).min(), 1e-9)
    relative = (count * own + POOL_DAYS * pooled) / (count + POOL_DAYS)
    weights = np.exp(-SHARPNESS * (relative - relative.min(1, keepdims=True)))
    found: Array = weights / weights.sum(1, keepdims=True)
    return found
