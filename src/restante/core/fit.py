"""Which compartment for this parcel, and why.

Rules
-----
R1  A compartment is possible when it is in service, free, its door is closed, the parcel goes in
    and is not too heavy for it.
R2  A recipient who needs a low door gets one, always: every other compartment is refused.
R3  The smallest usable volume wins, so that large compartments stay for large parcels.
R4  Among equals: a healthy door before one that failed lately, a door that is not low before a
    low one (those who need low doors have no other), the least worn, then the id.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from .ids import CompartmentId
from .size import CompartmentSpec, ParcelSize, goes_into
from .value import Value


class Why(StrEnum):
    """Why a compartment was chosen or not; stable public values with texts in every language."""

    SMALLEST_THAT_FITS = "smallest_that_fits"
    LOW_DOOR_NEEDED = "low_door_needed"
    KEEPS_LOW_DOORS_FREE = "keeps_low_doors_free"
    HEALTHY_DOOR = "healthy_door"
    LEAST_WORN = "least_worn"
    ONLY_ONE = "only_one"
    OUT_OF_SERVICE = "out_of_service"
    NOT_FREE = "not_free"
    DOOR_NOT_CLOSED = "door_not_closed"
    TOO_SMALL = "too_small"
    TOO_WEAK = "too_weak"
    TOO_HIGH = "too_high"
    TRIED_ALREADY = "tried_already"


class Condition(Value):
    """A compartment as it stands now."""

    spec: CompartmentSpec
    is_free: bool = True
    is_in_service: bool = True
    is_closed: bool = True
    failure_count: int = 0
    """Openings in a row that failed."""
    opening_count: int = 0
    """Openings since it was built: wear."""


class Choice(NamedTuple):
    """What was chosen, or nothing, with every reason."""

    compartment: CompartmentId | None
    reasons: tuple[Why, ...]
    """Why this one; empty when nothing was chosen."""
    refused: dict[CompartmentId, Why]
    """The first reason against each compartment that was not possible."""


def choose_compartment(
    size: ParcelSize,
    compartments: Iterable[Condition],
    *,
    needs_low_door: bool,
    tried: frozenset[CompartmentId] = frozenset(),
) -> Choice:
    """Choose the compartment for a parcel.

    Parameters
    ----------
    tried
        Compartments the courier has sent back already, because the parcel did not go in.
    """
    refused: dict[CompartmentId, Why] = {}
    possible: list[Condition] = []
    for condition in compartments:
        against = _against(size, condition, needs_low_door=needs_low_door, tried=tried)
        if against is None:
            possible.append(condition)
        else:
            refused[condition.spec.id] = against
    if not possible:
        return Choice(None, (), refused)
    possible.sort(key=_preference)
    reasons = _reasons(possible, needs_low_door=needs_low_door)
    return Choice(possible[0].spec.id, reasons, refused)


def _against(
    size: ParcelSize,
    condition: Condition,
    *,
    needs_low_door: bool,
    tried: frozenset[CompartmentId],
) -> Why | None:
    spec = condition.spec
    checks = (
        (not condition.is_in_service, Why.OUT_OF_SERVICE),
        (spec.id in tried, Why.TRIED_ALREADY),
        (not condition.is_free, Why.NOT_FREE),
        (not condition.is_closed, Why.DOOR_NOT_CLOSED),
        (needs_low_door and not spec.is_low, Why.TOO_HIGH),
        (size.weight_g > spec.weight_g_max, Why.TOO_WEAK),
        (not goes_into(size, spec.kind), Why.TOO_SMALL),
    )
    return next((why for is_against, why in checks if is_against), None)


def _preference(condition: Condition) -> tuple[int, int, bool, int, str]:
    return (
        condition.spec.kind.volume_mm3,
        condition.failure_count,
        condition.spec.is_low,
        condition.opening_count,
        condition.spec.id,
    )


def _reasons(possible: list[Condition], *, needs_low_door: bool) -> tuple[Why, ...]:
    """Say what set the first apart from the others, in the order of the rules."""
    best, others = possible[0], possible[1:]
    reasons = [Why.LOW_DOOR_NEEDED] if needs_low_door else []
    if not others:
        return (*reasons, Why.ONLY_ONE)
    reasons.append(Why.SMALLEST_THAT_FITS)
    rivals = [c for c in others if c.spec.kind.volume_mm3 == best.spec.kind.volume_mm3]
    if any(c.failure_count > best.failure_count for c in rivals):
        reasons.append(Why.HEALTHY_DOOR)
    rivals = [c for c in rivals if c.failure_count == best.failure_count]
    if any(c.spec.is_low and not best.spec.is_low for c in rivals):
        reasons.append(Why.KEEPS_LOW_DOORS_FREE)
    rivals = [c for c in rivals if c.spec.is_low == best.spec.is_low]
    if any(c.opening_count > best.opening_count for c in rivals):
        reasons.append(Why.LEAST_WORN)
    return tuple(reasons)
