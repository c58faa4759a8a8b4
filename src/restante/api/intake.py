"""Read what a request brings, and say everything that is wrong with it at once.

Structs describe what is expected (:mod:`msgspec`); unknown fields are refused, because a filter
with a typing mistake that is silently ignored shows too much.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args

import msgspec

from .problem import Fault, ProblemRaised, Trouble

FAULTS_MAX: Final = 50
"""Faults told in one answer."""


def read_json(raw: bytes, kind: Any) -> Any:
    """Read a JSON body.

    Raises
    ------
    ProblemRaised
        ``malformed`` when it is no JSON, ``invalid`` with all faults when it is not as described.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        return _read_again(raw, kind, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _no_json() from None


def read_query(pairs: Iterable[tuple[str, str]], kind: Any) -> Any:
    """Read the parameters after the question mark; each may be given once.

    Raises
    ------
    ProblemRaised
        ``invalid`` with all faults.
    """
    content: dict[str, str] = {}
    for name, text in pairs:
        if name in content:
            message = "Expected once, got several times"
            raise _invalid((Fault(path=f"query.{_printable(name)}", message=message),))
        content[name] = text
    if kind is None:
        unknown = tuple(
            Fault(path=f"query.{_printable(name)}", message="Expected no parameters here")
            for name in content
        )
        if unknown:
            raise _invalid(unknown)
        return None
    try:
        return msgspec.convert(content, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(_faults(content, kind, "query", error, is_strict=False)) from None


def _read_again(raw: bytes, kind: Any, error: msgspec.ValidationError) -> Any:
    # JSON knows one kind of number: 300.0 is an integer. If that was all, it is no fault.
    try:
        content = _with_integers(msgspec.json.decode(raw))
    except (msgspec.DecodeError, RecursionError):
        raise _no_json() from None
    try:
        # Through JSON once more: only there can a part stay as it was written.
        return msgspec.json.decode(msgspec.json.encode(content), type=kind)
    except msgspec.ValidationError:
        raise _invalid(_faults(content, kind, "body", error, is_strict=True)) from None


def _with_integers(content: Any) -> Any:
    match content:
        case float() if content.is_integer():
            return int(content)
        case dict():
            return {name: _with_integers(one) for name, one in content.items()}
        case list():
            return [_with_integers(one) for one in content]
        case _:
            return content


def _faults(
    content: Any, kind: Any, where: str, error: msgspec.ValidationError, *, is_strict: bool
) -> tuple[Fault, ...]:
    # msgspec stops at the first fault, so each field is asked alone.
    found: list[Fault] = []
    if isinstance(content, Mapping) and _is_struct(kind):
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name, field in fields.items():
            if name not in content:
                if field.required:
                    found.append(Fault(path=f"{where}.{name}", message="Expected, and missing"))
                continue
            path = f"{where}.{name}"
            found += _faults_of_field(content[name], field.type, path, is_strict=is_strict)
        found += [
            Fault(
                path=f"{where}.{_printable(name)}",
                message=f"Unknown; known are {', '.join(sorted(fields))}",
            )
            for name in content
            if name not in fields
        ]
    return tuple(found[:FAULTS_MAX]) or (_fault(error, where),)


def _faults_of_field(content: Any, kind: Any, path: str, *, is_strict: bool) -> tuple[Fault, ...]:
    if msgspec.Raw in (kind, *get_args(kind)):
        return ()
    try:
        msgspec.convert(content, kind, strict=is_strict)
    except msgspec.ValidationError as error:
        return _faults(content, kind, path, error, is_strict=is_strict)
    return ()


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _fault(error: msgspec.ValidationError, where: str) -> Fault:
    message, _, place = str(error).partition(" - at `$")
    path = where + place.rstrip("`")
    return Fault(path=_printable(path), message=message)


def _invalid(faults: tuple[Fault, ...]) -> ProblemRaised:
    first = faults[0]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    detail = f"{first.path}: {first.message}{more}"
    return ProblemRaised(Trouble.INVALID, detail, errors=faults)


def _no_json() -> ProblemRaised:
    return ProblemRaised(Trouble.MALFORMED, "the body is not valid JSON in UTF-8")


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in name[:100])
