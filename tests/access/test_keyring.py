"""The registry of keys: rotation, export, peppers, and what each key may do."""

import msgspec
import pytest

from restante.access import (
    Denied,
    Keyring,
    KeyringContent,
    PublicKeyring,
    Purpose,
    Signature,
    Stage,
    Why,
    sign_document,
    verify_document,
)
from restante.core.ids import SiteId
from restante.core.value import DAY, UtcSeconds

from .conftest import NOON, SITE

LATER = UtcSeconds(NOON + DAY)


def stages(ring: Keyring, purpose: Purpose) -> list[Stage]:
    return [stage for key, stage in ring.stages() if key.purpose is purpose]


@pytest.mark.parametrize("purpose", list(Purpose))
def test_every_purpose_begins_with_a_current_and_a_next_key(
    keyring: Keyring, purpose: Purpose
) -> None:
    assert stages(keyring, purpose) == [Stage.CURRENT, Stage.NEXT]


def test_no_key_serves_two_purposes(keyring: Keyring) -> None:
    publics = [key.public for key, _ in keyring.stages()]
    assert len(set(publics)) == len(publics)


def test_rotation_moves_every_key_one_stage_on(keyring: Keyring) -> None:
    ring = keyring
    following = [key.kid for key, stage in ring.stages() if stage is Stage.NEXT]
    new = ring.rotate(Purpose.LIST, LATER)
    assert new.kid in following
    assert stages(ring, Purpose.LIST) == [Stage.PREVIOUS, Stage.CURRENT, Stage.NEXT]
    assert stages(ring, Purpose.TOKEN) == [Stage.CURRENT, Stage.NEXT]
    ring.rotate(Purpose.LIST, LATER)
    assert stages(ring, Purpose.LIST)[0] is Stage.RETIRED


def test_times_of_a_keys_life_are_kept(keyring: Keyring) -> None:
    old = keyring.current(Purpose.LIST).kid
    new = keyring.rotate(Purpose.LIST, LATER).kid
    lives = {key.kid: key for key, _ in keyring.stages()}
    assert (lives[old].created_at, lives[old].activated_at, lives[old].retired_at) == (
        NOON,
        NOON,
        LATER,
    )
    assert (lives[new].activated_at, lives[new].retired_at) == (LATER, None)


def test_a_retired_key_loses_its_private_half() -> None:
    kept: list[KeyringContent] = []
    ring = Keyring.create(Keyring.in_memory(b"x", NOON)._entropy, NOON, kept.append)
    ring.rotate(Purpose.TOKEN, LATER)
    old = next(key for key in kept[-1].signing if key.public.retired_at is not None)
    assert old.private is None


def test_heads_signed_long_ago_stay_verifiable(keyring: Keyring) -> None:
    old = sign_document(b"head", keyring.current(Purpose.HEAD))
    for _ in range(5):
        keyring.rotate(Purpose.HEAD, LATER)
    verify_document(b"head", old, keyring.public(), Purpose.HEAD)


def test_a_signed_document_counts_for_its_purpose_only(keyring: Keyring) -> None:
    signature = sign_document(b"list", keyring.current(Purpose.LIST))
    verify_document(b"list", signature, keyring.public(), Purpose.LIST)
    with pytest.raises(Denied) as caught:
        verify_document(b"list", signature, keyring, Purpose.COMMAND)
    assert caught.value.why is Why.KEY_UNKNOWN
    for body, value in ((b"lost", signature.value), (b"list", b""), (b"list", bytes(64))):
        with pytest.raises(Denied) as caught:
            verify_document(body, Signature(kid=signature.kid, value=value), keyring, Purpose.LIST)
        assert caught.value.why is Why.SIGNATURE_WRONG


def test_the_purpose_is_signed_too_even_if_keys_were_mixed_up(keyring: Keyring) -> None:
    key = keyring.current(Purpose.LIST)
    key.purpose = Purpose.COMMAND
    with pytest.raises(Denied) as caught:
        verify_document(b"open", sign_document(b"open", key), keyring, Purpose.LIST)
    assert caught.value.why is Why.SIGNATURE_WRONG


def test_the_public_half_goes_through_json_and_holds_no_secret(keyring: Keyring) -> None:
    written = msgspec.json.encode(keyring.public())
    read = msgspec.json.decode(written, type=PublicKeyring)
    assert read == keyring.public()
    assert b"private" not in written
    assert b"pepper" not in written


def test_equal_seeds_make_equal_keyrings_and_others_do_not() -> None:
    one, two, three = (Keyring.in_memory(seed, NOON) for seed in (b"a", b"a", b"b"))
    assert one.public() == two.public() != three.public()


def test_every_site_has_its_own_pepper_and_keeps_it(keyring: Keyring) -> None:
    sites = [SiteId(f"site-{number}") for number in range(50)]
    keyring.make_peppers(sites)
    peppers = [keyring.pepper(site).key.reveal() for site in sites]
    assert len(set(peppers)) == 50
    assert all(len(key) == 32 for key in peppers)
    keyring.make_peppers(sites)
    assert [keyring.pepper(site).key.reveal() for site in sites] == peppers


def test_a_tampered_site_gets_a_new_pepper_in_a_new_epoch(keyring: Keyring) -> None:
    before = keyring.pepper(SITE)
    after = keyring.renew_pepper(SITE)
    assert after.epoch == before.epoch + 1
    assert after.key != before.key
    assert keyring.pepper(SITE) == after


def test_a_site_without_a_pepper_says_what_to_do(keyring: Keyring) -> None:
    with pytest.raises(LookupError, match="make_peppers"):
        keyring.pepper(SiteId("nowhere"))


def test_many_peppers_are_written_at_once() -> None:
    kept: list[KeyringContent] = []
    ring = Keyring.create(Keyring.in_memory(b"x", NOON)._entropy, NOON, kept.append)
    before = len(kept)
    ring.make_peppers(SiteId(f"site-{number}") for number in range(1_000))
    ring.make_peppers([SiteId("site-1")])
    assert len(kept) == before + 1


def test_a_change_that_cannot_be_written_does_not_happen() -> None:
    full = False

    def persist(content: KeyringContent) -> None:
        if full:
            raise OSError("disk full")

    ring = Keyring.create(Keyring.in_memory(b"x", NOON)._entropy, NOON, persist)
    ring.make_peppers([SITE])
    before = (ring.public(), ring.pepper(SITE), ring.wrapping())
    full = True
    with pytest.raises(OSError, match="full"):
        ring.rotate(Purpose.TOKEN, LATER)
    with pytest.raises(OSError, match="full"):
        ring.renew_pepper(SITE)
    with pytest.raises(OSError, match="full"):
        ring.rotate_wrapping(LATER)
    assert (ring.public(), ring.pepper(SITE), ring.wrapping()) == before


def test_nothing_in_a_keyring_shows_a_private_half(keyring: Keyring) -> None:
    shown = repr([keyring._content, keyring.current(Purpose.TOKEN), keyring.wrapping()])
    for stored in keyring._content.signing:
        assert stored.private is not None
        assert repr(stored.private.reveal())[2:-1] not in shown
        assert stored.private.reveal().hex() not in shown
