"""What repeats: each series' weekdays, and what holidays and events make of a day.

R1. A day's parcels are expected to be ``level x weekday x special day``.
R2. Weekdays of a series are shrunk toward those of all series: a series with few parcels keeps the
    rhythm of its network.
R3. A special day's factor is what was seen on it, over what level and weekday let expect. The level
    is that of the weeks about it without special days, so that a peak of weeks is not taken for a
    higher level. It is pooled over all series, because each holiday comes but once a year.
R4. A holiday's factor is shrunk toward that of all holidays, an event's toward what its operator
    says (1 if nothing), in days on which it was seen.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .calendar import Calendar
from .counts import Array

WEEKDAY_PARCELS: Final = 40.0
"""Parcels of its own after which a weekday's share is as much its own as its network's (measured:
docs/explanation/forecasts.md)."""
WEEKDAY_HALF_LIFE_DAYS: Final = 182.0
"""How fast old weeks stop to count (chosen)."""
HOLIDAY_DAYS: Final = 2.0
"""Days of the same holiday that weigh as much as all other holidays together (chosen)."""
EVENT_DAYS: Final = 2.0
"""Days of an event that weigh as much as what was said of it (chosen)."""
AROUND_DAYS: Final = 28
"""How far about a special day the usual level is looked for."""
FACTOR_LEAST: Final = 0.02


class Rhythm(NamedTuple):
    """What repeats, for all series and all days of a calendar."""

    weekday: Array
    """Shape (series, 7), Monday first; its mean over a series' usual days is 1."""
    special: Array
    """One factor a day; 1 on usual days."""
    factor: Array
    """Both together, shape (series, days)."""


def find_rhythm(values: Array, calendar: Calendar) -> Rhythm:
    """Find what repeats in days that were seen.

    Parameters
    ----------
    values
        Parcels, shape (series, days seen), NaN where nothing was seen.
    calendar
        Of these days and as many more as shall be forecast.
    """
    days = values.shape[1]
    is_usual = ~calendar.is_special[:days]
    if not is_usual.any():
        is_usual = np.ones(days, dtype=bool)
    weekday = _find_weekdays(values, calendar.weekday[:days], is_usual)
    special = _find_special(values, weekday, is_usual, calendar)
    return Rhythm(weekday, special, weekday[:, calendar.weekday] * special)


def _find_weekdays(values: Array, weekday: NDArray[np.intp], usual: NDArray[np.bool_]) -> Array:
    age = np.arange(values.shape[1])[::-1]
    weight = 0.5 ** (age / WEEKDAY_HALF_LIFE_DAYS) * usual
    seen = ~np.isnan(values)
    there = np.where(seen, values, 0.0)
    of_day = (weekday[:, None] == np.arange(7)).astype(float) * weight[:, None]
    parcels, days = there @ of_day, seen.astype(float) @ of_day
    pooled = (parcels.sum(0) + 1e-9) / np.maximum(days.sum(0), 1e-9)
    pooled = np.where(days.sum(0) > 0, pooled, pooled[days.sum(0) > 0].mean())
    pooled = np.maximum(pooled / max(pooled.mean(), 1e-9), 1e-3)
    level = np.maximum(parcels.sum(1) / np.maximum(days @ pooled, 1e-9), 1e-3)
    own = (parcels + WEEKDAY_PARCELS * pooled) / (level[:, None] * days + WEEKDAY_PARCELS)
    usual_mean = (own * days).sum(1) / np.maximum(days.sum(1), 1e-9)
    found: Array = own / np.where(usual_mean > 0, usual_mean, 1.0)[:, None]
    return found


def _find_special(
    values: Array, weekday: Array, usual: NDArray[np.bool_], calendar: Calendar
) -> Array:
    days = values.shape[1]
    expected_shape = np.where(np.isnan(values), 0.0, weekday[:, calendar.weekday[:days]])
    total = np.nansum(values, axis=0)
    # Sums over all series; a level about each day without the special days.
    around = np.ones(2 * AROUND_DAYS + 1)
    seen_sum = np.convolve(np.where(usual, total, 0.0), around, "same")[:days] if days else total
    # A day's expectation is its series' levels times weekday; levels of series differ, so each
    # series' mean weighs its weekdays.
    mean = np.nansum(values, axis=1) / np.maximum((~np.isnan(values)).sum(1), 1)
    shape = mean @ expected_shape
    shape_sum = np.convolve(np.where(usual, shape, 0.0), around, "same")[:days]
    level = np.where(shape_sum > 0, seen_sum / np.maximum(shape_sum, 1e-9), 1.0)
    expected = level * shape
    ratio = np.where(expected > 0, total / np.maximum(expected, 1e-9), np.nan)
    found = np.ones(len(calendar.weekday))
    holidays = [kind for kind in calendar.kinds if kind.is_holiday]
    pooled = _mean_factor(
        ratio, np.any([kind.days[:days] for kind in holidays], axis=0) if holidays else None
    )
    for kind in calendar.kinds:
        seen = ratio[kind.days[:days] & ~np.isnan(ratio)]
        prior, weight = (
            (pooled, HOLIDAY_DAYS) if kind.is_holiday else (kind.said_factor, EVENT_DAYS)
        )
        factor = np.exp(
            (np.log(np.maximum(seen, FACTOR_LEAST)).sum() + weight * np.log(prior))
            / (len(seen) + weight)
        )
        found = np.where(kind.days, found * factor, found)
    return found


def _mean_factor(ratio: Array, where: NDArray[np.bool_] | None) -> float:
    if where is None:
        return 1.0
    seen = ratio[where & ~np.isnan(ratio)]
    if not len(seen):
        return 1.0
    # Nearer to a usual day the fewer there were.
    logs = np.log(np.maximum(seen, FACTOR_LEAST)).sum()
    return float(np.exp(logs / (len(seen) + 1.0)))
