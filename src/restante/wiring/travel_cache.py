"""Answers of road servers that were asked before, in a file of SQLite.

Keyed by server, profile and both points, rounded as the planner rounds them. It is a cache: it may
be deleted at any time. Holes are not kept, because a server's roads may be mended.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np

from ..journal.sqlite_file import newest_sqlite
from ..planning.travel.table import DECIMALS, Found, NoTravel, Point

DAYS_MAX: Final = 90
"""Age after which an answer is asked for again: roads and speeds change (chosen)."""

DAY_SECONDS: Final = 86_400

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS source (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, profile TEXT NOT NULL, UNIQUE (name, profile)
) STRICT;
CREATE TABLE IF NOT EXISTS pair (
    source INTEGER NOT NULL, origin INTEGER NOT NULL, destination INTEGER NOT NULL,
    duration_s REAL NOT NULL, distance_m REAL NOT NULL, found_on INTEGER NOT NULL,
    PRIMARY KEY (source, origin, destination)
) STRICT, WITHOUT ROWID;
"""


class TravelCache:
    """A file of answers.

    Parameters
    ----------
    now
        Seconds since 1970.

    Raises
    ------
    NoTravel
        When the file is not such a cache.
    """

    def __init__(
        self, path: Path, *, days_max: int = DAYS_MAX, now: Callable[[], float] = time.time
    ) -> None:
        self._driver = newest_sqlite()
        self._path, self._days_max, self._now = path, days_max, now
        try:
            self._file = self._driver.connect(path)
            self._file.executescript(_TABLES)
        except self._driver.Error as error:
            raise NoTravel(self._unusable(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def read(self, source: str, profile: str, points: Sequence[Point], found: Found) -> None:
        """Fill in what is known between points."""
        row_of = {_key(point): i for i, point in enumerate(points)}
        oldest = int(self._now()) // DAY_SECONDS - self._days_max
        number = self._source(source, profile)
        try:
            for key, i in row_of.items():
                for destination, duration_s, distance_m in self._file.execute(
                    "SELECT destination, duration_s, distance_m FROM pair"
                    " WHERE source = ? AND origin = ? AND found_on >= ?",
                    (number, key, oldest),
                ):
                    j = row_of.get(destination)
                    if j is not None:
                        found.durations_s[i, j], found.distances_m[i, j] = duration_s, distance_m
        except self._driver.Error as error:
            raise NoTravel(self._unusable(error)) from error

    def keep(
        self,
        source: str,
        profile: str,
        origins: Sequence[Point],
        destinations: Sequence[Point],
        tile: Found,
    ) -> None:
        """Keep what a server knew of a tile; what it estimated itself is asked for again."""
        today = int(self._now()) // DAY_SECONDS
        number = self._source(source, profile)
        known = np.isfinite(tile.durations_s) & np.isfinite(tile.distances_m) & ~tile.estimated
        here, there = list(map(_key, origins)), list(map(_key, destinations))
        rows = (
            (number, here[i], there[j], float(tile.durations_s[i, j]),
             float(tile.distances_m[i, j]), today)
            for i, j in zip(*known.nonzero(), strict=True)
        )  # fmt: skip
        try:
            with self._file:
                self._file.executemany(
                    "INSERT OR REPLACE INTO pair VALUES (?, ?, ?, ?, ?, ?)", rows
                )
        except self._driver.Error as error:
            raise NoTravel(self._unusable(error)) from error

    def _source(self, name: str, profile: str) -> int:
        try:
            with self._file:
                self._file.execute(
                    "INSERT OR IGNORE INTO source (name, profile) VALUES (?, ?)", (name, profile)
                )
                found = self._file.execute(
                    "SELECT id FROM source WHERE name = ? AND profile = ?", (name, profile)
                ).fetchone()
        except self._driver.Error as error:
            raise NoTravel(self._unusable(error)) from error
        return int(found[0])

    def _unusable(self, error: Exception) -> str:
        return f"the cache of travel times {self._path} cannot be used ({error}): delete it"


def _key(point: Point) -> int:
    """Write a point as one whole number, as exact as points are told apart."""
    unit = 10**DECIMALS
    latitude = round((point.latitude + 90) * unit)
    longitude = round((point.longitude + 180) * unit)
    return latitude * 400 * unit + longitude
