"""Old months leave the journal for files, and nothing is lost on the way."""

import datetime as dt
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from restante.core.value import DAY, UtcSeconds, Value
from restante.journal.archive import CannotArchive, archive_before
from restante.journal.archive_file import (
    ArchiveReader,
    BadArchive,
    Manifest,
    read_facts,
    read_page,
)
from restante.journal.export import export_lines
from restante.journal.follow import Follower, catch_up, step
from restante.journal.port import Archived, Batch, Derived, Entry, Stored, Unit
from restante.journal.seal import check_seals, seal_day
from restante.journal.sql import SqlJournal
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from tests.journal.archive_story import BEFORE, END, add, fill, is_signed, moment, sign
from tests.journal.story import BY, KINDS, VIEWS, Box, added, box, derive, evolve
from tests.postgres_server import Server

Open = Callable[..., SqlJournal]


@pytest.fixture(params=["sqlite", "postgres"])
def kept(request: pytest.FixtureRequest) -> SqlJournal:
    opened: SqlJournal = request.getfixturevalue(
        "open_file" if request.param == "sqlite" else "open_postgres"
    )()
    return opened


def archive(journal: SqlJournal, folder: Path, before: str = BEFORE) -> tuple[Manifest, ...]:
    return tuple(archive_before(journal, KINDS, folder, before=before, now=END, sign=sign))


def all_facts(journal: SqlJournal) -> set[Stored]:
    return {
        stored
        for stream in journal.streams(after=None, limit=1000)
        for stored in journal.stored(stream, after_version=0, limit=1000)
    }


def archived_facts(folder: Path) -> set[Stored]:
    return {stored for path in folder.glob("*.parquet") for stored in read_facts(path)}


def test_whole_months_leave_and_come_back_column_by_column(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept)
    before, head = all_facts(kept), kept.head()
    moved = archive(kept, tmp_path)
    assert [one.months for one in moved] == [("2026-09",), ("2026-10",)]
    assert [(one.first_position, one.last_position) for one in moved] == [(1, 10), (11, 20)]
    assert kept.floor() == 20
    assert all_facts(kept) | archived_facts(tmp_path) == before
    assert not all_facts(kept) & archived_facts(tmp_path)
    assert kept.head() == head
    assert archive(kept, tmp_path) == ()


def test_the_journal_stays_right_with_and_without_its_archives(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept)
    archive(kept, tmp_path, "2026-10")
    add(kept, "long", END)
    archive(kept, tmp_path)
    without = verify(kept, KINDS)
    assert without.is_sound, without.text()
    assert (without.facts, without.floor) == (11, 20)
    reader = ArchiveReader(tmp_path, kept.floor())
    reader.check(is_signed)
    whole = verify(kept, KINDS, reader)
    assert whole.is_sound, whole.text()
    assert (whole.facts, whole.floor) == (31, 0)
    assert kept.missing_position() is None


def test_a_journal_that_is_archived_to_its_end_goes_on_after_it(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept, months=(9,))
    archive(kept, tmp_path)
    assert kept.head() == kept.floor() == 10
    add(kept, "long", END)
    assert kept.head() == 11
    assert [one.position for one in kept.follow(10, limit=9)] == [11]
    assert verify(kept, KINDS).is_sound


def test_damage_above_the_floor_in_a_checkpoint_and_in_a_file_is_found(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept)
    (first, _) = archive(kept, tmp_path)
    with kept.writing() as connection:
        connection.exec_driver_sql("DELETE FROM facts WHERE position = 23")
    assert kept.missing_position() == 23
    assert not verify(kept, KINDS).is_sound
    with kept.writing() as connection:
        connection.exec_driver_sql("UPDATE checkpoints SET version = 3 WHERE owner = 'm09-2'")
    damaged = verify(kept, KINDS, ArchiveReader(tmp_path, 20))
    assert any(damage.stream == box("long") for damage in damaged.damages)
    assert any(damage.stream == box("m09-2") for damage in verify(kept, KINDS).damages)
    path = tmp_path / first.file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadArchive, match="not what was archived"):
        ArchiveReader(tmp_path, 20).check(is_signed)


def test_pages_are_signed_and_chained(kept: SqlJournal, tmp_path: Path) -> None:
    fill(kept)
    first, second = archive(kept, tmp_path)
    pages = [tmp_path / one.file.replace(".parquet", ".manifest.json") for one in (first, second)]
    assert second.before == hashlib.sha256(pages[0].read_bytes()).hexdigest()
    assert read_page(pages[1], is_signed) == second
    pages[0].write_bytes(pages[0].read_bytes().replace(b'"facts":10', b'"facts":11'))
    with pytest.raises(BadArchive, match="not signed"):
        ArchiveReader(tmp_path, 20).check(is_signed)
    pages[0].unlink()
    with pytest.raises(BadArchive, match="holds archives up to position 0"):
        ArchiveReader(tmp_path, 20)


def test_a_follower_never_skips_a_fact(kept: SqlJournal, tmp_path: Path) -> None:
    fill(kept)
    seen: list[int] = []

    def look(facts: object) -> Derived:
        seen.extend(one.position for one in facts)  # type: ignore[attr-defined]
        return Derived()

    follower = Follower("looker", look)
    step(kept, follower, limit=15)
    with pytest.raises(CannotArchive, match="looker has not dealt with everything"):
        archive(kept, tmp_path)
    # September was dealt with and could go; October could not.
    assert kept.floor() == 10
    catch_up(kept, follower)
    archive(kept, tmp_path)
    assert seen == list(range(1, 31))
    with pytest.raises(Archived, match="up to position 20"):
        step(kept, Follower("newcomer", look))
    with pytest.raises(Archived):
        kept.stored_after(19, limit=1)


def test_what_a_clock_has_put_into_a_later_month_goes_with_that_month(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept, months=(9,))
    add(kept, "long", moment(10, 1))
    add(kept, "long", moment(9, 30))
    add(kept, "long", moment(10, 2))
    add(kept, "long", END)
    before = all_facts(kept)
    (september,) = archive(kept, tmp_path, "2026-10")
    assert (september.months, september.facts) == (("2026-09",), 10)
    assert verify(kept, KINDS).is_sound
    assert verify(kept, KINDS, ArchiveReader(tmp_path, 10)).is_sound
    (october,) = archive(kept, tmp_path)
    assert (october.months, october.facts) == (("2026-09", "2026-10"), 3)
    assert verify(kept, KINDS, ArchiveReader(tmp_path, 13)).is_sound
    assert all_facts(kept) | archived_facts(tmp_path) == before
    assert not all_facts(kept) & archived_facts(tmp_path)


def test_a_fact_of_a_clock_that_was_far_ahead_holds_later_months_and_no_earlier_ones(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept, months=(9,))
    add(kept, "long", moment(12, 31))
    add(kept, "long", moment(10, 1))
    assert [one.months for one in archive(kept, tmp_path)] == [("2026-09",)]
    assert archive(kept, tmp_path) == ()
    later = moment(12, 31) + 10 * DAY
    (moved,) = archive_before(
        kept, KINDS, tmp_path, before="2027-01", now=UtcSeconds(later), sign=sign
    )
    assert (moved.months, moved.facts) == (("2026-10", "2026-12"), 2)
    assert verify(kept, KINDS, ArchiveReader(tmp_path, 12)).is_sound


def test_a_clock_that_goes_back_into_an_archived_month_loses_nothing(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept)
    archive(kept, tmp_path)
    add(kept, "late", moment(9, 30))
    assert archive(kept, tmp_path) == ()
    assert [one.fact.at for one in kept.read(box("late"))] == [moment(9, 30)]
    assert verify(kept, KINDS).is_sound


def test_positions_left_out_after_a_restore_are_not_missing(
    kept: SqlJournal, tmp_path: Path
) -> None:
    fill(kept, months=(9,))
    row = kept.states([box("long")])[box("long")]
    assert isinstance(row.state, Box)
    state = Box(marbles=row.state.marbles + 1, facts=row.state.facts + 1)
    entries = [Entry(fact=added(1, moment(9, 20)), by=BY)]
    kept.append(
        Batch([Unit(box("long"), row.version, entries, state)], skip=100),
        recorded_at=moment(9, 20),
    )
    add(kept, "long", END)
    (moved,) = archive(kept, tmp_path)
    assert (moved.facts, moved.last_position) == (11, 111)
    assert kept.head() == 112
    assert verify(kept, KINDS, ArchiveReader(tmp_path, 111)).is_sound


def test_what_is_not_over_or_not_a_month_is_refused(kept: SqlJournal, tmp_path: Path) -> None:
    fill(kept)
    with pytest.raises(CannotArchive, match="name an older"):
        archive(kept, tmp_path, "2026-12")
    with pytest.raises(CannotArchive, match="write it as 2026-10"):
        archive(kept, tmp_path, "October")


def test_a_folder_of_another_journal_is_left_alone(open_file: Open, tmp_path: Path) -> None:
    one, other = open_file("one.db"), open_file("other.db")
    fill(one)
    fill(other, boxes=4)
    archive(one, tmp_path)
    with pytest.raises(CannotArchive, match="another journal"):
        archive(other, tmp_path)
    assert other.floor() == 0
    with pytest.raises(BadArchive, match="does not hold facts-2026-10"):
        add(one, "long", moment(11, 2))
        archive_before(one, KINDS, tmp_path / "new", before="2026-12", now=moment(12, 9), sign=sign)


def test_an_unsound_month_stays(kept: SqlJournal, tmp_path: Path) -> None:
    fill(kept)
    with kept.writing() as connection:
        connection.exec_driver_sql("UPDATE facts SET cause = 'other' WHERE position = 12")
    with pytest.raises(CannotArchive, match="position 12"):
        archive(kept, tmp_path)
    assert kept.floor() == 10


class HeavyBox(Value):
    """A later release's idea of a box."""

    marbles: int = 0
    facts: int = 0
    heaviest: int = 0


def _evolve_heavy(state: HeavyBox, fact: object) -> HeavyBox:
    plain = evolve(Box(marbles=state.marbles, facts=state.facts), fact)  # type: ignore[arg-type]
    heaviest = max(state.heaviest, getattr(fact, "count", 0))
    return HeavyBox(marbles=plain.marbles, facts=plain.facts, heaviest=heaviest)


def test_a_release_that_folds_anew_asks_for_the_archives(tmp_path: Path) -> None:
    path, folder = str(tmp_path / "journal.db"), tmp_path / "archive"
    journal = SqliteJournal(path, KINDS, derive=derive, inline=VIEWS)
    fill(journal)
    archive(journal, folder)
    journal.close()
    kind = type(KINDS["box"])(HeavyBox(), _evolve_heavy, HeavyBox, KINDS["box"].fact_types)  # type: ignore[call-arg]
    kinds = {"box": kind}
    with pytest.raises(Archived, match="set archive_dir"):
        SqliteJournal(path, kinds, inline=VIEWS)
    again = SqliteJournal(path, kinds, inline=VIEWS, archive_dir=folder)
    row = again.states([box("m09-4")])[box("m09-4")]
    assert row.state == HeavyBox(marbles=4, facts=1, heaviest=4)
    assert verify(again, kinds).is_sound
    assert verify(again, kinds, ArchiveReader(folder, 20)).is_sound
    again.close()


STEPS = (
    "write the file, read it back, name it, seal it, raise the floor, let go of facts, "
    "let go of more facts, write the file, read it back, name it, seal it, raise the floor, "
    "let go of facts, let go of more facts"
).split(", ")


def test_the_steps_are_those_that_are_killed(open_file: Open, tmp_path: Path) -> None:
    told: list[str] = []
    journal = open_file()
    fill(journal)
    archive_before(journal, KINDS, tmp_path, before=BEFORE, now=END, sign=sign, tell=told.append)
    assert told == STEPS


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5, 6, 7, 12])
def test_a_kill_before_any_step_loses_nothing_on_a_file(
    number: int, open_file: Open, tmp_path: Path
) -> None:
    journal = open_file()
    _kill_and_repeat(journal, str(tmp_path / "journal.db"), tmp_path / "archive", number)


@pytest.mark.parametrize("number", [5, 6, 13])
def test_a_kill_before_any_step_loses_nothing_on_a_server(
    number: int, postgres: Server, open_postgres: Open, tmp_path: Path
) -> None:
    journal = open_postgres()
    address = journal._url.render_as_string().replace("+psycopg", "")  # type: ignore[attr-defined]
    _kill_and_repeat(journal, address, tmp_path / "archive", number)


def _kill_and_repeat(journal: SqlJournal, place: str, folder: Path, number: int) -> None:
    fill(journal)
    before = all_facts(journal)
    command = [sys.executable, "-m", "tests.journal.archive_killed", place, str(folder)]
    died = subprocess.run([*command, str(number)], check=False, timeout=60)
    assert died.returncode == 9
    sealed = (
        {
            stored
            for page in folder.glob("*.manifest.json")
            for stored in read_facts(folder / read_page(page, is_signed).file)
        }
        if folder.exists()
        else set()
    )
    assert all_facts(journal) | sealed == before
    assert verify(journal, KINDS).is_sound
    archive(journal, folder)
    assert journal.floor() == 20
    assert not list(folder.glob("*.part"))
    assert all_facts(journal) | archived_facts(folder) == before
    assert verify(journal, KINDS, ArchiveReader(folder, 20)).is_sound


def test_seals_over_archived_facts_are_believed_by_their_signature_and_place(
    kept: SqlJournal, tmp_path: Path
) -> None:
    def mark(digest: bytes) -> bytes:
        return hashlib.sha256(b"seal" + digest).digest()

    for month in (9, 10, 11):
        fill(kept, [month])
        seal_day(kept, dt.date(2026, month, 20), mark)
    archive(kept, tmp_path)
    assert kept.floor()
    assert check_seals(kept, lambda digest, signature: mark(digest) == signature) == (3, None)
    good, bad = check_seals(kept, lambda digest, signature: digest == signature)
    assert good == 0
    assert bad == kept.seals()[0]
    assert len(list(export_lines(kept, after=kept.floor()))) == kept.head() - kept.floor()
