"""``restante journal archive`` as an operator runs it, on both databases."""

import fcntl
import os
import resource
import subprocess
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from itertools import count, groupby
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import msgspec
import psycopg
import pytest
from pyarrow import parquet

from restante.core.ids import StreamName
from restante.journal.archive_file import Manifest, read_page
from restante.journal.chain import FIRST_HASH, hash_fact, make_stored
from restante.journal.port import Stored
from tests.cli.past_network import every_fact, live, open_record
from tests.cli.test_commands import REPOSITORY, Done, fails, one_object, plain_terminal, run
from tests.postgres_server import Server
from tests.programs import KILLED_SECONDS_MAX, wait_for_end

__all__ = ["plain_terminal"]

COMMAND = (sys.executable, "-c", "from restante.cli import main; main()", "journal", "archive")
STEPS = (
    "write the file",
    "read it back",
    "name it",
    "seal it",
    "raise the floor",
    "let go of facts",
    "let go of more facts",
)
_schemas = count(1)


class Past(NamedTuple):
    """A network of the past, and what its commands are told."""

    data: Path
    database: str
    folder: Path
    facts: set[Stored]
    """Every fact, before anything was archived."""

    @property
    def place(self) -> tuple[str, ...]:
        options = ("--data", str(self.data))
        return (*options, "--database", self.database) if self.database else options

    def archive(self, before: str = "2025-03", folder: Path | None = None) -> Done:
        return run("journal", "archive", "--before", before, folder or self.folder, *self.place)

    def verify(self) -> Done:
        return run("journal", "verify", "--json", "--archive", self.folder, *self.place)

    def here(self) -> set[Stored]:
        """Read what is in the journal now."""
        journal = open_record(self.data, self.database)
        try:
            return every_fact(journal)
        finally:
            journal.close()


Make = Callable[..., Past]


@pytest.fixture
def make_past(tmp_path: Path, postgres: Server) -> Make:
    def make(engine: str) -> Past:
        database = ""
        if engine == "postgres":
            database = postgres.make_schema(f"archive_{next(_schemas)}")
        data = tmp_path / "data"
        data.mkdir()
        live(data, database)
        past = Past(data, database, tmp_path / "archive", set())
        return past._replace(facts=past.here())

    return make


@pytest.fixture
def past(request: pytest.FixtureRequest, make_past: Make) -> Past:
    return make_past(getattr(request, "param", "sqlite"))


on_both = pytest.mark.parametrize("past", ["sqlite", "postgres"], indirect=True)
"""For what another database could do otherwise."""


def raw_rows(path: Path) -> list[Stored]:
    """Read a file with the plain reader of Parquet, as any program would."""
    rows = []
    for row in parquet.read_table(path).to_pylist():
        stream = StreamName(f"{row.pop('kind')}/{row.pop('owner')}")
        rows.append(make_stored(stream=stream, **row))
    return rows


def archived(past: Past) -> list[Stored]:
    """Read all files, the oldest first."""
    files = sorted(past.folder.glob("*.parquet"))
    return [stored for path in files for stored in raw_rows(path)]


def pages(past: Past) -> list[Manifest]:
    """Read the index beside the files."""
    return [read_page(path) for path in sorted(past.folder.glob("*.manifest.json"))]


@on_both
def test_old_months_leave_for_files_that_hold_the_same_bytes(past: Past) -> None:
    done = past.archive()
    assert done.returncode == 0, done.stderr
    index = pages(past)
    assert [one.months for one in index] == [("2025-01",), ("2025-02",)]
    said = [f"{one.file}: {one.facts} facts up to position {one.last_position}" for one in index]
    assert done.stdout.splitlines() == said
    files = archived(past)
    here = past.here()
    # Column by column, bodies and hashes included; nothing twice, nothing missing.
    assert set(files) | here == past.facts
    assert len(files) + len(here) == len(past.facts)
    assert sum(one.facts for one in index) == len(files) > 30
    # A program that has only the files recomputes every hash of theirs.
    for _stream, group in groupby(
        sorted(files, key=lambda stored: (stored.stream, stored.version)),
        key=lambda stored: stored.stream,
    ):
        head = FIRST_HASH
        for stored in group:
            head = hash_fact(stored, head)
            assert stored.hash == head
    whole = one_object(past.verify())
    assert (whole["verify"], whole["facts"]) == ("ok", len(past.facts))
    without = one_object(run("journal", "verify", "--json", *past.place))
    assert (without["verify"], without["facts"]) == ("ok", len(here))
    assert without["archived_up_to_unchecked"] == index[-1].last_position


@on_both
def test_the_second_run_says_that_there_is_nothing_and_changes_nothing(past: Past) -> None:
    past.archive()
    before = {path: path.read_bytes() for path in past.folder.iterdir()}
    here = past.here()
    again = past.archive()
    assert (again.returncode, again.stdout) == (0, "nothing to archive\n")
    assert {path: path.read_bytes() for path in past.folder.iterdir()} == before
    assert past.here() == here
    more = past.archive("2025-04")
    assert more.stdout.startswith("facts-2025-03-from-")
    assert set(archived(past)) == past.facts
    assert one_object(past.verify())["facts"] == len(past.facts)


def test_on_a_server_the_months_partitions_are_gone(make_past: Make) -> None:
    past = make_past("postgres")

    def months() -> list[str]:
        query = (
            "SELECT relid::regclass::text FROM pg_partition_tree('facts') WHERE level = 1 "
            "ORDER BY 1"
        )
        with psycopg.connect(past.database) as connection:
            return [str(row[0]) for row in connection.execute(query)]

    assert months() == ["facts_2025_01", "facts_2025_02", "facts_2025_03"]
    past.archive()
    assert months() == ["facts_2025_03"]


@pytest.mark.parametrize(("engine", "steps"), [("sqlite", 2), ("postgres", 4), ("postgres", 6)])
def test_killed_between_two_steps_the_same_command_finishes(
    engine: str, steps: int, make_past: Make
) -> None:
    past = make_past(engine)
    kill_after(past, STEPS[:steps])
    sealed = {stored for page in pages(past) for stored in raw_rows(past.folder / page.file)}
    assert past.here() | sealed == past.facts
    again = past.archive()
    assert again.returncode == 0, again.stderr
    assert not list(past.folder.glob("*.part"))
    assert set(archived(past)) | past.here() == past.facts
    assert one_object(past.verify())["facts"] == len(past.facts)


def kill_after(past: Past, told: tuple[str, ...]) -> None:
    """Run the command and kill it once it has told so many steps; it cannot tell one more."""
    heard, told_to = os.pipe()
    room = fcntl.fcntl(told_to, fcntl.F_SETPIPE_SZ, 4096)
    text = "".join(f"{step}\n" for step in told).encode()
    # The pipe has room for these steps only: the process stands still before the next.
    os.write(told_to, b"x" * (room - len(text)))
    process = subprocess.Popen(
        [*COMMAND, "--before", "2025-03", str(past.folder), *past.place], stderr=told_to
    )
    until = monotonic() + 60
    while _waiting_bytes(heard) < room:
        if monotonic() > until:
            process.kill()
            raise AssertionError(f"after {room} bytes nothing comes, and it does not end: {told}")
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
            break
    process.kill()
    wait_for_end(process, KILLED_SECONDS_MAX, "killed, the command is not gone")
    os.close(told_to)
    said = os.read(heard, room)[-len(text) :]
    os.close(heard)
    assert said == text
    assert process.returncode == -9


def _waiting_bytes(pipe: int) -> int:
    found = bytearray(4)
    fcntl.ioctl(pipe, termios.FIONREAD, found)
    return int.from_bytes(found, sys.byteorder)


def test_a_month_that_is_not_over_stays(past: Past) -> None:
    fails(past.archive("2999-01"), "2999-01", "name an older")
    fails(past.archive("March"), "'March' is no month", "2026-10")
    assert past.here() == past.facts
    assert not past.folder.exists()


def test_a_folder_that_cannot_be_written_is_named(past: Past, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("a shopping list")
    fails(past.archive(folder=in_the_way), str(in_the_way), "cannot be written", "another folder")
    fails(past.archive(folder=in_the_way / "deeper"), "cannot be written", "another folder")
    assert in_the_way.read_text() == "a shopping list"
    assert past.here() == past.facts


def test_a_disk_that_fills_up_loses_nothing(make_past: Make) -> None:
    past = make_past("postgres")
    command = [*COMMAND, "--before", "2025-03", str(past.folder), *past.place]

    def leave_little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, resource.RLIM_INFINITY))

    ended = subprocess.run(
        command,
        preexec_fn=leave_little_room,
        capture_output=True,
        text=True,
        check=False,
    )
    done = Done(ended.returncode, ended.stdout, ended.stderr)
    fails(done, "archive cannot be written", "make room", "repeat")
    assert past.here() == past.facts
    assert past.archive().returncode == 0
    assert not list(past.folder.glob("*.part"))
    assert one_object(past.verify())["facts"] == len(past.facts)


def test_without_pyarrow_the_extra_is_named(past: Past) -> None:
    program = "import sys; sys.modules['pyarrow'] = None; from restante.cli import main; main()"
    command = [sys.executable, "-c", program, "journal", "archive", "--before", "2025-03"]
    ended = subprocess.run(
        [*command, str(past.folder), *past.place], capture_output=True, text=True, check=False
    )
    fails(Done(ended.returncode, ended.stdout, ended.stderr), "pyarrow", "restante[archive]")
    assert past.here() == past.facts


def test_where_no_server_answers_and_where_no_journal_is_this_is_said(tmp_path: Path) -> None:
    server = "postgresql://restante@127.0.0.1:9/restante"
    ask = ("journal", "archive", "--before", "2025-03", tmp_path / "archive", "--data", tmp_path)
    fails(run(*ask, "--database", server), "no server answers", "is it started?")
    fails(run(*ask), "there is no journal", "--data")
    fails(run(*ask[:4], "--data", tmp_path), "name the folder", "archive_dir")
    assert not list(tmp_path.iterdir())


def test_a_file_or_a_page_that_was_changed_or_lost_is_named(past: Past) -> None:
    past.archive()
    first, second = pages(past)
    path = past.folder / first.file
    content = path.read_bytes()
    path.write_bytes(content[:-9] + b"!" + content[-8:])
    fails(past.verify(), first.file, "restore a copy")
    path.unlink()
    fails(past.verify(), first.file, "is missing", "restore a copy")
    path.write_bytes(content)
    page = path.with_name(path.name.replace(".parquet", ".manifest.json"))
    signed = page.read_bytes()
    page.write_bytes(signed.replace(b'"facts":', b'"facts":1'))
    fails(past.verify(), page.name, "not signed")
    page.unlink()
    fails(past.verify(), "position 0", "name the folder that holds all of them")
    page.write_bytes(signed)
    assert one_object(past.verify())["facts"] == len(past.facts)
    elsewhere = past.folder.with_name("elsewhere")
    fails(past.archive("2025-04", elsewhere), second.file, "name the folder of all archives")
    past.archive("2025-04")
    assert one_object(past.verify())["facts"] == len(past.facts)


@on_both
def test_an_export_says_where_it_begins_and_keeps_what_it_has(past: Past, tmp_path: Path) -> None:
    past.archive()
    floor = pages(past)[-1].last_position
    out = tmp_path / "facts.jsonl"
    done = run("journal", "export", out, *past.place)
    assert done.returncode == 0, done.stderr
    assert f"up to position {floor} were archived" in done.stderr
    lines = [msgspec.json.decode(line) for line in out.read_bytes().splitlines()]
    assert {line["position"] for line in lines} == {one.position for one in past.here()}
    assert {line["hash"] for line in lines} == {one.hash.hex() for one in past.here()}
    assert lines[0]["position"] == floor + 1


def test_the_program_of_the_guide_reads_what_was_archived(past: Past) -> None:
    past.archive()
    guide = (REPOSITORY / "docs" / "howto" / "archive-old-months.md").read_text(encoding="utf-8")
    program = guide.partition("```python\n")[2].partition("```")[0]
    assert program.count("/srv/restante/archive") == 1
    program = program.replace("/srv/restante/archive", str(past.folder))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first = min(archived(past), key=lambda one: (one.stream.split("/")[::-1], one.version))
    kind, owner = first.stream.split("/")
    told = f"{kind} {owner} {first.version} {first.tag} {first.body.decode()}"
    assert told in done.stdout.splitlines()
    assert len(done.stdout.splitlines()) == 2 * len(pages(past))
