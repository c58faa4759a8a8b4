"""How long a parcel may wait.

Rules
-----
R1  A hold runs from the deposit: a number of hours, or whole local days counted with the day of
    the deposit, ending at an hour of the last day; a day later when that hour has passed already.
R2  It is extended only while it runs, by the policy's step, at most so many times.
R3  The end is exclusive: at ``hold_until`` itself the parcel is overdue.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .refusal import Reason, Refused
from .value import DAY, HOUR, Seconds, UtcSeconds, Value

HOLD_SECONDS_DEFAULT: Final = Seconds(3 * DAY)
"""72 hours, the middle of what networks allow: 48 h to 7 days (product research A4.45)."""


class HoldPolicy(Value):
    """What was agreed about waiting."""

    hold_seconds: Seconds = HOLD_SECONDS_DEFAULT
    """Length of a running hold; ignored when ``local_days`` is set."""
    local_days: int = 0
    """Whole local days with the day of the deposit as the first; 0 for a running hold."""
    local_hour_until: int = 24
    """Local hour of the last day at which a hold in days ends, 1 to 24."""
    extension_seconds: Seconds = DAY
    extension_count_max: int = 2


def hold_deadline(policy: HoldPolicy, deposited_at: UtcSeconds, zone: str) -> UtcSeconds:
    """Tell when a hold ends (R1).

    Parameters
    ----------
    zone
        IANA name of the site's time zone; only used for holds in local days.
    """
    if not policy.local_days:
        return UtcSeconds(deposited_at + policy.hold_seconds)
    tz = ZoneInfo(zone)
    first_day = datetime.fromtimestamp(deposited_at, UTC).astimezone(tz).date()
    last_day = first_day + timedelta(days=policy.local_days - 1)
    end = _end_of_hold(policy, last_day, tz)
    if end <= deposited_at:
        end = _end_of_hold(policy, last_day + timedelta(days=1), tz)
    return end


def _end_of_hold(policy: HoldPolicy, last_day: date, tz: ZoneInfo) -> UtcSeconds:
    midnight = datetime(last_day.year, last_day.month, last_day.day, tzinfo=tz)
    end = midnight + timedelta(hours=policy.local_hour_until)
    return UtcSeconds(int(end.timestamp()))


def extended_deadline(
    policy: HoldPolicy, *, hold_until: UtcSeconds, extension_count: int, at: UtcSeconds
) -> UtcSeconds:
    """Tell when an extended hold ends (R2).

    Raises
    ------
    Refused
        ``hold_expired`` at or after the end, ``extension_limit`` when none is left.
    """
    if at >= hold_until:
        raise Refused(Reason.HOLD_EXPIRED)
    if extension_count >= policy.extension_count_max:
        raise Refused(
            Reason.EXTENSION_LIMIT, f"extended {extension_count} times, which is all there are"
        )
    return UtcSeconds(hold_until + policy.extension_seconds)


def reminder_times(
    deposited_at: UtcSeconds, hold_until: UtcSeconds
) -> tuple[tuple[str, UtcSeconds], ...]:
    """Tell when to remind: after a day, and half a day before the end; never past the end.

    A reminder that would come within six hours of the deposit is left out.
    """
    wanted = (
        ("reminder", UtcSeconds(deposited_at + DAY)),
        ("last_reminder", UtcSeconds(hold_until - 12 * HOUR)),
    )
    earliest, latest = deposited_at + 6 * HOUR, hold_until - HOUR
    kept = [(kind, at) for kind, at in wanted if earliest <= at <= latest]
    if len(kept) == 2 and kept[1][1] - kept[0][1] < 6 * HOUR:
        kept = kept[1:]
    return tuple(kept)
