"""Routes that know the lockers: ``solve(problem, stop, seed) -> Result``.

A parcel may go to one of several places, and lockers have compartments that all routes share.
It is given all it needs and decides nothing for good; it must not know where a problem comes from
or what becomes of its result. The model is in :mod:`.problem`, the answer in :mod:`.result`, the
search in :mod:`.solver` and :mod:`.kernel`; :mod:`.check` computes a plan again, by other means.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..stop import MaxIterations, MaxSeconds, Stop
from .check import check
from .problem import BadProblem, ChangeCosts, Problem
from .result import Result
from .source import Engine, TravelSource
from .stability import keep_close_to

if TYPE_CHECKING:
    from .engines import solve
    from .progress import Progress
    from .solver import warm_up

__all__ = [
    "BadProblem",
    "ChangeCosts",
    "Engine",
    "MaxIterations",
    "MaxSeconds",
    "Problem",
    "Progress",
    "Result",
    "Stop",
    "TravelSource",
    "check",
    "keep_close_to",
    "solve",
    "warm_up",
]

_ASKED_FOR = {"Progress": "progress", "solve": "engines", "warm_up": "solver"}
"""Names that come with a kernel and a solver of linear programs: a second, where all one wants is
to read a problem."""


def __getattr__(name: str) -> Any:
    if name not in _ASKED_FOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ASKED_FOR[name]}", __name__), name)
