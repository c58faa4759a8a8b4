"""What parcels look like to programs: requests about them and answers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..core.risk import RiskClass
from ..core.status import Group, Status
from ..operations.announce import LABEL_MAX, REFERENCE_MAX, Announced
from ..operations.booking import Booked
from ..views.shown import Event, ShownBooking, ShownParcel, TimelineEntry
from .problem import Problem
from .times import Moment, tell, tell_or_none
from .words import Document, Limit, ParcelName, Request, SiteName, Size, Text, show_size

BATCH_MAX = 500
"""Parcels announced at once: their codes take about ten seconds to draw."""

HOLD_HOURS_MAX = 30 * 24

EMAIL_PATTERN = r"^$|^[!-?A-~]+@[!-?A-~]+$"
PHONE_PATTERN = r"^$|^\+[0-9]{6,15}$"
"""E.164: at most 15 digits."""

Promise: TypeAlias = Annotated[
    Literal["firm", "soft", "none"],
    Meta(
        description="`firm`: room is kept until the parcel should have come. `soft`: kept for "
        "half an hour unless confirmed. `none`: only announced."
    ),
]


class ContactRequest(Request):
    """How the recipient is reached. Kept encrypted, never shown again."""

    name: Annotated[str, Meta(max_length=254, examples=["A. Example"])] = ""
    email: Annotated[
        str, Meta(max_length=254, pattern=EMAIL_PATTERN, examples=["a@example.org"])
    ] = ""
    phone: Annotated[
        str,
        Meta(
            pattern=PHONE_PATTERN,
            description="International form, `+` and digits.",
            examples=["+4930123456"],
        ),
    ] = ""
    language: Annotated[
        Literal["", "en", "de", "pl", "es"],
        Meta(description="Of notices; empty for the site's language."),
    ] = ""


class AnnounceParcel(Request):
    """Expect this parcel."""

    label: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=LABEL_MAX,
            description="What is on the parcel: SSCC, GS1 element string, GS1 Digital Link, UPU "
            "S10, or the carrier's own number.",
            examples=["PX-4711-0815"],
        ),
    ]
    size: Size
    site: SiteName
    contact: ContactRequest | UnsetType = UNSET
    promise: Promise = "firm"
    arrives_from: Moment | UnsetType = UNSET
    arrives_until: Moment | UnsetType = UNSET
    needs_low_door: Annotated[bool, Meta(description="The recipient cannot reach high doors.")] = (
        False
    )
    risk: Annotated[
        RiskClass,
        Meta(description="How long a locker that cannot hear us gives it out: `high` for hours."),
    ] = RiskClass.LOW
    hold_hours: (
        Annotated[
            int,
            Meta(ge=1, le=HOLD_HOURS_MAX, description="Agreed hold; the network's when left out."),
        ]
        | UnsetType
    ) = UNSET
    reference: Annotated[
        str,
        Meta(max_length=REFERENCE_MAX, description="Your own order number; no personal data."),
    ] = ""
    partner: (
        Annotated[
            str, Meta(max_length=64, description="For whom; only keys of the operator say it.")
        ]
        | UnsetType
    ) = UNSET


class AnnounceBatch(Request):
    """Expect these parcels; each is announced or refused by itself."""

    parcels: Annotated[list[AnnounceParcel], Meta(min_length=1, max_length=BATCH_MAX)]


class CancelParcel(Request):
    """Do not expect it any more."""

    why: Annotated[Text, Meta(description="For the timeline; no personal data.")] = ""


class ParcelBooking(Document):
    """Room set aside for a parcel."""

    id: str
    is_firm: bool
    expires_at: Annotated[datetime | None, Meta(description="Until when the parcel may be put in.")]


class Parcel(Document):
    """A parcel as it stands. All times are UTC; `zone` is its site's time zone."""

    id: ParcelName
    partner: str
    recipient: Annotated[str, Meta(description="A pseudonym.")]
    label: str
    reference: str
    site: SiteName
    zone: Annotated[str, Meta(description="IANA time zone.", examples=["Europe/Berlin"])]
    group: Annotated[Group, Meta(description="Never grows within a version of the API.")]
    status: Annotated[Status, Meta(description="May grow: treat unknown values by their group.")]
    size: Size
    needs_low_door: bool
    locker: str | None
    compartment: str | None
    booking: ParcelBooking | None
    hold_until: Annotated[datetime | None, Meta(description="End of the hold, exclusive.")]
    extension_count: int | None
    courier: Annotated[str | None, Meta(description="Who took it back.")]
    milestones: Annotated[
        dict[str, datetime], Meta(description="`announced`, `deposited`, ... with times.")
    ]
    changed_at: datetime


class ParcelPage(Document):
    """Some parcels, the last announced first."""

    parcels: tuple[Parcel, ...]
    next_cursor: str | None


class Booking(Document):
    """Room promised to a parcel at a site."""

    id: str
    parcel: ParcelName
    site: SiteName
    is_firm: bool
    from_at: Annotated[datetime | None, Meta(description="When it may come.")] = None
    expires_at: Annotated[datetime | None, Meta(description="Until when it may be put in.")]
    until: Annotated[datetime | None, Meta(description="Until when room is kept.")]
    is_inside: bool = False


class BookingPage(Document):
    """Some bookings, the latest first."""

    bookings: tuple[Booking, ...]
    next_cursor: str | None


class AnnouncedParcel(Document):
    """What became of an announcement. Codes are told to the recipient only."""

    id: ParcelName
    label: Annotated[str, Meta(description="Normalized: the same for every form of a label.")]
    site: SiteName
    recipient: str
    booking: Booking | None
    is_new: Annotated[
        bool, Meta(description="False when the same parcel had been announced before.")
    ]


class BatchResult(Document):
    """What became of one parcel of a batch: `parcel` or `problem`."""

    index: Annotated[int, Meta(ge=0, description="Place in the request, from 0.")]
    parcel: AnnouncedParcel | None = None
    problem: Problem | None = None


class BatchAnswer(Document):
    """What became of a batch, in the order of the request."""

    announced_count: int
    refused_count: int
    results: tuple[BatchResult, ...]


class HoldExtension(Document):
    """How long a parcel waits now."""

    parcel: ParcelName
    hold_until: datetime


class CodeReissue(Document):
    """The recipient gets a new code, by their own channel; it is never shown here."""

    parcel: ParcelName
    is_reissued: bool = True


class Happening(Document):
    """One fact of a parcel's life."""

    position: int
    type: Annotated[str, Meta(examples=["parcel.deposited.v1"])]
    at: Annotated[datetime, Meta(description="When it happened.")]
    recorded_at: Annotated[datetime, Meta(description="When it became known here.")]
    by: Annotated[str, Meta(examples=["courier:c-17"])]
    body: Annotated[dict[str, Any], Meta(description="The fact; fields depend on `type`.")]


class Timeline(Document):
    """Everything that happened to a parcel, oldest first."""

    parcel: ParcelName
    entries: tuple[Happening, ...]
    archived_count: Annotated[
        int,
        Meta(
            description="How many facts before these were moved into an archive; ask the operator "
            "for them. The parcel itself still tells when it was announced, deposited, collected."
        ),
    ] = 0


class FeedEvent(Happening):
    """One fact of the feed."""

    stream: Annotated[str, Meta(examples=["parcel/p01jd3zv6n8k2m4p6r8t0w2y4a6"])]


class Feed(Document):
    """Facts after a position, oldest first."""

    events: tuple[FeedEvent, ...]
    next_after: Annotated[
        int,
        Meta(
            description="Ask again with `after` set to this. It grows even without events of yours."
        ),
    ]
    has_more: Annotated[
        bool, Meta(description="Ask again at once; even an answer without events may have more.")
    ]


class FeedQuery(Request):
    """Where to go on in the feed."""

    after: Annotated[
        int, Meta(ge=0, le=2**53 - 1, description="Position of the last event you have.")
    ] = 0
    limit: Limit = 100


def show_parcel(shown: ShownParcel, zone: str) -> Parcel:
    """Show a parcel to a caller."""
    booking = None
    if shown.booking is not None:
        booking = ParcelBooking(
            id=shown.booking,
            is_firm=bool(shown.is_firm),
            expires_at=tell_or_none(shown.booking_expires_at),
        )
    return Parcel(
        id=shown.parcel,
        partner=shown.partner,
        recipient=shown.recipient,
        label=shown.label,
        reference=shown.reference,
        site=shown.site,
        zone=zone,
        group=Group(shown.group),
        status=Status(shown.status),
        size=show_size(shown.size),
        needs_low_door=shown.needs_low_door,
        locker=shown.locker,
        compartment=shown.compartment,
        booking=booking,
        hold_until=tell_or_none(shown.hold_until),
        extension_count=shown.extension_count,
        courier=shown.courier,
        milestones={name: tell(at) for name, at in sorted(shown.milestones.items())},
        changed_at=tell(shown.changed_at),
    )


def show_page(
    items: Iterable[ShownParcel], zones: Mapping[str, str], cursor: str | None
) -> ParcelPage:
    """Show some parcels."""
    parcels = tuple(show_parcel(item, zones.get(item.site, "UTC")) for item in items)
    return ParcelPage(parcels=parcels, next_cursor=cursor)


def show_booked(booked: Booked) -> Booking:
    """Show what was promised just now."""
    return Booking(
        id=booked.booking,
        parcel=booked.parcel,
        site=booked.site,
        is_firm=booked.is_firm,
        expires_at=tell_or_none(booked.expires_at),
        until=tell_or_none(booked.until),
    )


def show_booking(shown: ShownBooking) -> Booking:
    """Show a booking that stands."""
    return Booking(
        id=shown.booking,
        parcel=shown.parcel,
        site=shown.site,
        is_firm=shown.is_firm,
        from_at=tell(shown.from_at),
        expires_at=tell_or_none(shown.expires_at),
        until=tell_or_none(shown.until),
        is_inside=shown.is_inside,
    )


def show_announced(done: Announced) -> AnnouncedParcel:
    """Show what became of an announcement."""
    return AnnouncedParcel(
        id=done.parcel,
        label=done.label,
        site=done.site,
        recipient=done.recipient,
        booking=None if done.booking is None else show_booked(done.booking),
        is_new=done.is_new,
    )


def show_entry(entry: TimelineEntry) -> Happening:
    """Show one fact of a timeline."""
    return Happening(
        position=entry.position,
        type=entry.tag,
        at=tell(entry.at),
        recorded_at=tell(entry.recorded_at),
        by=entry.by,
        body=_body(entry.fact),
    )


def show_event(event: Event) -> FeedEvent:
    """Show one fact of the feed."""
    return FeedEvent(
        position=event.position,
        type=event.tag,
        at=tell(event.at),
        recorded_at=tell(event.recorded_at),
        by=event.by,
        body=_body(event.fact),
        stream=event.stream,
    )


def _body(fact: msgspec.Raw) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(fact)
    except msgspec.DecodeError:
        return {}
    return body if isinstance(body, dict) else {}
