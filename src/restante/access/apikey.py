"""API keys for partners, and links for recipients.

Both are pure chance, 256 and 128 bits, so a plain SHA-256 is enough to keep them: there is
nothing to guess. A partner's key names its row (``rk_<id>_<secret>``), so it is found without
searching by secret; a recipient's link is found by its digest.
"""

import re
from base64 import urlsafe_b64encode
from enum import StrEnum
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from ..core.ids import ALPHABET, PartnerId
from ..core.value import UtcSeconds, Value
from .denied import Denied, Why
from .secret import Entropy, Secret

SECRET_BYTES: Final = 32
KEY_ID_BYTES: Final = 8
LINK_BYTES: Final = 16

_KEY: Final = re.compile(r"rk_(?P<id>[0-9a-z]{13})_(?P<secret>[0-9a-z]{52})")
_LINK: Final = re.compile(r"rl_[A-Za-z0-9_-]{22}")
_NOBODY: Final = sha256(b"nobody").digest()


class Scope(StrEnum):
    """What an API key may do. Always only with objects of its own partner."""

    PARCELS_READ = "parcels:read"
    PARCELS_WRITE = "parcels:write"
    BOOKINGS_READ = "bookings:read"
    BOOKINGS_WRITE = "bookings:write"
    SITES_READ = "sites:read"
    SITES_WRITE = "sites:write"
    LOCKERS_READ = "lockers:read"
    LOCKERS_OPEN = "lockers:open"
    EVENTS_READ = "events:read"
    WEBHOOKS_MANAGE = "webhooks:manage"
    ROUTES_PLAN = "routes:plan"


class ApiKey(Value):
    """An API key as it is kept: never the key itself."""

    key_id: str
    digest: bytes
    partner: PartnerId
    scopes: frozenset[Scope]
    label: str
    """What its owner calls it."""
    created_at: UtcSeconds
    expires_at: UtcSeconds | None = None
    revoked_at: UtcSeconds | None = None


def make_api_key(
    *,
    entropy: Entropy,
    partner: PartnerId,
    scopes: frozenset[Scope],
    label: str,
    now: UtcSeconds,
    expires_at: UtcSeconds | None = None,
) -> tuple[Secret[str], ApiKey]:
    """Make a key: the secret to show once, and the row to keep."""
    key_id = _spell(entropy(KEY_ID_BYTES))
    key = f"rk_{key_id}_{_spell(entropy(SECRET_BYTES))}"
    kept = ApiKey(
        key_id=key_id,
        digest=_digest(key),
        partner=partner,
        scopes=scopes,
        label=label,
        created_at=now,
        expires_at=expires_at,
    )
    return Secret(key), kept


def read_key_id(key: str) -> str | None:
    """Read which row a presented key names; ``None`` when it is no key of ours."""
    match = _KEY.fullmatch(key)
    return match["id"] if match else None


def check_api_key(
    key: str, kept: ApiKey | None, now: UtcSeconds, needed: Scope | None = None
) -> ApiKey:
    """Make sure that a presented key opens a kept row.

    Parameters
    ----------
    key
        As presented.
    kept
        The row that :func:`read_key_id` led to, ``None`` when there is none. The comparison is
        made either way.
    needed
        Scope that the request asks for, if any.

    Raises
    ------
    Denied
        With the cause in ``why``.
    """
    is_right = compare_digest(_digest(key), kept.digest if kept else _NOBODY)
    if kept is None or not is_right:
        raise Denied(Why.UNKNOWN)
    if kept.revoked_at is not None and now >= kept.revoked_at:
        raise Denied(Why.REVOKED)
    if kept.expires_at is not None and now >= kept.expires_at:
        raise Denied(Why.EXPIRED)
    if needed is not None and needed not in kept.scopes:
        raise Denied(Why.SCOPE_MISSING)
    return kept


def make_link_token(entropy: Entropy) -> tuple[Secret[str], bytes]:
    """Make the token of a recipient's link and the digest to keep it by."""
    token = "rl_" + urlsafe_b64encode(entropy(LINK_BYTES)).decode().rstrip("=")
    return Secret(token), _digest(token)


def read_link_token(token: str) -> bytes:
    """Turn a presented token into the digest it is found by.

    Raises
    ------
    Denied
        When it does not have the form of a link of ours.
    """
    if not _LINK.fullmatch(token):
        raise Denied(Why.NOT_A_CREDENTIAL)
    return _digest(token)


def _digest(presented: str) -> bytes:
    # Presented texts come from outside and may hold what UTF-8 cannot: that is merely wrong.
    return sha256(presented.encode(errors="replace")).digest()


def _spell(chance: bytes) -> str:
    # Lower-case base 32: a double click selects all of it.
    number = int.from_bytes(chance, "big")
    length = (len(chance) * 8 + 4) // 5
    return "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
