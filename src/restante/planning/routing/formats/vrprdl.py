"""The vehicle routing problem with roaming delivery locations: a car's boot, wherever it stands.

A recipient's options are windows at places that follow one another over the day; parcels are
brought to one of them. Travel times are those of the file's table, and the objective is their sum.

References
----------
Reyes, Savelsbergh & Toriello, Vehicle routing with roaming delivery locations, Transportation
Research Part C 80 (2017).
"""

import re

import numpy as np

from ..problem import Kind, Option, Parcel, Place, PlaceId
from .instance import BadInstance, Instance, make_instance, vehicles_alike

_OPTION = re.compile(r"(\d+)\s*\[\s*(\d+)\s*,\s*(\d+)\s*\]")
_LEG = re.compile(r"\(\s*(\d+)\s*,\s*(\d+)\s*\)\s+(\S+)")


def read_vrprdl(text: str, name: str = "") -> Instance:
    """Read an instance."""
    head: list[int] = []
    schedules: list[tuple[str, int, list[tuple[str, str, str]]]] = []
    legs: list[tuple[int, int, float]] = []
    for line in text.splitlines():
        words = line.split()
        if leg := _LEG.match(line.strip()):
            legs.append((int(leg[1]), int(leg[2]), float(leg[3])))
        elif options := _OPTION.findall(line):
            schedules.append((words[0], int(words[1]), options))
        elif len(words) == 4 and not head and all(word.isdigit() for word in words):
            head = [int(word) for word in words]
    if not head or not schedules or not legs:
        raise BadInstance("it has no general parameters, no schedules or no travel times")
    travel = _table(legs)
    _, _, until, capacity = head
    places = tuple(
        Place(id=_place_id(i), kind=Kind.HOME if i else Kind.DEPOT) for i in range(len(travel))
    )
    # The first and the last schedule are the depot's, at the day's beginning and at its end.
    parcels = tuple(
        Parcel(
            id=f"parcel {number}",
            volume_cm3=demand,
            options=tuple(
                Option(place=_place_id(int(at)), opens_at=float(since), closes_at=float(to))
                for at, since, to in options
            ),
        )
        for number, demand, options in schedules[1:-1]
    )
    return make_instance(
        name,
        distances=travel,
        scale=1.0,
        places=places,
        parcels=parcels,
        vehicles=vehicles_alike(
            len(parcels), depot=_place_id(0), volume=capacity, until=float(until), cost_fixed=0.0
        ),
    )


def _place_id(number: int) -> PlaceId:
    return PlaceId(f"location {number}")


def _table(
    legs: list[tuple[int, int, float]],
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    count = 1 + max(max(i, j) for i, j, _ in legs)
    travel = np.full((count, count), np.nan)
    for i, j, seconds in legs:
        travel[i, j] = seconds
    holes = np.argwhere(np.isnan(travel))
    if len(holes):
        raise BadInstance(f"no travel time from {holes[0][0]} to {holes[0][1]}")
    np.fill_diagonal(travel, 0.0)
    return travel
