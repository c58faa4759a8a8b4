"""A locker's own key: drawn at the locker, private to its owner, one signature for one use."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from restante.access import (
    DeviceKey,
    DeviceUse,
    Secret,
    UnsafeKeystore,
    create_device_key,
    open_device_key,
    read_device_kid,
    verify_device,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locker" / "device.key"


def test_a_key_signs_after_a_restart_as_before(path: Path) -> None:
    made = create_device_key(path)
    opened = open_device_key(path)
    assert (opened.kid, opened.public) == (made.kid, made.public)
    assert opened.kid == read_device_kid(made.public)
    assert opened.sign(DeviceUse.RECEIPT, b"x") == made.sign(DeviceUse.RECEIPT, b"x")


def test_a_signature_counts_for_its_message_use_and_key_alone() -> None:
    key, other = (DeviceKey.from_seed(Secret(bytes([n]) * 32)) for n in (1, 2))
    signature = key.sign(DeviceUse.RECEIPT, b"took it")
    assert verify_device(key.public, DeviceUse.RECEIPT, b"took it", signature)
    assert not verify_device(key.public, DeviceUse.RENEWAL, b"took it", signature)
    assert not verify_device(key.public, DeviceUse.RECEIPT, b"took two", signature)
    assert not verify_device(other.public, DeviceUse.RECEIPT, b"took it", signature)
    assert not verify_device(b"no key", DeviceUse.RECEIPT, b"took it", signature)
    assert not verify_device(key.public, DeviceUse.RECEIPT, b"took it", b"")


def test_the_file_is_for_its_owner_alone_and_never_replaced(path: Path) -> None:
    made = create_device_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(FileExistsError, match="never overwritten"):
        create_device_key(path)
    assert open_device_key(path).public == made.public
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o620])
def test_a_key_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    create_device_key(path)
    path.chmod(mode)
    with pytest.raises(UnsafeKeystore, match="chmod 600"):
        open_device_key(path)


def test_a_missing_damaged_or_foreign_key_says_what_to_do(path: Path) -> None:
    with pytest.raises(UnsafeKeystore, match="locker enrol"):
        open_device_key(path)
    create_device_key(path)
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(UnsafeKeystore, match="new claim code"):
        open_device_key(path)
    foreign = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(foreign)
    with pytest.raises(UnsafeKeystore, match="Ed25519"):
        open_device_key(path)


def test_a_key_shows_its_name_and_nothing_else() -> None:
    key = DeviceKey.from_seed(Secret(b"\7" * 32))
    assert repr(key) == f"DeviceKey({key.kid})"
