"""Why a parcel is not served: what stands in the way, by name, and the smallest fix.

It looks at plans that were found and changes none. Of many parcels left out only the first few are
looked into (:data:`PARCELS_MAX`): what helps them helps the others.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from .numbering import LOAD, UNITS, Numbered
from .timetable import Timetable, make_timetable
from .travel import Travel
from .vehicle import Vehicle

PARCELS_MAX = 6
"""Parcels looked into (chosen): each takes a few milliseconds for each route near it."""

ROUTES_MAX = 4
"""Routes that each is tried in (chosen)."""

SPOTS_MAX = 10
"""Spots in a route where it is tried (chosen)."""

SLACK_S = 1e-6


class Reasons:
    """Says of a plan why parcels are not in it."""

    def __init__(self, numbered: Numbered, routes: Sequence[Sequence[int]]) -> None:
        self._numbered, self._routes = numbered, routes
        self._travel = Travel.of(numbered.problem)
        self._left = PARCELS_MAX
        room = [limit.options_max for limit in numbered.limits]
        chosen = {o for route in routes for o in route}
        self._full = {
            o
            for k, limit in enumerate(numbered.limits)
            if sum(o in chosen for o in limit.options) >= room[k]
            for o in limit.options
        }
        self._short = self._too_little()

    def say(self, p: int) -> str:
        """Say why a required parcel found no vehicle."""
        nothing = "no vehicle with time and room was found: add one, or lengthen a shift"
        if self._short or self._left <= 0:
            return self._short or nothing
        self._left -= 1
        tried = list(self._tries(p))
        if not tried:
            return nothing
        best = min(tried)
        vehicle, place = best.vehicle, self._numbered.choices[best.option].place
        where = self._numbered.problem.places[place].id
        if best.late_s <= SLACK_S:
            return nothing
        if best.is_break:
            rest = self._numbered.problem.vehicles[vehicle].breaks
            names = " and ".join(f"break {k}" for k in range(len(rest)))
            return (
                f"{self._id(vehicle)!r} would have time for it at {where!r}, but not with {names}:"
                " move a break, or add a vehicle"
            )
        return (
            f"at {where!r} it makes {self._id(vehicle)!r} late by {best.late_s:.0f} s in all, and"
            " others by no less as far as was found: lengthen a window or that shift by so much,"
            " or add a vehicle"
        )

    def say_optional(self, p: int) -> str:
        """Say why an optional parcel was left out."""
        prize = self._numbered.problem.parcels[p].prize or 0.0
        nothing = f"serving it was not found for less than its prize of {prize:g}"
        costs = self._numbered.problem.habit_costs
        if self._left <= 0 or not (costs.zone_again or costs.against_zones or costs.against_stops):
            return nothing
        self._left -= 1
        extra = [one for one in self._extras(p) if one.late_s <= SLACK_S]
        if not extra:
            return nothing
        best = min(extra, key=lambda one: one.plain + one.habits)
        if best.plain >= prize or best.plain + best.habits < prize or best.habits <= 0:
            return nothing
        place = self._numbered.problem.places[self._numbered.choices[best.option].place]
        zone = f"zone {place.zone!r}" if place.zone else "the order of stops"
        return (f"{nothing}: of {best.plain + best.habits:.6g} at {place.id!r}, {best.habits:.6g}"
                f" are for {zone} and what {self._id(best.vehicle)!r} is used to")  # fmt: skip

    def _id(self, v: int) -> str:
        return self._numbered.problem.vehicles[v].id

    def _too_little(self) -> str:
        """Say whether all vehicles together hold less than must be delivered."""
        problem = self._numbered.problem
        if any(one.under_way is not None for one in problem.vehicles):
            return ""
        must = [p for p, one in enumerate(problem.parcels) if one.prize is None
                and not one.is_pickup]  # fmt: skip
        for d, unit in enumerate(UNITS):
            wanted = float(self._numbered.demand[must, d].sum())
            held = sum(
                float(self._numbered.capacity[v, d]) * one.trips_max
                for v, one in enumerate(problem.vehicles)
            )
            if wanted > held:
                return (
                    f"all vehicles together hold {held:g} {unit}, and {wanted:g} are to be"
                    f" delivered: add a vehicle, a trip, or room for {wanted - held:g}"
                )
        return ""

    def _tries(self, p: int) -> Iterator["_Try"]:
        for v, o, route in self._spots(p):
            vehicle = self._numbered.problem.vehicles[v]
            with_breaks = self._late(v, vehicle, route)
            if with_breaks > SLACK_S and vehicle.breaks:
                bare = msgspec.structs.replace(vehicle, breaks=())
                if self._late(v, bare, route) <= SLACK_S:
                    yield _Try(with_breaks, v, o, is_break=True)
                    continue
            yield _Try(with_breaks, v, o, is_break=False)

    def _extras(self, p: int) -> Iterator["_Extra"]:
        numbered = self._numbered
        for v, o, route in self._spots(p):
            vehicle, old = numbered.problem.vehicles[v], self._routes[v]
            habits = numbered.habits(v, route) - numbered.habits(v, old)
            plain = numbered.choices[o].penalty + (0.0 if old else vehicle.cost_fixed)
            plain += self._cost(v, route) - self._cost(v, old)
            yield _Extra(self._late(v, vehicle, route), plain, habits, v, o)

    def _spots(self, p: int) -> Iterator[tuple[int, int, list[int]]]:
        """Name routes with the parcel in them, where the ways to it are shortest."""
        numbered, metres = self._numbered, self._travel.distance_m
        for o in numbered.options_of[p]:
            if o in self._full:
                continue
            place = numbered.choices[o].place
            able = [v for v in range(len(self._routes)) if numbered.may_carry[p, v]]
            idle: dict[object, int] = {}
            for v in able:
                if not self._routes[v]:
                    kind = msgspec.structs.replace(numbered.problem.vehicles[v], id="")
                    idle.setdefault(msgspec.json.encode(kind), v)
            used = [v for v in able if self._routes[v]]
            used.sort(key=lambda v: min(
                (float(metres[numbered.choices[x].place, place]) for x in self._routes[v]
                 if x != LOAD), default=0.0,
            ))  # fmt: skip
            for v in (*idle.values(), *used[:ROUTES_MAX]):
                route = list(self._routes[v])
                done = sum(x != LOAD and numbered.choices[x].parcel in numbered.done for x in route)
                for i in self._nearest(v, route, done, place):
                    tried = [*route[:i], o, *route[i:]]
                    if self._holds(v, tried):
                        yield v, o, tried

    def _nearest(self, v: int, route: Sequence[int], done: int, place: int) -> list[int]:
        """Choose where in a route the way to a place is shortest."""
        numbered, metres = self._numbered, self._travel.distance_m
        stops = [numbered.start[v], *(numbered.load[v] if x == LOAD else numbered.choices[x].place
                                      for x in route), numbered.end[v]]  # fmt: skip

        def detour(i: int) -> float:
            before, behind = stops[i], stops[i + 1]
            return float(metres[before, place] + metres[place, behind] - metres[before, behind])

        return sorted(range(done, len(route) + 1), key=detour)[:SPOTS_MAX]

    def _holds(self, v: int, route: Sequence[int]) -> bool:
        """Tell whether no trip carries more than the vehicle holds, brought or taken."""
        numbered = self._numbered
        for kind in (False, True):
            trip = numbered.demand[0] * 0.0
            for o in route:
                if o == LOAD:
                    trip = trip * 0.0
                elif numbered.problem.parcels[numbered.choices[o].parcel].is_pickup == kind:
                    trip = trip + numbered.demand[numbered.choices[o].parcel]
                if (trip > numbered.capacity[v]).any():
                    return False
        return True

    def _late(self, v: int, vehicle: Vehicle, route: Sequence[int]) -> float:
        numbered = self._numbered
        timed = make_timetable(numbered, self._travel, v, route, vehicle=vehicle)
        late = sum(
            max(0.0, at - numbered.choices[o].closes_at)
            for o, at in zip(route, timed.starts_at, strict=True)
            if o != LOAD and numbered.choices[o].parcel not in numbered.done
        )
        late += max(0.0, timed.returns_at - vehicle.shift_ends_at) + float(timed.misses_break)
        if vehicle.shift_s_max is not None:
            late += max(0.0, timed.returns_at - timed.leaves_at - vehicle.shift_s_max)
        return late

    def _cost(self, v: int, route: Sequence[int]) -> float:
        if not route:
            return 0.0
        numbered, vehicle = self._numbered, self._numbered.problem.vehicles[v]
        timed: Timetable = make_timetable(numbered, self._travel, v, route)
        stops = [numbered.start[v], *(numbered.load[v] if o == LOAD else numbered.choices[o].place
                                      for o in route), numbered.end[v]]  # fmt: skip
        metres = math.fsum(float(self._travel.distance_m[i, j])
                           for i, j in pairwise(stops))  # fmt: skip
        hours = (timed.returns_at - timed.leaves_at) / 3600
        return vehicle.cost_per_km * metres / 1000 + vehicle.cost_per_hour * hours


class _Try(NamedTuple):
    late_s: float
    vehicle: int
    option: int
    is_break: bool


class _Extra(NamedTuple):
    late_s: float
    plain: float
    habits: float
    vehicle: int
    option: int
