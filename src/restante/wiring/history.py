"""Notice that a database has lost facts that were told, and go on beyond them.

H1. What this process was told is written is looked for every second, and above all when the
    process starts: see :mod:`restante.journal.witness`. Until positions go on above what was told,
    nothing is written here.
H2. Facts that are gone come again from lockers, or not at all. Their positions are left out, and
    every list is sent whole, as after records were put back from a copy.
H3. A person is told as long as this process lives, and the journal for ever.
"""

import threading
from typing import Final

import structlog

from ..journal.port import Busy, Conflict
from ..journal.witness import Loss, Witness
from ..operations.restored import note_put_back
from ..views.principal import Principal
from .centre import Centre
from .ending import join

LOOK_SECONDS: Final = 1.0
WITNESS_FILE: Final = "told.json"
"""In the data folder: the last fact that was told as written."""

_log = structlog.get_logger(__name__)


class History:
    """Looks until it is stopped."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._witness = Witness(centre.settings.data_dir / WITNESS_FILE)
        self._witness.begin(centre.journal)
        centre.journal.witness = self._witness
        self.losses: tuple[Loss, ...] = ()
        """What was lost since this process began."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()

    def close(self, seconds: float | None = None) -> bool:
        """Write down what is known; whether it ended within so many seconds."""
        self.stop()
        has_ended = join(self._thread, seconds)
        if has_ended:
            self._witness.keep()
        return has_ended

    def turn(self) -> bool:
        """Look, and go on beyond what was lost; whether something was."""
        centre = self._centre
        loss = self._witness.look(centre.journal)
        if loss is not None:
            begins = note_put_back(
                centre.journal,
                Principal.of_operator("failover"),
                network=centre.settings.network_id,
                now=centre.clock.now,
            )
            self.losses += (loss,)
            _log.error("facts that were told are gone", told=loss.told, last=loss.last, next=begins)
        self._witness.keep()
        return loss is not None

    def _run(self) -> None:
        while True:
            try:
                self.turn()
            except (Busy, Conflict):
                # No server takes writes just now, or another process does the same.
                pass
            except Exception:  # noqa: BLE001 - a thread's boundary: the next look tries again
                _log.exception("looking for lost facts failed")
            if self._stop.wait(LOOK_SECONDS):
                return
