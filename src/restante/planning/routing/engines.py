"""Which search plans a problem: PyVRP where routes share nothing, our kernel for all else.

Where PyVRP is not installed, or finds no plan that serves all in the first part of the budget, the
kernel plans; a result says which search made it.
"""

from collections.abc import Callable

import msgspec

from ..stop import Stop
from . import plain
from .problem import Problem
from .progress import Progress
from .result import Result
from .solver import solve as search
from .source import Engine


class NoEngine(ValueError):
    """The search that was asked for cannot plan this problem; says why, and what to do."""


def solve(
    problem: Problem,
    stop: Stop,
    seed: int,
    *,
    progress: Callable[[Progress], None] | None = None,
    in_force: Result | None = None,
    engine: Engine | None = None,
) -> Result:
    """Plan routes.

    Parameters
    ----------
    stop
        When to end; by iterations, the same seed gives the same result.
    seed
        Of all chance in the search.
    progress
        Is told now and then how far the search is.
    in_force
        A plan to begin from. Where it still can be driven, the answer is never worse.
    engine
        The search to use; without it, what is best for the problem.

    Returns
    -------
    Result
        The best plan found; the least bad one, with what it violates, where none serves all.

    Raises
    ------
    NoEngine
        When the engine that was asked for cannot plan this problem.
    """
    if engine is Engine.PYVRP:
        obstacle = _obstacle(problem, in_force)
        if obstacle is not None:
            raise NoEngine(f"PyVRP cannot plan this: {obstacle}. Leave the choice to us")
    elif engine is Engine.KERNEL or _obstacle(problem, in_force) is not None:
        return search(problem, stop, seed, progress=progress, in_force=in_force)
    try:
        return plain.solve_plain(problem, stop, seed, progress=progress)
    except plain.NotPlain as failure:
        rest = _Rest(stop, failure.turns)
        found = search(problem, rest, seed, progress=progress)
        return msgspec.structs.replace(found, iterations=found.iterations + failure.turns)


def _obstacle(problem: Problem, in_force: Result | None) -> str | None:
    if in_force is not None:
        return "there is a plan in force to begin from"
    obstacle = plain.find_obstacle(problem)
    if obstacle is None:
        try:
            import pyvrp  # noqa: F401, PLC0415 - half a second, and for plain problems alone.
        except ModuleNotFoundError as error:
            return f"there is no {error.name}, so install restante[planning]"
    return obstacle


class _Rest:
    """What is left of a budget after so many turns, or one turn if nothing is."""

    def __init__(self, stop: Stop, used: int) -> None:
        self._stop, self._used = stop, used
        self._begun = min(stop.share(used), 0.999)

    def share(self, turns: int) -> float:
        """Tell the share of the rest that is used."""
        return (self._stop.share(self._used + turns) - self._begun) / (1.0 - self._begun)

    def stretch(self, turns: int) -> int:
        """Tell how many turns to make before asking again."""
        return self._stop.stretch(self._used + turns)
