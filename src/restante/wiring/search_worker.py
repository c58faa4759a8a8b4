"""What programs that search have in common: how they are told and tell.

A process of its own, with lower priority, so that searching neither delays the centre nor keeps its
memory, and can be ended at once. It reads one line of orders and then a problem from standard
input, and writes JSON lines to standard output: how it goes (``progress``), and in the end what it
found (``done``: figures and papers), or why not (``failed``). Seconds of 0 ask only whether the
problem can be read (``read``). It knows no journal.
"""

import math
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

NICENESS: Final = 10
LONGER_MAX: Final = 4.0
TOLD_SECONDS: Final = 0.25
"""Between two lines about a search: an eye does not see more."""

_Order = TypeVar("_Order")


def take_order(kind: type[_Order]) -> tuple[_Order, bytes]:
    """Read what shall be done, and the problem; from here on with low priority."""
    os.nice(NICENESS)
    order = msgspec.json.decode(sys.stdin.buffer.readline(), type=kind)
    return order, sys.stdin.buffer.read()


def tell(line: dict[str, Any]) -> None:
    """Say one line."""
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


class Teller:
    """Tells how a search goes, not more often than an eye sees."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._told_at = -math.inf

    def tell(self, *, share: float, cost: float, iterations: int = 0, **more: Any) -> None:
        """Say it, unless something was said just now.

        Parameters
        ----------
        share
            Of the time that was given, 0 to 1.
        cost
            Of the best answer so far; infinite before there is one.
        """
        now = time.monotonic()
        if now - self._told_at < TOLD_SECONDS:
            return
        self._told_at = now
        progress = {
            "stage": "searching",
            "share": round(min(1.0, share), 4),
            "cost": cost if math.isfinite(cost) else None,
            "iterations": iterations,
            "per_second": round(iterations / max(now - self._began, 1e-3)),
        }
        tell({"progress": progress | more})


def own_clock() -> Callable[[], float]:
    """Make a clock of this process's work.

    With low priority on a busy machine a second of the wall may hold nothing: seconds of work
    count, but no search takes more than four times as long as it was told.
    """
    worked, began = time.process_time(), time.monotonic()
    return lambda: max(time.process_time() - worked, (time.monotonic() - began) / LONGER_MAX)
