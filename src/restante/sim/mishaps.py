"""What goes wrong now and then: links drop, doors stick, somebody forces one, the power goes."""

import random
from collections.abc import Callable
from typing import Final

from ..core.ids import CompartmentId
from ..core.value import DAY, HOUR
from ..edge.boards.simulated import Fault
from .agenda import Agenda
from .assumptions import Assumptions
from .stand import Stand

MONTH: Final = 30 * DAY

FORCED_SECONDS: Final = 20 * 60
"""How long a forced door hangs open before a passer-by shuts it; chosen."""


class Mishaps:
    """Lets things go wrong at a locker, at random times."""

    def __init__(self, agenda: Agenda, *, assumptions: Assumptions, seed: int) -> None:
        self._agenda = agenda
        self._assumptions = assumptions
        self._chance = random.Random(seed)

    def threaten(self, stand: Stand) -> None:
        """Let every kind of mishap come to a stand in its own time, again and again."""
        rates = self._assumptions
        self._repeat(rates.link_outages_per_locker_month, lambda: self._lose_link(stand))
        self._repeat(rates.jams_per_locker_month, lambda: self._jam(stand))
        self._repeat(rates.forced_per_locker_month, lambda: self._force(stand))
        self._repeat(rates.power_cuts_per_locker_month, lambda: self._lose_power(stand))

    def _repeat(self, per_month: float, happening: Callable[[], None]) -> None:
        if per_month <= 0:
            return

        def again() -> None:
            happening()
            self._repeat(per_month, happening)

        self._agenda.after(int(self._chance.expovariate(per_month / MONTH)), again)

    def _lose_link(self, stand: Stand) -> None:
        if stand.link.is_cut:
            return
        hours = self._chance.expovariate(1 / self._assumptions.link_outage_hours_mean)
        stand.link.cut()

        def back() -> None:
            stand.link.restore()
            stand.look()

        self._agenda.after(int(hours * HOUR), back)

    def _jam(self, stand: Stand) -> None:
        name = self._door(stand)
        stand.board.break_door(name, Fault.JAMMED)
        hours = self._chance.uniform(2, 30)
        self._agenda.after(int(hours * HOUR), lambda: stand.board.mend_door(name))

    def _force(self, stand: Stand) -> None:
        if stand.is_taken:
            return
        name = self._door(stand)
        with stand.lock:
            stand.board.force(name)
        stand.look()
        self._agenda.after(FORCED_SECONDS, lambda: self._shut(stand, name))

    def _shut(self, stand: Stand, name: CompartmentId) -> None:
        with stand.lock:
            stand.shut(name)
        stand.look()

    def _lose_power(self, stand: Stand) -> None:
        stand.cut_power()
        stand.look()

    def _door(self, stand: Stand) -> CompartmentId:
        return self._chance.choice(tuple(stand.controller.state.compartments))
