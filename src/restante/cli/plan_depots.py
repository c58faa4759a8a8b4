"""``restante plan depots``: many depots, side by side."""

import functools
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import plan_travel
from .output import RESULT, TALK, fail, print_json, progress
from .plan_travel import TravelOptions, check_format, read_instance

if TYPE_CHECKING:
    from ..planning.depots import CountryPlan
    from ..planning.routing import Problem, Stop
    from ..wiring.executors import Workers


def depots(
    files: Annotated[list[Path], typer.Argument(help="Problems, one for each depot.")],
    written_as: plan_travel.Format = None,
    seconds: Annotated[float, typer.Option(help="Seconds to search, each.", min=0.1)] = 30.0,
    iterations: Annotated[
        int | None,
        typer.Option(help="Search so many turns instead: the same on every machine.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all chance in the search.", min=0)] = 1,
    workers: Annotated[
        int | None, typer.Option(help="Processes; one for each core unless said.", min=1)
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            envvar="RESTANTE_PLAN_CLUSTER",
            help="Plan on a Dask cluster: its scheduler, such as tcp://planner:8786.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write each plan into this folder.")] = None,
    travel: plan_travel.Source = None,
    travel_profile: plan_travel.Profile = "",
    travel_tile: plan_travel.Tile = None,
    travel_cache: plan_travel.Cache = None,
    travel_estimate: plan_travel.Estimate = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan many depots side by side, in processes of this machine or on a cluster.

    A depot that fails is named, and takes no other with it. An interrupt (Ctrl-C) ends the search:
    depots under way keep the best plan they have, those that had not begun are left. With
    --iterations, plans do not depend on who makes them.
    """
    names = _names(files)
    check_format(written_as)
    if out is not None and not out.is_dir():
        fail(f"{out}: there is no such folder; make it first")
    said = TravelOptions(travel, travel_profile, travel_tile, travel_cache, travel_estimate)
    said.wish()
    load = {
        name: functools.partial(_load, file, written_as, said)
        for name, file in zip(names, files, strict=True)
    }
    made = _solve(load, _stop(seconds, iterations), seed, _workers(workers, cluster))
    for name, result in made.results.items():
        if out is not None:
            (out / f"{name}.json").write_bytes(result.to_json())
    told = _figures(made)
    if as_json:
        print_json(told)
    else:
        RESULT.print(_text(made, told), highlight=False, markup=False)
    if made.failures:
        raise typer.Exit(1)


def _names(files: list[Path]) -> list[str]:
    names = [file.stem for file in files]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        fail(f"several files are named {sorted(twice)[0]!r}: depots are named by their files")
    return names


def _load(file: Path, written_as: str | None, said: TravelOptions) -> "Problem":
    return read_instance(file, written_as, said).problem


def _stop(seconds: float, iterations: int | None) -> "Callable[[], Stop]":
    try:
        from ..planning.routing import MaxIterations, MaxSeconds
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    if iterations is not None:
        return functools.partial(MaxIterations, iterations)
    return functools.partial(MaxSeconds, seconds, time.monotonic)


def _workers(count: int | None, address: str | None) -> "AbstractContextManager[Workers]":
    from ..wiring.executors import cluster, processes

    if address is not None and count is not None:
        fail("--workers are processes of this machine, --cluster has its own: give one of them")
    return processes(count) if address is None else cluster(address)


def _solve(
    load: "Mapping[str, Callable[[], Problem]]",
    make_stop: "Callable[[], Stop]",
    seed: int,
    making: "AbstractContextManager[Workers]",
) -> "CountryPlan":
    from ..planning.depots import solve_depots
    from ..wiring.executors import NoCluster

    try:
        with (
            making as workers,
            progress("planning", total=float(len(load))) as tell,
            _cancelling(workers.cancel),
        ):
            return solve_depots(
                load,
                make_stop,
                seed,
                make_executor=workers.make_executor,
                progress=lambda at: tell(float(at.done), at.last.name),
                is_cancelled=workers.is_cancelled,
            )
    except NoCluster as error:
        fail(str(error))


@contextmanager
def _cancelling(cancel: Callable[[], None]) -> Iterator[None]:
    """Let the first interrupt cancel, and the second one end as ever."""

    def interrupted(*_: Any) -> None:
        TALK.print("ending: depots under way keep what they have")
        signal.signal(signal.SIGINT, before)
        cancel()

    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _figures(made: "CountryPlan") -> dict[str, Any]:
    results = made.results.values()
    return {
        "feasible": made.is_feasible,
        "depots": {
            one.name: {
                "feasible": one.result.is_feasible,
                "vehicles": len(one.result.routes),
                "cost": one.result.cost.total,
                "unserved": len(one.result.unserved),
                "iterations": one.result.iterations,
                "engine": one.result.engine,
                "cut_short": one.is_cut_short,
            }
            for one in made.depots
            if one.result is not None
        },
        "failed": made.failures,
        "left": list(made.left),
        "vehicles": sum(len(one.routes) for one in results),
        "cost": made.cost,
        "distance_m": sum(one.distance_m for one in results),
        "co2e_g": sum(one.co2e_g for one in results),
    }


def _text(made: "CountryPlan", told: dict[str, Any]) -> str:
    lines = [
        f"{len(told['depots'])} of {len(made.depots)} depots planned: {told['vehicles']} vehicles,"
        f" cost {told['cost']:.6g}, {told['distance_m'] / 1000:.1f} km,"
        f" {told['co2e_g'] / 1000:.1f} kg CO2e"
    ]
    for name, one in told["depots"].items():
        state = "feasible" if one["feasible"] else "NOT feasible"
        cut = ", cut short" if one["cut_short"] else ""
        lines.append(
            f"  {name}: {state}, {one['vehicles']} vehicles, cost {one['cost']:.6g},"
            f" {one['unserved']} not served{cut}"
        )
    lines += [f"  {name}: FAILED: {says}" for name, says in made.failures.items()]
    lines += [f"  {name}: left, because you ended it" for name in made.left]
    return "\n".join(lines)
