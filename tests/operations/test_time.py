"""Time is an input: holds, extensions, restarts, clocks that go backwards."""

import pytest

from restante.core.hold import HoldPolicy
from restante.core.refusal import Reason, Refused
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.operations.extend import extend
from restante.operations.reissue import reissue_code
from restante.operations.retrieve import note_retrieved
from restante.views import Forbidden, NotFound, Principal
from tests.operations.house import MONDAY, House


def held(house: House, **given: object) -> str:
    done = house.announce(**given)
    house.deposit(done.parcel)
    return done.parcel


def test_an_extended_hold_moves_timer_code_and_room(house: House) -> None:
    parcel = held(house)
    means, recipient = house.centre.means, house.file(parcel).custody.about.recipient
    until = house.centre.run(extend(means, Principal.of_recipient(recipient), parcel=parcel))
    assert until == MONDAY + 4 * DAY
    assert house.pass_time(3 * DAY) == 0
    assert house.status(parcel) == "ready"
    grant = house.list_keys()[f"grant/{house.grant(parcel)}"]
    assert grant.valid_until == until
    assert house.pass_time(DAY) == 1
    assert house.status(parcel) == "expired"


def test_a_hold_is_extended_twice_and_not_after_its_end(house: House) -> None:
    parcel = held(house)
    means = house.centre.means
    house.centre.run(extend(means, house.acme, parcel=parcel))
    house.centre.run(extend(means, house.acme, parcel=parcel))
    with pytest.raises(Refused) as refusal:
        house.centre.run(extend(means, house.acme, parcel=parcel))
    assert refusal.value.reason is Reason.EXTENSION_LIMIT
    house.pass_time(6 * DAY)
    with pytest.raises(Refused) as late:
        house.centre.run(extend(means, house.acme, parcel=parcel))
    assert late.value.reason is Reason.HOLD_EXPIRED


def test_somebody_else_cannot_extend(house: House) -> None:
    parcel = held(house)
    for stranger in (house.rival, Principal.of_recipient("r0other")):
        with pytest.raises(NotFound):
            house.centre.run(extend(house.centre.means, stranger, parcel=parcel))


def test_a_clock_that_goes_backwards_expires_nothing_early_and_nothing_twice(
    house: House,
) -> None:
    parcel = held(house)
    assert house.pass_time(3 * DAY) == 1
    house.clock.set(UtcSeconds(MONDAY - DAY))
    assert house.centre.timekeeper.tick() == 0
    assert house.status(parcel) == "expired"
    other = house.announce("JJD2")
    house.deposit(other.parcel, "A2")
    assert house.status(other.parcel) == "ready"
    assert house.pass_time(2 * DAY) == 0
    assert house.pass_time(DAY) == 1
    assert house.tags(parcel).count("parcel.hold_expired.v1") == 1


def test_timers_survive_a_restart(house: House) -> None:
    parcel = held(house)
    again = house.restart(at=UtcSeconds(MONDAY + 3 * DAY))
    assert again.centre.timekeeper.next_due() == MONDAY + 3 * DAY
    assert again.centre.timekeeper.tick() == 1
    assert again.status(parcel) == "expired"
    again.centre.close()


def test_a_turn_of_the_timekeeper_is_bounded(house: House) -> None:
    for n in range(3):
        house.announce(f"JJD{n}", promise="soft")
    house.clock.set(UtcSeconds(MONDAY + HOUR))
    assert house.centre.timekeeper.tick(2) == 2
    assert house.centre.timekeeper.tick(2) == 1
    assert house.centre.timekeeper.tick(2) == 0


def test_a_hold_in_local_days_ends_at_the_sites_local_hour(house: House) -> None:
    parcel = held(house, hold=HoldPolicy(local_days=3, local_hour_until=18))
    shown = house.centre.queries.parcel(house.acme, parcel)
    assert shown.hold_until is not None
    # Berlin is an hour ahead of UTC in November: 18:00 there is 17:00Z.
    assert shown.hold_until % DAY == 17 * HOUR


def test_a_new_code_takes_the_place_of_the_old_one(house: House) -> None:
    parcel = held(house)
    old, recipient = house.grant(parcel), house.file(parcel).custody.about.recipient
    before = house.centre.desk.code(parcel, recipient)
    new = house.centre.run(reissue_code(house.centre.means, house.acme, parcel=parcel))
    after = house.centre.desk.code(parcel, recipient)
    assert before is not None and after is not None and before != after
    keys = house.list_keys()
    assert f"grant/{old}" not in keys and f"pin/{old}" not in keys
    assert f"grant/{new}" in keys and f"pin/{new}" in keys
    assert house.notices() == ["deposited", "reissued"]


def test_no_code_is_issued_for_what_is_overdue_or_gone(house: House) -> None:
    parcel = held(house)
    house.pass_time(3 * DAY)
    with pytest.raises(Refused) as refusal:
        house.centre.run(reissue_code(house.centre.means, house.acme, parcel=parcel))
    assert refusal.value.reason is Reason.HOLD_EXPIRED
    house.retrieve(parcel)
    with pytest.raises(Refused, match="no door"):
        house.centre.run(reissue_code(house.centre.means, house.acme, parcel=parcel))


def test_only_an_operator_notes_a_retrieval_the_locker_kept_to_itself(house: House) -> None:
    parcel = held(house)
    means = house.centre.means
    with pytest.raises(Forbidden, match="only operator"):
        note_retrieved(means, house.acme, parcel=parcel, courier="c1")  # type: ignore[arg-type]
    ada = Principal.of_operator("ada")
    with pytest.raises(Refused) as refusal:
        house.centre.run(note_retrieved(means, ada, parcel=parcel, courier="c1"))  # type: ignore[arg-type]
    assert refusal.value.reason is Reason.NOT_OVERDUE
    house.pass_time(3 * DAY)
    house.centre.run(note_retrieved(means, ada, parcel=parcel, courier="c1"))  # type: ignore[arg-type]
    assert house.status(parcel) == "returning"
    assert house.site_state().bookings == {}


def test_a_parcel_in_its_compartment_cannot_be_returned_to_its_sender(house: House) -> None:
    parcel = held(house)
    with pytest.raises(Refused) as refusal:
        house.complete_return(parcel)  # type: ignore[arg-type]
    assert refusal.value.reason is Reason.PARCEL_IN_COMPARTMENT
