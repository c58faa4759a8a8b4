"""The rules of capacity, one sentence each."""

from msgspec.structs import replace

from restante.core import site as core
from restante.core.ids import BookingId, ParcelId
from restante.core.refusal import Reason
from restante.core.value import DAY, UtcSeconds
from tests.factories import (
    A1,
    LOCKER,
    NOON,
    OTHER_PARCEL,
    PARCEL,
    after,
    make_booking,
    make_size,
    make_supply,
)  # fmt: skip
from tests.scenario import stories_of

B1, B2 = BookingId("b-1"), BookingId("b-2")
SMALL, LARGE = make_size(300, 200, 100), make_size(400, 380, 300)
SMALL_BOX, LARGE_BOX = make_supply(1), make_supply(1, height_mm=390)
LOW_BOX = make_supply(1, is_low=True)
EXPIRY = after(3_600)


def book(booking: BookingId = B1, **changes: object) -> core.Book:
    asked = core.Book(
        at=NOON, booking=booking, parcel=PARCEL, size=SMALL, needs_low_door=False,
        from_at=NOON, until=after(DAY), expires_at=EXPIRY, is_firm=False,
    )  # fmt: skip
    return replace(asked, **changes)


def take(booking: BookingId = B1, **changes: object) -> core.TakeSpace:
    asked = core.TakeSpace(
        at=after(100), booking=booking, parcel=PARCEL, locker=LOCKER, size=SMALL,
        needs_low_door=False, until=after(DAY),
    )  # fmt: skip
    return replace(asked, **changes)


def firm(at: UtcSeconds) -> core.FirmBooking:
    return core.FirmBooking(at=at, booking=B1, expires_at=after(2 * DAY))


sites = stories_of(core.DECIDER)
one = sites.having(core.SetCapacity(at=NOON, supply=(SMALL_BOX,)))
booked = one.having(book())
inside = booked.having(take())


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_capacity_is_counted_once():
    told = sites.when(core.SetCapacity(at=NOON, supply=(SMALL_BOX,))).then(
        core.CapacitySet(at=NOON, supply=(SMALL_BOX,))
    )
    told.when(core.SetCapacity(at=after(1), supply=(SMALL_BOX,))).then()


def test_a_booking_is_accepted_when_there_is_room():
    told = one.when(book()).follows(core.CapacityBooked)
    assert told.state.bookings == {B1: make_booking()}
    told.when(book()).then()


def test_a_booking_is_refused_when_there_is_no_room():
    booked.when(book(B2)).refuses(Reason.SITE_FULL)


def test_windows_that_only_touch_share_a_compartment():
    booked.when(book(B2, from_at=after(DAY), until=after(2 * DAY))).follows(core.CapacityBooked)
    booked.when(book(B2, from_at=after(-DAY), until=NOON)).follows(core.CapacityBooked)
    booked.when(book(B2, from_at=after(DAY - 1), until=after(2 * DAY))).refuses(Reason.SITE_FULL)


def test_a_small_parcel_waits_in_a_large_compartment_when_need_be():
    both = sites.having(core.SetCapacity(at=NOON, supply=(SMALL_BOX, LARGE_BOX)))
    told = both.having(book(B1), book(B2))
    told.when(book(BookingId("b-3"))).refuses(Reason.SITE_FULL)


def test_a_large_parcel_keeps_its_compartment():
    both = sites.having(core.SetCapacity(at=NOON, supply=(SMALL_BOX, LARGE_BOX)))
    told = both.having(book(B1, size=LARGE))
    told.when(book(B2, size=LARGE)).refuses(Reason.SITE_FULL)
    full = told.having(book(B2))
    full.when(book(BookingId("b-3"))).refuses(Reason.SITE_FULL)


def test_a_parcel_that_fits_nowhere_is_refused():
    one.when(book(size=LARGE)).refuses(Reason.NOTHING_FITS)
    sites.when(book()).refuses(Reason.NOTHING_FITS)
    one.when(book(size=make_size(weight_g=50_001))).refuses(Reason.PARCEL_TOO_HEAVY)
    empty = sites.having(core.SetCapacity(at=NOON, supply=(make_supply(0),)))
    empty.when(book()).refuses(Reason.NOTHING_FITS)


def test_a_window_begins_before_it_ends():
    one.when(book(until=NOON)).refuses(Reason.NOT_POSSIBLE_NOW)


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_who_needs_a_low_door_is_booked_against_low_doors():
    one.when(book(needs_low_door=True)).refuses(Reason.NO_REACHABLE_COMPARTMENT)
    both = sites.having(core.SetCapacity(at=NOON, supply=(SMALL_BOX, LOW_BOX)))
    told = both.having(book(needs_low_door=True))
    told.when(book(B2, needs_low_door=True)).refuses(Reason.SITE_FULL)
    told.when(book(B2)).follows(core.CapacityBooked)


def test_who_needs_no_low_door_takes_one_when_nothing_else_is_left():
    low = sites.having(core.SetCapacity(at=NOON, supply=(LOW_BOX,)))
    low.having(book()).when(book(B2, needs_low_door=True)).refuses(Reason.SITE_FULL)


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_soft_booking_ends_by_itself():
    told = booked
    told.when(book(B2, at=after(3_599), expires_at=after(9_000))).refuses(Reason.SITE_FULL)
    told.when(book(B2, at=EXPIRY, expires_at=after(9_000))).follows(core.CapacityBooked)


def test_a_booking_is_expired_at_its_time_and_not_before():
    booked.when(core.ExpireBooking(at=after(3_599), booking=B1)).then()
    told = booked.when(core.ExpireBooking(at=EXPIRY, booking=B1)).then(
        core.BookingReleased(at=EXPIRY, booking=B1, why="expired")
    )
    assert told.state.bookings == {}
    told.when(core.ExpireBooking(at=EXPIRY, booking=B1)).refuses(Reason.BOOKING_UNKNOWN)


def test_a_soft_booking_becomes_firm_before_it_ends():
    told = booked.when(firm(after(3_599))).then(
        core.BookingFirmed(at=after(3_599), booking=B1, expires_at=after(2 * DAY))
    )
    told.when(firm(after(3_599))).then()
    booked.when(firm(EXPIRY)).refuses(Reason.BOOKING_EXPIRED)


def test_a_firm_booking_may_stand_longer():
    told = booked.having(firm(after(1)))
    longer = core.FirmBooking(at=after(2), booking=B1, expires_at=after(3 * DAY))
    told.when(longer).follows(core.BookingFirmed)


def test_room_is_given_back():
    told = booked.when(core.ReleaseBooking(at=after(1), booking=B1, why="cancelled")).then(
        core.BookingReleased(at=after(1), booking=B1, why="cancelled")
    )
    told.when(book(B2)).follows(core.CapacityBooked)


# ── R4 ────────────────────────────────────────────────────────────────────────────────────────

CLOSE = core.CloseSite(at=NOON, from_at=after(100), until=after(200), why="repair")


def test_a_closed_site_accepts_no_window_that_meets_the_closure():
    closed = one.having(CLOSE)
    closed.when(book()).refuses(Reason.SITE_CLOSED)
    closed.when(book(from_at=after(199))).refuses(Reason.SITE_CLOSED)
    closed.when(book(until=after(101))).refuses(Reason.SITE_CLOSED)
    closed.when(book(from_at=after(200))).follows(core.CapacityBooked)
    closed.when(book(until=after(100))).follows(core.CapacityBooked)


def test_a_site_is_closed_and_reopened_once():
    closed = one.when(CLOSE).follows(core.SiteClosed)
    closed.when(CLOSE).then()
    told = closed.when(core.ReopenSite(at=after(1))).then(core.SiteReopened(at=after(1)))
    told.when(core.ReopenSite(at=after(2))).then()
    told.when(book()).follows(core.CapacityBooked)


# ── R5 ────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_inside_takes_room_until_it_leaves():
    late = after(30 * DAY)
    ask = book(B2, at=late, from_at=late, until=after(31 * DAY), expires_at=after(31 * DAY))
    inside.when(ask).refuses(Reason.SITE_FULL)
    told = inside.when(core.LeaveSpace(at=late, booking=B1)).then(
        core.SpaceLeft(at=late, booking=B1)
    )
    told.when(ask).follows(core.CapacityBooked)
    told.when(core.LeaveSpace(at=late, booking=B1)).then()


def test_what_is_inside_is_expected_to_leave_a_day_after_its_hold():
    end = DAY + core.RETRIEVAL_SECONDS
    ask = book(B2, at=after(200), from_at=after(end), until=after(end + 10))
    inside.when(ask).follows(core.CapacityBooked)
    inside.when(replace(ask, from_at=after(end - 1))).refuses(Reason.SITE_FULL)


def test_what_came_without_a_booking_is_inside():
    told = one.when(take()).follows(core.SpaceTaken)
    told.when(take()).then()
    told.when(book(B2)).refuses(Reason.SITE_FULL)


def test_a_promise_is_over_when_the_parcel_is_inside():
    inside.when(firm(after(200))).refuses(Reason.BOOKING_CONSUMED)
    inside.when(core.ExpireBooking(at=after(9_000), booking=B1)).refuses(Reason.BOOKING_CONSUMED)
    inside.when(core.ReleaseBooking(at=after(200), booking=B1, why="released")).refuses(
        Reason.BOOKING_CONSUMED
    )


def test_what_is_inside_may_stay_longer():
    keep = core.KeepSpace(at=after(200), booking=B1, until=after(2 * DAY))
    told = inside.when(keep).then(core.SpaceKept(at=after(200), booking=B1, until=after(2 * DAY)))
    told.when(keep).then()
    sites.when(keep).refuses(Reason.BOOKING_UNKNOWN)


def test_facts_about_bookings_nobody_made_change_nothing():
    for fact in (
        core.BookingFirmed(at=NOON, booking=B1, expires_at=EXPIRY),
        core.SpaceKept(at=NOON, booking=B1, until=EXPIRY),
        core.SpaceLeft(at=NOON, booking=B1),
    ):
        assert one.given(fact).state == one.state


def test_orders_and_entries_of_the_list_change_no_capacity():
    for fact in (
        core.ServiceOrdered(at=NOON, locker=LOCKER, compartment=A1, in_service=False),
        core.ListNoted(at=NOON, keys=("courier/c-1",)),
    ):
        assert booked.given(fact).state == booked.state


def test_free_compartments_are_those_nobody_needs_now():
    two = sites.having(core.SetCapacity(at=NOON, supply=(make_supply(2),)))
    tomorrow = book(B2, parcel=OTHER_PARCEL, from_at=after(DAY), until=after(2 * DAY))
    told = two.having(book(), tomorrow)
    assert core.free_count(two.state, NOON) == 2
    assert core.free_count(told.state, NOON) == 1
    assert core.free_count(told.state, EXPIRY) == 2
    assert core.free_count(two.having(take()).state, after(90 * DAY)) == 1
    crowded = one.having(take(), take(B2, parcel=ParcelId("p-3")))
    assert core.free_count(crowded.state, after(100)) == 0
