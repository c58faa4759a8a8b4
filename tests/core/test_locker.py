"""The rules between the machines of a locker, one sentence each."""

import pytest
from msgspec.structs import replace

from restante.core import attempts, compartment, session
from restante.core import locker as core
from restante.core.content import REOPEN_SECONDS, CompartmentAssigned, CompartmentFreed, Content
from restante.core.door import (
    Door,
    DoorClosed,
    DoorForced,
    IntendOpening,
    NoticeDoor,
    OpeningIntended,
    OpeningUncertain,
    ReportOpening,
)
from restante.core.grant import Grant, Purpose
from restante.core.handoff import HandoffCollected, HandoffDeposited, TurnedAway
from restante.core.ids import CompartmentId, GrantId, OpeningId, ParcelId
from restante.core.refusal import Reason
from restante.core.value import UtcSeconds
from tests.factories import (
    A1,
    A2,
    A3,
    COURIER,
    GRANT,
    LOCKER,
    NOON,
    OTHER_GRANT,
    OTHER_PARCEL,
    OTHER_SESSION,
    PARCEL,
    SESSION,
    after,
    make_grant,
)  # fmt: skip
from tests.scenario import Told, stories_of

COURIER_IN = session.StartSession(
    at=NOON, session=SESSION, role=session.Role.COURIER, courier=COURIER
)
RECIPIENT_IN = session.StartSession(
    at=NOON, session=OTHER_SESSION, role=session.Role.RECIPIENT, grants=(GRANT,)
)
OUT = session.EndSession(at=NOON, why="done")
INSTALL = core.InstallLocker(at=NOON, locker=LOCKER, compartments=(A1, A2, A3))

lockers = stories_of(core.DECIDER).having(INSTALL)


def assign(name: CompartmentId = A1, parcel: ParcelId = PARCEL) -> compartment.Assign:
    return compartment.Assign(at=NOON, compartment=name, parcel=parcel, session=SESSION)


def staff(
    opening: str, name: CompartmentId = A1, purpose: Purpose = Purpose.DEPOSIT
) -> core.OpenForCourier:
    return core.OpenForCourier(
        at=NOON, opening=OpeningId(opening), compartment=name, purpose=purpose
    )


def recipient(
    opening: str, grant: Grant | None = None, at: UtcSeconds = NOON
) -> core.OpenForRecipient:
    return core.OpenForRecipient(at=at, opening=OpeningId(opening), grant=grant or make_grant())


def service(opening: str, name: CompartmentId = A1) -> core.OpenForService:
    return core.OpenForService(
        at=NOON, opening=OpeningId(opening), compartment=name, session=SESSION, courier=COURIER
    )


def report(opening: str, name: CompartmentId = A1, failure: str | None = None) -> ReportOpening:
    return ReportOpening(at=NOON, compartment=name, opening=OpeningId(opening), failure=failure)


def door(
    name: CompartmentId = A1, *, is_open: bool = False, content: bool | None = None
) -> NoticeDoor:
    return NoticeDoor(at=NOON, compartment=name, is_open=is_open, has_content=content)


def put_in(told: Told, name: CompartmentId, parcel: ParcelId, opening: str) -> Told:
    return told.having(
        COURIER_IN,
        assign(name, parcel),
        staff(opening, name),
        report(opening, name),
        door(name),
        OUT,
    )


holding = put_in(lockers, A1, PARCEL, "o-in-1")
holding_two = put_in(holding, A2, OTHER_PARCEL, "o-in-2")
before_it = holding.having(RECIPIENT_IN)
collecting = before_it.having(recipient("o-1"), report("o-1"))
collected = collecting.having(door())


# ── What a locker is ──────────────────────────────────────────────────────────────────────────


def test_a_locker_is_installed_once():
    stories_of(core.DECIDER).when(INSTALL).then(
        core.LockerInstalled(at=NOON, locker=LOCKER, compartments=(A1, A2, A3))
    )
    lockers.when(INSTALL).then()


def test_a_locker_is_rebuilt_around_what_is_inside():
    fewer = replace(INSTALL, compartments=(A1,))
    told = holding.when(fewer).follows(core.LockerInstalled)
    assert told.state.compartments == {A1: holding.state.compartments[A1]}
    holding.when(replace(INSTALL, compartments=(A2,))).refuses(Reason.COMPARTMENT_OCCUPIED)
    forced = lockers.having(door(is_open=True), door())
    forced.when(replace(INSTALL, compartments=(A2,))).refuses(Reason.COMPARTMENT_OCCUPIED)


def test_nothing_is_done_with_a_compartment_that_is_not_there():
    stranger = CompartmentId("Z9")
    lockers.having(COURIER_IN).when(assign(stranger)).refuses(Reason.COMPARTMENT_UNKNOWN)
    lockers.when(door(stranger)).refuses(Reason.COMPARTMENT_UNKNOWN)
    lockers.when(service("o-1", stranger)).refuses(Reason.COMPARTMENT_UNKNOWN)


def test_a_fact_about_a_compartment_that_is_not_there_is_remembered():
    forced = DoorForced(at=NOON, compartment=CompartmentId("Z9"))
    assert lockers.given(forced).state.open_doors() == ("Z9",)


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_nobody_opens_without_signing_in():
    holding.when(recipient("o-1")).refuses(Reason.NO_SESSION)
    holding.when(staff("o-1")).refuses(Reason.NO_SESSION)
    holding.when(assign(A2, OTHER_PARCEL)).refuses(Reason.NO_SESSION)


def test_a_recipient_does_not_open_as_a_courier():
    for purpose in (Purpose.DEPOSIT, Purpose.RETRIEVE):
        before_it.when(staff("o-1", purpose=purpose)).refuses(Reason.ACCESS_DENIED)


@pytest.mark.parametrize("purpose", [Purpose.COLLECT, Purpose.REOPEN, Purpose.SERVICE])
def test_a_courier_opens_to_deposit_or_to_retrieve_only(purpose: Purpose):
    holding.having(COURIER_IN).when(staff("o-1", purpose=purpose)).refuses(Reason.ACCESS_DENIED)


def test_a_courier_does_not_open_for_a_recipient():
    holding.having(COURIER_IN).when(recipient("o-1")).refuses(Reason.NOT_YOUR_PARCEL)


def test_no_door_opens_past_these_rules():
    past = IntendOpening(
        at=NOON, compartment=A1, opening=OpeningId("o-1"), purpose=Purpose.COLLECT,
        session=OTHER_SESSION, grant=GRANT,
    )  # fmt: skip
    before_it.when(past).refuses(Reason.ACCESS_DENIED)


def test_service_opens_without_a_session():
    told = holding.when(service("o-1")).follows(OpeningIntended)
    told.when(service("o-1")).then()


def test_a_courier_deposits():
    told = lockers.having(COURIER_IN, assign(), staff("o-1"), report("o-1"))
    told.when(door()).follows(DoorClosed, HandoffDeposited)
    told.when(staff("o-1")).then()


def test_who_was_turned_away_is_noted():
    told = lockers.having(COURIER_IN)
    told.when(core.TurnAway(at=NOON, why="site_full", parcel=PARCEL)).then(
        TurnedAway(at=NOON, session=SESSION, courier=COURIER, why="site_full", parcel=PARCEL)
    )
    assert told.having(core.TurnAway(at=NOON, why="does_not_fit")).state == told.state
    lockers.when(core.TurnAway(at=NOON, why="site_full")).refuses(Reason.NO_SESSION)


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_recipient_has_one_door_open_at_a_time():
    both = replace(RECIPIENT_IN, grants=(GRANT, OTHER_GRANT))
    other = make_grant(grant=OTHER_GRANT, parcel=OTHER_PARCEL)
    told = holding_two.having(both, recipient("o-1"))
    told.when(recipient("o-2", other)).refuses(Reason.DOOR_OPEN)
    told.having(report("o-1")).when(recipient("o-2", other)).refuses(Reason.DOOR_OPEN)
    told.having(report("o-1"), door()).when(recipient("o-2", other)).follows(OpeningIntended)


def test_a_courier_has_one_door_open_at_a_time():
    told = holding_two.having(COURIER_IN, staff("o-1", A1, Purpose.RETRIEVE))
    told.when(staff("o-2", A2, Purpose.RETRIEVE)).refuses(Reason.DOOR_OPEN)
    told.when(service("o-2", A2)).refuses(Reason.DOOR_OPEN)


def test_a_door_forced_elsewhere_keeps_nobody_waiting():
    told = before_it.having(door(A3, is_open=True))
    assert told.state.open_doors() == (A3,)
    told.when(recipient("o-1")).follows(OpeningIntended)


def test_the_same_opening_again_opens_no_second_time():
    collecting.when(recipient("o-1")).then()
    collected.when(recipient("o-1")).then()


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_grant_opens_the_compartment_its_parcel_lies_in():
    told = holding_two.having(RECIPIENT_IN).when(recipient("o-1"))
    assert told.follows(OpeningIntended).state.open_doors() == (A1,)


def test_a_grant_opens_nothing_while_its_parcel_is_not_inside():
    lockers.having(RECIPIENT_IN).when(recipient("o-1")).refuses(Reason.NOT_HELD)
    waiting = lockers.having(COURIER_IN, assign(), OUT, RECIPIENT_IN)
    waiting.when(recipient("o-1")).refuses(Reason.NOT_HELD)


def test_a_grant_of_somebody_else_opens_nothing():
    other = make_grant(grant=OTHER_GRANT, parcel=OTHER_PARCEL)
    holding_two.having(RECIPIENT_IN).when(recipient("o-1", other)).refuses(Reason.NOT_YOUR_PARCEL)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valid_until": NOON}, Reason.GRANT_EXPIRED),
        ({"valid_from": after(1)}, Reason.GRANT_NOT_YET),
        ({"revoked_at": after(-9)}, Reason.GRANT_REVOKED),
        ({"used_at": after(-9)}, Reason.GRANT_CONSUMED),
        ({"purpose": Purpose.RETRIEVE}, Reason.ACCESS_DENIED),
    ],
)
def test_a_grant_that_does_not_open_now_opens_nothing(changes: dict[str, object], reason: Reason):
    before_it.when(recipient("o-1", make_grant(**changes))).refuses(reason)


def test_a_grant_opens_three_times_in_five_minutes():
    told = before_it
    for n in range(3):
        told = told.having(recipient(f"o-{n}", at=after(n)), report(f"o-{n}", failure="jammed"))
    told = told.having(compartment.ReturnToService(at=NOON, compartment=A1))
    told.when(recipient("o-9", at=after(299))).refuses(Reason.TOO_MANY_OPENINGS)
    told.when(recipient("o-9", at=after(300))).follows(OpeningIntended)


def test_openings_of_others_do_not_count():
    told = holding.having(COURIER_IN)
    for n in range(4):
        told = told.having(staff(f"o-{n}", purpose=Purpose.RETRIEVE), report(f"o-{n}"))
        told = told.having(door(content=True))
    told.having(OUT, RECIPIENT_IN).when(recipient("o-9")).follows(OpeningIntended)


# ── R4 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_grant_is_used_up_by_the_collection():
    assert collecting.state.grants[GRANT].used_at is None
    told = collecting.when(door()).follows(DoorClosed, HandoffCollected)
    assert told.state.grants[GRANT].used_at == NOON


def test_a_used_grant_opens_its_door_again_while_the_window_runs():
    told = collected.when(recipient("o-2", at=after(REOPEN_SECONDS - 1))).follows(OpeningIntended)
    assert told.state.compartments[A1].opening.purpose is Purpose.REOPEN
    collected.when(recipient("o-2", at=after(REOPEN_SECONDS))).refuses(Reason.GRANT_CONSUMED)


def test_a_grant_that_ended_meanwhile_still_opens_its_own_door_again():
    ended = make_grant(valid_until=NOON, revoked_at=NOON)
    collected.when(recipient("o-2", ended)).follows(OpeningIntended)


def test_a_used_grant_opens_nothing_when_the_compartment_is_free():
    emptied = collecting.having(door(content=False))
    emptied.when(recipient("o-2")).refuses(Reason.GRANT_CONSUMED)


def test_a_used_grant_opens_no_other_parcel_of_its_compartment():
    emptied = collecting.having(door(content=False), OUT)
    again = put_in(emptied, A1, OTHER_PARCEL, "o-in-9").having(RECIPIENT_IN)
    again.when(recipient("o-2")).refuses(Reason.GRANT_CONSUMED)


def test_uses_of_grants_that_ended_are_forgotten_when_their_window_is_over():
    forget = core.ForgetGrants(at=NOON, grants=(GRANT, GrantId("g-never")))
    collected.when(forget).then()
    told = (
        collecting.having(door(content=False))
        .when(forget)
        .then(core.GrantsForgotten(at=NOON, grants=(GRANT,)))
    )
    assert told.state.grants == {}


# ── R5 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_parcel_is_in_one_compartment_at_most():
    told = lockers.having(COURIER_IN, assign(A1))
    told.when(assign(A1)).then()
    told.when(assign(A2)).refuses(Reason.PARCEL_IN_COMPARTMENT)
    holding.having(COURIER_IN).when(assign(A2)).refuses(Reason.PARCEL_IN_COMPARTMENT)
    assert holding.state.find_parcel(PARCEL) == A1
    assert holding.state.find_parcel(OTHER_PARCEL) is None


def test_a_parcel_that_was_taken_out_may_be_put_in_again():
    assert collected.state.find_parcel(PARCEL) is None
    told = collected.having(OUT, COURIER_IN)
    told.when(assign(A2)).follows(CompartmentAssigned)


# ── R6 ────────────────────────────────────────────────────────────────────────────────────────

START = core.StartController(at=after(60), release="1.0")


def test_after_a_restart_every_intent_without_a_result_is_uncertain():
    told = (
        before_it.having(recipient("o-1"))
        .when(START)
        .then(
            core.ControllerStarted(at=after(60), release="1.0"),
            OpeningUncertain(at=after(60), compartment=A1, opening=OpeningId("o-1")),
            session.SessionEnded(at=after(60), session=OTHER_SESSION, why="restart"),
        )
    )
    assert told.state.compartments[A1].door is Door.UNCERTAIN
    assert told.state.visit == session.Idle()


def test_a_restart_leaves_doors_whose_result_is_known():
    told = collecting.when(START).follows(core.ControllerStarted, session.SessionEnded)
    assert told.state.compartments[A1].door is Door.OPEN
    lockers.when(START).follows(core.ControllerStarted)


def test_a_restart_forgets_no_use_of_a_grant():
    told = collecting.having(door(content=False), START, RECIPIENT_IN)
    told.when(recipient("o-2")).refuses(Reason.GRANT_CONSUMED)


# ── The smaller machines inside ───────────────────────────────────────────────────────────────


def test_codes_are_counted_in_the_locker():
    told = lockers.having(attempts.CountAttempt(at=NOON, attempt="t-1", keys=("g-1",)))
    assert told.state.tried.by_key == {"g-1": 1}
    proved = told.having(attempts.ProveAttempt(at=NOON, attempt="t-1"))
    assert proved.state.tried.by_key == {}
    told.when(attempts.ForgetAttempts(at=NOON, keys=("g-1",))).follows(attempts.AttemptsForgotten)


def test_one_person_at_a_time_is_before_the_locker():
    before_it.when(COURIER_IN).refuses(Reason.SESSION_ACTIVE)
    assert before_it.having(OUT).state.visit == session.Idle()


def test_time_frees_what_was_collected():
    due = compartment.PassTime(at=after(REOPEN_SECONDS), compartment=A1)
    told = collected.when(due).follows(CompartmentFreed)
    assert told.state.compartments[A1].content is Content.FREE
