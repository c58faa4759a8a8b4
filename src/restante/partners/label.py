"""Read what is on a parcel: whatever a scanner sends or a person types becomes one key.

The same parcel may be scanned as a bare SSCC, as a GS1 element string (GS1-128, DataMatrix), or
as a GS1 Digital Link (QR), and typed as the text below the bars; all give the same ``value``.

L1 18 digits, or 20 digits beginning with AI 00, are an SSCC; a wrong check digit is refused.
L2 Two letters, nine digits, two letters are a UPU S10 number; a wrong check digit is refused.
L3 Anything else of 6 to 40 letters, digits, ``-`` and ``/`` is the carrier's own number,
   in upper case.
L4 A GS1 message must name the parcel (AI 00). A product's barcode is not a parcel's label.
L5 Address data on a label is personal. It is never kept, and no error repeats the raw scan.

This module must not know partners, parcels in the journal, or who scanned.

References
----------
GS1 General Specifications (SSCC, element strings, symbology identifiers); GS1 Digital Link URI
Syntax; GS1 Scan4Transport Guideline 1.1 (AIs 4300-4333); UPU S10-12.
"""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

import biip
from biip.checksums import gs1_standard_check_digit
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_element_strings import GS1ElementString, GS1ElementStrings
from biip.gs1_messages import GS1Message

from ..core.value import Grams, Millimeters, Value

LABEL_LENGTH_MAX: Final = 2_000
"""Characters of one scan. A GS1 DataMatrix carries at most 2,335 alphanumeric characters, real
transport labels stay under 600. Chosen."""
SSCC_DIGITS: Final = 18
S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
"""UPU S10-12, clause on the check digit."""

_FNC1: Final = "\x1d"
_FNC1_PRINTED: Final = ("<GS>", "{GS}", "\u241d")
"""How scanners in keyboard mode are commonly set to write FNC1."""
_SYMBOLOGY = re.compile(r"\](?P<code>[A-Za-z][0-9A-Za-z])")
_SYMBOLOGIES_GS1: Final = frozenset({"C1", "d2", "Q3", "e0", "J1"})
_DIGITS_18 = re.compile(r"[0-9]{18}")
_DIGITS_20 = re.compile(r"00[0-9]{18}")
_ELEMENT_STRING = re.compile(r"00[0-9]{18}.+", re.DOTALL)
_S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_CARRIER = re.compile(r"[A-Z0-9](?:[A-Z0-9/-]{4,38})[A-Z0-9]")
_DAY_ONLY = "9999"
"""Hours and minutes of AIs 4324 and 4325 when only the day is meant."""


class LabelKind(StrEnum):
    """What sort of number names the parcel."""

    SSCC = "sscc"
    S10 = "s10"
    CARRIER = "carrier"


class LabelScheme(StrEnum):
    """How the number was written."""

    BARE = "bare"
    ELEMENT_STRING = "gs1_element_string"
    DIGITAL_LINK = "gs1_digital_link"


class ScanHints(Value):
    """What a transport label says about the handoff, without any personal data.

    Attributes
    ----------
    may_leave
        Authority to leave without a signature (AI 4322); ``None`` when the label is silent.
    needs_signature
        Signature required (AI 4323); ``None`` when the label is silent.
    deliver_not_after
        Local time of the place of delivery, ISO 8601, with or without hours (AI 4325).
    weight_g
        Logistic weight (AI 330n), or the net weight (AI 310n) when it is the only one.
    length_mm, width_mm, height_mm
        Logistic sizes (AIs 331n, 332n, 333n).
    is_complete
        False when a part after the parcel's number could not be read; the number itself is sure.
    """

    may_leave: bool | None = None
    needs_signature: bool | None = None
    deliver_not_after: str | None = None
    weight_g: Grams | None = None
    length_mm: Millimeters | None = None
    width_mm: Millimeters | None = None
    height_mm: Millimeters | None = None
    is_complete: bool = True


class Label(Value):
    """A parcel's label, understood.

    Attributes
    ----------
    value
        The normalised number: equal for every way of writing the same label.
    """

    kind: LabelKind
    value: str
    scheme: LabelScheme = LabelScheme.BARE
    hints: ScanHints = ScanHints()

    @property
    def sscc(self) -> str | None:
        """The 18 digits, when the parcel has an SSCC."""
        return self.value if self.kind is LabelKind.SSCC else None

    @property
    def s10(self) -> str | None:
        """The 13 characters, when the parcel has a UPU S10 number."""
        return self.value if self.kind is LabelKind.S10 else None


class Malformed(Exception):
    """Not understood; the message says what to do.

    Parameters
    ----------
    path
        Which input, for example ``label``.
    expected
        What would be right and what to do. Never the raw input: labels carry addresses.
    """

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: {expected}")
        self.path = path
        self.expected = expected


def parse_label(text: str, *, path: str = "label") -> Label:
    """Read a scan or a typed number.

    Parameters
    ----------
    text
        As it came: spaces, symbology identifier (``]C1`` ...), FNC1 and letter case do not matter.
    path
        Where the text came from, for the error.

    Raises
    ------
    Malformed
        When no rule fits or a check digit is wrong.
    """
    if len(text) > LABEL_LENGTH_MAX:
        raise Malformed(path, f"at most {LABEL_LENGTH_MAX} characters; scan one label at a time")
    rest, symbology = _strip_symbology(text.strip(" \t\r\n\u00a0\ufeff"))
    if symbology.startswith("E"):
        raise Malformed(path, "the label of a parcel; this is the barcode of a product")
    is_message = symbology in _SYMBOLOGIES_GS1 or rest.startswith(_FNC1)
    rest = rest.strip(_FNC1)
    if rest[:8].casefold().startswith(("http://", "https://")):
        return _parse_digital_link(rest, path)
    if rest.startswith("("):
        return _parse_readable(rest, path)
    compact = "".join(rest.split(" ")).replace("\u00a0", "")
    if not is_message or _DIGITS_20.fullmatch(compact):
        bare = _parse_bare(compact, path)
        if bare is not None:
            return bare
    if is_message or _FNC1 in rest or _ELEMENT_STRING.fullmatch(rest):
        return _parse_message(rest, path)
    raise Malformed(path, _expected_bare(compact))


def make_sscc(digits: str) -> str:
    """Add the check digit to the 17 digits of an SSCC."""
    return f"{digits}{gs1_standard_check_digit(digits)}"


def s10_check_digit(serial: str) -> int:
    """Compute the check digit of a UPU S10 number.

    Parameters
    ----------
    serial
        The eight digits after the service letters.

    References
    ----------
    UPU S10-12: C = 11 - (S mod 11), 10 becomes 0 and 11 becomes 5.
    """
    total = sum(weight * int(digit) for weight, digit in zip(S10_WEIGHTS, serial, strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check)


def make_s10(service: str, serial: str, country: str) -> str:
    """Write a UPU S10 number: service letters, eight digits, check digit, country letters."""
    return f"{service}{serial}{s10_check_digit(serial)}{country}"


def _strip_symbology(text: str) -> tuple[str, str]:
    for printed in _FNC1_PRINTED:
        text = text.replace(printed, _FNC1)
    match = _SYMBOLOGY.match(text)
    return (text[match.end() :], match["code"]) if match else (text, "")


def _parse_bare(text: str, path: str) -> Label | None:
    upper = text.upper() if text.isascii() else text
    if _DIGITS_20.fullmatch(upper):
        upper = upper[2:]
    if _DIGITS_18.fullmatch(upper):
        return Label(kind=LabelKind.SSCC, value=_checked_sscc(upper, path))
    if _S10.fullmatch(upper):
        if int(upper[10]) != s10_check_digit(upper[2:10]):
            raise Malformed(
                path, "a postal number with a right check digit; compare it digit by digit"
            )
        return Label(kind=LabelKind.S10, value=upper)
    if _CARRIER.fullmatch(upper) and not _ELEMENT_STRING.fullmatch(upper):
        return Label(kind=LabelKind.CARRIER, value=upper)
    return None


def _expected_bare(text: str) -> str:
    if not text:
        return "a label; the field is empty, scan the barcode or type the number below it"
    if not text.isascii():
        return "only letters A to Z, digits, '-' and '/'; type the number below the barcode"
    return (
        "an SSCC (18 digits), a GS1 code, a postal number such as RR473124829DE, or a carrier's"
        " number of 6 to 40 letters, digits, '-' and '/'"
    )


def _checked_sscc(digits: str, path: str) -> str:
    if gs1_standard_check_digit(digits[:-1]) != int(digits[-1]):
        raise Malformed(path, "an SSCC with a right check digit; scan again or compare the digits")
    return digits


def _parse_message(text: str, path: str) -> Label:
    message = _try_message(text)
    if message is not None:
        return _label_of(message.element_strings, LabelScheme.ELEMENT_STRING, path)
    if _ELEMENT_STRING.fullmatch(text):
        return _label_of_start(text[2:20], LabelScheme.ELEMENT_STRING, path)
    raise Malformed(
        path, "a GS1 code that holds an SSCC (AI 00); scan the transport label, not another barcode"
    )


def _parse_readable(text: str, path: str) -> Label:
    message = _try_readable(text)
    if message is not None:
        return _label_of(message.element_strings, LabelScheme.ELEMENT_STRING, path)
    start = "".join(text.split())
    if start.startswith("(00)") and _DIGITS_18.fullmatch(start[4:22]):
        return _label_of_start(start[4:22], LabelScheme.ELEMENT_STRING, path)
    raise Malformed(path, "GS1 text such as (00)395200000000000011(4322)1; type the (00) part")


def _parse_digital_link(text: str, path: str) -> Label:
    link = _try_link(text)
    if link is not None:
        return _label_of(link.element_strings, LabelScheme.DIGITAL_LINK, path)
    start = re.search(r"/00/([0-9]{18})(?![0-9])", text)
    if start is not None:
        return _label_of_start(start[1], LabelScheme.DIGITAL_LINK, path)
    raise Malformed(
        path,
        "a GS1 Digital Link with /00/ and the 18 digits of the SSCC; this web address names no"
        " parcel, scan the barcode of the transport label",
    )


# biip's errors repeat the raw scan, which may hold an address: they are dropped here on purpose.
def _try_message(text: str) -> GS1Message | None:
    try:
        return GS1Message.parse(text)
    except biip.ParseError:
        return None


def _try_readable(text: str) -> GS1Message | None:
    try:
        return GS1Message.parse_hri(text)
    except biip.ParseError:
        return None


def _try_link(text: str) -> GS1DigitalLinkURI | None:
    scheme, _, rest = text.partition(":")
    try:
        return GS1DigitalLinkURI.parse(f"{scheme.lower()}:{rest}")
    except (biip.ParseError, ValueError):
        return None


def _label_of(elements: GS1ElementStrings, scheme: LabelScheme, path: str) -> Label:
    found = elements.get(ai="00")
    if found is None:
        holds = f"not only AI {elements[0].ai.ai}" if elements else "not an empty one"
        raise Malformed(
            path,
            f"a GS1 code that holds an SSCC (AI 00), {holds}; scan the transport label of the"
            " parcel",
        )
    sscc = _checked_sscc(found.value, path)
    return Label(kind=LabelKind.SSCC, value=sscc, scheme=scheme, hints=_hints_of(elements))


def _label_of_start(digits: str, scheme: LabelScheme, path: str) -> Label:
    sscc = _checked_sscc(digits, path)
    hints = ScanHints(is_complete=False)
    return Label(kind=LabelKind.SSCC, value=sscc, scheme=scheme, hints=hints)


def _hints_of(elements: GS1ElementStrings) -> ScanHints:
    not_after = _find(elements, "4325")
    moment = _read_moment(not_after.value) if not_after else None
    weight_kg = _decimal(elements, "330") or _decimal(elements, "310")
    return ScanHints(
        may_leave=_read_flag(elements, "4322"),
        needs_signature=_read_flag(elements, "4323"),
        deliver_not_after=moment,
        weight_g=None if weight_kg is None else Grams(round(weight_kg * 1000)),
        length_mm=_size_mm(elements, "331"),
        width_mm=_size_mm(elements, "332"),
        height_mm=_size_mm(elements, "333"),
        is_complete=not_after is None or moment is not None,
    )


def _find(elements: GS1ElementStrings, ai: str) -> GS1ElementString | None:
    return next((element for element in elements if element.ai.ai == ai), None)


def _read_flag(elements: GS1ElementStrings, ai: str) -> bool | None:
    element = _find(elements, ai)
    return None if element is None else element.value == "1"


def _decimal(elements: GS1ElementStrings, ai_start: str) -> Decimal | None:
    for element in elements:
        if element.ai.ai.startswith(ai_start) and len(element.ai.ai) == len("330n"):
            return element.decimal
    return None


def _size_mm(elements: GS1ElementStrings, ai_start: str) -> Millimeters | None:
    size_m = _decimal(elements, ai_start)
    return None if size_m is None else Millimeters(round(size_m * 1000))


def _read_moment(digits: str) -> str | None:
    has_day_only = digits.endswith(_DAY_ONLY)
    pattern, text = ("%y%m%d", digits[:6]) if has_day_only else ("%y%m%d%H%M", digits)
    try:
        moment = datetime.strptime(text, pattern)  # local time of the place, without a zone
    except ValueError:
        return None
    return moment.date().isoformat() if has_day_only else moment.isoformat(timespec="minutes")
