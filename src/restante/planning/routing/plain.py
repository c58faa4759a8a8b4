"""Plain problems, planned by PyVRP: where nothing is shared, its search goes further than ours.

Taken is what PyVRP can say *exactly*: options of a parcel as a group of which one is visited,
deliveries and pickups, mixed vehicles with three dimensions of load, windows, preparation, shifts
limited in length, costs of distance and time, range, prizes. Not taken is what routes share
(compartments, shelves, service levels, where they limit anything), traffic that changes over the
day, vehicles under way, parcels tied to a vehicle, and every other field of a problem that this
module does not know: it is compared with its default, so that a new one is never overlooked.

PyVRP counts in whole numbers. Times are rounded to the safe side, by less than a millisecond;
costs by less than a thousandth of a usual leg. The result is computed from the problem again and
checked; a plan that fails is not given.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from ..stop import Stop
from .check import check
from .numbering import Numbered
from .outcome import make_result
from .preflight import Preflight, look_ahead
from .problem import Capacity, Option, Parcel, Place, Problem, Vehicle
from .progress import Bounded, Progress
from .result import Result
from .source import Engine

UNDERSTOOD: Final[dict[type, frozenset[str]]] = {
    Problem: frozenset(
        "name places vehicles parcels distances_m durations_s sizes service_levels travel".split()
    ),
    Place: frozenset(
        "id kind opens_at closes_at preparation_s parcel_s free parcels_max latitude longitude zone"
        .split()
    ),
    Option: frozenset("place opens_at closes_at service_s level penalty".split()),
    Parcel: frozenset("id options size volume_cm3 weight_g is_pickup prize".split()),
    Vehicle: frozenset(
        "id start_place end_place capacity shift_starts_at shift_ends_at shift_s_max cost_fixed"
        " cost_per_km cost_per_hour co2e_g_per_km range_m".split()
    ),
    Capacity: frozenset("parcels volume_cm3 weight_g".split()),
}  # fmt: skip
"""Fields that are said to PyVRP, or are the result's business alone."""

FEASIBLE_SHARE: Final = 0.35
"""Share of the budget after which a plan that serves all is no longer waited for (chosen)."""

LEG_COST_LEAST: Final = 1_000
"""What a usual leg costs at least in whole numbers, where costs are not whole themselves."""

HOUR_UNITS_LEAST: Final = 500
"""What a unit of time costs at least where vehicles differ in it: 0.1 % of rounding (chosen)."""

PENALTY_MAX: Final = 100_000
"""PyVRP's own bound for the price of a violation; a vehicle's fixed cost may need a higher one."""

LARGE: Final = 2**50
"""No limit, and room to add without overflow."""


class NotPlain(Exception):
    """PyVRP did not find a plan that serves all; says how much of the budget it used."""

    def __init__(self, turns: int) -> None:
        super().__init__(f"no plan that serves all was found in {turns} iterations")
        self.turns = turns


def find_obstacle(problem: Problem) -> str | None:
    """Say what of a problem PyVRP does not know, or nothing if it takes it."""
    for owner, entry in _entries(problem):
        for field in msgspec.structs.fields(type(entry)):
            if field.name in UNDERSTOOD[type(entry)]:
                continue
            if getattr(entry, field.name) != _default(field):
                return f"{owner} has {field.name}"
    if not problem.parcels:
        return "there is no parcel"
    numbered = Numbered.of(problem)
    for limit in numbered.limits:
        # One option of a parcel is chosen, however many are limited.
        if limit.options_max < len({numbered.choices[o].parcel for o in limit.options}):
            return limit.says.partition(":")[0]
    if any(one.range_m is not None and one.cost_per_km == 0 for one in problem.vehicles):
        return "a range where distance costs nothing"
    return None


def solve_plain(
    problem: Problem,
    stop: Stop,
    seed: int,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> Result:
    """Plan a problem that has no obstacle.

    Raises
    ------
    NotPlain
        When no plan serves all within a part of the budget.
    ModuleNotFoundError
        Without PyVRP.
    """
    import pyvrp  # noqa: PLC0415 - half a second, and for plain problems alone.

    numbered = Numbered.of(problem)
    looked = look_ahead(numbered)
    model = _Model(numbered, looked)
    if not model.options:
        raise NotPlain(0)
    bounded = Bounded(numbered, looked, stop, progress)
    watch = _Watch(stop, model, bounded.tell)
    callbacks = type("Told", (pyvrp.IteratedLocalSearchCallbacks,), {"on_best": watch.see})()
    params = pyvrp.SolveParams(
        ils=pyvrp.IteratedLocalSearchParams(callbacks=callbacks),
        penalty=pyvrp.PenaltyParams(max_penalty=max(PENALTY_MAX, 10 * model.fixed_max)),
    )
    found = pyvrp.solve(model.make(pyvrp), watch, seed, collect_stats=False, params=params)
    if not found.is_feasible():
        raise NotPlain(watch.turns)
    result = make_result(
        numbered, looked, model.routes_of(found.best),
        seed=seed, iterations=watch.turns, engine=Engine.PYVRP,
    )  # fmt: skip
    if not check(problem, result).confirms(result):
        raise NotPlain(watch.turns)
    return bounded.write(result)


class _Scale(NamedTuple):
    """What of a whole number is a second, and what is one of the problem's cost."""

    second: float
    cost: float


class _Model:
    """A problem in PyVRP's words; parcels that nothing can serve are left out."""

    def __init__(self, numbered: Numbered, looked: Preflight) -> None:
        self.numbered, problem = numbered, numbered.problem
        self.scale = _scale_of(problem)
        prize = [one.prize for one in problem.parcels]
        # Serving what costs more than its prize is never worth it. In the order of places, as
        # PyVRP's own reader has them: its search depends on it.
        self.options = sorted(
            (
                o for o in looked.options
                if (most := prize[numbered.choices[o].parcel]) is None
                or most > numbered.choices[o].penalty
            ),
            key=lambda o: (numbered.choices[o].place, o),
        )  # fmt: skip
        self.members: dict[int, list[int]] = {}
        for client, o in enumerate(self.options):
            self.members.setdefault(numbered.choices[o].parcel, []).append(client)
        self.kinds = _alike(numbered)
        self.dimensions = [
            k for k in range(3) if np.isfinite(numbered.capacity[:, k]).any()
        ]  # fmt: skip
        self.depots = sorted({*numbered.start, *numbered.end})
        self.fixed_max = max(self._cost(one.cost_fixed) for one in problem.vehicles)
        self.prizes_lost = 0

    def _cost(self, cost: float) -> int:
        return round(self.scale.cost * cost)

    def _time(self, seconds: float, *, later: bool) -> int:
        ticks = self.scale.second * max(0.0, seconds)
        if ticks >= LARGE:
            return int(np.iinfo(np.int64).max)
        return math.ceil(ticks - 1e-6) if later else math.floor(ticks + 1e-6)

    def make(self, pyvrp: Any) -> Any:
        """Say it."""
        problem = self.numbered.problem
        # Coordinates are not used where matrices are given, but for PyVRP's own plots.
        locations = [
            pyvrp.Location(one.longitude or 0.0, one.latitude or 0.0) for one in problem.places
        ]
        rates = sorted({one.cost_per_km for one in problem.vehicles})
        groups: list[Any] = []
        group_of: dict[int, int] = {}
        for p, members in sorted(self.members.items()):
            if len(members) > 1:
                group_of[p] = len(groups)
                is_required = problem.parcels[p].prize is None
                in_order = sorted(members, key=lambda c: self.options[c])
                groups.append(pyvrp.ClientGroup(in_order, required=is_required))
        durations = self._durations()
        metres = problem.distances_m.values / 1000
        return pyvrp.ProblemData(
            locations=locations,
            clients=[self._client(pyvrp, o, group_of) for o in self.options],
            depots=[pyvrp.Depot(place) for place in self.depots],
            vehicle_types=[self._vehicles(pyvrp, kind, rates) for kind in self.kinds],
            distance_matrices=[
                np.rint(self.scale.cost * rate * metres).astype(np.int64) for rate in rates
            ],
            duration_matrices=[durations] * len(rates),
            groups=groups,
        )

    def _durations(self) -> NDArray[np.int64]:
        """Add preparation to the way there: a stop at the same place has none (R2)."""
        problem = self.numbered.problem
        preparation = np.array([place.preparation_s for place in problem.places])
        seconds = problem.durations_s.values + preparation[None, :]
        np.fill_diagonal(seconds, 0.0)
        ticks: NDArray[np.int64] = np.ceil(self.scale.second * seconds - 1e-6).astype(np.int64)
        return ticks

    def _client(self, pyvrp: Any, o: int, group_of: dict[int, int]) -> Any:
        choice = self.numbered.choices[o]
        parcel = self.numbered.problem.parcels[choice.parcel]
        amounts = [int(self.numbered.demand[choice.parcel, k]) for k in self.dimensions]
        group = group_of.get(choice.parcel)
        is_required = parcel.prize is None and group is None
        prize = 0 if is_required else self._prize(choice.parcel, choice.penalty)
        self.prizes_lost += prize
        return pyvrp.Client(
            location=choice.place,
            delivery=[] if parcel.is_pickup else amounts,
            pickup=amounts if parcel.is_pickup else [],
            service_duration=self._time(choice.service_s, later=True),
            tw_early=self._time(choice.opens_at, later=True),
            tw_late=self._time(choice.closes_at, later=False),
            prize=prize,
            required=is_required,
            group=group,
        )

    def _prize(self, p: int, penalty: float) -> int:
        """Turn penalties into prizes: what is not visited has its prize added to the cost."""
        most = self.numbered.problem.parcels[p].prize
        if most is None:
            here = [self.numbered.choices[self.options[c]].penalty for c in self.members[p]]
            most = max(here)
        return self._cost(most - penalty)

    def _vehicles(self, pyvrp: Any, kind: list[int], rates: list[float]) -> Any:
        vehicle = self.numbered.problem.vehicles[kind[0]]
        per_tick = self.scale.cost * vehicle.cost_per_hour / 3600 / self.scale.second
        limits: dict[str, int] = {}
        if vehicle.shift_s_max is not None:
            limits["shift_duration"] = self._time(vehicle.shift_s_max, later=False)
        if vehicle.range_m is not None:
            reach = self.scale.cost * vehicle.cost_per_km * vehicle.range_m / 1000
            limits["max_distance"] = math.floor(reach + 1e-6)
        room = self.numbered.capacity[kind[0]]
        return pyvrp.VehicleType(
            num_available=len(kind),
            capacity=[LARGE if math.isinf(room[k]) else int(room[k]) for k in self.dimensions],
            start_depot=self.depots.index(self.numbered.start[kind[0]]),
            end_depot=self.depots.index(self.numbered.end[kind[0]]),
            fixed_cost=self._cost(vehicle.cost_fixed),
            tw_early=self._time(vehicle.shift_starts_at, later=True),
            tw_late=self._time(vehicle.shift_ends_at, later=False),
            unit_distance_cost=1,
            unit_duration_cost=round(per_tick),
            profile=rates.index(vehicle.cost_per_km),
            **limits,
        )

    def cost_of(self, cost: int) -> float:
        """Tell what a cost of PyVRP is to the problem, as nearly as a progress bar needs."""
        return cost / self.scale.cost

    def routes_of(self, solution: Any) -> list[list[int]]:
        """Read the choices of every vehicle, in order."""
        left = [list(kind) for kind in self.kinds]
        routes: list[list[int]] = [[] for _ in self.numbered.problem.vehicles]
        for route in solution.routes():
            v = left[route.vehicle_type()].pop(0)
            routes[v] = [self.options[visit.idx] for visit in route if visit.is_client()]
        return routes


class _Watch:
    """Ends PyVRP's search when a stop says so, and tells how far it is."""

    def __init__(
        self, stop: Stop, model: _Model, progress: Callable[[Progress], None] | None
    ) -> None:
        self.stop, self.model, self.progress = stop, model, progress
        self.turns = -1
        self.vehicles = self._asks_again = 0

    def see(self, best: Any) -> None:
        """Hear of a better plan."""
        self.vehicles = best.num_routes()

    def __call__(self, best_cost: int) -> bool:
        """Say whether to end, before every iteration."""
        self.turns += 1
        if self.turns < self._asks_again:
            return False
        share = self.stop.share(self.turns)
        is_found = best_cost < LARGE
        if self.progress is not None and self.turns:
            cost = self.model.cost_of(best_cost) if is_found else math.inf
            self.progress(Progress(min(1.0, share), self.turns, cost, self.vehicles))
        if share >= 1.0 or (share >= FEASIBLE_SHARE and not is_found):
            return True
        self._asks_again = self.turns + self.stop.stretch(self.turns)
        return False


def _entries(problem: Problem) -> Iterator[tuple[str, Any]]:
    yield "the problem", problem
    yield from ((f"place {one.id!r}", one) for one in problem.places)
    for vehicle in problem.vehicles:
        yield f"vehicle {vehicle.id!r}", vehicle
        yield f"vehicle {vehicle.id!r}", vehicle.capacity
    for parcel in problem.parcels:
        yield f"parcel {parcel.id!r}", parcel
        yield from ((f"parcel {parcel.id!r}", option) for option in parcel.options)


def _default(field: Any) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _alike(numbered: Numbered) -> list[list[int]]:
    """Put vehicles together that differ in nothing but their names."""
    kinds: dict[Any, list[int]] = {}
    for v, vehicle in enumerate(numbered.problem.vehicles):
        key = msgspec.structs.replace(vehicle, id="")
        kinds.setdefault(msgspec.json.encode(key), []).append(v)
    return list(kinds.values())


def _scale_of(problem: Problem) -> _Scale:
    second = _second(problem)
    metres = problem.distances_m.values
    rates = [one.cost_per_km / 1000 for one in problem.vehicles]
    hourly = sorted({one.cost_per_hour for one in problem.vehicles if one.cost_per_hour > 0})
    others = [x for one in problem.vehicles for x in (one.cost_fixed,)]
    others += [one.prize or 0.0 for one in problem.parcels]
    others += [option.penalty for one in problem.parcels for option in one.options]
    if not hourly and _are_whole(others) and all(_are_whole(rate * metres) for rate in set(rates)):
        return _Scale(second, 1.0)
    legs = metres[metres > 0].mean() * max(rates) if (metres > 0).any() else 0.0
    if hourly:
        legs += problem.durations_s.values.mean() * max(hourly) / 3600
    cost = 10.0 ** math.ceil(math.log10(LEG_COST_LEAST / legs)) if legs > 0 else 1.0
    if hourly:
        # So that a unit of time costs a whole number, where all vehicles' time costs the same.
        least = HOUR_UNITS_LEAST if len(hourly) > 1 else 1
        units = max(least, math.ceil(cost * hourly[0] / 3600 / second))
        cost = units * 3600 * second / hourly[0]
    return _Scale(second, cost)


def _second(problem: Problem) -> float:
    """Choose the coarsest of four units in which all times are whole."""
    times: list[float] = []
    for place in problem.places:
        times += (place.preparation_s, place.parcel_s, place.opens_at, place.closes_at)
    for vehicle in problem.vehicles:
        times += (vehicle.shift_starts_at, vehicle.shift_ends_at, vehicle.shift_s_max or 0.0)
    for option in (option for parcel in problem.parcels for option in parcel.options):
        times += (option.opens_at, option.closes_at, option.service_s or 0.0)
    said = np.array([x for x in times if math.isfinite(x)])
    for unit in (1.0, 10.0, 100.0):
        if _are_whole(unit * said) and _are_whole(unit * problem.durations_s.values):
            return unit
    return 1000.0


def _are_whole(numbers: Iterable[float] | NDArray[np.float64]) -> bool:
    values = np.asarray(numbers, dtype=float)
    return bool((np.abs(values - np.rint(values)) < 1e-6).all())
