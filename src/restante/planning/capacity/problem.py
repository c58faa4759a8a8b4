"""A network as capacity sees it: what sites hold, what comes, how couriers and recipients act.

Times are hours of local time from the first midnight, which is that of a Monday unless
``starts_on`` says otherwise. Nothing here knows a real parcel's measures: a *class* of parcels
goes into some *kinds* of compartments, and the kinds are listed in the order in which they are
given away, smallest first.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Final

import msgspec

from ..entry import Amount, BadProblem, Count, Document, Entry, Share, refuse

HOURS_OF_DAY: Final = 24
HOURS_OF_WEEK: Final = 168

KINDS_MAX: Final = 30
"""Kinds of compartments: as many as fit into the bits of what a parcel goes into."""

DAYS_MAX: Final = 400

Days = Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)]
Factor = Annotated[float, msgspec.Meta(ge=0)]


class ParcelClass(Entry, frozen=True):
    """Parcels that go into the same compartments."""

    name: str
    share: Share
    """Of all parcels; shares of all classes add up to 1."""
    goes_into: tuple[str, ...]
    """Kinds of compartments that take it, in any order."""
    value: Amount = 1.0
    """What taking one in is worth beside the others."""


class Module(Entry, frozen=True):
    """A column from the catalogue."""

    name: str
    compartments: dict[str, Count]
    """Count by kind."""
    cost: Amount = 1.0
    """In any unit: what sizing adds up and keeps low."""
    is_needed: bool = False
    """Every locker has exactly one, as the column with the screen; it is never moved."""


class CapacitySite(Entry, frozen=True):
    """A site with a locker."""

    id: str
    compartments: dict[str, Count]
    """Count by kind; kinds it has none of may be left out."""
    parcels_per_day: Amount
    """Mean over a whole week of what is wanted in, deposited or not."""
    visits_at: tuple[float, ...] | None = None
    """Local hours at which couriers come; the network's when absent."""
    neighbours: tuple[str, ...] = ()
    """Sites that parcels may go to instead, nearest first; from positions when empty."""
    latitude: float | None = None
    longitude: float | None = None
    columns: tuple[str, ...] = ()
    """Names of its modules, where sizing may exchange them; the screen's column stays."""


class Habits(Entry, frozen=True):
    """How recipients and couriers act; meanings and sources are those of the simulator's own."""

    dwell_shape: Annotated[float, msgspec.Meta(gt=0)] = 0.76
    dwell_scale_hours: Annotated[float, msgspec.Meta(gt=0)] = 31.0
    """The urge to collect: Weibull, before the rhythm of day and week."""
    stays_h: tuple[float, ...] = ()
    """Hours parcels stay, each as likely as the others, instead of the urge above: a sample of
    what was measured. Hours, weekdays, reminders and rewards then change nothing."""
    collect_hour_weights: tuple[float, ...] = (1.0,) * HOURS_OF_DAY
    collect_weekday_weights: tuple[float, ...] = (1.0,) * 7
    no_show_share: Share = 0.015
    hold_h: Annotated[float, msgspec.Meta(gt=0)] = 72.0
    """From the deposit; then the parcel is retrieved at the next visit."""
    extension_share: Share = 0.25
    """Of those who would come too late, who extend in the last two hours and come within 20 h."""
    reminder_after_h: Amount = 24.0
    """From the deposit to the first reminder."""
    reminder_before_end_h: Amount = 12.0
    """From the last reminder to the end of the hold."""
    reminder_factor: Factor = 1.6
    reminder_h: Amount = 12.0
    """How much stronger the urge is after a reminder, and for how long."""
    reward_factor: Factor = 1.0
    reward_h: Amount = 0.0
    """How much stronger the urge is while an early collection is rewarded, from the deposit on."""
    redirect_share: Share = 0.0
    """Parcels that may go to a neighbouring site when theirs is full."""
    redirect_m_max: Amount = 1_000.0
    """Farthest neighbour that is offered, in a straight line."""
    tries_max: Annotated[int, msgspec.Meta(ge=1, le=20)] = 3
    """Visits at which a parcel is tried before it goes back."""
    deposit_s: Amount = 22.0
    """Between two deposits of one visit."""


class Arrivals(Entry, frozen=True):
    """When parcels come."""

    hour_weights: tuple[float, ...] = (1.0,) * HOURS_OF_WEEK
    """By hour of the week from Monday 0:00, or by hour of the day (24 of them)."""
    weekday_weights: tuple[float, ...] = (1.0,) * 7
    """From Monday; beside 24 weights by hour of the day."""
    month_weights: tuple[float, ...] = (1.0,) * 12
    """From January; of no effect without ``starts_on``."""
    scatter_shape: Amount = 0.0
    """Shape of the gamma by which the level of a site's day varies; 0 for Poisson alone."""
    surge_share: Share = 0.0
    surge_factor: Factor = 1.0
    """Days on which more comes to all sites, and by how much."""


class Network(Document, frozen=True):
    """Everything a simulation of capacity is given."""

    kinds: tuple[str, ...]
    """Kinds of compartments in the order in which they are given away: smallest first."""
    parcels: tuple[ParcelClass, ...]
    sites: tuple[CapacitySite, ...]
    name: str = ""
    starts_on: str = ""
    """Date of the first day, as 2026-11-23; a Monday when empty."""
    visits_at: tuple[float, ...] = ()
    """Local hours at which couriers come; parcels come whenever they like when empty."""
    arrivals: Arrivals = Arrivals()
    habits: Habits = Habits()
    modules: tuple[Module, ...] = ()
    is_booked: bool = False
    """Whether room is booked when a parcel is announced, by the rule of the centre (`core.site`);
    else whatever fits at the door is taken."""
    announced_h_before: Amount = 13.0
    """How long before the visit parcels are announced, where room is booked."""
    booking_h: Amount = 72.0
    """How long a booking stands when the parcel does not come."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        refuse(list(find_flaws(self)))

    @property
    def first_day(self) -> date | None:
        """Date of the first day."""
        return date.fromisoformat(self.starts_on) if self.starts_on else None

    @property
    def first_weekday(self) -> int:
        """Weekday of the first day, 0 for Monday."""
        day = self.first_day
        return 0 if day is None else day.weekday()

    def site(self, name: str) -> CapacitySite:
        """Find a site by its id.

        Raises
        ------
        BadProblem
            When there is none; says which there are.
        """
        for one in self.sites:
            if one.id == name:
                return one
        known = ", ".join(one.id for one in self.sites[:8])
        more = ", …" if len(self.sites) > 8 else ""
        raise BadProblem("", f"there is no site {name!r}; sites are {known}{more}")

    def weights_by_hour(self) -> tuple[float, ...]:
        """Spread a week's arrivals over its 168 hours, from Monday; they add up to 1."""
        given, by_day = self.arrivals.hour_weights, self.arrivals.weekday_weights
        if len(given) == HOURS_OF_DAY:
            total = sum(given)
            given = tuple(by_day[day] * w / total for day in range(7) for w in given)
        total = sum(given)
        return tuple(weight / total for weight in given)


Flaw = tuple[str, str]


def find_flaws(network: Network) -> Iterator[Flaw]:
    """Say what in a network cannot be meant, and how to mend it."""
    yield from _flaws_of_kinds(network)
    yield from _flaws_of_parcels(network)
    yield from _flaws_of_sites(network)
    yield from _flaws_of_modules(network)
    yield from _flaws_of_weights(network)
    if network.starts_on:
        try:
            date.fromisoformat(network.starts_on)
        except ValueError:
            yield "starts_on", f"{network.starts_on!r} is no date; write it as 2026-11-23"


def _flaws_of_kinds(network: Network) -> Iterator[Flaw]:
    if not network.kinds:
        yield "kinds", "name the kinds of compartments, smallest first"
    yield from (("kinds", f"{name!r} is there twice") for name in _twice(network.kinds))
    if len(network.kinds) > KINDS_MAX:
        yield "kinds", f"there are at most {KINDS_MAX} kinds; put those together that are alike"


def _flaws_of_parcels(network: Network) -> Iterator[Flaw]:
    if not network.parcels:
        yield "parcels", "say which classes of parcels come, and into which kinds they go"
        return
    names = [one.name for one in network.parcels]
    yield from (("parcels", f"the class {name!r} is there twice") for name in _twice(names))
    for n, one in enumerate(network.parcels):
        if not one.goes_into:
            yield f"parcels[{n}].goes_into", f"{one.name!r} goes into no kind; name one"
        for kind in one.goes_into:
            if kind not in network.kinds:
                yield f"parcels[{n}].goes_into", _no_kind(kind, network)
    total = sum(one.share for one in network.parcels)
    if abs(total - 1.0) > 0.005:
        yield "parcels", f"shares add up to {total:.3f}; they are shares of all parcels, so to 1"


def _flaws_of_sites(network: Network) -> Iterator[Flaw]:
    if not network.sites:
        yield "sites", "there is no site; give one at least"
    ids = [one.id for one in network.sites]
    yield from (("sites", f"the id {name!r} is there twice") for name in _twice(ids))
    known = set(ids)
    modules = {one.name for one in network.modules}
    for n, one in enumerate(network.sites):
        where = f"sites[{n}] ({one.id})"
        for kind in one.compartments:
            if kind not in network.kinds:
                yield where, _no_kind(kind, network)
        if not sum(one.compartments.values()):
            yield where, "it has no compartment; give a count of at least one kind"
        for name in one.neighbours:
            if name not in known:
                yield where, f"its neighbour {name!r} is no site; leave it out or add the site"
        if (one.latitude is None) != (one.longitude is None):
            yield where, "give both latitude and longitude, or none of them"
        elif abs(one.latitude or 0.0) > 90 or abs(one.longitude or 0.0) > 180:
            yield where, "latitude is -90 to 90, longitude -180 to 180; were they exchanged?"
        yield from _flaws_of_visits(f"{where}.visits_at", one.visits_at or ())
        for name in one.columns:
            if name not in modules:
                yield where, f"its column {name!r} is no module; add it to modules"
    yield from _flaws_of_visits("visits_at", network.visits_at)


def _flaws_of_modules(network: Network) -> Iterator[Flaw]:
    names = [one.name for one in network.modules]
    yield from (("modules", f"the name {name!r} is there twice") for name in _twice(names))
    for n, one in enumerate(network.modules):
        for kind in one.compartments:
            if kind not in network.kinds:
                yield f"modules[{n}] ({one.name})", _no_kind(kind, network)
        if not sum(one.compartments.values()):
            yield f"modules[{n}] ({one.name})", "it has no compartment; leave it out"


def _flaws_of_weights(network: Network) -> Iterator[Flaw]:
    arrivals, habits = network.arrivals, network.habits
    wanted = (
        ("arrivals.hour_weights", arrivals.hour_weights, (HOURS_OF_DAY, HOURS_OF_WEEK)),
        ("arrivals.weekday_weights", arrivals.weekday_weights, (7,)),
        ("arrivals.month_weights", arrivals.month_weights, (12,)),
        ("habits.collect_hour_weights", habits.collect_hour_weights, (HOURS_OF_DAY,)),
        ("habits.collect_weekday_weights", habits.collect_weekday_weights, (7,)),
    )
    for where, weights, lengths in wanted:
        if len(weights) not in lengths:
            counts = " or ".join(str(length) for length in lengths)
            yield where, f"give {counts} weights, not {len(weights)}"
        elif min(weights) < 0 or not sum(weights) > 0:
            yield where, "weights are not negative, and one at least is above 0"
    if any(not hours > 0 for hours in habits.stays_h):
        yield "habits.stays_h", "a stay takes more than 0 hours"


def _flaws_of_visits(where: str, hours: tuple[float, ...]) -> Iterator[Flaw]:
    if any(not 0 <= hour < HOURS_OF_DAY for hour in hours) or list(hours) != sorted(set(hours)):
        yield where, "write local hours from 0 to below 24, each later than the one before"


def _no_kind(kind: str, network: Network) -> str:
    return f"{kind!r} is no kind of compartment; kinds are {', '.join(network.kinds)}"


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
