"""The moments custody changes at a locker, with their evidence, and those it could not.

Written by the locker's controller; the centre draws a parcel's custody from them.
"""

from typing import TypeAlias

from .ids import CompartmentId, CourierId, GrantId, ParcelId, SessionId
from .value import Fact, UtcSeconds


class HandoffDeposited(Fact, tag="handoff.deposited.v1"):
    """A courier put a parcel in and shut the door."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    courier: CourierId
    evidence: str
    """``door`` or ``door_and_content``."""


class HandoffCollected(Fact, tag="handoff.collected.v1"):
    """A recipient took the parcel and shut the door."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    grant: GrantId
    reopen_until: UtcSeconds
    evidence: str


class HandoffRetrieved(Fact, tag="handoff.retrieved.v1"):
    """A courier took a parcel out to bring it back."""

    compartment: CompartmentId
    parcel: ParcelId
    session: SessionId
    courier: CourierId
    evidence: str


class TurnedAway(Fact, tag="handoff.turned_away.v1"):
    """A deposit was wanted and not possible."""

    session: SessionId
    courier: CourierId
    why: str
    """A public reason of refusal, or ``does_not_fit``."""
    parcel: ParcelId | None = None
    """``None`` when the label was not expected here."""


HandoffFact: TypeAlias = HandoffDeposited | HandoffCollected | HandoffRetrieved | TurnedAway
