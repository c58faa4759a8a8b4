"""The centre seals each day of its journal, and whoever kept a seal can check what came before."""

import datetime as dt
from random import Random

import pytest
from msgspec.structs import replace

from restante.core.value import DAY
from restante.journal.seal import check_seals
from restante.wiring.archive import seal_checker_of
from restante.wiring.seals import LOOK_SECONDS, SPREAD_SECONDS, Sealing, _Ended
from tests.operations.house import House


def sealing(house: House, every_days: int = 1, seed: int = 0) -> Sealing:
    centre = house.centre
    settings = replace(centre.settings, seal_every_days=every_days)
    return Sealing(centre.journal, house.clock, settings, Random(seed))


def later(house: House, seconds: int) -> None:
    house.clock.set(house.clock.now() + seconds)  # type: ignore[arg-type]


def test_every_day_on_which_something_was_written_is_sealed_once(house: House) -> None:
    house.announce("JJD01")
    one, other = sealing(house, seed=1), sealing(house, seed=2)
    made = one.turn()
    assert made is not None
    assert made.to_position == house.centre.journal.head()
    assert (one.turn(), other.turn()) == (None, None)
    later(house, DAY)
    # Nothing was written since.
    assert one.turn() is None
    house.announce("JJD02")
    following = other.turn()
    assert following is not None
    assert (following.after_position, one.turn()) == (made.to_position, None)
    is_signed = seal_checker_of(house.centre.settings)
    assert check_seals(house.centre.journal, is_signed) == (2, None)


def test_days_between_seals_are_a_matter_of_the_settings(house: House) -> None:
    weekly = sealing(house, every_days=7)
    found = []
    for day in range(15):
        house.announce(f"JJD{day:02}")
        found += [day] if weekly.turn() else []
        later(house, DAY)
    assert found == [0, 7, 14]


def test_processes_begin_within_ten_minutes_of_a_day_and_not_together(house: House) -> None:
    house.announce("JJD01")
    midnight = -(-house.clock.now() // DAY) * DAY
    house.clock.set(midnight)  # type: ignore[arg-type]
    days = []
    for seed in range(20):
        made = sealing(house, seed=seed).turn()
        days += [] if made is None else [made.day]
    yesterday = dt.datetime.fromtimestamp(midnight - 1, dt.UTC).date().isoformat()
    assert days == [yesterday]
    house.announce("JJD02")
    sealed_after = []
    for seconds in range(0, SPREAD_SECONDS + 1, int(LOOK_SECONDS)):
        house.clock.set(midnight + seconds)  # type: ignore[arg-type]
        sealed_after += [seconds for seed in range(5) if sealing(house, seed=seed).turn()]
    assert len(sealed_after) == 1
    assert 0 < sealed_after[0] <= SPREAD_SECONDS


def test_a_process_that_ends_leaves_its_seal_to_the_next(house: House) -> None:
    house.announce("JJD01")
    ending = sealing(house)
    ending.stop()
    with pytest.raises(_Ended):
        ending.turn()
    assert house.centre.journal.seals() == ()
    assert sealing(house).turn() is not None


def test_no_thread_seals_where_nobody_wants_it(house: House) -> None:
    unwanted = sealing(house, every_days=0)
    unwanted.start()
    assert unwanted.close(0.0)
    wanted = sealing(house)
    wanted.start()
    assert wanted.close(5.0)
