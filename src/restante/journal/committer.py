"""Many operations, one transaction: the throughput of the product.

While one transaction is being written, the operations of the next one are decided, in order,
against one overlay of states; then they are written together, and every caller gets its own
answer. With one caller it costs a transaction for each operation; with many, a small part of one.

R1. Nobody hears an answer before the facts it rests on are durable; a refusal is an answer too.
R2. An operation that raises leaves no trace and touches no neighbour.
R3. What was not written, because others wrote first or the storage fails, is sorted out one
    operation after the other, with the same promises (:mod:`.recovery`).
R4. What is decided while a transaction is on its way believes that it will be written. When it is
    not, all that was decided on it is void, and decided again.

It must not know what an operation does.
"""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from contextvars import copy_context
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

from ..clock import Clock
from .drafts import Asked, Desk, Draft, fail
from .ledger import Operation
from .port import Follow, Journal, Kinds
from .recovery import Recovery

Result = TypeVar("Result")

WAITING_MAX = 10_000
"""Operations that may wait. Chosen: about a second's work; later callers are better told."""

OPERATIONS_MAX = 1_000
"""Operations in one transaction. Measured: more gains under 5 % and makes answers late."""

FEW = 16
"""So few are written together; of more, half is decided while half is written (chosen)."""

SHARES_MAX = 2
"""Look-ups for one transaction while another is written, each for such a share of operations. Each
costs half a millisecond of the processor, however little is asked for."""

HANDED_MAX = 3
"""Drafts that were decided and are not written: one whose commit is waited for, one being written,
one being made ready."""

WRITERS = 2
"""Threads that write: one puts rows while the other waits for a commit."""

ENOUGH = 0.5
"""Of the operations on their way; so many more are made ready to follow them (chosen: batches of
equal length, where callers ask again as soon as they are answered)."""


class Overloaded(Exception):
    """Too many operations wait already; this one was not taken in. Try again later."""


class Closed(Exception):
    """The committer takes no more operations."""


class CommitterCounts(NamedTuple):
    """What a committer has done since it was made."""

    operations: int
    """Operations that were answered, refused ones included."""
    transactions: int
    conflicts: int
    waiting: int
    """Operations waiting now."""


class _Once:
    """Does something the first time it is told to; used by one thread."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act
        self._is_done = False

    def __call__(self) -> None:
        if not self._is_done:
            self._is_done = True
            self._act()


def _ignore(_position: int) -> None:
    pass


def _unwatched(_count: int) -> AbstractContextManager[object]:
    return nullcontext()


class Committer:
    """Runs operations against a journal; the only way to write facts.

    Parameters
    ----------
    journal
        Others may write it too, in this process or another; that only costs conflicts and cached
        states.
    clock
        Read once for each operation when it comes in, and once for each transaction.
    kinds
        How streams are read.
    committed
        Called with the last position after facts were written, to wake followers; must be quick
        and must not raise.
    waiting_max
        See :data:`WAITING_MAX`.
    operations_max
        See :data:`OPERATIONS_MAX`.
    around
        Entered with the number of operations whenever some are written, for traces.

    Notes
    -----
    Until :meth:`start` it works without a thread: callers commit themselves, one at a time. The
    simulator stays in this mode.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        kinds: Kinds,
        *,
        committed: Callable[[int], None] = _ignore,
        waiting_max: int = WAITING_MAX,
        operations_max: int = OPERATIONS_MAX,
        around: Callable[[int], AbstractContextManager[object]] = _unwatched,
    ) -> None:
        self._clock = clock
        self._operations_max = operations_max
        self._desk = Desk(journal, clock, kinds, committed=committed, around=around)
        self._recovery = Recovery(self._desk)
        self._inbox: SimpleQueue[Asked | None] = SimpleQueue()
        self._waiting: deque[Asked] = deque()
        self._waiting_max = waiting_max
        self._drafts: SimpleQueue[Draft | None] = SimpleQueue()
        self._baton = threading.Lock()
        self._open: Draft | None = None
        self._closing: SimpleQueue[Draft | None] = SimpleQueue()
        self._handed: deque[Draft] = deque()
        self._door = threading.Lock()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def start(self) -> "Committer":
        """Start to decide, to seal and to write side by side."""
        with self._turn, self._door:
            if self._is_closed:
                raise Closed("this committer was closed; make a new one")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="committer", daemon=True)
                self._thread.start()
                for _ in range(WRITERS):
                    writer = threading.Thread(target=self._write_drafts, name="writer", daemon=True)
                    writer.start()
                closer = threading.Thread(target=self._close_drafts, name="closer", daemon=True)
                closer.start()
        return self

    def run(self, operation: Operation[Result]) -> Result:
        """Run an operation and wait until it is durable.

        Raises
        ------
        restante.core.refusal.Refused
            When the rules say no; nothing was recorded.
        Conflict, Full, Busy, Damaged
            When it could not be written; nothing was recorded.
        Overloaded, Closed
            When it was not taken in.
        """
        return self.submit(operation).result()

    def submit(self, operation: Operation[Result]) -> "Future[Result]":
        """Take an operation in; its future is done when it is durable, or has raised.

        Raises
        ------
        Overloaded
            When too many wait.
        Closed
            After :meth:`close`.
        """
        if self._writer == threading.get_ident():
            raise RuntimeError("an operation cannot wait for another one; record both in one")
        asked = Asked(operation, self._clock.now(), Future(), copy_context())
        with self._door:
            if self._is_closed:
                raise Closed("the committer is closed; the process is ending")
            if self._thread is not None:
                if self._count_waiting() >= self._waiting_max:
                    raise Overloaded(
                        f"{self._waiting_max} operations are waiting to be written; try again"
                    )
                self._inbox.put(asked)
                return asked.answer
        self._commit_alone(asked)
        return asked.answer

    def counts(self) -> CommitterCounts:
        """Tell what was done so far."""
        desk = self._desk
        return CommitterCounts(
            desk.operations, desk.transactions, desk.conflicts, self._count_waiting()
        )

    def close(self) -> None:
        """Take nothing more in, write what waits, and return when it is durable."""
        with self._door:
            self._is_closed = True
            thread = self._thread
            if thread is not None:
                self._inbox.put(None)
        if thread is not None:
            thread.join()

    def __enter__(self) -> "Committer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # --------------------------------------------------------------- private

    def _count_waiting(self) -> int:
        return self._inbox.qsize() + len(self._waiting)

    # Four threads. The deciding one owns the desk's beliefs, who waits, and the open draft. It
    # hands drafts to the closing one, that to the writing ones, and gets them back done, in order:
    # while one is committed, the next is written, one is sealed and packed, and one is decided.

    def _serve(self) -> None:
        self._writer = threading.get_ident()
        try:
            while self._gather():
                if self._handed and self._handed[0].is_done:
                    self._conclude()
                self._decide_some()
                if self._open is not None and (not self._handed or self._may_follow()):
                    self._hand_over(self._open)
        finally:
            # Reached with callers waiting only when this thread is torn down.
            with self._door:
                self._is_closed = True
                self._closing.put(None)
                self._fail_waiting()

    def _gather(self) -> bool:
        """Wait until there is something to do; false when there will be no more."""
        while True:
            while not self._inbox.empty():
                asked = self._inbox.get()
                if asked is not None:
                    self._waiting.append(asked)
            if not self._handed:
                if self._waiting:
                    return True
                if self._is_closed:
                    return False
            elif self._handed[0].is_done or self._is_share() or self._may_follow():
                return True
            asked = self._inbox.get()
            if asked is not None:
                self._waiting.append(asked)

    def _is_share(self) -> bool:
        # Where others write, too, what is decided ahead is mostly in vain, and whoever reads before
        # it writes would always come second. A look-up costs a round trip; while something is
        # written there is time to gather for it.
        if not self._desk.is_alone:
            return False
        return self._room() > 0 and len(self._waiting) * SHARES_MAX >= self._handed[-1].size

    def _room(self) -> int:
        """Count how many of those that wait may be decided now."""
        draft, waiting = self._open, len(self._waiting)
        if draft is not None:
            return 0 if draft.is_full else min(waiting, self._operations_max - draft.size)
        if not self._handed and waiting > FEW:
            waiting = (waiting + 1) // 2
        return min(waiting, self._operations_max)

    def _decide_some(self) -> None:
        taken = [self._waiting.popleft() for _ in range(self._room())]
        # A caller that went away before its turn is not served.
        taken = [asked for asked in taken if asked.is_wanted()]
        if not taken:
            return
        draft = self._open
        try:
            if draft is None:
                before = self._handed[-1] if self._handed else None
                self._open = draft = self._desk.begin(before)
            later = self._desk.decide(draft, taken)
        except Exception as error:  # noqa: BLE001 - sorted out one after the other
            asked = [*(() if draft is None else draft.asked), *taken]
            self._open = None
            while self._handed:
                self._wait_for(self._handed[0])
                self._conclude()
            self._recovery.set_right(asked, (), error)
        except BaseException as error:
            fail(taken, error)
            raise
        else:
            draft.is_full = bool(later)
            self._waiting.extendleft(reversed(later))

    def _may_follow(self) -> bool:
        """Whether the open draft may queue behind what was handed over."""
        draft, last = self._open, self._handed[-1]
        if draft is None or draft.overlay.is_empty or len(self._handed) >= HANDED_MAX:
            return False
        # What comes after this waits for one transaction more.
        is_enough = draft.is_full or draft.size >= ENOUGH * last.size
        return is_enough and last.batch.ready is not None

    def _hand_over(self, draft: Draft) -> None:
        self._open = None
        if draft.overlay.is_empty:
            self._desk.answer(draft)
            return
        self._desk.expect(draft)
        if self._handed:
            draft.follows = self._handed[-1]
        self._handed.append(draft)
        if draft.follows is None and draft.size <= FEW:
            # Nobody else is closing anything; a lonely caller is spared the way through a thread.
            self._desk.close(draft)
            self._drafts.put(draft)
        else:
            self._closing.put(draft)

    def _conclude(self) -> None:
        """Take back what was written, or go back to before it (R4)."""
        draft = self._handed.popleft()
        if draft.error is None:
            self._desk.learn(draft)
            following = [*self._handed, *filter(None, [self._open])]
            if following:
                following[0].overlay.before = None
            if not self._handed:
                self._desk.look_around()
                if self._open is not None and not self._desk.is_alone:
                    self._void(self._open)
            return
        if self._open is not None:
            self._void(self._open)
        while self._handed:
            # It was not written, either, for it rests on this one.
            self._wait_for(self._handed[-1])
            self._void(self._handed.pop())
        if not isinstance(draft.error, Exception):
            fail(draft.asked, draft.error)
            raise draft.error
        self._recovery.set_right(draft.asked, draft.touched, draft.error)

    def _wait_for(self, draft: Draft) -> None:
        while not draft.is_done:
            self._waiting.extend(filter(None, [self._inbox.get()]))

    def _void(self, draft: Draft) -> None:
        self._open = None
        self._desk.forget()
        self._waiting.extendleft(reversed(draft.asked))

    def _close_drafts(self) -> None:
        while (draft := self._closing.get()) is not None:
            try:
                self._desk.close(draft)
            except BaseException as error:  # noqa: BLE001 - told by the writing thread
                draft.error = error
            self._drafts.put(draft)
            self._inbox.put(None)
        self._drafts.put(None)

    def _write_drafts(self) -> None:
        while True:
            # Whoever has the baton takes the next draft; it is given on when no draft behind can
            # come before it any more.
            self._baton.acquire()
            draft = self._drafts.get()
            if draft is None:
                # The other thread ends, too.
                self._drafts.put(None)
                self._baton.release()
                return
            self._write_draft(draft)

    def _write_draft(self, draft: Draft) -> None:
        sent = _Once(self._baton.release)
        try:
            if draft.error is not None:
                raise draft.error
            if draft.follows is None or draft.follows.settled.is_set():
                draft.check_before()
            # Otherwise its journal does, which has let it come so early.
            draft.batch = draft.batch._replace(follow=Follow(sent, draft.check_before))
            self._desk.write(draft)
        except BaseException as raised:  # noqa: BLE001 - told to the deciding thread
            draft.error = raised
        finally:
            draft.settled.set()
            sent()
        draft.follows = None
        draft.is_done = True
        self._inbox.put(None)

    def _fail_waiting(self) -> None:
        while not self._inbox.empty():
            asked = self._inbox.get()
            if asked is not None:
                self._waiting.append(asked)
        decided = [] if self._open is None else self._open.asked
        gone = [*decided, *(asked for asked in self._waiting if asked.is_wanted())]
        fail(gone, Closed("the committer's thread has ended"))

    def _commit_alone(self, asked: Asked) -> None:
        with self._turn:
            if self._thread is not None:
                # Started while this one waited for its turn.
                self._inbox.put(asked)
                return
            self._writer = threading.get_ident()
            try:
                if asked.is_wanted():
                    self._recovery.write_together([asked])
            except BaseException as error:
                # Nothing may leave a caller waiting for ever.
                self._desk.forget()
                fail([asked], error)
                if not isinstance(error, Exception):
                    raise
            finally:
                self._writer = None
