"""The parcel was measured again: fit it anew.

R1. A correction is recorded whether the parcel still fits or not: it is what was measured.
R2. A booked parcel is booked anew in the same operation, with the same promise and window. The
    old room is given back first, because a promise for other measures is worth nothing.
R3. Where the new measures find no room the parcel stays announced without a booking, and a person
    is told: redirect it, or cancel it.
"""

from ..core import parcel as custody
from ..core.ids import BookingId, GrantId, ParcelId, parcel_stream, site_stream
from ..core.refusal import Reason, Refused
from ..core.size import ParcelSize
from ..core.streams import ParcelFile
from ..core.value import UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .booking import Booked, Wish, book_room, release_room
from .credentials import revoke_grants
from .lookup import find_file
from .means import Means
from .recording import decide_custody


class Corrected(Value):
    """What became of a correction."""

    parcel: ParcelId
    size: ParcelSize
    booking: Booked | None
    """The booking that holds now; ``None`` when there was none, or none was possible."""
    refusal: Reason | None = None
    """Why the corrected parcel has no room any more."""
    detail: str = ""


def correct_size(
    means: Means,
    principal: Principal,
    *,
    parcel: ParcelId,
    size: ParcelSize,
    cause: str = "",
) -> Operation[Corrected]:
    """Take other measures for a parcel that has not come yet.

    Raises
    ------
    Refused
        By the operation: ``parcel_too_large``, ``parcel_too_heavy``, ``parcel_in_compartment``,
        ``parcel_cancelled``, ``parcel_ended``.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR)
    booking = BookingId(means.minter.make("b"))

    def run(ledger: Ledger) -> Corrected:
        file = find_file(ledger, principal, parcel)
        command = custody.CorrectSize(at=ledger.now, size=size)
        facts = decide_custody(ledger, parcel, command, by=principal.actor, cause=cause)
        if not facts or not isinstance(file.custody, custody.Booked):
            return Corrected(parcel=parcel, size=size, booking=None)
        return _fit_anew(ledger, means, principal, file, size, booking, cause)

    return Operation((parcel_stream(parcel),), run)


def _fit_anew(
    ledger: Ledger,
    means: Means,
    principal: Principal,
    before: ParcelFile,
    size: ParcelSize,
    booking: BookingId,
    cause: str,
) -> Corrected:
    """Give the old room back and book other room (R2)."""
    standing, by = before.custody, principal.actor
    if not isinstance(standing, custody.Booked):
        raise TypeError("only a booked parcel is fitted anew")
    name = standing.about.parcel
    room = ledger.state(site_stream(standing.about.site)).bookings.get(standing.booking)
    release_room(ledger, standing, why="refit", by=by, cause=cause)
    lost = custody.LoseCapacity(at=ledger.now, booking=standing.booking, why="refit")
    decide_custody(ledger, name, lost, by=by, cause=cause)
    wish = Wish(
        booking=booking,
        grant=GrantId(means.minter.make("g")),
        is_firm=standing.is_firm,
        arrives_from=None if room is None else UtcSeconds(max(room.from_at, ledger.now)),
        arrives_until=standing.expires_at,
        fresh=None,
    )
    try:
        file = ledger.state(parcel_stream(name))
        booked = book_room(ledger, means, file, wish, by=by, cause=cause)
    except Refused as refusal:
        # R3. Booking is decided before anything of it is recorded, so nothing is half done.
        revoke_grants(ledger, name, why="ended", by=by, cause=cause)
        noticed = custody.AnomalyNoticed(
            at=ledger.now,
            reason=refusal.reason,
            detail="corrected measures find no room here; redirect or cancel the parcel",
        )
        ledger.record(parcel_stream(name), noticed, by=by, cause=cause)
        return Corrected(
            parcel=name, size=size, booking=None, refusal=refusal.reason, detail=refusal.detail
        )
    return Corrected(parcel=name, size=size, booking=booked)
