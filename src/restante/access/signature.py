"""Signatures under documents that are not tokens: lists, acknowledgements, orders, heads.

The purpose is part of what is signed, so a document signed for one purpose proves nothing for
another, even if keys were ever mixed up.
"""

from ..core.value import Value
from .denied import Denied, Why
from .keyring import Purpose, SigningKey, VerifyingKeyring


class Signature(Value):
    """Who signed (by key) and the 64 bytes that prove it."""

    kid: str
    value: bytes


def sign_document(document: bytes, key: SigningKey) -> Signature:
    """Sign a document for the purpose of the key."""
    return Signature(kid=key.kid, value=key.sign(_framed(key.purpose, document)))


def verify_document(
    document: bytes, signature: Signature, keyring: VerifyingKeyring, purpose: Purpose
) -> None:
    """Make sure that a document was signed for a purpose.

    Raises
    ------
    Denied
        When the key is unknown for this purpose or the signature is wrong.
    """
    key = keyring.find(purpose, signature.kid)
    if key is None:
        raise Denied(Why.KEY_UNKNOWN)
    if not key.verify(_framed(purpose, document), signature.value):
        raise Denied(Why.SIGNATURE_WRONG)


def _framed(purpose: Purpose, document: bytes) -> bytes:
    return b"restante." + purpose.value.encode() + b".v1\0" + document
