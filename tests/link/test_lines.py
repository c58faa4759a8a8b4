"""Ends of many lockers at work together, without any carrier."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from restante.clock import VirtualClock
from restante.core.ids import LockerId
from restante.core.value import UtcSeconds
from restante.link.lines import INBOX_MESSAGES_MAX, OFFLINE, TURN_LINES_MIN, Letter, Lines, Wait

WAIT_SECONDS_MAX = 15.0
CLOCK = VirtualClock(UtcSeconds(1_800_000_000))


class Patient:
    """An end whose commits take until somebody lets them."""

    def __init__(self, locker: str, may_go_on: threading.Event | None = None) -> None:
        self.locker = LockerId(locker)
        self.begun: list[bytes] = []
        self.is_up = False
        self.news: list[bytes] = []
        self.changed: Callable[[], None] = lambda: None
        self._done: list[bytes] = []
        self._may_go_on = may_go_on

    def connected(self, now: UtcSeconds) -> None:
        self.is_up = True

    def disconnected(self) -> None:
        self.is_up = False

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        raise AssertionError("a patient end is begun")

    def begin(self, body: bytes, now: UtcSeconds) -> Sequence[Wait]:
        if body == b"broken":
            raise ValueError("cannot be taken in")
        self.begun.append(body)

        def wait() -> None:
            if self._may_go_on is not None:
                assert self._may_go_on.wait(WAIT_SECONDS_MAX)
            self._done.append(body)

        return [wait]

    def tell_changes(self, changed: Callable[[], None]) -> None:
        self.changed = changed

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        said, self._done, self.news = [*self._done, *self.news], [], []
        return said


class Stage:
    """Lines, the ends behind them, and what was sent."""

    def __init__(self, *ends: Patient) -> None:
        self.ends = {one.locker: one for one in ends}
        self.asked: list[list[LockerId]] = []
        self.lines = Lines(self.ends.get, CLOCK, find_ends=self._find)
        self.sent: list[tuple[LockerId, bytes]] = []

    def _find(self, lockers: Sequence[LockerId]) -> Mapping[LockerId, Patient]:
        self.asked.append(list(lockers))
        return {one: self.ends[one] for one in lockers if one in self.ends}

    async def send(self, locker: LockerId, said: list[bytes]) -> None:
        self.sent += [(locker, body) for body in said]

    def say(self, locker: str, body: bytes, branch: str = "evt") -> None:
        self.lines.put(LockerId(locker), Letter(branch, body), self.send)

    async def until(self, claim: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not claim():  # noqa: ASYNC110 - threads are waited for
                await asyncio.sleep(0.002)

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        async def run() -> None:
            try:
                await story
            finally:
                await self.lines.hang_up()
                await self.lines.close()

        asyncio.run(run())


def test_ends_that_can_wait_begin_together_and_answer_when_all_is_durable() -> None:
    durable = threading.Event()
    ends = [Patient(f"l{number}", durable) for number in range(40)]
    stage = Stage(*ends)

    async def story() -> None:
        for one in ends:
            stage.say(one.locker, b"report")
        await stage.until(lambda: all(one.begun for one in ends))
        assert not stage.sent
        durable.set()
        await stage.until(lambda: len(stage.sent) == len(ends))

    stage.play(story())
    assert {locker for locker, _ in stage.sent} == set(stage.ends)
    # All of them were looked for with a few questions, far fewer than there are.
    assert len(stage.asked) <= 3
    assert sum(map(len, stage.asked)) == len(ends)


def test_what_one_end_cannot_take_in_stops_no_other() -> None:
    stage = Stage(Patient("bad"), Patient("good"))

    async def story() -> None:
        stage.say("bad", b"broken")
        stage.say("good", b"report")
        await stage.until(lambda: bool(stage.sent))
        stage.say("bad", b"again")
        await stage.until(lambda: len(stage.sent) == 2)

    stage.play(story())
    assert stage.sent == [("good", b"report"), ("bad", b"again")]


def test_messages_of_one_locker_keep_their_order() -> None:
    stage = Stage(Patient("l1"))

    async def story() -> None:
        for number in range(INBOX_MESSAGES_MAX):
            stage.say("l1", b"%d" % number)
        await stage.until(lambda: len(stage.sent) == INBOX_MESSAGES_MAX)

    stage.play(story())
    assert [body for _, body in stage.sent] == [b"%d" % n for n in range(INBOX_MESSAGES_MAX)]


def test_who_speaks_faster_than_it_is_heard_is_dropped() -> None:
    durable = threading.Event()
    stage = Stage(Patient("l1", durable))

    async def story() -> None:
        stage.say("l1", b"first")
        await stage.until(lambda: bool(stage.ends[LockerId("l1")].begun))
        for _ in range(INBOX_MESSAGES_MAX + 3):
            stage.say("l1", b"more")
        durable.set()
        await stage.until(lambda: len(stage.sent) == INBOX_MESSAGES_MAX + 1)

    stage.play(story())
    assert stage.lines.dropped_count == 3


def test_a_locker_nobody_registered_is_counted_and_told_nothing() -> None:
    stage = Stage(Patient("l1"))

    async def story() -> None:
        stage.say("stranger", b"report")
        stage.say("l1", b"report")
        await stage.until(lambda: bool(stage.sent) and bool(stage.lines.dropped_count))

    stage.play(story())
    assert stage.sent == [("l1", b"report")]
    assert stage.lines.dropped_count == 1


def test_an_end_with_news_gets_its_turn_before_all_others_had_theirs() -> None:
    ends = [Patient(f"l{number}") for number in range(3 * TURN_LINES_MIN)]
    stage = Stage(*ends)

    async def story() -> None:
        for one in ends:
            stage.say(one.locker, b"here")
        await stage.until(lambda: len(stage.sent) == len(ends))
        stage.sent.clear()
        ends[-1].news.append(b"news")
        ends[-1].changed()
        turns = asyncio.create_task(stage.lines.take_turns(stage.send, 0.0))
        await stage.until(lambda: bool(stage.sent))
        turns.cancel()

    stage.play(story())
    assert stage.sent == [(ends[-1].locker, b"news")]


def test_what_nobody_told_of_is_said_when_the_turn_comes_round() -> None:
    ends = [Patient(f"l{number}") for number in range(2 * TURN_LINES_MIN)]
    stage = Stage(*ends)

    async def story() -> None:
        for one in ends:
            stage.say(one.locker, b"here")
        await stage.until(lambda: len(stage.sent) == len(ends))
        stage.sent.clear()
        for one in (ends[0], ends[-1]):
            one.news.append(b"again")
        turns = asyncio.create_task(stage.lines.take_turns(stage.send, 0.0))
        await stage.until(lambda: len(stage.sent) == 2)
        turns.cancel()

    stage.play(story())
    assert {locker for locker, _ in stage.sent} == {ends[0].locker, ends[-1].locker}


def test_a_locker_that_says_goodbye_is_not_online_any_more() -> None:
    stage = Stage(Patient("l1"), Patient("l2"))

    async def story() -> None:
        stage.say("l1", b"report")
        stage.say("l2", b"report")
        await stage.until(lambda: len(stage.lines.lockers_online) == 2)
        stage.say("l1", OFFLINE, branch="state")
        await stage.until(lambda: stage.lines.lockers_online == {LockerId("l2")})

    stage.play(story())
    assert not any(one.is_up for one in stage.ends.values())
