"""What a driver must know about one product: its bytes, and nothing about ports or time.

A dialect is pure. Whatever bytes it is given, it returns what they say or raises
:class:`BadFrame`; it never guesses that a door is open.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol


class BadFrame(Exception):
    """Bytes that are no answer to what was asked: wrong length, checksum, board or command."""


class Reading(NamedTuple):
    """What a board says about its locks, numbered from 1 as on the print."""

    bits: Mapping[int, bool]
    """Lock to its bit as sent: set means shut, unless the wiring is inverted."""
    items: Mapping[int, bool]
    """Lock to whether something lies inside; empty where the board cannot tell."""


class Dialect(Protocol):
    """One product's language: :mod:`kerong`, :mod:`eight_a`, :mod:`wkly`, :mod:`relay`."""

    @property
    def baudrate(self) -> int:
        """Speed of the serial line as delivered; always 8 bits, no parity, one stop bit."""
        ...

    @property
    def boards(self) -> range:
        """Addresses that boards on one line can have."""
        ...

    @property
    def locks(self) -> range:
        """Numbers of a board's locks, from 1."""
        ...

    @property
    def has_item_sensors(self) -> bool:
        """Whether the board can tell if something lies inside."""
        ...

    @property
    def answers_pulse(self) -> bool:
        """Whether boards may answer a pulse; that they stay silent is never a failure."""
        ...

    def ask(self, board: int, lock_max: int) -> bytes:
        """Make the question for the state of all locks up to a number."""
        ...

    def pulse(self, board: int, lock: int) -> bytes:
        """Make the order to pulse one lock once."""
        ...

    def header(self, request: bytes) -> bytes:
        """Tell what the answer to a request begins with; noise before it is dropped."""
        ...

    def missing(self, received: bytes) -> int:
        """Tell how many bytes an answer still needs; 0 when it is complete.

        Raises
        ------
        BadFrame
            When this can become no answer.
        """
        ...

    def read(self, board: int, frame: bytes) -> Reading:
        """Read the answer to :meth:`ask`.

        Raises
        ------
        BadFrame
            When it is none.
        """
        ...

    def is_accepted(self, board: int, lock: int, frame: bytes) -> bool:
        """Read the answer to :meth:`pulse`: ``False`` when the board says no.

        Raises
        ------
        BadFrame
            When it is none.
        """
        ...


def xor(content: Iterable[int]) -> int:
    """Combine bytes with exclusive or."""
    result = 0
    for byte in content:
        result ^= byte
    return result


def hex_text(frame: bytes) -> str:
    """Write bytes as manuals do: ``02 00 30 03 35``."""
    return frame.hex(" ").upper()
