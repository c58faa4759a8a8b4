"""Rows and work that follow from a parcel's facts.

R1  A site's lockers are told about a parcel from its booking until it has left or will not come.
R2  A grant stays on the list until it is revoked: a used one may re-open its door for a while,
    and the timer ``grant`` takes it off afterwards.
R3  A recipient is told about what is true after the unit: of a parcel deposited and collected
    while the link was cut, only the collection is news.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from ..core import grant, parcel
from ..core.content import REOPEN_SECONDS
from ..core.grant import Grant, Purpose
from ..core.hold import reminder_times
from ..core.ids import GrantId, ParcelId, SiteId
from ..core.status import public_status
from ..core.streams import ParcelFile
from ..core.value import MINUTE, Fact, UtcSeconds
from ..journal.port import Derived, Recorded, RowChange, Scalar, Work
from ..link.message import CollectGrant, ExpectedParcel
from .tables import ANOMALIES, LIST_ENTRIES, MILESTONES, PARCELS, TIMERS
from .work import NoticeWork, notice_work

GRANT_SWEEP_SECONDS: Final = REOPEN_SECONDS + 5 * MINUTE
"""After its use a grant leaves the list: the re-open window and some patience with clocks."""

_MILESTONE_NAMES: Final[dict[type[Fact], str]] = {
    parcel.ParcelAnnounced: "announced",
    parcel.CapacityConfirmed: "booked",
    parcel.ParcelDeposited: "deposited",
    parcel.HoldExpired: "overdue",
    parcel.ParcelCollected: "collected",
    parcel.ParcelRetrieved: "retrieved",
    parcel.ParcelReturned: "returned",
    parcel.ParcelCancelled: "cancelled",
}
_LISTED: Final = (
    parcel.CapacityConfirmed,
    parcel.CapacityLost,
    parcel.SizeCorrected,
    parcel.ParcelDeposited,
    parcel.HoldExtended,
    parcel.HoldExpired,
    parcel.ParcelCollected,
    parcel.ParcelRetrieved,
    parcel.ParcelCancelled,
)
_PLACED: Final = (parcel.ParcelDeposited, parcel.ParcelCollected, parcel.ParcelRetrieved)
_HOLD_CHANGES: Final = (*_PLACED, parcel.HoldExtended, parcel.HoldExpired, parcel.ParcelReturned)
_BOOKING_CHANGES: Final = (
    parcel.CapacityConfirmed,
    parcel.CapacityLost,
    parcel.ParcelCancelled,
    *_PLACED,
)
_GRANT_FACTS: Final = (
    grant.GrantIssued,
    grant.GrantProlonged,
    grant.GrantRevoked,
    grant.GrantUsed,
)

_TOLD: Final = (
    parcel.ParcelDeposited,
    parcel.ParcelAnnounced,
    grant.GrantIssued,
    parcel.HoldExtended,
    parcel.HoldExpired,
    parcel.ParcelCollected,
    parcel.ParcelReturned,
)
_GRANT_ENDS: Final = (grant.GrantUsed, grant.GrantRevoked)
_INSIDE: Final = (parcel.Held, parcel.Overdue)


def derive_parcel(owner: str, recorded: Sequence[Recorded], file: ParcelFile) -> Derived:
    """Tell what follows from facts of ``parcel/<owner>``."""
    name = ParcelId(owner)
    rows = [_parcel_row(name, recorded[-1], file.custody)]
    rows.extend(_milestones(name, recorded))
    rows.extend(_timers(name, recorded, file))
    rows.extend(_listed_parcel(name, recorded, file.custody))
    rows.extend(_listed_grants(recorded, file))
    rows.extend(_anomalies(name, recorded, file.custody))
    return Derived(rows, tuple(_notices(name, recorded, file)))


def _parcel_row(name: ParcelId, last: Recorded, custody: parcel.Parcel) -> RowChange:
    about = custody.about
    group, status = public_status(custody)
    held = custody if isinstance(custody, _INSIDE) else None
    place = None if held is None else held.place
    booked = custody if isinstance(custody, parcel.Booked) else None
    size = about.size
    values: dict[str, Scalar] = {
        "partner": about.partner,
        "recipient": about.recipient,
        "label": about.label,
        "reference": about.reference,
        "site": about.site if place is None else place.site,
        "locker": None if place is None else place.locker,
        "compartment": None if place is None else place.compartment,
        "state": type(custody).__name__.lower(),
        "status": status.value,
        "status_group": group.value,
        "length_mm": size.length_mm,
        "width_mm": size.width_mm,
        "height_mm": size.height_mm,
        "weight_g": size.weight_g,
        "keep_upright": size.keep_upright,
        "needs_low_door": about.needs_low_door,
        "booking": None if booked is None else booked.booking,
        "is_firm": None if booked is None else booked.is_firm,
        "booking_expires_at": None if booked is None else booked.expires_at,
        "hold_until": None if held is None else held.hold_until,
        "extension_count": custody.extension_count if isinstance(custody, parcel.Held) else None,
        "courier": custody.courier if isinstance(custody, parcel.Retrieved) else None,
        "changed_at": last.fact.at,
        "position": last.position,
    }
    return RowChange(PARCELS.name, (name,), values)


def _milestones(name: ParcelId, recorded: Sequence[Recorded]) -> Iterator[RowChange]:
    for one in recorded:
        milestone = _MILESTONE_NAMES.get(type(one.fact))
        if milestone is not None:
            values: dict[str, Scalar] = {"at": one.fact.at, "position": one.position}
            yield RowChange(MILESTONES.name, (name, milestone), values)


def _timers(name: ParcelId, recorded: Sequence[Recorded], file: ParcelFile) -> Iterator[RowChange]:
    custody = file.custody
    if _has(recorded, _HOLD_CHANGES):
        due_at = custody.hold_until if isinstance(custody, parcel.Held) else None
        yield _timer(name, "hold", due_at)
    if _has(recorded, _BOOKING_CHANGES):
        due_at = custody.expires_at if isinstance(custody, parcel.Booked) else None
        yield _timer(name, "booking", due_at)
    if _has(recorded, _GRANT_ENDS):
        used = [
            g.used_at
            for g in file.grants.grants.values()
            if g.used_at is not None and g.revoked_at is None
        ]
        yield _timer(name, "grant", UtcSeconds(min(used) + GRANT_SWEEP_SECONDS) if used else None)


def _timer(name: ParcelId, kind: str, due_at: UtcSeconds | None) -> RowChange:
    values = None if due_at is None else {"due_at": due_at}
    return RowChange(TIMERS.name, (name, kind), values)


def _listed_parcel(
    name: ParcelId, recorded: Sequence[Recorded], custody: parcel.Parcel
) -> Iterator[RowChange]:
    is_inside = isinstance(custody, parcel.Held | parcel.Overdue)
    # Announced while it lies inside: other particulars. Before that an announcement lists nothing.
    listed = (*_LISTED, parcel.ParcelAnnounced) if is_inside else _LISTED
    changes = [one for one in recorded if isinstance(one.fact, listed)]
    if not changes:
        return
    position = changes[-1].position
    here = _listing_site(custody)
    sites = {one.fact.place.site for one in changes if isinstance(one.fact, _PLACED)}
    if custody.about.site:
        sites.add(custody.about.site)
    for site in sorted(sites - {here}):
        yield _entry(site, f"parcel/{name}", position, is_present=False)
    if here is not None:
        body = msgspec.json.encode(_expected(name, custody))
        yield _entry(here, f"parcel/{name}", position, is_present=True, body=body)


def _listing_site(custody: parcel.Parcel) -> SiteId | None:
    match custody:
        case parcel.Booked(about=about):
            return about.site
        case parcel.Held(place=place) | parcel.Overdue(place=place):
            return place.site
        case _:
            return None


def _expected(name: ParcelId, custody: parcel.Parcel) -> ExpectedParcel:
    about = custody.about
    match custody:
        case parcel.Booked(expires_at=until):
            deposit_until = until
        case parcel.Held(deposited_at=before) | parcel.Overdue(deposited_at=before):
            deposit_until = before
        case _:
            deposit_until = UtcSeconds(0)
    return ExpectedParcel(
        parcel=name,
        partner=about.partner,
        label=about.label,
        size=about.size,
        needs_low_door=about.needs_low_door,
        hold=about.hold,
        deposit_until=deposit_until,
        is_overdue=isinstance(custody, parcel.Overdue),
        risk=about.risk,
    )


def _listed_grants(recorded: Sequence[Recorded], file: ParcelFile) -> Iterator[RowChange]:
    touched: dict[str, tuple[int, bool]] = {}
    for one in recorded:
        if isinstance(one.fact, _GRANT_FACTS) and not isinstance(one.fact, grant.GrantUsed):
            is_new = isinstance(one.fact, grant.GrantIssued)
            is_new = is_new or touched.get(one.fact.grant, (0, False))[1]
            touched[one.fact.grant] = (one.position, is_new)
    for key, (position, is_new) in touched.items():
        known = next((g for g in file.grants.grants.values() if g.grant == key), None)
        if known is None:
            continue
        is_present = known.revoked_at is None
        body = msgspec.json.encode(_collect_grant(known, file)) if is_present else None
        yield _entry(known.site, f"grant/{key}", position, is_present=is_present, body=body)
        if is_new or not is_present:
            yield _entry(known.site, f"pin/{key}", position, is_present=is_present)


def _collect_grant(known: Grant, file: ParcelFile) -> CollectGrant:
    return CollectGrant(
        grant=known.grant,
        parcel=known.parcel,
        purpose=known.purpose,
        valid_from=known.valid_from,
        valid_until=known.valid_until,
        recipient=file.custody.about.recipient,
    )


def _entry(
    site: SiteId, key: str, position: int, *, is_present: bool, body: bytes | None = None
) -> RowChange:
    values: dict[str, Scalar] = {"position": position, "is_present": is_present, "body": body}
    return RowChange(LIST_ENTRIES.name, (site, key), values)


def _anomalies(
    name: ParcelId, recorded: Sequence[Recorded], custody: parcel.Parcel
) -> Iterator[RowChange]:
    for one in recorded:
        if not isinstance(one.fact, parcel.AnomalyNoticed):
            continue
        place = custody.place if isinstance(custody, _INSIDE) else None
        values: dict[str, Scalar] = {
            "kind": one.fact.reason.value,
            "detail": one.fact.detail,
            "site": custody.about.site if place is None else place.site,
            "locker": None if place is None else place.locker,
            "compartment": None if place is None else place.compartment,
            "parcel": name,
            "partner": custody.about.partner,
            "noticed_at": one.fact.at,
            "status": "open",
            "handled_by": None,
            "handled_at": None,
            "note": "",
        }
        yield RowChange(ANOMALIES.name, (name, f"{one.fact.reason.value}/{one.version}"), values)


def _notices(name: ParcelId, recorded: Sequence[Recorded], file: ParcelFile) -> Iterator[Work]:
    if not file.custody.about.recipient or file.custody.about.is_found:
        return
    is_new_deposit = _has(recorded, (parcel.ParcelDeposited,))
    is_announced = _has(recorded, (parcel.ParcelAnnounced,))
    for one in recorded:
        if not isinstance(one.fact, _TOLD):
            continue
        yield from _notices_of(
            name, one, file, is_new_deposit=is_new_deposit, is_announced=is_announced
        )


def _notices_of(
    name: ParcelId,
    one: Recorded,
    file: ParcelFile,
    *,
    is_new_deposit: bool,
    is_announced: bool,
) -> Iterator[Work]:
    at, mark, custody = one.fact.at, str(one.version), file.custody
    opens = _opening_grant(file)
    code = None if opens is None else opens.grant

    def told(kind: str, *, with_code: bool = False) -> Work:
        grant_told = code if with_code else None
        return notice_work(
            NoticeWork(parcel=name, kind=kind, grant=grant_told), mark=mark, due_at=at
        )

    match one.fact, custody:
        case parcel.ParcelDeposited(), parcel.Held(deposited_at=before, hold_until=until):
            yield told("deposited", with_code=True)
            yield from _reminders(name, code, before, until)
        case parcel.ParcelAnnounced(), parcel.Held(hold_until=until) if not is_new_deposit:
            yield told("deposited", with_code=True)
            yield from _reminders(name, code, at, until, after=at)
        case grant.GrantIssued(purpose=Purpose.COLLECT), parcel.Held() if not (
            is_new_deposit or is_announced
        ):
            yield told("reissued", with_code=True)
        case parcel.HoldExtended(hold_until=until), parcel.Held(deposited_at=before) if (
            not is_announced
        ):
            yield told("extended", with_code=True)
            yield from _reminders(name, code, before, until, after=at)
        case parcel.HoldExpired(), parcel.Overdue() if not is_new_deposit:
            yield told("overdue")
        case parcel.ParcelCollected(), parcel.Collected():
            yield told("collected")
        case parcel.ParcelReturned(), parcel.Returned():
            yield told("returned")
        case _:
            return


def _reminders(
    name: ParcelId,
    code: GrantId | None,
    deposited_at: UtcSeconds,
    hold_until: UtcSeconds,
    after: UtcSeconds = UtcSeconds(0),
) -> Iterator[Work]:
    for kind, due_at in reminder_times(deposited_at, hold_until):
        if due_at > after:
            notice = NoticeWork(parcel=name, kind=kind, grant=code, hold_until=hold_until)
            yield notice_work(notice, mark=str(hold_until), due_at=due_at)


def _opening_grant(file: ParcelFile) -> Grant | None:
    live = [g for g in file.grants.live() if g.purpose is Purpose.COLLECT]
    return live[-1] if live else None


def _has(recorded: Sequence[Recorded], kinds: tuple[type[Fact], ...]) -> bool:
    return any(isinstance(one.fact, kinds) for one in recorded)
