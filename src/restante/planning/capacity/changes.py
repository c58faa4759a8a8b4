"""What a question "what if" changes: more parcels, a locker out, other reminders, a storm."""

from datetime import date
from typing import Annotated, Final

import msgspec
import numpy as np

from ...core.value import Value
from ..entry import BadProblem
from .problem import Factor, Habits, Network
from .stream import Floats

STORM_COLLECT_FACTOR: Final = 0.15
"""Share of the usual urge to collect that is left on a day of storm (chosen; no figure found)."""


class Shut(Value):
    """A site at which nothing is deposited: for some days while it is out, or closed for good."""

    site: str
    from_day: int
    days: int | None = None
    """None when it is closed for good: what is inside is then still collected."""


class Changes(Value):
    """Everything that differs from the network as it is."""

    peak: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    """What arrivals are multiplied by."""
    peak_from_day: int = 0
    peak_days: int | None = None
    """The whole time when None."""
    shut: tuple[Shut, ...] = ()
    reminders_earlier_h: float = 0.0
    reward_factor: Factor = 1.0
    reward_h: float = 0.0
    storms: tuple[str, ...] = ()
    """Dates, or numbers of days from 0; no courier drives and few people go out."""
    storm_collect_factor: Factor = STORM_COLLECT_FACTOR

    def storm_days(self, network: Network) -> list[int]:
        """Number the days of storm from the first day."""
        return [find_day(network, day, "a storm") for day in self.storms]

    def levels(self, network: Network, days: int) -> Floats:
        """Tell how much comes on each day beside the usual."""
        del network
        levels = np.ones(days)
        until = None if self.peak_days is None else self.peak_from_day + self.peak_days
        levels[self.peak_from_day : until] = self.peak
        return levels

    def apply(self, network: Network) -> Network:
        """Change what people do."""
        known = network.habits
        habits: Habits = msgspec.structs.replace(
            known,
            reminder_after_h=max(0.0, known.reminder_after_h - self.reminders_earlier_h),
            reminder_before_end_h=known.reminder_before_end_h + self.reminders_earlier_h,
            reward_factor=self.reward_factor if self.reward_h else known.reward_factor,
            reward_h=self.reward_h or known.reward_h,
        )
        for shut in self.shut:
            network.site(shut.site)
        return msgspec.structs.replace(network, habits=habits)

    def says(self) -> tuple[str, ...]:
        """Say in words what is changed."""
        told = []
        if self.peak != 1.0:
            when = "" if self.peak_days is None else f" for {self.peak_days} days"
            told.append(f"{self.peak:g} times as many parcels{when}")
        for shut in self.shut:
            how = "closed" if shut.days is None else f"out for {shut.days} days"
            told.append(f"{shut.site} {how} from day {shut.from_day}")
        if self.reminders_earlier_h:
            told.append(f"reminders {self.reminders_earlier_h:g} h earlier")
        if self.reward_h:
            told.append(
                f"early collection rewarded: urge times {self.reward_factor:g}"
                f" for {self.reward_h:g} h"
            )
        told += [f"storm on {day}" for day in self.storms]
        return tuple(told)


NO_CHANGES: Final = Changes()


def find_day(network: Network, said: str, what: str) -> int:
    """Number a day from the first: a date, or the number itself.

    Raises
    ------
    BadProblem
        When it is none, or lies before the first day.
    """
    if said.isdigit():
        return int(said)
    try:
        wanted = date.fromisoformat(said)
    except ValueError:
        raise BadProblem("", f"{said!r} is no day for {what}; write 2026-12-24, or 3") from None
    first = network.first_day
    if first is None:
        raise BadProblem(
            "", f"{what} on {said} needs to know when the first day is: give the network starts_on"
        )
    if wanted < first:
        raise BadProblem("", f"{what} on {said} is before the first day, {first}")
    return (wanted - first).days
