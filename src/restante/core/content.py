"""The inside of one compartment: what is known of it, and what a visit changed.

The numbered rules are those of :mod:`.compartment`.
"""

from enum import StrEnum
from typing import Final, TypeAlias

from .door import NoticeDoor, Opening
from .grant import Purpose
from .handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from .ids import CompartmentId, ParcelId, SessionId
from .value import Fact, UtcSeconds

REOPEN_SECONDS: Final = 10 * 60
"""How long a recipient may open the own compartment again (reliability T18)."""


class Content(StrEnum):
    """What is known about the inside."""

    FREE = "free"
    ASSIGNED = "assigned"
    """Chosen for a parcel that is about to be put in."""
    OCCUPIED = "occupied"
    RELEASING = "releasing"
    """The parcel was taken; the re-open window runs."""
    UNCLEAR = "unclear"


MAYBE_INSIDE: Final = (Content.OCCUPIED, Content.UNCLEAR)
_HANDOFFS: Final = (Purpose.DEPOSIT, Purpose.COLLECT, Purpose.RETRIEVE)


class CompartmentAssigned(Fact, tag="compartment.assigned.v1"):
    """A compartment was chosen for a parcel at the moment of its deposit."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    reasons: tuple[str, ...] = ()


class AssignmentDropped(Fact, tag="compartment.assignment_dropped.v1"):
    """The parcel was not put into the compartment chosen for it."""

    compartment: CompartmentId
    parcel: ParcelId
    why: str
    """``does_not_fit``, ``dirty``, ``damaged``, ``door_failed``, ``empty`` or ``abandoned``."""


class CompartmentFreed(Fact, tag="compartment.freed.v1"):
    """The compartment takes parcels again."""

    compartment: CompartmentId
    evidence: str
    """``content_sensor``, ``reopen_window`` or ``courier_check``."""
    parcel: ParcelId | None = None
    """What should have lain inside and was not found."""


class ContentUnclear(Fact, tag="compartment.content_unclear.v1"):
    """Something is inside that should not be, or nobody can tell; a courier must look."""

    compartment: CompartmentId
    why: str
    """``left_inside``, ``missing``, ``door_forced`` or ``interrupted``."""


VisitFact: TypeAlias = (
    HandoffDeposited | HandoffCollected | HandoffRetrieved | CompartmentFreed | ContentUnclear
)


def after_uncertain(
    content: Content, opening: Opening | None, command: NoticeDoor
) -> tuple[ContentUnclear, ...]:
    """The door may have been open; where nobody can tell what was done, somebody must look (R7)."""
    expected = content is Content.OCCUPIED
    is_handoff = opening is not None and opening.purpose in _HANDOFFS
    if command.has_content is expected or (command.has_content is None and not is_handoff):
        return ()
    return (ContentUnclear(at=command.at, compartment=command.compartment, why="interrupted"),)


def after_forced(content: Content, command: NoticeDoor) -> tuple[ContentUnclear, ...]:
    """Nobody knows what was done inside (R7); an empty one that is still empty serves on."""
    if content is Content.FREE and command.has_content is False:
        return ()
    return (ContentUnclear(at=command.at, compartment=command.compartment, why="door_forced"),)


def after_visit(
    content: Content, parcel: ParcelId | None, opening: Opening | None, command: NoticeDoor
) -> tuple[VisitFact, ...]:
    """Say what a visit changed, now that the door is shut (R6)."""
    at, compartment, seen = command.at, command.compartment, command.has_content
    if opening is None:
        return ()
    evidence = "door" if seen is None else "door_and_content"
    match opening:
        case Opening(purpose=Purpose.DEPOSIT, courier=courier) if (
            content is Content.ASSIGNED and courier is not None and parcel is not None
        ):
            if seen is False:
                return ()
            return (
                HandoffDeposited(
                    at=at,
                    compartment=compartment,
                    parcel=parcel,
                    session=opening.session,
                    courier=courier,
                    evidence=evidence,
                ),
            )
        case Opening(purpose=Purpose.COLLECT, grant=grant) if (
            content in MAYBE_INSIDE and grant is not None and parcel is not None
        ):
            if seen is True:
                return ()
            collected = HandoffCollected(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=opening.session,
                grant=grant,
                reopen_until=UtcSeconds(at + REOPEN_SECONDS),
                evidence=evidence,
            )
            return (collected, *_freed_if_empty(command))
        case Opening(purpose=Purpose.RETRIEVE, courier=courier) if (
            content in MAYBE_INSIDE and courier is not None and parcel is not None
        ):
            if seen is True:
                return ()
            retrieved = HandoffRetrieved(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=opening.session,
                courier=courier,
                evidence=evidence,
            )
            freed = CompartmentFreed(at=at, compartment=compartment, evidence="courier_check")
            return (retrieved, freed)
        case Opening(purpose=Purpose.REOPEN) if seen is not True:
            return _freed_if_empty(command)
        case _:
            return _unclear_if_changed(content, command)


def _unclear_if_changed(content: Content, command: NoticeDoor) -> tuple[ContentUnclear, ...]:
    """Compare what is seen with what should be, after a visit that was to change nothing (R7)."""
    at, compartment, seen = command.at, command.compartment, command.has_content
    if seen is False and content is Content.OCCUPIED:
        return (ContentUnclear(at=at, compartment=compartment, why="missing"),)
    if seen is not True or content in MAYBE_INSIDE:
        return ()
    return (ContentUnclear(at=at, compartment=compartment, why="left_inside"),)


def _freed_if_empty(command: NoticeDoor) -> tuple[CompartmentFreed, ...]:
    at, compartment = command.at, command.compartment
    freed = CompartmentFreed(at=at, compartment=compartment, evidence="content_sensor")
    return (freed,) if command.has_content is False else ()
