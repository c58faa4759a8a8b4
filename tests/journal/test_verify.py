"""Verification, seals, export and followers: what reads the record as a whole."""

import datetime as dt
import hashlib
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from restante.core.ids import StreamName
from restante.core.value import UtcSeconds
from restante.journal.export import export_lines, export_to
from restante.journal.follow import Follower, catch_up, lag, step
from restante.journal.port import (
    Derived,
    Entry,
    Recorded,
    RowChange,
    Unit,
    UnknownFact,
    Work,
)
from restante.journal.seal import check_seals, heads, seal_day
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import FACTS_PER_PAGE, STREAMS_PER_PAGE, verify
from tests.journal.story import BY, KINDS, NOW, AnyJournal, Box, Emptied, added, batch, box, unit
from tests.seams import replaced

Open = Callable[..., SqliteJournal]
DAY = dt.date(2026, 11, 20)


def sign(digest: bytes) -> bytes:
    """Stand in for a real key."""
    return hashlib.sha256(b"key" + digest).digest()


def is_signed(digest: bytes, signature: bytes) -> bool:
    """Check what :func:`sign` has made."""
    return sign(digest) == signature


def fill(journal: AnyJournal, streams: int = 5) -> None:
    """Write some boxes of two facts each."""
    for n in range(streams):
        journal.append(batch(unit(f"n{n:03}", 0, added(1), added(2))), recorded_at=NOW)


def change(journal: SqliteJournal, statement: str) -> None:
    """Do to the file what nobody should."""
    with journal.writing() as connection:
        connection.exec_driver_sql(statement)


def test_an_empty_journal_is_sound(journal: AnyJournal) -> None:
    report = verify(journal, KINDS)
    assert (report.is_sound, report.facts, report.streams) == (True, 0, 0)


def test_a_sound_journal_is_read_to_its_end(journal: AnyJournal) -> None:
    journal.append(
        batch(
            Unit(
                box("long"),
                0,
                [Entry(fact=added(), by=BY) for _ in range(FACTS_PER_PAGE + 3)],
                Box(marbles=FACTS_PER_PAGE + 3, facts=FACTS_PER_PAGE + 3),
            ),
            *(unit(f"n{n:03}", 0, added(n + 1)) for n in range(STREAMS_PER_PAGE + 3)),
        ),
        recorded_at=NOW,
    )
    report = verify(journal, KINDS)
    assert report.text().endswith("ok")
    assert report.streams == STREAMS_PER_PAGE + 4
    assert report.facts == FACTS_PER_PAGE + STREAMS_PER_PAGE + 6


def test_short_streams_are_read_together_and_long_ones_page_by_page(journal: AnyJournal) -> None:
    fill(journal, STREAMS_PER_PAGE + 3)
    many = [Entry(fact=added(), by=BY) for _ in range(FACTS_PER_PAGE + 1)]
    whole = Box(marbles=len(many), facts=len(many))
    journal.append(batch(Unit(box("long"), 0, many, whole)), recorded_at=NOW)
    alone: list[str] = []
    together: list[int] = []
    stored, stored_of = journal.stored, journal.stored_of

    def read_alone(stream: StreamName, **bounds: int) -> Any:
        alone.append(stream)
        return stored(stream, **bounds)

    def read_together(streams: Sequence[StreamName]) -> Any:
        together.append(len(streams))
        return stored_of(streams)

    seams = [(journal, "stored", read_alone), (journal, "stored_of", read_together)]
    with replaced(seams):
        report = verify(journal, KINDS)
    assert report.is_sound
    assert report.facts == 2 * (STREAMS_PER_PAGE + 3) + FACTS_PER_PAGE + 1
    assert alone == [box("long")] * 2
    assert together == [STREAMS_PER_PAGE - 1, 4]


def test_unknown_facts_are_counted_and_are_no_damage(journal: AnyJournal) -> None:
    fact = UnknownFact(at=NOW, tag_name="box.painted.v9", body=b'{"type":"box.painted.v9"}')
    journal.append(batch(Unit(box("a"), 0, [Entry(fact=fact, by=BY)], Box())), recorded_at=NOW)
    report = verify(journal, KINDS)
    assert report.is_sound
    assert report.unknown_tags == {"box.painted.v9": 1}


def test_a_state_that_is_not_the_fold_is_named(journal: AnyJournal) -> None:
    fill(journal, 2)
    journal.append(batch(unit("wrong", 0, added(3), state=Box(marbles=4))), recorded_at=NOW)
    (damage,) = verify(journal, KINDS).damages
    assert (damage.position, damage.stream) == (5, box("wrong"))
    assert "folding" in damage.what


@pytest.mark.parametrize(
    ("statement", "position", "what"),
    [
        ("UPDATE facts SET body = replace(body, '2', '3') WHERE position = 4", 4, "wrong types"),
        ("UPDATE facts SET body = CAST(body || ' ' AS BLOB) WHERE position = 4", 4, "hash"),
        ("UPDATE facts SET by = 'operator:mallory' WHERE position = 4", 4, "hash"),
        ("UPDATE facts SET recorded_at = recorded_at + 1 WHERE position = 3", 3, "hash"),
        ("UPDATE facts SET tag = 'box.taken.v1' WHERE position = 3", 3, "hash"),
        ("UPDATE facts SET hash = zeroblob(32) WHERE position = 3", 3, "hash"),
        ("DELETE FROM facts WHERE position = 3", 3, "missing"),
        ("DELETE FROM facts WHERE owner = 'n001'", 3, "missing"),
        ("DELETE FROM states WHERE owner = 'n001'", 3, "no state row"),
        ("UPDATE states SET version = 3 WHERE owner = 'n001'", 4, "counts 3 facts"),
        ("UPDATE states SET version = 1 WHERE owner = 'n001'", 3, "hash is not that"),
        ("UPDATE states SET head_hash = zeroblob(32) WHERE owner = 'n001'", 4, "state row's hash"),
        ("UPDATE states SET state = '{}' WHERE owner = 'n001'", 4, "folding"),
        ("UPDATE states SET state = 'x' WHERE owner = 'n001'", None, "cannot be read"),
    ],
)
def test_what_was_changed_behind_our_back_is_named(
    open_file: Open, statement: str, position: int | None, what: str
) -> None:
    journal = open_file()
    fill(journal)
    change(journal, statement)
    report = verify(journal, KINDS)
    assert not report.is_sound
    first = report.damages[0]
    assert first.position == position
    assert what in first.what
    assert report.facts >= 6


def test_a_seal_covers_what_changed_since_the_one_before(journal: AnyJournal) -> None:
    fill(journal, 3)
    first = seal_day(journal, DAY, sign)
    journal.append(batch(unit("n001", 2, added(), state=Box(marbles=4, facts=3))), recorded_at=NOW)
    following = heads(journal, DAY + dt.timedelta(days=1))
    assert [(head.stream, head.version) for head in following.heads] == [(box("n001"), 3)]
    assert following.after_position == first.to_position == 6
    seal_day(journal, DAY + dt.timedelta(days=1), sign)
    assert check_seals(journal, is_signed) == (2, None)


def test_a_day_is_sealed_once(journal: AnyJournal) -> None:
    fill(journal, 1)
    seal_day(journal, DAY, sign)
    with pytest.raises(ValueError, match="sealed already"):
        seal_day(journal, DAY, sign)
    with pytest.raises(ValueError, match="sealed already"):
        seal_day(journal, DAY - dt.timedelta(days=1), sign)


def test_a_cleanly_rewritten_history_breaks_its_seal(open_file: Open) -> None:
    journal = open_file()
    fill(journal, 3)
    seal_day(journal, DAY, sign)
    seal_day(journal, DAY + dt.timedelta(days=1), sign)
    # Whoever can write the file can recompute hashes; without the key the seal gives them away.
    forged = open_file("forged.db")
    for n in range(3):
        forged.append(batch(unit(f"n{n:03}", 0, added(1), added(9))), recorded_at=NOW)
    for seal in journal.seals():
        forged.add_seal(seal)
    assert verify(forged, KINDS).is_sound
    good, bad = check_seals(forged, is_signed)
    assert good == 0
    assert bad is not None
    assert bad.day == DAY.isoformat()


def test_a_seal_signed_by_another_key_is_named(journal: AnyJournal) -> None:
    fill(journal, 1)
    seal_day(journal, DAY, lambda digest: digest)
    good, bad = check_seals(journal, is_signed)
    assert (good, bad is not None) == (0, True)


def test_an_export_holds_every_fact_as_it_was_written(journal: AnyJournal) -> None:
    fill(journal, 2)
    raw = b'{"type":"box.painted.v9",\n"at":1}'
    odd = UnknownFact(at=UtcSeconds(1), tag_name="box.painted.v9", body=raw)
    journal.append(batch(Unit(box("odd"), 0, [Entry(fact=odd, by=BY)], Box())), recorded_at=NOW)
    target = io.BytesIO()
    assert export_to(journal, target) == 5
    lines = [json.loads(line) for line in target.getvalue().splitlines()]
    assert [line["position"] for line in lines] == [1, 2, 3, 4, 5]
    assert lines[0]["fact"] == {"type": "box.added.v1", "at": NOW, "count": 1}
    assert lines[0]["hash"] == journal.follow(0, limit=1)[0].hash.hex()
    assert "body_base64" in lines[4]
    assert len(list(export_lines(journal, after=2, to=3))) == 1


def counting(journal: AnyJournal) -> Follower:
    """Follow boxes into notes that say how many facts each has had."""

    def apply(facts: Sequence[Recorded]) -> Derived:
        counts: dict[str, int] = {}
        for one in facts:
            owner = one.stream.partition("/")[2]
            if owner not in counts:
                row = journal.rows("notes", [(owner, "count")]).get((owner, "count"))
                counts[owner] = 0 if row is None else int(str(row["text"]).rpartition(" ")[2])
            counts[owner] += 1
        rows = [
            RowChange("notes", (owner, "count"), {"text": f"{owner} {count}"})
            for owner, count in counts.items()
        ]
        return Derived(rows, [Work(f"seen/{facts[-1].position}", "notice", b"", NOW)])

    return Follower("counting", apply)


def test_a_follower_sees_every_fact_once_and_in_order(journal: AnyJournal) -> None:
    fill(journal, 4)
    follower = counting(journal)
    assert lag(journal, follower) == 8
    assert step(journal, follower, limit=3) == 3
    journal.append(batch(unit("n000", 2, Emptied(at=NOW), state=Box(facts=3))), recorded_at=NOW)
    assert catch_up(journal, follower, limit=3) == 6
    assert lag(journal, follower) == 0
    assert step(journal, follower) == 0
    texts = journal.rows("notes", [("n000", "count"), ("n003", "count")])
    assert sorted(row["text"] for row in texts.values()) == ["n000 3", "n003 2"]


def test_a_follower_that_fails_starts_again_where_it_stood(journal: AnyJournal) -> None:
    fill(journal, 2)

    def fail(_facts: Sequence[Recorded]) -> Derived:
        raise ConnectionError("gateway is gone")

    with pytest.raises(ConnectionError):
        step(journal, Follower("counting", fail))
    assert catch_up(journal, counting(journal)) == 4


def test_two_processes_running_one_follower_apply_each_fact_once(journal: AnyJournal) -> None:
    fill(journal, 2)
    follower = counting(journal)

    def overtaken(facts: Sequence[Recorded]) -> Derived:
        derived = follower.apply(facts)
        assert catch_up(journal, follower) == 4
        return derived

    assert step(journal, Follower("counting", overtaken)) == 0
    texts = journal.rows("notes", [("n000", "count"), ("n001", "count")])
    assert [row["text"] for row in texts.values()] == ["n000 2", "n001 2"]
