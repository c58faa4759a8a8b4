"""Where keys are kept without special hardware: a file that only its owner can read.

A file is copied in seconds by whoever holds the disk. On a controller without a secure element
the resistance of PINs to a stolen disk is therefore that of argon2id alone: use PINs with eight
secret digits there. Elsewhere in the house only the interfaces of :mod:`.keyring` are known, so a
keystore in hardware can take this module's place.
"""

import fcntl
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from ..core.ids import SiteId
from ..core.value import UtcSeconds, Value
from .keyring import Keyring, KeyringContent, PublicKeyring
from .pepper import Pepper
from .private_file import UnsafeKeystore, read_private_file, write_private_file
from .secret import Entropy, Secret

FORMAT: Final = 1
"""Of the file. A newer one is refused rather than half understood."""

Kept = TypeVar("Kept", "KeyringContent", "LockerKeys")


class LockerKeys(Value):
    """What one controller holds: public keys and the pepper of its own site, nothing more."""

    format: int = 1
    site: SiteId
    public: PublicKeyring
    pepper: Pepper


def create_keystore(path: Path, now: UtcSeconds, entropy: Entropy = secrets.token_bytes) -> Keyring:
    """Make a new key file with mode 0600 and a keyring that writes every change to it.

    Raises
    ------
    FileExistsError
        When there is a file: keys are never overwritten.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists; keys are never overwritten, move it away first")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = _SharedFile(path)
    return Keyring.create(entropy, now, file.write, newer=file.newer, alone=file.alone)


def open_keystore(path: Path, entropy: Entropy = secrets.token_bytes) -> Keyring:
    """Open a key file; every change of the keyring is written to it.

    Raises
    ------
    UnsafeKeystore
        When the file is readable by others, damaged, of a newer format, or not there.
    """
    file = _SharedFile(path)
    return Keyring(file.read(), entropy, file.write, newer=file.newer, alone=file.alone)


def export_locker_keys(keyring: Keyring, site: SiteId) -> LockerKeys:
    """Collect what the controller of one site may hold."""
    return LockerKeys(site=site, public=keyring.public(), pepper=keyring.pepper(site))


def encode_locker_keys(keys: LockerKeys) -> bytes:
    """Write what a controller may hold, secrets and all: for its own eyes, over TLS."""
    return msgspec.json.encode(keys, enc_hook=_encode_secret)


def decode_locker_keys(written: bytes) -> LockerKeys:
    """Read what :func:`encode_locker_keys` wrote.

    Raises
    ------
    UnsafeKeystore
        When it is damaged or of a newer format.
    """
    return _decode(written, LockerKeys, "what the centre sent")


def write_locker_keys(path: Path, keys: LockerKeys) -> None:
    """Write a controller's key file with mode 0600, whole or not at all."""
    _write(path, keys)


def read_locker_keys(path: Path) -> LockerKeys:
    """Read a controller's key file.

    Raises
    ------
    UnsafeKeystore
        As :func:`open_keystore`.
    """
    return _read(path, LockerKeys)


class _SharedFile:
    """A key file that several processes of one centre read and change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None

    def read(self) -> KeyringContent:
        """Read the whole file."""
        seen = self._look()
        content = _read(self._path, KeyringContent)
        if not content.signing or not content.wrapping:
            raise UnsafeKeystore(f"{self._path} holds no keys; restore it from your backup")
        self._seen = seen
        return content

    def newer(self) -> KeyringContent | None:
        """Read the file if another process has written it since."""
        # Not there: this process makes it.
        return None if self._look() in {None, self._seen} else self.read()

    def write(self, content: KeyringContent) -> None:
        """Write the whole file."""
        _write(self._path, content)
        self._seen = self._look()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep the other processes from changing it."""
        # The folder, for the file itself is replaced by each writing.
        descriptor = os.open(self._path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            # Closing lets go of the lock.
            os.close(descriptor)

    def _look(self) -> tuple[int, int] | None:
        # Each writing puts another file into place.
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_ino, status.st_mtime_ns


def _read(path: Path, kind: type[Kept]) -> Kept:
    written = read_private_file(path, missing="create it with `restante init`")
    return _decode(written, kind, f"{path}")


def _decode(written: bytes, kind: type[Kept], where: str) -> Kept:
    try:
        found = msgspec.json.decode(written, type=kind, dec_hook=_decode_secret)
    except (msgspec.DecodeError, ValueError):
        # The cause is cut off: its message could quote the file.
        raise UnsafeKeystore(f"{where} is damaged; restore it from your backup") from None
    if found.format != FORMAT:
        raise UnsafeKeystore(f"{where} has format {found.format}; update restante to read it")
    return found


def _write(path: Path, content: Value) -> None:
    write_private_file(path, msgspec.json.encode(content, enc_hook=_encode_secret))


# The only place where a Secret becomes bytes: the file that only its owner can read.
def _encode_secret(content: Any) -> str:
    if isinstance(content, Secret) and isinstance(content.reveal(), bytes):
        return b64encode(content.reveal()).decode()
    raise NotImplementedError(f"{type(content).__name__} is not kept in a keystore")


def _decode_secret(_kind: Any, written: Any) -> Any:
    if not isinstance(written, str):
        raise ValueError("a key is written in base 64")
    return Secret(b64decode(written, validate=True))
