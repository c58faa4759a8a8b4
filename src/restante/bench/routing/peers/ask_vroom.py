"""VROOM: every parcel is a job at the one place it was assigned before; it knows no alternatives.

It says nothing of how its search goes, and ends before its time when it has nothing more to try.
"""

import json
import sys
import time
from datetime import timedelta
from importlib import import_module
from typing import Any

MISSING = 3
CPU_PATIENCE = 3
"""It knows only a clock on the wall: how much longer it gets where others count their processor."""

EXPLORATION = 5
"""The most thorough of its levels."""


def main() -> None:
    """Answer the question on standard input."""
    try:
        vroom: Any = import_module("vroom")
        numpy: Any = import_module("numpy")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began, cpu_began = time.perf_counter(), time.process_time()
    model = _model(vroom, numpy, question)
    left = question["seconds"] - (time.perf_counter() - began)
    if question["by_cpu"]:
        left *= CPU_PATIENCE
    found = model.solve(
        exploration_level=EXPLORATION, nb_threads=1, timeout=timedelta(seconds=max(0.1, left))
    )
    steps = found.routes
    routes: dict[int, list[int]] = {}
    for vehicle, kind, job in zip(steps["vehicle_id"], steps["type"], steps["id"], strict=True):
        if kind == "job":
            routes.setdefault(int(vehicle), []).append(int(job))
    seconds = time.perf_counter() - began
    answer = {
        "routes": list(routes.values()),
        "trace": [(seconds, float(found.summary.cost))],
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu_began,
        "says": f"{len(found.unassigned)} jobs unassigned" if len(found.unassigned) else "",
    }
    json.dump(answer, sys.stdout)


def _model(vroom: Any, numpy: Any, question: dict[str, Any]) -> Any:
    model = vroom.Input()
    model.set_durations_matrix(
        profile="car", matrix_input=numpy.array(question["durations"], dtype=numpy.uint32)
    )
    model.set_costs_matrix(
        profile="car", matrix_input=numpy.array(question["costs"], dtype=numpy.uint32)
    )
    for vehicle in range(question["vehicles"]):
        model.add_vehicle(
            vroom.Vehicle(
                vehicle,
                start=question["depot"],
                end=question["depot"],
                capacity=question["capacity"],
                time_window=vroom.TimeWindow(question["opens"], question["closes"]),
                costs=vroom.VehicleCosts(fixed=question["fixed"]),
            )
        )
    for i, place in enumerate(question["place_of"]):
        model.add_job(
            vroom.Job(
                i,
                # Jobs at one place share its number, so that preparing is paid once for a stop.
                location=place,
                default_setup=question["preparations"][place],
                default_service=question["service_of"][i],
                delivery=question["demand_of"][i],
                time_windows=[vroom.TimeWindow(*question["window_of"][i])],
            )
        )
    return model


if __name__ == "__main__":
    main()
