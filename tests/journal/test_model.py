"""Random operations against a model: a dictionary of boxes that forgets nothing."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from restante.clock import VirtualClock
from restante.core.refusal import Reason, Refused
from restante.core.value import Fact
from restante.journal.committer import Committer
from restante.journal.ledger import Ledger, Operation
from restante.journal.memory import MemoryJournal
from restante.journal.port import Conflict
from restante.journal.sqlite import SqliteJournal
from restante.journal.verify import verify
from tests.journal.story import (
    BY,
    KINDS,
    NOW,
    VIEWS,
    AnyJournal,
    Box,
    Emptied,
    Taken,
    added,
    batch,
    box,
    derive,
    evolve,
    unit,
)

NAMES = st.sampled_from(["a", "b", "c"])
FACTS = st.one_of(
    st.integers(1, 9).map(added),
    st.integers(1, 9).map(lambda count: Taken(at=NOW, count=count)),
    st.just(Emptied(at=NOW)),
)
REACHED: Counter[str] = Counter()


class JournalModel(RuleBasedStateMachine):
    """One journal in memory and one in SQLite, both told the same."""

    @initialize()
    def begin(self) -> None:
        """Start empty."""
        self.journals: list[AnyJournal] = [
            MemoryJournal(KINDS, derive=derive, inline=VIEWS),
            SqliteJournal(":memory:", KINDS, derive=derive, inline=VIEWS),
        ]
        self.committers = [Committer(one, VirtualClock(NOW), KINDS) for one in self.journals]
        self.told: dict[str, list[Fact]] = {}
        self.total = 0

    def state(self, name: str) -> Box:
        """Fold what the model was told."""
        result = Box()
        for fact in self.told.get(name, []):
            result = evolve(result, fact)
        return result

    @rule(name=NAMES, facts=st.lists(FACTS, min_size=1, max_size=3), late=st.integers(-1, 1))
    def append(self, name: str, facts: list[Fact], late: int) -> None:
        """Append with the right version, or one that is too old or too new."""
        version = len(self.told.get(name, [])) + late
        state = self.state(name)
        for fact in facts:
            state = evolve(state, fact)
        other = unit("other", version + 1, added())
        for journal in self.journals:
            if late:
                with pytest.raises(Conflict):
                    journal.append(
                        batch(unit(name, version, *facts, state=state), other), recorded_at=NOW
                    )
            else:
                journal.append(batch(unit(name, version, *facts, state=state)), recorded_at=NOW)
        REACHED["conflict" if late else "append"] += 1
        if not late:
            self.told.setdefault(name, []).extend(facts)
            self.total += len(facts)

    @rule(source=NAMES, into=NAMES, count=st.integers(1, 9))
    def move(self, source: str, into: str, count: int) -> None:
        """Move marbles from a box to another, refused where there are too few."""

        def run(ledger: Ledger) -> int:
            ledger.record(box(into), added(count), by=BY)
            if ledger.state(box(source)).marbles < count:
                raise Refused(Reason.NOT_POSSIBLE_NOW)
            left: Box = ledger.record(box(source), Taken(at=NOW, count=count), by=BY)
            return left.marbles

        fits = self.state(source).marbles + (count if source == into else 0) >= count
        for committer in self.committers:
            answer = committer.submit(Operation((box(source), box(into)), run))
            assert (answer.exception() is None) == fits
        REACHED["moved" if fits else "refused"] += 1
        if fits:
            self.told.setdefault(into, []).append(added(count))
            self.told.setdefault(source, []).append(Taken(at=NOW, count=count))
            self.total += 2

    @invariant()
    def both_say_what_they_were_told(self) -> None:
        """Compare facts, states, views and positions with the model."""
        names = list(self.told)
        for journal in self.journals:
            assert journal.head() == self.total
            followed = journal.follow(0, limit=9_999)
            assert [one.position for one in followed] == list(range(1, self.total + 1))
            states = journal.states([box(name) for name in names])
            rows = journal.rows("boxes", [(name,) for name in names])
            for name in names:
                assert [one.fact for one in journal.read(box(name))] == self.told[name]
                state = self.state(name)
                assert states[box(name)].state == state
                assert ((name,) in rows) == bool(state.marbles)
        memory, sqlite = self.journals
        assert memory.follow(0, limit=9_999) == sqlite.follow(0, limit=9_999)

    def teardown(self) -> None:
        """Verify at the end of each story."""
        for journal in getattr(self, "journals", ()):
            report = verify(journal, KINDS)
            assert report.is_sound, report.text()
            journal.close()


JournalModel.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@pytest.fixture(autouse=True, scope="module")
def reach() -> Iterator[None]:
    """Demand that the random stories have reached every outcome."""
    yield
    assert {"append", "conflict", "moved", "refused"} <= set(REACHED), REACHED


TestJournalModel = JournalModel.TestCase
