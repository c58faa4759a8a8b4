"""One locker: its compartments, the person before it, the codes tried, the grants used.

This is the machine of the stream ``locker/<id>``, which only the locker's own controller writes.
It puts the smaller machines together and adds the rules between them.

Rules
-----
R1  A door opens for the person who is signed in, or for service.
R2  A recipient has one door open at a time; so has a courier.
R3  A grant opens only the compartment its parcel lies in; three openings in five minutes at most.
R4  A grant is used up by the collection; it then re-opens its door while the window runs.
R5  A parcel is in one compartment at most: it is assigned once.
R6  An order of the centre opens what its asker could open here, and nothing while somebody else
    is signed in; see :mod:`.order`.
R7  After a restart every intent without a result is uncertain, and the session is over.
"""

from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from . import alarm, alone, attempts, compartment, order, session
from .compartment import Compartment
from .content import CompartmentAssigned, Content
from .decider import Decider
from .door import Door, DoorClosed, DoorOpened, IntendOpening, OpeningIntended, OpeningUncertain
from .grant import Grant, Purpose, check_grant
from .handoff import HandoffCollected, HandoffDeposited, HandoffFact, TurnedAway
from .ids import CompartmentId, CourierId, GrantId, LockerId, OpeningId, ParcelId, SessionId
from .refusal import Reason, Refused
from .value import MINUTE, Command, Fact, UtcSeconds, Value

OPENINGS_MAX: Final = 3
"""Openings one grant may have within :data:`OPENINGS_SECONDS` (reliability 4.2)."""

OPENINGS_SECONDS: Final = 5 * MINUTE


class GrantUse(Value):
    """What a grant has done here."""

    intended_at: tuple[UtcSeconds, ...] = ()
    """Times of its latest openings, at most :data:`OPENINGS_MAX`."""
    used_at: UtcSeconds | None = None


class Locker(Value):
    """A locker as its controller knows it."""

    compartments: dict[CompartmentId, Compartment] = {}  # noqa: RUF012 - msgspec copies it
    visit: session.Session = session.Idle()
    tried: attempts.Attempts = attempts.Attempts()
    grants: dict[GrantId, GrantUse] = {}  # noqa: RUF012 - msgspec copies it
    alarms: dict[str, alarm.Alarm] = {}  # noqa: RUF012 - msgspec copies it
    unannounced: alone.Inside = {}  # noqa: RUF012 - msgspec copies it
    """Parcels inside that are on no list, by the name this locker gave them."""
    orders: order.Orders = order.Orders()

    def find_parcel(self, parcel: ParcelId) -> CompartmentId | None:
        """Tell where a parcel is, or is about to be put; not where it was taken from."""
        for name, state in self.compartments.items():
            if state.parcel == parcel and state.content is not Content.RELEASING:
                return name
        return None

    def open_doors(self) -> tuple[CompartmentId, ...]:
        """Doors that are open, opening, or may be."""
        return tuple(n for n, s in self.compartments.items() if s.door is not Door.CLOSED)


class LockerInstalled(Fact, tag="locker.installed.v1"):
    """The locker got its compartments; those it had and has no more are gone."""

    locker: LockerId
    compartments: tuple[CompartmentId, ...]


class ControllerStarted(Fact, tag="locker.controller_started.v1"):
    """The controller began to run, after a stop or a cut."""

    release: str
    """Version of the program."""


class GrantsForgotten(Fact, tag="locker.grants_forgotten.v1"):
    """Uses of grants that the centre has ended were dropped."""

    grants: tuple[GrantId, ...]


LockerFact: TypeAlias = (
    LockerInstalled
    | ControllerStarted
    | GrantsForgotten
    | compartment.CompartmentFact
    | session.SessionFact
    | attempts.AttemptFact
    | alarm.AlarmFact
    | order.OrderFact
    | alone.AloneFact
    | TurnedAway
)


class InstallLocker(Command, tag="install_locker"):
    """Have these compartments."""

    locker: LockerId
    compartments: tuple[CompartmentId, ...]


class StartController(Command, tag="start_controller"):
    """Begin after a stop or a cut."""

    release: str


class OpenForRecipient(Command, tag="open_for_recipient"):
    """Open the compartment of a grant's parcel."""

    opening: OpeningId
    grant: Grant
    """As the centre's list gives it; what was used here is known here."""


class OpenForCourier(Command, tag="open_for_courier"):
    """Open a compartment to put its parcel in, or to take it out."""

    opening: OpeningId
    compartment: CompartmentId
    purpose: Purpose
    """``deposit`` or ``retrieve``."""


class OpenForService(Command, tag="open_for_service"):
    """Open a compartment to look inside."""

    opening: OpeningId
    compartment: CompartmentId
    session: SessionId
    courier: CourierId | None = None


class TurnAway(Command, tag="turn_away"):
    """Note that a deposit was not possible."""

    why: str
    parcel: ParcelId | None = None


class ForgetGrants(Command, tag="forget_grants"):
    """Drop the uses of grants that the centre has ended."""

    grants: tuple[GrantId, ...]


LockerCommand: TypeAlias = (
    InstallLocker
    | StartController
    | OpenForRecipient
    | OpenForCourier
    | OpenForService
    | order.TakeOrder
    | TurnAway
    | ForgetGrants
    | compartment.CompartmentCommand
    | session.SessionCommand
    | attempts.AttemptCommand
    | alarm.AlarmCommand
    | alone.AloneCommand
)


def decide(state: Locker, command: LockerCommand) -> tuple[LockerFact, ...]:
    """Say what follows from a command, or refuse it."""
    match command:
        case session.StartSession() | session.EndSession():
            return session.decide(state.visit, command)
        case attempts.CountAttempt() | attempts.ProveAttempt() | attempts.ForgetAttempts():
            return attempts.decide(state.tried, command)
        case alarm.NoticeReading() | alarm.NoteMeasures():
            return alarm.decide(state.alarms, command)
        case alone.AcceptUnannounced() | alone.RecogniseParcel() | alone.RefuseAlone():
            visit = state.visit if isinstance(state.visit, session.Active) else None
            return alone.decide(state.unannounced, visit, command)
        case InstallLocker() | StartController() | ForgetGrants() | TurnAway():
            return _keep(state, command)
        case order.TakeOrder():
            return _take_order(state, command)
        case OpenForRecipient():
            return _open_for_recipient(state, command)
        case OpenForCourier() | OpenForService():
            return _open_for_staff(state, command)
        case compartment.Assign(parcel=parcel, compartment=wanted):
            _active(state)
            if state.find_parcel(parcel) not in (None, wanted):
                raise Refused(Reason.PARCEL_IN_COMPARTMENT)
            return compartment.decide(_compartment(state, wanted), command)
        case IntendOpening():
            # Openings are asked for by role, so that R1 to R4 are always checked.
            raise Refused(Reason.ACCESS_DENIED, "open for a recipient, a courier or service")
        case _:
            return compartment.decide(_compartment(state, command.compartment), command)


def evolve(state: Locker, fact: LockerFact) -> Locker:
    """Say what is true after a fact; any fact in any state."""
    match fact:
        # What every visit writes, first.
        case DoorOpened() | DoorClosed() | OpeningIntended() | CompartmentAssigned():
            return _evolve_compartment(state, fact)
        case HandoffDeposited():
            return _evolve_compartment(state, fact)
        case LockerInstalled(compartments=names):
            known = state.compartments
            return replace(state, compartments={n: known.get(n, Compartment()) for n in names})
        case ControllerStarted() | TurnedAway() | alone.RefusedAlone():
            return state
        case alone.UnannouncedAccepted():
            return replace(state, unannounced=alone.evolve(state.unannounced, fact))
        case alone.ParcelRecognised():
            return _recognise(state, fact)
        case GrantsForgotten(grants=gone):
            left = {g: use for g, use in state.grants.items() if g not in gone}
            return replace(state, grants=left)
        case session.SessionStarted() | session.SessionEnded():
            return replace(state, visit=session.evolve(state.visit, fact))
        case attempts.AttemptCounted() | attempts.AttemptProved() | attempts.AttemptsForgotten():
            return replace(state, tried=attempts.evolve(state.tried, fact))
        case alarm.AlarmRaised() | alarm.AlarmCleared() | alarm.SensorsMeasured():
            return replace(state, alarms=alarm.evolve(state.alarms, fact))
        case order.OrderTaken() | order.OrderRefused():
            return replace(state, orders=order.evolve(state.orders, fact))
        case _:
            return _evolve_compartment(state, fact)


def _evolve_compartment(state: Locker, fact: compartment.CompartmentFact) -> Locker:
    name = fact.compartment
    before = state.compartments.get(name, Compartment())
    return replace(
        state,
        compartments={**state.compartments, name: compartment.evolve(before, fact)},
        grants=_evolve_grants(state, fact),
        unannounced=alone.evolve(state.unannounced, fact),
    )


def _recognise(state: Locker, fact: alone.ParcelRecognised) -> Locker:
    """Call a parcel by its other name, wherever it lies."""
    renamed = {
        name: replace(known, parcel=fact.parcel) if known.parcel == fact.local else known
        for name, known in state.compartments.items()
    }
    left = alone.evolve(state.unannounced, fact)
    return replace(state, compartments=renamed, unannounced=left)


def _keep(
    state: Locker, command: InstallLocker | StartController | ForgetGrants | TurnAway
) -> tuple[LockerFact, ...]:
    at = command.at
    match command:
        case InstallLocker(locker=name, compartments=names):
            if tuple(state.compartments) == names:
                return ()
            lost = [n for n, s in state.compartments.items() if n not in names and not s.is_free]
            if lost:
                raise Refused(Reason.COMPARTMENT_OCCUPIED, f"not free: {', '.join(lost)}")
            installed = LockerInstalled(at=at, locker=name, compartments=names)
            return (installed, *alarm.clear_gone(state.alarms, names, at))
        case StartController():
            return _start(state, command)
        case ForgetGrants(grants=wanted):
            in_use = {s.grant for s in state.compartments.values()}
            gone = tuple(g for g in wanted if g in state.grants and g not in in_use)
            return (GrantsForgotten(at=at, grants=gone),) if gone else ()
        case TurnAway(why=why, parcel=parcel):
            active = _active(state)
            courier = active.courier or CourierId("")
            return (
                TurnedAway(at=at, session=active.session, courier=courier, why=why, parcel=parcel),
            )
        case _:
            assert_never(command)


def _start(state: Locker, command: StartController) -> tuple[LockerFact, ...]:
    """End what a cut left open (R7)."""
    at = command.at
    facts: list[LockerFact] = [ControllerStarted(at=at, release=command.release)]
    for name, known in state.compartments.items():
        if known.door is Door.OPENING and known.opening is not None:
            opening = known.opening.opening
            facts.append(OpeningUncertain(at=at, compartment=name, opening=opening))
    facts.extend(session.decide(state.visit, session.EndSession(at=at, why="restart")))
    return tuple(facts)


def _open_for_recipient(
    state: Locker, command: OpenForRecipient
) -> tuple[compartment.CompartmentFact, ...]:
    active, at, grant = _active(state), command.at, command.grant
    use = state.grants.get(grant.grant, GrantUse())
    name = _compartment_of_grant(state, grant, use)
    known = _compartment(state, name)
    if known.last_opening == command.opening:
        return ()
    if grant.grant not in active.grants:
        raise Refused(Reason.NOT_YOUR_PARCEL)
    if grant.purpose is not Purpose.COLLECT:
        raise Refused(Reason.ACCESS_DENIED, f"a grant to {grant.purpose}")
    purpose = Purpose.COLLECT if use.used_at is None else Purpose.REOPEN
    if purpose is Purpose.COLLECT:
        check_grant(grant, at)
    _check_other_doors(state)
    recent = [before for before in use.intended_at if abs(at - before) < OPENINGS_SECONDS]
    if len(recent) >= OPENINGS_MAX:
        raise Refused(Reason.TOO_MANY_OPENINGS)
    return compartment.decide(
        known,
        IntendOpening(
            at=at,
            compartment=name,
            opening=command.opening,
            purpose=purpose,
            session=active.session,
            grant=grant.grant,
        ),
    )


def _open_for_staff(
    state: Locker, command: OpenForCourier | OpenForService
) -> tuple[LockerFact, ...]:
    known = _compartment(state, command.compartment)
    if isinstance(command, OpenForService):
        holder, courier, purpose = command.session, command.courier, Purpose.SERVICE
    else:
        active = _active(state)
        if active.role is not session.Role.COURIER:
            raise Refused(Reason.ACCESS_DENIED)
        if command.purpose not in (Purpose.DEPOSIT, Purpose.RETRIEVE):
            raise Refused(Reason.ACCESS_DENIED, f"a courier does not open to {command.purpose}")
        holder, courier, purpose = active.session, active.courier, command.purpose
    if known.last_opening == command.opening:
        return ()
    _check_other_doors(state)
    return compartment.decide(
        known,
        IntendOpening(
            at=command.at,
            compartment=command.compartment,
            opening=command.opening,
            purpose=purpose,
            session=holder,
            courier=courier,
        ),
    )


def _take_order(state: Locker, command: order.TakeOrder) -> tuple[LockerFact, ...]:
    judged = order.judge(state.orders, command)
    if isinstance(judged, order.OrderRefused):
        return (judged,)
    try:
        return (judged, *_open_for_order(state, command))
    except Refused as refusal:
        return (order.refuse(command, refusal),)


def _open_for_order(state: Locker, command: order.TakeOrder) -> tuple[LockerFact, ...]:
    """Open what whoever asks could open here; a visit of somebody else is not disturbed (R6)."""
    at, visit, grant = command.at, state.visit, command.grant
    is_visited = isinstance(visit, session.Active)
    if command.purpose is Purpose.SERVICE:
        if is_visited:
            raise Refused(Reason.SESSION_ACTIVE)
        inside = _compartment(state, command.compartment).parcel
        if command.parcel is not None and command.parcel != inside:
            raise Refused(Reason.NOT_YOUR_PARCEL)
        service = OpenForService(
            at=at,
            opening=command.opening,
            compartment=command.compartment,
            session=command.session,
        )
        return _open_for_staff(state, service)
    if command.purpose is not Purpose.COLLECT:
        raise Refused(Reason.ACCESS_DENIED, f"an order to {command.purpose}")
    if grant is None:
        raise Refused(Reason.GRANT_UNKNOWN)
    if isinstance(visit, session.Active) and grant.grant not in visit.grants:
        raise Refused(Reason.SESSION_ACTIVE)
    asker = session.Active(
        session=command.session,
        role=session.Role.RECIPIENT,
        started_at=at,
        grants=(grant.grant,),
    )
    before = state if is_visited else replace(state, visit=asker)
    wanted = OpenForRecipient(at=at, opening=command.opening, grant=grant)
    facts = _open_for_recipient(before, wanted)
    if any(fact.compartment != command.compartment for fact in facts):
        raise Refused(Reason.NOT_YOUR_PARCEL)
    return facts


def _check_other_doors(state: Locker) -> None:
    """Refuse a second door while one that was asked for is open (R2); forced ones do not count."""
    if any(s.door in (Door.OPENING, Door.OPEN) for s in state.compartments.values()):
        raise Refused(Reason.DOOR_OPEN)


def _compartment_of_grant(state: Locker, grant: Grant, use: GrantUse) -> CompartmentId:
    """Find the one door a grant may open (R3, R4)."""
    for name, known in state.compartments.items():
        is_inside = known.content in (Content.OCCUPIED, Content.UNCLEAR)
        if known.parcel == grant.parcel and is_inside and use.used_at is None:
            return name
        if known.grant == grant.grant and known.content is Content.RELEASING:
            return name
    if use.used_at is not None:
        raise Refused(Reason.GRANT_CONSUMED)
    raise Refused(Reason.NOT_HELD)


def _evolve_grants(
    state: Locker, fact: compartment.CompartmentFact | HandoffFact
) -> dict[GrantId, GrantUse]:
    match fact:
        case OpeningIntended(at=at, grant=grant) if grant is not None:
            use = state.grants.get(grant, GrantUse())
            intended = (*use.intended_at, at)[-OPENINGS_MAX:]
            return {**state.grants, grant: replace(use, intended_at=intended)}
        case HandoffCollected(at=at, grant=grant):
            use = state.grants.get(grant, GrantUse())
            return {**state.grants, grant: replace(use, used_at=at)}
        case _:
            return state.grants


def _active(state: Locker) -> session.Active:
    if not isinstance(state.visit, session.Active):
        raise Refused(Reason.NO_SESSION)
    return state.visit


def _compartment(state: Locker, name: CompartmentId) -> Compartment:
    known = state.compartments.get(name)
    if known is None:
        raise Refused(Reason.COMPARTMENT_UNKNOWN, name)
    return known


DECIDER: Decider[Locker, LockerCommand, LockerFact] = Decider(Locker(), decide, evolve)
