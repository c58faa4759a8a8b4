"""A plan in force as part of a problem, so that a new plan changes little of it."""

import msgspec

from .problem import ChangeCosts, Parcel, PlaceId, Planned, Problem
from .result import Result


def keep_close_to(problem: Problem, plan: Result, costs: ChangeCosts) -> Problem:
    """Make a problem in which it costs to change what a plan says (R8).

    Parameters
    ----------
    plan
        What is in force. Of parcels, options, vehicles and places that the problem does not know
        it says nothing.
    costs
        What a parcel pays for another option, another vehicle, and another place come from. With
        the last alone, stops keep their order.

    Returns
    -------
    Problem
        The same problem; :attr:`Cost.changes <.result.Cost.changes>` of its plans tells what
        changes cost.
    """
    vehicles = {vehicle.id: vehicle for vehicle in problem.vehicles}
    places = {place.id for place in problem.places}
    planned: dict[str, Planned] = {}
    for route in plan.routes:
        vehicle = vehicles.get(route.vehicle)
        last: PlaceId | None = vehicle.start_place if vehicle else None
        for visit in route.visits:
            if vehicle is not None:
                planned |= {
                    one.parcel: Planned(
                        option=one.option, vehicle=vehicle.id,
                        from_place=last if last in places else None,
                    )
                    for one in visit.served
                }  # fmt: skip
            last = visit.place
    return msgspec.structs.replace(
        problem,
        parcels=tuple(_with(parcel, planned.get(parcel.id)) for parcel in problem.parcels),
        change_costs=costs,
    )


def _with(parcel: Parcel, planned: Planned | None) -> Parcel:
    if planned is not None and planned.option >= len(parcel.options):
        planned = None
    return msgspec.structs.replace(parcel, planned=planned)
