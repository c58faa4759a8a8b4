"""One person at a locker, from signing in to leaving.

Rules
-----
R1  One session at a time.
R2  A courier's session names the courier: every handoff says who was there.
R3  A session ends by itself when nobody has done anything for a while; what they were shown is
    wiped from the screen (the kiosk's duty), the doors they opened stay theirs until shut.
"""

from enum import StrEnum
from typing import TypeAlias

from .decider import Decider
from .ids import CourierId, GrantId, PartnerId, SessionId
from .refusal import Reason, Refused
from .value import Command, Fact, UtcSeconds, Value


class Role(StrEnum):
    """Who a session belongs to."""

    RECIPIENT = "recipient"
    COURIER = "courier"


class Idle(Value, tag="idle"):
    """Nobody is signed in."""


class Active(Value, tag="active"):
    """Somebody is signed in."""

    session: SessionId
    role: Role
    started_at: UtcSeconds
    courier: CourierId | None = None
    partner: PartnerId | None = None
    """Whose parcels a courier may deposit and retrieve."""
    grants: tuple[GrantId, ...] = ()
    """What a recipient may collect in this visit."""


Session: TypeAlias = Idle | Active


class SessionStarted(Fact, tag="session.started.v1"):
    """Somebody signed in at the locker."""

    session: SessionId
    role: Role
    courier: CourierId | None = None
    partner: PartnerId | None = None
    grants: tuple[GrantId, ...] = ()
    admitted: str = ""
    """What let the person in although the locker could not be sure: ``clock_holdover``,
    ``clock_unknown`` or ``signature_alone``; empty in ordinary cases."""


class SessionEnded(Fact, tag="session.ended.v1"):
    """The visit is over."""

    session: SessionId
    why: str
    """``done``, ``idle`` or ``restart``."""


SessionFact: TypeAlias = SessionStarted | SessionEnded


class StartSession(Command, tag="start_session"):
    """Sign in."""

    session: SessionId
    role: Role
    courier: CourierId | None = None
    partner: PartnerId | None = None
    grants: tuple[GrantId, ...] = ()
    admitted: str = ""


class EndSession(Command, tag="end_session"):
    """Sign out."""

    why: str


SessionCommand: TypeAlias = StartSession | EndSession


def decide(state: Session, command: SessionCommand) -> tuple[SessionFact, ...]:
    """Say what follows from a command, or refuse it."""
    match command, state:
        case StartSession(session=wanted), Active(session=given) if wanted == given:
            return ()
        case StartSession(), Active():
            raise Refused(Reason.SESSION_ACTIVE)
        case StartSession(role=Role.COURIER, courier=None), Idle():
            raise Refused(Reason.ACCESS_DENIED, "a courier's session needs the courier's id")
        case StartSession(), Idle():
            return (
                SessionStarted(
                    at=command.at,
                    session=command.session,
                    role=command.role,
                    courier=command.courier,
                    partner=command.partner,
                    grants=command.grants,
                    admitted=command.admitted,
                ),
            )
        case EndSession(at=at, why=why), Active(session=session):
            return (SessionEnded(at=at, session=session, why=why),)
        case _:
            return ()


def evolve(state: Session, fact: SessionFact) -> Session:
    """Say what is true after a fact; any fact in any state."""
    match fact, state:
        case SessionStarted(), _:
            return Active(
                session=fact.session,
                role=fact.role,
                started_at=fact.at,
                courier=fact.courier,
                partner=fact.partner,
                grants=fact.grants,
            )
        case SessionEnded(session=ended), Active(session=given) if ended != given:
            return state
        case _:
            return Idle()


DECIDER: Decider[Session, SessionCommand, SessionFact] = Decider(Idle(), decide, evolve)
