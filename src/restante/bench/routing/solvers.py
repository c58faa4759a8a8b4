"""Who plans: ours, and peers in processes of their own, all judged alike."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from ...planning.routing import Engine, Result, check
from .assign import assign
from .cases import Case
from .ours import Order, Planned
from .peers.ask_pyvrp import MISSING
from .question import Answer, NoPeer, Question, ask, read_answer

PATIENCE_S: Final = 120.0
"""How much longer than asked for a process may take, besides twice its time: some peers are slow to
notice the clock. Where the processor is counted, besides twenty times."""

_PEERS: Final = Path(__file__).parent / "peers"


class Run(msgspec.Struct, frozen=True):
    """What one solver made of one case."""

    group: str
    case: str
    solver: str
    seed: int
    asked_seconds: float
    by_cpu: bool
    """They are of the processor."""
    seconds: float
    """On the wall, from a problem read to a plan."""
    cpu_seconds: float
    """What it got of the core."""
    feasible: bool
    vehicles: int
    cost: float
    """In the objective of the case; of what a plan does that is not feasible, this says little."""
    unserved: int
    violations: int
    says: str
    """The first violation, or what a peer said."""
    iterations: int | None
    seconds_to_1_percent: float | None
    """To within 1 % of its own last cost, where it tells how it goes."""
    known_vehicles: int | None
    known_cost: float | None
    proven: bool
    fewest_first: bool
    calibration_s: float
    """A fixed loop, right before."""

    @property
    def gap(self) -> float | None:
        """Share of cost above the best known; none where fleets differ and that comes first."""
        if self.known_cost is None or not self.feasible:
            return None
        if self.fewest_first and self.vehicles != self.known_vehicles:
            return None
        return self.cost / self.known_cost - 1.0

    @property
    def improves(self) -> bool:
        """It is feasible, and better than the best known by more than rounding."""
        if self.known_cost is None or self.known_vehicles is None or not self.feasible:
            return False
        if self.fewest_first and self.vehicles != self.known_vehicles:
            return self.vehicles < self.known_vehicles
        return self.cost < self.known_cost * (1 - 1e-6)


class Outcome(NamedTuple):
    """A plan and how it was found."""

    result: Result
    trace: list[tuple[float, float]]
    seconds: float
    cpu_seconds: float
    iterations: int | None
    fixed: float
    """What a vehicle costs in the trace."""
    says: str = ""


class Budget(NamedTuple):
    """How long each searches, and from which seed."""

    seconds: float
    seed: int
    by_cpu: bool = False
    """Seconds are of the processor, not on the wall."""


Solver = Callable[[Case, Budget, Path], Outcome]
"""Given a case, a budget and the interpreter of the peers."""


def plan(case: Case, solver: str, budget: Budget, peers: Path) -> tuple[Run, Result]:
    """Let one solver plan one case, and judge what it says.

    Raises
    ------
    NoPeer
        When it cannot be asked.
    """
    calibration_s = calibrate()
    outcome = SOLVERS[solver](case, budget, peers)
    found = check(case.instance.problem, outcome.result)
    run = Run(
        group=case.group,
        case=case.name,
        solver=solver,
        seed=budget.seed,
        asked_seconds=budget.seconds,
        by_cpu=budget.by_cpu,
        seconds=round(outcome.seconds, 2),
        cpu_seconds=round(outcome.cpu_seconds, 2),
        feasible=found.is_feasible,
        vehicles=found.vehicles,
        cost=case.instance.cost_of(outcome.result),
        unserved=len(outcome.result.unserved),
        violations=len(found.violations),
        says="; ".join(filter(None, [outcome.says, *found.violations[:1]])),
        iterations=outcome.iterations,
        seconds_to_1_percent=_seconds_to_near(
            outcome.trace, outcome.fixed if case.fewest_first else 0.0
        ),
        known_vehicles=case.known.vehicles if case.known else None,
        known_cost=case.known.cost if case.known else None,
        proven=case.proven,
        fewest_first=case.fewest_first,
        calibration_s=round(calibration_s, 4),
    )
    return run, outcome.result


def calibrate() -> float:
    """Time a fixed loop on this core, in seconds on the wall: what the machine is worth now."""
    began, total = time.perf_counter(), 0
    for i in range(3_000_000):
        total += i & 7
    return time.perf_counter() - began


def _seconds_to_near(trace: list[tuple[float, float]], fixed: float) -> float | None:
    """Find when a cost came within 1 % of the last one, the fleet being as small already."""
    if len(trace) < 2:
        return None

    def split(cost: float) -> tuple[float, float]:
        return divmod(cost, fixed) if fixed else (0.0, cost)

    fleet, last = split(trace[-1][1])
    for seconds, cost in trace:
        vehicles, rest = split(cost)
        if vehicles <= fleet and rest <= 1.01 * last:
            return round(seconds, 2)
    return round(trace[-1][0], 2)


def _ours(engine: Engine | None) -> Solver:
    def solve(case: Case, budget: Budget, _peers: Path) -> Outcome:
        problem = msgspec.Raw(case.instance.problem.to_json())
        order = Order(problem, budget.seconds, budget.by_cpu, budget.seed, engine)
        command = [sys.executable, "-m", "restante.bench.routing.ours"]
        said = _ask_process(command, order, _patience(budget.seconds, by_cpu=budget.by_cpu))
        made = msgspec.json.decode(said, type=Planned)
        fixed = case.instance.problem.vehicles[0].cost_fixed
        return Outcome(
            made.result, made.trace, made.seconds, made.cpu_seconds, made.result.iterations, fixed
        )

    return solve


def _peer(module: str, *, is_assigned: bool, is_shared: bool) -> Solver:
    def solve(case: Case, budget: Budget, peers: Path) -> Outcome:
        began, cpu_began = time.perf_counter(), time.process_time()
        problem = case.instance.problem
        only = assign(problem) if is_assigned else None
        spent, cpu_spent = time.perf_counter() - began, time.process_time() - cpu_began
        used = cpu_spent if budget.by_cpu else spent
        question = ask(
            problem,
            seconds=max(0.5, budget.seconds - used),
            seed=budget.seed,
            by_cpu=budget.by_cpu,
            vehicles=_fleet(case),
            only=only,
            is_shared=is_shared,
        )
        answer = ask_peer(module, question, peers)
        return Outcome(
            read_answer(problem, question, answer, seed=budget.seed),
            [(used + at, cost) for at, cost in answer.trace],
            spent + answer.seconds,
            cpu_spent + answer.cpu_seconds,
            answer.iterations,
            question.fixed,
            answer.says,
        )

    return solve


def _fleet(case: Case) -> int | None:
    """Give peers the fleet of the best known plan where fewer vehicles win: none looks for it."""
    return case.known.vehicles if case.known and case.fewest_first else None


def ask_peer(module: str, question: Question, peers: Path) -> Answer:
    """Ask a peer in a process of its own.

    Raises
    ------
    NoPeer
        When its planner is not installed, or it failed; says which.
    """
    if not peers.is_file():
        raise NoPeer(f"there is no {peers}: run `make bench-routing`, which makes it")
    command = [str(peers), str(_PEERS / f"ask_{module}.py")]
    patience_s = _patience(question.seconds, by_cpu=question.by_cpu)
    return msgspec.json.decode(_ask_process(command, question, patience_s), type=Answer)


def _patience(seconds: float, *, by_cpu: bool) -> float:
    return PATIENCE_S + (20 if by_cpu else 2) * seconds


def _ask_process(command: list[str], said: Any, patience_s: float) -> bytes:
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    try:
        done = subprocess.run(  # noqa: S603 - our own modules.
            command,
            input=msgspec.json.encode(said),
            capture_output=True,
            timeout=patience_s,
            env={**os.environ, **dict.fromkeys(threads, "1")},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoPeer(f"no answer after {patience_s:.0f} s") from None
    if done.returncode:
        says = done.stderr.decode(errors="replace").strip().splitlines()
        word = says[-1] if says else f"status {done.returncode}"
        raise NoPeer(word if done.returncode == MISSING else f"it failed: {word}")
    return done.stdout


SOLVERS: Final[dict[str, Solver]] = {
    "ours": _ours(None),
    "kernel": _ours(Engine.KERNEL),
    "pyvrp-assigned": _peer("pyvrp", is_assigned=True, is_shared=False),
    "pyvrp-unshared": _peer("pyvrp", is_assigned=False, is_shared=False),
    "ortools": _peer("ortools", is_assigned=False, is_shared=True),
    "vroom-assigned": _peer("vroom", is_assigned=True, is_shared=False),
}
"""By name."""

USUAL: Final = tuple(name for name in SOLVERS if name != "kernel")
"""Asked if nothing else is said; the kernel alone differs from ours only on plain problems."""
