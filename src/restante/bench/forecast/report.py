"""The table of a run, what it says of each goal, and the same for programs."""

from statistics import mean
from typing import Any, Final, NamedTuple

import msgspec

STATISTICAL: Final = ("AutoTheta", "AutoETS", "MSTL", "SeasonalNaive", "CrostonSBA")
GOALS: Final = {"bixi": 0.90, "uci": 0.98}
"""Pinball loss at most, as a share of that of the best statistical model."""
COVERED: Final = (0.94, 0.96)


class Run(msgspec.Struct, frozen=True):
    """What one model said of one set from one origin."""

    set: str
    model: str
    days_before_end: int
    mase: float
    pinball: float
    coverage: dict[str, float]
    seconds: float
    cpu_seconds: float


class DwellLine(msgspec.Struct, frozen=True):
    """One figure of stays."""

    model: str
    what: str
    value: float
    cpu_seconds: float


class Skipped(msgspec.Struct, frozen=True):
    """Who was not asked, and why."""

    set: str
    model: str
    why: str


class Line(msgspec.Struct, frozen=True):
    """What one model made of one set: means over origins."""

    set: str
    model: str
    origins: int
    mase: float
    pinball: float
    ratio: float | None
    """Of pinball to the best statistical model's."""
    covered_95: float
    cpu_seconds: float


class Goal(msgspec.Struct, frozen=True):
    """Something we set out to reach."""

    says: str
    found: float
    least: float
    most: float
    reached: bool


class ForecastReport(NamedTuple):
    """All that was run."""

    runs: tuple[Run, ...]
    stays: tuple[DwellLine, ...]
    skipped: tuple[Skipped, ...]

    def lines(self) -> list[Line]:
        """Sum up, set by set, best first."""
        found = []
        for name in dict.fromkeys(run.set for run in self.runs):
            of_set = [run for run in self.runs if run.set == name]
            models = {m: [r for r in of_set if r.model == m] for m in
                      dict.fromkeys(run.model for run in of_set)}  # fmt: skip
            whole = max(map(len, models.values()))
            losses = {m: mean(r.pinball for r in runs) for m, runs in models.items()
                      if len(runs) == whole}  # fmt: skip
            best = min((losses[m] for m in STATISTICAL if m in losses), default=None)
            for model in sorted(losses, key=lambda m: losses[m]):
                runs = models[model]
                found.append(
                    Line(
                        name, model, len(runs), round(mean(r.mase for r in runs), 4),
                        round(losses[model], 4),
                        round(losses[model] / best, 3) if best else None,
                        round(mean(r.coverage["0.95"] for r in runs), 4),
                        round(mean(r.cpu_seconds for r in runs), 2),
                    )
                )  # fmt: skip
        return found

    def goals(self) -> list[Goal]:
        """Hold every goal for which something was run against what was found."""
        found = []
        for line in self.lines():
            if line.model != "ours" or line.set not in GOALS:
                continue
            if line.ratio is not None:
                says = f"{line.set}: pinball beside the best statistical model"
                found.append(_goal(says, line.ratio, 0.0, GOALS[line.set]))
            found.append(_goal(f"{line.set}: 95 % quantile covers", line.covered_95, *COVERED))
        values = {(one.model, one.what): one.value for one in self.stays}
        if ("ours", "IBS") in values:
            ratio = values["ours", "IBS"] / values["Kaplan-Meier", "IBS"]
            found.append(_goal("stays: error beside Kaplan-Meier", ratio, 0.0, 0.85))
        if ("ours", "no-show AUC") in values:
            found.append(_goal("no-show: AUC", values["ours", "no-show AUC"], 0.80, 1.0))
            most = values["ours", "no-show error of a tenth, most"]
            found.append(_goal("no-show: error of a tenth, most", most, 0.0, 0.20))
        return found

    def as_object(self) -> dict[str, Any]:
        """Everything, for programs."""
        return {
            "sets": self.lines(),
            "stays": self.stays,
            "goals": self.goals(),
            "runs": self.runs,
            "skipped": self.skipped,
        }

    def text(self) -> str:
        """Everything, for people."""
        head = ("set", "model", "origins", "MASE", "pinball", "ratio", "q95 covers", "cpu s")
        rows = [head]
        rows += [
            (
                one.set, one.model, str(one.origins), f"{one.mase:.3f}", f"{one.pinball:.3f}",
                "" if one.ratio is None else f"{one.ratio:.3f}", f"{one.covered_95:.1%}",
                f"{one.cpu_seconds:.1f}",
            )
            for one in self.lines()
        ]  # fmt: skip
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        out = [
            "  ".join(
                word.ljust(width) if i < 2 else word.rjust(width)
                for i, (word, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        out += ["", *(f"{one.what}: {one.model} {one.value:.5f} ({one.cpu_seconds:g} cpu s)"
                      for one in self.stays)]  # fmt: skip
        for goal in self.goals():
            word = "reached    " if goal.reached else "NOT reached"
            out.append(f"{word}  {goal.says}: {goal.found:.3f} ({goal.least:g} to {goal.most:g})")
        out += [f"not asked: {x.set} {x.model}: {x.why}" for x in self.skipped]
        return "\n".join(out)


def _goal(says: str, found: float, least: float, most: float) -> Goal:
    return Goal(says, round(found, 4), least, most, least <= found <= most)
