"""Read one cell of a manifest into a value, or say what is wrong with it.

Each function takes the stripped, non-empty text of a cell and raises :class:`BadCell`. No
message repeats the text; :func:`excerpt` decides what of it may be shown.
"""

import re
from collections.abc import Collection
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from difflib import get_close_matches
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from ..core.ids import SiteId
from .columns import UNITS, Field
from .manifest_row import ProblemCode

HOLD_HOURS_MAX: Final = 30 * 24
"""Thirty days: the longest hold that postal poste restante offers. Chosen."""

_NUMBER = re.compile(r"[0-9]{1,9}(?:(?P<mark>[.,])(?P<decimals>[0-9]{1,6}))?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:Z|[+-][0-9]{2}:[0-9]{2})?"
)
_THOUSANDS_DIGITS: Final = 3
_YES: Final = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "tak", "t", "si", "sí", "s"})
_NO: Final = frozenset({"no", "n", "false", "0", "-", "nein", "nie"})

_SHOWABLE: Final[dict[Field, re.Pattern[str]]] = {
    Field.SITE: re.compile(r"[A-Za-z]{1,12}[-_ ][0-9]{1,4}"),
    Field.LANGUAGE: re.compile(r"[A-Za-z]{2}(?:[-_][A-Za-z]{2})?"),
    Field.KEEP_UPRIGHT: re.compile(r"[a-z0-9]{1,5}"),
    Field.NEEDS_LOW_DOOR: re.compile(r"[a-z0-9]{1,5}"),
    Field.EXPECTED_ON: re.compile(r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}"),
    Field.EXPECTED_FROM: re.compile(
        r"[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}(?:[T ][0-9:]{1,8})?"
    ),
    Field.LABEL: re.compile(r"(?:[A-Za-z]{2}[0-9]{8,10}[A-Za-z]{2}|(?:00)?[0-9]{17,19})"),
}
_SHOWABLE_NUMBER = re.compile(r"-?[0-9.,]{1,8} ?(?:mm|cm|m|g|kg|h)?")
"""Too short for a phone number, also when cells have moved into the wrong column."""


class BadCell(Exception):
    """A cell that cannot be read.

    Parameters
    ----------
    code, reason, hint
        As in :class:`~restante.partners.manifest_row.RowProblem`.
    """

    def __init__(self, code: ProblemCode, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.hint = hint


def excerpt(field: Field, text: str) -> str:
    """Show a cell when its shape proves that it holds no personal data, else only its length."""
    is_personal = field in {Field.RECIPIENT_NAME, Field.EMAIL, Field.PHONE, Field.REFERENCE}
    pattern = _SHOWABLE.get(field, _SHOWABLE_NUMBER)
    if not text or (not is_personal and pattern.fullmatch(text)):
        return text
    return f"({len(text)} characters, not shown)"


def read_measure(text: str, unit: str, bound: int) -> int:
    """Read a length or weight into whole millimeters or grams.

    Parameters
    ----------
    unit
        One of :data:`~restante.partners.columns.UNITS`.
    bound
        Largest believable result.
    """
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise BadCell(
            ProblemCode.NOT_A_NUMBER,
            "is not a positive number",
            f"write digits only, for example 35 or 12,5; the header already says {unit}",
        )
    decimals = match["decimals"] or ""
    if len(decimals) == _THOUSANDS_DIGITS and UNITS[unit] == 1:
        raise BadCell(
            ProblemCode.AMBIGUOUS_NUMBER,
            "may mean thousands or decimals",
            f"write whole {unit} without '.' or ','",
        )
    exact = Decimal(text.replace(",", ".")) * UNITS[unit]
    value = int(exact.to_integral_value(rounding=ROUND_HALF_UP))
    if not 1 <= value <= bound:
        base = "g" if unit in {"g", "kg"} else "mm"
        raise BadCell(
            ProblemCode.OUT_OF_RANGE,
            f"is not between 1 and {bound:,} {base}",
            f"check the number and the unit of the column ({unit})",
        )
    return value


def read_hours(text: str) -> int:
    """Read a hold in whole hours."""
    if not (text.isascii() and text.isdigit()):
        raise BadCell(ProblemCode.NOT_A_NUMBER, "is not a whole number", "write hours, such as 72")
    if len(text) > len(str(HOLD_HOURS_MAX)) or not 1 <= int(text) <= HOLD_HOURS_MAX:
        raise BadCell(
            ProblemCode.OUT_OF_RANGE,
            f"is not between 1 and {HOLD_HOURS_MAX} hours",
            "leave the cell empty for the site's own rule",
        )
    return int(text)


def read_yes_no(text: str) -> bool:
    """Read yes or no in one of four languages."""
    folded = text.casefold()
    if folded in _YES:
        return True
    if folded in _NO:
        return False
    raise BadCell(ProblemCode.NOT_YES_OR_NO, "is neither yes nor no", "write yes, no or nothing")


def read_date(text: str) -> date:
    """Read a day, ISO 8601."""
    hint = "write year-month-day, for example 2026-12-24"
    if _DATE.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            pass
    raise BadCell(ProblemCode.NOT_A_DATE, "is not a day of the calendar", hint)


def read_date_time(text: str) -> datetime:
    """Read a day and time, ISO 8601; without an offset it is local time of the site."""
    hint = "write for example 2026-12-24T08:00 or 2026-12-24T08:00+01:00"
    if _DATE_TIME.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise BadCell(ProblemCode.NOT_A_DATE, "is not a day and time", hint)


def read_email(text: str) -> str:
    """Read an e-mail address by syntax; nothing is looked up."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        pass
    raise BadCell(
        ProblemCode.EMAIL_INVALID,
        "is not an e-mail address",
        "write one address such as name@example.com, or leave it empty and give a phone",
    )


def read_phone(text: str, region: str) -> str:
    """Read a phone number into E.164 form.

    Parameters
    ----------
    region
        Two letters; the country of numbers written without ``+``.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        number = None
    if number is not None and number.extension is None and phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise BadCell(
        ProblemCode.PHONE_INVALID,
        "is not a phone number",
        f"write it with country, such as +49 171 3920012 (without '+' it is read as {region})",
    )


def read_language(text: str, languages: Collection[str]) -> str:
    """Read a language by its first two letters: ``de-AT`` is ``de``."""
    language = text.replace("_", "-").partition("-")[0].casefold()
    if language in languages:
        return language
    known = ", ".join(sorted(languages))
    raise BadCell(
        ProblemCode.LANGUAGE_UNKNOWN,
        "is not a language that notices are written in",
        f"write one of {known}, or leave it empty",
    )


def read_site(text: str, sites: Collection[SiteId] | None) -> SiteId:
    """Read a site's id; any well-formed one when the caller does not list its sites."""
    site = SiteId(text.casefold())
    if sites is None and re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", site):
        return site
    if sites is not None and site in sites:
        return site
    if sites is None:
        hint = "write the id with letters, digits and '-', such as site-07"
    else:
        near = get_close_matches(site, sites, n=1)
        hint = f"did you mean {near[0]}?" if near else "write the id of one of the network's sites"
    raise BadCell(ProblemCode.SITE_UNKNOWN, "is not a site of this network", hint)
