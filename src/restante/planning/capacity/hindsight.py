"""What could have been accepted, had one known: linear programs over weeks of parcels.

Sets and variables: parcel ``i`` of class ``s`` comes at ``t_i``; ``x[i, k]`` is 1 when it is given
a compartment of a kind ``k`` that takes it. Objective: the value of what is accepted. Constraints:
a parcel is accepted at most once, and at every arrival no kind is used beyond its room.

*Known stays*: occupancy of kind ``k`` is carried from one arrival to the next, plus who comes,
minus who left: three entries for each ``x`` instead of one for every arrival it outlasts, which
HiGHS solves in a third of a second for 2,000 parcels. It is the optimum of hindsight, an upper
bound for every policy (integral on nearly all instances; :func:`best_in_hindsight` can ask for
whole numbers).

*Expected stays*: who is still there is counted by the survival curve of the parcel's forecast, so
the program knows who comes but of stays only what a policy knows. The duals of its room are what
an hour in a compartment is worth: bid prices. Those of known stays are too low, since hindsight
only ever accepts who leaves in time.
"""

from typing import Final, NamedTuple

import numpy as np
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

from .history import History, Shape
from .problem import HOURS_OF_WEEK
from .stream import Floats, Ints

LEAST_SURVIVAL: Final = 0.01
"""Chances of still being there below this are left out of the program."""

ARRIVALS_BETWEEN: Final = 6
"""Room is checked at every so many arrivals where stays are expected ones (chosen: 4 gave the same
prices within noise)."""


class Hindsight(NamedTuple):
    """The optimum."""

    value: float
    accepted: float
    """Parcels; may be a fraction where the program is not asked for whole numbers."""
    kind: Ints
    """Which kind each parcel was given, -1 for none; a fraction is rounded."""


class _Choices(NamedTuple):
    parcel: Ints
    kind: Ints


def _choices(history: History, shape: Shape) -> _Choices:
    kinds = np.arange(len(shape.room))
    fits = (shape.masks[history.of_class][:, None] >> kinds & 1) & (shape.room > 0)
    return _Choices(*(rows.astype(np.int64) for rows in np.nonzero(fits)))


def best_in_hindsight(history: History, shape: Shape, *, whole: bool = False) -> Hindsight:
    """Find the most value that could have been accepted, stays and arrivals known.

    Parameters
    ----------
    whole
        Ask for whole parcels: exact, and slower.
    """
    n, kinds = len(history), len(shape.room)
    chosen = _choices(history, shape)
    nx = len(chosen.parcel)
    if not nx:
        return Hindsight(0.0, 0.0, np.full(n, -1))
    left = np.searchsorted(history.at_h, history.at_h + history.stay_h, "left")[chosen.parcel]
    rows = np.arange(kinds * n)
    later = rows % n > 0
    leaves = left < n
    entries = (
        (rows, nx + rows, np.ones(kinds * n)),
        (rows[later], nx + rows[later] - 1, -np.ones(later.sum())),
        (chosen.kind * n + chosen.parcel, np.arange(nx), -np.ones(nx)),
        ((chosen.kind * n + left)[leaves], np.arange(nx)[leaves], np.ones(leaves.sum())),
    )
    row, column, number = (np.concatenate(part) for part in zip(*entries, strict=True))
    carried = sp.csr_matrix((number, (row, column)), shape=(kinds * n, nx + kinds * n))
    once = _once(chosen, n, nx + kinds * n)
    value = shape.values[history.of_class][chosen.parcel]
    cost = np.concatenate([-value, np.zeros(kinds * n)])
    upper = np.concatenate([np.ones(nx), np.repeat(shape.room, n)]).astype(np.float64)
    if whole:
        found = milp(
            cost,
            constraints=[LinearConstraint(carried, 0, 0), LinearConstraint(once, -np.inf, 1)],
            bounds=Bounds(0, upper),
            integrality=np.concatenate([np.ones(nx), np.zeros(kinds * n)]),
        )
    else:
        found = linprog(
            cost, A_ub=once, b_ub=np.ones(n), A_eq=carried, b_eq=np.zeros(kinds * n),
            bounds=np.column_stack([np.zeros(len(upper)), upper]), method="highs",
        )  # fmt: skip
    if found.x is None:
        raise ArithmeticError(f"the program of hindsight was not solved: {found.message}")
    x = found.x[:nx]
    kind = np.full(n, -1)
    taken = x > 0.5
    kind[chosen.parcel[taken]] = chosen.kind[taken]
    return Hindsight(float(-found.fun), float(x.sum()), kind)


def price_room(history: History, shape: Shape, stay_class: Ints, survival: Floats) -> Floats:
    """Price an hour in a compartment, by hour of the week and kind.

    Parameters
    ----------
    stay_class
        Class of each parcel's forecast.
    survival
        Share that is still there after so many hours, by class and hour.
    """
    chosen = _choices(history, shape)
    n, nx, kinds = len(history), len(chosen.parcel), len(shape.room)
    checked = history.at_h[ARRIVALS_BETWEEN - 1 :: ARRIVALS_BETWEEN]
    m, hours = len(checked), survival.shape[1]
    came = history.at_h[chosen.parcel]
    rows, columns, numbers = [], [], []
    for place, at in enumerate(checked):
        first, last = np.searchsorted(came, [at - hours + 1, at], side="right")
        who = np.arange(first, last)
        waited = at - came[who]
        whole = waited.astype(np.int64)
        part = waited - whole
        of = stay_class[chosen.parcel[who]]
        there = survival[of, whole] * (1 - part)
        there += survival[of, np.minimum(whole + 1, hours - 1)] * part
        counts = there > LEAST_SURVIVAL
        rows.append(chosen.kind[who][counts] * m + place)
        columns.append(who[counts])
        numbers.append(there[counts])
    inside = sp.csr_matrix(
        (np.concatenate(numbers), (np.concatenate(rows), np.concatenate(columns))),
        shape=(kinds * m, nx),
    )
    found = linprog(
        -shape.values[history.of_class][chosen.parcel],
        A_ub=sp.vstack([inside, _once(chosen, n, nx)]),
        b_ub=np.concatenate([np.repeat(shape.room, m).astype(np.float64), np.ones(n)]),
        bounds=(0, None),
        method="highs-ipm",
    )
    if found.x is None:
        raise ArithmeticError(f"the program of prices was not solved: {found.message}")
    duals = -found.ineqlin.marginals[: kinds * m].reshape(kinds, m)
    hour = (checked % HOURS_OF_WEEK).astype(np.int64)
    weeks = len(np.unique(checked // HOURS_OF_WEEK))
    return np.column_stack(
        [np.bincount(hour, duals[kind], minlength=HOURS_OF_WEEK) for kind in range(kinds)]
    ) / max(1, weeks)


def _once(chosen: _Choices, parcels: int, variables: int) -> sp.csr_matrix:
    ones = np.ones(len(chosen.parcel))
    places = (chosen.parcel, np.arange(len(chosen.parcel)))
    return sp.csr_matrix((ones, places), shape=(parcels, variables))
