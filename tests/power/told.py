"""What was told to somebody, or done by a hand or a lock: it has happened, whatever the disk says.

Each line goes straight to a file descriptor that no power cut reaches: a pipe to the parent, or
the recording, in one order with what was done to the files.
"""

import os
from collections.abc import Iterable
from typing import Any

import msgspec


class Told(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line."""

    what: str
    """``begun``, ``time``, ``life``, ``person``, ``partner``, ``ack``, ``list``, ``looked``,
    ``letter``, ``pulse``, ``put``, ``take``, ``shut``, ``order`` or ``end``."""
    at: int = 0
    epoch: str = ""
    seq: int = 0
    """Of a locker's journal; for a partner the centre's last position."""
    hash: str = ""
    """Of the fact with that number."""
    text: str = ""
    compartment: str = ""
    opening: str = ""
    parcel: str = ""
    code: str = ""
    life: int = 0
    version: int = 0
    order: str = ""


_DECODER = msgspec.json.Decoder(Told)


class Teller:
    """Writes lines, unbuffered."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __call__(self, what: str, **fields: Any) -> None:
        line = msgspec.json.encode(Told(what=what, **fields)) + b"\n"
        if os.write(self._descriptor, line) != len(line):
            raise OSError("a line was not told whole")


class Silent:
    """Tells nobody; keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[Told] = []

    def __call__(self, what: str, **fields: Any) -> None:
        self.lines.append(Told(what=what, **fields))


def read_told(lines: Iterable[bytes]) -> list[Told]:
    """Read lines; a torn last one was not heard."""
    whole = b"".join(lines)
    return [_DECODER.decode(line) for line in whole.split(b"\n")[:-1]]
