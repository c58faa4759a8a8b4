"""Simulate the capacity of a network, and count what came of it.

``simulate(network, stop, seed)`` plays the network several times, each time with other parcels and
people, and gives means with an interval of confidence; the runs are the sample, so what happens
within a run may depend on itself as it likes. The first days fill the lockers and are not counted.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from scipy import stats

from ...core.value import Value
from .changes import NO_CHANGES, Changes
from .fate import ELSEWHERE, FIRST_TRY, GONE_BACK, LATER_TRY, Fate, make_fate, make_state
from .kernel import play
from .problem import HOURS_OF_DAY, Network
from .stream import Floats, Stream, draw_stream
from .tables import Places, Wanted, make_places, make_rules, make_wanted

WARM_DAYS: Final = 7
"""Days played before counting begins: more than nine stays in ten are shorter (chosen)."""

CONFIDENCE: Final = 0.95


class Span(NamedTuple):
    """How long and how often to play."""

    days: int = 28
    """Days that are counted, whole weeks if weekdays are to count alike."""
    runs: int = 8
    warm_days: int = WARM_DAYS

    @property
    def all_days(self) -> int:
        """With those that fill the lockers."""
        return self.warm_days + self.days


class Mean(Value):
    """A mean over runs, and how far it may be off."""

    mean: float
    within: float
    """Half the width of the 95 % interval; 0 where there was one run, which says nothing of it."""


class Measures(NamedTuple):
    """What one run came to; the order is that of :data:`MEASURES`."""

    parcels_per_day: float
    first_try: float
    turned_away: float
    elsewhere: float
    later: float
    gone_back: float
    overdue: float
    stay_h: float
    occupancy: float
    occupancy_peak: float


MEASURES: Final[dict[str, str]] = {
    "parcels_per_day": "parcels wanted in on a day",
    "first_try": "share of parcels put in at their site at the first try",
    "turned_away": "share of parcels without room at the first try",
    "elsewhere": "share of parcels put in at a neighbouring site",
    "later": "share of parcels put in at their site at a later visit",
    "gone_back": "share of parcels that found no room and went back",
    "overdue": "share of parcels put in that nobody collected in time",
    "stay_h": "mean hours from deposit to departure",
    "occupancy": "mean share of compartments in use, over hours",
    "occupancy_peak": "share in use in the fullest hour of the week, mean over sites and weeks",
}
"""Names and meanings of what is measured."""


class SiteMeasures(Value):
    """What it came to at one site."""

    site: str
    compartments: int
    parcels_per_day: float
    turned_away: Mean
    gone_back: Mean
    occupancy: Mean
    by_kind: dict[str, float]
    """Mean share of compartments in use, by kind."""


class Outcome(Value):
    """Means of all runs."""

    name: str
    days: int
    runs: int
    seed: int
    measures: dict[str, Mean]
    sites: tuple[SiteMeasures, ...]
    hours: tuple[float, ...]
    """Share of compartments in use by hour of the week, from Monday."""
    parcels: int
    events: int
    says: tuple[str, ...] = ()
    """What was changed."""


class Played(NamedTuple):
    """One run."""

    wanted: Wanted
    places: Places
    fate: Fate
    events: int


class _Counted(NamedTuple):
    measures: Measures
    by_site: Floats
    """By site: parcels a day, shares turned away and gone back, occupancy, then that of kinds."""
    hours: Floats


Progress = Callable[[float, str], None]


def simulate(
    network: Network,
    stop: Span = Span(),  # noqa: B008 - a tuple never changes
    seed: int = 1,
    *,
    changes: Changes = NO_CHANGES,
    progress: Progress = lambda _share, _word: None,
) -> Outcome:
    """Play a network several times and give means with their confidence.

    Parameters
    ----------
    stop
        Days and runs; the same seed gives the same result on every machine.
    progress
        Is told the share that is done, and a word about it.
    """
    counted: list[_Counted] = []
    parcels = events = 0
    for n in range(stop.runs):
        progress(n / stop.runs, f"run {n + 1} of {stop.runs}")
        stream = draw_stream(network, days=stop.all_days, seed=seed * 1_000_003 + n,
                             level=max(1.0, changes.peak))  # fmt: skip
        played = play_once(network, stream, stop.all_days, changes)
        parcels += len(played.wanted)
        events += played.events
        counted.append(_count(network, played, stop))
    return _sum_up(network, counted, stop, seed, parcels, events, changes)


def play_once(network: Network, stream: Stream, days: int, changes: Changes = NO_CHANGES) -> Played:
    """Play one stream of parcels."""
    changed = changes.apply(network)
    places = make_places(changed, days, changes)
    rules = make_rules(changed, days, changes)
    wanted = make_wanted(changed, stream, places, changes)
    fate = make_fate(len(wanted))
    tries = int(play(make_state(places, rules, len(wanted)), places, rules, wanted, fate))
    return Played(wanted, places, fate, tries + int(np.isfinite(fate.out_at).sum()))


def _count(network: Network, played: Played, span: Span) -> _Counted:
    wanted, fate = played.wanted, played.fate
    begin, end = span.warm_days * HOURS_OF_DAY, span.all_days * HOURS_OF_DAY
    counts = (wanted.put_in_at >= begin) & (wanted.put_in_at < end)
    n = max(1, int(counts.sum()))
    outcome = fate.outcome[counts]
    share = np.bincount(outcome, minlength=4) / n
    first_full = (outcome != FIRST_TRY).sum() / n
    inside = np.isfinite(fate.in_at) & counts
    hourly = _hourly(network, played, span)
    room = played.places.room.sum(axis=1)
    total = hourly.sum(axis=2)
    full = np.maximum(room, 1)[:, None]
    by_week = (total / full).reshape(len(room), -1, HOURS_OF_DAY)
    weeks = max(1, by_week.shape[1] // 7)
    peaks = [part.max(axis=(1, 2)).mean() for part in np.array_split(by_week, weeks, axis=1)]
    measures = Measures(
        parcels_per_day=n / span.days,
        first_try=float(share[FIRST_TRY]),
        turned_away=float(first_full),
        elsewhere=float(share[ELSEWHERE]),
        later=float(share[LATER_TRY]),
        gone_back=float(share[GONE_BACK]),
        overdue=float(fate.is_overdue[inside].mean()) if inside.any() else 0.0,
        stay_h=float((fate.out_at - fate.in_at)[inside].mean()) if inside.any() else 0.0,
        occupancy=float(total.sum() / (room.sum() * total.shape[1])),
        occupancy_peak=float(np.mean(peaks)),
    )
    site, sites = wanted.site[counts], len(room)
    came = np.bincount(site, minlength=sites)
    missed = np.bincount(site, weights=outcome != FIRST_TRY, minlength=sites)
    back = np.bincount(site, weights=outcome == GONE_BACK, minlength=sites)
    some = np.maximum(came, 1)
    kinds = hourly.mean(axis=1) / np.maximum(played.places.room, 1)
    by_site = np.column_stack(
        [came / span.days, missed / some, back / some, (total / full).mean(axis=1), kinds]
    )
    hour = (total.sum(axis=0) / room.sum()).reshape(-1, HOURS_OF_DAY)
    weekday = (np.arange(len(hour)) + span.warm_days + network.first_weekday) % 7
    hours = np.concatenate(
        [hour[weekday == d].mean(axis=0) if (weekday == d).any() else np.zeros(HOURS_OF_DAY)
         for d in range(7)]
    )  # fmt: skip
    return _Counted(measures, by_site, hours)


def _hourly(network: Network, played: Played, span: Span) -> Floats:
    """Count compartments in use at the end of each counted hour, by site, hour and kind."""
    fate = played.fate
    put = np.nonzero(fate.kind >= 0)[0]
    sites, kinds = len(network.sites), len(network.kinds)
    hours = span.all_days * HOURS_OF_DAY
    place = fate.site[put] * kinds + fate.kind[put]
    change = np.zeros((hours + 1) * sites * kinds)
    for times, step in ((fate.in_at[put], 1.0), (fate.out_at[put], -1.0)):
        hour = np.minimum(times.astype(np.int64), hours)
        change += step * np.bincount(hour * sites * kinds + place, minlength=len(change))
    stood = np.cumsum(change.reshape(hours + 1, sites, kinds), axis=0)
    counted: Floats = stood[span.warm_days * HOURS_OF_DAY : hours].transpose(1, 0, 2)
    return counted


def _sum_up(
    network: Network, counted: list[_Counted], span: Span, seed: int,
    parcels: int, events: int, changes: Changes,
) -> Outcome:  # fmt: skip
    measures = np.array([one.measures for one in counted])
    by_site = np.array([one.by_site for one in counted])
    sites = tuple(
        SiteMeasures(
            site=one.id,
            compartments=sum(one.compartments.values()),
            parcels_per_day=round(float(by_site[:, n, 0].mean()), 3),
            turned_away=mean_of(by_site[:, n, 1]),
            gone_back=mean_of(by_site[:, n, 2]),
            occupancy=mean_of(by_site[:, n, 3]),
            by_kind={
                kind: round(float(by_site[:, n, 4 + k].mean()), 4)
                for k, kind in enumerate(network.kinds)
                if one.compartments.get(kind)
            },
        )
        for n, one in enumerate(network.sites)
    )
    return Outcome(
        name=network.name,
        days=span.days,
        runs=span.runs,
        seed=seed,
        measures={name: mean_of(measures[:, n]) for n, name in enumerate(MEASURES)},
        sites=sites,
        hours=tuple(
            float(share) for share in np.mean([one.hours for one in counted], axis=0).round(4)
        ),
        parcels=parcels,
        events=events,
        says=changes.says(),
    )


def mean_of(sample: Floats) -> Mean:
    """Give the mean of a sample, and half the width of its interval of confidence."""
    count = len(sample)
    if count < 2:
        return Mean(mean=float(sample.mean()), within=0.0)
    quantile = float(stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))
    error = float(sample.std(ddof=1)) / math.sqrt(count)
    return Mean(mean=float(sample.mean()), within=quantile * error)


def measures_of(network: Network, stream: Stream, span: Span, changes: Changes) -> Measures:
    """Count one stream under some changes: what a comparison is made of."""
    return _count(network, play_once(network, stream, span.all_days, changes), span).measures
