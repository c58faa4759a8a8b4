"""What queries answer with: plain values, ready for JSON and for pages."""

from typing import Generic, TypeVar

import msgspec

from ..core.alarm import Alarm, Reading
from ..core.ids import (
    BookingId,
    CompartmentId,
    CourierId,
    LockerId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
)
from ..core.size import CompartmentSpec, ParcelSize
from ..core.value import UtcSeconds, Value

Item = TypeVar("Item")


class Page(Value, Generic[Item]):
    """Some of what was asked for, and where to go on."""

    items: tuple[Item, ...]
    cursor: str | None = None
    """Ask again with this for the next items; ``None`` after the last."""


class ShownParcel(Value):
    """A parcel as it stands."""

    parcel: ParcelId
    partner: PartnerId
    recipient: RecipientId
    label: str
    reference: str
    site: SiteId
    status: str
    group: str
    size: ParcelSize
    needs_low_door: bool
    locker: LockerId | None = None
    compartment: CompartmentId | None = None
    booking: BookingId | None = None
    is_firm: bool | None = None
    booking_expires_at: UtcSeconds | None = None
    hold_until: UtcSeconds | None = None
    extension_count: int | None = None
    courier: CourierId | None = None
    milestones: dict[str, UtcSeconds] = {}  # noqa: RUF012 - msgspec copies it
    """``announced``, ``booked``, ``deposited``, ``overdue``, ``collected``, ... with times."""
    changed_at: UtcSeconds
    position: int


class TimelineEntry(Value):
    """One fact of a parcel's life."""

    position: int
    version: int
    tag: str
    at: UtcSeconds
    recorded_at: UtcSeconds
    by: str
    cause: str
    fact: msgspec.Raw
    """The fact as JSON."""


class Event(Value):
    """One fact of the feed."""

    position: int
    stream: str
    tag: str
    at: UtcSeconds
    recorded_at: UtcSeconds
    by: str
    fact: msgspec.Raw


class EventPage(Value):
    """Facts of the feed, and where to go on."""

    events: tuple[Event, ...]
    next_after: int
    """Nothing of the asker's lies between the last event and this."""
    has_more: bool
    """Whether to ask again at once; there may be none of the asker's in it."""


class SizeCount(Value):
    """How much room of one size there is."""

    size_class: str
    """XS to XL."""
    count: int
    """Compartments in service."""
    free_count: int
    """Those that no parcel inside and no booking for now needs; never exact between sizes."""


class ShownSite(Value):
    """A site, described and as it stands."""

    site: SiteId
    kind: str
    name: str
    address: str
    place: str
    latitude: float
    longitude: float
    zone: str
    opening_hours: str
    help_phone: str
    language: str
    lockers: tuple[LockerId, ...]
    compartment_count: int
    free_count: int
    sizes: tuple[SizeCount, ...]
    is_closed: bool
    closed_until: UtcSeconds | None = None
    closed_why: str = ""


class ShownCompartment(Value):
    """A compartment: how it is built and how it stands."""

    spec: CompartmentSpec
    size_class: str
    content: str
    door: str
    parcel: ParcelId | None = None
    out_of_service: str | None = None
    opening_count: int = 0
    failure_count: int = 0
    changed_at: UtcSeconds | None = None
    """``None`` while the locker has said nothing about it."""


class ShownLocker(Value):
    """A locker with its compartments."""

    locker: LockerId
    site: SiteId
    model: str
    compartments: tuple[ShownCompartment, ...]
    seen_at: UtcSeconds | None = None
    release: str = ""
    list_version: int = 0
    unsent_count: int = 0
    unsent_since: UtcSeconds | None = None
    """Time of its oldest fact that is not here."""
    clock: str = ""
    """How good its clock is: ``synced``, ``holdover``, ``unknown``; empty before it said so."""
    fact_count: int = 0
    """Facts of its journal that are safe here."""
    alarms: tuple[Alarm, ...] = ()
    """What is wrong there now, the oldest first."""
    readings: tuple[Reading, ...] = ()
    """What its sensors said last."""
    read_at: UtcSeconds | None = None
    """When they said it."""


class ShownBooking(Value):
    """Room set aside or taken."""

    booking: BookingId
    parcel: ParcelId
    site: SiteId
    from_at: UtcSeconds
    until: UtcSeconds
    expires_at: UtcSeconds
    is_firm: bool
    is_inside: bool


class Matter(Value):
    """Something that needs a person."""

    owner: str
    key: str
    kind: str
    detail: str
    noticed_at: UtcSeconds
    status: str
    """``open``, ``acknowledged`` or ``resolved``."""
    site: SiteId | None = None
    locker: LockerId | None = None
    compartment: CompartmentId | None = None
    parcel: ParcelId | None = None
    partner: PartnerId | None = None
    handled_by: str | None = None
    handled_at: UtcSeconds | None = None
    note: str = ""


class Alternative(Value):
    """Another site that has room for a parcel."""

    site: SiteId
    name: str
    address: str
    distance_m: int
    free_count: int


class Counts(Value):
    """How many of what there are."""

    parcels: dict[str, int]
    """By group."""
    open_matters: int
    sites: int
    lockers: int
    head: int
    """Last position of the journal."""


class ShownCourier(Value):
    """A courier who may sign in."""

    courier: CourierId
    partner: PartnerId
    name: str
    login: str
    sites: tuple[SiteId, ...]
    valid_until: UtcSeconds


class ShownPartner(Value):
    """A partner."""

    partner: PartnerId
    name: str
    kind: str
    created_at: UtcSeconds
