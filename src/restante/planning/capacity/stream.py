"""What comes, drawn once: the same parcels and the same people for every layout and every change.

Each parcel brings its own chances along (patience, whether it is collected at all, whether it may
go elsewhere), so two runs on one stream differ by what was changed and by nothing else: common
random numbers. A stream is drawn as if ``level`` times as much came, and a run takes the parcels
whose mark is below its own share of that; so what comes in a peak contains all of a usual day.
"""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .problem import HOURS_OF_DAY, Network

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Stream(NamedTuple):
    """Parcels in the order in which they come; each field has one number for each of them."""

    at_h: Floats
    site: Ints
    kind: Ints
    """Class of the parcel, by its place in the network's list."""
    mark: Floats
    """Uniform in [0, level): the parcel comes in runs of a level above its mark."""
    patience: Floats
    """How much urge it takes until the recipient comes: exponential, mean 1."""
    no_show: Floats
    extends: Floats
    redirects: Floats
    """Uniform in [0, 1): below the share of those who do."""

    def __len__(self) -> int:
        return len(self.at_h)


def draw_stream(network: Network, *, days: int, seed: int, level: float = 1.0) -> Stream:
    """Draw what comes to all sites in some days.

    Parameters
    ----------
    level
        Highest level of arrivals that a run on this stream asks for; 1 is the usual one.
    """
    dice = np.random.default_rng([seed, 7])
    means = _means(network, days, dice) * max(level, 1e-12)
    counts = dice.poisson(means)
    total = int(counts.sum())
    site, day = np.nonzero(counts)
    times = counts[site, day]
    site_of, day_of = np.repeat(site, times), np.repeat(day, times)
    at_h = day_of * HOURS_OF_DAY + _hours_of_day(network, day_of, dice)
    shares = np.cumsum([one.share for one in network.parcels])
    kind = np.searchsorted(shares / shares[-1], dice.random(total), side="right")
    mark = dice.random(total) * level
    patience = dice.standard_exponential(total)
    chances = dice.random((3, total))
    order = np.argsort(at_h, kind="stable")
    return Stream(
        at_h[order],
        site_of[order].astype(np.int64),
        np.minimum(kind, len(network.parcels) - 1)[order].astype(np.int64),
        mark[order],
        patience[order],
        *chances[:, order],
    )


def _means(network: Network, days: int, dice: np.random.Generator) -> Floats:
    """Tell how many parcels to expect, by site and day, with the level of each day drawn."""
    arrivals = network.arrivals
    week = np.array(network.weights_by_hour()).reshape(7, HOURS_OF_DAY).sum(axis=1) * 7
    weekday = (np.arange(days) + network.first_weekday) % 7
    by_day = week[weekday]
    first = network.first_day
    if first is not None:
        months = [(first + timedelta(days=day)).month - 1 for day in range(days)]
        by_day = by_day * np.array(arrivals.month_weights)[months]
    by_site = np.array([one.parcels_per_day for one in network.sites])
    means: Floats = by_site[:, None] * by_day[None, :]
    if arrivals.scatter_shape > 0:
        means = means * dice.gamma(arrivals.scatter_shape, 1 / arrivals.scatter_shape, means.shape)
    if arrivals.surge_share > 0:
        surges = dice.random(days) < arrivals.surge_share
        means = means * np.where(surges, arrivals.surge_factor, 1.0)
    return means


def _hours_of_day(network: Network, day_of: Ints, dice: np.random.Generator) -> Floats:
    """Draw the local time of day of each parcel."""
    week = np.array(network.weights_by_hour())
    ends = np.concatenate([[0.0], np.cumsum(week)])
    weekday = (day_of + network.first_weekday) % 7
    begin, end = ends[weekday * HOURS_OF_DAY], ends[(weekday + 1) * HOURS_OF_DAY]
    drawn = begin + dice.random(len(day_of)) * (end - begin)
    hour = np.minimum(np.searchsorted(ends, drawn, side="right") - 1, len(week) - 1)
    inside = (drawn - ends[hour]) / np.maximum(week[hour], 1e-300)
    of_day: Floats = (hour - weekday * HOURS_OF_DAY) + np.clip(inside, 0.0, 1.0 - 1e-9)
    return np.clip(of_day, 0.0, HOURS_OF_DAY - 1e-6)
