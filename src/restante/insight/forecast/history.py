"""What came so far: parcels per site, size and day or hour, and the CSV it is read from.

H1. Demand is what was asked for: ``requests`` where it is known, since what a full locker turned
    away is not among its parcels.
H2. A day of which nothing is known is no day without parcels. Who leaves such days out says which
    of both they are.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from math import isfinite
from typing import Final, NamedTuple

import numpy as np

from .counts import Array

DAYS_LEAST: Final = 42
"""Days a history has at least: six of each weekday, of which two weeks are kept to check on."""
TOLD_MOST: Final = 12
"""Bad rows that are told; of more, only how many there are."""
PARCELS_MOST: Final = 1e7
"""Parcels of a row at most: more is a mistake of the file, not a day."""
COLUMNS: Final = ("site", "date", "hour", "size", "parcels", "requests", "district")
NEEDED: Final = ("site", "date", "parcels")


class Gaps(StrEnum):
    """What a day means that a site's rows leave out."""

    ERROR = "error"
    """Somebody forgot to say."""
    ZERO = "zero"
    """Nothing came."""
    CLOSED = "closed"
    """Nothing could come, or nobody counted."""


class BadHistory(ValueError):
    """A history cannot be used; says which rows and what to do."""


class Series(NamedTuple):
    """What is counted in one row of numbers."""

    site: str
    size: str = ""
    """Empty where sizes are not told apart."""


class History(NamedTuple):
    """Parcels of all series, day by day."""

    first: date
    series: tuple[Series, ...]
    values: Array
    """Shape (series, days), NaN where nothing is known."""
    districts: dict[str, str]
    """By site; those without are left out."""
    hourly: Array | None = None
    """Shape (series, days, 24), where hours are known."""
    asked_share: float = 0.0
    """Share of rows that say how many were asked for."""

    @property
    def last(self) -> date:
        """The last day there is."""
        return self.first + timedelta(self.values.shape[1] - 1)

    @property
    def sites(self) -> tuple[str, ...]:
        """All sites, in order."""
        return tuple(dict.fromkeys(one.site for one in self.series))


def read_history(text: str, *, gaps: Gaps = Gaps.ERROR) -> History:
    """Read a CSV with a heading ``site,date[,hour][,size],parcels[,requests][,district]``.

    Parameters
    ----------
    text
        The file's text.
    gaps
        What days mean that a site's rows leave out, between its first day and the file's last.

    Raises
    ------
    BadHistory
        When rows cannot be read; names them by number and says what to do.
    """
    rows = _Rows(text)
    entries = rows.read()
    if rows.problems:
        raise BadHistory(_tell(rows.problems))
    if not entries:
        raise BadHistory("the file has a heading but no rows")
    return _put_together(entries, rows, gaps)


class _BadRow(ValueError):
    """A row cannot be read; says why."""


_Key = tuple[str, str, date, int]
"""Site, size, day, and hour or -1."""


class _Rows:
    """Reads rows and gathers what is wrong with them."""

    def __init__(self, text: str) -> None:
        lines = text.removeprefix("\ufeff").splitlines()
        head = lines[0] if lines else ""
        delimiter = max(",;\t", key=head.count)
        self._reader = csv.reader(lines, delimiter=delimiter)
        heading = [entry.strip().lower() for entry in next(self._reader, [])]
        missing = [name for name in NEEDED if name not in heading]
        unknown = [name for name in heading if name not in COLUMNS]
        if missing or unknown or len(set(heading)) != len(heading):
            says = (
                f"column {missing[0]!r} is missing"
                if missing
                else f"there is a column {unknown[0]!r}"
                if unknown
                else "a column is there twice"
            )
            wanted = "site,date[,hour][,size],parcels[,requests][,district]"
            raise BadHistory(f"the heading is {head[:100]!r}: {says}; write {wanted}")
        self.at: dict[str, int] = {name: heading.index(name) for name in COLUMNS if name in heading}
        self._width = len(heading)
        self._days: dict[str, date | None] = {}
        self.problems: list[str] = []
        self.districts: dict[str, str] = {}
        self.asked = 0

    def read(self) -> dict[_Key, float]:
        """Read all rows; what is wrong is in ``problems``."""
        found: dict[_Key, float] = {}
        lines: dict[_Key, int] = {}
        for row in self._reader:
            if not any(row):
                continue
            number = self._reader.line_num
            try:
                key, demand = self._read_row(row)
                if key in lines:
                    before = f"says again what row {lines[key]} said of {_name(key)}"
                    raise _BadRow(f"{before}; keep one, or add them up")
            except _BadRow as bad:
                self.problems.append(f"row {number}: {bad}")
                continue
            lines[key] = number
            found[key] = demand
        return found

    def _read_row(self, row: list[str]) -> tuple[_Key, float]:
        if len(row) != self._width:
            raise _BadRow(f"has {len(row)} cells, the heading {self._width}")
        site = self._word(row, "site")
        written = row[self.at["date"]].strip()
        if written not in self._days:
            self._days[written] = _read_day(written)
        day = self._days[written]
        if day is None:
            raise _BadRow(f"date {written!r} is no day; write 2025-11-28")
        size = self._word(row, "size") if "size" in self.at else ""
        hour = self._hour(row) if "hour" in self.at else -1
        if "district" in self.at:
            self._place(site, row[self.at["district"]].strip())
        return (site, size, day, hour), self._demand(row)

    def _word(self, row: list[str], column: str) -> str:
        word = row[self.at[column]].strip()
        if not word:
            raise _BadRow(f"names no {column}")
        return word

    def _hour(self, row: list[str]) -> int:
        said = row[self.at["hour"]].strip()
        if not (said.isascii() and said.isdecimal()) or int(said) > 23:
            raise _BadRow(f"hour {said!r} is none of 0 to 23")
        return int(said)

    def _place(self, site: str, district: str) -> None:
        before = self.districts.setdefault(site, district) if district else district
        if before != district:
            raise _BadRow(f"puts site {site} into district {district}, rows before into {before}")

    def _demand(self, row: list[str]) -> float:
        parcels = _count("parcels", row[self.at["parcels"]])
        if "requests" not in self.at or not row[self.at["requests"]].strip():
            return parcels
        requests = _count("requests", row[self.at["requests"]])
        if requests < parcels:
            raise _BadRow(f"says {requests:g} requests and {parcels:g} parcels: more than asked")
        self.asked += 1
        return requests


def _count(column: str, entry: str) -> float:
    try:
        count = float(entry)
    except ValueError:
        count = float("nan")
    if not isfinite(count):
        raise _BadRow(
            f"{column} {entry.strip()!r} is no number; leave the row out where nothing was counted,"
            " and say --gaps closed"
        )
    if count < 0:
        raise _BadRow(f"{column} {count:g} is negative")
    if count > PARCELS_MOST:
        raise _BadRow(f"{column} {count:g} is more than a site ever had")
    return count


def _put_together(entries: dict[_Key, float], rows: _Rows, gaps: Gaps) -> History:
    series = tuple(sorted({Series(site, size) for site, size, _, _ in entries}))
    place = {one: i for i, one in enumerate(series)}
    first, last = min(key[2] for key in entries), max(key[2] for key in entries)
    count = (last - first).days + 1
    if count < DAYS_LEAST:
        raise BadHistory(
            f"the history is from {first} to {last}, {count} days; it takes {DAYS_LEAST} at least,"
            " six of each weekday"
        )
    if count > 40 * 366:
        raise BadHistory(f"the history is from {first} to {last}: is a year mistyped?")
    has_hours = "hour" in rows.at
    hourly = np.zeros((len(series), count, 24)) if has_hours else None
    values = np.zeros((len(series), count))
    sites = {name: i for i, name in enumerate(dict.fromkeys(one.site for one in series))}
    site_of = np.array([sites[one.site] for one in series])
    is_there = np.zeros((len(sites), count), dtype=bool)
    offsets: dict[date, int] = {}
    for (site, size, day, hour), parcels in entries.items():
        at = offsets.setdefault(day, (day - first).days)
        row = place[Series(site, size)]
        values[row, at] += parcels
        is_there[sites[site], at] = True
        if hourly is not None:
            hourly[row, at, hour] = parcels
    # Before its first day a site did not exist; a day between is a gap.
    opened = is_there.argmax(1)
    is_before = np.arange(count) < opened[:, None]
    is_gap = ~is_there & ~is_before
    if gaps is Gaps.ERROR and is_gap.any():
        raise BadHistory(_tell_gaps(tuple(sites), is_gap, first))
    unknown = is_before | (is_gap if gaps is Gaps.CLOSED else False)
    values[unknown[site_of]] = np.nan
    if hourly is not None:
        hourly[unknown[site_of]] = np.nan
    return History(
        first, series, values, rows.districts, hourly, round(rows.asked / len(entries), 4)
    )  # fmt: skip


def _tell_gaps(sites: Sequence[str], is_gap: Array, first: date) -> str:
    told = []
    for i in np.flatnonzero(is_gap.any(1)).tolist():
        days = np.flatnonzero(is_gap[i])
        told.append(
            f"site {sites[i]} has no row for {first + timedelta(int(days[0]))}"
            + (f" and {len(days) - 1} more days" if len(days) > 1 else "")
        )
    return _tell(told) + "\nsay what such days mean: --gaps zero (nothing came) or --gaps closed"


def _tell(problems: Sequence[str]) -> str:
    lines = list(problems[:TOLD_MOST])
    if len(problems) > TOLD_MOST:
        lines.append(f"and {len(problems) - TOLD_MOST} more like these")
    return "\n".join(lines)


def _read_day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


def _name(key: _Key) -> str:
    site, size, day, hour = key
    parts: Iterable[str] = (site, size, str(day), f"hour {hour}" if hour >= 0 else "")
    return " ".join(part for part in parts if part)
