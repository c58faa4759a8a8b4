"""The committer: many callers, one transaction, each with an answer of its own."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from restante.clock import SystemClock, VirtualClock
from restante.core.refusal import Reason, Refused
from restante.core.value import UtcSeconds
from restante.journal.committer import Closed, Committer, Overloaded
from restante.journal.ledger import Ledger, Operation
from restante.journal.memory import MemoryJournal
from restante.journal.port import (
    Batch,
    Conflict,
    Full,
    Recorded,
    RowChange,
    RowRejected,
    UnknownFact,
    Work,
)
from restante.journal.sqlite import SqliteJournal
from tests.journal.story import (
    BY,
    KINDS,
    NOW,
    VIEWS,
    AnyJournal,
    Box,
    Emptied,
    added,
    batch,
    box,
    derive,
    unit,
)


@pytest.fixture
def committer(journal: AnyJournal) -> Iterator[Committer]:
    with Committer(journal, SystemClock(), KINDS) as started:
        yield started


def adding(name: str, count: int = 1) -> Operation[int]:
    """Add marbles to a box and answer how many are in it."""

    def run(ledger: Ledger) -> int:
        state: Box = ledger.record(box(name), added(count), by=BY)
        return state.marbles

    return Operation((box(name),), run)


def adding_within(name: str, marbles_max: int) -> Operation[int]:
    """Add one marble unless the box is full."""

    def run(ledger: Ledger) -> int:
        if ledger.state(box(name)).marbles >= marbles_max:
            raise Refused(Reason.SITE_FULL, name)
        state: Box = ledger.record(box(name), added(), by=BY)
        return state.marbles

    return Operation((box(name),), run)


def blocking(gate: threading.Event, reached: threading.Event | None = None) -> Operation[None]:
    """Hold whoever decides until the gate opens."""

    def run(_ledger: Ledger) -> None:
        if reached is not None:
            reached.set()
        assert gate.wait(10)

    return Operation((), run)


def test_an_operation_answers_what_it_returns_and_its_facts_are_in_the_journal(
    journal: AnyJournal, committer: Committer
) -> None:
    assert committer.run(adding("a", 3)) == 3
    assert committer.run(adding("a", 4)) == 7
    assert journal.states([box("a")])[box("a")].state == Box(marbles=7, facts=2)
    assert [one.fact.count for one in journal.read(box("a"))] == [3, 4]  # type: ignore[attr-defined]


def test_a_thousand_waiting_callers_are_served_in_order_by_few_transactions(
    journal: AnyJournal, committer: Committer
) -> None:
    gate = threading.Event()
    committer.submit(blocking(gate))
    answers = [committer.submit(adding("a")) for _ in range(1000)]
    gate.set()
    assert [answer.result(30) for answer in answers] == list(range(1, 1001))
    assert committer.counts().transactions <= 12
    assert journal.states([box("a")])[box("a")].version == 1000


def test_a_thousand_callers_from_many_threads_lose_nothing(
    journal: AnyJournal, committer: Committer
) -> None:
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: committer.run(adding(f"b{n % 7}")), range(1000)))
    total = sum(journal.states([box(f"b{n}")])[box(f"b{n}")].version for n in range(7))
    assert total == 1000
    assert journal.head() == 1000


def test_a_refused_operation_leaves_no_trace_and_touches_no_neighbor(
    journal: AnyJournal, committer: Committer
) -> None:
    def spoiled(ledger: Ledger) -> None:
        ledger.record(box("a"), added(100), by=BY)
        ledger.put(RowChange("notes", ("a", "n"), {"text": "spoiled"}))
        ledger.enqueue(Work("spoiled", "notice", b"", UtcSeconds(0)))
        raise Refused(Reason.SITE_FULL)

    gate = threading.Event()
    committer.submit(blocking(gate))
    before = committer.submit(adding("a"))
    refused = committer.submit(Operation((box("a"),), spoiled))
    after = committer.submit(adding("a"))
    gate.set()
    assert (before.result(9), after.result(9)) == (1, 2)
    with pytest.raises(Refused):
        refused.result(9)
    assert journal.states([box("a")])[box("a")].state == Box(marbles=2, facts=2)
    assert journal.rows("notes", [("a", "n")]) == {}
    assert journal.waiting_work() == 0


def test_each_operation_sees_what_the_ones_before_it_did(committer: Committer) -> None:
    gate = threading.Event()
    committer.submit(blocking(gate))
    answers = [committer.submit(adding_within("a", 3)) for _ in range(5)]
    gate.set()
    outcomes = [answer.exception(9) or answer.result() for answer in answers]
    assert outcomes[:3] == [1, 2, 3]
    assert all(isinstance(outcome, Refused) for outcome in outcomes[3:])


def test_an_operation_sees_its_own_facts(committer: Committer) -> None:
    def run(ledger: Ledger) -> tuple[int, int, int]:
        start = ledger.version(box("new"))
        ledger.record(box("new"), added(2), added(3), by=BY)
        return start, ledger.version(box("new")), ledger.state(box("new")).marbles

    assert committer.run(Operation((), run)) == (0, 2, 5)


def test_unknown_facts_are_recorded_and_skipped_by_the_fold(
    journal: AnyJournal, committer: Committer
) -> None:
    fact = UnknownFact(at=NOW, tag_name="box.painted.v9", body=b'{"type":"box.painted.v9","at":1}')
    assert (
        committer.run(Operation((), lambda ledger: ledger.record(box("a"), fact, by=BY))) == Box()
    )
    assert journal.read(box("a"))[0].fact == UnknownFact(
        at=UtcSeconds(1), tag_name=fact.tag_name, body=fact.body
    )


def reading_row(name: str) -> Operation[int | None]:
    """Answer how many marbles the inline view shows."""

    def run(ledger: Ledger) -> int | None:
        row = ledger.row("boxes", (name,))
        return None if row is None else int(row["marbles"] or 0)

    return Operation((), run)


def test_a_row_implied_by_a_waiting_neighbors_facts_is_read_after_they_are_written(
    committer: Committer,
) -> None:
    gate = threading.Event()
    committer.submit(blocking(gate))
    committer.submit(adding("a", 5))
    other = committer.submit(reading_row("b"))
    shown = committer.submit(reading_row("a"))
    committer.submit(adding("a", 1))
    last = committer.submit(reading_row("a"))
    gate.set()
    assert (other.result(9), shown.result(9), last.result(9)) == (None, 5, 6)


def test_a_row_put_by_a_neighbor_is_seen_at_once(committer: Committer) -> None:
    def claim(ledger: Ledger) -> bool:
        if ledger.row("notes", ("a", "key")) is not None:
            return False
        ledger.put(RowChange("notes", ("a", "key"), {"text": "mine"}))
        return True

    gate = threading.Event()
    committer.submit(blocking(gate))
    key = ("notes", ("a", "key"))
    answers = [committer.submit(Operation((), claim, (key,))) for _ in range(3)]
    gate.set()
    assert [answer.result(9) for answer in answers] == [True, False, False]


def test_an_operation_whose_row_is_rejected_fails_alone(
    journal: AnyJournal, committer: Committer
) -> None:
    def spoiled(ledger: Ledger) -> None:
        ledger.record(box("a"), added(100), by=BY)
        ledger.put(RowChange("notes", ("a",), {}))

    gate = threading.Event()
    committer.submit(blocking(gate))
    before = committer.submit(adding("a"))
    rejected = committer.submit(Operation((), spoiled))
    after = committer.submit(adding("a"))
    gate.set()
    assert (before.result(9), after.result(9)) == (1, 2)
    with pytest.raises(RowRejected):
        rejected.result(9)
    assert journal.states([box("a")])[box("a")].state == Box(marbles=2, facts=2)


def test_a_stream_of_no_known_kind_fails_alone(committer: Committer) -> None:
    gate = threading.Event()
    committer.submit(blocking(gate))
    unknown = committer.submit(Operation((box("a").replace("box", "tin"),), lambda _: None))  # type: ignore[arg-type]
    good = committer.submit(adding("a"))
    gate.set()
    assert good.result(9) == 1
    with pytest.raises(ValueError, match="no known kind"):
        unknown.result(9)


def test_when_another_process_writes_first_the_operation_is_decided_again(
    open_file: Callable[..., SqliteJournal],
) -> None:
    ours, theirs = open_file(), open_file()
    tries: list[int] = []

    def run(ledger: Ledger) -> int:
        tries.append(ledger.state(box("a")).marbles)
        if len(tries) == 1:
            theirs.append(batch(unit("a", 0, added(10))), recorded_at=NOW)
        state: Box = ledger.record(box("a"), added(1), by=BY)
        return state.marbles

    committer = Committer(ours, SystemClock(), KINDS)
    assert committer.run(Operation((box("a"),), run)) == 11
    assert tries == [0, 10]
    assert committer.counts().conflicts == 1


def test_a_refusal_rests_on_what_another_process_has_written(
    open_file: Callable[..., SqliteJournal],
) -> None:
    ours, theirs = open_file(), open_file()
    committer = Committer(ours, SystemClock(), KINDS)
    assert committer.run(adding_within("a", 3)) == 1
    emptied = unit("a", 1, Emptied(at=NOW), added(3), state=Box(marbles=3))
    theirs.append(batch(emptied), recorded_at=NOW)
    with pytest.raises(Refused):
        committer.run(adding_within("a", 3))


def test_what_rests_on_a_row_is_decided_again_when_somebody_else_changes_it(
    journal: AnyJournal, committer: Committer
) -> None:
    seen: list[object] = []

    def claim(ledger: Ledger) -> str:
        row = ledger.row("notes", ("a", "n"))
        if not seen:
            taken = RowChange("notes", ("a", "n"), {"text": "theirs"})
            journal.append(batch(rows=[taken]), recorded_at=NOW)
        seen.append(row)
        if row is None:
            ledger.put(RowChange("notes", ("a", "n"), {"text": "ours"}))
            return "ours"
        return str(row["text"])

    assert committer.run(Operation((), claim)) == "theirs"
    assert seen == [None, {"text": "theirs"}]
    assert journal.rows("notes", [("a", "n")]) == {("a", "n"): {"text": "theirs"}}


def test_what_rests_on_a_stream_it_only_reads_is_decided_again_too(
    journal: AnyJournal, committer: Committer
) -> None:
    tries: list[int] = []

    def copy(ledger: Ledger) -> int:
        marbles: int = ledger.state(box("read")).marbles
        if not tries:
            journal.append(batch(unit("read", 0, added(5))), recorded_at=NOW)
        tries.append(marbles)
        ledger.record(box("written"), added(marbles + 1), by=BY)
        return marbles

    assert committer.run(Operation((), copy)) == 5
    assert tries == [0, 5]
    assert journal.states([box("written")])[box("written")].state == Box(marbles=6, facts=1)


def test_an_operation_that_keeps_losing_does_not_hold_up_its_neighbors(
    journal: AnyJournal, committer: Committer
) -> None:
    tries: list[bool] = []
    neighbors: list[Future[int]] = []

    def unlucky(ledger: Ledger) -> int:
        marbles: int = ledger.state(box("hot")).marbles
        # Whether the neighbors' answers were there when this was tried.
        tries.append(all(one.done() for one in neighbors))
        if len(tries) < 4:
            expected = len(tries) - 1
            state = Box(marbles=expected + 1, facts=expected + 1)
            theirs = batch(unit("hot", expected, added(), state=state))
            journal.append(theirs, recorded_at=NOW)
        ledger.record(box("hot"), added(), by=BY)
        return marbles

    gate, reached = threading.Event(), threading.Event()
    committer.submit(blocking(gate, reached))
    assert reached.wait(10)
    neighbors.append(committer.submit(adding("before")))
    loser = committer.submit(Operation((box("hot"),), unlucky))
    follower = committer.submit(adding("hot"))
    neighbors.append(committer.submit(adding("after")))
    gate.set()
    # Who touches the same stream stays behind it.
    assert (loser.result(30), follower.result(30)) == (3, 5)
    assert tries == [False, True, True, True]
    assert [one.result() for one in neighbors] == [1, 1]


def test_two_processes_adding_to_one_box_lose_nothing(
    open_file: Callable[..., SqliteJournal],
) -> None:
    journals = [open_file(), open_file()]
    committers = [Committer(one, SystemClock(), KINDS).start() for one in journals]
    answers = [committers[n % 2].submit(adding("a")) for n in range(200)]
    assert sorted(answer.result(60) for answer in answers) == list(range(1, 201))
    for committer in committers:
        committer.close()


class Struggling:
    """A memory journal whose storage fails when told to."""

    def __init__(self) -> None:
        self.inner = MemoryJournal(KINDS, derive=derive, inline=VIEWS)
        self.error: Exception | None = None

    def append(self, wanted: Batch, *, recorded_at: UtcSeconds) -> tuple[Recorded, ...]:
        """Fail, or write."""
        if self.error is not None:
            raise self.error
        return self.inner.append(wanted, recorded_at=recorded_at)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


def test_when_the_storage_fails_all_waiting_hear_it_and_writing_goes_on_after() -> None:
    journal = Struggling()
    with Committer(journal, SystemClock(), KINDS) as committer:  # type: ignore[arg-type]
        assert committer.run(adding("a")) == 1
        gate = threading.Event()
        committer.submit(blocking(gate))
        answers = [committer.submit(adding_within("a", 2)) for _ in range(3)]
        journal.error = Full("no room")
        gate.set()
        # Also the third, whose refusal would have rested on facts that were never written.
        assert [type(answer.exception(9)) for answer in answers] == [Full, Full, Full]
        journal.error = None
        assert committer.run(adding("a")) == 2


def test_a_conflict_that_never_ends_is_told_to_the_caller() -> None:
    journal = Struggling()
    with Committer(journal, SystemClock(), KINDS) as committer:  # type: ignore[arg-type]
        journal.error = Conflict(box("a"), expected=0, found=1)
        with pytest.raises(Conflict):
            committer.run(adding("a"))


def test_callers_beyond_the_limit_are_told_at_once(journal: AnyJournal) -> None:
    gate, reached = threading.Event(), threading.Event()

    def hold(_ledger: Ledger) -> None:
        reached.set()
        assert gate.wait(10)

    with Committer(journal, SystemClock(), KINDS, waiting_max=2) as committer:
        committer.submit(Operation((), hold))
        assert reached.wait(10)
        taken = [committer.submit(adding("a")) for _ in range(2)]
        with pytest.raises(Overloaded, match="try again"):
            committer.submit(adding("a"))
        gate.set()
        assert [answer.result(9) for answer in taken] == [1, 2]


def test_closing_writes_what_waits_and_takes_nothing_more(journal: AnyJournal) -> None:
    gate = threading.Event()
    committer = Committer(journal, SystemClock(), KINDS).start()
    committer.submit(blocking(gate))
    answers = [committer.submit(adding("a")) for _ in range(50)]
    threading.Timer(0.05, gate.set).start()
    committer.close()
    assert [answer.result(0) for answer in answers] == list(range(1, 51))
    with pytest.raises(Closed):
        committer.run(adding("a"))


def test_a_caller_that_went_away_is_not_served(journal: AnyJournal, committer: Committer) -> None:
    gate = threading.Event()
    committer.submit(blocking(gate))
    gone = committer.submit(adding("a"))
    assert gone.cancel()
    gate.set()
    assert committer.run(adding("a")) == 1


def test_without_a_thread_callers_commit_themselves_one_at_a_time(journal: AnyJournal) -> None:
    committer = Committer(journal, VirtualClock(NOW), KINDS)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: committer.run(adding("a")), range(40)))
    assert sorted(answers) == list(range(1, 41))
    assert committer.submit(adding("a")).done()


def test_an_operation_inside_an_operation_is_a_clear_error(journal: AnyJournal) -> None:
    committer = Committer(journal, SystemClock(), KINDS)
    nested = Operation((), lambda _: committer.run(adding("a")))
    with pytest.raises(RuntimeError, match="another one"):
        committer.run(nested)
    with committer, pytest.raises(RuntimeError):
        committer.run(nested)


def test_now_is_when_the_operation_came_in(journal: AnyJournal) -> None:
    clock = VirtualClock(NOW)
    gate = threading.Event()
    with Committer(journal, clock, KINDS) as committer:
        committer.submit(blocking(gate))
        answer = committer.submit(Operation((), lambda ledger: ledger.now))
        clock.set(UtcSeconds(NOW + 60))
        gate.set()
        assert answer.result(9) == NOW


def test_followers_are_woken_after_each_transaction_with_facts(journal: AnyJournal) -> None:
    heads: list[int] = []
    committer = Committer(journal, SystemClock(), KINDS, committed=heads.append)
    operations: Sequence[Operation[int]] = [adding("a"), adding("b"), adding_within("a", 1)]
    for operation in operations[:2]:
        committer.run(operation)
    with pytest.raises(Refused):
        committer.run(operations[2])
    assert heads == [1, 2]


def test_a_wake_that_fails_hurts_nobody(
    journal: AnyJournal, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_position: int) -> None:
        raise ConnectionError("nobody listens")

    with Committer(journal, SystemClock(), KINDS, committed=fail) as committer:
        assert [committer.run(adding("a")) for _ in range(3)] == [1, 2, 3]
    assert "waking followers" in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_writer_thread_that_is_torn_down_leaves_nobody_waiting(journal: AnyJournal) -> None:
    def tear_down(_ledger: Ledger) -> None:
        raise SystemExit

    gate = threading.Event()
    committer = Committer(journal, SystemClock(), KINDS, operations_max=1).start()
    committer.submit(blocking(gate))
    torn = committer.submit(Operation((), tear_down))
    waiting = [committer.submit(adding("a")) for _ in range(4)]
    gate.set()
    assert isinstance(torn.exception(9), SystemExit)
    assert all(isinstance(answer.exception(9), Closed) for answer in waiting)
    with pytest.raises(Closed):
        committer.submit(adding("a"))
    # The thread must be gone before the next test looks for stray exceptions.
    committer.close()


def test_a_writer_elsewhere_in_this_process_is_noticed(journal: AnyJournal) -> None:
    committer = Committer(journal, SystemClock(), KINDS)
    assert committer.run(adding_within("a", 3)) == 1
    state = Box(marbles=3, facts=2)
    journal.append(batch(unit("a", 1, added(2), state=state)), recorded_at=NOW)
    with pytest.raises(Refused):
        committer.run(adding_within("a", 3))
