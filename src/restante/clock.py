"""Time and chance come in through the door.

Nobody else in the house asks what time it is or throws dice (a lint rule forbids it): doors are
given a :class:`Clock` and a :class:`Minter` and pass plain values down.
"""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Protocol

from .core.ids import ENTROPY_BYTES, encode_id
from .core.value import UtcSeconds


class Clock(Protocol):
    """Tells the time. Two adapters: :class:`SystemClock` and :class:`VirtualClock`."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
        ...

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970-01-01T00:00:00Z."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1_000_000

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970-01-01T00:00:00Z."""
        return UtcSeconds(self.now_ms() // 1000)


class VirtualClock:
    """A clock that stands still until it is told to move.

    Parameters
    ----------
    at
        The first time it shows.
    """

    def __init__(self, at: UtcSeconds) -> None:
        self._ms = at * 1000

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z."""
        return self._ms

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970-01-01T00:00:00Z."""
        return UtcSeconds(self._ms // 1000)

    def set(self, at: UtcSeconds) -> None:
        """Move to a time, also backwards: that is what real clocks sometimes do."""
        self._ms = at * 1000

    def set_ms(self, at_ms: int) -> None:
        """Move to a time given in milliseconds."""
        self._ms = at_ms


class Minter:
    """Makes ids that sort by time; safe to share between threads.

    Parameters
    ----------
    clock
        Where the time part comes from.
    entropy
        Gives ``n`` bytes of chance: ``secrets.token_bytes`` in life, a seeded generator's
        ``randbytes`` in the simulator.
    """

    def __init__(self, clock: Clock, entropy: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._clock = clock
        self._entropy = entropy
        self._lock = threading.Lock()

    def make(self, kind: str) -> str:
        """Make an id of a kind; see :func:`restante.core.ids.encode_id` for the letters."""
        with self._lock:
            return encode_id(kind, self._clock.now_ms(), self._entropy(ENTROPY_BYTES))

    def secret_bytes(self, count: int) -> bytes:
        """Draw ``count`` bytes for keys, salts and codes."""
        with self._lock:
            return self._entropy(count)
