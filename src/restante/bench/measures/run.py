"""Measure a drawn month, and tell how long it took."""

import statistics
import time
from pathlib import Path
from typing import Any, NamedTuple

from ...insight.measures.parts import Period
from ...settings import Settings
from ...wiring.analytics import Wanted, measure, open_engine
from .month import make_month


class MonthReport(NamedTuple):
    """What was measured, and how long it took."""

    engine: str
    sites: int
    visits: int
    rows: int
    megabytes: float
    wall_s: tuple[float, ...]
    """Of the clock, for all measures of all sites: each turn."""
    cpu_s: tuple[float, ...]
    """Of the processor, all threads of this process; Spark's work is elsewhere."""

    def as_object(self) -> dict[str, Any]:
        """Tell it as one JSON object."""
        return {
            **self._asdict(),
            "wall_median_s": round(statistics.median(self.wall_s), 2),
            "cpu_median_s": round(statistics.median(self.cpu_s), 2),
        }

    def text(self) -> str:
        """Tell it in words."""
        return (
            f"{self.sites:,} sites, {self.visits:,} visits, {self.rows:,} rows,"
            f" {self.megabytes:.0f} MB of Parquet\n"
            f"{self.engine}: all measures of every site in {statistics.median(self.wall_s):.2f} s"
            f" ({statistics.median(self.cpu_s):.2f} s of processor; median of {len(self.wall_s)})"
        )


def measure_month(
    folder: Path, *, sites: int, days: int, engine: str, turns: int, seed: int
) -> MonthReport:
    """Draw a month into an empty folder and measure it."""
    month = make_month(folder, sites=sites, days=days, seed=seed)
    size = sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6
    wall, cpu = [], []
    for _ in range(turns):
        wall_began, cpu_began = time.perf_counter(), time.process_time()
        with open_engine(Settings(measures_engine=engine)) as opened:
            found = measure(opened, folder, Wanted(Period(month.from_at, month.until)))
        wall.append(round(time.perf_counter() - wall_began, 2))
        cpu.append(round(time.process_time() - cpu_began, 2))
        assert len(found) == sites
    return MonthReport(
        engine, sites, month.visits, month.rows, round(size, 1), tuple(wall), tuple(cpu)
    )
