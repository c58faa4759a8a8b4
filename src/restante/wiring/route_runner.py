"""Search for plans of routes in a process beside the centre; see :mod:`.search_runner`."""

from typing import Final

from ..operations.route_plans import RouteDesk
from ..operations.searches import BadSearch
from . import search_runner
from .search_runner import SearchRunner, missing_of

_NEEDED: Final = ("numpy", "numba", "highspy", "scipy", "pyvrp")
_WORKER: Final = "restante.wiring.route_worker"


def missing_for_planning() -> str:
    """Say what to install before routes can be planned here; nothing when all is there."""
    return missing_of(_NEEDED, what="planning", extra="planning")


def check_problem(problem: bytes) -> str:
    """Read a problem in a process of its own; its name.

    Raises
    ------
    BadSearch
        When it cannot be meant.
    """
    missing = missing_for_planning()
    if missing:
        raise BadSearch(missing)
    return search_runner.check_problem(_WORKER, problem, {})


def make_route_runner(desk: RouteDesk, *, name: str, travel: str = "straight") -> SearchRunner:
    """Make what searches for plans of routes.

    Parameters
    ----------
    name
        Of this process, among those that search.
    travel
        Where travel times come from that a problem does not have: see :mod:`.travel`.
    """
    return SearchRunner(desk, worker=_WORKER, name=name, order=lambda _: {"travel": travel})
