"""Who signs archives of the journal, and who checks them: the network's keys for its heads."""

import secrets

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


def _open(settings: Settings) -> Keyring:
    return open_keystore(settings.keystore_path, entropy=secrets.token_bytes)
