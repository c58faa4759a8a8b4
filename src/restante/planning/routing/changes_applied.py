"""From a problem, its plan in force and changes to the problem of the rest of the day.

What vehicles have done is frozen, with the stop each is heading to; parcels on board stay on
board. A vehicle that stands where nothing is served any more gets a stop without a parcel there.
"""

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np

from .changes import (
    Changes,
    CourierLate,
    LockerFilled,
    ParcelRedirected,
    PickupAdded,
    PlaceAdded,
    PlaceClosed,
    Position,
    VehicleBroken,
    require_sound,
)
from .changes_standing import Standing, fitting, marker, stand_as_planned, stand_as_reported
from .problem import (
    BadProblem,
    Done,
    Matrix,
    Parcel,
    Place,
    PlaceId,
    Problem,
    UnderWay,
    Vehicle,
    VehicleId,
)
from .result import Result

replace = msgspec.structs.replace

GONE_S = 1.0
"""A closed place closed so long before now: no vehicle goes on before now."""


class Changed(NamedTuple):
    """The problem of the rest of the day, and what is left of the plan in force."""

    problem: Problem
    left: dict[VehicleId, list[tuple[str, int]]]
    """For each vehicle what it still has to do, in order: parcels and their options."""
    because: dict[str, str]
    """Parcels that an event speaks of, and which: a tag of :mod:`.changes`."""
    closed: frozenset[PlaceId]
    broken: dict[str, VehicleId]
    """Parcels that nobody brings on, by the vehicle they are on board of."""


def apply(problem: Problem, plan: Result, changes: Changes) -> Changed:
    """Freeze what was done and write into the problem what changed.

    Raises
    ------
    BadProblem
        When the changes cannot be meant; the message names the entry and what to do.
    """
    require_sound(changes, problem, plan)
    return _Applying(_with_places(problem, changes.places), plan, changes).apply()


class _Applying:
    def __init__(self, problem: Problem, plan: Result, changes: Changes) -> None:
        self.problem, self.changes, self.at = problem, changes, changes.at
        self.places: dict[PlaceId, Place] = {one.id: one for one in problem.places}
        self.parcels: dict[str, Parcel] = {one.id: one for one in problem.parcels}
        self.vehicles: dict[VehicleId, Vehicle] = {one.id: one for one in problem.vehicles}
        self.because: dict[str, str] = {}
        self.closed: set[PlaceId] = set()
        self.broken: dict[str, VehicleId] = {}
        self.has_pickups_left = False
        starts = {one.start_place for one in problem.vehicles}
        self.is_one_depot = len(starts) == 1
        self.routes = {route.vehicle: route for route in plan.routes}
        reported = {position.vehicle: position for position in changes.positions}
        self.standing: dict[VehicleId, Standing] = {}
        for id_, vehicle in self.vehicles.items():
            route = self.routes.get(id_)
            self.standing[id_] = (
                stand_as_reported(vehicle, reported[id_], route)
                if id_ in reported
                else stand_as_planned(vehicle, route, self.at)
            )
        for position in changes.positions:
            self._count_delay(position)

    def apply(self) -> Changed:
        for i, event in enumerate(self.changes.events):
            match event:
                case ParcelRedirected():
                    self._redirect(f"events[{i}]", event)
                case LockerFilled():
                    self._fill(event)
                case PlaceClosed():
                    self._close(event.place)
                case CourierLate():
                    self._delay(event)
                case PickupAdded():
                    self.parcels[event.parcel.id] = event.parcel
                    self.because[event.parcel.id] = "pickup_added"
                case VehicleBroken():
                    self._break(f"events[{i}]", event)
        done = {x.parcel for one in self.standing.values() for x in [*one.done, *one.committed]}
        self.has_pickups_left = any(
            one.is_pickup and id_ not in done for id_, one in self.parcels.items()
        )
        for standing in list(self.standing.values()):
            self._freeze(standing)
        changed = replace(
            self.problem,
            places=tuple(self.places.values()),
            vehicles=tuple(self.vehicles.values()),
            parcels=tuple(self.parcels.values()),
        )
        left = {id_: standing.left for id_, standing in self.standing.items()}
        return Changed(changed, left, self.because, frozenset(self.closed), self.broken)

    def _redirect(self, path: str, event: ParcelRedirected) -> None:
        standing = self._carrier(event.parcel)
        done = [one for one in standing.done if one.parcel == event.parcel] if standing else []
        if done:
            says = f"{event.parcel!r} was served at {done[0].started_at:.0f}: leave the event out"
            raise BadProblem(path, says)
        parcel = self.parcels[event.parcel]
        self.parcels[event.parcel] = replace(parcel, options=event.options, planned=None)
        self.because[event.parcel] = "parcel_redirected"
        if standing is None:
            return
        if not parcel.is_pickup and (standing.left_at is not None or self._is_loaded(
            standing.vehicle.id
        )):  # fmt: skip
            on_board = replace(self.parcels[event.parcel], vehicle=standing.vehicle.id)
            self.parcels[event.parcel] = on_board
        for one in standing.committed:
            if one.parcel == event.parcel:
                self._give_up(parcel.options[one.option].place, {event.parcel})
        was, standing.left = standing.left, []
        for id_, option in was:
            if id_ != event.parcel:
                standing.left.append((id_, option))
                continue
            place = parcel.options[option].place
            same = [k for k, one in enumerate(event.options) if one.place == place]
            standing.left += [(id_, same[0])] if same else []

    def _carrier(self, parcel: str) -> Standing | None:
        for standing in self.standing.values():
            mine = {one.parcel for one in standing.done} | {
                one.parcel for one in standing.committed
            }
            if parcel in mine or any(parcel == id_ for id_, _ in standing.left):
                return standing
        return None

    def _fill(self, event: LockerFilled) -> None:
        committed = sorted(
            (one.started_at, one.parcel, self._size(one.parcel))
            for standing in self.standing.values()
            for one in standing.committed
            if self._is_delivery_to(one, event.place)
        )
        sizes = self.problem.sizes
        kept = set(fitting([x[1:] for x in committed], dict(event.free), sizes))
        self._give_up(event.place, {parcel for _, parcel, _ in committed} - kept)
        free = Counter(event.free)
        free.update(self._deposited(event.place))
        self.places[event.place] = replace(self.places[event.place], free=dict(free))
        self._note(event.place, "locker_filled")

    def _close(self, place: PlaceId) -> None:
        here = {one.parcel for standing in self.standing.values() for one in standing.committed
                if self._place_of(one) == place}  # fmt: skip
        self._give_up(place, here)
        one, until = self.places[place], self.at - GONE_S
        self.places[place] = replace(one, opens_at=min(one.opens_at, until), closes_at=until)
        self.closed.add(place)
        self._note(place, "place_closed")

    def _give_up(self, place: PlaceId, parcels: set[str]) -> None:
        for id_, standing in self.standing.items():
            if not parcels.intersection(one.parcel for one in standing.committed):
                continue
            arrives = [visit.arrives_at for visit in self.routes[id_].visits
                       if parcels.intersection(one.parcel for one in visit.served)]  # fmt: skip
            lost = standing.give_up(parcels, max(self.at, arrives[0]))
            if not standing.committed and standing.place is None:
                standing.place = place
            standing.left = [(one.parcel, one.option) for one in lost] + standing.left

    def _note(self, place: PlaceId, why: str) -> None:
        for standing in self.standing.values():
            for parcel, option in standing.left:
                if self.parcels[parcel].options[option].place == place:
                    self.because.setdefault(parcel, why)

    def _delay(self, event: CourierLate) -> None:
        standing = self.standing[event.vehicle]
        standing.delay(event.late_s)
        route = self.routes.get(event.vehicle)
        if route is not None:
            self._let_return_at(event.vehicle, route.returns_at + event.late_s)
        if standing.left_at is None:
            route, vehicle = self.routes.get(event.vehicle), self.vehicles[event.vehicle]
            leaves_at = route.leaves_at if route else vehicle.shift_starts_at
            self.vehicles[event.vehicle] = _start_later(vehicle, leaves_at + event.late_s)

    def _count_delay(self, position: Position) -> None:
        """Whoever reports to be where they should have left before is back later by as much."""
        route = self.routes.get(position.vehicle)
        if route is None or not position.done:
            return
        last = position.done[-1].parcel
        for visit in route.visits:
            if any(one.parcel == last for one in visit.served):
                free_at = self.at if position.free_at is None else position.free_at
                late_s = max(0.0, free_at - visit.leaves_at)
                self._let_return_at(position.vehicle, route.returns_at + late_s)

    def _let_return_at(self, id_: VehicleId, returns_at: float) -> None:
        """Let a vehicle be back so late, and those that follow it leave so much later (R12)."""
        behind = [one for one in self.vehicles.values() if one.follows == id_]
        vehicle = self.vehicles[id_]
        if not behind or returns_at <= vehicle.shift_ends_at:
            return
        [next_] = behind
        by = returns_at - vehicle.shift_ends_at
        self.vehicles[id_] = replace(vehicle, shift_ends_at=returns_at)
        starts_at = next_.shift_starts_at + by
        is_last = all(one.follows != next_.id for one in self.vehicles.values())
        ends_at = max(starts_at, next_.shift_ends_at + (0.0 if is_last else by))
        if not is_last:
            self._let_return_at(next_.id, next_.shift_ends_at + by)
            ends_at = self.vehicles[next_.id].shift_ends_at
        ends_at = max(starts_at, ends_at)
        later = replace(next_, shift_starts_at=starts_at, shift_ends_at=ends_at)
        self.vehicles[next_.id] = later
        left_at, reported = self.standing[next_.id].left_at, self.changes.positions
        if left_at is not None and all(one.vehicle != next_.id for one in reported):
            # By the plan it would have left; as the trip before is not back, it has not.
            self.standing[next_.id] = stand_as_planned(later, self.routes.get(next_.id), -math.inf)

    def _stay(self, id_: VehicleId) -> None:
        """Let those that follow a vehicle that goes no further not leave at all."""
        for one in list(self.vehicles.values()):
            if one.follows == id_:
                for parcel, _ in self.standing[one.id].left:
                    self.because[parcel] = "vehicle_broken"
                self.standing[one.id].left = []
                for parcel, its in self.parcels.items():
                    if its.vehicle == one.id:
                        self.parcels[parcel] = replace(its, vehicle=None)
                stays = replace(one, shift_ends_at=one.shift_starts_at)
                self.vehicles[one.id] = stays
                self._stay(one.id)

    def _break(self, path: str, event: VehicleBroken) -> None:
        standing = self.standing[event.vehicle]
        standing.left = [(x.parcel, x.option) for x in standing.committed] + standing.left
        standing.committed = []
        reported = {one.vehicle: one.place for one in self.changes.positions}
        place = reported.get(event.vehicle) or self._last_place(standing)
        standing.place, standing.free_at = place, self.at
        self.vehicles[event.vehicle] = replace(
            self.vehicles[event.vehicle],
            end_place=place,
            shift_ends_at=max(
                self.vehicles[event.vehicle].shift_starts_at,
                self.at,
                *(one.started_at + self._service_s(one) for one in standing.done),
            ),
        )
        stays = {p for p, one in self.parcels.items() if one.vehicle == event.vehicle}
        if standing.left_at is not None or self._is_loaded(event.vehicle):
            stays |= {p for p, _ in standing.left if not self.parcels[p].is_pickup}
        stays -= {one.parcel for one in standing.done}
        for parcel, _ in standing.left:
            self.because[parcel] = "vehicle_broken"
        successor = event.replaced_by
        self._stay(event.vehicle)
        if successor is None:
            self.broken |= dict.fromkeys(sorted(stays), event.vehicle)
        else:
            self._take_over(path, standing, place, successor, stays)
        standing.left = []
        for parcel in stays:
            holder = event.vehicle if successor is None else successor.id
            self.parcels[parcel] = replace(self.parcels[parcel], vehicle=holder)

    def _take_over(
        self, path: str, broken: Standing, place: PlaceId, successor: Vehicle, stays: set[str]
    ) -> None:
        if successor.id in self.vehicles:
            raise BadProblem(f"{path}.replaced_by", f"{successor.id!r} is in vehicles already:"
                             " give a vehicle of its own")  # fmt: skip
        if successor.start_place != place or successor.under_way is not None:
            raise BadProblem(f"{path}.replaced_by", f"it takes over at {place!r}: start it there"
                             ", when what is on board was handed over")  # fmt: skip
        self.vehicles[successor.id] = _start_later(successor, self.at)
        taking = self.standing[successor.id] = Standing(self.vehicles[successor.id])
        taking.left = [(p, o) for p, o in broken.left if p in stays or self.parcels[p].is_pickup]

    def _breaks_taken(self, vehicle: Vehicle) -> int:
        before = vehicle.under_way.breaks_taken if vehicle.under_way else 0
        route = self.routes.get(vehicle.id)
        begun = [x.number + 1 for x in route.breaks if x.starts_at <= self.at] if route else []
        return max([before, *begun])

    def _is_loaded(self, vehicle: VehicleId) -> bool:
        if self.changes.loaded is not None:
            return vehicle in self.changes.loaded
        # What waits for a further trip lies at the depot still: any van that starts there takes it.
        return self.vehicles[vehicle].follows is None or not self.is_one_depot

    def _last_place(self, standing: Standing) -> PlaceId:
        if standing.done:
            return self._place_of(standing.done[-1])
        return standing.vehicle.start_place

    def _freeze(self, standing: Standing) -> None:
        id_ = standing.vehicle.id
        vehicle = self.vehicles[id_]
        is_loaded = self._is_loaded(id_)
        if standing.left_at is None:
            vehicle = _start_later(vehicle, self.at)
        else:
            done = [*standing.done, *standing.committed]
            mark = self._needs_mark(standing, done)
            if mark is not None:
                stop, served = marker(standing, *mark)
                self.parcels[stop.id] = stop
                done.append(served)
                vehicle = _hold_one_more(vehicle)
            if standing.is_returning and mark is None:
                # It would have to leave again: nobody said so.
                ends = max(vehicle.shift_starts_at, standing.free_at or 0.0)
                vehicle = replace(vehicle, shift_ends_at=min(vehicle.shift_ends_at, ends))
            under_way = UnderWay(
                left_at=standing.left_at, done=tuple(done), breaks_taken=self._breaks_taken(vehicle)
            )
            vehicle, is_loaded = replace(vehicle, under_way=under_way), True
        self.vehicles[id_] = vehicle
        for parcel, _ in standing.left if is_loaded else ():
            if not self.parcels[parcel].is_pickup:
                self.parcels[parcel] = replace(self.parcels[parcel], vehicle=id_)

    def _needs_mark(self, standing: Standing, done: list[Done]) -> tuple[PlaceId, float] | None:
        """Find where and when a vehicle goes on, if what it has done does not say it."""
        if standing.committed:
            return None
        place = standing.place or self._last_place(standing)
        here, free_at = standing.vehicle.start_place, standing.left_at or 0.0
        if done:
            here = self._place_of(done[-1])
            free_at = done[-1].started_at + self._service_s(done[-1])
        goes_on_at = max(self.at, free_at, standing.free_at or free_at)
        if standing.is_returning and not (self.has_pickups_left and goes_on_at > self.at):
            return None
        if place == here and goes_on_at <= free_at + 1e-6:
            return None
        return place, goes_on_at

    def _service_s(self, done: Done) -> float:
        option = self.parcels[done.parcel].options[done.option]
        return self.places[option.place].parcel_s if option.service_s is None else option.service_s

    def _place_of(self, done: Done) -> PlaceId:
        return self.parcels[done.parcel].options[done.option].place

    def _size(self, parcel: str) -> str:
        return self.parcels[parcel].size or self.problem.sizes[0]

    def _is_delivery_to(self, done: Done, place: PlaceId) -> bool:
        return self._place_of(done) == place and not self.parcels[done.parcel].is_pickup

    def _deposited(self, place: PlaceId) -> Iterable[str]:
        """Sizes of what was deposited at a place: it fills compartments that are not free now."""
        return [
            self._size(one.parcel)
            for standing in self.standing.values()
            for one in standing.done
            if self._is_delivery_to(one, place)
        ]


def _start_later(vehicle: Vehicle, at: float) -> Vehicle:
    starts_at = min(max(vehicle.shift_starts_at, at), vehicle.shift_ends_at)
    return replace(vehicle, shift_starts_at=starts_at)


def _hold_one_more(vehicle: Vehicle) -> Vehicle:
    # A stop without a parcel counts as one on board from then on: exactly one more is held.
    held = vehicle.capacity
    if held.parcels is None:
        return vehicle
    return replace(vehicle, capacity=replace(held, parcels=held.parcels + 1))


def _with_places(problem: Problem, added: tuple[PlaceAdded, ...]) -> Problem:
    if not added:
        return problem
    places = list(problem.places)
    metres, seconds = problem.distances_m.values, problem.durations_s.values
    for i, one in enumerate(added):
        path = f"places[{i}] {one.place.id!r}"
        lists: tuple[tuple[float, ...], ...] = (
            one.metres_from,
            one.metres_to,
            one.seconds_from,
            one.seconds_to,
        )
        if not any(lists):
            lists = _estimate(path, one.place, places, metres, seconds)
        for ways in lists:
            if len(ways) != len(places):
                raise BadProblem(path, f"it has {len(ways)} ways for {len(places)} places: give"
                                 " one for each place before it")  # fmt: skip
        metres = _bordered(metres, lists[0], lists[1])
        seconds = _bordered(seconds, lists[2], lists[3])
        places.append(one.place)
    return replace(
        problem,
        places=tuple(places), distances_m=Matrix(metres), durations_s=Matrix(seconds),
    )  # fmt: skip


def _bordered(
    values: np.ndarray, ways_from: Iterable[float], ways_to: Iterable[float]
) -> np.ndarray:
    column = np.array([*ways_to], dtype=float)[:, None]
    row = np.array([*ways_from, 0.0], dtype=float)[None, :]
    return np.concatenate([np.concatenate([values, column], axis=1), row])


def _estimate(
    path: str, place: Place, places: list[Place], metres: np.ndarray, seconds: np.ndarray
) -> tuple[tuple[float, ...], ...]:
    """Estimate ways as the crow flies, as much longer and as fast as those that are known."""
    if place.latitude is None or any(one.latitude is None for one in places):
        raise BadProblem(path, "how far it is from others is not known: give four lists of ways,"
                         " or latitude and longitude of all places")  # fmt: skip
    at = np.radians([(x.latitude or 0.0, x.longitude or 0.0) for x in [*places, place]])
    half = np.sin((at[:, None] - at[None, :]) / 2) ** 2
    cosines = np.cos(at[:, 0])
    crow = (
        2
        * 6_371_000
        * np.arcsin(np.sqrt(half[..., 0] + cosines[:, None] * cosines[None, :] * half[..., 1]))
    )
    known, total = crow[:-1, :-1].sum(), metres.sum()
    if known <= 0 or total <= 0:
        raise BadProblem(path, "all places known are one: give four lists of ways")
    away = tuple(float(x) for x in crow[-1, :-1] * (total / known))
    last = tuple(x * float(seconds.sum() / total) for x in away)
    if not all(math.isfinite(x) for x in last):
        raise BadProblem(path, "latitudes and longitudes are degrees: give numbers")
    return away, away, last, last
