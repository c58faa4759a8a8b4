"""Tokens: signed by the centre, checked by a locker with a public key alone."""

import cbor2
import cwt
import msgspec
import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.access import (
    Action,
    Claims,
    Denied,
    Keyring,
    Purpose,
    Secret,
    Why,
    sign_token,
    verify_token,
)
from restante.access.compact import encode_base32
from restante.access.token import PREFIX, _decode_text
from restante.core.ids import CourierId, GrantId, PartnerId, SiteId, encode_id
from restante.core.value import DAY, HOUR, UtcSeconds

from .conftest import NOON, SITE

CLAIMS = Claims(
    issuer="demo",
    subject=encode_id("p", 1, b"parcel-one"),
    audience=(SITE,),
    issued_at=NOON,
    not_before=NOON,
    expires_at=UtcSeconds(NOON + 3 * DAY),
    token_id=b"8 bytes.",
    action=Action.COLLECT,
    grant=GrantId(encode_id("g", 1, b"grant-one.")),
    list_version=123_456,
)
SHIFT = Claims(
    issuer="demo",
    subject=encode_id("c", 1, b"courier-1."),
    audience=(SITE, SiteId("site-08")),
    issued_at=NOON,
    not_before=UtcSeconds(NOON + 60),
    expires_at=UtcSeconds(NOON + 60 + 12 * HOUR),
    token_id=b"8 bytes.",
    action=Action.SHIFT,
    partner=PartnerId("carrier-a"),
    manifest=b"sixteen bytes...",
)
RING = Keyring.in_memory(b"tests", NOON)


def signed(claims: Claims = CLAIMS, ring: Keyring = RING) -> str:
    return sign_token(claims, ring.current(Purpose.TOKEN)).reveal()


def why(text: str, *, site: SiteId = SITE, now: int = NOON, ring: Keyring = RING) -> Why:
    with pytest.raises(Denied) as caught:
        verify_token(text, ring.public(), site, UtcSeconds(now))
    assert str(caught.value) == "access denied"
    return caught.value.why


def forged(payload: object, ring: Keyring = RING, protected: bytes | None = None) -> str:
    """Sign whatever payload with the true key, as a mistaken centre would."""
    key = ring.current(Purpose.TOKEN)
    head = cbor2.dumps({1: -8, 4: bytes.fromhex(key.kid)}) if protected is None else protected
    body = payload if isinstance(payload, bytes) else cbor2.dumps(payload)
    signature = key.sign(cbor2.dumps(["Signature1", head, b"", body]))
    envelope = cbor2.dumps(cbor2.CBORTag(18, [head, {}, body, signature]))
    return PREFIX + encode_base32(envelope)


@pytest.mark.parametrize("claims", [CLAIMS, SHIFT])
def test_what_was_signed_is_read_with_public_keys_alone(claims: Claims) -> None:
    read = verify_token(signed(claims), RING.public(), SITE, UtcSeconds(NOON + HOUR))
    assert read == claims


def test_a_shift_token_names_its_courier_and_counts_at_each_of_its_sites() -> None:
    for site in SHIFT.audience:
        read = verify_token(signed(SHIFT), RING.public(), site, UtcSeconds(NOON + HOUR))
        assert read.courier == CourierId(SHIFT.subject)
    assert CLAIMS.courier is None
    assert why(signed(SHIFT), site=SiteId("site-09")) is Why.WRONG_AUDIENCE


def test_a_token_is_a_secret_until_it_is_shown() -> None:
    token = sign_token(CLAIMS, RING.current(Purpose.TOKEN))
    assert isinstance(token, Secret)
    assert verify_token(token, RING.public(), SITE, NOON) == CLAIMS


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
ids = st.builds(
    encode_id,
    st.sampled_from("pgc"),
    st.integers(0, 2**48 - 1),
    st.binary(min_size=10, max_size=10),
)


@settings(max_examples=60)
@given(
    issuer=names,
    subject=names | ids,
    grant=st.none() | names | ids,
    site=names,
    begin=st.integers(0, 2**40),
    length=st.integers(1, 2**30),
    token_id=st.binary(min_size=8, max_size=16),
    action=st.sampled_from([Action.COLLECT, Action.DEPOSIT, Action.RETRIEVE]),
    list_version=st.integers(0, 2**53),
)
def test_any_claims_survive_the_journey(
    issuer: str, subject: str, grant: str | None, site: str, begin: int, length: int,
    token_id: bytes, action: Action, list_version: int,
) -> None:  # fmt: skip
    claims = Claims(
        issuer=issuer,
        subject=subject,
        audience=(SiteId(site),),
        issued_at=UtcSeconds(max(0, begin - 5)),
        not_before=UtcSeconds(begin),
        expires_at=UtcSeconds(begin + length),
        token_id=token_id,
        action=action,
        grant=None if grant is None else GrantId(grant),
        list_version=list_version,
    )
    assert verify_token(signed(claims), RING, SiteId(site), UtcSeconds(begin)) == claims


def test_no_byte_of_a_token_can_change() -> None:
    envelope = _decode_text(signed())
    for place in range(len(envelope)):
        for flip in (0x01, 0x80, 0xFF):
            changed = bytearray(envelope)
            changed[place] ^= flip
            why(PREFIX + encode_base32(bytes(changed)))


def test_no_sign_of_a_token_can_change_be_added_or_be_lost() -> None:
    text = signed()
    for place, sign in enumerate(text):
        other = "7" if sign != "7" else "C"
        why(text[:place] + other + text[place + 1 :])
        why(text[:place] + text[place + 1 :])
        why(text[:place] + other + text[place:])
    for last in "0123456789ABCDEFGHIJKLMNOPQRSTUV".replace(text[-1], ""):
        why(text[:-1] + last)
    for added in ("0", "V", "0" * 8, "="):
        why(text + added)


@given(st.text(max_size=300) | st.text("0123456789ABCDEFGHIJKLMNOPQRSTUV").map(PREFIX.__add__))
def test_any_other_text_is_denied(text: str) -> None:
    why(text)


@given(st.binary(max_size=400))
def test_any_signed_rubbish_is_denied(payload: bytes) -> None:
    assert why(forged(payload)) is Why.CLAIMS_WRONG


@pytest.mark.parametrize("length", [0, 3, 4, 5, 3_000, 1_000_000])
def test_a_text_of_any_length_is_denied(length: int) -> None:
    assert why((PREFIX + "A" * length)[: max(length, 1)]) is Why.NOT_A_CREDENTIAL


def test_a_token_counts_from_its_beginning_to_its_end_with_leeway() -> None:
    text = signed()
    for now in (NOON - 90, NOON, CLAIMS.expires_at + 89):
        verify_token(text, RING, SITE, UtcSeconds(now))
    assert why(text, now=NOON - 91) is Why.NOT_YET
    assert why(text, now=CLAIMS.expires_at + 90) is Why.EXPIRED


def test_a_locker_in_doubt_about_its_clock_may_be_more_lenient() -> None:
    late = UtcSeconds(CLAIMS.expires_at + HOUR)
    assert verify_token(signed(), RING, SITE, late, leeway=DAY) == CLAIMS


def test_a_token_for_another_site_is_denied() -> None:
    assert why(signed(), site=SiteId("site-70")) is Why.WRONG_AUDIENCE


def test_a_token_signed_with_a_strangers_key_is_denied() -> None:
    assert why(signed(ring=Keyring.in_memory(b"stranger", NOON))) is Why.KEY_UNKNOWN


def test_a_true_key_id_does_not_help_a_strangers_signature() -> None:
    stranger = Keyring.in_memory(b"stranger", NOON).current(Purpose.TOKEN)
    stranger.kid = RING.current(Purpose.TOKEN).kid
    assert why(sign_token(CLAIMS, stranger).reveal()) is Why.SIGNATURE_WRONG


def test_a_key_for_another_purpose_neither_signs_nor_verifies_tokens() -> None:
    other = RING.current(Purpose.LIST)
    with pytest.raises(ValueError, match="cannot sign tokens"):
        sign_token(CLAIMS, other)
    other.purpose = Purpose.TOKEN
    assert why(sign_token(CLAIMS, other).reveal()) is Why.KEY_UNKNOWN


@pytest.mark.parametrize(
    "header",
    [{1: -7}, {1: 5}, {}, {1: -8}, {1: -8, 4: b"long key id"}, {1: -8, 4: b"kid1", 2: [99]}],
)
def test_another_algorithm_or_header_is_denied(header: dict[int, object]) -> None:
    payload = cbor2.dumps({1: "demo"})
    assert why(forged(payload, protected=cbor2.dumps(header))) is Why.NOT_A_CREDENTIAL


def test_naming_another_algorithm_beside_the_true_key_is_denied() -> None:
    kid = bytes.fromhex(RING.current(Purpose.TOKEN).kid)
    _, _, payload, _ = cbor2.loads(_decode_text(signed())).value
    for algorithm in (-7, -9, 5, 0):
        header = cbor2.dumps({1: algorithm, 4: kid})
        assert why(forged(payload, protected=header)) is Why.NOT_A_CREDENTIAL


def test_rotation_keeps_the_previous_key_valid_and_drops_the_one_before() -> None:
    ring = Keyring.in_memory(b"rotation", NOON)
    before = ring.public()
    text = signed(ring=ring)
    ring.rotate(Purpose.TOKEN, UtcSeconds(NOON + DAY))
    assert verify_token(text, ring.public(), SITE, NOON) == CLAIMS
    # A locker that has not heard of the rotation already knows the next key.
    assert verify_token(signed(ring=ring), before, SITE, NOON) == CLAIMS
    ring.rotate(Purpose.TOKEN, UtcSeconds(NOON + 2 * DAY))
    assert why(text, ring=ring) is Why.KEY_UNKNOWN


@pytest.mark.parametrize(
    ("claims", "changes", "message"),
    [
        (CLAIMS, {"expires_at": NOON}, "begin before"),
        (CLAIMS, {"token_id": b"short"}, "token_id"),
        (CLAIMS, {"subject": ""}, "named"),
        (CLAIMS, {"audience": (SITE, SiteId("site-08"))}, "exactly one"),
        (CLAIMS, {"audience": ()}, "exactly one"),
        (SHIFT, {"audience": ()}, "1 to 64"),
        (SHIFT, {"expires_at": SHIFT.expires_at + 1}, "12 hours"),
        (SHIFT, {"partner": None}, "bound"),
        (SHIFT, {"manifest": b""}, "bound"),
    ],
)
def test_claims_that_claim_too_much_are_not_signed(
    claims: Claims, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        signed(msgspec.structs.replace(claims, **changes))


@pytest.mark.parametrize(
    "changes",
    [
        {4: NOON + 13 * HOUR},
        {4: "tomorrow"},
        {3: 7},
        {7: b""},
        {-70001: 9},
        {-70002: b"not eighteen"},
        {-70004: None},
    ],
)
def test_a_locker_does_not_trust_even_a_signed_excess(changes: dict[int, object]) -> None:
    wire = {1: "demo", 2: "c1", 3: "site-07", 4: NOON + HOUR, 6: NOON, 7: b"8 bytes."}
    wire |= {-70001: 4, -70004: "carrier-a", -70005: b"manifest"}
    assert verify_token(forged(wire), RING, SITE, NOON).action is Action.SHIFT
    assert why(forged(wire | changes)) is Why.CLAIMS_WRONG


def test_claims_of_a_newer_centre_are_ignored() -> None:
    wire = {1: "n", 2: "p1", 3: "site-07", 4: NOON + 9, 6: NOON, 7: b"8 bytes.", -70001: 1}
    assert verify_token(forged({**wire, -79999: "news"}), RING, SITE, NOON).subject == "p1"


def oracle_key() -> cwt.COSEKey:
    kid = RING.current(Purpose.TOKEN).kid
    public = RING.find(Purpose.TOKEN, kid)
    assert public is not None
    raw = Ed25519PublicKey.from_public_bytes(public.public).public_bytes_raw()
    return cwt.COSEKey.new({1: 1, -1: 6, -2: raw, 2: bytes.fromhex(kid), 3: -8})


def test_another_library_reads_our_tokens() -> None:
    claims = msgspec.structs.replace(CLAIMS, expires_at=UtcSeconds(4_000_000_000))
    read = cwt.CWT.new().decode(_decode_text(signed(claims)), keys=[oracle_key()], no_verify=True)
    assert read[1] == "demo"
    assert read[2] == claims.subject
    assert read[3] == "site-07"
    assert read[4] == claims.expires_at
    assert read[7] == b"8 bytes."
    assert read[-70001] == Action.COLLECT


def test_another_library_finds_our_changed_tokens_wrong_too() -> None:
    envelope = bytearray(_decode_text(signed()))
    envelope[30] ^= 1
    with pytest.raises((cwt.VerifyError, cwt.DecodeError, ValueError)):
        cwt.CWT.new().decode(bytes(envelope), keys=[oracle_key()], no_verify=True)


FRENCH = str.maketrans("AQaqMm1234567890.", "QAqa?,&é\"'(-è_çà:")
BELGIAN = str.maketrans("AQaqMm1234567890.", "QAqa?,&é\"'(§è!çà:")
GERMAN = str.maketrans("YZyz", "ZYzy")


@pytest.mark.parametrize("layout", [FRENCH, BELGIAN, GERMAN, {}])
@pytest.mark.parametrize("case", [str, str.lower, str.swapcase])
def test_a_scanner_that_types_on_another_keyboard_still_opens(layout, case) -> None:  # type: ignore[no-untyped-def]
    typed = case(signed()).translate(layout) + "\r\n"
    assert verify_token(typed, RING, SITE, NOON) == CLAIMS


def test_a_recipients_qr_is_no_larger_than_version_10_and_a_full_shift_can_be_printed() -> None:
    assert segno.make(signed(), error="m", boost_error=False).version <= 10
    sites = tuple(SiteId(f"site-{number:02}") for number in range(64))
    longest = signed(msgspec.structs.replace(SHIFT, audience=sites))
    assert segno.make(longest, error="m", boost_error=False).version <= 25


def test_nothing_personal_and_no_more_than_promised_is_in_a_token() -> None:
    envelope = cbor2.loads(_decode_text(signed()))
    assert set(cbor2.loads(envelope.value[2])) == {1, 2, 3, 4, 6, 7, -70001, -70002, -70003}
