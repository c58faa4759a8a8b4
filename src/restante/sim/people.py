"""When recipients come, and what they do then: draws from the assumptions.

All chance comes from the ``random.Random`` that is passed in; all times are UTC seconds, with
the rhythm of day and week judged in the site's own zone.
"""

import math
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from ..core.value import HOUR, UtcSeconds, Value
from .assumptions import LOOK_AHEAD_HOURS_MAX, Assumptions


class Visit(Value):
    """One walk to a locker."""

    at: UtcSeconds
    uses_qr: bool
    mistypes: bool
    reopens: bool


def draw_collection(
    assumptions: Assumptions,
    chance: random.Random,
    *,
    ready_at: UtcSeconds,
    zone: ZoneInfo,
    reminded_at: tuple[UtcSeconds, ...] = (),
) -> UtcSeconds | None:
    """Draw when a recipient comes; ``None`` for those who never do.

    The urge to collect falls with the time waited (Weibull), rises and falls with the hour and
    the weekday, and is stronger for some hours after a reminder. The draw spends one exponential
    amount of patience hour by hour.
    """
    if chance.random() < assumptions.no_show_share:
        return None
    patience = chance.expovariate(1.0)
    for hour in range(LOOK_AHEAD_HOURS_MAX):
        at = ready_at + hour * HOUR
        rate = _urge(assumptions, hour) * _rhythm(assumptions, at, zone)
        if any(before <= at < before + assumptions.reminder_hours * HOUR for before in reminded_at):
            rate *= assumptions.reminder_factor
        if rate >= patience:
            return UtcSeconds(int(at + HOUR * patience / rate))
        patience -= rate
    return None


def draw_visit(assumptions: Assumptions, chance: random.Random, at: UtcSeconds) -> Visit:
    """Draw how a visit goes."""
    uses_qr = chance.random() < assumptions.qr_share
    return Visit(
        at=at,
        uses_qr=uses_qr,
        mistypes=not uses_qr and chance.random() < assumptions.wrong_code_share,
        reopens=chance.random() < assumptions.reopen_share,
    )


def arrivals_expected(
    assumptions: Assumptions, *, compartment_count: int, at: UtcSeconds, zone: ZoneInfo, peak: bool
) -> float:
    """Tell how many parcels a site may expect on the local day of ``at``."""
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    mean = assumptions.parcels_per_compartment_day * compartment_count
    mean *= assumptions.arrival_weekday_weights[local.weekday()]
    mean *= assumptions.month_weights[local.month - 1]
    return mean * assumptions.peak_factor if peak else mean


def draw_count(chance: random.Random, mean: float) -> int:
    """Draw a count around a mean, over-dispersed as arrivals of parcels are.

    A Poisson whose mean varies by a gamma of shape 12: a standard deviation of 29 % beside the
    Poisson's own. Chosen; counts per site and day are always more scattered than Poisson.
    """
    level = chance.gammavariate(12.0, mean / 12.0) if mean > 0 else 0.0
    if level > 60:
        return max(0, round(chance.gauss(level, math.sqrt(level))))
    threshold, count, product = math.exp(-level), 0, chance.random()
    while product > threshold:
        count += 1
        product *= chance.random()
    return count


def _urge(assumptions: Assumptions, hour: int) -> float:
    """Expected amount of patience spent in the hour after ``hour`` hours of waiting."""
    shape, scale = assumptions.dwell_shape, assumptions.dwell_scale_hours
    after: float = ((hour + 1) / scale) ** shape - (hour / scale) ** shape
    return after


def _rhythm(assumptions: Assumptions, at: int, zone: ZoneInfo) -> float:
    local = datetime.fromtimestamp(at, UTC).astimezone(zone)
    return assumptions.hour_weights[local.hour] * assumptions.weekday_weights[local.weekday()]
