"""Short spellings for what has to fit into a QR code: text of bytes, bytes of ids.

One spelling each: what is read back and written again is the same, or it is refused.
"""

import re
from typing import Final

from ..core.ids import ALPHABET

_BASE32: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUV"
_VALUES: Final = {sign: value for value, sign in enumerate(_BASE32)}
_PACKABLE: Final = re.compile(f"[a-z][0-7][{ALPHABET}]{{25}}")
_PACKED_BYTES: Final = 18


def encode_base32(content: bytes) -> str:
    """Write bytes as text, RFC 4648 section 7, without padding."""
    length = -(-len(content) * 8 // 5)
    number = int.from_bytes(content, "big") << length * 5 - len(content) * 8
    return "".join(_BASE32[number >> 5 * place & 31] for place in reversed(range(length)))


def decode_base32(body: str) -> bytes:
    """Read bytes from text.

    Raises
    ------
    ValueError
        When it is not the one spelling of any bytes.
    """
    number = 0
    for sign in body:
        value = _VALUES.get(sign)
        if value is None:
            raise ValueError("a sign that is not of base 32")
        number = number << 5 | value
    count = len(body) * 5 // 8
    spare_bits = len(body) * 5 - count * 8
    content = (number >> spare_bits).to_bytes(count, "big")
    # One spelling only: spare bits are zero and no sign is too many.
    if encode_base32(content) != body:
        raise ValueError("another spelling")
    return content


def pack_id(name: str) -> str | bytes:
    """Write an id of ours, a letter and 128 bits, as 18 bytes instead of 29; others stay text."""
    if not _PACKABLE.fullmatch(name):
        return name
    number = 0
    for digit in name[1:]:
        number = number << 5 | ALPHABET.index(digit)
    return name[0].encode() + number.to_bytes(_PACKED_BYTES - 1, "big")


def unpack_id(packed: bytes) -> str:
    """Read an id of ours back.

    Raises
    ------
    ValueError
        When it has another length.
    """
    if len(packed) != _PACKED_BYTES:
        raise ValueError("not a packed id")
    number = int.from_bytes(packed[1:], "big")
    digits = (ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
    return packed[:1].decode("latin-1") + "".join(digits)
