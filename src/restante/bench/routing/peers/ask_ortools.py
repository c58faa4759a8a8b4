"""OR-Tools: every option is a node, and what routes share is said as disjunctions.

A disjunction of a limit's options, of which at most so many are active and leaving all out costs
nothing, was the one form of the constraint that its search gets on with; summing what is active
loses parcels for good. A disjunction of none would end the process, so those options are shut.
"""

import json
import sys
import time
from importlib import import_module
from typing import Any

MISSING = 3
CPU_PATIENCE = 3
"""How much longer on the wall a second of the processor may take: until there is a first plan, it
looks at no other clock."""

LEFT_OUT_LEAST = 10_000_000
"""What leaving a parcel out costs at least."""


def main() -> None:
    """Answer the question on standard input."""
    try:
        solver: Any = import_module("ortools.constraint_solver.pywrapcp")
        words: Any = import_module("ortools.constraint_solver.routing_enums_pb2")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began, cpu_began = time.perf_counter(), time.process_time()
    clock = time.process_time if question["by_cpu"] else time.perf_counter
    started = clock()
    nodes = len(question["place_of"]) + 1
    # Node 0 is the depot, node i + 1 is option i.
    manager = solver.RoutingIndexManager(nodes, question["vehicles"], 0)
    routing = solver.RoutingModel(manager)
    _drive(routing, question)
    _choose(routing, manager, question)
    _stay_in_time(routing, manager, question)
    trace: list[tuple[float, float]] = []

    def see() -> None:
        cost = routing.CostVar().Min()
        if not trace or cost < trace[-1][1]:
            trace.append((clock() - started, cost))

    routing.AddAtSolutionCallback(see)
    parameters = solver.DefaultRoutingSearchParameters()
    parameters.first_solution_strategy = words.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = words.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    left = max(0.1, question["seconds"] - (clock() - started))
    parameters.time_limit.FromMilliseconds(
        round(1000 * left * (CPU_PATIENCE if question["by_cpu"] else 1))
    )
    if question["by_cpu"]:
        until = started + question["seconds"]
        routing.AddSearchMonitor(routing.solver().CustomLimit(lambda: clock() >= until))
    found = routing.SolveWithParameters(parameters)
    routes = [] if found is None else _read(routing, manager, found, question["vehicles"])
    answer = {
        "routes": routes,
        "trace": trace,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "says": "" if found is not None else f"it found nothing, status {routing.status()}",
    }
    json.dump(answer, sys.stdout)


def _drive(routing: Any, question: dict[str, Any]) -> None:
    places = [question["depot"], *question["place_of"]]
    services = [0, *question["service_of"]]
    costs = [[question["costs"][a][b] for b in places] for a in places]
    times = [
        [
            service + (question["durations"][a][b] + question["preparations"][b] if a != b else 0)
            for b in places
        ]
        for a, service in zip(places, services, strict=True)
    ]
    routing.SetArcCostEvaluatorOfAllVehicles(routing.RegisterTransitMatrix(costs))
    routing.SetFixedCostOfAllVehicles(question["fixed"])
    closes = question["closes"]
    routing.AddDimension(routing.RegisterTransitMatrix(times), closes, closes, False, "time")
    for k, room in enumerate(question["capacity"]):
        loads = [0, *(demand[k] for demand in question["demand_of"])]
        routing.AddDimension(routing.RegisterUnaryTransitVector(loads), 0, room, True, f"load {k}")


def _choose(routing: Any, manager: Any, question: dict[str, Any]) -> None:
    members: dict[int, list[int]] = {}
    for i, parcel in enumerate(question["parcel_of"]):
        members.setdefault(parcel, []).append(manager.NodeToIndex(i + 1))
    dearest = 10 * (question["fixed"] + 2 * max(map(max, question["costs"])))
    for indices in members.values():
        routing.AddDisjunction(indices, max(LEFT_OUT_LEAST, dearest), 1)
    for limit in question["limits"]:
        indices = [manager.NodeToIndex(i + 1) for i in limit["options"]]
        if limit["most"] > 0:
            routing.AddDisjunction(indices, 0, limit["most"])
        for index in indices if limit["most"] == 0 else ():
            routing.ActiveVar(index).SetValue(0)


def _stay_in_time(routing: Any, manager: Any, question: dict[str, Any]) -> None:
    at = routing.GetDimensionOrDie("time")
    for i, (opens, closes) in enumerate(question["window_of"]):
        at.CumulVar(manager.NodeToIndex(i + 1)).SetRange(opens, closes)
    for vehicle in range(question["vehicles"]):
        at.CumulVar(routing.Start(vehicle)).SetMin(question["opens"])


def _read(routing: Any, manager: Any, found: Any, vehicles: int) -> list[list[int]]:
    routes = []
    for vehicle in range(vehicles):
        route, index = [], found.Value(routing.NextVar(routing.Start(vehicle)))
        while not routing.IsEnd(index):
            route.append(manager.IndexToNode(index) - 1)
            index = found.Value(routing.NextVar(index))
        routes.append(route)
    return routes


if __name__ == "__main__":
    main()
