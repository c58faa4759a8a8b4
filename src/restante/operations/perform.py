"""Perform what lies in the outbox: at least once, with patience, and never silently given up.

R1. Work is claimed, performed, and then marked done. A crash between the last two performs it
    again, so performers must stand that: the stable key is theirs to pass on.
R2. A failure is tried again after 30 s, 60 s, ... up to 6 h, :data:`ATTEMPTS_MAX` times; then the
    work is put into the queue for a person, and can be revived.
R3. A failure that no patience mends (a wrong address) is a person's business at once.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

import structlog

from ..access import redact_text
from ..clock import Clock
from ..core.value import HOUR, UtcSeconds
from ..journal.port import ATTEMPTS_MAX, DueWork, Outbox
from ..views.principal import Principal, Role
from .notice_book import Book, GivenUp

_log = structlog.get_logger(__name__)

PAUSE_SECONDS_MIN: Final = 30
PAUSE_SECONDS_MAX: Final = 6 * HOUR
ERROR_MAX: Final = 300
"""Longest error kept with work; the rest is in the log."""

Perform: TypeAlias = Callable[[Sequence[DueWork]], Sequence[Exception | None]]
"""Does pieces of work and tells what became of each, in order: ``None`` when it is done,
:class:`Hopeless`, :class:`Left`, or anything else to be tried again."""

TOGETHER_MAX: Final = 100
"""Pieces performed together: what one finds out is seconds old when it goes out (chosen)."""


class Hopeless(Exception):
    """Trying again will not help; a person must look. The message says at what."""


def _ignore() -> None:
    pass


class Left(Exception):
    """There was no time for it: whoever claims it when this claim has run out performs it."""


class OutboxWorker:
    """Performs due work; several threads may take turns at the same time.

    Parameters
    ----------
    performers
        By kind of work. Work of a kind nobody performs stays where it is.
    book
        Where it is written down that a person must look.
    """

    def __init__(
        self,
        outbox: Outbox,
        performers: Mapping[str, Perform],
        *,
        book: Book,
        clock: Clock,
    ) -> None:
        self._outbox = outbox
        self._performers = dict(performers)
        self._book = book
        self._clock = clock

    def turn(self, limit: int = 50, *, full: Callable[[], None] = _ignore) -> int:
        """Perform what is due now, at most ``limit`` pieces; how many were tried.

        Parameters
        ----------
        full
            Called when so many were claimed that there may be more.
        """
        if not self._performers:
            return 0
        kinds = tuple(self._performers)
        claimed = self._outbox.due_work(self._clock.now(), limit, kinds=kinds)
        if len(claimed) >= limit:
            full()
        for kind in kinds:
            some = [work for work in claimed if work.kind == kind]
            for first in range(0, len(some), TOGETHER_MAX):
                self._perform(kind, some[first : first + TOGETHER_MAX])
        return len(claimed)

    def _perform(self, kind: str, some: Sequence[DueWork]) -> None:
        """Try some pieces, and write down which are done with."""
        try:
            outcomes = self._performers[kind](some)
        except Exception as failure:  # noqa: BLE001 - a process boundary: one failure stops no other work
            outcomes = [failure] * len(some)
        done: list[str] = []
        for work, outcome in zip(some, outcomes, strict=True):
            if isinstance(outcome, Left):
                continue
            if isinstance(outcome, Hopeless):
                self._give_up(work, str(outcome))
            elif outcome is not None:
                self._try_later(work, outcome)
                continue
            done.append(work.key)
        if done:
            self._outbox.finish_work(*done, at=self._clock.now())

    def _try_later(self, work: DueWork, error: Exception) -> None:
        what = redact_text(f"{type(error).__name__}: {error}")[:ERROR_MAX]
        pause = min(PAUSE_SECONDS_MIN * 2**work.attempts, PAUSE_SECONDS_MAX)
        due_at = UtcSeconds(self._clock.now() + pause)
        _log.warning("work failed", key=work.key, attempts=work.attempts + 1, error=what)
        self._outbox.postpone_work(work.key, due_at, what)
        if work.attempts + 1 >= ATTEMPTS_MAX:
            self._give_up(work, what)

    def _give_up(self, work: DueWork, why: str) -> None:
        _log.error("work given up", key=work.key, error=why)
        for error in self._book.write([GivenUp(key=work.key, kind=work.kind, why=why[:ERROR_MAX])]):
            if error is not None:
                raise error


def revive(outbox: Outbox, principal: Principal, *, key: str, now: UtcSeconds) -> None:
    """Give work that was given up another round of tries."""
    principal.need_role(Role.OPERATOR)
    outbox.revive_work(key, now)
