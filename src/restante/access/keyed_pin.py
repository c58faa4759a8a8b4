"""A PIN on its way to its locker: keyed with the site's pepper, stretched by the locker.

R1. Stretching costs a locker 25 ms for each code, once; it would cost the centre twelve cores in
    the busiest hour of the largest network. What arrives and what the locker then keeps are two
    steps of the same verifier: :func:`stretch_keyed_pin` ends where
    :func:`~restante.access.pin.make_verifier` ends.
R2. Without the pepper it tells nothing: it is an HMAC under a key of 32 bytes of chance. With the
    pepper it is guessed at once, so a locker never writes it down (ADR 0021).
"""

import re
from base64 import b64decode, b64encode
from typing import Final

from ..core.value import Value
from .denied import Malformed
from .pepper import Pepper
from .pin import Pin, Stretch, Verifier, VerifierCost, argon2id, key_secret, salt_of
from .secret import Secret


class KeyedPin(Value):
    """What the centre sends in place of a PIN."""

    selector: str
    epoch: int
    """Epoch of the pepper it was keyed with."""
    message: Secret[bytes]
    """Goes into the slow hash."""

    def encode(self) -> str:
        """Write it compactly, in the manner of PHC strings."""
        message = b64encode(self.message.reveal()).decode().rstrip("=")
        return f"$hmac-rs1$e={self.epoch},s={self.selector}${message}"


def key_pin(pin: Pin, pepper: Pepper) -> KeyedPin:
    """Make what the centre sends for a PIN; costs two microseconds."""
    return KeyedPin(
        selector=pin.selector,
        epoch=pepper.epoch,
        message=Secret(key_secret(pin.secret, pepper)),
    )


def is_keyed_pin(text: str) -> bool:
    """Whether a text wants to be a keyed PIN: one that must not be kept as it came (R2)."""
    return text.startswith(_PREFIX)


def parse_keyed_pin(text: str) -> KeyedPin:
    """Read an encoded one.

    Raises
    ------
    Malformed
        When its form is not ours. The message never repeats it.
    """
    match = _KEYED_PIN.fullmatch(text)
    if match is None:
        raise Malformed("keyed pin", "$hmac-rs1$e=..,s=..$..; send the list again")
    message = Secret(b64decode(match["d"] + "="))
    return KeyedPin(selector=match["s"], epoch=int(match["e"]), message=message)


def stretch_keyed_pin(
    keyed: KeyedPin, pepper: Pepper, cost: VerifierCost, *, stretch: Stretch = argon2id
) -> Verifier | None:
    """Make what a locker keeps; costs one stretch, or nothing where no PIN could ever match.

    Returns
    -------
    Verifier | None
        ``None`` when it was keyed with another epoch of the pepper than the one held.
    """
    if keyed.epoch != pepper.epoch:
        return None
    digest = stretch(keyed.message.reveal(), salt_of(keyed.selector, pepper), cost)
    return Verifier(selector=keyed.selector, epoch=keyed.epoch, cost=cost, digest=digest)


_PREFIX: Final = "$hmac-"
_KEYED_PIN: Final = re.compile(
    r"\$hmac-rs1\$e=(?P<e>[1-9][0-9]{0,8}),s=(?P<s>[0-9]{2})"
    r"\$(?P<d>[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048])"
)
# The last character carries four bits: only sixteen spellings are canonical.
