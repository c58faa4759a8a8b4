"""``solve(problem, seed) -> Forecast``: parcels to come, and how sure that is.

F1. A mean is the average of two models that err differently: what repeats (:mod:`.rhythm`,
    :mod:`.levels`) and trees that correct it (:mod:`.boosting`).
F2. A model that does not beat the same weekday of the last six weeks, on days it did not know, does
    not ship: the next simpler one does, and the forecast says so.
F3. Sites, districts and the network are sums of their series' means; each sum has quantiles of its
    own, measured on such sums: days of many sites are less uncertain than their parts together, and
    more than if the parts knew nothing of each other.
F4. Means are rounded to thousandths before they are summed, so that sums add up exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .calendar import Calendar, Event, make_calendar
from .counts import Array
from .history import BadHistory, History, Series
from .hours import forecast_hours
from .newcomers import Borrowed, Features, borrow
from .result import Backtest, Forecast, Line
from .rolling import AVERAGE, BASELINE, RHYTHM, Fold, fold_days, forecast_means, roll
from .scores import Scores, naive_scale, score
from .spread import LEVELS, Spread, measure_spread

THOUSANDTHS: Final = 1000
DAYS_AHEAD_MOST: Final = 400

_WORDS: Final = {
    AVERAGE: "the average of rhythm and trees",
    RHYTHM: "rhythm alone",
    BASELINE: "the same weekday of the last six weeks",
}

Progress = Callable[[float, str], None]


class Problem(NamedTuple):
    """What is known, and how far ahead to look."""

    history: History
    horizon: int = 14
    """Days ahead."""
    country: str = ""
    events: tuple[Event, ...] = ()
    features: Features = MappingProxyType({})
    """What is known of sites; those without a history are new."""
    districts: Mapping[str, str] = MappingProxyType({})
    """By site, beside those the history tells."""


class _Group(NamedTuple):
    """Series that are told as one."""

    level: str
    site: str
    size: str
    district: str
    members: tuple[int, ...]


def solve(
    problem: Problem, seed: int = 1, *, progress: Progress = lambda _share, _word: None
) -> Forecast:
    """Forecast parcels of every site, size and sum, with quantiles.

    Parameters
    ----------
    problem
        What is known.
    seed
        Of all chance; the same seed gives the same forecast on every machine.
    progress
        Is told the share that is done and a word about it.

    Raises
    ------
    BadHistory
        When the horizon is none, or a site is both new and known.
    """
    if not 1 <= problem.horizon <= DAYS_AHEAD_MOST:
        raise BadHistory(f"{problem.horizon} days ahead; ask for 1 to {DAYS_AHEAD_MOST}")
    history, series = _with_newcomers(problem)
    values, horizon = history.values, problem.horizon
    calendar = _calendar(history, problem)
    sites, sizes = [one.site for one in series], [one.size for one in series]

    def lend(known: Array) -> Borrowed:
        return borrow(known, sites, sizes, problem.features)

    progress(0.0, "forecasting days that are known")
    folds = roll(
        values, calendar, horizon, lambda known: lend(known).prior, seed,
        lambda share: progress(0.6 * share, "forecasting days that are known"),
    )  # fmt: skip
    chosen, says = _choose(folds, values, seed)
    progress(0.6, "forecasting days to come")
    borrowed = lend(values)
    means, _ = forecast_means(values, calendar, horizon, lambda _: borrowed.prior, seed)
    # F4: whole thousandths from here on.
    whole = np.round(means[chosen] * THOUSANDTHS).astype(np.int64)
    progress(0.8, "measuring how sure it is")
    groups = _group(series, {**problem.districts, **history.districts})
    lines: list[Line] = []
    tests: dict[str, Scores] = {}
    doubt = _doubt(values, borrowed)
    for level in dict.fromkeys(group.level for group in groups):
        told = [group for group in groups if group.level == level]
        rolled = _sum_folds(folds, chosen, told)
        tests[level] = _test(rolled, _sum(values, told), seed)
        spread = _spread(rolled, seed, _doubt_of(doubt, means[chosen], told))
        lines += _lines(told, whole, spread)
        if level == _BOTTOM and history.hourly is not None:
            lines += forecast_hours(history, calendar, lines, rolled, seed)
    each, _count = fold_days(values.shape[1], horizon)
    if each < horizon:
        says.append(f"the history lets us look {each} days ahead only; later days are less sure")
    new = tuple(dict.fromkeys(s.site for s in series if s.site not in set(problem.history.sites)))
    return Forecast(
        first=history.last + timedelta(1),
        days=horizon,
        levels=LEVELS,
        model=chosen,
        says=tuple(says),
        new_sites=new,
        asked_share=history.asked_share,
        backtest=Backtest(
            days_each=each,
            origins=tuple(history.first + timedelta(fold.origin) for fold in folds),
            scored_origins=len(folds) - _warm(folds),
            by_level=tests,
            by_model=_scores_of_models(folds, values, seed),
        ),
        seed=seed,
        lines=tuple(lines),
    )


_BOTTOM: Final = "series"


def _calendar(history: History, problem: Problem) -> Calendar:
    days = history.values.shape[1] + problem.horizon
    return make_calendar(history.first, days, country=problem.country, events=problem.events)


def _with_newcomers(problem: Problem) -> tuple[History, tuple[Series, ...]]:
    history = problem.history
    known = set(history.sites)
    sizes = sorted({one.size for one in history.series})
    new = tuple(
        Series(site, size) for site in problem.features if site not in known for size in sizes
    )
    if not new:
        return history, history.series
    days = history.values.shape[1]
    values = np.concatenate([history.values, np.full((len(new), days), np.nan)])
    hourly = history.hourly
    if hourly is not None:
        hourly = np.concatenate([hourly, np.full((len(new), days, 24), np.nan)])
    series = history.series + new
    return history._replace(series=series, values=values, hourly=hourly), series


def _choose(folds: Sequence[Fold], values: Array, seed: int) -> tuple[str, list[str]]:
    """Take the first model that beats the baseline, and say what was passed over."""
    scores = _scores_of_models(folds, values, seed)
    says: list[str] = []
    for name in (AVERAGE, RHYTHM):
        if scores[name].pinball < scores[BASELINE].pinball:
            return name, says
        says.append(
            f"{_WORDS[name]} did not beat {_WORDS[BASELINE]} on days that were not known"
            f" (loss {scores[name].pinball:g} against {scores[BASELINE].pinball:g}),"
            " so it was not used"
        )
    return BASELINE, says


def _scores_of_models(folds: Sequence[Fold], values: Array, seed: int) -> dict[str, Scores]:
    return {
        name: _test([(fold.actual, fold.means[name]) for fold in folds], values, seed)
        for name in folds[0].means
    }


def _warm(folds: Sequence[object]) -> int:
    """Tell how many folds only teach how sure forecasts are, before the first is scored."""
    return max(1, len(folds) // 3)


def _test(rolled: Sequence[tuple[Array, Array]], values: Array, seed: int) -> Scores:
    """Score each fold with quantiles that were measured on the folds before it."""
    warm = _warm(rolled) if len(rolled) > 1 else 0
    actual, mean, found = [], [], []
    for i in range(warm, len(rolled)):
        before = rolled[:i] or rolled[:1]
        spread = measure_spread(
            np.concatenate([one for one, _ in before], axis=1),
            np.concatenate([one for _, one in before], axis=1),
            seed,
        )
        actual.append(rolled[i][0])
        mean.append(rolled[i][1])
        found.append(spread.quantiles(rolled[i][1]))
    scored = sum(one.shape[1] for one in actual)
    return score(
        np.concatenate(actual, axis=1),
        np.concatenate(mean, axis=1),
        np.concatenate(found, axis=2),
        LEVELS,
        naive_scale(values[:, : values.shape[1] - scored]),
    )


def _spread(rolled: Sequence[tuple[Array, Array]], seed: int, doubt: Array) -> Spread:
    spread = measure_spread(
        np.concatenate([actual for actual, _ in rolled], axis=1),
        np.concatenate([mean for _, mean in rolled], axis=1),
        seed,
    )
    # A level that was borrowed may itself be wrong.
    return spread._replace(dispersion=(1 + spread.dispersion) * (1 + doubt) - 1)


def _doubt(values: Array, borrowed: Borrowed) -> Array:
    """Tell how unsure the level of each series is: only of those with few days of their own."""
    days = (~np.isnan(values)).sum(1)
    found: Array = borrowed.doubt * borrowed.prior.days / (borrowed.prior.days + days)
    return np.where(days < 28, found, 0.0)


def _doubt_of(doubt: Array, mean: Array, groups: Sequence[_Group]) -> Array:
    size = mean.mean(1)
    return np.array([
        ((size[list(one.members)] ** 2 * doubt[list(one.members)]).sum())
        / max(size[list(one.members)].sum() ** 2, 1e-9)
        for one in groups
    ])  # fmt: skip


def _group(series: Sequence[Series], districts: Mapping[str, str]) -> list[_Group]:
    """Tell which series are told alone, and which as sums."""
    groups = [
        _Group(_BOTTOM, one.site, one.size, districts.get(one.site, ""), (i,))
        for i, one in enumerate(series)
    ]
    by_site: dict[str, list[int]] = {}
    by_district: dict[str, list[int]] = {}
    for i, one in enumerate(series):
        by_site.setdefault(one.site, []).append(i)
        if one.site in districts:
            by_district.setdefault(districts[one.site], []).append(i)
    if any(one.size for one in series):
        groups += [
            _Group("site", site, "", districts.get(site, ""), tuple(members))
            for site, members in by_site.items()
        ]
    groups += [
        _Group("district", "", "", name, tuple(members))
        for name, members in sorted(by_district.items())
    ]
    groups.append(_Group("network", "", "", "", tuple(range(len(series)))))
    return groups


def _sum(values: Array, groups: Sequence[_Group]) -> Array:
    """Add series up; a day of which none of them is known stays unknown."""
    seen = ~np.isnan(values)
    there = np.where(seen, values, 0.0)
    found = np.empty((len(groups), values.shape[1]))
    for i, group in enumerate(groups):
        members = list(group.members)
        found[i] = np.where(seen[members].any(0), there[members].sum(0), np.nan)
    return found


def _sum_folds(
    folds: Sequence[Fold], model: str, groups: Sequence[_Group]
) -> list[tuple[Array, Array]]:
    rolled = []
    for fold in folds:
        # Beside what was seen, only what was expected of the same series counts.
        mean = np.where(np.isnan(fold.actual), np.nan, fold.means[model])
        expected = _sum(mean, groups)
        usual = _sum(fold.means[model], groups)
        rolled.append((_sum(fold.actual, groups), np.where(np.isnan(expected), usual, expected)))
    return rolled


def _lines(groups: Sequence[_Group], whole: NDArray[np.int64], spread: Spread) -> list[Line]:
    sums = np.stack([whole[list(group.members)].sum(0) for group in groups])
    found = spread.quantiles(np.maximum(sums, 1) / THOUSANDTHS)
    return [
        Line(
            level=group.level,
            site=group.site,
            size=group.size,
            district=group.district,
            mean=(sums[i] / THOUSANDTHS).tolist(),
            quantiles=found[:, i].tolist(),
        )
        for i, group in enumerate(groups)
    ]
