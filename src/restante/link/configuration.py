"""What a locker shall be: one signed document with a version, taken whole or not at all.

The centre keeps what it wants (*desired*) and what the locker says it is (*reported*). A version is
never changed and never taken backwards. The document travels and is kept as the bytes that were
signed, so that a locker of an older release keeps what it does not understand.
"""

from typing import Any, Final

import msgspec

from ..core.ids import LockerId, SiteId
from ..core.size import CompartmentSpec
from ..core.value import Value

RINGS: Final = ("canary", "early", "broad")
"""Update rings, in the order in which they get a release."""

RING_STANDARD: Final = "broad"

LANGUAGES_STANDARD: Final = ("en", "de", "pl", "es", "ar")
"""What the screen can say."""

CONFIGURATION_BYTES_MAX: Final = 1 << 19
"""Longest document: a thousand compartments take 200 kB."""


class Configuration(Value):
    """One locker as the operator wants it."""

    version: int
    """From 1; each change is the next."""
    locker: LockerId
    site: SiteId
    name: str
    """Shown until the list brings the site's name."""
    compartments: tuple[CompartmentSpec, ...]
    languages: tuple[str, ...] = LANGUAGES_STANDARD
    """What people may choose on the screen; the first is shown when nobody has chosen."""
    screen_column: int = 0
    """The screen is left of this column."""
    board: dict[str, Any] | None = None
    """How the lock boards are wired, as the table ``[board]`` of a locker's file; ``None`` leaves
    it to that file."""
    screen: dict[str, Any] | None = None
    """The screen as built in, as the table ``[screen]`` of a locker's file; ``None`` leaves it to
    that file."""
    limits: dict[str, Any] | None = None
    """When sensors raise an alarm, as the table ``[limits]`` of that file."""
    offline_budget: dict[str, Any] | None = None
    """What is given out while the centre does not answer, as that table of the file."""
    takes_unannounced: bool | None = None
    """Whether couriers may then bring what nobody announced; ``None`` leaves it to the file."""
    centre_url: str = ""
    """Where people reach the centre's pages: codes on the screen lead there. Empty from a centre
    that does not say."""
    ring: str = RING_STANDARD
    """One of :data:`RINGS`."""


class ConfigurationState(Value):
    """What a locker says about its configuration."""

    version: int = 0
    """The one it is running; 0 for none, as in a locker set up by a file alone."""
    ring: str = ""
    refused_version: int = 0
    """A newer one that it could not take."""
    refusal: str = ""
    """Why not, for the operator."""


class BadConfiguration(ValueError):
    """A configuration that cannot be read; the message says where."""


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_DECODER: Final = msgspec.json.Decoder(Configuration)


def encode_configuration(configuration: Configuration) -> msgspec.Raw:
    """Write a configuration as the bytes that are signed and kept."""
    return msgspec.Raw(_ENCODER.encode(configuration))


def decode_configuration(body: bytes | msgspec.Raw) -> Configuration:
    """Read a configuration.

    Raises
    ------
    BadConfiguration
        When it is too long or not of the form.
    """
    written = bytes(body)
    if len(written) > CONFIGURATION_BYTES_MAX:
        raise BadConfiguration(f"longer than {CONFIGURATION_BYTES_MAX} bytes")
    try:
        return _DECODER.decode(written)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadConfiguration(str(error)) from error
