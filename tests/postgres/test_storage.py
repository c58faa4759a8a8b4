"""What only PostgreSQL can do to a journal, and how the tables lie there."""

import select
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from restante.core.streams import KINDS as HOUSE_KINDS
from restante.core.value import UtcSeconds, Value
from restante.journal.memory import MemoryJournal
from restante.journal.port import Busy, Derived, Recorded, RowChange, RowRejected
from restante.journal.postgres import PostgresJournal
from restante.journal.postgres_server import look_at, parse_address
from restante.journal.verify import verify
from restante.settings import BadSetting, Settings
from restante.wiring.record import open_journal
from tests.journal.story import KINDS, NOW, VIEWS, added, batch, box, derive, unit
from tests.operations.house import (
    LOCKER,
    OTHER_LOCKER,
    OTHER_SITE,
    SITE,
    House,
    open_house,
)
from tests.postgres_server import Server


@pytest.fixture
def journal(address: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(address, KINDS, derive=derive, inline=VIEWS)) as opened:
        yield opened


def ask(address: str, query: str) -> list[Any]:
    with psycopg.connect(address, autocommit=True) as connection:
        return connection.execute(query).fetchall()  # type: ignore[arg-type]


def test_facts_of_each_month_lie_in_a_partition_of_their_own(
    address: str, journal: PostgresJournal
) -> None:
    november, december = UtcSeconds(1_795_420_800), UtcSeconds(1_796_083_200)
    journal.append(batch(unit("a", 0, added(1))), recorded_at=UtcSeconds(december - 1))
    journal.append(batch(unit("a", 1, added(2))), recorded_at=december)
    journal.append(batch(unit("a", 2, added(3))), recorded_at=november)
    found = ask(address, "SELECT tableoid::regclass::text, version FROM facts ORDER BY version")
    assert found == [("facts_2026_11", 1), ("facts_2026_12", 2), ("facts_2026_11", 3)]
    assert [one.version for one in journal.read(box("a"))] == [1, 2, 3]
    assert [one.position for one in journal.follow(0, limit=9)] == [1, 2, 3]


def test_the_whole_schema_runs_split_by_the_hash_of_the_owner(address: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=address, database_parts=4)
    open_journal(settings).close()
    # Opened again by a process that was not told: the tables are as they were made.
    house = open_house(tmp_path, database=address)
    for n in range(8):
        site, locker = (SITE, LOCKER) if n % 2 else (OTHER_SITE, OTHER_LOCKER)
        parcel = house.announce(f"L{n}", site=site).parcel
        house.deposit(parcel, f"A{n // 2 + 1}", locker=locker)
    house.pass_time(90_000)
    journal = house.centre.journal
    assert verify(journal, HOUSE_KINDS).is_sound
    house.centre.close()
    kinds = dict(
        ask(
            address,
            "SELECT c.relname, p.partstrat::text FROM pg_partitioned_table p "
            "JOIN pg_class c ON c.oid = p.partrelid "
            "WHERE c.relnamespace = current_schema()::regnamespace",
        )
    )
    assert kinds["facts"] == "r"
    assert kinds["facts_2026_11"] == "h"
    # One row for each archive, follower or day: nothing an owner would split.
    whole = {"facts", "head", "meta", "cursors", "seals", "archives"}
    tables = {
        name
        for (name,) in ask(
            address,
            "SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') "
            "AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace",
        )
    }
    assert {name for name in tables - whole if kinds.get(name) != "h"} == set()
    used = ask(address, "SELECT count(DISTINCT tableoid) FROM facts")
    assert used[0][0] == 4


def test_one_owner_is_never_split_from_its_unique_rows(address: str) -> None:
    journal = PostgresJournal(
        address, KINDS, derive=derive, inline=[VIEWS.tables["boxes"]], hash_parts=3
    )
    with closing(journal):
        for n in range(20):
            journal.append(batch(unit(f"b{n}", 0, added())), recorded_at=NOW)
        journal.append(batch(unit("b7", 1, added())), recorded_at=NOW)
        assert journal.states([box("b7")])[box("b7")].version == 2
        assert ask(address, "SELECT count(DISTINCT tableoid) FROM boxes") == [(3,)]


def test_names_sort_by_their_bytes_whatever_the_servers_locale(journal: PostgresJournal) -> None:
    names = ["Z", "a", "B", "_", "ä", "1"]
    journal.append(batch(*(unit(name, 0, added()) for name in names)), recorded_at=NOW)
    memory = MemoryJournal(KINDS, derive=derive, inline=VIEWS)
    memory.append(batch(*(unit(name, 0, added()) for name in names)), recorded_at=NOW)
    assert journal.streams(after=None, limit=9) == memory.streams(after=None, limit=9)


@pytest.mark.parametrize("text", ["a\x00b", 7, "\ud800"])
def test_what_a_column_cannot_hold_is_rejected_and_nothing_is_written(
    journal: PostgresJournal, text: object
) -> None:
    change = RowChange("notes", ("a", "n"), {"text": text})  # type: ignore[dict-item]
    with pytest.raises(RowRejected):
        journal.append(batch(unit("a", 0, added()), rows=[change]), recorded_at=NOW)
    assert journal.head() == 0
    journal.append(batch(unit("a", 0, added())), recorded_at=NOW)
    assert journal.head() == 1


def test_a_unique_column_holds_between_rows(journal: PostgresJournal) -> None:
    rows = [RowChange("notes", (owner, "n"), {"text": "same"}) for owner in ("a", "b")]
    with pytest.raises(RowRejected, match="constraint"):
        journal.append(batch(rows=rows), recorded_at=NOW)


def test_a_server_that_drops_us_before_the_commit_has_written_nothing(address: str) -> None:
    def cut(recorded: Sequence[Recorded], state: Value) -> Derived:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks l JOIN pg_class c "
                "ON c.oid = l.relation AND c.relname = 'head' AND l.mode = 'RowShareLock' "
                "WHERE c.relnamespace = current_schema()::regnamespace"
            )
        return derive(recorded, state)

    with closing(PostgresJournal(address, KINDS, derive=cut, inline=VIEWS)) as journal:
        with pytest.raises(Busy):
            journal.append(batch(unit("a", 0, added())), recorded_at=NOW)
        assert journal.head() == 0
    with closing(PostgresJournal(address, KINDS, derive=derive, inline=VIEWS)) as journal:
        journal.append(batch(unit("a", 0, added())), recorded_at=NOW)
        assert [one.position for one in journal.follow(0, limit=9)] == [1]


@contextmanager
def losing_line(port: int) -> Iterator[tuple[int, threading.Event]]:
    """Carry bytes to a server; once armed, the next commit is sent and its answer never comes."""
    is_armed = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is client and is_armed.is_set() and b"COMMIT\x00" in data:
                        is_armed.clear()
                        server.sendall(data)
                        # The server has answered: it is done. Nobody hears of it.
                        server.recv(65536)
                        return
                    (server if source is client else client).sendall(data)

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=carry, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], is_armed
    finally:
        listener.close()


def test_a_commit_whose_answer_was_lost_is_found_to_be_done(postgres: Server, address: str) -> None:
    schema = make_url(address).query["options"]
    with losing_line(postgres.port) as (port, is_armed):
        through = f"postgresql://restante@127.0.0.1:{port}/postgres?options={schema}"
        with closing(PostgresJournal(through, KINDS, derive=derive, inline=VIEWS)) as journal:
            journal.append(batch(unit("a", 0, added())), recorded_at=NOW)
            is_armed.set()
            journal.append(batch(unit("a", 1, added())), recorded_at=NOW)
            assert not is_armed.is_set()
            assert [one.version for one in journal.read(box("a"))] == [1, 2]


def test_an_address_with_a_password_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadSetting, match="database_password_file") as caught:
        open_journal(Settings(database_url="postgresql://me:hunter2@db/x"))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ValueError, match="only postgresql"):
        parse_address("mysql://db/x")


def test_a_password_is_never_part_of_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    settings = Settings(
        database_url=f"postgresql://me@127.0.0.1:{port}/x", database_password_file=secret
    )
    with pytest.raises(Busy, match="is it started") as caught:
        open_journal(settings)
    assert "hunter2" not in repr(caught.value)


def test_the_doctor_names_what_would_lose_facts(postgres: Server) -> None:
    # The server of the tests does not wait for its disk.
    said = dict(look_at(postgres.address()))
    assert any("fsync is off" in what and fix for what, fix in said.items())
    assert any("no synchronous standby" in what for what in said)


def test_a_restart_finds_everything(house: House) -> None:
    parcel = house.announce().parcel
    house.deposit(parcel)
    again = house.restart()
    assert again.status(parcel) == "ready"
    assert verify(again.centre.journal, HOUSE_KINDS).is_sound
    again.centre.close()
