"""Take in receipts of lockers that the centre cannot hear: a courier's phone carried them.

R1. Whoever brings a receipt, the locker's own key says whether it is true: nobody is asked who
    they are, and nothing personal is answered.
R2. A receipt is taken in once; again it is recognised, before and after the locker's own report.
R3. What it says counts as the locker's word: custody, room and permission follow at once, so that
    a recipient can be given a token that the locker believes by its signature alone.
"""

from typing import Final

from ..access import Denied, SignedReceipt, read_device_kid, read_receipt
from ..core.alone import Unannounced
from ..core.handoff import HandoffDeposited
from ..core.ids import ActorId, LockerId, ParcelId, SessionId, SiteId, locker_stream, parcel_stream
from ..core.value import DAY, UtcSeconds, Value
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.alone_tables import FOUND
from ..views.device_tables import ACTIVE, DEVICES, REVOKED
from ..views.principal import Principal, Role
from ..views.tables import LOCKERS, WATERMARKS
from .found import know_found
from .means import Means
from .reactions import Reporter, check_name, react

RECEIPT_DAYS: Final = 30
"""How long receipts of a machine count after another has taken its place (chosen: as long as a
locker may be cut off); what is left of the machine could write receipts for ever."""

ANYBODY = ActorId("receipt")
"""Who brought a receipt when nobody was asked."""


class BadReceipt(ValueError):
    """A text is no receipt of a locker of this network; the message says what to do."""


class ReceiptTaken(Value):
    """What became of a receipt."""

    parcel: ParcelId
    locker: LockerId
    site: SiteId
    compartment: str
    label: str
    is_new: bool
    """False when it, or the locker's own report, was here before."""


def trust_device(principal: Principal, *, locker: LockerId, public: bytes) -> Operation[None]:
    """Know the key of a locker that this very process runs: no claim code is needed for it."""
    principal.need_role(Role.OPERATOR)
    kid = read_device_kid(public)

    def run(ledger: Ledger) -> None:
        if ledger.row(DEVICES.name, (locker, kid)) is not None:
            return
        values: dict[str, Scalar] = {
            "public_key": public,
            "status": ACTIVE,
            "serial": "",
            "enrolled_at": ledger.now,
            "enrolled_by": principal.actor,
            "ended_at": None,
            "ended_by": None,
        }
        ledger.put(RowChange(DEVICES.name, (locker, kid), values))

    return Operation((), run, ((DEVICES.name, (locker, kid)),))


def take_receipt(means: Means, *, text: str, by: ActorId = ANYBODY) -> Operation[ReceiptTaken]:
    """Take in a receipt, from its text or from the address of its QR code.

    Raises
    ------
    BadReceipt
        When it is none, or none of a locker of this network.
    """
    try:
        signed = read_receipt(text)
    except Denied:
        raise BadReceipt("text: not a receipt; scan the code on the screen again") from None
    said = signed.receipt
    streams = (locker_stream(said.locker), parcel_stream(said.parcel))
    rows = (
        (DEVICES.name, (said.locker, signed.kid)),
        (LOCKERS.name, (said.locker,)),
        (FOUND.name, (said.locker, said.parcel)),
    )
    return Operation(streams, lambda ledger: _take(ledger, means, signed, by), rows)


def _take(ledger: Ledger, means: Means, signed: SignedReceipt, by: ActorId) -> ReceiptTaken:
    said = signed.receipt
    _check(ledger, signed)
    row = ledger.row(FOUND.name, (said.locker, said.parcel))
    is_brought = row is not None and row["receipt_by"] is not None
    mark = ledger.row(WATERMARKS.name, (said.locker, said.epoch))
    is_reported = mark is not None and int(mark["seq"] or 0) >= said.seq
    actor = Principal.of_locker(said.locker).actor
    if is_brought and row is not None:
        parcel = ParcelId(str(row["parcel"]))
    elif is_reported and row is None:
        raise BadReceipt("text: the locker's own report does not know this receipt; ask for help")
    else:
        check_name(ledger, said.locker, said.parcel)
        about = Unannounced(
            label=said.label,
            partner=said.partner,
            courier=said.courier,
            size=said.size,
            clock=said.clock,
        )
        parcel = know_found(
            ledger,
            means,
            locker=said.locker,
            site=said.site,
            local=said.parcel,
            about=about,
            receipt_by=by,
            by=actor,
        )
        if not is_reported:
            _deposit(ledger, means, signed, actor)
    return ReceiptTaken(
        parcel=parcel,
        locker=said.locker,
        site=said.site,
        compartment=said.compartment,
        label=said.label,
        is_new=not is_brought and not is_reported,
    )


def _check(ledger: Ledger, signed: SignedReceipt) -> None:
    """Believe only what a key of that locker has signed (R1)."""
    said = signed.receipt
    device = ledger.row(DEVICES.name, (said.locker, signed.kid))
    locker = ledger.row(LOCKERS.name, (said.locker,))
    public = None if device is None else device["public_key"]
    is_genuine = (
        device is not None
        and device["status"] != REVOKED
        and _counts_still(device["ended_at"], ledger.now)
        and isinstance(public, bytes)
        and signed.is_signed_by(public)
        and locker is not None
        and locker["site"] == said.site
    )
    if not is_genuine:
        raise BadReceipt("text: no locker of this network has written this receipt")


def _counts_still(ended_at: Scalar, now: UtcSeconds) -> bool:
    return ended_at is None or now < int(ended_at) + RECEIPT_DAYS * DAY


def _deposit(ledger: Ledger, means: Means, signed: SignedReceipt, by: ActorId) -> None:
    """Draw from the receipt what follows from the deposit it tells of (R3)."""
    said = signed.receipt
    deposited = HandoffDeposited(
        at=said.at,
        compartment=said.compartment,
        parcel=said.parcel,
        session=SessionId(""),
        courier=said.courier,
        evidence="receipt",
    )
    react(Reporter(ledger, means, said.locker, said.site, by), deposited)
