"""The problem by numbers: options in one list, and what limits how many of them are chosen."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from .problem import Capacity, Option, Parcel, Problem, Vehicle

DIMENSIONS = ("parcels", "volume_cm3", "weight_g")
UNITS = ("parcels", "cm³", "g")
"""Of dimensions, as people read them."""


LOAD = -1
"""Stands among the choices of a route where its vehicle loads again."""


class Choice(NamedTuple):
    """An option of a parcel, with what its place adds."""

    parcel: int
    number: int
    """Among the parcel's options."""
    place: int
    opens_at: float
    closes_at: float
    service_s: float
    level: int
    penalty: float
    change: float
    """What it costs that it is not the option planned."""


class Limit(NamedTuple):
    """At most so many of some options are chosen, over all routes."""

    options_max: int
    options: tuple[int, ...]
    says: str
    """What limits, and what to do about it."""


class Numbered(NamedTuple):
    """A problem whose places, vehicles, parcels and options are numbers."""

    problem: Problem
    choices: tuple[Choice, ...]
    options_of: tuple[tuple[int, ...], ...]
    """For each parcel the numbers of its choices."""
    limits: tuple[Limit, ...]
    demand: NDArray[np.float64]
    """Shape (parcels, 3): parcels, volume, weight."""
    capacity: NDArray[np.float64]
    """Shape (vehicles, 3), infinite where not limited."""
    may_carry: NDArray[np.bool_]
    """Shape (parcels, vehicles)."""
    start: tuple[int, ...]
    end: tuple[int, ...]
    load: tuple[int, ...]
    """For each vehicle the place where it loads again."""
    done: dict[int, tuple[int, int, float]]
    """Choice, vehicle and start of every parcel that is served already."""
    moving: NDArray[np.float64]
    """What it costs that a vehicle serves a parcel, shape (parcels, vehicles)."""
    from_place: tuple[int, ...]
    """For each parcel where its vehicle was to come from, -1 where nothing was planned."""

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Number a problem."""
        place_of = {place.id: i for i, place in enumerate(problem.places)}
        choices: list[Choice] = []
        options_of = []
        for p, parcel in enumerate(problem.parcels):
            first = len(choices)
            choices += (
                _choice(problem, p, k, option, place_of[option.place])
                for k, option in enumerate(parcel.options)
            )
            options_of.append(tuple(range(first, len(choices))))
        return cls(
            problem,
            tuple(choices),
            tuple(options_of),
            tuple(_limits(problem, choices)),
            np.array([_demand(one) for one in problem.parcels], dtype=float).reshape(-1, 3),
            np.array([_room(one.capacity) for one in problem.vehicles], dtype=float),
            _may_carry(problem),
            tuple(place_of[one.start_place] for one in problem.vehicles),
            tuple(place_of[one.end_place or one.start_place] for one in problem.vehicles),
            tuple(place_of[one.load_place or one.start_place] for one in problem.vehicles),
            _done(problem, options_of),
            _moving(problem),
            tuple(
                place_of[one.planned.from_place] if one.planned and one.planned.from_place else -1
                for one in problem.parcels
            ),
        )

    def habits(self, v: int, choices: Sequence[int]) -> float:
        """Find what a route pays for zones and for orders its courier is used to (R9)."""
        costs, vehicle = self.problem.habit_costs, self.problem.vehicles[v]
        stops = [-1 if o == LOAD else self.choices[o].place for o in choices]
        there = [self.problem.places[i] if i >= 0 else None for i, _ in groupby(stops)]
        ids = [None if place is None else place.id for place in there]
        zones = [None if place is None else place.zone for place in there]
        runs = Counter(zone for zone, _ in groupby(zones) if zone is not None)
        again = sum(runs.values()) - len(runs)
        by_zone = sum(a != b and _is_against(vehicle.zone_order, a, b) for a, b in pairwise(zones))
        by_stop = sum(_is_against(vehicle.stop_order, a, b) for a, b in pairwise(ids))
        return (costs.zone_again * again + costs.against_zones * by_zone
                + costs.against_stops * by_stop)  # fmt: skip

    def changes(self, routes: Sequence[Sequence[int]]) -> float:
        """Find what a plan pays for what is not as planned before (R8)."""
        costs, total = self.problem.change_costs, 0.0
        left_out = set(range(len(self.problem.parcels)))
        for v, choices in enumerate(routes):
            last = self.start[v]
            for o in choices:
                if o == LOAD:
                    last = self.load[v]
                    continue
                choice = self.choices[o]
                left_out.discard(choice.parcel)
                if choice.parcel not in self.done:
                    from_place = self.from_place[choice.parcel]
                    total += choice.change + float(self.moving[choice.parcel, v])
                    if last != choice.place and from_place not in {-1, last}:
                        total += costs.arrival
                last = choice.place
        return total + costs.option * sum(
            self.problem.parcels[p].planned is not None for p in left_out
        )


def _choice(problem: Problem, parcel: int, number: int, option: Option, place: int) -> Choice:
    there, planned = problem.places[place], problem.parcels[parcel].planned
    service_s = there.parcel_s if option.service_s is None else option.service_s
    return Choice(
        parcel,
        number,
        place,
        max(option.opens_at, there.opens_at),
        min(option.closes_at, there.closes_at),
        service_s,
        option.level,
        option.penalty,
        0.0 if planned is None or planned.option == number else problem.change_costs.option,
    )


def _moving(problem: Problem) -> NDArray[np.float64]:
    moving = np.zeros((len(problem.parcels), len(problem.vehicles)))
    for p, parcel in enumerate(problem.parcels):
        if parcel.planned is not None:
            is_other = [vehicle.id != parcel.planned.vehicle for vehicle in problem.vehicles]
            moving[p] = problem.change_costs.vehicle * np.array(is_other)
    return moving


def _is_against(order: Sequence[str], last: str | None, this: str | None) -> bool:
    return last in order and this in order and order.index(last) > order.index(this)


def _demand(parcel: Parcel) -> tuple[int, int, int]:
    return 1, parcel.volume_cm3, parcel.weight_g


def _room(capacity: Capacity) -> tuple[float, ...]:
    said = (capacity.parcels, capacity.volume_cm3, capacity.weight_g)
    return tuple(math.inf if room is None else room for room in said)


def _limits(problem: Problem, choices: Sequence[Choice]) -> Iterator[Limit]:
    at: dict[int, list[int]] = {}
    for o, choice in enumerate(choices):
        if not problem.parcels[choice.parcel].is_pickup:
            at.setdefault(choice.place, []).append(o)
    rank = {size: i for i, size in enumerate(problem.sizes)}
    for i, place in enumerate(problem.places):
        here = at.get(i, [])
        sizes = [rank.get(problem.parcels[choices[o].parcel].size or "", 0) for o in here]
        for s, size in enumerate(problem.sizes if place.free is not None else ()):
            # R1: nested sizes need exactly one limit for each size class.
            room = sum((place.free or {}).get(larger, 0) for larger in problem.sizes[s:])
            members = tuple(o for o, of in zip(here, sizes, strict=True) if of >= s)
            if len(members) > room:
                words = f"{place.id!r} has {room} compartments of size {size!r} or larger"
                yield Limit(room, members, f"{words}: free one more, or offer another place")
        if place.parcels_max is not None and len(here) > place.parcels_max:
            words = f"{place.id!r} takes {place.parcels_max} parcels"
            yield Limit(place.parcels_max, tuple(here), f"{words}: let it take one more")
    for wanted in problem.service_levels:
        some = {p.id for p in problem.parcels} if wanted.parcels is None else set(wanted.parcels)
        is_meant = [parcel.id in some for parcel in problem.parcels]
        worse_max = len(some) - math.ceil(wanted.share * len(some) - 1e-9)
        members = tuple(
            o
            for o, choice in enumerate(choices)
            if choice.level > wanted.level and is_meant[choice.parcel]
        )
        words = f"{wanted.share:.0%} are to be served at level {wanted.level} or better"
        yield Limit(worse_max, members, f"{words}: lower the share, or offer more such options")


def _may_carry(problem: Problem) -> NDArray[np.bool_]:
    may = np.ones((len(problem.parcels), len(problem.vehicles)), dtype=bool)
    number = {vehicle.id: v for v, vehicle in enumerate(problem.vehicles)}
    is_out = np.array([vehicle.under_way is not None for vehicle in problem.vehicles])
    for p, parcel in enumerate(problem.parcels):
        if parcel.vehicle is not None:
            may[p] = False
            may[p, number[parcel.vehicle]] = True
        elif not parcel.is_pickup:
            may[p] = ~is_out  # R7
    return may


def _done(
    problem: Problem, options_of: Sequence[tuple[int, ...]]
) -> dict[int, tuple[int, int, float]]:
    number = {parcel.id: p for p, parcel in enumerate(problem.parcels)}
    return {
        number[one.parcel]: (options_of[number[one.parcel]][one.option], v, one.started_at)
        for v, vehicle in enumerate(problem.vehicles)
        for one in (vehicle.under_way.done if vehicle.under_way else ())
    }


def begins_at(vehicle: Vehicle) -> tuple[float, float]:
    """Find between which times a vehicle may leave."""
    if vehicle.under_way is not None:
        return vehicle.under_way.left_at, vehicle.under_way.left_at
    return vehicle.shift_starts_at, vehicle.shift_ends_at
