"""A Modbus-RTU relay board with digital inputs (Waveshare's register map), at 9600 baud.

Relay n pulses the lock, input n is the contact of the same door. Only the pulse command (coil
0x0200 + n) is ever sent: a relay that stays on burns a solenoid.
"""

from typing import Final

from pymodbus.framer import FramerRTU

from .dialect import BadFrame, Reading, hex_text

READ_INPUTS: Final = 0x02
WRITE_COIL: Final = 0x05
FAILED: Final = 0x80
"""Added to the function code of an answer that says no."""
PULSE_BASE: Final = 0x0200
PULSE_TENTHS: Final = 7
"""Length of the pulse in 100 ms, as in the manufacturer's example."""
REQUEST_BYTES: Final = 8
FAILED_BYTES: Final = 5
LOCKS_MAX: Final = 32


def seal(content: bytes) -> bytes:
    """Append Modbus' CRC-16."""
    return content + FramerRTU.compute_CRC(content).to_bytes(2, "big")


class RelayBoard:
    """The language of the relay board."""

    baudrate = 9600
    boards = range(1, 248)
    locks = range(1, LOCKS_MAX + 1)
    has_item_sensors = False
    answers_pulse = True

    def ask(self, board: int, lock_max: int) -> bytes:
        """Make the question for the inputs, in whole bytes."""
        count = (lock_max + 7) // 8 * 8
        return seal(bytes([board, READ_INPUTS, 0, 0]) + count.to_bytes(2, "big"))

    def pulse(self, board: int, lock: int) -> bytes:
        """Make the order to pulse one relay."""
        coil = PULSE_BASE + lock - 1
        content = coil.to_bytes(2, "big") + PULSE_TENTHS.to_bytes(2, "big")
        return seal(bytes([board, WRITE_COIL]) + content)

    def header(self, request: bytes) -> bytes:
        """An answer begins with the board's address."""
        return request[:1]

    def missing(self, received: bytes) -> int:
        """Length follows from the function code.

        Raises
        ------
        BadFrame
            For a function that was not asked for.
        """
        if len(received) < 3:
            return FAILED_BYTES - len(received)
        match received[1]:
            case 0x02:
                wanted = received[2] + 5
            case 0x05:
                wanted = REQUEST_BYTES
            case 0x82 | 0x85:
                wanted = FAILED_BYTES
            case _:
                raise BadFrame(f"an answer to something else: {hex_text(received)}")
        return max(0, wanted - len(received))

    def read(self, board: int, frame: bytes) -> Reading:
        """Read the inputs.

        Raises
        ------
        BadFrame
            When it is no such answer, or the board says no.
        """
        _check(frame, board)
        if frame[1] != READ_INPUTS or frame[2] != len(frame) - 5 or not 1 <= frame[2] <= 4:
            raise BadFrame(f"no inputs of board {board}: {hex_text(frame)}")
        word = int.from_bytes(frame[3:-2], "little")
        return Reading({n + 1: bool(word >> n & 1) for n in range(8 * frame[2])}, {})

    def is_accepted(self, board: int, lock: int, frame: bytes) -> bool:
        """Read whether the board took an order.

        Raises
        ------
        BadFrame
            When it is not the answer to this order.
        """
        _check(frame, board)
        if frame[1] == WRITE_COIL + FAILED:
            return False
        if frame != self.pulse(board, lock):
            raise BadFrame(f"not the answer of lock {board}/{lock}: {hex_text(frame)}")
        return True


def _check(frame: bytes, board: int) -> None:
    if len(frame) < FAILED_BYTES or seal(frame[:-2]) != frame:
        raise BadFrame(f"length or checksum is wrong: {hex_text(frame)}")
    if frame[0] != board:
        raise BadFrame(f"not board {board}: {hex_text(frame)}")
