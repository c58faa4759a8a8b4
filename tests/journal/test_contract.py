"""What every journal promises, whatever it is kept in."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from restante.core.value import UtcSeconds
from restante.journal.chain import FIRST_HASH, hash_fact
from restante.journal.port import (
    ATTEMPTS_MAX,
    CLAIM_SECONDS,
    Conflict,
    Derived,
    Entry,
    Origin,
    RowChange,
    RowRejected,
    StateRow,
    Unit,
    UnknownFact,
    Work,
)
from restante.journal.sql import SqlJournal
from tests.journal.story import (
    BY,
    NOW,
    Added,
    AnyJournal,
    Box,
    Emptied,
    Taken,
    added,
    batch,
    box,
    unit,
)


def test_facts_come_back_as_they_went_in(journal: AnyJournal) -> None:
    facts = (added(3), Taken(at=NOW, count=1), Added(at=NOW, count=2, note='ü"\n\x00'))
    returned = journal.append(batch(unit("a", 0, *facts)), recorded_at=UtcSeconds(NOW + 5))
    read = journal.read(box("a"))
    assert read == returned
    assert tuple(one.fact for one in read) == facts
    assert [one.version for one in read] == [1, 2, 3]
    assert {(one.stream, one.by, one.recorded_at) for one in read} == {(box("a"), BY, NOW + 5)}


def test_the_envelope_comes_back_as_it_went_in(journal: AnyJournal) -> None:
    entry = Entry(fact=added(), by=BY, cause="q123", origin=Origin(epoch="e1", seq=7))
    journal.append(batch(Unit(box("a"), 0, [entry], Box())), recorded_at=NOW)
    (found,) = journal.read(box("a"))
    assert (found.cause, found.origin) == ("q123", Origin(epoch="e1", seq=7))


def test_a_fact_with_an_unknown_tag_is_kept_byte_for_byte(journal: AnyJournal) -> None:
    body = b'{ "type":"box.painted.v9",  "at":12, "color":"red" }'
    fact = UnknownFact(at=UtcSeconds(12), tag_name="box.painted.v9", body=body)
    journal.append(batch(unit("a", 0, fact)), recorded_at=NOW)
    (found,) = journal.read(box("a"))
    assert found.fact == fact
    assert journal.stored(box("a"), after_version=0, limit=1)[0].body == body


def test_a_mirrored_fact_keeps_fields_only_its_newer_writer_knows(journal: AnyJournal) -> None:
    body = b'{"type":"box.added.v1","at":12,"count":2,"glitter":true}'
    entry = Entry(fact=Added(at=UtcSeconds(12), count=2), by=BY, body=body)
    journal.append(batch(Unit(box("a"), 0, [entry], Box(marbles=2))), recorded_at=NOW)
    assert journal.read(box("a"))[0].fact == Added(at=UtcSeconds(12), count=2)
    assert journal.stored(box("a"), after_version=0, limit=1)[0].body == body


def test_reading_starts_after_a_version_and_stops_at_a_limit(journal: AnyJournal) -> None:
    journal.append(batch(unit("a", 0, *(added(n) for n in range(1, 7)))), recorded_at=NOW)
    assert [one.version for one in journal.read(box("a"), after_version=2, limit=3)] == [3, 4, 5]
    assert journal.read(box("nobody")) == ()


def test_the_state_is_written_with_the_facts(journal: AnyJournal) -> None:
    recorded = journal.append(batch(unit("a", 0, added(3), added(4))), recorded_at=NOW)
    states = journal.states([box("a"), box("nobody")])
    assert states == {box("a"): StateRow(2, Box(marbles=7, facts=2), recorded[-1].hash)}


def test_a_late_writer_conflicts_and_nothing_of_it_is_written(journal: AnyJournal) -> None:
    journal.append(batch(unit("a", 0, added(1))), recorded_at=NOW)
    late = batch(
        unit("b", 0, added(5)),
        unit("a", 0, added(9)),
        rows=[RowChange("notes", ("a", "n"), {"text": "late"})],
        work=[Work("late", "notice", b"{}", NOW)],
    )
    with pytest.raises(Conflict) as caught:
        journal.append(late, recorded_at=NOW)
    assert (caught.value.stream, caught.value.expected, caught.value.found) == (box("a"), 0, 1)
    assert journal.head() == 1
    assert journal.read(box("b")) == ()
    assert journal.states([box("b")]) == {}
    assert journal.rows("notes", [("a", "n")]) == {}
    assert journal.rows("boxes", [("b",)]) == {}
    assert journal.due_work(NOW, 10) == ()


def test_a_version_from_the_future_conflicts_too(journal: AnyJournal) -> None:
    with pytest.raises(Conflict):
        journal.append(batch(unit("a", 3, added(1))), recorded_at=NOW)


def test_several_streams_are_written_together(journal: AnyJournal) -> None:
    journal.append(batch(unit("a", 0, added(1)), unit("b", 0, added(2))), recorded_at=NOW)
    assert [(one.stream, one.position) for one in journal.follow(0, limit=9)] == [
        (box("a"), 1),
        (box("b"), 2),
    ]


def test_a_batch_may_not_name_a_stream_twice(journal: AnyJournal) -> None:
    with pytest.raises(ValueError, match="merge"):
        journal.append(batch(unit("a", 0, added()), unit("a", 1, added())), recorded_at=NOW)
    with pytest.raises(ValueError, match="no facts"):
        journal.append(batch(unit("a", 0)), recorded_at=NOW)


def test_inline_rows_are_written_with_the_facts_and_know_their_position(
    journal: AnyJournal,
) -> None:
    journal.append(batch(unit("a", 0, added(1)), unit("b", 0, added(2))), recorded_at=NOW)
    assert journal.rows("boxes", [("a",), ("b",), ("c",)]) == {
        ("a",): {"marbles": 1, "position": 1},
        ("b",): {"marbles": 2, "position": 2},
    }
    journal.append(batch(unit("a", 1, added(1), Emptied(at=NOW), state=Box())), recorded_at=NOW)
    assert journal.rows("boxes", [("a",)]) == {}


def test_the_last_change_of_a_row_wins(journal: AnyJournal) -> None:
    changes = [
        RowChange("notes", ("a", "n"), {"text": "first"}),
        RowChange("notes", ("a", "n"), None),
        RowChange("notes", ("a", "n"), {"text": "last"}),
        RowChange("notes", ("a", "gone"), {"text": "gone"}),
        RowChange("notes", ("a", "gone"), None),
    ]
    journal.append(batch(rows=changes), recorded_at=NOW)
    assert journal.rows("notes", [("a", "n"), ("a", "gone")]) == {("a", "n"): {"text": "last"}}


@pytest.mark.parametrize(
    "change",
    [
        RowChange("nowhere", ("a",), {}),
        RowChange("notes", ("a",), {"text": ""}),
        RowChange("notes", ("a", "n"), {}),
        RowChange("notes", ("a", "n"), {"text": "", "size": 1}),
    ],
)
def test_a_row_that_does_not_fit_its_view_stops_the_batch(
    journal: AnyJournal, change: RowChange
) -> None:
    with pytest.raises(RowRejected):
        journal.append(batch(unit("a", 0, added(1)), rows=[change]), recorded_at=NOW)
    assert journal.head() == 0
    assert journal.states([box("a")]) == {}


def test_many_streams_and_rows_fit_one_batch(journal: AnyJournal) -> None:
    units = [unit(f"n{n:04}", 0, added(n + 1)) for n in range(1500)]
    journal.append(batch(*units), recorded_at=NOW)
    assert len(journal.states([one.stream for one in units])) == 1500
    assert len(journal.rows("boxes", [(f"n{n:04}",) for n in range(1500)])) == 1500


def test_positions_ascend_and_following_never_skips_under_concurrent_writers(
    journal: AnyJournal,
) -> None:
    def write(writer: int) -> None:
        for version in range(20):
            journal.append(batch(unit(f"w{writer}", version, added(1))), recorded_at=NOW)

    seen: list[int] = []
    with ThreadPoolExecutor(4) as pool:
        writers = [pool.submit(write, n) for n in range(4)]
        while len(seen) < 80:
            seen.extend(one.position for one in journal.follow(len(seen), limit=7))
            if all(writer.done() for writer in writers) and journal.head() == len(seen):
                break
        for writer in writers:
            writer.result()
    assert seen == list(range(1, 81))
    assert journal.follow(80, limit=5) == ()


def test_each_fact_is_chained_to_the_one_before_it(journal: AnyJournal) -> None:
    journal.append(batch(unit("a", 0, added(1), added(2))), recorded_at=NOW)
    journal.append(batch(unit("a", 2, added(3), state=Box(marbles=6))), recorded_at=NOW)
    previous = FIRST_HASH
    for stored in journal.stored(box("a"), after_version=0, limit=9):
        assert stored.hash == hash_fact(stored, previous)
        previous = stored.hash
    assert journal.states([box("a")])[box("a")].head_hash == previous


def test_streams_are_listed_by_owner(journal: AnyJournal) -> None:
    for name in ("c", "a", "b"):
        journal.append(batch(unit(name, 0, added())), recorded_at=NOW)
    assert journal.streams(after=None, limit=2) == (box("a"), box("b"))
    assert journal.streams(after=box("b"), limit=2) == (box("c"),)


def test_work_is_claimed_once_and_again_when_the_claim_runs_out(journal: AnyJournal) -> None:
    work = [Work("late", "notice", b"1", UtcSeconds(NOW + 99)), Work("k", "notice", b"2", NOW)]
    journal.append(batch(work=work), recorded_at=NOW)
    (claimed,) = journal.due_work(NOW, 10)
    assert (claimed.key, claimed.kind, claimed.body, claimed.attempts) == ("k", "notice", b"2", 0)
    assert journal.due_work(NOW, 10) == ()
    again = journal.due_work(UtcSeconds(NOW + CLAIM_SECONDS), 10)
    assert [one.key for one in again] == ["k"]


def test_work_is_written_once_for_a_key_even_after_it_is_done(journal: AnyJournal) -> None:
    one = Work("k", "notice", b"first", NOW)
    journal.append(batch(work=[one, one._replace(body=b"second")]), recorded_at=NOW)
    (claimed,) = journal.due_work(NOW, 10)
    assert claimed.body == b"first"
    journal.finish_work("k", at=NOW)
    journal.append(batch(work=[one]), recorded_at=NOW)
    assert journal.due_work(UtcSeconds(NOW + 9999), 10) == ()
    assert journal.waiting_work() == 0


def test_work_can_be_asked_for_by_kind(journal: AnyJournal) -> None:
    work = [Work("a", "notice", b"", NOW), Work("b", "webhook", b"", NOW)]
    journal.append(batch(work=work), recorded_at=NOW)
    assert [one.key for one in journal.due_work(NOW, 10, kinds=["webhook"])] == ["b"]
    assert journal.waiting_work() == 2


def test_work_that_fails_is_tried_later_and_given_up_visibly(journal: AnyJournal) -> None:
    journal.append(batch(work=[Work("k", "notice", b"", NOW)]), recorded_at=NOW)
    for attempt in range(ATTEMPTS_MAX):
        (claimed,) = journal.due_work(UtcSeconds(NOW + attempt), 10)
        assert claimed.attempts == attempt
        journal.postpone_work("k", UtcSeconds(NOW + attempt + 1), "gateway timeout")
    assert journal.due_work(UtcSeconds(NOW + 999), 10) == ()
    (dead,) = journal.dead_work(10)
    assert (dead.key, dead.attempts, dead.last_error) == ("k", ATTEMPTS_MAX, "gateway timeout")
    journal.revive_work("k", UtcSeconds(NOW + 1000))
    assert journal.dead_work(10) == ()
    assert [one.key for one in journal.due_work(UtcSeconds(NOW + 1000), 10)] == ["k"]


def test_work_implied_by_facts_is_written_with_them(journal: AnyJournal) -> None:
    journal.append(batch(unit("a", 0, added(1), Emptied(at=NOW))), recorded_at=NOW)
    assert [one.key for one in journal.due_work(NOW, 9)] == ["emptied/box/a/2"]


def test_several_workers_never_claim_the_same_work(journal: AnyJournal) -> None:
    work = [Work(f"k{n:03}", "notice", b"", NOW) for n in range(100)]
    journal.append(batch(work=work), recorded_at=NOW)

    def claim(_: int) -> list[str]:
        return [one.key for _ in range(5) for one in journal.due_work(NOW, 5)]

    with ThreadPoolExecutor(4) as pool:
        claimed = [key for keys in pool.map(claim, range(4)) for key in keys]
    assert sorted(claimed) == [f"k{n:03}" for n in range(100)]


def test_a_cursor_moves_with_the_rows_of_its_follower(journal: AnyJournal) -> None:
    assert journal.cursor("counts") == 0
    rows = [RowChange("notes", ("a", "n"), {"text": "1"})]
    assert journal.advance("counts", after=0, to=5, derived=Derived(rows))
    assert journal.cursor("counts") == 5
    rows = [RowChange("notes", ("a", "n"), {"text": "2"})]
    assert not journal.advance("counts", after=0, to=9, derived=Derived(rows))
    assert journal.cursor("counts") == 5
    assert journal.rows("notes", [("a", "n")]) == {("a", "n"): {"text": "1"}}


@pytest.mark.parametrize("opener", ["open_file", "open_postgres"])
def test_positions_are_left_out_on_wish_and_never_given_again(
    opener: str, request: pytest.FixtureRequest
) -> None:
    # Memory is never put back from a copy.
    journal: SqlJournal = request.getfixturevalue(opener)()
    journal.append(batch(unit("a", 0, added())), recorded_at=NOW)
    skipping = batch(unit("b", 0, added(), added()))._replace(skip=1_000)
    returned = journal.append(skipping, recorded_at=NOW)
    after = journal.append(batch(unit("c", 0, added())), recorded_at=NOW)
    assert [one.position for one in (*returned, *after)] == [1_002, 1_003, 1_004]
    assert [one.position for one in journal.follow(0, limit=9)] == [1, 1_002, 1_003, 1_004]
    assert [one.position for one in journal.follow(500, limit=2)] == [1_002, 1_003]
    assert journal.head() == 1_004
    assert journal.missing_position() is None
