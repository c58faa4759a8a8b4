"""PINs on their way to a locker."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restante.access import (
    SIMULATION,
    STANDARD,
    Keyring,
    Malformed,
    Pepper,
    VerifierCost,
    check_pin,
    is_keyed_pin,
    key_pin,
    make_pin,
    make_verifier,
    parse_keyed_pin,
    parse_pin,
    stretch_keyed_pin,
)

from .conftest import SITE


def never_stretch(_message: bytes, _salt: bytes, _cost: VerifierCost) -> bytes:
    raise AssertionError("nothing was to be stretched")


@pytest.mark.parametrize("typed", ["12-345678", "00-000001", "99-98765432"])
@pytest.mark.parametrize("cost", [SIMULATION, STANDARD])
def test_what_a_locker_makes_of_it_is_the_verifier_of_the_same_pin(
    typed: str, cost: VerifierCost, pepper: Pepper
) -> None:
    pin = parse_pin(typed)
    keyed = parse_keyed_pin(key_pin(pin, pepper).encode())
    made = stretch_keyed_pin(keyed, pepper, cost)
    assert made == make_verifier(pin, pepper, cost)
    assert check_pin(pin, [made], pepper, cost) == 0
    wrong = parse_pin(typed[:-1] + ("1" if typed[-1] == "0" else "0"))
    assert check_pin(wrong, [made], pepper, cost) is None


@given(seed=st.integers())
def test_it_reads_back_as_it_was_written(seed: int) -> None:
    chance = random.Random(seed)
    keyring = Keyring.in_memory(chance.randbytes(8), 0)  # type: ignore[arg-type]
    keyring.make_peppers([SITE])
    pepper = keyring.pepper(SITE)
    keyed = key_pin(make_pin(entropy=chance.randbytes, pepper=pepper), pepper)
    assert is_keyed_pin(keyed.encode())
    assert parse_keyed_pin(keyed.encode()) == keyed


def test_it_is_of_no_use_with_another_epoch_of_the_pepper_and_costs_nothing_then(
    keyring: Keyring,
) -> None:
    before = keyring.pepper(SITE)
    keyed = key_pin(parse_pin("12-345678"), before)
    after = keyring.renew_pepper(SITE)
    assert stretch_keyed_pin(keyed, after, STANDARD, stretch=never_stretch) is None
    assert key_pin(parse_pin("12-345678"), after).message != keyed.message


def test_it_shows_neither_the_pin_nor_what_is_stretched(pepper: Pepper) -> None:
    keyed = key_pin(parse_pin("12-345678"), pepper)
    said = repr(keyed)
    assert "345678" not in said + keyed.encode()
    assert keyed.encode().rsplit("$")[-1] not in said


def test_a_verifier_of_an_earlier_centre_is_none(pepper: Pepper) -> None:
    verifier = make_verifier(parse_pin("12-345678"), pepper, SIMULATION).encode()
    assert not is_keyed_pin(verifier)
    with pytest.raises(Malformed):
        parse_keyed_pin(verifier)


@given(place=st.integers(0, 70), letter=st.characters())
def test_what_was_changed_under_way_is_another_one_or_none(place: int, letter: str) -> None:
    keyring = Keyring.in_memory(b"tests", 0)  # type: ignore[arg-type]
    keyring.make_peppers([SITE])
    keyed = key_pin(parse_pin("12-345678"), keyring.pepper(SITE))
    written = keyed.encode()
    changed = written[:place] + letter + written[place + 1 :]
    try:
        read = parse_keyed_pin(changed)
    except Malformed as error:
        assert changed != written
        assert changed not in str(error)
    else:
        assert (read == keyed) == (changed == written)
