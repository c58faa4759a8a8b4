"""What a locker does that the centre has not told it: parcels taken in unannounced, and limits.

A parcel nobody has told the locker of gets a name of the locker's own. The centre learns it from
the locker's facts, or before them from a receipt that a courier's phone carries. Once the list
knows the parcel, the locker recognises it by label and partner and calls it by the list's name.

Rules
-----
R1  Only a courier who is signed in brings an unannounced parcel, and for the own partner only.
R2  A label is taken in once: what lies inside under it is not taken in again.
R3  A parcel is unannounced until the list knows it or it is no longer inside.
"""

from typing import TypeAlias, assert_never

from .content import AssignmentDropped, CompartmentFreed
from .handoff import HandoffCollected, HandoffRetrieved
from .ids import CourierId, GrantId, ParcelId, PartnerId, SessionId
from .refusal import Reason, Refused
from .risk import RiskClass
from .session import Active
from .size import ParcelSize
from .value import Command, Fact, Value


class Unannounced(Value):
    """A parcel the locker knows only from the courier who brings it."""

    label: str
    partner: PartnerId
    courier: CourierId
    size: ParcelSize
    """What the courier said, as measures that fill the smallest compartment of that class."""
    clock: str
    """How good the locker's clock was."""


class UnannouncedAccepted(Fact, tag="handoff.unannounced_accepted.v1"):
    """A courier brings a parcel nobody has announced here; the locker named it."""

    session: SessionId
    parcel: ParcelId
    about: Unannounced


class ParcelRecognised(Fact, tag="handoff.recognised.v1"):
    """A parcel taken in unannounced is one of the list, under the name the list gives it."""

    local: ParcelId
    parcel: ParcelId


class RefusedAlone(Fact, tag="locker.refused_alone.v1"):
    """A pickup was refused because the locker has not heard the centre for too long."""

    grant: GrantId
    parcel: ParcelId
    risk: RiskClass
    alone_seconds: int
    pickup_count: int


AloneFact: TypeAlias = UnannouncedAccepted | ParcelRecognised | RefusedAlone


class AcceptUnannounced(Command, tag="accept_unannounced"):
    """Take in a parcel nobody has announced."""

    parcel: ParcelId
    about: Unannounced


class RecogniseParcel(Command, tag="recognise_parcel"):
    """Call an unannounced parcel by the name the list gives it."""

    local: ParcelId
    parcel: ParcelId


class RefuseAlone(Command, tag="refuse_alone"):
    """Note that a pickup was beyond what may be given out without the centre."""

    grant: GrantId
    parcel: ParcelId
    risk: RiskClass
    alone_seconds: int
    pickup_count: int


AloneCommand: TypeAlias = AcceptUnannounced | RecogniseParcel | RefuseAlone

Inside: TypeAlias = dict[ParcelId, Unannounced]
"""What lies inside, or is about to, and is on no list."""


def decide(inside: Inside, visit: Active | None, command: AloneCommand) -> tuple[AloneFact, ...]:
    """Say what follows from a command, or refuse it.

    Parameters
    ----------
    visit
        Who is signed in.
    """
    match command:
        case AcceptUnannounced(at=at, parcel=parcel, about=about):
            if visit is None:
                raise Refused(Reason.NO_SESSION)
            if visit.courier != about.courier or visit.partner != about.partner:
                raise Refused(Reason.ACCESS_DENIED, "couriers bring parcels of their own partner")
            if inside.get(parcel) == about:
                return ()
            if find_label(inside, about.label, about.partner) not in (None, parcel):
                raise Refused(Reason.PARCEL_IN_COMPARTMENT)
            accepted = UnannouncedAccepted(at=at, session=visit.session, parcel=parcel, about=about)
            return (accepted,)
        case RecogniseParcel(at=at, local=local, parcel=parcel):
            known = local in inside
            return (ParcelRecognised(at=at, local=local, parcel=parcel),) if known else ()
        case RefuseAlone():
            refused = RefusedAlone(
                at=command.at,
                grant=command.grant,
                parcel=command.parcel,
                risk=command.risk,
                alone_seconds=command.alone_seconds,
                pickup_count=command.pickup_count,
            )
            return (refused,)
        case _:
            assert_never(command)


def evolve(inside: Inside, fact: Fact) -> Inside:
    """Say what is inside unannounced after a fact; any fact (R3)."""
    match fact:
        case UnannouncedAccepted(parcel=parcel, about=about):
            return {**inside, parcel: about}
        case ParcelRecognised(local=gone):
            pass
        case AssignmentDropped(parcel=gone) | HandoffCollected(parcel=gone):
            pass
        case HandoffRetrieved(parcel=gone) | CompartmentFreed(parcel=gone):
            pass
        case _:
            return inside
    return {name: one for name, one in inside.items() if name != gone} if gone in inside else inside


def find_label(inside: Inside, label: str, partner: PartnerId) -> ParcelId | None:
    """Find what lies inside unannounced under a label."""
    for name, one in inside.items():
        if one.label == label and one.partner == partner:
            return name
    return None
