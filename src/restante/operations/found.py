"""Parcels a locker took in unannounced: which parcel of ours each is, or a new one.

R1. The label tells: where the partner announced a living parcel with it, at whichever site, that
    is the parcel, and custody says where it lies. Otherwise a parcel of the locker's name begins,
    *found*, which waits for its partner to announce it: then its recipient is known.
R2. It does not matter whether the receipt comes first or the locker's own report.
R3. The time in which nobody could be told is not taken from the recipient: when the parcel is
    announced its hold begins anew, also when it was overdue by then.
"""

from typing import Final

from ..core import parcel as custody
from ..core.alone import Unannounced
from ..core.ids import ActorId, LockerId, ParcelId, PartnerId, RecipientId, SiteId, parcel_stream
from ..core.particulars import Particulars
from ..journal.ledger import Ledger
from ..journal.port import RowChange
from ..views.alone_tables import FOUND
from ..views.tables import ANOMALIES, LABELS
from .matters import open_matter
from .means import Means
from .recording import decide_custody

_ENDED: Final = (custody.Collected, custody.Returned, custody.Retrieved)
MATTER: Final = "found_unannounced"


def resolve(ledger: Ledger, locker: LockerId, name: ParcelId) -> ParcelId:
    """Tell what a parcel is called here that a locker speaks of."""
    row = ledger.row(FOUND.name, (locker, name))
    return name if row is None else ParcelId(str(row["parcel"]))


def know_found(
    ledger: Ledger,
    means: Means,
    *,
    locker: LockerId,
    site: SiteId,
    local: ParcelId,
    about: Unannounced,
    receipt_by: ActorId | None = None,
    by: ActorId,
) -> ParcelId:
    """Find or begin the parcel that a locker took in unannounced (R1, R2).

    Parameters
    ----------
    receipt_by
        Who brought the receipt; ``None`` when the locker reports itself.
    """
    row = ledger.row(FOUND.name, (locker, local))
    if row is not None:
        parcel = ParcelId(str(row["parcel"]))
    else:
        parcel = _living(ledger, about.partner, about.label) or _begin(
            ledger, means, locker=locker, site=site, local=local, about=about, by=by
        )
    before = {} if row is None else dict(row)
    carried = before.get("receipt_by") is None and receipt_by is not None
    values = {
        "parcel": parcel,
        "label": about.label,
        "partner": about.partner,
        "courier": about.courier,
        "clock": about.clock,
        "receipt_by": receipt_by if carried else before.get("receipt_by"),
        "receipt_at": ledger.now if carried else before.get("receipt_at"),
        "is_reported": bool(before.get("is_reported")) or receipt_by is None,
    }
    ledger.put(RowChange(FOUND.name, (locker, local), values))
    return parcel


def find_found(
    ledger: Ledger, partner: PartnerId, label: str
) -> custody.Held | custody.Overdue | None:
    """Find a parcel that lies in a locker and waits for its partner to announce it."""
    parcel = _living(ledger, partner, label)
    if parcel is None:
        return None
    known = ledger.state(parcel_stream(parcel)).custody
    is_inside = isinstance(known, custody.Held | custody.Overdue)
    return known if is_inside and known.about.is_found else None


def settle_matter(ledger: Ledger, parcel: ParcelId) -> None:
    """Close the matter of a found parcel that has been announced."""
    row = ledger.row(ANOMALIES.name, (parcel, MATTER))
    if row is not None:
        values = {**row, "status": "resolved", "handled_at": ledger.now, "note": "announced"}
        ledger.put(RowChange(ANOMALIES.name, (parcel, MATTER), values))


def _living(ledger: Ledger, partner: PartnerId, label: str) -> ParcelId | None:
    row = ledger.row(LABELS.name, (partner, label))
    if row is None:
        return None
    parcel = ParcelId(str(row["parcel"]))
    known = ledger.state(parcel_stream(parcel)).custody
    return None if isinstance(known, _ENDED) else parcel


def _begin(
    ledger: Ledger,
    means: Means,
    *,
    locker: LockerId,
    site: SiteId,
    local: ParcelId,
    about: Unannounced,
    by: ActorId,
) -> ParcelId:
    particulars = Particulars(
        parcel=local,
        partner=about.partner,
        label=about.label,
        recipient=RecipientId(means.minter.make("r")),
        size=about.size,
        site=site,
        hold=means.hold,
        is_found=True,
    )
    decide_custody(ledger, local, custody.Announce(at=ledger.now, about=particulars), by=by)
    ledger.put(RowChange(LABELS.name, (about.partner, about.label), {"parcel": local}))
    open_matter(
        ledger,
        owner=local,
        key=MATTER,
        kind=MATTER,
        detail=(
            f"{about.label} was taken in unannounced; its recipient is unknown until "
            f"{about.partner} announces it"
        ),
        site=site,
        locker=locker,
        parcel=local,
        partner=about.partner,
    )
    return local
