"""Every case, every seed, every solver in turn, on one core; what was found is kept line by line.

A whole run takes hours, so it can be split: each part appends to one file, and the table is made of
all lines in it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from ...planning.routing import Result
from .cases import GROUPS, Case, find_cases
from .question import NoPeer
from .report import RoutingReport, Skipped
from .solvers import SOLVERS, USUAL, Budget, Run, plan

RUNS = "runs.jsonl"
BETTER = "better-than-known"

Tell = Callable[[float, str], None]


class Plan(NamedTuple):
    """What to run."""

    groups: tuple[str, ...]
    solvers: tuple[str, ...] = USUAL
    seeds: tuple[int, ...] = (1,)
    only: tuple[str, ...] = ()
    """Names of cases; without it all of the groups."""
    seconds: float | None = None
    """For each search; without it those of the group."""
    by_cpu: bool = False
    """Seconds are of the processor, not on the wall."""
    instances: Path | None = None
    """Folder of published instances."""
    out: Path | None = None
    """Folder for lines of runs, and for plans better than the best known."""
    peers: Path = Path(".venv-peers/bin/python")
    core: int | None = None
    """The one core everything runs on; without it the last there is."""


def measure_routing(wanted: Plan, *, tell: Tell = lambda _done, _word: None) -> RoutingReport:
    """Run what is wanted, in turns.

    Raises
    ------
    ValueError
        When a group or a solver is not known, or instances are missing; says what there is.
    """
    _refuse_unknown(wanted.groups, GROUPS, "set")
    _refuse_unknown(wanted.solvers, SOLVERS, "solver")
    cases = list(find_cases(wanted.groups, wanted.instances, wanted.only))
    if not cases:
        raise ValueError(
            f"no case of {', '.join(wanted.groups)} is named {' or '.join(wanted.only)}"
        )
    runs: list[Run] = []
    skipped: dict[tuple[str, str], Skipped] = {}
    turns = [(case, seed, name) for seed in wanted.seeds for case in cases
             for name in wanted.solvers]  # fmt: skip
    if wanted.out is not None:
        wanted.out.mkdir(parents=True, exist_ok=True)
    with _on_one_core(wanted.core):
        for done, (case, seed, name) in enumerate(turns):
            tell(done / len(turns), f"{case.name} {name}, {done} of {len(turns)}")
            budget = Budget(wanted.seconds or GROUPS[case.group].seconds, seed, wanted.by_cpu)
            try:
                run, result = plan(case, name, budget, wanted.peers)
            except NoPeer as reason:
                skipped[name, str(reason)] = Skipped(name, case.name, str(reason))
                continue
            runs.append(run)
            if wanted.out is not None:
                _keep(wanted.out, case, run, result)
    return RoutingReport(tuple(runs), tuple(skipped.values()))


def read_runs(folder: Path) -> RoutingReport:
    """Read what several parts have left in a folder."""
    lines = (folder / RUNS).read_bytes().splitlines()
    return RoutingReport(tuple(msgspec.json.decode(line, type=Run) for line in lines), ())


def _refuse_unknown(names: Sequence[str], known: Mapping[str, object], what: str) -> None:
    for name in names:
        if name not in known:
            raise ValueError(f"there is no {what} {name!r}; there are {', '.join(known)}")


def _keep(folder: Path, case: Case, run: Run, result: Result) -> None:
    with (folder / RUNS).open("ab") as file:
        file.write(msgspec.json.encode(run) + b"\n")
    if not run.improves:
        return
    (folder / BETTER).mkdir(exist_ok=True)
    path = folder / BETTER / f"{case.name}.json"
    if path.is_file():
        before = msgspec.json.decode(path.read_bytes())["run"]
        if (before["vehicles"], before["cost"]) <= (run.vehicles, run.cost):
            return
    path.write_bytes(msgspec.json.encode({"run": run, "result": result}))


@contextmanager
def _on_one_core(core: int | None) -> Iterator[None]:
    """Keep this process and those it starts on one core, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    if core is not None and core not in allowed:
        raise ValueError(f"core {core} is not one of {sorted(allowed)}")
    os.sched_setaffinity(0, {max(allowed) if core is None else core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
