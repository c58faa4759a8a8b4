"""Lock boards that are not there: the same bytes over TCP, with faults, and hands to shut doors.

Part of the product: whoever wires a locker can try configuration and software first.
"""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

SLOW_READINGS: Final = 6
"""Readings a slow door's sensor is late: more than a driver looks after a pulse (chosen)."""

Lock = tuple[int, int]
"""Board and lock, as in a locker's file."""


class Fault(StrEnum):
    """What can be wrong with a board or one of its locks."""

    SILENCE = "silence"
    """Nothing is answered, nothing is opened."""
    DEAF_AFTER_PULSE = "deaf-after-pulse"
    """The door opens, and the board answers nothing any more."""
    BAD_CHECKSUM = "bad-checksum"
    """Every answer has a wrong checksum."""
    SWAPPED = "swapped"
    """The two wires are swapped: only noise goes either way."""
    JAM = "jam"
    """The lock is pulsed, the door stays shut."""
    STUCK = "stuck"
    """The sensor always says shut."""
    SLOW = "slow"
    """The sensor tells that the door is open some readings late."""


LOCK_FAULTS: Final = frozenset({Fault.JAM, Fault.STUCK, Fault.SLOW})
"""Faults that one lock can have; the others are those of the whole line."""


class LockBank:
    """Doors, sensors and faults of all emulated boards of one line.

    Parameters
    ----------
    boards
        Addresses that answer.
    locks
        Locks on each of them.
    close_after
        Seconds after which an open door is shut by itself; ``None`` for hands only.
    """

    def __init__(
        self,
        boards: Iterable[int],
        locks: int,
        *,
        close_after: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.boards = frozenset(boards)
        self.locks = locks
        self.pulses: list[Lock] = []
        """Every lock that was pulsed, in order."""
        self.items: set[Lock] = set()
        """Where something lies inside."""
        self._close_after = close_after
        self._monotonic = monotonic
        self._open: dict[Lock, float] = {}
        self._late: dict[Lock, int] = {}
        self._faults: set[Fault] = set()
        self._lock_faults: dict[Lock, Fault] = {}
        self._is_deaf = False

    def break_line(self, fault: Fault) -> None:
        """Give the line, or every lock, a fault."""
        self._faults.add(fault)

    def break_lock(self, lock: Lock, fault: Fault) -> None:
        """Give one lock a fault."""
        self._lock_faults[lock] = fault

    def mend(self) -> None:
        """Take all faults away."""
        self._faults.clear()
        self._lock_faults.clear()
        self._is_deaf = False

    def has(self, fault: Fault, lock: Lock | None = None) -> bool:
        """Whether the line or a lock has a fault."""
        return fault in self._faults or (lock is not None and self._lock_faults.get(lock) is fault)

    @property
    def is_silent(self) -> bool:
        """Whether nothing is answered."""
        return self.has(Fault.SILENCE) or self._is_deaf

    def pulse(self, lock: Lock) -> None:
        """Pulse a lock, as the board does."""
        self.pulses.append(lock)
        self._is_deaf = self.has(Fault.DEAF_AFTER_PULSE)
        if self.has(Fault.JAM, lock):
            return
        self._open[lock] = self._monotonic()
        if self.has(Fault.SLOW, lock):
            self._late[lock] = SLOW_READINGS

    def close(self, lock: Lock) -> None:
        """Shut a door."""
        self._open.pop(lock, None)

    def is_open(self, lock: Lock) -> bool:
        """See whether a door really stands open."""
        since = self._open.get(lock)
        if since is None:
            return False
        if self._close_after is not None and self._monotonic() >= since + self._close_after:
            self.close(lock)
            return False
        return True

    def shut_word(self, board: int) -> int:
        """Tell what a board's sensors say; bit 0 is lock 1, set means shut."""
        word = 0
        for number in range(1, self.locks + 1):
            lock = (board, number)
            is_late = self._late.get(lock, 0) > 0
            if is_late:
                self._late[lock] -= 1
            if is_late or self.has(Fault.STUCK, lock) or not self.is_open(lock):
                word |= 1 << (number - 1)
        return word

    def item_word(self, board: int) -> int:
        """Tell what a board's item sensors say; bit 0 is lock 1."""
        return sum(1 << (lock - 1) for on, lock in self.items if on == board)


class Talk(Protocol):
    """The board's side of a dialect."""

    def request_size(self, received: bytes) -> int:
        """Tell how long the request at the beginning is; 0 when that cannot be one."""
        ...

    def answer(self, bank: LockBank, request: bytes) -> bytes:
        """Do what is asked and answer; nothing for what a real board ignores."""
        ...


class Conversation:
    """What a line with emulated boards makes of the bytes it is sent."""

    def __init__(self, bank: LockBank, talk: Talk) -> None:
        self._bank = bank
        self._talk = talk
        self._received = b""

    def feed(self, content: bytes) -> bytes:
        """Take bytes and return those that come back."""
        if self._bank.is_silent:
            return b""
        if self._bank.has(Fault.SWAPPED):
            return bytes(byte ^ 0xFF for byte in content)[:-1]
        self._received += content
        answers = b""
        while self._received:
            size = self._talk.request_size(self._received)
            if size > len(self._received):
                break
            request, self._received = (
                self._received[: max(size, 1)],
                self._received[max(size, 1) :],
            )
            if size:
                answers += self._answer(request)
        return answers

    def _answer(self, request: bytes) -> bytes:
        answer = self._talk.answer(self._bank, request)
        if self._bank.is_silent:
            return b""
        if answer and self._bank.has(Fault.BAD_CHECKSUM):
            return answer[:-1] + bytes([answer[-1] ^ 0x5A])
        return answer


class LoopPort:
    """A port whose other end is a conversation in the same process; it never waits."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self._inbox = b""

    def write(self, content: bytes, /) -> int:
        """Send bytes to the boards."""
        self._inbox += self._conversation.feed(content)
        return len(content)

    def read(self, size: int = 1, /) -> bytes:
        """Read what came back so far."""
        content, self._inbox = self._inbox[:size], self._inbox[size:]
        return content

    def reset_input_buffer(self) -> None:
        """Throw away what came back."""
        self._inbox = b""

    def close(self) -> None:
        """Close; nothing to do."""


class Address(NamedTuple):
    """Where an emulator listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """What a locker's file says in ``port``."""
        return f"socket://{self.host}:{self.port}"


class _Server(socketserver.ThreadingTCPServer):
    """Lets go of connections when it ends, and of its port at once."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Emulator:
    """Emulated boards behind a TCP port, as behind a serial server.

    Raises
    ------
    OSError
        When the port cannot be used.
    """

    def __init__(
        self, bank: LockBank, talk: Talk, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        turn = threading.Lock()

        class Line(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                conversation = Conversation(bank, talk)
                connection: socket.socket = self.request
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    while content := connection.recv(256):
                        with turn:
                            answer = conversation.feed(content)
                        connection.sendall(answer)
                except OSError:
                    return

        self._server = _Server((host, port), Line)
        self.address = Address(host, int(self._server.server_address[1]))

    def serve(self) -> None:
        """Answer until :meth:`stop`."""
        self._server.serve_forever(poll_interval=0.02)

    def start(self) -> None:
        """Answer in a thread of its own."""
        threading.Thread(target=self.serve, name="board-emulator", daemon=True).start()

    def stop(self) -> None:
        """End; for an emulator that was started."""
        self._server.shutdown()
        self._server.server_close()
