"""What a centre does all the time costs what has changed, not how many lockers there are."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from restante.bench.private_postgres import Server
from restante.core.ids import LockerId
from restante.journal.postgres import PostgresJournal
from restante.journal.sql import SqlJournal
from restante.operations.configuration import read_desired
from restante.operations.hub import Hub
from restante.operations.sweep import BATCH_MAX
from restante.settings import Settings
from restante.views.device_tables import MACHINES, read_shut_out
from restante.views.tables import LINKS, LIST_ENTRIES, LOCKER_LINKS, LOCKERS
from restante.wiring.chores import SWEEP_PAUSE_SECONDS, SWEEP_SECONDS, Chores
from restante.wiring.record import open_journal
from tests.operations.house import House
from tests.plans import work_of
from tests.seams import replaced

SMALL, LARGE = 1_000, 8_000
_schemas = count(1)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_machines_to_be_told_something_are_found_among_any_number(
    database: str, tmp_path: Path, postgres: Server
) -> None:
    read = {}
    for machines in (SMALL, LARGE):
        folder = tmp_path / str(machines)
        folder.mkdir()
        schema = f"large_{next(_schemas)}"
        address = postgres.make_schema(schema) if database == "postgres" else ""
        journal = open_journal(
            Settings(data_dir=folder, database_url=address), durability="relaxed"
        )
        try:
            _fill(journal, machines)
            with journal.reading() as connection:
                assert read_shut_out(connection) == {LockerId("m0007")}
                assert read_desired(connection) == {LockerId("m0003"): 2}
            read[machines] = work_of(journal, lambda: _look(journal))  # noqa: B023 - asked at once
        finally:
            journal.close()
    assert read[LARGE] < 2 * read[SMALL] < SMALL


def test_a_centre_that_starts_tells_no_list_that_is_older_than_it(house: House) -> None:
    house.announce("JJD1")
    centre = house.centre
    assert centre.hub.lists.changed_sites(0)
    started = Hub(
        reading=centre.journal.reading,
        committer=centre.committer,
        keyring=centre.keyring,
        means=centre.means,
    )
    assert started.lists.changed_sites(started.lists.newest()) == {}
    started.end_for(LockerId("locker-01"))
    assert started.push_lists() == 0
    house.announce("JJD2")
    assert started.push_lists() == 1
    assert started.push_lists() == 0


def test_sweeping_goes_on_while_there_is_more_than_one_batch(house: House) -> None:
    links = 2 * BATCH_MAX + 1
    old = house.clock.now() - 1
    with house.centre.journal.writing() as connection:
        rows = [
            {"digest": f"{number:08}".encode(), "parcel": "p", "recipient": "r", "expires_at": old}
            for number in range(links)
        ]
        connection.execute(insert(LINKS), rows)
    now = 1_000.0
    chores = Chores(house.centre, monotonic=lambda: now)
    left = []
    for _ in range(5):
        chores._turn()
        left.append(_count(house.centre.journal))
        now += SWEEP_PAUSE_SECONDS
    assert left == [links - BATCH_MAX, links - 2 * BATCH_MAX, 0, 0, 0]
    _write_old_link(house)
    chores._turn()
    assert _count(house.centre.journal) == 1
    now += SWEEP_SECONDS
    chores._turn()
    assert _count(house.centre.journal) == 0


def test_a_sweep_reads_all_it_needs_before_it_decides(house: House) -> None:
    sites = 40
    journal = house.centre.journal
    with journal.writing() as connection:
        connection.execute(
            insert(LIST_ENTRIES),
            [
                {
                    "site": f"s{number:03}",
                    "key": f"grant/{change}",
                    "position": 10 * number + change,
                    "is_present": change == 3,
                    "body": None,
                }
                for number in range(1, sites + 1)
                for change in (1, 2, 3)
            ],
        )
        connection.execute(
            insert(LOCKERS),
            [
                {"locker": f"l{number:03}", "site": f"s{number:03}", "model": "", "layout": b"[]"}
                for number in range(1, sites + 1)
            ],
        )
        connection.execute(
            insert(LOCKER_LINKS),
            [
                {
                    "locker": f"l{number:03}",
                    "release": "",
                    "epoch": "e1",
                    "list_version": 10 * number + 3,
                    "unsent_count": 0,
                    "unsent_since": None,
                    "seen_at": 0,
                }
                for number in range(1, sites + 1)
            ],
        )
    looks: list[int] = []
    look_up = journal.look_up

    def count_look(streams: Any, rows: Any) -> Any:
        looks.append(len(rows))
        return look_up(streams, rows)

    with replaced([(journal, "look_up", count_look)]):
        sweeper = house.centre.sweeper
        turns = [(sweeper.turn(limit=50), sweeper.is_behind) for _ in range(2)]
    assert turns == [(50, True), (2 * sites - 50, False)]
    # One look for each batch: for its entries, and the floors of their sites.
    assert looks == [50 + 25, 30 + 15]


def _write_old_link(house: House) -> None:
    values = {"digest": b"old", "parcel": "p", "recipient": "r"}
    with house.centre.journal.writing() as connection:
        connection.execute(insert(LINKS), [{**values, "expires_at": house.clock.now() - 1}])


def _count(journal: SqlJournal) -> int:
    with journal.reading() as connection:
        return len(connection.execute(select(LINKS.c.digest)).all())


def _look(journal: SqlJournal) -> None:
    with journal.reading() as connection:
        read_shut_out(connection)
        read_desired(connection)


def _fill(journal: SqlJournal, machines: int) -> None:
    """Write machines that are as they shall be, but for one revoked and one to be told."""
    usual = {
        "kid": "",
        "ring": "",
        "desired_version": 1,
        "reported_version": 1,
        "reported_ring": "",
        "refused_version": 0,
        "refusal": "",
    }
    rows = [{"locker": f"m{number:04}", **usual} for number in range(machines)]
    with journal.writing() as connection:
        connection.execute(insert(MACHINES), rows)
        one = update(MACHINES)
        connection.execute(one.where(MACHINES.c.locker == "m0007").values(revoked_at=1))
        connection.execute(one.where(MACHINES.c.locker == "m0003").values(desired_version=2))
    if isinstance(journal, PostgresJournal):
        with journal._connect() as connection:
            connection.execute("ANALYZE machines")
