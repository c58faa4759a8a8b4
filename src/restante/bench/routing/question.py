"""A problem in whole numbers, as other planners want it, and their answers as results.

Peers live in an environment of their own and read this as JSON. Times are rounded to the safe side,
costs to the nearest; what an answer costs is computed from the problem itself.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from ...planning.routing.numbering import Numbered
from ...planning.routing.outcome import make_result
from ...planning.routing.plain import find_obstacle
from ...planning.routing.preflight import look_ahead
from ...planning.routing.problem import Parcel, Problem
from ...planning.routing.result import Result

UNITS: Final = (1, 10, 100, 1000)
"""Ticks of a second, and of one of the problem's cost, that are tried in this order."""

_DIMENSIONS: Final = 3


class NoPeer(ValueError):
    """A peer cannot be asked; says why."""


class Rows(msgspec.Struct, frozen=True):
    """At most so many of some options, by their numbers in a question."""

    most: int
    options: list[int]


class Question(msgspec.Struct, frozen=True):
    """What a peer is asked. Lists of options stand side by side."""

    parcels: int
    costs: list[list[int]]
    """From place to place."""
    durations: list[list[int]]
    """Driving alone."""
    preparations: list[int]
    """Of places, paid once for a stop, before it opens."""
    depot: int
    vehicles: int
    fixed: int
    """Cost of a vehicle."""
    opens: int
    closes: int
    """Of the shift."""
    capacity: list[int]
    numbers: list[int]
    """Of the options in the problem."""
    place_of: list[int]
    parcel_of: list[int]
    window_of: list[tuple[int, int]]
    service_of: list[int]
    demand_of: list[list[int]]
    limits: list[Rows]
    """Shared by all routes."""
    cost_unit: int
    seconds: float
    by_cpu: bool
    """Seconds are of the processor, not on the wall."""
    seed: int


class Answer(msgspec.Struct, frozen=True):
    """What a peer answers."""

    routes: list[list[int]]
    """Numbers of options, of the question, in the order they are served."""
    trace: list[tuple[float, float]]
    """Seconds and the least cost so far, in the peer's own objective."""
    seconds: float
    cpu_seconds: float
    iterations: int | None = None
    says: str = ""


def ask(
    problem: Problem,
    *,
    seconds: float,
    seed: int,
    by_cpu: bool = False,
    vehicles: int | None = None,
    only: Sequence[int] | None = None,
    is_shared: bool = True,
) -> Question:
    """Say a problem in whole numbers.

    Parameters
    ----------
    vehicles
        As many are given, and cost nothing by themselves; without it those of the problem.
    only
        Options to offer; without it all that look ahead leaves.
    is_shared
        Whether to say what routes share.

    Raises
    ------
    NoPeer
        When the problem has what not every peer knows.
    """
    _refuse_what_is_not_known(problem)
    numbered = Numbered.of(problem)
    offered = list(look_ahead(numbered).options if only is None else only)
    choices = [numbered.choices[o] for o in offered]
    vehicle, metres = problem.vehicles[0], problem.distances_m.values
    costs = metres * vehicle.cost_per_km / 1000
    preparations = np.array([place.preparation_s for place in problem.places])
    windows = [(one.opens_at, one.closes_at) for one in choices]
    services = [one.service_s for one in choices]
    shift = (vehicle.shift_starts_at, vehicle.shift_ends_at)
    said = np.array([*preparations, *services, *shift, *(x for pair in windows for x in pair)])
    tick, unit = _units(problem, said, costs)
    latest = _horizon(problem)
    used = [k for k in range(_DIMENSIONS) if np.isfinite(numbered.capacity[0, k])]
    # The largest unit of load in which all demands are whole.
    step = {k: max(1, math.gcd(*(int(x) for x in numbered.demand[:, k]))) for k in used}
    rows = _rows(numbered, offered) if is_shared else []
    return Question(
        parcels=len(problem.parcels),
        costs=np.rint(unit * costs).astype(np.int64).tolist(),
        durations=_up(tick * problem.durations_s.values),
        preparations=_up(tick * preparations),
        depot=numbered.start[0],
        vehicles=len(problem.vehicles) if vehicles is None else vehicles,
        fixed=round(unit * vehicle.cost_fixed) if vehicles is None else 0,
        opens=_ceil(tick * shift[0]),
        closes=_floor(tick * min(shift[1], latest)),
        capacity=[int(numbered.capacity[0, k]) // step[k] for k in used],
        numbers=offered,
        place_of=[one.place for one in choices],
        parcel_of=[one.parcel for one in choices],
        window_of=[(_ceil(tick * a), _floor(tick * min(b, latest))) for a, b in windows],
        service_of=_up(tick * np.array(services, dtype=float)),
        demand_of=[
            [int(numbered.demand[one.parcel, k]) // step[k] for k in used] for one in choices
        ],
        limits=rows,
        cost_unit=unit,
        seconds=seconds,
        by_cpu=by_cpu,
        seed=seed,
    )


def _units(
    problem: Problem, times: NDArray[np.float64], costs: NDArray[np.float64]
) -> tuple[int, int]:
    """Find how many ticks a second is, and how many units one of cost, so that all are whole."""
    durations = problem.durations_s.values
    tick = _unit(np.concatenate([times[np.isfinite(times)], durations.ravel()]))
    unit = _unit(np.append(costs.ravel(), problem.vehicles[0].cost_fixed))
    # PyVRP has a least price for a tick too late. Costs are counted about as finely as times, so
    # that it is low.
    while unit < UNITS[-1] and unit * costs.mean() < tick * durations.mean():
        unit *= 10
    return tick, unit


def _rows(numbered: Numbered, offered: Sequence[int]) -> list[Rows]:
    position = {o: i for i, o in enumerate(offered)}
    rows = (
        Rows(one.options_max, [position[o] for o in one.options if o in position])
        for one in numbered.limits
    )
    return [one for one in rows if len(one.options) > one.most]


def read_answer(problem: Problem, question: Question, answer: Answer, *, seed: int) -> Result:
    """Write an answer down as a plan of the problem; whether it holds is for the checker to say."""
    numbered = Numbered.of(problem)
    routes = [[question.numbers[i] for i in route] for route in answer.routes if route]
    if len(routes) > len(problem.vehicles):
        raise NoPeer(f"the answer uses {len(routes)} vehicles, and there are fewer")
    routes += [[] for _ in range(len(problem.vehicles) - len(routes))]
    return make_result(
        numbered, look_ahead(numbered), routes, seed=seed, iterations=answer.iterations or 0
    )


def without_sharing(problem: Problem) -> Problem:
    """Leave out what routes share: compartments, shelves and service levels."""
    places = tuple(
        msgspec.structs.replace(place, free=None, parcels_max=None) for place in problem.places
    )
    return msgspec.structs.replace(problem, places=places, service_levels=())


def _refuse_what_is_not_known(problem: Problem) -> None:
    obstacle = find_obstacle(without_sharing(problem))
    if obstacle is not None:
        raise NoPeer(f"peers are not told of this: {obstacle}")
    kinds = {msgspec.json.encode(msgspec.structs.replace(one, id="")) for one in problem.vehicles}
    vehicle = problem.vehicles[0]
    if len(kinds) > 1 or vehicle.end_place not in {None, vehicle.start_place}:
        raise NoPeer("peers are asked about vehicles that are alike and come back")
    if vehicle.shift_s_max is not None or vehicle.range_m is not None or vehicle.cost_per_hour:
        raise NoPeer("peers are not told of the length of shifts, of range or of the cost of time")
    if any(_is_special(parcel) for parcel in problem.parcels):
        raise NoPeer("peers are not told of pickups, prizes and penalties")


def _is_special(parcel: Parcel) -> bool:
    is_priced = any(option.penalty for option in parcel.options)
    return parcel.is_pickup or parcel.prize is not None or is_priced


def _horizon(problem: Problem) -> float:
    """Find a time by which every route is over, where nothing has an end."""
    ends = [vehicle.shift_ends_at for vehicle in problem.vehicles]
    if all(map(math.isfinite, ends)):
        return max(ends)
    opening = max(
        [place.opens_at for place in problem.places]
        + [option.opens_at for parcel in problem.parcels for option in parcel.options]
    )
    services = [
        max(option.service_s or 0.0 for option in parcel.options) for parcel in problem.parcels
    ]
    longest = problem.durations_s.values.max() * (len(problem.parcels) + 1)
    dearest = max(place.preparation_s + place.parcel_s for place in problem.places)
    return float(opening + longest + sum(services) + dearest * len(problem.parcels))


def _unit(values: Any) -> int:
    for unit in UNITS:
        if (np.abs(unit * values - np.rint(unit * values)) < 1e-6).all():
            return unit
    return UNITS[-1]


def _ceil(value: float) -> int:
    return math.ceil(value - 1e-6)


def _floor(value: float) -> int:
    return math.floor(value + 1e-6)


def _up(values: Any) -> Any:
    return np.ceil(values - 1e-6).astype(np.int64).tolist()
