"""How operations find what they are asked about, for those who may see it."""

from collections.abc import Mapping

from ..core import parcel, site
from ..core.ids import BookingId, LockerId, ParcelId, SiteId, parcel_stream
from ..core.refusal import Reason, Refused
from ..core.streams import ParcelFile
from ..journal.ledger import Ledger
from ..journal.port import Scalar
from ..views.principal import NotFound, Principal
from ..views.tables import LOCKERS, SITES


def find_file(ledger: Ledger, principal: Principal, name: ParcelId) -> ParcelFile:
    """Find what is known of a parcel.

    Raises
    ------
    NotFound
        When nobody announced it or the asker may not see it; both look the same.
    """
    file: ParcelFile = ledger.state(parcel_stream(name))
    about = file.custody.about
    is_known = not isinstance(file.custody, parcel.Unknown) or ledger.version(parcel_stream(name))
    if not is_known or not principal.may_see(partner=about.partner, recipient=about.recipient):
        raise NotFound("parcel", name)
    return file


def find_site_row(ledger: Ledger, name: SiteId) -> Mapping[str, Scalar]:
    """Find a site's description.

    Raises
    ------
    Refused
        ``site_unknown``.
    """
    row = ledger.row(SITES.name, (name,))
    if row is None:
        raise Refused(Reason.SITE_UNKNOWN, f"there is no site {name!r}; look it up in the sites")
    return row


def find_locker_row(ledger: Ledger, name: LockerId) -> Mapping[str, Scalar]:
    """Find a locker's description.

    Raises
    ------
    NotFound
        When it was never registered.
    """
    row = ledger.row(LOCKERS.name, (name,))
    if row is None:
        raise NotFound("locker", name)
    return row


def find_inside(state: site.Site, name: ParcelId) -> BookingId | None:
    """Find the booking under which a parcel is inside a site."""
    for booking, known in state.bookings.items():
        if known.parcel == name and known.is_inside:
            return booking
    return None
