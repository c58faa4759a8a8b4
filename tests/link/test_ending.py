"""The link ends when it is told to, whatever arrives at that very moment."""

import asyncio
import random
import threading

import pytest

from restante.clock import SystemClock
from restante.core.value import UtcSeconds
from restante.link.lines import cancel
from restante.link.mqtt import LockerMqtt
from tests.link.broker import LOCKER, QUICK, WAIT_SECONDS_MAX, Broker

pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")

TURNS_MAX = 6
"""Turns of the event loop between the word to end and what arrives; by then it has ended."""


class Quiet:
    """An end that has nothing to say, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked_count = 0

    def connected(self, now: UtcSeconds) -> None: ...

    def disconnected(self) -> None: ...

    def receive(self, body: bytes, now: UtcSeconds) -> None: ...

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        self.asked_count += 1
        return []


def test_a_locker_s_link_ends_although_something_arrives_just_then(broker: Broker) -> None:
    async def end_after(turns: int) -> None:
        end = Quiet()
        carrier = LockerMqtt(
            end,
            access=broker.access(LOCKER),
            clock=SystemClock(),
            chance=random.Random(1),
            lock=threading.RLock(),
            timing=QUICK,
        )
        stop = asyncio.Event()
        running = asyncio.create_task(carrier.run(stop))
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while end.asked_count < 3:  # noqa: ASYNC110 - threads and a broker
                await asyncio.sleep(0.01)
        stop.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        # As a message does that has just been taken in.
        carrier._is_moved.set()
        done, _ = await asyncio.wait({running}, timeout=WAIT_SECONDS_MAX)
        assert done, f"something arrived {turns} turns after it was told to end: it goes on"

    for turns in range(TURNS_MAX):
        asyncio.run(end_after(turns))


def test_a_part_that_misses_the_word_to_end_is_told_again() -> None:
    words: list[str] = []

    async def half_deaf() -> None:
        for word in ("missed", "heard"):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                words.append(word)
                if word == "heard":
                    raise

    async def story() -> None:
        part = asyncio.create_task(half_deaf())
        await asyncio.sleep(0)
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            await cancel({part})
        assert part.cancelled()

    asyncio.run(story())
    assert words == ["missed", "heard"]
