"""Numbers of a stranger: none above what JSON carries everywhere and every table keeps."""

from typing import Any, Final

import msgspec

from ..core.value import FOREVER, UtcSeconds

_DIGITS: Final = bytes(48 if 48 <= letter < 58 else 32 for letter in range(256))
_LONG: Final = b"0" * 16
"""Digits of numbers that may be too large; also of names, which are then looked at closely."""

LATEST: Final = UtcSeconds(253_402_300_799)
"""End of the year 9999: later times cannot be written as dates."""


def are_small(body: bytes) -> bool:
    """Whether no number in a text is above :data:`restante.core.value.FOREVER`.

    What is no JSON holds no number.
    """
    # A quarter of what a regular expression takes.
    if _LONG not in body.translate(_DIGITS):
        return True
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return True
    return _is_small(said)


def _is_small(said: Any) -> bool:
    if isinstance(said, dict):
        return all(map(_is_small, said.values()))
    if isinstance(said, list):
        return all(map(_is_small, said))
    return not isinstance(said, int) or abs(said) <= FOREVER
