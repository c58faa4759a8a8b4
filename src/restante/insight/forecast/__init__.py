"""Parcels to come: ``solve(problem, seed) -> Forecast``, per site, size and day or hour.

It is given what came so far and decides nothing. The models are in :mod:`.rhythm`, :mod:`.levels`
and :mod:`.boosting`; how sure they are is measured in :mod:`.spread` on days they did not know.
"""

from .calendar import Event, UnknownCountry
from .history import BadHistory, Gaps, History, Series, read_history
from .result import Backtest, Forecast, Line
from .scores import Scores
from .solver import Problem, Progress, solve

__all__ = [
    "Backtest",
    "BadHistory",
    "Event",
    "Forecast",
    "Gaps",
    "History",
    "Line",
    "Problem",
    "Progress",
    "Scores",
    "Series",
    "UnknownCountry",
    "read_history",
    "solve",
]
