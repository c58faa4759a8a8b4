"""What came in the past: parcels of each site and day, perhaps of each hour and size.

A table with the columns ``site, date, parcels`` and perhaps ``hour, size, requests``, as CSV.
"""

from datetime import date
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..manifest_row import ProblemCode, RowProblem
from .table import Floats, Kind, Read, Wanted, keep_rows, read_columns, read_table

COLUMNS: Final = (
    Wanted("site", is_required=True, aliases=("site_id", "id", "locker", "station")),
    Wanted("date", Kind.DATE, True, ("day",)),
    Wanted("parcels", Kind.NUMBER, True, ("count", "deposits", "departures"), lower=0.0),
    Wanted("hour", Kind.NUMBER, lower=0, upper=23, default=-1, is_whole=True),
    Wanted("size", aliases=("size_class",)),
    Wanted("requests", Kind.NUMBER, aliases=("wanted",), lower=0.0, default=np.nan),
)


class History(NamedTuple):
    """Rows without any mistake, in the order of the file, and what is wrong with the others.

    Attributes
    ----------
    sites
        Each site once, in the order of the file.
    site_of
        Index into ``sites``, shape (n_rows,).
    days
        ``datetime64[D]``.
    hours
        0 to 23; -1 where the row is about the whole day.
    sizes
        Size class; empty for all sizes together.
    parcels
        What came.
    requests
        What was wanted, also in vain; NaN where nobody counted.
    problems, row_count, ignored_columns
        As in :class:`~restante.partners.places.demand.DemandCells`.
    """

    sites: tuple[str, ...]
    site_of: NDArray[np.int64]
    days: NDArray[np.datetime64]
    hours: NDArray[np.int64]
    sizes: tuple[str, ...]
    parcels: Floats
    requests: Floats
    problems: tuple[RowProblem, ...] = ()
    row_count: int = 0
    ignored_columns: tuple[str, ...] = ()

    @property
    def first_day(self) -> date | None:
        """The earliest day; ``None`` without any row."""
        return self.days.min().item() if len(self.days) else None

    @property
    def last_day(self) -> date | None:
        """The latest day; ``None`` without any row."""
        return self.days.max().item() if len(self.days) else None


def read_history(content: bytes) -> History:
    """Read a history from the bytes of a CSV file.

    Returns
    -------
    History
        Never raises for a bad file; see ``problems``. Of two rows about the same, the first counts.
    """
    read = _without_twice(read_columns(read_table(content), COLUMNS))
    columns = read.columns
    index: dict[str, int] = {}
    site_of = np.array([index.setdefault(s, len(index)) for s in columns["site"]], dtype=np.int64)
    return History(
        sites=tuple(index),
        site_of=site_of,
        days=columns["date"],
        hours=columns["hour"].astype(np.int64),
        sizes=tuple(columns["size"]),
        parcels=columns["parcels"],
        requests=columns["requests"],
        problems=read.problems,
        row_count=read.row_count,
        ignored_columns=read.ignored_columns,
    )


def read_zones(content: bytes) -> tuple[dict[str, str], tuple[RowProblem, ...]]:
    """Read which zone each site lies in, from a CSV file with the columns ``site`` and ``zone``.

    Returns
    -------
    tuple
        Zones by site, and what is wrong with the rows that are not there.
    """
    wanted = (
        Wanted("id", is_required=True, aliases=("site", "site_id")),
        Wanted("zone", is_required=True, aliases=("area", "district", "region")),
    )
    read = read_columns(read_table(content), wanted)
    return dict(zip(read.columns["id"], read.columns["zone"], strict=True)), read.problems


def _without_twice(read: Read) -> Read:
    columns = read.columns
    days, hours = columns["date"].astype(np.int64), columns["hour"].astype(np.int64)
    keys = zip(columns["site"], days.tolist(), hours.tolist(), columns["size"], strict=True)
    first: dict[tuple[str, int, int, str], int] = {}
    twice = [(row, first[key]) for row, key in enumerate(keys) if first.setdefault(key, row) != row]
    told = [
        (
            row,
            "site",
            ProblemCode.ID_TWICE,
            f"is told of the same time in row {read.numbers[before]} already",
            "keep one of them, or add them up",
        )
        for row, before in twice
    ]
    return keep_rows(read, told)
