"""``restante bench peak-day``: the busiest hour of a whole network on this machine."""

from typing import Annotated

import typer

from .output import RESULT, fail, print_json, progress


def bench_peak_day(
    lockers: Annotated[int, typer.Option(help="Lockers of the network.", min=10)] = 61_000,
    minutes: Annotated[float, typer.Option(help="How long what counts lasts.", min=0.01)] = 1.0,
    rate: Annotated[
        float | None,
        typer.Option(help="Facts per second; 5,000 for 61,000 lockers if absent.", min=1),
    ] = None,
    warm: Annotated[float, typer.Option(help="Seconds before what counts.", min=0)] = 10.0,
    broker: Annotated[
        bool, typer.Option("--broker", help="Through a private Mosquitto instead of a socket.")
    ] = False,
    find: Annotated[bool, typer.Option("--find", help="Go down until a rate is carried.")] = False,
    verify: Annotated[bool, typer.Option(help="Verify the whole journal at the end.")] = True,
    centres: Annotated[
        int, typer.Option(help="Processes of the centre, on one database.", min=1, max=8)
    ] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Drive the busiest hour of a network against a real centre, and count what was lost.

    A PostgreSQL server, the centre and the load run in processes of their own and are gone
    afterwards. Ends with status 1 when anything acknowledged is not in the journal.
    """
    from ..bench.peak_day.plan import make_rates
    from ..bench.peak_day.run import PeakPlan, measure_peak_day
    from ..wiring.logs import set_up_logs

    # What the network's past says of itself would be taken for the result.
    set_up_logs("error")
    plan = PeakPlan(
        rates=make_rates(lockers, rate),
        seconds=60 * minutes,
        warm_seconds=warm,
        has_broker=broker,
        is_finding=find,
        is_verified=verify,
        centres=centres,
    )
    try:
        with progress("peak day") as tell:
            report = measure_peak_day(plan, tell=tell)
    except FileNotFoundError as error:
        fail(str(error))
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)
    if not report.is_good:
        fail("something that was acknowledged is not in the journal, or the journal is damaged")
