"""What changes, as it changes: one event stream for all pages (``js/live.js`` listens).

R1. The id of an event is the journal position it tells of, so that a browser that was away goes on
    where it was; where that is too long ago it is told ``reload`` and asks for the page again.
R2. One reader follows the journal for all browsers, and only while there are any.
R3. A browser that does not keep up is let go; it connects again and catches up.
R4. Every quarter of a minute something is said, so that silence means a broken line.
R5. When the server ends, streams end at once: :meth:`Live.close`.

Which events facts lead to is :mod:`.live_events`' business.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

HEARTBEAT_SECONDS: Final = 15
"""Time without news after which a comment is sent; ``js/live.js`` waits for 40 s."""

LOOK_SECONDS: Final = 0.4
"""How often the journal is looked at (chosen: an eye does not see less)."""

KEPT_EVENTS: Final = 4_000
"""Events kept for browsers that come back (chosen: minutes of a busy network)."""

UNREAD_MAX: Final = 1_000
"""Events a browser may be behind before it is let go (R3)."""

_BEAT: Final = b": still here\n\n"

log = logging.getLogger(__name__)


class Event(NamedTuple):
    """Something a page may want to know."""

    topic: str
    """Becomes the DOM event ``live:<topic>``."""
    data: Any
    position: int = 0
    """Journal position it tells of; 0 for what no fact says, such as the time."""

    def encode(self) -> bytes:
        """Write it as a block of the stream."""
        mark = f"id: {self.position}\n" if self.position else ""
        data = json.dumps(self.data, ensure_ascii=False, separators=(",", ":"))
        return f"{mark}event: {self.topic}\ndata: {data}\n\n".encode()


class _Listener:
    def __init__(self, topics: Collection[str]) -> None:
        self.topics = frozenset(topics)
        self.unread: asyncio.Queue[bytes | None] = asyncio.Queue(UNREAD_MAX)

    def tell(self, event: Event) -> bool:
        """Hand over an event; False when the listener is too far behind."""
        if self.topics and event.topic not in self.topics:
            return True
        try:
            self.unread.put_nowait(event.encode())
        except asyncio.QueueFull:
            return False
        return True


class Live:
    """Event streams of one process.

    Parameters
    ----------
    look
        Called again and again in a thread with a position: the events after it, and the position
        they lead to.
    head
        Last position of the journal, asked when a stream begins.
    """

    def __init__(
        self,
        look: Callable[[int], tuple[Sequence[Event], int]],
        head: Callable[[], int],
        *,
        look_seconds: float = LOOK_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._look = look
        self._head = head
        self._look_seconds = look_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._listeners: set[_Listener] = set()
        self._kept: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._kept_from = 0
        self._position = 0
        self._watch: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_closed = False

    async def follow(
        self, *, after: int | None = None, topics: Collection[str] = ()
    ) -> AsyncIterator[bytes]:
        """Stream events until the listener goes away or the server ends.

        Parameters
        ----------
        after
            Position of the last event the browser saw; ``None`` for a new one.
        topics
            What it wants to know; everything when empty.
        """
        listener = _Listener(topics)
        for event in self._missed(after):
            listener.tell(event)
        self._listeners.add(listener)
        self._start()
        try:
            # Whoever has read this hears of everything that is committed from now on.
            yield b"retry: 1000\n\n"
            while not self._is_closed:
                try:
                    async with asyncio.timeout(self._heartbeat_seconds):
                        block = await listener.unread.get()
                except TimeoutError:
                    yield _BEAT
                    continue
                if block is None:
                    return
                yield block
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End all streams; callable from any thread and from signal handlers (R5)."""
        self._is_closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    def _missed(self, after: int | None) -> Sequence[Event]:
        if after is None:
            return ()
        if after < self._kept_from or (not self._listeners and after < self._head()):
            return (Event("reload", {}, self._head()),)
        return [event for event in self._kept if event.position > after]

    def _start(self) -> None:
        if self._watch is None or self._watch.done():
            self._loop = asyncio.get_running_loop()
            self._kept_from = self._position = self._head()
            self._kept.clear()
            self._watch = self._loop.create_task(self._look_on(), name="live events")

    async def _look_on(self) -> None:
        while self._listeners and not self._is_closed:
            try:
                events, self._position = await asyncio.to_thread(self._look, self._position)
            except Exception:
                # Pages without news say so themselves; the next look may succeed.
                log.exception("looking for live events failed")
                events = ()
            for event in events:
                self._tell(event)
            await asyncio.sleep(self._look_seconds)

    def _tell(self, event: Event) -> None:
        if event.position:
            if len(self._kept) == self._kept.maxlen:
                self._kept_from = self._kept[0].position
            self._kept.append(event)
        for listener in list(self._listeners):
            if not listener.tell(event):
                self._listeners.discard(listener)
                listener.unread.get_nowait()
                listener.unread.put_nowait(None)

    def _end_all(self) -> None:
        for listener in list(self._listeners):
            while not listener.unread.empty():
                listener.unread.get_nowait()
            listener.unread.put_nowait(None)
