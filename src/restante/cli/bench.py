"""``restante bench``: how much this machine does, both sides in one run."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, print_json, progress

app = typer.Typer(invoke_without_command=True, no_args_is_help=False)

_Directory = Annotated[
    Path | None,
    typer.Option("--dir", help="Folder on the disk to measure; temporary if absent."),
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.callback()
def bench(
    context: typer.Context,
    directory: _Directory = None,
    seconds: Annotated[
        float, typer.Option(help="Seconds per turn; each side has several turns.", min=0.1)
    ] = 1.0,
    as_json: _Json = False,
) -> None:
    """Measure operations per second through the committer, beside one transaction for each."""
    if context.invoked_subcommand is not None:
        return
    from ..journal.bench import run_bench

    with progress("measuring"):
        report = run_bench(directory, round_seconds=seconds)
    if as_json:
        print_json(
            {
                "sqlite": report.sqlite_version,
                "journal_mode": report.journal_mode,
                **{f"ops_{line.callers}": round(line.gathered_per_s) for line in report.lines},
                **{f"single_{line.callers}": round(line.single_per_s) for line in report.lines},
                **{f"ratio_{line.callers}": round(line.ratio, 2) for line in report.lines},
            }
        )
    else:
        RESULT.print(report.text())


@app.command("edge")
def edge(
    directory: _Directory = None,
    samples: Annotated[
        int, typer.Option(help="Scans, and as many typed codes.", min=1, max=100)
    ] = 100,
    as_json: _Json = False,
) -> None:
    """Measure how long a recipient waits at a full locker of 400 compartments.

    A locker is started as in the street, with its journal on the disk and emulated boards. Told
    are its start, its memory, its idle load, and the time from a scanned QR code and from a typed
    code to the pulse of the lock.
    """
    from ..bench.latency import measure_locker

    with progress("collecting", total=2 * samples) as tell:
        report = measure_locker(directory, samples=samples, tell=tell)
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)


@app.command("custody")
def custody(
    sqlite_dir: Annotated[
        Path | None,
        typer.Option("--sqlite", help="Measure an SQLite file in this folder instead."),
    ] = None,
    sites: Annotated[int, typer.Option(help="Sites with a locker each.", min=10)] = 2_500,
    seconds: Annotated[float, typer.Option(help="Seconds per turn.", min=0.1)] = 2.0,
    as_json: _Json = False,
) -> None:
    """Measure whole deposits per second, beside pgbench writing the same rows one by one.

    A PostgreSQL server is started from the installed programs and is gone afterwards. Waiting
    callers are 1, 8, 64, 500 and 2,000; pgbench has 64 clients, before and after.
    """
    from ..bench.custody import measure_custody

    with progress("measuring", total=8) as tell:
        report = measure_custody(sqlite_dir=sqlite_dir, sites=sites, seconds=seconds, tell=tell)
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
