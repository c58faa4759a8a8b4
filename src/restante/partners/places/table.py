"""Read a table of places from CSV or GeoJSON: whole columns, and every bad row by its number.

T1 A bad row never costs a good one, and every mistake of a row is reported at once.
T2 Rows are counted as a spreadsheet counts them: the header is row 1. Features of GeoJSON are
   counted from 1; a file as a whole is row 0.
T3 Nothing is guessed: an empty required cell, ``nan``, ``inf``, a negative amount, a coordinate
   off the globe, an id that stands there twice are mistakes that name the row and the remedy.

Columns are arrays because planners want arrays, and because a year of a network's history has
half a million rows.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from ..cells import BadCell, read_date, read_yes_no
from ..columns import normalize_header
from ..csv_export import take_guard
from ..csv_text import decode_text, file_problem, sniff_delimiter, split_records
from ..manifest_row import ProblemCode, RowProblem
from .geojson import is_geojson, read_features

Floats = NDArray[np.float64]

TABLE_BYTES_MAX: Final = 500_000_000
"""A year of hours of a thousand sites is some 250 MB. Chosen."""

PROBLEMS_MAX: Final = 1_000
"""Mistakes that are told apart; whoever sends a wrong column need not read it a million times."""

LATITUDE: Final = (-90.0, 90.0)
LONGITUDE: Final = (-180.0, 180.0)
_THOUSANDS_DIGITS: Final = 3
_EXCERPT_MAX: Final = 30


class Kind(StrEnum):
    """What a cell of a column is read into."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    COORDINATE = "coordinate"
    YES_NO = "yes_no"


class Wanted(NamedTuple):
    """A column that a table may have.

    Attributes
    ----------
    name
        As documented; the first of its names.
    aliases
        Other headers that mean it, as :func:`~restante.partners.columns.normalize_header` has them.
    lower, upper
        Bounds of numbers, included.
    default
        Of an empty cell, and of every cell when the column is not there.
    choices
        The only texts that are understood; empty for any.
    is_whole
        Numbers without a fraction only.
    """

    name: str
    kind: Kind = Kind.TEXT
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    lower: float = -np.inf
    upper: float = np.inf
    default: Any = ""
    choices: tuple[str, ...] = ()
    is_whole: bool = False


ID: Final = Wanted("id", is_required=True, aliases=("code", "cell", "cell_id", "site", "site_id"))
LAT: Final = Wanted(
    "lat", Kind.COORDINATE, True, ("latitude", "y_lat", "breite", "szerokosc"), *LATITUDE
)
LON: Final = Wanted(
    "lon", Kind.COORDINATE, True, ("lng", "long", "longitude", "laenge", "lange"), *LONGITUDE
)


class Table(NamedTuple):
    """Rows as they stand in a file.

    Attributes
    ----------
    header
        Names of the columns as written.
    numbers
        Of the rows, as the file's reader counts them.
    rows
        Texts, as many in each row as the header has.
    problems
        Of rows that are not there because they could not be taken apart.
    is_decimal_comma
        Cells are not separated by commas, so that a comma may be a decimal one.
    """

    header: tuple[str, ...]
    numbers: list[int]
    rows: list[list[str]]
    problems: list[RowProblem]
    is_decimal_comma: bool = False


class Read(NamedTuple):
    """Columns of the good rows, by the names of what was wanted."""

    columns: Mapping[str, Any]
    numbers: NDArray[np.int64]
    problems: tuple[RowProblem, ...]
    row_count: int
    ignored_columns: tuple[str, ...]


def read_table(content: bytes) -> Table:
    """Take a file apart: GeoJSON when it begins like JSON, else CSV of any delimiter."""
    text, problem = decode_text(content, bytes_max=TABLE_BYTES_MAX)
    if problem is not None:
        return Table((), [], [], [problem])
    if is_geojson(text):
        header, numbers, rows, problems = read_features(text)
        return Table(header, numbers, rows, problems)
    return _read_csv(text)


def _read_csv(text: str) -> Table:
    delimiter = sniff_delimiter(text)
    header: list[str] = []
    numbers: list[int] = []
    rows: list[list[str]] = []
    problems: list[RowProblem] = []
    for number, cells in _records(text, delimiter):
        if cells is None:
            hint = "close the quotation mark, or take it out"
            says = "has a quotation mark that is never closed"
            problems.append(file_problem(ProblemCode.QUOTES_BROKEN, says, hint, number))
        elif not any(cell.strip() for cell in cells):
            continue
        elif not header:
            if not cells[0].casefold().startswith("sep="):
                header = [cell.strip() for cell in cells]
        elif len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
            says = f"has {len(cells)} cells, the header {len(header)}"
            hint = f"put texts that contain {delimiter!r} into quotation marks"
            problems.append(file_problem(ProblemCode.TOO_MANY_CELLS, says, hint, number))
        else:
            numbers.append(number)
            rows.append([*cells[: len(header)], *[""] * (len(header) - len(cells))])
    return Table(tuple(header), numbers, rows, problems, delimiter != ",")


def _records(text: str, delimiter: str) -> Any:
    if '"' in text:
        return split_records(text, delimiter)
    # A table of numbers is read ten times as fast without looking for quotation marks.
    return ((i, line.split(delimiter)) for i, line in enumerate(text.splitlines(), start=1))


def read_columns(table: Table, wanted: Sequence[Wanted]) -> Read:
    """Read the columns that are wanted, and say what is wrong with each row.

    Returns
    -------
    Read
        Never raises for a bad file; a file without a required column has no rows.
    """
    found, ignored, problems = _match(table, wanted)
    if problems or not table.header:
        return _nothing(wanted, [*table.problems, *problems], len(table.rows), ignored)
    judge = _Judge(table, [*table.problems])
    columns: dict[str, Any] = {}
    for one in wanted:
        index = found.get(one.name)
        if index is None:
            columns[one.name] = _filled(one, len(table.rows))
            continue
        texts = [take_guard(row[index].strip()) for row in table.rows]
        columns[one.name] = _READERS[one.kind](one, texts, judge)
    if "id" in columns:
        judge.refuse_twice(columns["id"])
    return judge.keep(columns, tuple(ignored))


def keep_rows(read: Read, refused: Sequence[tuple[int, str, ProblemCode, str, str]]) -> Read:
    """Take out rows that only all rows together show to be wrong.

    Parameters
    ----------
    refused
        Index of the row among the good ones, column, code, reason and what to do.
    """
    if not refused:
        return read
    kept = np.ones(len(read.numbers), dtype=bool)
    kept[[row for row, *_ in refused]] = False
    told = [
        file_problem(code, reason, hint, int(read.numbers[row]), column)
        for row, column, code, reason, hint in refused[:PROBLEMS_MAX]
    ]
    problems = sorted([*read.problems, *told], key=lambda problem: problem.row_number)
    columns = {name: _taken(column, kept) for name, column in read.columns.items()}
    return read._replace(columns=columns, numbers=read.numbers[kept], problems=tuple(problems))


def _taken(column: Any, is_kept: NDArray[np.bool_]) -> Any:
    if isinstance(column, np.ndarray):
        return column[is_kept]
    return column if is_kept.all() else list(itertools.compress(column, is_kept))


def _match(
    table: Table, wanted: Sequence[Wanted]
) -> tuple[dict[str, int], list[str], list[RowProblem]]:
    problems: list[RowProblem] = []
    found: dict[str, int] = {}
    ignored: list[str] = []
    names = {alias: one.name for one in wanted for alias in (one.name, *one.aliases)}
    # The documented name wins over another name for the same column.
    plain = {normalize_header(header) for header in table.header}
    for index, header in enumerate(table.header):
        normal = normalize_header(header)
        name = names.get(normal)
        if name is None or (normal != name and name in plain):
            ignored.append(header[:40])
        elif name in found:
            says = f"two columns mean {name}"
            problems.append(
                file_problem(ProblemCode.COLUMN_TWICE, says, "keep one of them", 1, header)
            )
        else:
            found[name] = index
    if not table.header and not table.problems:
        problems.append(file_problem(ProblemCode.FILE_EMPTY, "the file has no rows", "fill it"))
    for one in wanted:
        if table.header and one.is_required and one.name not in found:
            says = f"there is no column {one.name}"
            hint = f"the first row names the columns; also read as {', '.join(one.aliases)}"
            hint = hint if one.aliases else "the first row names the columns"
            problems.append(file_problem(ProblemCode.COLUMN_MISSING, says, hint, 1, one.name))
    if table.header and not table.rows and not problems and not table.problems:
        says = "no rows below the header"
        problems.append(file_problem(ProblemCode.FILE_EMPTY, says, "add a row for each"))
    return found, ignored, problems


class _Judge:
    """Gathers the mistakes of rows, and keeps the rows without any."""

    def __init__(self, table: Table, problems: list[RowProblem]) -> None:
        self.table = table
        self.problems = problems
        self.is_good = np.ones(len(table.rows), dtype=bool)

    def refuse(
        self, row: int, column: str, code: ProblemCode, reason: str, hint: str, text: str = ""
    ) -> None:
        self.is_good[row] = False
        if len(self.problems) < PROBLEMS_MAX:
            number = self.table.numbers[row]
            shown = text if len(text) <= _EXCERPT_MAX else f"({len(text)} characters, not shown)"
            problem = file_problem(code, reason, hint, number, column)
            self.problems.append(replace(problem, value_excerpt=shown))

    def refuse_twice(self, ids: Sequence[str]) -> None:
        first: dict[str, int] = {}
        for row, id_ in enumerate(ids):
            if id_ and first.setdefault(id_, row) != row:
                says = f"is the id of row {self.table.numbers[first[id_]]} already"
                hint = "give every row an id of its own"
                self.refuse(row, "id", ProblemCode.ID_TWICE, says, hint, id_)

    def keep(self, columns: dict[str, Any], ignored: tuple[str, ...]) -> Read:
        good = {name: _taken(column, self.is_good) for name, column in columns.items()}
        numbers = np.asarray(self.table.numbers, dtype=np.int64)[self.is_good]
        bad_lines = len(self.table.problems)
        problems = tuple(sorted(self.problems, key=lambda problem: problem.row_number))
        return Read(good, numbers, problems, len(self.table.rows) + bad_lines, ignored)


def _nothing(
    wanted: Sequence[Wanted], problems: list[RowProblem], rows: int, ignored: list[str]
) -> Read:
    columns = {one.name: _filled(one, 0) for one in wanted}
    return Read(columns, np.zeros(0, dtype=np.int64), tuple(problems), rows, tuple(ignored))


def _filled(wanted: Wanted, count: int) -> Any:
    if wanted.kind is Kind.TEXT:
        return [wanted.default] * count
    if wanted.kind is Kind.DATE:
        return np.full(count, "NaT", dtype="datetime64[D]")
    kind = bool if wanted.kind is Kind.YES_NO else np.float64
    default = wanted.default if wanted.default != "" else 0
    return np.full(count, default, dtype=kind)


def _read_texts(wanted: Wanted, texts: list[str], judge: _Judge) -> list[str]:
    choices = wanted.choices
    if choices:
        texts = [text.casefold() for text in texts]
    for row, text in enumerate(texts):
        if not text:
            if wanted.is_required:
                judge.refuse(row, wanted.name, ProblemCode.MISSING, "is empty", "fill it in")
            texts[row] = wanted.default
        elif choices and text not in choices:
            hint = f"write one of {', '.join(choices)}, or leave it empty"
            says = "is not known"
            judge.refuse(row, wanted.name, ProblemCode.CHOICE_UNKNOWN, says, hint, text)
    return texts


def _read_yes_no(wanted: Wanted, texts: list[str], judge: _Judge) -> NDArray[np.bool_]:
    read = np.full(len(texts), bool(wanted.default), dtype=bool)
    known: dict[str, bool] = {"": bool(wanted.default)}
    for row, text in enumerate(texts):
        try:
            if text not in known:
                known[text] = read_yes_no(text)
            read[row] = known[text]
        except BadCell as bad:
            judge.refuse(row, wanted.name, bad.code, bad.reason, bad.hint, text)
    return read


def _read_dates(wanted: Wanted, texts: list[str], judge: _Judge) -> NDArray[np.datetime64]:
    known: dict[str, Any] = {}
    read = np.full(len(texts), "NaT", dtype="datetime64[D]")
    for row, text in enumerate(texts):
        if (day := known.get(text)) is None:
            try:
                if not text:
                    raise BadCell(ProblemCode.MISSING, "is empty", "fill it in")
                day = known[text] = np.datetime64(read_date(text))
            except BadCell as bad:
                judge.refuse(row, wanted.name, bad.code, bad.reason, bad.hint, text)
                continue
        read[row] = day
    return read


def _read_numbers(wanted: Wanted, texts: list[str], judge: _Judge) -> Floats:
    try:
        # "nan" and "_" are numbers for a program, never for who wrote the table: judged below.
        read = np.array(texts, dtype=np.float64) if texts else np.zeros(0)
        is_plain = not any("_" in text for text in texts)
    except ValueError:
        is_plain = False
    if not is_plain:
        read = np.array([_read_number(wanted, row, t, judge) for row, t in enumerate(texts)])
    is_out = ~np.isfinite(read) | (read < wanted.lower) | (read > wanted.upper)
    if wanted.is_whole:
        is_out |= np.mod(read, 1) != 0
    for row in np.flatnonzero(is_out):
        if texts[row] or wanted.is_required:
            _refuse_number(wanted, int(row), texts[row], float(read[row]), judge)
    return read


def _read_number(wanted: Wanted, row: int, text: str, judge: _Judge) -> float:
    # Within all bounds, so that what is told here is not told again by them.
    told = max(wanted.lower, 0.0)
    if not text:
        if not wanted.is_required:
            return float(wanted.default or 0.0)
        judge.refuse(row, wanted.name, ProblemCode.MISSING, "is empty", "fill it in")
        return told
    head, comma, tail = text.partition(",")
    if comma and judge.table.is_decimal_comma:
        if len(tail) == _THOUSANDS_DIGITS and wanted.kind is not Kind.COORDINATE:
            says = "may mean thousands or decimals"
            hint = "write decimals with a point and thousands without a mark"
            judge.refuse(row, wanted.name, ProblemCode.AMBIGUOUS_NUMBER, says, hint, text)
            return told
        text = f"{head}.{tail}"
    try:
        return float("no" if "_" in text else text)
    except ValueError:
        hint = "write digits only, for example 12.5"
        says = "is not a number"
        judge.refuse(row, wanted.name, ProblemCode.NOT_A_NUMBER, says, hint, text)
        return told


def _refuse_number(wanted: Wanted, row: int, text: str, value: float, judge: _Judge) -> None:
    if np.isnan(value):
        says, hint = "is not a number", "strike the row, or write what is known"
        judge.refuse(row, wanted.name, ProblemCode.NOT_A_NUMBER, says, hint, text)
        return
    if np.isinf(value):
        says, hint = "is infinite", "strike the row, or write what is known"
    elif wanted.kind is Kind.COORDINATE:
        says = f"is not between {wanted.lower:.0f} and {wanted.upper:.0f} degrees"
        hint = "write degrees of WGS84; perhaps lat and lon have changed places"
    elif value < 0 <= wanted.lower:
        says, hint = "is negative", "write 0 or more"
    else:
        says, hint = f"is not between {wanted.lower:g} and {wanted.upper:g}", "check it"
        if wanted.is_whole and not value.is_integer():
            says, hint = "is not a whole number", f"write {value:.0f}, or strike the row"
    judge.refuse(row, wanted.name, ProblemCode.OUT_OF_RANGE, says, hint, text)


_READERS: Final[Mapping[Kind, Callable[[Wanted, list[str], _Judge], Any]]] = {
    Kind.TEXT: _read_texts,
    Kind.NUMBER: _read_numbers,
    Kind.DATE: _read_dates,
    Kind.COORDINATE: _read_numbers,
    Kind.YES_NO: _read_yes_no,
}
