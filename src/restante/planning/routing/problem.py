"""What a day of couriers' routes is planned from: places, vehicles, parcels and their options.

All times are seconds from one moment all entries share, such as midnight at the depot; distances
are metres, costs are of one unit, whichever. Every parcel is served at most once, by one of its
options; a required parcel exactly once.

Rules
-----
R1  A parcel of size ``s`` needs a compartment of size ``s`` or larger. So of the parcels chosen at
    a place, those of size ``s`` or larger are never more than the compartments of size ``s`` or
    larger; where sizes are nested this is exact. It counts over all routes.
R2  ``preparation_s`` (park, walk, sign in) is paid on arrival from another place, once for all
    parcels served there in a row, and before the place opens if the vehicle is early.
R3  Serving an option starts within its window and that of its place; it may end later.
R4  A service level says which share of parcels is served at a preference of at most ``level``.
R5  Deliveries are on board from the start, pickups stay on board to the end, or from one loading to
    the next; at no moment is a vehicle fuller than its capacity. A pickup frees no compartment for
    a delivery of the same day.
R6  A vehicle leaves as late as it can without returning later; ``shift_s_max`` limits the time in
    between.
R7  What a vehicle under way has done is never changed, and it takes no delivery that is not on
    board of it.
R8  Where a plan is in force, a parcel pays for what is not as planned: another option or none,
    another vehicle, and, if it is the first of a stop, another place come from. What was done
    already pays nothing.
R9  A route pays for every zone it enters once more; a depot lies in none. Where its courier is used
    to an order of zones or of places, it pays for each two stops in a row that go against it; what
    the order does not name does not count.
R10 A break is taken where the vehicle stands after serving or loading. It begins within its window
    and soon enough after leaving. It is not due to a vehicle that is back before it must begin, or
    leaves after that. Breaks are placed such that the vehicle is out as short as can be.
R11 A vehicle that may make several trips returns to where it loads, leaves there what it picked up
    and takes another load. Capacity holds for each trip; shift, range and breaks for all together.
    A vehicle under way makes no more trips.
R12 A vehicle that follows another one is the same van with the same courier on a further trip: its
    shift starts when that of the other one has ended, so it leaves when the other one is back.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from ..entry import NEVER, Amount, BadProblem, Count, Document, Entry, Matrix, refuse
from .source import TravelSource
from .vehicle import Break, Capacity, Done, PlaceId, UnderWay, Vehicle, VehicleId

__all__ = [
    "NEVER",
    "BadProblem",
    "Break",
    "Capacity",
    "ChangeCosts",
    "Done",
    "HabitCosts",
    "Kind",
    "Matrix",
    "Option",
    "Parcel",
    "Place",
    "PlaceId",
    "Planned",
    "Problem",
    "ServiceLevel",
    "SpeedChange",
    "UnderWay",
    "Vehicle",
    "VehicleId",
]


class Kind(StrEnum):
    """What a place is to the courier."""

    DEPOT = "depot"
    HOME = "home"
    LOCKER = "locker"
    COUNTER = "counter"


class Place(Entry):
    """Where a vehicle stops: a depot, a door, a locker, a counter."""

    id: PlaceId
    kind: Kind = Kind.HOME
    opens_at: float = 0.0
    closes_at: float = NEVER
    preparation_s: Amount = 0.0
    """Park, walk, sign in: once for all parcels served there in a row."""
    parcel_s: Amount = 0.0
    """Seconds for each parcel, where its option does not say otherwise."""
    free: dict[str, Count] | None = None
    """Free compartments by size class, shared by all routes; without it there is no limit."""
    parcels_max: Count | None = None
    """Parcels of any size that may be left here, as on a shelf behind a counter."""
    latitude: float | None = None
    longitude: float | None = None
    zone: str | None = None
    """A part of the town that a courier likes to finish before the next."""


class Option(Entry):
    """One of the places where a parcel may be served, and when."""

    place: PlaceId
    opens_at: float = 0.0
    closes_at: float = NEVER
    service_s: Amount | None = None
    """Seconds to serve it; without it those of the place."""
    level: Count = 0
    """Preference: 0 is what the recipient likes best."""
    penalty: float = 0.0
    """Cost of choosing this option."""


class Planned(Entry):
    """What a plan in force says of a parcel; what of it changes has a cost (R8)."""

    option: Count
    """Its number among the parcel's options, from 0."""
    vehicle: VehicleId
    from_place: PlaceId | None = None
    """Where the vehicle comes from when it arrives where the parcel is served."""


class Parcel(Entry):
    """A parcel to deliver or to pick up at one of several places."""

    id: str
    options: tuple[Option, ...]
    size: str | None = None
    """Size class; without it the smallest."""
    volume_cm3: Count = 0
    weight_g: Count = 0
    is_pickup: bool = False
    """A retrieval, a return, a first mile: taken there and brought to the end of the route."""
    prize: Amount | None = None
    """Cost of leaving it unserved; without one it is required."""
    vehicle: VehicleId | None = None
    """The vehicle it is on board of, or must go with."""
    planned: Planned | None = None
    """What was planned for it before; see :func:`~.stability.keep_close_to`."""


class ServiceLevel(Entry):
    """At least a share of parcels is served at a preference of at most a level."""

    level: Count
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    parcels: tuple[str, ...] | None = None
    """Parcels it speaks of, such as those of one merchant; without it all."""


class ChangeCosts(Entry):
    """What it costs to change what was planned for a parcel (R8)."""

    option: Amount = 0.0
    """Another option, or none."""
    vehicle: Amount = 0.0
    """Another vehicle."""
    arrival: Amount = 0.0
    """A stop that begins with it is come to from another place."""


class HabitCosts(Entry):
    """What it costs to drive against zones, or against what a courier is used to (R9)."""

    zone_again: Amount = 0.0
    """A zone is entered that the route was in before."""
    against_zones: Amount = 0.0
    """A stop is in a zone that comes before that of the last stop in the courier's order."""
    against_stops: Amount = 0.0
    """A stop comes before the last one in the courier's order."""


class SpeedChange(Entry):
    """From a moment on, vehicles drive at this factor of the speed the durations are made for."""

    at: float
    factor: Annotated[float, msgspec.Meta(gt=0)]


class Problem(Document, frozen=True, tag_field="type", tag="routing.problem.v1"):
    """A day to plan. Making one checks it; see :func:`~.validation.find_flaws`."""

    name: str = ""
    places: tuple[Place, ...]
    vehicles: tuple[Vehicle, ...]
    parcels: tuple[Parcel, ...]
    distances_m: Matrix
    durations_s: Matrix
    sizes: tuple[str, ...] = ("parcel",)
    """Size classes of parcels and compartments, the smallest first."""
    service_levels: tuple[ServiceLevel, ...] = ()
    speeds: tuple[SpeedChange, ...] = ()
    """Changes of speed over the day, in order of time; before the first the factor is 1."""
    change_costs: ChangeCosts = ChangeCosts()
    travel: TravelSource | None = None
    """Who said how far it is and how long vehicles drive."""
    habit_costs: HabitCosts = HabitCosts()

    def __post_init__(self) -> None:
        from .validation import find_flaws  # noqa: PLC0415 - it speaks of problems in turn.

        refuse(list(find_flaws(self)))
