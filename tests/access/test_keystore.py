"""The key file: private to its owner, whole or not at all."""

import stat
from pathlib import Path

import pytest

from restante.access import (
    Keyring,
    Purpose,
    UnsafeKeystore,
    create_keystore,
    export_locker_keys,
    open_keystore,
    read_locker_keys,
    write_locker_keys,
)
from restante.core.ids import SiteId
from restante.core.value import UtcSeconds

from .conftest import NOON, SITE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keyring.json"


def test_keys_come_back_as_they_were_kept(path: Path) -> None:
    made = create_keystore(path, NOON)
    made.make_peppers([SITE])
    made.rotate(Purpose.TOKEN, UtcSeconds(NOON + 1))
    made.rotate_wrapping(NOON)
    read = open_keystore(path)
    assert read.public() == made.public()
    assert read.pepper(SITE) == made.pepper(SITE)
    assert read.wrapping() == made.wrapping()
    assert read.current(Purpose.TOKEN).sign(b"x") == made.current(Purpose.TOKEN).sign(b"x")


def test_an_opened_keystore_writes_its_changes_too(path: Path) -> None:
    create_keystore(path, NOON)
    open_keystore(path).rotate(Purpose.LIST, NOON)
    assert sum(key.purpose is Purpose.LIST for key, _ in open_keystore(path).stages()) == 3


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    create_keystore(path, NOON).make_peppers([SITE])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o666])
def test_a_file_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    create_keystore(path, NOON)
    path.chmod(mode)
    with pytest.raises(UnsafeKeystore, match="chmod 600"):
        open_keystore(path)


def test_keys_are_never_overwritten(path: Path) -> None:
    create_keystore(path, NOON)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="never overwritten"):
        create_keystore(path, NOON)
    assert path.read_bytes() == before


def test_a_missing_file_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(UnsafeKeystore, match="restante init"):
        open_keystore(path)


def test_a_link_to_a_key_file_is_refused(path: Path) -> None:
    create_keystore(path, NOON)
    link = path.with_name("link.json")
    link.symlink_to(path)
    with pytest.raises(UnsafeKeystore):
        open_keystore(link)


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b'{"wrapping": [{"epoch": 1}]}'])
def test_a_damaged_file_is_refused_and_not_quoted(path: Path, damage: bytes) -> None:
    create_keystore(path, NOON)
    path.write_bytes(damage)
    with pytest.raises(UnsafeKeystore, match="backup") as caught:
        open_keystore(path)
    assert caught.value.__cause__ is None


def test_a_file_cut_short_anywhere_is_refused(path: Path) -> None:
    create_keystore(path, NOON)
    whole = path.read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(UnsafeKeystore):
            open_keystore(path)


def test_a_newer_format_is_refused_rather_than_half_understood(path: Path) -> None:
    create_keystore(path, NOON)
    path.write_bytes(b'{"format": 2}')
    with pytest.raises(UnsafeKeystore, match="update"):
        open_keystore(path)


def test_a_leftover_of_a_crash_does_not_stand_in_the_way(path: Path) -> None:
    made = create_keystore(path, NOON)
    path.with_name(f".{path.name}.new").write_text("half")
    made.make_peppers([SITE])
    assert open_keystore(path).pepper(SITE) == made.pepper(SITE)


def test_a_locker_holds_public_keys_and_its_own_pepper_and_nothing_else(
    keyring: Keyring, path: Path
) -> None:
    other = SiteId("site-08")
    keyring.make_peppers([other])
    path.parent.mkdir()
    write_locker_keys(path, export_locker_keys(keyring, SITE))
    read = read_locker_keys(path)
    assert read.site == SITE
    assert read.public == keyring.public()
    assert read.pepper == keyring.pepper(SITE)
    assert "private" not in path.read_text()
    assert "wrapping" not in path.read_text()
    assert str(other) not in path.read_text()


def test_two_processes_that_share_a_key_file_lose_no_key(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create_keystore(path, NOON)
    left, right = open_keystore(path), open_keystore(path)
    left.make_peppers([SiteId("site-l")])
    # The right one has not read the left one's change, and must not write over it.
    right.make_peppers([SiteId("site-r")])
    rotated = left.rotate(Purpose.LIST, NOON)
    for keyring in (left, right, open_keystore(path)):
        assert keyring.pepper(SiteId("site-l")) == left.pepper(SiteId("site-l"))
        assert keyring.pepper(SiteId("site-r")) == right.pepper(SiteId("site-r"))
        assert keyring.find(Purpose.LIST, rotated.kid) is not None
    assert right.refresh()
    assert not right.refresh()
    assert right.current(Purpose.LIST).kid == rotated.kid
