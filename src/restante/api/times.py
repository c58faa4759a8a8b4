"""Times as programs exchange them: ISO 8601 in UTC with a Z, whole seconds.

Inside the house times are numbers; here and nowhere else they become text and back.
"""

from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from ..core.value import FOREVER, UtcSeconds

AT_MAX: Final = UtcSeconds(4_102_444_800)
"""2100-01-01: later times are mistyped."""

Moment: TypeAlias = Annotated[
    datetime,
    msgspec.Meta(
        tz=True,
        description="A time with its offset; answers always use UTC with a Z.",
        examples=["2026-11-20T14:00:00Z"],
    ),
]


def tell(at: UtcSeconds | int) -> datetime:
    """Write a time for an answer."""
    return datetime.fromtimestamp(min(int(at), AT_MAX), UTC)


def tell_or_none(at: UtcSeconds | int | None) -> datetime | None:
    """Write a time that may be missing or never come."""
    return None if at is None or at >= FOREVER else tell(at)


def tell_local(at: UtcSeconds | int, zone: str) -> datetime:
    """Write a time as the clock on a site's wall shows it."""
    return tell(at).astimezone(ZoneInfo(zone))


def read(moment: datetime) -> UtcSeconds:
    """Read a time from a request; out of range is the nearest end of it."""
    seconds = int((moment - _EPOCH).total_seconds())
    return UtcSeconds(min(max(seconds, 0), AT_MAX))


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
