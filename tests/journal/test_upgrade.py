"""A database of the schema before this one, with data in it, is brought here whole."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Index, MetaData, inspect

from restante.journal import migrations
from restante.journal.archive import archive_before
from restante.journal.archive_file import ArchiveReader
from restante.journal.migrations import TooNew
from restante.journal.postgres import PostgresJournal
from restante.journal.sql import SqlJournal
from restante.journal.sqlite import SqliteJournal
from restante.journal.tables import ARCHIVES, CHECKPOINTS
from restante.journal.verify import verify
from tests.journal.archive_story import add, is_signed, moment, sign
from tests.journal.story import BOXES, KINDS, VIEWS, Box, box, derive
from tests.postgres_server import Server

HERE = Path(__file__).parent
Open = Callable[..., SqlJournal]
_NEXT_YEAR = moment(12) + 80 * 86_400


@pytest.fixture(params=["sqlite", "postgres"])
def open_old(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Iterator[Open]:
    """Lay a database of the first release down; what is returned opens it with this one."""
    opened: list[SqlJournal] = []
    if request.param == "sqlite":
        place = str(tmp_path / "journal.db")
        connection = sqlite3.connect(place)
        connection.executescript((HERE / "schema_v1.sql").read_text(encoding="utf-8"))
        connection.close()
    else:
        place = postgres.make_schema(f"old_{request.node.name.partition('[')[0][-50:]}")
        with psycopg.connect(place, autocommit=True) as old:
            old.execute((HERE / "schema_v1_postgres.sql").read_text(encoding="utf-8").encode())

    def make(**options: object) -> SqlJournal:
        settings = {"derive": derive, "inline": VIEWS, **options}
        kind = PostgresJournal if request.param == "postgres" else SqliteJournal
        journal: SqlJournal = kind(place, KINDS, **settings)  # type: ignore[arg-type]
        opened.append(journal)
        return journal

    yield make
    for journal in opened:
        journal.close()


def version_of(journal: SqlJournal) -> str:
    with journal.reading() as connection:
        found: str = connection.exec_driver_sql(
            "SELECT value FROM meta WHERE key = 'schema_version'"
        ).scalar_one()
    return found


def test_what_was_written_is_there_and_sound(open_old: Open) -> None:
    journal = open_old()
    assert version_of(journal) == str(len(migrations.STEPS) + 1) != "1"
    assert journal.states([box("a")])[box("a")].state == Box(marbles=7, facts=2)
    assert [one.version for one in journal.read(box("a"))] == [1, 2]
    assert journal.rows("boxes", [("a",)])["a",]["marbles"] == 7
    report = verify(journal, KINDS)
    assert report.is_sound, report.text()
    assert report.facts == 2


def test_it_goes_on_and_can_do_what_the_old_one_could_not(open_old: Open, tmp_path: Path) -> None:
    journal = open_old()
    add(journal, "a", moment(12) + 61 * 86_400)  # type: ignore[arg-type]
    assert journal.head() == 3
    moved = archive_before(
        journal,
        KINDS,
        tmp_path / "a",
        before="2027-01",
        now=_NEXT_YEAR,
        sign=sign,  # type: ignore[arg-type]
    )
    assert moved == ()
    (january,) = archive_before(
        journal,
        KINDS,
        tmp_path / "a",
        before="2027-02",
        now=_NEXT_YEAR,
        sign=sign,  # type: ignore[arg-type]
    )
    assert (january.months, january.facts, journal.floor()) == (("2027-01",), 3, 3)
    add(journal, "a", _NEXT_YEAR)  # type: ignore[arg-type]
    reader = ArchiveReader(tmp_path / "a", 3)
    reader.check(is_signed)
    assert verify(journal, KINDS, reader).facts == 4


def test_it_is_upgraded_once_and_by_one_process(open_old: Open) -> None:
    first, second = open_old(), open_old()
    assert version_of(first) == version_of(second)
    add(first, "a", moment(12))
    assert verify(second, KINDS).facts == 3


def test_an_upgrade_that_fails_leaves_the_old_database_untouched(
    open_old: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(connection: object, _shape: object) -> None:
        connection.exec_driver_sql("CREATE TABLE half (done TEXT)")  # type: ignore[attr-defined]
        raise RuntimeError("in the middle")

    steps = (*migrations.STEPS, break_down)
    # A release with one step more, which breaks down.
    with monkeypatch.context() as patch:
        patch.setattr(migrations.migrate, "__defaults__", (steps,))
        with pytest.raises(RuntimeError, match="in the middle"):
            open_old()
    journal = open_old()
    with journal.reading() as connection:
        assert not inspect(connection).has_table("half")
    assert verify(journal, KINDS).facts == 2


def test_one_of_a_later_release_is_refused_and_left_alone(open_old: Open) -> None:
    journal = open_old()
    with journal.writing() as connection:
        connection.exec_driver_sql("UPDATE meta SET value = '9' WHERE key = 'schema_version'")
    with pytest.raises(TooNew, match="schema version 9"):
        open_old()
    assert version_of(journal) == "9"


def test_an_index_that_a_release_adds_to_a_view_is_made(open_old: Open) -> None:
    open_old().close()
    grown = MetaData()
    for table in VIEWS.sorted_tables:
        table.to_metadata(grown)
    Index("boxes_by_marbles", grown.tables["boxes"].c.marbles)
    journal = open_old(inline=grown)
    with journal.reading() as connection:
        names = {index["name"] for index in inspect(connection).get_indexes("boxes")}
    assert "boxes_by_marbles" in names
    assert verify(journal, KINDS).is_sound


def test_a_split_database_gets_its_new_tables_split(postgres: Server) -> None:
    place = postgres.make_schema("old_split")
    journal = PostgresJournal(place, KINDS, derive=derive, inline=[BOXES], hash_parts=3)
    add(journal, "a", moment(12))
    with journal.writing() as connection:
        # What step 1 makes was not there before it.
        for table in (ARCHIVES, CHECKPOINTS):
            connection.exec_driver_sql(f"DROP TABLE {table.name}")
        connection.exec_driver_sql("UPDATE meta SET value = '1' WHERE key = 'schema_version'")
    journal.close()
    again = PostgresJournal(place, KINDS, derive=derive, inline=[BOXES])
    with again.reading() as connection:
        parts = connection.exec_driver_sql(
            "SELECT count(*) FROM pg_partition_tree('checkpoints') WHERE isleaf"
        ).scalar_one()
    assert parts == 3
    assert verify(again, KINDS).facts == 1
    again.close()
