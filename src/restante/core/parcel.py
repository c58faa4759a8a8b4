"""Custody of one parcel, as the centre plans and knows it.

Rules
-----
R1  A parcel is announced once; the same announcement again is no news.
R2  Capacity is confirmed or lost only before the deposit; the last booking counts.
R3  Sizes are corrected only before the deposit.
R4  A hold is extended only while it runs, and expires only at its end.
R5  The recipient collects while the hold runs; what was collected before the end counts even
    when the news comes after it.
R6  A courier retrieves only what is overdue.
R7  Nothing is cancelled while it lies in a compartment.
R8  ``Collected`` and ``Returned`` are ends: nothing that follows changes them.
R9  What physically happened is never refused: :func:`witness` records it, and an anomaly beside
    it where it contradicts what was believed.
"""

from typing import TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .hold import extended_deadline
from .ids import BookingId, CourierId, GrantId, ParcelId, SiteId
from .particulars import NOTHING_KNOWN, Particulars, Place
from .refusal import Reason, Refused
from .size import ParcelSize, check_parcel_size
from .value import Command, Fact, UtcSeconds, Value

# ── Facts ─────────────────────────────────────────────────────────────────────────────────────


class ParcelAnnounced(Fact, tag="parcel.announced.v1"):
    """A partner told us to expect the parcel."""

    about: Particulars


class SizeCorrected(Fact, tag="parcel.size_corrected.v1"):
    """The parcel was measured again."""

    size: ParcelSize


class CapacityConfirmed(Fact, tag="parcel.capacity_confirmed.v1"):
    """A site set capacity aside for the parcel."""

    booking: BookingId
    site: SiteId
    is_firm: bool
    expires_at: UtcSeconds


class CapacityLost(Fact, tag="parcel.capacity_lost.v1"):
    """The parcel's booking ended before the parcel came."""

    booking: BookingId
    why: str
    """``expired``, ``released``, ``refit`` or ``cancelled``."""


class ParcelDeposited(Fact, tag="parcel.deposited.v1"):
    """A courier put the parcel into a compartment; custody became ours."""

    place: Place
    courier: CourierId
    hold_until: UtcSeconds
    local: ParcelId | None = None
    """What the locker calls it that took it in unannounced, until it is told otherwise."""


class HoldExtended(Fact, tag="parcel.hold_extended.v1"):
    """The parcel may wait longer."""

    hold_until: UtcSeconds


class HoldExpired(Fact, tag="parcel.hold_expired.v1"):
    """The agreed time passed and nobody collected the parcel."""


class ParcelCollected(Fact, tag="parcel.collected.v1"):
    """The recipient took the parcel; custody left us."""

    place: Place
    grant: GrantId


class ParcelRetrieved(Fact, tag="parcel.retrieved.v1"):
    """A courier took the parcel out to bring it back."""

    place: Place
    courier: CourierId


class ParcelReturned(Fact, tag="parcel.returned.v1"):
    """The parcel is back where it came from."""


class ParcelCancelled(Fact, tag="parcel.cancelled.v1"):
    """The parcel will not come."""

    why: str = ""


class NoticeSent(Fact, tag="parcel.notice_sent.v1"):
    """The recipient was told."""

    kind: str
    channel: str


class AnomalyNoticed(Fact, tag="parcel.anomaly_noticed.v1"):
    """What happened contradicts what was believed; a person should look."""

    reason: Reason
    detail: str = ""


ParcelFact: TypeAlias = (
    ParcelAnnounced
    | SizeCorrected
    | CapacityConfirmed
    | CapacityLost
    | ParcelDeposited
    | HoldExtended
    | HoldExpired
    | ParcelCollected
    | ParcelRetrieved
    | ParcelReturned
    | ParcelCancelled
    | NoticeSent
    | AnomalyNoticed
)

# ── Commands ──────────────────────────────────────────────────────────────────────────────────


class Announce(Command, tag="announce"):
    """Expect this parcel."""

    about: Particulars
    hold_until: UtcSeconds | None = None
    """For one that a locker found: until when it waits now that its recipient can be told."""


class CorrectSize(Command, tag="correct_size"):
    """Take these measures instead."""

    size: ParcelSize


class ConfirmCapacity(Command, tag="confirm_capacity"):
    """Note that a site has room for it."""

    booking: BookingId
    site: SiteId
    is_firm: bool
    expires_at: UtcSeconds


class LoseCapacity(Command, tag="lose_capacity"):
    """Note that the room is no longer set aside."""

    booking: BookingId
    why: str


class Deposit(Command, tag="deposit"):
    """Take custody of it in this compartment."""

    place: Place
    courier: CourierId
    hold_until: UtcSeconds
    local: ParcelId | None = None


class ExtendHold(Command, tag="extend_hold"):
    """Let it wait one step longer."""


class ExpireHold(Command, tag="expire_hold"):
    """Call it overdue if its time has passed."""


class Collect(Command, tag="collect"):
    """Hand it to the recipient."""

    place: Place
    grant: GrantId


class Retrieve(Command, tag="retrieve"):
    """Hand it to a courier who brings it back."""

    place: Place
    courier: CourierId


class CompleteReturn(Command, tag="complete_return"):
    """Note that it is back with its sender."""


class Cancel(Command, tag="cancel"):
    """Do not expect it any more."""

    why: str = ""


ParcelCommand: TypeAlias = (
    Announce
    | CorrectSize
    | ConfirmCapacity
    | LoseCapacity
    | Deposit
    | ExtendHold
    | ExpireHold
    | Collect
    | Retrieve
    | CompleteReturn
    | Cancel
)

# ── States ────────────────────────────────────────────────────────────────────────────────────


class Unknown(Value, tag="unknown"):
    """Nobody told us about it."""

    about: Particulars = NOTHING_KNOWN


class Announced(Value, tag="announced"):
    """Expected, without room set aside."""

    about: Particulars
    announced_at: UtcSeconds


class Booked(Value, tag="booked"):
    """Expected, with room set aside at its site."""

    about: Particulars
    announced_at: UtcSeconds
    booking: BookingId
    is_firm: bool
    expires_at: UtcSeconds


class Held(Value, tag="held"):
    """In a compartment, waiting for its recipient."""

    about: Particulars
    place: Place
    deposited_at: UtcSeconds
    hold_until: UtcSeconds
    extension_count: int = 0
    local: ParcelId | None = None


class Overdue(Value, tag="overdue"):
    """In a compartment past its hold, waiting for a courier."""

    about: Particulars
    place: Place
    deposited_at: UtcSeconds
    hold_until: UtcSeconds
    overdue_at: UtcSeconds


class Collected(Value, tag="collected"):
    """With its recipient. An end."""

    about: Particulars
    collected_at: UtcSeconds


class Retrieved(Value, tag="retrieved"):
    """With a courier, on its way back."""

    about: Particulars
    courier: CourierId
    retrieved_at: UtcSeconds


class Returned(Value, tag="returned"):
    """Back where it came from. An end."""

    about: Particulars
    returned_at: UtcSeconds


class Cancelled(Value, tag="cancelled"):
    """Not expected any more; changes only when it is found in a locker after all."""

    about: Particulars
    cancelled_at: UtcSeconds


Parcel: TypeAlias = (
    Unknown | Announced | Booked | Held | Overdue | Collected | Retrieved | Returned | Cancelled
)

# ── Rules ─────────────────────────────────────────────────────────────────────────────────────


def decide(state: Parcel, command: ParcelCommand) -> tuple[ParcelFact, ...]:
    """Say what follows from a command, or refuse it."""
    match command:
        case Announce():
            return _announce(state, command)
        case CorrectSize() | ConfirmCapacity() | LoseCapacity() | Cancel():
            return _plan(state, command)
        case Deposit() | Collect() | Retrieve() | CompleteReturn():
            return _hand_over(state, command)
        case ExtendHold() | ExpireHold():
            return _pass_hold(state, command)
        case _:
            assert_never(command)


def witness(state: Parcel, command: Deposit | Collect | Retrieve) -> tuple[ParcelFact, ...]:
    """Record what a locker says has happened, believed or not (R9)."""
    try:
        return decide(state, command)
    except Refused as refusal:
        detail = f"{type(command).__name__.lower()} reported while {type(state).__name__.lower()}"
        anomaly = AnomalyNoticed(at=command.at, reason=refusal.reason, detail=detail)
        facts: tuple[ParcelFact, ...] = (_handoff(command), anomaly)
        if isinstance(command, Deposit) and isinstance(state, Cancelled):
            facts += (HoldExpired(at=command.at),)
        return facts


def evolve(state: Parcel, fact: ParcelFact) -> Parcel:
    """Say what is true after a fact; any fact in any state."""
    if isinstance(state, Collected | Returned):
        return state
    match fact:
        case ParcelAnnounced(at=at, about=about):
            return _evolve_announced(state, about, at)
        case SizeCorrected(size=size):
            return _with_size(state, size)
        case CapacityConfirmed() | CapacityLost():
            return _evolve_capacity(state, fact)
        case ParcelDeposited(at=at, place=place, hold_until=until, local=local):
            return Held(
                about=state.about, place=place, deposited_at=at, hold_until=until, local=local
            )
        case HoldExtended() | HoldExpired():
            return _evolve_hold(state, fact)
        case ParcelCollected(at=at):
            return Collected(about=state.about, collected_at=at)
        case ParcelRetrieved(at=at, courier=courier):
            return Retrieved(about=state.about, courier=courier, retrieved_at=at)
        case ParcelReturned(at=at):
            return Returned(about=state.about, returned_at=at)
        case ParcelCancelled(at=at):
            return Cancelled(about=state.about, cancelled_at=at)
        case NoticeSent() | AnomalyNoticed():
            return state
        case _:
            assert_never(fact)


def _announce(state: Parcel, command: Announce) -> tuple[ParcelFact, ...]:
    match state:
        case Unknown():
            check_parcel_size(command.about.size)
            return (ParcelAnnounced(at=command.at, about=command.about),)
        case Announced(about=about) | Booked(about=about) if about == command.about:
            return ()
        case Held(about=about, hold_until=before) | Overdue(about=about, hold_until=before) if (
            about.is_found
        ):
            until = command.hold_until
            announced = ParcelAnnounced(at=command.at, about=command.about)
            if until is None or until <= before:
                return (announced,)
            return (HoldExtended(at=command.at, hold_until=until), announced)
        case _:
            raise Refused(Reason.ALREADY_ANNOUNCED)


def _plan(
    state: Parcel, command: CorrectSize | ConfirmCapacity | LoseCapacity | Cancel
) -> tuple[ParcelFact, ...]:
    at = command.at
    match command, state:
        case CorrectSize(size=size), Announced() | Booked():
            check_parcel_size(size)
            return () if size == state.about.size else (SizeCorrected(at=at, size=size),)
        case ConfirmCapacity(booking=wanted, is_firm=firm, expires_at=until), Booked(
            booking=given
        ) if (wanted, firm, until) == (given, state.is_firm, state.expires_at):
            return ()
        case ConfirmCapacity(booking=wanted), Announced() | Booked():
            return (
                CapacityConfirmed(
                    at=at,
                    booking=wanted,
                    site=command.site,
                    is_firm=command.is_firm,
                    expires_at=command.expires_at,
                ),
            )
        case LoseCapacity(booking=lost, why=why), Booked(booking=given) if lost == given:
            return (CapacityLost(at=at, booking=lost, why=why),)
        case LoseCapacity(), Announced() | Booked():
            raise Refused(Reason.BOOKING_UNKNOWN)
        case LoseCapacity(), Held() | Overdue():
            raise Refused(Reason.BOOKING_CONSUMED)
        case Cancel(why=why), Announced() | Booked():
            return (ParcelCancelled(at=at, why=why),)
        case Cancel(), Cancelled():
            return ()
        case _, Unknown():
            raise Refused(Reason.NOT_ANNOUNCED)
        case _, Cancelled():
            raise Refused(Reason.PARCEL_CANCELLED)
        case _, Held() | Overdue():
            raise Refused(Reason.PARCEL_IN_COMPARTMENT)
        case _:
            raise Refused(Reason.PARCEL_ENDED)


def _hand_over(
    state: Parcel, command: Deposit | Collect | Retrieve | CompleteReturn
) -> tuple[ParcelFact, ...]:
    match command, state:
        case Deposit(place=place), Announced() | Booked() if place.site != state.about.site:
            raise Refused(Reason.WRONG_SITE, f"expected at {state.about.site}")
        case Deposit(), Announced() | Booked():
            return (_handoff(command),)
        case Deposit(place=place, at=at), Held() | Overdue() if (
            place == state.place and at == state.deposited_at
        ):
            return ()
        case Collect(place=place) | Retrieve(place=place), Held() | Overdue() if (
            place != state.place
        ):
            raise Refused(Reason.NOT_HELD, f"it lies in {state.place.compartment}")
        case Collect(at=at), Held(hold_until=until) | Overdue(hold_until=until) if at < until:
            return (_handoff(command),)
        case Collect(at=at), Collected(collected_at=before) if at == before:
            return ()
        case Collect(), Held() | Overdue():
            raise Refused(Reason.HOLD_EXPIRED)
        case Retrieve(), Overdue():
            return (_handoff(command),)
        case Retrieve(), Held():
            raise Refused(Reason.NOT_OVERDUE)
        case Retrieve(at=at), Retrieved(retrieved_at=before) if at == before:
            return ()
        case CompleteReturn(at=at), Retrieved():
            return (ParcelReturned(at=at),)
        case CompleteReturn(), Returned():
            return ()
        case _, Unknown():
            raise Refused(Reason.NOT_ANNOUNCED)
        case _, Cancelled():
            raise Refused(Reason.PARCEL_CANCELLED)
        case _, Held() | Overdue():
            raise Refused(Reason.PARCEL_IN_COMPARTMENT)
        case _, Announced() | Booked():
            raise Refused(Reason.NOT_HELD)
        case _:
            raise Refused(Reason.PARCEL_ENDED)


def _pass_hold(state: Parcel, command: ExtendHold | ExpireHold) -> tuple[ParcelFact, ...]:
    at = command.at
    match command, state:
        case ExtendHold(), Held(about=about):
            until = extended_deadline(
                about.hold,
                hold_until=state.hold_until,
                extension_count=state.extension_count,
                at=at,
            )
            return (HoldExtended(at=at, hold_until=until),)
        case ExtendHold(), Overdue():
            raise Refused(Reason.HOLD_EXPIRED)
        case ExpireHold(), Held(hold_until=until) if at < until:
            raise Refused(Reason.HOLD_NOT_EXPIRED)
        case ExpireHold(), Held():
            return (HoldExpired(at=at),)
        case ExpireHold(), Overdue():
            return ()
        case _:
            raise Refused(Reason.NOT_HELD)


def _handoff(
    command: Deposit | Collect | Retrieve,
) -> ParcelDeposited | ParcelCollected | ParcelRetrieved:
    match command:
        case Deposit(at=at, place=place, courier=courier, hold_until=until, local=local):
            return ParcelDeposited(
                at=at, place=place, courier=courier, hold_until=until, local=local
            )
        case Collect(at=at, place=place, grant=grant):
            return ParcelCollected(at=at, place=place, grant=grant)
        case Retrieve(at=at, place=place, courier=courier):
            return ParcelRetrieved(at=at, place=place, courier=courier)
        case _:
            assert_never(command)


def _evolve_announced(state: Parcel, about: Particulars, at: UtcSeconds) -> Parcel:
    match state:
        case Held() if state.about.is_found:
            # What was extended while nobody knew whose it is takes nothing from its recipient.
            return replace(state, about=about, extension_count=0)
        case Overdue() if state.about.is_found:
            return replace(state, about=about)
        case Unknown() | Cancelled():
            return Announced(about=about, announced_at=at)
        case _:
            return state


def _with_size(state: Parcel, size: ParcelSize) -> Parcel:
    if isinstance(state, Unknown):
        return state
    return replace(state, about=replace(state.about, size=size))


def _evolve_capacity(state: Parcel, fact: CapacityConfirmed | CapacityLost) -> Parcel:
    match fact, state:
        case CapacityConfirmed(booking=booking, is_firm=firm, expires_at=until), (
            Announced() | Booked()
        ):
            return Booked(
                about=state.about,
                announced_at=state.announced_at,
                booking=booking,
                is_firm=firm,
                expires_at=until,
            )
        case CapacityLost(booking=lost), Booked(booking=given) if lost == given:
            return Announced(about=state.about, announced_at=state.announced_at)
        case _:
            return state


def _evolve_hold(state: Parcel, fact: HoldExtended | HoldExpired) -> Parcel:
    match fact, state:
        case HoldExtended(hold_until=until), Held() | Overdue():
            count = state.extension_count + 1 if isinstance(state, Held) else 1
            return Held(
                about=state.about,
                place=state.place,
                deposited_at=state.deposited_at,
                hold_until=until,
                extension_count=count,
                local=state.local if isinstance(state, Held) else None,
            )
        case HoldExpired(at=at), Held():
            return Overdue(
                about=state.about,
                place=state.place,
                deposited_at=state.deposited_at,
                hold_until=state.hold_until,
                overdue_at=at,
            )
        case _:
            return state


DECIDER: Decider[Parcel, ParcelCommand, ParcelFact] = Decider(Unknown(), decide, evolve)
