"""Stays of parcels as a table of numbers, without a word about who.

P1. No name, address, code or identifier of a person is in a table that a model sees: of a
    recipient only counts of what was before, made by :func:`~.past.count_past`.
P2. A stay is told in slots of equal length, counted from the deposit. A parcel collected within the
    first has stayed 0 slots.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class BadStays(ValueError):
    """A table of stays contradicts itself; says how."""


class Stays(NamedTuple):
    """Parcels that stayed, or stay still."""

    features: Array
    """Shape (parcels, features), NaN where not known; the same columns at fitting and asking."""
    slot_of_day: NDArray[np.int64]
    """Of the deposit."""
    weekday: NDArray[np.int64]
    """Of the deposit, Monday is 0."""
    slots: NDArray[np.int64]
    """Whole slots stayed; what is known so far where it is inside still."""
    is_collected: NDArray[np.bool_]
    """The stay ended by collecting; False where it is inside still, or was taken back."""
    reminder_slots: NDArray[np.int64]
    """Slots from the deposit to the first reminder; negative for none."""
    deadline_slots: NDArray[np.int64]
    """Slots from the deposit to the end of the hold; negative for none."""

    @property
    def parcels(self) -> int:
        """How many there are."""
        return len(self.slots)

    def pick(self, which: "NDArray[np.bool_] | NDArray[np.intp]") -> "Stays":
        """Keep some of them."""
        return Stays._make(column[which] for column in self)


def make_stays(
    features: Array,
    slot_of_day: NDArray[np.int64],
    weekday: NDArray[np.int64],
    slots: NDArray[np.int64],
    is_collected: NDArray[np.bool_] | None = None,
    *,
    reminder_slots: NDArray[np.int64] | None = None,
    deadline_slots: NDArray[np.int64] | None = None,
) -> Stays:
    """Put a table together and refuse one that contradicts itself.

    Raises
    ------
    BadStays
        When columns differ in length or stays are negative; names the first row.
    """
    count = len(slots)
    none = np.full(count, -1, dtype=np.int64)
    made = Stays(
        features,
        slot_of_day,
        weekday,
        slots,
        np.ones(count, dtype=bool) if is_collected is None else is_collected,
        none if reminder_slots is None else reminder_slots,
        none if deadline_slots is None else deadline_slots,
    )
    for name, column in zip(made._fields, tuple(made), strict=True):
        if column.shape[0] != count:
            raise BadStays(f"{name} has {column.shape[0]} rows, slots {count}")
    if features.ndim != 2:
        raise BadStays("features is no table: one row a parcel, one column a feature")
    for name, column, most in (
        ("slots", slots, None), ("weekday", weekday, 6), ("slot_of_day", slot_of_day, None)
    ):  # fmt: skip
        wrong = (column < 0) | ((column > most) if most is not None else False)
        if wrong.any():
            row = int(np.argmax(wrong))
            raise BadStays(f"row {row + 1}: {name} is {column[row]}")
    return made
