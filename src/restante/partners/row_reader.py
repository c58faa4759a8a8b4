"""Read the cells of one row of a manifest and gather everything that is wrong with them."""

from collections.abc import Callable
from typing import Final, TypeVar

from .cells import BadCell, excerpt, read_measure
from .columns import REQUIRED, Column, Field, preferred_header
from .csv_export import take_guard
from .label import LABEL_LENGTH_MAX, Label, Malformed, parse_label
from .manifest_row import ProblemCode, RowProblem

CELL_CHARACTERS_MAX: Final = 200
"""Longest text of a cell other than the label. Longest real names stay under 120. Chosen."""

Result = TypeVar("Result")


class RowReader:
    """Reads the cells of one row and gathers its problems."""

    def __init__(self, row_number: int, cells: list[str], columns: dict[Field, Column]) -> None:
        self._row_number = row_number
        self._columns = columns
        self._cells = cells
        self.problems: list[RowProblem] = []
        """In the order found."""

    def text(self, field: Field) -> str:
        """The cell of a field without surrounding blanks; empty when it is not there."""
        column = self._columns.get(field)
        if column is None or column.index >= len(self._cells):
            return ""
        return take_guard(self._cells[column.index].strip())

    def read(self, field: Field, reader: Callable[[str], Result]) -> Result | None:
        """Read a cell, or report it; ``None`` when it is empty or bad."""
        text = self.text(field)
        try:
            if not text:
                self._require(field)
                return None
            _check_text(field, text)
            return reader(text)
        except BadCell as bad:
            self.report(field, bad.code, bad.reason, bad.hint)
            return None

    def read_measure(self, field: Field, bound: int) -> int | None:
        """Read a length or weight in the unit of its column."""
        unit = self._columns[field].unit
        return self.read(field, lambda text: read_measure(text, unit, bound))

    def _require(self, field: Field) -> None:
        if field in REQUIRED:
            raise BadCell(ProblemCode.MISSING, "is empty", "fill it in; every row needs it")

    def report(self, field: Field, code: ProblemCode, reason: str, hint: str) -> None:
        """Add a problem of a cell."""
        column = self._columns.get(field)
        self.problems.append(
            RowProblem(
                row_number=self._row_number,
                column=column.header if column else preferred_header(field),
                code=code,
                reason=reason,
                hint=hint,
                value_excerpt=excerpt(field, self.text(field)),
            )
        )


def _check_text(field: Field, text: str) -> None:
    bound = LABEL_LENGTH_MAX if field is Field.LABEL else CELL_CHARACTERS_MAX
    if len(text) > bound:
        raise BadCell(
            ProblemCode.CELL_TOO_LONG,
            f"has {len(text)} characters, at most {bound} are read",
            "shorten it; a missing quotation mark above may have joined several cells",
        )
    if field is not Field.LABEL and any(char < " " or char == "\x7f" for char in text):
        raise BadCell(
            ProblemCode.CONTROL_CHARACTER,
            "contains a line break or control character",
            "write it on one line",
        )


def read_label(text: str) -> Label:
    """Read a label cell."""
    try:
        return parse_label(text)
    except Malformed as malformed:
        expected = malformed.expected
    raise BadCell(ProblemCode.LABEL_UNKNOWN, "is not a label we can read", f"expected {expected}")
