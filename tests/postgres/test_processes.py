"""Several processes on one database: nobody loses a fact, skips one, or does half of something."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import monotonic

import psycopg
import pytest

from restante.core.value import Value
from restante.journal.port import Derived, Recorded
from restante.journal.postgres import PostgresJournal
from restante.journal.verify import verify
from tests.journal.story import KINDS, NOW, VIEWS, added, batch, box, derive, unit
from tests.postgres.writer import SHARED

Open = Callable[..., PostgresJournal]


@pytest.fixture
def open_journal(address: str) -> Iterator[Open]:
    opened: list[PostgresJournal] = []

    def make(**options: object) -> PostgresJournal:
        given = {"derive": derive, "inline": VIEWS, **options}
        opened.append(PostgresJournal(address, KINDS, **given))  # type: ignore[arg-type]
        return opened[-1]

    yield make
    for journal in opened:
        journal.close()


def start_writers(address: str, count: int) -> "list[subprocess.Popen[str]]":
    """Start two writers and let them go at the same moment."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.postgres.writer", address, name, str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("left", "right")
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.close()
    return writers


def read_acknowledged(writer: "subprocess.Popen[str]", into: Counter[str]) -> None:
    """Count what a writer has said; a torn last line was not said."""
    assert writer.stdout is not None
    for line in writer.stdout.read().splitlines(keepends=True):
        if line.endswith("\n"):
            into.update(line.split())
    writer.stdout.close()
    writer.wait(30)


def test_two_processes_on_the_same_and_on_other_streams_lose_nothing(
    address: str, open_journal: Open
) -> None:
    acknowledged: Counter[str] = Counter()
    for writer in start_writers(address, 40):
        read_acknowledged(writer, acknowledged)
        assert writer.returncode == 0
    journal = open_journal()
    states = journal.states([box(name) for name in acknowledged])
    assert {name: states[box(name)].version for name in acknowledged} == acknowledged
    assert acknowledged[SHARED] == 160
    assert journal.head() == sum(acknowledged.values())
    assert verify(journal, KINDS).is_sound


def test_a_killed_process_leaves_nothing_half_done_and_its_neighbor_goes_on(
    address: str, open_journal: Open
) -> None:
    acknowledged: Counter[str] = Counter()
    victim, neighbor = start_writers(address, 60)
    assert victim.stdout is not None
    for _ in range(30):
        acknowledged.update(victim.stdout.readline().split())
    victim.kill()
    read_acknowledged(victim, acknowledged)
    read_acknowledged(neighbor, acknowledged)
    assert neighbor.returncode == 0
    journal = open_journal()
    assert verify(journal, KINDS).is_sound
    states = journal.states([box(name) for name in acknowledged])
    for name, count in acknowledged.items():
        # At most one operation of each of the victim's four callers was done and not yet told.
        assert count <= states[box(name)].version <= count + 4
        rows = journal.rows("boxes", [(name,)])
        assert rows[name,]["marbles"] == states[box(name)].version


def wait_until_somebody_waits(address: str) -> None:
    """Return when a transaction waits for another one's turn."""
    # Other tests use other schemas, but one server: only lock waits on our table count.
    asked = (
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
        "WHERE NOT l.granted AND a.query LIKE 'SELECT pg_advisory_xact_lock%rows%'"
    )
    with psycopg.connect(address, autocommit=True) as connection:
        for _ in range(10_000):
            row = connection.execute(asked).fetchone()
            if row is not None and row[0]:
                return
    raise AssertionError("nobody waits")


def test_a_follower_never_passes_a_slower_writer(address: str, open_journal: Open) -> None:
    is_inside, may_end = threading.Event(), threading.Event()

    def derive_slowly(recorded: Sequence[Recorded], state: Value) -> Derived:
        # The positions are taken, the facts are not written yet.
        is_inside.set()
        assert may_end.wait(30)
        return derive(recorded, state)

    slow, quick, follower = open_journal(derive=derive_slowly), open_journal(), open_journal()
    quick.append(batch(unit("before", 0, added())), recorded_at=NOW)
    with ThreadPoolExecutor(2) as pool:
        late: Future[object] = pool.submit(
            slow.append, batch(unit("slow", 0, added())), recorded_at=NOW
        )
        assert is_inside.wait(30)
        early: Future[object] = pool.submit(
            quick.append, batch(unit("quick", 0, added())), recorded_at=NOW
        )
        wait_until_somebody_waits(address)
        seen = [one.position for one in follower.follow(0, limit=9)]
        assert (seen, follower.head()) == ([1], 1)
        may_end.set()
        late.result(30)
        early.result(30)
    rest = [(one.position, one.stream) for one in follower.follow(1, limit=9)]
    assert rest == [(2, box("slow")), (3, box("quick"))]


def test_a_follower_beside_many_writers_sees_every_position_once(open_journal: Open) -> None:
    def write(writer: int) -> None:
        journal = open_journal()
        for version in range(25):
            journal.append(batch(unit(f"w{writer}", version, added())), recorded_at=NOW)

    follower = open_journal()
    seen: list[int] = []
    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, n) for n in range(3)]
        until = monotonic() + 60
        while not all(one.done() for one in writers) or follower.head() > len(seen):
            assert monotonic() < until, f"seen {len(seen)} of {follower.head()} positions"
            after = seen[-1] if seen else 0
            seen.extend(one.position for one in follower.follow(after, limit=5))
        for one in writers:
            one.result()
    assert seen == list(range(1, 76))


def test_a_commit_wakes_whoever_watches_in_another_process(open_journal: Open) -> None:
    ours, theirs = open_journal(), open_journal()
    woken: list[int] = []
    is_woken = threading.Event()

    def wake(position: int) -> None:
        woken.append(position)
        is_woken.set()

    assert ours.watch(wake)
    ours.append(batch(unit("ours", 0, added())), recorded_at=NOW)
    theirs.append(batch(unit("theirs", 0, added(), added())), recorded_at=NOW)
    assert is_woken.wait(30)
    # What we wrote ourselves we know without being told.
    assert woken == [3]
