"""Operations written one after the other: without threads, and to set right what has failed.

R1. When another process wrote first, what rested on that is set aside and its neighbours are
    written at once; then the rest is decided again on fresh states, first together, in the end
    one by one. Operations that touch the same things keep their order.
R2. When an operation breaks the writing (a row its view rejects, a derivation that raises), all
    are written one by one and only the guilty one fails.
R3. When the storage fails, all waiting callers get that error and cached states are dropped.

It knows nothing of a second thread: while it works nothing else is decided or written.
"""

from collections.abc import Sequence
from typing import Final

from .drafts import Asked, Desk, Draft
from .ledger import Touched
from .port import Busy, Conflict, Damaged, Full

CONFLICT_TRIES_MAX: Final = 4
"""Tries together before each is tried alone."""

CONFLICT_TRIES_ALONE_MAX: Final = 16
"""Tries alone before a conflict is the answer (chosen: a busy machine loses four in a row)."""


class Recovery:
    """Writes operations at a desk, whatever becomes of the first try."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def write_together(self, waiting: Sequence[Asked]) -> None:
        """Write operations in few transactions, and tell each what became of it."""
        tries_left = CONFLICT_TRIES_MAX
        while waiting:
            draft: Draft | None = None
            try:
                draft = self._desk.begin()
                later = self._desk.decide(draft, waiting)
                self._desk.finish(draft)
            except Exception as error:  # noqa: BLE001 - R1 to R3
                tries_left -= isinstance(error, Conflict)
                touched = () if draft is None else draft.touched
                waiting = self._set_right(waiting, touched, error, tries_left)
            else:
                waiting = later

    def set_right(
        self, waiting: Sequence[Asked], touched: Sequence[Touched], error: Exception
    ) -> None:
        """Write what a first try has not.

        Parameters
        ----------
        waiting
            Whose operations they are.
        touched
            What each has read or written, as far as they were decided.
        error
            How the try has failed.
        """
        tries_left = CONFLICT_TRIES_MAX - 1
        self.write_together(self._set_right(waiting, touched, error, tries_left))

    # --------------------------------------------------------------- private

    def _set_right(
        self,
        waiting: Sequence[Asked],
        touched: Sequence[Touched],
        error: Exception,
        tries_left: int,
    ) -> Sequence[Asked]:
        """Do what can be done after a try that failed, and tell whom to try again with."""
        self._desk.forget()
        if isinstance(error, Conflict) and tries_left:
            neighbors, losers = _part(waiting, touched, error)
            self.write_together(neighbors)
            return losers
        if isinstance(error, Full | Busy | Damaged):
            self._desk.fail(waiting, error)
        else:
            self._write_singly(waiting)
        return ()

    def _write_singly(self, waiting: Sequence[Asked]) -> None:
        for asked in waiting:
            try:
                self._write_alone(asked)
            except Exception as error:  # noqa: BLE001 - belongs to this caller (R2)
                self._desk.forget()
                self._desk.fail([asked], error)

    def _write_alone(self, asked: Asked) -> None:
        for tries_left in reversed(range(CONFLICT_TRIES_ALONE_MAX)):
            try:
                draft = self._desk.begin()
                self._desk.decide(draft, [asked])
                self._desk.finish(draft)
            except Conflict:
                self._desk.forget()
                if not tries_left:
                    raise
            else:
                return


def _part(
    waiting: Sequence[Asked], touched: Sequence[Touched], conflict: Conflict
) -> tuple[list[Asked], list[Asked]]:
    """Part those a conflict does not concern from those it does; each keeps its order."""
    lost = Touched(conflict.streams, conflict.rows)
    neighbors: list[Asked] = []
    losers = list(waiting[len(touched) :])
    concerned: list[Asked] = []
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
