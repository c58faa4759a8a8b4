"""The centre's ends of all links at work: who says something is heard by a thread.

A carrier (:mod:`.mqtt`) puts in what came and sends what it is given back; the event loop only
moves bytes.

R1. One thread at a time works for one end; different ends work side by side.
R2. Ends that can wait together (:class:`PatientEnd`) are taken many at once: their facts share
    transactions, and no thread stands still for each of them.
R3. One end's trouble ends no other link.
R4. An end that has something new to say gets its turn soon; all others now and then, for what was
    said in vain is said again.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, runtime_checkable

import structlog

from ..clock import Clock
from ..core.ids import LockerId
from ..core.value import UtcSeconds
from .memory import LinkEnd

INBOX_MESSAGES_MAX: Final = 64
"""Messages of one locker that wait for a thread; more are dropped and come again."""

THREADS_MAX: Final = 8
"""Ends of the centre at work at once; their commits share transactions."""

GATHERED_MAX: Final = 250
"""Ends that wait together: a transaction of their reports takes a fifth of a second (chosen)."""

GATHERERS_MAX: Final = 3
"""Threads with many ends each: one hears, one waits for the disk, one sends."""

TURN_LINES_MIN: Final = 500
"""Lines of one turn at least (chosen): a small network's have all of them their turn each time."""

TURNS_FOR_ALL: Final = 40
"""Turns until every line of a large network had one: twenty seconds (chosen)."""

CANCEL_AGAIN_SECONDS: Final = 1.0
"""How long a part that was told to end may take before it is told again."""

ONLINE: Final = b'{"online":true}'
OFFLINE: Final = b'{"online":false}'

_log = structlog.get_logger(__name__)

Wait: TypeAlias = Callable[[], None]
"""Waits until something is durable, and notes it."""


@runtime_checkable
class PatientEnd(LinkEnd, Protocol):
    """An end that can take a message now and wait for its commit later."""

    def begin(self, body: bytes, now: UtcSeconds) -> Sequence[Wait]:
        """Take a message; what is given back is called, in order, before ``outgoing``."""
        ...

    def tell_changes(self, changed: Callable[[], None]) -> None:
        """Call this, from any thread, when there is something new to say."""
        ...


FindEnds: TypeAlias = Callable[[Sequence[LockerId]], Mapping[LockerId, PatientEnd]]

Send: TypeAlias = Callable[[LockerId, list[bytes]], Awaitable[None]]
"""Carries what an end says; never raises for a way that is gone."""


class Letter(NamedTuple):
    """What came from a locker: on its branch ``evt`` or ``state``."""

    branch: str
    body: bytes


class _Line:
    """One locker, seen from the centre: its end and what waits for it."""

    def __init__(self, locker: LockerId) -> None:
        self.locker = locker
        self.end: LinkEnd | None = None
        self.patient: PatientEnd | None = None
        """The end, when it is one that can wait."""
        self.lock = threading.Lock()
        self.inbox: deque[Letter] = deque()
        self.is_busy = False
        """Whether a thread works for it; changed in the event loop only."""
        self.is_up = False


class Lines:
    """All lockers that speak to this process; of one event loop.

    Parameters
    ----------
    find_end
        Finds the end of a locker, ``None`` when nobody registered it; called in threads.
    find_ends
        Finds those of many at once, all of them patient.
    """

    def __init__(
        self,
        find_end: Callable[[LockerId], LinkEnd | None],
        clock: Clock,
        *,
        find_ends: FindEnds | None = None,
    ) -> None:
        self._find_end = find_end
        self._find_ends = find_ends
        self._clock = clock
        self._lines: dict[LockerId, _Line] = {}
        self._ready: deque[_Line] = deque()
        self._changed: deque[_Line] = deque()
        self._gatherers = 0
        self._next_turn = 0
        self._order: list[_Line] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="link")
        self.dropped_count = 0
        """Messages that came from nobody known, or faster than they could be taken in."""

    @property
    def lockers_online(self) -> frozenset[LockerId]:
        """Lockers that are there, as far as this process has heard."""
        return frozenset(line.locker for line in tuple(self._lines.values()) if line.is_up)

    def put(self, locker: LockerId, letter: Letter, send: Send) -> None:
        """Take in what a locker said; its answer goes through ``send``."""
        line = self._lines.get(locker)
        if line is None:
            line = self._lines[locker] = _Line(locker)
            self._order.append(line)
        if len(line.inbox) >= INBOX_MESSAGES_MAX:
            self.dropped_count += 1
            return
        line.inbox.append(letter)
        self._wake(line, send)

    async def take_turns(self, send: Send, turn_seconds: float) -> None:
        """Let ends say what nobody asked for, until cancelled (R4)."""
        while True:
            await asyncio.sleep(turn_seconds)
            idle = [line for line in self._whose_turn() if line.is_up and not line.is_busy]
            for line in idle:
                line.is_busy = True
            try:
                await _send_all(send, await self._in_thread(self._ask, idle))
            finally:
                for line in idle:
                    line.is_busy = False
            for line in idle:
                self._wake(line, send)

    async def hang_up(self) -> None:
        """Tell all ends that their way is gone; what is under way is dropped."""
        await cancel(self._tasks)
        for line in self._ready:
            line.is_busy = False
        self._ready.clear()
        await asyncio.gather(*(self._in_thread(_hang_up, x) for x in self._lines.values()))

    async def close(self) -> None:
        """Let the threads go."""
        await asyncio.to_thread(self._threads.shutdown)

    def _whose_turn(self) -> list[_Line]:
        count = max(TURN_LINES_MIN, len(self._order) // TURNS_FOR_ALL)
        some = self._order[self._next_turn : self._next_turn + count]
        self._next_turn += count
        if self._next_turn >= len(self._order):
            self._next_turn = 0
        changed = [self._changed.popleft() for _ in range(len(self._changed))]
        for line in changed:
            if line.is_busy:
                # Whoever works for it may have asked it already.
                self._changed.append(line)
        return list(dict.fromkeys([*changed, *some]))

    def _wake(self, line: _Line, send: Send) -> None:
        if line.is_busy or not line.inbox:
            return
        line.is_busy = True
        is_new = line.end is None and self._find_ends is not None
        if line.patient is None and not is_new:
            self._spawn(self._work(line, send))
            return
        self._ready.append(line)
        if self._gatherers < GATHERERS_MAX:
            self._gatherers += 1
            self._spawn(self._gather(send))

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, line: _Line, send: Send) -> None:
        try:
            while line.inbox:
                letters = tuple(line.inbox)
                line.inbox.clear()
                await send(line.locker, await self._in_thread(self._take, line, letters))
        finally:
            line.is_busy = False

    async def _gather(self, send: Send) -> None:
        try:
            while self._ready:
                lines = [self._ready.popleft() for _ in range(min(len(self._ready), GATHERED_MAX))]
                letters = [tuple(line.inbox) for line in lines]
                for line in lines:
                    line.inbox.clear()
                try:
                    await _send_all(send, await self._in_thread(self._take_many, lines, letters))
                finally:
                    for line in lines:
                        line.is_busy = False
                for line in lines:
                    self._wake(line, send)
        finally:
            self._gatherers -= 1

    async def _in_thread(self, work: Callable[..., Any], *given: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *given)

    # ── in threads ────────────────────────────────────────────────────────────────────────────

    def _take(self, line: _Line, letters: Sequence[Letter]) -> list[bytes]:
        with line.lock:
            try:
                for wait in self._begin(line, letters):
                    wait()
                return [] if line.end is None else line.end.outgoing(self._clock.now())
            except Exception:  # noqa: BLE001 - R3
                _log.exception("messages not taken in", locker=line.locker)
                return []

    def _take_many(
        self, lines: Sequence[_Line], letters: Sequence[Sequence[Letter]]
    ) -> list[tuple[_Line, list[bytes]]]:
        """Let many ends begin, and wait for all of them together (R2)."""
        self._meet_many([line for line in lines if line.end is None])
        begun: list[tuple[_Line, Sequence[Wait]]] = []
        for line, some in zip(lines, letters, strict=True):
            # Held until it has answered: see hang_up.
            line.lock.acquire()
            begun.append((line, self._try(line, self._begin, line, some) or ()))
        answered: list[tuple[_Line, list[bytes]]] = []
        for line, waits in begun:
            try:
                answered.append((line, self._try(line, self._answer, line, waits) or []))
            finally:
                line.lock.release()
        return answered

    def _try(self, line: _Line, work: Callable[..., Any], *given: object) -> Any:
        try:
            return work(*given)
        except Exception:  # noqa: BLE001 - R3
            _log.exception("messages not taken in", locker=line.locker)
            return None

    def _answer(self, line: _Line, waits: Sequence[Wait]) -> list[bytes]:
        for wait in waits:
            wait()
        return [] if line.end is None else line.end.outgoing(self._clock.now())

    def _begin(self, line: _Line, letters: Sequence[Letter]) -> list[Wait]:
        now = self._clock.now()
        if line.end is None:
            self._join(line, self._find_end(line.locker))
        if line.end is None:
            self.dropped_count += len(letters)
            _log.warning("message of a locker nobody registered", locker=line.locker)
            return []
        waits: list[Wait] = []
        for letter in letters:
            # Who speaks is there, whatever the order in which the broker tells it.
            is_there = letter.branch == "evt" or letter.body == ONLINE
            if is_there and not line.is_up:
                line.end.connected(now)
            elif line.is_up and not is_there:
                line.end.disconnected()
            line.is_up = is_there
            if letter.branch != "evt":
                continue
            if line.patient is None:
                line.end.receive(letter.body, now)
            else:
                waits.extend(line.patient.begin(letter.body, now))
        return waits

    def _meet_many(self, lines: Sequence[_Line]) -> None:
        if not lines or self._find_ends is None:
            return
        try:
            ends = self._find_ends([line.locker for line in lines])
        except Exception:  # noqa: BLE001 - each is looked for alone then
            _log.exception("ends not found")
            return
        for line in lines:
            if line.locker in ends:
                self._join(line, ends[line.locker])

    def _join(self, line: _Line, end: LinkEnd | None) -> None:
        line.end = end
        if isinstance(end, PatientEnd):
            end.tell_changes(lambda: self._changed.append(line))
            line.patient = end

    def _ask(self, lines: Sequence[_Line]) -> list[tuple[_Line, list[bytes]]]:
        answered = ((line, self._take(line, ())) for line in lines)
        return [(line, said) for line, said in answered if said]


async def _send_all(send: Send, answered: Sequence[tuple[_Line, list[bytes]]]) -> None:
    # Side by side: a carrier may wait for somebody's word after each message.
    await asyncio.gather(*(send(line.locker, said) for line, said in answered if said))


async def cancel(tasks: set[asyncio.Task[None]]) -> None:
    """End tasks, and wait until they have ended."""
    # Told again until all have ended: before Python 3.12 ``asyncio.wait_for``, which the MQTT
    # library uses, loses a cancellation that comes together with what it waits for.
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        ended, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_SECONDS)
        await asyncio.gather(*ended, return_exceptions=True)


def _hang_up(line: _Line) -> None:
    with line.lock:
        line.inbox.clear()
        if line.end is not None and line.is_up:
            line.end.disconnected()
        line.is_up = False
