"""HiGHS itself on a sparse model: open sites, who serves whom, room, as few rows as can be."""

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
        np: Any = import_module("numpy")
        sp: Any = import_module("scipy.sparse")
        highspy: Any = import_module("highspy")
    except ModuleNotFoundError as error:
        sys.stderr.write(f"there is no {error.name}")
        raise SystemExit(MISSING) from None
    question = json.load(sys.stdin)
    began, cpu = time.perf_counter(), time.process_time()
    program = _model(question, np, sp, highspy)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", float(question["seconds"]))
    solver.setOptionValue("threads", 1)
    solver.passModel(program)
    solver.run()
    info = solver.getInfo()
    values = solver.getSolution().col_value
    chosen = [j for j in range(question["candidates"]) if values[j] > 0.5] if len(values) else []
    json.dump(
        {
            "chosen": chosen,
            "seconds": time.perf_counter() - began,
            "cpu_seconds": time.process_time() - cpu,
            "bound": info.mip_dual_bound,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        },
        sys.stdout,
    )


def _model(question: Any, np: Any, sp: Any, highspy: Any) -> Any:
    """Write the question as a mixed-integer program."""
    start, site = np.array(question["start"]), np.array(question["site"])
    cost, demand = np.array(question["cost"]), np.array(question["demand"])
    cells, sites, pairs = len(demand), question["candidates"], len(site)
    cell = np.repeat(np.arange(cells), np.diff(start))
    # Sites, pairs, and for each cell what it costs to be served by none that is listed.
    width = sites + pairs + cells
    one = np.arange(pairs)
    blocks = [
        sp.csr_matrix((np.ones(sites), (np.zeros(sites, int), np.arange(sites))), (1, width)),
        sp.csr_matrix(
            (np.ones(pairs + cells),
             (np.r_[cell, np.arange(cells)], sites + np.arange(pairs + cells))),
            (cells, width),
        ),
        sp.csr_matrix(
            (np.r_[np.ones(pairs), -np.ones(pairs)], (np.r_[one, one], np.r_[sites + one, site])),
            (pairs, width),
        ),
    ]  # fmt: skip
    least = [np.array([question["sites_min"]]), np.ones(cells), np.full(pairs, -np.inf)]
    most = [np.array([question["sites_max"]]), np.ones(cells), np.zeros(pairs)]
    if question["capacity"] is not None:
        room = np.array(question["capacity"])
        blocks.append(
            sp.csr_matrix(
                (np.r_[demand[cell], -room], (np.r_[site, np.arange(sites)],
                                              np.r_[sites + one, np.arange(sites)])),
                (sites, width),
            )
        )  # fmt: skip
        least.append(np.full(sites, -np.inf))
        most.append(np.zeros(sites))
    rows = sp.vstack(blocks).tocsr()
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = width, rows.shape[0]
    program.col_cost_ = np.r_[np.array(question["fixed"]), cost, np.array(question["unserved"])]
    program.col_lower_, program.col_upper_ = np.zeros(width), np.ones(width)
    program.row_lower_, program.row_upper_ = np.concatenate(least), np.concatenate(most)
    program.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    program.a_matrix_.start_ = rows.indptr
    program.a_matrix_.index_ = rows.indices
    program.a_matrix_.value_ = rows.data
    kind = highspy.HighsVarType
    program.integrality_ = [kind.kInteger] * sites + [kind.kContinuous] * (width - sites)
    return program


main()
