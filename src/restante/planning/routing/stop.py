"""When a search of routes ends: as for every planner."""

from ..stop import MaxIterations, MaxSeconds, Stop

__all__ = ["MaxIterations", "MaxSeconds", "Stop"]
