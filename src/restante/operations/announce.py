"""Expect a parcel, and set room aside for it at once where there is some.

R1. All or nothing: where the site has no room the announcement is refused too, so that a partner
    never believes in a parcel that cannot come. Ask with ``promise="none"`` to announce alone.
R2. A label is announced once while its parcel lives: the same announcement again gives the same
    answer, another one is refused with the id of the first.
R3. A parcel that a locker took in unannounced is announced by its label while it lies there.
"""

from typing import Final, Literal, NamedTuple, TypeAlias

from msgspec.structs import replace

from ..core import parcel as custody
from ..core.hold import HoldPolicy, hold_deadline
from ..core.ids import (
    ActorId,
    GrantId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
    parcel_stream,
    site_stream,
)
from ..core.particulars import Particulars
from ..core.refusal import Reason, Refused
from ..core.risk import RiskClass
from ..core.site import KeepSpace
from ..core.size import ParcelSize
from ..core.streams import ParcelFile
from ..core.value import UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange
from ..views.principal import Forbidden, Principal, Role
from ..views.tables import LABELS, SUBJECTS
from .booking import Booked, Wish, book_room, make_wish, rows_of_room
from .contacts import Contact, check_contact, put_contact
from .credentials import issue_grant, live_grants, prolong_grants
from .found import find_found, settle_matter
from .lookup import find_inside, find_site_row
from .means import Means
from .recording import decide_custody, decide_room

Promise: TypeAlias = Literal["firm", "soft", "none"]
"""What room the announcement asks for."""

LABEL_MAX: Final = 200
REFERENCE_MAX: Final = 100
"""Longest label and reference; longer ones are no label of any kind (chosen)."""


class BadParcel(ValueError):
    """An announcement cannot be understood; the message names the field and what to do."""


class Announced(Value):
    """What became of an announcement."""

    parcel: ParcelId
    recipient: RecipientId
    site: SiteId
    label: str
    booking: Booked | None
    """``None`` when it was asked for without room, or has none any more."""
    is_new: bool
    """False when the same parcel had been announced before."""


class _Asked(NamedTuple):
    about: Particulars
    contact: Contact | None
    wish: Wish | None
    is_recipient_given: bool


def announce(
    means: Means,
    principal: Principal,
    *,
    label: str,
    size: ParcelSize,
    site: SiteId,
    recipient: RecipientId | None = None,
    contact: Contact | None = None,
    promise: Promise = "firm",
    arrives_from: UtcSeconds | None = None,
    arrives_until: UtcSeconds | None = None,
    needs_low_door: bool = False,
    risk: RiskClass = RiskClass.LOW,
    hold: HoldPolicy | None = None,
    reference: str = "",
    partner: PartnerId | None = None,
    cause: str = "",
) -> Operation[Announced]:
    """Expect a parcel and book room for it.

    Parameters
    ----------
    label
        Normalized key of the label, see :mod:`restante.partners.label`.
    recipient
        Pseudonym of somebody known; a new one is made when ``None``.
    contact
        How the recipient is reached; kept sealed. Without any, nobody can be told.
    promise
        ``firm``, ``soft`` (ends by itself unless confirmed) or ``none``.
    risk
        How long the locker gives it out when it cannot hear us.
    partner
        For whom an operator announces; partners announce for themselves.

    Raises
    ------
    BadParcel, restante.operations.contacts.BadContact
        When a field is wrong.
    Refused
        By the operation: ``already_announced``, ``parcel_too_large``, ``parcel_too_heavy``,
        ``site_unknown``, ``site_full``, ``site_closed``, ``nothing_fits``,
        ``no_reachable_compartment``. After the last four, ask
        :meth:`restante.views.Queries.find_alternatives`.
    """
    _check(label=label, reference=reference, contact=contact)
    asked = _Asked(
        about=Particulars(
            parcel=ParcelId(means.minter.make("p")),
            partner=_partner_of(principal, partner),
            label=label,
            recipient=recipient or RecipientId(means.minter.make("r")),
            size=size,
            site=site,
            needs_low_door=needs_low_door,
            risk=risk,
            hold=means.hold if hold is None else hold,
            reference=reference,
        ),
        contact=contact,
        wish=None
        if promise == "none"
        else make_wish(
            means,
            site,
            is_firm=promise == "firm",
            arrives_from=arrives_from,
            arrives_until=arrives_until,
        ),
        is_recipient_given=recipient is not None,
    )
    return Operation(
        (parcel_stream(asked.about.parcel), site_stream(site)),
        lambda ledger: _announce(ledger, means, principal, asked, cause=cause),
        (
            (LABELS.name, (asked.about.partner, label)),
            (SUBJECTS.name, (asked.about.recipient,)),
            *rows_of_room(site, asked.wish),
        ),
    )


def _announce(
    ledger: Ledger, means: Means, principal: Principal, asked: _Asked, *, cause: str
) -> Announced:
    about = asked.about
    found = find_found(ledger, about.partner, about.label)
    if found is not None:
        return _adopt(ledger, means, principal, asked, found, cause=cause)
    earlier = _find_earlier(ledger, asked)
    if earlier is not None:
        return _answer(earlier, _known_booking(ledger, earlier), is_new=False)
    find_site_row(ledger, about.site)
    command = custody.Announce(at=ledger.now, about=about)
    decide_custody(ledger, about.parcel, command, by=principal.actor, cause=cause)
    ledger.put(RowChange(LABELS.name, (about.partner, about.label), {"parcel": about.parcel}))
    if asked.contact is not None:
        put_contact(ledger, means, about.recipient, asked.contact)
    booking = None
    if asked.wish is not None:
        file = ledger.state(parcel_stream(about.parcel))
        booking = book_room(ledger, means, file, asked.wish, by=principal.actor, cause=cause)
    return _answer(about, booking, is_new=True)


def _adopt(
    ledger: Ledger,
    means: Means,
    principal: Principal,
    asked: _Asked,
    found: custody.Held | custody.Overdue,
    *,
    cause: str,
) -> Announced:
    """Say whose a parcel is that lies in a locker already (R3); its hold begins now."""
    name, by = found.about.parcel, principal.actor
    recipient = asked.about.recipient if asked.is_recipient_given else found.about.recipient
    about = replace(asked.about, parcel=name, recipient=recipient)
    zone = str(find_site_row(ledger, found.place.site)["zone"])
    until = hold_deadline(about.hold, ledger.now, zone)
    command = custody.Announce(at=ledger.now, about=about, hold_until=until)
    decide_custody(ledger, name, command, by=by, cause=cause)
    held_until = _wait_longer(ledger, name, by=by, cause=cause)
    if found.place.site != about.site:
        detail = f"announced for {about.site}, it lies at {found.place.site}"
        wrong = custody.AnomalyNoticed(at=ledger.now, reason=Reason.WRONG_SITE, detail=detail)
        ledger.record(parcel_stream(name), wrong, by=by, cause=cause)
    if asked.contact is not None:
        put_contact(ledger, means, recipient, asked.contact)
    if asked.is_recipient_given or not live_grants(ledger, name):
        issue_grant(
            ledger,
            means,
            parcel=name,
            site=found.place.site,
            recipient=recipient,
            grant=GrantId(means.minter.make("g")),
            fresh=None,
            by=by,
            cause=cause,
            valid_until=held_until,
        )
    settle_matter(ledger, name)
    return _answer(about, None, is_new=True)


def _wait_longer(ledger: Ledger, parcel: ParcelId, *, by: ActorId, cause: str) -> UtcSeconds:
    """Let code and room last as long as the parcel waits now; until when that is."""
    held = ledger.state(parcel_stream(parcel)).custody
    site = held.place.site
    prolong_grants(ledger, parcel, held.hold_until, by=by, cause=cause)
    inside = find_inside(ledger.state(site_stream(site)), parcel)
    if inside is not None:
        keep = KeepSpace(at=ledger.now, booking=inside, until=held.hold_until)
        decide_room(ledger, site, keep, by=by, cause=cause)
    return UtcSeconds(held.hold_until)


def _find_earlier(ledger: Ledger, asked: _Asked) -> Particulars | None:
    """Find the live parcel that was announced with the same label (R2)."""
    about = asked.about
    row = ledger.row(LABELS.name, (about.partner, about.label))
    if row is None:
        return None
    name = ParcelId(str(row["parcel"]))
    file: ParcelFile = ledger.state(parcel_stream(name))
    known = file.custody
    if isinstance(known, custody.Collected | custody.Returned | custody.Cancelled):
        return None
    same = replace(about, parcel=known.about.parcel)
    if not asked.is_recipient_given:
        same = replace(same, recipient=known.about.recipient)
    if same != known.about:
        raise Refused(
            Reason.ALREADY_ANNOUNCED,
            f"this label is parcel {name}; correct or cancel that one, or use another label",
        )
    return known.about


def _known_booking(ledger: Ledger, about: Particulars) -> Booked | None:
    known = ledger.state(parcel_stream(about.parcel)).custody
    if not isinstance(known, custody.Booked):
        return None
    room = ledger.state(site_stream(about.site)).bookings.get(known.booking)
    return Booked(
        parcel=about.parcel,
        booking=known.booking,
        site=about.site,
        is_firm=known.is_firm,
        expires_at=known.expires_at,
        until=known.expires_at if room is None else room.until,
    )


def _answer(about: Particulars, booking: Booked | None, *, is_new: bool) -> Announced:
    return Announced(
        parcel=about.parcel,
        recipient=about.recipient,
        site=about.site,
        label=about.label,
        booking=booking,
        is_new=is_new,
    )


def _partner_of(principal: Principal, partner: PartnerId | None) -> PartnerId:
    principal.need_role(Role.PARTNER, Role.OPERATOR)
    if principal.role is Role.OPERATOR:
        if partner is None:
            raise BadParcel("partner: say for whom the parcel is announced")
        return partner
    if principal.partner is None:
        raise Forbidden("this key belongs to no partner; use a partner's key")
    if partner is not None and partner != principal.partner:
        raise Forbidden("partners announce their own parcels only; leave partner out")
    return principal.partner


def _check(*, label: str, reference: str, contact: Contact | None) -> None:
    if not label or len(label) > LABEL_MAX or not label.isprintable():
        raise BadParcel(f"label: 1 to {LABEL_MAX} printable characters, as on the parcel")
    if len(reference) > REFERENCE_MAX or (reference and not reference.isprintable()):
        raise BadParcel(f"reference: at most {REFERENCE_MAX} printable characters")
    if contact is not None:
        check_contact(contact)
