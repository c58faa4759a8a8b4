"""Time is an input too: due timers become operations.

R1. Timers are rows that follow from states, so they survive restarts and move with extensions.
R2. An operation judges again whether its time has come: a clock that goes backwards, or two
    timekeepers at work, change nothing.
R3. One turn takes a bounded batch and submits it together, so that a morning's worth of timers
    neither floods the committer nor waits one by one.
"""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

import structlog
from sqlalchemy import Connection, select

from ..clock import Clock
from ..core.ids import ParcelId
from ..core.refusal import Refused
from ..core.value import UtcSeconds
from ..journal.committer import Committer
from ..journal.ledger import Operation
from ..journal.port import Busy, Conflict
from ..views.principal import NotFound
from ..views.tables import TIMERS
from .booking import expire_booking
from .overdue import expire_hold, sweep_grants

_log = structlog.get_logger(__name__)

BATCH_MAX: Final = 500
"""Timers in one turn: half of what one transaction of the committer takes."""

_OPERATIONS: Final[dict[str, Callable[[ParcelId], Operation[bool]]]] = {
    "hold": lambda parcel: expire_hold(parcel=parcel),
    "booking": lambda parcel: expire_booking(parcel=parcel),
    "grant": lambda parcel: sweep_grants(parcel=parcel),
}


class Timer(NamedTuple):
    """Something to be done at a time."""

    owner: str
    kind: str
    due_at: UtcSeconds


class Timekeeper:
    """Runs what is due.

    Parameters
    ----------
    reading
        Opens a connection to the views for single queries.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        committer: Committer,
        clock: Clock,
    ) -> None:
        self._reading = reading
        self._committer = committer
        self._clock = clock

    def next_due(self) -> UtcSeconds | None:
        """Tell when the earliest timer is due; ``None`` when there is none."""
        query = select(TIMERS.c.due_at).order_by(TIMERS.c.due_at).limit(1)
        with self._reading() as connection:
            found = connection.scalar(query)
        return None if found is None else UtcSeconds(found)

    def tick(self, limit: int = BATCH_MAX) -> int:
        """Run what is due now, at most ``limit``; how many timers did something.

        Call it again at once when it returns ``limit``, otherwise some seconds later.
        """
        due = self._due(limit)
        waiting: list[tuple[Timer, Future[Any]]] = []
        for timer in due:
            make = _OPERATIONS.get(timer.kind)
            if make is None:
                _log.warning("timer of an unknown kind", kind=timer.kind)
                continue
            waiting.append((timer, self._committer.submit(make(ParcelId(timer.owner)))))
        return sum(self._finish(timer, answer) for timer, answer in waiting)

    def _due(self, limit: int) -> tuple[Timer, ...]:
        query = (
            select(TIMERS.c.owner, TIMERS.c.kind, TIMERS.c.due_at)
            .where(TIMERS.c.due_at <= self._clock.now())
            .order_by(TIMERS.c.due_at, TIMERS.c.owner)
            .limit(limit)
        )
        with self._reading() as connection:
            return tuple(
                Timer(owner, kind, UtcSeconds(due_at))
                for owner, kind, due_at in connection.execute(query)
            )

    def _finish(self, timer: Timer, answer: "Future[Any]") -> int:
        try:
            return int(answer.result())
        except (Refused, NotFound, Conflict, Busy) as error:
            # It stays due and is judged again in the next turn.
            _log.info("timer waits", owner=timer.owner, kind=timer.kind, why=str(error))
            return 0
