"""Copies of everything a centre knows, and how they are put back.

B1. A copy is one moment of the database. Keys are copied after it, so that no row needs a key that
    the copy lacks.
B2. A folder is a copy when it holds ``backup.json``, which is written last and names every file
    with its checksum. What was broken off never looks like a copy.
B3. Putting back replaces nothing unless told, and then moves aside and deletes nothing. Everything
    lies ready and is checked before the first file is moved; beside a centre that runs nothing is.
B4. What was put back is read from its first fact to its last before anybody may rely on it, and
    lockers are told: see :mod:`restante.operations.restored`.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from .. import __version__
from ..access import Secret, Unsealable
from ..access.passphrase import open_with_passphrase, seal_under_passphrase
from ..access.private_file import read_private_file, write_private_file
from ..clock import Clock, Minter
from ..core.streams import KINDS
from ..core.value import UtcSeconds, Value
from ..journal.copying import (
    SIDE_FILES,
    Copied,
    CopyFailed,
    copy_postgres,
    copy_sqlite,
    count_centres,
    is_postgres_empty,
    put_back_postgres,
)
from ..journal.migrations import STEPS
from ..journal.verify import verify
from ..operations.restored import note_put_back
from ..settings import Settings, read_secret
from ..views.principal import Principal
from .record import open_journal
from .running import left_alone

FORMAT: Final = 1
MANIFEST: Final = "backup.json"
KEYS: Final = "keys.json"
SEALED_KEYS: Final = "keys.sealed"
MAILBOX: Final = "mailbox"
STAGING: Final = ".putting-back"
"""In the data folder, while a copy is put back."""

LAST: Final = "last-backup.json"
"""In the data folder: when the last copy was made; `restante doctor` reads it."""

_DATABASES: Final = {"sqlite": "centre.sqlite", "postgresql": "centre.pgdump"}
_CHUNK_BYTES: Final = 1 << 20


class CopiedFile(Value):
    """A file of a copy."""

    path: str
    size_bytes: int
    sha256: str


class BackupManifest(Value):
    """What a copy says of itself."""

    format: int
    made_at: UtcSeconds
    release: str
    network_id: str
    database: str
    """``sqlite`` or ``postgresql``."""
    schema: str
    schema_version: int
    position: int
    """Everything up to this position is in the copy."""
    keys: str
    """``plain`` or ``sealed``."""
    files: tuple[CopiedFile, ...]


class LastBackup(Value):
    """When the last copy was made."""

    made_at: UtcSeconds
    position: int
    folder: str


class Restored(Value):
    """What was put back."""

    facts: int
    position: int
    """Last one of the copy."""
    goes_on_from: int
    moved_aside: tuple[str, ...]


def make_backup(
    settings: Settings, folder: Path, *, clock: Clock, passphrase: Secret[str] | None = None
) -> BackupManifest:
    """Copy a centre's records, keys and mailbox, whether it runs or not.

    Parameters
    ----------
    folder
        Made; must not be there.
    passphrase
        Seals the keys; without one they lie in the copy as they are.

    Raises
    ------
    CopyFailed
        When it cannot be made; nothing is left in the folder.
    """
    if folder.exists():
        raise CopyFailed(f"{folder} exists; a copy is made in a new folder")
    if not settings.database_url and not settings.journal_path.exists():
        raise CopyFailed(f"there is no journal at {settings.journal_path}; name it with --data")
    making = folder.with_name(f".{folder.name}.making")
    if making.exists():
        raise CopyFailed(f"{making} is of a try that was broken off; delete it, then try again")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        making.mkdir(mode=0o700)
    except OSError as error:
        raise CopyFailed(
            f"no folder can be made at {folder} ({error.strerror}); name another place"
        ) from error
    try:
        manifest = _fill(settings, making, clock, passphrase)
        making.rename(folder)
        _sync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(making, ignore_errors=True)
        raise
    last = LastBackup(
        made_at=manifest.made_at, position=manifest.position, folder=os.fspath(folder.resolve())
    )
    # A folder of PostgreSQL's keys may be read-only; the copy is good without this note.
    with suppress(OSError):
        write_private_file(settings.data_dir / LAST, msgspec.json.encode(last))
    return manifest


def read_last_backup(settings: Settings) -> LastBackup | None:
    """Tell when the last copy was made; ``None`` when nobody knows of one."""
    try:
        return msgspec.json.decode((settings.data_dir / LAST).read_bytes(), type=LastBackup)
    except (OSError, msgspec.DecodeError):
        return None


def check_backup(folder: Path) -> BackupManifest:
    """Read a copy's manifest and compare every file with its checksum.

    Raises
    ------
    CopyFailed
        When it is no copy, of a newer release, or not as it was written.
    """
    try:
        manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=BackupManifest)
    except OSError as error:
        raise CopyFailed(
            f"{folder} holds no {MANIFEST}: it is no copy, or one that was broken off; name a "
            "folder that `restante backup` made"
        ) from error
    except msgspec.DecodeError as error:
        raise CopyFailed(
            f"{folder / MANIFEST} cannot be read ({error}): the copy is damaged, take another"
        ) from error
    newest = len(STEPS) + 1
    if manifest.format != FORMAT or manifest.schema_version > newest:
        raise CopyFailed(
            f"{folder} was made by release {manifest.release} (format {manifest.format}, schema "
            f"{manifest.schema_version}); this is {__version__} and reads up to format {FORMAT}, "
            f"schema {newest}: restore it with that release or a later one"
        )
    root = folder.resolve()
    for one in manifest.files:
        path = folder / one.path
        if not path.resolve().is_relative_to(root) or not path.is_file():
            raise CopyFailed(f"{path} is missing: the copy is not whole, take another one")
        if path.stat().st_size != one.size_bytes or _digest(path) != one.sha256:
            raise CopyFailed(f"{path} is not what was written: the copy is damaged, take another")
    return manifest


def put_back(
    settings: Settings,
    folder: Path,
    *,
    clock: Clock,
    passphrase: Secret[str] | None = None,
    is_replacing: bool = False,
) -> Restored:
    """Put a copy in the place of what the settings name, check it, and tell lockers.

    Parameters
    ----------
    passphrase
        Opens keys that were sealed.
    is_replacing
        Move aside what is there.

    Raises
    ------
    CopyFailed
        When the copy is not whole or not sound, the place not empty, or a centre runs elsewhere.
    restante.wiring.running.Occupied
        When a centre runs here.
    """
    manifest = check_backup(folder)
    here = "postgresql" if settings.database_url else "sqlite"
    if manifest.database != here:
        raise CopyFailed(f"the copy is of {manifest.database}, the settings name {here}")
    if manifest.network_id != settings.network_id:
        raise CopyFailed(
            f"the copy is of network {manifest.network_id!r}, the settings name "
            f"{settings.network_id!r}; set network_id"
        )
    keys = _read_keys(manifest, folder, passphrase)
    password = read_secret(settings.database_password_file)
    with left_alone(settings.data_dir):
        if here == "postgresql" and (count := count_centres(settings.database_url, password)):
            raise CopyFailed(
                f"{count} connections of restante to the database are open: what centres "
                "acknowledge now would be lost; stop all of them, then try again"
            )
        if not is_replacing:
            _need_empty(settings, password)
        staging = settings.data_dir / STAGING
        shutil.rmtree(staging, ignore_errors=True)
        try:
            ready = replace(settings, data_dir=staging)
            _stage(folder, ready, manifest, keys)
            return _exchange(settings, ready, folder, manifest, password, clock)
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _stage(folder: Path, ready: Settings, manifest: BackupManifest, keys: Secret[bytes]) -> None:
    """Lay everything ready on the disk it will stay on, before anything is moved (B3)."""
    try:
        ready.data_dir.mkdir(mode=0o700)
        if not ready.database_url:
            _copy_file(folder / _DATABASES[manifest.database], ready.journal_path)
        write_private_file(ready.keystore_path, keys.reveal())
        if (folder / MAILBOX).is_dir():
            shutil.copytree(folder / MAILBOX, ready.mailbox_path)
    except OSError as error:
        raise CopyFailed(
            f"the copy does not get into {ready.data_dir.parent}: {error.strerror or error}; what "
            "was there is untouched: mend that, then try again"
        ) from error


def _exchange(
    settings: Settings,
    ready: Settings,
    folder: Path,
    manifest: BackupManifest,
    password: str,
    clock: Clock,
) -> Restored:
    """Check what lies ready and let it take the place of what is there."""
    aside = f"before_{clock.now()}"
    moved: list[str] = []
    if settings.database_url:
        dump = folder / _DATABASES[manifest.database]
        gone = put_back_postgres(
            settings.database_url, password, dump, schema=manifest.schema, aside=aside
        )
        moved += [f"schema {gone}"] if gone else []
    try:
        restored = _settle(ready, manifest, clock)
    except CopyFailed as error:
        kept = f"; what was there is in {moved[0]}" if moved else ", and nothing was moved"
        raise CopyFailed(f"{error}{kept}") from error
    moved += _move_aside(settings, aside)
    for path in sorted(ready.data_dir.iterdir()):
        path.rename(settings.data_dir / path.name)
    _sync_folder(settings.data_dir)
    return replace(restored, moved_aside=tuple(moved))


def _settle(settings: Settings, manifest: BackupManifest, clock: Clock) -> Restored:
    """Check what was put back, then let lockers and partners know (B4)."""
    journal = open_journal(settings)
    try:
        report = verify(journal, KINDS)
        if not report.is_sound or journal.head() != manifest.position:
            raise CopyFailed(f"what was put back is not sound; take another copy\n{report.text()}")
        position = note_put_back(
            journal,
            Principal.of_operator("restore"),
            network=settings.network_id,
            now=clock.now,
        )
    finally:
        journal.close()
    return Restored(
        facts=report.facts, position=manifest.position, goes_on_from=position, moved_aside=()
    )


def _fill(
    settings: Settings, folder: Path, clock: Clock, passphrase: Secret[str] | None
) -> BackupManifest:
    now = clock.now()
    kind = "postgresql" if settings.database_url else "sqlite"
    copied = _copy_database(settings, folder / _DATABASES[kind])
    content = Secret(read_private_file(settings.keystore_path, missing="a centre has keys"))
    if passphrase is None:
        write_private_file(folder / KEYS, content.reveal())
    else:
        entropy = Minter(clock).secret_bytes
        sealed = seal_under_passphrase(content, passphrase, entropy)
        write_private_file(folder / SEALED_KEYS, sealed)
    _copy_mailbox(settings.mailbox_path, folder / MAILBOX)
    manifest = BackupManifest(
        format=FORMAT,
        made_at=now,
        release=__version__,
        network_id=settings.network_id,
        database=kind,
        schema=copied.schema,
        schema_version=copied.schema_version,
        position=copied.position,
        keys="plain" if passphrase is None else "sealed",
        files=tuple(_describe(folder)),
    )
    write_private_file(folder / MANIFEST, msgspec.json.encode(manifest))
    return manifest


def _copy_database(settings: Settings, target: Path) -> Copied:
    if settings.database_url:
        password = read_secret(settings.database_password_file)
        copied = copy_postgres(settings.database_url, password, target)
    else:
        copied = copy_sqlite(settings.journal_path, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return copied


def _copy_mailbox(source: Path, target: Path) -> None:
    # Letters come and go while it is copied: what is gone was dropped for its age.
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        copy = target / path.relative_to(source)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
        else:
            copy.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                shutil.copy2(path, copy)


def _describe(folder: Path) -> Iterator[CopiedFile]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield CopiedFile(path=name, size_bytes=path.stat().st_size, sha256=_digest(path))


def _read_keys(
    manifest: BackupManifest, folder: Path, passphrase: Secret[str] | None
) -> Secret[bytes]:
    if manifest.keys == "plain":
        return Secret((folder / KEYS).read_bytes())
    if passphrase is None:
        raise CopyFailed("the copy's keys are sealed; name the file with --passphrase-file")
    try:
        return open_with_passphrase((folder / SEALED_KEYS).read_bytes(), passphrase)
    except Unsealable as error:
        raise CopyFailed("the passphrase is another than the one the keys were sealed with") from (
            error
        )


def _places(settings: Settings) -> list[Path]:
    own = [settings.keystore_path, settings.mailbox_path]
    if settings.database_url:
        return own
    path = settings.journal_path
    return [path, *(path.with_name(path.name + side) for side in SIDE_FILES), *own]


def _need_empty(settings: Settings, password: str) -> None:
    there = [str(path) for path in _places(settings) if path.exists()]
    if settings.database_url and not is_postgres_empty(settings.database_url, password):
        there.append("a journal in the database")
    if there:
        raise CopyFailed(
            f"there is {', '.join(there)} already; with --replace it is moved aside, not deleted"
        )


def _move_aside(settings: Settings, name: str) -> list[str]:
    moved: list[str] = []
    folder = settings.data_dir / name
    for path in _places(settings):
        if path.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
            path.rename(folder / path.name)
            moved.append(str(folder / path.name))
    return moved


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    _sync_folder(target.parent)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
