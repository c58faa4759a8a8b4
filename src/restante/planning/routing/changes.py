"""What has happened since a plan came into force: where vehicles stand, and what changed.

An operator or a program writes it down as one JSON object; :mod:`.replan` answers it.
"""

import math
from collections.abc import Iterator

import msgspec

from ..entry import Amount, Count, Document, Entry, refuse
from .problem import (
    Done,
    Option,
    Parcel,
    Place,
    PlaceId,
    Problem,
    Vehicle,
    VehicleId,
)
from .result import Result
from .validation import Flaw


class ParcelRedirected(Entry, frozen=True, tag_field="type", tag="parcel_redirected"):
    """The recipient wants it elsewhere, or at another time."""

    parcel: str
    options: tuple[Option, ...]
    """All places where it may be served from now on."""


class LockerFilled(Entry, frozen=True, tag_field="type", tag="locker_filled"):
    """A place has fewer compartments left than the plan counts on."""

    place: PlaceId
    free: dict[str, Count] = msgspec.field(default_factory=dict)
    """Compartments that are free now, by size class; what is not said is 0."""


class PlaceClosed(Entry, frozen=True, tag_field="type", tag="place_closed"):
    """Nothing can be served at a place any more: a locker out of order, a street closed."""

    place: PlaceId


class CourierLate(Entry, frozen=True, tag_field="type", tag="courier_late"):
    """A vehicle is at its next stop, or leaves, so much later than planned."""

    vehicle: VehicleId
    late_s: Amount


class PickupAdded(Entry, frozen=True, tag_field="type", tag="pickup_added"):
    """Something is to be fetched that the plan does not know."""

    parcel: Parcel


class VehicleBroken(Entry, frozen=True, tag_field="type", tag="vehicle_broken"):
    """A vehicle goes no further than where it stands."""

    vehicle: VehicleId
    replaced_by: Vehicle | None = None
    """A vehicle that takes over there what is on board; its shift starts when that is done."""


Event = ParcelRedirected | LockerFilled | PlaceClosed | CourierLate | PickupAdded | VehicleBroken


class Position(Entry):
    """Where a vehicle is. Without one, a vehicle is where the plan in force says."""

    vehicle: VehicleId
    left_at: float | None = None
    """When it left; without it, it has not left yet."""
    done: tuple[Done, ...] = ()
    """All it has served, in order, with what it will serve at the stop it is heading to."""
    place: PlaceId | None = None
    """Where it stands, or is about to be; without it, where it served last."""
    free_at: float | None = None
    """When it can go on from there; without it, now."""


class PlaceAdded(Entry):
    """A place that the problem does not know, with the ways there and away.

    Each list is in the order of the problem's places, then of those added before this one. Without
    lists, ways are estimated from latitudes and longitudes.
    """

    place: Place
    metres_from: tuple[Amount, ...] = ()
    metres_to: tuple[Amount, ...] = ()
    seconds_from: tuple[Amount, ...] = ()
    seconds_to: tuple[Amount, ...] = ()


class Changes(Document, frozen=True, tag_field="type", tag="routing.changes.v1"):
    """All that has happened by a moment."""

    at: float
    """Now, in the problem's seconds."""
    events: tuple[Event, ...] = ()
    positions: tuple[Position, ...] = ()
    places: tuple[PlaceAdded, ...] = ()
    loaded: tuple[VehicleId, ...] | None = None
    """Vehicles still at their start whose parcels are on board; without it all of them."""


def require_sound(changes: Changes, problem: Problem, plan: Result) -> None:
    """Refuse changes that cannot be meant.

    Raises
    ------
    BadProblem
        Names the first of them and what to do.
    """
    refuse(list(find_flaws(changes, problem, plan)))


def find_flaws(changes: Changes, problem: Problem, plan: Result) -> Iterator[Flaw]:
    """Find what cannot be meant, entry by entry."""
    if not math.isfinite(changes.at):
        yield "at", f"{changes.at} is no time: give seconds"
    known = {vehicle.id for vehicle in problem.vehicles}
    yield from _plan_flaws(problem, plan)
    seen: set[str] = set()
    for i, position in enumerate(changes.positions):
        path = f"positions[{i}] {position.vehicle!r}"
        yield from _position_flaws(path, position, changes, problem)
        if position.vehicle in seen:
            yield path, "it is there twice: say once where a vehicle is"
        seen.add(position.vehicle)
    for id_ in changes.loaded or ():
        if id_ not in known:
            yield "loaded", f"{id_!r} is not in vehicles: name another"
    for i, event in enumerate(changes.events):
        yield from _event_flaws(f"events[{i}]", event, changes, problem)


def _plan_flaws(problem: Problem, plan: Result) -> Iterator[Flaw]:
    vehicles = {vehicle.id for vehicle in problem.vehicles}
    parcels = {parcel.id: parcel for parcel in problem.parcels}
    for route in plan.routes:
        if route.vehicle not in vehicles:
            yield "plan", f"{route.vehicle!r} is not in vehicles: give the plan of this problem"
        for served in (one for visit in route.visits for one in visit.served):
            parcel = parcels.get(served.parcel)
            if parcel is None or served.option >= len(parcel.options):
                yield "plan", (f"there is no option {served.option} of parcel {served.parcel!r}:"
                               " give the plan of this problem")  # fmt: skip


def _places(changes: Changes, problem: Problem) -> set[str]:
    return {place.id for place in problem.places} | {one.place.id for one in changes.places}


def _position_flaws(
    path: str, position: Position, changes: Changes, problem: Problem
) -> Iterator[Flaw]:
    if position.vehicle not in {vehicle.id for vehicle in problem.vehicles}:
        yield path, "it is not in vehicles: name another"
    if position.left_at is None and (position.done or position.place is not None):
        yield f"{path}.left_at", "it has done something: say when it left"
    if position.left_at is not None and not position.left_at <= changes.at:
        yield f"{path}.left_at", f"it left at {position.left_at:g}, after now ({changes.at:g})"
    if position.place is not None and position.place not in _places(changes, problem):
        yield f"{path}.place", f"{position.place!r} is not in places: add it there"
    if position.free_at is not None and not math.isfinite(position.free_at):
        yield f"{path}.free_at", f"{position.free_at} is no time: give seconds"


def _event_flaws(path: str, event: Event, changes: Changes, problem: Problem) -> Iterator[Flaw]:
    places = _places(changes, problem)
    match event:
        case ParcelRedirected():
            if event.parcel not in {parcel.id for parcel in problem.parcels}:
                yield path, f"{event.parcel!r} is not in parcels: name another"
            if not event.options:
                yield path, f"{event.parcel!r} has no option left: say where it may be served"
        case LockerFilled() | PlaceClosed():
            if event.place not in places:
                yield path, f"{event.place!r} is not in places: name another"
            for size in event.free if isinstance(event, LockerFilled) else ():
                if size not in problem.sizes:
                    yield f"{path}.free", f"{size!r} is not in sizes: name another"
        case CourierLate() | VehicleBroken():
            if event.vehicle not in {vehicle.id for vehicle in problem.vehicles}:
                yield path, f"{event.vehicle!r} is not in vehicles: name another"
            if isinstance(event, CourierLate) and not math.isfinite(event.late_s):
                yield f"{path}.late_s", f"{event.late_s} is no time: give seconds"
        case PickupAdded():
            if not event.parcel.is_pickup:
                yield path, (f"{event.parcel.id!r} is no pickup: what is on board of no vehicle"
                             " cannot be delivered; set is_pickup")  # fmt: skip
            if event.parcel.id in {parcel.id for parcel in problem.parcels}:
                yield path, f"{event.parcel.id!r} is in parcels already: redirect it instead"
