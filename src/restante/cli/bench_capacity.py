"""``restante bench capacity``: our simulation beside others, policies beside the optimum."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress

_Peers = Annotated[
    Path, typer.Option(help="Python with the other simulators; `make bench-capacity` makes it.")
]


def bench_capacity(
    loads: Annotated[
        str, typer.Option(help="Parcels a day for each compartment, such as 0.9,1.15,1.5.")
    ] = "0.9,1.15,1.5",
    seeds: Annotated[int, typer.Option(help="Weeks that policies are tested on.", min=2)] = 20,
    simulators: Annotated[bool, typer.Option(help="Ask the other simulators too.")] = True,
    peers: _Peers = Path(".venv-peers/bin/python"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Play the same parcels with SimPy and Ciw, and the same weeks with every policy.

    Policies learn from seeds that the test does not use. Seconds are of the processor.
    """
    try:
        from ..bench.capacity.run import measure_capacity
    except ModuleNotFoundError as error:
        fail(f"planning needs {error.name}: install restante[planning]")
    try:
        wanted = tuple(float(word) for word in loads.split(",") if word.strip())
    except ValueError:
        fail(f"--loads is {loads!r}; write numbers with commas, as 0.9,1.15")
    with progress("measuring", total=1.0) as tell:
        report = measure_capacity(
            peers=peers, loads=wanted, test_seeds=seeds, with_simulators=simulators, tell=tell
        )
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
