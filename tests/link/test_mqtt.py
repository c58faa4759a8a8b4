"""Facts go up and lists come down over a real broker that may lose everything but them."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from restante.core.ids import CompartmentId, LockerId
from restante.core.locker import ControllerStarted, LockerInstalled
from restante.core.value import UtcSeconds
from restante.link.memory import LinkEnd
from restante.link.message import Heartbeat, Report, encode_message
from restante.link.mqtt import ONLINE, CentreMqtt, LockerMqtt, Timing, make_retry_pause
from restante.link.topics import event_topic, order_topic, state_topic
from restante.operations.hub import Hub
from restante.views.principal import Principal
from tests.link.broker import (
    LOCKER,
    NETWORK,
    OTHER,
    QUICK,
    WAIT_SECONDS_MAX,
    Broker,
    Wire,
    lasting_session,
)
from tests.operations.house import House, open_house
from tests.operations.locker_end import LockerEnd, deposited

ME = LockerId(LOCKER)

# The MQTT library leaves a connection that breaks half-way to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")


class Stage:
    """A centre, a locker and a broker between them; time runs fast while a test waits."""

    def __init__(self, broker: Broker, house: House) -> None:
        self.broker = broker
        self.house = house
        self.locker = LockerEnd(house)
        self.locker.record(
            LockerInstalled(at=self.now, locker=ME, compartments=(CompartmentId("A1"),)), self.now
        )

    @property
    def now(self) -> UtcSeconds:
        return self.house.clock.now()

    def centre(self, hub: Hub | None = None, name: str = "centre") -> CentreMqtt:
        return CentreMqtt(
            (hub or self.house.centre.hub).end_for,
            access=self.broker.access(name),
            clock=self.house.clock,
            chance=random.Random(5),
            timing=QUICK,
        )

    def link(self, port: int | None = None) -> LockerMqtt:
        return LockerMqtt(
            self.locker,
            access=msgspec.structs.replace(
                self.broker.access(LOCKER), port=port or self.broker.port
            ),
            clock=self.house.clock,
            chance=random.Random(3),
            lock=threading.RLock(),
            timing=QUICK,
        )

    def record_facts(self, count: int) -> None:
        for n in range(count):
            self.locker.record(ControllerStarted(at=self.now, release=f"{n}"), self.now)

    def facts_at_centre(self) -> int:
        shown = self.house.centre.queries.locker(Principal.of_operator("ada"), ME)
        return shown.fact_count - 1  # One is of the house's own making.

    async def until(self, claim: Callable[[], bool]) -> None:
        """Wait until a claim holds, a second in each hundredth."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not claim():
                self.house.clock.set(UtcSeconds(self.now + 1))
                await asyncio.sleep(0.01)


class SaysOnce:
    """An end that has a few things to say, and hears nothing."""

    def __init__(self, *bodies: bytes) -> None:
        self._bodies = list(bodies)

    def connected(self, now: UtcSeconds) -> None: ...

    def disconnected(self) -> None: ...

    def receive(self, body: bytes, now: UtcSeconds) -> None: ...

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        said, self._bodies = self._bodies, []
        return said


class Takes:
    """An end that does something with what it is told, and counts threads at work in it."""

    def __init__(self, take: Callable[[bytes], object]) -> None:
        self._take = take
        self._together = 0
        self.together_max = 0
        self.taken_count = 0

    def connected(self, now: UtcSeconds) -> None: ...

    def disconnected(self) -> None: ...

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        self._together += 1
        self.together_max = max(self.together_max, self._together)
        self._take(body)
        self._together -= 1
        self.taken_count += 1

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        return []


@pytest.fixture
def stage(broker: Broker, tmp_path: Path) -> Iterator[Stage]:
    house = open_house(tmp_path / "centre")
    house.centre.committer.start()
    yield Stage(broker, house)
    house.centre.close()


@asynccontextmanager
async def running(*carriers: CentreMqtt | LockerMqtt) -> AsyncIterator[None]:
    """Let sides of the link run, and end them in good order."""
    stops = [asyncio.Event() for _ in carriers]
    tasks = [
        asyncio.create_task(carrier.run(stop))
        for carrier, stop in zip(carriers, stops, strict=True)
    ]
    try:
        yield
    finally:
        for stop in stops:
            stop.set()
        _, going_on = await asyncio.wait(tasks, timeout=WAIT_SECONDS_MAX)
        for task in going_on:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=bool(going_on))
        assert not going_on, "a side of the link was told to end and goes on"


def test_deposits_go_up_and_list_and_time_come_down(stage: Stage) -> None:
    async def story() -> None:
        done = stage.house.announce()
        stage.house.centre.hub.push_lists()
        async with running(stage.centre(), stage.link()):
            await stage.until(lambda: f"parcel/{done.parcel}" in stage.locker.list)
            await stage.until(lambda: stage.locker.told_ms > 0)
            stage.locker.record(deposited(done.parcel, stage.now), stage.now)
            await stage.until(lambda: stage.locker.acknowledged == 2)
            assert stage.house.status(done.parcel) == "ready"
            later = stage.house.announce("JJD2")
            stage.house.centre.hub.push_lists()
            await stage.until(lambda: f"parcel/{later.parcel}" in stage.locker.list)

    asyncio.run(story())


def test_a_broker_killed_again_and_again_loses_no_fact_and_doubles_none(stage: Stage) -> None:
    async def story() -> None:
        async with running(stage.centre(), stage.link()):
            for _ in range(3):
                await stage.until(lambda: stage.locker.session.is_online)
                stage.record_facts(4)
                await asyncio.to_thread(stage.broker.kill)
                await stage.until(lambda: not stage.locker.session.is_online)
                stage.record_facts(2)
                await asyncio.to_thread(stage.broker.start)
            await stage.until(lambda: stage.locker.acknowledged == len(stage.locker.facts))

    asyncio.run(story())
    assert len(stage.locker.facts) == 19
    assert stage.facts_at_centre() == 19


def test_what_happened_while_the_centre_was_away_arrives_when_it_is_back(stage: Stage) -> None:
    async def story() -> None:
        async with running(stage.link()):
            await stage.until(lambda: stage.locker.session.is_connected)
            stage.record_facts(3)
            async with running(stage.centre()):
                await stage.until(lambda: stage.locker.acknowledged == 4)
            stage.record_facts(3)
            async with running(stage.centre()):
                await stage.until(lambda: stage.locker.acknowledged == 7)

    asyncio.run(story())
    assert stage.facts_at_centre() == 7


def test_doubled_and_shuffled_reports_are_taken_in_once_each(stage: Stage) -> None:
    stage.record_facts(11)
    facts = [msgspec.Raw(body) for body in stage.locker.facts]
    reports = [
        Report(locker=ME, epoch="f1", first_seq=n + 1, facts=tuple(facts[n : n + 3]))
        for n in range(0, 12, 2)
    ]
    chance = random.Random(11)

    async def story() -> None:
        async with running(stage.centre()), stage.broker.client(LOCKER) as client:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                while stage.facts_at_centre() < 12:
                    for report in chance.sample(reports * 2, 12):
                        body = encode_message(report)
                        await client.publish(event_topic(NETWORK, LOCKER, "report"), body, qos=1)
                    await asyncio.sleep(0.02)

    asyncio.run(story())
    assert stage.facts_at_centre() == 12


def test_two_centres_share_the_messages_and_take_each_fact_in_once(stage: Stage) -> None:
    centre = stage.house.centre
    second = Hub(
        reading=centre.journal.reading,
        committer=centre.committer,
        keyring=centre.keyring,
        means=centre.means,
    )
    left, right = stage.centre(), stage.centre(second, "centre-2")

    async def story() -> None:
        async with running(left, right, stage.link()):
            await stage.until(lambda: bool(left.lockers_online and right.lockers_online))
            for _ in range(4):
                stage.record_facts(2)
                known = len(stage.locker.facts)
                await stage.until(lambda known=known: stage.locker.acknowledged == known)

    asyncio.run(story())
    assert left.received_count > 0
    assert right.received_count > 0
    assert stage.facts_at_centre() == 9


def test_everybody_hears_when_a_locker_is_gone_and_when_it_is_back(stage: Stage) -> None:
    centre = stage.centre()

    async def story() -> None:
        async with Wire(stage.broker.port) as wire, running(centre, stage.link(wire.port)):
            await stage.until(lambda: ME in centre.lockers_online)
            wire.cut()
            await stage.until(lambda: ME not in centre.lockers_online)
            async with stage.broker.client("centre-2") as late:
                await late.subscribe(state_topic(NETWORK, LOCKER), qos=1)
                async with asyncio.timeout(WAIT_SECONDS_MAX):
                    async for message in late.messages:
                        assert message.payload == b'{"online":false}'
                        assert message.retain
                        break
            await wire.mend()
            await stage.until(lambda: ME in centre.lockers_online)

    asyncio.run(story())


def fake_centre(stage: Stage, find_end: Callable[[LockerId], LinkEnd | None]) -> CentreMqtt:
    expiry = {**QUICK.expiry_seconds, "ack": 1}
    return CentreMqtt(
        find_end,
        access=stage.broker.access("centre"),
        clock=stage.house.clock,
        chance=random.Random(5),
        timing=msgspec.structs.replace(QUICK, expiry_seconds=expiry),
    )


def test_what_has_expired_is_not_delivered(stage: Stage) -> None:
    centre = fake_centre(stage, lambda _: SaysOnce(b'{"type":"ack"}', b'{"type":"list"}'))

    async def story() -> list[bytes]:
        async with stage.broker.client(OTHER, **lasting_session()) as other:
            await other.subscribe(order_topic(NETWORK, OTHER, "+"), qos=1)
            await other.publish(state_topic(NETWORK, OTHER), ONLINE, qos=1, retain=True)
        async with running(centre):
            await stage.until(lambda: LockerId(OTHER) in centre.lockers_online)
            await asyncio.sleep(2.1)
        async with stage.broker.client(OTHER, **lasting_session()) as other:
            async with asyncio.timeout(WAIT_SECONDS_MAX):
                async for message in other.messages:
                    return [bytes(message.payload)]
        return []

    assert asyncio.run(story()) == [b'{"type":"list"}']


def test_a_slow_commit_for_one_locker_holds_up_no_other(stage: Stage) -> None:
    may_go_on = threading.Event()
    heard: list[bytes] = []
    ends = {ME: Takes(lambda _: may_go_on.wait(10)), LockerId(OTHER): Takes(heard.append)}
    centre = fake_centre(stage, ends.get)
    centre_counts: list[int] = []

    async def story() -> None:
        async with (
            running(centre),
            stage.broker.client(LOCKER) as slow,
            stage.broker.client(OTHER) as other,
        ):
            await stage.until(lambda: stage.broker.is_subscribed("centre"))
            for _ in range(3):
                await slow.publish(event_topic(NETWORK, LOCKER, "report"), b"slow", qos=1)
            for n in range(5):
                await other.publish(event_topic(NETWORK, OTHER, "report"), b"%d" % n, qos=1)
            await stage.until(lambda: len(heard) == 5)
            centre_counts.append(ends[ME].taken_count)
            may_go_on.set()
            await stage.until(lambda: ends[ME].taken_count == 3)

    asyncio.run(story())
    assert centre_counts == [0]
    assert heard == [b"0", b"1", b"2", b"3", b"4"]
    assert ends[ME].together_max == 1


def test_a_message_that_names_another_locker_than_its_topic_is_dropped(stage: Stage) -> None:
    lie = Heartbeat(
        locker=LockerId(OTHER), at=stage.now, unsent_count=0, unsent_since=None, list_version=0
    )
    end = stage.house.centre.hub.end_for(ME)

    async def story() -> None:
        async with running(stage.centre()), stage.broker.client(LOCKER) as client:
            await stage.until(lambda: stage.broker.is_subscribed("centre"))
            topic = event_topic(NETWORK, LOCKER, "heartbeat")
            await client.publish(topic, encode_message(lie), qos=1)
            await stage.until(lambda: end.dropped_count == 1)

    asyncio.run(story())
    assert stage.house.centre.hub.end_for(LockerId(OTHER)).dropped_count == 0


def test_a_message_kept_by_the_broker_is_no_message_to_a_locker(stage: Stage) -> None:
    link = stage.link()

    async def story() -> None:
        async with stage.broker.client("centre") as centre:
            topic = order_topic(NETWORK, LOCKER, "list")
            await centre.publish(topic, b"before", qos=1, retain=True)
            async with running(link):
                await stage.until(lambda: stage.locker.session.is_connected)
                await centre.publish(topic, b"while", qos=1, retain=True)
                await stage.until(lambda: link.dropped_count == 1)

    asyncio.run(story())
    assert stage.locker.list == {}


def test_a_locker_whose_disk_was_full_once_talks_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[UtcSeconds] = []
    outgoing = stage.locker.outgoing

    def fail_first(now: UtcSeconds) -> list[bytes]:
        calls.append(now)
        if len(calls) == 1:
            raise OSError("no space left on device")
        return outgoing(now)

    monkeypatch.setattr(stage.locker, "outgoing", fail_first)

    async def story() -> None:
        async with running(stage.centre(), stage.link()):
            await stage.until(lambda: stage.locker.acknowledged == 1)

    asyncio.run(story())


def test_pauses_between_attempts_grow_to_a_limit_and_differ_between_lockers() -> None:
    timing = Timing()
    pauses = [make_retry_pause(timing, n, random.Random(1)) for n in range(1, 12)]
    others = [make_retry_pause(timing, n, random.Random(2)) for n in range(1, 12)]
    assert pauses[:6] == sorted(pauses[:6])
    assert 0.5 <= pauses[0] <= 1
    assert all(30 <= pause <= 60 for pause in pauses[6:])
    assert all(mine != theirs for mine, theirs in zip(pauses, others, strict=True))
