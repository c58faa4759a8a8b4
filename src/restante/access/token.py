"""Signed tokens: what a QR holds, and what a locker can check with a public key alone.

A token is a CBOR Web Token (RFC 8392) in COSE_Sign1 (RFC 9052) with Ed25519, written as text
``RS1.`` + base 32.

R1. A token is for one action at named sites and ends. It opens a door at most once: that is local
    state of the locker, not of the token.
R2. A shift token lives 12 hours at most and is bound to a courier, a partner and a manifest.
R3. Nothing personal is in a token: a photograph of it tells ids, a place and times.
R4. Every defect is the same :class:`~restante.access.denied.Denied` to whoever holds the token.

Why the envelope is read by hand: there is exactly one accepted spelling of it, so no byte of a
token can change without breaking it, no header can ask for another algorithm, and no CBOR is
decoded before its signature is found right. Time is passed in: a library that asks the
machine's clock could not run in the simulator, nor at a locker whose clock is in doubt.

Why base 32, with the alphabet of RFC 4648 section 7 (``0-9A-V``): scanners type what they read as
if on a keyboard, often an American one, into a computer that believes in another layout. This
alphabet has neither Y nor Z, which German keyboards swap, and no sign that sits elsewhere on
Spanish, Polish or Czech letters. French and Belgian layouts move A, M, Q and the digits, each to
one other sign: the start ``RS&:`` gives that away and it is undone. Base 45 would make the QR one
version (four modules) smaller, but has nine signs, among them the space, that do not survive.
"""

from enum import IntEnum
from typing import Any, Final

import cbor2
import msgspec

from ..core.ids import CourierId, GrantId, PartnerId, SiteId
from ..core.value import HOUR, Seconds, UtcSeconds, Value
from .compact import decode_base32, encode_base32, pack_id, unpack_id
from .denied import Denied, Why
from .keyring import Purpose, SigningKey, VerifyingKeyring
from .secret import Secret

PREFIX: Final = "RS1."
SHIFT_SECONDS_MAX: Final = Seconds(12 * HOUR)
"""A courier's day."""
LEEWAY: Final = Seconds(90)
"""How far two clocks may be apart: half a year of drift at 5 ppm."""
TEXT_CHARS_MAX: Final = 2048
"""Longer scans are not ours; a shift token for 64 sites has about 1,150 characters."""
SITES_MAX: Final = 64
"""Sites one shift token may name."""


class Action(IntEnum):
    """What the holder may do."""

    COLLECT = 1
    DEPOSIT = 2
    RETRIEVE = 3
    SHIFT = 4
    """Sign in as a courier; the manifest says for which parcels."""


class Claims(Value):
    """What a token says."""

    issuer: str
    """Name of the network; short, because it is in every QR."""
    subject: str
    """Parcel or grant id; for a shift the courier's id."""
    audience: tuple[SiteId, ...]
    """Sites where it counts: one, or for a shift the sites of the manifest."""
    issued_at: UtcSeconds
    not_before: UtcSeconds
    expires_at: UtcSeconds
    """Exclusive."""
    token_id: bytes
    """8 to 16 bytes of chance, to revoke and to use once."""
    action: Action
    grant: GrantId | None = None
    list_version: int = 0
    """Version of the site's list that first knows of this token; 0 when it does not matter."""
    partner: PartnerId | None = None
    """For whom the courier of a shift drives."""
    manifest: bytes = b""
    """First 16 bytes of the SHA-256 of the manifest of a shift."""

    @property
    def courier(self) -> CourierId | None:
        """Who may sign in with a shift token."""
        return CourierId(self.subject) if self.action is Action.SHIFT else None


def sign_token(claims: Claims, key: SigningKey) -> Secret[str]:
    """Write and sign a token.

    Parameters
    ----------
    key
        The current key for tokens.

    Raises
    ------
    ValueError
        When the key is for another purpose or the claims claim too much (R1, R2).
    """
    if key.purpose is not Purpose.TOKEN:
        raise ValueError(f"a {key.purpose.value} key cannot sign tokens")
    wrong = _find_wrong(claims)
    if wrong:
        raise ValueError(wrong)
    protected = _PROTECTED_START + bytes.fromhex(key.kid)
    payload = cbor2.dumps(_to_wire(claims), canonical=True)
    signature = key.sign(_to_be_signed(protected, payload))
    envelope = (
        _ENVELOPE_START
        + cbor2.dumps(protected)
        + _NO_UNPROTECTED
        + cbor2.dumps(payload)
        + cbor2.dumps(signature)
    )
    return Secret(PREFIX + encode_base32(envelope))


def verify_token(
    text: str | Secret[str],
    keyring: VerifyingKeyring,
    audience: SiteId,
    now: UtcSeconds,
    leeway: Seconds = LEEWAY,
) -> Claims:
    """Read a token and make sure that it is genuine, for this site and for now.

    Parameters
    ----------
    text
        As scanned; lower case and the keyboard layouts named above are forgiven.
    audience
        The site whose locker was shown the token.
    leeway
        Seconds that validity is stretched by at both ends; more while the clock is in doubt.

    Raises
    ------
    Denied
        Whatever is wrong; ``why`` tells the operator's journal.
    """
    envelope = _decode_text(text.reveal() if isinstance(text, Secret) else text)
    protected, payload, signature = _split_envelope(envelope)
    key = keyring.find(Purpose.TOKEN, protected[len(_PROTECTED_START) :].hex())
    if key is None:
        raise Denied(Why.KEY_UNKNOWN)
    if not key.verify(_to_be_signed(protected, payload), signature):
        raise Denied(Why.SIGNATURE_WRONG)
    claims = _from_wire(payload)
    if audience not in claims.audience:
        raise Denied(Why.WRONG_AUDIENCE)
    if now < claims.not_before - leeway:
        raise Denied(Why.NOT_YET)
    if now >= claims.expires_at + leeway:
        raise Denied(Why.EXPIRED)
    return claims


# --- claims -----------------------------------------------------------------------------------

_ISSUER, _SUBJECT, _AUDIENCE, _EXPIRES, _NOT_BEFORE, _ISSUED, _TOKEN_ID = range(1, 8)
"""Registered claims, RFC 8392 section 3.1."""
_ACTION, _GRANT, _LIST_VERSION, _PARTNER, _MANIFEST = range(-70001, -70006, -1)
"""Private claims, RFC 8392 section 9.1: below -65536."""


def _find_wrong(claims: Claims) -> str:
    if not claims.not_before < claims.expires_at:
        return "a token must begin before it ends"
    if not 8 <= len(claims.token_id) <= 16:  # as the field says
        return "token_id must have 8 to 16 bytes"
    if not claims.subject or not claims.issuer:
        return "issuer and subject must be named"
    if claims.action is not Action.SHIFT:
        return "" if len(claims.audience) == 1 else "a token names exactly one site"
    if not 1 <= len(claims.audience) <= SITES_MAX:
        return f"a shift names 1 to {SITES_MAX} sites"
    if claims.expires_at - claims.not_before > SHIFT_SECONDS_MAX:
        return "a shift lasts 12 hours at most"
    if not claims.partner or not claims.manifest:
        return "a shift is bound to a partner and a manifest"
    return ""


def _to_wire(claims: Claims) -> dict[int, Any]:
    sites = list(claims.audience)
    wire: dict[int, Any] = {
        _ISSUER: claims.issuer,
        _SUBJECT: claims.subject,
        _AUDIENCE: sites[0] if len(sites) == 1 else sites,
        _EXPIRES: claims.expires_at,
        _ISSUED: claims.issued_at,
        _TOKEN_ID: claims.token_id,
        _ACTION: int(claims.action),
    }
    if claims.not_before != claims.issued_at:
        # Left out when it says nothing new: that makes a recipient's QR one version smaller.
        wire[_NOT_BEFORE] = claims.not_before
    if claims.grant is not None:
        wire[_GRANT] = pack_id(claims.grant)
    if claims.list_version:
        wire[_LIST_VERSION] = claims.list_version
    if claims.partner is not None:
        wire[_PARTNER] = claims.partner
    if claims.manifest:
        wire[_MANIFEST] = claims.manifest
    return wire


def _from_wire(payload: bytes) -> Claims:
    # Only signed payloads come here, so what is wrong now is the signer's mistake.
    try:
        wire = cbor2.loads(payload)
        sites = wire[_AUDIENCE]
        grant = wire.get(_GRANT)
        named = {
            "issuer": wire[_ISSUER],
            "subject": wire[_SUBJECT],
            "audience": [sites] if isinstance(sites, str) else sites,
            "issued_at": wire[_ISSUED],
            "not_before": wire.get(_NOT_BEFORE, wire[_ISSUED]),
            "expires_at": wire[_EXPIRES],
            "token_id": wire[_TOKEN_ID],
            "action": wire[_ACTION],
            "grant": unpack_id(grant) if isinstance(grant, bytes) else grant,
            "list_version": wire.get(_LIST_VERSION, 0),
            "partner": wire.get(_PARTNER),
            "manifest": wire.get(_MANIFEST, b""),
        }
        claims = msgspec.convert(named, Claims, builtin_types=(bytes,))
    except (
        cbor2.CBORDecodeError,
        msgspec.ValidationError,
        LookupError,
        AttributeError,
        TypeError,
        ValueError,
    ):
        raise Denied(Why.CLAIMS_WRONG) from None
    if _find_wrong(claims):
        raise Denied(Why.CLAIMS_WRONG)
    return claims


# --- envelope ---------------------------------------------------------------------------------

_ENVELOPE_START: Final = b"\xd2\x84"
"""Tag 18 (COSE_Sign1) on an array of four."""
_PROTECTED_START: Final = b"\xa2\x01\x27\x04\x44"
"""{1: -8 (EdDSA), 4: 4 bytes of key id}; the id follows."""
_PROTECTED_BYTES: Final = len(_PROTECTED_START) + 4
_NO_UNPROTECTED: Final = b"\xa0"
_SIGNATURE_START: Final = b"\x58\x40"
_SIGNATURE_BYTES: Final = 64


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    # RFC 9052 section 4.4, without external data.
    return cbor2.dumps(["Signature1", protected, b"", payload])


def _split_envelope(envelope: bytes) -> tuple[bytes, bytes, bytes]:
    start = len(_ENVELOPE_START) + 1
    protected = envelope[start : start + _PROTECTED_BYTES]
    signature = envelope[-_SIGNATURE_BYTES:]
    head = _ENVELOPE_START + cbor2.dumps(protected) + _NO_UNPROTECTED
    tail = _SIGNATURE_START + signature
    is_framed = (
        len(envelope) > len(head) + len(tail)
        and protected.startswith(_PROTECTED_START)
        and envelope.startswith(head)
        and envelope.endswith(tail)
    )
    if not is_framed:
        raise Denied(Why.NOT_A_CREDENTIAL)
    written = envelope[len(head) : -len(tail)]
    for head_bytes in (1, 2, 3):
        payload = written[head_bytes:]
        if cbor2.dumps(payload) == written:
            return protected, payload, signature
    raise Denied(Why.NOT_A_CREDENTIAL)


# --- text -------------------------------------------------------------------------------------

_AZERTY_START: Final = "RS&:"
_AZERTY: Final = str.maketrans("AQaq?,àÀ&éÉ\"'(-§èÈ_!çÇ:", "QAqaMm0012234566778899.")
"""What a French or Belgian layout made of each sign, and the sign that was meant."""


def _decode_text(text: str) -> bytes:
    written = text.strip()
    if len(written) > TEXT_CHARS_MAX:
        raise Denied(Why.NOT_A_CREDENTIAL)
    if written[: len(_AZERTY_START)].upper() == _AZERTY_START:
        written = written.translate(_AZERTY)
    written = written.upper()
    if not written.startswith(PREFIX):
        raise Denied(Why.NOT_A_CREDENTIAL)
    try:
        return decode_base32(written[len(PREFIX) :])
    except ValueError:
        raise Denied(Why.NOT_A_CREDENTIAL) from None
