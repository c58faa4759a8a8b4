"""A receipt is what its locker said, letter by letter, and says nothing to the wrong key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.access import (
    Denied,
    DeviceKey,
    DeviceUse,
    Receipt,
    Secret,
    read_receipt,
    sign_receipt,
)
from restante.access.receipt import RECEIPT_CHARS_MAX
from restante.core.ids import CompartmentId, CourierId, LockerId, ParcelId, PartnerId, SiteId
from restante.core.size import ParcelSize
from restante.core.value import Grams, Millimeters, UtcSeconds

KEY = DeviceKey.from_seed(Secret(b"k" * 32))
OTHER = DeviceKey.from_seed(Secret(b"o" * 32))
RECEIPT = Receipt(
    locker=LockerId("locker-07"),
    site=SiteId("site-07"),
    epoch="e01jd3zv6n8k2m4p6r8t0w2y4a6",
    seq=2_041,
    parcel=ParcelId("p01jd3zv6n8k2m4p6r8t0w2y4a6"),
    label="340123450000000012",
    partner=PartnerId("acme"),
    courier=CourierId("c01jd3zv6n8k2m4p6r8t0w2y4a6"),
    compartment=CompartmentId("A3"),
    at=UtcSeconds(1_795_420_800),
    clock="holdover",
    size=ParcelSize(
        length_mm=Millimeters(600),
        width_mm=Millimeters(380),
        height_mm=Millimeters(190),
        weight_g=Grams(1),
    ),
)


def test_a_receipt_is_read_back_from_its_text_and_from_an_address_with_it() -> None:
    text = sign_receipt(RECEIPT, KEY)
    for written in (text, text.lower(), f" https://parcels.example.org/r/{text}\n"):
        found = read_receipt(written)
        assert found.receipt == RECEIPT
        assert found.kid == KEY.kid
        assert found.is_signed_by(KEY.public)
        assert not found.is_signed_by(OTHER.public)
    assert len(text) < 340


@given(place=st.integers(0, 10_000), sign=st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUV"))
def test_no_letter_of_a_receipt_can_be_changed(place: int, sign: str) -> None:
    text = sign_receipt(RECEIPT, KEY)
    at = 4 + place % (len(text) - 4)
    changed = text[:at] + sign + text[at + 1 :]
    try:
        found = read_receipt(changed)
    except Denied:
        return
    is_believed = found.kid == KEY.kid and found.is_signed_by(KEY.public)
    assert is_believed == (changed == text)


def test_what_was_signed_for_another_use_is_no_receipt() -> None:
    found = read_receipt(sign_receipt(RECEIPT, KEY))
    forged = found._replace(signature=KEY.sign(DeviceUse.RENEWAL, found.message))
    assert not forged.is_signed_by(KEY.public)


@pytest.mark.parametrize(
    "text",
    ["", "RR1.", "RR1.0", "RS1.ABCD", "hello", "RR1." + "0" * 400, "A" * RECEIPT_CHARS_MAX * 2],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(Denied):
        read_receipt(text)
