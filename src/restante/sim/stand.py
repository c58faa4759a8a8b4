"""One simulated locker: the real controller, a cabinet made of nothing, and its link.

People of the simulation walk up to a stand; so do people at the demo's kiosk pages, from other
threads: whoever acts holds the stand's lock.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

from ..clock import Clock
from ..core.door import Door
from ..core.ids import CompartmentId, LockerId, SiteId
from ..core.value import UtcSeconds
from ..edge.boards.simulated import SimulatedBoard
from ..edge.controller import Controller
from ..edge.doors import OPENING_READINGS_MIN
from ..link.memory import MemoryLink


class MachineClock:
    """The clock in a locker's computer: right, until somebody sets it wrong.

    Parameters
    ----------
    clock
        What time it is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.skew_seconds = 0
        """How far it is ahead; negative when it is behind."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01T00:00:00Z, as this clock believes."""
        return self._clock.now_ms() + self.skew_seconds * 1000

    def now(self) -> UtcSeconds:
        """Whole seconds since 1970-01-01T00:00:00Z, as this clock believes."""
        return UtcSeconds(self.now_ms() // 1000)


class Machine(NamedTuple):
    """What a power cut takes away and a restart brings back: program and connection."""

    controller: Controller
    link: MemoryLink


class Stand:
    """A locker in its place.

    Parameters
    ----------
    boot
        Starts a controller on the locker's own journal and joins it to the centre; called again
        after every power cut.
    machine_clock
        The computer's own, which ``boot`` gives the controller.
    """

    def __init__(
        self,
        *,
        boot: Callable[[], Machine],
        board: SimulatedBoard,
        clock: Clock,
        machine_clock: MachineClock,
    ) -> None:
        self.board = board
        self.machine_clock = machine_clock
        self.lock = threading.RLock()
        """Held by everybody who acts at this locker; the kiosk pages hold the same one."""
        self.is_screen_busy: Callable[[], bool] = lambda: False
        """Whether somebody uses the screen without being signed in."""
        self.forgets_door = False
        """Whether the next visitor walks off with the door open."""
        self.restarted: Callable[[], None] = lambda: None
        """Called after a power cut, for whoever holds on to the controller, such as its screen."""
        self._boot = boot
        self._clock = clock
        self._machine = boot()

    @property
    def controller(self) -> Controller:
        """The controller that runs now."""
        return self._machine.controller

    @property
    def link(self) -> MemoryLink:
        """Its connection to the centre."""
        return self._machine.link

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
        return self.controller.visit is not None or self.is_screen_busy()

    def cut_power(self) -> None:
        """Take the power away and give it back: what was not on the disk is gone."""
        with self.lock:
            was_cut = self.link.is_cut
            self.link.cut()
            self._machine = self._boot()
            if was_cut:
                self.link.cut()
            self.restarted()

    def look(self) -> None:
        """Let the controller read its sensors and do what is due, then talk to the centre."""
        with self.lock:
            self.controller.tick()
            self.link.pump(self._clock.now())

    def shut(self, compartment: CompartmentId) -> None:
        """Shut a door; the controller notices."""
        self.board.close(compartment)
        self.controller.tick()

    def sees_open(self, compartment: CompartmentId) -> bool:
        """Whether a door that was asked for is open, and the screen does not say that it failed.

        People believe the screen: what it calls failed, they shut and leave alone.
        """
        # A real controller reads its sensors many times while somebody stands there.
        for _ in range(OPENING_READINGS_MIN):
            self.controller.tick()
        known = self.controller.state.compartments[compartment]
        # A sensor that breaks now says shut, and the screen already thanks for the visit.
        has_opened = known.door is Door.CLOSED and not known.failure_count
        return self.board.is_open(compartment) and (known.door is Door.OPEN or has_opened)
