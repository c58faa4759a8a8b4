"""``restante demo``: a living network on this machine; nothing else is needed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import RESULT, TALK, fail, print_json, progress

if TYPE_CHECKING:
    from ..partners.manifest_row import ManifestRow


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Play on virtual time, print the counts and end.")
    ] = False,
    manifest: Annotated[
        Path | None,
        typer.Option(help="CSV file of parcels to announce; see examples/manifest.csv."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed plays the same life.")] = 7,
    days: Annotated[int, typer.Option(help="Days to play; only with --headless.", min=1)] = 7,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    speed: Annotated[int, typer.Option(help="City seconds per second: 0, 1, 10, 60 or 600.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Live in a generated city: 40 lockers, 6 counters, couriers and recipients."""
    if headless:
        _play_headless(manifest, seed=seed, days=days, as_json=as_json)
        return
    from ..wiring.demo import run_demo
    from ..wiring.logs import set_up_logs

    set_up_logs("error")
    rows = None if manifest is None else _read_rows(manifest)
    run_demo(host=host, port=port, seed=seed, speed=speed, rows=rows, tell=TALK.print)


def _play_headless(manifest: Path | None, *, seed: int, days: int, as_json: bool) -> None:
    import msgspec

    from ..wiring.headless import play_headless
    from ..wiring.logs import set_up_logs

    if manifest is None:
        fail("--headless needs parcels: add --manifest FILE, for example examples/manifest.csv")
    set_up_logs("error")
    rows = _read_rows(manifest)
    with progress("playing", total=days) as show:
        tally = play_headless(rows, seed=seed, days=days, show=show)
    if as_json:
        print_json(tally)
    else:
        for name, value in msgspec.structs.asdict(tally).items():
            RESULT.print(f"{name.replace('_', ' '):<22}{value}")
    if tally.lost or tally.verify != "ok":
        raise typer.Exit(1)


def _read_rows(manifest: Path) -> "tuple[ManifestRow, ...]":
    """Read a manifest; rows with mistakes are named and left out."""
    from ..partners import read_manifest

    try:
        reading = read_manifest(manifest.read_bytes())
    except OSError as error:
        fail(f"{manifest}: {error.strerror}")
    for problem in reading.problems:
        TALK.print(f"row {problem.row_number}, {problem.column}: {problem.reason} - {problem.hint}")
    if not reading.rows:
        fail(f"{manifest} has no row that can be used")
    return reading.rows
