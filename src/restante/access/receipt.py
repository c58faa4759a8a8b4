"""Receipts: what a locker without the centre gives a courier as proof of a deposit.

A receipt is text ``RR1.`` + base 32 of key id (8 bytes), signature (64) and a CBOR array, signed
with the locker's device key for the use *receipt* and nothing else. It is a statement, not a
permission: whoever carries it can only make the centre learn sooner what the locker will report
itself. So it may be photographed, carried by anybody, and taken in any number of times.
"""

import re
from typing import Any, Final, NamedTuple

import cbor2
import msgspec

from ..core.ids import CompartmentId, CourierId, LockerId, ParcelId, PartnerId, SiteId
from ..core.size import ParcelSize
from ..core.value import Grams, Millimeters, UtcSeconds, Value
from .compact import decode_base32, encode_base32, pack_id, unpack_id
from .denied import Denied, Why
from .device import DEVICE_KID_BYTES, DeviceKey, DeviceUse, verify_device

RECEIPT_PREFIX: Final = "RR1."
RECEIPT_CHARS_MAX: Final = 1024
"""Longer texts are no receipt of ours; with a label of 40 signs one has about 330."""

_FORM: Final = 1
_SIGNATURE_BYTES: Final = 64
_WRITTEN: Final = re.compile(r"RR1\.[0-9A-V]+")


class Receipt(Value):
    """What a locker says it has taken in."""

    locker: LockerId
    site: SiteId
    epoch: str
    seq: int
    """Number of the deposit among the locker's facts."""
    parcel: ParcelId
    """The name the locker gave it; also the name of the receipt."""
    label: str
    partner: PartnerId
    courier: CourierId
    compartment: CompartmentId
    at: UtcSeconds
    clock: str
    """How good the locker's clock was: ``synced``, ``holdover`` or ``unknown``."""
    size: ParcelSize
    """As the courier said it, see :class:`restante.core.alone.Unannounced`."""


class SignedReceipt(NamedTuple):
    """A receipt that was read and not believed yet."""

    receipt: Receipt
    kid: str
    message: bytes
    signature: bytes

    def is_signed_by(self, public: bytes) -> bool:
        """Tell whether a locker's key has signed it."""
        return verify_device(public, DeviceUse.RECEIPT, self.message, self.signature)


def sign_receipt(receipt: Receipt, key: DeviceKey) -> str:
    """Write and sign a receipt."""
    size = receipt.size
    message = cbor2.dumps(
        [
            _FORM,
            receipt.locker,
            receipt.site,
            pack_id(receipt.epoch),
            receipt.seq,
            pack_id(receipt.parcel),
            receipt.label,
            receipt.partner,
            pack_id(receipt.courier),
            receipt.compartment,
            receipt.at,
            receipt.clock,
            [size.length_mm, size.width_mm, size.height_mm, size.weight_g],
        ],
        canonical=True,
    )
    signature = key.sign(DeviceUse.RECEIPT, message)
    return RECEIPT_PREFIX + encode_base32(bytes.fromhex(key.kid) + signature + message)


def read_receipt(text: str) -> SignedReceipt:
    """Read a receipt from its text, or from the address its QR code holds.

    Raises
    ------
    Denied
        When it is none; whose signature it carries is not judged here.
    """
    if len(text) > RECEIPT_CHARS_MAX:
        raise Denied(Why.NOT_A_CREDENTIAL)
    found = _WRITTEN.search(text.strip().upper())
    if found is None:
        raise Denied(Why.NOT_A_CREDENTIAL)
    try:
        content = decode_base32(found[0][len(RECEIPT_PREFIX) :])
        start = DEVICE_KID_BYTES + _SIGNATURE_BYTES
        kid, signature = content[:DEVICE_KID_BYTES], content[DEVICE_KID_BYTES:start]
        message = content[start:]
        receipt = _from_wire(cbor2.loads(message))
    except (ValueError, LookupError, TypeError, cbor2.CBORError, msgspec.ValidationError):
        raise Denied(Why.CLAIMS_WRONG) from None
    return SignedReceipt(receipt, kid.hex(), message, signature)


def _from_wire(wire: Any) -> Receipt:
    form, locker, site, epoch, seq, parcel, label, partner, courier, door, at, clock, size = wire
    if form != _FORM:
        raise ValueError("a form this release does not know")
    length, width, height, weight = size
    named: dict[str, Any] = {
        "locker": locker,
        "site": site,
        "epoch": _name(epoch),
        "seq": seq,
        "parcel": _name(parcel),
        "label": label,
        "partner": partner,
        "courier": _name(courier),
        "compartment": door,
        "at": at,
        "clock": clock,
        "size": {
            "length_mm": Millimeters(length),
            "width_mm": Millimeters(width),
            "height_mm": Millimeters(height),
            "weight_g": Grams(weight),
        },
    }
    return msgspec.convert(named, Receipt)


def _name(packed: Any) -> Any:
    return unpack_id(packed) if isinstance(packed, bytes) else packed
