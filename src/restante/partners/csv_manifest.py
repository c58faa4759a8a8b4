"""Read a CSV manifest: every good row, and for every bad one where and why.

M1 A bad row never costs a good one: each row is judged alone, and a broken quotation mark is
   bounded to its own lines.
M2 Every mistake of a row is reported at once, with the row number a spreadsheet shows.
M3 The same label twice in one file: the first good row counts, later ones are problems.
M4 No problem repeats personal data.

Nothing is announced here: the caller decides (dry run or not).
"""

from collections.abc import Collection, Iterator
from typing import Final

from ..core.ids import SiteId
from ..core.size import LENGTH_MM_MAX, WEIGHT_G_MAX
from ..core.value import Grams, Millimeters, Value
from .cells import (
    read_date,
    read_date_time,
    read_email,
    read_hours,
    read_language,
    read_phone,
    read_site,
    read_yes_no,
)
from .columns import MEASURES, REQUIRED, Column, Field, match_column, preferred_header
from .csv_text import decode_text, file_problem, sniff_delimiter, split_records
from .label import Label
from .manifest_row import ManifestContact, ManifestParcel, ManifestRow, ProblemCode, RowProblem
from .row_reader import RowReader, read_label

ROWS_MAX: Final = 50_000
"""Rows of one file, header and blank ones included. A large carrier's busiest depot day. Chosen."""
COLUMNS_MAX: Final = 100
LANGUAGES: Final = ("en", "de", "pl", "es")


class ManifestReading(Value):
    """What a file says.

    Attributes
    ----------
    rows
        Rows without any mistake, in the order of the file.
    problems
        In the order of the file; several may belong to one row.
    row_count
        Rows with content below the header: good ones and bad ones.
    delimiter
        What separates the cells, as found.
    ignored_columns
        Headers nobody here understands; their cells were not read.
    """

    rows: tuple[ManifestRow, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    row_count: int = 0
    delimiter: str = ","
    ignored_columns: tuple[str, ...] = ()


def read_manifest(
    content: bytes,
    *,
    sites: Collection[SiteId] | None = None,
    phone_region: str = "DE",
    language_default: str = "en",
    languages: Collection[str] = LANGUAGES,
) -> ManifestReading:
    """Read a manifest.

    Parameters
    ----------
    content
        The file: UTF-8 with or without BOM; ``;``, ``,`` or tab; any line ends.
    sites
        Ids that exist; ``None`` accepts every well-formed id.
    phone_region
        Country, two letters, of phone numbers written without ``+``.
    language_default
        For rows that name no language.
    languages
        Languages notices are written in.

    Returns
    -------
    ManifestReading
        Never raises for a bad file: that is a problem with row number 0 or 1.
    """
    text, problem = decode_text(content)
    if problem is not None:
        return ManifestReading(problems=(problem,))
    reader = _ManifestReader(
        sites=None if sites is None else frozenset(sites),
        phone_region=phone_region,
        language_default=language_default,
        languages=frozenset(languages),
    )
    return reader.read(text)


class _ManifestReader:
    """Holds what is known about one file while its rows are read."""

    def __init__(
        self,
        *,
        sites: Collection[SiteId] | None,
        phone_region: str,
        language_default: str,
        languages: Collection[str],
    ) -> None:
        self._sites = sites
        self._phone_region = phone_region
        self._language_default = language_default
        self._languages = languages
        self._columns: dict[Field, Column] = {}
        self._width = 0
        self._problems: list[RowProblem] = []
        self._row_of_label: dict[str, int] = {}

    def read(self, text: str) -> ManifestReading:
        delimiter = sniff_delimiter(text)
        records = split_records(text, delimiter)
        ignored = self._read_header(records)
        rows: list[ManifestRow] = []
        row_count = 0
        if ignored is None:
            return ManifestReading(problems=tuple(self._problems), delimiter=delimiter)
        for row_number, cells in records:
            if row_number > ROWS_MAX:
                self._report_too_many_rows()
                break
            if cells is not None and not any(cell.strip() for cell in cells):
                continue
            row_count += 1
            row = self._read_row(row_number, cells)
            if row is not None:
                rows.append(row)
        if not row_count:
            self._add_file_problem(
                ProblemCode.FILE_EMPTY, "no rows below the header", "add a row per parcel"
            )
        return ManifestReading(
            rows=tuple(rows),
            problems=tuple(self._problems),
            row_count=row_count,
            delimiter=delimiter,
            ignored_columns=ignored,
        )

    def _add_file_problem(self, code: ProblemCode, reason: str, hint: str) -> None:
        self._problems.append(file_problem(code, reason, hint))

    def _report_too_many_rows(self) -> None:
        self._add_file_problem(
            ProblemCode.TOO_MANY_ROWS,
            f"the file has more than {ROWS_MAX:,} rows; the rows after that were not read",
            "split the file and send the rest as a second one",
        )

    def _read_header(
        self, records: Iterator[tuple[int, list[str] | None]]
    ) -> tuple[str, ...] | None:
        """Find the columns; the ignored headers, or ``None`` when the file cannot be used."""
        ignored: list[str] = []
        for row_number, cells in records:
            if cells is None:
                self._problems.append(_broken_quotes(row_number))
                return None
            if not any(cells) or cells[0].casefold().startswith("sep="):
                continue
            self._width = len(cells)
            ignored = self._match_headers(row_number, cells)
            return None if self._problems else tuple(ignored)
        return None

    def _match_headers(self, row_number: int, cells: list[str]) -> list[str]:
        ignored: list[str] = []
        if len(cells) > COLUMNS_MAX:
            self._problems.append(
                file_problem(
                    ProblemCode.TOO_MANY_COLUMNS,
                    f"the header has {len(cells)} columns, at most {COLUMNS_MAX} are read",
                    "delete the columns that are not needed",
                    row_number,
                )
            )
            return ignored
        for index, cell in enumerate(cells):
            column = match_column(index, cell)
            if column is None:
                ignored.append(cell.strip()[:40])
                continue
            self._accept_column(row_number, column)
        self._report_missing_columns(row_number)
        return ignored

    def _accept_column(self, row_number: int, column: Column) -> None:
        wanted = preferred_header(column.field)
        earlier = self._columns.get(column.field)
        if earlier is not None:
            self._problems.append(
                file_problem(
                    ProblemCode.COLUMN_TWICE,
                    f"means the same as column '{earlier.header}'",
                    f"keep one of them and call it {wanted}",
                    row_number,
                    column.header,
                )
            )
        elif column.field in MEASURES and not column.unit:
            other = "weight_kg" if column.field is Field.WEIGHT else f"{column.field}_cm"
            self._problems.append(
                file_problem(
                    ProblemCode.UNIT_MISSING,
                    "does not say its unit",
                    f"call the column {wanted} or {other}",
                    row_number,
                    column.header,
                )
            )
        self._columns.setdefault(column.field, column)

    def _report_missing_columns(self, row_number: int) -> None:
        missing = [preferred_header(field) for field in REQUIRED if field not in self._columns]
        if Field.EMAIL not in self._columns and Field.PHONE not in self._columns:
            missing.append("email")
        for name in missing:
            needed = "email or phone" if name == "email" else name
            self._problems.append(
                file_problem(
                    ProblemCode.COLUMN_MISSING,
                    f"the column {needed} is missing",
                    "the first row must name the columns; see examples/manifest.csv",
                    row_number,
                    name,
                )
            )

    def _read_row(self, row_number: int, cells: list[str] | None) -> ManifestRow | None:
        problem = self._judge_shape(row_number, cells)
        if problem is not None or cells is None:
            self._problems.extend([problem] if problem else [])
            return None
        row = RowReader(row_number, cells, self._columns)
        label = row.read(Field.LABEL, read_label)
        parcel = self._read_parcel(row, label)
        contact = self._read_contact(row)
        self._check_twice(row, label)
        if row.problems or parcel is None or contact is None:
            self._problems.extend(row.problems)
            return None
        self._row_of_label[parcel.label.value] = row_number
        return ManifestRow(row_number=row_number, parcel=parcel, contact=contact)

    def _judge_shape(self, row_number: int, cells: list[str] | None) -> RowProblem | None:
        if cells is None:
            return _broken_quotes(row_number)
        if any(cell.strip() for cell in cells[self._width :]):
            return file_problem(
                ProblemCode.TOO_MANY_CELLS,
                f"the row has {len(cells)} cells, the header {self._width}",
                "put a text that contains the delimiter between quotation marks",
                row_number,
            )
        return None

    def _read_parcel(self, row: RowReader, label: Label | None) -> ManifestParcel | None:
        site = row.read(Field.SITE, lambda text: read_site(text, self._sites))
        length_mm = row.read_measure(Field.LENGTH, LENGTH_MM_MAX)
        width_mm = row.read_measure(Field.WIDTH, LENGTH_MM_MAX)
        height_mm = row.read_measure(Field.HEIGHT, LENGTH_MM_MAX)
        weight_g = row.read_measure(Field.WEIGHT, WEIGHT_G_MAX)
        expected_on = row.read(Field.EXPECTED_ON, read_date)
        expected_from = row.read(Field.EXPECTED_FROM, read_date_time)
        if expected_on and expected_from and expected_on != expected_from.date():
            row.report(
                Field.EXPECTED_FROM,
                ProblemCode.DATES_CONFLICT,
                "names another day than expected_on",
                "fill in only one of the two columns",
            )
        keep_upright = row.read(Field.KEEP_UPRIGHT, read_yes_no)
        needs_low_door = row.read(Field.NEEDS_LOW_DOOR, read_yes_no)
        is_high_value = row.read(Field.HIGH_VALUE, read_yes_no)
        hold_hours = row.read(Field.HOLD_HOURS, read_hours)
        reference = row.read(Field.REFERENCE, str)
        if label is None or site is None or length_mm is None:
            return None
        if width_mm is None or height_mm is None or weight_g is None:
            return None
        return ManifestParcel(
            label=label,
            site=site,
            length_mm=Millimeters(length_mm),
            width_mm=Millimeters(width_mm),
            height_mm=Millimeters(height_mm),
            weight_g=Grams(weight_g),
            keep_upright=keep_upright or False,
            needs_low_door=needs_low_door or False,
            is_high_value=is_high_value or False,
            expected_on=None if expected_from else expected_on,
            expected_from=expected_from,
            hold_hours=hold_hours,
            reference=reference,
        )

    def _read_contact(self, row: RowReader) -> ManifestContact | None:
        name = row.read(Field.RECIPIENT_NAME, str)
        email = row.read(Field.EMAIL, read_email)
        phone = row.read(Field.PHONE, lambda text: read_phone(text, self._phone_region))
        language = row.read(Field.LANGUAGE, lambda text: read_language(text, self._languages))
        if not row.text(Field.EMAIL) and not row.text(Field.PHONE):
            field = Field.EMAIL if Field.EMAIL in self._columns else Field.PHONE
            row.report(
                field,
                ProblemCode.NO_CONTACT,
                "is empty, and there is no other way to reach the recipient",
                "give an e-mail address or a phone number",
            )
        if name is None:
            return None
        return ManifestContact(
            name=name, email=email, phone=phone, language=language or self._language_default
        )

    def _check_twice(self, row: RowReader, label: Label | None) -> None:
        earlier = None if label is None else self._row_of_label.get(label.value)
        if earlier is not None:
            row.report(
                Field.LABEL,
                ProblemCode.LABEL_TWICE,
                f"is the same label as in row {earlier}",
                "a label names one parcel: delete this row or correct its label",
            )


def _broken_quotes(row_number: int) -> RowProblem:
    return file_problem(
        ProblemCode.QUOTES_BROKEN,
        "a quotation mark is opened and not closed, or stands inside a text",
        'close it, or write "" for a quotation mark inside a quoted text',
        row_number,
    )
