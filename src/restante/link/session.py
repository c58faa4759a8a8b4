"""How what is said on the link arrives, although messages get lost, doubled and out of order.

Two machines without I/O, one at each end (:mod:`.locker_session`, :mod:`.centre_session`): bytes
and the time go in, events and bytes come out. Here are the rules of both and what their hosts hear.
A transport (in memory, MQTT) only carries bytes, tells of connecting and disconnecting, and calls
``outgoing`` whenever it can send.

Rules
-----
R1  A locker's facts carry (epoch, seq), seq without gaps. They are resent from the watermark until
    acknowledged, with growing pauses.
R2  The centre acknowledges only what it has committed; its host says so (``committed``).
R3  What arrives twice is dropped; what leaves a gap is dropped and the watermark is said again,
    which asks for the rest.
R4  A list is never applied backwards. Changes apply when their base is not newer than what the
    locker has, because they hold every entry changed since the base as it stands now.
R5  What the centre says is signed; what does not verify is dropped and told to the host.
R6  A clock that jumps delays a resend by one pause at most.
R7  An order is said once and never again: what is lost is asked for anew, by whoever wanted it.
    An order for another life of the locker's journal is dropped.
R8  Orders, the time and whole lists repeat a challenge the locker has just given; one that was held
    back on the way does not count.
R9  A centre that was put back from a copy lacks facts it has acknowledged. What it answers to a
    greeting, a gap or a beat that believes too much repeats the newest challenge, and then the
    watermark goes back: the locker sends again what is missing.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from ..core.value import Seconds, UtcSeconds
from .message import ConfigurationUpdate, Heartbeat, Hello, KeysUpdate, ListChange, Order

RESEND_SECONDS_MIN: Final = Seconds(2)
"""First pause before something unanswered is said again: a slow mobile link answers in one."""

RESEND_SECONDS_MAX: Final = Seconds(60)


class Acknowledged(NamedTuple):
    """Locker: facts up to ``seq`` are safe at the centre, and no others (R9)."""

    seq: int


class ListArrived(NamedTuple):
    """Locker: the list changed. Store it, then call ``applied``."""

    is_whole: bool
    """Whether everything not in ``changes`` is gone."""
    version: int
    changes: tuple[ListChange, ...]


class TimeTold(NamedTuple):
    """Locker: what time it is at the centre."""

    at_ms: int


class ConfigurationArrived(NamedTuple):
    """Locker: what it shall be. Take it whole or refuse it, then call ``beat_soon``."""

    update: ConfigurationUpdate


class KeysArrived(NamedTuple):
    """Locker: keys of the centre were exchanged. Take them if they may be, then ``beat_soon``."""

    update: KeysUpdate


class OrderArrived(NamedTuple):
    """Locker: the centre wants a door open. Signed for this locker; everything else is to check."""

    order: Order


class Greeted(NamedTuple):
    """Centre: the locker is here again."""

    hello: Hello


class FactsArrived(NamedTuple):
    """Centre: facts that follow what is known. Commit them, then call ``committed``."""

    epoch: str
    first_seq: int
    facts: tuple[msgspec.Raw, ...]


class Gap(NamedTuple):
    """Centre: the locker is further than this end knows. Look up to where its facts are committed,
    by whichever process, then call ``stands_at``."""

    epoch: str


class Beat(NamedTuple):
    """Centre: the locker is alive."""

    heartbeat: Heartbeat


class Diverged(NamedTuple):
    """One end remembers what the other has lost: somebody must look."""

    what: str


class Dropped(NamedTuple):
    """A message was not understood, not for this end or not signed well; it was dropped."""

    why: str


LockerEvent: TypeAlias = (
    Acknowledged
    | ListArrived
    | TimeTold
    | OrderArrived
    | ConfigurationArrived
    | KeysArrived
    | Diverged
    | Dropped
)
CentreEvent: TypeAlias = Greeted | FactsArrived | Gap | Beat | Diverged | Dropped


class ListDelta(NamedTuple):
    """What the centre's host gives for a locker's list."""

    base_version: int
    """0 when ``changes`` is the whole list."""
    version: int
    changes: tuple[ListChange, ...]


ReadFacts: TypeAlias = Callable[[int, int], Sequence[msgspec.Raw]]
"""``(first_seq, limit) -> facts``, each a ``ReportedFact``; from the locker's journal."""

ReadList: TypeAlias = Callable[[int], ListDelta]
"""``(base_version) -> delta``; 0 asks for everything."""


class Pause:
    """When to say something again (R1, R6)."""

    def __init__(self) -> None:
        self._said_at: UtcSeconds | None = None
        self._seconds: int = RESEND_SECONDS_MIN

    def is_over(self, now: UtcSeconds) -> bool:
        """Whether it may be said."""
        if self._said_at is None:
            return True
        self._said_at = min(self._said_at, now)
        return now >= self._said_at + self._seconds

    def said(self, now: UtcSeconds) -> None:
        """Note that it was said: the next pause is longer."""
        if self._said_at is not None:
            self._seconds = min(2 * self._seconds, RESEND_SECONDS_MAX)
        self._said_at = now

    def reset(self) -> None:
        """Forget: say it at once."""
        self._said_at = None
        self._seconds = RESEND_SECONDS_MIN

    def answered(self, now: UtcSeconds) -> None:
        """There was progress: wait the shortest pause from now."""
        self._said_at = now
        self._seconds = RESEND_SECONDS_MIN
