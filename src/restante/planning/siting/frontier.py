"""Cost, or walking, against the number of sites: an answer for each number, with its bound."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec

from ..stop import Stop
from .problem import Problem
from .result import Result
from .solver import solve


class Point(NamedTuple):
    """What so many sites can do."""

    sites: int
    result: Result


def solve_frontier(
    problem: Problem,
    counts: Iterable[int],
    make_stop: Callable[[], Stop],
    seed: int,
    *,
    progress: Callable[[Point], None] | None = None,
) -> tuple[Point, ...]:
    """Choose sites for each of some numbers of them.

    Parameters
    ----------
    counts
        Numbers of open sites; from few to many, each answer begins from the one before.
    make_stop
        Makes the budget of each.
    progress
        Is told each answer.
    """
    points: list[Point] = []
    before: Result | None = None
    for count in sorted(set(counts)):
        some = msgspec.structs.replace(problem, sites_min=count, sites_max=count)
        before = solve(some, make_stop(), seed, begun=before)
        points.append(Point(count, before))
        if progress is not None:
            progress(points[-1])
    return tuple(points)
