"""PINs: how they are read, drawn, kept and checked."""

import contextlib
import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.access import (
    SIMULATION,
    STANDARD,
    Keyring,
    Malformed,
    Pepper,
    Pin,
    Secret,
    Verifier,
    VerifierCost,
    check_pin,
    fingerprint,
    is_guessable,
    make_pin,
    make_verifier,
    parse_pin,
    parse_verifier,
)
from restante.access.pin import argon2id
from restante.core.ids import SiteId

from .conftest import NOON, SITE

digits = st.text("0123456789", min_size=1)


class CountingStretch:
    """The real slow hash, counted."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, message: bytes, salt: bytes, cost: VerifierCost) -> bytes:
        self.calls += 1
        return argon2id(message, salt, cost)


def chance(seed: int = 7):  # type: ignore[no-untyped-def]
    return random.Random(seed).randbytes


@pytest.mark.parametrize(
    "typed",
    [
        "12-345678",
        "12345678",
        " 12 345 678 ",
        "12\u2013345678",
        "1 2-3 4 5 6 7 8",
        "١٢-٣٤٥٦٧٨",
        "12\u00a0345678",
    ],
)
def test_a_pin_is_read_however_it_is_typed(typed: str) -> None:
    pin = parse_pin(typed)
    assert pin.selector == "12"
    assert pin.secret.reveal() == "345678"
    assert pin.reveal() == "12-345678"


@given(
    st.from_regex(r"[0-9]{2}", fullmatch=True),
    st.from_regex(r"[0-9]{6}([0-9]{2})?", fullmatch=True),
)
def test_what_is_written_reads_back(selector: str, secret: str) -> None:
    pin = Pin(selector=selector, secret=Secret(secret))
    assert parse_pin(pin.reveal()) == pin


@pytest.mark.parametrize(
    "typed",
    ["", "1234567", "123456789", "12345678901", "12-34567x", "½2345678", "-" * 41, "1" * 10_000],
)
def test_anything_else_is_malformed_and_says_what_to_do(typed: str) -> None:
    with pytest.raises(Malformed, match="type all 8 digits"):
        parse_pin(typed)


def test_the_answer_to_a_mistyped_pin_does_not_repeat_it() -> None:
    with pytest.raises(Malformed) as caught:
        parse_pin("98-76543x")
    assert "76543" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_a_pin_or_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert len(parse_pin(text).reveal()) in (9, 11)


@pytest.mark.parametrize(
    "pattern",
    [
        "000000", "777777", "121212", "123123", "112112",  # repeats
        "123456", "654321", "890123", "210987", "912345",  # sequences
        "241286", "122486", "861224", "111984", "198411",  # dates
        "147258", "159357", "963741", "258580", "147896",  # keypad lines
        "123321", "459954", "5555", "900009", "81000037",  # mirrors and runs
        "24121986", "19861224", "12341234", "90147258",
    ],
)  # fmt: skip
def test_patterns_people_try_first_are_never_issued(pattern: str) -> None:
    if pattern == "147896":
        assert not is_guessable(pattern)  # A corner, not two lines.
    else:
        assert is_guessable(pattern)


@pytest.mark.parametrize("secret", ["739204", "402958", "718304", "95027164"])
def test_ordinary_codes_are_not_blocked(secret: str) -> None:
    assert not is_guessable(secret)


def test_the_blocklist_costs_less_than_a_fifth_of_a_bit() -> None:
    blocked = sum(is_guessable(f"{number:06d}") for number in range(0, 1_000_000, 37))
    assert blocked / (1_000_000 / 37) < 0.13


def test_new_pins_are_never_guessable_and_never_repeat(pepper: Pepper) -> None:
    taken: set[bytes] = set()
    selectors: list[str] = []
    entropy = chance()
    for _ in range(1_000):
        pin = make_pin(entropy=entropy, pepper=pepper, live_selectors=selectors, taken=taken)
        mark = fingerprint(pin, pepper)
        assert mark not in taken
        assert not is_guessable(pin.secret.reveal())
        assert not is_guessable(pin.selector + pin.secret.reveal())
        taken.add(mark)
        selectors.append(pin.selector)
    assert set(Counter(selectors).values()) == {10}


def test_a_taken_code_is_drawn_again(pepper: Pepper) -> None:
    first = make_pin(entropy=chance(), pepper=pepper)
    again = make_pin(entropy=chance(), pepper=pepper)
    other = make_pin(entropy=chance(), pepper=pepper, taken={fingerprint(first, pepper)})
    assert first == again != other


def test_giving_up_says_what_is_wrong(pepper: Pepper) -> None:
    class Everything:
        def __contains__(self, item: object) -> bool:
            return True

    with pytest.raises(RuntimeError, match="live and recent"):
        make_pin(entropy=chance(), pepper=pepper, taken=Everything())


def test_pins_are_drawn_evenly_from_all_that_are_allowed(pepper: Pepper) -> None:
    # Leaving out dates makes some digits rarer in some places, so every place is compared with
    # the allowed codes themselves, of which each eleventh stands for all.
    allowed = [code for code in map("{:06d}".format, range(0, 10**6, 11)) if not is_guessable(code)]
    entropy = chance(3)
    pins = [make_pin(entropy=entropy, pepper=pepper) for _ in range(4_000)]
    for place in range(6):
        share = Counter(code[place] for code in allowed)
        drawn = Counter(pin.secret.reveal()[place] for pin in pins)
        expected = {digit: share[digit] / len(allowed) * 4_000 for digit in "0123456789"}
        surprise = sum((drawn[d] - expected[d]) ** 2 / expected[d] for d in expected)
        # Chi-square, 9 degrees of freedom: above 40 once in 100,000 honest draws.
        assert surprise < 40, (place, drawn, expected)
    assert len({pin.selector for pin in pins}) == 100


def test_sites_without_a_secure_element_get_eight_secret_digits(pepper: Pepper) -> None:
    pin = make_pin(entropy=chance(), pepper=pepper, secret_digits=8)
    assert len(parse_pin(pin.reveal()).secret.reveal()) == 8
    with pytest.raises(ValueError, match="6 or 8"):
        make_pin(entropy=chance(), pepper=pepper, secret_digits=7)


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 12), chosen=st.integers(0, 11))
def test_the_right_code_is_found_among_any_number(seed: int, count: int, chosen: int) -> None:
    pepper = Keyring.in_memory(b"p", NOON)
    pepper.make_peppers([SITE])
    site = pepper.pepper(SITE)
    entropy = chance(seed)
    pins = [make_pin(entropy=entropy, pepper=site) for _ in range(count)]
    kept = [make_verifier(pin, site, SIMULATION) for pin in pins]
    wanted = chosen % count
    found = check_pin(pins[wanted], kept, site, SIMULATION)
    assert found is not None
    assert pins[found] == pins[wanted]


def test_a_code_with_one_other_digit_does_not_open(pepper: Pepper) -> None:
    kept = [make_verifier(parse_pin("12-345678"), pepper, SIMULATION)]
    for place in range(8):
        typed = "12345678"
        other = str((int(typed[place]) + 1) % 10)
        wrong = parse_pin(typed[:place] + other + typed[place + 1 :])
        assert check_pin(wrong, kept, pepper, SIMULATION) is None


@pytest.mark.parametrize(
    ("typed", "codes"),
    [
        ("12-345678", ["12-345678"]),
        ("12-345678", ["12-345678", "12-999999", "12-888888"]),
        ("12-345679", ["12-345678"]),
        ("12-345679", ["12-345678"] * 20),
        ("99-345678", ["12-345678"]),
        ("12-345678", []),
    ],
)
def test_every_attempt_costs_exactly_one_slow_hash(
    typed: str, codes: list[str], pepper: Pepper
) -> None:
    kept = [make_verifier(parse_pin(code), pepper, SIMULATION) for code in codes]
    stretch = CountingStretch()
    check_pin(parse_pin(typed), kept, pepper, SIMULATION, stretch=stretch)
    assert stretch.calls == 1


def test_a_verifier_of_another_site_epoch_or_cost_never_matches(keyring: Keyring) -> None:
    pin = parse_pin("12-345678")
    other = SiteId("site-08")
    keyring.make_peppers([other])
    old = keyring.pepper(SITE)
    kept = make_verifier(pin, old, SIMULATION)
    assert check_pin(pin, [kept], old, SIMULATION) == 0
    assert check_pin(pin, [kept], keyring.pepper(other), SIMULATION) is None
    assert check_pin(pin, [kept], keyring.renew_pepper(SITE), SIMULATION) is None
    dearer = VerifierCost(memory_kib=1024, passes=2)
    assert check_pin(pin, [kept], old, dearer) is None


def test_equal_codes_at_two_sites_leave_different_verifiers(keyring: Keyring) -> None:
    keyring.make_peppers([SiteId("site-08")])
    pin = parse_pin("12-345678")
    here = make_verifier(pin, keyring.pepper(SITE), SIMULATION)
    there = make_verifier(pin, keyring.pepper(SiteId("site-08")), SIMULATION)
    assert here.digest != there.digest


def test_equal_secrets_under_two_selectors_leave_different_verifiers(pepper: Pepper) -> None:
    one, two = (
        make_verifier(parse_pin(typed), pepper, SIMULATION) for typed in ("12-739204", "13-739204")
    )
    assert one.digest != two.digest


@given(
    epoch=st.integers(1, 999_999_999),
    selector=st.from_regex(r"[0-9]{2}", fullmatch=True),
    digest=st.binary(min_size=16, max_size=16),
    memory_kib=st.integers(1024, 262144),
    passes=st.integers(1, 10),
)
def test_a_verifier_reads_back_as_written(
    epoch: int, selector: str, digest: bytes, memory_kib: int, passes: int
) -> None:
    cost = VerifierCost(memory_kib=memory_kib, passes=passes)
    verifier = Verifier(selector=selector, epoch=epoch, cost=cost, digest=digest)
    assert parse_verifier(verifier.encode()) == verifier


@pytest.mark.parametrize(
    "text",
    [
        "",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA",
        "$argon2id-rs1$m=9999999,t=2,p=1$e=1,s=12$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id-rs1$m=8,t=2,p=1$e=1,s=12$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id-rs1$m=19456,t=99,p=1$e=1,s=12$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id-rs1$m=19456,t=2,p=1$e=1,s=12$AAAAAAAAAAAAAAAAAAAAAB",
    ],
)
def test_a_strange_verifier_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_verifier(text)


def test_the_standard_cost_is_the_recommended_minimum(pepper: Pepper) -> None:
    assert (STANDARD.memory_kib, STANDARD.passes) == (19456, 2)
    pin = parse_pin("12-345678")
    assert check_pin(pin, [make_verifier(pin, pepper, STANDARD)], pepper, STANDARD) == 0
