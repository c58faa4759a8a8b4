"""What every part of a problem is made of: entries, amounts, ids and matrices."""

import math
from typing import Annotated, Any, NewType, dataclass_transform

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...core.value import Value

PlaceId = NewType("PlaceId", str)
VehicleId = NewType("VehicleId", str)

NEVER = math.inf
"""The end of a window that stays open."""

Amount = Annotated[float, msgspec.Meta(ge=0)]
"""Metres, seconds, cost: not negative."""

Count = Annotated[int, msgspec.Meta(ge=0)]
"""Parcels, compartments, grams, cubic centimetres: not negative."""


class BadProblem(ValueError):
    """Something in a problem cannot be meant; says where, and what to do."""

    def __init__(self, path: str, says: str) -> None:
        super().__init__(f"{path}: {says}" if path else says)
        self.path = path
        self.says = says


class Matrix:
    """A square table of numbers between places, in the order of the problem's places."""

    __slots__ = ("values",)

    def __init__(self, rows: Any) -> None:
        try:
            values = np.array(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise BadProblem("", "a matrix has holes: give every row as many numbers") from error
        if values.ndim != 2 or values.shape[0] != values.shape[1]:
            raise BadProblem("", "a matrix is square: as many rows as each row has numbers")
        values.setflags(write=False)
        self.values: NDArray[np.float64] = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Matrix) and np.array_equal(self.values, other.values)

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        return f"Matrix({len(self)} places)"


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Entry(Value, frozen=True, forbid_unknown_fields=True):
    """A part of a problem. What is written in it and not known here is refused, never ignored."""
