"""A file of secrets sealed under a passphrase: for copies that leave the machine.

The passphrase is stretched with argon2id, so that a weak one costs a thief time and a strong one
is safe. Nothing here knows what the secrets are for.
"""

from typing import Final

from argon2.low_level import Type, hash_secret_raw

from .keyring import KEY_BYTES
from .sealed import Unsealable, seal, unseal
from .secret import Entropy, Secret

PASSPHRASE_MIN: Final = 12
"""Characters; a shorter one is refused rather than relied upon (chosen)."""

_MAGIC: Final = b"restante-sealed-1\n"
_SALT_BYTES: Final = 16
_MEMORY_KIB: Final = 64 * 1024
_PASSES: Final = 3
_LANES: Final = 4
"""RFC 9106, section 4: the second recommended option, for machines of every size."""


class WeakPassphrase(ValueError):
    """A passphrase is too short to protect anything."""


def seal_under_passphrase(
    content: Secret[bytes], passphrase: Secret[str], entropy: Entropy
) -> bytes:
    """Seal content so that only who knows the passphrase opens it.

    Raises
    ------
    WeakPassphrase
        When it is shorter than :data:`PASSPHRASE_MIN`.
    """
    if len(passphrase.reveal()) < PASSPHRASE_MIN:
        raise WeakPassphrase(f"a passphrase has at least {PASSPHRASE_MIN} characters")
    salt = entropy(_SALT_BYTES)
    key = _stretch(passphrase, salt)
    return _MAGIC + salt + seal(content, key, _MAGIC.decode(), entropy)


def open_with_passphrase(sealed: bytes, passphrase: Secret[str]) -> Secret[bytes]:
    """Open what :func:`seal_under_passphrase` sealed.

    Raises
    ------
    Unsealable
        When the passphrase is another, or a byte has changed.
    """
    if not sealed.startswith(_MAGIC):
        raise Unsealable("it was not sealed under a passphrase")
    begin = len(_MAGIC)
    salt, rest = sealed[begin : begin + _SALT_BYTES], sealed[begin + _SALT_BYTES :]
    return unseal(rest, _stretch(passphrase, salt), _MAGIC.decode())


def _stretch(passphrase: Secret[str], salt: bytes) -> Secret[bytes]:
    return Secret(
        hash_secret_raw(
            passphrase.reveal().encode(),
            salt,
            time_cost=_PASSES,
            memory_cost=_MEMORY_KIB,
            parallelism=_LANES,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    )
