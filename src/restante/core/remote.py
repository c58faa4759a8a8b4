"""Doors of one locker opened from afar, as the centre keeps them: who asked, why, what came of it.

This is the machine of the stream ``remote/<locker>``. The locker judges every order by itself
(:mod:`.order`); here is what was asked of it, and its answer.

Rules
-----
R1  One order at a time for a compartment.
R2  An order is sent once, with a counter above all before it, and only while somebody waits for
    it: what could not be sent within :data:`WAIT_SECONDS` is over.
R3  Where a second person must agree it is another one, and within :data:`APPROVAL_SECONDS`.
R4  A recipient asks at most :data:`ASKS_MAX` times in ten minutes for a parcel.
R5  Counters go on above what the locker has judged, whoever signed that.
R6  What the locker did is believed whenever it tells: a late answer replaces "no answer".
"""

from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .grant import Purpose
from .ids import ActorId, CompartmentId, GrantId, OrderId, ParcelId
from .order import ORDER_SECONDS_MAX
from .refusal import Reason, Refused
from .value import DAY, MINUTE, Command, Fact, UtcSeconds, Value

WAIT_SECONDS: Final = 60
"""How long an order waits for a locker that is away; who asked stands there and waits too."""

APPROVAL_SECONDS: Final = 15 * MINUTE
"""How long a second person may take (chosen)."""

ANSWER_SECONDS: Final = 30
"""How long after an order's end its answer may be on the way (chosen: one pause of the link)."""

ASKS_MAX: Final = 5
ASKS_SECONDS: Final = 10 * MINUTE

LATE_SECONDS: Final = 30 * DAY
"""How long a missing answer is waited for: a locker may be cut off for weeks (chosen)."""


class Phase(StrEnum):
    """How far an order has come."""

    APPROVAL = "approval"
    """Waits for a second person."""
    WAITING = "waiting"
    """Waits for the locker to be there."""
    SENT = "sent"
    ENDED = "ended"


class Outcome(StrEnum):
    """What came of an order."""

    TAKEN = "taken"
    """The locker opened the door; what the door did then, its own facts tell."""
    REFUSED = "refused"
    """The locker said no, with a reason."""
    UNREACHABLE = "unreachable"
    """The locker was away; nothing was sent."""
    UNANSWERED = "unanswered"
    """Sent, and no answer came; the order is void by now."""
    DECLINED = "declined"
    """A second person said no."""
    UNAPPROVED = "unapproved"
    """No second person said anything."""


class Asked(Value):
    """One order and how far it has come."""

    compartment: CompartmentId
    purpose: Purpose
    asked_by: ActorId
    asked_at: UtcSeconds
    until: UtcSeconds
    """When its phase is over by itself."""
    phase: Phase
    why: str = ""
    parcel: ParcelId | None = None
    grant: GrantId | None = None
    presence: str = ""
    approved_by: ActorId | None = None
    sent_at: UtcSeconds | None = None
    ended_at: UtcSeconds | None = None
    outcome: Outcome | None = None
    reason: str = ""
    """Why the locker refused."""


class Remote(Value):
    """A locker's orders: those under way, those of the last ten minutes, and for a month those
    whose answer may still come."""

    counter: int = 0
    asked: dict[OrderId, Asked] = {}  # noqa: RUF012 - msgspec copies it


class OpeningAsked(Fact, tag="remote.opening_asked.v1"):
    """Somebody wants a door opened from afar."""

    order: OrderId
    compartment: CompartmentId
    purpose: Purpose
    asked_by: ActorId
    why: str
    until: UtcSeconds
    needs_approval: bool = False
    parcel: ParcelId | None = None
    grant: GrantId | None = None
    presence: str = ""
    """What the asker saw on the locker's screen; it counts once and for a minute."""


class OpeningApproved(Fact, tag="remote.opening_approved.v1"):
    """A second person agreed that the door be opened."""

    order: OrderId
    approved_by: ActorId
    until: UtcSeconds


class OpeningSent(Fact, tag="remote.opening_sent.v1"):
    """The order was signed and sent."""

    order: OrderId
    epoch: str
    counter: int
    expires_at: UtcSeconds


class OpeningEnded(Fact, tag="remote.opening_ended.v1"):
    """It is known what came of an order."""

    order: OrderId
    outcome: Outcome
    reason: str = ""
    """Why the locker refused."""
    counter: int = 0
    """Up to where the locker has judged orders, where it told."""


RemoteFact: TypeAlias = OpeningAsked | OpeningApproved | OpeningSent | OpeningEnded


class AskOpening(Command, tag="ask_opening"):
    """Have a door opened from afar."""

    order: OrderId
    compartment: CompartmentId
    purpose: Purpose
    asked_by: ActorId
    why: str = ""
    needs_approval: bool = False
    parcel: ParcelId | None = None
    grant: GrantId | None = None
    presence: str = ""


class ApproveOpening(Command, tag="approve_opening"):
    """Agree, as the second person."""

    order: OrderId
    approved_by: ActorId


class DeclineOpening(Command, tag="decline_opening"):
    """Say no, as the second person, or take back what one asked for."""

    order: OrderId


class SendOpening(Command, tag="send_opening"):
    """Sign it for this life of the locker's journal."""

    order: OrderId
    epoch: str


class AnswerOpening(Command, tag="answer_opening"):
    """Note what the locker says it did."""

    order: OrderId
    outcome: Outcome
    counter: int
    reason: str = ""


class ExpireOpening(Command, tag="expire_opening"):
    """End it when its time is over."""

    order: OrderId


RemoteCommand: TypeAlias = (
    AskOpening | ApproveOpening | DeclineOpening | SendOpening | AnswerOpening | ExpireOpening
)


def decide(state: Remote, command: RemoteCommand) -> tuple[RemoteFact, ...]:
    """Say what follows from a command, or refuse it."""
    at, order = command.at, command.order
    known = state.asked.get(order)
    match command:
        case AskOpening():
            return _ask(state, command) if known is None else ()
        case ApproveOpening(approved_by=approved_by):
            _need(known, Phase.APPROVAL, at)
            if known is not None and approved_by == known.asked_by:
                raise Refused(Reason.ACCESS_DENIED, "a second person must agree, not the same one")
            until = UtcSeconds(at + WAIT_SECONDS)
            return (OpeningApproved(at=at, order=order, approved_by=approved_by, until=until),)
        case DeclineOpening():
            _need(known, Phase.APPROVAL, at)
            return (OpeningEnded(at=at, order=order, outcome=Outcome.DECLINED),)
        case SendOpening(epoch=epoch):
            _need(known, Phase.WAITING, at)
            return (
                OpeningSent(
                    at=at,
                    order=order,
                    epoch=epoch,
                    # Seconds since 1970 are above every counter of a database put back from a copy.
                    counter=max(state.counter + 1, at),
                    expires_at=UtcSeconds(at + ORDER_SECONDS_MAX),
                ),
            )
        case AnswerOpening(outcome=outcome, reason=reason):
            if known is not None and known.outcome is outcome:
                return ()
            ended = OpeningEnded(at=at, order=order, outcome=outcome, reason=reason)
            return (replace(ended, counter=command.counter),)
        case ExpireOpening():
            return _expire(command, known)
        case _:
            assert_never(command)


def evolve(state: Remote, fact: RemoteFact) -> Remote:
    """Say what is true after a fact; any fact in any state."""
    if isinstance(fact, OpeningAsked):
        return replace(state, asked={**_lasting(state, fact.at), fact.order: _asked(fact)})
    counter = state.counter
    if isinstance(fact, OpeningSent | OpeningEnded):
        counter = max(counter, fact.counter)
    known = state.asked.get(fact.order)
    if known is None:
        return replace(state, counter=counter)
    match fact:
        case OpeningApproved(until=until):
            approved_by = fact.approved_by
            after = replace(known, phase=Phase.WAITING, until=until, approved_by=approved_by)
        case OpeningSent(expires_at=expires_at):
            until = UtcSeconds(expires_at + ANSWER_SECONDS)
            after = replace(known, phase=Phase.SENT, until=until, sent_at=fact.at)
        case OpeningEnded(at=at, outcome=outcome, reason=reason):
            ended = Phase.ENDED
            after = replace(known, phase=ended, ended_at=at, outcome=outcome, reason=reason)
        case _:
            assert_never(fact)
    return Remote(counter=counter, asked={**state.asked, fact.order: after})


def _ask(state: Remote, command: AskOpening) -> tuple[RemoteFact, ...]:
    at, grant = command.at, command.grant
    live = [one for one in state.asked.values() if one.phase is not Phase.ENDED]
    if any(one.compartment == command.compartment for one in live):
        raise Refused(Reason.NOT_POSSIBLE_NOW, "an order for this compartment is under way")
    asks = [one for one in state.asked.values() if grant is not None and one.grant == grant]
    if sum(at - one.asked_at < ASKS_SECONDS for one in asks) >= ASKS_MAX:
        raise Refused(Reason.TOO_MANY_OPENINGS)
    seconds = APPROVAL_SECONDS if command.needs_approval else WAIT_SECONDS
    return (
        OpeningAsked(
            at=at,
            order=command.order,
            compartment=command.compartment,
            purpose=command.purpose,
            asked_by=command.asked_by,
            why=command.why,
            until=UtcSeconds(at + seconds),
            needs_approval=command.needs_approval,
            parcel=command.parcel,
            grant=grant,
            presence=command.presence,
        ),
    )


def _expire(command: ExpireOpening, known: Asked | None) -> tuple[RemoteFact, ...]:
    if known is None or known.phase is Phase.ENDED or command.at < known.until:
        return ()
    outcome = {
        Phase.APPROVAL: Outcome.UNAPPROVED,
        Phase.WAITING: Outcome.UNREACHABLE,
        Phase.SENT: Outcome.UNANSWERED,
    }[known.phase]
    return (OpeningEnded(at=command.at, order=command.order, outcome=outcome),)


def _need(known: Asked | None, phase: Phase, at: UtcSeconds) -> None:
    if known is None or known.phase is not phase or at >= known.until:
        raise Refused(Reason.NOT_POSSIBLE_NOW, "the order is over, or not so far")


def _asked(fact: OpeningAsked) -> Asked:
    return Asked(
        compartment=fact.compartment,
        purpose=fact.purpose,
        asked_by=fact.asked_by,
        asked_at=fact.at,
        until=fact.until,
        phase=Phase.APPROVAL if fact.needs_approval else Phase.WAITING,
        why=fact.why,
        parcel=fact.parcel,
        grant=fact.grant,
        presence=fact.presence,
    )


def _lasting(state: Remote, at: UtcSeconds) -> dict[OrderId, Asked]:
    """Drop what ended long ago, so that the state stays small."""
    return {
        order: one
        for order, one in state.asked.items()
        if one.phase is not Phase.ENDED or at - one.asked_at < _lasts_seconds(one)
    }


def _lasts_seconds(one: Asked) -> int:
    return LATE_SECONDS if one.outcome is Outcome.UNANSWERED else ASKS_SECONDS


DECIDER: Decider[Remote, RemoteCommand, RemoteFact] = Decider(Remote(), decide, evolve)
