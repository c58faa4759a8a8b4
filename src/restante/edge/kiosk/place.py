"""Where a door is, in words: for whoever cannot see the drawing."""

from collections.abc import Callable
from typing import Final

from ...core.ids import CompartmentId
from ...core.value import Value
from ..config import LockerConfig

HEIGHTS_MM: Final = (
    (350, "floor"),
    (700, "knee"),
    (1_100, "hip"),
    (1_400, "chest"),
    (1_700, "eye"),
)
"""Middle of a door below which height; of somebody 1.7 m tall (chosen)."""
ROWS_NAMED: Final = 10


class Place(Value):
    """Where a door is, counted as people do."""

    column: int
    """From 1, from the left."""
    row: int
    """From 1, from the top of the column."""
    height: str
    """One of the names in :data:`HEIGHTS_MM`, or ``above``."""
    is_left: bool
    """Of the screen."""


def find_place(config: LockerConfig, compartment: CompartmentId) -> Place:
    """Find where a door is.

    Raises
    ------
    LookupError
        When there is no such door.
    """
    spec = config.spec(compartment)
    columns = sorted({one.column for one in config.specs})
    rows = sorted(one.row for one in config.specs if one.column == spec.column)
    middle_mm = spec.bottom_height_mm + spec.opening_height_mm / 2
    height = next((name for limit, name in HEIGHTS_MM if middle_mm < limit), "above")
    return Place(
        column=columns.index(spec.column) + 1,
        row=rows.index(spec.row) + 1,
        height=height,
        is_left=spec.column < config.screen_column,
    )


def say_place(place: Place, say: Callable[..., str]) -> str:
    """Say it: "Column 2, third door from the top, at hip height, to the right of this screen"."""
    named = place.row <= ROWS_NAMED
    row = say(f"place.row_{place.row}") if named else say("place.row", {"n": place.row})
    height = say(f"place.{place.height}")
    side = say("place.left" if place.is_left else "place.right")
    values = {"column": place.column, "row": row, "height": height, "side": side}
    return say("place.words", values)
