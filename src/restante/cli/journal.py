"""``restante journal``: look after the record of facts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import RESULT, TALK, fail, print_json

if TYPE_CHECKING:
    from ..journal.sql import SqlJournal

app = typer.Typer(help="Check, seal, archive and export the journal.", no_args_is_help=True)

Data = Annotated[
    Path | None, typer.Option("--data", help="Data folder; the settings' when not given.")
]
Database = Annotated[
    str | None, typer.Option("--database", help="postgresql://user@host/name instead of a folder.")
]


@app.command("verify")
def verify(
    context: typer.Context,
    data: Data = None,
    database: Database = None,
    archive: Annotated[
        Path | None,
        typer.Option(
            "--archive", help="Folder of archived months; without it, checkpoints are believed."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Fold every stream, compare with the state rows, check the hash chain."""
    from ..core.streams import KINDS
    from ..journal.archive_file import ArchiveReader, BadArchive
    from ..journal.verify import verify as verify_journal
    from ..wiring.archive import checker_of
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    folder = archive or settings.archive_dir
    with _opened(context, data, database) as opened:
        floor = opened.floor()
        try:
            reader = ArchiveReader(folder, floor) if folder and floor else None
            if reader is not None:
                reader.check(checker_of(settings))
            report = verify_journal(opened, KINDS, reader)
        except BadArchive as error:
            fail(str(error))
    if as_json:
        print_json(
            {
                "verify": "ok" if report.is_sound else "damaged",
                "facts": report.facts,
                "streams": report.streams,
                "archived_up_to_unchecked": report.floor,
                "damages": [str(damage) for damage in report.damages],
                "unknown_tags": dict(report.unknown_tags),
            }
        )
    else:
        RESULT.print(report.text())
    if not report.is_sound:
        raise typer.Exit(1)


@app.command("archive")
def archive(
    context: typer.Context,
    before: Annotated[
        str, typer.Option("--before", help="Months older than this one go: 2026-10.")
    ],
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of all archives; the settings' when not given.")
    ] = None,
    data: Data = None,
    database: Database = None,
) -> None:
    """Move whole old months of facts into sealed Parquet files.

    Each file is read back and checked before anything leaves the journal. Killed at any moment,
    the same command finishes.
    """
    from ..clock import SystemClock
    from ..core.streams import KINDS
    from ..journal.archive import CannotArchive, archive_before
    from ..journal.archive_file import BadArchive
    from ..wiring.archive import signer_of
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    target = folder or settings.archive_dir
    if target is None:
        fail("name the folder of the archives, or set archive_dir")
    with _opened(context, data, database) as opened:
        try:
            moved = archive_before(
                opened,
                KINDS,
                target,
                before=before,
                now=SystemClock().now(),
                sign=signer_of(settings),
                tell=TALK.print,
            )
        except (CannotArchive, BadArchive) as error:
            fail(str(error))
    for one in moved:
        RESULT.print(f"{one.file}: {one.facts:,} facts up to position {one.last_position:,}")
    if not moved:
        RESULT.print("nothing to archive")


@app.command("export")
def export(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(help="File to write, one JSON object a line.")],
    data: Data = None,
    database: Database = None,
) -> None:
    """Write every fact the journal holds, with its envelope and hash, to a file."""
    from ..journal.export import export_to

    if out.exists():
        fail(f"{out} exists; choose another name, nothing is overwritten")
    with _opened(context, data, database) as opened, out.open("wb") as file:
        floor = opened.floor()
        if floor:
            TALK.print(
                f"facts up to position {floor} were archived; this begins after them: "
                "keep the archives with it"
            )
        count = export_to(opened, file, after=floor)
    TALK.print(f"{count} facts in {out}")


@app.command("seal")
def seal(context: typer.Context, data: Data = None, database: Database = None) -> None:
    """Sign the heads of all streams that changed since the last seal, at most once a day.

    A running centre does it by itself; `seal_every_days` says how often.

    Keep what `restante journal heads` prints on another machine: one kept seal proves everything
    up to it.
    """
    import datetime as dt

    from ..clock import SystemClock
    from ..journal.seal import seal_day
    from ..wiring.archive import sealer_of
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    today = dt.datetime.fromtimestamp(SystemClock().now(), dt.UTC).date()
    with _opened(context, data, database) as opened:
        try:
            made = seal_day(opened, today, sealer_of(settings))
        except ValueError as error:
            fail(str(error))
    RESULT.print(f"{made.day}: up to position {made.to_position:,}, {made.digest.hex()}")


@app.command("heads")
def heads(context: typer.Context, data: Data = None, database: Database = None) -> None:
    """Check every seal against the facts, and print them, one JSON object a line."""
    from ..journal.seal import check_seals
    from ..wiring.archive import seal_checker_of
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    with _opened(context, data, database) as opened:
        good, bad = check_seals(opened, seal_checker_of(settings))
        floor, seals = opened.floor(), opened.seals()
    for one in seals[:good]:
        print_json(
            {
                "day": one.day,
                "after_position": one.after_position,
                "to_position": one.to_position,
                "digest": one.digest.hex(),
                "signature": one.signature,
                "archived": one.after_position < floor,
            }
        )
    if bad is not None:
        fail(
            f"the seal of {bad.day} does not fit the facts or no key of this network signed it: "
            "run 'restante journal verify' and compare with the seals you keep elsewhere"
        )
    TALK.print(f"{good} seals" if good else "no seals: 'restante journal seal' makes one")


@app.command("put-back")
def put_back(context: typer.Context, data: Data = None, database: Database = None) -> None:
    """Say that these records were put back from a copy: lockers get every list anew.

    `restante restore` does it by itself. Stop the centre first.
    """
    from ..clock import SystemClock
    from ..operations.restored import note_put_back
    from ..views.principal import Principal
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    with _opened(context, data, database) as opened:
        position = note_put_back(
            opened,
            Principal.of_operator("restore"),
            network=settings.network_id,
            now=SystemClock().now,
        )
    TALK.print(f"noted; the journal goes on from position {position:,}")


@contextmanager
def _opened(
    context: typer.Context, data: Path | None, database: str | None
) -> Iterator["SqlJournal"]:
    """Open an existing journal, and close it when done with."""
    from ..wiring.record import open_journal
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data, database_url=database)
    path = settings.journal_path
    if not settings.database_url and not path.exists():
        fail(f"there is no journal at {path}; give its folder with --data")
    journal = open_journal(settings)
    try:
        yield journal
    finally:
        journal.close()
