"""How good probabilities were: of staying, of not coming."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stays import Array, Stays


class Decile(NamedTuple):
    """A tenth of all cases, by what was said."""

    said: float
    happened: float
    cases: int


def integrated_brier(curves: Array, stays: Stays) -> float:
    """Tell the mean squared error of survival curves over all their slots.

    Stays that are not over count in slots they were seen in only.
    """
    slots = np.arange(curves.shape[1])
    is_there = stays.slots[:, None] > slots
    is_known = stays.is_collected[:, None] | is_there
    return float(((curves - is_there) ** 2)[is_known].mean())


def area_under_curve(chance: Array, happened: NDArray[np.bool_]) -> float:
    """Tell how often a case is ranked above one of the other kind; ties count half."""
    from scipy.stats import rankdata  # noqa: PLC0415 - with its use.

    ones = int(happened.sum())
    zeros = len(happened) - ones
    if not ones or not zeros:
        return float("nan")
    ranks = rankdata(chance)
    return float((ranks[happened].sum() - ones * (ones + 1) / 2) / (ones * zeros))


def deciles(chance: Array, happened: NDArray[np.bool_]) -> list[Decile]:
    """Compare what was said with what happened, a tenth of the cases at a time."""
    order = np.argsort(chance, kind="stable")
    return [
        Decile(float(chance[part].mean()), float(happened[part].mean()), len(part))
        for part in np.array_split(order, 10)
        if len(part)
    ]
