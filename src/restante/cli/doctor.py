"""``restante doctor``: look at machine and data, name what is wrong and how to mend it."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from ..journal.port import Busy, Damaged
from ..settings import BadSetting, Settings
from .output import RESULT, print_json

FREE_BYTES_MIN = 500_000_000
"""Room below which writing may soon stop; a busy week of a hundred lockers (chosen)."""

BACKUP_DAYS_MAX = 2
CERTIFICATE_DAYS_MIN = 30
"""Time enough to make another one."""


class Finding(NamedTuple):
    """What one check saw."""

    check: str
    is_well: bool
    what: str
    fix: str = ""


def doctor(
    context: typer.Context,
    data: Annotated[
        Path | None, typer.Option("--data", help="Data folder; the settings' when not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check the machine, the settings, the keys and the journal."""
    from .places import read_settings_of

    settings = read_settings_of(context, data_dir=data)
    findings = [finding for check in _CHECKS for finding in check(settings)]
    if as_json:
        print_json(
            {"ok": all(f.is_well for f in findings), "checks": [f._asdict() for f in findings]}
        )
    else:
        for finding in findings:
            mark = "[green]well [/]" if finding.is_well else "[red]wrong[/]"
            RESULT.print(f"{mark}  {finding.check:<10} {finding.what}")
            if finding.fix:
                RESULT.print(f"{'':>18}{finding.fix}")
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def _check_python(_settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("python", sys.version_info >= (3, 11), version, "")


def _check_sqlite(_settings: Settings) -> Iterator[Finding]:
    from ..journal.sqlite_file import has_safe_wal, newest_sqlite

    driver = newest_sqlite()
    what = f"SQLite {driver.sqlite_version}"
    if has_safe_wal(driver):
        yield Finding("sqlite", True, f"{what}, write-ahead log")
    else:
        yield Finding(
            "sqlite", True, f"{what}, rollback journal", "install pysqlite3 for more speed"
        )


def _check_disk(settings: Settings) -> Iterator[Finding]:
    folder = settings.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding(
        "disk",
        free >= FREE_BYTES_MIN,
        f"{free // 1_000_000:,} MB free for {settings.data_dir}",
        "" if free >= FREE_BYTES_MIN else "free some room, or move the data folder",
    )
    is_writable = os.access(folder, os.W_OK)
    if not is_writable:
        yield Finding("disk", False, f"{folder} cannot be written", "give this user the folder")


def _check_keys(settings: Settings) -> Iterator[Finding]:
    from ..access import UnsafeKeystore, open_keystore

    path = settings.keystore_path
    if not path.exists():
        yield Finding("keys", True, f"none yet; `restante init` makes them in {path}")
        return
    try:
        open_keystore(path)
    except UnsafeKeystore as error:
        yield Finding("keys", False, str(error), f"chmod 600 {path}, then ask who could read it")
        return
    yield Finding("keys", True, f"{path}, readable by its owner only")


def _check_database(settings: Settings) -> Iterator[Finding]:
    if not settings.database_url:
        return
    from ..settings import read_secret

    try:
        from ..journal.postgres_server import look_at
    except ImportError:
        yield Finding("database", False, "no driver", "install restante[postgres]")
        return
    try:
        for what, fix in look_at(
            settings.database_url, read_secret(settings.database_password_file)
        ):
            yield Finding("database", not fix, what, fix)
    except (ValueError, OSError, Busy) as error:
        yield Finding("database", False, str(error), "see docs/howto/run-on-postgresql.md")


def _check_journal(settings: Settings) -> Iterator[Finding]:
    from ..core.streams import KINDS
    from ..journal.migrations import TooNew
    from ..journal.verify import verify
    from ..journal.witness import find_loss, read_told
    from ..wiring.history import WITNESS_FILE
    from ..wiring.record import open_journal

    if not settings.database_url and not settings.journal_path.exists():
        yield Finding("journal", True, "none yet")
        return
    try:
        journal = open_journal(settings)
    except (Busy, BadSetting, TooNew) as error:
        yield Finding("journal", False, str(error), "")
        return
    except Damaged as error:
        yield Finding("journal", False, str(error), "keep a copy, restore a backup")
        return
    report = verify(journal, KINDS)
    told = read_told(settings.data_dir / WITNESS_FILE)
    loss = None if told is None else find_loss(journal, told)
    journal.close()
    yield Finding(
        "journal",
        report.is_sound,
        f"{report.facts:,} facts in {report.streams:,} streams",
        "" if report.is_sound else report.text(),
    )
    if loss is not None:
        yield Finding(
            "history",
            False,
            f"facts up to position {loss.told:,} were told, the journal ends at {loss.last:,} or "
            "holds others there: a server took over without them, or an old copy was put back",
            "start the centre, which goes on beyond them; then ask partners to compare",
        )
    elif told is not None:
        yield Finding("history", True, f"what was told is there, up to position {told.position:,}")


def _check_backup(settings: Settings) -> Iterator[Finding]:
    from ..clock import SystemClock
    from ..core.value import DAY
    from ..wiring.backup import read_last_backup

    last = read_last_backup(settings)
    if last is None:
        yield Finding(
            "backup", True, "none yet that this folder knows of", "restante backup FOLDER"
        )
        return
    days = (SystemClock().now() - last.made_at) / DAY
    is_well = days <= BACKUP_DAYS_MAX
    what = f"{days:.1f} days ago, up to position {last.position:,}"
    yield Finding("backup", is_well, what, "" if is_well else "restante backup FOLDER, every night")


def _check_broker(settings: Settings) -> Iterator[Finding]:
    if not settings.mqtt_url:
        return
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(settings.mqtt_url)
    port = parts.port or 8883
    try:
        socket.create_connection((parts.hostname or "", port), timeout=3).close()
    except OSError as error:
        fix = "start it, or mend mqtt_url; lockers work alone meanwhile"
        yield Finding("broker", False, f"{parts.hostname}:{port}: {error}", fix)
    else:
        yield Finding("broker", True, f"{parts.hostname}:{port} answers")
    for path in (settings.mqtt_ca_file, settings.mqtt_certificate_file):
        if path is not None:
            yield _check_certificate(path)


def _check_certificate(path: Path) -> Finding:
    from datetime import UTC, datetime

    from cryptography import x509

    from ..clock import SystemClock

    try:
        until = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return Finding("broker", False, f"{path}: {error}", "make it with `restante broker`")
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    days = (until - now).days
    what = f"{path.name} is valid until {until:%Y-%m-%d}"
    if days >= CERTIFICATE_DAYS_MIN:
        return Finding("broker", True, what)
    return Finding("broker", False, what, "delete it and run `restante broker` again")


def _check_clock(_settings: Settings) -> Iterator[Finding]:
    # The kernel knows whether somebody steers it; a container sees the same.
    steered = Path("/run/systemd/timesync/synchronized")
    if steered.exists() or Path("/run/chrony/chronyd.pid").exists():
        yield Finding("clock", True, "is set by the network")
    else:
        what = "no sign that the network sets it"
        yield Finding(
            "clock", True, what, "run chrony or systemd-timesyncd: codes end by the clock"
        )


def _check_speech(_settings: Settings) -> Iterator[Finding]:
    from ..edge.kiosk.voice import PROGRAM

    found = shutil.which(PROGRAM)
    if found is not None:
        yield Finding("speech", True, f"{PROGRAM} is there: kiosks of this machine can speak")
    else:
        # A centre without lockers needs no voice, so this is no fault.
        what = f"no {PROGRAM}: kiosks of this machine do not offer speech"
        yield Finding("speech", True, what, f"apt-get install {PROGRAM}, where people use a kiosk")


_CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _check_python,
    _check_sqlite,
    _check_disk,
    _check_keys,
    _check_database,
    _check_journal,
    _check_backup,
    _check_broker,
    _check_clock,
    _check_speech,
)
