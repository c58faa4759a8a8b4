"""``restante bench measures``: how long a month of a large network takes to measure."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress


def bench_measures(
    sites: Annotated[int, typer.Option(help="Sites with a locker each.", min=1)] = 1_000,
    days: Annotated[int, typer.Option(help="Days of the month.", min=2)] = 30,
    engine: Annotated[str, typer.Option(help="duckdb or spark.")] = "duckdb",
    turns: Annotated[int, typer.Option(help="Measure so often; the median is told.", min=1)] = 3,
    seed: Annotated[int, typer.Option(help="Of the month that is drawn.", min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Draw a month of a network by a seed, and measure every measure of every site.

    Told are seconds of the clock and of the processor, with the engine's start and everything read
    from the files anew each time.
    """
    from ..bench.measures.run import measure_month

    if engine not in ("duckdb", "spark"):
        fail(f"--engine {engine}: write duckdb or spark")
    with tempfile.TemporaryDirectory(prefix="restante-") as folder, progress("measuring"):
        report = measure_month(
            Path(folder), sites=sites, days=days, engine=engine, turns=turns, seed=seed
        )
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
