"""The rules of one compartment, one sentence each."""

import pytest

from restante.core import compartment as core
from restante.core.content import (
    REOPEN_SECONDS,
    AssignmentDropped,
    CompartmentAssigned,
    CompartmentFreed,
    Content,
    ContentUnclear,
)
from restante.core.door import (
    Door,
    DoorClosed,
    DoorForced,
    DoorOpened,
    IntendOpening,
    NoticeDoor,
    OpeningFailed,
    OpeningIntended,
    OpeningUncertain,
    ReportOpening,
)
from restante.core.grant import Purpose
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import GrantId, OpeningId, ParcelId
from restante.core.refusal import Reason
from restante.core.value import UtcSeconds
from tests.factories import A3, COURIER, GRANT, NOON, OTHER_GRANT, OTHER_PARCEL, PARCEL, SESSION
from tests.factories import after as later
from tests.scenario import Told, stories_of

compartments = stories_of(core.DECIDER)
EARLIER, LATELY, FIRST, SECOND = (OpeningId(f"o-{number}") for number in range(4))
WINDOW_END = later(REOPEN_SECONDS)


def assign(parcel: ParcelId = PARCEL) -> core.Assign:
    return core.Assign(at=NOON, compartment=A3, parcel=parcel, session=SESSION)


def drop(why: str = "does_not_fit") -> core.DropAssignment:
    return core.DropAssignment(at=NOON, compartment=A3, why=why)


def intend(
    purpose: Purpose, opening: OpeningId = FIRST, *, at: UtcSeconds = NOON,
    grant: GrantId | None = GRANT,
) -> IntendOpening:  # fmt: skip
    is_recipient = purpose in (Purpose.COLLECT, Purpose.REOPEN)
    return IntendOpening(
        at=at, compartment=A3, opening=opening, purpose=purpose, session=SESSION,
        courier=None if is_recipient else COURIER, grant=grant if is_recipient else None,
    )  # fmt: skip


def report(failure: str | None = None, opening: OpeningId = FIRST) -> ReportOpening:
    return ReportOpening(at=NOON, compartment=A3, opening=opening, failure=failure)


def shut(content: bool | None = None, at: UtcSeconds = NOON) -> NoticeDoor:
    return NoticeDoor(at=at, compartment=A3, is_open=False, has_content=content)


def ajar() -> NoticeDoor:
    return NoticeDoor(at=NOON, compartment=A3, is_open=True)


def look(at: UtcSeconds) -> core.PassTime:
    return core.PassTime(at=at, compartment=A3)


def stop(why: str = "dirty") -> core.TakeOutOfService:
    return core.TakeOutOfService(at=NOON, compartment=A3, why=why)


SERVE = core.ReturnToService(at=NOON, compartment=A3)
assigned = compartments.having(assign())
occupied = assigned.having(intend(Purpose.DEPOSIT, EARLIER), report(opening=EARLIER), shut())
releasing = occupied.having(intend(Purpose.COLLECT, LATELY), report(opening=LATELY), shut())
unclear = occupied.having(ajar(), shut())


def opened(told: Told, purpose: Purpose) -> Told:
    return told.having(intend(purpose), report())


# ── Assignment ────────────────────────────────────────────────────────────────────────────────


def test_a_free_compartment_is_assigned_to_one_parcel():
    told = compartments.when(assign()).follows(CompartmentAssigned)
    assert (told.state.content, told.state.parcel) == (Content.ASSIGNED, PARCEL)
    told.when(assign()).then()
    told.when(assign(OTHER_PARCEL)).refuses(Reason.COMPARTMENT_OCCUPIED)


def test_a_compartment_that_is_not_free_is_not_assigned():
    for told in (occupied, releasing, unclear):
        told.when(assign(OTHER_PARCEL)).refuses(Reason.COMPARTMENT_OCCUPIED)


def test_a_compartment_whose_door_is_not_closed_is_not_assigned():
    compartments.having(ajar()).when(assign()).refuses(Reason.DOOR_OPEN)
    opened(compartments, Purpose.SERVICE).when(assign()).refuses(Reason.DOOR_OPEN)


def test_a_compartment_out_of_service_is_not_assigned():
    compartments.having(stop()).when(assign()).refuses(Reason.COMPARTMENT_OUT_OF_SERVICE)


def test_an_assignment_is_dropped_when_the_parcel_does_not_go_in():
    told = assigned.when(drop()).then(
        AssignmentDropped(at=NOON, compartment=A3, parcel=PARCEL, why="does_not_fit")
    )
    assert told.state.is_free
    told.when(drop()).then()


def test_what_lies_inside_is_not_dropped():
    for told in (occupied, releasing, unclear):
        told.when(drop()).then()


# ── R1 ────────────────────────────────────────────────────────────────────────────────────────


def test_an_intent_comes_before_the_door():
    told = occupied.when(intend(Purpose.COLLECT)).follows(OpeningIntended)
    assert told.state.door is Door.OPENING
    assert told.state.opening_count == occupied.state.opening_count


def test_the_same_intent_again_is_no_second_opening():
    told = occupied.having(intend(Purpose.COLLECT))
    told.when(intend(Purpose.COLLECT)).then()
    told.having(report()).when(intend(Purpose.COLLECT)).then()


def test_an_intent_that_failed_or_is_over_is_not_pulsed_again():
    occupied.having(intend(Purpose.COLLECT), report("jammed")).when(intend(Purpose.COLLECT)).then()
    opened(occupied, Purpose.COLLECT).having(shut(True)).when(intend(Purpose.COLLECT)).then()


def test_a_second_intent_waits_until_the_door_is_shut():
    told = occupied.having(intend(Purpose.COLLECT))
    told.when(intend(Purpose.COLLECT, SECOND)).refuses(Reason.DOOR_OPEN)
    told.having(report()).when(intend(Purpose.COLLECT, SECOND)).refuses(Reason.DOOR_OPEN)


def test_a_report_about_another_opening_says_nothing():
    told = occupied.having(intend(Purpose.COLLECT))
    told.when(report(opening=SECOND)).then()
    occupied.when(report()).then()


def test_a_report_comes_once():
    opened(occupied, Purpose.COLLECT).when(report()).then()
    opened(occupied, Purpose.COLLECT).when(report("jammed")).then()


@pytest.mark.parametrize(
    ("purpose", "possible"),
    [
        (Purpose.DEPOSIT, {Content.ASSIGNED}),
        (Purpose.COLLECT, {Content.OCCUPIED, Content.UNCLEAR}),
        (Purpose.RETRIEVE, {Content.OCCUPIED, Content.UNCLEAR}),
        (Purpose.REOPEN, {Content.RELEASING}),
        (Purpose.SERVICE, set(Content)),
    ],
)
def test_a_door_opens_only_for_what_can_be_done_inside(purpose: Purpose, possible: set[Content]):
    for told in (compartments, assigned, occupied, releasing, unclear):
        asked = told.when(intend(purpose, SECOND))
        if told.state.content in possible:
            asked.follows(OpeningIntended)
        else:
            asked.refuses(Reason.NOT_POSSIBLE_NOW)


def test_nothing_is_deposited_in_a_compartment_out_of_service():
    assigned.having(stop()).when(intend(Purpose.DEPOSIT)).refuses(Reason.COMPARTMENT_OUT_OF_SERVICE)


def test_what_lies_in_a_compartment_out_of_service_is_collected():
    occupied.having(stop()).when(intend(Purpose.COLLECT)).follows(OpeningIntended)


# ── R2 ────────────────────────────────────────────────────────────────────────────────────────


def test_an_intent_without_a_result_is_uncertain():
    told = (
        occupied.having(intend(Purpose.COLLECT))
        .when(report("uncertain"))
        .then(OpeningUncertain(at=NOON, compartment=A3, opening=FIRST))
    )
    told.when(report("uncertain")).then()
    told.when(intend(Purpose.COLLECT, SECOND)).refuses(Reason.DOOR_OPEN)


def test_the_sensor_says_what_came_of_an_uncertain_intent():
    told = occupied.having(intend(Purpose.COLLECT), report("uncertain"))
    opened_after = told.when(ajar()).follows(DoorOpened)
    assert opened_after.state.opening.opening == FIRST
    assert told.when(shut(True)).follows(DoorClosed).state.content is Content.OCCUPIED
    told.when(report()).follows(DoorOpened)
    told.when(report("silent")).follows(OpeningFailed)


def test_an_interrupted_collection_is_unclear_unless_the_sensor_sees_the_parcel():
    told = occupied.having(intend(Purpose.COLLECT), report("uncertain"))
    told.when(shut()).follows(DoorClosed, ContentUnclear)
    told.when(shut(False)).then(
        DoorClosed(at=NOON, compartment=A3),
        ContentUnclear(at=NOON, compartment=A3, why="interrupted"),
    )


def test_an_interrupted_deposit_is_unclear_unless_the_sensor_says_empty():
    told = assigned.having(intend(Purpose.DEPOSIT), report("uncertain"))
    told.when(shut()).follows(DoorClosed, ContentUnclear)
    told.when(shut(True)).follows(DoorClosed, ContentUnclear)
    assert told.when(shut(False)).follows(DoorClosed).state.content is Content.ASSIGNED


def test_an_interrupted_deposit_is_unclear_though_its_assignment_was_dropped():
    told = assigned.having(intend(Purpose.DEPOSIT), report("uncertain"), drop("abandoned"))
    told.when(shut()).follows(DoorClosed, ContentUnclear)


def test_a_door_that_is_said_to_be_shut_while_it_opens_says_nothing():
    occupied.having(intend(Purpose.COLLECT)).when(shut()).then()
    occupied.when(shut()).then()


def test_a_door_seen_open_while_it_opens_has_opened():
    occupied.having(intend(Purpose.COLLECT)).when(ajar()).then(
        DoorOpened(at=NOON, compartment=A3, opening=FIRST)
    )


# ── R3 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_closed_door_after_a_collection_does_not_free_the_compartment():
    assert releasing.state.content is Content.RELEASING
    assert releasing.state.reopen_until == WINDOW_END


def test_the_compartment_is_free_when_the_window_has_passed():
    releasing.when(look(later(REOPEN_SECONDS - 1))).then()
    told = releasing.when(look(WINDOW_END)).then(
        CompartmentFreed(at=WINDOW_END, compartment=A3, evidence="reopen_window")
    )
    assert told.state == core.Compartment(opening_count=2, last_opening=LATELY)


def test_time_frees_nothing_while_the_door_is_open():
    opened(releasing, Purpose.REOPEN).when(look(WINDOW_END)).then()


def test_time_frees_only_what_was_collected():
    for told in (compartments, assigned, occupied, unclear):
        told.when(look(WINDOW_END)).then()


def test_the_compartment_is_free_at_once_when_its_sensor_says_empty():
    told = (
        opened(occupied, Purpose.COLLECT)
        .when(shut(False))
        .follows(DoorClosed, HandoffCollected, CompartmentFreed)
    )
    assert told.state.is_free


def test_the_recipient_opens_again_while_the_window_runs():
    moment = later(REOPEN_SECONDS - 1)
    releasing.when(intend(Purpose.REOPEN, SECOND, at=moment)).follows(OpeningIntended)
    releasing.when(intend(Purpose.REOPEN, SECOND, at=WINDOW_END)).refuses(Reason.GRANT_CONSUMED)


def test_only_the_recipient_opens_again():
    for grant in (OTHER_GRANT, None):
        releasing.when(intend(Purpose.REOPEN, SECOND, grant=grant)).refuses(Reason.NOT_YOUR_PARCEL)


def test_opening_again_ends_as_the_sensor_says():
    told = opened(releasing, Purpose.REOPEN)
    assert told.when(shut()).follows(DoorClosed).state.content is Content.RELEASING
    told.when(shut(False)).follows(DoorClosed, CompartmentFreed)
    told.when(shut(True)).follows(DoorClosed, ContentUnclear)


# ── R4 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_door_nobody_asked_to_open_is_forced_until_it_is_shut():
    told = occupied.when(ajar()).then(DoorForced(at=NOON, compartment=A3))
    told.when(ajar()).then()
    assert told.having(shut()).state.door is Door.CLOSED


def test_a_forced_compartment_is_unclear():
    for content in (None, True, False):
        told = occupied.having(ajar()).when(shut(content))
        told.follows(DoorClosed, ContentUnclear)
    compartments.having(ajar()).when(shut(True)).follows(DoorClosed, ContentUnclear)
    compartments.having(ajar()).when(shut()).follows(DoorClosed, ContentUnclear)


def test_an_empty_compartment_that_was_forced_and_is_empty_serves_on():
    told = compartments.having(ajar()).when(shut(False)).follows(DoorClosed)
    assert told.state.is_free


def test_an_opening_known_only_by_its_doubt_is_forced_when_the_door_is_open():
    doubt = OpeningUncertain(at=NOON, compartment=A3, opening=FIRST)
    compartments.given(doubt).when(ajar()).follows(DoorForced)


# ── R5 ────────────────────────────────────────────────────────────────────────────────────────


def fail(times: int) -> Told:
    told = occupied
    for number in range(times):
        opening = OpeningId(f"o-fail-{number}")
        told = told.having(intend(Purpose.COLLECT, opening), report("jammed", opening))
    return told


def test_three_failed_openings_in_a_row_take_the_compartment_out_of_service():
    assert fail(2).state.out_of_service is None
    assert fail(3).state.out_of_service == "jammed"
    assert fail(4).state.failure_count == 4


def test_an_opening_that_succeeds_ends_the_row():
    told = opened(fail(2), Purpose.COLLECT).having(shut(True))
    told = told.having(intend(Purpose.COLLECT, SECOND), report("jammed", SECOND))
    assert (told.state.failure_count, told.state.out_of_service) == (1, None)


def test_a_compartment_returns_to_service_without_its_failures():
    told = fail(3).when(SERVE).then(core.ReturnedToService(at=NOON, compartment=A3))
    assert (told.state.failure_count, told.state.content) == (0, Content.OCCUPIED)
    told.when(SERVE).then()


def test_a_compartment_is_taken_out_of_service_once():
    told = compartments.when(stop()).then(
        core.TakenOutOfService(at=NOON, compartment=A3, why="dirty")
    )
    told.when(stop("damaged")).then()


# ── R6 ────────────────────────────────────────────────────────────────────────────────────────


def test_a_deposit_happens_when_the_door_closes():
    told = opened(assigned, Purpose.DEPOSIT).when(shut()).then(
        DoorClosed(at=NOON, compartment=A3),
        HandoffDeposited(
            at=NOON, compartment=A3, parcel=PARCEL, session=SESSION, courier=COURIER,
            evidence="door",
        ),
    )  # fmt: skip
    assert told.state.content is Content.OCCUPIED


def test_a_sensor_that_agrees_is_evidence():
    told = opened(assigned, Purpose.DEPOSIT)
    assert core.decide(told.state, shut(True))[1].evidence == "door_and_content"
    told = opened(occupied, Purpose.COLLECT)
    assert core.decide(told.state, shut(False))[1].evidence == "door_and_content"


def test_nothing_is_deposited_when_the_sensor_says_empty():
    told = opened(assigned, Purpose.DEPOSIT).when(shut(False)).follows(DoorClosed)
    assert told.state.content is Content.ASSIGNED


def test_a_collection_happens_when_the_door_closes():
    told = opened(occupied, Purpose.COLLECT).when(shut()).then(
        DoorClosed(at=NOON, compartment=A3),
        HandoffCollected(
            at=NOON, compartment=A3, parcel=PARCEL, session=SESSION, grant=GRANT,
            reopen_until=WINDOW_END, evidence="door",
        ),
    )  # fmt: skip
    assert told.state.grant == GRANT


def test_nothing_is_collected_when_the_sensor_says_full():
    told = opened(occupied, Purpose.COLLECT).when(shut(True)).follows(DoorClosed)
    assert told.state == core.Compartment(
        content=Content.OCCUPIED, parcel=PARCEL, opening_count=2, last_opening=FIRST
    )


def test_a_retrieval_frees_the_compartment():
    told = (
        opened(occupied, Purpose.RETRIEVE)
        .when(shut())
        .follows(DoorClosed, HandoffRetrieved, CompartmentFreed)
    )
    assert told.state.is_free
    assert told.state.parcel is None


def test_nothing_is_retrieved_when_the_sensor_says_full():
    told = opened(occupied, Purpose.RETRIEVE).when(shut(True)).follows(DoorClosed)
    assert told.state.content is Content.OCCUPIED


def test_a_look_inside_that_changes_nothing_is_only_a_look():
    opened(occupied, Purpose.SERVICE).when(shut()).follows(DoorClosed)
    opened(occupied, Purpose.SERVICE).when(shut(True)).follows(DoorClosed)
    opened(compartments, Purpose.SERVICE).when(shut(False)).follows(DoorClosed)


# ── R7 ────────────────────────────────────────────────────────────────────────────────────────


def test_what_a_look_inside_left_or_took_is_unclear():
    for told in (compartments, assigned, releasing):
        closed = opened(told, Purpose.SERVICE).when(shut(True))
        closed.then(
            DoorClosed(at=NOON, compartment=A3),
            ContentUnclear(at=NOON, compartment=A3, why="left_inside"),
        )
    opened(occupied, Purpose.SERVICE).when(shut(False)).then(
        DoorClosed(at=NOON, compartment=A3),
        ContentUnclear(at=NOON, compartment=A3, why="missing"),
    )


def test_an_unclear_compartment_serves_again_when_a_courier_has_looked():
    unclear.when(assign(OTHER_PARCEL)).refuses(Reason.COMPARTMENT_OCCUPIED)
    told = unclear.when(SERVE).then(
        CompartmentFreed(at=NOON, compartment=A3, evidence="courier_check", parcel=PARCEL)
    )
    assert told.state.is_free


def test_a_parcel_in_an_unclear_compartment_is_still_collected():
    told = opened(unclear, Purpose.COLLECT).when(shut(False))
    told.follows(DoorClosed, HandoffCollected, CompartmentFreed)


def test_a_door_that_was_never_asked_for_closes_without_a_visit():
    stray = DoorOpened(at=NOON, compartment=A3, opening=FIRST)
    compartments.given(stray).when(shut(True)).follows(DoorClosed)
