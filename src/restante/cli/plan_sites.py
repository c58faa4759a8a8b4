"""``restante plan sites``: where lockers shall stand."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import RESULT, fail, print_json, progress
from .plan_sites_drawing import check_drawing, draw_frontier, draw_map, draw_walks
from .plan_sites_input import Format, Objective, Wishes, read_problem

if TYPE_CHECKING:
    from ..planning.siting import Problem, Progress, Result, Stop
    from ..planning.siting.frontier import Point

_File = Annotated[Path, typer.Argument(help="A problem, or a table of demand cells.")]
_WrittenAs = Annotated[
    Format | None, typer.Option("--format", help="What it is written as; by its ending if absent.")
]
_Candidates = Annotated[
    Path | None, typer.Option(help="Candidates, CSV or GeoJSON; without them every cell is one.")
]
_Capacity = Annotated[
    float | None,
    typer.Option(help="What the word 'capacity' in an orlib-cap file stands for.", min=0),
]
_Sites = Annotated[int | None, typer.Option("--sites", help="Open exactly so many sites.", min=1)]
_Frontier = Annotated[
    str, typer.Option(help="Answer for many numbers of sites: from:to or from:to:step.")
]
_Objective = Annotated[Objective | None, typer.Option(help="What is sought; a median if absent.")]
_Radius = Annotated[
    float, typer.Option("--radius", help="Metres: covered within, half within, or decay.", min=1)
]
_Threshold = Annotated[
    float, typer.Option(help="Of choice: sites less attractive do not count.", min=0, max=1)
]
_DemandMin = Annotated[float, typer.Option(help="An open site serves at least this.", min=0)]
_Accessible = Annotated[
    float, typer.Option(help="Share of open sites without steps, at least.", min=0, max=1)
]
_Closures = Annotated[int | None, typer.Option(help="Close at most so many existing sites.", min=0)]
_Move = Annotated[
    float | None, typer.Option("--move", help="Existing sites may move so many metres.", min=0)
]
_Detour = Annotated[float, typer.Option(help="Way over straight line.", min=1)]
_Seconds = Annotated[float, typer.Option(help="Seconds to search at most.", min=0.1)]
_Iterations = Annotated[
    int | None, typer.Option(help="Make so many turns instead: the same on every machine.", min=1)
]
_Seed = Annotated[int, typer.Option(help="Of all chance in the search.", min=0)]
_Out = Annotated[Path | None, typer.Option(help="Write the whole answer into this JSON file.")]
_Map = Annotated[
    Path | None, typer.Option("--map", help="Write a page with a map that opens offline.")
]
_Chart = Annotated[
    Path | None, typer.Option("--chart", help="Write a PNG: walks, or the frontier.")
]
_Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def sites(
    file: _File,
    written_as: _WrittenAs = None,
    candidates: _Candidates = None,
    capacity: _Capacity = None,
    sites_count: _Sites = None,
    frontier: _Frontier = "",
    objective: _Objective = None,
    radius_m: _Radius = 400.0,
    threshold: _Threshold = 0.0,
    demand_min: _DemandMin = 0.0,
    accessible_share: _Accessible = 0.0,
    closures: _Closures = None,
    move_m: _Move = None,
    detour: _Detour = 1.3,
    seconds: _Seconds = 30.0,
    iterations: _Iterations = None,
    seed: _Seed = 1,
    out: _Out = None,
    map_file: _Map = None,
    chart_file: _Chart = None,
    as_json: _Json = False,
) -> None:
    """Choose where lockers shall stand, and prove how good that is.

    The answer says how far it can be from the best one: no choice of sites costs less than the
    bound, or covers more. It is judged again by a program that shares no code with the search.
    """
    try:
        from ..planning.siting import warm_up
        from ..planning.siting.check import check
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    counts = _counts(frontier)
    wishes = Wishes(
        candidates, capacity, counts[-1] if counts else sites_count, objective, radius_m,
        threshold, demand_min, accessible_share, closures, move_m, detour,
    )  # fmt: skip
    problem = read_problem(file, written_as, wishes)
    check_drawing(problem, map_file, chart_file)

    def make_stop() -> "Stop":
        return _make_stop(seconds, iterations)

    with progress("choosing sites", total=1.0) as tell:
        warm_up()
        began = time.monotonic()
        points, result = _solve(file, problem, counts, make_stop, seed, tell)
        took = time.monotonic() - began
    found = check(_with_sites(problem, counts[-1]) if counts else problem, result)
    _draw(problem, result, points, map_file=map_file, chart_file=chart_file)
    if out is not None:
        out.write_bytes(result.to_json())
    told = _figures(problem, result, took, points)
    if as_json:
        print_json(told)
    else:
        RESULT.print(_text(problem, result, told), highlight=False, markup=False)
    if not found.confirms(result):
        fail("the answer is not what it says; this is a mistake of the planner, please report it")


def _draw(
    problem: "Problem",
    result: "Result",
    points: "tuple[Point, ...]",
    *,
    map_file: Path | None,
    chart_file: Path | None,
) -> None:
    if map_file is not None:
        draw_map(problem, result, map_file, problem.name or map_file.stem)
    if chart_file is not None and points:
        draw_frontier(points, chart_file)
    elif chart_file is not None:
        draw_walks(problem, result, chart_file)


def _solve(
    file: Path,
    problem: "Problem",
    counts: list[int],
    make_stop: "Callable[[], Stop]",
    seed: int,
    tell: Callable[[float, str], None],
) -> "tuple[tuple[Point, ...], Result]":
    from ..planning.siting import BadProblem, solve
    from ..planning.siting.frontier import solve_frontier

    try:
        if not counts:
            return (), solve(
                problem, make_stop(), seed, progress=lambda at: tell(at.share, word_of(at))
            )
        points = solve_frontier(
            problem,
            counts,
            make_stop,
            seed,
            progress=lambda at: tell(
                (counts.index(at.sites) + 1) / len(counts), f"{at.sites} sites"
            ),
        )
        return points, points[-1].result
    except BadProblem as error:
        fail(f"{file}: {error}")


def _with_sites(problem: "Problem", count: int) -> "Problem":
    import msgspec

    return msgspec.structs.replace(problem, sites_min=count, sites_max=count)


def _counts(said: str) -> list[int]:
    """Read from:to or from:to:step."""
    if not said:
        return []
    words = said.split(":")
    if len(words) not in (2, 3) or not all(word.isdigit() and int(word) > 0 for word in words):
        fail(f"--frontier {said!r}: write it as 10:50 or 10:50:5")
    first, last, step = (int(word) for word in (*words, "1")[:3])
    if last < first:
        fail(f"--frontier {said!r}: from the fewer sites to the more")
    return list(range(first, last + 1, step))


def word_of(at: "Progress") -> str:
    """Say in a few words how far a search is."""
    apart = abs(at.cost - at.bound) / max(abs(at.cost), 1e-300)
    return f"{at.cost:.6g}, within {apart:.2%}, {at.kicks:,} kicks"


def _make_stop(seconds: float, iterations: int | None) -> "Stop":
    from ..planning.siting import MaxIterations, MaxSeconds

    if iterations is not None:
        return MaxIterations(iterations)
    return MaxSeconds(seconds, time.monotonic)


def _figures(
    problem: "Problem", result: "Result", took: float, points: "tuple[Point, ...]"
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "cost": result.cost,
        "bound": result.bound,
        "gap": result.gap,
        "status": result.status,
        "seconds": round(took, 3),
        "sites": [site.id for site in result.sites],
        "closed": list(result.closed),
        "is_maximized": result.is_maximized,
        "says": result.says,
        "cells": len(problem.cells),
        "candidates": len(problem.candidates),
        "service": list(result.service),
        "kicks": result.kicks,
        "steps": result.steps,
        "seed": result.seed,
    }
    if points:
        told["frontier"] = [
            {
                "sites": point.sites,
                "cost": point.result.cost,
                "bound": point.result.bound,
                "gap": point.result.gap,
                "status": point.result.status,
                "service": point.result.service[0] if point.result.service else None,
            }
            for point in points
        ]
    return told


def _text(problem: "Problem", result: "Result", told: dict[str, Any]) -> str:
    if result.cost is None:
        return f"{result.status}: {result.says}"
    proven = "proven optimal" if told["status"] == "optimal" else f"within {result.gap or 0:.3%}"
    what = "covers" if result.is_maximized else "costs"
    bound = "" if result.bound is None else f" (bound {result.bound:.8g})"
    lines = [
        f"{len(result.sites)} of {len(problem.candidates)} candidates: {what} {result.cost:.8g},"
        f" {proven}{bound}",
        f"{result.kicks} kicks in {told['seconds']} s, seed {result.seed}",
    ]
    if result.says:
        lines.insert(0, f"{result.status}: {result.says}")
    for point in told.get("frontier", ()):
        mean = point["service"].meters_mean if point["service"] else None
        walk = "" if mean is None else f", mean walk {mean:.0f} m"
        lines.append(f"  {point['sites']} sites: {point['cost']:.8g}, {point['status']}{walk}")
    lines += [
        f"  {one.area or 'all'}: mean walk {one.meters_mean:.0f} m,"
        f" 9 of 10 within {one.meters_p90:.0f} m,"
        f" {one.beyond_500_m:.1%} beyond 500 m, {one.beyond_1000_m:.1%} beyond 1 km"
        for one in result.service
        if one.meters_mean is not None
    ]
    lines.append("  open: " + ", ".join(site.id for site in result.sites))
    if result.closed:
        lines.append("  closed: " + ", ".join(result.closed))
    return "\n".join(lines)
