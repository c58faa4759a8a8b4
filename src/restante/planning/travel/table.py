"""Tables of distances and durations between points, with holes and without.

T1. Places at one point are asked for once; between them it is 0.
T2. A hole is filled with a straight line's estimate only if that is wished; else it is named.
T3. Where something was filled in, a way over a third place may be shorter than the direct one. The
    table is then closed: every duration becomes the quickest way there, its distance that way's.
T4. What is not a number, negative, or said to be 0 m far though it is not, is no answer.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import floyd_warshall

from ..routing.source import TravelSource

DECIMALS: Final = 5
"""Digits of a degree that tell points apart: about a metre."""

NAMED_MAX: Final = 3
"""Pairs that a message names before it only counts."""


class NoTravel(ValueError):
    """How far it is, or how long one drives, is not known; says where and what to do."""


class Point(NamedTuple):
    """A point on the globe, in degrees."""

    latitude: float
    longitude: float


class Found(NamedTuple):
    """What a source answered, in the order of points; NaN where it had no answer."""

    distances_m: NDArray[np.float64]
    durations_s: NDArray[np.float64]
    estimated: NDArray[np.bool_]
    """Pairs that the source itself says it only estimated."""

    @classmethod
    def nothing(cls, rows: int, columns: int) -> "Found":
        """Make a table of holes."""
        shape = (rows, columns)
        return cls(np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape, dtype=bool))


class Travels(NamedTuple):
    """A table without holes, in the order of places."""

    distances_m: NDArray[np.float64]
    durations_s: NDArray[np.float64]
    source: TravelSource


Estimate = Callable[[Sequence[Point]], tuple[NDArray[np.float64], NDArray[np.float64]]]
"""Distances and durations between all points, such as those of :class:`.straight.Straight`."""


def points_of(
    places: Sequence[tuple[str, float | None, float | None]],
) -> tuple[list[Point], NDArray[np.int64]]:
    """Find the points that places have, each once (T1).

    Parameters
    ----------
    places
        Id, latitude and longitude.

    Returns
    -------
    tuple
        The points, and for each place the number of its point.

    Raises
    ------
    NoTravel
        When a place has no coordinates, or impossible ones.
    """
    numbers: dict[Point, int] = {}
    rows = []
    for id_, latitude, longitude in places:
        if latitude is None or longitude is None:
            raise NoTravel(
                f"place {id_!r} has no latitude and longitude: add them, or give the problem"
                " distances_m and durations_s"
            )
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise NoTravel(
                f"place {id_!r} is at {latitude:g}, {longitude:g}: latitude is from -90 to 90,"
                " longitude from -180 to 180"
            )
        point = Point(round(latitude, DECIMALS), round(longitude, DECIMALS))
        rows.append(numbers.setdefault(point, len(numbers)))
    return list(numbers), np.array(rows, dtype=np.int64)


def complete(
    found: Found,
    *,
    names: Sequence[str],
    points: Sequence[Point],
    source: TravelSource,
    estimate: Estimate | None,
) -> Travels:
    """Fill the holes of a table, or name them (T2, T3, T4).

    Parameters
    ----------
    names
        For each point the id of a place there, for messages.
    estimate
        What fills holes; without it they are refused.

    Raises
    ------
    NoTravel
        When there are holes and nothing may fill them.
    """
    count = len(points)
    metres, seconds = found.distances_m.copy(), found.durations_s.copy()
    np.fill_diagonal(metres, 0.0)
    np.fill_diagonal(seconds, 0.0)
    with np.errstate(invalid="ignore"):
        holes = ~((metres >= 0) & (seconds >= 0) & np.isfinite(metres) & np.isfinite(seconds))
    if holes.any() and estimate is None:
        raise NoTravel(_holes_say(holes, names, source.name))
    if holes.any() and estimate is not None:
        far, long = estimate(points)
        metres[holes], seconds[holes] = far[holes], long[holes]
    guessed = holes | (found.estimated & ~np.eye(count, dtype=bool))
    says = source.says
    if guessed.any():
        metres, seconds, shorter = close(metres, seconds, guessed)
        if shorter:
            says = f"{says}{'; ' if says else ''}{shorter} known pairs became quicker by estimates"
    return Travels(
        metres,
        seconds,
        TravelSource(
            name=source.name,
            profile=source.profile,
            pairs=count * (count - 1),
            estimated=int(guessed.sum()),
            says=says,
        ),
    )


def close(
    metres: NDArray[np.float64], seconds: NDArray[np.float64], guessed: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Let every pair drive its quickest way over others (T3).

    Returns
    -------
    tuple
        Distances, durations, and how many pairs that were not guessed became quicker.
    """
    # A leg of no time would be no edge to the search.
    weights = np.maximum(seconds, 1e-9)
    np.fill_diagonal(weights, 0.0)
    quickest, before = floyd_warshall(weights, directed=True, return_predecessors=True)
    is_quicker = quickest < seconds - 1e-6
    if not is_quicker.any():
        return metres, seconds, 0
    along = _along(before, metres)
    return (
        np.where(is_quicker, along, metres),
        np.where(is_quicker, quickest, seconds),
        int((is_quicker & ~guessed).sum()),
    )


def _along(before: NDArray[np.int32], lengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Add up lengths along a tree of predecessors, twice as many legs every round."""
    count = len(before)
    rows = np.broadcast_to(np.arange(count)[:, None], before.shape)
    columns = np.broadcast_to(np.arange(count)[None, :], before.shape)
    at = np.where(before >= 0, before, rows)
    sums = np.where(before >= 0, lengths[at, columns], 0.0)
    while (at != rows).any():
        sums = sums + sums[rows, at]
        at = at[rows, at]
    return sums


def spread(travels: Travels, rows: NDArray[np.int64]) -> Travels:
    """Lay a table of points out for the places that stand there (T1)."""
    at = np.ix_(rows, rows)
    return Travels(travels.distances_m[at], travels.durations_s[at], travels.source)


def _holes_say(holes: NDArray[np.bool_], names: Sequence[str], source: str) -> str:
    pairs = [(names[i], names[j]) for i, j in zip(*holes.nonzero(), strict=True)]
    lost_from = [names[i] for i in range(len(names)) if holes[i].sum() >= len(names) - 1 > 0]
    lost_to = [names[j] for j in range(len(names)) if holes[:, j].sum() >= len(names) - 1 > 0]
    lost = [name for name in lost_from if name in lost_to]
    named = ", ".join(f"from {a!r} to {b!r}" for a, b in pairs[:NAMED_MAX])
    more = f" and {len(pairs) - NAMED_MAX} more pairs" if len(pairs) > NAMED_MAX else ""
    if lost:
        return (
            f"{source} knows no way to or from {', '.join(map(repr, lost[:NAMED_MAX]))}"
            f"{' and others' if len(lost) > NAMED_MAX else ''} ({len(pairs)} pairs): move the place"
            " to a road, or let what is missing be estimated"
        )
    return f"{source} knows no way {named}{more}: add it, or let what is missing be estimated"


def is_amount(number: float) -> bool:
    """Whether a distance or a duration is one (T4)."""
    return math.isfinite(number) and number >= 0
