"""A locker as ``<cabinet-drawing>`` shows it, and what to call how it stands.

Pure: shown values in, plain data for the page out. Heights come from the locker as built, so that
a gap between two compartments is drawn where it is.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from restante.core.content import Content
from restante.core.door import Door
from restante.core.value import MINUTE, Seconds, UtcSeconds
from restante.views.shown import ShownCompartment, ShownLocker, ShownSite

SILENT_SECONDS: Final = Seconds(10 * MINUTE)
"""A locker not heard for so long counts as without connection: ten missed heartbeats."""

GAP_MM_MIN: Final = 60
"""Smaller gaps are shelves and walls."""

SCREEN_MM_MIN: Final = 400
"""A gap this high holds the screen (city lockers: 640 mm)."""

SHELF_MM: Final = 20

_OPEN: Final = (Door.OPEN, Door.OPENING, Door.FORCED)
_BY_CONTENT: Final = {
    Content.FREE: "free",
    Content.ASSIGNED: "reserved",
    Content.OCCUPIED: "occupied",
    Content.RELEASING: "reserved",
    Content.UNCLEAR: "uncertain",
}


class LinkState(NamedTuple):
    """How a locker is connected, for people."""

    name: str
    """``connected``, ``silent`` or ``new``."""
    tone: str
    icon: str
    text: str


def link_state(locker: ShownLocker, now: UtcSeconds) -> LinkState:
    """Say how a locker is connected."""
    if locker.seen_at is None:
        return LinkState("new", "quiet", "wifi-off", "Never heard")
    if now - locker.seen_at > SILENT_SECONDS:
        return LinkState("silent", "bad", "wifi-off", "No connection")
    return LinkState("connected", "good", "wifi", "Connected")


def site_state(site: ShownSite, lockers: Sequence[ShownLocker], now: UtcSeconds) -> str:
    """Say in one word how a site stands: ``open``, ``closed`` or ``down``."""
    if site.is_closed:
        return "closed"
    is_down = bool(lockers) and all(link_state(one, now).name == "silent" for one in lockers)
    return "down" if is_down else "open"


def door_state(*, content: str, door: str, out_of_service: str | None) -> str:
    """Say in one word how a compartment stands; what is physically true comes first."""
    if door in _OPEN:
        return "open"
    if door == Door.UNCERTAIN or content == Content.UNCLEAR:
        return "uncertain"
    if out_of_service is not None:
        return "out_of_service"
    return _BY_CONTENT.get(Content(content), "uncertain")


def state_of(one: ShownCompartment) -> str:
    """Say in one word how a shown compartment stands."""
    return door_state(content=one.content, door=one.door, out_of_service=one.out_of_service)


def count_states(compartments: Iterable[ShownCompartment]) -> dict[str, int]:
    """Count compartments by state."""
    counts: dict[str, int] = {}
    for one in compartments:
        state = state_of(one)
        counts[state] = counts.get(state, 0) + 1
    return counts


def draw_cabinet(locker: ShownLocker, name: str) -> dict[str, Any]:
    """Lay a locker out as columns of cells from top to bottom."""
    columns: dict[int, list[ShownCompartment]] = {}
    for one in locker.compartments:
        columns.setdefault(one.spec.column, []).append(one)
    top = max((_top(one) for one in locker.compartments), default=0)
    drawn = [
        _draw_column(sorted(found, key=_top, reverse=True), top) for _, found in _sorted(columns)
    ]
    return {"id": locker.locker, "name": name, "columns": drawn}


def _sorted(
    columns: dict[int, list[ShownCompartment]],
) -> list[tuple[int, list[ShownCompartment]]]:
    return sorted(columns.items())


def _draw_column(found: Sequence[ShownCompartment], top: int) -> dict[str, Any]:
    width = max(one.spec.width_mm for one in found)
    cells: list[dict[str, Any]] = []
    above = top + SHELF_MM
    for one in found:
        gap = above - _top(one) - 2 * SHELF_MM
        if gap >= GAP_MM_MIN:
            kind = "screen" if gap >= SCREEN_MM_MIN else "blank"
            cells.append({"kind": kind, "height_mm": gap})
        cells.append(_draw_cell(one, width))
        above = one.spec.bottom_height_mm
    return {"width_mm": width, "cells": cells}


def _draw_cell(one: ShownCompartment, width: int) -> dict[str, Any]:
    return {
        "id": one.spec.id,
        "number": one.spec.id,
        "height_mm": one.spec.height_mm,
        "width_mm": width,
        "depth_mm": one.spec.depth_mm,
        "state": state_of(one),
    }


def _top(one: ShownCompartment) -> int:
    return one.spec.bottom_height_mm + one.spec.height_mm
