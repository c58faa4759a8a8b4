"""The table of a run: ours beside others, with ratios, and the same for programs."""

from typing import Any, NamedTuple

import msgspec


class Run(msgspec.Struct, frozen=True):
    """What one solver made of one case."""

    set: str
    case: str
    solver: str
    cost: float | None
    """On full distances, computed by us for everybody."""
    bound: float | None
    best: float | None
    """Of the best choice there is, where that is known."""
    is_maximized: bool
    status: str
    is_confirmed: bool
    """The checker finds nothing wrong."""
    seconds: float
    cpu_seconds: float
    memory_mb: float
    """Most memory of its process so far; ours runs all cases in one."""

    @property
    def gap(self) -> float | None:
        """How far cost and bound are apart, as a share of the cost."""
        if self.cost is None or self.bound is None:
            return None
        return abs(self.cost - self.bound) / max(abs(self.cost), 1e-300)

    @property
    def above_best(self) -> float | None:
        """How much worse than the best choice, as a share of it."""
        if self.cost is None or self.best is None:
            return None
        sign = -1 if self.is_maximized else 1
        return sign * (self.cost - self.best) / self.best


class SitingReport(NamedTuple):
    """All runs, and who was not asked or gave no answer."""

    runs: tuple[Run, ...]
    skipped: tuple[str, ...]

    def ratio(self, run: Run) -> float | None:
        """Tell how many times as long as ours another took on the same case, by processor time."""
        ours = next((one for one in self.runs
                     if one.solver == "ours" and one.case == run.case), None)  # fmt: skip
        if ours is None or run.solver == "ours":
            return None
        return run.cpu_seconds / max(ours.cpu_seconds, 1e-9)

    def as_object(self) -> dict[str, Any]:
        """Give everything as plain values."""
        return {
            "runs": [
                {
                    **msgspec.structs.asdict(run),
                    "gap": run.gap,
                    "above_best": run.above_best,
                    "times_ours": self.ratio(run),
                }
                for run in self.runs
            ],
            "skipped": list(self.skipped),
        }

    def text(self) -> str:
        """Write the table."""
        lines = [
            f"{'case':<16}{'solver':<8}{'cost':>16}{'above best':>12}{'gap':>10}{'status':>11}"
            f"{'cpu s':>9}{'times ours':>12}{'MB':>7}"
        ]
        for run in self.runs:
            ratio = self.ratio(run)
            lines.append(
                f"{run.case:<16}{run.solver:<8}{_number(run.cost):>16}"
                f"{_percent(run.above_best):>12}{_percent(run.gap):>10}{run.status:>11}"
                f"{run.cpu_seconds:>9.2f}{'' if ratio is None else f'{ratio:.0f}x':>12}"
                f"{run.memory_mb:>7.0f}" + ("" if run.is_confirmed else "  NOT CONFIRMED")
            )
        ours = [run for run in self.runs if run.solver == "ours" and run.above_best is not None]
        if ours:
            best = sum((run.above_best or 0.0) <= 1e-9 for run in ours)
            proven = sum(run.status == "optimal" for run in ours)
            worst = max(run.above_best or 0.0 for run in ours)
            lines.append(
                f"{len(ours)} cases with a known best: {best} reached, {proven} proven,"
                f" worst {worst:.3%} above"
            )
        lines += [f"not answered: {one}" for one in self.skipped]
        return "\n".join(lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.8g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.3%}"
