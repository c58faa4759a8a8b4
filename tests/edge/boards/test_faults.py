"""What goes wrong on a wire, and that it never costs a second pulse or a wrong word."""

import threading

import pytest

from restante.edge.boards.bus import Bus, Garbled, LineDown, Silent, Timing
from restante.edge.boards.dialect import BadFrame
from restante.edge.boards.emulator import Conversation, Fault, LockBank, LoopPort
from restante.edge.boards.kerong import KerongCu16
from restante.edge.boards.kinds import KINDS
from restante.edge.boards.port import OpenResult
from restante.edge.boards.talks import KerongTalk
from restante.edge.boards.wired import TRIES_MAX, Place, WiredBoard
from tests.edge.boards.wiring import A1, AT_ONCE, wire

every_kind = pytest.mark.parametrize("kind", KINDS)
DIALECT = KerongCu16()


def bank_of_one() -> tuple[LockBank, Conversation]:
    bank = LockBank([0], 16)
    return bank, Conversation(bank, KerongTalk())


@every_kind
def test_a_board_that_falls_silent_after_the_pulse_is_uncertain(kind: str) -> None:
    wired = wire(kind)
    wired.bank.break_line(Fault.DEAF_AFTER_PULSE)
    assert wired.board.open(A1) is OpenResult.UNCERTAIN
    assert wired.bank.pulses == [wired.at(A1)]


@every_kind
@pytest.mark.parametrize("fault", [Fault.BAD_CHECKSUM, Fault.SWAPPED])
def test_noise_is_no_answer_and_nothing_is_pulsed(kind: str, fault: Fault) -> None:
    wired = wire(kind)
    wired.bank.break_line(fault)
    assert wired.board.open(A1) is OpenResult.SILENT
    assert wired.board.read_doors() == {}
    assert wired.bank.pulses == []
    assert wired.board.bus.health.garbled > 0
    wired.bank.mend()
    assert wired.board.open(A1) is OpenResult.OPENED
    assert set(wired.board.read_doors()) == set(wired.places)
    assert not wired.board.silent_boards


@every_kind
def test_a_stuck_sensor_leaves_the_result_open(kind: str) -> None:
    wired = wire(kind)
    wired.bank.break_lock(wired.at(A1), Fault.STUCK)
    assert wired.board.open(A1) is OpenResult.PENDING
    assert wired.bank.is_open(wired.at(A1))
    assert wired.bank.pulses == [wired.at(A1)]


@pytest.mark.parametrize("kind", ["wkly", "modbus-relay"])
def test_a_board_that_says_no_is_believed(kind: str) -> None:
    wired = wire(kind)
    talk = KINDS[kind].talk
    dialect = KINDS[kind].dialect
    board, lock = wired.at(A1)

    class Narrow:
        """Knows all inputs, but lacks this one's relay."""

        def request_size(self, received: bytes) -> int:
            return talk.request_size(received)

        def answer(self, bank: LockBank, request: bytes) -> bytes:
            if request == dialect.pulse(board, lock):
                return talk.answer(LockBank([board], 0), request)
            return talk.answer(bank, request)

    line = Conversation(wired.bank, Narrow())
    driver = WiredBoard(Bus(lambda: LoopPort(line), AT_ONCE), dialect, wired.places)
    assert driver.open(A1) is OpenResult.REFUSED
    assert wired.bank.pulses == []


def test_a_board_known_to_be_silent_is_asked_once_until_it_answers() -> None:
    wired = wire("kerong-kr-cu16")
    wired.bank.break_line(Fault.SILENCE)
    boards = len({place.board for place in wired.places.values()})
    wired.board.read_doors()
    assert wired.board.bus.health.silent == boards * TRIES_MAX
    wired.board.read_doors()
    assert wired.board.bus.health.silent == boards * (TRIES_MAX + 1)
    assert len(wired.board.silent_boards) == boards
    wired.bank.mend()
    assert len(wired.board.read_doors()) == 6
    assert not wired.board.silent_boards


def test_the_supervisor_hears_once_that_a_board_falls_silent_and_once_that_it_answers() -> None:
    heard: list[tuple[int, str]] = []
    wired = wire("wkly", supervisor=lambda board, reason: heard.append((board, reason)))
    wired.bank.break_line(Fault.SILENCE)
    wired.board.read_doors()
    wired.board.read_doors()
    assert sorted(heard) == [(0, "no answer"), (1, "no answer")]
    wired.bank.mend()
    wired.board.read_doors()
    wired.board.read_doors()
    assert sorted(heard[2:]) == [(0, ""), (1, "")]


def test_one_silent_board_leaves_the_doors_of_the_other_known() -> None:
    wired = wire("8a-24")
    wired.bank.boards = frozenset({1})
    known = {name for name, place in wired.places.items() if place.board == 1}
    assert set(wired.board.read_doors()) == known


def test_noise_before_an_answer_is_dropped() -> None:
    bank, line = bank_of_one()

    class Noisy(LoopPort):
        def write(self, content: bytes, /) -> int:
            self._inbox += b"\xff\x00\x80"
            return super().write(content)

    board = WiredBoard(Bus(lambda: Noisy(line), AT_ONCE), DIALECT, {A1: Place(0, 1)})
    assert board.open(A1) is OpenResult.OPENED
    assert bank.pulses == [(0, 1)]


def test_a_late_answer_is_not_taken_for_that_of_the_next_question() -> None:
    _, line = bank_of_one()
    port = LoopPort(line)
    port.write(DIALECT.ask(0, 1))
    bus = Bus(lambda: port, AT_ONCE)
    bus.ask(DIALECT.ask(0, 1), DIALECT, lambda frame: DIALECT.read(0, frame), tries=1)
    assert port.read(1) == b""


class Broken(LoopPort):
    """A port that breaks at the nth write."""

    def __init__(self, line: Conversation, writes: int) -> None:
        super().__init__(line)
        self.writes = writes

    def write(self, content: bytes, /) -> int:
        self.writes -= 1
        count = super().write(content)
        if self.writes == 0:
            raise OSError("unplugged")
        return count


def test_a_line_that_breaks_with_the_pulse_is_uncertain_and_opened_again() -> None:
    bank, line = bank_of_one()
    ports = [Broken(line, 2), LoopPort(line)]
    bus = Bus(lambda: ports.pop(0), AT_ONCE)
    board = WiredBoard(bus, DIALECT, {A1: Place(0, 1)})
    assert board.open(A1) is OpenResult.UNCERTAIN
    assert bank.pulses == [(0, 1)]
    assert board.read_doors() == {A1: True}
    assert bus.health.connects == 2


def test_a_line_that_breaks_with_the_question_costs_no_pulse_but_a_new_port() -> None:
    bank, line = bank_of_one()
    ports = [Broken(line, 1), LoopPort(line)]
    board = WiredBoard(Bus(lambda: ports.pop(0), AT_ONCE), DIALECT, {A1: Place(0, 1)})
    assert board.open(A1) is OpenResult.OPENED
    assert bank.pulses == [(0, 1)]


def test_a_port_that_cannot_be_opened_is_left_alone_for_a_while() -> None:
    tried = []
    now = [0.0]

    def connect() -> LoopPort:
        tried.append(now[0])
        raise OSError("no such device")

    bus = Bus(connect, Timing(reconnect=1.0), wait=lambda _: None, monotonic=lambda: now[0])
    board = WiredBoard(bus, DIALECT, {A1: Place(0, 1)})
    assert board.open(A1) is OpenResult.SILENT
    assert board.read_doors() == {}
    assert tried == [0.0]
    now[0] = 1.5
    board.read_doors()
    assert tried == [0.0, 1.5]


def test_frames_and_pulses_keep_their_distance() -> None:
    bank, line = bank_of_one()
    now = [0.0]
    waited: list[float] = []

    def wait(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    timing = Timing(pause=0.05, solenoid=2.0, look=0.1)
    bus = Bus(lambda: LoopPort(line), timing, wait=wait, monotonic=lambda: now[0])
    board = WiredBoard(bus, DIALECT, {A1: Place(0, 1)})
    board.open(A1)
    first = now[0]
    board.open(A1)
    assert bank.pulses == [(0, 1), (0, 1)]
    assert now[0] - first >= 1.8
    assert 0.05 in waited


def test_several_threads_take_turns() -> None:
    wired = wire("kerong-kr-cu16")
    threads = [threading.Thread(target=wired.board.open, args=[name]) for name in wired.places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive(), "a thread waits for its turn for ever"
    assert len(wired.bank.pulses) == 6
    assert wired.board.bus.health.garbled == 0
    assert all(wired.board.read_doors().values())


def test_errors_of_the_bus_say_what_happened() -> None:
    bank, line = bank_of_one()
    bus = Bus(lambda: LoopPort(line), AT_ONCE)
    question = DIALECT.ask(0, 1)
    bank.break_line(Fault.SILENCE)
    with pytest.raises(Silent, match="no answer"):
        bus.ask(question, DIALECT, lambda frame: DIALECT.read(0, frame), tries=2)
    bank.mend()
    bank.break_line(Fault.BAD_CHECKSUM)
    with pytest.raises(Garbled, match="sum is wrong"):
        bus.ask(question, DIALECT, lambda frame: DIALECT.read(0, frame), tries=1)
    assert isinstance(LineDown("x", was_written=False), Exception)
    assert issubclass(BadFrame, Exception)


def test_an_inverted_contact_is_read_the_other_way_round() -> None:
    bank, line = bank_of_one()
    bus = Bus(lambda: LoopPort(line), AT_ONCE)
    board = WiredBoard(bus, DIALECT, {A1: Place(0, 1, is_inverted=True)})
    assert board.read_doors() == {A1: True}
    bank.pulse((0, 1))
    assert board.read_doors() == {A1: False}


def test_item_sensors_are_read_where_they_are_wired() -> None:
    wired = wire("kerong-kr-cu16", has_item_sensors=True)
    wired.bank.items.add(wired.at(A1))
    assert wired.board.capabilities.has_item_sensors
    assert [name for name, is_there in wired.board.read_items().items() if is_there] == [A1]
    assert not wire("8a-24", has_item_sensors=True).board.capabilities.has_item_sensors
