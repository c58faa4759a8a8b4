"""What people at a locker rely on."""

import pytest

from restante.core.content import Content
from restante.core.door import Door
from restante.core.ids import CompartmentId, GrantId, ParcelId, SiteId
from restante.core.refusal import Reason, Refused
from restante.core.size import ParcelSize
from restante.core.value import DAY, UtcSeconds
from restante.edge.boards.simulated import Fault
from restante.edge.doors import Outcome
from restante.link.message import ListChange
from tests.edge.cabinet import START, Cabinet


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


def refused(call: object, *args: object) -> Reason:
    with pytest.raises(Refused) as caught:
        call(*args)  # type: ignore[operator]
    return caught.value.reason


def test_a_parcel_is_deposited_and_collected_with_its_code(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    assert cabinet.controller.state.compartments[place].content is Content.OCCUPIED

    visit = cabinet.controller.sign_in_with_pin(code)
    assert visit.grants == ("g-p1",)
    assert cabinet.take("g-p1") == "p1"
    assert cabinet.controller.state.compartments[place].content is Content.RELEASING
    cabinet.controller.end_visit()
    cabinet.pass_time(600)
    assert cabinet.controller.state.compartments[place].content is Content.FREE
    assert cabinet.board.pulses == [place, place]


def test_a_parcel_is_collected_with_its_qr(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.grant("p1")
    cabinet.bring("p1")
    cabinet.controller.sign_in_with_token(cabinet.token("p1"))
    assert cabinet.take("g-p1") == "p1"


def test_one_code_opens_all_parcels_of_its_recipient(cabinet: Cabinet) -> None:
    for parcel, recipient in (("p1", "r1"), ("p2", "r1"), ("p3", "r2")):
        cabinet.expect(parcel)
        code = cabinet.grant(parcel, recipient=recipient)
        if parcel == "p1":
            first = code
    cabinet.bring("p1", "p2", "p3")
    cabinet.controller.sign_in_with_pin(first)
    assert [one.parcel for one in cabinet.controller.waiting()] == ["p1", "p2"]
    assert cabinet.take("g-p1") == "p1"
    assert cabinet.take("g-p2") == "p2"
    assert refused(cabinet.controller.collect, GrantId("g-p3")) is Reason.NOT_YOUR_PARCEL


def test_the_own_compartment_opens_again_while_the_window_runs(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    cabinet.controller.sign_in_with_pin(code)
    cabinet.take("g-p1")
    cabinet.controller.end_visit()
    # The centre has heard of the collection and takes everything away at once.
    gone = ("parcel/p1", "grant/g-p1", "pin/g-p1")
    cabinet.tell_changes([ListChange(key=key, entry=None) for key in gone])

    cabinet.pass_time(300)
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.controller.collect(GrantId("g-p1")).compartment == place
    cabinet.shut(place)
    cabinet.controller.end_visit()
    cabinet.pass_time(301)
    assert refused(cabinet.controller.sign_in_with_pin, code) is Reason.ACCESS_DENIED
    assert not cabinet.controller.allowed.listed


def test_every_code_that_does_not_open_gets_the_same_answer(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.expect("p2")
    cabinet.expect("p3")
    used, expired = cabinet.grant("p1"), cabinet.grant("p2", until=START + 60)
    not_there = cabinet.grant("p3")
    cabinet.bring("p1", "p2")
    cabinet.controller.sign_in_with_pin(used)
    cabinet.take("g-p1")
    cabinet.controller.end_visit()
    cabinet.pass_time(601)
    wrong = used[:3] + ("111222" if used[3:] != "111222" else "222111")
    for code in (used, expired, not_there, wrong):
        assert refused(cabinet.controller.sign_in_with_pin, code) is Reason.ACCESS_DENIED
    for token in (
        cabinet.token("p1"),
        cabinet.token("p2", until=START + 30),
        cabinet.token("p3"),
        cabinet.token("p9"),
        cabinet.token("p3", site=SiteId("site-02")),
        "RS1.NONSENSE",
    ):
        assert refused(cabinet.controller.sign_in_with_token, token) is Reason.ACCESS_DENIED


def test_five_wrong_tries_close_a_code_but_not_its_qr(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    wrong = code[:3] + ("111222" if code[3:] != "111222" else "222111")
    for _ in range(5):
        assert refused(cabinet.controller.sign_in_with_pin, wrong) is Reason.ACCESS_DENIED
    assert refused(cabinet.controller.sign_in_with_pin, code) is Reason.TOO_MANY_ATTEMPTS
    cabinet.pass_time(61)
    assert refused(cabinet.controller.sign_in_with_pin, code) is Reason.ACCESS_DENIED
    cabinet.controller.sign_in_with_token(cabinet.token("p1"))
    assert cabinet.take("g-p1") == "p1"


def test_setting_the_clock_back_ends_no_pause(cabinet: Cabinet) -> None:
    for number in range(5):
        code = f"0{number}-11122{number}"
        assert refused(cabinet.controller.sign_in_with_pin, code) is Reason.ACCESS_DENIED
    cabinet.clock.set(UtcSeconds(START - DAY))
    assert refused(cabinet.controller.sign_in_with_pin, "00-111229") is Reason.TOO_MANY_ATTEMPTS
    cabinet.start()
    assert cabinet.controller.pause_seconds() == 60
    assert cabinet.controller.clock.is_time_unknown
    cabinet.pass_time(61)
    assert refused(cabinet.controller.sign_in_with_pin, "00-111229") is Reason.ACCESS_DENIED


def test_a_courier_signs_in_with_number_and_pin(cabinet: Cabinet) -> None:
    pin = cabinet.courier_pass("4711")
    assert refused(cabinet.controller.sign_in_courier, "4712", pin) is Reason.ACCESS_DENIED
    visit = cabinet.controller.sign_in_courier("4711", pin)
    assert visit.courier == "c1"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": "OTHER-LABEL"}, Reason.NOT_EXPECTED),
        ({"partner": "partner-b"}, Reason.NOT_EXPECTED),
        ({"deposit_until": START}, Reason.BOOKING_EXPIRED),
        (
            {"size": ParcelSize(length_mm=900, width_mm=500, height_mm=500, weight_g=900)},
            Reason.NOTHING_FITS,
        ),
        (
            {
                "size": ParcelSize(length_mm=600, width_mm=370, height_mm=405, weight_g=900),
                "needs_low_door": True,
            },
            None,
        ),
    ],
)
def test_a_deposit_that_is_not_possible_is_refused_and_noted(
    cabinet: Cabinet, change: dict[str, object], reason: Reason | None
) -> None:
    cabinet.expect("p1", **change)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    if reason is None:
        assert cabinet.controller.deposit("LABEL-P1").compartment == "B2"
        return
    assert refused(cabinet.controller.deposit, "LABEL-P1") is reason
    assert cabinet.facts()[-1] == "handoff.turned_away.v1"
    assert cabinet.board.pulses == []


def test_a_closed_site_takes_nothing_in_and_lets_everything_out(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.expect("p2")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    cabinet.note(closed_from=START, closed_until=START + DAY)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert refused(cabinet.controller.deposit, "LABEL-P2") is Reason.SITE_CLOSED
    cabinet.controller.end_visit()
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"


def test_a_second_deposit_of_the_same_parcel_is_refused(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    cabinet.put_in("p1")
    assert refused(cabinet.controller.deposit, "label-p1") is Reason.PARCEL_IN_COMPARTMENT


def test_a_parcel_that_does_not_fit_gets_the_next_larger_compartment(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    controller = cabinet.controller
    controller.sign_in_with_token(cabinet.shift_token())
    first = controller.deposit("LABEL-P1").compartment
    controller.reject_compartment("does_not_fit")
    assert refused(controller.offer_again) is Reason.DOOR_OPEN
    cabinet.shut(first)
    second = controller.offer_again().compartment
    assert (first, second) == ("A1", "B1")
    cabinet.board.put_in(second, ParcelId("p1"))
    cabinet.shut(second)
    assert controller.is_deposited()
    assert controller.state.compartments[first].content is Content.FREE


def test_a_dirty_compartment_leaves_service_and_another_is_offered(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    controller = cabinet.controller
    controller.sign_in_with_token(cabinet.shift_token())
    first = controller.deposit("LABEL-P1").compartment
    controller.reject_compartment("dirty")
    cabinet.shut(first)
    assert controller.offer_again().compartment == "A2"
    assert controller.state.compartments[first].out_of_service == "dirty"


def test_when_nothing_larger_is_left_the_courier_is_told(cabinet: Cabinet) -> None:
    cabinet.expect("p1", size=ParcelSize(length_mm=600, width_mm=300, height_mm=400, weight_g=1))
    controller = cabinet.controller
    controller.sign_in_with_token(cabinet.shift_token())
    first = controller.deposit("LABEL-P1").compartment
    controller.reject_compartment("does_not_fit")
    cabinet.shut(first)
    assert refused(controller.offer_again) is Reason.NOTHING_FITS
    assert cabinet.facts()[-1] == "handoff.turned_away.v1"


def test_a_door_that_stays_shut_can_be_tried_again_or_left(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    controller = cabinet.controller
    cabinet.board.break_door(CompartmentId("A1"), Fault.JAMMED)
    controller.sign_in_with_token(cabinet.shift_token())
    assert controller.deposit("LABEL-P1").outcome is Outcome.FAILED
    assert controller.open_again().outcome is Outcome.FAILED
    controller.reject_compartment("door_failed")
    opening = controller.offer_again()
    assert (opening.compartment, opening.outcome) == ("A2", Outcome.OPENED)


def test_a_silent_board_pulses_nothing(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.board.silence()
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    opening = cabinet.controller.deposit("LABEL-P1")
    assert (opening.outcome, opening.why) == (Outcome.FAILED, "silent")


def test_a_slow_door_is_waited_for(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.board.break_door(CompartmentId("A1"), Fault.SLOW)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    assert cabinet.controller.deposit("LABEL-P1").outcome is Outcome.PENDING
    cabinet.pass_time(60)
    cabinet.pass_time(1)
    assert cabinet.controller.state.compartments[CompartmentId("A1")].door is Door.OPEN


def test_an_overdue_parcel_is_retrieved_by_its_partner_only(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    (place,) = cabinet.bring("p1")
    cabinet.expect("p1", is_overdue=True)
    cabinet.controller.sign_in_with_token(cabinet.shift_token("partner-b"))  # type: ignore[arg-type]
    assert cabinet.controller.retrievable() == ()
    assert refused(cabinet.controller.retrieve, ParcelId("p1")) is Reason.NOT_YOUR_PARCEL
    cabinet.controller.end_visit()
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    (one,) = cabinet.controller.retrievable()
    opening = cabinet.controller.retrieve(one.parcel)
    assert cabinet.board.take_out(opening.compartment) == "p1"
    cabinet.shut(place)
    assert cabinet.controller.state.compartments[place].content is Content.FREE


def test_orders_change_service_once_and_a_courier_may_change_it_after(cabinet: Cabinet) -> None:
    a1 = CompartmentId("A1")
    cabinet.order("A1", in_service=False)
    assert cabinet.controller.state.compartments[a1].out_of_service == "cleaning"
    cabinet.order("A1", in_service=True)
    assert cabinet.controller.state.compartments[a1].out_of_service is None
    cabinet.expect("p1")
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    cabinet.controller.deposit("LABEL-P1")
    cabinet.controller.reject_compartment("damaged")
    whole = [
        ListChange(key=key, entry=one.entry)
        for key, one in cabinet.controller.allowed.listed.items()
    ]
    cabinet.controller.apply_list(whole, version=99, is_whole=True)
    assert cabinet.controller.state.compartments[a1].out_of_service == "damaged"


def test_a_forced_door_is_an_alarm_and_somebody_must_look(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    cabinet.board.force(place)
    cabinet.controller.tick()
    assert "compartment.door_forced.v1" in cabinet.facts()
    cabinet.shut(place)
    assert cabinet.controller.state.compartments[place].content is Content.UNCLEAR
    cabinet.controller.sign_in_with_pin(code)
    assert cabinet.take("g-p1") == "p1"


def test_a_courier_who_goes_away_leaves_no_compartment_taken(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    cabinet.board.break_door(CompartmentId("A1"), Fault.JAMMED)
    cabinet.controller.sign_in_with_token(cabinet.shift_token())
    cabinet.controller.deposit("LABEL-P1")
    cabinet.controller.end_visit("idle")
    assert cabinet.controller.state.compartments[CompartmentId("A1")].content is Content.FREE


def test_with_content_sensors_a_shut_door_alone_proves_nothing() -> None:
    cabinet = Cabinet(has_item_sensors=True)
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    controller = cabinet.controller
    controller.sign_in_with_token(cabinet.shift_token())
    place = controller.deposit("LABEL-P1").compartment
    cabinet.shut(place)
    assert not controller.is_deposited()
    assert controller.open_again().outcome is Outcome.OPENED
    cabinet.board.put_in(place, ParcelId("p1"))
    cabinet.shut(place)
    assert controller.is_deposited()
    controller.end_visit()
    controller.sign_in_with_pin(code)
    controller.collect(GrantId("g-p1"))
    cabinet.shut(place)
    assert controller.state.compartments[place].content is Content.OCCUPIED
    assert cabinet.take("g-p1") == "p1"
    assert controller.state.compartments[place].content is Content.FREE
