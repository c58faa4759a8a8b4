"""Batches that follow each other closely: what is put early is right in the end, or undone."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest

from restante.core.value import Fact, Value
from restante.journal.chain import FIRST_HASH
from restante.journal.port import (
    Batch,
    Busy,
    Conflict,
    Follow,
    Recorded,
    RowChange,
    Seen,
    Unit,
)
from restante.journal.postgres import PostgresJournal
from restante.journal.verify import verify
from tests.journal.story import KINDS, NOW, VIEWS, Box, added, box, derive, evolve, unit

PATIENCE_SECONDS = 30

NOTE = ("a", "n")


class Line:
    """A journal, and batches made ready one on top of the other."""

    def __init__(self, journal: PostgresJournal) -> None:
        self.journal = journal
        self._foreign, self._batches = journal.write_mark()
        self._end = journal.head()
        self._heads: dict[str, tuple[int, Value, bytes]] = {}

    def ready(self, name: str, *facts: Fact, rows: Sequence[RowChange] = ()) -> Batch:
        """Make a batch ready in the belief that the one made before it is written."""
        version, state, head = self._heads.get(name, (0, Box(), FIRST_HASH))
        for fact in facts:
            state = evolve(state, fact)  # type: ignore[arg-type]
        one: Unit = unit(name, version, *facts, state=state)._replace(head_hash=head)  # type: ignore[arg-type]
        seen = Seen((self._foreign, self._batches), {}, {})
        made = self.journal.prepare(Batch([one], rows, seen=seen), after=self._end, recorded_at=NOW)
        assert made.ready is not None
        last = made.ready.recorded[-1]
        self._heads[name] = (last.version, state, last.hash)
        self._end, self._batches = last.position, self._batches + 1
        return made


@pytest.fixture
def journal(address: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(address, KINDS, derive=derive, inline=VIEWS)) as opened:
        yield opened


@pytest.fixture
def other(address: str) -> Iterator[PostgresJournal]:
    with closing(PostgresJournal(address, KINDS, derive=derive, inline=VIEWS)) as opened:
        yield opened


class Race:
    """Two batches, the second put while the first one's commit is held back."""

    def __init__(self, journal: PostgresJournal, pool: ThreadPoolExecutor) -> None:
        self._journal, self._pool = journal, pool
        self.may_commit = threading.Event()
        self.settled = threading.Event()
        self.error: Exception | None = None

    def first(self, one: Batch) -> "Future[Any]":
        """Put the first; returns when nothing is left of it but its commit."""
        is_put, is_sent = threading.Event(), threading.Event()

        def check() -> None:
            is_put.set()
            assert self.may_commit.wait(PATIENCE_SECONDS)
            if self.error is not None:
                raise self.error

        answer = self._append(one._replace(follow=Follow(is_sent.set, check)))
        answer.add_done_callback(lambda _: self.settled.set())
        assert is_put.wait(PATIENCE_SECONDS)
        assert is_sent.is_set()
        return answer

    def second(self, one: Batch) -> "Future[Any]":
        """Put the second; returns when it is on its way."""
        is_sent = threading.Event()

        def check() -> None:
            assert self.settled.wait(PATIENCE_SECONDS)
            if self.error is not None:
                raise self.error

        answer = self._append(one._replace(follow=Follow(is_sent.set, check)))
        assert is_sent.wait(PATIENCE_SECONDS)
        return answer

    def _append(self, one: Batch) -> "Future[tuple[Recorded, ...]]":
        return self._pool.submit(self._journal.append, one, recorded_at=NOW)


@pytest.fixture
def race(journal: PostgresJournal) -> Iterator[Race]:
    with ThreadPoolExecutor(2) as pool:
        made = Race(journal, pool)
        yield made
        made.may_commit.set()


def count_rebuilt(journal: PostgresJournal) -> list[Callable[[], None]]:
    """Note each batch that had to be made anew in its turn."""
    rebuilt: list[Any] = []
    real = journal._make_ready_in_turn

    def note(*given: Any) -> Any:
        rebuilt.append(given)
        return real(*given)

    journal._make_ready_in_turn = note  # type: ignore[method-assign]
    return rebuilt


def test_a_batch_is_put_while_the_one_before_it_is_committed(
    journal: PostgresJournal, other: PostgresJournal, race: Race
) -> None:
    rebuilt, line = count_rebuilt(journal), Line(journal)
    one, two = line.ready("a", added(1)), line.ready("a", added(2))
    first, second = race.first(one), race.second(two)
    assert other.head() == 0
    assert not second.done()
    race.may_commit.set()
    first.result(PATIENCE_SECONDS)
    second.result(PATIENCE_SECONDS)
    assert rebuilt == []
    assert other.rows("boxes", [("a",)])["a",] == {"marbles": 3, "position": 2}
    assert [one.position for one in other.follow(0, limit=9)] == [1, 2]
    assert verify(other, KINDS).is_sound


def test_a_row_that_is_on_its_way_is_taken_out_by_the_next_batch(
    journal: PostgresJournal, race: Race
) -> None:
    line = Line(journal)
    one = line.ready("a", added(), rows=[RowChange("notes", NOTE, {"text": "here"})])
    two = line.ready("a", added(), rows=[RowChange("notes", NOTE, None)])
    first, second = race.first(one), race.second(two)
    race.may_commit.set()
    first.result(PATIENCE_SECONDS)
    second.result(PATIENCE_SECONDS)
    assert journal.rows("notes", [NOTE]) == {}


def test_nothing_is_left_of_what_was_put_on_a_batch_that_failed(
    journal: PostgresJournal, other: PostgresJournal, race: Race
) -> None:
    line = Line(journal)
    one, two = line.ready("a", added()), line.ready("b", added())
    first, second = race.first(one), race.second(two)
    race.error = Busy("the first one fails")
    race.may_commit.set()
    assert first.exception(PATIENCE_SECONDS) is race.error
    assert second.exception(PATIENCE_SECONDS) is race.error
    assert other.states([box("a"), box("b")]) == {}
    # The place and the turn are free again.
    other.append(Batch([unit("c", 0, added())]), recorded_at=NOW)
    journal.append(Batch([unit("b", 0, added())]), recorded_at=NOW)
    assert other.head() == 2
    assert verify(other, KINDS).is_sound


def test_what_was_put_in_a_wrong_belief_is_made_anew(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    rebuilt, line = count_rebuilt(journal), Line(journal)
    ready = line.ready("a", added(1))
    other.append(Batch([unit("b", 0, added(5))]), recorded_at=NOW)
    recorded = journal.append(ready, recorded_at=NOW)
    assert len(rebuilt) == 1
    assert [one.position for one in recorded] == [2]
    assert other.rows("boxes", [("a",)])["a",] == {"marbles": 1, "position": 2}
    assert verify(other, KINDS).is_sound


def test_what_was_put_on_a_stream_that_somebody_else_has_changed_is_a_conflict(
    journal: PostgresJournal, other: PostgresJournal
) -> None:
    line = Line(journal)
    ready = line.ready("a", added(1))
    other.append(Batch([unit("a", 0, added(5))]), recorded_at=NOW)
    with pytest.raises(Conflict):
        journal.append(ready, recorded_at=NOW)
    assert other.rows("boxes", [("a",)])["a",] == {"marbles": 5, "position": 1}
    assert verify(other, KINDS).is_sound


def test_a_row_takes_over_what_one_that_goes_held_alone(journal: PostgresJournal) -> None:
    line = Line(journal)
    journal.append(
        line.ready("a", added(), rows=[RowChange("notes", NOTE, {"text": "alone"})]),
        recorded_at=NOW,
    )
    moved = [RowChange("notes", NOTE, None), RowChange("notes", ("b", "n"), {"text": "alone"})]
    journal.append(line.ready("a", added(), rows=moved), recorded_at=NOW)
    assert journal.rows("notes", [NOTE, ("b", "n")]) == {("b", "n"): {"text": "alone"}}


@pytest.mark.parametrize(
    "texts",
    [
        ["same"] * 3,
        ["", "short", None],
        ["é", "日本", "plain"],
        ["x" * 127, "y" * 128, "z" * 5_000],
        ["\x7f", "a\x01b", "\n"],
    ],
)
def test_texts_of_every_kind_come_back_as_they_were(
    journal: PostgresJournal, texts: Sequence[str | None]
) -> None:
    # The text itself is unique: what is alike in every row is the owner.
    alike = len(set(texts)) < len(texts)
    rows = [
        RowChange("notes", (str(text), str(place)), {"text": None if alike else text})
        for place, text in enumerate(texts)
    ]
    journal.append(Batch([], rows), recorded_at=NOW)
    found = journal.rows("notes", [change.key for change in rows])
    assert found == {change.key: change.values for change in rows}
