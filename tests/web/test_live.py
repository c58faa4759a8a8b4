"""The event stream: what it tells, where it resumes, and how it ends."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from restante.web.live import Event, Live
from restante.web.live_events import Watch
from tests.web.stage import Stage


class Feed:
    """A journal of events."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def add(self, topic: str, data: Any = None) -> None:
        self.events.append(Event(topic, data or {}, len(self.events) + 1))

    def look(self, after: int) -> tuple[Sequence[Event], int]:
        return self.events[after:], len(self.events)

    def head(self) -> int:
        return len(self.events)


def make_live(feed: Feed, heartbeat_seconds: float = 5.0) -> Live:
    return Live(feed.look, feed.head, look_seconds=0.01, heartbeat_seconds=heartbeat_seconds)


async def read(stream: Any, count: int) -> str:
    blocks = [await asyncio.wait_for(anext(stream), 5) for _ in range(count)]
    return b"".join(blocks).decode()


def test_what_is_committed_after_the_stream_began_is_told_with_its_position() -> None:
    async def listen() -> str:
        feed = Feed()
        feed.add("site", {"id": "before"})
        stream = make_live(feed).follow()
        begun = await read(stream, 1)
        feed.add("site", {"id": "after"})
        told = await read(stream, 1)
        await stream.aclose()  # type: ignore[attr-defined]
        return begun + told

    assert asyncio.run(listen()) == ('retry: 1000\n\nid: 2\nevent: site\ndata: {"id":"after"}\n\n')


def test_who_comes_back_gets_what_was_missed_while_others_listened() -> None:
    async def listen() -> str:
        feed = Feed()
        live = make_live(feed)
        first = live.follow()
        await read(first, 1)
        feed.add("site", {"n": 1})
        feed.add("site", {"n": 2})
        await read(first, 2)
        second = live.follow(after=1)
        told = await read(second, 2)
        for stream in (first, second):
            await stream.aclose()  # type: ignore[attr-defined]
        return told

    assert '{"n":2}' in asyncio.run(listen())
    assert '{"n":1}' not in asyncio.run(listen())


def test_who_was_away_too_long_is_told_to_ask_again() -> None:
    async def listen() -> str:
        feed = Feed()
        for _ in range(5):
            feed.add("site")
        stream = make_live(feed).follow(after=2)
        told = await read(stream, 2)
        await stream.aclose()  # type: ignore[attr-defined]
        return told

    assert "event: reload" in asyncio.run(listen())


def test_only_wanted_topics_are_told() -> None:
    async def listen() -> str:
        feed = Feed()
        stream = make_live(feed).follow(topics=["queue"])
        await read(stream, 1)
        feed.add("site")
        feed.add("queue")
        told = await read(stream, 1)
        await stream.aclose()  # type: ignore[attr-defined]
        return told

    assert asyncio.run(listen()).count("event:") == 1


def test_silence_is_broken_by_a_heartbeat() -> None:
    async def listen() -> str:
        stream = make_live(Feed(), heartbeat_seconds=0.02).follow()
        told = await read(stream, 2)
        await stream.aclose()  # type: ignore[attr-defined]
        return told

    assert ": still here" in asyncio.run(listen())


def test_streams_end_at_once_when_the_server_ends() -> None:
    async def listen() -> list[bytes]:
        live = make_live(Feed(), heartbeat_seconds=60)
        stream = live.follow()
        await read(stream, 1)
        await asyncio.to_thread(live.close)
        return [block async for block in stream]

    assert asyncio.run(asyncio.wait_for(listen(), 5)) == []


@pytest.mark.parametrize("topic", ["locker", "site", "parcel", "news", "queue", "clock", "courier"])
def test_a_deposit_is_told_to_every_page_that_shows_it(stage: Stage, topic: str) -> None:
    watch = Watch(stage.centre, stage.demo)
    before = stage.centre.journal.head()
    number = 500 + len(stage.parcels)
    site, layout = list(stage.layouts.items())[8]
    doors = [spec.id for spec in layout if spec.height_mm >= 150]
    stage.deposit(stage.announce(number, site), site, doors[-1 - number % 7])
    events, position = watch.look(before)
    assert position == stage.centre.journal.head()
    assert topic in {event.topic for event in events}
