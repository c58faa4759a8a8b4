"""Codes and tokens: drawn with a grant, kept sealed, told to their owner only.

R1. A PIN is drawn in the caller's thread, before the committer's turn: the committer has one
    writer. Each locker stretches what it is sent (:mod:`restante.access.keyed_pin`).
R2. A PIN is unlike all live and recent ones of its site; were it not, the committer's turn draws
    another one.
R3. What lockers get is the PIN keyed with the site's pepper; the PIN itself lies sealed under the
    recipient's key.
R4. Tokens are not kept: a token is signed whenever its owner asks, from the grant.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from ..access import (
    Action,
    Claims,
    Pin,
    Secret,
    fingerprint,
    key_pin,
    make_pin,
    seal,
    sign_token,
    unseal,
    unwrap_key,
)
from ..access import (
    Purpose as KeyPurpose,
)
from ..access.token import SHIFT_SECONDS_MAX
from ..core import grant as permission
from ..core.grant import Grant, Purpose
from ..core.ids import (
    ActorId,
    CourierId,
    GrantId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
    parcel_stream,
)
from ..core.value import DAY, FOREVER, Seconds, UtcSeconds
from ..journal.ledger import Ledger
from ..journal.port import RowChange, Scalar
from ..link.message import PinVerifier
from ..views.tables import CODES, LIST_BODIES, PIN_PRINTS
from .contacts import subject_key
from .means import Means
from .recording import decide_grant

TOKEN_SECONDS_MAX: Final = 60 * DAY
"""A token for a parcel whose hold has not begun lives no longer than this (chosen)."""

PIN_REST_SECONDS: Final = 30 * DAY
"""How long a PIN rests before its site may give it again (reliability 4.2)."""

_TOKEN_ID_BYTES: Final = 8
_MANIFEST_BYTES: Final = 16


class FreshCode(NamedTuple):
    """A PIN nobody has been given yet, with what lockers and the centre keep of it."""

    site: SiteId
    pin: Pin
    keyed: str
    """What lockers get."""
    print: bytes


class _TakenPrints:
    """The fingerprints of a site's live and recent codes, asked one at a time."""

    def __init__(self, ledger: Ledger, site: SiteId) -> None:
        self._ledger = ledger
        self._site = site

    def __contains__(self, print_: object) -> bool:
        return (
            isinstance(print_, bytes)
            and self._ledger.row(PIN_PRINTS.name, (self._site, print_)) is not None
        )


def draw_code(means: Means, site: SiteId, ledger: Ledger | None = None) -> FreshCode | None:
    """Draw a PIN for a site (R1); ``None`` when the site is unknown to the keyring.

    Parameters
    ----------
    ledger
        In the committer's turn: makes sure that the code is not taken (R2).
    """
    try:
        pepper = means.keyring.pepper(site)
    except LookupError:
        return None
    # The committer's turn reads nothing beside its ledger.
    known = means.selectors if ledger is None else None
    pin = make_pin(
        entropy=means.minter.secret_bytes,
        pepper=pepper,
        live_selectors=() if known is None else known.uses(site),
        taken=frozenset() if ledger is None else _TakenPrints(ledger, site),
        secret_digits=means.secret_digits,
    )
    if known is not None:
        known.given(site, pin.selector)
    return FreshCode(site, pin, key_pin(pin, pepper).encode(), fingerprint(pin, pepper))


def issue_grant(
    ledger: Ledger,
    means: Means,
    *,
    parcel: ParcelId,
    site: SiteId,
    recipient: RecipientId,
    grant: GrantId,
    fresh: FreshCode | None,
    by: ActorId,
    cause: str = "",
    valid_until: UtcSeconds = FOREVER,
) -> GrantId:
    """Let the recipient collect, and keep the code; an older grant of the parcel is revoked."""
    for older in live_grants(ledger, parcel):
        forget_code(ledger, older)
    command = permission.IssueGrant(
        at=ledger.now,
        grant=grant,
        parcel=parcel,
        site=site,
        purpose=Purpose.COLLECT,
        valid_from=ledger.now,
        valid_until=valid_until,
    )
    decide_grant(ledger, parcel, command, by=by, cause=cause)
    code = fresh
    if code is None or code.site != site or code.print in _TakenPrints(ledger, site):
        code = draw_code(means, site, ledger)
    if code is not None:
        _keep_code(ledger, means, code, parcel=parcel, recipient=recipient, grant=grant)
    return grant


def revoke_grants(
    ledger: Ledger, parcel: ParcelId, *, why: str, by: ActorId, cause: str = ""
) -> None:
    """Take back every live grant of a parcel, and forget its code."""
    for known in live_grants(ledger, parcel):
        command = permission.RevokeGrant(at=ledger.now, grant=known.grant, why=why)
        decide_grant(ledger, parcel, command, by=by, cause=cause)
        forget_code(ledger, known)


def prolong_grants(
    ledger: Ledger, parcel: ParcelId, until: UtcSeconds, *, by: ActorId, cause: str = ""
) -> None:
    """Let every live grant of a parcel end at another time."""
    for known in live_grants(ledger, parcel):
        command = permission.ProlongGrant(at=ledger.now, grant=known.grant, valid_until=until)
        decide_grant(ledger, parcel, command, by=by, cause=cause)


def live_grants(ledger: Ledger, parcel: ParcelId) -> tuple[Grant, ...]:
    """Find the grants of a parcel that are neither used nor revoked."""
    grants: permission.Grants = ledger.state(parcel_stream(parcel)).grants
    return grants.live()


def forget_code(ledger: Ledger, known: Grant) -> None:
    """Drop a grant's code and verifier; its fingerprint rests (R2)."""
    ledger.put(RowChange(CODES.name, (known.parcel, known.grant), None))
    ledger.put(RowChange(LIST_BODIES.name, (known.site, f"pin/{known.grant}"), None))


def open_code(
    means: Means,
    *,
    parcel: ParcelId,
    grant: GrantId,
    subject: Mapping[str, Scalar] | None,
    row: Mapping[str, Scalar] | None,
) -> Secret[str] | None:
    """Open a sealed PIN, to tell its owner; ``None`` when it is gone."""
    if subject is None or row is None:
        return None
    wrapped, sealed, recipient = subject["wrapped_key"], row["sealed"], row["recipient"]
    if not (isinstance(wrapped, bytes) and isinstance(sealed, bytes)):
        raise TypeError("a sealed column holds bytes")
    key = unwrap_key(wrapped, means.keyring, str(recipient))
    return Secret(unseal(sealed, key, f"codes/{parcel}/{grant}").reveal().decode())


def mint_token(
    means: Means, known: Grant, now: UtcSeconds, *, local: ParcelId | None = None
) -> Secret[str] | None:
    """Sign the text of a grant's QR code; ``None`` when the grant opens nothing any more.

    Parameters
    ----------
    local
        What the locker calls the parcel, when it took it in unannounced.
    """
    if not known.is_live or now >= known.valid_until:
        return None
    claims = Claims(
        issuer=means.network,
        subject=local or known.parcel,
        audience=(known.site,),
        issued_at=now,
        not_before=min(now, known.valid_from),
        expires_at=UtcSeconds(min(known.valid_until, now + TOKEN_SECONDS_MAX)),
        token_id=means.minter.secret_bytes(_TOKEN_ID_BYTES),
        action=Action.COLLECT,
        grant=known.grant,
    )
    return sign_token(claims, means.keyring.current(KeyPurpose.TOKEN))


def mint_shift_token(
    means: Means,
    *,
    courier: CourierId,
    partner: PartnerId,
    sites: Sequence[SiteId],
    manifest: bytes,
    now: UtcSeconds,
    seconds: Seconds = SHIFT_SECONDS_MAX,
) -> Secret[str]:
    """Sign the text of the QR code a courier signs in with for one shift.

    Parameters
    ----------
    sites
        Where it counts: the sites of the manifest, at most 64.
    manifest
        The manifest's bytes; the token is bound to them.
    seconds
        How long the shift lasts, at most 12 hours.

    Raises
    ------
    ValueError
        When the shift is too long or names no site.
    """
    claims = Claims(
        issuer=means.network,
        subject=courier,
        audience=tuple(dict.fromkeys(sites)),
        issued_at=now,
        not_before=now,
        expires_at=UtcSeconds(now + seconds),
        token_id=means.minter.secret_bytes(_TOKEN_ID_BYTES),
        action=Action.SHIFT,
        partner=partner,
        manifest=sha256(manifest).digest()[:_MANIFEST_BYTES],
    )
    return sign_token(claims, means.keyring.current(KeyPurpose.TOKEN))


def _keep_code(
    ledger: Ledger,
    means: Means,
    code: FreshCode,
    *,
    parcel: ParcelId,
    recipient: RecipientId,
    grant: GrantId,
) -> None:
    key = subject_key(ledger, means, recipient)
    content = Secret(code.pin.reveal().encode())
    sealed = seal(content, key, f"codes/{parcel}/{grant}", means.minter.secret_bytes)
    kept: dict[str, Scalar] = {
        "recipient": recipient,
        "sealed": sealed,
        "issued_at": ledger.now,
    }
    ledger.put(RowChange(CODES.name, (parcel, grant), kept))
    used: dict[str, Scalar] = {
        "grant": grant,
        "selector": code.pin.selector,
        "issued_at": ledger.now,
    }
    ledger.put(RowChange(PIN_PRINTS.name, (code.site, code.print), used))
    entry = PinVerifier(grant=grant, selector=code.pin.selector, verifier=code.keyed)
    body = msgspec.json.encode(entry)
    ledger.put(RowChange(LIST_BODIES.name, (code.site, f"pin/{grant}"), {"body": body}))
