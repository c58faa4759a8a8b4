"""A courier's stops in the order of the plan in force.

R1. The plan says in which order and when; what is to be done at a stop, and what is done, say
    bookings and the lockers' own reports. What was moved or announced since stands where it
    belongs.
R2. What the plan gives to another courier is not shown to this one, nor what is new where only
    others go.
R3. A stop is done when nothing of it is left, and never by having been looked at.

It must not know requests or templates, and it changes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from restante.core.ids import ParcelId, PlanId, SiteId
from restante.operations.accounts import Seat
from restante.operations.route_plans import RouteDesk
from restante.views.principal import NotFound, Principal
from restante.views.shown import ShownParcel, ShownSite

from .centre import Centre
from .courier_view import SIZE_NAMES, Day, Stop
from .route_map import clock_of

KEPT: Final = 64
"""Routes kept in memory, of one courier and one plan each: papers never change."""

_PUT_IN: Final = ("ready", "expired", "collected_by_recipient", "returning", "returned_to_sender")
_TAKEN: Final = ("returning", "returned_to_sender")
_PLANS: Final = Principal.of_operator("courier-route")
"""Who the papers of plans are read for; a courier is shown their own route only."""


class PlannedStop(NamedTuple):
    """A stop of the plan, and how it stands."""

    number: int
    site: ShownSite | None
    name: str
    address: str
    arrives: str
    window: str
    planned: int
    """Parcels the plan has here."""
    done: int
    """Of those, deposited or taken back."""
    left: Stop | None
    """What is left to do at the site now; only at the first stop there that is not done."""
    sizes: str
    """Of what is left to put in, largest first."""
    is_done: bool
    is_next: bool


class Round(NamedTuple):
    """A courier's day as the plan in force has it."""

    stops: tuple[PlannedStop, ...]
    besides: tuple[Stop, ...]
    """What the plan knows nothing of."""
    leaves: str
    returns: str

    @property
    def done_count(self) -> int:
        """Stops that are done."""
        return sum(stop.is_done for stop in self.stops)

    @property
    def next(self) -> PlannedStop | None:
        """Where to go now."""
        return next((stop for stop in self.stops if stop.is_next), None)


class _Own(NamedTuple):
    """What a plan says of one courier."""

    route: Mapping[str, Any] | None
    stops: Sequence[Mapping[str, Any]]
    others: frozenset[str]
    """Parcels of other couriers."""
    theirs: frozenset[str]
    """Places where only others go."""


class CourierRoute:
    """Finds a courier's route in the plan in force.

    Parameters
    ----------
    zone
        IANA name of the zone in which a courier's day begins.
    """

    def __init__(self, centre: Centre, *, zone: str) -> None:
        self._centre = centre
        self._desk: RouteDesk = centre.routes
        self._zone = ZoneInfo(zone)
        self._kept: dict[tuple[PlanId, str], _Own] = {}

    def find(self, seat: Seat, day: Day) -> Round | None:
        """Read the round of today; ``None`` when no plan in force has one for this courier."""
        if seat.partner is None:
            return None
        now = self._centre.clock.now()
        today = datetime.fromtimestamp(now, UTC).astimezone(self._zone).date()
        plan = self._desk.in_force(seat.partner).get(str(today))
        if plan is None:
            return None
        own = self._own(plan, seat.name)
        if own.route is None:
            return None
        route = own.route
        left = {stop.site.site: stop for stop in _without(day.stops, own)}
        stops = tuple(self._stops(seat, own.stops, left))
        return Round(
            stops=stops,
            besides=tuple(left.values()),
            leaves=clock_of(route["leaves_at"]),
            returns=clock_of(route["returns_at"]),
        )

    def _own(self, plan: PlanId, courier: str) -> "_Own":
        key = (plan, courier)
        if key not in self._kept:
            try:
                paper = self._desk.paper(_PLANS, plan, "geojson")
            except NotFound:
                return _Own(None, (), frozenset(), frozenset())
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = _read_own(msgspec.json.decode(paper), courier)
        return self._kept[key]

    def _stops(
        self, seat: Seat, planned: Sequence[Mapping[str, Any]], left: dict[Any, Stop]
    ) -> Iterator[PlannedStop]:
        """Tell each stop; what is left at a site is taken out of ``left`` by the stop it is at."""
        is_next = True
        open_now = {load.parcel for stop in left.values()
                    for load in (*stop.deposits, *stop.retrievals)}  # fmt: skip
        for one in planned:
            parcels = [ParcelId(parcel["parcel"]) for parcel in one["parcels"]]
            # Without parcels of its own left, what else is left there belongs to a later stop,
            # unless there is none.
            is_last = not any(
                later["place"] == one["place"] and later["stop"] > one["stop"] for later in planned
            )
            is_open = any(parcel in open_now for parcel in parcels)
            rest = left.pop(one["place"], None) if is_open or is_last else None
            is_done = rest is None
            yield self._stop(seat, one, rest, is_done=is_done, is_next=is_next and not is_done)
            is_next = is_next and is_done

    def _stop(
        self, seat: Seat, one: Mapping[str, Any], rest: Stop | None, *, is_done: bool, is_next: bool
    ) -> PlannedStop:
        site = rest.site if rest is not None else self._site(one["place"])
        ends = [parcel["closes_at"] for parcel in one["parcels"] if parcel["closes_at"] is not None]
        sizes = Counter(load.size_class for load in (rest.deposits if rest is not None else ()))
        return PlannedStop(
            number=one["stop"],
            site=site,
            name=one["place"] if site is None else site.name,
            address="" if site is None else site.address,
            arrives=clock_of(one["arrives_at"]),
            window=f"until {clock_of(min(ends))}" if ends else "",
            planned=len(one["parcels"]),
            done=sum(self._is_done(seat, parcel) for parcel in one["parcels"]),
            left=rest,
            sizes=", ".join(f"{sizes[n]} × {n}" for n in reversed(SIZE_NAMES) if sizes[n]),
            is_done=is_done,
            is_next=is_next,
        )

    def _is_done(self, seat: Seat, parcel: Mapping[str, Any]) -> bool:
        try:
            shown: ShownParcel = self._centre.queries.parcel(
                seat.principal, ParcelId(parcel["parcel"])
            )
        except NotFound:
            return False
        return shown.status in (_TAKEN if parcel["is_pickup"] else _PUT_IN)

    def _site(self, name: str) -> ShownSite | None:
        try:
            return self._centre.queries.site(SiteId(name), at=self._centre.clock.now())
        except NotFound:
            return None


def _read_own(drawn: Mapping[str, Any], courier: str) -> _Own:
    route: Mapping[str, Any] | None = None
    stops: list[Mapping[str, Any]] = []
    others: set[str] = set()
    theirs: set[str] = set()
    for one in (feature["properties"] for feature in drawn["features"]):
        is_own = one.get("vehicle") == courier
        if one["kind"] == "route" and is_own:
            route = one
        elif one["kind"] == "stop" and is_own:
            stops.append(one)
        elif one["kind"] == "stop":
            others.update(parcel["parcel"] for parcel in one["parcels"])
            theirs.add(one["place"])
    theirs -= {stop["place"] for stop in stops}
    return _Own(route, tuple(stops), frozenset(others), frozenset(theirs))


def _without(stops: Sequence[Stop], own: _Own) -> Iterator[Stop]:
    for stop in stops:
        if stop.site.site in own.theirs:
            continue
        mine = stop._replace(
            deposits=tuple(load for load in stop.deposits if load.parcel not in own.others),
            retrievals=tuple(load for load in stop.retrievals if load.parcel not in own.others),
        )
        if mine.deposits or mine.retrievals:
            yield mine
