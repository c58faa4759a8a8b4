"""Columns as PostgreSQL reads arrays in binary: a header, then each value behind its length.

Written out here because the driver's own way takes eight times as long, and a deposit carries
two hundred values. Many columns hold one value many times, most others short texts and numbers;
those are written down without looking at each.

It knows values and no tables.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Boolean, Float, Integer, LargeBinary, Text
from sqlalchemy.sql.type_api import TypeEngine

from .port import Scalar

Values: TypeAlias = Sequence[Scalar]

_SHORT: Final = 128
"""Lengths below this are one letter, with three zeros before it."""

_MEDIUM: Final = 4_096
"""Lengths below this are kept written down."""

_HEADER: Final = Struct(">iiIii").pack
_LENGTH: Final = Struct(">i").pack
_WHOLE: Final = Struct(">iq").pack
_REAL: Final = Struct(">id").pack
_TRUTH: Final = Struct(">i?").pack
_NULL: Final = _LENGTH(-1)
_LENGTHS: Final = tuple(map(_LENGTH, range(_MEDIUM)))
_LENGTH_LETTERS: Final = tuple(length.decode() for length in _LENGTHS[:_SHORT])


class Packed(bytes):
    """An array, ready to be sent; its type is told by a cast in the statement."""


class _PackedDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: Any) -> bytes:
        packed: bytes = obj
        return packed


psycopg.adapters.register_dumper(Packed, _PackedDumper)


class ArrayType(NamedTuple):
    """How a column's values travel."""

    name: str
    """In SQL, of one value."""
    oid: int
    pack_all: Callable[[Values], bytes]

    def pack(self, values: Values) -> Packed:
        """Write an array down; not for none at all.

        Raises
        ------
        TypeError, ValueError, AttributeError, struct.error
            When a value is of another type or out of range.
        """
        count, first = len(values), values[0]
        if values.count(first) == count:
            body = self.pack_all((first,)) * count
        else:
            body = self.pack_all(values)
        return Packed(_HEADER(1, None in values, self.oid, count, 1) + body)


def type_of(kind: TypeEngine[Any]) -> ArrayType:
    """Find how a column's values travel."""
    for known, array_type in _TYPES:
        if isinstance(kind, known):
            return array_type
    raise TypeError(f"no array of {kind!r} is known; add it to postgres_arrays")


def _texts(values: Any) -> bytes:
    try:
        if "".join(values).isascii():
            parts = [""] * (2 * len(values))
            parts[0::2] = [_LENGTH_LETTERS[length] for length in map(len, values)]
            parts[1::2] = values
            return "".join(parts).encode()
    except (TypeError, IndexError):
        # Nothing, something long, or something that is no text.
        pass
    return _bytes([None if value is None else value.encode() for value in values])


def _bytes(values: Any) -> bytes:
    parts = [b""] * (2 * len(values))
    try:
        parts[0::2] = [_LENGTHS[length] for length in map(len, values)]
        parts[1::2] = values
    except (TypeError, IndexError):
        parts[0::2] = [_NULL if value is None else _LENGTH(len(value)) for value in values]
        parts[1::2] = [value or b"" for value in values]
    return b"".join(parts)


def _wholes(values: Any) -> bytes:
    if None in values:
        return b"".join([_NULL if value is None else _WHOLE(8, value) for value in values])
    parts = [8] * (2 * len(values))
    parts[1::2] = values
    return _many_wholes(len(values))(*parts)


@lru_cache(maxsize=128)
def _many_wholes(count: int) -> Callable[..., bytes]:
    return Struct(">" + "iq" * count).pack


def _reals(values: Any) -> bytes:
    return b"".join([_NULL if value is None else _REAL(8, value) for value in values])


def _truths(values: Any) -> bytes:
    return b"".join([_NULL if value is None else _TRUTH(1, value) for value in values])


TEXTS: Final = ArrayType("text", 25, _texts)

# BigInteger is an Integer.
_TYPES: Final[tuple[tuple[type[TypeEngine[Any]], ArrayType], ...]] = (
    (Text, TEXTS),
    (Boolean, ArrayType("boolean", 16, _truths)),
    (Integer, ArrayType("bigint", 20, _wholes)),
    (Float, ArrayType("double precision", 701, _reals)),
    (LargeBinary, ArrayType("bytea", 17, _bytes)),
)
