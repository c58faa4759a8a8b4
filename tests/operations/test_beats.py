"""Beats of many lockers, gathered and written together."""

import pytest

from restante.core.ids import LockerId
from restante.core.value import UtcSeconds
from restante.journal.committer import Closed
from restante.link.message import Heartbeat
from restante.operations.beats import Beats
from restante.views.tables import LOCKER_LINKS
from tests.operations.house import LOCKER, OTHER_LOCKER, House


def _beat(house: House, unsent: int, locker: LockerId = LOCKER) -> Heartbeat:
    return Heartbeat(
        locker=locker,
        at=house.clock.now(),
        unsent_count=unsent,
        unsent_since=None,
        list_version=0,
    )


def _unsent(house: House, locker: str = LOCKER) -> object:
    rows = house.centre.journal.rows(LOCKER_LINKS.name, [(locker,)])
    return rows[(locker,)]["unsent_count"] if rows else None


def test_gathered_beats_of_all_lockers_are_one_transaction_and_the_newest_counts(
    house: House,
) -> None:
    beats = Beats(house.centre.committer)
    beats.gather()
    before = house.centre.committer.counts().transactions
    for unsent in range(5):
        beats.note(_beat(house, unsent), house.clock.now())
        beats.note(_beat(house, unsent + 10, OTHER_LOCKER), house.clock.now())
    assert _unsent(house) is None
    assert beats.write() == 2
    assert house.centre.committer.counts().transactions == before + 1
    assert (_unsent(house), _unsent(house, OTHER_LOCKER)) == (4, 14)
    assert beats.write() == 0


def test_until_they_are_gathered_each_beat_is_written_when_it_comes(house: House) -> None:
    Beats(house.centre.committer).note(_beat(house, 3), house.clock.now())
    assert _unsent(house) == 3


def test_a_greeting_is_newer_than_the_beats_before_it(house: House) -> None:
    beats = Beats(house.centre.committer)
    beats.gather()
    beats.note(_beat(house, 3), house.clock.now())
    beats.forget(LOCKER)
    assert beats.write() == 0
    assert _unsent(house) is None


def test_a_beat_that_could_not_be_written_stays_for_the_next_time(house: House) -> None:
    beats = Beats(house.centre.committer)
    beats.gather()
    beats.note(_beat(house, 3), UtcSeconds(1))
    house.centre.committer.close()
    for _ in range(2):
        with pytest.raises(Closed):
            beats.write()
