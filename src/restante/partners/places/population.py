"""People on a map, from a grid or from points, as demand cells.

An ASCII grid (``.asc``: a header of six lines, then rows from north to south) has degrees of WGS84
for coordinates, as the world's population grids are offered; a grid in metres is refused, because
its projection is not in the file. Points are a table with ``lat, lon`` and ``people``.
"""

from typing import Final, NamedTuple

import numpy as np

from ..csv_text import decode_text, file_problem
from ..manifest_row import ProblemCode, RowProblem
from .demand import DemandCells
from .table import LAT, LON, TABLE_BYTES_MAX, Floats, Kind, Wanted, read_columns, read_table

POINTS: Final = (
    LAT,
    LON,
    Wanted("people", Kind.NUMBER, True, ("population", "demand", "inhabitants", "z"), lower=0.0),
)
CELLS_MAX: Final = 5_000_000
"""A country by 250 m. Chosen: more belongs cut to the region that is planned."""
_HEADER: Final = ("ncols", "nrows", "cellsize")


class _Header(NamedTuple):
    columns: int
    rows: int
    size: float
    west: float
    south: float
    nothing: float


def read_population(content: bytes) -> DemandCells:
    """Read people from the bytes of an ASCII grid, or of a table of points.

    Cells without people and cells without data are left out.

    Returns
    -------
    DemandCells
        ``demand`` is people; ids are ``r12c7`` for a grid (from the north-west, from 1) and ``p12``
        for points. Never raises for a bad file; see ``problems``.
    """
    if content[:200].lstrip()[:5].lower() == b"ncols":
        return _read_grid(content)
    read = read_columns(read_table(content), POINTS)
    people = read.columns["people"]
    lat, lon = read.columns["lat"], read.columns["lon"]
    kept = people > 0
    return DemandCells(
        ids=tuple(f"p{number}" for number in read.numbers[kept]),
        lat=lat[kept],
        lon=lon[kept],
        demand=people[kept],
        areas=("",) * int(kept.sum()),
        problems=read.problems,
        row_count=read.row_count,
        ignored_columns=read.ignored_columns,
    )


def _read_grid(content: bytes) -> DemandCells:
    text, problem = decode_text(content, bytes_max=TABLE_BYTES_MAX)
    if problem is not None:
        return _nothing(problem)
    lines = text.splitlines()
    named: dict[str, float] = {}
    for at, line in enumerate(lines):
        name, _, value = line.strip().partition(" ")
        if not name or not name[0].isalpha() or name.lower() == "nan":
            break
        try:
            named[name.lower()] = float(value)
        except ValueError:
            return _nothing(_bad(at + 1, f"{name} is {value.strip()!r}, which is no number"))
    header = _header_of(named)
    if isinstance(header, RowProblem):
        return _nothing(header)
    return _read_rows(header, lines[len(named) :], len(named))


def _header_of(named: dict[str, float]) -> _Header | RowProblem:
    missing = [name for name in _HEADER if name not in named]
    if missing:
        return _bad(1, f"the header has no {', '.join(missing)}")
    size = named["cellsize"]
    nowhere = float("nan")
    west = named.get("xllcorner", named.get("xllcenter", nowhere) - size / 2)
    south = named.get("yllcorner", named.get("yllcenter", nowhere) - size / 2)
    if not np.isfinite([west, south]).all():
        return _bad(1, "the header has no xllcorner and yllcorner")
    if not (named["ncols"] >= 1 and named["nrows"] >= 1 and size > 0):
        return _bad(1, "ncols, nrows and cellsize must be positive")
    columns, rows = int(named["ncols"]), int(named["nrows"])
    if columns * rows > CELLS_MAX:
        return _bad(1, f"{columns * rows:,} cells, at most {CELLS_MAX:,} are read: cut it")
    east, north = west + columns * size, south + rows * size
    if west < -180 - size or south < -90 - size or east > 180 + size or north > 90 + size:
        return _bad(1, "its coordinates are no degrees: write it anew in WGS84 (EPSG:4326)")
    nothing = named.get("nodata_value", -9999.0)
    return _Header(columns, rows, size, west, south, nothing)


def _read_rows(header: _Header, lines: list[str], before: int) -> DemandCells:
    problems: list[RowProblem] = []
    found: list[Floats] = []
    rows = [(before + i, line.split()) for i, line in enumerate(lines, start=1) if line.strip()]
    if len(rows) != header.rows:
        return _nothing(_bad(0, f"{len(rows)} rows of cells, the header says {header.rows}"))
    for number, cells in rows:
        row = np.zeros(header.columns)
        try:
            if len(cells) != header.columns:
                says = f"has {len(cells)} cells, the header says {header.columns}"
                raise ValueError(says)
            row = np.array(cells, dtype=np.float64)
            row[row == header.nothing] = 0.0
            if not np.isfinite(row).all() or (row < 0).any():
                raise ValueError("has a negative number of people, or one that is no number")
        except ValueError as error:
            problems.append(_bad(number, str(error)))
            row = np.zeros(header.columns)
        found.append(row)
    people = np.vstack(found)
    at_row, at_column = np.nonzero(people)
    return DemandCells(
        ids=tuple(f"r{i + 1}c{j + 1}" for i, j in zip(at_row, at_column, strict=True)),
        lat=np.asarray(header.south + (header.rows - at_row - 0.5) * header.size, dtype=np.float64),
        lon=np.asarray(header.west + (at_column + 0.5) * header.size, dtype=np.float64),
        demand=people[at_row, at_column],
        areas=("",) * len(at_row),
        problems=tuple(problems),
        row_count=header.rows,
    )


def _bad(number: int, reason: str) -> RowProblem:
    hint = "write an ASCII grid of degrees, as GDAL does with -of AAIGrid -t_srs EPSG:4326"
    return file_problem(ProblemCode.NOT_A_GRID, reason, hint, number)


def _nothing(problem: RowProblem) -> DemandCells:
    none = np.zeros(0)
    return DemandCells((), none, none, none, (), (problem,))
