"""A clock that does not go back by itself.

A controller's clock may lose years with its battery, or be set by hand. Holds, pauses and windows
must not run backwards with it: time goes on from the last moment known, until the centre's signed
word says better. That word is believed in both directions.
"""

from typing import Final

from ..clock import Clock
from ..core.value import UtcSeconds

TOLERANCE_SECONDS: Final = 2
"""Differences up to this are the way of the message, not an error of the clock (chosen)."""


class SteadyClock:
    """A clock with memory.

    Parameters
    ----------
    clock
        The machine's own.
    last_known
        A moment that is certainly past: that of the last fact in the journal.
    """

    def __init__(self, clock: Clock, last_known: UtcSeconds = UtcSeconds(0)) -> None:
        self._clock = clock
        self._offset = 0
        self._last = last_known
        self.is_doubtful = False
        """Whether the machine's clock has gone back and nobody trusted has told the time since."""

    def now(self) -> UtcSeconds:
        """Tell the time; never less than before, unless the centre corrected it."""
        found = self._clock.now() + self._offset
        if found < self._last:
            self._offset += self._last - found
            self.is_doubtful = True
        self._last = UtcSeconds(max(found, self._last))
        return self._last

    def told(self, at_ms: int) -> None:
        """Believe the centre's signed word about the time."""
        wanted = at_ms // 1000
        self.is_doubtful = False
        if abs(wanted - self.now()) > TOLERANCE_SECONDS:
            self._offset = wanted - self._clock.now()
            self._last = UtcSeconds(wanted)
        self.is_doubtful = False
