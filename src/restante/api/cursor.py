"""Where a list goes on: opaque to callers, signed by us, good for one list of one asker only.

C1  A cursor names the last item seen, never an offset: rows that come or go shift nothing.
C2  A cursor of another list, other filters or another asker is refused.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest
from typing import Final

from ..access import Secret
from .problem import Fault, ProblemRaised, Trouble

_MAC_BYTES: Final = 12


class CursorSeal:
    """Makes and reads cursors.

    Parameters
    ----------
    key
        32 bytes; all processes of a centre need the same one.
    """

    def __init__(self, key: Secret[bytes]) -> None:
        self._key = key

    def write(self, after: str, *, bound_to: str) -> str:
        """Write a cursor that goes on after an item.

        Parameters
        ----------
        bound_to
            Asker, list and filters.
        """
        item = after.encode()
        return urlsafe_b64encode(self._mac(item, bound_to) + item).decode().rstrip("=")

    def read(self, cursor: str, *, bound_to: str) -> str:
        """Read which item a cursor goes on after.

        Raises
        ------
        ProblemRaised
            ``unusable`` when it was not written for this asker, list and filters.
        """
        try:
            raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (binascii.Error, UnicodeEncodeError):
            raise _refused() from None
        mac, item = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not compare_digest(mac, self._mac(item, bound_to)):
            raise _refused()
        return item.decode()

    def _mac(self, item: bytes, bound_to: str) -> bytes:
        bound = sha256(bound_to.encode(errors="replace")).digest()
        return hmac_digest(self._key.reveal(), bound + item, "sha256")[:_MAC_BYTES]


def _refused() -> ProblemRaised:
    message = "Expected a cursor as the page before gave it, with the same filters and key"
    fault = Fault(path="query.cursor", message=message)
    return ProblemRaised(
        Trouble.UNUSABLE, "query.cursor: start again without a cursor", errors=(fault,)
    )
