"""``restante bench replan``: how soon the rest of a day is planned again."""

from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress


def bench_replan(
    parcels: Annotated[int, typer.Option(help="Parcels of the city.", min=60, max=5_000)] = 1_000,
    seed: Annotated[int, typer.Option(help="Of the city and the searches.", min=0)] = 1,
    seconds: Annotated[float, typer.Option(help="Given for each answer.", min=0.1)] = 1.2,
    iterations: Annotated[
        int, typer.Option(help="Turns for the plan of the morning.", min=1)
    ] = 60_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure how soon the rest of a day is planned again after something happened.

    A city is planned, then a locker closes or fills, a courier is late, a parcel is redirected, a
    pickup is added, a van breaks down. Told are the times until the model is built, until the first
    plan that can be driven, and until the answer.
    """
    try:
        from ..bench.replan import measure_replan
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    with progress("measuring", total=1.0) as tell:
        report = measure_replan(
            parcels=parcels, seed=seed, seconds=seconds, iterations=iterations, tell=tell
        )
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
