"""Where a whole network is going, while nobody has seen a year of it.

T1. With more than a year, seasons are learned from the last one. With less, what the last fortnight
    was beside the one before goes on, by half: half, because drifts end (measured on two sets; on
    one with two years it made forecasts worse, so it is not used there).
T2. It is that of the network: two fortnights of one site say little.
"""

from typing import Final

import numpy as np

from .counts import Array

YEAR_DAYS: Final = 364
SPAN_DAYS: Final = 14
SEEN_DAYS: Final = 7
SHARE: Final = 0.5
DAILY_MOST: Final = 0.02
"""More in a day is an event, no drift."""


def find_drift(values: Array, horizon: int) -> Array:
    """Tell what the network's drift makes of each day ahead, shape (horizon,).

    Parameters
    ----------
    values
        Parcels, shape (series, days), NaN where nothing was seen.
    horizon
        Days ahead.
    """
    days = values.shape[1]
    if days > YEAR_DAYS or days < 2 * SPAN_DAYS:
        return np.ones(horizon)
    last, before = values[:, -SPAN_DAYS:], values[:, -2 * SPAN_DAYS : -SPAN_DAYS]
    # Only series seen in both: one that opened is no growth of the others.
    enough = [(~np.isnan(part)).sum(1) >= SEEN_DAYS for part in (last, before)]
    both = enough[0] & enough[1]
    if not both.any():
        return np.ones(horizon)
    now, then = np.nanmean(last[both], axis=1).sum(), np.nanmean(before[both], axis=1).sum()
    if not (now > 0 and then > 0):
        return np.ones(horizon)
    daily = np.clip(np.log(now / then) / SPAN_DAYS, -DAILY_MOST, DAILY_MOST)
    ahead = np.minimum(np.arange(horizon) + 1, 2 * SPAN_DAYS)
    found: Array = np.exp(SHARE * daily * ahead)
    return found
