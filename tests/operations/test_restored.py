"""A centre put back from an older copy, while its lockers have gone on."""

import shutil
from pathlib import Path

import pytest

from restante.core.ids import CompartmentId
from restante.core.locker import LockerInstalled
from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.journal.verify import verify
from restante.link.memory import MemoryLink
from restante.operations.restored import POSITIONS_SKIPPED, note_put_back
from tests.operations.house import LOCKER, OPERATOR, SITE, House
from tests.operations.locker_end import LockerEnd, deposited


def put_back(house: House, copy: Path) -> House:
    """End the centre, replace its folder by a copy of it, and open that."""
    settings = house.centre.settings
    house.centre.close()
    shutil.rmtree(settings.data_dir)
    shutil.copytree(copy, settings.data_dir)
    return House.reopen(settings.data_dir, at=house.clock.now())


def take_copy(house: House, copy: Path) -> House:
    house.centre.close()
    shutil.copytree(house.centre.settings.data_dir, copy)
    return House.reopen(house.centre.settings.data_dir, at=house.clock.now())


def install(house: House) -> LockerEnd:
    locker = LockerEnd(house)
    names = tuple(CompartmentId(f"A{n}") for n in range(1, 6))
    at = house.clock.now()
    locker.record(LockerInstalled(at=at, locker=LOCKER, compartments=names), at)
    return locker


def talk(house: House, locker: LockerEnd) -> None:
    """Join both ends until nobody has anything to say."""
    link = MemoryLink(locker, house.centre.hub.end_for(LOCKER))
    for _ in range(4):
        house.centre.hub.push_lists()
        link.pump(house.clock.now())
        house.clock.set(UtcSeconds(house.clock.now() + 30))
    link.cut()


def test_lockers_send_again_what_an_older_copy_lacks_and_take_its_lists(
    house: House, tmp_path_factory: pytest.TempPathFactory
) -> None:
    copy = tmp_path_factory.mktemp("backup") / "copy"
    locker = install(house)
    kept = house.announce("JJD01")
    talk(house, locker)
    house = take_copy(house, copy)
    lost = house.announce("JJD02")
    locker.record(deposited(kept.parcel, house.clock.now()), house.clock.now())
    talk(house, locker)
    assert house.status(kept.parcel) == "ready"
    assert f"parcel/{lost.parcel}" in locker.list
    before = house.centre.journal.head()

    house = put_back(house, copy)
    centre = house.centre
    position = note_put_back(
        centre.journal, OPERATOR, network=centre.means.network, now=house.clock.now
    )
    assert position > POSITIONS_SKIPPED > before
    house = house.restart()
    talk(house, locker)

    assert house.status(kept.parcel) == "ready"
    assert f"parcel/{lost.parcel}" not in locker.list
    assert set(locker.list) == set(house.list_keys())
    assert locker.session.list_version == house.centre.hub.lists.version(SITE)
    assert locker.session.unsent_count == 0
    again = house.announce("JJD03")
    talk(house, locker)
    assert f"parcel/{again.parcel}" in locker.list
    assert verify(house.centre.journal, KINDS).is_sound
    # Who read events up to a position that was lost goes on without missing one.
    later = house.centre.queries.events(OPERATOR, after=before, limit=100).events
    assert any(event.stream == f"parcel/{again.parcel}" for event in later)
    house.centre.close()


def test_records_put_back_twice_are_sound(house: House) -> None:
    house.announce("JJD01")
    centre = house.centre
    network = centre.means.network
    for _ in range(2):
        note_put_back(centre.journal, OPERATOR, network=network, now=house.clock.now)
    house.announce("JJD02")
    report = verify(centre.journal, KINDS)
    assert report.is_sound, report.text()
    assert centre.journal.head() > 2 * POSITIONS_SKIPPED


def test_a_fact_missing_before_or_after_the_gap_is_still_found(house: House) -> None:
    house.announce("JJD01")
    journal = house.centre.journal
    end = journal.head()
    note_put_back(journal, OPERATOR, network=house.centre.means.network, now=house.clock.now)
    house.announce("JJD02")
    for position in (end, journal.head() - 1):
        with journal.writing() as connection:
            connection.exec_driver_sql(f"DELETE FROM facts WHERE position = {position}")
        assert journal.missing_position() is not None
        assert not verify(journal, KINDS).is_sound
