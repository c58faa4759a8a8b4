"""Codes that come with a list are stretched by the locker, one after the other."""

from pathlib import Path

import msgspec
import pytest

from restante.access import (
    SIMULATION,
    STANDARD,
    VerifierCost,
    key_pin,
    make_pin,
    make_verifier,
    parse_keyed_pin,
    parse_pin,
    parse_verifier,
)
from restante.core.grant import Purpose
from restante.core.ids import GrantId, ParcelId
from restante.core.refusal import Refused
from restante.core.value import DAY, UtcSeconds
from restante.edge.codes import TURN_WORK
from restante.edge.store import open_locker_journal
from restante.edge.uplink import Uplink
from restante.link.message import CollectGrant, ListChange, PinVerifier

from .cabinet import SITE, START, Cabinet

A_TURN = TURN_WORK // (SIMULATION.memory_kib * SIMULATION.passes)
"""Codes a locker of these tests stretches in one turn."""


def keyed_code(cabinet: Cabinet, name: str) -> tuple[str, ListChange]:
    pepper = cabinet.keyring.pepper(SITE)
    pin = make_pin(entropy=cabinet.minter.secret_bytes, pepper=pepper)
    entry = PinVerifier(
        grant=GrantId(f"g-{name}"), selector=pin.selector, verifier=key_pin(pin, pepper).encode()
    )
    return pin.reveal(), ListChange(key=f"pin/g-{name}", entry=entry)


def keyed_codes(cabinet: Cabinet, count: int) -> list[ListChange]:
    return [keyed_code(cabinet, f"p{number:03d}")[1] for number in range(count)]


def held_codes(cabinet: Cabinet) -> set[str]:
    return {key for key in cabinet.controller.allowed.listed if key.startswith("pin/")}


def permit(name: str) -> ListChange:
    entry = CollectGrant(
        grant=GrantId(f"g-{name}"),
        parcel=ParcelId(name),
        purpose=Purpose.COLLECT,
        valid_from=START,
        valid_until=UtcSeconds(START + DAY),
    )
    return ListChange(key=f"grant/g-{name}", entry=entry)


def test_a_turn_is_one_code_at_the_standard_cost() -> None:
    assert STANDARD.memory_kib * STANDARD.passes == TURN_WORK
    assert A_TURN > 30


def test_what_does_not_fit_into_a_turn_follows_and_the_list_is_confirmed_only_then() -> None:
    cabinet = Cabinet()
    uplink = Uplink(cabinet.controller, cabinet.keyring.public())
    uplink.connected(START)
    codes = keyed_codes(cabinet, 2 * A_TURN + 1)
    cabinet.controller.apply_list([*codes, permit("p000")], version=7, is_whole=False)
    uplink.outgoing(START)
    assert len(held_codes(cabinet)) == A_TURN
    assert cabinet.controller.allowed.grant(GrantId("g-p000")) is not None
    assert uplink.session.list_version == 0
    cabinet.pass_time(1)
    assert len(held_codes(cabinet)) == 2 * A_TURN
    cabinet.pass_time(1)
    uplink.outgoing(START)
    assert len(held_codes(cabinet)) == 2 * A_TURN + 1
    assert uplink.session.list_version == 7


def test_a_code_opens_whether_its_list_was_stretched_by_the_centre_or_is_by_the_locker() -> None:
    cabinet = Cabinet()
    cabinet.expect("parcel-a")
    cabinet.bring("parcel-a")
    pepper = cabinet.keyring.pepper(SITE)
    old, new = parse_pin("12-907356"), parse_pin("12-481907")
    stretched = make_verifier(old, pepper, SIMULATION).encode()
    for pin, written in ((old, stretched), (new, key_pin(new, pepper).encode())):
        entry = PinVerifier(grant=GrantId("g-parcel-a"), selector="12", verifier=written)
        code = ListChange(key=f"pin/{written[:5]}", entry=entry)
        cabinet.tell_changes([permit("parcel-a"), code])
        assert cabinet.controller.sign_in_with_pin(pin.reveal()).grants == ("g-parcel-a",)
        cabinet.controller.end_visit()
    with pytest.raises(Refused):
        cabinet.controller.sign_in_with_pin("12-481908")


def test_a_list_that_is_sent_again_is_not_stretched_again() -> None:
    cabinet = Cabinet()
    codes = keyed_codes(cabinet, 2 * A_TURN)
    cabinet.controller.apply_list(codes, version=7, is_whole=True)
    cabinet.pass_time(1)
    before = dict(cabinet.controller.allowed.listed)
    cabinet.controller.apply_list(codes, version=8, is_whole=True)
    assert cabinet.controller.store.has_all_codes
    assert cabinet.controller.allowed.listed == before


def test_a_code_taken_away_while_it_waits_is_never_held() -> None:
    cabinet = Cabinet()
    codes = keyed_codes(cabinet, 2 * A_TURN)
    last = codes[-1].key
    cabinet.controller.apply_list(codes, version=7, is_whole=False)
    gone = ListChange(key=last, entry=None)
    cabinet.controller.apply_list([*codes[:-1], gone], version=8, is_whole=False)
    for _ in range(3):
        cabinet.pass_time(1)
    assert held_codes(cabinet) == {one.key for one in codes[:-1]}
    assert cabinet.controller.store.has_all_codes


def test_an_older_list_takes_nothing_back_while_codes_wait() -> None:
    cabinet = Cabinet()
    codes = keyed_codes(cabinet, 2 * A_TURN)
    revoked = ListChange(key="grant/g-p000", entry=None)
    cabinet.controller.apply_list([*codes, revoked], version=8, is_whole=False)
    assert not cabinet.controller.store.has_all_codes
    cabinet.controller.apply_list([permit("p000")], version=7, is_whole=False)
    assert cabinet.controller.allowed.grant(GrantId("g-p000")) is None


def test_a_restart_while_codes_wait_asks_for_the_whole_list() -> None:
    cabinet = Cabinet()
    codes = keyed_codes(cabinet, 2 * A_TURN)
    cabinet.controller.apply_list(codes, version=8, is_whole=False)
    cabinet.start()
    again = Uplink(cabinet.controller, cabinet.keyring.public())
    assert again.session.list_version == 0
    cabinet.controller.apply_list(codes, version=8, is_whole=True)
    assert held_codes(cabinet) == {one.key for one in codes}
    again.connected(START)
    again.outgoing(START)
    assert again.session.list_version == 8


def test_a_code_for_another_pepper_or_in_a_newer_form_is_not_kept_and_holds_nothing_up() -> None:
    cabinet = Cabinet()
    _, good = keyed_code(cabinet, "good")
    cabinet.keyring.renew_pepper(SITE)
    _, foreign = keyed_code(cabinet, "foreign")
    entry = PinVerifier(grant=GrantId("g-newer"), selector="12", verifier="$hmac-rs2$x=1$AAAA")
    newer = ListChange(key="pin/g-newer", entry=entry)
    cabinet.controller.apply_list([good, foreign, newer], version=3, is_whole=False)
    assert held_codes(cabinet) == {"pin/g-good"}
    assert cabinet.controller.store.has_all_codes


def test_a_disk_never_holds_a_code_that_is_not_stretched(tmp_path: Path) -> None:
    cabinet = Cabinet(journal=open_locker_journal(str(tmp_path / "locker.sqlite")))
    codes = keyed_codes(cabinet, A_TURN + 3)
    cabinet.controller.apply_list(codes, version=8, is_whole=False)
    files = list(tmp_path.iterdir())
    on_disk = b"".join(file.read_bytes() for file in files)
    secrets = [parse_keyed_pin(pin.verifier).message for pin in entries(codes)]
    for secret in secrets:
        assert secret.reveal() not in on_disk
    for pin in entries(codes):
        assert pin.verifier.rsplit("$")[-1].encode() not in on_disk
    first = cabinet.controller.allowed.listed[codes[0].key].entry
    assert isinstance(first, PinVerifier)
    digest = first.verifier.rsplit("$")[-1]
    assert msgspec.json.encode(digest)[1:-1] in on_disk, "what is stretched is there"
    cabinet.pass_time(1)
    assert cabinet.controller.store.has_all_codes
    cabinet.controller.store.close()


def test_new_codes_are_stretched_at_the_cost_the_locker_is_set_to() -> None:
    cabinet = Cabinet()
    cabinet.controller.apply_list(keyed_codes(cabinet, 1), version=1, is_whole=False)
    (key,) = held_codes(cabinet)
    entry = cabinet.controller.allowed.listed[key].entry
    assert isinstance(entry, PinVerifier)
    cost: VerifierCost = parse_verifier(entry.verifier).cost
    assert cost == cabinet.controller.config.verifier_cost


def entries(codes: list[ListChange]) -> list[PinVerifier]:
    return [one.entry for one in codes if isinstance(one.entry, PinVerifier)]
