"""Kerong KR-CU16: 16 locks a board, 16 boards a line, 19200 baud.

A request is ``02 | board<<4 | command | 03 | sum``. Lock n is sent as n-1 in the low half of the
address. The unlock command has no answer.
"""

from typing import Final

from .dialect import BadFrame, Reading, hex_text

START: Final = 0x02
END: Final = 0x03
ASK: Final = 0x30
UNLOCK: Final = 0x31
STATE: Final = 0x35
LOCKS: Final = 16
STATE_BYTES: Final = 9
REQUEST_BYTES: Final = 5


def seal(content: bytes) -> bytes:
    """Append the sum of all bytes, modulo 256."""
    return content + bytes([sum(content) & 0xFF])


class KerongCu16:
    """The language of the KR-CU16."""

    baudrate = 19200
    boards = range(16)
    locks = range(1, LOCKS + 1)
    has_item_sensors = True
    answers_pulse = False

    def ask(self, board: int, _lock_max: int) -> bytes:
        """Make the question for a board's state."""
        return seal(bytes([START, board << 4, ASK, END]))

    def pulse(self, board: int, lock: int) -> bytes:
        """Make the order to unlock one."""
        return seal(bytes([START, board << 4 | (lock - 1), UNLOCK, END]))

    def header(self, _request: bytes) -> bytes:
        """Every frame begins with 02."""
        return bytes([START])

    def missing(self, received: bytes) -> int:
        """Answers that matter have nine bytes."""
        return max(0, STATE_BYTES - len(received))

    def read(self, board: int, frame: bytes) -> Reading:
        """Read hooks and item sensors.

        Raises
        ------
        BadFrame
            When length, sum, board or command are wrong.
        """
        if len(frame) != STATE_BYTES or seal(frame[:-1]) != frame:
            raise BadFrame(f"length or sum is wrong: {hex_text(frame)}")
        if frame[:3] != bytes([START, board << 4, STATE]) or frame[7] != END:
            raise BadFrame(f"not the state of board {board}: {hex_text(frame)}")
        return Reading(_bits(frame[3:5]), _bits(frame[5:7]))

    def is_accepted(self, _board: int, _lock: int, _frame: bytes) -> bool:
        """The board does not answer an unlock; the hook tells."""
        return True


def state_frame(board: int, *, shut: int, items: int) -> bytes:
    """Make a board's answer, for the emulator; bit 0 is lock 1."""
    sides = shut.to_bytes(2, "little") + items.to_bytes(2, "little")
    return seal(bytes([START, board << 4, STATE]) + sides + bytes([END]))


def _bits(content: bytes) -> dict[int, bool]:
    word = int.from_bytes(content, "little")
    return {lock: bool(word >> (lock - 1) & 1) for lock in range(1, LOCKS + 1)}
