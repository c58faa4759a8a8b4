"""Files of forecasts: events and sites that are read, tables and reports that are written."""

import csv
from datetime import date
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from .output import fail

if TYPE_CHECKING:
    from ..insight.forecast import Event, Forecast, History


def read_events(file: Path) -> "list[Event]":
    """Read operators' events."""
    from ..insight.forecast import Event

    found = []
    for number, row in _rows(file, ("name", "from", "to"), "name,from,to[,factor]"):
        name = (row["name"] or "").strip()
        try:
            first = date.fromisoformat((row["from"] or "").strip())
            last = date.fromisoformat((row["to"] or "").strip())
        except ValueError:
            fail(f"{file}: row {number}: from and to are days such as 2025-11-28")
        if last < first:
            fail(f"{file}: row {number}: {name} ends before it begins")
        factor = _number(file, number, "factor", row.get("factor") or "1")
        if not 0 < factor <= 100:
            fail(f"{file}: row {number}: factor {factor:g}; 1.5 means half as many again")
        if not name:
            fail(f"{file}: row {number}: the event has no name")
        found.append(Event(name, first, last, factor))
    return found


def read_sites(file: Path) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """Read what is known of sites: numbers, and their districts."""
    features: dict[str, dict[str, float]] = {}
    districts: dict[str, str] = {}
    for number, row in _rows(file, ("site",), "site[,district] and columns of numbers"):
        site = (row["site"] or "").strip()
        if not site:
            fail(f"{file}: row {number}: names no site")
        if site in features:
            fail(f"{file}: row {number}: site {site} is there twice")
        if district := (row.get("district") or "").strip():
            districts[site] = district
        features[site] = {
            name: _number(file, number, name, word)
            for name, word in row.items()
            if name not in {"site", "district"} and word and word.strip()
        }
    return features, districts


def write_table(found: "Forecast", file: Path) -> None:
    """Write a forecast as CSV or Parquet, by the ending of the file."""
    if file.suffix == ".csv":
        file.write_text(found.to_csv(), encoding="utf-8")
    elif file.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        columns = list(zip(*found.rows(), strict=True))
        kinds = [pa.string()] * 4 + [pa.date32(), pa.int8()]
        kinds += [pa.float64()] * (len(columns) - len(kinds))
        arrays = [pa.array(words, kind) for words, kind in zip(columns, kinds, strict=True)]
        parquet.write_table(pa.table(dict(zip(found.columns, arrays, strict=True))), file)
    else:
        fail(f"{file}: write .parquet or .csv")


def write_report(found: "Forecast", history: "History", file: Path, *, title: str) -> None:
    """Write a report as HTML with charts inside, or as Markdown with charts beside it."""
    from ..insight.forecast.report import write_html, write_markdown

    if file.suffix in {".html", ".htm"}:
        file.write_text(write_html(found, history, title), encoding="utf-8")
    elif file.suffix == ".md":
        text, charts = write_markdown(found, history, title, file.stem)
        file.write_text(text, encoding="utf-8")
        for name, png in charts.items():
            (file.parent / name).write_bytes(png)
    else:
        fail(f"{file}: write .html or .md")


def _rows(file: Path, needed: tuple[str, ...], wanted: str) -> "list[tuple[int, dict[str, str]]]":
    try:
        reader = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    except UnicodeDecodeError:
        fail(f"{file}: is not UTF-8; save it as 'CSV UTF-8'")
    reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
    if missing := [name for name in needed if name not in reader.fieldnames]:
        fail(f"{file}: column {missing[0]!r} is missing; write {wanted}")
    rows = []
    for row in reader:
        if None in row or None in row.values():
            fail(f"{file}: row {reader.line_num}: has more or fewer words than the heading")
        rows.append((reader.line_num, row))
    return rows


def _number(file: Path, number: int, column: str, word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = float("nan")
    if not isfinite(value):
        fail(f"{file}: row {number}: {column} {word.strip()!r} is no number")
    return value
