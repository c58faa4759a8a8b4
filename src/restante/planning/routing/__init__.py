"""Routes that know the lockers: ``solve(problem, stop, seed) -> Result``.

A parcel may go to one of several places, and lockers have compartments that all routes share.
It is given all it needs and decides nothing for good; it must not know where a problem comes from
or what becomes of its result. The model is in :mod:`.problem`, the answer in :mod:`.result`, the
search in :mod:`.solver` and :mod:`.kernel`; :mod:`.check` computes a plan again, by other means.
"""

from .check import check
from .engines import solve
from .problem import BadProblem, ChangeCosts, Problem
from .result import Result
from .solver import Progress, warm_up
from .source import Engine, TravelSource
from .stability import keep_close_to
from .stop import MaxIterations, MaxSeconds, Stop

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
