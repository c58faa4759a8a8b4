"""A parcel's life, as the centre lives it."""

from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR
from restante.journal.verify import verify
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


def test_a_parcel_nobody_collects_becomes_overdue_is_retrieved_and_returned(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    grant = house.grant(done.parcel)
    assert house.pass_time(3 * DAY) == 1
    assert house.status(done.parcel) == "expired"
    assert house.list_keys()[f"parcel/{done.parcel}"].is_overdue
    assert f"grant/{grant}" not in house.list_keys()
    assert f"pin/{grant}" not in house.list_keys()
    house.retrieve(done.parcel)
    assert house.status(done.parcel) == "returning"
    assert house.site_state().bookings == {}
    house.complete_return(done.parcel)
    assert house.status(done.parcel) == "returned_to_sender"


def test_the_free_room_is_counted_down_by_bookings(house: House) -> None:
    before = house.centre.queries.site(SITE, at=house.clock.now()).free_count
    house.announce()
    after = house.centre.queries.site(SITE, at=house.clock.now()).free_count
    assert (before, after) == (5, 4)


def test_the_timeline_tells_every_fact_and_who_caused_it(house: House) -> None:
    done = house.announce()
    assert house.tags(done.parcel) == [
        "parcel.announced.v1",
        "parcel.capacity_confirmed.v1",
        "grant.issued.v1",
    ]
    assert house.centre.queries.timeline(OPERATOR, done.parcel)[0].by == "partner:acme"


def test_the_locker_may_open_for_the_code_from_the_booking_until_the_door_is_forgotten(
    house: House,
) -> None:
    done = house.announce()
    keys = house.list_keys()
    grant = house.grant(done.parcel)
    assert {f"parcel/{done.parcel}", f"grant/{grant}", f"pin/{grant}", "site"} == set(keys)
    house.deposit(done.parcel)
    house.collect(done.parcel)
    # The re-open window runs: the code stays, the parcel is gone.
    assert {f"grant/{grant}", f"pin/{grant}", "site"} == set(house.list_keys())
    house.pass_time(DAY)
    assert {"site"} == set(house.list_keys())


def test_what_a_locker_was_told_before_is_changed_by_a_delta(house: House) -> None:
    lists = house.centre.hub.lists
    done = house.announce()
    version = lists.version(SITE)
    house.deposit(done.parcel)
    house.collect(done.parcel)
    delta = lists.delta(SITE, version)
    assert delta.base_version == version
    assert [(c.key, c.entry is None) for c in delta.changes] == [
        (f"grant/{house.grant(done.parcel)}", False),
        (f"parcel/{done.parcel}", True),
    ]


def test_the_record_is_sound_after_a_whole_life(house: House) -> None:
    for n in range(3):
        done = house.announce(f"JJD{n}")
        house.deposit(done.parcel, f"A{n + 1}")
        if n:
            house.collect(done.parcel, f"A{n + 1}")
    house.pass_time(4 * DAY)
    report = verify(house.centre.journal, KINDS)
    assert not report.damages
