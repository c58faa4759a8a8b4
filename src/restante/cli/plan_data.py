"""``restante plan data``: look at what planners would be given, and write it as they read it."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from .output import RESULT, TALK, fail, print_json

if TYPE_CHECKING:
    from ..partners.manifest_row import RowProblem
    from ..partners.places import Candidates, DemandCells, History

KINDS = ("cells", "candidates", "history", "population", "osm-candidates", "osm-dwellings", "feed")
PROBLEMS_SHOWN = 20
"""More are counted."""


class _Read(NamedTuple):
    found: "DemandCells | Candidates | History"
    note: str = ""


def data(
    file: Annotated[Path, typer.Argument(help="What was sent, downloaded or exported.")],
    kind: Annotated[str, typer.Option("--kind", help=f"One of {', '.join(KINDS)}.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Write the good rows as CSV, with the columns planners read."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be read and written.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read demand cells, candidate sites or a history, and name every bad row.

    CSV and GeoJSON, population grids, extracts of OpenStreetMap and carriers' feeds of points.
    Good rows are written in one shape whatever they came from. A bad row makes the status 1.
    """
    read = _read(file, kind)
    found = read.found
    told = {"file": str(file), "kind": kind, **_figures(found)}
    if out is not None and not dry_run:
        if out.exists():
            fail(f"{out} exists; choose another name, nothing is overwritten")
        out.write_bytes(_csv(found))
    if as_json:
        problems = [
            {"row": one.row_number, "column": one.column, "code": one.code.value,
             "reason": one.reason, "hint": one.hint}
            for one in found.problems
        ]  # fmt: skip
        print_json({**told, "note": read.note, "problems": problems})
    else:
        _say(told, found.problems, read.note)
        if out is not None:
            word = "would be written" if dry_run else "written"
            TALK.print(f"{told['rows_good']:,} rows {word} to {out}")
    if found.problems:
        raise typer.Exit(1)


def _read(file: Path, kind: str) -> _Read:
    try:
        from ..partners import places
    except ModuleNotFoundError as error:
        fail(f"data of planners needs {error.name}: install restante[planning] or [insight]")
    if kind not in KINDS:
        fail(f"--kind {kind}: write one of {', '.join(KINDS)}")
    if kind.startswith("osm-"):
        return _read_extract(file, kind)
    readers: dict[str, Callable[[bytes], DemandCells | Candidates | History]] = {
        "cells": places.read_demand_cells,
        "candidates": places.read_candidates,
        "history": places.read_history,
        "population": places.read_population,
        "feed": places.read_feed,
    }
    return _Read(readers[kind](file.read_bytes()))


def _read_extract(file: Path, kind: str) -> _Read:
    from ..partners.places.osm import BadExtract, read_extract

    if not file.exists():
        fail(f"{file}: there is no such file")
    try:
        extract = read_extract(file)
    except BadExtract as error:
        fail(str(error))
    found = extract.candidates if kind == "osm-candidates" else extract.dwellings
    return _Read(found, extract.attribution)


def _figures(found: Any) -> dict[str, Any]:
    from ..partners.places import Candidates, DemandCells

    told: dict[str, Any] = {
        "rows": found.row_count,
        "rows_good": len(found.site_of) if hasattr(found, "site_of") else len(found.ids),
        "problems_count": len(found.problems),
        "ignored_columns": list(found.ignored_columns),
    }
    if isinstance(found, DemandCells | Candidates):
        if found.ids:
            told |= {
                "lat": [float(found.lat.min()), float(found.lat.max())],
                "lon": [float(found.lon.min()), float(found.lon.max())],
            }
        if isinstance(found, DemandCells):
            return told | {"demand": float(found.demand.sum())}
        counts: dict[str, int] = {}
        for status in found.statuses:
            counts[status.value] = counts.get(status.value, 0) + 1
        return told | {"statuses": counts, "accessible": int(found.is_accessible.sum())}
    return told | {
        "sites": len(found.sites),
        "from": str(found.first_day or ""),
        "until": str(found.last_day or ""),
        "parcels": float(found.parcels.sum()),
    }


def _say(told: dict[str, Any], problems: "tuple[RowProblem, ...]", note: str) -> None:
    for name, value in told.items():
        if name not in ("file", "kind"):
            RESULT.print(f"{name.replace('_', ' ')}: {value}", markup=False)
    for one in problems[:PROBLEMS_SHOWN]:
        where = f"row {one.row_number}" if one.row_number else "file"
        named = f", {one.column}" if one.column else ""
        RESULT.print(f"{where}{named}: {one.reason}; {one.hint}", markup=False)
    if len(problems) > PROBLEMS_SHOWN:
        RESULT.print(f"and {len(problems) - PROBLEMS_SHOWN:,} more")
    if note:
        RESULT.print(note, markup=False)


def _csv(found: Any) -> bytes:
    from ..partners.csv_export import write_csv
    from ..partners.places import Candidates, DemandCells

    if isinstance(found, DemandCells):
        header: tuple[str, ...] = ("id", "lat", "lon", "demand", "area")
        columns: tuple[Iterable[Any], ...] = (
            found.ids, _texts(found.lat), _texts(found.lon), _texts(found.demand), found.areas,
        )  # fmt: skip
    elif isinstance(found, Candidates):
        header = ("id", "lat", "lon", "fixed_cost", "capacity", "accessible", "host", "status")
        columns = (
            found.ids, _texts(found.lat), _texts(found.lon), _texts(found.fixed_cost),
            _texts(found.capacity), ("yes" if one else "no" for one in found.is_accessible),
            found.hosts, (status.value for status in found.statuses),
        )  # fmt: skip
    else:
        header = ("site", "date", "hour", "size", "parcels", "requests")
        columns = (
            (found.sites[i] for i in found.site_of), (str(day) for day in found.days),
            ("" if hour < 0 else int(hour) for hour in found.hours), found.sizes,
            _texts(found.parcels), _texts(found.requests),
        )  # fmt: skip
    return write_csv(header, zip(*columns, strict=True), delimiter=",")


def _texts(numbers: Any) -> list[float | None]:
    return [None if number != number else number for number in numbers.tolist()]  # noqa: PLR0124
