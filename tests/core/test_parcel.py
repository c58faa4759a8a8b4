"""The rules of custody, one sentence each."""

import pytest
from msgspec.structs import replace

from restante.core import parcel as core
from restante.core.hold import HoldPolicy
from restante.core.ids import BookingId, SiteId
from restante.core.particulars import NOTHING_KNOWN
from restante.core.refusal import Reason
from restante.core.value import UtcSeconds
from tests.factories import (
    A1,
    COURIER,
    GRANT,
    NOON,
    SITE,
    after,
    make_about,
    make_place,
    make_size,
)
from tests.scenario import stories_of

parcels = stories_of(core.DECIDER)
PLACE, BOOKING, OTHER = make_place(), BookingId("b-1"), BookingId("b-2")
ABOUT = make_about(hold=HoldPolicy(extension_seconds=3_600, extension_count_max=1))
HOLD_END = after(1_000)

ANNOUNCED = core.ParcelAnnounced(at=NOON, about=ABOUT)
BOOKED = core.CapacityConfirmed(
    at=NOON, booking=BOOKING, site=SITE, is_firm=False, expires_at=after(600)
)
DEPOSITED = core.ParcelDeposited(at=after(10), place=PLACE, courier=COURIER, hold_until=HOLD_END)
EXPIRED = core.HoldExpired(at=HOLD_END)
COLLECTED = core.ParcelCollected(at=after(500), place=PLACE, grant=GRANT)
RETRIEVED = core.ParcelRetrieved(at=after(2_000), place=PLACE, courier=COURIER)
RETURNED = core.ParcelReturned(at=after(3_000))
CANCELLED = core.ParcelCancelled(at=after(5), why="sender asked")

announced = parcels.given(ANNOUNCED)
booked = announced.given(BOOKED)
held = booked.given(DEPOSITED)
overdue = held.given(EXPIRED)
collected = held.given(COLLECTED)
retrieved = overdue.given(RETRIEVED)
returned = retrieved.given(RETURNED)
cancelled = announced.given(CANCELLED)


def confirm(at: UtcSeconds = NOON, **changes: object) -> core.ConfirmCapacity:
    asked = core.ConfirmCapacity(
        at=at, booking=BOOKING, site=SITE, is_firm=False, expires_at=after(600)
    )
    return replace(asked, **changes)


def deposit(at: UtcSeconds = after(10), place: core.Place = PLACE) -> core.Deposit:
    return core.Deposit(at=at, place=place, courier=COURIER, hold_until=HOLD_END)


def collect(at: UtcSeconds) -> core.Collect:
    return core.Collect(at=at, place=PLACE, grant=GRANT)


def retrieve(at: UtcSeconds) -> core.Retrieve:
    return core.Retrieve(at=at, place=PLACE, courier=COURIER)


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_is_announced():
    parcels.given().when(core.Announce(at=NOON, about=ABOUT)).then(ANNOUNCED)


def test_the_same_announcement_again_is_no_news():
    announced.when(core.Announce(at=after(1), about=ABOUT)).then()
    booked.when(core.Announce(at=after(1), about=ABOUT)).then()


def test_another_announcement_of_a_known_parcel_is_refused():
    other = make_about(label="LABEL-2")
    announced.when(core.Announce(at=after(1), about=other)).refuses(Reason.ALREADY_ANNOUNCED)
    held.when(core.Announce(at=after(20), about=ABOUT)).refuses(Reason.ALREADY_ANNOUNCED)


def test_a_parcel_of_impossible_size_is_not_announced():
    about = make_about(size=make_size(length_mm=2_001))
    parcels.when(core.Announce(at=NOON, about=about)).refuses(Reason.PARCEL_TOO_LARGE)


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_capacity_is_confirmed_for_an_announced_parcel():
    assert isinstance(announced.when(confirm()).then(BOOKED).state, core.Booked)


def test_the_last_booking_counts():
    later = booked.when(confirm(booking=OTHER)).follows(core.CapacityConfirmed)
    assert later.state.booking == OTHER
    later.when(core.LoseCapacity(at=NOON, booking=BOOKING, why="expired")).refuses(
        Reason.BOOKING_UNKNOWN
    )


def test_the_same_confirmation_again_is_no_news():
    booked.when(confirm(at=after(1))).then()


def test_a_soft_booking_becomes_a_firm_one():
    firm = booked.when(confirm(is_firm=True)).follows(core.CapacityConfirmed)
    assert firm.state.is_firm


def test_a_booking_may_stand_longer():
    longer = booked.when(confirm(expires_at=after(900))).follows(core.CapacityConfirmed)
    assert longer.state.expires_at == after(900)


def test_lost_capacity_leaves_the_parcel_announced():
    lost = core.CapacityLost(at=after(600), booking=BOOKING, why="expired")
    told = booked.when(core.LoseCapacity(at=after(600), booking=BOOKING, why="expired")).then(lost)
    assert told.state == announced.state


def test_capacity_is_not_lost_after_the_deposit():
    lose = core.LoseCapacity(at=after(600), booking=BOOKING, why="expired")
    held.when(lose).refuses(Reason.BOOKING_CONSUMED)
    held.when(confirm(at=after(600))).refuses(Reason.PARCEL_IN_COMPARTMENT)


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_size_is_corrected_before_the_deposit():
    size = make_size(height_mm=120)
    told = booked.when(core.CorrectSize(at=NOON, size=size)).then(
        core.SizeCorrected(at=NOON, size=size)
    )
    assert told.state.about.size == size
    told.when(core.CorrectSize(at=after(1), size=size)).then()


def test_a_size_is_not_corrected_after_the_deposit():
    held.when(core.CorrectSize(at=after(20), size=make_size(height_mm=120))).refuses(
        Reason.PARCEL_IN_COMPARTMENT
    )


def test_a_size_is_not_corrected_to_an_impossible_one():
    announced.when(core.CorrectSize(at=NOON, size=make_size(weight_g=50_001))).refuses(
        Reason.PARCEL_TOO_HEAVY
    )


# ── R4 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_hold_is_extended_while_it_runs():
    last_moment = after(999)
    told = held.when(core.ExtendHold(at=last_moment)).then(
        core.HoldExtended(at=last_moment, hold_until=after(1_000 + 3_600))
    )
    assert told.state.extension_count == 1


def test_a_hold_is_not_extended_at_its_end():
    held.when(core.ExtendHold(at=HOLD_END)).refuses(Reason.HOLD_EXPIRED)
    overdue.when(core.ExtendHold(at=HOLD_END)).refuses(Reason.HOLD_EXPIRED)


def test_a_hold_is_extended_only_so_often():
    extended = held.having(core.ExtendHold(at=after(20)))
    extended.when(core.ExtendHold(at=after(30))).refuses(Reason.EXTENSION_LIMIT)


def test_a_hold_expires_at_its_end_and_not_before():
    held.when(core.ExpireHold(at=after(999))).refuses(Reason.HOLD_NOT_EXPIRED)
    told = held.when(core.ExpireHold(at=HOLD_END)).then(EXPIRED)
    told.when(core.ExpireHold(at=after(1_001))).then()


def test_only_a_hold_that_runs_ends():
    for told in (announced, collected, retrieved):
        told.when(core.ExpireHold(at=after(9_000))).refuses(Reason.NOT_HELD)
        told.when(core.ExtendHold(at=after(20))).refuses(Reason.NOT_HELD)


# ── R5 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_courier_deposits_what_is_announced_or_booked():
    announced.when(deposit()).then(DEPOSITED)
    booked.when(deposit()).then(DEPOSITED)


def test_a_parcel_is_deposited_at_its_site():
    elsewhere = make_place(site=SiteId("site-08"))
    booked.when(deposit(place=elsewhere)).refuses(Reason.WRONG_SITE)


def test_the_same_deposit_again_is_no_news():
    held.when(deposit()).then()
    overdue.when(deposit()).then()


def test_a_parcel_is_deposited_once():
    held.when(deposit(at=after(11))).refuses(Reason.PARCEL_IN_COMPARTMENT)
    held.when(deposit(place=make_place(A1))).refuses(Reason.PARCEL_IN_COMPARTMENT)


def test_the_recipient_collects_while_the_hold_runs():
    told = held.when(collect(after(999))).follows(core.ParcelCollected)
    told.when(collect(after(999))).then()
    told.when(collect(after(1_000))).refuses(Reason.PARCEL_ENDED)


def test_the_recipient_does_not_collect_at_the_end_of_the_hold():
    held.when(collect(HOLD_END)).refuses(Reason.HOLD_EXPIRED)
    overdue.when(collect(HOLD_END)).refuses(Reason.HOLD_EXPIRED)


def test_what_was_collected_in_time_counts_when_the_news_comes_late():
    overdue.when(collect(after(999))).follows(core.ParcelCollected)


def test_nothing_is_collected_that_is_not_there():
    announced.when(collect(after(20))).refuses(Reason.NOT_HELD)
    parcels.when(collect(after(20))).refuses(Reason.NOT_ANNOUNCED)
    cancelled.when(collect(after(20))).refuses(Reason.PARCEL_CANCELLED)


# ── R6 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_courier_retrieves_what_is_overdue():
    told = overdue.when(retrieve(after(2_000))).then(RETRIEVED)
    told.when(retrieve(after(2_000))).then()
    told.when(retrieve(after(2_001))).refuses(Reason.PARCEL_ENDED)


def test_a_courier_does_not_retrieve_what_is_held():
    held.when(retrieve(after(999))).refuses(Reason.NOT_OVERDUE)
    held.when(retrieve(after(2_000))).refuses(Reason.NOT_OVERDUE)


def test_what_was_retrieved_is_returned():
    told = retrieved.when(core.CompleteReturn(at=after(3_000))).then(RETURNED)
    told.when(core.CompleteReturn(at=after(3_001))).then()


def test_what_is_inside_is_not_returned_yet():
    overdue.when(core.CompleteReturn(at=after(3_000))).refuses(Reason.PARCEL_IN_COMPARTMENT)
    announced.when(core.CompleteReturn(at=after(3_000))).refuses(Reason.NOT_HELD)


# ── R7 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_that_has_not_come_is_cancelled():
    told = announced.when(core.Cancel(at=after(5), why="sender asked")).then(CANCELLED)
    told.when(core.Cancel(at=after(6))).then()
    booked.when(core.Cancel(at=after(5), why="sender asked")).then(CANCELLED)


def test_nothing_in_a_compartment_is_cancelled():
    held.when(core.Cancel(at=after(20))).refuses(Reason.PARCEL_IN_COMPARTMENT)
    overdue.when(core.Cancel(at=after(2_000))).refuses(Reason.PARCEL_IN_COMPARTMENT)


def test_nothing_unknown_is_planned():
    parcels.when(core.Cancel(at=NOON)).refuses(Reason.NOT_ANNOUNCED)
    cancelled.when(confirm(at=after(6))).refuses(Reason.PARCEL_CANCELLED)
    retrieved.when(core.Cancel(at=after(2_001))).refuses(Reason.PARCEL_ENDED)


# ── R8 ────────────────────────────────────────────────────────────────────────────────────────


def test_what_follows_an_end_does_not_change_it():
    for end in (collected, returned):
        for fact in (ANNOUNCED, BOOKED, DEPOSITED, EXPIRED, COLLECTED, RETRIEVED, CANCELLED):
            assert end.given(fact).state == end.state


# ── R9 ────────────────────────────────────────────────────────────────────────────────────────


def test_an_expected_report_raises_no_anomaly():
    booked.when(deposit(), core.witness).then(DEPOSITED)
    held.when(deposit(), core.witness).then()


def test_an_unexpected_report_is_recorded_with_an_anomaly():
    told = held.when(retrieve(after(20)), core.witness).then(
        core.ParcelRetrieved(at=after(20), place=PLACE, courier=COURIER),
        core.AnomalyNoticed(
            at=after(20), reason=Reason.NOT_OVERDUE, detail="retrieve reported while held"
        ),
    )
    assert isinstance(told.state, core.Retrieved)


def test_a_parcel_nobody_announced_is_held_when_a_locker_has_it():
    told = parcels.when(deposit(), core.witness).follows(core.ParcelDeposited, core.AnomalyNoticed)
    assert told.state.about == NOTHING_KNOWN


def test_a_cancelled_parcel_found_in_a_locker_waits_for_a_courier():
    told = cancelled.when(deposit(), core.witness).follows(
        core.ParcelDeposited, core.AnomalyNoticed, core.HoldExpired
    )
    assert isinstance(told.state, core.Overdue)


def test_a_parcel_collected_from_another_compartment_than_believed_raises_an_anomaly():
    elsewhere = core.Collect(at=after(20), place=make_place(A1), grant=GRANT)
    held.when(elsewhere).refuses(Reason.NOT_HELD)
    held.when(elsewhere, core.witness).follows(core.ParcelCollected, core.AnomalyNoticed)


def test_a_parcel_retrieved_from_another_compartment_than_believed_raises_an_anomaly():
    elsewhere = core.Retrieve(at=after(2_000), place=make_place(A1), courier=COURIER)
    overdue.when(elsewhere).refuses(Reason.NOT_HELD)
    overdue.when(elsewhere, core.witness).follows(core.ParcelRetrieved, core.AnomalyNoticed)


# ── What evolve makes of facts that contradict what was believed ──────────────────────────────


def test_notices_and_anomalies_change_no_custody():
    for told in (parcels, announced, held):
        notice = core.NoticeSent(at=after(20), kind="ready", channel="email")
        assert told.given(notice).state == told.state


def test_a_hold_extended_after_it_expired_runs_again():
    told = overdue.given(core.HoldExtended(at=after(1_001), hold_until=after(2_000)))
    assert isinstance(told.state, core.Held)
    assert told.state.hold_until == after(2_000)
    assert told.state.extension_count == 1


def test_a_cancelled_parcel_can_be_announced_again_by_fact():
    assert cancelled.given(ANNOUNCED).state == announced.state


def test_a_size_of_an_unknown_parcel_says_nothing():
    assert parcels.given(core.SizeCorrected(at=NOON, size=make_size())).state == core.Unknown()


def test_a_parcel_found_in_a_locker_may_be_announced_while_it_lies_there():
    found = parcels.given(
        core.ParcelAnnounced(at=NOON, about=replace(ABOUT, is_found=True)), DEPOSITED
    )
    announced_late = core.Announce(at=after(20), about=ABOUT)
    for story in (found, found.given(EXPIRED)):
        told = story.when(announced_late).then(core.ParcelAnnounced(at=after(20), about=ABOUT))
        assert told.state.about == ABOUT
        told.when(announced_late).refuses(Reason.ALREADY_ANNOUNCED)


@pytest.mark.parametrize("is_overdue", [False, True])
def test_the_hold_of_a_found_parcel_begins_when_its_recipient_can_be_told(is_overdue: bool):
    found = parcels.given(
        core.ParcelAnnounced(at=NOON, about=replace(ABOUT, is_found=True)), DEPOSITED
    )
    story = found.given(EXPIRED) if is_overdue else found
    until = UtcSeconds(HOLD_END + 500)
    told = story.when(core.Announce(at=after(20), about=ABOUT, hold_until=until)).then(
        core.HoldExtended(at=after(20), hold_until=until),
        core.ParcelAnnounced(at=after(20), about=ABOUT),
    )
    assert isinstance(told.state, core.Held)
    assert (told.state.hold_until, told.state.extension_count) == (until, 0)
    shorter = core.Announce(at=after(20), about=ABOUT, hold_until=HOLD_END)
    story.when(shorter).then(core.ParcelAnnounced(at=after(20), about=ABOUT))


def test_an_announcement_out_of_place_changes_nothing():
    late = core.ParcelAnnounced(at=after(20), about=replace(ABOUT, label="OTHER"))
    assert held.given(late).state.about == ABOUT
