"""A vehicle with its courier for one shift: what it holds, costs, may do and has done."""

from typing import NewType

from ..entry import NEVER, Amount, Count, Entry

PlaceId = NewType("PlaceId", str)
VehicleId = NewType("VehicleId", str)


class Capacity(Entry):
    """What a vehicle holds at once; what is not said is not limited."""

    parcels: Count | None = None
    volume_cm3: Count | None = None
    weight_g: Count | None = None


class Break(Entry):
    """A rest of a courier (R10)."""

    rest_s: Amount
    opens_at: float = 0.0
    closes_at: float = NEVER
    """It begins between these two."""
    after_s_max: Amount | None = None
    """It begins at most so long after leaving."""


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
    breaks_taken: Count = 0
    """The first so many of its breaks are over."""


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
    breaks: tuple[Break, ...] = ()
    """In the order they are taken."""
    trips_max: Count = 1
    """How often it may leave with a load (R11)."""
    load_place: PlaceId | None = None
    """Where it loads again; without it where it started."""
    load_s: Amount = 0.0
    """Seconds for loading again."""
    cost_fixed: Amount = 0.0
    cost_per_km: Amount = 0.0
    cost_per_hour: Amount = 0.0
    co2e_g_per_km: Amount = 0.0
    range_m: Amount | None = None
    zone_order: tuple[str, ...] = ()
    """Zones in the order its courier is used to (R9)."""
    stop_order: tuple[PlaceId, ...] = ()
    """Places in the order its courier is used to."""
    under_way: UnderWay | None = None
    follows: VehicleId | None = None
    """The vehicle that is driven on as this one, when it is back (R12)."""
