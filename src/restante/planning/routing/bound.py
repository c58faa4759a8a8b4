"""What no plan of a problem costs less than, from a linear program that knows no routes.

Model
-----
Sets: parcels ``P``, options ``O`` that some vehicle reaches, places ``J``, limits ``L``. Variables,
all at least 0: ``x(o)`` share of an option, ``out(p)`` share of an optional parcel left out,
``y(j)`` share of a place visited, ``u`` trips. Minimize what every visit costs at least (the
cheapest way in, of any vehicle), what every trip costs at least (the cheapest way back, a fixed
cost spread over trips), penalties and prizes, subject to: every parcel served or out,
``y(j) >= x(o)`` for options at ``j``, limits, and loads that trips hold. Every plan is a solution,
so none costs less. It is weak where parcels are close together. Where a vehicle is under way, none
is given.
"""

import math
from typing import Any

import highspy
import numpy as np
from numpy.typing import NDArray

from .numbering import Numbered
from .preflight import Preflight


def find_bound(numbered: Numbered, looked: Preflight) -> float | None:
    """Find a cost that no plan is below, or nothing where it is not known."""
    problem = numbered.problem
    is_out = any(vehicle.under_way is not None for vehicle in problem.vehicles)
    if is_out or looked.unplaceable or not looked.options:
        return None
    into, back = _ways(numbered, looked)
    choices = [numbered.choices[o] for o in looked.options]
    parcels, places = len(problem.parcels), sorted({choice.place for choice in choices})
    x_of = {o: i for i, o in enumerate(looked.options)}
    y_of = {place: len(choices) + i for i, place in enumerate(places)}
    out = len(choices) + len(places)
    trips = out + parcels
    per_s = min(vehicle.cost_per_hour for vehicle in problem.vehicles) / 3600
    fixed = min(vehicle.cost_fixed / vehicle.trips_max for vehicle in problem.vehicles)
    prizes = [one.prize for one in problem.parcels]
    cost = np.array([
        *(one.penalty + per_s * one.service_s for one in choices),
        *(into[place] for place in places),
        *(0.0 if prize is None else prize for prize in prizes),
        fixed + back,
    ])  # fmt: skip
    upper = np.array([*[1.0] * out, *(0.0 if prize is None else 1.0 for prize in prizes), math.inf])
    program = _Program(cost, upper)
    for p, options in enumerate(numbered.options_of):
        mine = [x_of[o] for o in options if o in x_of]
        program.say(1.0, [*mine, out + p], [1.0] * (len(mine) + 1), 1.0)
    for o, choice in zip(looked.options, choices, strict=True):
        program.say(0.0, [y_of[choice.place], x_of[o]], [1.0, -1.0], math.inf)
    for limit in numbered.limits:
        members = [x_of[o] for o in limit.options if o in x_of]
        program.say(-math.inf, members, [1.0] * len(members), float(limit.options_max))
    if None in prizes:
        program.say(1.0, [trips], [1.0], math.inf)
    is_pickup = np.array([one.is_pickup for one in problem.parcels])
    for d, room in enumerate(numbered.capacity.max(axis=0)):
        for kind in (False, True):
            if math.isfinite(room) and room > 0:
                mine = [i for i, one in enumerate(choices) if is_pickup[one.parcel] == kind]
                loads = [-float(numbered.demand[choices[i].parcel, d]) for i in mine]
                program.say(0.0, [*mine, trips], [*loads, float(room)], math.inf)
    return program.solve()


def _ways(numbered: Numbered, looked: Preflight) -> tuple[NDArray[np.float64], float]:
    """Find what the cheapest way into each place and back to an end costs."""
    problem = numbered.problem
    served = {numbered.choices[o].place for o in looked.options}
    froms = np.array(sorted(served | set(numbered.start) | set(numbered.load)))
    ends = np.array(sorted(set(numbered.end) | set(numbered.load)))
    per_m = min(vehicle.cost_per_km for vehicle in problem.vehicles) / 1000
    per_s = min(vehicle.cost_per_hour for vehicle in problem.vehicles) / 3600
    fastest = max([1.0, *(change.factor for change in problem.speeds)])
    preparation = np.array([place.preparation_s for place in problem.places])
    cost = per_m * problem.distances_m.values + per_s * (
        problem.durations_s.values / fastest + preparation[None, :]
    )
    back = float(cost[np.array(sorted(served))][:, ends].min())
    np.fill_diagonal(cost, math.inf)
    into: NDArray[np.float64] = cost[froms].min(axis=0)
    # A parcel may lie where its vehicle starts: no way in is needed there.
    into[sorted(set(numbered.start) | set(numbered.load))] = 0.0
    same = set(ends.tolist()) & served
    return into, 0.0 if same else back


class _Program:
    """Minimize a sum of variables between 0 and an upper bound, subject to rows."""

    def __init__(self, cost: NDArray[np.float64], upper: NDArray[np.float64]) -> None:
        self.cost, self.upper = cost, upper
        self.lower_of_rows: list[float] = []
        self.upper_of_rows: list[float] = []
        self.starts = [0]
        self.index: list[int] = []
        self.value: list[float] = []

    def say(self, lower: float, index: list[int], value: list[float], upper: float) -> None:
        """Add a row."""
        self.lower_of_rows.append(lower)
        self.upper_of_rows.append(upper)
        self.index += index
        self.value += value
        self.starts.append(len(self.index))

    def solve(self) -> float | None:
        """Find the least sum, if there is one."""
        program: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        program.setOptionValue("output_flag", False)
        program.setOptionValue("threads", 1)
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.lower_of_rows)
        model.col_cost_, model.col_lower_ = self.cost, np.zeros(len(self.cost))
        model.col_upper_ = self.upper
        model.row_lower_ = np.array(self.lower_of_rows)
        model.row_upper_ = np.array(self.upper_of_rows)
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(self.starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(self.index, dtype=np.int32)
        model.a_matrix_.value_ = np.array(self.value)
        program.passModel(model)
        program.run()
        if program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return float(program.getInfo().objective_function_value)
