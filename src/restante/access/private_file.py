"""Files that only their owner can read: keys, and nothing else.

A file is written whole or not at all, with mode 0600, and refused on reading when anybody else
could have read or replaced it.
"""

import os
import stat
from pathlib import Path
from typing import Final

_OWNER_ONLY: Final = 0o600
_OTHERS: Final = 0o077


class UnsafeKeystore(Exception):
    """A key file cannot be trusted or read; the message says what to do."""


def read_private_file(path: Path, *, missing: str) -> bytes:
    """Read a file of keys.

    Parameters
    ----------
    missing
        What to do when it is not there.

    Raises
    ------
    UnsafeKeystore
        When it is readable by others, another user's, no regular file, or not there.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise UnsafeKeystore(f"{path} is not there; {missing}") from error
    except OSError as error:
        raise UnsafeKeystore(f"{path} cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        # The open file is asked, not the path: nobody can swap it in between.
        _refuse_unless_private(path, os.fstat(file.fileno()))
        return file.read()


def write_private_file(path: Path, content: bytes) -> None:
    """Write a file of keys with mode 0600 in place of the one before, whole or not at all."""
    temporary = path.with_name(f".{path.name}.new")
    # A leftover of a crash was never in force; its mode is not to be trusted.
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, _OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _refuse_unless_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeKeystore(f"{path} is not a regular file")
    if status.st_mode & _OTHERS:
        raise UnsafeKeystore(f"{path} can be read by others; run: chmod 600 {path}")
    if status.st_uid != os.geteuid():
        raise UnsafeKeystore(f"{path} belongs to another user; run restante as its owner")
