"""A clock that does not go back by itself, and says how far it may be believed.

A controller's clock may lose years with its battery, or be set by hand. Holds, pauses and windows
must not run backwards with it: time goes on from the last moment known, until the centre's signed
word says better. That word is believed in both directions, and its correction outlives a restart.

Rules (reliability 7.5)
-----
T1  *Synced*: told by the centre in this run of the program, not longer ago than
    :data:`SYNCED_SECONDS`. *Unknown*: gone back, before :data:`EARLIEST`, or not told for longer
    than :data:`HOLDOVER_SECONDS_MAX`. *Holdover*: everything between.
T2  A recipient is not refused for our clock: in holdover a permission is stretched by
    :data:`GRACE_SECONDS` at both ends, in unknown it has no ends.
T3  A courier is: in unknown nobody signs in as one without a signed time of this run that is not
    older than :data:`COURIER_TIME_SECONDS`.
T4  The order of facts is their number, never their time.
"""

from enum import StrEnum
from typing import Final

from msgspec.structs import replace

from ..clock import Clock
from ..core.grant import Grant
from ..core.value import DAY, FOREVER, HOUR, Seconds, UtcSeconds, Value

TOLERANCE_SECONDS: Final = 2
"""Differences up to this are the way of the message, not an error of the clock (chosen)."""

STEP_BACK_SECONDS_MAX: Final = 90
"""A clock set back by this much was put right by its operating system, not lost (chosen; as far
as two clocks may be apart when a token is judged)."""

SYNCED_SECONDS: Final = Seconds(24 * HOUR)
"""At 100 ppm a clock drifts 8.6 s a day; the centre tells the time every hour."""

HOLDOVER_SECONDS_MAX: Final = Seconds(30 * DAY)
"""At 100 ppm 4.3 minutes in 30 days, far below the grace of a day."""

GRACE_SECONDS: Final = Seconds(24 * HOUR)
COURIER_TIME_SECONDS: Final = Seconds(12 * HOUR)
"""As long as a shift lasts."""

EARLIEST: Final = UtcSeconds(1_735_689_600)
"""2025-01-01: before this program was written no clock of it was right."""


class ClockQuality(StrEnum):
    """How far the locker's time may be believed (T1)."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    UNKNOWN = "unknown"


class Correction(Value):
    """What is kept of the centre's last word about the time."""

    told_at: UtcSeconds
    offset_seconds: int
    """What to add to the machine's clock."""


class SteadyClock:
    """A clock with memory.

    Parameters
    ----------
    clock
        The machine's own.
    last_known
        A moment that is certainly past: that of the last fact in the journal.
    correction
        The centre's last word, as :meth:`told` gave it before the program ended.
    """

    def __init__(
        self,
        clock: Clock,
        last_known: UtcSeconds = UtcSeconds(0),
        correction: Correction | None = None,
    ) -> None:
        self._clock = clock
        self._offset = 0 if correction is None else correction.offset_seconds
        self._last = last_known
        self._told_at = None if correction is None else correction.told_at
        self._is_told_here = False
        self._is_lost = False

    @property
    def is_time_unknown(self) -> bool:
        """Whether the time is unknown."""
        return self.quality is ClockQuality.UNKNOWN

    @property
    def quality(self) -> ClockQuality:
        """How far the time may be believed now (T1)."""
        now = self.now()
        if self._is_lost or now < EARLIEST:
            return ClockQuality.UNKNOWN
        if self._told_at is None:
            return ClockQuality.HOLDOVER
        age = now - self._told_at
        if age > HOLDOVER_SECONDS_MAX:
            return ClockQuality.UNKNOWN
        is_synced = self._is_told_here and age <= SYNCED_SECONDS
        return ClockQuality.SYNCED if is_synced else ClockQuality.HOLDOVER

    def now(self) -> UtcSeconds:
        """Tell the time; never less than before, unless the centre corrected it."""
        found = self._clock.now() + self._offset
        if found < self._last:
            self._offset += self._last - found
            self._is_lost |= self._last - found > STEP_BACK_SECONDS_MAX
        self._last = UtcSeconds(max(found, self._last))
        return self._last

    def told(self, at_ms: int) -> Correction:
        """Believe the centre's signed word about the time; keep what is returned."""
        wanted = UtcSeconds(at_ms // 1000)
        if abs(wanted - self.now()) > TOLERANCE_SECONDS:
            self._offset = wanted - self._clock.now()
            self._last = wanted
        self._told_at = wanted
        self._is_told_here = True
        self._is_lost = False
        return Correction(told_at=wanted, offset_seconds=self._offset)

    @property
    def grace_seconds(self) -> Seconds:
        """How much a recipient's permission is stretched at both ends now (T2)."""
        match self.quality:
            case ClockQuality.SYNCED:
                return Seconds(0)
            case ClockQuality.HOLDOVER:
                return GRACE_SECONDS
            case ClockQuality.UNKNOWN:
                return Seconds(FOREVER)

    def stretch(self, grant: Grant) -> Grant:
        """Give a recipient's permission as it counts now (T2)."""
        grace = self.grace_seconds
        return replace(
            grant,
            valid_from=UtcSeconds(max(0, grant.valid_from - grace)),
            valid_until=UtcSeconds(min(FOREVER, grant.valid_until + grace)),
        )

    @property
    def is_good_for_couriers(self) -> bool:
        """Whether a courier's certificate can be judged (T3)."""
        if self.quality is not ClockQuality.UNKNOWN:
            return True
        told_at = self._told_at if self._is_told_here else None
        return told_at is not None and 0 <= self.now() - told_at <= COURIER_TIME_SECONDS
