"""``restante bench webhooks``: messages a second, and how long one takes."""

from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, print_json, progress


def bench_webhooks(
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Folder on the disk to measure; temporary if absent."),
    ] = None,
    messages: Annotated[
        int, typer.Option(help="Messages of the backlog.", min=20, max=1_000_000)
    ] = 5_000,
    rate: Annotated[
        int, typer.Option(help="Facts a second while latency is measured.", min=1, max=5_000)
    ] = 200,
    seconds: Annotated[
        float, typer.Option(help="How long latency is measured, twice.", min=0.5)
    ] = 10.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure webhooks to twenty receivers on this machine, also beside one that hangs.

    A real centre with its journal synced, and receivers in a process of their own. Told are the
    rate at which a backlog drains, and the time from a fact's commit to its message's arrival.
    """
    from ..bench.webhooks import measure_webhooks

    with progress("measuring", total=5) as tell:
        report = measure_webhooks(
            directory, messages=messages, rate=rate, seconds=seconds, tell=tell
        )
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
