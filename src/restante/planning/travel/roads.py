"""Travel on a graph of roads: the quickest way from every point to every other one.

A point joins the graph at its nearest crossing; the way there is driven slowly. Ways are found by
Dijkstra's algorithm on durations, and their distances added up along the same way.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from .straight import EARTH_RADIUS_M
from .table import Found, NoTravel, Point

ACCESS_KMH: Final = 15.0
"""From a door to the nearest crossing and back: yards, parking (chosen)."""

ACCESS_M_MAX: Final = 1_000.0
"""A place farther from every crossing is in another region than the roads (chosen)."""


class Street(NamedTuple):
    """A stretch of road between two crossings."""

    start: int
    end: int
    length_m: float
    road: str
    """Class of the road, which says its speed."""
    is_one_way: bool = False
    """Driven from start to end only."""


class Roads:
    """A graph of roads.

    Parameters
    ----------
    crossings
        Where streets meet.
    speeds_kmh
        Speed by class of road.

    Raises
    ------
    NoTravel
        When a street has no speed, no length, or leads to no crossing.
    """

    def __init__(
        self,
        crossings: Sequence[Point],
        streets: Sequence[Street],
        speeds_kmh: Mapping[str, float],
    ) -> None:
        count = len(crossings)
        for i, street in enumerate(streets):
            if not (0 <= street.start < count and 0 <= street.end < count):
                raise NoTravel(f"street {i} leads to a crossing that is not there: {count} are")
            if not speeds_kmh.get(street.road, 0.0) > 0:
                raise NoTravel(f"street {i} is a {street.road!r}: give that class a speed")
            if not (street.length_m >= 0 and np.isfinite(street.length_m)):
                raise NoTravel(f"street {i} is {street.length_m} m long: give 0 or more")
        if not streets:
            raise NoTravel("there is no street: give at least one")
        self._crossings = np.radians(np.array(crossings, dtype=float).reshape(-1, 2))
        self._lengths, self._durations = _graphs(count, streets, speeds_kmh)
        used = sorted({i for street in streets for i in (street.start, street.end)})
        self._used = np.array(used)
        self._tree = cKDTree(self._plane(self._crossings[self._used]))

    def _plane(self, radians: NDArray[np.float64]) -> NDArray[np.float64]:
        """Flatten the globe around the roads, which is exact enough to find the nearest one."""
        middle = np.cos(self._crossings[:, 0].mean())
        return np.stack(
            [EARTH_RADIUS_M * radians[:, 0], EARTH_RADIUS_M * middle * radians[:, 1]], axis=1
        )

    def find(self, points: Sequence[Point], names: Sequence[str]) -> Found:
        """Find the quickest ways between all points; a hole is where there is none.

        Raises
        ------
        NoTravel
            When a point is far from every road.
        """
        access_m, nearest = self._tree.query(
            self._plane(np.radians(np.array(points, dtype=float).reshape(-1, 2)))
        )
        for name, metres in zip(names, access_m, strict=True):
            if metres > ACCESS_M_MAX:
                raise NoTravel(
                    f"place {name!r} is {metres / 1000:.1f} km from the nearest road: check its"
                    " coordinates, or give roads of its region"
                )
        joins, row = np.unique(self._used[nearest], return_inverse=True)
        seconds, before = dijkstra(
            self._durations, directed=True, indices=joins, return_predecessors=True
        )
        metres = self._along(joins, before)
        at = np.ix_(row, joins[row])
        found_s, found_m = seconds[at], metres[at]
        there = access_m[:, None] + access_m[None, :]
        found_m = found_m + there
        found_s = found_s + there * 3.6 / ACCESS_KMH
        unreachable = ~np.isfinite(found_s)
        found_s[unreachable] = found_m[unreachable] = np.nan
        return Found(found_m, found_s, np.zeros(found_m.shape, dtype=bool))

    def _along(self, joins: NDArray[np.int64], before: NDArray[np.int32]) -> NDArray[np.float64]:
        """Add up lengths along the ways found, twice as many streets every round."""
        sources, count = before.shape
        rows = np.arange(sources)[:, None]
        columns = np.broadcast_to(np.arange(count), before.shape)
        home = np.broadcast_to(joins[:, None], before.shape)
        at = np.where(before >= 0, before, home)
        sums = np.zeros(before.shape)
        is_leg = before >= 0
        sums[is_leg] = np.asarray(self._lengths[at[is_leg], columns[is_leg]]).ravel()
        while (at != home).any():
            sums = sums + sums[rows, at]
            at = at[rows, at]
        return sums


def _graphs(
    count: int, streets: Sequence[Street], speeds_kmh: Mapping[str, float]
) -> tuple[csr_array, csr_array]:
    quickest: dict[tuple[int, int], tuple[float, float]] = {}
    for street in streets:
        # A length of 0 would be no street to the search.
        metres = max(street.length_m, 1e-3)
        seconds = metres * 3.6 / speeds_kmh[street.road]
        ways = [(street.start, street.end)]
        if not street.is_one_way:
            ways.append((street.end, street.start))
        for way in ways:
            if way not in quickest or seconds < quickest[way][0]:
                quickest[way] = seconds, metres
    ends = np.array(list(quickest), dtype=np.int64).reshape(-1, 2)
    both = np.array(list(quickest.values()), dtype=float).reshape(-1, 2)
    shape = (count, count)
    lengths = csr_array((both[:, 1], (ends[:, 0], ends[:, 1])), shape=shape)
    return lengths, csr_array((both[:, 0], (ends[:, 0], ends[:, 1])), shape=shape)
