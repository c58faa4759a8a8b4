"""Operations that are decided together, and how that becomes one transaction.

A draft is decided, expected, closed, written and learned, in this order. Closing does all that can
be done before the turn: while one draft is written, the next one is sealed and packed.

It must not know in which thread each of them is done; see :mod:`.committer`.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from contextvars import Context
from typing import Any, NamedTuple

from ..clock import Clock
from ..core.value import UtcSeconds
from .ledger import Ledger, Operation, Overlay, RowNotYetWritten, StateCache, Touched
from .port import Batch, Conflict, Journal, Kinds, Recorded

_log = logging.getLogger(__name__)


class Asked(NamedTuple):
    """An operation that was taken in."""

    operation: Operation[Any]
    now: UtcSeconds
    answer: "Future[Any]"
    context: Context
    """Of the caller: what is logged in the operation tells whose request it was."""

    def is_wanted(self) -> bool:
        """Whether its caller still waits, and from now on cannot go away."""
        return self.answer.running() or self.answer.set_running_or_notify_cancel()


class Decided(NamedTuple):
    """An operation with what its caller will be told."""

    asked: Asked
    result: Any
    error: Exception | None

    def answer(self) -> None:
        """Tell the caller."""
        if self.error is None:
            self.asked.answer.set_result(self.result)
        else:
            self.asked.answer.set_exception(self.error)


class Draft:
    """Operations that were decided together, to be written in one transaction."""

    def __init__(self, overlay: Overlay, mark: tuple[int, int]) -> None:
        self.overlay = overlay
        self.mark = mark
        self.decided: list[Decided] = []
        self.touched: list[Touched] = []
        self.is_full = False
        """Whether the next operation must wait until this is written."""
        self.follows: Draft | None = None
        """What must have been written first, while it is on its way."""
        self.batch = Batch(())
        self.recorded_at = UtcSeconds(0)
        self.end: int | None = None
        """The last position when it is written, where that can be foreseen."""
        self.recorded: Sequence[Recorded] = ()
        self.error: BaseException | None = None
        self.settled = threading.Event()
        """Whether it is known if it was written: :attr:`error` tells."""
        self.is_done = False
        """Written and answered, or failed."""

    @property
    def asked(self) -> list[Asked]:
        """Whose operations they are."""
        return [one.asked for one in self.decided]

    def check_before(self) -> None:
        """Wait until the one before was written, or raise what that has failed by."""
        before = self.follows
        if before is not None:
            before.settled.wait()
            if before.error is not None:
                raise before.error

    @property
    def size(self) -> int:
        """How many operations were decided."""
        return len(self.decided)


class Desk:
    """Where drafts are made and written, one after the other.

    Parameters
    ----------
    journal, clock, kinds, committed, around
        As of :class:`restante.journal.committer.Committer`.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        kinds: Kinds,
        *,
        committed: Callable[[int], None],
        around: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._kinds = kinds
        self._committed = committed
        self._around = around
        self._cache = StateCache()
        self._mark = (0, 0)
        self._position: int | None = None
        """What the last draft that was written has ended with."""
        self.is_alone = True
        """Whether nobody else has written lately."""
        self._counting = threading.Lock()
        self.operations = 0
        self.transactions = 0
        self.conflicts = 0

    def begin(self, before: Draft | None = None) -> Draft:
        """Begin a draft, on top of one that is on its way."""
        if before is None:
            self._cache.trim()
            self._drop_stale_states()
        overlay = Overlay(
            self._journal, self._kinds, self._cache, None if before is None else before.overlay
        )
        return Draft(overlay, self._mark)

    def decide(self, draft: Draft, waiting: Sequence[Asked]) -> Sequence[Asked]:
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
            except Exception as error:  # noqa: BLE001 - an answer like any other
                touched = ledger.touched()
                overlay.note(touched)
                draft.decided.append(Decided(asked, None, error))
            else:
                touched = ledger.accept()
                draft.decided.append(Decided(asked, result, None))
            draft.touched.append(touched)
        return ()

    def expect(self, draft: Draft) -> None:
        """Believe that a draft will be written."""
        draft.overlay.expect()
        foreign, batches = self._mark
        self._mark = (foreign, batches + 1)

    def close(self, draft: Draft) -> None:
        """Take no more operations into a draft, and make its batch as ready as it can be.

        Done in the order in which drafts are written, perhaps while the next one is decided.
        """
        draft.is_full = True
        draft.recorded_at = self._clock.now()
        draft.batch = batch = draft.overlay.batch(draft.mark)
        after = self._position if draft.follows is None else draft.follows.end
        if after is None or not self.is_alone:
            return
        try:
            draft.batch = self._journal.prepare(batch, after=after, recorded_at=draft.recorded_at)
        except Exception:  # noqa: BLE001 - met again, and set right, when it is written
            _log.debug("a batch could not be made ready", exc_info=True)
        ready = draft.batch.ready
        if ready is not None:
            draft.end = ready.recorded[-1].position if ready.recorded else after
            self._cache.chain(ready.recorded)

    def write(self, draft: Draft) -> None:
        """Write a draft, then answer."""
        with self._around(len(draft.decided)):
            try:
                recorded = self._journal.append(draft.batch, recorded_at=draft.recorded_at)
            except Conflict:
                self.conflicts += 1
                raise
        draft.recorded = recorded
        draft.settled.set()
        with self._counting:
            self.transactions += 1
        self.answer(draft)
        if recorded:
            self._wake(recorded[-1].position)

    def learn(self, draft: Draft) -> None:
        """Keep what is known since a draft was written."""
        ready = draft.batch.ready
        if ready is None:
            self._cache.chain(draft.recorded)
        elif ready.recorded is not draft.recorded:
            # Others have written before it.
            self.is_alone = False
            self._cache.chain(draft.recorded)
        if draft.recorded:
            self._position = draft.recorded[-1].position

    def finish(self, draft: Draft) -> None:
        """Write a draft at once."""
        if draft.overlay.is_empty:
            self.answer(draft)
            return
        self.expect(draft)
        self.close(draft)
        self.write(draft)
        self.learn(draft)

    def forget(self) -> None:
        """Believe nothing any more: something was not written, or others have written."""
        self._cache.clear()
        self._position = None

    def look_around(self) -> None:
        """Find out whether others have written."""
        try:
            self.is_alone = self._journal.write_mark() == self._mark
        except Exception:  # noqa: BLE001 - met again, and told, by whoever is decided next
            self.is_alone = False

    def answer(self, draft: Draft) -> None:
        """Tell all callers of a draft."""
        with self._counting:
            self.operations += len(draft.decided)
        for one in draft.decided:
            one.answer()

    def fail(self, waiting: Sequence[Asked], error: Exception) -> None:
        """Tell callers that their operations failed."""
        with self._counting:
            self.operations += len(waiting)
        fail(waiting, error)

    # --------------------------------------------------------------- private

    def _drop_stale_states(self) -> None:
        # Refusals and plain readings are guarded by no version: they need states that are true.
        mark = self._journal.write_mark()
        if mark != self._mark:
            self.forget()
            self._mark = mark

    def _wake(self, position: int) -> None:
        try:
            self._committed(position)
        except Exception:  # noqa: BLE001 - a caller's hook; logged
            # The facts are durable and told; a follower finds them without being woken.
            _log.exception("waking followers after a commit failed")


def fail(waiting: Sequence[Asked], error: BaseException) -> None:
    """Tell callers an error, unless they were told something before."""
    for asked in waiting:
        if not asked.answer.done():
            asked.answer.set_exception(error)
