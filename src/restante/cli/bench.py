"""``restante bench``: how much this machine does, both sides in one run."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, print_json, progress


def bench(
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Folder on the disk to measure; temporary if absent."),
    ] = None,
    seconds: Annotated[
        float, typer.Option(help="Seconds per turn; each side has several turns.", min=0.1)
    ] = 1.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure operations per second through the committer, beside one transaction for each."""
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
