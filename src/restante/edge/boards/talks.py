"""The boards' side of each dialect, for the emulator."""

from .dialect import xor
from .eight_a import ASK as ASK_8A
from .eight_a import HEAD_ASK, HEAD_OPEN, opened_frame
from .eight_a import OPEN as OPEN_8A
from .eight_a import REQUEST_BYTES as REQUEST_BYTES_8A
from .eight_a import state_frame as state_frame_8a
from .emulator import LockBank
from .kerong import ASK as ASK_KERONG
from .kerong import END, START, UNLOCK
from .kerong import REQUEST_BYTES as REQUEST_BYTES_KERONG
from .kerong import seal as seal_kerong
from .kerong import state_frame as state_frame_kerong
from .relay import FAILED as FAILED_RELAY
from .relay import PULSE_BASE, READ_INPUTS, WRITE_COIL
from .relay import REQUEST_BYTES as REQUEST_BYTES_RELAY
from .relay import seal as seal_relay
from .wkly import ASK_ALL, DONE, FAILED, FRAME_BYTES_MIN, HEAD, make_frame
from .wkly import OPEN as OPEN_WKLY


class KerongTalk:
    """A KR-CU16: answers the question, stays silent when it unlocks."""

    def request_size(self, received: bytes) -> int:
        """Requests begin with 02."""
        return REQUEST_BYTES_KERONG if received[0] == START else 0

    def answer(self, bank: LockBank, request: bytes) -> bytes:
        """Answer, or unlock."""
        board, lock = request[1] >> 4, (request[1] & 0x0F) + 1
        is_sound = seal_kerong(request[:-1]) == request and request[3] == END
        if not is_sound or board not in bank.boards:
            return b""
        if request[2] == UNLOCK and lock <= bank.locks:
            bank.pulse((board, lock))
        if request[2] != ASK_KERONG:
            return b""
        # Locks that are not wired read as shut.
        shut = bank.shut_word(board) | (0xFFFF << bank.locks & 0xFFFF)
        return state_frame_kerong(board, shut=shut, items=bank.item_word(board))


class EightATalk:
    """A 24-channel board."""

    def request_size(self, received: bytes) -> int:
        """Requests begin with 80 or 8A."""
        return REQUEST_BYTES_8A if received[0] in (HEAD_ASK, HEAD_OPEN) else 0

    def answer(self, bank: LockBank, request: bytes) -> bytes:
        """Answer, or open one."""
        head, board, lock, function = request[:4]
        if xor(request) or board not in bank.boards:
            return b""
        if (head, lock, function) == (HEAD_ASK, 0, ASK_8A):
            return state_frame_8a(board, shut=bank.shut_word(board))
        if (head, function) == (HEAD_OPEN, OPEN_8A) and 1 <= lock <= bank.locks:
            bank.pulse((board, lock))
            return opened_frame(board, lock, is_shut=not bank.is_open((board, lock)))
        return b""


class WklyTalk:
    """A WKLY board."""

    def request_size(self, received: bytes) -> int:
        """The fifth byte is the length."""
        if not (received.startswith(HEAD) or HEAD.startswith(received)):
            return 0
        return received[len(HEAD)] if len(received) > len(HEAD) else FRAME_BYTES_MIN

    def answer(self, bank: LockBank, request: bytes) -> bytes:
        """Answer, or open one."""
        if len(request) < FRAME_BYTES_MIN or xor(request) or request[5] not in bank.boards:
            return b""
        board, command, content = request[5], request[6], request[7:-1]
        if command == ASK_ALL:
            word = bank.shut_word(board)
            states = bytes(word >> n & 1 for n in range(bank.locks))
            return make_frame(board, ASK_ALL, bytes([DONE, bank.locks]) + states)
        if command == OPEN_WKLY and len(content) == 1:
            lock = content[0]
            if not 1 <= lock <= bank.locks:
                return make_frame(board, OPEN_WKLY, bytes([FAILED, lock, FAILED]))
            bank.pulse((board, lock))
            state = 0 if bank.is_open((board, lock)) else 1
            return make_frame(board, OPEN_WKLY, bytes([DONE, lock, state]))
        return b""


class RelayTalk:
    """A Modbus relay board."""

    def request_size(self, received: bytes) -> int:
        """Requests that matter have eight bytes."""
        if len(received) > 1 and received[1] not in (READ_INPUTS, WRITE_COIL):
            return 0
        return REQUEST_BYTES_RELAY

    def answer(self, bank: LockBank, request: bytes) -> bytes:
        """Answer, or pulse one."""
        board, function = request[:2]
        if seal_relay(request[:-2]) != request or board not in bank.boards:
            return b""
        first = int.from_bytes(request[2:4], "big")
        value = int.from_bytes(request[4:6], "big")
        if function == READ_INPUTS:
            if first + value > (bank.locks + 7) // 8 * 8:
                return seal_relay(bytes([board, READ_INPUTS | FAILED_RELAY, 2]))
            size = (value + 7) // 8
            word = bank.shut_word(board) >> first & (1 << value) - 1
            return seal_relay(bytes([board, READ_INPUTS, size]) + word.to_bytes(size, "little"))
        lock = first - PULSE_BASE + 1
        if not 1 <= lock <= bank.locks:
            return seal_relay(bytes([board, WRITE_COIL | FAILED_RELAY, 2]))
        bank.pulse((board, lock))
        return request
