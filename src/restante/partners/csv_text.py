"""Turn the bytes of a CSV file into rows of cells, without knowing what the cells mean.

Real files come from spreadsheets: with a byte order mark, in an old encoding, with ``;``, and
with quotation marks that are never closed. A broken row is bounded to its own lines.
"""

import codecs
import csv
import itertools
from collections.abc import Iterator
from typing import Final

from .columns import match_column
from .manifest_row import ProblemCode, RowProblem

FILE_BYTES_MAX: Final = 20_000_000
"""About 100,000 rows; larger deliveries belong to the API. Chosen."""
RECORD_LINES_MAX: Final = 10
"""Lines that one row may span through quoted line breaks; bounds a missing quotation mark."""
DELIMITERS: Final = (";", ",", "\t")


def decode_text(
    content: bytes, *, bytes_max: int = FILE_BYTES_MAX
) -> tuple[str, RowProblem | None]:
    """Decode a file, or say why it cannot be read."""
    if len(content) > bytes_max:
        size, bound = len(content) // 1_000_000, bytes_max // 1_000_000
        return "", file_problem(
            ProblemCode.FILE_TOO_LARGE,
            f"the file has {size} MB, at most {bound} MB are read",
            "split it, or announce through the API",
        )
    if not content.strip(codecs.BOM_UTF8 + b" \t\r\n"):
        return "", file_problem(ProblemCode.FILE_EMPTY, "the file is empty", "choose another file")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\0" in content[:1000]:
        found = "UTF-16 or not a text file (an .xlsx file is not CSV)"
        return "", _encoding_problem(0, found)
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        row_number = content.count(b"\n", 0, error.start) + 1
        return "", _encoding_problem(row_number, _guess_encoding(content))


def _guess_encoding(content: bytes) -> str:
    try:
        content.decode("cp1252")
    except UnicodeDecodeError:
        return "an encoding other than UTF-8 or Windows-1252 (perhaps Windows-1250)"
    return "Windows-1252 or a similar older encoding"


def _encoding_problem(row_number: int, found: str) -> RowProblem:
    return file_problem(
        ProblemCode.NOT_UTF8,
        f"the file is not UTF-8; it looks like {found}",
        "save it again as 'CSV UTF-8' in the spreadsheet and send that file",
        row_number,
    )


def file_problem(
    code: ProblemCode, reason: str, hint: str, row_number: int = 0, column: str = ""
) -> RowProblem:
    """Say what is wrong with the file (row 0), its header or a whole row."""
    return RowProblem(row_number=row_number, column=column, code=code, reason=reason, hint=hint)


def split_records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | None]]:
    """Split CSV text into rows, surviving broken quotation marks.

    Yields
    ------
    tuple
        The row number as a spreadsheet counts, and the cells, or ``None`` for a line that cannot
        be read; reading goes on with the next line.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 0
    for row_number in itertools.count(1):
        if start >= len(lines) or (start == len(lines) - 1 and not lines[start]):
            return
        window = (line + "\n" for line in lines[start : start + RECORD_LINES_MAX])
        reader = csv.reader(window, delimiter=delimiter, strict=True, skipinitialspace=True)
        try:
            cells: list[str] | None = next(reader)
            start += reader.line_num
        except csv.Error:
            cells = None
            start += 1
        yield row_number, cells


def sniff_delimiter(text: str) -> str:
    """Choose the delimiter that makes most known headers, then most cells."""

    def score(delimiter: str) -> tuple[int, int]:
        for _, cells in split_records(text[:10_000], delimiter):
            if cells and not cells[0].casefold().startswith("sep="):
                known = sum(match_column(0, cell) is not None for cell in cells)
                return known, len(cells)
        return 0, 0

    return max(DELIMITERS, key=score)
