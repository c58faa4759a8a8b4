"""Values with sensible defaults, so that a test names only what it is about.

Time is told in seconds after :data:`NOON`, a Thursday; ids are short words.
"""

from typing import Any

from restante.core.fit import Condition
from restante.core.grant import Grant, Purpose
from restante.core.hold import HoldPolicy
from restante.core.ids import (
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    ParcelId,
    PartnerId,
    RecipientId,
    SessionId,
    SiteId,
)
from restante.core.particulars import Particulars, Place
from restante.core.site import Booking, Supply
from restante.core.size import CompartmentKind, CompartmentSpec, ParcelSize
from restante.core.value import FOREVER, Grams, Millimeters, UtcSeconds

NOON = UtcSeconds(1_767_268_800)
"""2026-01-01T12:00:00Z."""

SITE = SiteId("site-07")
LOCKER = LockerId("locker-07")
A1, A2, A3 = CompartmentId("A1"), CompartmentId("A2"), CompartmentId("A3")
PARCEL, OTHER_PARCEL = ParcelId("p-1"), ParcelId("p-2")
PARTNER = PartnerId("partner-1")
COURIER = CourierId("c-1")
GRANT, OTHER_GRANT = GrantId("g-1"), GrantId("g-2")
SESSION, OTHER_SESSION = SessionId("s-1"), SessionId("s-2")


def after(seconds: int) -> UtcSeconds:
    """Tell a time by the seconds since noon; negative before it."""
    return UtcSeconds(NOON + seconds)


def make_size(
    length_mm: int = 300, width_mm: int = 200, height_mm: int = 100, *,
    weight_g: int = 1_500, keep_upright: bool = False,
) -> ParcelSize:  # fmt: skip
    return ParcelSize(
        length_mm=Millimeters(length_mm),
        width_mm=Millimeters(width_mm),
        height_mm=Millimeters(height_mm),
        weight_g=Grams(weight_g),
        keep_upright=keep_upright,
    )


def make_about(**changes: Any) -> Particulars:
    given: dict[str, Any] = {
        "parcel": PARCEL,
        "partner": PARTNER,
        "label": "LABEL-1",
        "recipient": RecipientId("r-1"),
        "size": make_size(),
        "site": SITE,
        "hold": HoldPolicy(),
    }
    return Particulars(**(given | changes))


def make_place(compartment: CompartmentId = A3, site: SiteId = SITE) -> Place:
    return Place(site=site, locker=LOCKER, compartment=compartment)


def make_spec(
    name: str = "A1", width_mm: int = 380, height_mm: int = 190, depth_mm: int = 640, *,
    weight_g_max: int = 25_000, bottom_height_mm: int = 500,
    opening_width_mm: int | None = None, opening_height_mm: int | None = None,
) -> CompartmentSpec:  # fmt: skip
    return CompartmentSpec(
        id=CompartmentId(name),
        column=0,
        row=0,
        width_mm=Millimeters(width_mm),
        height_mm=Millimeters(height_mm),
        depth_mm=Millimeters(depth_mm),
        opening_width_mm=Millimeters(opening_width_mm or width_mm),
        opening_height_mm=Millimeters(opening_height_mm or height_mm),
        weight_g_max=Grams(weight_g_max),
        bottom_height_mm=Millimeters(bottom_height_mm),
    )


def make_condition(name: str = "A1", **changes: Any) -> Condition:
    """Describe a compartment: changes of its state, or of what :func:`make_spec` takes."""
    state = {key: changes.pop(key) for key in tuple(changes) if key in Condition.__struct_fields__}
    return Condition(**{"spec": make_spec(name, **changes)} | state)


def make_kind(
    width_mm: int = 380, height_mm: int = 190, depth_mm: int = 640, *,
    weight_g_max: int = 25_000, is_low: bool = False,
) -> CompartmentKind:  # fmt: skip
    return CompartmentKind(
        width_mm=Millimeters(width_mm),
        height_mm=Millimeters(height_mm),
        depth_mm=Millimeters(depth_mm),
        weight_g_max=Grams(weight_g_max),
        is_low=is_low,
    )


def make_supply(count: int = 1, **kind: Any) -> Supply:
    return Supply(kind=make_kind(**kind), count=count)


def make_booking(**changes: Any) -> Booking:
    given: dict[str, Any] = {
        "parcel": PARCEL,
        "size": make_size(),
        "needs_low_door": False,
        "from_at": NOON,
        "until": after(86_400),
        "expires_at": after(3_600),
    }
    return Booking(**(given | changes))


def make_grant(**changes: Any) -> Grant:
    given: dict[str, Any] = {
        "grant": GRANT,
        "parcel": PARCEL,
        "site": SITE,
        "purpose": Purpose.COLLECT,
        "valid_from": UtcSeconds(0),
        "valid_until": FOREVER,
    }
    return Grant(**(given | changes))
