"""Endpoints about room at sites: is there any, set it aside, confirm it, give it back."""

from collections.abc import Callable
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..core import parcel as custody
from ..core import site as capacity
from ..core.hold import hold_deadline
from ..core.ids import BookingId, ParcelId, SiteId, parcel_stream, site_stream
from ..core.refusal import Reason, Refused
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..operations.booking import book, confirm_booking, release_booking
from ..views.queries import LIMIT_DEFAULT
from .adapter import commit_once
from .endpoint import Answer, Call, Endpoint
from .house import House
from .paging import answer_page, given
from .parcel_documents import Booking, BookingPage, show_booked, show_booking
from .problem import explain
from .times import Moment, read
from .words import (
    Cursor,
    Document,
    Length,
    Limit,
    ParcelName,
    Request,
    SiteName,
    Size,
    Weight,
    parcel_size,
)

BOOKING_PROBLEMS: Final = (
    Reason.SITE_FULL,
    Reason.SITE_CLOSED,
    Reason.NOTHING_FITS,
    Reason.NO_REACHABLE_COMPARTMENT,
    Reason.NOT_POSSIBLE_NOW,
    Reason.PARCEL_IN_COMPARTMENT,
    Reason.PARCEL_CANCELLED,
    Reason.PARCEL_ENDED,
)


class BookRoom(Request):
    """Set room aside for an announced parcel at its site."""

    parcel: ParcelName
    promise: Annotated[
        Literal["firm", "soft"],
        Meta(description="`soft` ends by itself after half an hour unless confirmed."),
    ] = "firm"
    arrives_from: Moment | UnsetType = UNSET
    arrives_until: Moment | UnsetType = UNSET


class ConfirmBooking(Request):
    """Turn a soft booking into a firm one."""

    arrives_until: Moment | UnsetType = UNSET


class BookingQuery(Request):
    """Which bookings; every filter given must match."""

    site: SiteName | UnsetType = UNSET
    parcel: ParcelName | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET
    limit: Limit = LIMIT_DEFAULT


class RoomQuery(Request):
    """A parcel that might come."""

    site: SiteName
    length_mm: Length
    width_mm: Length
    height_mm: Length
    weight_g: Weight
    keep_upright: bool = False
    needs_low_door: bool = False
    arrives_from: Moment | UnsetType = UNSET
    arrives_until: Moment | UnsetType = UNSET


class OtherSite(Document):
    """Another site that has room."""

    site: SiteName
    name: str
    address: str
    distance_m: int
    free_count: int


class Availability(Document):
    """Whether a booking would be accepted right now; nothing is set aside by asking."""

    site: SiteName
    is_available: bool
    code: Annotated[str, Meta(description="Why not; empty when there is room.")] = ""
    detail: str = ""
    what_to_do: str = ""
    alternatives: Annotated[
        tuple[OtherSite, ...], Meta(description="Near sites that have room, nearest first.")
    ] = ()


async def ask_room(call: Call) -> Answer:
    """Ask whether a parcel would find room."""
    return Answer(await call.house.read(lambda: _availability(call)))


def _availability(call: Call) -> Availability:
    house: House = call.house
    query: RoomQuery = call.query
    site = SiteId(query.site)
    zone = house.queries.site(site, at=house.now).zone
    wish = _wish(house, query, zone)
    row = house.journal.states([site_stream(site)]).get(site_stream(site))
    state = capacity.Site()
    if row is not None and isinstance(row.state, capacity.Site):
        state = row.state
    try:
        if wish.expires_at <= house.now or wish.until <= wish.from_at:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "arrives_until lies in the past")
        capacity.decide(state, wish)
    except Refused as refusal:
        others = house.queries.find_alternatives(
            site,
            size=wish.size,
            at=wish.from_at,
            until=wish.until,
            needs_low_door=wish.needs_low_door,
        )
        return Availability(
            site=site,
            is_available=False,
            code=refusal.reason.value,
            detail=refusal.detail,
            what_to_do=explain(refusal.reason).what_to_do,
            alternatives=tuple(
                OtherSite(
                    site=other.site,
                    name=other.name,
                    address=other.address,
                    distance_m=other.distance_m,
                    free_count=other.free_count,
                )
                for other in others
            ),
        )
    return Availability(site=site, is_available=True)


def _wish(house: House, query: RoomQuery, zone: str) -> capacity.Book:
    start = house.now if query.arrives_from is UNSET else read(query.arrives_from)
    expires_at = UtcSeconds(start + house.means.firm_seconds)
    if query.arrives_until is not UNSET:
        expires_at = read(query.arrives_until)
    size = Size(
        length_mm=query.length_mm,
        width_mm=query.width_mm,
        height_mm=query.height_mm,
        weight_g=query.weight_g,
        keep_upright=query.keep_upright,
    )
    return capacity.Book(
        at=house.now,
        booking=BookingId("b-asked"),
        parcel=ParcelId("p-asked"),
        size=parcel_size(size),
        needs_low_door=query.needs_low_door,
        from_at=start,
        until=hold_deadline(house.means.hold, expires_at, zone),
        expires_at=expires_at,
        is_firm=True,
    )


async def book_room(call: Call) -> Answer:
    """Set room aside."""
    house: House = call.house
    asked: BookRoom = call.body
    name = ParcelId(asked.parcel)

    def prepare() -> Operation[Any]:
        site, recipient = house.queries.place_of(call.principal, name)
        return book(
            house.means,
            call.principal,
            parcel=name,
            is_firm=asked.promise == "firm",
            arrives_from=None if asked.arrives_from is UNSET else read(asked.arrives_from),
            arrives_until=None if asked.arrives_until is UNSET else read(asked.arrives_until),
            site=site,
            recipient=recipient,
            cause=call.request_id,
        )

    return await commit_once(call, prepare, show_booked, status=201)


async def list_bookings(call: Call) -> Answer:
    """List bookings."""
    house: House = call.house
    query: BookingQuery = call.query
    return await answer_page(
        call,
        lambda cursor, limit: house.queries.bookings(
            call.principal,
            site=given(query.site),
            parcel=given(query.parcel),
            cursor=cursor,
            limit=limit,
        ),
        lambda items, cursor: BookingPage(
            bookings=tuple(map(show_booking, items)), next_cursor=cursor
        ),
    )


async def find_booking(call: Call) -> Answer:
    """Find one booking."""
    return Answer(await call.house.read(lambda: _shown(call)))


async def confirm(call: Call) -> Answer:
    """Turn a soft booking into a firm one."""
    await call.house.read(lambda: _shown(call))
    asked: ConfirmBooking = call.body
    until = None if asked.arrives_until is UNSET else read(asked.arrives_until)
    if until is not None and until <= call.house.now:
        raise Refused(
            Reason.NOT_POSSIBLE_NOW, "arrives_until lies in the past; give a later time or none"
        )
    await _change(
        call,
        lambda house, name: confirm_booking(
            house.means, call.principal, parcel=name, expires_at=until, cause=call.request_id
        ),
    )
    return Answer(await call.house.read(lambda: _shown(call)))


async def release(call: Call) -> Answer:
    """Give room back; answers with the booking as it was."""
    shown = await call.house.read(lambda: _shown(call))
    await _change(
        call,
        lambda _house, name: release_booking(
            _house.means, call.principal, parcel=name, cause=call.request_id
        ),
    )
    return Answer(shown)


def _shown(call: Call) -> Booking:
    return show_booking(call.house.queries.booking(call.principal, call.path["booking"]))


async def _change(call: Call, make_operation: Callable[[House, ParcelId], Operation[Any]]) -> None:
    house: House = call.house
    booking = call.path["booking"]
    shown = await house.read(lambda: house.queries.booking(call.principal, booking))
    operation = make_operation(house, shown.parcel)
    await house.commit(lambda: _only_if_standing(operation, shown.parcel, booking))


def _only_if_standing(operation: Operation[Any], parcel: ParcelId, booking: str) -> Operation[Any]:
    """Make sure that the parcel's booking is still the one the caller named."""

    def run(ledger: Ledger) -> Any:
        standing = ledger.state(parcel_stream(parcel)).custody
        if isinstance(standing, custody.Booked) and standing.booking != booking:
            raise Refused(Reason.BOOKING_UNKNOWN, "the parcel has another booking by now")
        return operation.run(ledger)

    return Operation(operation.streams, run, operation.rows)


ENDPOINTS: Final = (
    Endpoint(
        name="askRoom",
        method="GET",
        path="/availability",
        tag="Bookings",
        summary="Ask whether a parcel would find room",
        description="By the same rules that decide bookings, for this moment; with near sites "
        "that have room when this one has none.",
        run=ask_room,
        answer=Availability,
        scope=Scope.BOOKINGS_READ,
        query=RoomQuery,
    ),
    Endpoint(
        name="bookRoom",
        method="POST",
        path="/bookings",
        tag="Bookings",
        summary="Book room for an announced parcel",
        description="At the parcel's site. A booking that stands already is answered as it is.",
        run=book_room,
        answer=Booking,
        status=201,
        scope=Scope.BOOKINGS_WRITE,
        body=BookRoom,
        problems=BOOKING_PROBLEMS,
        is_creating=True,
        example={"parcel": "p01jd3zv6n8k2m4p6r8t0w2y4a6", "promise": "soft"},
    ),
    Endpoint(
        name="listBookings",
        method="GET",
        path="/bookings",
        tag="Bookings",
        summary="List bookings",
        description="Those that stand, of your own parcels, the latest first.",
        run=list_bookings,
        answer=BookingPage,
        scope=Scope.BOOKINGS_READ,
        query=BookingQuery,
        is_paged=True,
    ),
    Endpoint(
        name="findBooking",
        method="GET",
        path="/bookings/{booking}",
        tag="Bookings",
        summary="Look a booking up",
        description="One that ended is not found any more; its parcel's timeline tells why.",
        run=find_booking,
        answer=Booking,
        scope=Scope.BOOKINGS_READ,
        has_etag=True,
    ),
    Endpoint(
        name="confirmBooking",
        method="POST",
        path="/bookings/{booking}/confirm",
        tag="Bookings",
        summary="Confirm a soft booking",
        description="It stands until `arrives_until`, or two days from now.",
        run=confirm,
        answer=Booking,
        scope=Scope.BOOKINGS_WRITE,
        body=ConfirmBooking,
        problems=(
            Reason.BOOKING_EXPIRED,
            Reason.BOOKING_UNKNOWN,
            Reason.BOOKING_CONSUMED,
            Reason.NOT_POSSIBLE_NOW,
            Reason.SITE_FULL,
        ),
        example={"arrives_until": "2026-11-22T18:00:00Z"},
    ),
    Endpoint(
        name="releaseBooking",
        method="POST",
        path="/bookings/{booking}/release",
        tag="Bookings",
        summary="Give room back",
        description="The parcel stays announced. Answers with the booking as it was.",
        run=release,
        answer=Booking,
        scope=Scope.BOOKINGS_WRITE,
        problems=(Reason.BOOKING_UNKNOWN, Reason.BOOKING_CONSUMED, Reason.NOT_POSSIBLE_NOW),
    ),
)
