"""``restante plan sites``: where lockers shall stand."""

import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..planning.siting import Problem, Progress, Result, Stop


class Format(StrEnum):
    """What a file of sites is written as."""

    JSON = "json"
    PMED = "pmed"
    ORLIB_CAP = "orlib-cap"


def sites(
    file: Annotated[Path, typer.Argument(help="A problem: JSON, or of another format.")],
    written_as: Annotated[
        Format, typer.Option("--format", help="What the file is written as.")
    ] = Format.JSON,
    capacity: Annotated[
        float | None,
        typer.Option(help="What the word 'capacity' in an orlib-cap file stands for.", min=0),
    ] = None,
    sites_count: Annotated[
        int | None, typer.Option("--sites", help="Open exactly so many sites.", min=1)
    ] = None,
    seconds: Annotated[float, typer.Option(help="Seconds to search at most.", min=0.1)] = 30.0,
    iterations: Annotated[
        int | None,
        typer.Option(help="Make so many turns instead: the same on every machine.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all chance in the search.", min=0)] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write the whole answer into this JSON file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Choose where lockers shall stand, and prove how good that is.

    The answer says how far it can be from the best one: no choice of sites costs less than the
    bound, or covers more. It is judged again by a program that shares no code with the search.
    """
    try:
        from ..planning.siting import BadProblem, solve, warm_up
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    problem = _read(file, written_as, capacity, sites_count)
    with progress("choosing sites", total=1.0) as tell:
        warm_up()
        began = time.monotonic()
        try:
            result = solve(
                problem,
                _make_stop(seconds, iterations),
                seed,
                progress=lambda at: tell(at.share, word_of(at)),
            )
        except BadProblem as error:
            fail(f"{file}: {error}")
        took = time.monotonic() - began
    if out is not None:
        out.write_bytes(result.to_json())
    told = _figures(problem, result, took)
    if as_json:
        print_json(told)
    else:
        RESULT.print(_text(problem, result, told), highlight=False, markup=False)


def word_of(at: "Progress") -> str:
    """Say in a few words how far a search is."""
    apart = abs(at.cost - at.bound) / max(abs(at.cost), 1e-300)
    return f"{at.cost:.6g}, within {apart:.2%}, {at.kicks:,} kicks"


def _read(file: Path, written_as: Format, capacity: float | None, count: int | None) -> "Problem":
    import msgspec

    from ..planning.siting import Problem
    from ..planning.siting.formats import read_capacitated, read_pmed

    try:
        text = file.read_text(encoding="utf-8")
        if capacity is not None and written_as is not Format.ORLIB_CAP:
            fail("--capacity is for --format orlib-cap: leave it away")
        match written_as:
            case Format.PMED:
                problem = read_pmed(text, file.stem)
            case Format.ORLIB_CAP:
                problem = read_capacitated(text, file.stem, capacity)
            case _:
                problem = Problem.from_json(text)
        if count is not None:
            problem = msgspec.structs.replace(problem, sites_min=count, sites_max=count)
    except (ValueError, OSError) as error:
        fail(f"{file}: {error}")
    return problem


def _make_stop(seconds: float, iterations: int | None) -> "Stop":
    from ..planning.siting import MaxIterations, MaxSeconds

    if iterations is not None:
        return MaxIterations(iterations)
    return MaxSeconds(seconds, time.monotonic)


def _figures(problem: "Problem", result: "Result", took: float) -> dict[str, Any]:
    everybody = result.service[0] if result.service else None
    return {
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
        "service": everybody,
        "kicks": result.kicks,
        "steps": result.steps,
        "seed": result.seed,
    }


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
