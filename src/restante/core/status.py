"""What the public is told about a parcel: a group that never grows, a status that may.

``group`` gains no value within a major version, ``status`` may. Reminders, extensions and codes
shown are facts, never statuses (product research B).
"""

from enum import StrEnum
from typing import NamedTuple, assert_never

from . import parcel


class Group(StrEnum):
    """Nine groups for everybody who only wants to know roughly."""

    ANNOUNCED = "announced"
    FIRST_MILE = "first_mile"
    IN_TRANSIT = "in_transit"
    LAST_MILE = "last_mile"
    READY = "ready"
    DONE = "done"
    RETURNING = "returning"
    RETURNED = "returned"
    PROBLEM = "problem"


class Status(StrEnum):
    """Where exactly a parcel stands."""

    UNKNOWN = "unknown"
    ANNOUNCED = "announced"
    BOOKED = "booked"
    READY = "ready"
    COLLECTED = "collected_by_recipient"
    OVERDUE = "expired"
    RETURNING = "returning"
    RETURNED = "returned_to_sender"
    CANCELLED = "cancelled"


class PublicStatus(NamedTuple):
    """Group and status of a parcel."""

    group: Group
    status: Status


def public_status(state: parcel.Parcel) -> PublicStatus:
    """Say publicly where a parcel stands."""
    match state:
        case parcel.Unknown():
            return PublicStatus(Group.PROBLEM, Status.UNKNOWN)
        case parcel.Announced():
            return PublicStatus(Group.ANNOUNCED, Status.ANNOUNCED)
        case parcel.Booked():
            return PublicStatus(Group.ANNOUNCED, Status.BOOKED)
        case parcel.Held():
            return PublicStatus(Group.READY, Status.READY)
        case parcel.Overdue():
            return PublicStatus(Group.RETURNING, Status.OVERDUE)
        case parcel.Collected():
            return PublicStatus(Group.DONE, Status.COLLECTED)
        case parcel.Retrieved():
            return PublicStatus(Group.RETURNING, Status.RETURNING)
        case parcel.Returned():
            return PublicStatus(Group.RETURNED, Status.RETURNED)
        case parcel.Cancelled():
            return PublicStatus(Group.PROBLEM, Status.CANCELLED)
        case _:
            assert_never(state)
