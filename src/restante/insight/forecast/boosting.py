"""Trees that correct the rhythm: what one series does, seen beside what all others did.

B1. One model learns from all series: what parcels were, as a multiple of what level and rhythm let
    expect, from days before an origin only. So trees need not know how large a series is, and
    follow a rhythm they cannot extrapolate.
B2. The loss is Poisson's with that expectation as exposure.
B3. Which days it learns from is drawn by the seed; the same seed gives the same trees.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .calendar import Calendar
from .counts import Array
from .levels import Levels
from .rhythm import Rhythm

ROWS: Final = 100_000
"""Rows learned from at most: more took longer and forecast no better (measured)."""
ORIGINS_APART_DAYS: Final = 3
LEARNED_DAYS: Final = 400
"""Origins lie in the last so many days: a year, so that every season was seen once."""
FIRST_ORIGIN: Final = 35
EXPOSURE_LEAST: Final = 0.05
YEAR_DAYS: Final = 364
"""A year in whole weeks."""
ROUNDS, LEARNING_RATE, LEAVES, LEAF_ROWS = 150, 0.05, 31, 150


class Known(NamedTuple):
    """What features are made of."""

    values: Array
    calendar: Calendar
    rhythm: Rhythm
    levels: Array
    """Before each day, shape (series, days + 1)."""
    sums: Array
    """Of parcels over rhythm, running, with a zero before."""
    seen: Array
    """Days seen, running, with a zero before."""


class Boosted(NamedTuple):
    """Trees that were learned."""

    model: Any


def know(values: Array, calendar: Calendar, rhythm: Rhythm, levels: Levels) -> Known:
    """Prepare what features are made of."""
    days = values.shape[1]
    flat = values / np.maximum(rhythm.factor[:, :days], 1e-3)
    seen = ~np.isnan(values)
    # Parcels of a day weigh by what it lets expect, so that a quiet Sunday does not shout.
    weight = np.where(seen, np.maximum(rhythm.factor[:, :days], 1e-3), 0.0)
    pad = ((0, 0), (1, 0))
    return Known(
        values,
        calendar,
        rhythm,
        levels.all(),
        np.cumsum(np.pad(np.where(seen, flat * weight, 0.0), pad), axis=1),
        np.cumsum(np.pad(weight, pad), axis=1),
    )


def learn(known: Known, horizon: int, seed: int) -> Boosted:
    """Learn from origins whose days were all seen."""
    from sklearn.ensemble import HistGradientBoostingRegressor  # noqa: PLC0415 - heavy.
    from threadpoolctl import (  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with it.
        threadpool_limits,
    )

    days = known.values.shape[1]
    chance = np.random.default_rng(seed)
    last = days - 1
    first = max(FIRST_ORIGIN, days - LEARNED_DAYS)
    if first > last:
        first = max(7, last - 1)
    origins = np.arange(last, first - 1, -ORIGINS_APART_DAYS)[::-1]
    series = known.values.shape[0]
    wanted = min(ROWS, len(origins) * series * horizon)
    each = max(1, wanted // len(origins))
    rows, targets, weights = [], [], []
    for origin in origins:
        reach = min(horizon, days - origin)
        pick = np.sort(chance.choice(series * reach, min(each, series * reach), replace=False))
        who, step = pick // reach, pick % reach
        actual = known.values[who, origin + step]
        use = ~np.isnan(actual) & (known.seen[who, origin] > 0)
        who, step, actual = who[use], step[use], actual[use]
        exposure = _exposure(known, origin, who, step)
        rows.append(_features(known, origin, who, step))
        targets.append(actual / exposure)
        weights.append(exposure)
    model = HistGradientBoostingRegressor(
        loss="poisson",
        max_iter=ROUNDS,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF_ROWS,
        l2_regularization=1.0,
        early_stopping=False,
        random_state=seed,
    )
    target, weight = np.concatenate(targets), np.concatenate(weights)
    # Poisson's loss needs one parcel at least.
    if not target.sum() > 0:
        return Boosted(None)
    table = np.concatenate(rows)
    # The library cannot bin a column of which nothing is known, such as a year ago.
    table[:, np.isnan(table).all(0)] = 0.0
    # One thread: sums are the same on every machine, and a busy one is not slowed by waiting ones.
    with threadpool_limits(limits=1):
        model.fit(table, target, sample_weight=weight / weight.mean())
    return Boosted(model)


def forecast(boosted: Boosted, known: Known, origin: int, horizon: int) -> Array:
    """Forecast the days from an origin on, shape (series, horizon)."""
    series = known.values.shape[0]
    who = np.repeat(np.arange(series), horizon)
    step = np.tile(np.arange(horizon), series)
    exposure = _exposure(known, origin, who, step)
    if boosted.model is None:
        return exposure.reshape(series, horizon)
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - as above.

    with threadpool_limits(limits=1):
        found = boosted.model.predict(_features(known, origin, who, step)) * exposure
    shaped: Array = found.reshape(series, horizon)
    return shaped


def _exposure(known: Known, origin: int, who: NDArray[np.intp], step: NDArray[np.intp]) -> Array:
    found: Array = np.maximum(
        known.levels[who, origin] * known.rhythm.factor[who, origin + step], EXPOSURE_LEAST
    )
    return found


def _features(known: Known, origin: int, who: NDArray[np.intp], step: NDArray[np.intp]) -> Array:
    day = origin + step
    level = np.maximum(known.levels[:, origin], 0.02)

    def recent(count: int, until: int = origin) -> Array:
        first = max(0, until - count)
        days = known.seen[:, until] - known.seen[:, first]
        parcels = known.sums[:, until] - known.sums[:, first]
        return np.where(days > 0, parcels / np.maximum(days, 1e-9), np.nan)

    def beside_level(parcels: Array) -> Array:
        found: Array = np.log((parcels + 0.05) / (level + 0.05))
        return found

    def network(count: int) -> float:
        first = max(0, origin - count)
        expected = ((known.seen[:, origin] - known.seen[:, first]) * level).sum()
        return float((known.sums[:, origin] - known.sums[:, first]).sum() / max(expected, 1e-9))

    weeks = [day - 7 * (step // 7 + 1 + back) for back in range(4)]
    same = np.stack([_at(known.values, who, week) for week in weeks])
    usual = np.stack([_at(known.rhythm.factor, who, week) for week in weeks])
    with np.errstate(invalid="ignore", divide="ignore"):
        flat = same / np.maximum(usual, 1e-3)
        seen = ~np.isnan(flat)
        mean = np.where(seen, flat, 0.0).sum(0) / seen.sum(0)
    calendar = known.calendar
    special, holiday = calendar.is_special, calendar.is_holiday
    last = len(special) - 1
    year, year_network = _last_year(known, origin, day)
    columns = (
        np.log(level)[who],
        beside_level(recent(3))[who],
        beside_level(recent(7))[who],
        beside_level(recent(28))[who],
        beside_level(recent(91))[who],
        np.full(len(who), network(3)),
        np.full(len(who), network(7)),
        np.log((flat[0] + 0.05) / (level[who] + 0.05)),
        np.log((mean + 0.05) / (level[who] + 0.05)),
        calendar.weekday[day],
        step,
        known.rhythm.weekday[who, calendar.weekday[day]],
        special[day],
        holiday[np.maximum(day - 1, 0)],
        holiday[np.minimum(day + 1, last)],
        _day_of_year(calendar)[day],
        year[who],
        year_network,
    )
    found: Array = np.stack(columns, axis=1).astype(float)
    return found


def _at(table: Array, who: NDArray[np.intp], day: NDArray[np.intp]) -> Array:
    inside = (day >= 0) & (day < table.shape[1])
    found: Array = np.where(inside, table[who, np.clip(day, 0, table.shape[1] - 1)], np.nan)
    return found


def _last_year(known: Known, origin: int, day: NDArray[np.intp]) -> tuple[Array, Array]:
    """Tell what became of the level a year ago: of each series, and of all on these days."""
    then = origin - YEAR_DAYS
    days = known.values.shape[1]
    if then < 28:
        return np.full(known.values.shape[0], np.nan), np.full(len(day), np.nan)

    def mean(first: int, until: int) -> tuple[Array, Array]:
        return (
            known.sums[:, until] - known.sums[:, first],
            known.seen[:, until] - known.seen[:, first],
        )

    before, before_days = mean(then - 28, then)
    after, after_days = mean(then, min(then + 28, days))
    with np.errstate(invalid="ignore", divide="ignore"):
        own = np.log((after / after_days + 0.1) / (before / before_days + 0.1))
    whole = np.diff(known.sums.sum(0))
    expected = np.diff((known.seen * 1.0).sum(0))
    flat = np.convolve(whole, np.ones(7), "same") / np.maximum(
        np.convolve(expected, np.ones(7), "same"), 1e-9
    )
    base = before.sum() / max(before_days.sum(), 1e-9)
    return own, np.log((flat[np.clip(day - YEAR_DAYS, 0, days - 1)] + 1e-3) / (base + 1e-3))


def _day_of_year(calendar: Calendar) -> Array:
    return np.array([day.timetuple().tm_yday for day in calendar.days], dtype=float)
