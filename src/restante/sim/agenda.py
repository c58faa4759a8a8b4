"""What will happen next, in order of time: the heart of every simulation here.

Things due at the same moment happen in the order they were written down, so that one seed always
plays the same life. A longer doing (a visit, a tour) is a generator that yields the seconds until
its next step.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import TypeAlias

from ..clock import VirtualClock
from ..core.value import UtcSeconds

Happening: TypeAlias = Callable[[], None]
Doing: TypeAlias = Iterator[int]
"""Yields seconds until it goes on."""


class Agenda:
    """A calendar that moves the clock.

    Parameters
    ----------
    clock
        Set to each happening's time before it happens.
    """

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._due: list[tuple[int, int, Happening]] = []
        self._written = 0
        self.happened_count = 0

    @property
    def now(self) -> UtcSeconds:
        """What time it is."""
        return self._clock.now()

    @property
    def next_at(self) -> UtcSeconds | None:
        """When something happens next; ``None`` when nothing is left."""
        return UtcSeconds(self._due[0][0]) if self._due else None

    def at(self, moment: int, happening: Happening) -> None:
        """Write something down; what should have happened earlier happens next."""
        self._written += 1
        heapq.heappush(self._due, (max(moment, self.now), self._written, happening))

    def after(self, seconds: int, happening: Happening) -> None:
        """Write something down for later."""
        self.at(self.now + seconds, happening)

    def every(self, seconds: int, happening: Happening) -> None:
        """Let something happen again and again, first now."""

        def again() -> None:
            happening()
            self.after(seconds, again)

        self.at(self.now, again)

    def begin(self, moment: int, doing: Doing) -> None:
        """Write a longer doing down; it goes on after each number of seconds it yields."""

        def step() -> None:
            pause = next(doing, None)
            if pause is not None:
                self.after(pause, step)

        self.at(moment, step)

    def run_until(self, moment: int) -> int:
        """Let everything happen that is due up to and including a moment, then stand there.

        Returns
        -------
        int
            How many things happened.
        """
        before = self.happened_count
        while self._due and self._due[0][0] <= moment:
            at, _, happening = heapq.heappop(self._due)
            self._clock.set(UtcSeconds(max(at, self.now)))
            self.happened_count += 1
            happening()
        self._clock.set(UtcSeconds(max(moment, self.now)))
        return self.happened_count - before
