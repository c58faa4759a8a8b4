"""Many operations, one transaction: the throughput of the product.

While one transaction is being written, operations wait; then all of them are decided, in order,
against one overlay of states and written together, and every caller gets its own answer. With
one caller it costs a transaction for each operation; with a thousand, a thousandth of one.

R1. Nobody hears an answer before the facts it rests on are durable; a refusal is an answer too.
R2. An operation that raises leaves no trace and touches no neighbour.
R3. When another process wrote first, what rested on that is set aside and its neighbours are
    written at once; then the rest is decided again on fresh states, first together, in the end
    one by one. Operations that touch the same things keep their order.
R4. When an operation breaks the writing (a row its view rejects, a derivation that raises), all
    are written one by one and only the guilty one fails.
R5. When the storage fails, all waiting callers get that error and cached states are dropped.

It must not know what an operation does.
"""

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from contextvars import Context, copy_context
from typing import Any, NamedTuple, TypeVar

from ..clock import Clock
from ..core.value import UtcSeconds
from .ledger import Ledger, Operation, Overlay, RowNotYetWritten, StateCache, Touched
from .port import Busy, Conflict, Damaged, Full, Journal, Kinds, Recorded

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

WAITING_MAX = 10_000
"""Operations that may wait. Chosen: about a second's work; later callers are better told."""

OPERATIONS_MAX = 1_000
"""Operations in one transaction. Measured: more gains under 5 % and makes answers late."""

CONFLICT_TRIES_MAX = 4
"""Tries together, and again alone, before a conflict is the answer."""


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
        self._waiting: queue.Queue[_Asked | None] = queue.Queue()
        self._waiting_max = waiting_max
        self._door = threading.Lock()
        self._turn = threading.Lock()
        self._writer: int | None = None
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._operations = 0
        self._transactions = 0
        self._conflicts = 0
        self._position = 0
        self._mark = (0, 0)
        self._touched: list[Touched] = []

    def start(self) -> "Committer":
        """Start the writer thread."""
        with self._door:
            if self._is_closed:
                raise Closed("this committer was closed; make a new one")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="committer", daemon=True)
                self._thread.start()
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
                if self._waiting.qsize() >= self._waiting_max:
                    raise Overloaded(
                        f"{self._waiting_max} operations are waiting to be written; try again"
                    )
                self._waiting.put(asked)
                return asked.answer
        self._commit([asked])
        return asked.answer

    def counts(self) -> CommitterCounts:
        """Tell what was done so far."""
        return CommitterCounts(
            self._operations, self._transactions, self._conflicts, self._waiting.qsize()
        )

    def close(self) -> None:
        """Take nothing more in, write what waits, and return when it is durable."""
        with self._door:
            self._is_closed = True
            thread = self._thread
            if thread is not None:
                self._waiting.put(None)
        if thread is not None:
            thread.join()

    def __enter__(self) -> "Committer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    # --------------------------------------------------------------- private

    def _serve(self) -> None:
        try:
            while batch := self._gather():
                self._commit(batch)
        finally:
            # Reached with callers waiting only when this thread is torn down.
            with self._door:
                self._is_closed = True
                self._fail_waiting()

    def _gather(self) -> list[_Asked]:
        # Waits for one operation, then takes all that wait; empty when there will be no more.
        batch: list[_Asked] = []
        following = self._waiting.get()
        while following is not None:
            batch.append(following)
            if len(batch) == self._operations_max:
                return batch
            try:
                following = self._waiting.get_nowait()
            except queue.Empty:
                return batch
        if batch:
            # Closing: found again on the next turn.
            self._waiting.put(None)
        return batch

    def _fail_waiting(self) -> None:
        while not self._waiting.empty():
            asked = self._waiting.get_nowait()
            if asked is not None and asked.answer.set_running_or_notify_cancel():
                asked.answer.set_exception(Closed("the committer's thread has ended"))

    def _commit(self, batch: Sequence[_Asked]) -> None:
        # A caller that went away before its turn is not served.
        waiting = [asked for asked in batch if asked.answer.set_running_or_notify_cancel()]
        before = self._position
        with self._turn, self._around(len(waiting)):
            self._writer = threading.get_ident()
            try:
                self._write_together(waiting)
            except BaseException as error:
                # Nothing may leave a caller waiting for ever.
                self._cache.clear()
                _fail(waiting, error)
                if not isinstance(error, Exception):
                    raise
            finally:
                self._writer = None
                self._operations += len(waiting)
        if self._position != before:
            self._wake()

    def _wake(self) -> None:
        try:
            self._committed(self._position)
        except Exception:  # noqa: BLE001 - a caller's hook; logged
            # The facts are durable and told; a follower finds them without being woken.
            _log.exception("waking followers after a commit failed")

    def _drop_stale_states(self) -> None:
        # Refusals and plain readings are guarded by no version: they need states that are true.
        mark = self._journal.write_mark()
        if mark != self._mark:
            self._cache.clear()
            self._mark = mark

    def _write_together(self, waiting: Sequence[_Asked]) -> None:
        conflicts = 0
        while waiting:
            try:
                decided, waiting_still = self._transact(waiting)
            except Conflict as conflict:
                conflicts += 1
                if conflicts == CONFLICT_TRIES_MAX:
                    self._write_singly(waiting)
                    return
                neighbors, waiting = _part(waiting, self._touched, conflict)
                self._write_together(neighbors)
                continue
            except (Full, Busy, Damaged) as error:
                _fail(waiting, error)
                return
            except Exception:  # noqa: BLE001 - R4: find out whose fault it is
                self._write_singly(waiting)
                return
            for one in decided:
                one.answer()
            waiting = waiting_still

    def _write_singly(self, waiting: Sequence[_Asked]) -> None:
        for asked in waiting:
            try:
                self._write_alone(asked)
            except Exception as error:  # noqa: BLE001 - belongs to this caller, see R4
                _fail([asked], error)

    def _write_alone(self, asked: _Asked) -> None:
        for tries_left in reversed(range(CONFLICT_TRIES_MAX)):
            try:
                decided, _ = self._transact([asked])
            except Conflict:
                if not tries_left:
                    raise
            else:
                decided[0].answer()
                return

    def _transact(self, waiting: Sequence[_Asked]) -> tuple[list[_Decided], Sequence[_Asked]]:
        # Decides and writes one transaction, and returns whose answers are now durable and who
        # must wait for the next one. What it raises, nobody has been told.
        self._touched = []
        self._drop_stale_states()
        overlay = Overlay(self._journal, self._kinds, self._cache)
        try:
            decided, later = self._decide(overlay, waiting)
            batch = overlay.batch(self._mark)
            recorded: Sequence[Recorded] = ()
            if batch.units or batch.rows or batch.work:
                recorded = self._journal.append(batch, recorded_at=self._clock.now())
                self._transactions += 1
                foreign, batches = self._mark
                self._mark = (foreign, batches + 1)
                if recorded:
                    self._position = recorded[-1].position
        except BaseException as error:
            self._cache.clear()
            self._conflicts += isinstance(error, Conflict)
            raise
        overlay.settle(recorded)
        return decided, later

    def _decide(
        self, overlay: Overlay, waiting: Sequence[_Asked]
    ) -> tuple[list[_Decided], Sequence[_Asked]]:
        overlay.fetch(
            [stream for asked in waiting for stream in asked.operation.streams],
            [row for asked in waiting for row in asked.operation.rows],
        )
        decided: list[_Decided] = []
        for place, asked in enumerate(waiting):
            ledger = Ledger(overlay, asked.now)
            try:
                result = asked.context.run(asked.operation.run, ledger)
            except RowNotYetWritten:
                return decided, waiting[place:]
            except Exception as error:  # noqa: BLE001 - an answer like any other, see R2
                decided.append(_Decided(asked, None, error))
            else:
                ledger.accept()
                decided.append(_Decided(asked, result, None))
            self._touched.append(ledger.touched())
        return decided, ()


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
