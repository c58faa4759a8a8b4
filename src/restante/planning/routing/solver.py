"""From a problem to a plan: look ahead, construct, drop vehicles, anneal.

A parcel that no set of routes can serve is named before the search (:mod:`.preflight`). Vehicles
are then dropped one by one, where that is worth it, by putting their parcels elsewhere; parcels
that are often left out come first. What remains of the budget anneals cost, with every required
parcel served. Where no plan serves all, the least bad one is annealed: leaving a parcel out costs
more than everything else.

How much of a plan in force may change is a matter of cost, and part of the problem:
``keep_close_to(problem, plan, ChangeCosts(option=…, vehicle=…, arrival=…))`` of :mod:`.stability`
writes the plan into it, and the kernel then pays for each parcel at another option, on another
vehicle, or come to from another place. ``in_force`` beside it makes that plan the one begun from.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..stop import MaxIterations, Stop
from .arrays import Arrays
from .kernel.anneal import search
from .kernel.state import ABSENT, BEST
from .numbering import LOAD, Numbered
from .outcome import make_result
from .preflight import look_ahead
from .problem import Matrix, Option, Parcel, Place, PlaceId, Problem, Vehicle, VehicleId
from .progress import Bounded, Progress
from .result import Result

CONSTRUCTION_SHARE = 0.35
"""Share of the budget after which a plan that serves all is no longer waited for (chosen)."""

FLEET_SHARE = 0.3
"""Share of the budget in which vehicles are dropped (docs/explanation/routes.md)."""

OPTIONAL_SHARE = 0.05
"""Share of the budget in which optional parcels are tried together (chosen)."""

HOT, COLD = 3.0, 0.01
"""First and last temperature, as multiples of the variable cost per parcel; a tenth of the first
was 3 % worse (docs/explanation/routes.md)."""

PROBED_SHARE = 0.02
"""Share of the budget after which its number of turns is estimated (chosen)."""

TURNS_PER_PARCEL = 2_000
"""Turns after which a search is better begun anew than made longer, for each parcel
(docs/explanation/routes.md)."""

ROUNDS_MAX = 5

ANEW_SHARE = 0.25
"""Share of a round after which another plan that serves all is no longer waited for (chosen)."""

STRETCH_MAX = 1_000
"""Turns at one temperature at most: few steps would let a plan cool too fast (chosen)."""

TOLD_SHARE = 0.005
"""Share of the budget after which progress is told again (chosen)."""

STILL = 1e-9
"""A temperature at which only what is better is taken."""


def solve(
    problem: Problem,
    stop: Stop,
    seed: int,
    *,
    progress: Callable[[Progress], None] | None = None,
    in_force: Result | None = None,
) -> Result:
    """Plan routes with the kernel; parameters and result are those of :func:`.engines.solve`.

    With a stop by iterations the same seed gives the same result. Where a plan in force still can
    be driven, the answer is never worse.
    """
    numbered = Numbered.of(problem)
    looked = look_ahead(numbered)
    if not looked.options:
        routes = [list(route) for route in _done_routes(numbered)]
        return make_result(numbered, looked, routes, seed=seed, iterations=0)
    arrays = Arrays(numbered, looked, np.random.default_rng(seed))
    arrays.set_routes(_first_routes(arrays, in_force))
    bounded = Bounded(numbered, looked, stop, progress)
    run = _Run(arrays, stop, np.random.default_rng([seed, 1]), bounded.tell)
    run.construct()
    run.serve_optional()
    run.drop_vehicles()
    run.anneal()
    routes = arrays.routes_of(arrays.tables.best_next)
    result = make_result(numbered, looked, routes, seed=seed, iterations=run.turns)
    return bounded.write(result)


def warm_up() -> None:
    """Compile the kernel, or take up its machine code, before a clock runs."""
    nowhere = Matrix([[0.0]])
    depot = PlaceId("depot")
    problem = Problem(
        places=(Place(id=depot),),
        vehicles=(Vehicle(id=VehicleId("van"), start_place=depot),),
        parcels=(Parcel(id="parcel", options=(Option(place=depot),)),),
        distances_m=nowhere,
        durations_s=nowhere,
    )
    solve(problem, MaxIterations(1), 0)


def _done_routes(numbered: Numbered) -> list[list[int]]:
    routes: list[list[int]] = [[] for _ in numbered.problem.vehicles]
    for option, v, _ in numbered.done.values():
        routes[v].append(option)
    return routes


def _first_routes(arrays: Arrays, in_force: Result | None) -> list[list[int]]:
    """Begin with what was done, and with what a plan in force says of the rest."""
    numbered = arrays.numbered
    routes = _done_routes(numbered)
    if in_force is None:
        return routes
    parcel_of = {parcel.id: p for p, parcel in enumerate(numbered.problem.parcels)}
    vehicle_of = {vehicle.id: v for v, vehicle in enumerate(numbered.problem.vehicles)}
    room = [limit.options_max for limit in numbered.limits]
    using: dict[int, list[int]] = {}
    for k, limit in enumerate(numbered.limits):
        for option in limit.options:
            using.setdefault(option, []).append(k)
    seen = set(numbered.done)
    for option in (option for route in routes for option in route if option != LOAD):
        for k in using.get(option, ()):
            room[k] -= 1
    for route in in_force.routes:
        v = vehicle_of.get(route.vehicle)
        for visit, served in ((x, y) for x in route.visits for y in x.served or (None,)):
            if visit.is_loading and v is not None:
                routes[v].append(LOAD)
            if served is None:
                continue
            p = parcel_of.get(served.parcel)
            if v is None or p is None or p in seen or not numbered.may_carry[p, v]:
                continue
            options = numbered.options_of[p]
            option = options[served.option] if served.option < len(options) else -1
            limits = using.get(option, ())
            if option in arrays.node_of and all(room[k] > 0 for k in limits):
                seen.add(p)
                routes[v].append(option)
                for k in limits:
                    room[k] -= 1
    return routes


class _Run:
    """One search, with how many turns it made."""

    def __init__(
        self,
        arrays: Arrays,
        stop: Stop,
        rng: np.random.Generator,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.arrays = arrays
        self.tables = arrays.tables
        self._routes = arrays.tables.routes[: arrays.routes]
        self.stop, self.rng, self.progress = stop, rng, progress
        self.turns, self._told = 0, 0.0
        self._held = math.inf  # Cost of a better plan than the tables know just now.

    def _go(self, temperature: float, *, is_strict: bool) -> None:
        turns = min(STRETCH_MAX, self.stop.stretch(self.turns))
        self.turns += search(self.tables, self.rng, turns, temperature, is_strict)
        share = min(1.0, self.stop.share(self.turns))
        if self.progress is not None and (share >= 1.0 or share - self._told >= TOLD_SHARE):
            self._told = share
            used = sum(1 for r in range(self.arrays.routes) if self._routes[r].cost > 0)
            best = min(self._held, float(self.tables.sums[BEST]))
            self.progress(Progress(share, self.turns, best, used))

    def _serves_all(self) -> bool:
        absent = self.tables.lists[ABSENT, : self.tables.tally[ABSENT]]
        return not np.isinf(self.tables.parcels.prize[absent]).any()

    def construct(self) -> None:
        """Find a plan that serves all; or give up, and let leaving out be very dear."""
        search(self.tables, self.rng, 0, STILL, True)
        while not self._serves_all() and self.stop.share(self.turns) < CONSTRUCTION_SHARE:
            self._go(STILL, is_strict=False)
        if not self._serves_all():
            dear = 1e3 * (1.0 + float(np.abs(self._routes.cost).sum()))
            prizes = self.tables.parcels.prize
            prizes[np.isinf(prizes)] = dear
            search(self.tables, self.rng, 0, STILL, True)

    def serve_optional(self) -> None:
        """Where no parcel alone is worth a vehicle, find out whether all together are.

        A search that takes one after the other never would.
        """
        parcels = self.tables.parcels
        said = parcels.prize.copy()
        is_optional = np.isfinite(said) & (parcels.options_to > parcels.options_from)
        best, routes = float(self.tables.sums[BEST]), self._best_routes()
        if any(routes) or not is_optional.any():
            return
        dear = 1e3 * (1.0 + float(np.abs(self._routes.cost).sum() + said[is_optional].sum()))
        parcels.prize[is_optional] = dear
        self._begin_with(routes)
        until = min(1.0, self.stop.share(self.turns) + OPTIONAL_SHARE)
        while self.stop.share(self.turns) < until:
            self._go(STILL, is_strict=True)
        served = self._best_routes()
        parcels.prize[:] = said
        self._begin_with(served)
        if self.tables.sums[BEST] >= best:
            self._begin_with(routes)

    def drop_vehicles(self) -> None:
        """Close one vehicle after the other, as long as the others can serve all.

        A plan with fewer vehicles may cost more at first: annealing opens one again more easily
        than it closes one. The best plan so far is remembered.
        """
        until = min(1.0, self.stop.share(self.turns) + FLEET_SHARE)
        best, successors = float(self.tables.sums[BEST]), self.tables.best_next.copy()
        while self.stop.share(self.turns) < until:
            routes = self._best_routes()
            victim = self._smallest_route(routes)
            if victim is None:
                break
            self._routes[victim].is_open = 0
            self._begin_with([[] if r == victim else x for r, x in enumerate(routes)])
            self.tables.parcels.absences[:] = 0.0
            while not self._serves_all() and self.stop.share(self.turns) < until:
                self._go(STILL, is_strict=False)
            if not self._serves_all():
                self._routes[victim].is_open = 1
                self._begin_with(routes)
                break
            if self.tables.sums[BEST] < best:
                best, successors = float(self.tables.sums[BEST]), self.tables.best_next.copy()
        self._remember_best(best, successors)

    def _remember_best(self, cost: float, successors: NDArray[np.int32]) -> None:
        if cost < self.tables.sums[BEST]:
            self.tables.sums[BEST] = cost
            self.tables.best_next[:] = successors

    def _begin_with(self, routes: list[list[int]]) -> None:
        self.arrays.set_routes(routes)
        self.tables.sums[BEST] = math.inf
        search(self.tables, self.rng, 0, STILL, True)

    def _best_routes(self) -> list[list[int]]:
        return self.arrays.routes_of(self.tables.best_next)

    def _smallest_route(self, routes: list[list[int]]) -> int | None:
        """Choose a vehicle to do without, unless the others could never hold everything."""
        used = [
            r
            for r, route in enumerate(routes)
            if route and not self._routes[r].is_out and self._routes[r].fixed > 0
        ]
        if len(used) < 2:
            return None
        victim = min(used, key=lambda r: (len(routes[r]), -self._routes[r].fixed))
        others = [r for r, route in enumerate(routes) if r != victim and
                  (route or self._routes[r].is_open)]  # fmt: skip
        if any(not routes[r] for r in others):
            # A vehicle stands idle: which are used is for cost to say, not for room.
            return victim if self._holds_all([r for r in others if routes[r]]) else None
        return victim if self._holds_all(others) else None

    def _holds_all(self, vehicles: list[int]) -> bool:
        required = np.isinf(self.tables.parcels.prize) & (self.tables.parcels.is_pickup == 0)
        wanted = self.tables.demand[required].sum(axis=0)
        trips = 1 + self._routes.loads_to - self._routes.loads_from
        room = (self.tables.capacity[vehicles] * trips[vehicles, None]).sum(axis=0)
        return bool((wanted <= room).all())

    def anneal(self) -> None:
        """Let cost fall, from hot to cold, with every required parcel served."""
        scale = self._variable_cost() / len(self.arrays.numbered.options_of)
        self._close_unused(30 * HOT * scale)
        begun, made = self.stop.share(self.turns), self.turns
        while self.stop.share(self.turns) < min(1.0, begun + PROBED_SHARE):
            self._go(HOT * scale, is_strict=True)
        probed = self.stop.share(self.turns)
        turns = (self.turns - made) / max(probed - begun, 1e-9) * (1.0 - begun)
        each = (1.0 - probed) / self._rounds(turns)
        begun_rounds = 0
        while (share := self.stop.share(self.turns)) < 1.0:
            rounds = (share - probed) / each
            if int(rounds) > begun_rounds:
                begun_rounds = int(rounds)
                self._begin_anew(share + ANEW_SHARE * each)
            else:
                self._go(scale * HOT * (COLD / HOT) ** (rounds % 1.0), is_strict=True)

    def _begin_anew(self, until: float) -> None:
        """Construct another plan: which parcels fill a vehicle, heat alone hardly changes."""
        best, successors = float(self.tables.sums[BEST]), self.tables.best_next.copy()
        routes = self._best_routes()
        self._held = best
        self._begin_with(_done_routes(self.arrays.numbered))
        self.tables.parcels.absences[:] = 0.0
        while not self._serves_all() and self.stop.share(self.turns) < until:
            self._go(STILL, is_strict=False)
        if not self._serves_all():
            self._begin_with(routes)
        self._remember_best(best, successors)
        self._held = math.inf

    def _rounds(self, turns: float) -> int:
        parcels = len(self.arrays.numbered.options_of)
        return max(1, min(ROUNDS_MAX, int(turns / (TURNS_PER_PARCEL * parcels))))

    def _variable_cost(self) -> float:
        routes = self._routes
        fixed = sum(float(one.fixed) for one in routes if one.cost > 0)
        return max(float(routes.cost.sum()) - fixed, 1e-9)

    def _close_unused(self, dear: float) -> None:
        """Close vehicles that the search could never pay for, and open all others again."""
        used = [route for route in self._routes if route.cost > 0]
        fixed_max = max((float(route.fixed) for route in used), default=0.0)
        for route in self._routes:
            is_dear = route.cost == 0 and route.fixed > dear and route.fixed >= fixed_max
            route.is_open = not (is_dear and used)
