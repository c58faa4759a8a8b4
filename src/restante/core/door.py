"""The door of one compartment: what is known of it, what may be asked of it.

Which openings are allowed, and what they leave inside, is ruled in :mod:`.compartment`, whose
numbered rules are meant here too.
"""

from enum import StrEnum
from typing import TypeAlias, assert_never

from .grant import Purpose
from .ids import CompartmentId, CourierId, GrantId, OpeningId, ParcelId, SessionId
from .value import Command, Fact, Value


class Door(StrEnum):
    """What is known about a door."""

    CLOSED = "closed"
    OPENING = "opening"
    """An intent is recorded, no result is known yet."""
    OPEN = "open"
    FORCED = "forced"
    """Open, and nobody asked for it."""
    UNCERTAIN = "uncertain"
    """An intent was cut short; only the sensor can tell."""


class Opening(Value):
    """An intent to open, until its door is closed again."""

    opening: OpeningId
    purpose: Purpose
    session: SessionId
    courier: CourierId | None = None
    grant: GrantId | None = None


class OpeningIntended(Fact, tag="compartment.opening_intended.v1"):
    """A door is about to be opened; written before the lock is pulsed."""

    compartment: CompartmentId
    opening: OpeningId
    purpose: Purpose
    session: SessionId
    parcel: ParcelId | None = None
    courier: CourierId | None = None
    grant: GrantId | None = None


class DoorOpened(Fact, tag="compartment.door_opened.v1"):
    """The door opened as intended."""

    compartment: CompartmentId
    opening: OpeningId


class OpeningFailed(Fact, tag="compartment.opening_failed.v1"):
    """The lock was pulsed and the door stayed shut."""

    compartment: CompartmentId
    opening: OpeningId
    why: str
    """``jammed``, ``silent`` or ``refused``, as the board reports."""


class OpeningUncertain(Fact, tag="compartment.opening_uncertain.v1"):
    """Power or program went away between intent and result; the lock is not pulsed again."""

    compartment: CompartmentId
    opening: OpeningId


class DoorClosed(Fact, tag="compartment.door_closed.v1"):
    """The door is shut."""

    compartment: CompartmentId


class DoorForced(Fact, tag="compartment.door_forced.v1"):
    """The door stands open and nobody asked for it: an alarm."""

    compartment: CompartmentId


DoorFact: TypeAlias = (
    OpeningIntended | DoorOpened | OpeningFailed | OpeningUncertain | DoorClosed | DoorForced
)


class IntendOpening(Command, tag="intend_opening"):
    """Open its door."""

    compartment: CompartmentId
    opening: OpeningId
    purpose: Purpose
    session: SessionId
    courier: CourierId | None = None
    grant: GrantId | None = None


class ReportOpening(Command, tag="report_opening"):
    """Note what became of the pulse."""

    compartment: CompartmentId
    opening: OpeningId
    failure: str | None = None
    """``None`` when the door opened; ``uncertain`` when nobody knows."""


class NoticeDoor(Command, tag="notice_door"):
    """Note what the sensors say."""

    compartment: CompartmentId
    is_open: bool
    has_content: bool | None = None
    """``None`` where there is no content sensor, or it is broken."""


DoorCommand: TypeAlias = IntendOpening | ReportOpening | NoticeDoor


def see_open(
    door: Door, opening: Opening | None, command: NoticeDoor
) -> tuple[DoorOpened | DoorForced, ...]:
    """Tell a door that was asked for from one that was not (R4)."""
    at, compartment = command.at, command.compartment
    match door:
        case Door.OPENING | Door.UNCERTAIN if opening is not None:
            return (DoorOpened(at=at, compartment=compartment, opening=opening.opening),)
        case Door.CLOSED | Door.OPENING | Door.UNCERTAIN:
            return (DoorForced(at=at, compartment=compartment),)
        case Door.OPEN | Door.FORCED:
            return ()
        case _:
            assert_never(door)
