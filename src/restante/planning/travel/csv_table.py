"""Travel from a file: one line for each pair, ``from,to,duration_s,distance_m``.

There and back may differ. A pair may be missing, which is a hole; what is there must be right.
"""

import csv
import math
from collections.abc import Iterable, Sequence
from typing import Final

from .table import Found, NoTravel

COLUMNS: Final = ("from", "to", "duration_s", "distance_m")


def read_csv_table(lines: Iterable[str], ids: Sequence[str]) -> Found:
    """Read a table between places, in the order of their ids.

    Raises
    ------
    NoTravel
        When a line is not of it; the message has its number.
    """
    row_of = {id_: i for i, id_ in enumerate(ids)}
    reader = csv.reader(lines)
    header = [entry.strip().removeprefix("\ufeff") for entry in next(reader, [])]
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise NoTravel(
            f"line 1: no column {', '.join(missing)}; the first line names the columns"
            f" {', '.join(COLUMNS)}"
        )
    columns = [header.index(name) for name in COLUMNS]
    found = Found.nothing(len(ids), len(ids))
    seen: dict[tuple[int, int], int] = {}
    for entries in reader:
        if not any(entry.strip() for entry in entries):
            continue
        line = reader.line_num
        if len(entries) <= max(columns):
            wanted = max(columns) + 1
            raise NoTravel(f"line {line}: {len(entries)} entries, and {wanted} are needed")
        origin, place, duration, distance = (entries[i].strip() for i in columns)
        i, j = _row(row_of, origin, line), _row(row_of, place, line)
        if (i, j) in seen:
            raise NoTravel(
                f"line {line}: from {origin!r} to {place!r} is in line {seen[i, j]} already: keep"
                " one of them"
            )
        seen[i, j] = line
        found.durations_s[i, j] = _amount(duration, "duration_s", line)
        found.distances_m[i, j] = _amount(distance, "distance_m", line)
        if i == j and (found.durations_s[i, j] or found.distances_m[i, j]):
            raise NoTravel(f"line {line}: from {origin!r} to itself it is not 0: leave it out")
    return found


def _row(row_of: dict[str, int], id_: str, line: int) -> int:
    try:
        return row_of[id_]
    except KeyError:
        raise NoTravel(
            f"line {line}: {id_!r} is no place of the problem: add it there, or strike the line"
        ) from None


def _amount(text: str, column: str, line: int) -> float:
    try:
        number = float(text)
    except ValueError:
        raise NoTravel(f"line {line}: {column} is {text!r}, which is no number") from None
    if not math.isfinite(number):
        raise NoTravel(f"line {line}: {column} is {text}: strike the line if it is not known")
    if number < 0:
        raise NoTravel(f"line {line}: {column} is {text}, which is negative: give 0 or more")
    return number
