"""How a locker learns of exchanged keys from a centre it already believes.

R1. Keys of a purpose are believed on the word of a key of that purpose: who steals the key for
    lists cannot bring in one for orders or tokens.
R2. The word of the newest key held counts, and no other: that is the one that waited as *next*.
    So a set is taken once and never backwards, however late or often it is said.
R3. Who missed two exchanges knows no key that could speak: it asks the centre itself (renewal).
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from .keyring import KID_BYTES, PublicKey, PublicKeyring, Purpose

EXCHANGED: Final = (Purpose.LIST, Purpose.COMMAND, Purpose.TOKEN)
"""What lockers verify; heads of the journal concern auditors."""

KEYS_MAX: Final = 3
"""Previous, current and next."""

PUBLIC_BYTES: Final = 32


def of_purpose(keyring: PublicKeyring, purpose: Purpose) -> tuple[PublicKey, ...]:
    """Give the keys of one purpose, oldest first."""
    return tuple(key for key in keyring.keys if key.purpose is purpose)


def name_keys(keyring: PublicKeyring) -> str:
    """Name what lockers hold of a keyring: equal for equal keys."""
    kids = sorted(f"{key.purpose}/{key.kid}" for key in keyring.keys if key.purpose in EXCHANGED)
    return hashlib.sha256(" ".join(kids).encode()).hexdigest()[:16]


def exchange_keys(
    held: PublicKeyring, purpose: Purpose, keys: Sequence[PublicKey], *, spoken_by: str
) -> PublicKeyring | None:
    """Take the keys of one purpose over, if they may be (R1, R2).

    Parameters
    ----------
    spoken_by
        Name of the key whose signature under this word was found good.

    Returns
    -------
    PublicKeyring or None
        ``None`` when nothing is to be taken.
    """
    before = of_purpose(held, purpose)
    names = [key.kid for key in keys]
    is_sound = (
        purpose in EXCHANGED
        and 1 < len(keys) <= KEYS_MAX
        and len(set(names)) == len(names)
        and all(key.purpose is purpose and _is_named_rightly(key) for key in keys)
    )
    # The newest must be another one: a set that ends with its speaker would be the last forever.
    if not is_sound or not before or spoken_by != before[-1].kid or spoken_by not in names[:-1]:
        return None
    others = tuple(key for key in held.keys if key.purpose is not purpose)
    return PublicKeyring(keys=(*others, *keys))


def _is_named_rightly(key: PublicKey) -> bool:
    digest = hashlib.sha256(key.public).digest()
    return len(key.public) == PUBLIC_BYTES and key.kid == digest[:KID_BYTES].hex()
