"""What the kernel works on: arrays alone, made from a network, its changes and a stream.

Times are hours from the first midnight; sites, kinds and classes of parcels are numbers.
"""

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .changes import NO_CHANGES, Changes
from .problem import HOURS_OF_DAY, CapacitySite, Habits, Network
from .stream import Floats, Ints, Stream

LOOK_AHEAD_DAYS: Final = 45
"""Days beyond the last one in which stays may end: the longest hold and some (chosen)."""

URGE_HOURS_MAX: Final = 24 * 21
"""Hours after which somebody who has not come is counted as never coming, as in the demo city."""

NEIGHBOURS_MAX: Final = 3
"""Neighbours offered one after the other (chosen)."""

EXTENDS_BEFORE_H: Final = 2.0
COMES_WITHIN_H: Final = 20.0
"""Who extends does so two hours before the end and comes within twenty, as in the demo city."""

REMINDER_AFTER_H_MIN: Final = 6.0
REMINDER_BEFORE_H_MIN: Final = 1.0
REMINDERS_APART_H: Final = 6.0
"""No reminder sooner after the deposit, nearer to the end or to each other (`core.hold`)."""

EARTH_M_PER_DEGREE: Final = 111_195.0


class Places(NamedTuple):
    """Sites: what they have, when couriers come, when they are shut, who is near."""

    room: Ints
    """Count of compartments, by site and kind."""
    visits: Floats
    """Of all sites, one after the other, each in order of time."""
    visits_from: Ints
    """Where the visits of a site begin; one more number than there are sites."""
    shut_from: Floats
    shut_until: Floats
    """When nothing is deposited."""
    is_dark: Ints
    """1 where nothing is collected either while it is shut."""
    neighbours: Ints
    """By site, nearest first, -1 for none."""
    heap_from: Ints
    """Where a site's heap of departures begins; one more number than there are sites."""


class Rules(NamedTuple):
    """How people act and what is allowed; hours unless said otherwise."""

    masks: Ints
    """Kinds a class of parcels goes into, as bits."""
    unions: Ints
    """All unions of those sets of kinds, for the rule of bookings."""
    urge: Floats
    """Patience spent in each hour of waiting."""
    rhythm: Floats
    """What the urge is multiplied by, in each hour from the first midnight."""
    no_show_share: float
    extension_share: float
    redirect_share: float
    hold_h: float
    reminder_after_h: float
    reminder_before_end_h: float
    reminder_factor: float
    reminder_h: float
    reward_factor: float
    reward_h: float
    tries_max: int
    is_booked: int
    booking_h: float


class Wanted(NamedTuple):
    """Parcels in the order in which they are first asked about: booked, or put in."""

    asked_at: Floats
    put_in_at: Floats
    """When a courier first tries, in the order of ``asked_at``."""
    site: Ints
    kind: Ints
    patience: Floats
    no_show: Floats
    extends: Floats
    redirects: Floats
    stay_h: Floats
    """Hours it stays where that is given; negative where patience decides."""

    def __len__(self) -> int:
        return len(self.asked_at)


def make_places(network: Network, days: int, changes: Changes = NO_CHANGES) -> Places:
    """Lay out sites for a number of days."""
    sites = network.sites
    room = np.array(
        [[one.compartments.get(kind, 0) for kind in network.kinds] for one in sites], dtype=np.int64
    )
    storms = set(changes.storm_days(network))
    visits = [_visits(network, one, days, storms) for one in sites]
    shut_from = np.full(len(sites), math.inf)
    shut_until = np.full(len(sites), math.inf)
    is_dark = np.zeros(len(sites), dtype=np.int64)
    for n, one in enumerate(sites):
        for shut in changes.shut:
            if shut.site == one.id:
                shut_from[n] = shut.from_day * HOURS_OF_DAY
                if shut.days is not None:
                    shut_until[n] = (shut.from_day + shut.days) * HOURS_OF_DAY
                    is_dark[n] = 1
    return Places(
        room=room,
        visits=np.concatenate(visits),
        visits_from=np.concatenate([[0], np.cumsum([len(v) for v in visits])]).astype(np.int64),
        shut_from=shut_from,
        shut_until=shut_until,
        is_dark=is_dark,
        neighbours=_neighbours(network),
        heap_from=np.concatenate([[0], np.cumsum(room.sum(axis=1))]).astype(np.int64),
    )


def make_rules(network: Network, days: int, changes: Changes = NO_CHANGES) -> Rules:
    """Lay out rules and habits for a number of days."""
    habits = network.habits
    place = {kind: n for n, kind in enumerate(network.kinds)}
    masks = [sum(1 << place[k] for k in set(one.goes_into)) for one in network.parcels]
    hours = np.arange(URGE_HOURS_MAX + 1) / habits.dwell_scale_hours
    return Rules(
        masks=np.array(masks, dtype=np.int64),
        unions=_unions(masks),
        urge=np.diff(hours**habits.dwell_shape),
        rhythm=_rhythm(network, days, changes),
        no_show_share=habits.no_show_share,
        extension_share=habits.extension_share,
        redirect_share=habits.redirect_share,
        hold_h=habits.hold_h,
        reminder_after_h=habits.reminder_after_h,
        reminder_before_end_h=habits.reminder_before_end_h,
        reminder_factor=habits.reminder_factor,
        reminder_h=habits.reminder_h,
        reward_factor=habits.reward_factor,
        reward_h=habits.reward_h,
        tries_max=habits.tries_max,
        is_booked=int(network.is_booked),
        booking_h=network.booking_h,
    )


def make_wanted(network: Network, stream: Stream, places: Places, changes: Changes) -> Wanted:
    """Take the parcels of a stream that come in a run, and say when each is first asked about."""
    levels = changes.levels(network, int(stream.at_h[-1] // HOURS_OF_DAY) + 1 if len(stream) else 1)
    day = (stream.at_h // HOURS_OF_DAY).astype(np.int64)
    kept = np.nonzero(stream.mark < levels[day])[0]
    at_h, site = stream.at_h[kept], stream.site[kept]
    put_in_at = _put_in(at_h, site, places, network.habits.deposit_s / 3600)
    asked_at = put_in_at
    if network.is_booked:
        asked_at = np.maximum(put_in_at - network.announced_h_before, 0.0)
    comes = np.isfinite(put_in_at)
    order = np.argsort(asked_at, kind="stable")
    order = order[comes[order]]
    patience = stream.patience[kept][order]
    return Wanted(
        asked_at=asked_at[order],
        put_in_at=put_in_at[order],
        site=site[order],
        kind=stream.kind[kept][order],
        patience=patience,
        no_show=stream.no_show[kept][order],
        extends=stream.extends[kept][order],
        redirects=stream.redirects[kept][order],
        stay_h=_stays(network.habits, patience),
    )


def _put_in(at_h: Floats, site: Ints, places: Places, deposit_h: float) -> Floats:
    """Let each parcel wait for the next visit; those of one visit follow one another."""
    if not len(places.visits):
        return at_h
    span = max(float(places.visits[-1]), float(at_h.max()) if len(at_h) else 0.0) + 1e6
    counts = np.diff(places.visits_from)
    keys = places.visits + np.repeat(np.arange(len(counts)), counts) * span
    visit = np.searchsorted(keys, at_h + site * span)
    last = places.visits_from[site + 1]
    has_none = counts[site] == 0
    is_late = ~has_none & (visit >= last)
    visit = np.minimum(visit, len(places.visits) - 1)
    waits = ~has_none & ~is_late
    order = np.argsort(visit, kind="stable")
    order = order[waits[order]]
    of_visit = visit[order]
    firsts = np.concatenate([[True], of_visit[1:] != of_visit[:-1]]) if len(order) else np.zeros(0)
    begin = np.maximum.accumulate(np.where(firsts, np.arange(len(order)), 0)) if len(order) else 0
    at = np.where(has_none, at_h, np.inf)
    at[order] = places.visits[of_visit] + (np.arange(len(order)) - begin) * deposit_h
    return at


def _stays(habits: Habits, patience: Floats) -> Floats:
    """Turn patience into stays of a given sample; negative where there is none."""
    if not habits.stays_h:
        return np.full(len(patience), -1.0)
    sample = np.sort(np.array(habits.stays_h))
    rank = (-np.expm1(-patience) * len(sample)).astype(np.int64)
    stays: Floats = sample[np.minimum(rank, len(sample) - 1)]
    return stays


def _visits(network: Network, site: CapacitySite, days: int, storms: set[int]) -> Floats:
    hours = network.visits_at if site.visits_at is None else site.visits_at
    played = [day for day in range(days + LOOK_AHEAD_DAYS) if day not in storms]
    return np.array([day * HOURS_OF_DAY + hour for day in played for hour in hours])


def _unions(masks: list[int]) -> Ints:
    unions: set[int] = set()
    for mask in set(masks):
        unions |= {union | mask for union in unions} | {mask}
    return np.array(sorted(unions), dtype=np.int64)


def _rhythm(network: Network, days: int, changes: Changes) -> Floats:
    habits = network.habits
    hours = np.array(habits.collect_hour_weights)
    weekdays = np.array(habits.collect_weekday_weights)
    day = np.arange(days + LOOK_AHEAD_DAYS)
    rhythm: NDArray[np.float64] = np.outer(weekdays[(day + network.first_weekday) % 7], hours)
    for storm in changes.storm_days(network):
        if storm < len(rhythm):
            rhythm[storm] *= changes.storm_collect_factor
    return rhythm.ravel()


def _neighbours(network: Network) -> Ints:
    """Find whom parcels may go to instead: those named, else the nearest within reach."""
    sites = network.sites
    found = np.full((len(sites), NEIGHBOURS_MAX), -1, dtype=np.int64)
    number = {one.id: n for n, one in enumerate(sites)}
    placed = [n for n, one in enumerate(sites) if one.latitude is not None]
    nearest = _nearest(network, placed)
    for n, one in enumerate(sites):
        named = [number[name] for name in one.neighbours] or nearest.get(n, [])
        found[n, : len(named[:NEIGHBOURS_MAX])] = named[:NEIGHBOURS_MAX]
    return found


def _nearest(network: Network, placed: list[int]) -> dict[int, list[int]]:
    if not placed or not network.habits.redirect_share:
        return {}
    degrees = np.array([(network.sites[n].latitude, network.sites[n].longitude) for n in placed])
    metres = degrees.astype(np.float64) * EARTH_M_PER_DEGREE
    metres[:, 1] *= math.cos(math.radians(float(degrees[:, 0].mean())))
    reach = network.habits.redirect_m_max
    nearest: dict[int, list[int]] = {}
    for row, n in enumerate(placed):
        away = np.hypot(*(metres - metres[row]).T)
        away[row] = math.inf
        order = np.argsort(away, kind="stable")[:NEIGHBOURS_MAX]
        nearest[n] = [placed[other] for other in order if away[other] <= reach]
    return nearest
