"""The common 24-channel board whose frames begin with 8A and 80, at 9600 baud.

A request is ``head | board | lock | function | xor``; lock 0 means all, so a lock number of 0 is
never sent with the order to open. The answer to the question for all locks has three bytes of
state, channels 17 to 24 first.
"""

from typing import Final

from .dialect import BadFrame, Reading, hex_text, xor

HEAD_OPEN: Final = 0x8A
HEAD_ASK: Final = 0x80
OPEN: Final = 0x11
ASK: Final = 0x33
LOCKS: Final = 24
STATE_BYTES: Final = 7
REQUEST_BYTES: Final = 5


def seal(content: bytes) -> bytes:
    """Append the exclusive or of all bytes."""
    return content + bytes([xor(content)])


class EightA:
    """The language of the 24-channel board."""

    baudrate = 9600
    boards = range(1, 32)
    locks = range(1, LOCKS + 1)
    has_item_sensors = False
    answers_pulse = True

    def ask(self, board: int, _lock_max: int) -> bytes:
        """Make the question for all channels."""
        return seal(bytes([HEAD_ASK, board, 0, ASK]))

    def pulse(self, board: int, lock: int) -> bytes:
        """Make the order to open one.

        Raises
        ------
        ValueError
            For lock 0, which would open every door.
        """
        if lock not in self.locks:
            raise ValueError(f"lock {lock} is not one of 1 to {LOCKS}")
        return seal(bytes([HEAD_OPEN, board, lock, OPEN]))

    def header(self, request: bytes) -> bytes:
        """An answer repeats head and board of the request."""
        return request[:2]

    def missing(self, received: bytes) -> int:
        """State has seven bytes, the answer to an order five."""
        wanted = STATE_BYTES if received[:1] == bytes([HEAD_ASK]) else REQUEST_BYTES
        return max(0, wanted - len(received))

    def read(self, board: int, frame: bytes) -> Reading:
        """Read all channels.

        Raises
        ------
        BadFrame
            When length, checksum, board or function are wrong.
        """
        if len(frame) != STATE_BYTES or seal(frame[:-1]) != frame:
            raise BadFrame(f"length or checksum is wrong: {hex_text(frame)}")
        if frame[:2] != bytes([HEAD_ASK, board]) or frame[5] != ASK:
            raise BadFrame(f"not the state of board {board}: {hex_text(frame)}")
        word = int.from_bytes(frame[2:5], "big")
        return Reading({lock: bool(word >> (lock - 1) & 1) for lock in self.locks}, {})

    def is_accepted(self, board: int, lock: int, frame: bytes) -> bool:
        """Read the echo of an order. What it says of the door depends on the wiring: not used.

        Raises
        ------
        BadFrame
            When it is not the answer to this order.
        """
        if len(frame) != REQUEST_BYTES or seal(frame[:-1]) != frame:
            raise BadFrame(f"length or checksum is wrong: {hex_text(frame)}")
        if frame[:3] != bytes([HEAD_OPEN, board, lock]):
            raise BadFrame(f"not the answer of lock {board}/{lock}: {hex_text(frame)}")
        return True


def state_frame(board: int, *, shut: int) -> bytes:
    """Make a board's answer, for the emulator; bit 0 is channel 1."""
    return seal(bytes([HEAD_ASK, board]) + shut.to_bytes(3, "big") + bytes([ASK]))


def opened_frame(board: int, lock: int, *, is_shut: bool) -> bytes:
    """Make the answer to an order, for the emulator."""
    return seal(bytes([HEAD_OPEN, board, lock, 0x11 if is_shut else 0x00]))
