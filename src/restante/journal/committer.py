"""Many operations, one transaction: the throughput of the product.

While one transaction is being written, the operations of the next one are decided, in order,
against one overlay of states; then they are written together, and every caller gets its own
answer. With one caller it costs a transaction for each operation; with many, a small part of one.

R1. Nobody hears an answer before the facts it rests on are durable; a refusal is an answer too.
R2. An operation that raises leaves no trace and touches no neighbour.
R3. When another process wrote first, what rested on that is set aside and its neighbours are
    written at once; then the rest is decided again on fresh states, first together, in the end
    one by one. Operations that touch the same things keep their order.
R4. When an operation breaks the writing (a row its view rejects, a derivation that raises), all
    are written one by one and only the guilty one fails.
R5. When the storage fails, all waiting callers get that error and cached states are dropped.
R6. What is decided while a transaction is on its way believes that it will be written. When it is
    not, all that was decided on it is void, and decided again.

It must not know what an operation does.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from ..clock import Clock
from ..core.value import UtcSeconds
from .ledger import Ledger, Operation, Overlay, RowNotYetWritten, StateCache, Touched
from .port import Batch, Busy, Conflict, Damaged, Full, Journal, Kinds, Recorded

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

WAITING_MAX = 10_000
"""Operations that may wait. Chosen: about a second's work; later callers are better told."""

OPERATIONS_MAX = 1_000
"""Operations in one transaction. Measured: more gains under 5 % and makes answers late."""

FEW = 16
"""So few are written together; of more, half is decided while half is written (chosen)."""

SHARES_MAX = 4
"""Look-ups for one transaction while another is written, each for such a share of operations."""

CONFLICT_TRIES_MAX = 4
"""Tries together before each is tried alone."""

CONFLICT_TRIES_ALONE_MAX = 16
"""Tries alone before a conflict is the answer (chosen: a busy machine loses four in a row)."""


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


class _Asked(NamedTuple):
    operation: Operation[Any]
    now: UtcSeconds
    answer: "Future[Any]"
    context: Context
    """Of the caller: what is logged in the operation tells whose request it was."""


class _Decided(NamedTuple):
    asked: _Asked
    result: Any
    error: Exception | None

    def answer(self) -> None:
        if self.error is None:
            self.asked.answer.set_result(self.result)
        else:
            self.asked.answer.set_exception(self.error)


class _Draft:
    """Operations that were decided together, to be written in one transaction."""

    def __init__(self, overlay: Overlay, mark: tuple[int, int]) -> None:
        self.overlay = overlay
        self.mark = mark
        self.decided: list[_Decided] = []
        self.touched: list[Touched] = []
        self.is_full = False
        """Whether the next operation must wait until this is written."""
        self.batch = Batch(())
        self.recorded: Sequence[Recorded] = ()
        self.error: BaseException | None = None
        self.is_done = False
        """Written and answered, or failed."""

    @property
    def asked(self) -> list[_Asked]:
        """Whose operations they are."""
        return [one.asked for one in self.decided]

    def close(self) -> bool:
        """Make the batch; false when there is nothing to write."""
        self.batch = batch = self.overlay.batch(self.mark)
        return bool(batch.units or batch.rows or batch.work)


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
        self._journal = journal
        self._clock = clock
        self._kinds = kinds
        self._committed = committed
        self._operations_max = operations_max
        self._around = around
        self._cache = StateCache()
        self._inbox: SimpleQueue[_Asked | None] = SimpleQueue()
        self._waiting: deque[_Asked] = deque()
        self._waiting_max = waiting_max
        self._drafts: SimpleQueue[_Draft | None] = SimpleQueue()
        self._open: _Draft | None = None
        self._under_way: _Draft | None = None
        self._is_alone = True
        self._door = threading.Lock()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._operations = 0
        self._transactions = 0
        self._conflicts = 0
        self._mark = (0, 0)

    def start(self) -> "Committer":
        """Start to decide in one thread and to write in another."""
        with self._turn, self._door:
            if self._is_closed:
                raise Closed("this committer was closed; make a new one")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="committer", daemon=True)
                self._thread.start()
                writer = threading.Thread(target=self._write_drafts, name="writer", daemon=True)
                writer.start()
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
        asked = _Asked(operation, self._clock.now(), Future(), copy_context())
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
        return CommitterCounts(
            self._operations, self._transactions, self._conflicts, self._count_waiting()
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

    # Two threads. The deciding one owns the cache, the mark, who waits and the open draft; it
    # hands drafts to the writing one, and gets each back done before it hands over the next.

    def _serve(self) -> None:
        self._writer = threading.get_ident()
        try:
            while self._gather():
                if self._under_way is not None and self._under_way.is_done:
                    self._conclude(self._under_way)
                self._decide_some()
                if self._open is not None and self._under_way is None:
                    self._hand_over(self._open)
        finally:
            # Reached with callers waiting only when this thread is torn down.
            with self._door:
                self._is_closed = True
                self._drafts.put(None)
                self._fail_waiting()

    def _gather(self) -> bool:
        """Wait until there is something to do; false when there will be no more."""
        while True:
            while not self._inbox.empty():
                asked = self._inbox.get()
                if asked is not None:
                    self._waiting.append(asked)
            under_way = self._under_way
            if under_way is None:
                if self._waiting:
                    return True
                if self._is_closed:
                    return False
            elif under_way.is_done or self._is_share(under_way):
                return True
            asked = self._inbox.get()
            if asked is not None:
                self._waiting.append(asked)

    def _is_share(self, under_way: _Draft) -> bool:
        # Where others write, too, what is decided ahead is mostly in vain, and whoever reads before
        # it writes would always come second. A look-up costs a round trip; while something is
        # written there is time to gather for it.
        if not self._is_alone:
            return False
        return self._room() > 0 and len(self._waiting) * SHARES_MAX >= len(under_way.decided)

    def _room(self) -> int:
        """Count how many of those that wait may be decided now."""
        draft, waiting = self._open, len(self._waiting)
        if draft is not None:
            return 0 if draft.is_full else min(waiting, self._operations_max - len(draft.decided))
        if self._under_way is None and waiting > FEW:
            waiting = (waiting + 1) // 2
        return min(waiting, self._operations_max)

    def _decide_some(self) -> None:
        taken = [self._waiting.popleft() for _ in range(self._room())]
        # A caller that went away before its turn is not served.
        taken = [asked for asked in taken if _is_wanted(asked)]
        if not taken:
            return
        draft = self._open
        try:
            if draft is None:
                self._open = draft = self._begin()
            later = self._decide(draft, taken)
        except Exception as error:  # noqa: BLE001 - sorted out one after the other
            asked = [*(() if draft is None else draft.asked), *taken]
            self._open = None
            while self._under_way is not None and not self._under_way.is_done:
                self._waiting.extend(filter(None, [self._inbox.get()]))
            if self._under_way is not None:
                self._conclude(self._under_way)
            self._write_together(self._set_right(asked, (), error, CONFLICT_TRIES_MAX))
        except BaseException as error:
            _fail(taken, error)
            raise
        else:
            draft.is_full = bool(later)
            self._waiting.extendleft(reversed(later))

    def _hand_over(self, draft: _Draft) -> None:
        self._open = None
        if draft.close():
            self._expect(draft)
            self._under_way = draft
            self._drafts.put(draft)
        else:
            self._answer(draft)

    def _conclude(self, draft: _Draft) -> None:
        """Take back what was written, or go back to before it; R6."""
        self._under_way = None
        draft.overlay.before = None
        if draft.error is None:
            self._cache.chain(draft.recorded)
            self._is_alone = self._is_undisturbed()
            if self._open is not None and not self._is_alone:
                self._void(self._open)
            return
        if self._open is not None:
            self._void(self._open)
        if not isinstance(draft.error, Exception):
            _fail(draft.asked, draft.error)
            raise draft.error
        left = self._set_right(draft.asked, draft.touched, draft.error, CONFLICT_TRIES_MAX - 1)
        self._write_together(left)

    def _is_undisturbed(self) -> bool:
        try:
            return self._journal.write_mark() == self._mark
        except Exception:  # noqa: BLE001 - met again, and told, by whoever is decided next
            return False

    def _void(self, draft: _Draft) -> None:
        self._open = None
        self._cache.clear()
        self._waiting.extendleft(reversed(draft.asked))

    def _write_drafts(self) -> None:
        while (draft := self._drafts.get()) is not None:
            try:
                self._write(draft)
            except BaseException as error:  # noqa: BLE001 - told to the deciding thread
                draft.error = error
            draft.is_done = True
            self._inbox.put(None)

    def _fail_waiting(self) -> None:
        while not self._inbox.empty():
            asked = self._inbox.get()
            if asked is not None:
                self._waiting.append(asked)
        decided = [] if self._open is None else self._open.asked
        gone = [*decided, *filter(_is_wanted, self._waiting)]
        _fail(gone, Closed("the committer's thread has ended"))

    # One after the other: without threads, and to sort out what has failed.

    def _commit_alone(self, asked: _Asked) -> None:
        with self._turn:
            if self._thread is not None:
                # Started while this one waited for its turn.
                self._inbox.put(asked)
                return
            self._writer = threading.get_ident()
            try:
                if _is_wanted(asked):
                    self._write_together([asked])
            except BaseException as error:
                # Nothing may leave a caller waiting for ever.
                self._cache.clear()
                _fail([asked], error)
                if not isinstance(error, Exception):
                    raise
            finally:
                self._writer = None

    def _write_together(self, waiting: Sequence[_Asked]) -> None:
        tries_left = CONFLICT_TRIES_MAX
        while waiting:
            draft: _Draft | None = None
            try:
                draft = self._begin()
                later = self._decide(draft, waiting)
                self._finish(draft)
            except Exception as error:  # noqa: BLE001 - R3 to R5
                tries_left -= isinstance(error, Conflict)
                touched = () if draft is None else draft.touched
                waiting = self._set_right(waiting, touched, error, tries_left)
            else:
                waiting = later

    def _set_right(
        self,
        waiting: Sequence[_Asked],
        touched: Sequence[Touched],
        error: Exception,
        tries_left: int,
    ) -> Sequence[_Asked]:
        """Do what can be done after a try that failed, and tell whom to try again with."""
        self._cache.clear()
        if isinstance(error, Conflict) and tries_left:
            neighbors, losers = _part(waiting, touched, error)
            self._write_together(neighbors)
            return losers
        if isinstance(error, Full | Busy | Damaged):
            self._operations += len(waiting)
            _fail(waiting, error)
        else:
            # R4: find out whose fault it is.
            self._write_singly(waiting)
        return ()

    def _write_singly(self, waiting: Sequence[_Asked]) -> None:
        for asked in waiting:
            try:
                self._write_alone(asked)
            except Exception as error:  # noqa: BLE001 - belongs to this caller, see R4
                self._cache.clear()
                self._operations += 1
                _fail([asked], error)

    def _write_alone(self, asked: _Asked) -> None:
        for tries_left in reversed(range(CONFLICT_TRIES_ALONE_MAX)):
            try:
                draft = self._begin()
                self._decide(draft, [asked])
                self._finish(draft)
            except Conflict:
                self._cache.clear()
                if not tries_left:
                    raise
            else:
                return

    def _finish(self, draft: _Draft) -> None:
        if not draft.close():
            self._answer(draft)
            return
        self._expect(draft)
        self._write(draft)
        self._cache.chain(draft.recorded)

    # What all of them do.

    def _begin(self) -> _Draft:
        before = self._under_way
        if before is None:
            self._cache.trim()
            self._drop_stale_states()
        overlay = Overlay(
            self._journal, self._kinds, self._cache, None if before is None else before.overlay
        )
        return _Draft(overlay, self._mark)

    def _drop_stale_states(self) -> None:
        # Refusals and plain readings are guarded by no version: they need states that are true.
        mark = self._journal.write_mark()
        if mark != self._mark:
            self._cache.clear()
            self._mark = mark

    def _decide(self, draft: _Draft, waiting: Sequence[_Asked]) -> Sequence[_Asked]:
        """Decide operations in order, and tell which must wait for another transaction."""
        overlay = draft.overlay
        overlay.fetch(
            [stream for asked in waiting for stream in asked.operation.streams],
            [row for asked in waiting for row in asked.operation.rows],
        )
        for place, asked in enumerate(waiting):
            ledger = Ledger(overlay, asked.now)
            try:
                result = asked.context.run(asked.operation.run, ledger)
            except RowNotYetWritten:
                return waiting[place:]
            except Exception as error:  # noqa: BLE001 - an answer like any other, see R2
                touched = ledger.touched()
                overlay.note(touched)
                draft.decided.append(_Decided(asked, None, error))
            else:
                touched = ledger.accept()
                draft.decided.append(_Decided(asked, result, None))
            draft.touched.append(touched)
        return ()

    def _expect(self, draft: _Draft) -> None:
        """Believe that a draft will be written."""
        draft.overlay.expect()
        foreign, batches = self._mark
        self._mark = (foreign, batches + 1)

    def _write(self, draft: _Draft) -> None:
        with self._around(len(draft.decided)):
            try:
                recorded = self._journal.append(draft.batch, recorded_at=self._clock.now())
            except Conflict:
                self._conflicts += 1
                raise
        draft.recorded = recorded
        self._transactions += 1
        self._answer(draft)
        if recorded:
            self._wake(recorded[-1].position)

    def _answer(self, draft: _Draft) -> None:
        self._operations += len(draft.decided)
        for one in draft.decided:
            one.answer()

    def _wake(self, position: int) -> None:
        try:
            self._committed(position)
        except Exception:  # noqa: BLE001 - a caller's hook; logged
            # The facts are durable and told; a follower finds them without being woken.
            _log.exception("waking followers after a commit failed")


def _is_wanted(asked: _Asked) -> bool:
    return asked.answer.running() or asked.answer.set_running_or_notify_cancel()


def _part(
    waiting: Sequence[_Asked], touched: Sequence[Touched], conflict: Conflict
) -> tuple[list[_Asked], list[_Asked]]:
    """Part those a conflict does not concern from those it does; each keeps its order."""
    lost = Touched(conflict.streams, conflict.rows)
    neighbors: list[_Asked] = []
    losers = list(waiting[len(touched) :])
    concerned: list[_Asked] = []
    for asked, what in zip(waiting, touched, strict=False):
        if what.meets(lost):
            # Whatever touches the same things comes after it, too.
            lost = lost.joined(what)
            concerned.append(asked)
        else:
            neighbors.append(asked)
    if not concerned:
        return [], [*neighbors, *losers]
    return neighbors, [*concerned, *losers]


def _fail(waiting: Sequence[_Asked], error: BaseException) -> None:
    for asked in waiting:
        if not asked.answer.done():
            asked.answer.set_exception(error)
