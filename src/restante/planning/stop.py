"""When a search ends. The only clock of a planner is the one its stop was made with."""

from collections.abc import Callable
from typing import Protocol


class Stop(Protocol):
    """Says how much of a search's budget is used."""

    def share(self, turns: int) -> float:
        """Tell the share that is used after so many turns; 1 or more means to end."""

    def stretch(self, turns: int) -> int:
        """Tell how many turns to make before asking again."""


class MaxIterations:
    """Ends after a number of turns: the same seed gives the same result on every machine."""

    def __init__(self, iterations: int) -> None:
        if iterations < 1:
            raise ValueError(f"a search makes at least one iteration, not {iterations}")
        self._iterations = iterations

    def share(self, turns: int) -> float:
        """Tell the share of turns that were made."""
        return turns / self._iterations

    def stretch(self, turns: int) -> int:
        """Make a hundredth of all turns before the temperature falls."""
        return max(1, min(self._iterations // 100, self._iterations - turns, 1_000))


class MaxSeconds:
    """Ends after a time; how many turns that are depends on the machine.

    Parameters
    ----------
    seconds
        Counted from the making of this.
    now
        A clock that never goes back, such as ``time.monotonic``.
    """

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        if not seconds > 0:
            raise ValueError(f"a search takes more than 0 seconds, not {seconds}")
        self._seconds = seconds
        self._now = now
        self._began = self._asked = now()
        self._turns = 0

    def share(self, turns: int) -> float:
        """Tell the share of seconds that went by."""
        del turns
        return (self._now() - self._began) / self._seconds

    def stretch(self, turns: int) -> int:
        """Make as many turns as the last ones let expect in a tenth of a second."""
        now = self._now()
        made, took = turns - self._turns, now - self._asked
        self._turns, self._asked = turns, now
        if made <= 0:
            return 20
        left = max(0.0, self._began + self._seconds - now)
        per_turn = max(took, 1e-6) / made
        return max(1, min(int(min(0.1, left) / per_turn), 10 * made))
