"""A parcel nobody announced is taken in alone; its receipt travels before the locker's own word."""

import pytest

from restante.access import DeviceKey, Secret, read_receipt, sign_receipt
from restante.core.ids import CompartmentId, ParcelId
from restante.core.refusal import Reason, Refused
from restante.core.value import DAY
from restante.operations.receipts import BadReceipt
from tests.operations.alone import Far
from tests.operations.house import LOCKER, OPERATOR, OTHER_SITE, SITE, House

LABEL = "JJD770001"


@pytest.fixture
def far(house: House) -> Far:
    locker = Far(house)
    locker.talk()
    return locker


def matters(house: House) -> list[str]:
    return [one.kind for one in house.centre.queries.matters(OPERATOR)]


def test_with_the_line_up_an_unannounced_parcel_is_turned_away(far: Far) -> None:
    far.controller.sign_in_with_token(far.shift_token())
    assert not far.controller.may_bring_unannounced(LABEL)
    with pytest.raises(Refused) as refused:
        far.controller.deposit_unannounced(LABEL, "S")
    assert refused.value.reason is Reason.NOT_EXPECTED


def test_a_receipt_brings_a_recipient_a_token_the_locker_believes_by_its_signature(
    far: Far, house: House
) -> None:
    far.link.cut()
    local, address = far.bring_unannounced(LABEL)
    assert address.startswith("https://parcels.example.org/r/RR1.")
    taken = far.carry(address)
    assert (taken.parcel, taken.locker, taken.is_new) == (local, LOCKER, True)
    assert "found_unannounced" in matters(house)
    assert house.status(local) == "ready"
    # The partner says whose it is by announcing it, late.
    done = house.announce(LABEL)
    assert done.parcel == local
    assert "found_unannounced" not in matters(house)
    assert house.notices() == ["deposited"]
    token = far.token(local)
    assert not far.controller.allowed.grant_ids()
    visit = far.controller.sign_in_with_token(token)
    assert visit.grants == (house.grant(local),)
    far.take()
    # Once: when the re-open window is over, nothing opens.
    far.pass_time(601)
    with pytest.raises(Refused):
        far.controller.sign_in_with_token(token)
    assert far.agree_within(60) <= 60
    assert house.status(local) == "collected_by_recipient"
    assert far.carry(address).is_new is False


def test_a_receipt_is_recognised_before_and_after_the_lockers_own_report(
    far: Far, house: House
) -> None:
    far.link.cut()
    first, early = far.bring_unannounced("JJD000001")
    second, late = far.bring_unannounced("JJD000002")
    assert far.carry(early).is_new
    assert not far.carry(early).is_new
    far.agree_within(60)
    assert not far.carry(early).is_new
    assert not far.carry(late).is_new
    for parcel in (first, second):
        assert house.tags(parcel).count("parcel.deposited.v1") == 1
        assert house.tags(parcel).count("parcel.anomaly_noticed.v1") == 0
        assert house.status(parcel) == "ready"
    assert not far.controller.state.unannounced
    assert len(house.site_state().bookings) == 2


@pytest.mark.parametrize("is_carried", [True, False], ids=["receipt first", "report first"])
def test_a_label_announced_for_another_site_is_that_parcel_with_an_anomaly(
    far: Far, house: House, is_carried: bool
) -> None:
    far.link.cut()
    done = house.announce(LABEL, site=OTHER_SITE)
    local, address = far.bring_unannounced(LABEL)
    if is_carried:
        assert far.carry(address).parcel == done.parcel
        far.controller.sign_in_with_token(far.token(done.parcel))
        far.controller.end_visit()
    far.agree_within(60)
    held = house.file(done.parcel).custody
    assert (held.place.site, held.place.locker) == (SITE, LOCKER)
    assert "wrong_site" in matters(house)
    assert house.site_state(OTHER_SITE).bookings == {}
    # The locker has learnt the other name, and the other code opens.
    assert far.controller.state.find_parcel(done.parcel) is not None
    assert far.controller.state.find_parcel(local) is None
    far.controller.sign_in_with_token(far.token(done.parcel))
    far.take()
    far.talk()
    assert house.status(done.parcel) == "collected_by_recipient"


def test_a_parcel_announced_here_after_the_cut_is_recognised_without_an_anomaly(
    far: Far, house: House
) -> None:
    far.link.cut()
    done = house.announce(LABEL)
    local, _ = far.bring_unannounced(LABEL)
    assert local != done.parcel
    far.agree_within(60)
    assert house.status(done.parcel) == "ready"
    assert "parcel.anomaly_noticed.v1" not in house.tags(done.parcel)
    assert far.controller.state.find_parcel(done.parcel) is not None


def test_the_same_label_is_not_taken_in_twice_and_may_be_taken_back_at_once(far: Far) -> None:
    far.link.cut()
    local, _ = far.bring_unannounced(LABEL)
    far.controller.sign_in_with_token(far.shift_token())
    assert not far.controller.may_bring_unannounced(LABEL)
    with pytest.raises(Refused) as refused:
        far.controller.deposit(LABEL)
    assert refused.value.reason is Reason.PARCEL_IN_COMPARTMENT
    opening = far.controller.deposit_unannounced("JJD780001", far.controller.size_classes()[0])
    far.board.put_in(opening.compartment, ParcelId("x"))
    far.shut(opening.compartment)
    assert opening.parcel is not None
    back = far.controller.retrieve(opening.parcel)
    far.board.take_out(back.compartment)
    far.shut(back.compartment)
    assert set(far.controller.state.unannounced) == {local}


def test_a_compartment_too_small_is_given_back_for_a_larger_one(far: Far) -> None:
    far.link.cut()
    far.controller.sign_in_with_token(far.shift_token())
    small = far.controller.deposit_unannounced(LABEL, far.controller.size_classes()[0])
    far.controller.reject_compartment("does_not_fit")
    assert far.controller.state.unannounced == {}
    far.shut(small.compartment)
    larger = far.controller.offer_again()
    assert larger.compartment == "A5"
    assert larger.parcel == small.parcel


def test_the_receipt_is_shown_again_after_a_restart(far: Far) -> None:
    far.link.cut()
    local, address = far.bring_unannounced(LABEL)
    far.boot()
    assert far.controller.receipts.address_for(local) == address
    assert far.controller.receipts.address_for(ParcelId("p-none")) == ""


def test_a_receipt_of_a_stranger_moves_nothing(far: Far, house: House) -> None:
    far.link.cut()
    local, address = far.bring_unannounced(LABEL)
    said = read_receipt(address).receipt
    stranger = DeviceKey.from_seed(Secret(b"s" * 32))
    for forged in (sign_receipt(said, stranger), "hello", address[:-9]):
        with pytest.raises(BadReceipt):
            far.carry(forged)
    assert "found_unannounced" not in matters(house)
    assert house.announce(LABEL).parcel != local


def test_an_unannounced_parcel_nobody_names_goes_back_when_its_time_is_over(
    far: Far, house: House
) -> None:
    far.link.cut()
    far.clock.set(far.clock.now())
    local, address = far.bring_unannounced(LABEL)
    far.carry(address)
    far.link.restore()
    far.pass_time(4 * DAY)
    assert house.status(local) == "expired"
    far.controller.sign_in_with_token(far.shift_token())
    assert [one.parcel for one in far.controller.retrievable()] == [local]
    assert far.controller.state.find_parcel(local) == CompartmentId("A1")


def test_where_the_operator_wants_none_nothing_unannounced_is_taken_in(far: Far) -> None:
    far.link.cut()
    for wanted in (True, False):
        far.takes_unannounced = wanted
        far.boot()
        far.controller.sign_in_with_token(far.shift_token())
        assert far.controller.may_bring_unannounced(LABEL) is wanted
        assert not far.controller.may_bring_unannounced("?")
        far.controller.end_visit()


@pytest.mark.parametrize("days", [2, 5], ids=["while it waits", "when it is overdue"])
def test_the_recipient_of_a_found_parcel_gets_the_whole_hold(
    far: Far, house: House, days: int
) -> None:
    far.link.cut()
    local, address = far.bring_unannounced(LABEL)
    far.carry(address)
    far.pass_time(days * DAY)
    assert house.status(local) == ("ready" if days == 2 else "expired")
    assert house.announce(LABEL).parcel == local
    held = house.file(local).custody
    assert house.status(local) == "ready"
    assert held.hold_until >= house.clock.now() + 2 * DAY
    assert held.extension_count == 0
    assert house.notices() == ["deposited"], "told once, with a code that works"
    live = [one for one in house.file(local).grants.grants.values() if one.is_live]
    assert [one.valid_until for one in live] == [held.hold_until]
    booked = house.site_state().bookings.values()
    assert [one.until for one in booked] == [held.hold_until]
    far.controller.sign_in_with_token(far.token(local))
    far.take()
    far.agree_within(60)
    assert house.status(local) == "collected_by_recipient"
