"""What a locker may do alone, one sentence each."""

import pytest
from msgspec.structs import replace

from restante.core import alone, compartment, session
from restante.core import locker as core
from restante.core.content import AssignmentDropped, CompartmentFreed
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import ParcelId, PartnerId
from restante.core.refusal import Reason, Refused
from restante.core.risk import OfflineBudget, RiskClass, check_offline_budget
from restante.core.value import DAY, HOUR
from tests.factories import (
    A1,
    A2,
    COURIER,
    GRANT,
    LOCKER,
    NOON,
    PARCEL,
    PARTNER,
    SESSION,
    after,
    make_size,
)
from tests.scenario import stories_of

ABOUT = alone.Unannounced(
    label="JJD1", partner=PARTNER, courier=COURIER, size=make_size(), clock="holdover"
)
LISTED = ParcelId("p-listed")
IN = session.StartSession(
    at=NOON, session=SESSION, role=session.Role.COURIER, courier=COURIER, partner=PARTNER
)
ACCEPT = alone.AcceptUnannounced(at=NOON, parcel=PARCEL, about=ABOUT)
ASSIGN = compartment.Assign(at=NOON, compartment=A1, parcel=PARCEL, session=SESSION)
ACCEPTED = alone.UnannouncedAccepted(at=NOON, session=SESSION, parcel=PARCEL, about=ABOUT)
RECOGNISE = alone.RecogniseParcel(at=after(9), local=PARCEL, parcel=LISTED)
BUDGET = OfflineBudget()

lockers = stories_of(core.DECIDER).having(
    core.InstallLocker(at=NOON, locker=LOCKER, compartments=(A1, A2))
)
visited = lockers.having(IN)
inside = visited.having(ACCEPT, ASSIGN)


def handed(kind: type, **more: object) -> object:
    return kind(
        at=after(5), compartment=A1, parcel=PARCEL, session=SESSION, evidence="door", **more
    )


def test_an_unannounced_parcel_is_remembered_with_what_its_courier_said():
    told = visited.when(ACCEPT).then(ACCEPTED)
    assert told.state.unannounced == {PARCEL: ABOUT}
    told.when(ACCEPT).then()


def test_nobody_and_no_courier_of_another_partner_brings_it():
    lockers.when(ACCEPT).refuses(Reason.NO_SESSION)
    strange = replace(ABOUT, partner=PartnerId("other"))
    visited.when(replace(ACCEPT, about=strange)).refuses(Reason.ACCESS_DENIED)


def test_a_label_is_taken_in_once():
    again = alone.AcceptUnannounced(at=NOON, parcel=ParcelId("p-9"), about=ABOUT)
    inside.when(again).refuses(Reason.PARCEL_IN_COMPARTMENT)
    larger = replace(ACCEPT, about=replace(ABOUT, size=make_size(400)))
    inside.when(larger).follows(alone.UnannouncedAccepted)
    other = alone.AcceptUnannounced(
        at=NOON, parcel=ParcelId("p-9"), about=replace(ABOUT, label="JJD2")
    )
    inside.when(other).follows(alone.UnannouncedAccepted)


def test_a_recognised_parcel_goes_by_the_name_of_the_list():
    told = inside.when(RECOGNISE).follows(alone.ParcelRecognised)
    assert told.state.unannounced == {}
    assert told.state.find_parcel(LISTED) == A1
    assert told.state.find_parcel(PARCEL) is None
    told.when(RECOGNISE).then()


@pytest.mark.parametrize(
    "fact",
    [
        AssignmentDropped(at=after(5), compartment=A1, parcel=PARCEL, why="empty"),
        handed(HandoffCollected, grant=GRANT, reopen_until=after(600)),
        handed(HandoffRetrieved, courier=COURIER),
        CompartmentFreed(at=after(5), compartment=A1, evidence="courier_check", parcel=PARCEL),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_is_no_longer_inside_is_forgotten(fact: core.LockerFact):
    assert inside.given(fact).state.unannounced == {}


def test_what_was_put_in_stays_remembered():
    deposited = handed(HandoffDeposited, courier=COURIER)
    gone = handed(HandoffRetrieved, courier=COURIER)
    assert inside.given(deposited).state.unannounced == {PARCEL: ABOUT}
    assert inside.given(replace(gone, parcel=LISTED)).state.unannounced == {PARCEL: ABOUT}


def test_a_refusal_for_want_of_the_centre_is_noted_and_changes_nothing():
    refused = alone.RefuseAlone(
        at=NOON,
        grant=GRANT,
        parcel=PARCEL,
        risk=RiskClass.HIGH,
        alone_seconds=13 * HOUR,
        pickup_count=3,
    )
    assert inside.when(refused).follows(alone.RefusedAlone).state == inside.state


@pytest.mark.parametrize(
    ("risk", "alone_seconds", "pickup_count", "is_open"),
    [
        (RiskClass.LOW, 7 * DAY - 1, 199, True),
        (RiskClass.LOW, 7 * DAY, 0, False),
        (RiskClass.LOW, 0, 200, False),
        (RiskClass.HIGH, 12 * HOUR - 1, 199, True),
        (RiskClass.HIGH, 12 * HOUR, 0, False),
        (RiskClass.HIGH, 0, 200, False),
    ],
)
def test_parcels_are_given_out_alone_within_the_budget_of_their_class(
    risk: RiskClass, alone_seconds: int, pickup_count: int, is_open: bool
):
    def check() -> None:
        check_offline_budget(BUDGET, risk, alone_seconds=alone_seconds, pickup_count=pickup_count)

    if is_open:
        check()
        return
    with pytest.raises(Refused) as refused:
        check()
    assert refused.value.reason is Reason.OFFLINE_BUDGET_SPENT
    assert "restore the line" in refused.value.detail
