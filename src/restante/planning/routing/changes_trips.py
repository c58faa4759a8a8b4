"""Vehicles that load again, taken apart for planning again: each further trip a vehicle of its own.

A vehicle under way makes no more trips (R11), and what waits for its next trip is not on board. So
each trip after the first becomes a vehicle that follows the one before (R12): it starts where that
one ends, when what is loaded there has been loaded. What was done stays with the trip it was done
on. From then on a day's plan has these vehicles, and can be planned again as any other.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from ..entry import BadProblem
from .changes import (
    Changes,
    CourierLate,
    LockerFilled,
    ParcelRedirected,
    PickupAdded,
    PlaceClosed,
    Position,
    VehicleBroken,
)
from .problem import Break, Parcel, PlaceId, Problem, Vehicle, VehicleId
from .result import Load, Result, Route, Visit

replace = msgspec.structs.replace

SLACK_SHARE = 0.5
"""Share of the time to spare behind a loading that the trip before may use up, where something
happened to it (chosen); where nothing did, it is back when it was planned to be."""


class Apart(NamedTuple):
    """A problem, its plan and what happened, with each trip a vehicle of its own."""

    problem: Problem
    plan: Result
    changes: Changes


class _Trip(NamedTuple):
    vehicle: Vehicle
    route: Route


def take_apart(problem: Problem, plan: Result, changes: Changes) -> Apart:
    """Make each further trip a vehicle of its own; nothing changes where there is none.

    Raises
    ------
    BadProblem
        When an id that a further trip would have is there already.
    """
    if all(vehicle.trips_max == 1 for vehicle in problem.vehicles):
        return Apart(problem, plan, changes)
    routes = {route.vehicle: route for route in plan.routes}
    vehicles: list[Vehicle] = []
    made: list[Route] = []
    trips: dict[VehicleId, list[_Trip]] = {}
    for vehicle in problem.vehicles:
        route = routes.get(vehicle.id)
        if vehicle.trips_max == 1 or route is None:
            vehicles.append(replace(vehicle, trips_max=1))
            made += [] if route is None else [route]
            continue
        mine = list(_trips(problem, vehicle, route, changes))
        trips[vehicle.id] = mine
        vehicles += [trip.vehicle for trip in mine]
        made += [trip.route for trip in mine]
    ids = [vehicle.id for vehicle in vehicles]
    for id_ in ids:
        if ids.count(id_) > 1:
            raise BadProblem("plan", f"{id_!r} is there already: give another vehicle another id")
    carrier = {
        one.parcel: trip.vehicle.id
        for mine in trips.values()
        for trip in mine
        for visit in trip.route.visits
        for one in visit.served
    }
    parcels = tuple(_tied(parcel, trips, carrier) for parcel in problem.parcels)
    apart = replace(problem, vehicles=tuple(vehicles), parcels=parcels)
    return Apart(apart, replace(plan, routes=tuple(made)), _told_of(changes, trips, carrier))


def _tied(
    parcel: Parcel, trips: Collection[VehicleId], carrier: dict[str, VehicleId]
) -> Parcel:  # fmt: skip
    if parcel.vehicle not in trips or parcel.id not in carrier:
        return parcel
    return replace(parcel, vehicle=carrier[parcel.id])


def _trips(
    problem: Problem, vehicle: Vehicle, route: Route, changes: Changes
) -> Iterator[_Trip]:  # fmt: skip
    """Take a route apart where it loads."""
    parts: list[list[Visit]] = [[]]
    loadings: list[Visit] = []
    for visit in route.visits:
        if visit.is_loading:
            loadings.append(visit)
            parts.append([])
        else:
            parts[-1].append(visit)
    shift_ends_at = vehicle.shift_ends_at
    if vehicle.shift_s_max is not None:
        shift_ends_at = min(shift_ends_at, route.leaves_at + vehicle.shift_s_max)
    leaves = [route.leaves_at, *(visit.leaves_at for visit in loadings)]
    returns = [*(visit.arrives_at for visit in loadings), route.returns_at]
    later = _may_be_later(problem, vehicle, parts, returns, shift_ends_at, changes)
    ends = [back + more for back, more in zip(returns, later, strict=True)]
    starts = [vehicle.shift_starts_at if vehicle.shift_s_max is None else route.leaves_at]
    for end, loading in zip(ends, loadings, strict=False):
        starts.append(end + loading.leaves_at - loading.arrives_at)
    ends[-1] = shift_ends_at
    load_place = vehicle.load_place or vehicle.start_place
    far = [_metres(problem, vehicle, load_place, i, parts) for i in range(len(parts))]
    spare = None if vehicle.range_m is None else (vehicle.range_m - sum(far)) / len(parts)
    for i, visits in enumerate(parts):
        id_ = vehicle.id if i == 0 else VehicleId(f"{vehicle.id}, trip {i + 1}")
        last = i == len(parts) - 1
        one = replace(
            vehicle,
            id=id_,
            start_place=vehicle.start_place if i == 0 else load_place,
            end_place=vehicle.end_place or vehicle.start_place if last else load_place,
            shift_starts_at=starts[i],
            shift_ends_at=max(ends[i], starts[i]),
            shift_s_max=None,
            breaks=_breaks(vehicle, route, leaves[i], returns[i], is_last=last),
            trips_max=1,
            load_place=None,
            cost_fixed=vehicle.cost_fixed if i == 0 else 0.0,
            range_m=None if spare is None else far[i] + max(0.0, spare),
            follows=None if i == 0 else VehicleId(_id_before(vehicle.id, i)),
        )
        yield _Trip(one, _route(route, one, visits, leaves[i], returns[i], far[i]))


def _id_before(id_: str, i: int) -> str:
    return id_ if i == 1 else f"{id_}, trip {i}"


def _route(
    whole: Route, vehicle: Vehicle, visits: Sequence[Visit], leaves_at: float, returns_at: float,
    metres: float,
) -> Route:  # fmt: skip
    rests = tuple(one for one in whole.breaks if leaves_at <= one.starts_at < returns_at)
    seconds = returns_at - leaves_at
    return Route(
        vehicle=vehicle.id,
        leaves_at=leaves_at,
        returns_at=returns_at,
        visits=tuple(visits),
        load_at_start=Load(),
        load_max=Load(),
        distance_m=metres,
        duration_s=seconds,
        co2e_g=vehicle.co2e_g_per_km * metres / 1000,
        cost=vehicle.cost_fixed + vehicle.cost_per_km * metres / 1000
        + vehicle.cost_per_hour * seconds / 3600,
        breaks=tuple(replace(one, number=k) for k, one in enumerate(rests)),
    )  # fmt: skip


def _metres(
    problem: Problem,
    vehicle: Vehicle,
    load_place: PlaceId,
    i: int,
    parts: Sequence[Sequence[Visit]],
) -> float:
    row = {place.id: k for k, place in enumerate(problem.places)}
    begin = vehicle.start_place if i == 0 else load_place
    end = (vehicle.end_place or vehicle.start_place) if i == len(parts) - 1 else load_place
    stops = [begin, *(visit.place for visit in parts[i]), end]
    table = problem.distances_m.values
    return sum(float(table[row[a], row[b]]) for a, b in pairwise(stops))


def _breaks(
    vehicle: Vehicle, route: Route, leaves_at: float, returns_at: float, *, is_last: bool
) -> tuple[Break, ...]:
    """Give a trip the breaks taken on it, and the last one those that were not due."""
    taken = {one.number: one.starts_at for one in route.breaks}
    mine = []
    for number, one in enumerate(vehicle.breaks):
        begins = taken.get(number)
        if begins is None and not is_last:
            continue
        if begins is not None and not leaves_at <= begins < returns_at:
            continue
        must_begin = one.closes_at
        if one.after_s_max is not None:
            must_begin = min(must_begin, route.leaves_at + one.after_s_max)
        if must_begin >= one.opens_at:
            mine.append(replace(one, closes_at=must_begin, after_s_max=None))
    return tuple(mine)


def _may_be_later(
    problem: Problem, vehicle: Vehicle, parts: Sequence[Sequence[Visit]],
    returns: Sequence[float], shift_ends_at: float, changes: Changes,
) -> list[float]:  # fmt: skip
    """Find for each trip by how much it may be back later, and all behind it still be in time."""
    options = {parcel.id: parcel.options for parcel in problem.parcels}
    places = {place.id: place for place in problem.places}
    later, spare = [0.0] * len(parts), shift_ends_at - returns[-1]
    is_last = True
    for i in range(len(parts) - 1, -1, -1):
        is_over = returns[i] <= changes.at
        if not is_last and not is_over and _is_touched(vehicle, parts[i], changes):
            later[i] = SLACK_SHARE * max(0.0, min(spare, 1e6))
        is_last = False
        for visit in parts[i]:
            for one in visit.served:
                option = options[one.parcel][one.option]
                closes_at = min(option.closes_at, places[option.place].closes_at)
                spare = min(spare, closes_at - one.starts_at)
    # What a trip is later makes all behind it later: the first to be late leaves them the rest.
    return [max([0.0, *later[: i + 1]]) for i in range(len(later))]


def _is_touched(vehicle: Vehicle, visits: Sequence[Visit], changes: Changes) -> bool:
    parcels = {one.parcel for visit in visits for one in visit.served}
    places = {visit.place for visit in visits}
    for event in changes.events:
        match event:
            case PickupAdded():
                return True
            case ParcelRedirected() if event.parcel in parcels:
                return True
            case LockerFilled() | PlaceClosed() if event.place in places:
                return True
            case CourierLate() | VehicleBroken() if event.vehicle == vehicle.id:
                return True
            case _:
                pass
    return False


# ── What happened, told of the trip it happened on ────────────────────────────────────────────


def _told_of(
    changes: Changes, trips: dict[VehicleId, list[_Trip]], carrier: dict[str, VehicleId]
) -> Changes:
    """Let events and positions speak of the trip that a vehicle is on."""

    def on(id_: VehicleId) -> VehicleId:
        mine = trips.get(id_)
        if mine is None:
            return id_
        begun = [trip for trip in mine if trip.route.leaves_at <= changes.at]
        back = bool(begun) and begun[-1].route.returns_at <= changes.at
        return mine[min(len(begun) - 1 + back, len(mine) - 1) if begun else 0].vehicle.id

    events = tuple(
        replace(event, vehicle=on(event.vehicle))
        if isinstance(event, CourierLate | VehicleBroken)
        else event
        for event in changes.events
    )
    positions = tuple(_position(one, trips, carrier) for one in changes.positions)
    loaded = changes.loaded
    if loaded is not None:
        loaded = tuple(on(id_) for id_ in loaded)
    return replace(changes, events=events, positions=positions, loaded=loaded)


def _position(
    position: Position, trips: dict[VehicleId, list[_Trip]], carrier: dict[str, VehicleId]
) -> Position:
    """Say of the trip on which the last was done what was done on it."""
    mine = trips.get(position.vehicle)
    if mine is None or not position.done:
        return position
    at = carrier.get(position.done[-1].parcel, position.vehicle)
    done = tuple(one for one in position.done if carrier.get(one.parcel, at) == at)
    [trip] = [one for one in mine if one.vehicle.id == at] or mine[:1]
    left_at = position.left_at
    if trip.vehicle.follows is not None:
        left_at = min(trip.route.leaves_at, done[0].started_at)
    return replace(position, vehicle=trip.vehicle.id, done=done, left_at=left_at)
