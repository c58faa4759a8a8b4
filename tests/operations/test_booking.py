"""Promises of room: soft, firm, ended."""

import pytest
from msgspec.structs import replace

from restante.core.refusal import Reason, Refused
from restante.core.value import DAY, HOUR, MINUTE, Millimeters, UtcSeconds
from restante.operations.booking import book, confirm_booking, release_booking
from restante.operations.correct import correct_size
from restante.operations.extend import extend
from restante.operations.reissue import reissue_code
from restante.views import Forbidden, NotFound, Principal
from tests.operations.house import ACME, HIGH_BOX, MONDAY, SHOE_BOX, SITE, House


def test_a_soft_booking_ends_by_itself_and_takes_its_code_along(house: House) -> None:
    done = house.announce(promise="soft")
    grant = house.grant(done.parcel)
    assert house.pass_time(29 * MINUTE) == 0
    assert house.pass_time(MINUTE) == 1
    assert house.status(done.parcel) == "announced"
    assert house.site_state().bookings == {}
    assert f"grant/{grant}" not in house.list_keys()


def test_a_confirmed_booking_stands_as_long_as_a_firm_one(house: House) -> None:
    means = house.centre.means
    done = house.announce(promise="soft")
    firm = house.centre.run(confirm_booking(means, house.acme, parcel=done.parcel))
    assert firm.is_firm
    assert firm.expires_at == MONDAY + 2 * DAY
    assert house.pass_time(HOUR) == 0
    assert house.list_keys()[f"parcel/{done.parcel}"].deposit_until == firm.expires_at
    assert house.pass_time(2 * DAY) == 1


def test_an_expired_booking_cannot_be_confirmed(house: House) -> None:
    done = house.announce(promise="soft")
    house.clock.set(UtcSeconds(MONDAY + HOUR))
    with pytest.raises(Refused) as refusal:
        house.centre.run(confirm_booking(house.centre.means, house.acme, parcel=done.parcel))
    assert refusal.value.reason is Reason.BOOKING_EXPIRED


def test_a_released_booking_frees_its_room_and_may_be_made_again(house: House) -> None:
    means = house.centre.means
    done = house.announce("JJD0", size=HIGH_BOX)
    house.centre.run(release_booking(means, house.acme, parcel=done.parcel))
    other = house.announce("JJD1", size=HIGH_BOX)
    assert other.booking is not None
    with pytest.raises(Refused) as refusal:
        house.centre.run(book(means, house.acme, parcel=done.parcel))
    assert refusal.value.reason is Reason.SITE_FULL
    house.centre.run(release_booking(means, house.acme, parcel=other.parcel))
    again = house.centre.run(book(means, house.acme, parcel=done.parcel))
    assert house.centre.queries.booking(house.acme, again.booking).parcel == done.parcel


def test_booking_twice_gives_the_same_booking(house: House) -> None:
    done = house.announce()
    again = house.centre.run(book(house.centre.means, house.acme, parcel=done.parcel))
    assert again == done.booking


def test_releasing_what_has_no_booking_or_is_inside_is_refused(house: House) -> None:
    means = house.centre.means
    done = house.announce(promise="none")
    with pytest.raises(Refused, match="book it first"):
        house.centre.run(release_booking(means, house.acme, parcel=done.parcel))
    inside = house.announce("JJD9")
    house.deposit(inside.parcel)
    with pytest.raises(Refused) as refusal:
        house.centre.run(release_booking(means, house.acme, parcel=inside.parcel))
    assert refusal.value.reason is Reason.BOOKING_CONSUMED


def test_a_rival_can_neither_book_nor_confirm(house: House) -> None:
    done = house.announce(promise="soft")
    for operation in (book, confirm_booking, release_booking):
        with pytest.raises(NotFound):
            house.centre.run(operation(house.centre.means, house.rival, parcel=done.parcel))  # type: ignore[operator]


def test_a_corrected_parcel_is_fitted_anew_with_the_same_promise(house: House) -> None:
    done = house.announce()
    answer = house.centre.run(
        correct_size(house.centre.means, house.acme, parcel=done.parcel, size=HIGH_BOX)
    )
    assert answer.booking is not None and done.booking is not None
    assert answer.booking.expires_at == done.booking.expires_at
    (room,) = house.site_state().bookings.values()
    assert room.size == HIGH_BOX
    assert house.list_keys()[f"parcel/{done.parcel}"].size == HIGH_BOX


def test_a_correction_that_fits_nowhere_is_kept_and_put_before_a_person(house: House) -> None:
    house.announce("JJD0", size=HIGH_BOX)
    done = house.announce("JJD1")
    answer = house.centre.run(
        correct_size(house.centre.means, house.acme, parcel=done.parcel, size=HIGH_BOX)
    )
    assert answer.booking is None
    assert answer.refusal is Reason.SITE_FULL
    assert house.status(done.parcel) == "announced"
    (matter,) = house.centre.queries.matters(house.acme)
    assert (matter.kind, matter.parcel, matter.site) == ("site_full", done.parcel, SITE)
    assert "redirect or cancel" in matter.detail
    assert house.centre.queries.matters(house.rival) == ()


def test_a_correction_to_impossible_measures_changes_nothing(house: House) -> None:
    done = house.announce()
    huge = replace(SHOE_BOX, width_mm=Millimeters(3_000))
    with pytest.raises(Refused) as refusal:
        house.centre.run(
            correct_size(house.centre.means, house.acme, parcel=done.parcel, size=huge)
        )
    assert refusal.value.reason is Reason.PARCEL_TOO_LARGE
    assert house.status(done.parcel) == "booked"


def test_a_parcel_inside_is_not_corrected(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    with pytest.raises(Refused) as refusal:
        house.centre.run(
            correct_size(house.centre.means, house.acme, parcel=done.parcel, size=HIGH_BOX)
        )
    assert refusal.value.reason is Reason.PARCEL_IN_COMPARTMENT


def test_a_courier_can_neither_release_nor_extend_nor_ask_for_codes(house: House) -> None:
    done = house.announce()
    courier = Principal.of_courier("c1", ACME)
    for operation in (release_booking, extend, reissue_code):
        with pytest.raises(Forbidden, match="not courier"):
            operation(house.centre.means, courier, parcel=done.parcel)  # type: ignore[operator]
