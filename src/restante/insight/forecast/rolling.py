"""Forecasts as they would have been made: origin after origin, from the days before each only.

The trees are learned twice, before the first origin and before the first that is scored; what
repeats and the levels are found anew at each. So what is measured here is, if anything, worse than
what is forecast from today.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from . import boosting
from .calendar import Calendar
from .counts import MEAN_LEAST, Array
from .drift import find_drift
from .levels import Prior, follow_levels
from .rhythm import find_rhythm

FOLDS_MOST: Final = 6
FIRST_DAYS: Final = 28
"""Days before the first origin, at least."""
WEEK: Final = 7
BASELINE_WEEKS: Final = 6
TREES_DAYS: Final = 28
"""Days of its own a series needs before trees are asked about it."""

RHYTHM, TREES, AVERAGE, BASELINE = "rhythm", "trees", "average", "baseline"

Borrow = Callable[[Array], Prior]
"""Says what to believe of each series before its first day, given days that were seen."""
Tell = Callable[[float], None]


class Fold(NamedTuple):
    """One origin: what came, and what each model had said."""

    origin: int
    actual: Array
    means: dict[str, Array]


def fold_days(days: int, horizon: int) -> tuple[int, int]:
    """Tell how many days each fold has, and how many folds there are."""
    room = days - FIRST_DAYS
    each = min(horizon, max(WEEK, room // 3))
    return each, max(1, min(FOLDS_MOST, room // each))


def roll(
    values: Array, calendar: Calendar, horizon: int, borrow: Borrow, seed: int, tell: Tell
) -> list[Fold]:
    """Forecast the last days of a history as if they were not known, oldest origin first."""
    days = values.shape[1]
    each, count = fold_days(days, horizon)
    found: list[Fold] = []
    trees: boosting.Boosted | None = None
    for i in range(count):
        origin = days - (count - i) * each
        if i == count // 3:
            # From here on forecasts are scored: of a short history, trees had seen too little.
            trees = None
        means, trees = forecast_means(values[:, :origin], calendar, each, borrow, seed, trees)
        found.append(Fold(origin, values[:, origin : origin + each], means))
        tell((i + 1) / count)
    return found


def forecast_means(
    values: Array,
    calendar: Calendar,
    horizon: int,
    borrow: Borrow,
    seed: int,
    trees: boosting.Boosted | None = None,
) -> tuple[dict[str, Array], boosting.Boosted]:
    """Forecast means with every model, from all days given.

    Parameters
    ----------
    values
        Parcels, shape (series, days), NaN where nothing was seen.
    calendar
        Of these days and the horizon at least.
    horizon
        Days ahead.
    borrow
        What to believe before a series' first day.
    seed
        Of all chance.
    trees
        Learned before, if they shall not be learned now.

    Returns
    -------
    tuple
        Means of shape (series, horizon) by model, and the trees.
    """
    days = values.shape[1]
    calendar = calendar.until(days + horizon)
    rhythm = find_rhythm(values, calendar)
    levels = follow_levels(values, rhythm.factor, borrow(values))
    drift = find_drift(values, horizon)
    usual = levels.before(days)[:, None] * rhythm.factor[:, days:] * drift
    known = boosting.know(values, calendar, rhythm, levels)
    trees = trees or boosting.learn(known, horizon, seed)
    # Trees see how the network stands beside its levels: they have half of a drift already.
    corrected = boosting.forecast(trees, known, days, horizon) * np.sqrt(drift)
    has_days = (~np.isnan(values)).sum(1) >= TREES_DAYS
    corrected = np.where(has_days[:, None], corrected, usual)
    means = {
        AVERAGE: (usual + corrected) / 2,
        RHYTHM: usual,
        TREES: corrected,
        BASELINE: _same_weekday(values, horizon, borrow),
    }
    return {name: np.maximum(mean, MEAN_LEAST) for name, mean in means.items()}, trees


def _same_weekday(values: Array, horizon: int, borrow: Borrow) -> Array:
    """Tell the mean of the last weeks' same weekday: what any model must beat."""
    days = values.shape[1]
    found = np.empty((values.shape[0], horizon))
    overall = borrow(values).level
    for step in range(min(WEEK, horizon)):
        weeks = range(days + step - WEEK, -1, -WEEK)[:BASELINE_WEEKS]
        same = values[:, list(weeks)]
        seen = ~np.isnan(same)
        mean = np.where(seen, same, 0.0).sum(1) / np.maximum(seen.sum(1), 1)
        found[:, step::WEEK] = np.where(seen.any(1), mean, overall)[:, None]
    return found
