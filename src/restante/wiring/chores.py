"""What a running centre does by itself: timers, lists, sweeping; one thread, in turns.

Notices are sent in the same turns where the journal is a file: one process writes it best. Where it
is a database they have a process of their own (:mod:`.notice_process`).
"""

import threading
import time
from collections.abc import Callable
from typing import Final

import structlog

from ..operations.deliveries import SWEPT_MAX
from .centre import Centre
from .ending import join
from .revocations import Published, publish_revocations

TURN_SECONDS: Final = 1.0
"""Between two turns when there is nothing to do."""

GATHER_SECONDS: Final = 0.1
"""From one turn's beginning to the next one's: what comes within it is one turn's work."""

FULL: Final = 50
"""Pieces of work after which the next turn begins at once: there is more than one turn takes."""

WATCH_SECONDS: Final = 1.0
"""Between two looks at what seldom changes, and does not wait for it: see
:meth:`restante.operations.hub.Hub.watch_machines`."""

SWEEP_SECONDS: Final = 600.0
"""From one sweep's end to the next: of what nobody needs any more."""

SWEEP_PAUSE_SECONDS: Final = 0.5
"""Between two batches of one sweep: a thousand rows of each sort a second, more than come (chosen),
and most of the time is left to who waits."""

_log = structlog.get_logger(__name__)


class Chores:
    """Runs a centre's chores until it is closed.

    A turn that fails is logged and tried again: timers and outbox are rows, nothing is lost.

    Parameters
    ----------
    sends_notices
        Whether these turns perform what lies in the outbox; else somebody else does.
    monotonic
        Seconds of a clock that never jumps.
    """

    def __init__(
        self,
        centre: Centre,
        *,
        sends_notices: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._centre = centre
        self._monotonic = monotonic
        self._sends_notices = sends_notices
        self._published: Published | None = None
        self._watched_at = 0.0
        self._sweep_at = self._monotonic()
        self._turned_at = self._monotonic()
        self._stop = threading.Event()
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

    def start(self) -> None:
        """Begin."""
        # Another process's facts may be work for this one: lists of lockers that are linked here.
        self._centre.journal.watch(lambda _position: self._woken.set())
        self._centre.hub.beats.gather()
        self._thread.start()

    def stop(self) -> None:
        """Begin no other turn."""
        self._stop.set()
        self._woken.set()

    def close(self, seconds: float | None = None) -> bool:
        """Stop after the turn under way; whether it ended within so many seconds."""
        self.stop()
        return join(self._thread, seconds)

    def seconds_since_turn(self) -> float:
        """Tell how long ago a turn ended well."""
        return self._monotonic() - self._turned_at

    def _run(self) -> None:
        while not self._stop.is_set():
            begun = self._monotonic()
            try:
                done = self._turn()
                self._turned_at = self._monotonic()
            except Exception:  # noqa: BLE001 - a process boundary: the next turn tries again
                _log.exception("a chore failed")
                done = 0
            if not done:
                self._woken.wait(TURN_SECONDS)
            self._woken.clear()
            if done < FULL:
                self._stop.wait(max(0.0, begun + GATHER_SECONDS - self._monotonic()))

    def _turn(self) -> int:
        centre = self._centre
        # Keys that another process has drawn or changed.
        centre.keyring.refresh()
        # Before orders are told, which repeat what the newest beat gave.
        centre.hub.beats.write()
        done = centre.timekeeper.tick()
        done += centre.hub.push_lists()
        self._watch()
        done += centre.orders.turn()
        if self._sends_notices:
            done += centre.worker.turn()
        if self._monotonic() >= self._sweep_at:
            centre.sweeper.turn()
            # What a large network leaves in ten minutes is more than one batch.
            is_behind = centre.deliveries.sweep() >= SWEPT_MAX or centre.sweeper.is_behind
            pause = SWEEP_PAUSE_SECONDS if is_behind else SWEEP_SECONDS
            self._sweep_at = self._monotonic() + pause
        return done

    def _watch(self) -> None:
        if self._monotonic() - self._watched_at >= WATCH_SECONDS:
            self._watched_at = self._monotonic()
            self._centre.hub.watch_machines()
            self._published = publish_revocations(self._centre, self._published)
