"""How sure a forecast is: dispersion, and upper quantiles that cover what they say.

S1. Both are measured on forecasts of days that were not known when they were made.
S2. Quantiles of the negative binomial are corrected: where a share of days above what was said to
    be exceeded by 5 % was 8 %, the quantile is taken further out until it was 5 % (conformal).
S3. Days count less the longer ago they are, and what few days say is mixed with no correction:
    all sites of a day share its weather, so a thousand sites in a fortnight are still a fortnight.

References
----------
Angelopoulos, Candès, Tibshirani, Conformal PID control for time series prediction, 2023.
"""

from typing import Final, NamedTuple

import numpy as np

from .counts import Array, chance_up_to, measure_dispersion, quantiles

LEVELS: Final = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
"""Probabilities that quantiles are told for."""
HALF_LIFE_DAYS: Final = 56.0
DOUBT_DAYS: Final = 50.0
"""Days seen that weigh as much as believing the distribution as it is (measured: days to
come differ from those before by as much as these differed among each other)."""


class Spread(NamedTuple):
    """How far counts lie about their means."""

    dispersion: Array
    """One a series."""
    levels: Array
    """Which probability of the negative binomial is taken for each of the levels asked for."""

    def quantiles(self, mean: Array) -> Array:
        """Tell quantiles of means of shape (series, days): one level before the other."""
        return quantiles(
            mean[None], self.dispersion[None, :, None], self.levels[:, None, None]
        )  # fmt: skip


def measure_spread(
    actual: Array, mean: Array, seed: int, levels: tuple[float, ...] = LEVELS
) -> Spread:
    """Measure how far counts lay about forecasts that did not know them.

    Parameters
    ----------
    actual
        Parcels, shape (series, days), oldest first, NaN where nothing was seen.
    mean
        What had been forecast.
    seed
        Of the draw that makes whole numbers comparable with probabilities.
    levels
        Probabilities that quantiles shall be told for.
    """
    dispersion = measure_dispersion(actual, mean)
    wanted = np.array(levels)
    seen = ~np.isnan(actual)
    if not seen.any():
        return Spread(dispersion, wanted)
    there = np.where(seen, actual, 0.0)
    wide = dispersion[:, None]
    below = chance_up_to(there - 1.0, mean, wide)
    at = chance_up_to(there, mean, wide)
    drawn = np.random.default_rng(seed).random(actual.shape)
    chance = below + drawn * (at - below)
    days = actual.shape[1]
    age = np.arange(days)[::-1]
    weight = np.where(seen, 0.5 ** (age / HALF_LIFE_DAYS), 0.0)
    order = np.argsort(chance[seen], kind="stable")
    sorted_chance = chance[seen][order]
    running = np.cumsum(weight[seen][order])
    found = np.interp(wanted * running[-1], running, sorted_chance)
    effective = float((0.5 ** (age / HALF_LIFE_DAYS)).sum())
    trust = effective / (effective + DOUBT_DAYS)
    mixed = _expit(trust * _logit(found) + (1 - trust) * _logit(wanted))
    return Spread(dispersion, np.maximum.accumulate(mixed))


def _logit(share: Array) -> Array:
    inside = np.clip(share, 1e-4, 1 - 1e-4)
    found: Array = np.log(inside / (1 - inside))
    return found


def _expit(odds: Array) -> Array:
    found: Array = 1 / (1 + np.exp(-odds))
    return found
