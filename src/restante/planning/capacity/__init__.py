"""Capacity: simulation, what-if, sizing, and which parcel is given which room.

``simulate(network, stop, seed) -> Outcome`` plays lockers for weeks; ``compare`` plays them twice
on the same parcels and people and gives the difference. It is given everything it needs to know;
it must not know where a network comes from, nor the simulator that plays the whole product: what
both believe about people is handed over as values. The model is in :mod:`.problem`, the compiled
simulation in :mod:`.kernel`, the same rules written to be read in :mod:`.plain`.
"""

from ..entry import BadProblem
from .changes import Changes, Shut
from .compare import Comparison, compare
from .problem import CapacitySite, Habits, Module, Network, ParcelClass
from .simulate import MEASURES, Mean, Outcome, Span, simulate

__all__ = [
    "MEASURES",
    "BadProblem",
    "CapacitySite",
    "Changes",
    "Comparison",
    "Habits",
    "Mean",
    "Module",
    "Network",
    "Outcome",
    "ParcelClass",
    "Shut",
    "Span",
    "compare",
    "simulate",
]
