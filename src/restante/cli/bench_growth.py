"""``restante bench growth``: whether anything gets dearer as a network grows."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import RESULT, fail, print_json, progress

if TYPE_CHECKING:
    from ..bench.growth.run import Plan

_TIMES = {"k": 1_000, "M": 1_000_000}


def bench_growth(
    steps: Annotated[
        str | None,
        typer.Option(help="Sizes as lockers:rows, such as 1k:1M,10k:5M,100k:20M."),
    ] = None,
    lockers: Annotated[
        str | None, typer.Option(help="Sizes by lockers alone, such as 1k,10k; see --rows.")
    ] = None,
    rows: Annotated[
        str | None,
        typer.Option(help="Journal rows of each size of --lockers; one for all, or one for each."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="The campaign: up to 100k lockers and 20M rows.")
    ] = False,
    sqlite_dir: Annotated[
        Path | None,
        typer.Option("--sqlite", help="Measure SQLite files in this folder instead."),
    ] = None,
    chart: Annotated[
        Path | None, typer.Option(help="Draw a chart into this PNG file; needs restante[bench].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure what operations, memory and starts cost as a network grows, and fit a slope.

    Networks of several sizes with a year behind them are laid out on a PostgreSQL server that is
    started from the installed programs and gone afterwards. They are measured in turns.
    """
    from ..bench.growth.chart import NoPainter
    from ..bench.growth.run import count_parts, measure_growth
    from ..wiring.logs import set_up_logs

    try:
        plan = _plan(steps, lockers, rows, is_full=full)
    except ValueError as error:
        fail(str(error))
    set_up_logs("error")
    try:
        with progress("measuring", total=count_parts(plan)) as tell:
            report = measure_growth(plan, sqlite_dir=sqlite_dir, chart=chart, tell=tell)
    except NoPainter as error:
        fail(str(error))
    if as_json:
        print_json(report.as_object())
    else:
        RESULT.print(report.text(), highlight=False, markup=False)


def _plan(steps: str | None, lockers: str | None, rows: str | None, *, is_full: bool) -> "Plan":
    from ..bench.growth.run import FULL, QUICK, Step

    plan = FULL if is_full else QUICK
    if steps is not None and (lockers is not None or rows is not None):
        raise ValueError("give either --steps or --lockers with --rows")
    if steps is not None:
        pairs = [one.partition(":") for one in steps.split(",")]
        sizes = [(read_number(first), read_number(second)) for first, _, second in pairs]
    elif lockers is not None or rows is not None:
        sizes = _pair(_numbers(lockers), _numbers(rows), plan)
    else:
        return plan
    if any(count < 1 for count, _ in sizes):
        raise ValueError("a size has at least one locker")
    return plan._replace(steps=tuple(Step(*size) for size in sizes))


def _pair(lockers: Sequence[int], rows: Sequence[int], plan: "Plan") -> list[tuple[int, int]]:
    counts = lockers or [step.lockers for step in plan.steps]
    facts = rows or [step.rows for step in plan.steps]
    if len(facts) == 1:
        facts = [facts[0]] * len(counts)
    if len(counts) == 1:
        counts = [counts[0]] * len(facts)
    if len(counts) != len(facts):
        raise ValueError(f"{len(counts)} sizes by lockers and {len(facts)} by rows: give as many")
    return list(zip(counts, facts, strict=True))


def _numbers(said: str | None) -> list[int]:
    return [] if said is None else [read_number(one) for one in said.split(",")]


def read_number(said: str) -> int:
    """Read a number as people write it: ``250``, ``10k``, ``1.5M``.

    Raises
    ------
    ValueError
        When it is none.
    """
    times = _TIMES.get(said[-1:], 1)
    digits = said[:-1] if said[-1:] in _TIMES else said
    try:
        return round(float(digits) * times)
    except (ValueError, OverflowError):
        raise ValueError(f"{said!r} is no number; write it as 250, 10k or 1.5M") from None
