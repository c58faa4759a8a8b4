"""Hours of a day: how a day's parcels are spread over it, by weekday.

H1. A day's forecast is split by the shares of its weekday's hours; shares of a series are shrunk
    toward those of all series, and the last half year counts.
H2. Quantiles of hours are measured as those of days are, on days that were not known.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from .calendar import Calendar
from .counts import MEAN_LEAST, Array
from .history import History
from .result import Line
from .spread import measure_spread

HOURS: Final = 24
PROFILE_DAYS: Final = 182
PROFILE_PARCELS: Final = 60.0
"""Parcels of its own that weigh as much in a weekday's profile as those of all series (chosen)."""
MEASURED_DAYS: Final = 28


def find_profile(hourly: Array, calendar: Calendar) -> Array:
    """Find shares of hours, shape (series, 7, 24), each weekday summing to 1."""
    days = hourly.shape[1]
    first = max(0, days - PROFILE_DAYS)
    there = np.nan_to_num(hourly[:, first:])
    weekday = calendar.weekday[first:days]
    parcels = np.stack([there[:, weekday == one].sum(1) for one in range(7)], axis=1)
    of_weekday = parcels.sum(0)
    whole = of_weekday.sum(0) + 1e-3
    pooled = of_weekday + 10 * whole / whole.sum()
    pooled /= pooled.sum(1, keepdims=True)
    own = parcels + PROFILE_PARCELS * pooled
    found: Array = own / own.sum(2, keepdims=True)
    return found


def forecast_hours(
    history: History,
    calendar: Calendar,
    lines: Sequence[Line],
    rolled: Sequence[tuple[Array, Array]],
    seed: int,
) -> list[Line]:
    """Split the lines of days into hours.

    Parameters
    ----------
    history
        With hours.
    calendar
        Of its days and those ahead.
    lines
        Of days, in the order of its series.
    rolled
        What came and what had been forecast of the same series, oldest first, up to its last day.
    seed
        Of all chance.
    """
    hourly = history.hourly
    assert hourly is not None, "hours are asked of a history that has them"
    series, days = history.values.shape
    mean = np.concatenate([one for _, one in rolled], axis=1)[:, -MEASURED_DAYS:]
    first = days - mean.shape[1]
    before = find_profile(hourly[:, :first], calendar)
    said = mean[:, :, None] * before[:, calendar.weekday[first:days]]
    spread = measure_spread(
        hourly[:, first:].reshape(series, -1),
        np.maximum(said.reshape(series, -1), MEAN_LEAST),
        seed,
    )
    profile = find_profile(hourly, calendar)
    ahead = calendar.weekday[days:]
    told = []
    for i, line in enumerate(lines):
        means = np.array(line.mean)[:, None] * profile[i][ahead]
        one = spread._replace(dispersion=spread.dispersion[i : i + 1])
        found = one.quantiles(means.reshape(1, -1))[:, 0].reshape(len(spread.levels), -1, HOURS)
        told += [
            Line(
                "hour", line.site, line.size, line.district,
                means[:, hour].round(4).tolist(), found[:, :, hour].tolist(), hour,
            )
            for hour in range(HOURS)
        ]  # fmt: skip
    return told
