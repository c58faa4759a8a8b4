"""The bytes: as the sources print them, and nothing else is ever read as an open door."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client import ModbusTcpClient
from pymodbus.framer import FramerRTU, FramerType

from restante.edge.boards.bus import Bus
from restante.edge.boards.dialect import BadFrame
from restante.edge.boards.eight_a import EightA
from restante.edge.boards.emulator import Emulator, LockBank
from restante.edge.boards.kerong import KerongCu16
from restante.edge.boards.kinds import KINDS
from restante.edge.boards.port import OpenResult
from restante.edge.boards.relay import RelayBoard, seal
from restante.edge.boards.wired import Place, WiredBoard
from restante.edge.boards.wkly import Wkly
from tests.edge.boards.wiring import A1, AT_ONCE

KERONG, EIGHT_A, WKLY, RELAY = KerongCu16(), EightA(), Wkly(), RelayBoard()


@pytest.mark.parametrize(
    ("made", "printed"),
    [
        (KERONG.pulse(0, 1), "02 00 31 03 36"),
        (KERONG.pulse(0, 16), "02 0F 31 03 45"),
        (KERONG.pulse(1, 3), "02 12 31 03 48"),
        (KERONG.ask(0, 1), "02 00 30 03 35"),
        (KERONG.ask(1, 1), "02 10 30 03 45"),
        (EIGHT_A.pulse(1, 1), "8A 01 01 11 9B"),
        (EIGHT_A.pulse(1, 6), "8A 01 06 11 9C"),
        (EIGHT_A.ask(1, 24), "80 01 00 33 B2"),
        (WKLY.pulse(0, 1), "57 4B 4C 59 09 00 82 01 83"),
        (WKLY.pulse(10, 1), "57 4B 4C 59 09 0A 82 01 89"),
        (WKLY.ask(0, 12), "57 4B 4C 59 08 00 84 85"),
        (RELAY.pulse(1, 1), "01 05 02 00 00 07 8D B0"),
        (RELAY.ask(1, 8), "01 02 00 00 00 08 79 CC"),
    ],
)
def test_requests_are_those_the_sources_print(made: bytes, printed: str) -> None:
    assert made == bytes.fromhex(printed)


def open_locks(kind: str, board: int, printed: str) -> list[int]:
    reading = KINDS[kind].dialect.read(board, bytes.fromhex(printed))
    return [lock for lock, is_shut in reading.bits.items() if not is_shut]


def test_answers_mean_what_the_sources_say() -> None:
    kerong = "kerong-kr-cu16"
    assert open_locks(kerong, 0, "02 00 35 FF FF 00 00 03 38") == []
    assert open_locks(kerong, 0, "02 00 35 FE FF 00 00 03 37") == [1]
    items = KERONG.read(0, bytes.fromhex("02 00 35 FF FF 01 00 03 39")).items
    assert [lock for lock, is_there in items.items() if is_there] == [1]
    assert open_locks("8a-24", 1, "80 01 00 00 00 33 B2") == list(range(1, 25))
    assert 1 not in open_locks("8a-24", 1, "80 01 01 01 01 33 B3")
    assert open_locks("8a-24", 1, "80 01 FF FF FE 33 4C") == [1]
    assert open_locks("wkly", 0, "57 4B 4C 59 0E 00 84 00 04 00 01 01 00 87") == [1, 4]


def test_answers_to_orders_are_understood() -> None:
    assert WKLY.is_accepted(0, 1, bytes.fromhex("57 4B 4C 59 0B 00 82 00 01 00 81"))
    refused = bytes.fromhex("57 4B 4C 59 09 00 82 FF 7D")
    assert not WKLY.is_accepted(0, 1, refused)
    assert EIGHT_A.is_accepted(1, 1, bytes.fromhex("8A 01 01 00 8A"))
    assert RELAY.is_accepted(1, 1, RELAY.pulse(1, 1))
    assert not RELAY.is_accepted(1, 1, bytes.fromhex("01 85 02 C3 51"))


@pytest.mark.parametrize("number", [0, 25, -1])
def test_the_order_to_open_all_doors_cannot_be_made_by_mistake(number: int) -> None:
    with pytest.raises(ValueError, match="not one of"):
        EIGHT_A.pulse(1, number)


@pytest.mark.parametrize("kind", KINDS)
@given(noise=st.binary(max_size=40))
def test_noise_is_a_bad_frame_or_a_sound_answer(kind: str, noise: bytes) -> None:
    dialect = KINDS[kind].dialect
    board = dialect.boards[0]
    for read in (
        dialect.missing,
        lambda frame: dialect.read(board, frame),
        lambda frame: dialect.is_accepted(board, 1, frame),
    ):
        try:
            read(noise)
        except BadFrame as error:
            assert str(error)


@pytest.mark.parametrize("kind", KINDS)
@given(place=st.integers(0, 60), flipped=st.integers(1, 255))
def test_one_wrong_byte_never_reads_as_an_answer(kind: str, place: int, flipped: int) -> None:
    dialect, talk = KINDS[kind].dialect, KINDS[kind].talk
    board = dialect.boards[0]
    answer = bytearray(talk.answer(LockBank([board], 8), dialect.ask(board, 8)))
    answer[place % len(answer)] ^= flipped
    with pytest.raises(BadFrame):
        dialect.read(board, bytes(answer))


class NoisePort:
    """A line on which only noise comes back."""

    def __init__(self, noise: bytes) -> None:
        self.noise, self.inbox = noise, b""

    def write(self, _content: bytes, /) -> int:
        self.inbox = self.noise
        return len(_content)

    def read(self, size: int = 1, /) -> bytes:
        content, self.inbox = self.inbox[:size], self.inbox[size:]
        return content

    def reset_input_buffer(self) -> None:
        self.inbox = b""

    def close(self) -> None:
        """Nothing to close."""


def behind(kind: str, port: NoisePort) -> WiredBoard:
    dialect = KINDS[kind].dialect
    place = Place(dialect.boards[0], 1)
    return WiredBoard(Bus(lambda: port, AT_ONCE), dialect, {A1: place})


@pytest.mark.parametrize("kind", KINDS)
@given(noise=st.binary(max_size=90))
def test_noise_on_the_line_opens_no_door_and_says_nothing(kind: str, noise: bytes) -> None:
    board = behind(kind, NoisePort(noise))
    assert board.read_doors() == {}
    assert board.open(A1) is OpenResult.SILENT


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_torn_anywhere_says_nothing(kind: str) -> None:
    dialect = KINDS[kind].dialect
    number = dialect.boards[0]
    bank = LockBank([number], 8)
    bank.pulse((number, 1))
    answer = KINDS[kind].talk.answer(bank, dialect.ask(number, 8))
    assert behind(kind, NoisePort(answer)).read_doors() == {A1: True}
    for size in range(len(answer)):
        assert behind(kind, NoisePort(answer[:size])).read_doors() == {}
        assert behind(kind, NoisePort(answer[size + 1 :])).read_doors() == {}


@given(content=st.binary(min_size=1, max_size=30))
def test_modbus_checksums_are_those_of_the_library(content: bytes) -> None:
    assert FramerRTU.check_CRC(content, int.from_bytes(seal(content)[-2:], "big"))


def test_the_emulated_relay_board_is_one_for_the_librarys_own_client() -> None:
    bank = LockBank([1], 8)
    bank.pulse((1, 3))
    emulator = Emulator(bank, KINDS["modbus-relay"].talk)
    emulator.start()
    client = ModbusTcpClient("127.0.0.1", port=emulator.address.port, framer=FramerType.RTU)
    try:
        inputs = client.read_discrete_inputs(0, count=8, device_id=1)
        assert [n for n, is_shut in enumerate(inputs.bits, start=1) if not is_shut] == [3]
        assert client.read_discrete_inputs(0, count=64, device_id=1).isError()
    finally:
        client.close()
        emulator.stop()
