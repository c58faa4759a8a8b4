"""What a controller may rely on, whichever board it has."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from restante.core.ids import CompartmentId
from restante.edge.boards import simulated
from restante.edge.boards.emulator import Fault
from restante.edge.boards.kinds import KINDS
from restante.edge.boards.port import Board, OpenResult
from tests.edge.boards.wiring import A1, A2, NAMES, wire


class Subject(NamedTuple):
    """A board, and what is done to it from outside."""

    board: Board
    pulses: Callable[[], int]
    shut: Callable[[CompartmentId], None]
    jam: Callable[[CompartmentId], None]
    slow: Callable[[CompartmentId], None]
    silence: Callable[[], None]


@pytest.fixture(params=["simulated", *KINDS])
def subject(request: pytest.FixtureRequest) -> Subject:
    if request.param == "simulated":
        board = simulated.SimulatedBoard(NAMES)
        return Subject(
            board,
            lambda: len(board.pulses),
            board.close,
            lambda name: board.break_door(name, simulated.Fault.JAMMED),
            lambda name: board.break_door(name, simulated.Fault.SLOW),
            board.silence,
        )
    wired = wire(request.param)
    return Subject(
        wired.board,
        lambda: len(wired.bank.pulses),
        lambda name: wired.bank.close(wired.at(name)),
        lambda name: wired.bank.break_lock(wired.at(name), Fault.JAM),
        lambda name: wired.bank.break_lock(wired.at(name), Fault.SLOW),
        lambda: wired.bank.break_line(Fault.SILENCE),
    )


def test_at_rest_every_door_is_known_and_shut(subject: Subject) -> None:
    assert subject.board.read_doors() == dict.fromkeys(NAMES, False)
    assert subject.board.read_items() == {}


def test_a_door_opens_with_one_pulse_and_is_seen_until_it_is_shut(subject: Subject) -> None:
    for count, name in enumerate(NAMES, start=1):
        assert subject.board.open(name) is OpenResult.OPENED
        assert subject.pulses() == count
    assert all(subject.board.read_doors().values())
    subject.shut(A1)
    assert subject.board.read_doors() == {name: name != A1 for name in NAMES}


def test_a_jammed_door_is_pulsed_once_and_never_called_open(subject: Subject) -> None:
    subject.jam(A1)
    assert subject.board.open(A1) in (OpenResult.JAMMED, OpenResult.PENDING)
    assert subject.pulses() == 1
    assert subject.board.read_doors()[A1] is False
    assert subject.board.open(A2) is OpenResult.OPENED


def test_a_slow_door_is_pending_and_seen_later(subject: Subject) -> None:
    subject.slow(A1)
    assert subject.board.open(A1) is OpenResult.PENDING
    readings = [subject.board.read_doors()[A1] for _ in range(8)]
    assert readings[0] is False
    assert readings[-1] is True
    assert subject.pulses() == 1


def test_a_silent_board_is_not_pulsed_and_its_doors_are_unknown(subject: Subject) -> None:
    subject.silence()
    assert subject.board.open(A1) is OpenResult.SILENT
    assert subject.pulses() == 0
    assert subject.board.read_doors() == {}
    assert subject.board.read_items() == {}


def test_a_door_that_is_not_there_is_refused(subject: Subject) -> None:
    assert subject.board.open(CompartmentId("Z9")) is OpenResult.REFUSED
    assert subject.pulses() == 0
