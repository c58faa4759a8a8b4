"""Set probabilities right by what came of those told before, and tell how good they are.

K1. Probabilities are mapped by a rising curve (isotonic), learned on moments that are over; it
    never says that something is certain.
K2. A table that does not beat climatology (how often there was room at this site and hour) on
    moments it was not learned from, does not ship: climatology does.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .model import Array

CASES_LEAST: Final = 200
DOUBT_CASES: Final = 20.0
"""Cases of each kind that are believed beside those seen: nothing is certain (chosen)."""
SURE_MOST: Final = 0.999


class Calibration(NamedTuple):
    """A rising curve from what is told to what is so."""

    told: Array
    so: Array

    def correct(self, chance: Array) -> Array:
        """Set probabilities right."""
        found: Array = np.interp(chance, self.told, self.so)
        return found


class Bin(NamedTuple):
    """Cases of which about the same was told."""

    told: float
    happened: float
    cases: int


class Reliability(NamedTuple):
    """How good probabilities were."""

    brier: float
    climatology: float
    """Brier score of saying how often there was room, at this site and hour, before."""
    skill: float
    """Share of climatology's error that is saved."""
    curve: tuple[Bin, ...]

    @property
    def ships(self) -> bool:
        """They beat climatology."""
        return self.brier < self.climatology


def calibrate(chance: Array, happened: NDArray[np.bool_]) -> Calibration:
    """Learn the curve; with few cases it changes nothing."""
    from scipy.optimize import isotonic_regression  # noqa: PLC0415 - with its use.

    if len(chance) < CASES_LEAST:
        return Calibration(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    order = np.argsort(chance, kind="stable")
    groups = [part for part in np.array_split(order, 40) if len(part)]
    told = np.array([chance[part].mean() for part in groups])
    cases = np.array([float(len(part)) for part in groups])
    # Each group is pulled toward what it was told.
    so = np.array([happened[part].sum() for part in groups])
    so = (so + DOUBT_CASES * told) / (cases + DOUBT_CASES)
    rising = isotonic_regression(so, weights=cases).x
    keep = np.r_[True, np.diff(told) > 1e-9]
    inner = np.clip(rising, 1 - SURE_MOST, SURE_MOST)
    return Calibration(
        np.r_[0.0, told[keep], 1.0],
        np.r_[min(inner[0], 1 - SURE_MOST), inner[keep], max(inner[-1], SURE_MOST)],
    )


def judge(chance: Array, happened: NDArray[np.bool_], climatology: Array) -> Reliability:
    """Tell how good probabilities were, beside climatology's."""
    ours = float(((chance - happened) ** 2).mean())
    theirs = float(((climatology - happened) ** 2).mean())
    edges = np.linspace(0, 1, 11)
    place = np.clip(np.digitize(chance, edges) - 1, 0, 9)
    curve = tuple(
        Bin(float(chance[place == i].mean()), float(happened[place == i].mean()), int(n))
        for i in range(10)
        if (n := (place == i).sum())
    )
    return Reliability(ours, theirs, 1 - ours / max(theirs, 1e-12), curve)
