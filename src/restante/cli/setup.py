"""``restante init`` and ``restante import``: begin a network, and feed it parcels."""

from pathlib import Path
from typing import Annotated, Any

import typer

from .output import RESULT, TALK, fail, print_json, progress

_CONFIG = """\
# Settings of this network. Every name is explained in docs/reference/settings.md; variables such
# as RESTANTE_LISTEN_PORT and arguments win over this file.
data_dir = "{data_dir}"
network_id = "{network_id}"
network_name = "{network_name}"
zone = "{zone}"
language = "{language}"
listen_host = "127.0.0.1"
listen_port = 8080
# public_url = "https://parcels.example.org"  # what recipients' links begin with
"""

PROBLEMS_SHOWN_MAX = 20
"""Rows listed on a terminal; all are in ``--problems`` and ``--json``."""


def init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder to begin in.")] = Path(),
    network_id: Annotated[
        str, typer.Option(help="Short name, part of every QR code.")
    ] = "restante",
    network_name: Annotated[str, typer.Option(help="Name people see.")] = "Restante",
    zone: Annotated[str, typer.Option(help="IANA time zone.")] = "UTC",
    language: Annotated[str, typer.Option(help="en, de, pl or es.")] = "en",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Begin a network: settings file, keys and journal."""
    from ..clock import Minter, SystemClock
    from ..settings import read_settings
    from ..wiring.centre import open_centre

    del context
    config = folder / "restante.toml"
    if config.exists():
        fail(f"{config} exists; this folder holds a network already")
    folder.mkdir(parents=True, exist_ok=True)
    data_dir = (folder / "data").resolve()
    settings = read_settings(
        arguments={
            "data_dir": data_dir,
            "network_id": network_id,
            "network_name": network_name,
            "zone": zone,
            "language": language,
        }
    )
    clock = SystemClock()
    centre = open_centre(settings, clock, Minter(clock))
    centre.close()
    config.write_text(
        _CONFIG.format(
            data_dir=data_dir,
            network_id=network_id,
            network_name=network_name,
            zone=zone,
            language=language,
        ),
        encoding="utf-8",
    )
    if as_json:
        print_json({"config": str(config), "data_dir": str(data_dir)})
        return
    RESULT.print(f"Settings:  {config}\nData:      {data_dir}")
    RESULT.print(
        f"\nNext:  restante --config {config} serve   (it tells how the first operator gets in)"
    )


def import_manifest(
    context: typer.Context,
    manifest: Annotated[Path, typer.Argument(help="CSV file; see examples/manifest.csv.")],
    partner: Annotated[str, typer.Option(help="Whose parcels they are.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    problems: Annotated[
        Path | None, typer.Option(help="Write rows that were not taken to this CSV file.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Announce the parcels of a CSV manifest; bad rows are named, good ones are not lost."""
    from ..clock import Minter, SystemClock
    from ..core.ids import PartnerId
    from ..operations.manifest import import_manifest as announce_manifest
    from ..partners import read_manifest
    from ..views.principal import Principal
    from ..wiring.centre import open_centre
    from .places import read_settings_of

    try:
        content = manifest.read_bytes()
    except OSError as error:
        fail(f"{manifest}: {error.strerror}")
    clock = SystemClock()
    centre = open_centre(read_settings_of(context), clock, Minter(clock))
    try:
        with progress("announcing") as show:
            page = centre.queries.sites(at=clock.now(), limit=1_000)
            sites = {shown.site for shown in page.items}
            outcome = announce_manifest(
                centre.means,
                Principal.of_operator("import"),
                read_manifest(content, sites=sites),
                submit=centre.committer.submit,
                zone=centre.settings.zone,
                dry_run=dry_run,
                partner=PartnerId(partner),
                show=show,
            )
    finally:
        centre.close()
    if problems is not None and outcome.problems:
        from ..partners.csv_export import write_problems_csv

        problems.write_bytes(write_problems_csv(outcome.problems))
    _tell(outcome, dry_run=dry_run, as_json=as_json)
    if outcome.problems:
        raise typer.Exit(2)


def _tell(outcome: Any, *, dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "dry_run": dry_run,
                "rows": outcome.row_count,
                "announced": outcome.announced,
                "known": outcome.known,
                "problems": [
                    {
                        "row": problem.row_number,
                        "column": problem.column,
                        "code": problem.code,
                        "reason": problem.reason,
                        "hint": problem.hint,
                    }
                    for problem in outcome.problems
                ],
            }
        )
        return
    verb = "would be announced" if dry_run else "announced"
    noun = "parcel" if outcome.announced == 1 else "parcels"
    RESULT.print(f"{outcome.announced} {noun} {verb}, {outcome.known} known before")
    for problem in outcome.problems[:PROBLEMS_SHOWN_MAX]:
        where = f"row {problem.row_number}" if problem.row_number else "file"
        TALK.print(f"{where}, {problem.column or '-'}: {problem.reason} - {problem.hint}")
    hidden = len(outcome.problems) - PROBLEMS_SHOWN_MAX
    if hidden > 0:
        TALK.print(f"and {hidden} more; --problems FILE writes them all")
