"""Whoever owns the broker opens no door: not with what was heard, not with what is made up.

The messages are drawn by a seeded generator from what a real centre said to a real locker: its
controller, its journal on a disk, and a simulated lock board. Between them the true orders come,
and each opens once.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from restante.core.door import Door
from restante.core.remote import Outcome
from restante.edge.store import open_locker_journal
from restante.link.message import Order, decode_from_centre
from tests.link.hostile import KINDS, NAMES, Fooled, Hostile
from tests.link.plants import PLANTS, planted
from tests.operations.afar import A1, Afar
from tests.operations.house import House, open_house

LIES_BETWEEN_ORDERS = 250
"""Messages of the broker between two true orders."""

SIGNED_BETWEEN_ORDERS = 150
"""Half of the lies are signed as the centre signs, and used up when they are refused."""

LIES = 4_000
LIES_OF_A_PLANT = 1_000


@pytest.fixture
def afar(tmp_path: Path) -> Iterator[Afar]:
    with joined(tmp_path) as ends:
        yield ends


@contextmanager
def joined(tmp_path: Path) -> Iterator[Afar]:
    """Join a centre and a locker that keeps its journal on a disk."""
    (tmp_path / "centre").mkdir()
    house: House = open_house(tmp_path / "centre")
    means = house.centre.means._replace(remote_openings_max=10**9)
    house.centre = house.centre._replace(means=means)
    journal = open_locker_journal(str(tmp_path / "locker.sqlite"), durability="relaxed")
    yield Afar(house, journal)
    journal.close()
    house.centre.close()


def true_order(afar: Afar, dice: random.Random) -> None:
    """Ask for a door; the broker gives the order late, twice, in between lies, as it likes."""
    place = dice.choice([name for name in NAMES if afar.door(name) is Door.CLOSED])
    before = afar.pulses()
    afar.tap.is_holding = True
    asked = afar.ask(compartment=place)
    afar.pump()
    afar.tap.is_holding = False
    body = next(one for one in reversed(afar.tap.said) if b'"type":"order"' in one)
    message = decode_from_centre(body)
    assert isinstance(message, Order)
    assert message.order == asked.order
    afar.house.clock.set(afar.now + dice.randrange(0, 60))  # type: ignore[arg-type]
    afar.locker_clock.set(afar.now)
    for _ in range(dice.randrange(1, 4)):
        afar.uplink.receive(body, afar.now)
    assert afar.pulses() == before + 1, "the true order opens exactly once"
    afar.shut(place)
    assert afar.outcome(asked) is Outcome.TAKEN


def campaign(afar: Afar, *, count: int, seed: int) -> Hostile:
    parcel = afar.deposit()
    dice = random.Random(seed)
    true_order(afar, dice)
    afar.pass_time(3700)
    permitted = afar.pulses()
    hostile = Hostile(afar, parcel, seed)
    kinds = list(hostile.kinds)
    for number in range(count):
        if number % LIES_BETWEEN_ORDERS == 0:
            hostile.read_what_was_written()
            # Counters are seconds: every signed lie that is refused has used one up.
            afar.pass_time(dice.randrange(SIGNED_BETWEEN_ORDERS, 2 * SIGNED_BETWEEN_ORDERS))
            true_order(afar, dice)
            permitted += 1
            if number % (8 * LIES_BETWEEN_ORDERS) == 0:
                afar.restart()
                afar.pump()
        if number % len(kinds) == 0:
            dice.shuffle(kinds)
        hostile.say(kinds[number % len(kinds)])
        assert all(afar.door(name) is Door.CLOSED for name in (A1, hostile.place))
    hostile.read_what_was_written()
    afar.pump()
    assert afar.pulses() == permitted
    assert afar.house.status(parcel) == "ready"
    return hostile


def check_reach(hostile: Hostile, count: int) -> None:
    said = {kind: sum(answers.values()) for kind, answers in hostile.answers.items()}
    assert sum(said.values()) == count
    assert set(said) == set(hostile.kinds)
    assert min(said.values()) >= count // len(hostile.kinds), said


def find(plant: str, folder: Path, *, count: int, seed: int) -> str:
    """Let the broker lie to a locker that lacks a check; gives what the first lie did that told."""
    folder.mkdir()
    with planted(plant), joined(folder) as afar:
        try:
            campaign(afar, count=count, seed=seed)
        except Fooled as fooled:
            return str(fooled)[:80]
    return ""


def test_thousands_of_lies_open_nothing_and_every_true_order_opens_once(afar: Afar) -> None:
    hostile = campaign(afar, count=LIES, seed=20_261_121)
    print(hostile.report())
    check_reach(hostile, LIES)


@pytest.mark.parametrize("plant", PLANTS)
def test_the_broker_finds_every_check_that_is_missing(plant: str, tmp_path: Path) -> None:
    found = find(plant, tmp_path / "ends", count=len(KINDS), seed=1)
    print(f"{plant}: {found}")
    assert found


@pytest.mark.slow
def test_a_hundred_thousand_lies_open_nothing(afar: Afar) -> None:
    hostile = campaign(afar, count=100_000, seed=5)
    print(hostile.report())
    check_reach(hostile, 100_000)


@pytest.mark.slow
def test_missing_checks_are_found_in_any_order_and_nothing_where_none_is_missing(
    tmp_path: Path,
) -> None:
    for seed in range(10):
        found = {
            plant: find(plant, tmp_path / f"{plant}-{seed}", count=LIES_OF_A_PLANT, seed=seed)
            for plant in ("", *PLANTS)
        }
        print(
            f"seed {seed}:",
            *(f"{name or 'none'}: {what}" for name, what in found.items()),
            sep="\n  ",
        )
        assert {name for name, what in found.items() if what} == set(PLANTS)
