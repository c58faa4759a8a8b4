"""What a locker does with an order of the centre, one sentence each."""

from typing import Any

import pytest
from msgspec.structs import replace

from restante.core import compartment
from restante.core import locker as core
from restante.core.content import Content
from restante.core.door import Door, NoticeDoor, OpeningIntended, ReportOpening
from restante.core.grant import Purpose
from restante.core.ids import ActorId, CompartmentId, OpeningId, OrderId, SessionId
from restante.core.locker import OPENINGS_MAX
from restante.core.order import AHEAD_SECONDS_MAX, OrderRefused, OrderTaken, TakeOrder
from restante.core.refusal import Reason
from restante.core.value import UtcSeconds
from tests.core.test_locker import COURIER_IN, RECIPIENT_IN, before_it, collecting, door, holding
from tests.factories import A1, A2, NOON, OTHER_GRANT, OTHER_PARCEL, after, make_grant
from tests.scenario import Told

ADA = ActorId("operator:ada")


def order(number: int = 1, **changes: Any) -> TakeOrder:
    given: dict[str, Any] = {
        "at": NOON,
        "order": OrderId(f"d-{number}"),
        "counter": number,
        "compartment": A1,
        "purpose": Purpose.SERVICE,
        "issued_at": NOON,
        "expires_at": after(60),
        "asked_by": ADA,
        "opening": OpeningId(f"o-order-{number}"),
        "session": SessionId(f"s-order-{number}"),
        "is_fresh": True,
    }
    return TakeOrder(**{**given, **changes})


def collect(number: int = 1, **changes: Any) -> TakeOrder:
    given = {"purpose": Purpose.COLLECT, "grant": make_grant(), "is_present": True}
    return order(number, **{**given, **changes})


def refused(told: Told, command: TakeOrder, reason: Reason) -> Told:
    """Expect that the order is written down as refused, and that no door moves."""
    after_it = told.when(command).follows(OrderRefused)
    (fact,) = core.decide(told.state, command)
    assert isinstance(fact, OrderRefused)
    assert fact.reason == reason
    assert after_it.state.compartments == told.state.compartments
    return after_it


def shut_again(told: Told, opening: str) -> Told:
    opened = ReportOpening(at=NOON, compartment=A1, opening=OpeningId(opening))
    shut = NoticeDoor(at=NOON, compartment=A1, is_open=False, has_content=True)
    return told.having(opened, shut)


def test_an_order_for_service_opens_the_door_and_says_who_asked():
    told = holding.when(order()).follows(OrderTaken, OpeningIntended)
    assert told.state.compartments[A1].door is Door.OPENING
    assert told.state.orders.counter == 1
    taken, intended = core.decide(holding.state, order())
    assert isinstance(taken, OrderTaken)
    assert isinstance(intended, OpeningIntended)
    assert (taken.asked_by, taken.opening) == (ADA, intended.opening)


def test_an_order_is_taken_once_and_no_older_one_after_it():
    told = shut_again(holding.having(order(5)), "o-order-5")
    told.when(order(5)).refuses(Reason.ORDER_REPLAYED)
    told.when(order(4)).refuses(Reason.ORDER_REPLAYED)
    told.when(order(6, order=OrderId("d-5"))).refuses(Reason.ORDER_REPLAYED)
    told.when(order(6)).follows(OrderTaken, OpeningIntended)


def test_a_refused_order_is_used_up_too():
    told = refused(holding, order(expires_at=NOON), Reason.ORDER_EXPIRED)
    told.when(order()).refuses(Reason.ORDER_REPLAYED)


@pytest.mark.parametrize(
    ("issued_at", "expires_at"),
    [(-61, -1), (-60, 0), (AHEAD_SECONDS_MAX + 1, 60), (0, 61), (-10_000, 3_600)],
)
def test_an_order_out_of_its_minute_opens_nothing(issued_at: int, expires_at: int):
    late = order(issued_at=after(issued_at), expires_at=after(expires_at))
    refused(holding, late, Reason.ORDER_EXPIRED)


@pytest.mark.parametrize(("issued_at", "expires_at"), [(-59, 1), (AHEAD_SECONDS_MAX, 60)])
def test_an_order_within_its_minute_opens(issued_at: int, expires_at: int):
    timely = order(issued_at=after(issued_at), expires_at=after(expires_at))
    holding.when(timely).follows(OrderTaken, OpeningIntended)


def test_an_order_is_fresh_by_what_the_locker_gave_not_by_clocks():
    opens = (OrderTaken, OpeningIntended)
    refused(holding, order(is_fresh=False), Reason.ORDER_EXPIRED)
    holding.when(order(is_fresh=False, is_present=True)).follows(*opens)
    # While the clock is in doubt, clocks may differ by any time; a minute is the centre's own.
    long_ago = order(is_time_unknown=True, issued_at=NOON - 10**6, expires_at=NOON - 10**6)
    holding.when(long_ago).follows(*opens)
    refused(holding, replace(long_ago, is_fresh=False), Reason.ORDER_EXPIRED)
    too_long = replace(long_ago, expires_at=UtcSeconds(NOON - 10**6 + 61))
    refused(holding, too_long, Reason.ORDER_EXPIRED)


def test_a_recipients_order_opens_only_for_whom_stands_there():
    refused(holding, collect(is_present=False), Reason.NOT_PRESENT)
    refused(holding, collect(is_present=False, is_fresh=True), Reason.NOT_PRESENT)
    told = holding.when(collect()).follows(OrderTaken, OpeningIntended)
    assert told.state.compartments[A1].opening.grant == make_grant().grant
    left = ReportOpening(at=NOON, compartment=A1, opening=OpeningId("o-order-1"))
    taken = told.having(left, door())
    assert taken.state.compartments[A1].content is Content.RELEASING
    assert taken.state.visit == holding.state.visit


def test_a_recipients_order_opens_only_the_door_of_its_parcel():
    refused(holding, collect(compartment=A2), Reason.NOT_YOUR_PARCEL)
    refused(holding, collect(compartment=CompartmentId("Z9")), Reason.NOT_YOUR_PARCEL)
    refused(holding, collect(grant=None), Reason.GRANT_UNKNOWN)
    other = make_grant(grant=OTHER_GRANT, parcel=OTHER_PARCEL)
    refused(holding, collect(grant=other), Reason.NOT_HELD)
    refused(holding, collect(grant=make_grant(valid_until=NOON)), Reason.GRANT_EXPIRED)


def test_a_partners_order_opens_only_while_its_own_parcel_lies_there():
    inside = holding.state.compartments[A1].parcel
    holding.when(order(parcel=inside)).follows(OrderTaken, OpeningIntended)
    refused(holding, order(parcel=OTHER_PARCEL), Reason.NOT_YOUR_PARCEL)
    refused(holding, order(compartment=A2, parcel=inside), Reason.NOT_YOUR_PARCEL)


def test_an_order_obeys_the_rules_for_whom_stands_there():
    refused(holding, order(compartment=CompartmentId("Z9")), Reason.COMPARTMENT_UNKNOWN)
    refused(holding, order(purpose=Purpose.RETRIEVE), Reason.ACCESS_DENIED)
    opening = holding.having(order())
    refused(opening, order(2, compartment=A2), Reason.DOOR_OPEN)
    refused(opening, collect(2), Reason.DOOR_OPEN)
    told = holding
    for number in range(1, OPENINGS_MAX + 1):
        told = shut_again(told.having(collect(number)), f"o-order-{number}")
    refused(told, collect(OPENINGS_MAX + 1), Reason.TOO_MANY_OPENINGS)


def test_an_order_disturbs_nobody_who_is_signed_in():
    with_courier = holding.having(COURIER_IN)
    refused(with_courier, order(), Reason.SESSION_ACTIVE)
    refused(with_courier, collect(), Reason.SESSION_ACTIVE)
    refused(before_it, order(), Reason.SESSION_ACTIVE)
    other = make_grant(grant=OTHER_GRANT)
    refused(before_it, collect(grant=other), Reason.SESSION_ACTIVE)


def test_a_recipient_who_is_signed_in_may_also_ask_from_the_phone():
    told = before_it.when(collect()).follows(OrderTaken, OpeningIntended)
    assert told.state.visit == before_it.state.visit
    refused(collecting, collect(), Reason.DOOR_OPEN)
    assert isinstance(RECIPIENT_IN.grants, tuple)


def test_the_locker_remembers_a_bounded_number_of_orders():
    told = holding
    for number in range(1, 100):
        told = told.having(order(number, purpose=Purpose.DEPOSIT))
    assert len(told.state.orders.recent) < 40
    assert told.state.orders.counter == 99


def test_an_order_is_no_command_of_a_compartment():
    assert TakeOrder not in compartment.CompartmentCommand.__args__
