"""How big a parcel is and how big a compartment is, in real millimetres and grams.

Size classes (XS to XL) are a view for people: no rule decides by them.
"""

from functools import lru_cache
from itertools import permutations
from typing import Final

from .ids import CompartmentId
from .refusal import Reason, Refused
from .value import Grams, Millimeters, Value

LENGTH_MM_MAX: Final = Millimeters(2_000)
"""Longest side a parcel may claim; beyond it a number was mistyped (chosen)."""

WEIGHT_G_MAX: Final = Grams(50_000)
"""Heaviest parcel that may be announced; lockers carry 20 to 25 kg (product research A1.4)."""

LOW_DOOR_TOP_MM_MAX: Final = Millimeters(1_220)
"""Highest point of a door that counts as low: reach of a seated person, EN 301 549 8.3.2.1."""

LOW_DOOR_BOTTOM_MM_MIN: Final = Millimeters(380)
"""Lowest bottom of a door that counts as low, EN 301 549 8.3.2.2."""


class ParcelSize(Value):
    """Outer measures of a packed parcel."""

    length_mm: Millimeters
    width_mm: Millimeters
    height_mm: Millimeters
    """Upright measure when ``keep_upright`` is set."""
    weight_g: Grams
    keep_upright: bool = False
    """Only turns around the vertical axis are allowed."""

    def turned(self) -> tuple[tuple[int, int, int], ...]:
        """Every allowed position as (width, height, depth) in a compartment, in mm."""
        if self.keep_upright:
            return (
                (self.width_mm, self.height_mm, self.length_mm),
                (self.length_mm, self.height_mm, self.width_mm),
            )
        sides = (self.length_mm, self.width_mm, self.height_mm)
        return tuple(sorted({(w, h, d) for w, h, d in permutations(sides)}))


class CompartmentSpec(Value):
    """What a compartment is, as built; configuration, not state."""

    id: CompartmentId
    column: int
    """Place of its column in the locker, from 0 at the left, seen from the front."""
    row: int
    """Place in its column, from 0 at the top."""
    width_mm: Millimeters
    height_mm: Millimeters
    depth_mm: Millimeters
    """Inner measures."""
    opening_width_mm: Millimeters
    opening_height_mm: Millimeters
    """What passes through the door; never more than the inner measures."""
    weight_g_max: Grams
    bottom_height_mm: Millimeters
    """Height of the compartment's floor above the ground."""

    @property
    def volume_mm3(self) -> int:
        """Inner volume."""
        return self.width_mm * self.height_mm * self.depth_mm

    @property
    def is_low(self) -> bool:
        """Whether a seated person reaches all of it."""
        top_mm = self.bottom_height_mm + self.opening_height_mm
        return self.bottom_height_mm >= LOW_DOOR_BOTTOM_MM_MIN and top_mm <= LOW_DOOR_TOP_MM_MAX

    @property
    def kind(self) -> "CompartmentKind":
        """What matters for capacity: compartments of one kind can stand for each other."""
        return CompartmentKind(
            width_mm=min(self.width_mm, self.opening_width_mm),
            height_mm=min(self.height_mm, self.opening_height_mm),
            depth_mm=self.depth_mm,
            weight_g_max=self.weight_g_max,
            is_low=self.is_low,
        )


class CompartmentKind(Value):
    """Compartments that take the same parcels and are reached by the same people."""

    width_mm: Millimeters
    height_mm: Millimeters
    depth_mm: Millimeters
    weight_g_max: Grams
    is_low: bool

    @property
    def volume_mm3(self) -> int:
        """Usable volume."""
        return self.width_mm * self.height_mm * self.depth_mm


@lru_cache(maxsize=65_536)
def goes_into(size: ParcelSize, kind: CompartmentKind) -> bool:
    """Whether a parcel passes the door, lies inside and is not too heavy."""
    return size.weight_g <= kind.weight_g_max and any(
        width <= kind.width_mm and height <= kind.height_mm and depth <= kind.depth_mm
        for width, height, depth in size.turned()
    )


def check_parcel_size(size: ParcelSize) -> None:
    """Refuse measures no parcel has.

    Raises
    ------
    Refused
        ``parcel_too_large`` or ``parcel_too_heavy``, also for measures that are not positive.
    """
    for name, side in (
        ("length_mm", size.length_mm),
        ("width_mm", size.width_mm),
        ("height_mm", size.height_mm),
    ):
        if not 1 <= side <= LENGTH_MM_MAX:
            raise Refused(
                Reason.PARCEL_TOO_LARGE, f"{name} must be 1 to {LENGTH_MM_MAX} mm, not {side}"
            )
    if not 1 <= size.weight_g <= WEIGHT_G_MAX:
        raise Refused(
            Reason.PARCEL_TOO_HEAVY,
            f"weight_g must be 1 to {WEIGHT_G_MAX} g, not {size.weight_g}",
        )


SIZE_CLASSES: Final[tuple[tuple[str, int], ...]] = (
    ("XS", 10_000_000),
    ("S", 25_000_000),
    ("M", 60_000_000),
    ("L", 120_000_000),
)
"""Upper volumes in mm3; beyond the last is XL. Between the families A/B/C of the largest network
(80, 190 and 410 x 380 x 640 mm) and smaller boxes (product research C.F)."""


def size_class(volume_mm3: int) -> str:
    """Name a volume for people: XS, S, M, L or XL."""
    for name, volume_mm3_max in SIZE_CLASSES:
        if volume_mm3 <= volume_mm3_max:
            return name
    return "XL"
