"""The table of a run, what it says of each goal, and the same for programs."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from statistics import mean, median
from typing import Any, Final, NamedTuple

import msgspec

from .solvers import Run

EXACT: Final = 1e-6


class Skipped(NamedTuple):
    """A solver that was not asked, or gave no answer."""

    solver: str
    case: str
    why: str


class Line(msgspec.Struct, frozen=True):
    """What one solver made of one set."""

    set: str
    solver: str
    cases: int
    runs: int
    feasible: int
    """Runs whose plan the checker finds nothing wrong with."""
    vehicles: float
    """Mean over cases of the median over seeds, as all that follow."""
    cost: float
    gap_percent: float | None
    """To the best known, over cases with as many vehicles."""
    better: int
    """Cases better than the best known."""
    larger_fleets: int
    """Cases in which more vehicles are used than in the best known."""
    seconds: float
    cpu_share: float
    """What it got of the core."""
    seconds_to_1_percent: float | None
    iterations: int | None


class Goal(msgspec.Struct, frozen=True):
    """Something we set out to reach."""

    set: str
    says: str
    found: float | None
    """None where nothing was measured for it."""
    most: float

    @property
    def is_reached(self) -> bool:
        """It was measured, and it is so."""
        return self.found is not None and self.found <= self.most + 1e-12


class RoutingReport(NamedTuple):
    """All runs, and who was not asked."""

    runs: tuple[Run, ...]
    skipped: tuple[Skipped, ...]

    def lines(self) -> list[Line]:
        """Sum up, set by set in the order they were run, ours first."""
        order = list(dict.fromkeys((run.group, run.solver) for run in self.runs))
        groups = list(dict.fromkeys(group for group, _ in order))
        order.sort(key=lambda pair: groups.index(pair[0]))
        return [
            _line(group, solver, self._of(group, solver)) for group, solver in order
        ]  # fmt: skip

    def goals(self) -> list[Goal]:
        """Hold every goal for which something was run against what was found."""
        return [goal for goal in self._goals() if goal.found is not None]

    def as_object(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "calibration_s": _spread([run.calibration_s for run in self.runs]),
            "sets": self.lines(),
            "goals": [
                {**msgspec.structs.asdict(goal), "reached": goal.is_reached}
                for goal in self.goals()
            ],
            "runs": [
                {**msgspec.structs.asdict(run), "gap": run.gap, "improves": run.improves}
                for run in self.runs
            ],
            "skipped": [one._asdict() for one in self.skipped],
        }

    def text(self) -> str:
        """Everything, for people."""
        rows = [_HEAD, *(_row(line) for line in self.lines())]
        widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
        out = [
            "  ".join(
                word.ljust(width) if i < 2 else word.rjust(width)
                for i, (word, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        if self.goals():
            out += ["", "goals"]
        for goal in self.goals():
            word = "reached    " if goal.is_reached else "NOT reached"
            out.append(f"  {word}  {goal.set}: {goal.says}: {goal.found:.4g} (most {goal.most:g})")
        better = sorted({run.case for run in self.runs if run.improves})
        if better:
            out += ["", f"better than the best known: {', '.join(better)}"]
        out += [f"not asked: {x.solver} ({x.case}): {x.why}" for x in self.skipped]
        if self.runs:
            low, middle, high = _spread([run.calibration_s for run in self.runs]).values()
            out += [
                "",
                f"a fixed loop took {low:.3f} to {high:.3f} s, {middle:.3f} s in the middle",
            ]
        return "\n".join(out)

    def _of(self, group: str, solver: str) -> list[Run]:
        return [run for run in self.runs if (run.group, run.solver) == (group, solver)]

    def _goals(self) -> Iterator[Goal]:
        for group, most, proven_only in (
            ("tilk25", 0.0, True), ("dumez50", 0.3, False), ("dumez100", 0.4, False),
            ("dumez200", -3.0, False), ("dumez400", -4.0, False),
        ):  # fmt: skip
            runs = [run for run in self._of(group, "ours") if run.proven or not proven_only]
            cases = _cases(runs)
            if proven_only:
                missed = sum((run.gap is None or run.gap > EXACT) for run in cases)
                found = float(missed) if cases else None
                yield Goal(group, "proven optima that were missed", found, most)
                continue
            gaps = [100 * run.gap for run in cases if run.gap is not None]
            larger = float(sum(_is_larger(run) for run in cases)) if cases else None
            yield Goal(group, "mean gap to best known, %", mean(gaps) if gaps else None, most)
            yield Goal(group, "fleets larger than the best known", larger, 0)
        for group, peer, most in (
            ("city200", "ortools", 0.85), ("city200", "pyvrp-assigned", 0.97),
            ("city1000", "pyvrp-assigned", 0.97),
        ):  # fmt: skip
            yield Goal(group, f"cost by that of {peer}", self._ratio(group, peer), most)
            best = self._ratio(group, peer, best=True)
            yield Goal(group, f"cost by the best of all seeds of {peer}", best, most)
        for group in ("city200", "city1000"):
            cases = _cases(self._of(group, "ours"))
            broken = float(sum(not run.feasible for run in cases)) if cases else None
            yield Goal(group, "cases without a feasible plan", broken, 0)
        for group in ("cvrp", "vrptw"):
            yield Goal(group, "cost by that of PyVRP", self._ratio(group, "pyvrp-unshared"), 1.001)

    def _ratio(self, group: str, peer: str, *, best: bool = False) -> float | None:
        """Compare cases that both plan feasibly; the mean of the shares.

        Ours is the middle of seeds. Theirs is, too, or their best: which fleet PyVRP ends with is
        luck, and a van is dear.
        """
        ours = {run.case: run for run in _cases(self._of(group, "ours"))}
        asked = self._of(group, peer)
        ranked = sorted(asked, key=_rank, reverse=True) if best else _cases(asked)
        theirs = {run.case: run for run in ranked}
        both = [name for name in ours if name in theirs and ours[name].feasible
                and theirs[name].feasible]  # fmt: skip
        return mean(ours[name].cost / theirs[name].cost for name in both) if both else None


_HEAD: Final = ("set", "solver", "cases", "runs", "feasible", "vehicles", "cost", "gap %", "better",
                "larger", "s", "of core", "s to 1 %", "turns")  # fmt: skip


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.set,
        line.solver,
        f"{line.cases}",
        f"{line.runs}",
        f"{line.feasible}",
        f"{line.vehicles:.2f}",
        f"{line.cost:.6g}",
        _number(line.gap_percent, "+.2f"),
        f"{line.better}",
        f"{line.larger_fleets}",
        f"{line.seconds:.1f}",
        f"{line.cpu_share:.0%}",
        _number(line.seconds_to_1_percent, ".1f"),
        _number(line.iterations, ",d"),
    )


def _number(value: float | None, spec: str) -> str:
    return "–" if value is None else format(value, spec)


def _line(group: str, solver: str, runs: list[Run]) -> Line:
    cases = _cases(runs)
    gaps = [100 * run.gap for run in cases if run.gap is not None]
    near = [run.seconds_to_1_percent for run in runs if run.seconds_to_1_percent is not None]
    turns = [run.iterations for run in runs if run.iterations is not None]
    return Line(
        set=group,
        solver=solver,
        cases=len(cases),
        runs=len(runs),
        feasible=sum(run.feasible for run in runs),
        vehicles=mean(run.vehicles for run in cases),
        cost=mean(run.cost for run in cases),
        gap_percent=mean(gaps) if gaps else None,
        better=sum(run.improves for run in cases),
        larger_fleets=sum(_is_larger(run) for run in cases),
        seconds=mean(run.seconds for run in runs),
        cpu_share=sum(run.cpu_seconds for run in runs) / sum(run.seconds for run in runs),
        seconds_to_1_percent=median(near) if near else None,
        iterations=round(median(turns)) if turns else None,
    )


def _is_larger(run: Run) -> bool:
    if not run.fewest_first or run.known_vehicles is None:
        return False
    return not run.feasible or run.vehicles > run.known_vehicles


def _cases(runs: Sequence[Run]) -> list[Run]:
    """Take of each case the run in the middle of its seeds, the worse of two."""
    by_case: Callable[[Run], str] = lambda run: run.case  # noqa: E731
    middles = []
    for _, some in groupby(sorted(runs, key=by_case), key=by_case):
        ranked = sorted(some, key=_rank)
        middles.append(ranked[len(ranked) // 2])
    return middles


def _rank(run: Run) -> tuple[bool, int, float]:
    return not run.feasible, run.vehicles if run.fewest_first else 0, run.cost


def _spread(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    return {"least": min(values), "median": median(values), "most": max(values)}
