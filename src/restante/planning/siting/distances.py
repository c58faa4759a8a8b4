"""How far cells are from candidates: nearest ones, those within reach, or chosen ones in full.

A search looks at lists: for each cell some candidates, the nearest first, and how far the first one
is that is not listed. Whatever it finds is judged again on the full distances to chosen sites.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from ..entry import BadProblem
from .problem import Candidate, Cell, Full, Listed, Network, Problem, Straight

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth. IUGG."""

PAIRS_MAX: Final = 60_000_000
"""Pairs of cells and candidates in a network, of which all distances are held at once (chosen)."""

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


class Lists(NamedTuple):
    """For each cell candidates in order of distance."""

    start: NDArray[np.int64]
    """Where the list of each cell begins; one more than there are cells."""
    site: NDArray[np.int32]
    meters: Floats
    beyond: Floats
    """No candidate that is not listed is nearer than this."""


class Measured(Protocol):
    """Distances of a problem."""

    def nearest(self, count: int) -> Lists:
        """List so many nearest candidates of each cell."""

    def within(self, meters: float) -> Lists:
        """List all candidates that are nearer than a reach."""

    def to(self, sites: Numbers) -> Floats:
        """Tell how far each cell is from each of some sites."""


def measure(problem: Problem) -> Measured:
    """Make ready to tell the distances of a problem."""
    match problem.distances:
        case Straight(detour=detour):
            return _Straight(points(problem.cells), points(problem.candidates), detour)
        case Full(meters=grid):
            return _Table(grid.values)
        case Listed():
            return _Table(_spread(problem, problem.distances))
        case Network():
            return _Table(_walk(problem, problem.distances))


def points(items: Sequence[Cell | Candidate]) -> Floats:
    """Put positions onto a sphere of the Earth's size: metres from its middle."""
    degrees = np.array([(one.latitude, one.longitude) for one in items], dtype=np.float64)
    latitude, longitude = np.radians(degrees).T
    across = np.cos(latitude)
    return EARTH_RADIUS_M * np.column_stack(
        (across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude))
    )


def arcs_of(chords: Floats) -> Floats:
    """Turn straight lines through the Earth into ways along its surface."""
    half = np.minimum(chords / (2 * EARTH_RADIUS_M), 1.0)
    return 2 * EARTH_RADIUS_M * np.arcsin(half)


def chord_of(arc_m: float) -> float:
    """Turn a way along the surface into a straight line through the Earth."""
    return float(2 * EARTH_RADIUS_M * np.sin(min(arc_m / (2 * EARTH_RADIUS_M), np.pi / 2)))


class _Straight:
    def __init__(self, cells: Floats, candidates: Floats, detour: float) -> None:
        self._cells, self._candidates, self._detour = cells, candidates, detour
        self._tree = cKDTree(candidates)

    def nearest(self, count: int) -> Lists:
        total = len(self._candidates)
        asked = min(count + 1, total)
        chords, site = self._tree.query(self._cells, k=np.arange(1, asked + 1))
        meters = arcs_of(chords) * self._detour
        listed = min(count, total)
        beyond = meters[:, count] if asked > count else np.full(len(meters), np.inf)
        start = np.arange(len(meters) + 1, dtype=np.int64) * listed
        return Lists(
            start,
            np.ascontiguousarray(site[:, :listed], dtype=np.int32).ravel(),
            np.ascontiguousarray(meters[:, :listed]).ravel(),
            np.ascontiguousarray(beyond),
        )

    def within(self, meters: float) -> Lists:
        radius = chord_of(meters / self._detour) * (1 + 1e-12)
        found = self._tree.query_ball_point(self._cells, radius, return_sorted=False)
        counts = np.fromiter(map(len, found), dtype=np.int64, count=len(found))
        site = np.concatenate([np.asarray(one, dtype=np.int32) for one in found])
        cell = np.repeat(np.arange(len(counts)), counts)
        chords = np.linalg.norm(self._cells[cell] - self._candidates[site], axis=1)
        return _listed(len(counts), cell, site, arcs_of(chords) * self._detour, meters)

    def to(self, sites: Numbers) -> Floats:
        apart = np.empty((len(self._cells), len(sites)))
        for column, site in enumerate(sites):
            apart[:, column] = np.linalg.norm(self._cells - self._candidates[site], axis=1)
        return arcs_of(apart) * self._detour


class _Table:
    """All distances, in rows of cells."""

    def __init__(self, meters: Floats) -> None:
        self._meters = meters

    def nearest(self, count: int) -> Lists:
        cells, total = self._meters.shape
        order = np.argsort(self._meters, axis=1, kind="stable")
        meters = np.take_along_axis(self._meters, order, axis=1)
        listed = min(count, total)
        beyond = meters[:, listed] if listed < total else np.full(cells, np.inf)
        keep = np.isfinite(meters[:, :listed])
        start = np.concatenate(([0], np.cumsum(keep.sum(axis=1)))).astype(np.int64)
        return Lists(
            start,
            order[:, :listed][keep].astype(np.int32),
            meters[:, :listed][keep],
            np.ascontiguousarray(beyond),
        )

    def within(self, meters: float) -> Lists:
        cell, site = np.nonzero(self._meters <= meters)
        return _listed(len(self._meters), cell, site, self._meters[cell, site], meters)

    def to(self, sites: Numbers) -> Floats:
        return np.ascontiguousarray(self._meters[:, sites])


def _listed(cells: int, cell: Numbers, site: Numbers, meters: Floats, reach: float) -> Lists:
    kept = meters <= reach
    cell, site, meters = cell[kept], site[kept], meters[kept]
    order = np.lexsort((site, meters, cell))
    start = np.concatenate(([0], np.cumsum(np.bincount(cell, minlength=cells))))
    return Lists(
        start.astype(np.int64),
        site[order].astype(np.int32),
        meters[order],
        np.full(cells, np.inf),
    )


def _spread(problem: Problem, listed: Listed) -> Floats:
    _check_pairs(problem)
    meters = np.full((len(problem.cells), len(problem.candidates)), np.inf)
    for row, (sites, away) in enumerate(zip(listed.candidates, listed.meters, strict=True)):
        meters[row, list(sites)] = away
    return meters


def _check_pairs(problem: Problem) -> None:
    pairs = len(problem.cells) * len(problem.candidates)
    if pairs > PAIRS_MAX:
        raise BadProblem(
            "distances",
            f"{pairs:,} pairs of cells and candidates, at most {PAIRS_MAX:,}: leave candidates"
            " away, or give positions and straight distances",
        )


def _walk(problem: Problem, network: Network) -> Floats:
    """Walk from every candidate to every cell; of parallel edges the shortest is taken."""
    _check_pairs(problem)
    number: dict[str, int] = {}
    for a, b, _ in network.edges:
        number.setdefault(a, len(number))
        number.setdefault(b, len(number))
    everything: Sequence[Cell | Candidate] = (*problem.cells, *problem.candidates)
    for one in everything:
        number.setdefault(one.node or "", len(number))
    graph = _graph(network, number)
    cells = np.array([number[one.node or ""] for one in problem.cells])
    meters = np.empty((len(problem.cells), len(problem.candidates)))
    sources = np.array([number[one.node or ""] for one in problem.candidates])
    for begin in range(0, len(sources), 100):
        some = slice(begin, begin + 100)
        meters[:, some] = dijkstra(graph, directed=False, indices=sources[some])[:, cells].T
    lost = ~np.isfinite(meters).any(axis=1)
    for row in np.flatnonzero(lost):
        if problem.cells[row].demand > 0 and not problem.is_maximized:
            cell = problem.cells[row]
            raise BadProblem(
                f"cells[{row}]",
                f"no candidate reaches {cell.id!r}: join node {cell.node!r} to the network",
            )
    return meters


def _graph(network: Network, number: dict[str, int]) -> csr_array:
    shortest: dict[tuple[int, int], float] = {}
    for a, b, away in network.edges:
        pair = (min(number[a], number[b]), max(number[a], number[b]))
        shortest[pair] = min(away, shortest.get(pair, np.inf))
    ends = np.array(list(shortest), dtype=np.int64).reshape(-1, 2)
    lengths = np.fromiter(shortest.values(), dtype=np.float64, count=len(shortest))
    shape = (len(number), len(number))
    return csr_array(coo_array((lengths, (ends[:, 0], ends[:, 1])), shape=shape))
