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
R5  Deliveries are on board from the start, pickups stay on board to the end; at no moment is a
    vehicle fuller than its capacity. A pickup frees no compartment for a delivery of the same day.
R6  A vehicle leaves as late as it can without returning later; ``shift_s_max`` limits the time in
    between.
R7  What a vehicle under way has done is never changed, and it takes no delivery that is not on
    board of it.
"""

import math
from enum import StrEnum
from typing import Annotated, Any, NewType, Self, dataclass_transform

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...core.value import Value

PlaceId = NewType("PlaceId", str)
VehicleId = NewType("VehicleId", str)

NEVER = math.inf
"""The end of a window that stays open."""

Amount = Annotated[float, msgspec.Meta(ge=0)]
"""Metres, seconds, cost: not negative."""

Count = Annotated[int, msgspec.Meta(ge=0)]
"""Parcels, compartments, grams, cubic centimetres: not negative."""


class BadProblem(ValueError):
    """Something in a problem cannot be meant; says where, and what to do."""

    def __init__(self, path: str, says: str) -> None:
        super().__init__(f"{path}: {says}" if path else says)
        self.path = path
        self.says = says


class Matrix:
    """A square table of numbers between places, in the order of the problem's places."""

    __slots__ = ("values",)

    def __init__(self, rows: Any) -> None:
        try:
            values = np.array(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise BadProblem("", "a matrix has holes: give every row as many numbers") from error
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise BadProblem("", "a matrix is square: as many rows as each row has numbers")
        values.setflags(write=False)
        self.values: NDArray[np.float64] = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Matrix({len(self)} places)"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Entry(Value, frozen=True, forbid_unknown_fields=True):
    """A part of a problem. What is written in it and not known here is refused, never ignored."""


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


class Capacity(Entry):
    """What a vehicle holds at once; what is not said is not limited."""

    parcels: Count | None = None
    volume_cm3: Count | None = None
    weight_g: Count | None = None


class Done(Entry):
    """An option of a parcel that a vehicle under way has served, or is about to."""

    parcel: str
    option: Count
    """Its number among the parcel's options, from 0."""
    started_at: float


class UnderWay(Entry):
    """What of a route has been executed; the next stop the courier is heading to belongs to it."""

    left_at: float
    done: tuple[Done, ...] = ()


class Vehicle(Entry):
    """A vehicle with its courier for one shift."""

    id: VehicleId
    start_place: PlaceId
    end_place: PlaceId | None = None
    """Where it returns to; without it where it started."""
    capacity: Capacity = Capacity()
    shift_starts_at: float = 0.0
    shift_ends_at: float = NEVER
    shift_s_max: Amount | None = None
    """Longest time between leaving and returning."""
    cost_fixed: Amount = 0.0
    cost_per_km: Amount = 0.0
    cost_per_hour: Amount = 0.0
    co2e_g_per_km: Amount = 0.0
    range_m: Amount | None = None
    under_way: UnderWay | None = None


class ServiceLevel(Entry):
    """At least a share of parcels is served at a preference of at most a level."""

    level: Count
    share: Annotated[float, msgspec.Meta(ge=0, le=1)]
    parcels: tuple[str, ...] | None = None
    """Parcels it speaks of, such as those of one merchant; without it all."""


class SpeedChange(Entry):
    """From a moment on, vehicles drive at this factor of the speed the durations are made for."""

    at: float
    factor: Annotated[float, msgspec.Meta(gt=0)]


class Problem(Entry, frozen=True, tag_field="type", tag="routing.problem.v1"):
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

    def __post_init__(self) -> None:
        from .validation import find_flaws  # noqa: PLC0415 - it speaks of problems in turn.

        flaws = list(find_flaws(self))
        if flaws:
            path, says = flaws[0]
            more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
            raise BadProblem(path, says + more)

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a problem from JSON.

        Raises
        ------
        BadProblem
            When it is not one; the message names the entry.
        """
        try:
            return msgspec.json.decode(text, type=cls, dec_hook=_read_matrix)
        except msgspec.DecodeError as error:
            raise BadProblem("", str(error)) from error

    def to_json(self) -> bytes:
        """Write a problem as JSON; reading it gives an equal one."""
        return msgspec.json.encode(self, enc_hook=_write_matrix)


def _read_matrix(kind: type, written: Any) -> Any:
    if kind is not Matrix:
        raise NotImplementedError(kind)
    return Matrix(written)


def _write_matrix(value: Any) -> Any:
    if not isinstance(value, Matrix):
        raise NotImplementedError(type(value))
    return value.values.tolist()
