"""What the centre writes into a broker's folder when a locker is revoked.

Mosquitto reads both files anew when it is sent SIGHUP. The revocation list keeps a stolen
certificate out; the rule takes a connection that is still open its voice. A name, unlike a
certificate, is given again: the rule goes when the locker is enrolled anew.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from ..access.authority import open_authority
from ..core.ids import LockerId

if TYPE_CHECKING:
    from .centre import Centre

REVOCATIONS_FILE: Final = "crl.pem"
RULES_FILE: Final = "acl"

_HEAD: Final = "# Revoked lockers; written by the centre."


class Published(NamedTuple):
    """What the broker's files hold."""

    serials: tuple[str, ...]
    lockers: frozenset[LockerId]


def publish_revocations(centre: "Centre", last: "Published | None" = None) -> "Published | None":
    """Bring the broker's files up to date with who is revoked; tell what they hold.

    Parameters
    ----------
    last
        What they held after the last call; then nothing is written when it still holds.

    Returns
    -------
    Published or None
        ``None`` where the centre has no authority.
    """
    # Lockers read names out of the same files and have no views.
    from ..views.device_tables import read_revoked_serials
    from ..views.device_tables import read_shut_out as find_shut_out

    folder = centre.settings.mqtt_authority_dir
    if folder is None:
        return None
    now = centre.clock.now()
    with centre.journal.reading() as connection:
        held = Published(read_revoked_serials(connection, now), find_shut_out(connection))
    if held == last:
        return last
    signed = open_authority(folder).sign_revocations(held.serials, now=now)
    write_revocations(folder, signed)
    write_shut_out(folder, held.lockers)
    return held


def write_revocations(folder: Path, signed: bytes) -> None:
    """Replace the revocation list, whole."""
    _replace(folder / REVOCATIONS_FILE, signed)


def read_shut_out(folder: Path) -> tuple[str, ...]:
    """Read which lockers the broker's rules keep silent."""
    path = folder / RULES_FILE
    if not path.exists():
        return ()
    _, _, tail = path.read_text(encoding="utf-8").partition(_HEAD)
    lines = tail.splitlines()
    return tuple(line.removeprefix("user ") for line in lines if line.startswith("user "))


def write_rules(folder: Path, rules: str, shut_out: Iterable[str]) -> None:
    """Write the broker's rules, and which lockers they keep silent."""
    lines = [rules.rstrip("\n"), "", _HEAD]
    for name in sorted(shut_out):
        lines += [f"user {name}", "topic deny #"]
    _replace(folder / RULES_FILE, ("\n".join(lines) + "\n").encode())


def write_shut_out(folder: Path, shut_out: Iterable[str]) -> None:
    """Say anew which lockers the rules keep silent, where this folder holds any rules."""
    path = folder / RULES_FILE
    if path.exists():
        rules, _, _ = path.read_text(encoding="utf-8").partition(_HEAD)
        write_rules(folder, rules, shut_out)


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_bytes(content)
    if path.exists():
        # The broker's user was given what it may read; a new file must not take that away.
        temporary.chmod(path.stat().st_mode & 0o777)
        _keep_owner(temporary, path)
    temporary.replace(path)


def _keep_owner(temporary: Path, path: Path) -> None:
    before = path.stat()
    if (temporary.stat().st_uid, temporary.stat().st_gid) != (before.st_uid, before.st_gid):
        try:
            os.chown(temporary, before.st_uid, before.st_gid)
        except PermissionError:
            # Not ours to give; the folder's own rules say who reads it.
            return
