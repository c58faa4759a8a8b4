"""What is known about a parcel whatever happens to it, and where one can lie."""

from typing import Final

from .hold import HoldPolicy
from .ids import CompartmentId, LockerId, ParcelId, PartnerId, RecipientId, SiteId
from .risk import RiskClass
from .size import ParcelSize
from .value import Grams, Millimeters, Value


class Particulars(Value):
    """What is known about a parcel whatever happens to it."""

    parcel: ParcelId
    partner: PartnerId
    label: str
    """Normalized key of the label, see :mod:`restante.partners.label`."""
    recipient: RecipientId
    size: ParcelSize
    site: SiteId
    """Where it shall wait."""
    needs_low_door: bool = False
    hold: HoldPolicy = HoldPolicy()
    reference: str = ""
    """The partner's own word for it; never personal data."""
    risk: RiskClass = RiskClass.LOW
    is_found: bool = False
    """A locker took it in before its partner told of it."""


NOTHING_KNOWN: Final = Particulars(
    parcel=ParcelId(""),
    partner=PartnerId(""),
    label="",
    recipient=RecipientId(""),
    size=ParcelSize(
        length_mm=Millimeters(0),
        width_mm=Millimeters(0),
        height_mm=Millimeters(0),
        weight_g=Grams(0),
    ),
    site=SiteId(""),
)
"""Stands in when a locker reports a parcel nobody announced."""


class Place(Value):
    """The compartment a parcel lies in."""

    site: SiteId
    locker: LockerId
    compartment: CompartmentId
