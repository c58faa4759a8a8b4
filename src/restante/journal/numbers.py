"""Numbers of a stranger: none above what JSON carries everywhere and every table keeps."""

import re
from typing import Any, Final

import msgspec

from ..core.value import FOREVER, UtcSeconds

_LONG: Final = re.compile(rb"[0-9]{16}")
"""Numbers that may be too large; also names, which are then looked at closely."""

LATEST: Final = UtcSeconds(253_402_300_799)
"""End of the year 9999: later times cannot be written as dates."""


def are_small(body: bytes) -> bool:
    """Whether no number in a text is above :data:`restante.core.value.FOREVER`.

    What is no JSON holds no number.
    """
    if _LONG.search(body) is None:
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
