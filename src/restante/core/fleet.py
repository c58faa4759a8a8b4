"""What all lockers of a network have in common: how many doors are opened from afar, and when
the centre's records were put back from a copy.

One stream, ``fleet/<network>``, is written with every order somebody gives from a desk, so that
the count is right however many processes a centre has.

Rules
-----
R1  Within an hour only so many doors are opened from afar on one person's word. Above that a
    second person must agree; what they agreed to is counted too.
"""

from typing import Final, TypeAlias

from .decider import Decider
from .ids import ActorId, LockerId, OrderId
from .refusal import Reason, Refused
from .value import HOUR, Command, Fact, UtcSeconds, Value

WINDOW_SECONDS: Final = HOUR


class Fleet(Value):
    """The openings from afar of the last hour, oldest first."""

    counted_at: tuple[UtcSeconds, ...] = ()


class OpeningCounted(Fact, tag="fleet.opening_counted.v1"):
    """A door is opened from afar, and counts for the network's limit."""

    locker: LockerId
    order: OrderId
    asked_by: ActorId
    approved_by: ActorId | None = None
    """The second person, where one was needed."""


class RecordsPutBack(Fact, tag="fleet.records_put_back.v1"):
    """The centre's records were put back from a copy; what came after the copy is lost here."""

    last_position: int
    """Where the copy ended. Positions go on above everything that may have been told to others."""


FleetFact: TypeAlias = OpeningCounted | RecordsPutBack


class CountOpening(Command, tag="count_opening"):
    """Open one more door from afar."""

    locker: LockerId
    order: OrderId
    asked_by: ActorId
    count_max: int
    """Openings an hour on one person's word."""
    approved_by: ActorId | None = None


def is_used_up(state: Fleet, at: UtcSeconds, count_max: int) -> bool:
    """Whether one more opening needs a second person (R1)."""
    return len(_recent(state, at)) >= count_max


def decide(state: Fleet, command: CountOpening) -> tuple[FleetFact, ...]:
    """Say what follows from a command, or refuse it."""
    approved_by = command.approved_by
    if approved_by is None and is_used_up(state, command.at, command.count_max):
        raise Refused(Reason.TOO_MANY_OPENINGS, "a second person must agree")
    return (
        OpeningCounted(
            at=command.at,
            locker=command.locker,
            order=command.order,
            asked_by=command.asked_by,
            approved_by=approved_by,
        ),
    )


def evolve(state: Fleet, fact: FleetFact) -> Fleet:
    """Say what is true after a fact; any fact in any state."""
    if isinstance(fact, RecordsPutBack):
        return state
    return Fleet(counted_at=(*_recent(state, fact.at), fact.at))


def _recent(state: Fleet, at: UtcSeconds) -> tuple[UtcSeconds, ...]:
    # A clock put back makes "later" ones; they count, so that it opens no more doors.
    return tuple(before for before in state.counted_at if before > at - WINDOW_SECONDS)


DECIDER: Decider[Fleet, CountOpening, FleetFact] = Decider(Fleet(), decide, evolve)
