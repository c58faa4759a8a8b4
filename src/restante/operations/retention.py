"""What is kept how long: each class of rows that says something about people has an end.

R1. The clock of a class begins when its reason has ended: a contact's with the last parcel, never
    while a parcel waits.
R2. What is still open stays: a matter nobody has handled, a courier who may sign in.
R3. Facts hold pseudonyms only. They are never deleted here; old months move into archives.
R4. A look costs what has expired, not what is there: each class has an index by its clock.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Select, exists, select

from ..core.status import Status
from ..core.value import DAY, UtcSeconds
from ..views.remote_tables import REMOTE_OPENINGS
from ..views.tables import (
    ANOMALIES,
    CODES,
    CONTACTS,
    COURIER_LOGINS,
    COURIERS,
    PARCELS,
    QUARANTINE,
    SUBJECTS,
)

_ENDED: Final = (Status.COLLECTED.value, Status.RETURNED.value, Status.CANCELLED.value)


class Retention(NamedTuple):
    """Days that each class is kept; the defaults are those of the settings."""

    contact_days: int = 30
    """Contacts and their keys, after the recipient's last parcel has ended."""
    code_days: int = 7
    """Sealed codes, after their parcel has ended."""
    door_event_days: int = 365
    """Handled matters: doors forced, contents unclear, tampering; and unreadable reports."""
    courier_days: int = 183
    """Names and sign-in names of couriers, after their right has ended."""
    audit_days: int = 730
    """Who opened which door from afar, and why."""


class Expired(NamedTuple):
    """Rows that have come to their end."""

    tables: tuple[str, ...]
    """Deleted from together, under the same key."""
    keys: Select[Any]
    guard: str = ""
    """Column of the first table that must be unchanged when its row is deleted."""


def find_expired(retention: Retention, now: UtcSeconds) -> Iterator[Expired]:
    """Say what has come to its end by now, class by class."""
    yield Expired(
        (CONTACTS.name, SUBJECTS.name),
        select(CONTACTS.c.recipient, CONTACTS.c.changed_at).where(
            CONTACTS.c.changed_at < now - retention.contact_days * DAY,
            ~_is_needed(CONTACTS.c.recipient, now - retention.contact_days * DAY),
        ),
        "changed_at",
    )
    code = now - retention.code_days * DAY
    yield Expired(
        (CODES.name,),
        select(CODES.c.parcel, CODES.c.grant)
        .join(PARCELS, PARCELS.c.parcel == CODES.c.parcel)
        # None is issued after the end: the first condition only says where to look.
        .where(
            CODES.c.issued_at < code,
            PARCELS.c.status.in_(_ENDED),
            PARCELS.c.changed_at < code,
        ),
    )
    door = now - retention.door_event_days * DAY
    yield Expired(
        (ANOMALIES.name,),
        select(ANOMALIES.c.owner, ANOMALIES.c.key).where(
            ANOMALIES.c.status != "open", ANOMALIES.c.handled_at < door
        ),
    )
    yield Expired(
        (QUARANTINE.name,),
        select(QUARANTINE.c.locker, QUARANTINE.c.epoch, QUARANTINE.c.seq).where(
            QUARANTINE.c.received_at < door
        ),
    )
    gone = COURIERS.c.valid_until < now - retention.courier_days * DAY
    yield Expired(
        (COURIER_LOGINS.name,),
        select(COURIER_LOGINS.c.login)
        .join(COURIERS, COURIERS.c.courier == COURIER_LOGINS.c.courier)
        .where(gone),
    )
    has_login = exists().where(COURIER_LOGINS.c.courier == COURIERS.c.courier)
    yield Expired((COURIERS.name,), select(COURIERS.c.courier).where(gone, ~has_login))
    yield Expired(
        (REMOTE_OPENINGS.name,),
        select(REMOTE_OPENINGS.c.locker, REMOTE_OPENINGS.c.order_id).where(
            REMOTE_OPENINGS.c.asked_at < now - retention.audit_days * DAY
        ),
    )


def _is_needed(recipient: ColumnElement[str], since: int) -> ColumnElement[bool]:
    return exists().where(
        PARCELS.c.recipient == recipient,
        PARCELS.c.status.not_in(_ENDED) | (PARCELS.c.changed_at >= since),
    )
