"""The drawing of this locker: where every door is, and where the person stands, as data."""

from ...core.compartment import Compartment
from ...core.door import Door
from ...core.ids import CompartmentId
from ...core.value import Value
from ..config import LockerConfig
from .place import Place, find_place

COLUMN_UNITS = 24
"""Width of a column in the drawing's own units; about to scale with :data:`HEIGHT_UNITS`."""

HEIGHT_UNITS = 100
"""Height of the tallest column in the same units, frame left out."""

SCREEN_UNITS = 22
GAP_UNITS = 2
_ROW_GAP = 1.2


class Rectangle(Value):
    """Something to draw."""

    x: float
    y: float
    width: float
    height: float


class DrawnDoor(Value):
    """One door."""

    name: CompartmentId
    place: Rectangle
    is_marked: bool
    is_open: bool
    is_out: bool


class Drawing(Value):
    """The locker seen from the front."""

    width: float
    height: float
    doors: tuple[DrawnDoor, ...]
    screen: Rectangle
    place: Place | None = None
    """Where the marked door is."""


def draw_locker(
    config: LockerConfig,
    states: dict[CompartmentId, Compartment],
    marked: CompartmentId | None,
) -> Drawing:
    """Lay the doors out as built: columns from the left, rows from the top, heights to scale."""
    columns: dict[int, list[CompartmentId]] = {}
    heights = {spec.id: max(spec.height_mm, 60) for spec in config.specs}
    for spec in sorted(config.specs, key=lambda one: (one.column, one.row)):
        columns.setdefault(spec.column, []).append(spec.id)
    tallest = max((sum(heights[n] for n in names) for names in columns.values()), default=1)
    doors: list[DrawnDoor] = []
    x = float(GAP_UNITS)
    screen_x: float | None = None
    for column, names in sorted(columns.items()):
        if screen_x is None and column >= config.screen_column:
            screen_x = x
            x += SCREEN_UNITS + GAP_UNITS
        total = sum(heights[name] for name in names)
        y = GAP_UNITS + HEIGHT_UNITS * (1 - total / tallest)
        for name in names:
            height = HEIGHT_UNITS * heights[name] / tallest
            place = Rectangle(x=x, y=round(y, 2), width=COLUMN_UNITS, height=height - _ROW_GAP)
            doors.append(_draw_door(name, place, states.get(name, Compartment()), marked))
            y += height
        x += COLUMN_UNITS + GAP_UNITS
    if screen_x is None:
        screen_x = x
        x += SCREEN_UNITS + GAP_UNITS
    screen = Rectangle(x=screen_x, y=GAP_UNITS, width=SCREEN_UNITS, height=HEIGHT_UNITS - _ROW_GAP)
    return Drawing(
        width=x,
        height=HEIGHT_UNITS + 2 * GAP_UNITS,
        doors=tuple(doors),
        screen=screen,
        place=None if marked is None else find_place(config, marked),
    )


def _draw_door(
    name: CompartmentId, place: Rectangle, state: Compartment, marked: CompartmentId | None
) -> DrawnDoor:
    return DrawnDoor(
        name=name,
        place=place,
        is_marked=name == marked,
        is_open=state.door in (Door.OPEN, Door.FORCED),
        is_out=state.out_of_service is not None,
    )
