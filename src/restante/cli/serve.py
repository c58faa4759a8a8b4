"""``restante serve`` and ``restante openapi``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from .output import TALK, leave
from .places import read_settings_of


def serve(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option("--data", help="Data folder.")] = None,
    database: Annotated[
        str | None,
        typer.Option(help="postgresql://user@host/name; without it, a file in the data folder."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    locker: Annotated[
        list[Path] | None,
        typer.Option(help="Locker file; that locker runs in this process. May be repeated."),
    ] = None,
) -> None:
    """Run the centre: pages, API, timers and notices."""
    from ..wiring.logs import set_up_logs
    from ..wiring.service import run_service

    settings = read_settings_of(
        context, data_dir=data, database_url=database, listen_host=host, listen_port=port
    )
    set_up_logs(settings.log_level)
    run_service(settings, locker_files=locker or [], tell=TALK.print)
    leave()


def openapi(
    out: Annotated[Path | None, typer.Option(help="File to write, else standard output.")] = None,
) -> None:
    """Print the API's OpenAPI 3.1 document."""
    from ..api import write_openapi

    if out is None:
        sys.stdout.write(write_openapi())
        return
    out.write_text(write_openapi(), encoding="utf-8")
    TALK.print(f"written: {out}")
