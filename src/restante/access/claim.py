"""Claim codes: with one of them a machine becomes a locker, once.

Pure chance, 80 bits, so a plain SHA-256 is enough to keep them. People read them aloud and type
them: capitals, dashes, spaces and look-alikes do not matter.
"""

from hashlib import sha256
from typing import Final

from ..core.ids import ALPHABET
from .denied import Malformed
from .secret import Entropy, Secret

CLAIM_BYTES: Final = 10
CLAIM_LETTERS: Final = 16

_GROUP: Final = 4
_ALIKE: Final = str.maketrans({"i": "1", "l": "1", "o": "0", "-": None, " ": None})


def make_claim_code(entropy: Entropy) -> Secret[str]:
    """Draw a code, in groups of four letters and digits."""
    number = int.from_bytes(entropy(CLAIM_BYTES), "big")
    letters = "".join(ALPHABET[number >> 5 * place & 31] for place in range(CLAIM_LETTERS))
    groups = (letters[start : start + _GROUP] for start in range(0, CLAIM_LETTERS, _GROUP))
    return Secret("-".join(groups).upper())


def digest_claim_code(text: str) -> bytes:
    """Give what a code is kept as.

    Raises
    ------
    Malformed
        When it is no claim code at all.
    """
    letters = text.strip().lower().translate(_ALIKE)
    if len(letters) != CLAIM_LETTERS or set(letters) - set(ALPHABET):
        raise Malformed("claim", f"{CLAIM_LETTERS} letters and digits in groups of four")
    return sha256(letters.encode()).digest()
