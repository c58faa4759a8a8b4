"""Sealing at rest, and forgetting by erasing a key."""

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.access import (
    Keyring,
    Secret,
    Unsealable,
    make_data_key,
    rewrap_key,
    seal,
    unseal,
    unwrap_key,
    wrap_key,
)
from restante.core.value import UtcSeconds

from .conftest import NOON

entropy = secrets.token_bytes
KEY = make_data_key(entropy)


@settings(max_examples=50)
@given(content=st.binary(max_size=300), place=st.text(st.characters(codec="utf-8")))
def test_what_was_sealed_opens_with_its_key_in_its_place(content: bytes, place: str) -> None:
    sealed = seal(Secret(content), KEY, place, entropy)
    assert unseal(sealed, KEY, place) == Secret(content)


def test_another_key_place_or_byte_does_not_open() -> None:
    sealed = seal(Secret(b"+49 30 1234567"), KEY, "contacts/phone/r1", entropy)
    with pytest.raises(Unsealable):
        unseal(sealed, make_data_key(entropy), "contacts/phone/r1")
    with pytest.raises(Unsealable):
        unseal(sealed, KEY, "contacts/phone/r2")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Unsealable):
            unseal(bytes(changed), KEY, "contacts/phone/r1")
    for length in range(len(sealed)):
        with pytest.raises(Unsealable):
            unseal(sealed[:length], KEY, "contacts/phone/r1")


def test_sealing_twice_looks_different_and_hides_the_content() -> None:
    one, two = (seal(Secret(b"12-345678"), KEY, "codes", entropy) for _ in range(2))
    assert one != two
    assert b"345678" not in one


def test_a_wrapped_key_belongs_to_its_subject(keyring: Keyring) -> None:
    wrapped = wrap_key(KEY, keyring.wrapping(), "r1", entropy)
    assert unwrap_key(wrapped, keyring, "r1") == KEY
    assert KEY.reveal() not in wrapped
    for text in (wrapped[:-1], b"", b"\0" * 60):
        with pytest.raises(Unsealable):
            unwrap_key(text, keyring, "r1")
    with pytest.raises(Unsealable):
        unwrap_key(wrapped, keyring, "r2")


def test_after_a_rotation_old_keys_unwrap_until_they_are_wrapped_anew(keyring: Keyring) -> None:
    old = wrap_key(KEY, keyring.wrapping(), "r1", entropy)
    new_epoch = keyring.rotate_wrapping(UtcSeconds(NOON + 1)).epoch
    new = rewrap_key(old, keyring, "r1", entropy)
    assert unwrap_key(old, keyring, "r1") == unwrap_key(new, keyring, "r1") == KEY
    keyring.forget_wrapping(before_epoch=new_epoch)
    assert unwrap_key(new, keyring, "r1") == KEY
    with pytest.raises(Unsealable, match="not in the keyring"):
        unwrap_key(old, keyring, "r1")
    with pytest.raises(ValueError, match="rotate_wrapping first"):
        keyring.forget_wrapping(before_epoch=new_epoch + 1)


def test_a_subject_whose_key_row_is_erased_cannot_be_read_by_anyone_left(keyring: Keyring) -> None:
    keys = {name: make_data_key(entropy) for name in ("r1", "r2")}
    wrapped = {name: wrap_key(keys[name], keyring.wrapping(), name, entropy) for name in keys}
    rows = {name: seal(Secret(name.encode()), keys[name], name, entropy) for name in keys}
    del keys, wrapped["r1"]
    assert unseal(rows["r2"], unwrap_key(wrapped["r2"], keyring, "r2"), "r2") == Secret(b"r2")
    left = [unwrap_key(wrapped["r2"], keyring, "r2"), keyring.wrapping().key]
    for key in left:
        with pytest.raises(Unsealable):
            unseal(rows["r1"], key, "r1")
