"""Who signs archives and daily heads of the journal, and who checks them: the network's keys."""

import secrets
from collections.abc import Callable

from ..access import Denied, open_keystore
from ..access.keyring import Keyring, Purpose
from ..access.signature import Signature, sign_document, verify_document
from ..journal.archive_file import IsSigned, Sign
from ..settings import Settings


def signer_of(settings: Settings) -> Sign:
    """Sign with the network's current key for heads of the journal."""
    key = _open(settings).current(Purpose.HEAD)

    def sign(document: bytes) -> tuple[str, bytes]:
        signature = sign_document(document, key)
        return signature.kid, signature.value

    return sign


def checker_of(settings: Settings) -> IsSigned:
    """Check with every key for heads the network ever had."""
    keyring = _open(settings)

    def is_signed(document: bytes, kid: str, value: bytes) -> bool:
        try:
            verify_document(document, Signature(kid=kid, value=value), keyring, Purpose.HEAD)
        except Denied:
            return False
        return True

    return is_signed


def sealer_of(settings: Settings) -> Callable[[bytes], bytes]:
    """Sign daily heads; a signature begins with the name of its key and a point."""
    sign = signer_of(settings)

    def seal(digest: bytes) -> bytes:
        kid, value = sign(digest)
        return kid.encode() + b"." + value

    return seal


def seal_checker_of(settings: Settings) -> Callable[[bytes, bytes], bool]:
    """Check signatures of daily heads."""
    is_signed = checker_of(settings)

    def check(digest: bytes, signature: bytes) -> bool:
        kid, _, value = signature.partition(b".")
        return is_signed(digest, kid.decode(errors="replace"), value)

    return check


def _open(settings: Settings) -> Keyring:
    return open_keystore(settings.keystore_path, entropy=secrets.token_bytes)
