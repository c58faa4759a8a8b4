"""The least cost of a tiny problem, as a mixed-integer program: slow, and sure.

Model
-----
For every vehicle a path of chosen options and loadings from its start to its end: ``x(v,i,j)`` is 1
where it goes from ``i`` to ``j``; ``t(v,i)`` is when serving ``i`` begins. After ``i`` there are
``p(v,i)`` of what was picked up and ``d(v,i)`` of what is still to be delivered on board, until the
next loading. ``b(v,i,k)`` is 1 where break ``k`` is taken after ``i``, and begins at ``r(v,k)``. A
vehicle leaves at ``t(v,start)``, whenever it likes within its shift. What a vehicle under way has
done is fixed.
"""

import math
from itertools import pairwise, product
from typing import Any

import highspy

from restante.planning.routing.problem import Place, Problem, Vehicle

LATEST = 1e5
START, END, LOADING = "start", "end", "loading"


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
        self.done = {
            one.parcel: (vehicle.id, one)
            for vehicle in problem.vehicles if vehicle.under_way for one in vehicle.under_way.done
        }  # fmt: skip
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
                self._say(mine == 1)
            else:
                self._say(mine <= 1)
                self.cost.append(-parcel.prize * mine)
                constant += parcel.prize
        self._limit(served)
        self.cost += [option.penalty * served[o] for o, option in self.options.items()]
        for parcel in self.problem.parcels:
            if parcel.planned is not None and parcel.id not in self.done:
                as_planned = served[parcel.id, parcel.planned.option]
                self.cost.append(self.problem.change_costs.option * (1 - as_planned))
        self.program.minimize(self._sum(self.cost))
        if self.program.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return math.inf
        return float(self.program.getObjectiveValue()) + constant

    def _sum(self, terms: Any) -> Any:
        return self.program.qsum(list(terms))

    def _say(self, constraint: Any) -> None:
        self.program.addConstr(constraint)

    def _limit(self, served: dict[Any, Any]) -> None:
        rank = {size: i for i, size in enumerate(self.problem.sizes)}
        for place in self.problem.places:
            here = [o for o, option in self.options.items()
                    if option.place == place.id and not self.parcels[o[0]].is_pickup]  # fmt: skip
            if place.parcels_max is not None and here:
                self._say(self._sum(served[o] for o in here) <= place.parcels_max)
            for size in self.problem.sizes if place.free is not None else ():
                large = [o for o in here if rank[self.parcels[o[0]].size] >= rank[size]]
                room = sum(n for s, n in place.free.items() if rank[s] >= rank[size])
                if large:
                    self._say(self._sum(served[o] for o in large) <= room)
        for wanted in self.problem.service_levels:
            worse = [o for o, option in self.options.items() if option.level > wanted.level]
            count = len(self.parcels)
            if worse:
                most = count - math.ceil(wanted.share * count)
                self._say(self._sum(served[o] for o in worse) <= most)

    def _at(self, v: int, node: Any) -> Place:
        vehicle = self.problem.vehicles[v]
        place = {
            START: vehicle.start_place,
            END: vehicle.end_place or vehicle.start_place,
            LOADING: vehicle.load_place or vehicle.start_place,
        }.get(node if isinstance(node, str) else node[0]) or self.options[node].place
        return self.problem.places[self.row[place]]

    def _vehicle(self, v: int) -> dict[tuple[int, Any], Any]:
        vehicle = self.problem.vehicles[v]
        nodes = [*self.options, *((LOADING, c) for c in range(vehicle.trips_max - 1))]
        arcs = {
            (i, j): self.program.addBinary()
            for i, j in product([START, *nodes], [*nodes, END])
            if i != j and (i == START or j == END or i[0] != j[0])
        }
        leaving = {i: self._sum(x for (a, _), x in arcs.items() if a == i) for i in [START, *nodes]}
        entering = {j: self._sum(x for (_, b), x in arcs.items() if b == j) for j in [*nodes, END]}
        for node in nodes:
            self._say(leaving[node] == entering[node])
        self._say(leaving[START] == 1)
        is_used = 1 if vehicle.under_way is not None else 1 - arcs[START, END]
        self._carry(vehicle, arcs, leaving)
        metres = self.problem.distances_m.values
        distance = self._sum(
            float(metres[self.row[self._at(v, i).id], self.row[self._at(v, j).id]]) * x
            for (i, j), x in arcs.items()
        )
        if vehicle.range_m is not None:
            self._say(distance <= vehicle.range_m)
        self._habits(v, arcs)
        self._changes(v, arcs, leaving)
        at = self._times(v, arcs, leaving)
        if vehicle.shift_s_max is not None:
            self._say(at[END] - at[START] <= vehicle.shift_s_max)
        self._loads(vehicle, arcs, leaving)
        self.cost += [
            vehicle.cost_fixed * is_used,
            vehicle.cost_per_km / 1000 * distance,
            vehicle.cost_per_hour / 3600 * (at[END] - at[START]),
        ]
        return {(v, node): leaving[node] for node in self.options}

    def _carry(self, vehicle: Vehicle, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> None:
        way = vehicle.under_way
        for node in self.options:
            parcel = self.parcels[node[0]]
            is_elsewhere = parcel.vehicle not in {None, vehicle.id}
            stayed = way is not None and parcel.vehicle is None and not parcel.is_pickup
            if parcel.id not in self.done and (is_elsewhere or stayed):
                self._say(leaving[node] == 0)
        if way is not None:
            path = [START, *((one.parcel, one.option) for one in way.done)]
            for i, j in pairwise(path):
                self._say(arcs[i, j] == 1)

    def _habits(self, v: int, arcs: dict[Any, Any]) -> None:
        vehicle, costs = self.problem.vehicles[v], self.problem.habit_costs
        entering: dict[str, list[Any]] = {}
        for (i, j), x in arcs.items():
            if j not in self.options:
                continue
            a, b = self._at(v, i), self._at(v, j)
            before = a.zone if i in self.options else None
            if b.zone is not None and before != b.zone:
                entering.setdefault(b.zone, []).append(x)
            if i not in self.options or a is b:
                continue
            zones = [one.zone for one in (a, b) if one.zone in vehicle.zone_order]
            stops = [one.id for one in (a, b) if one.id in vehicle.stop_order]
            if zones != sorted(zones, key=vehicle.zone_order.index):
                self.cost.append(costs.against_zones * x)
            if stops != sorted(stops, key=vehicle.stop_order.index):
                self.cost.append(costs.against_stops * x)
        for entries in entering.values():
            first = self.program.addBinary()
            self._say(first <= self._sum(entries))
            self.cost.append(costs.zone_again * (self._sum(entries) - first))

    def _changes(self, v: int, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> None:
        vehicle, costs = self.problem.vehicles[v], self.problem.change_costs
        for node in self.options:
            planned = self.parcels[node[0]].planned
            if planned is None or node[0] in self.done:
                continue
            if planned.vehicle != vehicle.id:
                self.cost.append(costs.vehicle * leaving[node])
            for (i, j), x in arcs.items():
                a, b = self._at(v, i), self._at(v, node)
                if j == node and a is not b and planned.from_place not in {None, a.id}:
                    self.cost.append(costs.arrival * x)

    def _service(self, v: int, node: Any) -> float:
        if node in self.options:
            said = self.options[node].service_s
            return self._at(v, node).parcel_s if said is None else said
        return 0.0 if node in {START, END} else self.problem.vehicles[v].load_s

    def _window(self, v: int, node: Any) -> tuple[float, float]:
        vehicle, place = self.problem.vehicles[v], self._at(v, node)
        if node == START and vehicle.under_way is not None:
            return vehicle.under_way.left_at, vehicle.under_way.left_at
        if node in {START, END}:
            return vehicle.shift_starts_at, min(vehicle.shift_ends_at, LATEST)
        if node not in self.options:
            return place.opens_at, min(place.closes_at, LATEST)
        if node[0] in self.done:
            done_by, one = self.done[node[0]]
            if (done_by, one.option) == (vehicle.id, node[1]):
                return one.started_at, one.started_at
        option = self.options[node]
        closes_at = min(option.closes_at, place.closes_at, LATEST)
        return max(option.opens_at, place.opens_at), closes_at

    def _times(self, v: int, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> dict[Any, Any]:
        nodes = [*leaving, END]
        at = {node: self.program.addVariable(*self._window(v, node)) for node in nodes}
        rests = self._breaks(v, arcs, leaving, at)
        for (i, j), x in arcs.items():
            a, b = self._at(v, i), self._at(v, j)
            drive = float(self.problem.durations_s.values[self.row[a.id], self.row[b.id]])
            drive += b.preparation_s if a is not b else 0.0
            if j in self.options and j[0] in self.done:
                continue  # It is known when it began.
            ready = self._service(v, i) + drive - 2 * LATEST
            self._say(at[j] - at[i] - 2 * LATEST * x >= ready)
            for rested, begins, rest_s in rests:
                if i in rested:
                    taken = 2 * LATEST * (x + rested[i])
                    self._say(at[j] - begins - taken >= rest_s + drive - 4 * LATEST)
        return at

    def _breaks(
        self, v: int, arcs: dict[Any, Any], leaving: dict[Any, Any], at: dict[Any, Any]
    ) -> list[tuple[dict[Any, Any], Any, float]]:
        vehicle, found = self.problem.vehicles[v], []
        big, out_s = 2 * LATEST, at[END] - at[START]
        for one in vehicle.breaks:
            closes_at = min(one.closes_at, LATEST)
            after_s = LATEST if one.after_s_max is None else one.after_s_max
            begins = self.program.addVariable(one.opens_at, closes_at)
            rested = {i: self.program.addBinary() for i in leaving if i != START}
            for i, x in rested.items():
                self._say(x <= leaving[i])
                self._say(begins - at[i] - big * x >= self._service(v, i) - big)
            taken = self._sum(rested.values())
            is_back, is_later = self.program.addBinary(), self.program.addBinary()
            self._say(taken + is_back + is_later + arcs[START, END] >= 1)
            self._say(taken <= 1)
            self._say(begins - at[START] + big * taken <= after_s + big)
            self._say(at[END] + big * is_back <= closes_at + big)
            self._say(out_s + big * is_back <= after_s + big)
            self._say(at[START] - big * is_later >= closes_at - big)
            if found:
                earlier, before, rest_s = found[-1]
                both = big * (taken + self._sum(earlier.values()))
                self._say(begins - before - both >= rest_s - 2 * big)
            found.append((rested, begins, one.rest_s))
        return found

    def _loads(self, vehicle: Vehicle, arcs: dict[Any, Any], leaving: dict[Any, Any]) -> None:
        held = vehicle.capacity
        for room, amount in (
            (held.parcels, lambda _: 1),
            (held.volume_cm3, lambda parcel: parcel.volume_cm3),
            (held.weight_g, lambda parcel: parcel.weight_g),
        ):
            if room is None:
                continue
            total = room + sum(amount(parcel) for parcel in self.problem.parcels)
            picked = {node: self.program.addVariable(0, room) for node in leaving}
            to_bring = {node: self.program.addVariable(0, room) for node in leaving}
            for node in leaving:
                self._say(picked[node] + to_bring[node] <= room)
            for (i, j), x in arcs.items():
                if j not in self.options:
                    continue
                parcel = self.parcels[j[0]]
                up, down = (amount(parcel), 0) if parcel.is_pickup else (0, amount(parcel))
                self._say(picked[j] - picked[i] - total * x >= up - total)
                self._say(to_bring[i] - to_bring[j] - total * x >= down - total)
