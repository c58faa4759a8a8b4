"""What is new in a plan made again, against the one that was in force."""

from collections.abc import Iterator, Mapping, Sequence

from ...core.value import Value
from .problem import PlaceId, Problem, VehicleId
from .result import Result, Unserved


class Moved(Value):
    """A parcel that is not served where, or not by the vehicle, it was planned to be."""

    parcel: str
    why: str
    """The event that speaks of it, ``too_late`` where a vehicle no longer gets there, or
    ``cheaper`` where it made room or a shorter route."""
    from_vehicle: VehicleId | None = None
    from_place: PlaceId | None = None
    to_vehicle: VehicleId | None = None
    """None where it is not served any more."""
    to_place: PlaceId | None = None


class Report(Value, frozen=True, tag_field="type", tag="routing.replan.v1"):
    """What is new in a plan, against the one in force."""

    holds: bool
    """The plan in force can be driven on as it is, and is the answer."""
    moved: tuple[Moved, ...]
    lost: tuple[Unserved, ...]
    """Parcels that can no longer be served, and why."""
    relaxed: tuple[str, ...]
    """Service levels that could not be kept."""
    changed_stops: int
    """Stops still to come that are come to from another place than before."""
    changed_routes: tuple[VehicleId, ...]
    searched_routes: tuple[VehicleId, ...]
    """Those near the events; no other was looked at."""
    repaired_cost: float
    """What the plan in force costs, repaired by plain insertion; with the cost of changes."""
    repaired_changed_stops: int


Arrival = tuple[VehicleId, PlaceId, PlaceId]


def _to_come(problem: Problem, result: Result, done: set[str]) -> Iterator[Arrival]:
    """Find the stops still to come, each with the place it is come to from."""
    start = {vehicle.id: vehicle.start_place for vehicle in problem.vehicles}
    for route in result.routes:
        last = start[route.vehicle]
        for visit in route.visits:
            if any(one.parcel not in done for one in visit.served):
                yield route.vehicle, last, visit.place
            last = visit.place


def make_report(
    *,
    before: tuple[Problem, Result],
    repaired: Result,
    after: tuple[Problem, Result],
    done: set[str],
    because: Mapping[str, str],
    relaxed: tuple[str, ...],
    searched: Sequence[VehicleId],
    holds: bool,
) -> Report:
    """Tell what changed between a plan in force and the new one.

    Parameters
    ----------
    before, after
        Problems with their plans.
    repaired
        The plan in force, repaired by plain insertion.
    done
        Parcels served already, or at the stops vehicles are heading to.
    because
        Which event speaks of a parcel.
    """
    problem, result = after
    arrivals = set(_to_come(*before, done))
    now, plain = (list(_to_come(problem, one, done)) for one in (result, repaired))
    was, is_now = _served(before[1], done), _served(result, done)
    required = {one.id for one in problem.parcels if one.prize is None}
    ids = [one.id for one in problem.vehicles]
    return Report(
        holds=holds,
        moved=tuple(_moved(was, is_now, because)),
        lost=tuple(one for one in result.unserved if one.parcel in required),
        relaxed=relaxed,
        changed_stops=_changed(arrivals, now),
        changed_routes=tuple(id_ for id_ in ids if was.get(id_, []) != is_now.get(id_, [])),
        searched_routes=tuple(searched),
        repaired_cost=repaired.cost.total,
        repaired_changed_stops=_changed(arrivals, plain),
    )


def _changed(before: set[Arrival], now: Sequence[Arrival]) -> int:
    return sum(arrival not in before for arrival in now)


def _served(result: Result, done: set[str]) -> dict[VehicleId, list[tuple[str, PlaceId]]]:
    return {
        route.vehicle: [
            (one.parcel, visit.place)
            for visit in route.visits
            for one in visit.served
            if one.parcel not in done
        ]
        for route in result.routes
    }


def _moved(
    was: dict[VehicleId, list[tuple[str, PlaceId]]],
    is_now: dict[VehicleId, list[tuple[str, PlaceId]]],
    because: Mapping[str, str],
) -> Iterator[Moved]:
    old = {p: (v, place) for v, mine in was.items() for p, place in mine}
    new = {p: (v, place) for v, mine in is_now.items() for p, place in mine}
    for parcel in sorted({*old, *new}):
        if old.get(parcel) == new.get(parcel):
            continue
        from_vehicle, from_place = old.get(parcel, (None, None))
        to_vehicle, to_place = new.get(parcel, (None, None))
        yield Moved(
            parcel=parcel,
            why=because.get(parcel, "cheaper"),
            from_vehicle=from_vehicle,
            from_place=from_place,
            to_vehicle=to_vehicle,
            to_place=to_place,
        )
