"""A plan in force made drivable again by plain insertion: quick, simple, never the last word.

What the new problem no longer allows is taken out, what makes a route late or too full goes with
it, and all that stands outside is put where it costs least just now. Nothing else moves. Plain
Python on a plan's own numbers: it is done before a kernel has laid out its tables.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .numbering import Numbered, begins_at
from .problem import VehicleId
from .timetable import make_timetable
from .travel import Travel

ROUNDING_S = 1e-7
"""What times may be late: less than what sums of floats lose, far less than a second."""


class Repaired(NamedTuple):
    """Choices of every vehicle, and what could not stay where it was planned."""

    routes: list[list[int]]
    removed: dict[int, int]
    """Parcels that lost their place in the plan, and the choices they had."""
    left_out: frozenset[int]
    """Required parcels for which no place was found."""


def keep_what_holds(
    numbered: Numbered, left: Mapping[VehicleId, Sequence[tuple[str, int]]]
) -> Repaired:
    """Keep of a plan in force what can stay, each parcel where and in what order it was."""
    return _Repair(numbered).keep(left)


def insert(numbered: Numbered, kept: Repaired) -> Repaired:
    """Put all that stands outside where it costs least just now, few options first."""
    return _Repair(numbered).insert(kept)


class _Spot(NamedTuple):
    cost: float
    vehicle: int
    behind: int
    choice: int


class _Repair:
    def __init__(self, numbered: Numbered) -> None:
        self.numbered, self.travel = numbered, Travel.of(numbered.problem)
        self.number = {parcel.id: p for p, parcel in enumerate(numbered.problem.parcels)}
        self.routes: list[list[int]] = [[] for _ in numbered.problem.vehicles]
        for o, v, _ in numbered.done.values():
            self.routes[v].append(o)
        self.frozen = [len(route) for route in self.routes]
        self.room = [limit.options_max for limit in numbered.limits]
        self.using: dict[int, list[int]] = {}
        for k, limit in enumerate(numbered.limits):
            for o in limit.options:
                self.using.setdefault(o, []).append(k)

    def keep(self, left: Mapping[VehicleId, Sequence[tuple[str, int]]]) -> Repaired:
        vehicles = self.numbered.problem.vehicles
        choices = [
            [self.numbered.options_of[self.number[p]][o] for p, o in left.get(one.id, ())]
            for one in vehicles
        ]
        self._use(o for route in self.routes for o in route)
        removed: dict[int, int] = {}
        # Who comes first keeps the room, as far as the order of stops tells.
        for i in range(max(map(len, choices), default=0)):
            for v in range(len(vehicles)):
                if i >= len(choices[v]):
                    continue
                o = choices[v][i]
                parcel = self.numbered.choices[o].parcel
                if self.numbered.may_carry[parcel, v] and self._has_room(o):
                    self.routes[v].append(o)
                    self._use([o])
                else:
                    removed[parcel] = o
        for v in range(len(vehicles)):
            for o in self._shed(v):
                removed[self.numbered.choices[o].parcel] = o
        return Repaired(self.routes, removed, frozenset())

    def insert(self, kept: Repaired) -> Repaired:
        self.routes = [list(route) for route in kept.routes]
        self._use(o for route in self.routes for o in route)
        served = {self.numbered.choices[o].parcel for route in self.routes for o in route}
        parcels = self.numbered.problem.parcels
        outside = [p for p in range(len(parcels)) if p not in served]
        outside.sort(key=lambda p: (parcels[p].prize is not None,
                                    len(self.numbered.options_of[p]), p))  # fmt: skip
        self._timed: dict[int, tuple[list[float], list[float]]] = {}
        left_out = set()
        for p in outside:
            if not self._put(p) and parcels[p].prize is None:
                left_out.add(p)
        return Repaired(self.routes, kept.removed, frozenset(left_out))

    def _use(self, options: Iterator[int] | Sequence[int]) -> None:
        for o in options:
            for k in self.using.get(o, ()):
                self.room[k] -= 1

    def _has_room(self, o: int) -> bool:
        return all(self.room[k] > 0 for k in self.using.get(o, ()))

    # ── What a route can no longer do ─────────────────────────────────────────────────────────

    def _shed(self, v: int) -> Iterator[int]:
        """Take out what starts too late; then what saves most, until the whole route goes."""
        route, frozen = self.routes[v], self.frozen[v]
        times = self._forward(v, route)
        late = [i for i in range(frozen, len(route)) if self._is_late(route[i], times[i])]
        while late:
            yield self._take(v, late[0])
            times = self._forward(v, route)
            late = [i for i in range(frozen, len(route)) if self._is_late(route[i], times[i])]
        while len(route) > frozen and self._exceeds(v, route) > 0:
            rests = [(self._exceeds(v, route[:i] + route[i + 1 :]), -i)
                     for i in range(frozen, len(route))]  # fmt: skip
            yield self._take(v, -min(rests)[1])

    def _take(self, v: int, i: int) -> int:
        o = self.routes[v].pop(i)
        for k in self.using.get(o, ()):
            self.room[k] += 1
        return o

    def _is_late(self, o: int, starts_at: float) -> bool:
        return starts_at > self.numbered.choices[o].closes_at + ROUNDING_S

    def _forward(self, v: int, route: Sequence[int]) -> list[float]:
        """Find when each is served at the earliest, and last when the vehicle is back."""
        at, place = begins_at(self.numbered.problem.vehicles[v])[0], self.numbered.start[v]
        times = []
        for o in route:
            choice = self.numbered.choices[o]
            done = self.numbered.done.get(choice.parcel)
            at = self.travel.arrive(at, place, choice.place)
            at = max(at, choice.opens_at) if done is None else done[2]
            times.append(at)
            at, place = at + choice.service_s, choice.place
        times.append(self.travel.arrive(at, place, self.numbered.end[v]))
        return times

    def _backward(self, v: int, route: Sequence[int]) -> list[float]:
        """Find when each may be served at the latest, and last when the vehicle must be back."""
        late, place = self.numbered.problem.vehicles[v].shift_ends_at, self.numbered.end[v]
        times = [late + ROUNDING_S]
        for o in reversed(route):
            choice = self.numbered.choices[o]
            late = self.travel.leave(late, choice.place, place) - choice.service_s
            late, place = min(late, choice.closes_at), choice.place
            times.append(late + ROUNDING_S)
        return times[::-1]

    def _exceeds(self, v: int, route: Sequence[int]) -> float:
        """Find by how much a route is too late, too long, too far or too full, in all."""
        vehicle, misses_break = self.numbered.problem.vehicles[v], False
        times = self._forward(v, route)
        if vehicle.breaks:
            timed = make_timetable(self.numbered, self.travel, v, route)
            times, misses_break = [*timed.starts_at, timed.returns_at], timed.misses_break
        late = float(misses_break) + sum(
            max(0.0, at - self.numbered.choices[o].closes_at)
            for o, at in zip(route[self.frozen[v] :], times[self.frozen[v] :], strict=False)
        )
        late += max(0.0, times[-1] - vehicle.shift_ends_at)
        if vehicle.shift_s_max is not None:
            late += max(0.0, times[-1] - self._leaves_at(v, route, times) - vehicle.shift_s_max)
        if vehicle.range_m is not None:
            late += max(0.0, self._metres(v, route) - vehicle.range_m)
        return (late if late > ROUNDING_S else 0.0) + self._overload(v, route)

    def _leaves_at(self, v: int, route: Sequence[int], times: Sequence[float]) -> float:
        earliest, latest = begins_at(self.numbered.problem.vehicles[v])
        late, place = times[-1], self.numbered.end[v]
        for o in reversed(route):
            choice = self.numbered.choices[o]
            late = self.travel.leave(late, choice.place, place) - choice.service_s
            late, place = min(late, choice.closes_at), choice.place
        leaves_at = self.travel.leave(late, self.numbered.start[v], place)
        return max(earliest, min(latest, leaves_at))

    def _metres(self, v: int, route: Sequence[int]) -> float:
        stops = [self.numbered.start[v], *(self.numbered.choices[o].place for o in route)]
        metres = self.travel.distance_m.item
        legs = zip(stops, [*stops[1:], self.numbered.end[v]], strict=True)
        return float(sum(metres(i, j) for i, j in legs))

    def _overload(self, v: int, route: Sequence[int]) -> float:
        parcels = [self.numbered.choices[o].parcel for o in route]
        is_pickup = [self.numbered.problem.parcels[p].is_pickup for p in parcels]
        over = 0.0
        for d in range(self.numbered.demand.shape[1]):
            room = float(self.numbered.capacity[v, d])
            if math.isinf(room):
                continue
            wanted = [float(self.numbered.demand[p, d]) for p in parcels]
            load = sum(x for x, up in zip(wanted, is_pickup, strict=True) if not up)
            most = load
            for x, up in zip(wanted, is_pickup, strict=True):
                load += x if up else -x
                most = max(most, load)
            over += max(0.0, most - room)
        return over

    # ── Where something outside goes ──────────────────────────────────────────────────────────

    def _put(self, p: int) -> bool:
        prize = self.numbered.problem.parcels[p].prize
        most = math.inf if prize is None else prize
        spots = [
            spot
            for v in range(len(self.routes))
            if self.numbered.may_carry[p, v]
            for o in self.numbered.options_of[p]
            if self._has_room(o)
            for spot in self._spots(v, o)
            if spot.cost < most
        ]
        for spot in sorted(spots):
            route = self.routes[spot.vehicle]
            tried = [*route[: spot.behind], spot.choice, *route[spot.behind :]]
            if self._exceeds(spot.vehicle, tried) > 0:
                continue
            self.routes[spot.vehicle] = tried
            self._timed.pop(spot.vehicle, None)
            self._use([spot.choice])
            return True
        return False

    def _spots(self, v: int, o: int) -> Iterator[_Spot]:
        """Find where in a route an option goes in time, and what it about costs there."""
        vehicle, choice = self.numbered.problem.vehicles[v], self.numbered.choices[o]
        route, frozen = self.routes[v], self.frozen[v]
        if v not in self._timed:
            self._timed[v] = self._forward(v, route), self._backward(v, route)
        early, late = self._timed[v]
        per_m, per_s = vehicle.cost_per_km / 1000, vehicle.cost_per_hour / 3600
        metres, seconds = self.travel.distance_m.item, self.travel.duration_s.item
        extra = choice.penalty + choice.change + float(self.numbered.moving[choice.parcel, v])
        extra += vehicle.cost_fixed if not route and vehicle.under_way is None else 0.0
        stops = [self.numbered.start[v], *(self.numbered.choices[x].place for x in route),
                 self.numbered.end[v]]  # fmt: skip
        begin = begins_at(vehicle)[0]
        for k in range(frozen, len(route) + 1):
            i, j, n = stops[k], choice.place, stops[k + 1]
            if i == n and frozen < k < len(route) and i != j:
                continue  # Inside a row of parcels at one place there is nothing to gain.
            free_at = (
                begin if k == 0 else early[k - 1] + self.numbered.choices[route[k - 1]].service_s
            )
            starts_at = max(self.travel.arrive(free_at, i, j), choice.opens_at)
            if starts_at > choice.closes_at + ROUNDING_S:
                break  # It is only reached later behind those that follow.
            if self.travel.arrive(starts_at + choice.service_s, j, n) > late[k]:
                continue
            added_m = metres(i, j) + metres(j, n) - metres(i, n)
            added_s = seconds(i, j) + seconds(j, n) - seconds(i, n) + choice.service_s
            yield _Spot(extra + per_m * added_m + per_s * added_s, v, k, o)
