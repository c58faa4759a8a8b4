"""``restante measures``: event tables from the journal, and how the network does."""

import datetime as dt
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from .output import RESULT, TALK, fail, print_json, progress

if TYPE_CHECKING:
    from ..insight.measures.parts import Period
    from ..insight.measures.told import Said
    from ..settings import Settings

app = typer.Typer(help="How the network does, from its journal.", no_args_is_help=True)

_Events = Annotated[
    Path | None, typer.Option("--events", help="Folder of event tables; the settings' if absent.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
COLUMNS_SHOWN = (
    "deposits", "compartments", "occupancy", "full_time", "utilisation", "dwell_median",
    "first_attempt_success", "turn_aways", "unmet_demand", "overdue",
)  # fmt: skip
"""Those that fit beside each other; files and JSON have all."""


TABLE_WIDTH = 190
"""Characters that all columns of sites need."""


@app.command("export")
def export(
    context: typer.Context,
    events: _Events = None,
    data: Annotated[Path | None, typer.Option(help="Data folder; the settings' if absent.")] = None,
    database: Annotated[
        str | None, typer.Option(help="postgresql://user@host/name instead of a folder.")
    ] = None,
    archive: Annotated[
        Path | None, typer.Option(help="Folder of archived months; the settings' if absent.")
    ] = None,
    zones: Annotated[
        Path | None, typer.Option(help="CSV with the columns site and zone, to sum by.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Bring the event tables up to date with the journal; nothing of a person is in them.

    It goes on where the last run ended. Killed at any moment, the next run gives the same.
    """
    from ..wiring.event_export import export_events
    from ..wiring.event_files import BadEvents
    from ..wiring.record import open_journal
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database, events_dir=events)
    if not settings.database_url and not settings.journal_path.exists():
        fail(f"there is no journal at {settings.journal_path}; give its folder with --data")
    named = _read_zones(zones)
    journal = open_journal(settings)
    began = time.monotonic()
    try:
        with progress("exporting", total=journal.head()) as tell:
            done = export_events(
                journal,
                settings.events_path,
                network=settings.network_id,
                archive_dir=archive or settings.archive_dir,
                zones=named,
                tell=lambda at, last: tell(at, f"{at:,} of {last:,}"),
            )
    except BadEvents as error:
        fail(str(error))
    finally:
        journal.close()
    took = round(time.monotonic() - began, 2)
    if as_json:
        told = {"position": done.page.position, "facts": done.facts, "rows": done.rows}
        print_json({**told, "seconds": took, "events": str(settings.events_path)})
    else:
        RESULT.print(f"{done.facts:,} facts gave {done.rows:,} rows in {took} s")


@app.command("show")
def show(
    context: typer.Context,
    first: Annotated[
        str | None, typer.Option("--from", help="First day, 2026-11-01; 30 days before --until.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Day after the last one; where the tables end.")
    ] = None,
    by: Annotated[str, typer.Option(help="One row for each site, zone or network.")] = "network",
    site: Annotated[list[str] | None, typer.Option(help="Only this site; may be repeated.")] = None,
    zone: Annotated[list[str] | None, typer.Option(help="Only this zone; may be repeated.")] = None,
    events: _Events = None,
    engine: Annotated[
        str | None, typer.Option(help="duckdb or spark; the settings' if absent.")
    ] = None,
    assumptions: Annotated[
        Path | None,
        typer.Option(help="TOML with prices and what CO2e is computed from; adds those measures."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write all columns into this .csv or .parquet file.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Measure a period: occupancy, dwell, turn-aways and more, each defined in the reference.

    Days are days of the network's time zone. Sites are told how they stand among their like, and
    those that do badly why that may be.
    """
    from ..wiring.analytics import Wanted, measure_rows, open_engine
    from ..wiring.event_files import BadEvents
    from .places import read_settings_of

    settings = read_settings_of(context, events_dir=events, measures_engine=engine)
    if by not in ("site", "zone", "network"):
        fail(f"--by {by}: write site, zone or network")
    if out is not None and out.suffix not in (".csv", ".parquet"):
        fail(f"--out {out}: name a .csv or a .parquet file")
    said = _read_said(assumptions)
    try:
        period = _period(settings, first, until)
        wanted = Wanted(period, by, tuple(site or ()), tuple(zone or ()))
        began = time.monotonic()
        with progress("measuring"), open_engine(settings) as opened:
            rows = measure_rows(opened, settings.events_path, wanted, said)
    except BadEvents as error:
        fail(str(error))
    took = round(time.monotonic() - began, 2)
    if not rows:
        fail("there is no such site or zone; 'restante measures show --by site' lists them")
    if out is not None:
        _write(rows, out)
    days = {"from": _time(period.from_at), "until": _time(period.until)}
    if as_json:
        engine = settings.measures_engine
        print_json({**days, "by": by, "engine": engine, "seconds": took, "rows": rows})
        return
    # Where nobody looks, lines may be as long as they are.
    Console(highlight=False, width=max(RESULT.width, TABLE_WIDTH)).print(_table(rows, by))
    TALK.print(f"{days['from']} to {days['until']}, {took} s")


@app.command("list")
def list_measures(as_json: _Json = False) -> None:
    """List every measure with its unit and formula."""
    from ..insight.measures.catalogue import MEASURES
    from ..insight.measures.told import TOLD

    known = (*MEASURES, *TOLD)
    if as_json:
        print_json(
            [
                {"name": one.name, "unit": one.unit, "says": one.says, "formula": one.formula}
                for one in known
            ]
        )
        return
    for one in known:
        RESULT.print(f"{one.name} [{one.unit}]: {one.says} = {one.formula}", markup=False)


def _period(settings: "Settings", first: str | None, until: str | None) -> "Period":
    from ..insight.measures.parts import DAY_S, Period
    from ..wiring.event_files import BadEvents, EventFiles

    page = EventFiles(settings.events_path).read_page()
    if page is None:
        raise BadEvents(
            f"{settings.events_path} holds no event tables: make them with "
            "'restante measures export'"
        )
    zone = ZoneInfo(settings.zone)
    end = page.at + 1 if until is None else _midnight(until, zone)
    begin = end - 30 * DAY_S if first is None else _midnight(first, zone)
    if begin >= end:
        fail(f"--from {first} is not before --until: the period has no time in it")
    return Period(begin, end)


def _midnight(day: str, zone: ZoneInfo) -> int:
    try:
        found = dt.date.fromisoformat(day)
    except ValueError:
        fail(f"{day!r} is no day: write it as 2026-11-01")
    return int(dt.datetime(found.year, found.month, found.day, tzinfo=zone).timestamp())


def _time(at: int) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat()


def _read_zones(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    from ..partners.places import read_zones

    zones, problems = read_zones(path.read_bytes())
    if problems:
        told = "; ".join(f"row {one.row_number}: {one.column} {one.reason}" for one in problems[:5])
        fail(f"{path}: {told}")
    return zones


def _read_said(path: Path | None) -> "Said | None":
    from ..insight.measures.told import read_said

    if path is None:
        return None
    try:
        return read_said(path.read_text(encoding="utf-8"))
    except ValueError as error:
        fail(f"{path}: {error}")


def _write(rows: list[dict[str, Any]], out: Path) -> None:
    import pyarrow
    from pyarrow import csv, parquet

    found = pyarrow.Table.from_pylist(rows)
    if out.suffix == ".csv":
        csv.write_csv(found, out)
    else:
        parquet.write_table(found, out, compression="zstd")


def _table(rows: list[dict[str, Any]], by: str) -> Table:
    from ..insight.measures.catalogue import MEASURES
    from ..insight.measures.told import TOLD

    units = {one.name: one.unit for one in (*MEASURES, *TOLD)}
    if len(rows) == 1:
        table = Table("measure", "value", "unit", title=str(rows[0]["of"]), box=None)
        for name, value in rows[0].items():
            if name in units:
                table.add_row(name, _shown(value, units[name]), units[name])
        return table
    shown = [*COLUMNS_SHOWN, *(one.name for one in TOLD if one.name in rows[0])]
    words = [name for name in ("percentile", "cause") if name in rows[0]]
    table = Table(by, *shown, *words, box=None)
    for row in rows:
        values = [_shown(row[name], units[name]) for name in shown]
        told = ["-" if row[name] is None else str(row[name]) for name in words]
        table.add_row(str(row["of"]) or "(no zone)", *values, *told)
    return table


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
