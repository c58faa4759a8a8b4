"""``restante locker``: run a locker, make a machine one, and look after it from the centre.

``restante locker FILE`` runs; the other verbs have names of their own.
"""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from .output import RESULT, TALK, fail
from .places import read_settings_of

RUN = "run"


class _RunByDefault(TyperGroup):
    """Reads ``restante locker FILE`` as ``restante locker run FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = [RUN, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Run a locker (`restante locker FILE`), make a machine one, or look after it.",
)


@app.command(RUN)
def run(
    file: Annotated[Path, typer.Argument(help="Locker file; --new writes one.")],
    new: Annotated[bool, typer.Option("--new", help="Write an example file and end.")] = False,
    host: Annotated[str, typer.Option(help="Address of the kiosk's pages.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port of the kiosk's pages.")] = 8090,
) -> None:
    """Run one locker's controller with its kiosk; `restante locker FILE` does the same.

    An enrolled one, or one with a section [mqtt] in its file, talks to the centre. Without a
    connection it opens for the codes it knows and keeps its facts until there is one.
    """
    from ..wiring.locker import EXAMPLE, run_locker
    from ..wiring.logs import set_up_logs

    if new:
        if file.exists():
            fail(f"{file} exists; nothing is overwritten")
        file.write_text(EXAMPLE, encoding="utf-8")
        RESULT.print(f"written: {file}; look through it, then run `restante locker {file}`")
        return
    set_up_logs("info")
    run_locker(file, host=host, port=port, tell=TALK.print)


@app.command()
def enrol(
    code: Annotated[str, typer.Argument(help="Claim code, as the operator gave it.")],
    centre: Annotated[str, typer.Option(help="The centre: https://parcels.example.org")],
    ca: Annotated[
        Path | None,
        typer.Option(help="PEM file, when the centre's certificate is of an authority of its own."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write into.")] = Path(),
) -> None:
    """Make this machine the locker that a claim code is for.

    Draws the machine's key where there is none, and writes all that `restante locker` needs. A
    try that was broken off can be repeated with the same code.
    """
    from ..wiring.enrol import NotEnrolled, enrol_machine

    try:
        file, handed = enrol_machine(code, centre=centre, folder=out, ca_file=ca)
    except NotEnrolled as error:
        fail(str(error))
    RESULT.print(f"This machine is {handed.place.locker} of site {handed.place.site}.")
    RESULT.print(f"\nNext:  restante locker {file}")


@app.command()
def register(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Locker file: its site, name and compartments.")],
) -> None:
    """Make a locker and its site known at the centre; run it there."""
    from ..wiring.locker import read_locker_file
    from ..wiring.service import register_file

    described = read_locker_file(file)
    with _centre(context) as centre:
        register_file(centre, described)
    RESULT.print(f"{described.locker} of site {described.site} is registered.")
    RESULT.print(f"\nNext:  restante locker claim {described.locker}")


@app.command()
def claim(
    context: typer.Context,
    locker: Annotated[str, typer.Argument(help="Id of a registered locker.")],
) -> None:
    """Make the one-time code with which a machine becomes a locker; run it at the centre."""
    from ..core.ids import LockerId
    from ..views.principal import Principal

    with _centre(context) as centre:
        made = centre.run(
            centre.enrolment.make_claim(Principal.of_operator("cli"), locker=LockerId(locker))
        )
        url = centre.settings.public_url
    RESULT.print(f"Claim code of {locker}:  [bold]{made.code.reveal()}[/]")
    RESULT.print(f"\nAt the locker:  restante locker enrol {made.code.reveal()} --centre {url}")
    TALK.print("It works once and is shown only now; a newer one voids it.")


@app.command()
def revoke(
    context: typer.Context,
    locker: Annotated[str, typer.Argument(help="Id of a locker.")],
    why: Annotated[str, typer.Option(help="For the record: stolen, replaced, ...")],
) -> None:
    """Let no machine be this locker any more; run it at the centre."""
    from ..core.ids import LockerId
    from ..operations.enrolment import revoke_locker
    from ..views.principal import Principal
    from ..wiring.revocations import publish_revocations

    with _centre(context) as centre:
        operator = Principal.of_operator("cli")
        centre.run(revoke_locker(operator, locker=LockerId(locker), why=why))
        published = publish_revocations(centre)
    RESULT.print(f"{locker} is revoked: the centre does not listen to it any more.")
    if published is not None:
        RESULT.print("The broker's files are written; let it read them: kill -HUP, or its reload.")


@app.command()
def configure(
    context: typer.Context,
    locker: Annotated[str, typer.Argument(help="Id of a registered locker.")],
    ring: Annotated[str | None, typer.Option(help="Update ring: canary, early or broad.")] = None,
    language: Annotated[
        list[str] | None,
        typer.Option(help="A language of its screen; the first is shown first. May be repeated."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Send a new version although nothing differs.")
    ] = False,
) -> None:
    """Say what a locker shall be; run it at the centre."""
    from msgspec import UNSET

    from ..core.ids import LockerId
    from ..operations.configuration import ConfigurationChange, configure_locker
    from ..operations.directory import BadEntry
    from ..views.principal import Principal

    change = ConfigurationChange(
        ring=UNSET if ring is None else ring,
        languages=tuple(language) if language else UNSET,
        is_repeated=again,
    )
    with _centre(context) as centre:
        operator = Principal.of_operator("cli")
        try:
            version = centre.run(configure_locker(operator, locker=LockerId(locker), change=change))
        except BadEntry as error:
            fail(str(error))
    RESULT.print(f"{locker} shall have configuration {version}; it follows when it hears of it.")


def _centre(context: typer.Context) -> Any:
    """Open the centre of the settings for one command."""
    from contextlib import contextmanager

    from ..clock import Minter, SystemClock
    from ..core.refusal import Refused
    from ..views.principal import NotFound
    from ..wiring.centre import open_centre

    settings = read_settings_of(context)

    @contextmanager
    def opened() -> Any:
        clock = SystemClock()
        centre = open_centre(settings, clock, Minter(clock))
        try:
            yield centre
        except (NotFound, Refused) as error:
            fail(error.detail if isinstance(error, Refused) else str(error))
        finally:
            centre.close()

    return opened()
