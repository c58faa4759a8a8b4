"""One row of a manifest, understood, or what is wrong with it.

Parcel and contact are two values on purpose: contacts go to the encrypted table, parcels to the
journal, and they never travel together further than the door.
"""

from datetime import date, datetime
from enum import StrEnum

from ..core.ids import SiteId
from ..core.value import Grams, Millimeters, Value
from .label import Label


class ManifestContact(Value):
    """Who is told, and how. Personal data: never into a fact, a log or an error.

    Attributes
    ----------
    email, phone
        At least one is there; the phone is in E.164 form.
    language
        Two letters, one of those the caller supports.
    """

    name: str
    language: str
    email: str | None = None
    phone: str | None = None


class ManifestParcel(Value):
    """What will come, and where to.

    Attributes
    ----------
    length_mm, width_mm, height_mm
        Outer sizes as announced; with ``keep_upright`` the height stays vertical.
    needs_low_door
        The recipient cannot reach high doors.
    is_high_value
        A locker that cannot hear the centre gives it out for hours only, not for days.
    expected_on, expected_from
        Day, or day and time, of arrival at the site; a time without offset is the site's local
        time. At most one of both is set.
    hold_hours
        Agreed hold; ``None`` leaves it to the site's policy.
    reference
        The partner's own order number; not unique.
    """

    label: Label
    site: SiteId
    length_mm: Millimeters
    width_mm: Millimeters
    height_mm: Millimeters
    weight_g: Grams
    keep_upright: bool = False
    needs_low_door: bool = False
    is_high_value: bool = False
    expected_on: date | None = None
    expected_from: datetime | None = None
    hold_hours: int | None = None
    reference: str | None = None


class ManifestRow(Value):
    """A row without mistakes.

    Attributes
    ----------
    row_number
        As a spreadsheet shows it: the header is row 1, blank rows count.
    """

    row_number: int
    parcel: ManifestParcel
    contact: ManifestContact


class ProblemCode(StrEnum):
    """What kind of mistake; stable, for translation. New members may come."""

    FILE_TOO_LARGE = "file_too_large"
    FILE_EMPTY = "file_empty"
    NOT_UTF8 = "not_utf8"
    TOO_MANY_ROWS = "too_many_rows"
    TOO_MANY_COLUMNS = "too_many_columns"
    COLUMN_MISSING = "column_missing"
    COLUMN_TWICE = "column_twice"
    UNIT_MISSING = "unit_missing"
    QUOTES_BROKEN = "quotes_broken"
    TOO_MANY_CELLS = "too_many_cells"
    CELL_TOO_LONG = "cell_too_long"
    CONTROL_CHARACTER = "control_character"
    MISSING = "missing"
    LABEL_UNKNOWN = "label_unknown"
    LABEL_TWICE = "label_twice"
    NOT_A_NUMBER = "not_a_number"
    AMBIGUOUS_NUMBER = "ambiguous_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_YES_OR_NO = "not_yes_or_no"
    NOT_A_DATE = "not_a_date"
    DATES_CONFLICT = "dates_conflict"
    EMAIL_INVALID = "email_invalid"
    PHONE_INVALID = "phone_invalid"
    NO_CONTACT = "no_contact"
    LANGUAGE_UNKNOWN = "language_unknown"
    SITE_UNKNOWN = "site_unknown"
    CHOICE_UNKNOWN = "choice_unknown"
    ID_TWICE = "id_twice"
    NOT_GEOJSON = "not_geojson"
    NOT_A_GRID = "not_a_grid"
    NOT_A_FEED = "not_a_feed"
    REFUSED = "refused"
    """The row is well written and a rule said no; ``reason`` says which."""


class RowProblem(Value):
    """One mistake, and what to do about it.

    Attributes
    ----------
    row_number
        As a spreadsheet shows it; 1 is the header, 0 the file as a whole.
    column
        The header as it stands in the file, or the name it should have; empty for a whole row.
    reason, hint
        What is wrong and how to repair it, in English.
    value_excerpt
        The cell, when it is certainly not personal data; otherwise only its length.
    """

    row_number: int
    column: str
    code: ProblemCode
    reason: str
    hint: str
    value_excerpt: str = ""
