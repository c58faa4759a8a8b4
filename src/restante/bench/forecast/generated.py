"""Made-up networks whose truth is known: a year with a Christmas peak, and lockers filling up."""

from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...insight.availability.model import Sites
from ...insight.dwell.stays import Array
from ...insight.forecast import Event, History, Series

WEEKDAY: Final = np.array([1.25, 1.2, 1.1, 1.05, 1.1, 0.75, 0.2])
PEAK: Final = 1.7
"""What the weeks before Christmas make of a day."""
SURGE: Final = 8.0
"""Shape of what makes a day at one site larger or smaller than its like."""
HOURS_PER_STEP: Final = 2
STEPS_PER_DAY: Final = 24 // HOURS_PER_STEP


def make_year(*, sites: int, days: int, seed: int = 5) -> tuple[History, tuple[Event, ...]]:
    """Make a history that ends with December 2024, and the events its operator knows of."""
    import holidays

    chance = np.random.default_rng(seed)
    last = date(2024, 12, 31)
    all_days = [last - timedelta(days - 1 - i) for i in range(days)]
    polish = holidays.country_holidays("PL", years=range(all_days[0].year, 2025))
    weekday = np.array([WEEKDAY[day.weekday()] for day in all_days])
    yearly = np.array([1 + 0.12 * np.sin(2 * np.pi * (d.timetuple().tm_yday - 280) / 365)
                       for d in all_days])  # fmt: skip
    is_peak = np.array([(11, 25) <= (day.month, day.day) <= (12, 22) for day in all_days])
    closed = np.array([0.1 if day in polish else 1.0 for day in all_days])
    level = chance.lognormal(1.6, 1.0, sites)
    own = np.exp(chance.normal(0, 0.12, (sites, 7)))[:, [day.weekday() for day in all_days]]
    trend = np.exp(np.cumsum(chance.normal(0, 0.012, (sites, days)), axis=1))
    common = weekday * yearly * np.where(is_peak, PEAK, 1.0) * closed
    mean = level[:, None] * common * trend * own
    values = chance.negative_binomial(4.0, 4.0 / (4.0 + mean)).astype(float)
    series = tuple(Series(f"site {i:04}") for i in range(sites))
    districts = {one.site: f"district {i % 10}" for i, one in enumerate(series)}
    events = tuple(
        Event("peak", date(year, 11, 25), date(year, 12, 22), PEAK)
        for year in range(all_days[0].year, 2025)
    )
    return History(all_days[0], series, values, districts), events


class Filling(NamedTuple):
    """A network seen at one moment, and whether there was room later."""

    sites: Sites
    had_room: NDArray[np.bool_]
    """Shape (sites, sizes, moments)."""
    step_of_week: NDArray[np.int64]
    """Of each moment."""


class Lockers:
    """Lockers that fill and empty by the rules of the house, two hours at a time.

    A parcel takes the smallest free compartment that is large enough; who finds none goes away.
    """

    def __init__(self, *, sites: int, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self.room = np.stack(
            [self._chance.integers(8, 15, sites), self._chance.integers(12, 22, sites),
             self._chance.integers(4, 9, sites)], axis=1,
        )  # fmt: skip
        self._load = self._chance.uniform(0.7, 1.5, sites) * self.room.sum(1)
        day = np.zeros(STEPS_PER_DAY)
        day[[4, 5, 6, 8]] = 0.4, 0.25, 0.15, 0.2
        self.profile = day
        hazard = np.array([0.01] * 3 + [0.05, 0.06, 0.07, 0.08, 0.12, 0.25, 0.25, 0.12, 0.05])
        self._hazard = np.tile(hazard, 30)
        self.mix = np.array([0.45, 0.38, 0.17])
        self._surge = np.ones(sites)
        # One row a compartment: free, or the step its parcel came in.
        self.inside: list[list[tuple[int, int, int]]] = [[] for _ in range(sites)]
        """Of each site: size of the compartment, size of the parcel, step of the deposit."""

    def rate(self, step: int) -> Array:
        """Tell parcels expected of each site and size in a step."""
        weekday = WEEKDAY[(step // STEPS_PER_DAY) % 7]
        share = self.profile[step % STEPS_PER_DAY]
        found: Array = (self._load * weekday * share)[:, None] * self.mix
        return found

    def survive(self, step: int, moments: int) -> Array:
        """Tell a parcel's chance to be there after each of the next steps, inside at ``step``."""
        ahead = (step + np.arange(moments)) % STEPS_PER_DAY
        found: Array = np.cumprod(1 - self._hazard[ahead])
        return found

    def stay(self, step: int, moments: int) -> Array:
        """Tell the chance that what comes in a step is there at the end of a later one."""
        found = np.zeros((moments, moments))
        for i in range(moments):
            found[i, i] = 1.0
            found[i, i + 1 :] = self.survive(step + i + 1, moments - i - 1)
        return found

    def advance(self, step: int) -> None:
        """Let a step pass: some are collected, then others come."""
        if step % STEPS_PER_DAY == 0:
            self._surge = self._chance.gamma(SURGE, 1 / SURGE, len(self.room))
        gone = self._hazard[step % STEPS_PER_DAY]
        for parcels in self.inside:
            parcels[:] = [one for one in parcels if self._chance.random() >= gone]
        came = self._chance.poisson(self.rate(step) * self._surge[:, None])
        for site, sizes in enumerate(came):
            order = np.repeat(np.arange(3), sizes)
            for size in self._chance.permutation(order):
                free = self.free(site)
                fits = [u for u in range(size, 3) if free[u] > 0]
                if fits:
                    self.inside[site].append((fits[0], int(size), step))

    def free(self, site: int) -> list[int]:
        """Count free compartments of a site by size."""
        taken = [0, 0, 0]
        for compartment, _, _ in self.inside[site]:
            taken[compartment] += 1
        return [int(self.room[site, u]) - taken[u] for u in range(3)]

    def had_room(self) -> NDArray[np.bool_]:
        """Tell for which sizes there is room now."""
        free = np.array([self.free(site) for site in range(len(self.room))]) > 0
        return np.stack([free[:, size:].any(1) for size in range(3)], axis=1)

    def look(self, step: int, moments: int) -> Sites:
        """Tell what is known before a step: what is inside, and what is expected."""
        site_of = np.array([i for i, all_ in enumerate(self.inside) for _ in all_], dtype=np.int64)
        size_of = np.array([one[0] for all_ in self.inside for one in all_], dtype=np.int64)
        there = np.tile(self.survive(step, moments), (len(site_of), 1))
        rate = np.stack([self.rate(step + i) for i in range(moments)], axis=2)
        return Sites(
            self.room, site_of, size_of, there, rate,
            self.stay(step, moments), np.full(len(self.room), 1 / SURGE),
        )  # fmt: skip


def watch(*, sites: int, days: int, moments: int = 24, seed: int = 3) -> list[Filling]:
    """Let a network run, look every day at 06:00, and see what became of it."""
    lockers = Lockers(sites=sites, seed=seed)
    looks: list[tuple[int, Sites]] = []
    room: dict[int, NDArray[np.bool_]] = {}
    for step in range((days + moments // STEPS_PER_DAY + 1) * STEPS_PER_DAY):
        if step % STEPS_PER_DAY == 3 and 7 <= step // STEPS_PER_DAY < days:
            looks.append((step, lockers.look(step, moments)))
        lockers.advance(step)
        room[step] = lockers.had_room()
    week = 7 * STEPS_PER_DAY
    return [
        Filling(
            known,
            np.stack([room[step + i] for i in range(moments)], axis=2),
            (step + np.arange(moments)) % week,
        )
        for step, known in looks
    ]
