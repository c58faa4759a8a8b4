"""``restante backup`` and ``restante restore``: copies of a centre, and how to put them back."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import RESULT, fail, print_json
from .places import read_settings_of

if TYPE_CHECKING:
    from ..access import Secret

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder; the settings' when not given.")
]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://user@host/name instead of a folder.")
]
Passphrase = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="File with the passphrase the keys are sealed under."),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def backup(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder to make; must not be there.")],
    data: Data = None,
    database: Database = None,
    passphrase_file: Passphrase = None,
    as_json: Json = False,
) -> None:
    """Copy records, keys and mailbox into a new folder, while the centre runs or not.

    With a passphrase the keys are sealed; without one, whoever has the copy can read everything.
    """
    from ..access.passphrase import WeakPassphrase
    from ..clock import SystemClock
    from ..journal.copying import CopyFailed
    from ..wiring.backup import make_backup

    settings = read_settings_of(context, data_dir=data, database_url=database)
    try:
        made = make_backup(
            settings, folder, clock=SystemClock(), passphrase=_read_passphrase(passphrase_file)
        )
    except (CopyFailed, WeakPassphrase) as error:
        fail(str(error))
    if as_json:
        print_json({"backup": str(folder), "position": made.position, "keys": made.keys})
        return
    RESULT.print(f"{folder}: everything up to position {made.position:,}, keys {made.keys}")


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder that `restante backup` made.")],
    data: Data = None,
    database: Database = None,
    passphrase_file: Passphrase = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Move aside what is there; nothing is deleted.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Put a copy back and check it from its first fact to its last. Stop the centre first.

    Lockers get every list anew, and send again what the copy lacks.
    """
    from ..clock import SystemClock
    from ..journal.copying import CopyFailed
    from ..wiring.backup import put_back

    settings = read_settings_of(context, data_dir=data, database_url=database)
    try:
        done = put_back(
            settings,
            folder,
            clock=SystemClock(),
            passphrase=_read_passphrase(passphrase_file),
            is_replacing=replace,
        )
    except CopyFailed as error:
        fail(str(error))
    if as_json:
        print_json(done)
        return
    RESULT.print(f"{done.facts:,} facts are back and sound, up to position {done.position:,}")
    for moved in done.moved_aside:
        RESULT.print(f"moved aside: {moved}")
    RESULT.print(f"The journal goes on from position {done.goes_on_from:,}. Start the centre.")


def _read_passphrase(path: Path | None) -> "Secret[str] | None":
    from ..access import Secret
    from ..settings import read_secret

    return None if path is None else Secret(read_secret(path))
