"""The centre's end of a link, joined to a locker's end in this process."""

import pytest

from restante.core.ids import CompartmentId, LockerId
from restante.core.locker import ControllerStarted, LockerInstalled
from restante.core.value import UtcSeconds
from restante.link.memory import MemoryLink
from restante.operations.enrolment import revoke_locker
from restante.views import NotFound, Principal
from tests.operations.house import LOCKER, OPERATOR, SITE, House
from tests.operations.locker_end import LockerEnd, deposited


@pytest.fixture
def joined(house: House) -> tuple[House, LockerEnd, MemoryLink]:
    locker = LockerEnd(house)
    names = tuple(CompartmentId(f"A{n}") for n in range(1, 6))
    locker.record(
        LockerInstalled(at=house.clock.now(), locker=LOCKER, compartments=names), house.clock.now()
    )
    return house, locker, MemoryLink(locker, house.centre.hub.end_for(LOCKER))


def test_list_and_time_go_down_and_facts_go_up(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, locker, link = joined
    done = house.announce()
    house.centre.hub.push_lists()
    link.pump(house.clock.now())
    assert set(locker.list) == set(house.list_keys())
    assert f"parcel/{done.parcel}" in locker.list
    assert locker.told_ms == house.clock.now_ms()
    locker.record(deposited(done.parcel, house.clock.now()), house.clock.now())
    link.pump(house.clock.now())
    assert locker.acknowledged == 2
    assert house.status(done.parcel) == "ready"


def test_after_a_cut_both_sides_agree_again(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, locker, link = joined
    first = house.announce("JJD1")
    house.centre.hub.push_lists()
    link.pump(house.clock.now())
    link.cut()
    locker.record(deposited(first.parcel, house.clock.now()), house.clock.now())
    second = house.announce("JJD2")
    house.centre.hub.push_lists()
    assert link.pump(house.clock.now()) == 0
    assert house.status(first.parcel) == "booked"
    link.restore()
    for _ in range(3):
        link.pump(house.clock.now())
        house.centre.hub.push_lists()
    assert house.status(first.parcel) == "ready"
    assert f"parcel/{second.parcel}" in locker.list
    assert {key: type(entry) for key, entry in locker.list.items()} == {
        key: type(entry) for key, entry in house.list_keys().items()
    }


def test_pushing_tells_only_ends_whose_list_changed(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, _, link = joined
    link.pump(house.clock.now())
    house.announce()
    assert house.centre.hub.push_lists() == 1
    assert house.centre.hub.push_lists() == 0


def test_a_restarted_centre_knows_what_it_has_and_acknowledges_it_again(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, locker, link = joined
    link.pump(house.clock.now())
    link.cut()
    again = house.restart()
    locker.record(ControllerStarted(at=house.clock.now(), release="2"), house.clock.now())
    link = MemoryLink(locker, again.centre.hub.end_for(LOCKER))
    link.pump(house.clock.now())
    assert locker.acknowledged == 2
    shown = again.centre.queries.locker(Principal.of_operator("ada"), LOCKER)
    assert shown.fact_count == 3
    assert shown.seen_at == house.clock.now()
    again.centre.close()


def test_a_message_nobody_understands_is_dropped_and_counted(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, _, link = joined
    link.pump(house.clock.now())
    end = house.centre.hub.end_for(LOCKER)
    end.receive(b"\xff\x00 nonsense", house.clock.now())
    end.receive(b'{"type":"heartbeat","locker":"locker-02"}', house.clock.now())
    assert end.dropped_count == 2


def test_there_is_no_end_for_a_locker_nobody_registered(house: House) -> None:
    with pytest.raises(NotFound, match="locker-99"):
        house.centre.hub.end_for(LockerId("locker-99"))


def test_a_told_removal_is_swept_and_an_older_list_is_then_sent_whole(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, _, link = joined
    lists = house.centre.hub.lists
    link.pump(house.clock.now())
    done = house.announce(promise="soft")
    old = lists.version(SITE)
    house.pass_time(3600)
    house.announce("JJD2")
    for _ in range(3):
        house.centre.hub.push_lists()
        link.pump(house.clock.now())
        house.clock.set(UtcSeconds(house.clock.now() + 61))
    assert any(c.entry is None for c in lists.delta(SITE, old).changes)
    assert house.centre.sweeper.turn() == 3
    delta = lists.delta(SITE, old)
    assert delta.base_version == 0
    assert f"parcel/{done.parcel}" not in {change.key for change in delta.changes}
    assert house.centre.sweeper.turn() == 0


def test_no_fact_of_a_revoked_locker_is_taken_in_although_it_is_joined_still(
    joined: tuple[House, LockerEnd, MemoryLink],
) -> None:
    house, locker, link = joined
    link.pump(house.clock.now())
    assert locker.acknowledged == 1
    house.centre.run(revoke_locker(OPERATOR, locker=LOCKER, why="stolen"))
    head = house.centre.journal.head()
    # No turn of the chores has told the link.
    locker.record(ControllerStarted(at=house.clock.now(), release="2"), house.clock.now())
    link.pump(house.clock.now())
    assert (locker.acknowledged, house.centre.journal.head()) == (1, head)
    assert house.centre.hub.end_for(LOCKER).dropped_count == 1


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_revoked_locker_that_greets_is_told_nothing(
    joined: tuple[House, LockerEnd, MemoryLink], *, is_restarted: bool
) -> None:
    house, locker, link = joined
    link.pump(house.clock.now())
    house.centre.run(revoke_locker(OPERATOR, locker=LOCKER, why="stolen"))
    house.announce()
    listed, told_ms = dict(locker.list), locker.told_ms
    link.cut()
    now = UtcSeconds(house.clock.now() + 60)
    after = house.restart(at=now) if is_restarted else house
    after.centre.hub.push_lists()
    MemoryLink(locker, after.centre.hub.end_for(LOCKER)).pump(now)
    assert not locker.session.is_online
    assert (locker.list, locker.told_ms) == (listed, told_ms)
    assert after.centre.hub.end_for(LOCKER).dropped_count > 0
    after.centre.close()
