"""Work that facts ask for: what lies in the outbox until somebody performs it.

Bodies hold ids only. Who performs the work looks up contact and code at that moment, so that
nothing secret lies in the outbox and a revoked code is never sent.
"""

from typing import Final

import msgspec

from ..core.ids import GrantId, ParcelId
from ..core.value import UtcSeconds, Value
from ..journal.port import Work

NOTICE: Final = "notice"
"""The kind of work that tells a recipient something."""

REMINDERS: Final = frozenset({"reminder", "last_reminder"})
"""Notices that are dropped when the hold they speak of is no longer the parcel's."""

CODE_NOTICES: Final = frozenset({"deposited", "reminder", "last_reminder", "reissued", "extended"})
"""Notices that carry the code."""


class NoticeWork(Value):
    """Tell the recipient of a parcel something."""

    parcel: ParcelId
    kind: str
    """``deposited``, ``reminder``, ``last_reminder``, ``extended``, ``reissued``, ``overdue``,
    ``collected``, ``returned`` or ``cancelled``."""
    grant: GrantId | None = None
    """Which code to tell; ``None`` for notices without one."""
    hold_until: UtcSeconds | None = None
    """The hold a reminder speaks of; a reminder for another hold is dropped."""


_DECODER: Final = msgspec.json.Decoder(NoticeWork)


def notice_work(notice: NoticeWork, *, mark: str, due_at: UtcSeconds) -> Work:
    """Put a notice into words the outbox keeps.

    Parameters
    ----------
    mark
        Tells this notice from another of the same kind about the same parcel; the same for ever.
    """
    key = f"{NOTICE}/{notice.parcel}/{notice.kind}/{mark}"
    return Work(key, NOTICE, msgspec.json.encode(notice), due_at)


def read_notice(body: bytes) -> NoticeWork:
    """Read a notice back.

    Raises
    ------
    msgspec.ValidationError
        When another release wrote something this one does not know.
    """
    return _DECODER.decode(body)
