"""A seal for each day, made by the centre itself.

S1. Once a day has begun (UTC), what was written since the last seal is signed under its name; a day
    after which nothing was written gets none.
S2. Of several processes of a centre one does it: each begins at a moment of its own, and looks
    again before it begins. Should two do it, the database keeps one.
S3. Reading a day's facts takes time: at most half of it, so that nobody else waits for it. A
    process that ends leaves it to the next.

A seal proves something to whoever keeps it elsewhere: ``restante journal heads`` prints them.
"""

import datetime as dt
import threading
from random import Random
from typing import Final

import structlog

from ..clock import Clock
from ..core.value import UtcSeconds
from ..journal.port import Seal
from ..journal.seal import seal_day
from ..journal.sql import SqlJournal
from ..settings import Settings
from .archive import sealer_of
from .ending import join

LOOK_SECONDS: Final = 60.0
"""Between two looks whether a day has begun."""

SPREAD_SECONDS: Final = 600
"""Within so many after a day's beginning each process has its moment (chosen)."""

_log = structlog.get_logger(__name__)


class _Ended(Exception):
    """The process ends."""


class Sealing:
    """Seals each day until it is stopped.

    Parameters
    ----------
    chance
        Chooses this process's moment.
    """

    def __init__(
        self, journal: SqlJournal, clock: Clock, settings: Settings, chance: Random
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._after_seconds = chance.randrange(SPREAD_SECONDS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="seals", daemon=True)

    def start(self) -> None:
        """Begin, where the settings ask for it."""
        if self._settings.seal_every_days:
            self._thread.start()

    def stop(self) -> None:
        """Leave what is under way to the next start."""
        self._stop.set()

    def close(self, seconds: float | None = None) -> bool:
        """Wait until it has ended; whether it has within so many seconds."""
        self.stop()
        return join(self._thread, seconds)

    def turn(self) -> Seal | None:
        """Seal what is due, if anything is."""
        now = UtcSeconds(self._clock.now() - self._after_seconds)
        today = dt.datetime.fromtimestamp(now, dt.UTC).date()
        seals = self._journal.seals()
        if seals:
            days = (today - dt.date.fromisoformat(seals[-1].day)).days
            if days < self._settings.seal_every_days:
                return None
        if self._journal.head() <= (seals[-1].to_position if seals else 0):
            return None
        try:
            made = seal_day(self._journal, today, sealer_of(self._settings), pause=self._pause)
        except ValueError:
            # Another process was faster (S2).
            return None
        _log.info("journal sealed", day=made.day, position=made.to_position)
        return made

    def _pause(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise _Ended

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.turn()
            except _Ended:
                return
            except Exception:  # noqa: BLE001 - a thread's boundary: the next look tries again
                _log.exception("the journal was not sealed")
