"""Boards whose frames begin with the letters WKLY, at 9600 baud.

A frame is ``57 4B 4C 59 | length of all | board | command | content | xor``. Answers begin their
content with 00 for done or FF for failed; that of the question for all locks goes on with the
number of channels and one byte each: 00 open, 01 shut, anything else unknown.
"""

from typing import Final

from .dialect import BadFrame, Reading, hex_text, xor

HEAD: Final = b"WKLY"
OPEN: Final = 0x82
ASK_ALL: Final = 0x84
DONE: Final = 0x00
FAILED: Final = 0xFF
FRAME_BYTES_MIN: Final = 8
FRAME_BYTES_MAX: Final = 64
"""More than the largest board known can say (chosen): a wrong length must not wait for ever."""
LOCKS_MAX: Final = 48


def make_frame(board: int, command: int, content: bytes = b"") -> bytes:
    """Make a frame with its length and checksum."""
    frame = HEAD + bytes([FRAME_BYTES_MIN + len(content), board, command]) + content
    return frame + bytes([xor(frame)])


class Wkly:
    """The language of WKLY boards."""

    baudrate = 9600
    boards = range(32)
    locks = range(1, LOCKS_MAX + 1)
    has_item_sensors = False
    answers_pulse = True

    def ask(self, board: int, _lock_max: int) -> bytes:
        """Make the question for all locks."""
        return make_frame(board, ASK_ALL)

    def pulse(self, board: int, lock: int) -> bytes:
        """Make the order to open one."""
        return make_frame(board, OPEN, bytes([lock]))

    def header(self, _request: bytes) -> bytes:
        """Every frame begins with the four letters."""
        return HEAD

    def missing(self, received: bytes) -> int:
        """The fifth byte is the length.

        Raises
        ------
        BadFrame
            When the length is impossible.
        """
        if len(received) <= len(HEAD):
            return FRAME_BYTES_MIN - len(received)
        length = received[len(HEAD)]
        if not FRAME_BYTES_MIN <= length <= FRAME_BYTES_MAX:
            raise BadFrame(f"a frame of {length} bytes: {hex_text(received)}")
        return max(0, length - len(received))

    def read(self, board: int, frame: bytes) -> Reading:
        """Read all locks.

        Raises
        ------
        BadFrame
            When it is no such answer, or the board says it failed.
        """
        content = _content(frame, board, ASK_ALL)
        if len(content) < 2 or content[0] != DONE or content[1] != len(content) - 2:
            raise BadFrame(f"no states of {board}: {hex_text(frame)}")
        states = enumerate(content[2:], start=1)
        return Reading({lock: bool(state) for lock, state in states if state in (0, 1)}, {})

    def is_accepted(self, board: int, lock: int, frame: bytes) -> bool:
        """Read whether the board took an order.

        Raises
        ------
        BadFrame
            When it is not the answer to this order.
        """
        content = _content(frame, board, OPEN)
        if content[:1] not in (bytes([DONE]), bytes([FAILED])) or content[1:2] not in (
            b"",
            bytes([lock]),
        ):
            raise BadFrame(f"not the answer of lock {board}/{lock}: {hex_text(frame)}")
        return content[0] == DONE


def _content(frame: bytes, board: int, command: int) -> bytes:
    if len(frame) < FRAME_BYTES_MIN or frame[:4] != HEAD or frame[4] != len(frame) or xor(frame):
        raise BadFrame(f"length or checksum is wrong: {hex_text(frame)}")
    if frame[5] != board or frame[6] != command:
        raise BadFrame(f"not board {board} or not what was asked: {hex_text(frame)}")
    return frame[7:-1]
