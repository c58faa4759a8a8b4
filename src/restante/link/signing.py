"""Signatures on what the centre says to a locker.

Orders to open a door have a key purpose of their own, exchanged keys are signed with one of their
own purpose; list, acknowledgements and time share the other. The purpose and the message's own
type are part of the bytes signed, so that none can pass for another.
"""

from collections.abc import Callable

from msgspec.structs import replace

from ..access import Denied, Purpose, Signature, SigningKey, VerifyingKeyring
from ..access import sign_document as sign_bytes
from ..access import verify_document as verify_bytes
from .message import KeysUpdate, Order, Signed, signed_bytes


def purpose_of(message: Signed) -> Purpose:
    """Tell which key signs a message."""
    if isinstance(message, KeysUpdate):
        return message.purpose
    return Purpose.COMMAND if isinstance(message, Order) else Purpose.LIST


def make_signer(find_key: Callable[[Purpose], SigningKey]) -> Callable[[Signed], Signed]:
    """Make what signs messages to lockers.

    Parameters
    ----------
    find_key
        Gives the current key for a purpose; asked each time, because keys are exchanged.
    """

    def sign(message: Signed) -> Signed:
        key = find_key(purpose_of(message))
        named = replace(message, kid=key.kid)
        return replace(named, signature=sign_bytes(signed_bytes(named), key).value)

    return sign


def make_verifier(keyring: VerifyingKeyring) -> Callable[[Signed], bool]:
    """Make what a locker checks messages from the centre with."""

    def verify(message: Signed) -> bool:
        signature = Signature(kid=message.kid, value=message.signature)
        try:
            verify_bytes(signed_bytes(message), signature, keyring, purpose_of(message))
        except Denied:
            return False
        return True

    return verify
