"""Whether a plan is what it says: times, loads, room, levels and costs, from the problem alone.

This shares no code with the solver, so that one mistake does not excuse itself.
"""

import math
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from .problem import Option, Parcel, Place, Problem, Vehicle, VehicleId
from .result import Result, Route, Visit

TOLERANCE_S = 1e-6
"""Seconds and metres that are lost in sums of floats: far less than anything that matters."""


class Found(NamedTuple):
    """What a plan is, as the problem says it."""

    violations: tuple[str, ...]
    cost: float
    distance_m: float
    vehicles: int

    @property
    def is_feasible(self) -> bool:
        """Nothing is violated, and no required parcel is missing."""
        return not self.violations

    def confirms(self, result: Result) -> bool:
        """Whether a plan says itself what it violates: all of it, and nothing else."""
        return set(self.violations) == set(result.violated)


def check(problem: Problem, result: Result) -> Found:
    """Compute a plan again and name everything that is not as it must be or as it says."""
    return _Check(problem, result).find()


class _Check:
    def __init__(self, problem: Problem, result: Result) -> None:
        self.problem, self.result = problem, result
        self.row: dict[str, int] = {place.id: i for i, place in enumerate(problem.places)}
        self.places: dict[str, Place] = {place.id: place for place in problem.places}
        self.parcels: dict[str, Parcel] = {parcel.id: parcel for parcel in problem.parcels}
        self.vehicles: dict[str, Vehicle] = {one.id: one for one in problem.vehicles}
        self.chosen: dict[str, Option] = {}
        self.cost = self.distance_m = 0.0

    def find(self) -> Found:
        violations = [
            *(says for route in self.result.routes for says in self._route(route)),
            *self._vehicles(),
            *self._parcels(),
            *self._compartments(),
            *self._levels(),
            *self._sums(),
        ]
        return Found(tuple(violations), self.cost, self.distance_m, len(self.result.routes))

    def _travel(self, origin: str, place: str, at: float) -> float:
        """When the work at a place can begin, by the integral of speed over time."""
        if origin == place:
            return at
        needed = float(self.problem.durations_s.values[self.row[origin], self.row[place]])
        changes = [(one.at, one.factor) for one in self.problem.speeds if one.at > at]
        passed = [one.factor for one in self.problem.speeds if one.at <= at]
        factor = passed[-1] if passed else 1.0
        for until, then in changes:
            if needed <= (until - at) * factor:
                break
            needed -= (until - at) * factor
            at, factor = until, then
        return at + needed / factor + self.places[place].preparation_s

    def _route(self, route: Route) -> Iterator[str]:
        vehicle = self.vehicles.get(route.vehicle)
        if vehicle is None:
            yield f"there is no vehicle {route.vehicle!r}"
            return
        end_place = vehicle.end_place or vehicle.start_place
        at, here, distance = route.leaves_at, vehicle.start_place, 0.0
        said = [[one.starts_at for one in x.served] or [x.arrives_at] for x in route.visits]
        next_starts = [*(at for times in said for at in times), route.returns_at][1:]
        done = {one.parcel: one for one in vehicle.under_way.done} if vehicle.under_way else {}
        for visit in route.visits:
            distance += self._metres(here, visit.place)
            at = self._travel(here, visit.place, at)
            here = visit.place
            first = visit.served[0].parcel if visit.served else None
            if first not in done and abs(at - visit.arrives_at) > TOLERANCE_S:
                yield f"{route.vehicle} is at {here!r} at {at}, not at {visit.arrives_at}"
            if visit.is_loading:
                at, says = self._load_again(vehicle, visit, at)
                yield from says
                at = self._rest(route, at, next_starts.pop(0))
            for served in visit.served:
                parcel = self.parcels.get(served.parcel)
                if parcel is None or served.option >= len(parcel.options):
                    yield f"there is no option {served.option} of parcel {served.parcel!r}"
                    continue
                if parcel.id in self.chosen:
                    yield f"parcel {parcel.id!r} is served twice"
                option = parcel.options[served.option]
                self.chosen[parcel.id] = option
                if parcel.id in done:
                    at = done[parcel.id].started_at
                else:
                    at = max(at, option.opens_at, self.places[option.place].opens_at)
                    yield from self._in_time(parcel, option, at)
                if option.place != here or abs(at - served.starts_at) > TOLERANCE_S:
                    yield f"parcel {parcel.id!r} starts at {at} at {option.place!r}"
                at = self._rest(route, at + self._service(option), next_starts.pop(0))
        distance += self._metres(here, end_place)
        at = self._travel(here, end_place, at)
        yield from self._whole(route, vehicle, at, distance)
        yield from self._breaks(route, vehicle)
        yield from self._loads(route, vehicle)

    def _load_again(self, vehicle: Vehicle, visit: Visit, at: float) -> tuple[float, list[str]]:
        there = self.places[visit.place]
        at = max(at, there.opens_at)
        says = []
        if at > there.closes_at + TOLERANCE_S:
            says.append(f"{vehicle.id} is {at - there.closes_at} s late for loading")
        if visit.place != (vehicle.load_place or vehicle.start_place) or visit.served:
            says.append(f"{vehicle.id} does not load at {visit.place!r}")
        return at + vehicle.load_s, says

    def _rest(self, route: Route, at: float, until: float) -> float:
        """Let breaks pass that begin before something else does."""
        for one in route.breaks:
            if at - TOLERANCE_S <= one.starts_at < until:
                at = max(at, one.ends_at)
        return at

    def _breaks(self, route: Route, vehicle: Vehicle) -> Iterator[str]:
        """Whether every break that is due is taken, where the vehicle stands, and when it may."""
        over = vehicle.under_way.breaks_taken if vehicle.under_way else 0
        numbers = [one.number for one in route.breaks]
        if numbers != sorted(set(numbers)) or any(
            not over <= number < len(vehicle.breaks) for number in numbers
        ):
            yield f"{route.vehicle} takes breaks {numbers}"
            return
        for one in route.breaks:
            wanted = vehicle.breaks[one.number]
            out_s = one.starts_at - route.leaves_at
            stands = any(
                visit.place == one.place
                and visit.arrives_at - TOLERANCE_S <= one.starts_at
                and one.ends_at <= visit.leaves_at + TOLERANCE_S
                for visit in route.visits
            )
            if not stands:
                yield f"{route.vehicle} rests at {one.starts_at} where it does not stand"
            if not _are_close((one.ends_at,), (one.starts_at + wanted.rest_s,)):
                yield f"{route.vehicle} rests {one.ends_at - one.starts_at} s"
            if not wanted.opens_at - TOLERANCE_S <= one.starts_at <= wanted.closes_at + TOLERANCE_S:
                yield f"{route.vehicle} rests at {one.starts_at}"
            if wanted.after_s_max is not None and out_s > wanted.after_s_max + TOLERANCE_S:
                yield f"{route.vehicle} rests after {out_s} s"
        for number, wanted in enumerate(vehicle.breaks):
            if number < over or number in numbers:
                continue
            is_back = route.returns_at <= wanted.closes_at + TOLERANCE_S and (
                wanted.after_s_max is None
                or route.returns_at - route.leaves_at <= wanted.after_s_max + TOLERANCE_S
            )
            if not is_back and route.leaves_at < wanted.closes_at - TOLERANCE_S:
                yield f"{route.vehicle} does not take its break {number}"

    def _metres(self, origin: str, place: str) -> float:
        return float(self.problem.distances_m.values[self.row[origin], self.row[place]])

    def _service(self, option: Option) -> float:
        return self.places[option.place].parcel_s if option.service_s is None else option.service_s

    def _in_time(self, parcel: Parcel, option: Option, at: float) -> Iterator[str]:
        closes_at = min(option.closes_at, self.places[option.place].closes_at)
        if at > closes_at + TOLERANCE_S:
            yield f"parcel {parcel.id!r} is {at - closes_at} s late at {option.place!r}"

    def _whole(self, route: Route, vehicle: Vehicle, at: float, distance: float) -> Iterator[str]:
        name, duration = route.vehicle, at - route.leaves_at
        if vehicle.under_way is None and route.leaves_at < vehicle.shift_starts_at:
            yield f"{name} leaves before its shift"
        if vehicle.under_way is not None and route.leaves_at != vehicle.under_way.left_at:
            yield f"{name} left at {vehicle.under_way.left_at}, not at {route.leaves_at}"
        if at > vehicle.shift_ends_at + TOLERANCE_S:
            yield f"{name!r} returns {at - vehicle.shift_ends_at:.0f} s after its shift"
        if vehicle.shift_s_max is not None and duration > vehicle.shift_s_max + TOLERANCE_S:
            yield f"{name} is out for {duration} s, more than {vehicle.shift_s_max}"
        if vehicle.range_m is not None and distance > vehicle.range_m + TOLERANCE_S:
            yield f"{name} drives {distance} m, more than {vehicle.range_m}"
        cost = vehicle.cost_fixed + vehicle.cost_per_km * distance / 1000
        cost += vehicle.cost_per_hour * duration / 3600 + self._habits(route, vehicle)
        said = (route.returns_at, route.distance_m, route.duration_s, route.cost)
        if not _are_close(said, (at, distance, duration, cost)):
            yield f"{name} says {said}, and it is {(at, distance, duration, cost)}"
        self.cost += cost
        self.distance_m += distance

    def _habits(self, route: Route, vehicle: Vehicle) -> float:
        """What is paid for zones and orders (R9)."""
        costs, cost = self.problem.habit_costs, 0.0
        seen: set[str] = set()
        last: Place | None = None
        for visit in route.visits:
            place = self.places[visit.place]
            if visit.is_loading:
                last = None
                continue
            if place.zone is not None and (last is None or last.zone != place.zone):
                cost += costs.zone_again * (place.zone in seen)
                seen.add(place.zone)
            if last is not None and last.zone != place.zone:
                ranks = [vehicle.zone_order.index(one.zone) for one in (last, place)
                         if one.zone in vehicle.zone_order]  # fmt: skip
                cost += costs.against_zones * (ranks != sorted(ranks))
            if last is not None:
                ranks = [vehicle.stop_order.index(one.id) for one in (last, place)
                         if one.id in vehicle.stop_order]  # fmt: skip
                cost += costs.against_stops * (ranks != sorted(ranks))
            last = place
        return cost

    def _changes(self) -> float:
        """What is paid for what is not as planned (R8)."""
        costs, cost = self.problem.change_costs, 0.0
        done = {
            one.parcel for v in self.problem.vehicles if v.under_way for one in v.under_way.done
        }
        left_out = {one.id for one in self.problem.parcels if one.planned and one.id not in done}
        for route in self.result.routes:
            vehicle = self.vehicles.get(route.vehicle)
            last = vehicle.start_place if vehicle else None
            for visit in route.visits:
                for i, served in enumerate(visit.served):
                    parcel = self.parcels.get(served.parcel)
                    if parcel is None or parcel.planned is None or parcel.id in done:
                        continue
                    left_out.discard(parcel.id)
                    cost += costs.option * (parcel.planned.option != served.option)
                    cost += costs.vehicle * (parcel.planned.vehicle != route.vehicle)
                    if i == 0 and last != visit.place:
                        cost += costs.arrival * (parcel.planned.from_place not in {None, last})
                last = visit.place
        return cost + costs.option * len(left_out)

    def _loads(self, route: Route, vehicle: Vehicle) -> Iterator[str]:
        trips: list[list[Parcel]] = [[]]
        for visit in route.visits:
            if visit.is_loading:
                trips.append([])
            trips[-1] += [self.parcels[x.parcel] for x in visit.served if x.parcel in self.parcels]
        if len(trips) > vehicle.trips_max:
            yield f"{route.vehicle} makes {len(trips)} trips, more than {vehicle.trips_max}"
        for parcels in trips:
            yield from self._load_of_trip(route, vehicle, parcels)

    def _load_of_trip(self, route: Route, vehicle: Vehicle, parcels: list[Parcel]) -> Iterator[str]:
        said = vehicle.capacity
        for name, room, load_of in (
            ("parcels", said.parcels, lambda _: 1),
            ("cm³", said.volume_cm3, lambda parcel: parcel.volume_cm3),
            ("g", said.weight_g, lambda parcel: parcel.weight_g),
        ):
            load = most = sum(load_of(one) for one in parcels if not one.is_pickup)
            for parcel in parcels:
                load += load_of(parcel) if parcel.is_pickup else -load_of(parcel)
                most = max(most, load)
            if room is not None and most > room:
                yield f"{route.vehicle} holds {most} {name}, more than {room}"

    def _vehicles(self) -> Iterator[str]:
        twice = [id_ for id_, n in Counter(r.vehicle for r in self.result.routes).items() if n > 1]
        if twice:
            yield f"vehicles have two routes: {twice}"
        routes = {route.vehicle: route for route in self.result.routes}
        for vehicle in self.problem.vehicles:
            mine, before = routes.get(vehicle.id), routes.get(vehicle.follows or VehicleId(""))
            if mine and before and mine.leaves_at < before.returns_at - TOLERANCE_S:
                yield f"{vehicle.id} leaves before {before.vehicle} is back"
            if vehicle.under_way is None:
                continue
            route = routes.get(vehicle.id)
            served = [one.parcel for v in route.visits for one in v.served] if route else []
            done = [one.parcel for one in vehicle.under_way.done]
            if route is None or served[: len(done)] != done:
                yield f"{vehicle.id} does not begin with what it has done"
            for id_ in served[len(done) :]:
                parcel = self.parcels[id_]
                if not parcel.is_pickup and parcel.vehicle != vehicle.id:
                    yield f"parcel {id_!r} is not on board of {vehicle.id}"

    def _parcels(self) -> Iterator[str]:
        served_by = {
            one.parcel: route.vehicle
            for route in self.result.routes for visit in route.visits for one in visit.served
        }  # fmt: skip
        unserved = {one.parcel for one in self.result.unserved}
        for parcel in self.problem.parcels:
            vehicle = served_by.get(parcel.id)
            if vehicle is None and parcel.prize is None:
                yield f"parcel {parcel.id!r} is required and not served"
            if (vehicle is None) != (parcel.id in unserved):
                yield f"parcel {parcel.id!r} is served and said not to be, or the reverse"
            if vehicle is not None and parcel.vehicle not in {None, vehicle}:
                yield f"parcel {parcel.id!r} must go with {parcel.vehicle}, not {vehicle}"

    def _compartments(self) -> Iterator[str]:
        rank = {size: i for i, size in enumerate(self.problem.sizes)}
        for place in self.problem.places:
            here = [
                rank[self.parcels[id_].size or self.problem.sizes[0]]
                for id_, option in self.chosen.items()
                if option.place == place.id and not self.parcels[id_].is_pickup
            ]
            if place.parcels_max is not None and len(here) > place.parcels_max:
                yield f"{place.id!r} takes {place.parcels_max} parcels, not {len(here)}"
            if place.free is None:
                continue
            # The largest parcels first, each into the smallest compartment left that it fits.
            left = [place.free.get(size, 0) for size in self.problem.sizes]
            for size in sorted(here, reverse=True):
                fitting = [s for s in range(size, len(left)) if left[s] > 0]
                if not fitting:
                    yield f"{place.id!r} has no compartment for a parcel of size {size}"
                    break
                left[fitting[0]] -= 1

    def _levels(self) -> Iterator[str]:
        for wanted in self.problem.service_levels:
            meant = list(self.parcels) if wanted.parcels is None else list(wanted.parcels)
            worse = sum(id_ in self.chosen and self.chosen[id_].level > wanted.level
                        for id_ in meant)  # fmt: skip
            if worse > len(meant) - math.ceil(wanted.share * len(meant) - 1e-9):
                yield f"{worse} of {len(meant)} parcels are served worse than level {wanted.level}"

    def _sums(self) -> Iterator[str]:
        penalties = sum(option.penalty for option in self.chosen.values())
        missed = sum(
            parcel.prize or 0.0 for parcel in self.problem.parcels if parcel.id not in self.chosen
        )
        self.cost += penalties + missed + self._changes()
        if not _are_close((self.result.cost.total,), (self.cost,)):
            yield f"the plan says it costs {self.result.cost.total}, and it is {self.cost}"


def _are_close(said: tuple[float, ...], found: tuple[float, ...]) -> bool:
    pairs = zip(said, found, strict=True)
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) for a, b in pairs)
