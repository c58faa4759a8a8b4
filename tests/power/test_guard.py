"""Who opens a journal with an SQLite that can corrupt a write-ahead log gets none, at both ends."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from restante.clock import Minter, VirtualClock
from restante.core.value import UtcSeconds
from restante.edge.store import open_locker_journal
from restante.journal import sqlite, sqlite_file
from restante.settings import Settings
from restante.wiring.centre import open_centre

AFFECTED = ((3, 7, 17), (3, 40, 1), (3, 51, 2))
SOUND = ((3, 51, 3), (3, 53, 4))


def release(version: tuple[int, int, int]) -> Any:
    """Pretend that the driver at hand has another release inside."""
    found = SimpleNamespace(**vars(sqlite_file.newest_sqlite()))
    found.sqlite_version_info = version
    return found


@pytest.fixture(params=["locker", "centre"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Open a journal the way a locker or a centre does; gives what opens and closes it."""
    journals: list[Any] = []

    def open_one() -> Any:
        if request.param == "locker":
            journals.append(open_locker_journal(str(tmp_path / "locker.sqlite")))
            return journals[-1]
        clock = VirtualClock(UtcSeconds(1_790_000_000))
        journals.append(open_centre(Settings(data_dir=tmp_path), clock, Minter(clock)))
        return journals[-1].journal

    yield open_one
    for one in journals:
        one.close()


def modes(journal: Any) -> tuple[str, int]:
    with journal.writing() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    return mode, synchronous


@pytest.mark.parametrize("version", AFFECTED)
def test_an_affected_release_gets_a_rollback_journal_that_waits_for_its_directory(
    opened: Any, version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "newest_sqlite", lambda: release(version))
    assert modes(opened()) == ("delete", 3)


@pytest.mark.parametrize("version", SOUND)
def test_a_sound_release_gets_a_write_ahead_log_that_waits_for_the_disk(
    opened: Any, version: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "newest_sqlite", lambda: release(version))
    assert modes(opened()) == ("wal", 2)


def test_the_first_release_with_a_write_ahead_log_is_affected_too() -> None:
    assert not sqlite_file.has_safe_wal(release((3, 7, 0)))


def test_of_two_drivers_the_newer_one_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled = ModuleType("pysqlite3")
    bundled.sqlite_version_info = (9, 0, 0)  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "pysqlite3", bundled)
    assert sqlite_file.newest_sqlite() is bundled
    bundled.sqlite_version_info = (3, 6, 0)  # type: ignore[attr-defined]
    assert sqlite_file.newest_sqlite() is sqlite3
