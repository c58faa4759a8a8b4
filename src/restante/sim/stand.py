"""One simulated locker: the real controller, a cabinet made of nothing, and its link.

People of the simulation walk up to a stand; so do people at the demo's kiosk pages, from other
threads: whoever acts holds the stand's lock.
"""

import threading

from ..clock import Clock
from ..core.ids import CompartmentId, LockerId, SiteId
from ..edge.boards.simulated import SimulatedBoard
from ..edge.controller import Controller
from ..link.memory import MemoryLink


class Stand:
    """A locker in its place.

    Parameters
    ----------
    lock
        Held by everybody who acts at this locker; the kiosk pages hold the same one.
    """

    def __init__(
        self,
        *,
        controller: Controller,
        board: SimulatedBoard,
        link: MemoryLink,
        clock: Clock,
        lock: "threading.RLock | None" = None,
    ) -> None:
        self.controller = controller
        self.board = board
        self.link = link
        self.lock = threading.RLock() if lock is None else lock
        self._clock = clock

    @property
    def locker(self) -> LockerId:
        """Which locker it is."""
        return self.controller.config.locker

    @property
    def site(self) -> SiteId:
        """Where it stands."""
        return self.controller.config.site

    @property
    def is_taken(self) -> bool:
        """Whether somebody stands before it."""
        return self.controller.visit is not None

    def look(self) -> None:
        """Let the controller read its sensors and do what is due, then talk to the centre."""
        with self.lock:
            self.controller.tick()
            self.link.pump(self._clock.now())

    def shut(self, compartment: CompartmentId) -> None:
        """Shut a door; the controller notices."""
        self.board.close(compartment)
        self.controller.tick()

    def see_slow_door(self, compartment: CompartmentId) -> bool:
        """Look again whether a door that was asked for has opened."""
        self.controller.tick()
        return self.board.is_open(compartment)
