"""What the sensors of a city's lockers live through: weather, power, rough hands, loose wires.

Chance of its own, so that the same people live the same life whether or not a sensor has news.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from ..core.alarm import Sensor
from ..core.value import HOUR
from .agenda import Agenda
from .assumptions import Assumptions
from .stand import Stand

MONTH_SECONDS: Final = 30 * 24 * HOUR

CALM: Final = {
    Sensor.TEMPERATURE: 190,
    Sensor.HUMIDITY: 55,
    Sensor.BATTERY: 12_900,
    Sensor.MAINS: 1,
    Sensor.TAMPER: 0,
}
"""What a locker's sensors say on a good day."""

LASTING_SECONDS: Final = 61
"""When a locker looks again, so that what must last a minute has lasted it."""

FALL_OF_BATTERY: Final = (12_600, 12_100, 11_700, 11_300)
"""Millivolts of a battery that nobody charges, one step in three quarters of an hour; chosen."""


class Sensing:
    """Gives lockers sensors, and the sensors something to tell."""

    def __init__(self, agenda: Agenda, *, assumptions: Assumptions, seed: int) -> None:
        self._agenda = agenda
        self._assumptions = assumptions
        self._chance = random.Random(f"sensing {seed}")

    def attend(self, stand: Stand) -> None:
        """Build sensors in, and let everything come to them in its own time."""
        for sensor, value in CALM.items():
            stand.board.set_sensor(sensor, value)
        rates = self._assumptions
        self._repeat(rates.heats_per_locker_month, partial(self.heat, stand))
        self._repeat(rates.mains_losses_per_locker_month, partial(self.lose_mains, stand))
        self._repeat(rates.tampers_per_locker_month, partial(self.tamper, stand))
        self._repeat(rates.board_silences_per_locker_month, partial(self.silence, stand))
        self._repeat(rates.doors_left_open_per_locker_month, partial(self.leave_open, stand))

    def show_each(self, stands: Sequence[Stand]) -> None:
        """Let one of each kind happen now, at stands of their own: for those who come to look."""
        kinds = (self.heat, self.lose_mains, self.tamper, self.silence, self.leave_open)
        chosen = self._chance.sample(list(stands), min(len(kinds), len(stands)))
        for happen, stand in zip(kinds, chosen, strict=False):
            happen(stand)

    def heat(self, stand: Stand) -> None:
        """Let the sun stand on it for some hours."""
        self._set(stand, Sensor.TEMPERATURE, self._chance.randrange(505, 560))
        hours = self._chance.uniform(2, 5)
        self._later(hours, partial(self._set, stand, Sensor.TEMPERATURE, CALM[Sensor.TEMPERATURE]))

    def lose_mains(self, stand: Stand) -> None:
        """Take the mains power; the battery carries it, and falls."""
        self._set(stand, Sensor.MAINS, 0)
        for step, millivolts in enumerate(FALL_OF_BATTERY, start=1):
            self._later(0.75 * step, partial(self._set, stand, Sensor.BATTERY, millivolts))

        def back() -> None:
            self._set(stand, Sensor.BATTERY, CALM[Sensor.BATTERY])
            self._set(stand, Sensor.MAINS, CALM[Sensor.MAINS])

        self._later(0.75 * len(FALL_OF_BATTERY) + self._chance.uniform(0.5, 2), back)

    def tamper(self, stand: Stand) -> None:
        """Let somebody shake it, and go."""
        self._set(stand, Sensor.TAMPER, 1)
        hours = self._chance.uniform(0.5, 3)
        self._later(hours, partial(self._set, stand, Sensor.TAMPER, CALM[Sensor.TAMPER]))

    def silence(self, stand: Stand) -> None:
        """Let the wire to its lock board come loose, while nobody stands there."""
        if stand.is_taken:
            return
        stand.board.silence()
        stand.look()

        def speak() -> None:
            stand.board.speak()
            self._look(stand)

        self._later(self._chance.uniform(0.5, 2), speak)

    def leave_open(self, stand: Stand) -> None:
        """Let the next visitor walk off with the door open."""
        stand.forgets_door = True

    def _repeat(self, per_month: float, happening: Callable[[], None]) -> None:
        if per_month <= 0:
            return

        def again() -> None:
            happening()
            self._repeat(per_month, happening)

        self._agenda.after(int(self._chance.expovariate(per_month / MONTH_SECONDS)), again)

    def _set(self, stand: Stand, sensor: Sensor, value: int) -> None:
        with stand.lock:
            stand.board.set_sensor(sensor, value)
        self._look(stand)

    def _look(self, stand: Stand) -> None:
        stand.look()
        self._agenda.after(LASTING_SECONDS, stand.look)

    def _later(self, hours: float, happening: Callable[[], None]) -> None:
        self._agenda.after(int(hours * HOUR), happening)
