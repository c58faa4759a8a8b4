"""Search for studies in a process beside the centre; see :mod:`.search_runner`."""

from typing import Final

from ..operations.searches import BadSearch
from ..operations.studies import StudyDesk
from . import search_runner
from .search_runner import SearchRunner, missing_of

_NEEDED: Final = ("numpy", "numba", "highspy", "scipy", "sklearn", "holidays")
_WORKER: Final = "restante.wiring.study_worker"


def missing_for_studies() -> str:
    """Say what to install before studies can be made here; nothing when all is there."""
    return missing_of(_NEEDED, what="a study", extra="planning,insight")


def check_study(kind: str, problem: bytes) -> str:
    """Read a problem in a process of its own; its name.

    Raises
    ------
    BadSearch
        When it cannot be meant.
    """
    missing = missing_for_studies()
    if missing:
        raise BadSearch(missing)
    return search_runner.check_problem(_WORKER, problem, {"kind": kind})


def make_study_runner(desk: StudyDesk, *, name: str) -> SearchRunner:
    """Make what searches for studies; ``name``: of this process, among those that search."""
    return SearchRunner(
        desk, worker=_WORKER, name=name, order=lambda claimed: {"kind": claimed.row["kind"]}
    )
