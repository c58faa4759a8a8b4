"""A week without the line: 2,000 facts at the locker, changes at the centre, then agreement.

Deliveries, pickups, wrong codes, unannounced parcels and a power cut happen at the locker;
announcements, extensions, cancellations and receipts at the centre.
"""

import asyncio
import random
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from restante.core.ids import ParcelId
from restante.core.refusal import Refused
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.link.mqtt import CentreMqtt, LockerMqtt
from restante.operations.cancel import cancel
from restante.operations.extend import extend
from tests.link.broker import QUICK, Broker
from tests.link.test_mqtt import running
from tests.operations.alone import Far
from tests.operations.house import LOCKER, OPERATOR, House, open_house

FACTS_MIN = 2_000
AGREED_SECONDS_MAX = 60
COMPARTMENTS = 24


class Week:
    """What happens at both ends while they do not hear each other."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.far = Far(house, count=COMPARTMENTS)
        self.done: Counter[str] = Counter()
        self.dice = random.Random(7)
        self.expected: list[str] = []
        self.inside: list[ParcelId] = []
        self.number = 0

    def announce(self, count: int) -> None:
        """Announce parcels; those before the cut are expected at the locker."""
        for _ in range(count):
            self.number += 1
            label = f"JJD{self.number:08d}"
            try:
                self.house.announce(label)
            except Refused:
                return
            self.expected.append(label)
            self.done["announced"] += 1

    def live_through(self) -> None:
        """Let the days pass until enough has happened, and the whole week in any case."""
        far, house = self.far, self.house
        before = far.controller.store.version
        began = far.clock.now()
        while far.clock.now() < began + 7 * DAY - 2 * HOUR:
            self.pass_hours(1)
            for _ in range(2):
                self.at_the_locker()
            self.at_the_centre()
            if self.dice.random() < 0.02:
                far.boot()
                far.link.cut()
                self.done["power cuts"] += 1
        self.facts = far.controller.store.version - before
        assert house.centre.hub.end_for(LOCKER).is_connected is False

    def pass_hours(self, hours: int) -> None:
        self.house.pass_time(hours * HOUR)
        self.far.clock.set(UtcSeconds(self.far.clock.now() + hours * HOUR))
        self.far.controller.tick()

    def at_the_locker(self) -> None:
        far = self.far
        if self.expected and far.controller.size_classes():
            label = self.expected.pop(0)
            try:
                far.bring(label)
                self.done["deposited"] += 1
            except Refused:
                self.done["turned away"] += 1
                far.controller.end_visit()
        if self.dice.random() < 0.5 and len(far.controller.size_classes()):
            self.number += 1
            local, address = far.bring_unannounced(f"FND{self.number:08d}")
            self.inside.append(local)
            self.done["unannounced"] += 1
            if self.dice.random() < 0.93:
                far.carry(address)
                self.done["receipts"] += 1
                self.house.announce(f"FND{self.number:08d}")
                far.controller.sign_in_with_token(far.token(local))
                far.take()
                self.done["collected by signature"] += 1
        for _ in range(2):
            try:
                far.controller.sign_in_with_pin(f"{self.dice.randrange(90):02d}-111222")
            except Refused:
                self.done["wrong codes"] += 1
        if self.dice.random() < 0.7:
            self.collect()

    def collect(self) -> None:
        """Let somebody whose parcel was expected take it."""
        far = self.far
        for grant in sorted(far.controller.allowed.grant_ids()):
            known = far.controller.allowed.grant(grant)
            if known is None or far.controller.state.find_parcel(known.parcel) is None:
                continue
            try:
                far.controller.sign_in_with_token(far.token(known.parcel))
                far.take()
            except (Refused, AssertionError):
                continue
            self.done["collected"] += 1
            return

    def at_the_centre(self) -> None:
        means, centre = self.house.centre.means, self.house.centre
        known = [one for one in self.house.list_keys() if one.startswith("parcel/")]
        if known and self.dice.random() < 0.2:
            parcel = ParcelId(self.dice.choice(known).partition("/")[2])
            act = self.dice.choice((cancel, extend))
            try:
                centre.run(act(means, OPERATOR, parcel=parcel))
                self.done[act.__name__] += 1
            except Refused:
                self.done["late intents refused"] += 1
        if self.dice.random() < 0.1:
            self.announce(1)


def tell(week: Week, how: str, seconds: float) -> None:
    print(f"{how}: {week.facts} facts in a week alone, agreed after {seconds} s; {dict(week.done)}")


def check(week: Week) -> None:
    assert week.facts >= FACTS_MIN
    stream = week.far.controller.store
    shown = week.house.centre.queries.locker(OPERATOR, LOCKER)
    assert shown.fact_count == stream.version + 1  # One is of the house's own making.
    assert not week.far.controller.state.unannounced
    assert all(
        week.done[what]
        for what in (
            "deposited", "unannounced", "receipts", "collected by signature", "wrong codes",
            "collected", "announced", "power cuts", "extend",
        )
    )  # fmt: skip


def begin(house: House) -> Week:
    week = Week(house)
    week.far.talk()
    week.announce(COMPARTMENTS)
    week.far.talk()
    week.far.link.cut()
    return week


def test_after_a_week_alone_both_sides_agree_within_a_minute(house: House) -> None:
    week = begin(house)
    week.live_through()
    seconds = week.far.agree_within(AGREED_SECONDS_MAX)
    tell(week, "in memory", seconds)
    check(week)


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")
def test_after_a_week_alone_both_sides_agree_within_a_minute_over_a_real_broker(
    tmp_path: Path,
) -> None:
    broker = Broker(tmp_path / "broker")
    broker.start()
    house = open_house(tmp_path / "centre")
    house.centre.committer.start()
    try:
        week = begin(house)
        week.live_through()
        seconds = asyncio.run(agree_over(broker, week))
        tell(week, "over Mosquitto", round(seconds, 1))
        check(week)
    finally:
        broker.kill()
        house.centre.close()


async def agree_over(broker: Broker, week: Week) -> float:
    """Join both ends through a broker, in real time; the seconds until they agree."""
    house, far = week.house, week.far
    began, at = time.monotonic(), house.clock.now()
    lock = threading.RLock()
    centre = CentreMqtt(
        house.centre.hub.end_for,
        access=broker.access("centre"),
        clock=house.clock,
        chance=random.Random(5),
        timing=QUICK,
    )
    locker = LockerMqtt(
        far.uplink,
        access=broker.access(LOCKER),
        clock=house.clock,
        chance=random.Random(3),
        lock=lock,
        timing=QUICK,
    )
    async with running(centre, locker):
        while True:
            seconds = time.monotonic() - began
            now = UtcSeconds(at + int(seconds))
            house.clock.set(now)
            far.clock.set(now)
            house.centre.hub.push_lists()
            with lock:
                far.controller.tick()
                if far.is_agreed:
                    return seconds
                assert seconds < AGREED_SECONDS_MAX, far.difference
            await asyncio.sleep(0.05)
