"""The kiosk's flow, walked without a browser."""

import re

import pytest

from restante.core.ids import CompartmentId, GrantId, ParcelId
from restante.core.value import UtcSeconds
from restante.edge.boards.simulated import Fault
from restante.edge.kiosk import catalog, flow, screen
from restante.edge.kiosk.flow import Flow
from restante.edge.kiosk.screen import ScreenName
from restante.journal.port import Full
from tests.edge.cabinet import START, Cabinet


class Person:
    """Somebody at the screen: says what to do, and every text shown exists."""

    def __init__(self, cabinet: Cabinet) -> None:
        self.cabinet = cabinet
        self.flow = Flow(cabinet.controller)
        self.seen: set[ScreenName] = set()

    def see(self, shown: screen.Screen) -> ScreenName:
        self.seen.add(shown.name)
        texts = [shown.title, shown.hint, shown.message, *(one.text for one in shown.buttons)]
        for key in filter(None, texts):
            for language in catalog.languages():
                catalog.say(language, key, shown.values)
        self.shown = shown
        return shown.name

    def touch(self, button: str) -> ScreenName:
        names = [one.name for one in self.flow.show().buttons]
        assert button in names, f"{button} is not among {names}"
        return self.see(self.flow.touch(button))

    def scan(self, text: str) -> ScreenName:
        return self.see(self.flow.scan(text))

    def type_in(self, digits: str) -> ScreenName:
        for digit in digits:
            if digit.isdigit():
                self.flow.type_digit(digit)
        return self.touch("enter")

    def wait(self, seconds: int = 1) -> ScreenName:
        self.cabinet.clock.set(UtcSeconds(self.cabinet.clock.now() + seconds))
        return self.see(self.flow.tick())

    def put_in_and_shut(self, parcel: str) -> ScreenName:
        door = self.shown.door
        assert door is not None
        self.cabinet.board.put_in(door, ParcelId(parcel))
        self.cabinet.board.close(door)
        return self.wait()

    def shut(self) -> ScreenName:
        assert self.shown.door is not None
        self.cabinet.board.take_out(self.shown.door)
        self.cabinet.board.close(self.shown.door)
        return self.wait()


@pytest.fixture
def person() -> Person:
    return Person(Cabinet())


def test_a_recipient_types_a_code_takes_the_parcel_and_leaves(person: Person) -> None:
    person.cabinet.expect("p1")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    assert person.touch("collect") is ScreenName.CODE
    assert person.type_in(code) is ScreenName.TAKE
    assert person.shown.door == "A1"
    assert person.shown.is_door_open
    assert person.shut() is ScreenName.TAKEN
    assert person.touch("reopen") is ScreenName.TAKE
    assert person.shut() is ScreenName.TAKEN
    assert person.touch("finish") is ScreenName.GOODBYE
    assert person.wait(8) is ScreenName.START
    assert person.cabinet.controller.visit is None


def test_a_scan_works_on_the_start_screen_at_once(person: Person) -> None:
    person.cabinet.expect("p1")
    person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    assert person.scan(person.cabinet.token("p1").lower()) is ScreenName.TAKE


def test_several_parcels_are_counted_one_after_another(person: Person) -> None:
    for parcel in ("p1", "p2", "p3"):
        person.cabinet.expect(parcel)
        code = person.cabinet.grant(parcel, recipient="r1")
    person.cabinet.bring("p1", "p2", "p3")
    person.scan(code)
    steps = [person.shown.step]
    for _ in range(2):
        assert person.shut() is ScreenName.TAKEN
        assert person.touch("next") is ScreenName.TAKE
        steps.append(person.shown.step)
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert person.shut() is ScreenName.TAKEN
    assert "next" not in [one.name for one in person.shown.buttons]


def test_wrong_expired_and_unknown_codes_look_the_same(person: Person) -> None:
    person.cabinet.expect("p1")
    expired = person.cabinet.grant("p1", until=START + 1)
    person.cabinet.bring("p1")
    person.wait(2)
    person.touch("collect")
    shown = []
    for code in (expired, "00-471193", expired[:3] + "471193"):
        person.type_in(code)
        shown.append(person.shown)
    assert len(set(map(str, shown))) == 1
    assert person.shown.message == "message.access_denied"
    assert person.shown.digits == ""


def test_too_few_digits_count_as_no_attempt(person: Person) -> None:
    person.touch("collect")
    person.type_in("1234")
    assert person.shown.message == "message.code_length"
    assert "attempt.counted.v1" not in person.cabinet.facts()


def test_a_courier_deposits_parcel_after_parcel(person: Person) -> None:
    for parcel in ("p1", "p2"):
        person.cabinet.expect(parcel)
    assert person.scan(person.cabinet.shift_token()) is ScreenName.SCAN
    for parcel in ("p1", "p2"):
        assert person.scan(f"label-{parcel}") is ScreenName.PUT_IN
        assert person.put_in_and_shut(parcel) is ScreenName.SCAN
    assert person.shown.values["count"] == "2"
    assert person.touch("finish") is ScreenName.GOODBYE


def test_a_courier_signs_in_by_number_and_pin(person: Person) -> None:
    pin = person.cabinet.courier_pass("4711")
    person.touch("courier")
    assert person.type_in("4711") is ScreenName.COURIER_PIN
    assert person.type_in(pin) is ScreenName.SCAN


def test_what_does_not_fit_goes_into_the_next_larger_door(person: Person) -> None:
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    person.scan("LABEL-P1")
    assert person.touch("problem") is ScreenName.PROBLEM
    assert person.touch("does_not_fit") is ScreenName.SHUT_FIRST
    assert person.shut() is ScreenName.PUT_IN
    assert person.shown.door == "B1"


def test_a_door_shut_too_early_is_no_dead_end(person: Person) -> None:
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    person.scan("LABEL-P1")
    person.touch("problem")
    assert person.shut() is ScreenName.SCAN
    assert person.touch("undo") is ScreenName.TAKE_BACK
    assert person.shut() is ScreenName.SCAN
    assert person.cabinet.controller.state.find_parcel(ParcelId("p1")) is None


def test_a_jammed_door_offers_again_another_and_help(person: Person) -> None:
    person.cabinet.expect("p1")
    person.cabinet.board.break_door(CompartmentId("A1"), Fault.JAMMED)
    person.scan(person.cabinet.shift_token())
    assert person.scan("LABEL-P1") is ScreenName.DOOR_FAILED
    assert person.touch("again") is ScreenName.DOOR_FAILED
    assert person.touch("other") is ScreenName.PUT_IN
    assert person.shown.door == "A2"


def test_a_recipient_before_a_jammed_door_gets_help(person: Person) -> None:
    person.cabinet.expect("p1")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    person.cabinet.board.break_door(CompartmentId("A1"), Fault.JAMMED)
    assert person.scan(code) is ScreenName.DOOR_FAILED
    assert person.touch("help") is ScreenName.HELP
    assert re.fullmatch(r"[0-9]{6}-[A-Z]{2}", person.shown.incident)
    assert person.touch("return") is ScreenName.DOOR_FAILED


def test_a_refused_label_says_why_and_lets_the_courier_go_on(person: Person) -> None:
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    assert person.scan("SOMETHING-ELSE") is ScreenName.REFUSED
    assert person.shown.title == "refused.not_expected"
    assert person.scan("LABEL-P1") is ScreenName.PUT_IN


def test_overdue_parcels_are_listed_and_taken_back(person: Person) -> None:
    person.cabinet.expect("p1")
    person.cabinet.bring("p1")
    person.cabinet.expect("p1", is_overdue=True)
    person.scan(person.cabinet.shift_token())
    assert person.touch("retrievals") is ScreenName.RETRIEVE
    assert person.touch("retrieve:p1") is ScreenName.TAKE_BACK
    assert person.shut() is ScreenName.SCAN
    assert person.cabinet.facts()[-2] == "handoff.retrieved.v1"


def test_a_forced_compartment_is_looked_into_by_a_courier(person: Person) -> None:
    person.cabinet.board.force(CompartmentId("A1"))
    person.wait()
    person.cabinet.board.put_in(CompartmentId("A1"), ParcelId("odd"))
    person.cabinet.board.close(CompartmentId("A1"))
    person.wait()
    person.scan(person.cabinet.shift_token())
    assert person.touch("look:A1") is ScreenName.LOOK
    assert person.shut() is ScreenName.LOOKED
    assert person.touch("found_empty") is ScreenName.SCAN
    assert person.cabinet.controller.unclear() == ()


def test_a_door_somebody_left_open_is_asked_to_be_shut_first(person: Person) -> None:
    person.cabinet.expect("p1")
    person.cabinet.expect("p2")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    person.cabinet.controller.sign_in_with_token(person.cabinet.shift_token())
    opening = person.cabinet.controller.deposit("LABEL-P2")
    person.cabinet.board.put_in(opening.compartment, ParcelId("p2"))
    person.cabinet.controller.end_visit("idle")
    assert person.scan(code) is ScreenName.SHUT_FIRST
    assert person.shown.door == opening.compartment
    person.cabinet.board.close(opening.compartment)
    assert person.wait() is ScreenName.TAKE


def test_nobody_there_warns_counts_down_and_wipes(person: Person) -> None:
    person.touch("collect")
    person.see(person.flow.touch("language:de"))
    person.flow.type_digit("1")
    person.wait(39)
    assert person.shown.idle_seconds_left is None
    person.wait(1)
    assert person.shown.idle_seconds_left == 20
    person.see(person.flow.touch("stay"))
    assert person.shown.idle_seconds_left is None
    assert person.shown.digits == "1"
    assert person.wait(60) is ScreenName.START
    assert person.shown.digits == ""
    assert person.shown.language == "en"


def test_somebody_loading_a_parcel_is_not_hurried(person: Person) -> None:
    person.cabinet.expect("p1")
    person.scan(person.cabinet.shift_token())
    person.scan("LABEL-P1")
    person.wait(170)
    assert person.shown.idle_seconds_left is None
    assert person.wait(40) is ScreenName.START
    person.cabinet.board.put_in(CompartmentId("A1"), ParcelId("p1"))
    person.cabinet.board.close(CompartmentId("A1"))
    person.wait()
    assert person.cabinet.controller.state.find_parcel(ParcelId("p1")) == "A1"


def test_typed_digits_can_be_hidden(person: Person) -> None:
    person.touch("collect")
    person.flow.type_digit("7")
    person.touch("mask")
    assert person.shown.digits == "•"


def test_a_full_disk_keeps_doors_shut_and_heals_by_itself(
    person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    cabinet = person.cabinet
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    cabinet.bring("p1")
    pulses = list(cabinet.board.pulses)
    append = cabinet.journal.append

    def full(*_args: object, **_more: object) -> None:
        raise Full("no room")

    cabinet.journal.append = full
    assert person.scan(code) is ScreenName.OUT_OF_SERVICE
    assert person.wait() is ScreenName.OUT_OF_SERVICE
    assert cabinet.board.pulses == pulses
    cabinet.journal.append = append
    assert person.wait() is ScreenName.START
    assert person.scan(code) is ScreenName.TAKE


def test_the_language_changes_what_is_said_until_the_person_leaves(person: Person) -> None:
    person.see(person.flow.touch("language:pl"))
    assert person.shown.language == "pl"
    assert person.flow.touch("language:xx").language == "pl"


def test_every_language_has_every_text_with_the_same_places_to_fill() -> None:
    english = catalog.read_texts("en")
    for language in ("de", "pl", "es"):
        path = catalog.TEXT_ROOT / f"{language}.json"
        import msgspec

        texts = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        assert texts.keys() == english.keys()
        for key, text in texts.items():
            assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", english[key])), key
    for reason in flow.REFUSALS:
        assert f"refused.{reason}" in english
    for name in ScreenName:
        assert f"{name}.title" in english or name is ScreenName.REFUSED


def test_grants_of_another_visit_are_not_this_persons(person: Person) -> None:
    person.cabinet.expect("p1")
    code = person.cabinet.grant("p1")
    person.cabinet.bring("p1")
    person.cabinet.controller.sign_in_with_pin(code)
    person.scan(person.cabinet.shift_token())
    assert person.shown.message == "message.session_active"
    assert person.shown.name is ScreenName.START
    person.cabinet.controller.collect(GrantId("g-p1"))
