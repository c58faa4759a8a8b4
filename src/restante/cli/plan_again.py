"""``restante plan again``: a new plan for the rest of the day, after something happened."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import RESULT, fail, print_json

if TYPE_CHECKING:
    from ..planning.routing.replan import Replan


def again(
    problem_file: Annotated[Path, typer.Argument(metavar="PROBLEM", help="What was planned.")],
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan in force.")],
    changes_file: Annotated[
        Path, typer.Argument(metavar="CHANGES", help="The time, and what happened (JSON).")
    ],
    seconds: Annotated[
        float, typer.Option(help="Seconds until the answer, on the whole.", min=0.1)
    ] = 1.5,
    iterations: Annotated[
        int | None,
        typer.Option(help="Search so many turns instead: the same on every machine.", min=1),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all chance in the search.", min=0)] = 1,
    change_cost: Annotated[
        float | None,
        typer.Option(help="What a changed stop costs; half of a usual one if not said.", min=0),
    ] = None,
    near: Annotated[
        int, typer.Option(help="Routes that may change though nothing happened on them.", min=0)
    ] = 3,
    out: Annotated[Path | None, typer.Option(help="Write the new plan into this file.")] = None,
    problem_out: Annotated[
        Path | None, typer.Option(help="Write the rest of the day, for the next time.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Plan the rest of the day again, close to the plan in force.

    What was done stays, parcels on board stay on board, few stops change. Where the plan in force
    still holds, it is the answer.
    """
    files = (problem_file, plan_file, changes_file)
    made, took, is_true = _plan_again(files, seconds, iterations, seed, change_cost, near)
    if out is not None:
        out.write_bytes(made.result.to_json())
    if problem_out is not None:
        problem_out.write_bytes(made.problem.to_json())
    if as_json:
        print_json(_told(made, took))
    else:
        RESULT.print(_text(made, took), highlight=False, markup=False)
    if not is_true:
        fail("the plan is not what it says; this is a mistake of the planner, please report it")


def _plan_again(
    files: tuple[Path, Path, Path],
    seconds: float,
    iterations: int | None,
    seed: int,
    change_cost: float | None,
    near: int,
) -> tuple["Replan", float, bool]:
    """Plan again; tell in how many seconds, and whether a checker finds what the plan says."""
    try:
        from ..planning.routing import (
            BadProblem,
            MaxIterations,
            MaxSeconds,
            Problem,
            Result,
            Stop,
            check,
            warm_up,
        )
        from ..planning.routing.changes import Changes
        from ..planning.routing.problem import ChangeCosts
        from ..planning.routing.replan import replan
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    costs = None
    if change_cost is not None:
        costs = ChangeCosts(option=change_cost, vehicle=change_cost, arrival=change_cost)
    problem, plan = read_entry(files[0], Problem), read_entry(files[1], Result)
    changes = read_entry(files[2], Changes)
    warm_up()
    began = time.monotonic()
    stop: Stop = MaxSeconds(seconds, time.monotonic)
    if iterations is not None:
        stop = MaxIterations(iterations)
    try:
        made = replan(problem, plan, changes, stop, seed, change_costs=costs, near_max=near)
    except BadProblem as error:
        fail(f"{files[2]}: {error}")
    took = time.monotonic() - began
    found = check(made.problem, made.result)
    return made, took, found.confirms(made.result)


def read_entry(file: Path, kind: Any) -> Any:
    """Read a file that holds one JSON object of a kind, or end with what is wrong with it."""
    import msgspec

    from ..planning.routing import BadProblem

    try:
        return kind.from_json(file.read_bytes())
    except OSError as error:
        fail(f"{file} cannot be read: {error.strerror}")
    except (BadProblem, msgspec.DecodeError) as error:
        fail(f"{file}: {error}")


def _told(made: "Replan", took: float) -> dict[str, Any]:
    report = made.report
    return {
        "feasible": made.result.is_feasible,
        "holds": report.holds,
        "cost": made.result.cost.total,
        "repaired_cost": report.repaired_cost,
        "changed_stops": report.changed_stops,
        "changed_routes": list(report.changed_routes),
        "moved": list(report.moved),
        "lost": list(report.lost),
        "relaxed": list(report.relaxed),
        "violations": list(made.result.violated),
        "seconds": round(took, 2),
        "iterations": made.result.iterations,
    }


def _text(made: "Replan", took: float) -> str:
    report, result = made.report, made.result
    if report.holds:
        return "the plan in force holds: drive on as planned"
    lines = [
        f"{'feasible' if result.is_feasible else 'NOT feasible'}: cost {result.cost.total:.6g},"
        f" {report.repaired_cost:.6g} by plain insertion; in {took:.2f} s",
        f"{report.changed_stops} stops changed on {len(report.changed_routes)} routes:"
        f" {', '.join(report.changed_routes) or 'none'}",
    ]
    for one in report.moved:
        there = f"{one.to_place} by {one.to_vehicle}" if one.to_place else "nowhere"
        here = f"{one.from_place} by {one.from_vehicle}" if one.from_place else "nowhere"
        lines.append(f"  {one.parcel}: {here} -> {there} ({one.why})")
    lines += [f"  not served: {one.parcel}: {one.says}" for one in report.lost]
    lines += [f"  relaxed: {says}" for says in report.relaxed]
    return "\n".join(lines)
