"""``restante bench routing``: our routes beside those of other planners, at equal time."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress

_Sets = Annotated[
    str,
    typer.Option(
        help="Of city200, city1000, tilk25, tilk50, dumez50, dumez100, dumez200, dumez400,"
        " cvrp, vrptw, gvrp, vrprdl; all with --instances, the cities without, if absent."
    ),
]
_Solvers = Annotated[
    str,
    typer.Option(
        help="Of ours, kernel, pyvrp-assigned, pyvrp-unshared, ortools, vroom-assigned; all but"
        " kernel if absent."
    ),
]
_Seeds = Annotated[str, typer.Option(help="Seeds of the searches, such as 1,2,3.")]
_Only = Annotated[
    str, typer.Option(help="Names of cases, such as U_50_1,city200_4; all if absent.")
]
_Seconds = Annotated[
    float | None, typer.Option(help="For each search; those of its set if absent.", min=0.5)
]
_ByCpu = Annotated[
    bool,
    typer.Option("--cpu", help="Count seconds of the processor: for a machine with other work."),
]
_Instances = Annotated[
    Path | None,
    typer.Option(
        envvar="RESTANTE_ROUTING_INSTANCES",
        help="Folder of published instances and tables of best known values.",
    ),
]
_Out = Annotated[
    Path | None,
    typer.Option(help="Folder to append runs to, and for plans better than the best known."),
]
_Peers = Annotated[
    Path, typer.Option(help="Python with the other planners; `make bench-routing` makes it.")
]
_Core = Annotated[int | None, typer.Option(help="The core all run on, in turns.", min=0)]
_Summary = Annotated[
    bool, typer.Option("--summary", help="Run nothing: tell of all runs in --out.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def bench_routing(
    sets: _Sets = "",
    solvers: _Solvers = "",
    seeds: _Seeds = "1",
    only: _Only = "",
    seconds: _Seconds = None,
    by_cpu: _ByCpu = False,
    instances: _Instances = None,
    out: _Out = None,
    peers: _Peers = Path(".venv-peers/bin/python"),
    core: _Core = None,
    summary: _Summary = False,
    as_json: _Json = False,
) -> None:
    """Plan generated cities and published instances with our search and with others.

    Each search has the same time, in turns, in a process of its own on one core. Each plan is
    judged by one checker that shares no code with our search.
    """
    try:
        from ..bench.routing.cases import GROUPS
        from ..bench.routing.run import Plan, measure_routing, read_runs
        from ..bench.routing.solvers import USUAL
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    if summary and out is None:
        fail("--summary tells of runs in a folder: say which with --out")
    try:
        usual = [name for name, group in GROUPS.items() if group.parcels or instances is not None]
        plan = Plan(
            groups=_words(sets) or tuple(usual),
            solvers=_words(solvers) or USUAL,
            seeds=tuple(_seed(word) for word in _words(seeds)),
            only=_words(only),
            seconds=seconds,
            by_cpu=by_cpu,
            instances=instances,
            out=out,
            peers=peers,
            core=core,
        )
        if summary and out is not None:
            report = read_runs(out)
        else:
            with progress("planning", total=1.0) as tell:
                report = measure_routing(plan, tell=tell)
    except (ValueError, FileNotFoundError) as error:
        fail(str(error))
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)


def _words(said: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in said.split(",") if word.strip())


def _seed(word: str) -> int:
    if not word.isdigit():
        raise ValueError(f"{word!r} is no seed; write seeds as 1,2,3")
    return int(word)
