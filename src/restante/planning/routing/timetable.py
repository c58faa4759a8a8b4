"""When a vehicle is where, given what it serves in which order: leaving, breaks, returning.

It answers for the planner; the kernel and the checker each have their own way to the same times.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .arrays import ROUNDING_S
from .numbering import LOAD, Numbered, begins_at
from .travel import Travel
from .vehicle import Break, Vehicle


class Rested(NamedTuple):
    """A break taken."""

    number: int
    """Among the vehicle's breaks."""
    after: int
    """Taken after the stop of this number."""
    starts_at: float


class Timetable(NamedTuple):
    """The times of a route, one entry for each of its stops."""

    leaves_at: float
    arrives_at: list[float]
    starts_at: list[float]
    returns_at: float
    breaks: list[Rested]
    misses_break: bool
    """No way was found to take all breaks that are due."""


class _Stop(NamedTuple):
    place: int
    service_s: float
    opens_at: float
    closes_at: float
    is_done: bool


class _Label(NamedTuple):
    """A part of a route, left between ``since`` and ``until``; see :mod:`.kernel.shift`."""

    earliest: float
    since: float
    until: float
    work: float
    breaks: tuple[tuple[int, int], ...]
    """The number of each break, and after which stop it is taken."""

    def beats(self, other: "_Label") -> bool:
        return (
            self.earliest <= other.earliest
            and self.since <= other.since
            and self.until >= other.until
            and self.work <= other.work
        )


def make_timetable(
    numbered: Numbered,
    travel: Travel,
    v: int,
    choices: Sequence[int],
    *,
    vehicle: Vehicle | None = None,
) -> Timetable:
    """Find the times of a vehicle that serves choices in order (R6, R10).

    With another vehicle than its own, what would be if it were that one: without breaks, say.
    """
    return _Way(numbered, travel, v, choices, vehicle or numbered.problem.vehicles[v]).make()


class _Way:
    def __init__(
        self,
        numbered: Numbered,
        travel: Travel,
        v: int,
        choices: Sequence[int],
        vehicle: Vehicle,
    ) -> None:
        self.travel, self.vehicle = travel, vehicle
        self.start, self.end = numbered.start[v], numbered.end[v]
        self.stops = [_stop(numbered, v, o) for o in choices]
        way = self.vehicle.under_way
        self.done = len(way.done) if way else 0
        self.taken = way.breaks_taken if way else 0

    def make(self) -> Timetable:
        """Find the times."""
        if self.taken >= len(self.vehicle.breaks):
            return self._drive(self._latest_leave(), (), misses_break=False)
        labels = list(self._labels())
        if not labels:
            return self._drive(self._latest_leave(), (), misses_break=True)
        best = min(labels, key=lambda x: (max(x.work, x.earliest - x.until), x.earliest))
        leaves_at = max(best.since, min(best.until, best.earliest - best.work))
        return self._drive(leaves_at, best.breaks, misses_break=False)

    def _drive(
        self, leaves_at: float, breaks: Sequence[tuple[int, int]], *, misses_break: bool
    ) -> Timetable:
        at, place = leaves_at, self.start
        arrives, starts, rested = [], [], []
        for i, stop in enumerate(self.stops):
            at = self.travel.arrive(at, place, stop.place)
            begins = stop.opens_at if stop.is_done else max(at, stop.opens_at)
            arrives.append(min(at, begins))
            starts.append(begins)
            at, place = begins + stop.service_s, stop.place
            for number, after in breaks:
                if after == i:
                    rest = self.vehicle.breaks[number]
                    rested.append(Rested(number, i, max(at, rest.opens_at)))
                    at = rested[-1].starts_at + rest.rest_s
        returns_at = self.travel.arrive(at, place, self.end)
        return Timetable(leaves_at, arrives, starts, returns_at, rested, misses_break)

    def _latest_leave(self) -> float:
        """Find the latest time to leave without returning later, without breaks."""
        earliest, latest = begins_at(self.vehicle)
        if earliest == latest:
            return earliest
        late, place = self._drive(earliest, (), misses_break=False).returns_at, self.end
        for stop in reversed(self.stops):
            late = self.travel.leave(late, stop.place, place) - stop.service_s
            late, place = min(late, stop.closes_at), stop.place
        return max(earliest, min(latest, self.travel.leave(late, self.start, place)))

    def _labels(self) -> Iterator[_Label]:
        breaks = self.vehicle.breaks
        states: list[list[_Label]] = [[] for _ in range(len(breaks) + 1)]
        states[self.taken].append(self._begin())
        place = self.start
        for i, stop in enumerate(self.stops):
            states = [list(self._go(labels, place, stop)) for labels in states]
            states = [[x._replace(earliest=x.earliest + stop.service_s,
                                  work=x.work + stop.service_s) for x in labels]
                      for labels in states]  # fmt: skip
            place = stop.place
            if i >= self.done - 1:
                for k, one in enumerate(breaks):
                    for label in states[k]:
                        for rested in (_spare(label, one), _rest(label, one, k, i)):
                            if rested is not None:
                                _add(states[k + 1], rested)
        shut = self.vehicle.shift_ends_at
        for k, labels in enumerate(states):
            for label in self._go(labels, place, _Stop(self.end, 0.0, -math.inf, shut, False)):
                yield from _finish(label, breaks[k:])

    def _begin(self) -> _Label:
        since, until = begins_at(self.vehicle)
        if self.travel.speed_at:
            first = self.stops[0]
            wanted = self.travel.leave(first.opens_at, self.start, first.place)
            since = until = min(until, max(since, wanted))
        return _Label(since, since, until, 0.0, ())

    def _go(self, labels: list[_Label], place: int, stop: _Stop) -> list[_Label]:
        found: list[_Label] = []
        closes_at = stop.closes_at + ROUNDING_S
        leg = 0.0 if place == stop.place else float(
            self.travel.duration_s[place, stop.place] + self.travel.preparation_s[stop.place]
        )  # fmt: skip
        for label in labels:
            earliest = self.travel.arrive(label.earliest, place, stop.place)
            until, work = label.until, label.work + leg
            if stop.is_done:
                earliest = stop.opens_at
            elif earliest > closes_at:
                continue
            earliest = max(earliest, stop.opens_at)
            if stop.is_done or self.travel.speed_at:
                work = earliest - until
            else:
                until = min(until, closes_at - work)
            if label.since <= until:
                _add(found, _Label(earliest, label.since, until, work, label.breaks))
        return found


def _stop(numbered: Numbered, v: int, option: int) -> _Stop:
    if option == LOAD:
        there = numbered.problem.places[numbered.load[v]]
        service_s = numbered.problem.vehicles[v].load_s
        return _Stop(numbered.load[v], service_s, there.opens_at, there.closes_at, False)
    choice = numbered.choices[option]
    done = numbered.done.get(choice.parcel)
    if done is not None:
        return _Stop(choice.place, choice.service_s, done[2], done[2], True)
    return _Stop(choice.place, choice.service_s, choice.opens_at, choice.closes_at, False)


def _add(labels: list[_Label], new: _Label) -> None:
    if not any(label.beats(new) for label in labels):
        labels[:] = [*(label for label in labels if not new.beats(label)), new]


def _rest(label: _Label, one: Break, number: int, after: int) -> _Label | None:
    closes_at, after_s_max = one.closes_at + ROUNDING_S, _after_s_max(one)
    begins = max(label.earliest, one.opens_at)
    since, until = max(label.since, begins - after_s_max), min(label.until, closes_at - label.work)
    if begins > closes_at or label.work > after_s_max or since > until:
        return None
    breaks = (*label.breaks, (number, after))
    return _Label(begins + one.rest_s, since, until, label.work + one.rest_s, breaks)


def _spare(label: _Label, one: Break) -> _Label | None:
    """Who leaves when a break must have begun has rested before."""
    closes_at = one.closes_at + ROUNDING_S
    if closes_at > label.until:
        return None
    since = max(label.since, closes_at)
    return label._replace(earliest=max(label.earliest, since + label.work), since=since)


def _finish(label: _Label, left: Sequence[Break]) -> Iterator[_Label]:
    """Keep a label if the vehicle is back before breaks left must begin."""
    for one in left:
        closes_at, after_s_max = one.closes_at + ROUNDING_S, _after_s_max(one)
        if label.earliest <= closes_at and label.work <= after_s_max:
            label = label._replace(
                since=max(label.since, label.earliest - after_s_max),
                until=min(label.until, closes_at - label.work),
            )
        elif (spared := _spare(label, one)) is not None:
            label = spared
        else:
            return
    if label.since <= label.until:
        yield label


def _after_s_max(one: Break) -> float:
    return math.inf if one.after_s_max is None else one.after_s_max + ROUNDING_S
