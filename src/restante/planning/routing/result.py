"""What a planner answers: routes with times and loads, what was chosen and why, what was not."""

from enum import StrEnum
from typing import Self

import msgspec

from ...core.value import Value
from .problem import PlaceId, VehicleId
from .source import Engine, TravelSource


class WhyHere(StrEnum):
    """Why an option was chosen; stable public values."""

    ONLY_OPTION = "only_option"
    LIKED_BEST = "liked_best"
    """No other option of the parcel has a better preference."""
    LIKED_BETTER_IS_FULL = "liked_better_is_full"
    """No room is left at any option the recipient likes better."""
    SHORTER_ROUTES = "shorter_routes"
    """Within the service levels, the routes found are cheaper this way."""
    DONE_ALREADY = "done_already"
    """It was served before the plan was made."""


class WhyNot(StrEnum):
    """Why a parcel is not served; stable public values."""

    TOO_LARGE = "too_large"
    """No vehicle that may carry it holds it."""
    UNREACHABLE = "unreachable"
    """No vehicle reaches any of its options in time and returns."""
    NO_ROOM = "no_room"
    """Others need the room at its options, or the service levels forbid them."""
    NO_VEHICLE = "no_vehicle"
    """The search found no vehicle with time and room left."""
    NOT_WORTH_IT = "not_worth_it"
    """It is optional, and serving it would cost more than its prize as far as was found."""


class Served(Value):
    """A parcel served at one of its options."""

    parcel: str
    option: int
    """Its number among the parcel's options, from 0."""
    starts_at: float
    why: WhyHere


class Visit(Value):
    """A vehicle at a place, with all it serves there in a row."""

    place: PlaceId
    arrives_at: float
    """When preparation is done; serving may start later, when the place opens."""
    leaves_at: float
    served: tuple[Served, ...]
    is_loading: bool = False
    """It serves nobody here, and takes its next load."""


class Load(Value):
    """What is on board."""

    parcels: int = 0
    volume_cm3: int = 0
    weight_g: int = 0


class Rest(Value):
    """A break of the courier (R10)."""

    number: int
    """Its number among the vehicle's breaks, from 0."""
    place: PlaceId
    starts_at: float
    ends_at: float


class Route(Value):
    """What one vehicle does."""

    vehicle: VehicleId
    leaves_at: float
    returns_at: float
    visits: tuple[Visit, ...]
    load_at_start: Load
    load_max: Load
    """The most of each that is on board at any moment."""
    distance_m: float
    duration_s: float
    co2e_g: float
    cost: float
    """Fixed, for distance, time and habits."""
    breaks: tuple[Rest, ...] = ()


class Unserved(Value):
    """A parcel that is not served."""

    parcel: str
    why: WhyNot
    says: str
    """What stands in the way, and the smallest fix."""


class Cost(Value):
    """What the plan costs, and what makes it up."""

    total: float
    fixed: float
    distance: float
    time: float
    penalties: float
    prizes_missed: float
    habits: float = 0.0
    """For zones entered again, and for going against what couriers are used to (R9)."""
    changes: float = 0.0
    """For what is not as in the plan in force (R8)."""


class Result(Value, frozen=True, tag_field="type", tag="routing.result.v1"):
    """A plan, and how it was found."""

    problem: str
    """Name of the problem."""
    is_feasible: bool
    """Every required parcel is served and every service level is met."""
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    violated: tuple[str, ...]
    """What a least bad plan violates; empty when it is feasible."""
    cost: Cost
    distance_m: float
    duration_s: float
    co2e_g: float
    bound: float | None = None
    """No plan costs less, where that is known."""
    gap: float | None = None
    """How far the cost is above the bound, as a share of the bound."""
    seed: int
    iterations: int
    engine: Engine = Engine.KERNEL
    travel: TravelSource | None = None
    """Who said how long vehicles drive, if the problem says it."""

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read a result from JSON."""
        return msgspec.json.decode(text, type=cls)

    def to_json(self) -> bytes:
        """Write a result as JSON; reading it gives an equal one."""
        return msgspec.json.encode(self)
