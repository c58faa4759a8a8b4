"""A forecast as a document: lines, how sure they are, and how wrong such forecasts were."""

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta

import msgspec

from .scores import Scores


class Line(msgspec.Struct, frozen=True):
    """Parcels to come, day by day, of one site, size, district or the network."""

    level: str
    """``series`` (a site, or a size at a site), ``site`` (all its sizes), ``district``,
    ``network`` or ``hour``."""
    site: str
    size: str
    district: str
    mean: list[float]
    """One a day."""
    quantiles: list[list[float]]
    """One list for each level of the forecast."""
    hour: int | None = None
    """Local hour of the day, where hours are told."""


class Backtest(msgspec.Struct, frozen=True):
    """What forecasts made in the past were worth."""

    days_each: int
    """Days forecast from each origin."""
    origins: tuple[date, ...]
    """First days that were not known, oldest first."""
    scored_origins: int
    """How many of the last ones are scored; those before only taught how sure forecasts are."""
    by_level: dict[str, Scores]
    """Of the model that is used."""
    by_model: dict[str, Scores]
    """Of all models, for single series."""


class Forecast(msgspec.Struct, frozen=True):
    """Parcels to come."""

    first: date
    days: int
    levels: tuple[float, ...]
    """Probabilities of the quantiles."""
    model: str
    says: tuple[str, ...]
    """What people should know of it."""
    new_sites: tuple[str, ...]
    """Without a history: borrowed from their like."""
    asked_share: float
    """Share of rows that told how many were asked for, not only how many came."""
    backtest: Backtest
    seed: int
    lines: tuple[Line, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of columns of a table."""
        return (
            "level", "site", "size", "district", "date", "hour", "mean",
            *(f"q{round(level * 100):02}" for level in self.levels),
        )  # fmt: skip

    def rows(self) -> Iterator[tuple[str | date | int | float | None, ...]]:
        """Tell all lines as rows of a table, in a fixed order."""
        days = [self.first + timedelta(i) for i in range(self.days)]
        for line in self.lines:
            head = (line.level, line.site, line.size, line.district)
            for i, day in enumerate(days):
                found = (quantile[i] for quantile in line.quantiles)
                yield (*head, day, line.hour, line.mean[i], *found)

    def to_csv(self) -> str:
        """Write a table as text."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows())
        return out.getvalue()

    def to_json(self) -> bytes:
        """Write everything."""
        return msgspec.json.encode(self)
