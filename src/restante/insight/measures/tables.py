"""The event tables: what measures are computed from, and what an export holds.

V1. One row is one thing that has ended: a visit of a parcel, a session, an opening of a door. It
    lies in the file of the UTC day in which it ended. Visits that have not ended are in a table of
    the same columns beside them.
V2. Times are seconds since 1970 in UTC; where something has not happened the cell is empty.
V3. No personal data: no recipient, no courier, no label, no reference, no address of a person.
    Parcels have the pseudonymous ids they have in the journal and its archives.
"""

from enum import StrEnum
from typing import Final, NamedTuple

FORMAT: Final = 1
"""Of the tables together; a new column does not change it, a changed meaning does."""

ROOM_REASONS: Final = ("site_full", "nothing_fits", "does_not_fit", "no_reachable_compartment")
"""Why a parcel is turned away for want of room, and not for what it is or who brings it."""


class Column(NamedTuple):
    """A column: its name, type (as Arrow names it) and meaning."""

    name: str
    kind: str
    meaning: str


class EventTable(NamedTuple):
    """A table: one file for each day, or one file when it is about no day."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    is_by_day: bool = True


class End(StrEnum):
    """How a visit ended."""

    COLLECTED = "collected"
    RETRIEVED = "retrieved"
    CANCELLED = "cancelled"
    NEVER_CAME = "never_came"


_POSITION: Final = Column("position", "int64", "of the fact that completed the row, in the journal")

VISITS: Final = EventTable(
    "visits",
    "A parcel's stay at a site, from its announcement to its leaving.",
    (
        Column("parcel", "string", "pseudonymous id"),
        Column("partner", "string", "whose parcel it is"),
        Column("site", "string", "where it lay, or should have"),
        Column("locker", "string", "the machine; empty when it never lay in one"),
        Column("compartment", "string", "the compartment; empty as above"),
        Column("size", "string", "size class of the compartment, XS to XL; empty as above"),
        Column("wanted_size", "string", "class of the smallest compartment there that it fits"),
        Column("announced_at", "int64", "when its partner told of it; empty when nobody did"),
        Column("booked_at", "int64", "when room was last set aside; empty when none was"),
        Column("deposited_at", "int64", "when a courier put it in"),
        Column("hold_until", "int64", "until when it was to wait, extensions included"),
        Column("noticed_at", "int64", "when its recipient was first told after the deposit"),
        Column("reminders", "int32", "how often its recipient was reminded"),
        Column("extensions", "int32", "how often the hold was extended"),
        Column("overdue_at", "int64", "when the hold expired; empty when it did not"),
        Column("ended_at", "int64", "when it left the compartment, or was not expected any more"),
        Column("end", "string", "`collected`, `retrieved`, `cancelled`, `never_came`; or empty"),
        _POSITION,
    ),
)

TURN_AWAYS: Final = EventTable(
    "turn_aways",
    "A deposit that was wanted and not possible.",
    (
        Column("site", "string", "where"),
        Column("locker", "string", "the machine"),
        Column("parcel", "string", "pseudonymous id; empty when the label was not expected there"),
        Column("partner", "string", "whose parcel it is; empty when not known"),
        Column("wanted_size", "string", "as in visits; empty when not known"),
        Column("why", "string", "a public reason, or `does_not_fit`"),
        Column("at", "int64", "when"),
        _POSITION,
    ),
)

SESSIONS: Final = EventTable(
    "sessions",
    "One person at a locker, from signing in to leaving.",
    (
        Column("site", "string", "where"),
        Column("locker", "string", "the machine"),
        Column("role", "string", "`recipient` or `courier`; nobody's name or id"),
        Column("started_at", "int64", "signed in"),
        Column("ended_at", "int64", "left"),
        Column("end", "string", "`done`, `idle` or `restart`"),
        Column("deposits", "int32", "parcels put in"),
        Column("collections", "int32", "parcels taken by recipients"),
        Column("retrievals", "int32", "parcels taken out by couriers"),
        Column("turn_aways", "int32", "deposits that were not possible"),
        _POSITION,
    ),
)

DOORS: Final = EventTable(
    "doors",
    "A door that was to open, and what came of it; or one that was forced.",
    (
        Column("site", "string", "where"),
        Column("locker", "string", "the machine"),
        Column("compartment", "string", "which door"),
        Column(
            "purpose", "string", "`collect`, `deposit`, `retrieve`, `reopen`, `service`, or empty"
        ),
        Column("intended_at", "int64", "before the lock was pulsed"),
        Column("opened_at", "int64", "empty when it stayed shut or nobody knows"),
        Column("ended_at", "int64", "shut again, or known not to have opened"),
        Column("outcome", "string", "`opened`, `failed`, `uncertain` or `forced`"),
        _POSITION,
    ),
)

CAPACITY: Final = EventTable(
    "capacity",
    "So many compartments of a size class are in service at a site from now on.",
    (
        Column("site", "string", "where"),
        Column("size", "string", "size class, XS to XL"),
        Column("count", "int32", "compartments in service; 0 when the last one left"),
        Column("at", "int64", "from when"),
        _POSITION,
    ),
)

RETURNS: Final = EventTable(
    "returns",
    "A retrieved parcel is back where it came from.",
    (
        Column("parcel", "string", "pseudonymous id"),
        Column("at", "int64", "when"),
        _POSITION,
    ),
)

SITES: Final = EventTable(
    "sites",
    "The network's sites as they are now.",
    (
        Column("site", "string", "id"),
        Column("name", "string", "as people know it"),
        Column("kind", "string", "`locker`, `counter` or `parcel_room`"),
        Column("zone", "string", "what sites are compared and summed by; empty when nobody said"),
        Column("latitude", "double", "degrees, WGS84"),
        Column("longitude", "double", "degrees, WGS84"),
        Column("opened_at", "int64", "when it was registered"),
    ),
    is_by_day=False,
)

BY_DAY: Final = (VISITS, TURN_AWAYS, SESSIONS, DOORS, CAPACITY, RETURNS)
ALL: Final = (*BY_DAY, SITES)
