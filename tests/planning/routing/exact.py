"""The least cost of a tiny problem, as a mixed-integer program: slow, and sure.

Model
-----
For every vehicle a path of chosen options from its start to its end: ``x(v,i,j)`` is 1 where it
goes from ``i`` to ``j``; ``t(v,i)`` is when serving ``i`` begins and ``q(v,i)`` what is on board
after it. A vehicle leaves at ``t(v,start)``, whenever it likes within its shift.
"""

import math
from itertools import product
from typing import Any

import highspy

from restante.planning.routing.problem import Place, Problem

LATEST = 1e5
START, END = "start", "end"


def least_cost(problem: Problem) -> float:
    """Find what the best plan costs; infinite where there is none. Speeds must not change."""
    assert not problem.speeds
    return _Model(problem).solve()


class _Model:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.row = {place.id: i for i, place in enumerate(problem.places)}
        self.parcels = {one.id: one for one in problem.parcels}
        self.options = {
            (one.id, k): option for one in problem.parcels for k, option in enumerate(one.options)
        }
        self.program: Any = highspy.Highs()
        self.program.setOptionValue("output_flag", False)
        self.program.setOptionValue("threads", 1)
        self.program.setOptionValue("mip_rel_gap", 1e-9)
        self.cost: list[Any] = []

    def solve(self) -> float:
        visits = {}
        for v in range(len(self.problem.vehicles)):
            visits |= self._vehicle(v)
        vehicles = range(len(self.problem.vehicles))
        served = {o: self._sum(visits[v, o] for v in vehicles) for o in self.options}
        constant = 0.0
        for parcel in self.problem.parcels:
            mine = self._sum(served[parcel.id, k] for k in range(len(parcel.options)))
            if parcel.prize is None:
                self.program.addConstr(mine == 1)
            else:
                self.program.addConstr(mine <= 1)
                self.cost.append(-parcel.prize * mine)
                constant += parcel.prize
        self._limit(served)
        self.cost += [option.penalty * served[o] for o, option in self.options.items()]
        for parcel in self.problem.parcels:
            if parcel.planned is not None:
                as_planned = served[parcel.id, parcel.planned.option]
                self.cost.append(self.problem.change_costs.option * (1 - as_planned))
        self.program.minimize(self._sum(self.cost))
        if self.program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return math.inf
        return float(self.program.getObjectiveValue()) + constant

    def _sum(self, terms: Any) -> Any:
        return self.program.qsum(list(terms))

    def _limit(self, served: dict[Any, Any]) -> None:
        rank = {size: i for i, size in enumerate(self.problem.sizes)}
        for place in self.problem.places:
            here = [o for o, option in self.options.items()
                    if option.place == place.id and not self.parcels[o[0]].is_pickup]  # fmt: skip
            if place.parcels_max is not None and here:
                self.program.addConstr(self._sum(served[o] for o in here) <= place.parcels_max)
            for size in self.problem.sizes if place.free is not None else ():
                large = [o for o in here if rank[self.parcels[o[0]].size] >= rank[size]]
                room = sum(n for s, n in place.free.items() if rank[s] >= rank[size])
                if large:
                    self.program.addConstr(self._sum(served[o] for o in large) <= room)
        for wanted in self.problem.service_levels:
            worse = [o for o, option in self.options.items() if option.level > wanted.level]
            count = len(self.parcels)
            if worse:
                most = count - math.ceil(wanted.share * count)
                self.program.addConstr(self._sum(served[o] for o in worse) <= most)

    def _place(self, v: int, node: Any) -> int:
        vehicle = self.problem.vehicles[v]
        if node == START:
            return self.row[vehicle.start_place]
        if node == END:
            return self.row[vehicle.end_place or vehicle.start_place]
        return self.row[self.options[node].place]

    def _vehicle(self, v: int) -> dict[tuple[int, Any], Any]:
        program, vehicle = self.program, self.problem.vehicles[v]
        nodes = list(self.options)
        arcs = {
            (i, j): program.addBinary()
            for i, j in product([START, *nodes], [*nodes, END])
            if i != j and (i == START or j == END or i[0] != j[0])
        }
        leaving = {i: self._sum(x for (a, _), x in arcs.items() if a == i) for i in [START, *nodes]}
        entering = {j: self._sum(x for (_, b), x in arcs.items() if b == j) for j in [*nodes, END]}
        for node in nodes:
            program.addConstr(leaving[node] == entering[node])
        program.addConstr(leaving[START] == 1)
        is_used = 1 - arcs[START, END]
        metres = self.problem.distances_m.values
        distance = self._sum(
            float(metres[self._place(v, i), self._place(v, j)]) * x for (i, j), x in arcs.items()
        )
        if vehicle.range_m is not None:
            program.addConstr(distance <= vehicle.range_m)
        self._habits(v, arcs)
        self._changes(v, arcs, leaving)
        at = self._times(v, arcs)
        if vehicle.shift_s_max is not None:
            program.addConstr(at[END] - at[START] <= vehicle.shift_s_max)
        self._loads(v, arcs, leaving)
        self.cost += [
            vehicle.cost_fixed * is_used,
            vehicle.cost_per_km / 1000 * distance,
            vehicle.cost_per_hour / 3600 * (at[END] - at[START]),
        ]
        return {(v, node): leaving[node] for node in nodes}

    def _habits(self, v: int, arcs: dict[Any, Any]) -> None:
        vehicle, costs = self.problem.vehicles[v], self.problem.habit_costs
        entering: dict[str, list[Any]] = {}
        for (i, j), x in arcs.items():
            if j == END:
                continue
            a, b = self._at(v, i), self._at(v, j)
            before = None if i == START else a.zone
            if b.zone is not None and before != b.zone:
                entering.setdefault(b.zone, []).append(x)
            if i == START or a is b:
                continue
            zones = [one.zone for one in (a, b) if one.zone in vehicle.zone_order]
            stops = [one.id for one in (a, b) if one.id in vehicle.stop_order]
            if zones != sorted(zones, key=vehicle.zone_order.index):
                self.cost.append(costs.against_zones * x)
            if stops != sorted(stops, key=vehicle.stop_order.index):
                self.cost.append(costs.against_stops * x)
        for entries in entering.values():
            first = self.program.addBinary()
            self.program.addConstr(first <= self._sum(entries))
            self.cost.append(costs.zone_again * (self._sum(entries) - first))

    def _changes(self, v: int, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> None:
        vehicle, costs = self.problem.vehicles[v], self.problem.change_costs
        for node in self.options:
            planned = self.parcels[node[0]].planned
            if planned is None:
                continue
            if planned.vehicle != vehicle.id:
                self.cost.append(costs.vehicle * leaving[node])
            for i in (START, *self.options):
                a, b = self._at(v, i), self._at(v, node)
                if (i, node) in arcs and a is not b and planned.from_place not in {None, a.id}:
                    self.cost.append(costs.arrival * arcs[i, node])

    def _at(self, v: int, node: Any) -> Place:
        return self.problem.places[self._place(v, node)]

    def _times(self, v: int, arcs: dict[Any, Any]) -> dict[Any, Any]:
        vehicle = self.problem.vehicles[v]
        shift = vehicle.shift_starts_at, min(vehicle.shift_ends_at, LATEST)
        at = {node: self.program.addVariable(*shift) for node in (START, END)}
        service = {START: 0.0, END: 0.0}
        for node, option in self.options.items():
            place = self.problem.places[self.row[option.place]]
            at[node] = self.program.addVariable(
                max(option.opens_at, place.opens_at),
                min(option.closes_at, place.closes_at, LATEST),
            )
            service[node] = place.parcel_s if option.service_s is None else option.service_s
        for (i, j), x in arcs.items():
            a, b = self._place(v, i), self._place(v, j)
            drive = float(self.problem.durations_s.values[a, b])
            drive += self.problem.places[b].preparation_s if a != b else 0.0
            self.program.addConstr(
                at[j] - at[i] - 2 * LATEST * x >= service[i] + drive - 2 * LATEST
            )
        return at

    def _loads(self, v: int, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> None:
        room = self.problem.vehicles[v].capacity.volume_cm3
        if room is None:
            return
        onboard = {node: self.program.addVariable(0, room) for node in [START, *self.options]}
        volume = {node: self.parcels[node[0]].volume_cm3 for node in self.options}
        is_pickup = {node: self.parcels[node[0]].is_pickup for node in self.options}
        delivered = [volume[n] * leaving[n] for n in self.options if not is_pickup[n]]
        if delivered:
            self.program.addConstr(onboard[START] >= self._sum(delivered))
        for (i, j), x in arcs.items():
            if j != END:
                change = volume[j] if is_pickup[j] else -volume[j]
                self.program.addConstr(onboard[j] - onboard[i] - 2 * room * x >= change - 2 * room)
