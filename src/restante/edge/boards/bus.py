"""One line with boards on it: one request at a time, a pause between frames, and no surprises.

Rules
-----
B1  Half duplex: a request waits until the line has rested, and old bytes are thrown away first.
B2  Questions may be repeated; an order is written once, whatever becomes of it.
B3  A broken line is opened again when somebody asks next, not more often than once in a while.

It knows frames only as bytes, and nothing of doors.
"""

import termios
import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol, TypeVar

import serial

from .dialect import BadFrame, Dialect, hex_text

NOISE_BYTES_MAX: Final = 64
"""Bytes before an answer that are dropped; more is no answer (chosen)."""

BROKEN: Final = (OSError, termios.error)
"""What a port raises when its line is gone; an unplugged adapter raises the second."""

T = TypeVar("T")


class BusError(Exception):
    """A request that came to nothing."""


class Silent(BusError):
    """Nobody answered in time."""


class Garbled(BusError):
    """What came back is no answer: noise, a wrong checksum, another board."""


class LineDown(BusError):
    """The port cannot be opened, or broke."""

    def __init__(self, message: str, *, was_written: bool) -> None:
        super().__init__(message)
        self.was_written = was_written
        """Whether bytes of the request may have reached the board."""


class Timing(NamedTuple):
    """How patient the line is, in seconds."""

    pause: float = 0.03
    """Rest between two frames; boards need 25 to 100 ms."""
    answer: float = 0.3
    """Longest wait for an answer."""
    solenoid: float = 0.5
    """Rest between two pulses: one solenoid at a time."""
    look: float = 0.1
    """Rest before each look at a door that was pulsed."""
    reconnect: float = 1.0
    """Rest before a broken line is opened again."""


class Port(Protocol):
    """What we use of a pyserial port."""

    def read(self, size: int = 1, /) -> bytes:
        """Read up to so many bytes; fewer when the time is over."""
        ...

    def write(self, content: bytes, /) -> int | None:
        """Write all bytes."""
        ...

    def reset_input_buffer(self) -> None:
        """Throw away what was received."""
        ...

    def close(self) -> None:
        """Close."""
        ...


class Health(NamedTuple):
    """How a line has been since the start."""

    is_connected: bool
    requests: int
    silent: int
    """Requests nobody answered."""
    garbled: int
    """Answers that were none."""
    connects: int
    """Times the port was opened."""


def connect_serial(url: str, baudrate: int, answer_seconds: float) -> Port:
    """Open a serial port: a device such as ``/dev/ttyUSB0`` or ``socket://host:port``."""
    port: Port = serial.serial_for_url(
        url, baudrate=baudrate, timeout=answer_seconds, write_timeout=1.0, exclusive=True
    )
    return port


class Bus:
    """A line that several boards share.

    Parameters
    ----------
    connect
        Opens the port; raises :class:`OSError` when that cannot be done.
    """

    def __init__(
        self,
        connect: Callable[[], Port],
        timing: Timing = Timing(),  # noqa: B008 - an immutable value
        *,
        wait: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timing = timing
        self.turn: Final = threading.RLock()
        """Held by whoever has the line; a driver holds it from a pulse until its result."""
        self._connect = connect
        self._wait = wait
        self._monotonic = monotonic
        self._port: Port | None = None
        self._rest_until = 0.0
        self._solenoid_until = 0.0
        self._closed_until = 0.0
        self._requests = self._silent = self._garbled = self._connects = 0

    @property
    def health(self) -> Health:
        """How the line has been."""
        return Health(
            self._port is not None, self._requests, self._silent, self._garbled, self._connects
        )

    def ask(
        self, request: bytes, dialect: Dialect, decode: Callable[[bytes], T], *, tries: int
    ) -> T:
        """Ask a question until somebody answers it, at most so many times.

        Raises
        ------
        BusError
            What became of the last try.
        """
        for left in reversed(range(tries)):
            try:
                return self._exchange(request, dialect, decode)
            except BusError:
                if not left:
                    raise
        raise ValueError("a question needs at least one try")

    def order(self, request: bytes, dialect: Dialect, decode: Callable[[bytes], T]) -> T | None:
        """Write an order once; ``None`` when no answer can be understood.

        Raises
        ------
        LineDown
            When the port cannot be opened or breaks.
        """
        with self.turn:
            self._wait_until(self._solenoid_until)
            try:
                if dialect.answers_pulse:
                    return self._exchange(request, dialect, decode)
                self._write(request)
            except (Silent, Garbled):
                return None
            finally:
                self._solenoid_until = self._monotonic() + self.timing.solenoid
        return None

    def rest(self) -> None:
        """Wait before the next look at a door."""
        self._wait_for(self.timing.look)

    def close(self) -> None:
        """Close the port; the next request opens it again."""
        with self.turn:
            port, self._port = self._port, None
            if port is not None:
                port.close()

    def _exchange(self, request: bytes, dialect: Dialect, decode: Callable[[bytes], T]) -> T:
        with self.turn:
            port = self._write(request)
            try:
                return decode(self._receive(port, dialect.header(request), dialect))
            except BROKEN as error:
                self._break()
                raise LineDown(f"the line broke: {error}", was_written=True) from error
            except BadFrame as error:
                self._garbled += 1
                raise Garbled(str(error)) from error
            except Silent:
                self._silent += 1
                raise
            finally:
                self._rest_until = self._monotonic() + self.timing.pause

    def _write(self, request: bytes) -> Port:
        port = self._open()
        self._wait_until(self._rest_until)
        self._requests += 1
        was_written = False
        try:
            port.reset_input_buffer()
            was_written = True
            port.write(request)
        except BROKEN as error:
            self._break()
            raise LineDown(f"the line broke: {error}", was_written=was_written) from error
        self._rest_until = self._monotonic() + self.timing.pause
        return port

    def _receive(self, port: Port, header: bytes, dialect: Dialect) -> bytes:
        frame = b""
        noise = 0
        while missing := max(len(header) - len(frame), 0) or dialect.missing(frame):
            content = port.read(missing)
            if not content:
                if frame or noise:
                    raise BadFrame(f"the answer ends early: {hex_text(frame)}")
                raise Silent("no answer")
            frame += content
            while frame and not (frame.startswith(header) or header.startswith(frame)):
                frame, noise = frame[1:], noise + 1
            if noise > NOISE_BYTES_MAX:
                raise BadFrame("nothing but noise: are A and B swapped, is the speed right?")
        return frame

    def _open(self) -> Port:
        if self._port is not None:
            return self._port
        if self._monotonic() < self._closed_until:
            raise LineDown("the port was broken a moment ago", was_written=False)
        try:
            self._port = self._connect()
        except (*BROKEN, ValueError) as error:
            self._closed_until = self._monotonic() + self.timing.reconnect
            raise LineDown(f"the port cannot be opened: {error}", was_written=False) from error
        self._connects += 1
        return self._port

    def _break(self) -> None:
        self._closed_until = self._monotonic() + self.timing.reconnect
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except BROKEN:
                return

    def _wait_until(self, moment: float) -> None:
        self._wait_for(moment - self._monotonic())

    def _wait_for(self, seconds: float) -> None:
        if seconds > 0:
            self._wait(seconds)
