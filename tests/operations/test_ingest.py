"""What lockers report: taken in once, never refused, drawn from, shown where it contradicts."""

import msgspec
import pytest

from restante.core.compartment import ReturnedToService, TakenOutOfService
from restante.core.content import CompartmentFreed, ContentUnclear
from restante.core.door import DoorForced
from restante.core.ids import CompartmentId, LockerId, ParcelId, locker_stream
from restante.core.locker import ControllerStarted
from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.journal.port import UnknownFact
from restante.journal.verify import verify
from restante.link.message import Report
from restante.operations.cancel import cancel
from restante.operations.ingest import ingest
from restante.views import NotFound
from tests.operations.house import (
    LOCKER,
    OPERATOR,
    OTHER_LOCKER,
    OTHER_SITE,
    SITE,
    House,
    raw,
)


def kinds_of_matters(house: House) -> list[str]:
    return sorted(m.kind for m in house.centre.queries.matters(OPERATOR))


@pytest.fixture(autouse=True)
def the_record_is_sound_afterwards(house: House):  # type: ignore[no-untyped-def]
    yield
    assert verify(house.centre.journal, KINDS).is_sound


def test_a_report_told_twice_is_taken_in_once(house: House) -> None:
    done = house.announce()
    first = house.deposit(done.parcel)
    again = house.report_raw(raw(ControllerStarted(at=house.clock.now(), release="1")), first_seq=2)
    assert (first.seq, first.new_count) == (2, 1)
    assert (again.seq, again.new_count) == (2, 0)
    assert house.tags(done.parcel).count("parcel.deposited.v1") == 1
    assert house.notices() == ["deposited"]


def test_of_an_overlapping_report_only_the_new_facts_count(house: House) -> None:
    started = raw(ControllerStarted(at=house.clock.now(), release="1"))
    assert house.report_raw(started, started, started).seq == 4
    done = house.report_raw(started, started, started, first_seq=3)
    assert (done.seq, done.new_count) == (5, 1)
    stream = locker_stream(LOCKER)
    origins = [one.origin.seq for one in house.centre.journal.read(stream) if one.origin]
    assert origins == [1, 2, 3, 4, 5]


def test_a_gap_is_not_bridged(house: House) -> None:
    started = raw(ControllerStarted(at=house.clock.now(), release="1"))
    done = house.report_raw(started, first_seq=7)
    assert (done.seq, done.new_count) == (1, 0)


def test_facts_come_back_as_the_bytes_the_locker_wrote(house: House) -> None:
    fact = b'{ "type":"locker.controller_started.v1",  "at":5, "release":"9", "newer_field":1 }'
    envelope = b'{"by":"locker:locker-01","cause":"o1","fact":' + fact + b"}"
    house.report_raw(envelope)
    stored = house.centre.journal.stored(locker_stream(LOCKER), after_version=1, limit=9)
    assert (stored[-1].body, stored[-1].cause) == (fact, "o1")


@pytest.mark.parametrize(
    "poison",
    [
        b'{"by":"locker:locker-01","fact":{"type":"weather.changed.v1","at":5,"sun":true}}',
        b'{"by":"locker:locker-01","fact":{"type":"handoff.deposited.v1","at":"soon"}}',
        b'{"neither":"envelope"}',
        b'{"by":"x","fact":[1,2]}',
    ],
)
def test_a_fact_nobody_understands_is_kept_and_shown_and_later_facts_flow(
    house: House, poison: bytes
) -> None:
    done = house.announce()
    answer = house.report_raw(poison)
    assert (answer.seq, answer.quarantined_count) == (2, 1)
    house.deposit(done.parcel)
    assert house.status(done.parcel) == "ready"
    assert kinds_of_matters(house) == ["quarantined_fact"]
    facts = [one.fact for one in house.centre.journal.read(locker_stream(LOCKER))]
    assert isinstance(facts[1], UnknownFact)


def test_a_deposit_nobody_announced_is_recorded_beside_an_anomaly(house: House) -> None:
    stranger = ParcelId("p0stranger")
    house.deposit(stranger)
    assert house.status(stranger) == "ready"
    assert kinds_of_matters(house) == ["not_announced"]
    assert len(house.site_state().bookings) == 1
    house.clock.set(UtcSeconds(house.clock.now() + 4 * DAY))
    house.centre.timekeeper.tick()
    house.retrieve(stranger)
    assert house.site_state().bookings == {}


def test_a_parcel_cannot_be_deposited_twice_unseen(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel, "A1")
    house.deposit(done.parcel, "A2", at=house.clock.now() + 60)
    assert kinds_of_matters(house) == ["parcel_in_compartment"]
    assert house.centre.queries.parcel(OPERATOR, done.parcel).compartment == "A2"
    assert len(house.site_state().bookings) == 1


def test_a_deposit_at_the_wrong_site_can_be_collected_where_it_is(house: House) -> None:
    done = house.announce()
    before = house.grant(done.parcel)
    house.deposit(done.parcel, locker=OTHER_LOCKER)
    assert kinds_of_matters(house) == ["wrong_site"]
    assert house.site_state(SITE).bookings == {}
    assert len(house.site_state(OTHER_SITE).bookings) == 1
    after = house.grant(done.parcel)
    assert after != before
    there = house.list_keys(OTHER_SITE)
    assert {f"parcel/{done.parcel}", f"grant/{after}", f"pin/{after}"} <= set(there)
    assert set(house.list_keys(SITE)) == {"site"}
    assert house.notices() == ["deposited"]
    assert house.centre.queries.parcel(house.acme, done.parcel).site == OTHER_SITE


def test_a_parcel_collected_twice_is_an_anomaly_and_stays_collected(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    house.collect(done.parcel)
    house.collect(done.parcel, at=house.clock.now() + 60)
    assert house.status(done.parcel) == "collected_by_recipient"
    assert kinds_of_matters(house) == ["parcel_ended"]


def test_what_was_collected_before_the_end_counts_though_the_news_came_late(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    in_time = house.clock.now() + 3 * DAY - HOUR
    house.pass_time(3 * DAY)
    assert house.status(done.parcel) == "expired"
    house.collect(done.parcel, at=in_time)
    assert house.status(done.parcel) == "collected_by_recipient"
    assert kinds_of_matters(house) == []
    assert house.site_state().bookings == {}


def test_what_was_collected_after_the_end_is_recorded_beside_an_anomaly(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    house.pass_time(3 * DAY)
    house.collect(done.parcel)
    assert house.status(done.parcel) == "collected_by_recipient"
    assert kinds_of_matters(house) == ["hold_expired"]


def test_a_late_report_after_a_cancellation_wins_and_the_parcel_goes_back(house: House) -> None:
    done = house.announce()
    put_in_at = house.clock.now()
    house.clock.set(UtcSeconds(put_in_at + HOUR))
    house.centre.run(cancel(house.centre.means, house.acme, parcel=done.parcel))
    house.deposit(done.parcel, at=put_in_at)
    assert house.status(done.parcel) == "expired"
    assert kinds_of_matters(house) == ["parcel_cancelled"]
    assert house.list_keys()[f"parcel/{done.parcel}"].is_overdue
    assert house.notices() == []
    house.retrieve(done.parcel)
    assert house.status(done.parcel) == "returning"


def test_a_deposit_reported_after_its_booking_expired_takes_room_anyway(house: House) -> None:
    done = house.announce()
    put_in_at = house.clock.now()
    house.pass_time(2 * DAY)
    assert house.status(done.parcel) == "announced"
    house.deposit(done.parcel, at=put_in_at)
    assert house.status(done.parcel) == "ready"
    assert len(house.site_state().bookings) == 1
    assert f"grant/{house.grant(done.parcel)}" in house.list_keys()
    assert house.notices() == ["deposited", "reminder"]


def test_deposited_and_collected_while_the_link_was_cut_only_the_collection_is_news(
    house: House,
) -> None:
    done = house.announce()
    grant = house.grant(done.parcel)
    deposited = (
        b'{"type":"handoff.deposited.v1","at":%d,"compartment":"A1","parcel":"%s",'
        b'"session":"s","courier":"c1","evidence":"door"}'
        % (house.clock.now(), done.parcel.encode())
    )
    collected = (
        b'{"type":"handoff.collected.v1","at":%d,"compartment":"A1","parcel":"%s","session":"t",'
        b'"grant":"%s","reopen_until":%d,"evidence":"door"}'
        % (house.clock.now() + 9, done.parcel.encode(), grant.encode(), house.clock.now() + 609)
    )
    house.report_raw(
        *(b'{"by":"locker:locker-01","fact":' + f + b"}" for f in (deposited, collected))
    )
    assert house.status(done.parcel) == "collected_by_recipient"
    house.clock.set(UtcSeconds(house.clock.now() + 9))
    assert house.notices() == ["collected"]


def test_a_door_out_of_service_takes_its_room_from_the_site_until_it_serves_again(
    house: House,
) -> None:
    now, a1 = house.clock.now(), CompartmentId("A1")
    house.report(TakenOutOfService(at=now, compartment=a1, why="dirty"))
    assert house.centre.queries.site(SITE, at=now).compartment_count == 4
    assert kinds_of_matters(house) == ["out_of_service"]
    house.report(ReturnedToService(at=now, compartment=a1))
    assert house.centre.queries.site(SITE, at=now).compartment_count == 5
    assert kinds_of_matters(house) == []


def test_a_forced_door_and_unclear_content_are_put_before_a_person(house: House) -> None:
    now, a1 = house.clock.now(), CompartmentId("A1")
    house.report(
        DoorForced(at=now, compartment=a1),
        ContentUnclear(at=now, compartment=a1, why="opened while free"),
    )
    assert kinds_of_matters(house) == ["content_unclear", "door_forced"]


def test_a_held_parcel_whose_compartment_was_found_empty_is_shown(house: House) -> None:
    done = house.announce()
    house.deposit(done.parcel)
    now, a1 = house.clock.now(), CompartmentId("A1")
    house.report(
        ContentUnclear(at=now, compartment=a1, why="interrupted"),
        CompartmentFreed(at=now, compartment=a1, evidence="courier_check", parcel=done.parcel),
    )
    assert "parcel.anomaly_noticed.v1" in house.tags(done.parcel)
    assert any(matter.parcel == done.parcel for matter in house.centre.queries.matters(OPERATOR))


def test_a_locker_that_lost_its_disk_is_taken_in_and_shown(house: House) -> None:
    done = house.report(ControllerStarted(at=house.clock.now(), release="2"), epoch="e2")
    assert (done.epoch, done.seq) == ("e2", 1)
    assert kinds_of_matters(house) == ["new_epoch"]
    house.report(ControllerStarted(at=house.clock.now(), release="2"), epoch="e2")
    assert kinds_of_matters(house) == ["new_epoch"]


def test_a_locker_nobody_registered_is_not_listened_to(house: House) -> None:
    report = Report(
        locker=LockerId("locker-99"), epoch="e", first_seq=1, facts=(msgspec.Raw(b"{}"),)
    )
    with pytest.raises(NotFound, match="locker-99"):
        house.centre.run(ingest(house.centre.means, report=report))
