"""A small town with bad luck, played from a seed: what tests of the whole product stand on."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from restante.core.hold import HoldPolicy
from restante.core.value import HOUR, MINUTE, Seconds, UtcSeconds
from restante.edge.boards.simulated import Fault
from restante.notices import Notice
from restante.notices.channel import Unreachable
from restante.settings import read_settings
from restante.sim.arrivals import Labels, draw_parcels
from restante.sim.assumptions import DEFAULT
from restante.sim.city import make_city
from restante.sim.report import Tally, count_tally
from restante.sim.stand import Stand
from restante.sim.town import PARTNER
from restante.wiring.headless import STARTS_AT
from restante.wiring.town import Town, build_town
from tests.simulation.watch import Watch

CITY = make_city(lockers=4, counters=1)
SITES = tuple(site.id for site in CITY.sites if site.layout is not None)
HOURS = 75
"""Put in on the first day, overdue on the second, taken back on the third, returned on the
morning of the fourth."""

HASTY = replace(
    DEFAULT,
    no_show_share=0.12,
    wrong_code_share=0.2,
    does_not_fit_share=0.06,
    dirty_share=0.03,
    reopen_share=0.2,
)
"""People with whom things happen often enough for a few dozen parcels."""

ONE_NIGHT = HoldPolicy(hold_seconds=Seconds(30 * HOUR), extension_count_max=1)


class FlakyMail:
    """A provider that is away at times, and remembers what it took."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.is_away = False
        self.refused_count = 0
        self.keys: list[str] = []
        self.notices: list[Notice] = []

    def send(self, notice: Notice) -> str:
        if self.is_away:
            self.refused_count += 1
            raise Unreachable("the provider is away")
        self.keys.append(notice.key)
        self.notices.append(notice)
        return f"{self.channel}/{len(self.keys)}"


class Story(NamedTuple):
    """What became of a town."""

    seed: int
    tally: Tally
    luck: Counter[str]
    """How often each kind of bad luck struck."""
    ends: Counter[str]
    """How many parcels ended in each state."""
    town: Town
    watch: Watch
    mails: dict[str, FlakyMail]

    def __str__(self) -> str:
        luck = ", ".join(f"{name} {count}" for name, count in sorted(self.luck.items()))
        ends = ", ".join(f"{name} {count}" for name, count in sorted(self.ends.items()))
        return f"seed {self.seed}: {ends} | {luck}"


class Trouble:
    """Breaks things and mends them again, by chance.

    Parameters
    ----------
    pause_minutes
        Mean pause between two strokes of bad luck in the whole town.
    """

    def __init__(
        self, town: Town, mails: dict[str, FlakyMail], seed: int, pause_minutes: int
    ) -> None:
        self._town = town
        self._mails = mails
        self._chance = random.Random(f"trouble {seed}")
        self._pause_minutes = pause_minutes
        self.luck: Counter[str] = Counter()
        self._is_over = False

    def strike_for_ever(self) -> Iterator[int]:
        """Strike again and again; begun as a doing of the agenda."""
        kinds = (
            (5, self._cut_link),
            (4, self._cut_power),
            (6, self._break_door),
            (2, self._force_door),
            (2, self._silence),
            (1, self._stop_mail),
            (2, self._skew_clock),
        )
        while True:
            yield int(60 * self._chance.expovariate(1 / self._pause_minutes)) + 1
            strike = self._chance.choices([k for _, k in kinds], [w for w, _ in kinds])[0]
            stands = self._town.stands
            if self._chance.random() < 0.7:
                yield from self._wait_for_visit()
                stands = tuple(one for one in stands if one.controller.visit is not None) or stands
            if self._is_over:
                return
            strike(self._chance.choice(stands))

    def _wait_for_visit(self) -> Iterator[int]:
        """Lie in wait: bad luck hurts most where somebody stands."""
        for _ in range(6 * HOUR // 5):
            if any(stand.controller.visit is not None for stand in self._town.stands):
                yield self._chance.randrange(30)
                return
            yield 5

    def heal(self) -> None:
        """End all bad luck, and shut doors that stand open."""
        self._is_over = True
        for mail in self._mails.values():
            mail.is_away = False
        for stand in self._town.stands:
            with stand.lock:
                stand.machine_clock.skew_seconds = 0
                stand.link.restore()
                stand.board.speak()
                for name in stand.controller.state.compartments:
                    stand.board.mend_door(name)
                for name in stand.board.open_doors():
                    if stand.controller.visit is None:
                        stand.shut(name)

    def _later(self, minutes_mean: float, happening: Callable[[], None]) -> None:
        seconds = int(60 * self._chance.expovariate(1 / minutes_mean)) + 5
        self._town.world.agenda.after(seconds, happening)

    def _cut_link(self, stand: Stand) -> None:
        self.luck["link cut"] += 1
        stand.link.cut()
        self._later(180, stand.link.restore)

    def _cut_power(self, stand: Stand) -> None:
        self.luck["power cut"] += 1
        if stand.controller.visit is not None:
            self.luck["power cut in a visit"] += 1
        if stand.board.open_doors():
            self.luck["power cut at an open door"] += 1
        stand.cut_power()

    def _break_door(self, stand: Stand) -> None:
        """Give every third door of a locker the same fault: one alone is hardly ever met."""
        fault = self._chance.choice(list(Fault))
        names = sorted(stand.controller.state.compartments)
        broken = self._chance.sample(names, len(names) // 3)
        self.luck[f"door {fault}"] += 1
        for name in broken:
            stand.board.break_door(name, fault)

        def mend() -> None:
            for name in broken:
                stand.board.mend_door(name)
                if fault is Fault.STUCK_CLOSED and stand.controller.visit is None:
                    stand.shut(name)

        self._later(120, mend)

    def _force_door(self, stand: Stand) -> None:
        self.luck["door forced"] += 1
        name = self._chance.choice(sorted(stand.controller.state.compartments))
        stand.board.force(name)
        stand.look()
        self._later(20, partial(stand.shut, name))

    def _silence(self, stand: Stand) -> None:
        self.luck["board silent"] += 1
        stand.board.silence()
        self._later(15, stand.board.speak)

    def _stop_mail(self, _stand: Stand) -> None:
        self.luck["provider away"] += 1
        for mail in self._mails.values():
            mail.is_away = True

        def come_back() -> None:
            for mail in self._mails.values():
                mail.is_away = False

        self._later(60, come_back)

    def _skew_clock(self, stand: Stand) -> None:
        self.luck["clock set wrong"] += 1
        limit = 40 * MINUTE
        stand.machine_clock.skew_seconds += self._chance.randint(-limit, limit)


def make_town(
    folder: Path, seed: int, *, is_watched: bool = False
) -> tuple[Town, dict[str, FlakyMail]]:
    """Build a small town; nothing has happened in it yet."""
    mails: dict[str, FlakyMail] = {}

    def make_mail(channel: str) -> FlakyMail:
        return mails.setdefault(channel, FlakyMail(channel))

    town = build_town(
        read_settings(environ={}, arguments={"data_dir": folder, "zone": "Europe/Berlin"}),
        starts_at=STARTS_AT,
        seed=seed,
        is_watched=is_watched,
        assumptions=HASTY,
        hold=ONE_NIGHT,
        city=CITY,
        mail=make_mail,
    )
    return town, mails


def play(
    folder: Path,
    seed: int,
    *,
    parcels: int = 32,
    hours: int = HOURS,
    pause_minutes: int = 12,
) -> Story:
    """Play a small town from a seed, heal it, and count; the caller closes the town."""
    town, mails = make_town(folder, seed)
    watch = Watch(town)
    world, agenda = town.world, town.world.agenda
    dice, labels = random.Random(f"parcels {seed}"), Labels()
    each = parcels // len(SITES)
    for number, site in enumerate(SITES):
        drawn = draw_parcels(dice, labels, site, each, first_number=number * each)
        world.announce(drawn, partner=PARTNER)
    world.open_for_business()
    trouble = Trouble(town, mails, seed, pause_minutes)
    agenda.begin(STARTS_AT + 2 * HOUR, trouble.strike_for_ever())
    agenda.every(20 * MINUTE, watch.look)
    agenda.run_until(UtcSeconds(STARTS_AT + hours * HOUR))
    trouble.heal()
    world.settle(2 * HOUR)
    watch.look()
    tally = count_tally(
        town.office.journal,
        town.stands,
        world.letters,
        notices_sent=town.notices_sent,
        seconds=0.0,
    )
    return Story(seed, tally, trouble.luck, watch.ends(), town, watch, mails)
