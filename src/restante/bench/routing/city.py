"""A generated city: homes with windows, lockers with few compartments, counters, one depot.

Most parcels may go to one of several places, and of compartments there are fewer than half as many
as parcels. Draws are made in one order for ever: figures of years can be compared.
"""

import math
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...planning.routing.problem import (
    Capacity,
    Kind,
    Matrix,
    Option,
    Parcel,
    Place,
    PlaceId,
    Problem,
    ServiceLevel,
    Vehicle,
    VehicleId,
)

SIZES: Final = ("small", "medium", "large")
UNIT_CM3: Final = 1_000
VOLUMES: Final = (1 * UNIT_CM3, 2 * UNIT_CM3, 4 * UNIT_CM3)
"""Of a parcel of each size."""

VAN_CM3: Final = 120 * UNIT_CM3
SHIFT_S: Final = 8 * 3600.0
COST_FIXED: Final = 20_000.0
COST_PER_KM: Final = 1_000.0
DETOUR: Final = 1.35
METRES_PER_MINUTE: Final = 25_000 / 60

_TIGHT: Final = 0.42
"""Compartments, and room behind counters, for each parcel."""


class _Ground(NamedTuple):
    points: list[Any]
    places: list[Place]
    offered: list[int]
    """Numbers of lockers, then of counters."""
    lockers: int


def make_city(parcels: int, seed: int) -> Problem:
    """Make a city of so many parcels, the same for a seed."""
    rng = np.random.default_rng(seed)
    side = math.sqrt(parcels / 8.0) * 1000 if parcels > 400 else 5000.0
    centres = rng.uniform(0, side, (max(4, parcels // 40), 2))
    ground = _lay_ground(rng, parcels, side, centres)
    drawn = [_draw_parcel(rng, i, parcels, side, centres, ground) for i in range(parcels)]
    _furnish(rng, parcels, ground)
    xy = np.array(ground.points)
    metres = np.rint(np.sqrt(((xy[:, None] - xy[None]) ** 2).sum(-1)) * DETOUR)
    minutes = np.ceil(metres / METRES_PER_MINUTE * 1000) / 1000
    return Problem(
        name=f"city {parcels} {seed}",
        places=tuple(ground.places),
        vehicles=tuple(_vehicle(i) for i in range(math.ceil(parcels / 35) + 2)),
        parcels=tuple(drawn),
        distances_m=Matrix(metres),
        durations_s=Matrix(np.round(60 * minutes, 2)),
        sizes=SIZES,
        service_levels=(ServiceLevel(level=0, share=0.75), ServiceLevel(level=1, share=0.92)),
    )


def _lay_ground(
    rng: np.random.Generator, parcels: int, side: float, centres: NDArray[np.float64]
) -> _Ground:
    ground = _Ground([], [], [], max(4, parcels // 20))
    ground.points.append((-2000.0, side * 0.3))
    ground.places.append(Place(id=PlaceId("depot"), kind=Kind.DEPOT, closes_at=SHIFT_S))
    for i in range(ground.lockers):
        ground.offered.append(len(ground.places))
        ground.points.append(centres[i % len(centres)] + rng.normal(0, side * 0.08, 2))
        ground.places.append(
            Place(id=PlaceId(f"locker {i}"), kind=Kind.LOCKER, closes_at=SHIFT_S,
                  preparation_s=180.0, parcel_s=30.0)
        )  # fmt: skip
    for i in range(max(2, parcels // 60)):
        ground.offered.append(len(ground.places))
        ground.points.append(centres[rng.integers(len(centres))] + rng.normal(0, side * 0.08, 2))
        ground.places.append(
            Place(id=PlaceId(f"counter {i}"), kind=Kind.COUNTER, opens_at=3600.0,
                  closes_at=SHIFT_S, preparation_s=180.0, parcel_s=18.0)
        )  # fmt: skip
    return ground


def _draw_parcel(
    rng: np.random.Generator,
    number: int,
    parcels: int,
    side: float,
    centres: NDArray[np.float64],
    ground: _Ground,
) -> Parcel:
    only_elsewhere = 0.20 if parcels < 500 else 0.06
    less = (0.2 - only_elsewhere) / 2
    here = centres[rng.integers(len(centres))] + rng.normal(0, side * 0.09, 2)
    size = int(rng.choice([0, 1, 2], p=[0.6, 0.3, 0.1]))
    away = ((np.array([ground.points[i] for i in ground.offered]) - here) ** 2).sum(1)
    near = [ground.offered[i] for i in np.argsort(away)[:4]]
    kind = int(rng.choice(4, p=[0.25 + less, 0.25 + less, 0.30, only_elsewhere]))
    # Numbers of places; none stands for the recipient's door.
    wanted: list[tuple[int, int]] = [] if kind == 3 else [(0, -1)]
    wanted += [(1, i) for i in ([], near[:1], near[:3], near[:2])[kind]]
    rng.shuffle(wanted)
    if kind != 3 and rng.random() < 0.45:
        wanted.sort(key=lambda one: one[0])
    options = []
    for level, (is_elsewhere, place) in enumerate(wanted):
        if is_elsewhere:
            options.append(Option(place=ground.places[place].id, level=min(level, 2)))
            continue
        width = int(rng.choice([120, 180, 240]))
        opens = 30 * int(rng.integers(0, (480 - width) // 30 + 1))
        ground.points.append(here)
        ground.places.append(
            Place(id=PlaceId(f"home {number}"), kind=Kind.HOME, opens_at=60.0 * opens,
                  closes_at=60.0 * min(480, opens + width), preparation_s=90.0, parcel_s=150.0)
        )  # fmt: skip
        options.append(Option(place=ground.places[-1].id, level=min(level, 2)))
    return Parcel(
        id=f"parcel {number}", options=tuple(options), size=SIZES[size], volume_cm3=VOLUMES[size]
    )


def _furnish(rng: np.random.Generator, parcels: int, ground: _Ground) -> None:
    """Say how many compartments are free, and how many parcels counters take."""
    from msgspec.structs import replace

    lockers, counters = ground.offered[: ground.lockers], ground.offered[ground.lockers :]
    for i in lockers:
        share = _TIGHT * parcels / len(lockers) * rng.uniform(0.6, 1.4)
        free = [0, 0, 0]
        for _ in range(max(3, round(share))):
            free[int(rng.choice(3, p=[0.5, 0.35, 0.15]))] += 1
        ground.places[i] = replace(ground.places[i], free=dict(zip(SIZES, free, strict=True)))
    for i in counters:
        most = max(3, int(_TIGHT * parcels / len(lockers)))
        ground.places[i] = replace(ground.places[i], parcels_max=most)


def _vehicle(number: int) -> Vehicle:
    return Vehicle(
        id=VehicleId(f"van {number + 1}"),
        start_place=PlaceId("depot"),
        capacity=Capacity(volume_cm3=VAN_CM3),
        shift_ends_at=SHIFT_S,
        cost_fixed=COST_FIXED,
        cost_per_km=COST_PER_KM,
        co2e_g_per_km=200.0,
    )
