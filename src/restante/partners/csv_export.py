"""Write CSV that a spreadsheet opens as text and never as a formula.

A cell that begins with ``= + - @``, a tab or a return would run as a formula in the reader's
spreadsheet; it gets a leading apostrophe. :mod:`~restante.partners.csv_manifest` takes that
apostrophe away again.

References
----------
OWASP, CSV Injection.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from .manifest_row import RowProblem

FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""Also the full-width forms, which some spreadsheets fold."""

Cell = str | int | float | None


def write_csv(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], *, delimiter: str = ";"
) -> bytes:
    """Write a table: UTF-8 with BOM and CRLF, as spreadsheets expect.

    Parameters
    ----------
    rows
        Numbers stay numbers, also negative ones; texts are made harmless; ``None`` is empty.
    delimiter
        ``;`` opens everywhere in Europe with a double click; ``,`` elsewhere.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([_harmless(cell) for cell in header])
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
    return buffer.getvalue().encode("utf-8-sig")


def write_problems_csv(problems: Iterable[RowProblem], *, delimiter: str = ";") -> bytes:
    """Write what is wrong with a manifest, one problem per row, for whoever repairs it."""
    return write_csv(
        ("row", "column", "code", "problem", "what to do", "value"),
        (
            (item.row_number, item.column, item.code, item.reason, item.hint, item.value_excerpt)
            for item in problems
        ),
        delimiter=delimiter,
    )


def _harmless(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int | float):
        return str(cell)
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def take_guard(text: str) -> str:
    """Take away the apostrophe that this module has put before a formula."""
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA_STARTS) else text
