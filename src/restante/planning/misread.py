"""What is wrong with a written entry, in people's words: which item, what it says, what to do.

A decoder counts: ``Expected `int` >= 0 - at `$.vehicles[0].capacity.parcels```. People know
``vehicles[0] 'van 3'``, and want to hear what stands there.
"""

import re
from typing import Any, Final

import msgspec

_AT: Final = re.compile(r"^(?P<says>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")
_BOUND: Final = re.compile(r"Expected `[a-z|]+` (?P<word>>=|<=|>|<) (?P<bound>\S+)$")
_KIND: Final = re.compile(r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`$")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>[^`]+)`$")
_MISSING: Final = re.compile(r"Object missing required field `(?P<name>[^`]+)`$")
_WORDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_LESS: Final = {">=": "{} or more", ">": "more than {}", "<=": "{} or less", "<": "less than {}"}
_NAMES: Final = ("id", "parcel", "vehicle", "place", "site")
"""Entries by which an item is known to people, the best first."""

SHOWN_MAX: Final = 40
"""Characters shown of what stands there."""


def explain(text: bytes | str | dict[str, Any], message: str) -> tuple[str, str]:
    """Turn what a decoder says of a text into where it is, and what to do.

    Parameters
    ----------
    text
        What was decoded; JSON, or what was read of it.
    message
        Of a ``msgspec.DecodeError``.
    """
    told = _AT.match(message)
    if told is None or told["path"] is None:
        return "", message
    try:
        written = text if isinstance(text, dict) else msgspec.json.decode(text)
    except msgspec.DecodeError:
        return "", message
    path, value = _walk(written, told["path"])
    return path, _in_words(told["says"], value)


_NOTHING: Final = object()


def _walk(written: Any, path: str) -> tuple[str, Any]:
    """Follow a decoder's path, and name the items on it."""
    named, value = "", written
    for name, number in _STEP.findall(path):
        if name:
            named += f".{name}" if named else name
            value = value.get(name, _NOTHING) if isinstance(value, dict) else _NOTHING
        elif number == "...":
            odd, value = _odd_one(value)
            named += odd
        else:
            at = int(number)
            is_there = isinstance(value, list) and at < len(value)
            value = value[at] if is_there else _NOTHING
            named += f"[{number}]{_name_of(value)}"
    return named, value


def _odd_one(value: Any) -> tuple[str, Any]:
    """Find which entry of a table is meant: a decoder does not say; amounts are not negative."""
    if isinstance(value, dict):
        for name, one in value.items():
            if not isinstance(one, int | float) or one < 0:
                return f".{name}", one
    return "", _NOTHING


def _name_of(item: Any) -> str:
    if not isinstance(item, dict):
        return ""
    found = (item[name] for name in _NAMES if isinstance(item.get(name), str))
    return "".join(f" {one!r}" for one in list(found)[:1])


def _in_words(says: str, value: Any) -> str:
    shown = "it" if value is _NOTHING else msgspec.json.encode(value).decode()
    shown = shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}…"
    if bound := _BOUND.match(says):
        wanted = _LESS[bound["word"]].format(f"{float(bound['bound']):g}")
        is_negative = isinstance(value, int | float) and value < 0 and wanted == "0 or more"
        return f"{shown} is {'negative' if is_negative else 'not allowed'}: give {wanted}"
    if kind := _KIND.match(says):
        wanted = " or ".join(
            _WORDS.get(one.strip(), one.strip()) for one in kind["wanted"].split("|")
        )
        return f"{shown} is not {wanted}: give {wanted}"
    if unknown := _UNKNOWN.match(says):
        return f"there is no entry {unknown['name']!r}: correct its name, or leave it out"
    if missing := _MISSING.match(says):
        return f"{missing['name']!r} is missing: add it"
    return says
