"""The owner of a real broker publishes into the locker's own topics, retained and not."""

import asyncio
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from restante.core.remote import Outcome
from restante.core.value import UtcSeconds
from restante.link.mqtt import CentreMqtt, LockerMqtt
from restante.link.topics import kind_of, order_topic
from tests.link.broker import LOCKER, NETWORK, QUICK, WAIT_SECONDS_MAX, Broker
from tests.link.hostile import Hostile
from tests.link.test_mqtt import running
from tests.operations.afar import Afar
from tests.operations.house import open_house

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")

LIES = 600

SURELY_DROPPED = (
    "noise",
    "cut_short",
    "field_changed",
    "forged",
    "forged_list",
    "forged_time",
    "signature_of_another_message",
    "signed_for_another_life",
    "signed_for_another_locker",
    "signed_time_held_back",
    "signed_with_the_key_for_lists",
    "unsigned",
)


@pytest.fixture
def afar(tmp_path: Path) -> Iterator[Afar]:
    house = open_house(tmp_path)
    house.centre.committer.start()
    yield Afar(house)
    house.centre.close()


def test_who_owns_the_broker_opens_nothing_and_the_true_order_still_arrives(
    broker: Broker, afar: Afar
) -> None:
    parcel = afar.deposit()
    afar.ask()
    afar.pump()
    afar.shut()
    hostile = Hostile(afar, parcel, seed=7)
    # One kind says something itself, before the broker is there.
    kinds = [make for kind, make in hostile.kinds.items() if not kind.endswith("with_a_used_code")]
    bodies = [make() for _ in range(LIES // len(kinds)) for make in kinds]
    replays = list(afar.tap.said)
    afar.link.cut()
    pulses = afar.pulses()
    locker_side, again = (
        LockerMqtt(
            afar.uplink, access=broker.access(LOCKER), clock=afar.locker_clock,
            chance=random.Random(seed), lock=threading.RLock(), timing=QUICK,
        )
        for seed in (1, 3)
    )  # fmt: skip
    centre_side, centre_again = (
        CentreMqtt(
            afar.centre.hub.end_for, access=broker.access("centre"), clock=afar.house.clock,
            chance=random.Random(seed), timing=QUICK,
        )
        for seed in (2, 4)
    )  # fmt: skip

    async def until(claim: object) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not claim():  # type: ignore[operator]  # noqa: ASYNC110 - threads and a broker
                await asyncio.sleep(0.01)

    def is_online() -> bool:
        # Greetings are repeated, so time has to pass.
        for clock in (afar.house.clock, afar.locker_clock):
            clock.set(UtcSeconds(clock.now() + 1))
        return afar.uplink.is_online

    async def story() -> None:
        async with running(locker_side, centre_side):
            await until(is_online)
            # A centre's certificate may write to every locker: the most a broker's owner can be.
            async with broker.client("centre-2") as owner:
                for number, body in enumerate([*replays, *bodies]):
                    topic = order_topic(NETWORK, LOCKER, "order")
                    await owner.publish(topic, body, qos=1, retain=number % 3 == 0)
            sure = len(SURELY_DROPPED) * (LIES // len(kinds))
            await until(lambda: afar.uplink.dropped_count + locker_side.dropped_count >= sure - 25)
            assert afar.pulses() == pulses
            afar.house.clock.set(UtcSeconds(afar.now + 1))
            asked = await asyncio.to_thread(afar.ask, why="the true one")
            await asyncio.to_thread(afar.centre.orders.turn)
            await until(lambda: afar.pulses() == pulses + 1)
            await until(lambda: afar.shown(asked.order).outcome is Outcome.TAKEN)

        # What the broker kept does nothing to a locker that comes back.
        async with running(again, centre_again):
            await until(is_online)

    asyncio.run(story())
    assert afar.pulses() == pulses + 1
    assert {kind_of(body) for body in replays} >= {"list", "time", "ack", "order"}
