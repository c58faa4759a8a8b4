"""A manifest gives every good row, and says of every bad one where, why and what to do."""

import datetime as dt

import pytest

from restante.core.ids import SiteId
from restante.partners import ProblemCode, RowProblem, read_manifest, write_csv, write_problems_csv
from restante.partners.csv_manifest import COLUMNS_MAX, ROWS_MAX
from restante.partners.csv_text import FILE_BYTES_MAX
from restante.partners.label import make_sscc

HEADER = "label,site,recipient_name,email,phone,language,length_mm,width_mm,height_mm,weight_g"
SSCC = "395271010000000743"
GOOD = f"{SSCC},site-07,Zoë Whitlock,zoe@example.com,,en,300,200,100,950"


def only(content: str | bytes, **options: object) -> RowProblem:
    reading = read_manifest(content.encode() if isinstance(content, str) else content, **options)
    assert len(reading.problems) == 1, reading.problems
    return reading.problems[0]


def row(**changes: str) -> str:
    cells = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | changes
    return ",".join(cells.values())


def table(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows, ""))


def numbered(count: int) -> list[str]:
    return [row(label=make_sscc(f"{number:017d}")) for number in range(count)]


def test_a_row_becomes_a_parcel_and_apart_from_it_a_contact() -> None:
    reading = read_manifest(table(GOOD).encode())
    assert not reading.problems
    (found,) = reading.rows
    assert found.row_number == 2
    assert found.parcel.label.value == SSCC
    assert (found.parcel.site, found.parcel.weight_g, found.parcel.height_mm) == (
        "site-07",
        950,
        100,
    )
    assert (found.contact.name, found.contact.email) == ("Zoë Whitlock", "zoe@example.com")


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_usual_way_of_saving_gives_the_same_rows(mark: str, delimiter: str, end: str) -> None:
    text = mark + table(*numbered(3)).replace(",", delimiter).replace("\n", end)
    reading = read_manifest(text.encode())
    assert reading.rows == read_manifest(table(*numbered(3)).encode()).rows
    assert reading.delimiter == delimiter


def test_a_spreadsheets_sep_line_is_skipped() -> None:
    reading = read_manifest(("sep=;\r\n" + table(GOOD).replace(",", ";")).encode())
    assert [found.row_number for found in reading.rows] == [3]


@pytest.mark.parametrize(
    "header",
    [
        "Sendungsnummer,Standort,Empfänger,E-Mail,Telefon,Sprache,"
        "Länge (mm),BREITE MM,Hoehe_mm,Gewicht (g)",
        "numer paczki,automat,odbiorca,e-mail,telefon,język,"
        "długość mm,szerokość mm,wysokość mm,waga (g)",
        "número de envío,sitio,destinatario,correo,teléfono,idioma,"
        "largo (mm),ancho (mm),alto (mm),peso g",
    ],
)
def test_headers_are_understood_in_four_languages(header: str) -> None:
    assert read_manifest(table(GOOD, header=header).encode()).rows


def test_centimeters_kilograms_and_decimal_commas_become_millimeters_and_grams() -> None:
    header = HEADER.replace("_mm", "_cm").replace("_g", "_kg").replace(",", ";")
    cells = GOOD.replace(",", ";").replace("300;200;100;950", "30,5;20;9.95;1,234")
    (found,) = read_manifest(table(cells, header=header).encode()).rows
    parcel = found.parcel
    assert (parcel.length_mm, parcel.width_mm, parcel.height_mm) == (305, 200, 100)
    assert parcel.weight_g == 1234


def test_optional_columns_are_read() -> None:
    header = f"{HEADER},upright,reach,expected_from,hold_hours,reference"
    cells = f"{GOOD},ja,x,2026-12-24T08:00+01:00,72,ORD-1"
    (found,) = read_manifest(table(cells, header=header).encode()).rows
    parcel = found.parcel
    assert parcel.keep_upright
    assert parcel.needs_low_door
    assert parcel.expected_from == dt.datetime.fromisoformat("2026-12-24T08:00+01:00")
    assert (parcel.hold_hours, parcel.reference) == (72, "ORD-1")


def test_a_phone_without_country_is_read_in_the_senders_region() -> None:
    rows = table(row(email="", phone="0171 3920012"))
    (found,) = read_manifest(rows.encode(), phone_region="DE").rows
    assert found.contact.phone == "+491713920012"
    assert only(rows, phone_region="PL").code is ProblemCode.PHONE_INVALID


def test_a_missing_language_is_the_callers_default() -> None:
    (found,) = read_manifest(table(row(language="")).encode(), language_default="pl").rows
    assert found.contact.language == "pl"


@pytest.mark.parametrize(
    ("changes", "column", "code", "advice"),
    [
        ({"label": "12"}, "label", ProblemCode.LABEL_UNKNOWN, "expected an SSCC"),
        ({"label": ""}, "label", ProblemCode.MISSING, "fill it in"),
        ({"site": "site-09"}, "site", ProblemCode.SITE_UNKNOWN, "did you mean site-0"),
        ({"recipient_name": " "}, "recipient_name", ProblemCode.MISSING, "fill it in"),
        ({"recipient_name": "x" * 300}, "recipient_name", ProblemCode.CELL_TOO_LONG, "shorten"),
        ({"recipient_name": '"a\nb"'}, "recipient_name", ProblemCode.CONTROL_CHARACTER, "one line"),
        ({"email": "zoe@"}, "email", ProblemCode.EMAIL_INVALID, "one address"),
        ({"email": ""}, "email", ProblemCode.NO_CONTACT, "or a phone"),
        ({"phone": "1234"}, "phone", ProblemCode.PHONE_INVALID, "with country"),
        ({"language": "tr"}, "language", ProblemCode.LANGUAGE_UNKNOWN, "en"),
        ({"length_mm": "30 cm"}, "length_mm", ProblemCode.NOT_A_NUMBER, "digits only"),
        ({"length_mm": "1.200"}, "length_mm", ProblemCode.AMBIGUOUS_NUMBER, "without"),
        ({"width_mm": "0"}, "width_mm", ProblemCode.OUT_OF_RANGE, "unit"),
        ({"height_mm": "-5"}, "height_mm", ProblemCode.NOT_A_NUMBER, "digits"),
        ({"weight_g": "99999999"}, "weight_g", ProblemCode.OUT_OF_RANGE, "unit"),
    ],
)
def test_each_mistake_names_row_column_reason_and_remedy(
    changes: dict[str, str], column: str, code: ProblemCode, advice: str
) -> None:
    sites = [SiteId("site-07"), SiteId("site-08")]
    problem = only(table(*numbered(2), row(**changes)), sites=sites)
    assert (problem.row_number, problem.column, problem.code) == (4, column, code)
    assert advice in problem.hint


def test_good_rows_around_bad_ones_are_kept_and_all_mistakes_of_a_row_are_told() -> None:
    one, two, three = numbered(3)
    bad = row(label="?", weight_g="heavy", email="nobody")
    reading = read_manifest(table(one, bad, two, "", three).encode())
    assert [found.row_number for found in reading.rows] == [2, 4, 6]
    assert {problem.column for problem in reading.problems} == {"label", "weight_g", "email"}
    assert reading.row_count == 4


def test_the_same_label_twice_points_at_the_first_row() -> None:
    problem = only(table(GOOD, row(label=f"(00){SSCC}(4322)1")))
    assert (problem.row_number, problem.code) == (3, ProblemCode.LABEL_TWICE)
    assert "row 2" in problem.reason


@pytest.mark.parametrize("broken", ['x,"Noor Haddad,never closed', '"a"b,c', 'x,"y" z'])
def test_a_broken_quotation_mark_costs_only_its_own_row(broken: str) -> None:
    rows = numbered(30)
    reading = read_manifest(table(*rows[:5], broken, *rows[5:]).encode())
    assert [problem.code for problem in reading.problems] == [ProblemCode.QUOTES_BROKEN]
    assert reading.problems[0].row_number == 7
    assert len(reading.rows) == 30


def test_too_many_cells_ask_for_quotation_marks() -> None:
    problem = only(table(GOOD.replace("Zoë Whitlock", "Whitlock, Zoë")))
    assert problem.code is ProblemCode.TOO_MANY_CELLS


def test_older_encodings_are_named_not_guessed() -> None:
    problem = only(table(GOOD).encode("cp1252"))
    assert (problem.row_number, problem.code) == (2, ProblemCode.NOT_UTF8)
    assert "Windows-1252" in problem.reason
    assert "CSV UTF-8" in problem.hint
    assert only(table(GOOD).encode("utf-16")).code is ProblemCode.NOT_UTF8


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\r\n \r\n", HEADER.encode()])
def test_an_empty_file_says_so(content: bytes) -> None:
    assert only(content).code is ProblemCode.FILE_EMPTY


def test_missing_doubled_and_unitless_columns_stop_the_file_with_advice() -> None:
    missing = read_manifest(b"label,site\n1,2\n")
    assert {problem.column for problem in missing.problems} == {
        "recipient_name", "length_mm", "width_mm", "height_mm", "weight_g", "email",
    }  # fmt: skip
    assert (
        only(table(GOOD, header=HEADER.replace("phone", "sscc"))).code is ProblemCode.COLUMN_TWICE
    )
    unitless = only(table(GOOD, header=HEADER.replace("length_mm", "length")))
    assert (unitless.code, "length_cm" in unitless.hint) == (ProblemCode.UNIT_MISSING, True)


def test_unknown_columns_are_named_and_not_read() -> None:
    reading = read_manifest(table(f"{GOOD},whatever", header=f"{HEADER},Remark").encode())
    assert reading.ignored_columns == ("Remark",)
    assert len(reading.rows) == 1


def test_limits_are_said_not_suffered() -> None:
    assert only(b"x" * (FILE_BYTES_MAX + 1)).code is ProblemCode.FILE_TOO_LARGE
    wide = only(table(GOOD, header=",".join(["label"] * (COLUMNS_MAX + 1))))
    assert wide.code is ProblemCode.TOO_MANY_COLUMNS
    long = read_manifest(table(GOOD, *[""] * ROWS_MAX, GOOD).encode())
    assert [problem.code for problem in long.problems] == [ProblemCode.TOO_MANY_ROWS]
    assert len(long.rows) == 1


def test_problems_repeat_no_personal_data_even_when_cells_moved() -> None:
    moved = (
        "zoe@example.com,Zoë Whitlock,+491713920012,Ringstr. 7,Whitlock,Zoe,Zoë,Ring,491713920012,x"
    )
    reading = read_manifest(table(moved).encode())
    said = repr(reading.problems) + write_problems_csv(reading.problems).decode()
    assert len(reading.problems) >= 8
    assert not [
        word
        for word in ("Zo", "Whit", "example.com,", "Ring", "4917")
        if word in said.replace("name@example.com", "")
    ]


@pytest.mark.parametrize("cell", ["=1+1", "+49", "-x", "@SUM(A1)", "\tx", "\rx", "\uff1dx"])
def test_exported_cells_are_never_formulas(cell: str) -> None:
    body = write_csv(("a",), [(cell,)]).decode("utf-8-sig").split("\r\n", 1)[1]
    assert body.lstrip('"').startswith(f"'{cell[0]}")


def test_exports_open_in_a_spreadsheet_and_numbers_stay_numbers() -> None:
    assert write_csv(("a", "b"), [(-5, None)]) == b"\xef\xbb\xbfa;b\r\n-5;\r\n"


def test_a_guarded_cell_of_our_own_export_is_read_back() -> None:
    exported = write_csv(HEADER.split(","), [row(phone="+491713920012").split(",")])
    (found,) = read_manifest(exported).rows
    assert found.contact.phone == "+491713920012"
