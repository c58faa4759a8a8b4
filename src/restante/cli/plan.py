"""``restante plan``: planners, run on files."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import plan_travel
from .output import RESULT, fail, print_json, progress
from .plan_depots import depots
from .plan_drawing import Drawing, word_of
from .plan_sites import sites
from .plan_travel import TravelOptions, check_format, read_instance

if TYPE_CHECKING:
    from ..planning.routing import Problem, Result, Stop
    from ..planning.routing.check import Found
    from ..planning.routing.formats import Instance

app = typer.Typer(no_args_is_help=True, help="Plan: couriers' routes.")
app.command("depots")(depots)
app.command("sites")(sites)


@app.callback()
def plan() -> None:
    """Plan: couriers' routes."""


@app.command("routes")
def routes(
    file: Annotated[Path, typer.Argument(help="A problem: JSON, or of a public format.")],
    written_as: plan_travel.Format = None,
    seconds: Annotated[float, typer.Option(help="Seconds to search.", min=0.1)] = 30.0,
    iterations: Annotated[
        int | None,
        typer.Option(help="Search so many turns instead: the same on every machine.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all chance in the search.", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write the whole plan into this JSON file.")
    ] = None,
    map_file: Annotated[
        Path | None,
        typer.Option("--map", help="Write a page with map and tables that opens offline."),
    ] = None,
    geojson_file: Annotated[
        Path | None, typer.Option("--geojson", help="Write routes and stops as GeoJSON.")
    ] = None,
    travel: plan_travel.Source = None,
    travel_profile: plan_travel.Profile = "",
    travel_tile: plan_travel.Tile = None,
    travel_cache: plan_travel.Cache = None,
    travel_estimate: plan_travel.Estimate = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan couriers' routes where a parcel may go to one of several places.

    Lockers have compartments that all routes share. What is planned is checked by a program that
    shares no code with the planner. Costs of public formats are in the format's own objective.
    """
    try:
        from ..planning.routing import check, solve, warm_up
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    said = TravelOptions(travel, travel_profile, travel_tile, travel_cache, travel_estimate)
    instance = _read(file, written_as, said)
    problem = instance.problem
    drawing = Drawing(problem, map_file=map_file, geojson_file=geojson_file)
    with progress("planning", total=1.0) as tell:
        warm_up()
        began = time.monotonic()
        result = solve(
            problem,
            _make_stop(seconds, iterations),
            seed,
            progress=lambda at: tell(at.share, word_of(at, time.monotonic() - began)),
        )
        took = time.monotonic() - began
    found = check(problem, result)
    if out is not None:
        out.write_bytes(result.to_json())
    drawing.write(result, title=problem.name or file.stem)
    told = _figures(instance, result, found, took)
    if as_json:
        print_json(told)
    else:
        RESULT.print(_text(problem, result, told), highlight=False, markup=False)
    if not found.confirms(result):
        fail("the plan is not what it says; this is a mistake of the planner, please report it")


def _make_stop(seconds: float, iterations: int | None) -> "Stop":
    from ..planning.routing import MaxIterations, MaxSeconds

    if iterations is not None:
        return MaxIterations(iterations)
    return MaxSeconds(seconds, time.monotonic)


def _figures(instance: "Instance", result: "Result", found: "Found", took: float) -> dict[str, Any]:
    return {
        "feasible": result.is_feasible and found.is_feasible,
        "vehicles": found.vehicles,
        "cost": instance.cost_of(result),
        "unserved": len(result.unserved),
        "seconds": round(took, 2),
        "iterations": result.iterations,
        "seed": result.seed,
        "engine": result.engine,
        "travel": result.travel,
        "bound": result.bound,
        "gap": result.gap,
        "violations": list(found.violations),
    }


def _read(file: Path, written_as: str | None, travel: TravelOptions) -> "Instance":
    check_format(written_as)
    try:
        return read_instance(file, written_as, travel)
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}")


def _text(problem: "Problem", result: "Result", told: dict[str, Any]) -> str:
    lines = [
        f"{'feasible' if told['feasible'] else 'NOT feasible'}: {told['vehicles']} vehicles,"
        f" cost {told['cost']:.6g}, {result.distance_m / 1000:.1f} km,"
        f" {result.co2e_g / 1000:.1f} kg CO2e",
        f"{len(problem.parcels) - told['unserved']} of {len(problem.parcels)} parcels served;"
        f" {told['iterations']} iterations in {told['seconds']} s, seed {told['seed']}",
    ]
    if (travel := result.travel) is not None and (travel.estimated or travel.says):
        share = f"{travel.estimated} of {travel.pairs} travel times are estimated"
        lines.append(f"{share} ({travel.name}{': ' if travel.says else ''}{travel.says})")
    if result.gap is not None:
        lines.append(f"at most {result.gap:.2%} above what any plan costs")
    for route in result.routes:
        served = sum(len(visit.served) for visit in route.visits)
        lines.append(
            f"  {route.vehicle}: {len(route.visits)} stops, {served} parcels,"
            f" {route.distance_m / 1000:.1f} km,"
            f" from {route.leaves_at:.0f} s to {route.returns_at:.0f} s"
        )
    lines += [f"  not served: {one.parcel}: {one.says}" for one in result.unserved]
    lines += [f"  violated: {says}" for says in result.violated]
    return "\n".join(lines)
