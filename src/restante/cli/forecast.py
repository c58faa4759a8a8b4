"""``restante forecast``: parcels to come, from a file of what came, with its own error."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .forecast_files import read_events, read_sites, write_report, write_table
from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..insight.forecast import Forecast

_File = Annotated[
    Path,
    typer.Argument(
        help="History, CSV: site,date[,hour][,size],parcels[,requests][,district]."
        " `requests` counts those a full locker turned away, too."
    ),
]
_Days = Annotated[int, typer.Option(help="Days ahead.", min=1, max=400)]
_Country = Annotated[
    str, typer.Option(help="Whose holidays: DE, or with a region DE-BE.", show_default=False)
]
_Events = Annotated[
    Path | None,
    typer.Option(help="Your events, CSV: name,from,to[,factor]; years of one have one name."),
]
_Sites = Annotated[
    Path | None,
    typer.Option(
        help="Sites, CSV: site[,district] and columns of numbers; those without a history are new."
    ),
]
_Gaps = Annotated[
    str,
    typer.Option(
        help="What a day means that a site's rows leave out: error, zero (nothing came) or closed."
    ),
]
_Seed = Annotated[int, typer.Option(help="Of all chance; the same seed, the same forecast.", min=0)]
_Out = Annotated[Path | None, typer.Option(help="Write the table: .parquet or .csv.")]
_Report = Annotated[
    Path | None, typer.Option(help="Write a report of how wrong it was: .html or .md, with charts.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def forecast(
    file: _File,
    days: _Days = 14,
    country: _Country = "",
    events: _Events = None,
    sites: _Sites = None,
    gaps: _Gaps = "error",
    seed: _Seed = 1,
    out: _Out = None,
    report: _Report = None,
    as_json: _Json = False,
) -> None:
    """Forecast parcels per site, size and day or hour, with quantiles, sums and its own error.

    A model that does not beat the same weekday of the last six weeks, on days it did not know, is
    not used, and the forecast says so.
    """
    try:
        from ..insight.forecast import (
            BadHistory,
            Gaps,
            Problem,
            UnknownCountry,
            read_history,
            solve,
        )
    except ModuleNotFoundError as error:
        fail(f"forecasts need {error.name}: install restante[insight]")
    if gaps not in list(Gaps):
        fail(f"--gaps {gaps}: say error, zero or closed")
    try:
        history = read_history(_read(file), gaps=Gaps(gaps))
    except BadHistory as error:
        fail(f"{file}: {error}")
    features, districts = read_sites(sites) if sites is not None else ({}, {})
    problem = Problem(
        history,
        days,
        country,
        tuple(read_events(events)) if events is not None else (),
        features,
        districts,
    )
    try:
        with progress("forecasting", total=1.0) as tell:
            found = solve(problem, seed, progress=tell)
    except (BadHistory, UnknownCountry) as error:
        fail(str(error))
    if out is not None:
        write_table(found, out)
    if report is not None:
        write_report(found, history, report, title=file.stem)
    if as_json:
        print_json(_figures(found))
    else:
        RESULT.print(_text(found), highlight=False, markup=False)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        fail(f"{file}: is not UTF-8; save it as 'CSV UTF-8'")


def _figures(found: "Forecast") -> dict[str, Any]:
    totals = next(line for line in found.lines if line.level == "network")
    return {
        "first": found.first,
        "days": found.days,
        "model": found.model,
        "says": found.says,
        "seed": found.seed,
        "new_sites": found.new_sites,
        "backtest": found.backtest,
        "network": {"mean": totals.mean, "levels": found.levels, "quantiles": totals.quantiles},
    }


def _text(found: "Forecast") -> str:
    totals = next(line for line in found.lines if line.level == "network")
    sites = len({line.site for line in found.lines if line.site})
    test = found.backtest
    lines = [
        f"{sites} sites, {found.days} days from {found.first}: {sum(totals.mean):.0f} parcels;"
        f" model: {found.model}",
        f"how wrong it was on {test.scored_origins} x {test.days_each} days it did not know"
        " (in what changes from a week to the next):",
    ]
    for level, scores in test.by_level.items():
        covered = scores.coverage["0.95"]
        lines.append(
            f"  {level:9} MASE {scores.mase:.3f}  pinball {scores.pinball:.3f}"
            f"  q95 covers {covered:.1%}  bias {scores.bias:+.1%}"
        )
    baseline = test.by_model["baseline"]
    lines.append(f"  the same weekday of six weeks: MASE {baseline.mase:.3f}"
                 f"  pinball {baseline.pinball:.3f}")  # fmt: skip
    if found.new_sites:
        lines.append(f"new, borrowed from their like: {', '.join(found.new_sites[:10])}")
    return "\n".join([*lines, *found.says])
