"""What a centre and the process that sends its notices say to each other, a line of JSON each.

Nothing personal is said: contacts, codes and the secrets of links stay where the letters are
written, and are read from the database there.
"""

from pathlib import Path
from typing import Any, Final, TypeAlias

import msgspec

from ..core.value import Value
from ..operations.notice_book import Entry
from ..settings import Settings, read_settings


class Order(Value):
    """The first line to the process: as whom to send."""

    settings: dict[str, str | int | bool]
    """Of the centre; secrets are in the files they name."""


class Wanted(Value, tag="write"):
    """The process wants entries written down."""

    number: int
    """Told again with the answer."""
    entries: tuple[Entry, ...]


class Turned(Value, tag="turned"):
    """The process is well: it has looked for work, and tried this many pieces."""

    tried: int


Said: TypeAlias = Wanted | Turned


class Written(Value):
    """What became of entries."""

    number: int
    errors: tuple[str, ...]
    """In their order; empty for what is durable, else what was in the way."""


SAID: Final[msgspec.json.Decoder[Said]] = msgspec.json.Decoder(Said)
WRITTEN: Final[msgspec.json.Decoder[Written]] = msgspec.json.Decoder(Written)


def write_line(message: Order | Said | Written) -> bytes:
    """Write a message down."""
    return msgspec.json.encode(message) + b"\n"


def order_of(settings: Settings) -> Order:
    """Say what a centre was set to."""
    given: dict[str, Any] = msgspec.structs.asdict(settings)
    return Order(
        settings={
            name: str(value) if isinstance(value, Path) else value
            for name, value in given.items()
            if value is not None
        }
    )


def settings_of(line: bytes) -> Settings:
    """Read what a centre was set to."""
    order = msgspec.json.decode(line, type=Order)
    return read_settings(environ={}, arguments=order.settings)
