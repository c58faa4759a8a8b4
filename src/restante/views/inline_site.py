"""Rows that follow from a site's facts: bookings, and what its list says beside parcels."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ..core import site
from ..core.ids import BookingId
from ..journal.port import Derived, Recorded, RowChange, Scalar
from ..link.message import ServiceOrder
from .tables import BOOKINGS, LIST_ENTRIES

_BOOKING_FACTS: Final = (
    site.CapacityBooked,
    site.BookingFirmed,
    site.BookingReleased,
    site.SpaceTaken,
    site.SpaceKept,
    site.SpaceLeft,
)


def derive_site(owner: str, recorded: Sequence[Recorded], state: site.Site) -> Derived:
    """Tell what follows from facts of ``site/<owner>``."""
    rows: list[RowChange] = []
    for one in recorded:
        if isinstance(one.fact, _BOOKING_FACTS):
            rows.append(_booking_row(owner, one.fact.booking, one.position, state))
        else:
            rows.extend(_list_rows(owner, one))
    return Derived(rows)


def _booking_row(owner: str, booking: BookingId, position: int, state: site.Site) -> RowChange:
    known = state.bookings.get(booking)
    if known is None:
        return RowChange(BOOKINGS.name, (owner, booking), None)
    values: dict[str, Scalar] = {
        "parcel": known.parcel,
        "from_at": known.from_at,
        "until": known.until,
        "expires_at": known.expires_at,
        "is_firm": known.is_firm,
        "is_inside": known.is_inside,
        "length_mm": known.size.length_mm,
        "width_mm": known.size.width_mm,
        "height_mm": known.size.height_mm,
        "position": position,
    }
    return RowChange(BOOKINGS.name, (owner, booking), values)


def _list_rows(owner: str, one: Recorded) -> Iterator[RowChange]:
    fact, position = one.fact, one.position
    match fact:
        case site.ServiceOrdered(locker=locker, compartment=compartment):
            order = ServiceOrder(
                compartment=compartment,
                locker=locker,
                in_service=fact.in_service,
                why=fact.why,
                ordered_at=fact.at,
            )
            body = msgspec.json.encode(order)
            yield _entry(owner, f"service/{locker}/{compartment}", position, body=body)
        case site.ListNoted(keys=keys, gone=gone):
            for key in keys:
                yield _entry(owner, key, position)
            for key in gone:
                yield _entry(owner, key, position, is_present=False)
        case site.SiteClosed() | site.SiteReopened():
            # The note's words are kept by the operation that closes; see operations.service.
            yield _entry(owner, "site", position)
        case _:
            return


def _entry(
    owner: str, key: str, position: int, *, body: bytes | None = None, is_present: bool = True
) -> RowChange:
    values: dict[str, Scalar] = {"position": position, "is_present": is_present, "body": body}
    return RowChange(LIST_ENTRIES.name, (owner, key), values)
