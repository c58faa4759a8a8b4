"""What was just scanned or typed: a code, a token, a parcel's label.

A label is normalized to the key the list carries, the same key the centre's full reader makes of
the same label (a test holds both against the example manifest). It knows only how numbers are
written; whether they mean anything here is the controller's question.

Rules
-----
S1  18 digits, or 20 that begin with 00, are an SSCC; the check digit must be right.
S2  A GS1 message names its parcel by AI 00, first, last or in between.
S3  A GS1 Digital Link names it by ``/00/`` and 18 digits.
S4  Two letters, nine digits, two letters are a postal S10 number; the check digit must be right.
S5  Anything else of 6 to 40 letters, digits, ``-`` and ``/`` is the carrier's own number.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from ..access import Malformed, parse_pin
from ..access.token import PREFIX

SCAN_CHARS_MAX: Final = 4_096

_FNC1: Final = "\x1d"
_FNC1_PRINTED: Final = ("<GS>", "{GS}", "\u241d")
_SYMBOLOGY: Final = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_SSCC: Final = re.compile(r"(?:00)?([0-9]{18})")
_AFTER_FNC1: Final = re.compile(r"\x1d00([0-9]{18})")
_READABLE: Final = re.compile(r"\(00\)\s*([0-9 ]{18,30})")
_LINK: Final = re.compile(r"https?://.*/00/([0-9]{18})(?![0-9])", re.IGNORECASE | re.DOTALL)
_S10: Final = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_S10_WEIGHTS: Final = (8, 6, 4, 2, 3, 5, 9, 7)
_CARRIER: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9/-]{4,38})[A-Z0-9]")
_TOKEN_STARTS: Final = (PREFIX.upper(), "RS&:")
"""The second is what a French keyboard layout makes of the first; the token reader undoes it."""


class ScanKind(StrEnum):
    """What it looks like."""

    PIN = "pin"
    TOKEN = "token"  # noqa: S105 - a kind of scan, not a password
    LABEL = "label"
    UNREADABLE = "unreadable"


class Scan(NamedTuple):
    """A scan, classified."""

    kind: ScanKind
    text: str
    """Trimmed; for a label its key. May be a code: never log it."""


def classify_scan(text: str) -> Scan:
    """Tell what was scanned or typed where anything may come.

    Eight or ten digits are a PIN: carriers' own numbers of that form must be typed at the
    courier's screen, which asks for labels only.
    """
    trimmed = text.strip(" \t\r\n\u00a0\ufeff")
    if not trimmed or len(trimmed) > SCAN_CHARS_MAX:
        return Scan(ScanKind.UNREADABLE, "")
    if trimmed[:4].upper() in _TOKEN_STARTS:
        return Scan(ScanKind.TOKEN, trimmed)
    try:
        parse_pin(trimmed)
    except Malformed:
        key = label_key(trimmed)
        return Scan(ScanKind.LABEL, key) if key else Scan(ScanKind.UNREADABLE, "")
    return Scan(ScanKind.PIN, trimmed)


def label_key(text: str) -> str:
    """Normalize a label; empty when it cannot be one."""
    rest = text.strip(" \t\r\n\u00a0\ufeff")
    for printed in _FNC1_PRINTED:
        rest = rest.replace(printed, _FNC1)
    symbology = _SYMBOLOGY.match(rest)
    if symbology:
        rest = rest[symbology.end() :]
    if len(rest) > SCAN_CHARS_MAX or (symbology and symbology[0][1] == "E"):
        return ""
    rest = rest.strip(_FNC1)
    link = _LINK.match(rest)
    if link:
        return _checked_sscc(link[1])
    readable = _READABLE.search(rest)
    if readable:
        return _checked_sscc(readable[1].replace(" ", "")[:18])
    compact = "".join(rest.split(" ")).replace("\u00a0", "").upper()
    return _bare_key(compact)


def _bare_key(compact: str) -> str:
    bare = _SSCC.fullmatch(compact)
    if bare:
        return _checked_sscc(bare[1])
    message = re.match(r"00([0-9]{18}).", compact, re.DOTALL) or _AFTER_FNC1.search(compact)
    if message:
        return _checked_sscc(message[1])
    if _S10.fullmatch(compact):
        return compact if int(compact[10]) == _s10_check(compact[2:10]) else ""
    return compact if compact.isascii() and _CARRIER.fullmatch(compact) else ""


def _checked_sscc(digits: str) -> str:
    if len(digits) != 18:
        return ""
    # Weights 3 and 1 from the right, GS1 General Specifications 7.9.
    total = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[-2::-1])
    )
    return digits if (10 - total % 10) % 10 == int(digits[-1]) else ""


def _s10_check(serial: str) -> int:
    total = sum(weight * int(digit) for weight, digit in zip(_S10_WEIGHTS, serial, strict=True))
    check = 11 - total % 11
    return {10: 0, 11: 5}.get(check, check)
