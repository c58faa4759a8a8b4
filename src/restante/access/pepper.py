"""A site's pepper: the secret that makes a stolen list of PIN verifiers useless elsewhere.

Each site has its own, drawn by chance, known to the centre and to that site's controller and to
nobody else. A tamper alarm or a swapped controller begins a new epoch; all live codes of the site
are then issued anew. There is no pepper of the fleet.
"""

import hashlib
import hmac
from typing import Final

from ..core.ids import SiteId
from ..core.value import Value
from .secret import Secret

PEPPER_BYTES: Final = 32
"""As many as HMAC-SHA256 puts out (RFC 2104, section 3)."""


class Pepper(Value):
    """One epoch of one site's pepper."""

    site: SiteId
    epoch: int
    """From 1; a verifier of another epoch never matches."""
    key: Secret[bytes]

    def digest(self, label: bytes, message: str) -> bytes:
        """Mix a message with the pepper, apart for each label and site; 32 bytes."""
        # NUL separates: neither site names nor labels nor digits can hold one.
        mixed = b"\0".join((label, self.site.encode(), message.encode()))
        return hmac.new(self.key.reveal(), mixed, hashlib.sha256).digest()
