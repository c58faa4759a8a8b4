"""How lockers are built: columns of compartments in real millimeters.

Two families of doors as they stand in streets today: 80, 190 and 410 by 380 by 640 mm, and
200, 400 and 800 by 400 by 600 mm (product research, constants for the simulator).
"""

import random
from enum import StrEnum
from typing import Final

from ..core.ids import CompartmentId
from ..core.size import CompartmentSpec
from ..core.value import Grams, Millimeters, Value

CABINET_HEIGHT_MM_MAX: Final = 2_100
PLINTH_MM: Final = 80
SHELF_MM: Final = 20
"""Between two compartments."""
WALL_MM: Final = 40
"""Both walls of a column together."""
FRAME_MM: Final = 8
"""What the door frame takes from the opening, each way."""
SCREEN_ZONE_MM: Final = 640
"""Height of the screen, scanner and keypad."""
OLDER_SHARE: Final = 0.1
"""Columns of the second family."""
COMPARTMENTS_MIN: Final = 30
COMPARTMENTS_MAX: Final = 110

_WEIGHT_STEPS: Final = ((900, 25_000), (1_400, 20_000), (10_000, 12_000))
"""Bottom of a compartment in mm, and what may be lifted in above it (chosen after common limits
of 20 to 25 kg; lifting above the shoulder is held to 12 kg)."""


class ColumnKind(StrEnum):
    """How a column is divided, from the top."""

    SCREEN = "screen"
    MIXED = "mixed"
    MEDIUM = "medium"
    SMALL = "small"
    LARGE = "large"
    WIDE = "wide"


_A, _B, _C, _SCREEN = 80, 190, 410, 0
_HEIGHTS: Final[dict[ColumnKind, tuple[int, ...]]] = {
    ColumnKind.SCREEN: (_B, _SCREEN, _A, _A, _B, _B, _C),
    ColumnKind.MIXED: (_B, _B, _A, _A, _A, _A, _A, _B, _C, _C),
    ColumnKind.MEDIUM: (_B, _B, _B, _B, _A, _B, _B, _B, _B, _B),
    ColumnKind.SMALL: (_B, _A, _A, _A, _A, _A, _A, _A, _A, _A, _B, _B, _C),
    ColumnKind.LARGE: (_B, _C, _C, _C, _C),
    ColumnKind.WIDE: (200, 200, 400, 200, 800),
}
_WIDTH_DEPTH: Final = {ColumnKind.WIDE: (400, 600)}
_WIDTH_DEPTH_USUAL: Final = (380, 640)


class LockerColumn(Value):
    """One tower of a locker, for drawing it.

    Attributes
    ----------
    width_mm, height_mm
        Outer measures, plinth included.
    screen_bottom_mm, screen_height_mm
        Where the screen zone is above the ground; zero where there is none.
    """

    kind: ColumnKind
    width_mm: Millimeters
    height_mm: Millimeters
    screen_bottom_mm: Millimeters = Millimeters(0)
    screen_height_mm: Millimeters = Millimeters(0)


class LockerLayout(Value):
    """A locker as built: its columns from the left, and every compartment in them."""

    columns: tuple[LockerColumn, ...]
    compartments: tuple[CompartmentSpec, ...]


def make_layout(dice: random.Random, size: int) -> LockerLayout:
    """Choose columns until a locker has about a number of compartments.

    Parameters
    ----------
    size
        Wanted number, :data:`COMPARTMENTS_MIN` to :data:`COMPARTMENTS_MAX`; the result may have a
        few more or less, never outside these limits.
    """
    kinds = [ColumnKind.SCREEN, ColumnKind.MIXED]
    usual = (ColumnKind.MIXED, ColumnKind.MEDIUM, ColumnKind.SMALL, ColumnKind.LARGE)
    count = sum(_door_count(kind) for kind in kinds)
    while count < size:
        is_older = dice.random() < OLDER_SHARE
        kind = ColumnKind.WIDE if is_older else dice.choices(usual, (5, 3, 2, 2))[0]
        if count + _door_count(kind) > COMPARTMENTS_MAX:
            kind = ColumnKind.LARGE
        if count + _door_count(kind) > COMPARTMENTS_MAX:
            break
        kinds.append(kind)
        count += _door_count(kind)
    kinds.remove(ColumnKind.SCREEN)
    dice.shuffle(kinds)
    kinds.insert(len(kinds) // 2, ColumnKind.SCREEN)
    return build_layout(tuple(kinds))


def build_layout(kinds: tuple[ColumnKind, ...]) -> LockerLayout:
    """Stack the compartments of given columns, from the left."""
    columns: list[LockerColumn] = []
    compartments: list[CompartmentSpec] = []
    for column, kind in enumerate(kinds):
        built, doors = _build_column(column, kind)
        columns.append(built)
        compartments.extend(doors)
    return LockerLayout(columns=tuple(columns), compartments=tuple(compartments))


def _build_column(column: int, kind: ColumnKind) -> tuple[LockerColumn, list[CompartmentSpec]]:
    width_mm, depth_mm = _WIDTH_DEPTH.get(kind, _WIDTH_DEPTH_USUAL)
    zones = [height or SCREEN_ZONE_MM for height in _HEIGHTS[kind]]
    total_mm = PLINTH_MM + sum(zones) + SHELF_MM * (len(zones) + 1)
    top_mm, row, screen_bottom_mm = total_mm - SHELF_MM, 0, 0
    doors: list[CompartmentSpec] = []
    for height_mm, zone_mm in zip(_HEIGHTS[kind], zones, strict=True):
        bottom_mm = top_mm - zone_mm
        top_mm = bottom_mm - SHELF_MM
        if height_mm == _SCREEN:
            screen_bottom_mm = bottom_mm
            continue
        doors.append(
            CompartmentSpec(
                id=CompartmentId(f"{chr(ord('A') + column)}{row + 1}"),
                column=column,
                row=row,
                width_mm=Millimeters(width_mm),
                height_mm=Millimeters(height_mm),
                depth_mm=Millimeters(depth_mm),
                opening_width_mm=Millimeters(width_mm - FRAME_MM),
                opening_height_mm=Millimeters(height_mm - FRAME_MM),
                weight_g_max=_weight_g_max(bottom_mm),
                bottom_height_mm=Millimeters(bottom_mm),
            )
        )
        row += 1
    built = LockerColumn(
        kind=kind,
        width_mm=Millimeters(width_mm + WALL_MM),
        height_mm=Millimeters(total_mm),
        screen_bottom_mm=Millimeters(screen_bottom_mm),
        screen_height_mm=Millimeters(SCREEN_ZONE_MM if kind is ColumnKind.SCREEN else 0),
    )
    return built, doors


def _weight_g_max(bottom_mm: int) -> Grams:
    return Grams(next(weight for below_mm, weight in _WEIGHT_STEPS if bottom_mm < below_mm))


def _door_count(kind: ColumnKind) -> int:
    return sum(1 for height in _HEIGHTS[kind] if height)
