"""What a recipient is told, as plain data.

Rules
-----
R1  A code goes to one channel only: e-mail where there is an address, else SMS.
R2  Every other notice goes the same way, so that nobody is told twice.
"""

from enum import StrEnum
from typing import Final

from ..access import Secret
from ..core.value import UtcSeconds, Value


class NoticeKind(StrEnum):
    """The occasions on which a recipient hears from us."""

    DEPOSITED = "deposited"
    REMINDER = "reminder"
    LAST_REMINDER = "last_reminder"
    EXTENDED = "extended"
    REISSUED = "reissued"
    OVERDUE = "overdue"
    COLLECTED = "collected"
    CANCELLED = "cancelled"
    RETURNED = "returned"


_WITH_CODE: Final = frozenset(
    {
        NoticeKind.DEPOSITED,
        NoticeKind.REMINDER,
        NoticeKind.LAST_REMINDER,
        NoticeKind.EXTENDED,
        NoticeKind.REISSUED,
    }
)


class ContactPoint(Value):
    """Who is told, and how. Personal data: never in a fact, a log or an error."""

    name: str
    language: str
    """Two letters; one that is not spoken here falls back, see :func:`.texts.pick_language`."""
    email: str | None = None
    phone: str | None = None
    """E.164."""


class Place(Value):
    """Where the parcel waits, in words a stranger finds it by."""

    name: str
    address: str
    zone: str
    """IANA time zone in which deadlines are written."""
    opening_hours: str = "24/7"
    """OpenStreetMap syntax."""
    directions: str = ""


class Notice(Value):
    """One message about one parcel."""

    key: str
    """Stable: the same notice has the same key for ever; channels use it against doubles."""
    kind: NoticeKind
    sender_name: str
    """Whose parcel it is, for example the carrier."""
    label: str
    contact: ContactPoint
    place: Place
    at: UtcSeconds
    """When what it tells of happened."""
    hold_until: UtcSeconds | None = None
    code: Secret[str] | None = None
    """The PIN as it is typed, ``12-345678``."""
    token: Secret[str] | None = None
    """The text of the QR code."""
    link: Secret[str] | None = None
    """Address of the parcel's own page; opening it needs nothing else, so it is a secret too."""
    help_phone: str = ""


def carries_code(kind: NoticeKind) -> bool:
    """Whether a notice of this kind shows the code."""
    return kind in _WITH_CODE


def choose_channel(contact: ContactPoint) -> str | None:
    """Name the one channel of a recipient (R1, R2): ``email``, ``sms`` or none at all."""
    if contact.email:
        return "email"
    return "sms" if contact.phone else None
