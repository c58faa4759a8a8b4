"""Set room aside at a site, confirm it, give it back, and what happens when its time passes.

R1. A grant lives from the booking on, so that lockers know the code before the parcel comes.
R2. A booking that ends takes its grant along.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ..core import parcel as custody
from ..core import site as capacity
from ..core.hold import hold_deadline
from ..core.ids import (
    ActorId,
    BookingId,
    GrantId,
    ParcelId,
    RecipientId,
    SiteId,
    parcel_stream,
    site_stream,
)
from ..core.refusal import Reason, Refused
from ..core.streams import ParcelFile
from ..core.value import UtcSeconds, Value
from ..journal.inline import RowKey
from ..journal.ledger import Ledger, Operation
from ..views.principal import TIMEKEEPER, Principal, Role
from ..views.tables import PIN_PRINTS, SITES, SUBJECTS
from .credentials import FreshCode, draw_code, issue_grant, revoke_grants
from .lookup import find_file, find_site_row
from .means import Means
from .recording import decide_custody, decide_room


class Booked(Value):
    """What was promised."""

    parcel: ParcelId
    booking: BookingId
    site: SiteId
    is_firm: bool
    expires_at: UtcSeconds
    """Until when the parcel may be put in."""
    until: UtcSeconds
    """Until when room is kept for it."""


class Wish(NamedTuple):
    """What shall be booked, with everything that is drawn beforehand."""

    booking: BookingId
    grant: GrantId
    is_firm: bool
    arrives_from: UtcSeconds | None
    """When it may come; now when ``None``."""
    arrives_until: UtcSeconds | None
    """When it must have come; the network's habit when ``None``."""
    fresh: FreshCode | None


def make_wish(
    means: Means,
    at_site: SiteId | None,
    *,
    is_firm: bool,
    arrives_from: UtcSeconds | None = None,
    arrives_until: UtcSeconds | None = None,
) -> Wish:
    """Draw ids and a code for a booking, outside the committer's turn."""
    return Wish(
        BookingId(means.minter.make("b")),
        GrantId(means.minter.make("g")),
        is_firm,
        arrives_from,
        arrives_until,
        None if at_site is None else draw_code(means, at_site),
    )


def book(
    means: Means,
    principal: Principal,
    *,
    parcel: ParcelId,
    is_firm: bool = True,
    arrives_from: UtcSeconds | None = None,
    arrives_until: UtcSeconds | None = None,
    site: SiteId | None = None,
    recipient: RecipientId | None = None,
    cause: str = "",
) -> Operation[Booked]:
    """Set room aside for an announced parcel at its site.

    Parameters
    ----------
    site
        The parcel's site, when the caller knows it: its code is then drawn beforehand.
    recipient
        The parcel's, when the caller knows it: what seals the code is then read beforehand.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR)
    wish = make_wish(
        means, site, is_firm=is_firm, arrives_from=arrives_from, arrives_until=arrives_until
    )

    def run(ledger: Ledger) -> Booked:
        file = find_file(ledger, principal, parcel)
        if isinstance(file.custody, custody.Booked):
            return _known_booking(ledger, file.custody, is_firm=is_firm)
        return book_room(ledger, means, file, wish, by=principal.actor, cause=cause)

    if site is None:
        return Operation((parcel_stream(parcel),), run)
    streams = (parcel_stream(parcel), site_stream(site))
    rows = list(rows_of_room(site, wish))
    if recipient is not None:
        rows.append((SUBJECTS.name, (recipient,)))
    return Operation(streams, run, rows)


def rows_of_room(site: SiteId, wish: Wish | None) -> Iterator[RowKey]:
    """Name the rows that booking room at a site reads."""
    yield SITES.name, (site,)
    if wish is not None and wish.fresh is not None:
        yield PIN_PRINTS.name, (site, wish.fresh.print)


def book_room(
    ledger: Ledger,
    means: Means,
    file: ParcelFile,
    wish: Wish,
    *,
    by: ActorId,
    cause: str = "",
) -> Booked:
    """Book within a larger operation.

    Raises
    ------
    Refused
        ``site_full``, ``site_closed``, ``nothing_fits``, ``no_reachable_compartment``, or what
        the parcel's state forbids.
    """
    now, about = ledger.now, file.custody.about
    row = find_site_row(ledger, about.site)
    start, expires_at = _arrival(means, wish, now)
    until = hold_deadline(about.hold, expires_at, str(row["zone"]))
    asked = capacity.Book(
        at=now,
        booking=wish.booking,
        parcel=about.parcel,
        size=about.size,
        needs_low_door=about.needs_low_door,
        from_at=start,
        until=until,
        expires_at=expires_at,
        is_firm=wish.is_firm,
    )
    decide_room(ledger, about.site, asked, by=by, cause=cause)
    confirmed = custody.ConfirmCapacity(
        at=now,
        booking=wish.booking,
        site=about.site,
        is_firm=wish.is_firm,
        expires_at=expires_at,
    )
    decide_custody(ledger, about.parcel, confirmed, by=by, cause=cause)
    issue_grant(
        ledger,
        means,
        parcel=about.parcel,
        site=about.site,
        recipient=about.recipient,
        grant=wish.grant,
        fresh=wish.fresh,
        by=by,
        cause=cause,
    )
    return Booked(
        parcel=about.parcel,
        booking=wish.booking,
        site=about.site,
        is_firm=wish.is_firm,
        expires_at=expires_at,
        until=until,
    )


def _arrival(means: Means, wish: Wish, now: UtcSeconds) -> tuple[UtcSeconds, UtcSeconds]:
    """Tell from when a parcel may come, and when its booking ends by itself."""
    start = now if wish.arrives_from is None else wish.arrives_from
    habit = means.firm_seconds if wish.is_firm else means.soft_seconds
    expires_at = UtcSeconds(start + habit) if wish.arrives_until is None else wish.arrives_until
    if expires_at <= now:
        raise Refused(
            Reason.NOT_POSSIBLE_NOW, "arrives_until lies in the past; give a later time or none"
        )
    return start, expires_at


def confirm_booking(
    means: Means,
    principal: Principal,
    *,
    parcel: ParcelId,
    expires_at: UtcSeconds | None = None,
    cause: str = "",
) -> Operation[Booked]:
    """Turn a parcel's soft booking into a firm one.

    Parameters
    ----------
    expires_at
        Until when the parcel must have come; the network's habit from now when ``None``.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR)

    def run(ledger: Ledger) -> Booked:
        now = ledger.now
        standing = _booked_custody(find_file(ledger, principal, parcel))
        until = UtcSeconds(now + means.firm_seconds) if expires_at is None else expires_at
        firm = capacity.FirmBooking(at=now, booking=standing.booking, expires_at=until)
        at_site = site_stream(standing.about.site)
        decide_room(ledger, standing.about.site, firm, by=principal.actor, cause=cause)
        confirmed = _confirm(standing, at=now, expires_at=until)
        decide_custody(ledger, parcel, confirmed, by=principal.actor, cause=cause)
        known = ledger.state(at_site).bookings[standing.booking]
        return Booked(
            parcel=parcel,
            booking=standing.booking,
            site=standing.about.site,
            is_firm=True,
            expires_at=until,
            until=known.until,
        )

    return Operation((parcel_stream(parcel),), run)


def release_booking(
    _means: Means,
    principal: Principal,
    *,
    parcel: ParcelId,
    why: str = "released",
    cause: str = "",
) -> Operation[None]:
    """Give a parcel's room back before it came; the parcel stays announced."""
    principal.need_role(Role.PARTNER, Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        standing = _booked_custody(find_file(ledger, principal, parcel))
        end_booking(ledger, standing, why=why, by=principal.actor, cause=cause)

    return Operation((parcel_stream(parcel),), run)


def expire_booking(*, parcel: ParcelId) -> Operation[bool]:
    """End a parcel's booking if its time has passed; true when it did."""

    def run(ledger: Ledger) -> bool:
        file = find_file(ledger, TIMEKEEPER, parcel)
        standing = file.custody
        if not isinstance(standing, custody.Booked) or ledger.now < standing.expires_at:
            return False
        end_booking(ledger, standing, why="expired", by=TIMEKEEPER.actor)
        return True

    return Operation((parcel_stream(parcel),), run)


def end_booking(
    ledger: Ledger, standing: custody.Booked, *, why: str, by: ActorId, cause: str = ""
) -> None:
    """Release a booking within a larger operation, with the grant that came with it (R2)."""
    release_room(ledger, standing, why=why, by=by, cause=cause)
    lost = custody.LoseCapacity(at=ledger.now, booking=standing.booking, why=why)
    decide_custody(ledger, standing.about.parcel, lost, by=by, cause=cause)
    revoke_grants(ledger, standing.about.parcel, why="ended", by=by, cause=cause)


def release_room(
    ledger: Ledger, standing: custody.Booked, *, why: str, by: ActorId, cause: str = ""
) -> None:
    """Give room back at the site only; a site that does not know the booking has none to give."""
    at_site = site_stream(standing.about.site)
    if standing.booking not in ledger.state(at_site).bookings:
        return
    released = capacity.ReleaseBooking(at=ledger.now, booking=standing.booking, why=why)
    decide_room(ledger, standing.about.site, released, by=by, cause=cause)


def _booked_custody(file: ParcelFile) -> custody.Booked:
    match file.custody:
        case custody.Booked() as standing:
            return standing
        case custody.Held() | custody.Overdue():
            raise Refused(Reason.BOOKING_CONSUMED, "the parcel is inside")
        case _:
            raise Refused(Reason.BOOKING_UNKNOWN, "the parcel has no booking; book it first")


def _confirm(
    standing: custody.Booked, *, at: UtcSeconds, expires_at: UtcSeconds
) -> custody.ConfirmCapacity:
    return custody.ConfirmCapacity(
        at=at,
        booking=standing.booking,
        site=standing.about.site,
        is_firm=True,
        expires_at=expires_at,
    )


def _known_booking(ledger: Ledger, standing: custody.Booked, *, is_firm: bool) -> Booked:
    known = ledger.state(site_stream(standing.about.site)).bookings.get(standing.booking)
    if is_firm and not standing.is_firm:
        raise Refused(Reason.NOT_POSSIBLE_NOW, "it has a soft booking; confirm that one")
    return Booked(
        parcel=standing.about.parcel,
        booking=standing.booking,
        site=standing.about.site,
        is_firm=standing.is_firm,
        expires_at=standing.expires_at,
        until=standing.expires_at if known is None else known.until,
    )
