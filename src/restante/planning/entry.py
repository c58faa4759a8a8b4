"""What every planner's problem is made of: entries, documents, amounts and tables of numbers.

An entry refuses what it does not know; a document is an entry that is a whole file. A flaw names
the item it is found in and says what to do.
"""

import math
from collections.abc import Sequence
from typing import Annotated, Any, Self, dataclass_transform

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..core.value import Value
from .misread import explain

NEVER = math.inf
"""The end of a window that stays open."""

Amount = Annotated[float, msgspec.Meta(ge=0)]
"""Metres, seconds, cost: not negative."""

Count = Annotated[int, msgspec.Meta(ge=0)]
"""Parcels, compartments, grams, cubic centimetres: not negative."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
"""A part of a whole, from 0 to 1."""


class BadProblem(ValueError):
    """Something in a problem cannot be meant; says where, and what to do."""

    def __init__(self, path: str, says: str) -> None:
        super().__init__(f"{path}: {says}" if path else says)
        self.path = path
        self.says = says


class Grid:
    """A table of numbers, every row as long as the others; never changes."""

    __slots__ = ("values",)

    def __init__(self, rows: Any) -> None:
        try:
            values = np.array(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise BadProblem("", _holes(rows)) from error
        if values.ndim != 2:
            raise BadProblem("", "a matrix is rows of numbers")
        values.setflags(write=False)
        self.values: NDArray[np.float64] = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({' x '.join(map(str, self.values.shape))})"


class Matrix(Grid):
    """A square table of numbers between places, in the order of the problem's places."""

    __slots__ = ()

    def __init__(self, rows: Any) -> None:
        try:
            super().__init__(rows)
        except BadProblem as error:
            if "holes" in error.says:
                raise
            raise BadProblem("", _SQUARE) from error
        if self.values.shape[0] != self.values.shape[1]:
            raise BadProblem("", _SQUARE)


def _holes(rows: Any) -> str:
    """Name the first row that is not like the others."""
    says = "a matrix has holes: give every row as many numbers"
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        return says
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]):
            return f"{says}; row {i} has {len(row)}, row 0 has {len(rows[0])}"
        odd = [k for k, x in enumerate(row) if not isinstance(x, int | float | None)]
        if odd:
            return f"{says}; in row {i} number {odd[0]} is {row[odd[0]]!r}"
    return says


_SQUARE = "a matrix is square: as many rows as each row has numbers"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Entry(Value, frozen=True, forbid_unknown_fields=True):
    """A part of a problem. What is written in it and not known here is refused, never ignored."""


class Document(Entry, frozen=True):
    """An entry that is a whole file."""

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read it from JSON.

        Raises
        ------
        BadProblem
            When it is none; the message names the entry.
        """
        try:
            return msgspec.json.decode(text, type=cls, dec_hook=_read_grid)
        except msgspec.DecodeError as error:
            raise BadProblem(*explain(text, str(error))) from error

    def to_json(self) -> bytes:
        """Write it as JSON; reading that gives an equal one."""
        return msgspec.json.encode(self, enc_hook=_write_grid)


def refuse(flaws: Sequence[tuple[str, str]]) -> None:
    """Refuse what has flaws.

    Raises
    ------
    BadProblem
        Names the first of them, and how many more there are.
    """
    if flaws:
        path, says = flaws[0]
        more = f" (and {len(flaws) - 1} more)" if len(flaws) > 1 else ""
        raise BadProblem(path, says + more)


def _read_grid(kind: type, written: Any) -> Any:
    if not issubclass(kind, Grid):
        raise NotImplementedError(kind)
    return kind(written)


def _write_grid(value: Any) -> Any:
    if not isinstance(value, Grid):
        raise NotImplementedError(type(value))
    return value.values.tolist()
