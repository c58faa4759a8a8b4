"""``restante bench siting``: our choice of sites beside that of other programs."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress


def bench_siting(
    sets: Annotated[
        str,
        typer.Option(help="Of pmed, cap (with --instances), city, coverage, capacity."),
    ] = "",
    only: Annotated[str, typer.Option(help="Names of cases, such as pmed1,city-2000.")] = "",
    seconds: Annotated[
        float | None, typer.Option(help="For each of our searches.", min=0.1)
    ] = None,
    peer_seconds: Annotated[float, typer.Option(help="For each search of others.", min=1)] = 300.0,
    seed: Annotated[int, typer.Option(help="Of our searches.", min=0)] = 1,
    by_cpu: Annotated[
        bool, typer.Option("--cpu", help="Count our seconds of the processor.")
    ] = False,
    instances: Annotated[
        Path | None,
        typer.Option(
            envvar="RESTANTE_SITING_INSTANCES", help="Folder of OR-Library's files and optima."
        ),
    ] = None,
    peers: Annotated[
        Path, typer.Option(help="Python with the others; `make bench-siting` makes it.")
    ] = Path(".venv-peers/bin/python"),
    without_peers: Annotated[bool, typer.Option("--ours-alone", help="Ask nobody else.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose sites for public instances and generated cities, with our search and with others.

    Everybody's choice is judged by us, on full distances. Ratios are of processor time.
    """
    try:
        from ..bench.siting.cases import PUBLIC, SETS
        from ..bench.siting.run import Plan, measure_siting
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    usual = tuple(name for name in SETS if instances is not None or name not in PUBLIC)
    plan = Plan(
        sets=_words(sets) or usual,
        only=_words(only),
        seconds=seconds,
        peer_seconds=peer_seconds,
        seed=seed,
        by_cpu=by_cpu,
        instances=instances,
        peers=None if without_peers else peers,
    )
    try:
        with progress("choosing sites", total=1.0) as tell:
            report = measure_siting(plan, tell=tell)
    except (ValueError, OSError) as error:
        fail(str(error))
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)


def _words(said: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in said.split(",") if word.strip())
