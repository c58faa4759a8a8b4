"""From a problem to an answer: which search for which objective, and the warming of kernels."""

from collections.abc import Callable

import msgspec
import numpy as np

from ..stop import MaxIterations, Stop
from .budget import Budget, Progress
from .columns import make_columns
from .distances import measure
from .outcome import make_result
from .problem import Candidate, CandidateId, Cell, CellId, Choice, Problem
from .prove import Proof
from .result import Result
from .search_capacity import CapacitySearch, search_with_capacity
from .search_choice import search_choice
from .search_nearest import NearestSearch, search_nearest


def solve(
    problem: Problem,
    stop: Stop,
    seed: int,
    *,
    progress: Callable[[Progress], None] | None = None,
    begun: Result | None = None,
) -> Result:
    """Choose sites.

    Parameters
    ----------
    stop
        When to end; by iterations, the same seed gives the same result.
    seed
        Of all chance in the search.
    progress
        Is told now and then how far the search is.
    begun
        An answer to begin from.

    Returns
    -------
    Result
        The best choice found, judged again on full distances, with a proven bound.
    """
    measured = measure(problem)
    budget = Budget(stop, progress)
    search = search_nearest
    if isinstance(problem.objective, Choice):
        search = search_choice
    elif problem.is_capacitated:
        search = search_with_capacity
    found = search(problem, measured, budget, seed, budget.tell, _begun(problem, begun))
    return make_result(problem, measured, found, seed)


def _begun(problem: Problem, begun: Result | None) -> np.ndarray | None:
    if begun is None or not begun.sites:
        return None
    ids = {site.id for site in begun.sites}
    return np.array([one.id in ids for one in problem.candidates])


def warm_up() -> None:
    """Compile the kernels, or read their machine code."""
    cells = tuple(
        Cell(id=CellId(f"{n}"), demand=1.0, latitude=0.0, longitude=n / 100) for n in range(6)
    )
    candidates = tuple(
        Candidate(id=CandidateId(cell.id), latitude=0.001, longitude=cell.longitude)
        for cell in cells
    )
    small = Problem(cells=cells, candidates=candidates, sites_min=2, sites_max=2)
    sized = tuple(msgspec.structs.replace(one, capacity=3.5) for one in candidates)
    full = msgspec.structs.replace(small, candidates=sized)
    for problem in (small, msgspec.structs.replace(small, objective=Choice()), full):
        solve(problem, MaxIterations(100), 1)
    nearest = NearestSearch(small, measure(small), Budget(MaxIterations(100), None), 1)
    nearest.begin(None)
    Proof(nearest.rows, nearest.rules, nearest.prices, 0.0).go_on(
        nearest.cost, nearest.cost, nearest.budget, 1
    )
    CapacitySearch(make_columns(full, measure(full), 3), nearest.budget, 1).rehearse()
