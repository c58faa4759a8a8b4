"""The vehicle routing problem with delivery options, in the format of Dumez et al. and Tilk et al.

What the published readme leaves open was settled by computing all published solutions again:
preparation at a location is paid before it opens, serving starts at the latest when it closes,
capacity of a location counts parcels over all routes, at least 80 % are served at the first
preference and 90 % at the first two. The objective is the number of vehicles, then the distance.

Tilk et al. measure in whole tenths: distances are rounded up, and so are all times.

References
----------
Dumez et al., A large neighborhood search approach to the vehicle routing problem with delivery
options, Transportation Research Part B 144 (2021).
Tilk et al., The last-mile vehicle routing problem with delivery options, OR Spectrum 43 (2021).
"""

import re

import numpy as np

from ..problem import Kind, Option, Parcel, Place, PlaceId, ServiceLevel
from .instance import BadInstance, Instance, euclidean, make_instance, vehicles_alike

SHARES = (0.8, 0.9)
"""Least shares at the first preference, and at the first two."""

_SECTIONS = {"VEHICLE": 7, "CUSTOMER": 2, "LOCATION": 8, "OPTION": 5}
"""Sections and how many numbers a row has at least."""

_IN_TENTHS = re.compile(r"[A-Z]+_\d+(small|medium|large)_\d+$")

_KINDS = {0: Kind.DEPOT, 1: Kind.LOCKER, 2: Kind.HOME}


def read_vrpdo(text: str, name: str = "") -> Instance:
    """Read an instance; its name, or that on its first line, says whose it is.

    Names of Tilk et al. tell the width of windows, ``U_25small_1``; not all their files do inside.
    """
    written, tables = _tables(text)
    name = name or written
    tenths = _IN_TENTHS.match(name) is not None
    unit = 10.0 if tenths else 1.0
    head = tables["VEHICLE"][0]
    locations = tables["LOCATION"]
    places = tuple(_place(row, unit) for row in locations)
    distances = euclidean([(row[1], row[2]) for row in locations])
    if tenths:
        distances = np.ceil(10 * distances)
    first = min(row[3] for row in tables["OPTION"])
    parcels = tuple(
        Parcel(
            id=f"parcel {int(number)}",
            volume_cm3=int(demand),
            options=tuple(
                Option(
                    place=places[int(row[1])].id,
                    service_s=row[4] * unit,
                    level=int(row[3] - first),
                )
                for row in tables["OPTION"]
                if row[2] == number
            ),
        )
        for number, demand in tables["CUSTOMER"]
    )
    longest = float(distances.max()) * 2 * len(parcels)
    return make_instance(
        name,
        distances=distances,
        scale=1.0,
        places=places,
        parcels=parcels,
        vehicles=vehicles_alike(
            int(head[0]),
            depot=places[0].id,
            volume=int(head[1]),
            until=locations[0][5] * unit,
            cost_fixed=longest,
        ),
        service_levels=tuple(
            ServiceLevel(level=level, share=share) for level, share in enumerate(SHARES)
        ),
    )


def _place(row: list[float], unit: float) -> Place:
    capacity = int(row[3])
    return Place(
        id=PlaceId(f"location {int(row[0])}"),
        kind=_KINDS.get(int(row[6]), Kind.HOME),
        opens_at=row[4] * unit,
        closes_at=row[5] * unit,
        preparation_s=row[7] * unit,
        parcels_max=None if capacity < 0 else capacity,
    )


def _tables(text: str) -> tuple[str, dict[str, list[list[float]]]]:
    lines = [line.split() for line in text.splitlines()]
    lines = [words for words in lines if words]
    if not lines:
        raise BadInstance("the file is empty")
    tables: dict[str, list[list[float]]] = {section: [] for section in _SECTIONS}
    section = ""
    for number, words in enumerate(lines[1:], start=2):
        if words[0] in _SECTIONS:
            section = words[0]
            continue
        try:
            row = [float(word) for word in words]
        except ValueError:
            raise BadInstance(f"line {number}: {' '.join(words)!r} is no row of numbers") from None
        if len(row) < _SECTIONS.get(section, 1) or not section:
            raise BadInstance(f"line {number}: too few numbers for section {section or '?'}")
        tables[section].append(row)
    for section, rows in tables.items():
        if not rows:
            raise BadInstance(f"section {section} is missing")
    return " ".join(lines[0]).removesuffix(".txt"), tables
