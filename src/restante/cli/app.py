"""The command tree, and what happens to errors."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from .. import __version__
from . import bench, board, journal, locker, measures, plan
from .backup import backup, restore
from .bench_capacity import bench_capacity
from .bench_forecast import bench_forecast
from .bench_growth import bench_growth
from .bench_measures import bench_measures
from .bench_peak_day import bench_peak_day
from .bench_replan import bench_replan
from .bench_routing import bench_routing
from .bench_siting import bench_siting
from .bench_webhooks import bench_webhooks
from .broker import broker
from .demo import demo
from .doctor import doctor
from .forecast import forecast
from .output import TALK
from .plan_admission import admission
from .plan_again import again
from .plan_data import data
from .plan_evening import loading, overflow
from .plan_sizes import sizes
from .serve import openapi, serve
from .setup import import_manifest, init
from .whatif import whatif

app = typer.Typer(
    name="restante",
    help="The open operating system for networks of parcel lockers and pickup points.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("demo")(demo)
app.command("serve")(serve)
app.command("broker")(broker)
app.command("init")(init)
app.command("import")(import_manifest)
app.command("openapi")(openapi)
app.command("doctor")(doctor)
app.command("whatif")(whatif)
app.command("forecast")(forecast)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("board-emulator")(board.board_emulator)
bench.app.command("webhooks")(bench_webhooks)
bench.app.command("peak-day")(bench_peak_day)
bench.app.command("growth")(bench_growth)
bench.app.command("replan")(bench_replan)
bench.app.command("routing")(bench_routing)
bench.app.command("siting")(bench_siting)
bench.app.command("forecast")(bench_forecast)
bench.app.command("capacity")(bench_capacity)
bench.app.command("measures")(bench_measures)
app.add_typer(bench.app, name="bench")
app.add_typer(board.app, name="board")
app.add_typer(journal.app, name="journal")
app.add_typer(locker.app, name="locker")
app.add_typer(measures.app, name="measures")
plan.app.command("again")(again)
plan.app.command("overflow")(overflow)
plan.app.command("loading")(loading)
plan.app.command("data")(data)
plan.app.command("sizes")(sizes)
plan.app.command("admission")(admission)
app.add_typer(plan.app, name="plan")


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"restante {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings, a TOML file; see `restante init`.",
            envvar="RESTANTE_CONFIG",
            show_default=False,
        ),
    ] = None,
    debug: Annotated[bool, typer.Option(help="Show tracebacks.")] = False,
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True),
    ] = False,
) -> None:
    context.obj = {"config": config, "debug": debug}


def main(arguments: list[str] | None = None) -> Any:
    """Run a command; the entry point of ``restante``."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        app(given, prog_name="restante")
    except Exception as error:
        if "--debug" in given:
            raise
        TALK.print(f"[red]error:[/] {escape(_explain(error))}")
        raise SystemExit(1) from error


def _explain(error: Exception) -> str:
    """Say what went wrong and, for what we did not expect, how to see more."""
    from ..access import UnsafeKeystore
    from ..journal.migrations import TooNew
    from ..journal.port import Busy, Damaged, Full
    from ..settings import BadSetting
    from ..wiring.running import Occupied

    if isinstance(error, BadSetting | UnsafeKeystore | Busy | Damaged | Full | TooNew | Occupied):
        return str(error)
    if isinstance(error, OSError):
        what = f"{error.filename}: " if error.filename else ""
        return f"{what}{error.strerror or error}"
    return f"{type(error).__name__}: {error}; run again with --debug to see where"
