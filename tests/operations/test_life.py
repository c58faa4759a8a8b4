"""A parcel's life, as the centre lives it."""

from restante.core.value import DAY, HOUR
from tests.operations.house import LOCKER, OPERATOR, SITE, House


def test_a_parcel_is_announced_booked_deposited_and_collected(house: House) -> None:
    done = house.announce()
    assert done.booking is not None
    assert house.status(done.parcel) == "booked"
    house.deposit(done.parcel)
    assert house.status(done.parcel) == "ready"
    shown = house.centre.queries.parcel(house.acme, done.parcel)
    assert (shown.locker, shown.compartment) == (LOCKER, "A1")
    house.clock.set(house.clock.now() + HOUR)
    house.collect(done.parcel)
    assert house.status(done.parcel) == "collected_by_recipient"
    assert house.site_state().bookings == {}
    assert house.notices() == ["deposited", "collected"]


def test_a_parcel_nobody_collects_becomes_overdue_and_is_retrieved(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    assert house.pass_time(3 * DAY) == 1
    assert house.status(done.parcel) == "expired"
    assert house.list_keys()[f"parcel/{done.parcel}"].is_overdue
    house.retrieve(done.parcel)
    assert house.status(done.parcel) == "returning"
    assert house.site_state().bookings == {}


def test_the_free_room_is_counted_down_by_bookings(house: House) -> None:
    before = house.centre.queries.site(SITE, at=house.clock.now()).free_count
    house.announce()
    after = house.centre.queries.site(SITE, at=house.clock.now()).free_count
    assert (before, after) == (5, 4)


def test_the_timeline_tells_every_fact(house: House) -> None:
    done = house.announce()
    assert house.tags(done.parcel) == [
        "parcel.announced.v1",
        "parcel.capacity_confirmed.v1",
        "grant.issued.v1",
    ]
    assert house.centre.queries.timeline(OPERATOR, done.parcel)[0].by == "partner:acme"
