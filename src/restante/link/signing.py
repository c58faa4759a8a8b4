"""Signatures on what the centre says to a locker: list, acknowledgements, time.

One key purpose covers the three; the bytes signed begin with the message's own type, so one can
not pass for another.
"""

from collections.abc import Callable

from msgspec.structs import replace

from ..access import Denied, Purpose, Signature, SigningKey, VerifyingKeyring
from ..access import sign_document as sign_bytes
from ..access import verify_document as verify_bytes
from .message import Signed, signed_bytes


def make_signer(find_key: Callable[[], SigningKey]) -> Callable[[Signed], Signed]:
    """Make what signs messages to lockers.

    Parameters
    ----------
    find_key
        Gives the current key for lists; asked each time, because keys are exchanged.
    """

    def sign(message: Signed) -> Signed:
        key = find_key()
        named = replace(message, kid=key.kid)
        return replace(named, signature=sign_bytes(signed_bytes(named), key).value)

    return sign


def make_verifier(keyring: VerifyingKeyring) -> Callable[[Signed], bool]:
    """Make what a locker checks messages from the centre with."""

    def verify(message: Signed) -> bool:
        signature = Signature(kid=message.kid, value=message.signature)
        try:
            verify_bytes(signed_bytes(message), signature, keyring, Purpose.LIST)
        except Denied:
            return False
        return True

    return verify
