"""What every operation is given from outside: ids, chance, keys and the network's habits."""

from typing import Final, NamedTuple

from ..access import STANDARD, Keyring, VerifierCost
from ..access.pin import SECRET_DIGITS
from ..clock import Minter
from ..core.hold import HoldPolicy
from ..core.site import SOFT_BOOKING_SECONDS
from ..core.value import DAY, Seconds
from .selectors import Selectors

FIRM_BOOKING_SECONDS: Final = Seconds(2 * DAY)
"""How long room is kept for a parcel that was announced: it comes today or tomorrow (chosen)."""

REMOTE_OPENINGS_MAX: Final = 20
"""Doors opened from afar within an hour before a second person must agree (chosen: more than a
help desk needs, far fewer than an attack)."""


class Means(NamedTuple):
    """What operations work with; built once in :mod:`restante.wiring`."""

    minter: Minter
    keyring: Keyring
    network: str = "restante"
    """Issuer of tokens: the network's short name."""
    cost: VerifierCost = STANDARD
    secret_digits: int = SECRET_DIGITS
    hold: HoldPolicy = HoldPolicy()
    """For parcels whose partner agreed nothing else."""
    firm_seconds: Seconds = FIRM_BOOKING_SECONDS
    soft_seconds: Seconds = Seconds(SOFT_BOOKING_SECONDS)
    remote_openings_max: int = REMOTE_OPENINGS_MAX
    selectors: Selectors | None = None
    """Which selectors are least used at a site; without it new codes spread by chance alone."""
