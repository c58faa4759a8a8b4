"""Sealed rows: codes and contacts at rest, and how to forget them.

Each subject (a recipient, a parcel) has a data key of its own. Rows are sealed with AES-256-GCM
under the data key; the data key is kept wrapped under the keyring's wrapping key. Erasing the
wrapped key erases the subject everywhere, in backups too: crypto-shredding.

This module must not know tables: it turns bytes into bytes.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .keyring import KEY_BYTES, Keyring, WrappingKey
from .secret import Entropy, Secret

NONCE_BYTES: Final = 12
"""Drawn by chance; safe for 2**32 seals per key (NIST SP 800-38D, section 8.3)."""

_VERSION: Final = b"\x01"
_EPOCH_BYTES: Final = 4


class Unsealable(Exception):
    """What was sealed cannot be opened: damaged, moved to another row, or its key is erased."""


def make_data_key(entropy: Entropy) -> Secret[bytes]:
    """Draw the key of one subject."""
    return Secret(entropy(KEY_BYTES))


def wrap_key(key: Secret[bytes], wrapping: WrappingKey, subject: str, entropy: Entropy) -> bytes:
    """Wrap a data key for keeping; only this subject's row can hold it."""
    epoch = wrapping.epoch.to_bytes(_EPOCH_BYTES, "big")
    return epoch + seal(key, wrapping.key, _key_place(epoch, subject), entropy)


def unwrap_key(wrapped: bytes, keyring: Keyring, subject: str) -> Secret[bytes]:
    """Take a subject's data key out of its wrapping.

    Raises
    ------
    Unsealable
        When the wrapping key is erased, or the row is damaged or of another subject.
    """
    epoch = wrapped[:_EPOCH_BYTES]
    wrapping = keyring.find_wrapping(int.from_bytes(epoch, "big"))
    if wrapping is None:
        raise Unsealable("its wrapping key is not in the keyring")
    return unseal(wrapped[_EPOCH_BYTES:], wrapping.key, _key_place(epoch, subject))


def rewrap_key(wrapped: bytes, keyring: Keyring, subject: str, entropy: Entropy) -> bytes:
    """Wrap a data key anew under the wrapping key of today; rows under it stay as they are."""
    key = unwrap_key(wrapped, keyring, subject)
    return wrap_key(key, keyring.wrapping(), subject, entropy)


def seal(content: Secret[bytes], key: Secret[bytes], place: str, entropy: Entropy) -> bytes:
    """Seal content so that it opens only with this key and in this place.

    Parameters
    ----------
    place
        Table, column and row it belongs to, for example ``contacts/phone/r01h...``: bound in as
        additional data, so that a sealed value copied to another row does not open.
    """
    nonce = entropy(NONCE_BYTES)
    sealed = AESGCM(key.reveal()).encrypt(nonce, content.reveal(), _VERSION + place.encode())
    return _VERSION + nonce + sealed


def unseal(sealed: bytes, key: Secret[bytes], place: str) -> Secret[bytes]:
    """Open what was sealed.

    Raises
    ------
    Unsealable
        When the key or place is another, or a byte has changed.
    """
    version, nonce, content = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    if version != _VERSION:
        raise Unsealable("it was sealed by another version")
    try:
        return Secret(AESGCM(key.reveal()).decrypt(nonce, content, _VERSION + place.encode()))
    except (InvalidTag, ValueError):
        raise Unsealable("its key or place is another, or it is damaged") from None


def _key_place(epoch: bytes, subject: str) -> str:
    return f"data-key/{epoch.hex()}/{subject}"
