"""PINs for people without a phone: ``12-345678``.

R1. The first two digits, the *selector*, are public; they only say which codes to compare with.
    The six after them (eight where the controller has no secure element) are the secret.
R2. What a locker stores is a verifier: argon2id over an HMAC of the secret with the site's
    pepper. The salt depends on site and selector only, so one attempt costs exactly one argon2id
    run, however many codes share the selector, also when no code does.
R3. A new code differs from all live and recent codes of its site and follows no pattern people
    would try first: repeats, sequences, dates, lines on the keypad.
R4. Which tries are allowed at all is decided elsewhere, before this module is asked.
"""

import calendar
import re
import unicodedata
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from hmac import compare_digest
from itertools import pairwise
from typing import Final, TypeAlias

from argon2.low_level import Type, hash_secret_raw

from ..core.value import Value
from .denied import Malformed
from .pepper import Pepper
from .secret import Entropy, Secret

SELECTOR_DIGITS: Final = 2
SECRET_DIGITS: Final = 6
"""With 25 wrong tries a day at a site: 2.5e-5 wrongful openings a day, at any number of codes."""
SECRET_DIGITS_UNSEALED: Final = 8
"""Where the pepper lies in a file: a dump then costs days instead of hours per code."""
DIGEST_BYTES: Final = 16
"""Enough for a secret of 27 bits, and short in the locker's list."""
TRIES_MAX: Final = 1000
"""Draws before giving up on a new PIN; over nine in ten draws are usable, so this is never."""

_PIN_HELP: Final = "type all 8 digits of the code (10 at some sites), for example 12-345678"


class Pin(Value):
    """A code as a person types it. It shows its selector and hides its secret."""

    selector: str
    secret: Secret[str]

    def reveal(self) -> str:
        """Write the code out as it is shown to its owner: ``12-345678``."""
        return f"{self.selector}-{self.secret.reveal()}"


class VerifierCost(Value):
    """What one guess costs an attacker, and what one attempt costs the locker."""

    memory_kib: int
    passes: int
    lanes: int = 1


STANDARD: Final = VerifierCost(memory_kib=19 * 1024, passes=2)
"""OWASP's minimum for argon2id: 19 MiB, two passes; 22 to 28 ms on the machines measured."""

SIMULATION: Final = VerifierCost(memory_kib=1024, passes=1)
"""Under 1 ms, for demo, simulator and tests. Never for a real locker: it protects nothing."""

MEMORY_KIB_RANGE: Final = (1024, 256 * 1024)
PASSES_RANGE: Final = (1, 10)
"""Bounds for verifiers that arrive from outside, so that a bad list cannot stall a locker."""


class Verifier(Value):
    """What a locker keeps to recognize a PIN without knowing it."""

    selector: str
    epoch: int
    """Epoch of the pepper it was made with."""
    cost: VerifierCost
    digest: bytes

    def encode(self) -> str:
        """Write it compactly, in the manner of PHC strings."""
        cost = self.cost
        digest = b64encode(self.digest).decode().rstrip("=")
        return (
            f"$argon2id-rs1$m={cost.memory_kib},t={cost.passes},p={cost.lanes}"
            f"$e={self.epoch},s={self.selector}${digest}"
        )


Stretch: TypeAlias = Callable[[bytes, bytes, VerifierCost], bytes]
"""Slow hash of (message, salt, cost)."""


def argon2id(message: bytes, salt: bytes, cost: VerifierCost) -> bytes:
    """Stretch a message slowly; :data:`DIGEST_BYTES` bytes."""
    return hash_secret_raw(
        message,
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=DIGEST_BYTES,
        type=Type.ID,
    )


def parse_pin(text: str) -> Pin:
    """Read what a person typed: with dash, spaces or nothing between, digits of any script.

    Raises
    ------
    Malformed
        When it is not 8 or 10 digits. The message never repeats what was typed.
    """
    if len(text) > 40:  # a PIN with every digit spaced out has 20 characters
        raise Malformed("pin", _PIN_HELP)
    digits = []
    for character in text:
        if character.isspace() or unicodedata.category(character) == "Pd":
            continue
        digit = unicodedata.decimal(character, None)
        if digit is None:
            raise Malformed("pin", _PIN_HELP)
        digits.append(str(digit))
    if len(digits) - SELECTOR_DIGITS not in (SECRET_DIGITS, SECRET_DIGITS_UNSEALED):
        raise Malformed("pin", _PIN_HELP)
    written = "".join(digits)
    return Pin(selector=written[:SELECTOR_DIGITS], secret=Secret(written[SELECTOR_DIGITS:]))


def make_pin(
    *,
    entropy: Entropy,
    pepper: Pepper,
    live_selectors: Iterable[str] | Mapping[str, int] = (),
    taken: Container[bytes] = frozenset(),
    secret_digits: int = SECRET_DIGITS,
) -> Pin:
    """Draw a new PIN for a site.

    Parameters
    ----------
    entropy
        Where chance comes from.
    pepper
        The site's current pepper.
    live_selectors
        Selector of every live code of the site, repeated or counted as often as it occurs. The
        new code takes one of the least used, so that few codes share the fate of a guessed-at
        selector.
    taken
        :func:`fingerprint` of every live and recent (30 days) code of the site.
    secret_digits
        6, or 8 where the controller has no secure element.

    Raises
    ------
    ValueError
        When ``secret_digits`` is neither 6 nor 8.
    RuntimeError
        When no free code was found, which means that ``taken`` is not what it should be.
    """
    if secret_digits not in (SECRET_DIGITS, SECRET_DIGITS_UNSEALED):
        raise ValueError(f"secret_digits must be 6 or 8, not {secret_digits}")
    selectors = _least_used(live_selectors)
    for _ in range(TRIES_MAX):
        selector = selectors[_draw_below(len(selectors), entropy)]
        secret = f"{_draw_below(10**secret_digits, entropy):0{secret_digits}d}"
        pin = Pin(selector=selector, secret=Secret(secret))
        if is_guessable(secret) or is_guessable(selector + secret):
            continue
        if fingerprint(pin, pepper) not in taken:
            return pin
    raise RuntimeError("no free PIN found; pass only fingerprints of live and recent codes")


def fingerprint(pin: Pin, pepper: Pepper) -> bytes:
    """Recognize a code of a site again without keeping it; 16 bytes, for the centre only.

    It is as fast to guess as HMAC, so it must never travel to a locker.
    """
    return pepper.digest(b"fingerprint", pin.reveal())[:DIGEST_BYTES]


def key_secret(secret: Secret[str], pepper: Pepper) -> bytes:
    """Mix a PIN's secret digits with the pepper: what is stretched; 32 bytes."""
    return pepper.digest(b"pin-secret", secret.reveal())


def salt_of(selector: str, pepper: Pepper) -> bytes:
    """Give the salt that all codes of a site with this selector share (R2)."""
    return pepper.digest(b"pin-salt", selector)[:16]


def make_verifier(
    pin: Pin, pepper: Pepper, cost: VerifierCost, *, stretch: Stretch = argon2id
) -> Verifier:
    """Make what a locker needs to recognize a PIN; costs one stretch.

    What the centre sends for a recipient is :func:`restante.access.key_pin`.
    """
    return Verifier(
        selector=pin.selector,
        epoch=pepper.epoch,
        cost=cost,
        digest=_stretched(pin, pepper, cost, stretch),
    )


def parse_verifier(text: str) -> Verifier:
    """Read an encoded verifier.

    Raises
    ------
    Malformed
        When its form or its parameters are not ours.
    """
    match = _VERIFIER.fullmatch(text)
    if match is None:
        raise Malformed("verifier", "$argon2id-rs1$m=..,t=..,p=1$e=..,s=..$..; send the list again")
    memory_kib, passes, epoch = (int(match[name]) for name in ("m", "t", "e"))
    if not MEMORY_KIB_RANGE[0] <= memory_kib <= MEMORY_KIB_RANGE[1]:
        raise Malformed("verifier", f"memory in KiB within {MEMORY_KIB_RANGE}")
    if not PASSES_RANGE[0] <= passes <= PASSES_RANGE[1]:
        raise Malformed("verifier", f"passes within {PASSES_RANGE}")
    return Verifier(
        selector=match["s"],
        epoch=epoch,
        cost=VerifierCost(memory_kib=memory_kib, passes=passes),
        digest=b64decode(match["d"] + "=="),
    )


def check_pin(
    pin: Pin,
    candidates: Sequence[Verifier],
    pepper: Pepper,
    cost: VerifierCost,
    *,
    stretch: Stretch = argon2id,
) -> int | None:
    """Find which of a site's codes was typed.

    The path is the same for right, wrong and unknown: one stretch, then every candidate is
    compared to its end, in constant time.

    Parameters
    ----------
    candidates
        Verifiers of the site, of this or of other selectors. Those of another pepper epoch or
        cost never match: after a change of either, the centre sends new verifiers.
    pepper
        The site's own; it carries the site.
    cost
        What the site's verifiers were made with.

    Returns
    -------
    int | None
        Index of the matching candidate, the first if there are several.
    """
    digest = _stretched(pin, pepper, cost, stretch)
    found = None
    for index in range(len(candidates) - 1, -1, -1):
        candidate = candidates[index]
        same_kind = (
            (candidate.selector == pin.selector)
            & (candidate.epoch == pepper.epoch)
            & (candidate.cost == cost)
        )
        if compare_digest(candidate.digest, digest) & same_kind:
            found = index
    return found


def is_guessable(digits: str) -> bool:
    """Tell whether digits follow a pattern that people try first (R3)."""
    return (
        len(set(digits)) <= 2  # two digits alternate in few ways
        or digits == digits[::-1]
        or _is_repeated_block(digits)
        or _has_run(digits)
        or _is_date(digits)
        or _is_on_keypad_lines(digits)
    )


_VERIFIER: Final = re.compile(
    r"\$argon2id-rs1\$m=(?P<m>[1-9][0-9]{0,6}),t=(?P<t>[1-9][0-9]?),p=1"
    r"\$e=(?P<e>[1-9][0-9]{0,8}),s=(?P<s>[0-9]{2})\$(?P<d>[A-Za-z0-9+/]{21}[AQgw])"
)
# The last character carries two bits: only four spellings are canonical.

_SELECTORS: Final = tuple(f"{number:0{SELECTOR_DIGITS}d}" for number in range(10**SELECTOR_DIGITS))

_LINES: Final = frozenset(
    line[::step]
    for line in ("123", "456", "789", "147", "258", "369", "159", "357", "580")
    for step in (1, -1)
)
"""Straight lines of three keys on a telephone keypad, both ways."""


def _stretched(pin: Pin, pepper: Pepper, cost: VerifierCost, stretch: Stretch) -> bytes:
    return stretch(key_secret(pin.secret, pepper), salt_of(pin.selector, pepper), cost)


def _least_used(live: Iterable[str] | Mapping[str, int]) -> Sequence[str]:
    uses = Counter(live)
    if not uses:
        return _SELECTORS
    fewest = min(uses[selector] for selector in _SELECTORS)
    return [selector for selector in _SELECTORS if uses[selector] == fewest]


def _draw_below(bound: int, entropy: Entropy) -> int:
    # Numbers at the upper end are drawn again: a plain remainder would favor small ones.
    limit = 2**64 - 2**64 % bound
    while True:
        number = int.from_bytes(entropy(8), "big")
        if number < limit:
            return number % bound


def _is_repeated_block(digits: str) -> bool:
    return any(
        len(digits) % size == 0 and digits == digits[:size] * (len(digits) // size)
        for size in range(1, len(digits) // 2 + 1)
    )


def _has_run(digits: str) -> bool:
    # Four equal digits, or five counting up or down by one, 9 and 0 being neighbors.
    run = 1
    previous_step = -1
    for left, right in pairwise(digits):
        step = (int(right) - int(left)) % 10
        run = run + 1 if step == previous_step else 2
        previous_step = step
        if (step == 0 and run >= 4) or (step in (1, 9) and run >= 5):
            return True
    return False


def _is_date(digits: str) -> bool:
    if len(digits) == 6:  # DDMMYY, MMDDYY, YYMMDD, MMYYYY, YYYYMM
        first, middle, last = (int(digits[at : at + 2]) for at in (0, 2, 4))
        return (
            _is_day(first, middle, 2000 + last)
            or _is_day(middle, first, 2000 + last)
            or _is_day(last, middle, 2000 + first)
            or (_is_year(int(digits[2:])) and 1 <= first <= 12)
            or (_is_year(int(digits[:4])) and 1 <= last <= 12)
        )
    if len(digits) == 8:  # DDMMYYYY, MMDDYYYY, YYYYMMDD
        early = int(digits[:4])
        late = int(digits[4:])
        return (
            (_is_year(late) and _is_day(int(digits[:2]), int(digits[2:4]), late))
            or (_is_year(late) and _is_day(int(digits[2:4]), int(digits[:2]), late))
            or (_is_year(early) and _is_day(int(digits[6:]), int(digits[4:6]), early))
        )
    return False


def _is_year(year: int) -> bool:
    return 1900 <= year < 2100  # years in people's lives


def _is_day(day: int, month: int, year: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


def _is_on_keypad_lines(digits: str) -> bool:
    return any(
        digits[at : at + 3] in _LINES and digits[at + 3 : at + 6] in _LINES
        for at in range(len(digits) - 5)
    )
