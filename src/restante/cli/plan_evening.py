"""``restante plan overflow`` and ``loading``: what a depot decides the evening before."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import RESULT, TALK, fail, print_json
from .plan_again import read_entry

if TYPE_CHECKING:
    from ..planning.routing.overflow_plan import Overflow


def overflow(
    file: Annotated[Path, typer.Argument(help="Places and parcels of tomorrow (JSON).")],
    risk: Annotated[
        float | None,
        typer.Option(help="Chance of too little room at a place, instead of the file's."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the decision into this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Decide tonight which parcel goes where tomorrow, where places will be full.

    Only places that the recipient agreed to; who was moved before is moved last.
    """
    try:
        import msgspec

        from ..planning.routing.overflow import Evening
        from ..planning.routing.overflow_plan import settle
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    if risk is not None and not 0 < risk < 1:
        fail(f"a risk of {risk:g} is no chance: give more than 0 and less than 1")
    evening = read_entry(file, Evening)
    if risk is not None:
        evening = msgspec.structs.replace(evening, risk_max=risk)
    decided = settle(evening)
    if out is not None:
        out.write_bytes(decided.to_json())
    if as_json:
        print_json(decided)
    else:
        RESULT.print(_text(decided), highlight=False, markup=False)


def loading(
    problem_file: Annotated[Path, typer.Argument(metavar="PROBLEM", help="What was planned.")],
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="Its plan.")],
    layout_file: Annotated[
        Path | None, typer.Option("--layout", help="How vans and lockers are divided (JSON).")
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the list there, and not to the screen.")
    ] = None,
) -> None:
    """List parcels in the order in which vans are loaded: what is served last goes in first."""
    try:
        from ..planning.routing import BadProblem, Problem, Result
        from ..planning.routing.loading import Layout, make_loading, to_csv
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    problem, plan = read_entry(problem_file, Problem), read_entry(plan_file, Result)
    layout = read_entry(layout_file, Layout) if layout_file is not None else None
    try:
        made = make_loading(problem, plan, layout)
    except BadProblem as error:
        fail(str(error))
    for says in made.says:
        TALK.print(says, markup=False)
    if csv_file is not None:
        csv_file.write_text(to_csv(made), encoding="utf-8")
    else:
        typer.echo(to_csv(made), nl=False)


def _text(decided: "Overflow") -> str:
    lines = [
        f"{'feasible' if decided.is_feasible else 'NOT feasible'}: {len(decided.sent)} parcels go"
        f" elsewhere, {decided.away_m / 1000:.1f} km farther in all, cost {decided.cost:.6g};"
        f" {len(decided.kept_back)} are kept back"
    ]
    for one in decided.sent:
        lines.append(
            f"  {one.parcel}: {one.from_place} -> {one.to_place}, {one.away_m:.0f} m farther,"
            f" cost {one.cost:.6g}: {one.says}"
        )
        for other in one.instead_of:
            dearer = f" by {other.dearer_by:.6g}" if other.dearer_by else ""
            lines.append(f"      not {other.parcel}: {other.why.replace('_', ' ')}{dearer}")
    lines += [f"  kept back: {one.parcel}: {one.says}" for one in decided.kept_back]
    lines += [f"  violated: {says}" for says in decided.violated]
    lines += [
        f"  {one.place}: {one.sent} of {one.booked} booked go there, risk {one.risk:.1%}"
        + (f", one more compartment saves {one.price:.6g}" if one.price else "")
        for one in decided.places
    ]
    return "\n".join(lines)
