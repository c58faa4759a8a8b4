"""PyVRP: alternatives are groups of clients, of which one is visited; it shares no room."""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

MISSING = 3
FOUND_NONE = 2**50
PENALTY_MAX = 100_000
"""Its own bound."""


def main() -> None:
    """Answer the question on standard input."""
    try:
        pyvrp: Any = import_module("pyvrp")
        numpy: Any = import_module("numpy")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began, cpu_began = time.perf_counter(), time.process_time()
    clock = time.process_time if question["by_cpu"] else time.perf_counter
    watch = _Watch(clock, question["seconds"])
    # A violation may be worth a vehicle, however that is counted.
    dearest = max(PENALTY_MAX, 10 * question["fixed"])
    params = pyvrp.SolveParams(penalty=pyvrp.PenaltyParams(max_penalty=dearest))
    found = pyvrp.solve(
        _model(pyvrp, numpy, question), watch, seed=question["seed"], collect_stats=False,
        display=False, params=params,
    )  # fmt: skip
    answer = {
        "routes": [
            [visit.idx for visit in route if visit.is_client()] for route in found.best.routes()
        ],
        "trace": watch.trace,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - cpu_began,
        "iterations": watch.iterations,
        "says": "" if found.is_feasible() else "it says that it found no plan",
    }
    json.dump(answer, sys.stdout)


class _Watch:
    """Ends the search, and remembers when its best became better."""

    def __init__(self, clock: Callable[[], float], seconds: float) -> None:
        self.clock, self.began = clock, clock()
        self.until = self.began + seconds
        self.trace: list[tuple[float, float]] = []
        self.iterations = -1

    def __call__(self, best_cost: float) -> bool:
        now = self.clock()
        self.iterations += 1
        if best_cost < (self.trace[-1][1] if self.trace else FOUND_NONE):
            self.trace.append((now - self.began, best_cost))
        return now >= self.until


def _model(pyvrp: Any, numpy: Any, question: dict[str, Any]) -> Any:
    members: dict[int, list[int]] = {}
    for i, parcel in enumerate(question["parcel_of"]):
        members.setdefault(parcel, []).append(i)
    group_of: dict[int, int] = {}
    groups: list[Any] = []
    for parcel, clients in members.items():
        if len(clients) > 1:
            group_of[parcel] = len(groups)
            groups.append(pyvrp.ClientGroup(clients, required=True))
    clients = [
        pyvrp.Client(
            location=place,
            delivery=demand,
            service_duration=service,
            tw_early=window[0],
            tw_late=window[1],
            required=parcel not in group_of,
            group=group_of.get(parcel),
        )
        for place, parcel, window, service, demand in zip(
            *(
                question[f"{name}_of"]
                for name in ("place", "parcel", "window", "service", "demand")
            ),
            strict=True,
        )
    ]
    # Preparing belongs to the way there, so that a stop at the same place has none.
    durations = numpy.array(question["durations"]) + numpy.array(question["preparations"])[None, :]
    numpy.fill_diagonal(durations, 0)
    vehicles = pyvrp.VehicleType(
        question["vehicles"],
        question["capacity"],
        fixed_cost=question["fixed"],
        tw_early=question["opens"],
        tw_late=question["closes"],
    )
    return pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in question["preparations"]],
        clients,
        [pyvrp.Depot(location=question["depot"])],
        [vehicles],
        [numpy.array(question["costs"])],
        [durations],
        groups=groups,
    )


if __name__ == "__main__":
    main()
