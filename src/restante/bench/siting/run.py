"""Every case by us and by whoever else can solve it, in turns; answers judged by one program."""

import json
import resource
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ...planning.siting import Coverage, MaxSeconds, Problem, solve, warm_up
from ...planning.siting.arrays import costs_of, demand_of, fixed_costs, list_candidates
from ...planning.siting.check import check
from ...planning.siting.distances import measure
from ...planning.siting.outcome import Chosen, Searched, make_result
from ...planning.siting.problem import sizes_of
from ...planning.siting.transported import transport
from .cases import Case, find_cases
from .report import Run, SitingReport

Tell = Callable[[float, str], None]


class Plan(NamedTuple):
    """What to run."""

    sets: tuple[str, ...]
    only: tuple[str, ...] = ()
    seconds: float | None = None
    """For each of our searches; those of its case if absent."""
    peer_seconds: float = 300.0
    seed: int = 1
    by_cpu: bool = False
    instances: Path | None = None
    peers: Path | None = Path(".venv-peers/bin/python")


def measure_siting(wanted: Plan, *, tell: Tell = lambda _done, _word: None) -> SitingReport:
    """Run what is wanted.

    Raises
    ------
    ValueError
        When a set or a case is not known, or instances are missing.
    """
    cases = [
        case
        for case in find_cases(wanted.sets, wanted.instances)
        if not wanted.only or case.name in wanted.only
    ]
    if not cases:
        raise ValueError(f"no case of {', '.join(wanted.sets)} is named so")
    warm_up()
    runs: list[Run] = []
    skipped: list[str] = []
    for done, case in enumerate(cases):
        problem = case.make()
        tell(done / len(cases), case.name)
        runs.append(_ours(case, problem, wanted))
        for peer in case.peers if wanted.peers is not None else ():
            tell(done / len(cases), f"{case.name}, {peer}")
            answer = _theirs(case, problem, peer, wanted)
            if isinstance(answer, str):
                skipped.append(f"{peer} on {case.name}: {answer}")
            else:
                runs.append(answer)
    return SitingReport(tuple(runs), tuple(skipped))


def _ours(case: Case, problem: Problem, wanted: Plan) -> Run:
    clock = time.process_time if wanted.by_cpu else time.monotonic
    began, cpu = time.monotonic(), time.process_time()
    seconds = case.seconds if wanted.seconds is None else wanted.seconds
    result = solve(problem, MaxSeconds(seconds, clock), wanted.seed)
    took, took_cpu = time.monotonic() - began, time.process_time() - cpu
    return Run(
        set=case.set,
        case=case.name,
        solver="ours",
        cost=result.cost,
        bound=result.bound,
        best=case.best,
        is_maximized=problem.is_maximized,
        status=result.status.value,
        is_confirmed=check(problem, result).confirms(result),
        seconds=took,
        cpu_seconds=took_cpu,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _theirs(case: Case, problem: Problem, peer: str, wanted: Plan) -> Run | str:
    program = Path(__file__).parent / "peers" / f"ask_{peer}.py"
    question = {**_question(problem, peer), "seconds": wanted.peer_seconds}
    try:
        done = subprocess.run(  # noqa: S603 - our own program, in the environment that was named
            [str(wanted.peers), str(program)],
            input=json.dumps(question).encode(),
            capture_output=True,
            timeout=4 * wanted.peer_seconds + 60,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[:200]
    if done.returncode != 0:
        return done.stderr.decode(errors="replace")[-300:] or f"ended with {done.returncode}"
    answer = json.loads(done.stdout)
    cost = _cost(problem, answer["chosen"])
    bound = answer["bound"]
    if bound is not None and problem.is_maximized:
        bound = float(demand_of(problem).sum()) - bound
    return Run(
        set=case.set,
        case=case.name,
        solver=peer,
        cost=cost,
        bound=bound if bound is not None and np.isfinite(bound) else None,
        best=case.best,
        is_maximized=problem.is_maximized,
        status="gap" if answer["chosen"] else "infeasible",
        is_confirmed=True,
        seconds=answer["seconds"],
        cpu_seconds=answer["cpu_seconds"],
        memory_mb=answer["memory_mb"],
    )


def _cost(problem: Problem, chosen: list[int]) -> float | None:
    """Judge their choice as ours: on full distances."""
    if not chosen:
        return None
    measured = measure(problem)
    sites = np.array(sorted(chosen), dtype=np.int64)
    picked = Chosen(sites)
    if problem.is_capacitated:
        sizes = np.zeros(len(sites), np.int64)
        cell, site, part, left = transport(problem, measured, sites, sizes)
        if left > 1e-6:
            return None
        picked = Chosen(sites, sizes, cell, site, part)
    return make_result(problem, measured, Searched(picked, None, 0, 0), 0).cost


def _question(problem: Problem, peer: str) -> dict[str, Any]:
    measured = measure(problem)
    demand = demand_of(problem)
    if peer == "spopt":
        every = np.arange(len(problem.candidates))
        return {
            "meters": measured.to(every).tolist(),
            "demand": demand.tolist(),
            "sites": problem.sites_most,
        }
    lists = list_candidates(problem, measured)
    if not isinstance(problem.objective, Coverage) and not problem.is_capacitated:
        lists = measured.nearest(min(64, len(problem.candidates)))
    cost, unserved = costs_of(problem, lists)
    return {
        "start": lists.start.tolist(),
        "site": lists.site.tolist(),
        "cost": cost.tolist(),
        "unserved": unserved.tolist(),
        "demand": demand.tolist(),
        "candidates": len(problem.candidates),
        "fixed": fixed_costs(problem).tolist(),
        "sites_min": problem.sites_min,
        "sites_max": problem.sites_most,
        "capacity": (
            [sizes_of(one)[0].capacity for one in problem.candidates]
            if problem.is_capacitated
            else None
        ),
    }
