"""Where each parcel goes, decided before any route: for planners that know no shared room.

Model
-----
``x(o)`` is 1 where option ``o`` is chosen: one for each parcel, and at most ``u(l)`` of the options
of a limit ``l``. Minimize ``sum c(o) x(o)``, where ``c`` guesses what the stop costs: its distance
to the three nearest places for a door, next to nothing where others are served as well, and a
little more for what is liked less.
"""

from collections import Counter
from typing import Any, Final

import highspy
import numpy as np

from ...planning.routing.numbering import Numbered
from ...planning.routing.preflight import look_ahead
from ...planning.routing.problem import Problem

SECONDS_MAX: Final = 5.0
SHARED_SHARE: Final = 0.05
"""What a stop that others share costs, of a usual leg (chosen: a parcel adds no driving there)."""

LEVEL_SHARE: Final = 2e-4
"""What a level costs, of a usual leg: it decides ties."""


def assign(problem: Problem) -> list[int]:
    """Choose one option for each parcel, under everything that is shared."""
    numbered = Numbered.of(problem)
    offered = list(look_ahead(numbered).options)
    metres = problem.distances_m.values.copy()
    np.fill_diagonal(metres, np.inf)
    near = np.sort(metres, axis=1)[:, :3].mean(axis=1)
    parcels_at = Counter(numbered.choices[o].place for o in offered)
    usual = float(np.median(near[np.isfinite(near)]))
    cost = []
    for o in offered:
        choice = numbered.choices[o]
        is_shared = parcels_at[choice.place] > 1
        stop = SHARED_SHARE * usual if is_shared else float(near[choice.place])
        cost.append(stop + LEVEL_SHARE * usual * choice.level)
    rows: dict[int, list[int]] = {}
    for i, o in enumerate(offered):
        rows.setdefault(numbered.choices[o].parcel, []).append(i)
    position = {o: i for i, o in enumerate(offered)}
    limits = [
        (one.options_max, [position[o] for o in one.options if o in position])
        for one in numbered.limits
    ]
    chosen = _solve(cost, list(rows.values()), limits)
    return [o for o, is_chosen in zip(offered, chosen, strict=True) if is_chosen]


def _solve(
    cost: list[float], groups: list[list[int]], limits: list[tuple[int, list[int]]]
) -> list[bool]:
    program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    program.setOptionValue("output_flag", False)
    program.setOptionValue("threads", 1)
    program.setOptionValue("time_limit", SECONDS_MAX)
    x = [program.addBinary(obj=one) for one in cost]
    for group in groups:
        program.addConstr(program.qsum([x[i] for i in group]) == 1)
    for most, members in limits:
        if len(members) > most:
            program.addConstr(program.qsum([x[i] for i in members]) <= most)
    program.run()
    return [value > 0.5 for value in program.getSolution().col_value]
