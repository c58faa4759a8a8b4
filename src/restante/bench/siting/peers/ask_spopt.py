"""spopt's p-median with HiGHS: reads a table of ways, writes what it finds, as JSON."""

import json
import resource
import sys
import time
from importlib import import_module
from typing import Any

MISSING = 3


def main() -> None:
    """Answer the question on standard input."""
    try:
        numpy: Any = import_module("numpy")
        pulp: Any = import_module("pulp")
        locate: Any = import_module("spopt.locate")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began, cpu = time.perf_counter(), time.process_time()
    model = locate.PMedian.from_cost_matrix(
        numpy.array(question["meters"]),
        numpy.array(question["demand"]),
        p_facilities=question["sites"],
    )
    solver = pulp.HiGHS(msg=0, timeLimit=question["seconds"], threads=1)
    try:
        solved = model.solve(solver)
        chosen = [j for j, variable in enumerate(solved.fac_vars) if (variable.value() or 0) > 0.5]
    except RuntimeError as error:
        chosen = []
        sys.stderr.write(str(error)[:200])
    json.dump(
        {
            "chosen": chosen,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
            "bound": None,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        sys.stdout,
    )


main()
