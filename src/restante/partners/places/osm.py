"""Extracts of OpenStreetMap: shops and stops as candidate sites, dwellings as demand cells.

O1. Candidates are places where a locker could stand: supermarkets, petrol stations, post partners,
    stations, car parks. Parcel lockers that are there already are read as existing.
O2. Demand is guessed from buildings: dwellings of each, from ``building:flats`` where it is
    mapped, else from what the building is and how many levels it has. Summed in cells of about
    :data:`CELL_DEGREES`. It is a proxy for people and says so in its name.
O3. OpenStreetMap's data is under the ODbL: what is published from it names its contributors, and it
    is kept apart from an operator's own data.

Needs osmium: ``restante[insight]``.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from .candidates import Candidates, CandidateStatus
from .demand import DemandCells

ATTRIBUTION: Final = "© OpenStreetMap contributors, ODbL 1.0"

HOSTS: Final[Mapping[str, frozenset[str]]] = {
    "shop": frozenset({"supermarket", "convenience", "mall", "kiosk", "doityourself"}),
    "amenity": frozenset({"fuel", "post_office", "parking", "library", "townhall", "bus_station"}),
    "railway": frozenset({"station", "halt"}),
    "public_transport": frozenset({"station"}),
}
"""Values of tags that make a place a candidate."""

DWELLINGS: Final[Mapping[str, float]] = {
    "apartments": 4.0,
    "residential": 3.0,
    "dormitory": 8.0,
    "terrace": 1.0,
    "house": 1.0,
    "detached": 1.0,
    "semidetached_house": 1.0,
    "bungalow": 1.0,
}
"""Dwellings for each level, or in all for houses. Assumed: calibrate against a census."""

_BY_LEVEL: Final = frozenset({"apartments", "residential", "dormitory"})
CELL_DEGREES: Final = 0.002
"""About 220 m from north to south."""


class BadExtract(Exception):
    """An extract cannot be read; the message says what to do."""


class Extract(NamedTuple):
    """What an extract holds."""

    candidates: Candidates
    dwellings: DemandCells
    """``demand`` is dwellings, guessed."""
    attribution: str = ATTRIBUTION


class _Place(NamedTuple):
    latitude: float
    longitude: float


def read_extract(path: Path) -> Extract:
    """Read an extract (``.osm``, ``.osm.pbf``, ``.osm.bz2``).

    Raises
    ------
    BadExtract
        When it is none, or osmium is not installed.
    """
    try:
        import osmium  # noqa: PLC0415 - optional
    except ImportError as error:
        raise BadExtract("OpenStreetMap extracts need osmium: install restante[insight]") from error
    found: list[tuple[str, _Place, Mapping[str, str]]] = []
    cells: dict[tuple[int, int], float] = {}
    keys = osmium.filter.KeyFilter(*HOSTS, "building")
    try:
        objects = osmium.FileProcessor(str(path)).with_locations().with_filter(keys)
        for one in objects:
            tags = dict(one.tags)
            place = _place_of(one)
            if place is None:
                continue
            if _is_candidate(tags):
                found.append((f"{one.type_str()}{one.id}", place, tags))
            if count := dwellings_of(tags):
                cell = (
                    math.floor(place.latitude / CELL_DEGREES),
                    math.floor(place.longitude / CELL_DEGREES),
                )
                cells[cell] = cells.get(cell, 0.0) + count
    except (RuntimeError, OSError) as error:
        raise BadExtract(f"{path}: not an extract of OpenStreetMap ({error})") from error
    return Extract(_candidates(found), _cells(cells))


def _place_of(one: Any) -> _Place | None:
    """Tell where a node or way is: a way stands at the middle of its points."""
    if one.is_node():
        return _Place(one.location.lat, one.location.lon)
    if not one.is_way():
        return None
    points = list(_points(one))
    if not points:
        return None
    count = len(points)
    return _Place(sum(p[0] for p in points) / count, sum(p[1] for p in points) / count)


def _points(way: Any) -> Iterator[tuple[float, float]]:
    nodes = list(way.nodes)
    # A ring names its first point twice.
    for node in nodes[:-1] if len(nodes) > 1 and nodes[0].ref == nodes[-1].ref else nodes:
        if node.location.valid():
            yield node.location.lat, node.location.lon


def _is_candidate(tags: Mapping[str, str]) -> bool:
    if tags.get("amenity") == "parcel_locker":
        return True
    return any(tags.get(key) in values for key, values in HOSTS.items())


def dwellings_of(tags: Mapping[str, str]) -> float:
    """Guess the dwellings of a building from its tags; 0 for what nobody lives in (O2)."""
    kind = tags.get("building", "")
    if kind not in DWELLINGS:
        return 0.0
    flats = _number(tags.get("building:flats", ""))
    if flats is not None:
        return flats
    levels = _number(tags.get("building:levels", "")) or (3.0 if kind in _BY_LEVEL else 1.0)
    return DWELLINGS[kind] * (levels if kind in _BY_LEVEL else 1.0)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < 1_000 else None


def _candidates(found: list[tuple[str, _Place, Mapping[str, str]]]) -> Candidates:
    count = len(found)
    return Candidates(
        ids=tuple(id_ for id_, _, _ in found),
        lat=np.array([place.latitude for _, place, _ in found], dtype=np.float64),
        lon=np.array([place.longitude for _, place, _ in found], dtype=np.float64),
        fixed_cost=np.zeros(count),
        capacity=np.full(count, np.nan),
        is_accessible=np.array([tags.get("wheelchair") == "yes" for _, _, tags in found], bool),
        hosts=tuple(_host_of(tags) for _, _, tags in found),
        statuses=tuple(
            CandidateStatus.EXISTING
            if tags.get("amenity") == "parcel_locker"
            else CandidateStatus.CANDIDATE
            for _, _, tags in found
        ),
        row_count=count,
    )


def _host_of(tags: Mapping[str, str]) -> str:
    named = tags.get("brand") or tags.get("operator") or tags.get("name")
    return named or next((tags[key] for key in HOSTS if key in tags), "")


def _cells(cells: Mapping[tuple[int, int], float]) -> DemandCells:
    keys = sorted(cells)
    middle = np.array(keys, dtype=np.float64).reshape(-1, 2) + 0.5
    return DemandCells(
        ids=tuple(f"osm{row}_{column}" for row, column in keys),
        lat=middle[:, 0] * CELL_DEGREES,
        lon=middle[:, 1] * CELL_DEGREES,
        demand=np.array([cells[key] for key in keys], dtype=np.float64),
        areas=("",) * len(keys),
        row_count=len(keys),
    )
