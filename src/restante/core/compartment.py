"""One compartment: what is inside, what its door does, whether it serves.

Rules
-----
R1  A door is opened on an intent that was recorded first; one intent, at most one pulse.
R2  An intent without a result after a restart is uncertain; it is never pulsed again. The door's
    own sensor says what came of it.
R3  "Door closed" is not "parcel taken": a closed door after a collection frees the compartment
    only on content evidence or when the re-open window has passed.
R4  A door seen open that nobody asked to open is forced open, and stays so until it is closed.
R5  Three openings in a row that failed take the compartment out of service.
R6  A deposit or a collection is a fact when the door closes and the content sensor, where there
    is one, does not say the opposite.
R7  A compartment whose content is unclear serves nobody until a courier has looked.
"""

from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from .content import (
    MAYBE_INSIDE,
    AssignmentDropped,
    CompartmentAssigned,
    CompartmentFreed,
    Content,
    ContentUnclear,
    after_forced,
    after_uncertain,
    after_visit,
)
from .decider import Decider
from .door import (
    Door,
    DoorClosed,
    DoorCommand,
    DoorFact,
    DoorForced,
    DoorOpened,
    IntendOpening,
    NoticeDoor,
    Opening,
    OpeningFailed,
    OpeningIntended,
    OpeningUncertain,
    ReportOpening,
    see_open,
)
from .grant import Purpose
from .handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from .ids import CompartmentId, GrantId, OpeningId, ParcelId, SessionId
from .refusal import Reason, Refused
from .value import Command, Fact, UtcSeconds, Value

FAILURES_MAX: Final = 3
"""Failed openings in a row that take a door out of service (chosen: one may be a bump)."""


class Compartment(Value):
    """A compartment as its controller knows it."""

    content: Content = Content.FREE
    parcel: ParcelId | None = None
    door: Door = Door.CLOSED
    opening: Opening | None = None
    last_opening: OpeningId | None = None
    """The intent recorded last: the same again is no second pulse (R1)."""
    reopen_until: UtcSeconds | None = None
    grant: GrantId | None = None
    """The grant that may re-open while releasing."""
    out_of_service: str | None = None
    """Why it does not serve, or ``None``."""
    opening_count: int = 0
    failure_count: int = 0

    @property
    def is_free(self) -> bool:
        """Whether a parcel may be put in."""
        return self.content is Content.FREE


class TakenOutOfService(Fact, tag="compartment.taken_out_of_service.v1"):
    """The compartment serves nobody until further notice."""

    compartment: CompartmentId
    why: str
    """``dirty``, ``damaged``, ``jammed`` or the operator's word."""


class ReturnedToService(Fact, tag="compartment.returned_to_service.v1"):
    """The compartment serves again."""

    compartment: CompartmentId


CompartmentFact: TypeAlias = (
    CompartmentAssigned
    | AssignmentDropped
    | DoorFact
    | HandoffDeposited
    | HandoffCollected
    | HandoffRetrieved
    | CompartmentFreed
    | ContentUnclear
    | TakenOutOfService
    | ReturnedToService
)


class Assign(Command, tag="assign"):
    """Set it aside for this parcel now."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    reasons: tuple[str, ...] = ()


class DropAssignment(Command, tag="drop_assignment"):
    """Give it back; the parcel does not go in."""

    compartment: CompartmentId
    why: str


class TakeOutOfService(Command, tag="take_out_of_service"):
    """Let it serve nobody."""

    compartment: CompartmentId
    why: str


class ReturnToService(Command, tag="return_to_service"):
    """Let it serve again, after somebody looked inside."""

    compartment: CompartmentId


class PassTime(Command, tag="pass_time"):
    """Do what is due."""

    compartment: CompartmentId


CompartmentCommand: TypeAlias = (
    Assign | DropAssignment | DoorCommand | TakeOutOfService | ReturnToService | PassTime
)


def decide(state: Compartment, command: CompartmentCommand) -> tuple[CompartmentFact, ...]:
    """Say what follows from a command, or refuse it."""
    match command:
        case Assign() | DropAssignment():
            return _assign(state, command)
        case IntendOpening():
            return _intend(state, command)
        case ReportOpening():
            return _report(state, command)
        case NoticeDoor(is_open=True):
            return see_open(state.door, state.opening, command)
        case NoticeDoor():
            return _notice_closed(state, command)
        case TakeOutOfService() | ReturnToService():
            return _serve(state, command)
        case PassTime(at=at, compartment=compartment):
            is_due = (
                state.content is Content.RELEASING
                and state.door is Door.CLOSED
                and state.reopen_until is not None
                and at >= state.reopen_until
            )
            freed = CompartmentFreed(at=at, compartment=compartment, evidence="reopen_window")
            return (freed,) if is_due else ()
        case _:
            assert_never(command)


def _assign(state: Compartment, command: Assign | DropAssignment) -> tuple[CompartmentFact, ...]:
    at, compartment = command.at, command.compartment
    if isinstance(command, DropAssignment):
        if state.content is not Content.ASSIGNED or state.parcel is None:
            return ()
        return (
            AssignmentDropped(at=at, compartment=compartment, parcel=state.parcel, why=command.why),
        )
    if state.out_of_service is not None:
        raise Refused(Reason.COMPARTMENT_OUT_OF_SERVICE, state.out_of_service)
    if state.content is Content.ASSIGNED and state.parcel == command.parcel:
        return ()
    if state.content is not Content.FREE:
        raise Refused(Reason.COMPARTMENT_OCCUPIED)
    if state.door is not Door.CLOSED:
        raise Refused(Reason.DOOR_OPEN)
    return (
        CompartmentAssigned(
            at=at,
            compartment=compartment,
            parcel=command.parcel,
            session=command.session,
            reasons=command.reasons,
        ),
    )


_CONTENT_FOR = {
    Purpose.DEPOSIT: (Content.ASSIGNED,),
    Purpose.COLLECT: MAYBE_INSIDE,
    Purpose.RETRIEVE: MAYBE_INSIDE,
    Purpose.REOPEN: (Content.RELEASING,),
    Purpose.SERVICE: tuple(Content),
}


def _intend(state: Compartment, command: IntendOpening) -> tuple[CompartmentFact, ...]:
    at, purpose = command.at, command.purpose
    if state.last_opening == command.opening:
        return ()
    if state.door is not Door.CLOSED:
        raise Refused(Reason.DOOR_OPEN)
    if state.content not in _CONTENT_FOR[purpose]:
        raise Refused(Reason.NOT_POSSIBLE_NOW, f"{purpose} while {state.content}")
    if purpose is Purpose.REOPEN:
        if command.grant is None or command.grant != state.grant:
            raise Refused(Reason.NOT_YOUR_PARCEL)
        if state.reopen_until is None or at >= state.reopen_until:
            raise Refused(Reason.GRANT_CONSUMED)
    if purpose is Purpose.DEPOSIT and state.out_of_service is not None:
        raise Refused(Reason.COMPARTMENT_OUT_OF_SERVICE, state.out_of_service)
    return (
        OpeningIntended(
            at=at,
            compartment=command.compartment,
            opening=command.opening,
            purpose=purpose,
            session=command.session,
            parcel=state.parcel,
            courier=command.courier,
            grant=command.grant,
        ),
    )


def _report(state: Compartment, command: ReportOpening) -> tuple[CompartmentFact, ...]:
    at, compartment, opening = command.at, command.compartment, command.opening
    awaited = state.opening.opening if state.opening else None
    if opening != awaited or state.door not in (Door.OPENING, Door.UNCERTAIN):
        return ()
    if command.failure is None:
        return (DoorOpened(at=at, compartment=compartment, opening=opening),)
    if command.failure == "uncertain":
        uncertain = OpeningUncertain(at=at, compartment=compartment, opening=opening)
        return () if state.door is Door.UNCERTAIN else (uncertain,)
    failed = OpeningFailed(at=at, compartment=compartment, opening=opening, why=command.failure)
    is_last = state.failure_count + 1 >= FAILURES_MAX and state.out_of_service is None
    jammed = TakenOutOfService(at=at, compartment=compartment, why="jammed")
    return (failed, jammed) if is_last else (failed,)


def _notice_closed(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    closed = DoorClosed(at=command.at, compartment=command.compartment)
    match state.door:
        case Door.CLOSED | Door.OPENING:
            return ()
        case Door.UNCERTAIN:
            return (closed, *after_uncertain(state.content, state.opening, command))
        case Door.FORCED:
            return (closed, *after_forced(state.content, command))
        case Door.OPEN:
            return (closed, *after_visit(state.content, state.parcel, state.opening, command))
        case _:
            assert_never(state.door)


def _serve(
    state: Compartment, command: TakeOutOfService | ReturnToService
) -> tuple[CompartmentFact, ...]:
    at, name = command.at, command.compartment
    if isinstance(command, TakeOutOfService):
        if state.out_of_service is not None:
            return ()
        return (TakenOutOfService(at=at, compartment=name, why=command.why),)
    freed = CompartmentFreed(at=at, compartment=name, evidence="courier_check", parcel=state.parcel)
    facts: tuple[CompartmentFact, ...] = (freed,) if state.content is Content.UNCLEAR else ()
    if state.out_of_service is not None:
        facts += (ReturnedToService(at=at, compartment=name),)
    return facts


def evolve(state: Compartment, fact: CompartmentFact) -> Compartment:
    """Say what is true after a fact; any fact in any state."""
    match fact:
        case OpeningIntended() | DoorOpened() | OpeningFailed() | OpeningUncertain():
            return _evolve_opening(state, fact)
        case DoorClosed():
            return replace(state, door=Door.CLOSED, opening=None)
        case DoorForced():
            return replace(state, door=Door.FORCED, opening=None)
        case TakenOutOfService(why=why):
            return replace(state, out_of_service=why)
        case ReturnedToService():
            return replace(state, out_of_service=None, failure_count=0)
        case _:
            return _evolve_content(state, fact)


def _evolve_opening(
    state: Compartment, fact: OpeningIntended | DoorOpened | OpeningFailed | OpeningUncertain
) -> Compartment:
    match fact:
        case OpeningIntended():
            opening = Opening(
                opening=fact.opening,
                purpose=fact.purpose,
                session=fact.session,
                courier=fact.courier,
                grant=fact.grant,
            )
            return replace(state, door=Door.OPENING, opening=opening, last_opening=opening.opening)
        case DoorOpened():
            return replace(
                state, door=Door.OPEN, opening_count=state.opening_count + 1, failure_count=0
            )
        case OpeningFailed():
            count = state.failure_count + 1
            return replace(state, door=Door.CLOSED, opening=None, failure_count=count)
        case OpeningUncertain():
            return replace(state, door=Door.UNCERTAIN)
        case _:
            assert_never(fact)


def _evolve_content(
    state: Compartment,
    fact: CompartmentAssigned
    | AssignmentDropped
    | HandoffDeposited
    | HandoffCollected
    | HandoffRetrieved
    | CompartmentFreed
    | ContentUnclear,
) -> Compartment:
    match fact:
        case CompartmentAssigned(parcel=parcel):
            return replace(state, content=Content.ASSIGNED, parcel=parcel)
        case AssignmentDropped() | CompartmentFreed():
            return replace(state, content=Content.FREE, parcel=None, grant=None, reopen_until=None)
        case HandoffDeposited(parcel=parcel):
            return replace(state, content=Content.OCCUPIED, parcel=parcel)
        case HandoffCollected(parcel=parcel, grant=grant, reopen_until=until):
            return replace(
                state, content=Content.RELEASING, parcel=parcel, grant=grant, reopen_until=until
            )
        case HandoffRetrieved(parcel=parcel):
            return replace(state, content=Content.RELEASING, parcel=parcel)
        case ContentUnclear():
            return replace(state, content=Content.UNCLEAR)
        case _:
            assert_never(fact)


DECIDER: Decider[Compartment, CompartmentCommand, CompartmentFact] = Decider(
    Compartment(), decide, evolve
)
