"""Where lockers shall stand: ``solve(problem, stop, seed) -> Result``, with a proven bound.

It is given cells with demand and candidates, and decides nothing for good; it must not know where
a problem comes from or what becomes of its answer. The model is in :mod:`.problem`, the answer in
:mod:`.result`, searches in the ``search_`` modules and :mod:`.kernel`; :mod:`.check` computes an
answer again, by other means.
"""

from ..entry import BadProblem
from ..stop import MaxIterations, MaxSeconds, Stop
from .budget import Progress
from .problem import (
    Candidate,
    CandidateId,
    Cell,
    CellId,
    Choice,
    Coverage,
    Full,
    GradualCoverage,
    HostLimit,
    Listed,
    Median,
    Network,
    Problem,
    Size,
    Standing,
    Straight,
)
from .result import Result, Status
from .solver import solve, warm_up

__all__ = [
    "BadProblem",
    "Candidate",
    "CandidateId",
    "Cell",
    "CellId",
    "Choice",
    "Coverage",
    "Full",
    "GradualCoverage",
    "HostLimit",
    "Listed",
    "MaxIterations",
    "MaxSeconds",
    "Median",
    "Network",
    "Problem",
    "Progress",
    "Result",
    "Size",
    "Standing",
    "Status",
    "Stop",
    "Straight",
    "solve",
    "warm_up",
]
