"""Send webhooks: one thread with an event loop in each process of a centre.

What to send and what came of it is the desk's business (:mod:`restante.operations.deliveries`);
the requests are the guarded client's. Here is only who goes when:

S1. Every receiver has a window of its own: it grows while answers are good and falls to one when
    they are not, so one that hangs holds one connection and delays nobody.
S2. Results go back to the desk in batches, with the question for more.
S3. Nothing is remembered: what was under way when the process ended is claimed again later.
"""

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Final

import structlog

from ..clock import Clock
from ..operations.deliveries import Claimed, DeliveryDesk, Tried
from ..partners.guarded_http import GuardedClient
from ..partners.webhook import MEDIA_TYPE, Answer, Verdict, judge, sign, write_message
from .ending import join

WINDOW_FIRST: Final = 4
WINDOW_MAX: Final = 32
"""Messages to one receiver at once (chosen: an ordinary server's workers)."""

IN_FLIGHT_MAX: Final = 1_000
"""Messages at once in all: so many receivers may hang before others wait."""

LOOK_SECONDS: Final = 0.1
"""Between two looks at the journal when there was nothing to do for a while."""

BUSY_LOOK_SECONDS: Final = 0.02
"""Between two looks for a second after there was something: facts seldom come alone."""

NOBODY_SECONDS: Final = 1.0
"""Between two looks while nobody receives anything."""

GATHER_SECONDS: Final = 0.01
"""Results that come within it are one batch."""

TROUBLE_SECONDS: Final = 1.0
"""After the journal could not be written."""

CLOSE_SECONDS: Final = 0.5
"""For what is under way when the process ends: what is not answered by then is sent again."""

_log = structlog.get_logger(__name__)


class WebhookSender:
    """Sends what the desk hands out, until it is closed."""

    def __init__(self, desk: DeliveryDesk, clock: Clock, *, client: GuardedClient) -> None:
        self._desk = desk
        self._clock = clock
        self._client = client
        self._in_flight: Counter[str] = Counter()
        self._windows: dict[str, int] = {}
        self._tried: list[Tried] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop = threading.Event()
        self._came = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing new; what is under way has :data:`CLOSE_SECONDS`."""
        self._stop.set()
        if self._loop is not None:
            # It may have ended by itself meanwhile.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._came.set)

    def close(self, seconds: float | None = None) -> bool:
        """Stop: wait a little for what is under way, and write down what came of it."""
        self.stop()
        return join(self._thread, seconds)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        busy_until = 0.0
        while not self._stop.is_set():
            if await self._turn():
                busy_until = time.monotonic() + 1
            is_busy = time.monotonic() < busy_until
            quiet_seconds = LOOK_SECONDS if self._desk.has_receivers else NOBODY_SECONDS
            if not self._stop.is_set():
                await self._wait(BUSY_LOOK_SECONDS if is_busy else quiet_seconds)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        await self._turn()
        await self._client.close()

    async def _wait(self, seconds: float) -> None:
        # Until results come, or the journal is worth a look; then a moment for more of them.
        try:
            async with asyncio.timeout(seconds):
                await self._came.wait()
        except TimeoutError:
            return
        await asyncio.sleep(GATHER_SECONDS)

    async def _turn(self) -> bool:
        """Hand in what came of tries and begin new ones; whether there was anything."""
        tried, self._tried = self._tried, []
        self._came.clear()
        room = 0 if self._stop.is_set() else IN_FLIGHT_MAX - len(self._tasks)
        try:
            claimed = await asyncio.to_thread(
                self._desk.turn, tried, room_for=self._room_for, room=room
            )
        except Exception:  # noqa: BLE001 - a process boundary: the next turn tries again
            _log.exception("webhooks could not be written down")
            # Not kept twice: recording is for the same status only.
            self._tried = [*tried, *self._tried]
            await asyncio.sleep(TROUBLE_SECONDS)
            return False
        for one in claimed:
            self._in_flight[one.webhook] += 1
            task = asyncio.create_task(self._send(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return bool(tried or claimed)

    def _room_for(self, webhook: str) -> int:
        return self._windows.get(webhook, WINDOW_FIRST) - self._in_flight[webhook]

    async def _send(self, claimed: Claimed) -> None:
        begun = time.monotonic()
        try:
            answer = await self._post(claimed)
        except Exception as error:  # noqa: BLE001 - one message stops no other
            _log.exception("a webhook could not be sent", id=claimed.message_id)
            answer = Answer(0, f"it could not be sent: {type(error).__name__}")
        took_ms = round((time.monotonic() - begun) * 1000)
        self._settle(claimed.webhook, is_good=judge(answer) is Verdict.DELIVERED)
        self._tried.append(Tried(claimed, answer, self._clock.now(), took_ms))
        self._came.set()

    async def _post(self, claimed: Claimed) -> Answer:
        body = write_message(claimed.event)
        headers = sign(
            claimed.secrets, message_id=claimed.message_id, at=self._clock.now(), body=body
        )
        return await self._client.post(claimed.url, {**headers, "content-type": MEDIA_TYPE}, body)

    def _settle(self, webhook: str, *, is_good: bool) -> None:
        self._in_flight[webhook] -= 1
        if not self._in_flight[webhook]:
            del self._in_flight[webhook]
        window = self._windows.get(webhook, WINDOW_FIRST)
        self._windows[webhook] = min(window + 1, WINDOW_MAX) if is_good else 1
