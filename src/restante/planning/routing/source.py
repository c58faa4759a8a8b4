"""Where a plan comes from: which search made it, and who said how long vehicles drive."""

from enum import StrEnum
from typing import Annotated

import msgspec

from ...core.value import Value


class Engine(StrEnum):
    """Which search made a plan; stable public values."""

    KERNEL = "kernel"
    """Ruin and recreate, with all that routes share."""
    PYVRP = "pyvrp"
    """PyVRP, for problems in which routes share nothing."""


class TravelSource(Value, frozen=True, forbid_unknown_fields=True):
    """Who said how far it is and how long vehicles drive, and how much of it is estimated."""

    name: str
    """Such as ``osrm``, ``valhalla``, ``roads``, ``csv`` or ``straight``."""
    profile: str = ""
    """Vehicle or road profile that was asked for."""
    pairs: Annotated[int, msgspec.Meta(ge=0)] = 0
    """From one place to another one."""
    estimated: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Pairs the source had no answer for, filled in from straight lines."""
    says: str = ""
    """What to know before trusting it."""
