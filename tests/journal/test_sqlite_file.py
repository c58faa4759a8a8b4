"""What a file must survive: killed processes, full disks, flipped bytes, old releases."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text

from restante.core.value import Fact, Value
from restante.journal import migrations, sqlite_file
from restante.journal.migrations import TooNew
from restante.journal.port import Busy, Damaged, Full
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from tests.journal.story import KINDS, NOW, VIEWS, Added, Box, added, batch, box, derive, unit
from tests.journal.story import Kind as StoryKind
from tests.programs import KILLED_SECONDS_MAX, wait_for_end

Open = Callable[..., SqliteJournal]


def pragma(journal: SqliteJournal, name: str) -> object:
    """Read a setting of the writing connection."""
    with journal.writing() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def fill(journal: SqliteJournal, streams: int = 30, facts: int = 4) -> None:
    """Write a few dozen streams."""
    for n in range(streams):
        content = [added(count + 1) for count in range(facts)]
        journal.append(batch(unit(f"n{n:02}", 0, *content)), recorded_at=NOW)


def test_commits_wait_for_the_disk(open_file: Open) -> None:
    journal = open_file()
    assert pragma(journal, "synchronous") == 2
    assert pragma(journal, "journal_mode") == "wal"
    assert pragma(open_file("quick.db", durability="relaxed"), "synchronous") == 0


def test_an_sqlite_that_can_corrupt_a_write_ahead_log_keeps_a_rollback_journal(
    open_file: Open,
) -> None:
    old = SimpleNamespace(**vars(sqlite3))
    old.sqlite_version_info = (3, 51, 2)
    journal = open_file(driver=old)
    assert pragma(journal, "journal_mode") == "delete"
    assert pragma(journal, "synchronous") == 3, "a removed journal must not come back"
    fill(journal, 3)
    assert verify(journal, KINDS).facts == 12


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [((3, 40, 1), False), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 0), True)],
)
def test_the_guard_knows_which_releases_are_affected(
    version: tuple[int, ...], is_safe: bool
) -> None:
    driver = ModuleType("driver")
    driver.sqlite_version_info = version  # type: ignore[attr-defined]
    assert sqlite_file.has_safe_wal(driver) is is_safe


def test_a_file_in_one_mode_opens_in_the_other(open_file: Open) -> None:
    old = SimpleNamespace(**vars(sqlite3))
    old.sqlite_version_info = (3, 40, 1)
    for driver in (None, old, None):
        journal = open_file(driver=driver)
        version = len(journal.read(box("a")))
        state = Box(marbles=version + 1, facts=version + 1)
        journal.append(batch(unit("a", version, added(), state=state)), recorded_at=NOW)
        journal.close()
    assert len(open_file().read(box("a"))) == 3


@pytest.mark.parametrize("callers", [1, 8])
def test_everything_acknowledged_is_there_after_a_kill(
    tmp_path: Path, open_file: Open, callers: int
) -> None:
    acknowledged: dict[str, int] = {}
    for acknowledgements in (3, 40, 150):
        writer = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.journal.crash_writer"),
                *(str(tmp_path / "journal.db"), str(callers)),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        # A writer that says nothing is ended, and the line that lacks tells which it was.
        overdue = threading.Timer(60, writer.kill)
        overdue.start()
        try:
            for _ in range(acknowledgements):
                name, marbles = writer.stdout.readline().split()
                acknowledged[name] = int(marbles)
        finally:
            overdue.cancel()
            writer.send_signal(signal.SIGKILL)
        # What was said before the kill and not yet read counts too, but for a torn last line.
        for line in writer.stdout.read().splitlines(keepends=True):
            if line.endswith("\n"):
                name, marbles = line.split()
                acknowledged[name] = int(marbles)
        wait_for_end(writer, KILLED_SECONDS_MAX, "killed, the writer is not gone")
        writer.stdout.close()
        journal = open_file()
        report = verify(journal, KINDS)
        assert report.is_sound, report.text()
        for name, marbles in acknowledged.items():
            row = journal.states([box(name)])[box(name)]
            assert row.version >= marbles
            assert journal.rows("boxes", [(name,)])[name,]["marbles"] == row.version
        journal.close()


def test_a_full_file_loses_nothing_and_goes_on_when_there_is_room(open_file: Open) -> None:
    journal = open_file()
    fill(journal, 2)
    with journal.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 3}")
    written = 2
    with pytest.raises(Full, match="make room"):
        while True:
            content = [added(n) for n in range(1, 40)]
            journal.append(batch(unit(f"n{written:02}", 0, *content)), recorded_at=NOW)
            written += 1
    assert len(journal.streams(after=None, limit=999)) == written
    assert verify(journal, KINDS).is_sound
    with journal.writing() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=100000")
    journal.append(batch(unit(f"n{written:02}", 0, added())), recorded_at=NOW)
    assert verify(journal, KINDS).is_sound


def test_a_full_disk_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("unshare is not installed; the full file above is still tested")
    own_mounts = [unshare, "--user", "--map-root-user", "--mount", "sh", "-ec"]
    mount = f"mount -t tmpfs -o size=2m tmpfs '{tmp_path}'"
    if subprocess.run([*own_mounts, mount], capture_output=True, check=False).returncode:
        pytest.skip("mounting is not allowed here; the full file above is still tested")
    command = f"{mount}; exec '{sys.executable}' -m tests.journal.full_writer '{tmp_path}'"
    done = subprocess.run([*own_mounts, command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert after == before + 10


def test_another_process_that_holds_the_file_is_named_busy(
    open_file: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_SECONDS", 0.05)
    ours, theirs = open_file(), open_file()
    with theirs.writing(), pytest.raises(Busy, match="try again"):
        ours.append(batch(unit("a", 0, added())), recorded_at=NOW)
    ours.append(batch(unit("a", 0, added())), recorded_at=NOW)


def test_what_is_not_a_database_is_damaged_and_left_alone(tmp_path: Path, open_file: Open) -> None:
    path = tmp_path / "journal.db"
    path.write_text("this is a shopping list\n" * 100)
    with pytest.raises(Damaged, match="restore the last good copy"):
        open_file()
    assert path.read_text().startswith("this is a shopping list")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="does not exist"):
        SqliteJournal(str(tmp_path / "no" / "journal.db"), KINDS)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "journal.db").mkdir()
    with pytest.raises(PermissionError, match="check that the directory"):
        SqliteJournal(str(tmp_path / "journal.db"), KINDS)


def test_a_changed_byte_in_a_fact_is_named_with_its_position(
    tmp_path: Path, open_file: Open
) -> None:
    journal = open_file()
    fill(journal, 5)
    journal.append(batch(unit("odd", 0, added(777_777))), recorded_at=NOW)
    fact = journal.follow(20, limit=1)[0]
    journal.close()
    path = tmp_path / "journal.db"
    content = path.read_bytes()
    body = b'"count":777777'
    assert content.count(body) == 1
    path.write_bytes(content.replace(body, b'"count":777778'))
    report = verify(open_file(), KINDS)
    assert [(damage.position, damage.stream) for damage in report.damages] == [
        (fact.position, box("odd"))
    ]
    assert "hash does not match" in report.text()


def test_no_flipped_byte_ever_changes_a_fact_unseen(tmp_path: Path, open_file: Open) -> None:
    journal = open_file()
    fill(journal)
    facts = journal.follow(0, limit=999)
    journal.close()
    path = tmp_path / "journal.db"
    content = path.read_bytes()
    dice = random.Random(20)
    seen = 0
    for _ in range(120):
        damaged = bytearray(content)
        for _ in range(dice.choice([1, 1, 8])):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        try:
            hurt = open_file()
            report = verify(hurt, KINDS)
            if report.is_sound:
                assert hurt.follow(0, limit=999) == facts
            seen += not report.is_sound
            hurt.close()
        except Damaged:
            seen += 1
    assert seen >= 10


def test_a_file_cut_short_is_damaged(tmp_path: Path, open_file: Open) -> None:
    journal = open_file()
    fill(journal)
    journal.close()
    path = tmp_path / "journal.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    try:
        report = verify(open_file(), KINDS)
    except Damaged:
        return
    assert not report.is_sound


def test_the_first_released_schema_still_opens(tmp_path: Path, open_file: Open) -> None:
    script = (Path(__file__).parent / "schema_v1.sql").read_text()
    connection = sqlite3.connect(tmp_path / "journal.db")
    connection.executescript(script)
    connection.close()
    journal = open_file()
    assert journal.states([box("a")])[box("a")].state == Box(marbles=7, facts=2)
    assert verify(journal, KINDS).is_sound
    state = Box(marbles=8, facts=3)
    journal.append(batch(unit("a", 2, added(), state=state)), recorded_at=NOW)
    assert verify(journal, KINDS).is_sound


def test_an_older_schema_walks_every_step_once(open_file: Open) -> None:
    journal = open_file()
    fill(journal, 2)
    steps: list[migrations.Step] = [
        *migrations.STEPS,
        lambda connection, _: connection.exec_driver_sql("ALTER TABLE meta ADD COLUMN note TEXT"),
        lambda connection, _: connection.exec_driver_sql("UPDATE meta SET note = 'lifted'"),
    ]
    for _ in range(2):
        with journal.writing() as connection:
            migrations.migrate(connection, VIEWS.sorted_tables, steps)
    with journal.reading() as connection:
        notes = connection.exec_driver_sql("SELECT DISTINCT note FROM meta").scalars().all()
    assert "lifted" in notes
    with pytest.raises(TooNew, match="schema version 4"):
        open_file()


def test_inline_views_grow_tables_and_columns(open_file: Open) -> None:
    journal = open_file()
    fill(journal, 1)
    journal.close()
    grown = MetaData()
    for table in VIEWS.sorted_tables:
        table.to_metadata(grown)
    grown.tables["notes"].append_column(Column("color", Text))
    Table("more", grown, Column("owner", Text, primary_key=True), Column("size", Integer))
    again = open_file(inline=grown, derive=derive)
    with again.writing() as connection:
        connection.exec_driver_sql("INSERT INTO more VALUES ('a', 1)")
    assert again.rows("more", [("a",)]) == {("a",): {"size": 1}}
    assert again.rows("boxes", [("n00",)])[("n00",)]["marbles"] == 10


class DeeperBox(Value):
    """A later release's idea of a box: it also knows the largest addition."""

    marbles: int
    largest: int


def evolve_deeper(state: DeeperBox, fact: Fact) -> DeeperBox:
    """Fold what the later release wants to know."""
    count = fact.count if isinstance(fact, Added) else 0
    return DeeperBox(marbles=state.marbles + count, largest=max(state.largest, count))


def test_a_release_with_other_states_folds_every_stream_anew(
    tmp_path: Path, open_file: Open
) -> None:
    journal = open_file()
    fill(journal, 250, 3)
    journal.close()
    kind = KINDS["box"]
    newer = {
        "box": StoryKind(
            DeeperBox(marbles=0, largest=0),  # type: ignore[arg-type]
            evolve_deeper,
            DeeperBox,  # type: ignore[arg-type]
            kind.fact_types,
        )
    }
    again = SqliteJournal(str(tmp_path / "journal.db"), newer)  # type: ignore[arg-type]
    assert again.states([box("n249")])[box("n249")].state == DeeperBox(marbles=6, largest=3)
    assert verify(again, newer).is_sound  # type: ignore[arg-type]
    assert again.refold() == 0
    again.close()


def test_a_wrong_state_row_can_be_folded_anew(open_file: Open) -> None:
    journal = open_file()
    fill(journal, 3)
    with journal.writing() as connection:
        connection.exec_driver_sql("UPDATE states SET state = '{}' WHERE owner = 'n01'")
    assert not verify(journal, KINDS).is_sound
    assert journal.refold() == 1
    assert verify(journal, KINDS).is_sound


def test_facts_about_the_file_itself_are_kept(open_file: Open) -> None:
    journal = open_file()
    assert journal.read_meta("epoch") is None
    journal.write_meta("epoch", "e1")
    journal.write_meta("epoch", "e2")
    journal.close()
    assert open_file().read_meta("epoch") == "e2"
