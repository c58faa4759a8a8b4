"""The key of one locker's machine, drawn there and never leaving it.

R1. What it signs begins with what the signature is for: a receipt never passes for a renewal.
R2. The private half is a PKCS #8 file that only its owner can read, and is never overwritten.
R3. The centre knows public halves only; whoever holds its disk cannot speak for a locker.
"""

import hashlib
from enum import StrEnum
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.x509.oid import NameOID

from .private_file import UnsafeKeystore, read_private_file, write_private_file
from .secret import Secret

DEVICE_KID_BYTES: Final = 8
"""Longer than those of :mod:`.keyring`: a network has as many of these keys as lockers."""


class DeviceUse(StrEnum):
    """What a locker's signature is for."""

    RECEIPT = "receipt"
    """What a person is shown as proof of a deposit or a collection."""
    ENROLMENT = "enrolment"
    """That who claims a locker holds the key."""
    RENEWAL = "renewal"
    """A request for the next certificate."""


class DeviceKey:
    """A locker's key, ready to sign; made by :func:`open_device_key`."""

    __slots__ = ("_private", "kid", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()
        """The half that anyone may hold; 32 bytes."""
        self.kid = read_device_kid(self.public)

    @classmethod
    def from_seed(cls, seed: Secret[bytes]) -> "DeviceKey":
        """Make a key of 32 bytes of chance: for lockers without a disk, as in the simulator."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed.reveal()))

    def sign(self, use: DeviceUse, message: bytes) -> bytes:
        """Sign a message for one use; 64 bytes."""
        return self._private.sign(_framed(use, message))

    def request_certificate(self, name: str) -> bytes:
        """Write a certificate signing request in PEM form; the authority looks at its key only."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        request = x509.CertificateSigningRequestBuilder().subject_name(subject)
        return request.sign(self._private, None).public_bytes(serialization.Encoding.PEM)

    def __repr__(self) -> str:
        return f"DeviceKey({self.kid})"


def create_device_key(path: Path) -> DeviceKey:
    """Draw a key and write its file with mode 0600.

    Raises
    ------
    FileExistsError
        When there is a file: keys are never overwritten.
    """
    if path.exists():
        raise FileExistsError(f"{path} exists; keys are never overwritten, move it away first")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    private = Ed25519PrivateKey.generate()
    written = private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private_file(path, written)
    return DeviceKey(private)


def open_device_key(path: Path) -> DeviceKey:
    """Open a locker's key file.

    Raises
    ------
    UnsafeKeystore
        When it is readable by others, damaged, of another kind of key, or not there.
    """
    written = read_private_file(path, missing="`restante locker enrol` makes it")
    try:
        private = serialization.load_pem_private_key(written, None)
    except (ValueError, TypeError):
        # The cause is cut off: its message could quote the file.
        raise UnsafeKeystore(
            f"{path} is damaged; move it away and enrol this locker again with a new claim code"
        ) from None
    if not isinstance(private, Ed25519PrivateKey):
        raise UnsafeKeystore(f"{path} holds a key of another kind; a device key is Ed25519")
    return DeviceKey(private)


def read_device_kid(public: bytes) -> str:
    """Name a public key: the first 8 bytes of its SHA-256, in hex."""
    return hashlib.sha256(public).digest()[:DEVICE_KID_BYTES].hex()


def verify_device(public: bytes, use: DeviceUse, message: bytes, signature: bytes) -> bool:
    """Tell whether a locker's key signed a message for this use."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, _framed(use, message))
    except (InvalidSignature, ValueError):
        # ValueError: these bytes are no public key.
        return False
    return True


def renewal_bytes(locker: str, request: bytes) -> bytes:
    """Give what a locker signs to ask for its next certificate."""
    return locker.encode() + b"\0" + request


def _framed(use: DeviceUse, message: bytes) -> bytes:
    return b"restante.device." + use.value.encode() + b".v1\0" + message
