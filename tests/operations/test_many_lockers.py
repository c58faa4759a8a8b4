"""What many lockers need is read together, and is what each would have read alone."""

from restante.core.ids import LockerId, SiteId
from restante.link.memory import MemoryLink
from tests.operations.house import LOCKER, SITE, House
from tests.operations.locker_end import LockerEnd

OTHER = SiteId("site-99")


def test_the_ends_of_many_are_made_together_and_strangers_have_none(house: House) -> None:
    hub = house.centre.hub
    ends = hub.ends_for([LOCKER, LockerId("locker-99")])
    assert set(ends) == {LOCKER}
    assert ends[LOCKER] is hub.end_for(LOCKER)
    assert ends[LOCKER].site == SITE


def test_what_changed_on_many_lists_is_what_each_would_say(house: House) -> None:
    lists = house.centre.hub.lists
    house.announce("JJD1")
    before = lists.version(SITE)
    house.announce("JJD2")
    found = lists.deltas({SITE: before})
    assert found == {SITE: lists.delta(SITE, before)}
    assert found[SITE].changes
    assert lists.versions([SITE, OTHER]) == {SITE: lists.version(SITE), OTHER: 0}


def test_a_list_whose_base_is_not_known_is_left_to_be_read_whole(house: House) -> None:
    lists = house.centre.hub.lists
    house.announce("JJD1")
    newest = lists.version(SITE)
    assert lists.deltas({SITE: newest + 1}) == {}
    assert lists.deltas({SITE: 0}) == {}
    assert lists.delta(SITE, 0).base_version == 0


def test_what_was_read_together_with_a_push_is_what_the_locker_gets(house: House) -> None:
    locker = LockerEnd(house)
    hub = house.centre.hub
    link = MemoryLink(locker, hub.end_for(LOCKER))
    link.pump(house.clock.now())
    done = house.announce("JJD1")
    assert hub.push_lists() == 1
    # Another change before the locker is spoken to: the next push tells of it.
    later = house.announce("JJD2")
    link.pump(house.clock.now())
    assert f"parcel/{done.parcel}" in locker.list
    hub.push_lists()
    link.pump(house.clock.now())
    assert f"parcel/{later.parcel}" in locker.list
    assert set(locker.list) == set(house.list_keys())
