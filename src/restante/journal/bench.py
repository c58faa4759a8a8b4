"""How many operations a second the committer carries, beside one transaction for each.

Both sides do the same work through the same code on files with the same settings; only the
number of operations allowed in one transaction differs. They take turns in short rounds within
one run, so that a slow moment of the machine hits both.
"""

import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from ..clock import SystemClock
from ..core.ids import ActorId, StreamName
from ..core.value import Fact, UtcSeconds, Value
from .committer import OPERATIONS_MAX, Committer
from .ledger import Ledger, Operation
from .port import Derived, Recorded, RowChange, Scalar
from .sqlite import SqliteJournal

CALLERS = (1, 64, 1_000)
"""Waiting callers: a demo, a busy city, a network's worst minute."""

ROUNDS = 4
"""Turns each side takes for each number of callers; more gives steadier figures."""

ROUND_SECONDS = 0.6
"""Length of one turn."""

STREAMS = 20_000
"""Parcels the work is spread over."""

_BY = ActorId("operator:bench")
_TABLES = MetaData()
_SHELF = Table(
    "shelf",
    _TABLES,
    Column("owner", Text, primary_key=True),
    Column("place", Text, nullable=False),
    Column("moves", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)


class Moved(Fact, tag="bench.moved.v1"):
    """A parcel was moved; about as large as a real fact."""

    site: str
    compartment: str
    evidence: str = "door closed, content sensor occupied"


class Shelf(Value):
    """Where a parcel is."""

    place: str = ""
    moves: int = 0


class BenchLine(NamedTuple):
    """Operations a second with a number of waiting callers."""

    callers: int
    gathered_per_s: float
    single_per_s: float
    operations_per_transaction: float

    @property
    def ratio(self) -> float:
        """How many times as many operations the committer carries."""
        return self.gathered_per_s / self.single_per_s


class BenchReport(NamedTuple):
    """What a run has measured."""

    sqlite_version: str
    journal_mode: str
    lines: Sequence[BenchLine]

    def text(self) -> str:
        """Lay the report out as a table."""
        rows = [
            f"SQLite {self.sqlite_version}, journal mode {self.journal_mode}, synchronous=FULL; "
            "each operation: 1 stream, 2 facts, 1 state, 1 inline row",
            f"{'callers':>8} {'committer/s':>12} {'one by one/s':>13} {'ratio':>7} {'per tx':>7}",
        ]
        rows.extend(
            f"{line.callers:>8} {line.gathered_per_s:>12,.0f} {line.single_per_s:>13,.0f} "
            f"{line.ratio:>6.1f}x {line.operations_per_transaction:>7.1f}"
            for line in self.lines
        )
        return "\n".join(rows)


class _Kind(NamedTuple):
    initial: Shelf
    evolve: object
    state_type: type[Shelf]
    fact_types: tuple[type[Fact], ...]


class _Side:
    """A journal with a committer of its own, and what was measured on it."""

    def __init__(self, path: Path, operations_max: int) -> None:
        kinds = {"parcel": _Kind(Shelf(), _evolve, Shelf, (Moved,))}
        self.journal = SqliteJournal(
            str(path),
            kinds,  # type: ignore[arg-type]  # a NamedTuple's evolve is an attribute here
            derive=_derive,
            inline=_TABLES,
        )
        self.committer = Committer(
            self.journal,
            SystemClock(),
            kinds,  # type: ignore[arg-type]
            operations_max=operations_max,
        ).start()
        self.operations = 0
        self.seconds = 0.0
        self._next = 0

    def take_turn(self, callers: int, seconds: float) -> None:
        """Keep ``callers`` operations waiting for a while."""
        places = threading.Semaphore(callers)
        failed: list[BaseException] = []

        def leave(answer: "Future[int]") -> None:
            error = answer.exception()
            if error is not None:
                failed.append(error)
            places.release()

        started = time.perf_counter()
        count = 0
        while time.perf_counter() - started < seconds and not failed:
            places.acquire()
            self.committer.submit(self._operation()).add_done_callback(leave)
            count += 1
        for _ in range(callers):
            places.acquire()
        if failed:
            raise failed[0]
        self.seconds += time.perf_counter() - started
        self.operations += count

    def reset(self) -> None:
        """Forget what was measured, not what was written."""
        self.operations = 0
        self.seconds = 0.0

    def close(self) -> None:
        """Stop and let go of the file."""
        self.committer.close()
        self.journal.close()

    def _operation(self) -> Operation[int]:
        self._next += 1
        # A stride that visits every parcel before the first again.
        owner = self._next * 7_919 % STREAMS
        stream = StreamName(f"parcel/p{owner:026d}")

        def run(ledger: Ledger) -> int:
            at = UtcSeconds(ledger.now)
            facts = (
                Moved(at=at, site="site-07", compartment="A3"),
                Moved(at=at, site="site-07", compartment="B4"),
            )
            state: Shelf = ledger.record(stream, *facts, by=_BY, cause="q-bench")
            return state.moves

        return Operation((stream,), run)


def run_bench(
    directory: Path | None = None,
    *,
    callers: Sequence[int] = CALLERS,
    rounds: int = ROUNDS,
    round_seconds: float = ROUND_SECONDS,
) -> BenchReport:
    """Measure the committer beside one transaction for each operation.

    Parameters
    ----------
    directory
        On the disk to be measured; a temporary one when not given.
    callers
        Numbers of waiting callers.
    rounds
        Turns for each side and number of callers.
    round_seconds
        Length of a turn.
    """
    with tempfile.TemporaryDirectory(dir=directory, prefix="restante-bench-") as name:
        gathered = _Side(Path(name) / "gathered.db", OPERATIONS_MAX)
        single = _Side(Path(name) / "single.db", 1)
        try:
            lines = [_measure(gathered, single, one, rounds, round_seconds) for one in callers]
            with gathered.journal.reading() as connection:
                version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
                mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        finally:
            gathered.close()
            single.close()
    return BenchReport(str(version), str(mode).upper(), lines)


def _measure(
    gathered: _Side, single: _Side, callers: int, rounds: int, round_seconds: float
) -> BenchLine:
    for side in (gathered, single):
        side.take_turn(callers, round_seconds / 4)
        side.reset()
    before = gathered.committer.counts()
    for _ in range(rounds):
        gathered.take_turn(callers, round_seconds)
        single.take_turn(callers, round_seconds)
    after = gathered.committer.counts()
    return BenchLine(
        callers,
        gathered.operations / gathered.seconds,
        single.operations / single.seconds,
        (after.operations - before.operations) / max(1, after.transactions - before.transactions),
    )


def _evolve(state: Shelf, fact: Fact) -> Shelf:
    if isinstance(fact, Moved):
        return Shelf(place=fact.compartment, moves=state.moves + 1)
    return state


def _derive(recorded: Sequence[Recorded], state: Value) -> Derived:
    last = recorded[-1]
    owner = last.stream.partition("/")[2]
    if not isinstance(state, Shelf):
        return Derived()
    values: dict[str, Scalar] = {
        "place": state.place,
        "moves": state.moves,
        "position": last.position,
    }
    return Derived([RowChange("shelf", (owner,), values)])
