"""From a numbered problem to what the kernel sees."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .kernel.recreate import SWAPS_MAX
from .kernel.state import LABELS_MAX, LEG, NODE, PARCEL, PLACE, ROUTE, Tables
from .numbering import LOAD, Numbered, begins_at
from .preflight import Preflight
from .problem import Problem

Rows = Any
"""A table of records, whose fields are attributes."""

NEAR_MAX = 40
"""Places beside which an insertion is tried; 20 lost 2 % (docs/explanation/routes.md)."""

NEIGHBORS_MAX = 100
"""Parcels around one that a ruin looks at (chosen)."""

ROUNDING_S = 1e-7
"""What times may be late: less than what sums of floats lose, far less than a second."""


class Arrays:
    """A problem laid out for the kernel, with an empty plan.

    Node ``i`` below ``len(options)`` is choice ``options[i]`` of the numbered problem; nodes from
    ``loads[r]`` to ``loads[r + 1]`` are those at which route ``r`` loads again; then from ``ends``
    come the starts and the ends of routes.
    """

    def __init__(self, numbered: Numbered, preflight: Preflight, rng: np.random.Generator) -> None:
        self.numbered = numbered
        done = sorted(choice for choice, _, _ in numbered.done.values())
        self.options = (*preflight.options, *done)
        self.node_of = {o: i for i, o in enumerate(self.options)}
        self.routes = len(numbered.problem.vehicles)
        problem = numbered.problem
        loads = np.cumsum([0, *(vehicle.trips_max - 1 for vehicle in problem.vehicles)])
        self.loads = loads + len(self.options)
        self.ends = int(self.loads[-1])
        nearness = _nearness(numbered)
        neighbors, from_start = _neighbors(numbered, nearness, rng)
        places = sorted({numbered.choices[o].place for o in self.options})
        near = _near(nearness, places)
        used = _used_dimensions(numbered)
        nodes, limits = _nodes(self)
        most_breaks = max(len(vehicle.breaks) for vehicle in problem.vehicles)
        self.tables = Tables(
            option_count=self.ends,
            node_count=len(nodes),
            route_count=self.routes,
            dimensions=len(used),
            parcel_count=len(problem.parcels),
            has_peaks=self.ends > len(self.options) or any(x.is_pickup for x in problem.parcels),
            has_loads=self.ends > len(self.options),
            has_habits=_has_habits(problem),
            nodes=np.concatenate([nodes, nodes]).view(np.recarray),
            routes=np.concatenate([_routes(self)] * 2).view(np.recarray),
            parcels=_parcels(self),
            places=_places(numbered),
            legs=_legs(numbered),
            speeds=np.array([(x.at, x.factor) for x in problem.speeds], float).reshape(-1, 2),
            near=near,
            is_near=_is_near(near),
            neighbors=neighbors,
            order_keys=_order_keys(numbered, from_start, rng),
            limits=limits,
            room=np.array([(0, one.options_max) for one in numbered.limits], int).reshape(-1, 2),
            demand=np.concatenate(
                [
                    numbered.demand[:, used],
                    np.zeros((self.ends - len(self.options), len(used))),
                ]
            ),
            capacity=np.ascontiguousarray(numbered.capacity[:, used]),
            carry=_carry(numbered, self.ends - len(self.options)),
            habit_costs=_habit_costs(problem),
            zone_ranks=_zone_ranks(problem),
            stop_ranks=_stop_ranks(problem),
            breaks=_breaks(problem),
            labels=np.zeros((1 + most_breaks, LABELS_MAX, 4)),
            label_count=np.zeros(1 + most_breaks, dtype=np.int64),
            zone_runs=np.zeros((self.routes, len(_zones(problem))), dtype=np.int64),
            loads=np.zeros((2 * self.routes, len(used))),
            peaks=np.zeros((len(nodes), 2, len(used))),
            best_next=np.full(len(nodes), -1, dtype=np.int32),
            lists=np.zeros((3, len(problem.parcels) + SWAPS_MAX), dtype=np.int64),
            tally=np.zeros(5, dtype=np.int64),
            sums=np.array([0.0, 0.0, math.inf, 0.0]),
        )

    def routes_of(self, successors: NDArray[np.int32]) -> list[list[int]]:
        """Read the choices of every route, in order, from the successors of nodes."""
        found = []
        for r in range(self.routes):
            x = int(successors[self.ends + r])
            route = []
            while x < self.ends:
                route.append(self.options[x] if x < len(self.options) else LOAD)
                x = int(successors[x])
            found.append(route)
        return found

    def set_routes(self, routes: list[list[int]]) -> None:
        """Lay choices into routes; the kernel takes them up before it goes on."""
        for r, route in enumerate(routes):
            p, load = self.ends + r, int(self.loads[r])
            for i, option in enumerate(route):
                x = load if option == LOAD else self.node_of[option]
                if option == LOAD:
                    is_idle = i == 0 or route[i - 1] == LOAD or set(route[i:]) == {LOAD}
                    if is_idle or load == self.loads[r + 1]:
                        continue
                    load += 1
                self.tables.nodes[p].next = x
                p = x
            self.tables.nodes[p].next = self.ends + self.routes + r


def _nodes(arrays: Arrays) -> tuple[Rows, NDArray[np.int64]]:
    numbered, routes = arrays.numbered, arrays.routes
    nodes: Rows = np.zeros(arrays.ends + 2 * routes, NODE).view(np.recarray)
    using: list[list[int]] = [[] for _ in arrays.options]
    for k, limit in enumerate(numbered.limits):
        for o in limit.options:
            if o in arrays.node_of:
                using[arrays.node_of[o]].append(k)
    ends = np.cumsum([0, *map(len, using)])
    zones = _zones(numbered.problem)
    for i, o in enumerate(arrays.options):
        choice, node = numbered.choices[o], nodes[i]
        node.place, node.parcel = choice.place, choice.parcel
        node.opens, node.closes = choice.opens_at, choice.closes_at + ROUNDING_S
        node.service, node.penalty = choice.service_s, choice.penalty + choice.change
        node.from_place = numbered.from_place[choice.parcel]
        node.zone = zones.get(numbered.problem.places[choice.place].zone or "", -1)
        node.limits_from, node.limits_to = ends[i], ends[i + 1]
    for o, _, started_at in numbered.done.values():
        node = nodes[arrays.node_of[o]]
        node.is_done, node.opens, node.closes = 1, started_at, started_at
        node.penalty, node.from_place = numbered.choices[o].penalty, -1
    nodes.route, nodes.next, nodes.prev = -1, -1, -1
    for r, vehicle in enumerate(numbered.problem.vehicles):
        start, end = nodes[arrays.ends + r], nodes[arrays.ends + routes + r]
        for i in range(int(arrays.loads[r]), int(arrays.loads[r + 1])):
            load, there = nodes[i], numbered.problem.places[numbered.load[r]]
            load.place, load.service = numbered.load[r], vehicle.load_s
            load.parcel = len(numbered.problem.parcels) + i - len(arrays.options)
            load.opens, load.closes = there.opens_at, there.closes_at + ROUNDING_S
            load.from_place = load.zone = -1
        start.place, end.place = numbered.start[r], numbered.end[r]
        start.parcel = end.parcel = -1
        start.from_place = end.from_place = start.zone = end.zone = -1
        start.route = end.route = r
        start.opens, start.closes = begins_at(vehicle)
        end.opens, end.closes = -math.inf, vehicle.shift_ends_at + ROUNDING_S
    return nodes, np.array([k for limits in using for k in limits], dtype=np.int64)


def _parcels(arrays: Arrays) -> Rows:
    numbered = arrays.numbered
    count = len(numbered.options_of) + arrays.ends - len(arrays.options)
    parcels: Rows = np.zeros(count, PARCEL).view(np.recarray)
    parcels.chosen = -1
    for p, options in enumerate(numbered.options_of):
        one, row = numbered.problem.parcels[p], parcels[p]
        mine = [arrays.node_of[o] for o in options if o in arrays.node_of]
        row.is_pickup = one.is_pickup
        row.prize = math.inf if one.prize is None else one.prize
        if one.planned is not None:
            row.prize += numbered.problem.change_costs.option
        if not mine:
            row.prize = 0.0  # Nothing can serve it: the search need not know it.
        elif p not in numbered.done:
            # Options are in order, so those of one parcel stand side by side.
            row.options_from, row.options_to = mine[0], mine[-1] + 1
    return parcels


def _breaks(problem: Problem) -> NDArray[np.float64]:
    return np.array([
        (one.opens_at, one.closes_at + ROUNDING_S, one.rest_s,
         math.inf if one.after_s_max is None else one.after_s_max + ROUNDING_S)
        for vehicle in problem.vehicles for one in vehicle.breaks
    ], float).reshape(-1, 4)  # fmt: skip


def _carry(numbered: Numbered, loads: int) -> NDArray[np.float64]:
    carry = np.where(numbered.may_carry, numbered.moving, np.inf)
    for p, (_, v, _) in numbered.done.items():
        carry[p, v] = 0.0
    return np.concatenate([carry, np.zeros((loads, carry.shape[1]))])


def _has_habits(problem: Problem) -> bool:
    costs = problem.habit_costs
    return problem.change_costs.arrival + costs.zone_again + costs.against_zones + (
        costs.against_stops
    ) > 0  # fmt: skip


def _habit_costs(problem: Problem) -> NDArray[np.float64]:
    costs = problem.habit_costs
    return np.array([problem.change_costs.arrival, costs.zone_again, costs.against_zones,
                     costs.against_stops])  # fmt: skip


def _zones(problem: Problem) -> dict[str, int]:
    return {zone: i for i, zone in enumerate(sorted({x.zone for x in problem.places if x.zone}))}


def _zone_ranks(problem: Problem) -> NDArray[np.int32]:
    zones = _zones(problem)
    ranks = np.full((len(problem.vehicles), len(zones)), -1, dtype=np.int32)
    for r, vehicle in enumerate(problem.vehicles):
        for i, zone in enumerate(vehicle.zone_order):
            ranks[r, zones[zone]] = i
    return ranks


def _stop_ranks(problem: Problem) -> NDArray[np.int32]:
    places = {place.id: i for i, place in enumerate(problem.places)}
    ranks = np.full((len(problem.vehicles), len(places)), -1, dtype=np.int32)
    for r, vehicle in enumerate(problem.vehicles):
        for i, place in enumerate(vehicle.stop_order):
            ranks[r, places[place]] = i
    return ranks


def _places(numbered: Numbered) -> Rows:
    places: Rows = np.zeros(len(numbered.problem.places), PLACE).view(np.recarray)
    places.preparation = [place.preparation_s for place in numbered.problem.places]
    return places


def _legs(numbered: Numbered) -> Rows:
    distances, durations = numbered.problem.distances_m.values, numbered.problem.durations_s.values
    preparation = np.array([place.preparation_s for place in numbered.problem.places])
    legs: Rows = np.zeros(distances.shape, LEG).view(np.recarray)
    legs.metres = distances
    legs.seconds = durations + preparation[None, :] * (1.0 - np.eye(len(preparation)))
    legs.metres_back, legs.seconds_back = legs.metres.T, legs.seconds.T
    return legs


def _used_dimensions(numbered: Numbered) -> list[int]:
    """Find which loads are limited at all: the others need not be counted."""
    total = numbered.demand.sum(axis=0)
    return [d for d in range(3) if (numbered.capacity[:, d] < total[d]).any()]


def _nearness(numbered: Numbered) -> NDArray[np.float64]:
    """Estimate what going between two places and back costs on average."""
    vehicles = numbered.problem.vehicles
    per_m = sum(vehicle.cost_per_km for vehicle in vehicles) / 1000
    per_s = sum(vehicle.cost_per_hour for vehicle in vehicles) / 3600
    if per_m == 0 and per_s == 0:
        per_s = 1.0
    cost = per_m * numbered.problem.distances_m.values + per_s * numbered.problem.durations_s.values
    nearness: NDArray[np.float64] = cost + cost.T
    return nearness


def _near(nearness: NDArray[np.float64], places: list[int]) -> NDArray[np.int64]:
    served = np.array(places, dtype=np.int64)
    order = np.argsort(nearness[:, served], axis=1, kind="stable")[:, :NEAR_MAX]
    return np.ascontiguousarray(served[order])


def _is_near(near: NDArray[np.int64]) -> NDArray[np.uint8]:
    is_near = np.zeros((len(near), len(near)), dtype=np.uint8)
    np.put_along_axis(is_near, near, 1, axis=1)
    return is_near


def _neighbors(
    numbered: Numbered, nearness: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Order parcels around each by their nearest options; also the nearness of each to a start."""
    count = len(numbered.options_of)
    place = np.array([choice.place for choice in numbered.choices], dtype=np.int64)
    first = np.array([options[0] for options in numbered.options_of], dtype=np.int64)
    rows = np.minimum.reduceat(nearness[place], first, axis=0)
    between = np.minimum.reduceat(rows[:, place], first, axis=1)
    between += rng.random(between.shape) * 1e-6
    np.fill_diagonal(between, -1.0)
    neighbors = np.argsort(between, axis=1, kind="stable")[:, : min(count, NEIGHBORS_MAX)]
    starts = sorted(set(numbered.start))
    return np.ascontiguousarray(neighbors), rows[:, starts].min(axis=1)


def _order_keys(
    numbered: Numbered, from_start: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    count = len(numbered.options_of)
    scale = numbered.demand.max(axis=0, initial=1.0).clip(min=1.0)
    windows = [[numbered.choices[o] for o in options] for options in numbered.options_of]
    widest = [max(one.closes_at - one.opens_at for one in mine) for mine in windows]
    urgent = [mine[0].closes_at for mine in windows]
    few = np.array([len(mine) for mine in windows]) + rng.random(count)
    keys = np.array([
        np.zeros(count), -(numbered.demand[:, 1:] / scale[1:]).sum(axis=1), -from_start,
        from_start, widest, few, urgent,
    ])  # fmt: skip
    return np.ascontiguousarray(np.nan_to_num(keys, posinf=1e300))


def _routes(arrays: Arrays) -> Rows:
    numbered = arrays.numbered
    breaks = 0
    kinds: dict[tuple[object, ...], int] = {}
    routes: Rows = np.zeros(arrays.routes, ROUTE).view(np.recarray)
    for r, vehicle in enumerate(numbered.problem.vehicles):
        route = routes[r]
        alike = (numbered.start[r], numbered.end[r], numbered.capacity[r].tobytes(),
                 numbered.may_carry[:, r].tobytes(), numbered.moving[:, r].tobytes(),
                 vehicle.breaks, vehicle.trips_max, numbered.load[r], vehicle.load_s,
                 vehicle.zone_order, vehicle.stop_order, vehicle.shift_starts_at,
                 vehicle.shift_ends_at, vehicle.shift_s_max, vehicle.cost_fixed,
                 vehicle.cost_per_km, vehicle.cost_per_hour, vehicle.range_m,
                 r if vehicle.under_way else None)  # fmt: skip
        route.loads_from, route.loads_to = arrays.loads[r], arrays.loads[r + 1]
        taken = vehicle.under_way.breaks_taken if vehicle.under_way else 0
        route.breaks_from, route.breaks_to = breaks + taken, breaks + len(vehicle.breaks)
        route.has_breaks = route.breaks_from < route.breaks_to
        breaks += len(vehicle.breaks)
        route.kind = kinds.setdefault(alike, len(kinds))
        route.is_open = 1
        route.is_out = vehicle.under_way is not None
        route.is_timed = vehicle.cost_per_hour > 0 or vehicle.shift_s_max is not None
        route.fixed = vehicle.cost_fixed
        route.per_m = vehicle.cost_per_km / 1000
        route.per_s = vehicle.cost_per_hour / 3600
        route.range = math.inf if vehicle.range_m is None else vehicle.range_m
        route.duration_max = math.inf if vehicle.shift_s_max is None else (
            vehicle.shift_s_max + ROUNDING_S
        )  # fmt: skip
        done = vehicle.under_way.done if vehicle.under_way else ()
        route.head = arrays.ends + r
        if done:
            ids = {parcel.id: p for p, parcel in enumerate(numbered.problem.parcels)}
            route.head = arrays.node_of[numbered.done[ids[done[-1].parcel]][0]]
    return routes
