"""What a locker gives away to be given back: proof that somebody was here, or heard it, just now.

The start screen shows a short code that changes every half minute; a recipient who asks from
afar names it, and so stands before the screen. Over the link goes a longer challenge, which an
order of the centre repeats: it is then fresh, whatever the clocks say.

They live in memory: after a restart the old ones count for nothing.
"""

import secrets
from collections import deque
from typing import Final, NamedTuple

from ..clock import Minter
from ..core.value import UtcSeconds

LETTERS: Final = "23456789CDFGHJKMNPQRTVWX"
"""Digits and capitals that nobody confuses, and no word can be made of."""

SHOWN_SECONDS: Final = 30
"""How long the screen shows one code."""

SHOWN_LIFE_SECONDS: Final = 90
"""How long a code counts after it was first shown: a minute to type it after it changed."""

CHALLENGE_SECONDS: Final = 30
CHALLENGE_LIFE_SECONDS: Final = 150
"""A new one comes with every beat of the link, once a minute; one beat may be lost."""


class _Given(NamedTuple):
    text: str
    at: UtcSeconds


class LiveCodes:
    """Codes of this locker that count for a short while.

    Parameters
    ----------
    length
        Characters of :data:`LETTERS`.
    change_seconds
        A new one takes the place of one given this long ago.
    life_seconds
        How long one counts.
    """

    def __init__(
        self, minter: Minter, *, length: int, change_seconds: int, life_seconds: int
    ) -> None:
        self._minter = minter
        self._length = length
        self._change_seconds = change_seconds
        self._life_seconds = life_seconds
        self._given: deque[_Given] = deque(maxlen=1 + life_seconds // change_seconds)

    def give(self, now: UtcSeconds) -> str:
        """Give the code of this moment."""
        if not self._given or not 0 <= now - self._given[-1].at < self._change_seconds:
            self._given.append(_Given(self._draw(), now))
        return self._given[-1].text

    def is_live(self, text: str, now: UtcSeconds) -> bool:
        """Whether this locker gave that code a moment ago."""
        return any(
            secrets.compare_digest(one.text.encode(), text.encode())
            for one in self._given
            if 0 <= now - one.at < self._life_seconds
        )

    def use(self, text: str, now: UtcSeconds) -> bool:
        """Whether that code counts; it does so once."""
        is_live = self.is_live(text, now)
        if is_live:
            kept = [one for one in self._given if one.text != text]
            self._given.clear()
            self._given.extend(kept)
        return is_live

    def _draw(self) -> str:
        # The remainder of 256 by 24 favours some letters by a tenth: 27.4 of 27.5 bits are left.
        drawn = self._minter.secret_bytes(self._length)
        return "".join(LETTERS[byte % len(LETTERS)] for byte in drawn)


def make_shown_codes(minter: Minter) -> LiveCodes:
    """Make what the start screen shows: six letters are 190 million."""
    return LiveCodes(
        minter, length=6, change_seconds=SHOWN_SECONDS, life_seconds=SHOWN_LIFE_SECONDS
    )


def make_challenges(minter: Minter) -> LiveCodes:
    """Make what goes over the link."""
    return LiveCodes(
        minter, length=16, change_seconds=CHALLENGE_SECONDS, life_seconds=CHALLENGE_LIFE_SECONDS
    )
