"""Both tables of ``restante bench capacity``."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from .policies import LOADS, TEST_SEEDS, Row, measure_policies
from .simulators import Simulators, measure_simulators, warm_up

GOALS = {(1.15, "bid prices, log-sd 0.70"): 0.94, (1.5, "bid prices, log-sd 0.70"): 0.92}
"""Share of hindsight that is asked for."""


class CapacityReport(NamedTuple):
    """What came of it."""

    simulators: Simulators | None
    policies: tuple[Row, ...]

    def as_object(self) -> dict[str, Any]:
        """Give it as plain values."""
        told: dict[str, Any] = {"policies": [row._asdict() for row in self.policies]}
        if self.simulators is not None:
            whole = self.simulators._asdict()
            whole["speeds"] = [
                {**one._asdict(), "events_per_s": round(one.events_per_s)}
                for one in self.simulators.speeds
            ]
            told["simulators"] = whole
        return told

    def text(self) -> str:
        """Give it as tables."""
        return "\n".join([*self._simulators(), *self._policies()])

    def _simulators(self) -> list[str]:
        if self.simulators is None:
            return []
        speeds = self.simulators.speeds
        ours = speeds[0]
        lines = [
            f"simulators, {ours.lockers} lockers x 30 days, the same parcels, seconds of the"
            " processor",
            f"{'':8}{'events':>10}{'turned away':>13}{'seconds':>10}{'events/s':>13}"
            f"{'ours is':>12}",
        ]
        for one in speeds:
            ratio = f"{ours.events_per_s / one.events_per_s:.0f} x" if one.events_per_s else ""
            lines.append(
                f"{one.name:8}{one.events:>10}{one.turned_away:>13}{one.seconds:>10.3f}"
                f"{one.events_per_s:>13,.0f}{ratio:>12}  {one.note}"
            )
        whole = self.simulators
        lines += [
            f"1,000 lockers x 30 days, {whole.network_parcels:,} parcels drawn and played:"
            f" {whole.network_seconds:.2f} s; turned away after ten days {whole.blocked:.4f},"
            f" by Erlang's formula {whole.erlang:.4f}",
            "",
        ]
        return lines

    def _policies(self) -> list[str]:
        if not self.policies:
            return []
        lines = [
            "admission, 20 + 30 + 10 compartments; share of parcels accepted",
            f"{'load':>5}  {'rule':26}{'accepted':>10}{'of hindsight':>14}{'s.e.':>8}"
            f"{'to best-fit, worst':>20}{'us':>7}",
        ]
        for row in self.policies:
            goal = GOALS.get((row.load, row.rule))
            mark = "" if goal is None else f"  goal {goal:.0%}: " + (
                "reached" if row.of_hindsight >= goal else "NOT reached"
            )  # fmt: skip
            each = f"{row.us_per_decision:.1f}" if row.us_per_decision else ""
            lines.append(
                f"{row.load:>5}  {row.rule:26}{row.accepted:>10.2%}{row.of_hindsight:>14.2%}"
                f"{row.error:>8.2%}{row.worst_to_best_fit:>+20.2%}{each:>7}{mark}"
            )
        return lines


def measure_capacity(
    *,
    peers: Path,
    loads: tuple[float, ...] = LOADS,
    test_seeds: int = TEST_SEEDS,
    with_simulators: bool = True,
    tell: Callable[[float, str], None] = lambda _done, _word: None,
) -> CapacityReport:
    """Measure simulators, then policies, one load after the other."""
    warm_up()
    tell(0.0, "simulators")
    simulators = measure_simulators(peers) if with_simulators else None
    rows: list[Row] = []
    for n, load in enumerate(loads):
        tell(0.2 + 0.8 * n / len(loads), f"policies at load {load:g}")
        rows += measure_policies((load,), test_seeds)
    return CapacityReport(simulators, tuple(rows))
