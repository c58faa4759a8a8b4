"""Read a network from JSON, or its sites from CSV with everything else taken from another one."""

import csv
import io
from collections.abc import Sequence
from typing import Final

import msgspec

from ..entry import BadProblem
from .problem import CapacitySite, Network

COLUMNS: Final = ("site", "parcels_per_day", "latitude", "longitude", "visits_at", "columns")
"""Columns that are not kinds of compartments; ``site`` and ``parcels_per_day`` must be there."""


def read_network(text: str, *, is_csv: bool, usual: Network) -> Network:
    """Read a network.

    Parameters
    ----------
    usual
        Where everything comes from that a CSV does not say: kinds, classes of parcels, habits; also
        for JSON that names no kinds, so ``{"sites": […]}`` is enough.

    Raises
    ------
    BadProblem
        Names the row or the item, and what to do.
    """
    return _read_csv(text, usual) if is_csv else _read_json(text, usual)


def _read_json(text: str, usual: Network) -> Network:
    try:
        given = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise BadProblem("", f"this is no JSON: {error}") from error
    if not isinstance(given, dict):
        raise BadProblem("", 'write one object: {"sites": [...], ...}')
    if "kinds" in given and "parcels" not in given:
        raise BadProblem("parcels", "kinds are given: say also which classes of parcels come")
    # A file that names its kinds is a whole network, as those we write: defaults are its own.
    whole = given if "kinds" in given else {**msgspec.to_builtins(usual), **given}
    try:
        return msgspec.convert(whole, Network)
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, BadProblem):
            raise error.__cause__ from None
        raise BadProblem("", str(error)) from error


def _read_csv(text: str, usual: Network) -> Network:
    reader = csv.DictReader(io.StringIO(text))
    header = [name.strip() for name in reader.fieldnames or ()]
    kinds = [name for name in header if name and name not in COLUMNS]
    for needed in ("site", "parcels_per_day"):
        if needed not in header:
            raise BadProblem("row 1", f"there is no column {needed!r}; add it to the header")
    unknown = [kind for kind in kinds if kind not in usual.kinds]
    if unknown:
        raise BadProblem(
            "row 1",
            f"{unknown[0]!r} is no kind of compartment; kinds are {', '.join(usual.kinds)}"
            " (other kinds need a JSON file, which says what goes into them)",
        )
    reader.fieldnames = header
    sites = [
        _site(row, number, kinds) for number, row in enumerate(reader, start=2) if _is_said(row)
    ]
    _refuse_twice(sites)
    return msgspec.structs.replace(usual, sites=tuple(sites), name="")


def _is_said(row: dict[str, str]) -> bool:
    return any(value and value.strip() for name, value in row.items() if name)


def _refuse_twice(sites: Sequence[CapacitySite]) -> None:
    rows: dict[str, int] = {}
    for number, one in enumerate(sites, start=2):
        if one.id in rows:
            raise BadProblem(
                f"row {number}", f"the site {one.id!r} is in row {rows[one.id]} already"
            )
        rows[one.id] = number


def _site(row: dict[str, str], number: int, kinds: Sequence[str]) -> CapacitySite:
    where = f"row {number}"
    name = (row.get("site") or "").strip()
    if not name:
        raise BadProblem(where, "the site has no id; give it one in the column 'site'")
    said = {kind: _number(row, kind, where, whole=True) for kind in kinds}
    counts = {kind: int(count) for kind, count in said.items() if count}
    visits = (row.get("visits_at") or "").strip()
    try:
        hours = tuple(float(hour) for hour in visits.split()) if visits else None
    except ValueError:
        raise BadProblem(
            where, f"visits_at is {visits!r}; write hours with spaces between them, as 9.5 15"
        ) from None
    mean = _number(row, "parcels_per_day", where)
    if mean is None:
        raise BadProblem(where, "parcels_per_day is empty; give the mean of a whole week")
    return CapacitySite(
        id=name,
        compartments=counts,
        parcels_per_day=mean,
        latitude=_number(row, "latitude", where, negative=True),
        longitude=_number(row, "longitude", where, negative=True),
        visits_at=hours,
        columns=tuple((row.get("columns") or "").split()),
    )


def _number(
    row: dict[str, str], column: str, where: str, *, whole: bool = False, negative: bool = False
) -> float | None:
    said = (row.get(column) or "").strip()
    if not said:
        return None
    try:
        number = float(said)
    except ValueError:
        raise BadProblem(where, f"{column} is {said!r}; write a number, as 12.5") from None
    is_fine = -1e15 < number < 1e15 and (negative or number >= 0) and (not whole or number % 1 == 0)
    if not is_fine:
        wanted = (
            "a whole number from 0" if whole else "a number from 0" if not negative else "a number"
        )
        raise BadProblem(where, f"{column} is {said}; write {wanted}")
    return number
