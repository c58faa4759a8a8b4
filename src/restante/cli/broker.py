"""``restante broker``: everything a private Mosquitto needs, in one folder."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from .output import RESULT, fail


def broker(
    folder: Annotated[Path, typer.Argument(help="Folder to write into; kept, never replaced.")],
    host: Annotated[str, typer.Option(help="Name or address under which lockers reach it.")],
    network: Annotated[
        str, typer.Option(help="The settings' network_id: whose lockers these are.")
    ] = "restante",
    locker: Annotated[
        list[str] | None, typer.Option(help="A locker's name. May be repeated.")
    ] = None,
    centre: Annotated[
        list[str] | None,
        typer.Option(help="A name for each process of the centre; `centre` when not given."),
    ] = None,
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8883,
) -> None:
    """Write certificates, configuration and rules for a private Mosquitto.

    Run it again with more lockers to add them; what exists stays as it is.
    """
    from ..link.topics import BadName
    from ..wiring.broker import BrokerPlan, write_broker_files

    plan = BrokerPlan(
        network=network,
        host=host,
        lockers=locker or (),
        centres=centre or ("centre",),
        port=port,
    )
    try:
        made = write_broker_files(folder, plan, now=datetime.datetime.now(datetime.UTC))
    except BadName as error:
        fail(str(error))
    for path in made:
        RESULT.print(f"made: {path} and {path.with_suffix('.key')}")
    RESULT.print(f"start it with: mosquitto -c {folder / 'mosquitto.conf'}")
