"""Formulas for the share turned away: a first guess and a check, never the answer.

Erlang's loss formula assumes arrivals at a constant rate. Couriers come in waves, and on the mean
load it said 0.05 % where simulation says 7.7 % (docs/explanation/capacity-planning.md). The
*modified offered load* puts into it, hour by hour of the week, how many would be inside if nobody
were turned away, and weighs each hour by what comes in it: within a factor of two of the truth.

References
----------
Jagerman, Nonstationary blocking in telephone traffic, Bell System Technical Journal 54 (1975).
"""

from typing import Final

import numpy as np

from .stream import Floats, Ints

OFFERED_MIN: Final = 1e-12

ROOMS_MAX: Final = 600
"""Compartments of one locker at most: four times the longest in streets."""


def erlang_loss(offered: float, rooms: int) -> float:
    """Tell the share turned away by Erlang's loss formula.

    Parameters
    ----------
    offered
        Mean number that would be inside if nobody were turned away.
    """
    if offered <= OFFERED_MIN:
        return 0.0 if rooms else 1.0
    blocked = 1.0
    for n in range(1, rooms + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


class LossTable:
    """The modified offered load where classes of parcels go into several kinds.

    Each set of kinds that classes have to themselves is looked at alone, as the rule of bookings
    does; parcels turned away for want of it are a part of all. The worst set is the guess.

    Parameters
    ----------
    inside
        How many would be inside if nobody were turned away, by class and hour of the week, at its
        end: when those who came in it are there.
    arrivals
        How many come, by class and hour of the week.
    masks
        Kinds that each class goes into, as bits.
    unions
        Unions of those sets.
    """

    def __init__(self, inside: Floats, arrivals: Floats, masks: Ints, unions: Ints) -> None:
        total = max(float(arrivals.sum()), OFFERED_MIN)
        self.mean_inside = float(inside.sum(axis=0).mean())
        kinds = range(int(masks.max()).bit_length())
        rows, tables = [], []
        for union in unions.tolist():
            own = (masks & ~union) == 0
            came = arrivals[own].sum(axis=0)
            rows.append([union >> kind & 1 for kind in kinds])
            tables.append(_losses(inside[own].sum(axis=0)) @ came / total)
        self._in_union = np.array(rows)
        self._loss = np.array(tables)

    def guess(self, rooms: Ints) -> Floats:
        """Guess shares turned away, for rows of counts by kind."""
        counts = rooms[:, : self._in_union.shape[1]] @ self._in_union.T
        which = np.arange(self._in_union.shape[0])[None, :]
        worst: Floats = self._loss[which, np.minimum(counts, ROOMS_MAX)].max(axis=1)
        return worst


def _losses(offered: Floats) -> Floats:
    """Tell Erlang's loss for each number of compartments and each load."""
    blocked = np.ones((ROOMS_MAX + 1, len(offered)))
    for n in range(1, ROOMS_MAX + 1):
        blocked[n] = offered * blocked[n - 1] / (n + offered * blocked[n - 1])
    return blocked
