"""What a locker writes when somebody stands before it, for networks to measure with."""

from ..clock import Minter
from ..core.attempts import AttemptCounted, AttemptProved
from ..core.content import CompartmentAssigned, CompartmentFreed
from ..core.door import DoorClosed, DoorOpened, OpeningIntended
from ..core.grant import Purpose
from ..core.handoff import HandoffCollected, HandoffDeposited
from ..core.ids import CompartmentId, CourierId, GrantId, OpeningId, ParcelId, SessionId
from ..core.locker import GrantsForgotten
from ..core.session import Role, SessionEnded, SessionStarted
from ..core.value import Fact, UtcSeconds


def deposit_facts(parcel: ParcelId, minter: Minter, place: int, at: UtcSeconds) -> tuple[Fact, ...]:
    """Tell what a locker writes when a parcel is put into one of its compartments."""
    compartment = CompartmentId(f"A{place:02d}")
    session, opening = SessionId(minter.make("s")), OpeningId(minter.make("o"))
    courier = CourierId("c-bench")
    return (
        CompartmentAssigned(
            at=at,
            compartment=compartment,
            parcel=parcel,
            session=session,
            reasons=("smallest_that_fits",),
        ),
        OpeningIntended(
            at=at,
            compartment=compartment,
            opening=opening,
            purpose=Purpose.DEPOSIT,
            session=session,
            parcel=parcel,
            courier=courier,
        ),
        DoorOpened(at=at, compartment=compartment, opening=opening),
        DoorClosed(at=at, compartment=compartment),
        HandoffDeposited(
            at=at,
            compartment=compartment,
            parcel=parcel,
            session=session,
            courier=courier,
            evidence="door_and_content",
        ),
    )


def collect_facts(
    grant: GrantId,
    parcel: ParcelId,
    compartment: CompartmentId,
    *,
    names: tuple[str, str, str],
    at: UtcSeconds,
) -> tuple[Fact, ...]:
    """Tell what is left of it when a recipient typed a code and took a parcel out.

    Parameters
    ----------
    names
        Of the attempt, the session and the opening.
    """
    attempt, session, opening = names[0], SessionId(names[1]), OpeningId(names[2])
    return (
        *_typed(grant, attempt, at),
        *_taken_out(grant, parcel, compartment, session, opening, at),
        GrantsForgotten(at=at, grants=(grant,)),
    )


def visit_facts(
    grant: GrantId, parcel: ParcelId, place: CompartmentId, *, minter: Minter, at: UtcSeconds
) -> tuple[Fact, ...]:
    """Tell what a locker writes when a recipient types a code, takes a parcel out and goes."""
    attempt, session = minter.make("t"), SessionId(minter.make("s"))
    opening = OpeningId(minter.make("o"))
    return (
        *_typed(grant, attempt, at),
        SessionStarted(at=at, session=session, role=Role.RECIPIENT, grants=(grant,)),
        *_taken_out(grant, parcel, place, session, opening, at),
        SessionEnded(at=at, session=session, why="done"),
    )


def _typed(grant: GrantId, attempt: str, at: UtcSeconds) -> tuple[Fact, ...]:
    return (
        AttemptCounted(at=at, attempt=attempt, keys=(grant,)),
        AttemptProved(at=at, attempt=attempt),
    )


def _taken_out(
    grant: GrantId,
    parcel: ParcelId,
    compartment: CompartmentId,
    session: SessionId,
    opening: OpeningId,
    at: UtcSeconds,
) -> tuple[Fact, ...]:
    return (
        OpeningIntended(
            at=at,
            compartment=compartment,
            opening=opening,
            purpose=Purpose.COLLECT,
            session=session,
            parcel=parcel,
            grant=grant,
        ),
        DoorOpened(at=at, compartment=compartment, opening=opening),
        DoorClosed(at=at, compartment=compartment),
        HandoffCollected(
            at=at,
            compartment=compartment,
            parcel=parcel,
            session=session,
            grant=grant,
            reopen_until=UtcSeconds(at + 60),
            evidence="door_and_content",
        ),
        CompartmentFreed(at=at, compartment=compartment, evidence="content_sensor"),
    )
