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

from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .grant import Purpose
from .handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from .ids import CompartmentId, CourierId, GrantId, OpeningId, ParcelId, SessionId
from .refusal import Reason, Refused
from .value import Command, Fact, UtcSeconds, Value

REOPEN_SECONDS: Final = 10 * 60
"""How long a recipient may open the own compartment again (reliability T18)."""

FAILURES_MAX: Final = 3
"""Failed openings in a row that take a door out of service (chosen: one may be a bump)."""


class Door(StrEnum):
    """What is known about a door."""

    CLOSED = "closed"
    OPENING = "opening"
    """An intent is recorded, no result is known yet."""
    OPEN = "open"
    FORCED = "forced"
    """Open, and nobody asked for it."""
    UNCERTAIN = "uncertain"
    """An intent was cut short; only the sensor can tell."""


class Content(StrEnum):
    """What is known about the inside."""

    FREE = "free"
    ASSIGNED = "assigned"
    """Chosen for a parcel that is about to be put in."""
    OCCUPIED = "occupied"
    RELEASING = "releasing"
    """The parcel was taken; the re-open window runs."""
    UNCLEAR = "unclear"


class Opening(Value):
    """An intent to open, until its door is closed again."""

    opening: OpeningId
    purpose: Purpose
    session: SessionId
    courier: CourierId | None = None
    grant: GrantId | None = None


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


class CompartmentAssigned(Fact, tag="compartment.assigned.v1"):
    """A compartment was chosen for a parcel at the moment of its deposit."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    reasons: tuple[str, ...] = ()


class AssignmentDropped(Fact, tag="compartment.assignment_dropped.v1"):
    """The parcel was not put into the compartment chosen for it."""

    compartment: CompartmentId
    parcel: ParcelId
    why: str
    """``does_not_fit``, ``dirty``, ``damaged``, ``door_failed``, ``empty`` or ``abandoned``."""


class OpeningIntended(Fact, tag="compartment.opening_intended.v1"):
    """A door is about to be opened; written before the lock is pulsed."""

    compartment: CompartmentId
    opening: OpeningId
    purpose: Purpose
    session: SessionId
    parcel: ParcelId | None = None
    courier: CourierId | None = None
    grant: GrantId | None = None


class DoorOpened(Fact, tag="compartment.door_opened.v1"):
    """The door opened as intended."""

    compartment: CompartmentId
    opening: OpeningId


class OpeningFailed(Fact, tag="compartment.opening_failed.v1"):
    """The lock was pulsed and the door stayed shut."""

    compartment: CompartmentId
    opening: OpeningId
    why: str
    """``jammed``, ``silent`` or ``refused``, as the board reports."""


class OpeningUncertain(Fact, tag="compartment.opening_uncertain.v1"):
    """Power or program went away between intent and result; the lock is not pulsed again."""

    compartment: CompartmentId
    opening: OpeningId


class DoorClosed(Fact, tag="compartment.door_closed.v1"):
    """The door is shut."""

    compartment: CompartmentId


class DoorForced(Fact, tag="compartment.door_forced.v1"):
    """The door stands open and nobody asked for it: an alarm."""

    compartment: CompartmentId


class CompartmentFreed(Fact, tag="compartment.freed.v1"):
    """The compartment takes parcels again."""

    compartment: CompartmentId
    evidence: str
    """``content_sensor``, ``reopen_window`` or ``courier_check``."""
    parcel: ParcelId | None = None
    """What should have lain inside and was not found."""


class ContentUnclear(Fact, tag="compartment.content_unclear.v1"):
    """Something is inside that should not be, or nobody can tell; a courier must look."""

    compartment: CompartmentId
    why: str
    """``left_inside``, ``missing``, ``door_forced`` or ``interrupted``."""


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
    | OpeningIntended
    | DoorOpened
    | OpeningFailed
    | OpeningUncertain
    | DoorClosed
    | DoorForced
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


class IntendOpening(Command, tag="intend_opening"):
    """Open its door."""

    compartment: CompartmentId
    opening: OpeningId
    purpose: Purpose
    session: SessionId
    courier: CourierId | None = None
    grant: GrantId | None = None


class ReportOpening(Command, tag="report_opening"):
    """Note what became of the pulse."""

    compartment: CompartmentId
    opening: OpeningId
    failure: str | None = None
    """``None`` when the door opened; ``uncertain`` when nobody knows."""


class NoticeDoor(Command, tag="notice_door"):
    """Note what the sensors say."""

    compartment: CompartmentId
    is_open: bool
    has_content: bool | None = None
    """``None`` where there is no content sensor, or it is broken."""


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
    Assign
    | DropAssignment
    | IntendOpening
    | ReportOpening
    | NoticeDoor
    | TakeOutOfService
    | ReturnToService
    | PassTime
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
            return _notice_open(state, command)
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


_MAYBE_INSIDE = (Content.OCCUPIED, Content.UNCLEAR)
_HANDOFFS = (Purpose.DEPOSIT, Purpose.COLLECT, Purpose.RETRIEVE)
_CONTENT_FOR = {
    Purpose.DEPOSIT: (Content.ASSIGNED,),
    Purpose.COLLECT: _MAYBE_INSIDE,
    Purpose.RETRIEVE: _MAYBE_INSIDE,
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


def _notice_open(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    at, compartment = command.at, command.compartment
    match state.door:
        case Door.OPENING | Door.UNCERTAIN if state.opening is not None:
            opening = state.opening.opening
            return (DoorOpened(at=at, compartment=compartment, opening=opening),)
        case Door.CLOSED | Door.OPENING | Door.UNCERTAIN:
            return (DoorForced(at=at, compartment=compartment),)
        case Door.OPEN | Door.FORCED:
            return ()
        case _:
            assert_never(state.door)


def _notice_closed(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    closed = DoorClosed(at=command.at, compartment=command.compartment)
    match state.door:
        case Door.CLOSED | Door.OPENING:
            return ()
        case Door.UNCERTAIN:
            return (closed, *_after_uncertain(state, command))
        case Door.FORCED:
            return (closed, *_after_forced(state, command))
        case Door.OPEN:
            return (closed, *_after_visit(state, command))
        case _:
            assert_never(state.door)


def _after_uncertain(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    """The door may have been open; where nobody can tell what was done, somebody must look (R7)."""
    expected = state.content is Content.OCCUPIED
    is_handoff = state.opening is not None and state.opening.purpose in _HANDOFFS
    if command.has_content is expected or (command.has_content is None and not is_handoff):
        return ()
    return (ContentUnclear(at=command.at, compartment=command.compartment, why="interrupted"),)


def _after_forced(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    """Nobody knows what was done inside (R7); an empty one that is still empty serves on."""
    if state.content is Content.FREE and command.has_content is False:
        return ()
    return (ContentUnclear(at=command.at, compartment=command.compartment, why="door_forced"),)


def _after_visit(state: Compartment, command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    """Say what a visit changed, now that the door is shut (R6)."""
    opening, parcel = state.opening, state.parcel
    at, compartment, content = command.at, command.compartment, command.has_content
    if opening is None:
        return ()
    evidence = "door" if content is None else "door_and_content"
    match opening:
        case Opening(purpose=Purpose.DEPOSIT, courier=courier) if (
            state.content is Content.ASSIGNED and courier is not None and parcel is not None
        ):
            if content is False:
                return ()
            return (
                HandoffDeposited(
                    at=at,
                    compartment=compartment,
                    parcel=parcel,
                    session=opening.session,
                    courier=courier,
                    evidence=evidence,
                ),
            )
        case Opening(purpose=Purpose.COLLECT, grant=grant) if (
            state.content in _MAYBE_INSIDE and grant is not None and parcel is not None
        ):
            if content is True:
                return ()
            collected = HandoffCollected(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=opening.session,
                grant=grant,
                reopen_until=UtcSeconds(at + REOPEN_SECONDS),
                evidence=evidence,
            )
            return (collected, *_freed_if_empty(command))
        case Opening(purpose=Purpose.RETRIEVE, courier=courier) if (
            state.content in _MAYBE_INSIDE and courier is not None and parcel is not None
        ):
            if content is True:
                return ()
            retrieved = HandoffRetrieved(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=opening.session,
                courier=courier,
                evidence=evidence,
            )
            freed = CompartmentFreed(at=at, compartment=compartment, evidence="courier_check")
            return (retrieved, freed)
        case Opening(purpose=Purpose.REOPEN) if content is not True:
            return _freed_if_empty(command)
        case _:
            if content is False and state.content is Content.OCCUPIED:
                return (ContentUnclear(at=at, compartment=compartment, why="missing"),)
            if content is not True or state.content in _MAYBE_INSIDE:
                return ()
            return (ContentUnclear(at=at, compartment=compartment, why="left_inside"),)


def _freed_if_empty(command: NoticeDoor) -> tuple[CompartmentFact, ...]:
    at, compartment = command.at, command.compartment
    freed = CompartmentFreed(at=at, compartment=compartment, evidence="content_sensor")
    return (freed,) if command.has_content is False else ()


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
