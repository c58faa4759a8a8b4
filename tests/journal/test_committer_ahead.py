"""The committer decides the next transaction while one is written; what that may rest on."""

import threading
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from restante.clock import SystemClock
from restante.core.ids import StreamName
from restante.core.refusal import Reason, Refused
from restante.core.value import UtcSeconds
from restante.journal.committer import Committer
from restante.journal.inline import RowKey, derives
from restante.journal.ledger import Ledger, Operation
from restante.journal.memory import MemoryJournal
from restante.journal.port import Batch, Found, Full, Recorded, RowChange
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from tests.journal.story import BY, KINDS, NOW, VIEWS, Box, added, batch, box, derive, unit

PATIENCE_SECONDS = 10

DERIVE_KEPT = derives("boxes", kept=("notes",))(partial(derive))


class Held:
    """A journal in memory whose transactions wait for a gate, and may then fail."""

    def __init__(self) -> None:
        self.inner: Any = MemoryJournal(KINDS, derive=derive, inline=VIEWS)
        self.reached = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)
        self.errors: list[Exception] = []

    def append(self, wanted: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Wait, then fail or write."""
        self.reached.release()
        assert self.gate.acquire(timeout=PATIENCE_SECONDS)
        if self.errors:
            raise self.errors.pop()
        written: tuple[Recorded, ...] = self.inner.append(wanted, recorded_at=recorded_at)
        return written

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class Ahead:
    """A committer, and what its operations have seen."""

    def __init__(self, journal: Held | None = None) -> None:
        self.journal = journal or Held()
        self.committer = Committer(self.journal, SystemClock(), KINDS)  # type: ignore[arg-type]
        self.decided = threading.Semaphore(0)
        self.seen: list[int] = []

    def adding(self, name: str, marbles_max: int = 100) -> Operation[int]:
        """Add a marble unless the box is full."""

        def run(ledger: Ledger) -> int:
            marbles: int = ledger.state(box(name)).marbles
            self.seen.append(marbles)
            self.decided.release()
            if marbles >= marbles_max:
                raise Refused(Reason.SITE_FULL, name)
            state: Box = ledger.record(box(name), added(), by=BY)
            return state.marbles

        return Operation((box(name),), run)

    def wait_for_writing(self) -> None:
        """Return when a transaction is on its way."""
        assert self.journal.reached.acquire(timeout=PATIENCE_SECONDS)

    def wait_for_decisions(self, count: int) -> None:
        """Return when so many more operations have been decided."""
        for _ in range(count):
            assert self.decided.acquire(timeout=PATIENCE_SECONDS)


@pytest.fixture
def ahead() -> Iterator[Ahead]:
    made = Ahead()
    with made.committer:
        yield made
        # Whatever a test has left.
        made.journal.gate.release(1000)


def test_operations_are_decided_on_a_transaction_that_is_still_on_its_way(ahead: Ahead) -> None:
    first = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    second = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_decisions(2)
    assert ahead.seen == [0, 1]
    assert not first.done()
    assert not second.done()
    ahead.journal.gate.release(2)
    assert (first.result(9), second.result(9)) == (1, 2)
    assert ahead.journal.inner.states([box("a")])[box("a")].version == 2


def test_what_was_decided_on_a_transaction_that_failed_is_decided_again(ahead: Ahead) -> None:
    first = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    second = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_decisions(2)
    ahead.journal.errors.append(Full("no room"))
    ahead.journal.gate.release(2)
    assert isinstance(first.exception(9), Full)
    assert second.result(9) == 1
    assert ahead.seen == [0, 1, 0]


@pytest.mark.parametrize("is_failing", [False, True])
def test_a_refusal_is_told_when_what_it_rests_on_is_durable_and_not_told_when_that_fails(
    ahead: Ahead, is_failing: bool
) -> None:
    ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    second = ahead.committer.submit(ahead.adding("a", marbles_max=1))
    ahead.wait_for_decisions(2)
    assert not second.done()
    if is_failing:
        ahead.journal.errors.append(Full("no room"))
    ahead.journal.gate.release(2)
    if is_failing:
        assert second.result(9) == 1
    else:
        assert isinstance(second.exception(9), Refused)


def test_a_row_on_its_way_is_seen(ahead: Ahead) -> None:
    seen: list[object] = []

    def claim(ledger: Ledger) -> None:
        seen.append(ledger.row("notes", ("a", "n")))
        ahead.decided.release()
        ledger.put(RowChange("notes", ("a", "n"), {"text": f"claim {len(seen)}"}))

    operation = Operation((), claim, (("notes", ("a", "n")),))
    answers = [ahead.committer.submit(operation)]
    ahead.wait_for_writing()
    answers.append(ahead.committer.submit(operation))
    ahead.wait_for_decisions(2)
    assert seen == [None, {"text": "claim 1"}]
    ahead.journal.gate.release(2)
    assert [answer.result(9) for answer in answers] == [None, None]


def test_a_row_implied_by_facts_on_their_way_is_read_after_they_are_written(ahead: Ahead) -> None:
    def read(ledger: Ledger) -> object:
        ahead.decided.release()
        row = ledger.row("boxes", ("a",))
        return None if row is None else row["marbles"]

    ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    shown = ahead.committer.submit(Operation((), read))
    behind = ahead.committer.submit(ahead.adding("b"))
    ahead.wait_for_decisions(2)
    assert not shown.done()
    ahead.journal.gate.release(2)
    assert (shown.result(9), behind.result(9)) == (1, 1)


def test_a_conflict_sets_right_what_was_decided_ahead(ahead: Ahead) -> None:
    first = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    second = ahead.committer.submit(ahead.adding("b"))
    third = ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_decisions(3)
    theirs = unit("a", 0, added(5), state=Box(marbles=5, facts=1))
    ahead.journal.inner.append(batch(theirs), recorded_at=NOW)
    ahead.journal.gate.release(4)
    assert (first.result(9), second.result(9), third.result(9)) == (6, 1, 7)
    assert ahead.journal.inner.states([box("a")])[box("a")].state == Box(marbles=7, facts=3)


def test_a_refusal_decided_ahead_rests_on_what_somebody_else_wrote_meanwhile(
    ahead: Ahead,
) -> None:
    full = unit("full", 0, added(3), state=Box(marbles=3, facts=1))
    ahead.journal.inner.append(batch(full), recorded_at=NOW)
    ahead.committer.submit(ahead.adding("a"))
    ahead.wait_for_writing()
    refused = ahead.committer.submit(ahead.adding("full", marbles_max=3))
    ahead.wait_for_decisions(2)
    emptied = unit("full", 1, added(0), state=Box(marbles=0, facts=2))
    ahead.journal.inner.append(batch(emptied), recorded_at=NOW)
    ahead.journal.gate.release(2)
    assert refused.result(9) == 1


class HeldFile(Held):
    """A journal in a file, whose transactions wait for a gate; it knows which were ready."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.file = SqliteJournal(str(path), KINDS, derive=DERIVE_KEPT, inline=VIEWS)
        self.inner = self.file
        self.ready: list[bool] = []
        self.looked_up: list[object] = []

    def append(self, wanted: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Wait, then fail or write."""
        self.ready.append(wanted.ready is not None)
        return super().append(wanted, recorded_at=recorded_at)

    def look_up(self, streams: Sequence[StreamName], rows: Sequence[RowKey]) -> Found:
        """Note what is asked for."""
        self.looked_up.extend(rows)
        return self.file.look_up(streams, rows)


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Ahead]:
    """A committer on a file, that has written once and so can foresee positions."""
    made = Ahead(HeldFile(tmp_path / "journal.db"))
    with made.committer:
        made.journal.gate.release()
        assert made.committer.run(made.adding("before")) == 1
        made.wait_for_writing()
        made.wait_for_decisions(1)
        made.seen.clear()
        yield made
        made.journal.gate.release(1000)


def test_one_is_written_one_is_made_ready_and_one_is_decided_at_once(deep: Ahead) -> None:
    journal: Any = deep.journal
    answers = []
    for _ in range(3):
        answers.append(deep.committer.submit(deep.adding("a")))
        deep.wait_for_decisions(1)
    deep.wait_for_writing()
    assert deep.seen == [0, 1, 2]
    assert not any(answer.done() for answer in answers)
    deep.journal.gate.release(3)
    assert [answer.result(9) for answer in answers] == [1, 2, 3]
    assert journal.ready[1:3] == [True, True]
    assert [one.position for one in deep.journal.inner.follow(0, limit=9)] == [1, 2, 3, 4]
    assert verify(deep.journal.inner, KINDS).is_sound


def test_nothing_that_was_decided_on_what_failed_is_written(deep: Ahead) -> None:
    answers = []
    for name in ("a", "b", "a"):
        answers.append(deep.committer.submit(deep.adding(name)))
        deep.wait_for_decisions(1)
    deep.journal.errors.append(Full("no room"))
    deep.journal.gate.release(9)
    assert isinstance(answers[0].exception(9), Full)
    assert [answer.result(9) for answer in answers[1:]] == [1, 1]
    assert deep.seen[:3] == [0, 0, 1]
    assert deep.journal.inner.states([box("b")])[box("b")].version == 1
    assert verify(deep.journal.inner, KINDS).is_sound


def test_what_was_made_ready_is_decided_again_when_a_row_it_rests_on_has_changed(
    deep: Ahead, tmp_path: Path
) -> None:
    note = ("notes", ("a", "n"))

    def add(ledger: Ledger) -> object:
        row = ledger.row(*note)
        ledger.record(box("a"), added(), by=BY)
        deep.decided.release()
        return None if row is None else row["text"]

    journal: Any = deep.journal
    answers = []
    for _ in range(2):
        answers.append(deep.committer.submit(Operation((box("a"),), add, (note,))))
        deep.wait_for_decisions(1)
    deep.wait_for_writing()
    assert journal.ready[-1]
    other = SqliteJournal(str(tmp_path / "journal.db"), KINDS, derive=derive, inline=VIEWS)
    other.append(batch(rows=[RowChange(*note, {"text": "theirs"})]), recorded_at=NOW)
    other.close()
    journal.gate.release(9)
    assert [answer.result(9) for answer in answers] == ["theirs"] * 2


def test_positions_that_somebody_else_took_are_not_given_out_again(
    deep: Ahead, tmp_path: Path
) -> None:
    answers = []
    for _ in range(3):
        answers.append(deep.committer.submit(deep.adding("a")))
        deep.wait_for_decisions(1)
    other = SqliteJournal(str(tmp_path / "journal.db"), KINDS, derive=derive, inline=VIEWS)
    other.append(batch(unit("b", 0, added(5), state=Box(marbles=5, facts=1))), recorded_at=NOW)
    deep.journal.gate.release(9)
    assert [answer.result(9) for answer in answers] == [1, 2, 3]
    assert [one.position for one in other.follow(0, limit=9)] == [1, 2, 3, 4, 5]
    assert verify(other, KINDS).is_sound
    other.close()


def test_rows_that_may_be_kept_are_read_once_until_somebody_else_writes(
    deep: Ahead, tmp_path: Path
) -> None:
    note = ("notes", ("a", "n"))

    def read(ledger: Ledger) -> object:
        row = ledger.row(*note)
        return None if row is None else row["text"]

    def write(ledger: Ledger) -> None:
        ledger.put(RowChange(*note, {"text": "ours" * 100}))

    journal: Any = deep.journal
    journal.gate.release(9)
    reading = Operation((), read, (note,))
    assert [deep.committer.run(reading) for _ in range(3)] == [None] * 3
    deep.committer.run(Operation((), write))
    assert deep.committer.run(reading) == "ours" * 100
    assert journal.looked_up == [note]
    other = SqliteJournal(str(tmp_path / "journal.db"), KINDS, derive=derive, inline=VIEWS)
    other.append(batch(rows=[RowChange(*note, {"text": "theirs"})]), recorded_at=NOW)
    other.close()
    assert deep.committer.run(reading) == "theirs"
