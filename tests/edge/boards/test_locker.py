"""A whole locker on each kind of board, over TCP, from the deposit to the last shut door."""

from collections.abc import Iterator

import pytest

from restante.core.door import Door
from restante.core.ids import CompartmentId, GrantId
from restante.edge.boards.emulator import Emulator, Fault, LockBank
from restante.edge.boards.kinds import KINDS, make_board
from restante.edge.config import BoardConfig, LockAddress
from restante.edge.doors import OPENING_SECONDS_MAX, Outcome
from tests.edge.boards.wiring import NAMES, places_of
from tests.edge.cabinet import Cabinet


class Wall:
    """A cabinet whose doors are locked by emulated boards."""

    def __init__(self, kind: str) -> None:
        self.places = places_of(kind)
        self.bank = LockBank({place.board for place in self.places.values()}, 8)
        self.emulator = Emulator(self.bank, KINDS[kind].talk)
        self.emulator.start()
        locks = {n: LockAddress(board=p.board, lock=p.lock) for n, p in self.places.items()}
        config = BoardConfig(
            kind=kind,
            port=self.emulator.address.url,
            locks=locks,
            pause_ms=0,
            answer_ms=100,
            solenoid_ms=0,
            look_ms=0,
            reconnect_ms=0,
        )
        self.board = make_board(config, NAMES)
        self.cabinet = Cabinet()
        self.cabinet.board = self.board  # type: ignore[assignment]
        self.cabinet.start()

    def at(self, name: CompartmentId) -> tuple[int, int]:
        return self.places[name].board, self.places[name].lock

    def shut(self, name: CompartmentId) -> None:
        self.bank.close(self.at(name))
        self.cabinet.controller.tick()

    def deposit(self, parcel: str) -> CompartmentId:
        self.cabinet.expect(parcel)
        self.cabinet.grant(parcel)
        controller = self.cabinet.controller
        controller.sign_in_with_token(self.cabinet.shift_token())
        opening = controller.deposit(f"LABEL-{parcel.upper()}")
        assert opening.outcome is Outcome.OPENED
        assert self.bank.is_open(self.at(opening.compartment))
        self.shut(opening.compartment)
        controller.end_visit()
        return opening.compartment


@pytest.fixture(params=KINDS)
def wall(request: pytest.FixtureRequest) -> Iterator[Wall]:
    wall = Wall(request.param)
    yield wall
    wall.board.close()
    wall.emulator.stop()


def test_a_parcel_is_deposited_and_collected_and_the_line_may_be_silent(wall: Wall) -> None:
    place = wall.deposit("p1")
    controller = wall.cabinet.controller
    controller.sign_in_with_token(wall.cabinet.token("p1"))
    opening = controller.collect(GrantId("g-p1"))
    assert opening.compartment == place
    assert opening.outcome is Outcome.OPENED
    wall.shut(place)
    controller.end_visit()
    assert wall.bank.pulses == [wall.at(place)] * 2
    facts = wall.cabinet.facts()
    assert "compartment.forced.v1" not in facts

    wall.bank.break_line(Fault.SILENCE)
    before = len(wall.cabinet.facts())
    wall.cabinet.pass_time(60)
    boards = {place.board for place in wall.places.values()}
    raised = ["locker.alarm_raised.v1"] * len(boards)
    assert wall.cabinet.facts()[before:] == raised
    wall.cabinet.pass_time(60)
    assert wall.cabinet.facts()[before:] == raised

    wall.bank.mend()
    for _ in range(2):
        wall.cabinet.pass_time(60)
    assert wall.cabinet.facts()[before:] == raised + ["locker.alarm_cleared.v1"] * len(boards)


@pytest.mark.parametrize("wall", ["kerong-kr-cu16", "8a-24"], indirect=True)
def test_a_jammed_door_is_reported_after_a_while_and_pulsed_once(wall: Wall) -> None:
    place = wall.deposit("p1")
    wall.bank.break_lock(wall.at(place), Fault.JAM)
    controller = wall.cabinet.controller
    controller.sign_in_with_token(wall.cabinet.token("p1"))
    pulses = len(wall.bank.pulses)
    assert controller.collect(GrantId("g-p1")).outcome is Outcome.PENDING
    for _ in range(OPENING_SECONDS_MAX + 1):
        wall.cabinet.pass_time(1)
    assert controller.store.state.compartments[place].door is not Door.OPENING
    assert len(wall.bank.pulses) == pulses + 1


@pytest.mark.parametrize("wall", ["kerong-kr-cu16"], indirect=True)
def test_a_serial_server_that_restarts_is_found_again(wall: Wall) -> None:
    wall.deposit("p1")
    wall.board.close()
    assert set(wall.board.read_doors()) == set(NAMES)
    assert wall.board.bus.health.connects == 2
