"""Contacts on inputs that no lock uses: tampering and mains power, whichever board it is."""

from pathlib import Path

import pytest

from restante.core.alarm import Reading, Sensor
from restante.edge.boards.emulator import Fault
from restante.edge.boards.kinds import KINDS
from restante.edge.boards.wired import Place
from restante.settings import BadSetting
from restante.wiring.locker import make_locker_board, read_locker_file
from tests.edge.boards.test_configuration import BOARD, write
from tests.edge.boards.wiring import A1, places_of, wire


def said(board) -> dict[Sensor, int]:
    return {one.sensor: one.value for one in board.read_sensors()}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_contact_is_shut_while_all_is_well(kind: str) -> None:
    place = places_of(kind)[A1]
    contacts = {Sensor.TAMPER: Place(place.board, 1), Sensor.MAINS: Place(place.board, 2)}
    wired = wire(kind, contacts=contacts)
    assert wired.board.capabilities.sensors == {Sensor.TAMPER, Sensor.MAINS}
    assert said(wired.board) == {Sensor.TAMPER: 0, Sensor.MAINS: 1}
    wired.bank.pulse((place.board, 1))
    assert said(wired.board) == {Sensor.TAMPER: 1, Sensor.MAINS: 1}
    wired.bank.pulse((place.board, 2))
    assert said(wired.board) == {Sensor.TAMPER: 1, Sensor.MAINS: 0}
    wired.bank.close((place.board, 1))
    assert said(wired.board) == {Sensor.TAMPER: 0, Sensor.MAINS: 0}
    assert A1 in wired.board.read_doors()


def test_an_inverted_contact_is_open_while_all_is_well(kind: str) -> None:
    place = places_of(kind)[A1]
    wired = wire(kind, contacts={Sensor.TAMPER: Place(place.board, 1, is_inverted=True)})
    assert said(wired.board) == {Sensor.TAMPER: 1}
    wired.bank.pulse((place.board, 1))
    assert said(wired.board) == {Sensor.TAMPER: 0}


def test_the_contacts_of_a_silent_board_say_nothing(kind: str) -> None:
    place = places_of(kind)[A1]
    wired = wire(kind, contacts={Sensor.TAMPER: Place(place.board, 1)})
    wired.bank.break_line(Fault.SILENCE)
    assert wired.board.read_sensors() == []
    assert wired.board.silent_boards == {place.board}
    wired.bank.mend()
    assert wired.board.read_sensors() == [Reading(sensor=Sensor.TAMPER, value=0)]


def test_reading_contacts_pulses_nothing(kind: str) -> None:
    place = places_of(kind)[A1]
    wired = wire(kind, contacts={Sensor.TAMPER: Place(place.board, 1)})
    for _ in range(5):
        wired.board.read_sensors()
    assert wired.bank.pulses == []


def test_a_file_names_contacts(tmp_path: Path) -> None:
    text = BOARD + "\n[board.contacts]\ntamper = { board = 1, lock = 7 }\n"
    board = make_locker_board(read_locker_file(write(tmp_path, text)))
    assert board.capabilities.sensors == {Sensor.TAMPER}


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        (
            "tamper = { board = 1, lock = 24 }",
            "contacts.tamper: A1 has input 1/24",
        ),
        ("tamper = { board = 99, lock = 1 }", "contacts.tamper: board 99"),
        ("tamper = { board = 1, lock = 25 }", "contacts.tamper: lock 25: this kind has 1 to 24"),
        ("humidity = { board = 1, lock = 2 }", "a contact tells tamper or mains, not a humidity"),
        ("alarm = { board = 1, lock = 2 }", "alarm"),
    ],
)
def test_a_wrong_contact_is_told_which_and_what_would_be_right(
    tmp_path: Path, line: str, hint: str
) -> None:
    with pytest.raises(BadSetting, match="board") as caught:
        read_locker_file(write(tmp_path, f"{BOARD}\n[board.contacts]\n{line}\n"))
    assert hint in str(caught.value)


def test_limits_without_room_between_are_refused(tmp_path: Path) -> None:
    text = "[limits]\nheat = { raise_at = 500, clear_at = 500 }\n"
    with pytest.raises(BadSetting, match=r"limits\.heat: raise_at and clear_at must differ"):
        read_locker_file(write(tmp_path, text))


def test_limits_of_the_file_are_those_of_the_locker(tmp_path: Path) -> None:
    text = "[limits]\nheat = { raise_at = 600, clear_at = 550 }\n"
    limits = read_locker_file(write(tmp_path, text)).limits
    assert (limits.heat.raise_at, limits.cold.raise_at) == (600, -200)
