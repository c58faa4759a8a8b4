"""Histories to forecast: published ones, where there are any, and a made-up one."""

import csv
import io
import lzma
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from ...insight.dwell.stays import Array
from ...insight.forecast import Event, History, Series
from .generated import make_year

KNOWN_LEAST: Final = 0.92
"""Share of days a published station must know."""


SAY_WHERE: Final = "say with --data where published sets are"


class NoData(ValueError):
    """A published set is not there; says which file."""


class Case(NamedTuple):
    """A history to forecast the end of."""

    name: str
    history: History
    country: str
    events: tuple[Event, ...] = ()


def bixi(folder: Path | None) -> Case:
    """Read departures of a bicycle share's stations, day by day (Montreal, 2019)."""
    rows = _read(folder, "bixi_station_departures.csv.xz")
    values = np.array([[float(word) if word else np.nan for word in row[1:]] for row in rows[1:]])
    keep = (~np.isnan(values)).mean(1) > KNOWN_LEAST
    series = tuple(Series(row[0]) for row, kept in zip(rows[1:], keep, strict=True) if kept)
    return Case("bixi", History(date.fromisoformat(rows[0][1]), series, values[keep], {}), "CA")


def uci(folder: Path | None) -> Case:
    """Read hires of bicycles: each hour of the day, of members and of others, is a series."""
    rows = _read(folder, "uci_bike_hour.csv.xz")
    at = rows[0].index
    written = list(dict.fromkeys(row[at("dteday")] for row in rows[1:]))
    place = {day: i for i, day in enumerate(written)}
    values = np.zeros((48, len(written)))
    for row in rows[1:]:
        hour, day = int(row[at("hr")]), place[row[at("dteday")]]
        values[hour, day] = float(row[at("casual")])
        values[24 + hour, day] = float(row[at("registered")])
    first = datetime.strptime(written[0], "%d/%m/%y").date()
    series = tuple(Series(f"{who} {hour:02}") for who in ("casual", "member") for hour in range(24))
    return Case("uci", History(first, series, values, {}), "US")


def generated(_folder: Path | None) -> Case:
    """Make a network of two hundred sites with a peak before Christmas, known to its operator."""
    history, events = make_year(sites=200, days=730)
    return Case("generated", history, "PL", events)


SETS: Final[dict[str, Callable[[Path | None], Case]]] = {
    "bixi": bixi,
    "uci": uci,
    "generated": generated,
}


def fill(values: Array, first: date) -> Array:
    """Fill unknown days with the median of their weekday, for those that cannot do without."""
    weekday = (first.weekday() + np.arange(values.shape[1])) % 7
    found = values.copy()
    for row in found:
        for day in range(7):
            of_day = weekday == day
            missing = of_day & np.isnan(row)
            if missing.any():
                known = row[of_day & ~np.isnan(row)]
                row[missing] = np.median(known) if len(known) else 0.0
    return found


def _read(folder: Path | None, name: str) -> list[list[str]]:
    if folder is None or not (folder / name).is_file():
        raise NoData(f"there is no {name}; {SAY_WHERE}")
    with lzma.open(folder / name) as packed:
        return list(csv.reader(io.TextIOWrapper(packed, encoding="utf-8")))
