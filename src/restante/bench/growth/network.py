"""One network of the bench of growth: its centre, and what is asked of it in turns.

What an operation costs is counted in processor time, of this process and of the database's
processes that serve it, because others work on the same machine. The database's own chores
(checkpoints, vacuum) are not counted.
"""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import psycopg

from ...access import SIMULATION
from ...clock import Minter, SystemClock
from ...core.ids import ParcelId, PartnerId, SiteId
from ...journal.ledger import Ledger, Operation
from ...operations.announce import Announced
from ...operations.deliveries import FOLLOWER
from ...operations.directory import register_partner
from ...operations.ingest import ingest
from ...operations.webhooks import make_webhook
from ...settings import Settings
from ...wiring.centre import Centre, open_centre
from ..custody import Turn, take_turn
from ..network import (
    COMPARTMENTS,
    OPERATOR,
    PARTNER,
    announcement,
    report_of,
    reported,
)
from ..visits import deposit_facts
from .past import Past, lay_out_past

FOLLOW_PAUSE_SECONDS: Final = 0.05
"""Between two turns of followers, as in a served centre that was woken."""

NOTICES: Final = 50
"""Sent in a round, one after the other as in a served centre."""

_RECEIVER: Final = "https://receiver.example.org/"
"""Nobody is called there: what is measured is writing down what is to be told."""


class Cost(NamedTuple):
    """What some work has cost."""

    pieces: int
    client_s: float
    """Processor seconds of this process."""
    server_s: float
    """Processor seconds of the database's processes that serve it; 0 for a file."""
    wall_s: float

    @property
    def each_ms(self) -> float:
        """Processor milliseconds for each."""
        return 1000 * (self.client_s + self.server_s) / max(1, self.pieces)


class Round(NamedTuple):
    """One turn of everything at one network."""

    announce: Cost
    deposit: Cost
    deposit_turn: Turn
    follow: Cost
    """For each fact that the webhooks' follower has dealt with."""
    notices: Cost
    """For each notice sent."""


class Lag(NamedTuple):
    """How far followers are behind while deposits come at a steady rate."""

    rate: float
    lag_ms: tuple[float, ...]
    """From a commit to the follower's own, sorted."""

    def percentile(self, share: float) -> float:
        """Find what this share does not exceed."""
        if not self.lag_ms:
            return 0.0
        return self.lag_ms[min(len(self.lag_ms) - 1, int(share * len(self.lag_ms)))]


class Network:
    """A centre over a laid out past.

    Parameters
    ----------
    settings
        Of the centre; its journal and keys are made by :meth:`lay_out`.
    """

    def __init__(self, settings: Settings, past: Past, lockers: int) -> None:
        self.settings = settings
        self.past = past
        self.lockers = lockers
        self._minter = Minter(SystemClock())
        self._chance = Random(lockers)
        self._seqs: dict[int, int] = {}
        self._puts: dict[int, int] = {}
        self._rounds = 0
        self._commits: list[tuple[float, int]] = []
        self._centre: Centre | None = None

    @property
    def rows(self) -> int:
        """Facts it began with."""
        return self.past.facts * self.lockers

    @property
    def centre(self) -> Centre:
        """The running centre."""
        assert self._centre is not None
        return self._centre

    def lay_out(self) -> None:
        """Write the past, the partner and the keys of all sites."""
        centre = self._open()
        try:
            lay_out_past(centre.journal, self.past, self.lockers)
            names = (SiteId(f"s{self.past.name(number)}") for number in range(self.lockers))
            centre.keyring.make_peppers(names)
            # What a database of that age has long done by itself: others would wait for it.
            _tidy(self.settings)
        finally:
            centre.close()
        self._open_and(lambda one: one.run(register_partner(OPERATOR, partner=PARTNER, name="B")))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the centre, with one receiver that wants to be told everything."""
        self._centre = self._open()
        self._centre.committer.start()
        try:
            made = make_webhook(
                self.centre.means,
                self.centre.deliveries.allowance,
                OPERATOR,
                url=_RECEIVER,
                partner=PartnerId(PARTNER),
            )
            self.centre.run(made)
            yield
        finally:
            self._centre.close()
            self._centre = None

    def take_round(self, operations: int, callers: int) -> Round:
        """Announce parcels, put them in, and let followers deal with both."""
        numbers = self._choose(operations)
        parcels: dict[int, ParcelId] = {}
        announced, _ = self._cost(
            len(numbers), lambda: self._turn(self._announcements(numbers, parcels), callers)
        )
        asked = [self._deposit(number, parcels[place]) for place, number in enumerate(numbers)]
        deposited, turn = self._cost(len(asked), lambda: self._turn(iter(asked), callers))
        journal = self.centre.journal
        behind = journal.head() - journal.cursor(FOLLOWER)
        followed, _ = self._cost(behind, lambda: _exhaust(self.centre.deliveries.follow))
        noticed, sent = self._cost(0, lambda: self.centre.worker.turn(NOTICES))
        self._lay_aside()
        return Round(announced, deposited, turn, followed, noticed._replace(pieces=sent))

    def keep_pace(self, operations: int, per_s: float) -> Lag:
        """Put parcels in at a steady rate beside followers, and see how late those are."""
        numbers = self._choose(operations)
        parcels: dict[int, ParcelId] = {}
        self._turn(self._announcements(numbers, parcels), len(numbers))
        self._lay_aside()
        self._commits.clear()
        seen: list[tuple[float, int]] = []
        is_over = threading.Event()
        follower = threading.Thread(target=self._follow, args=(seen, is_over), daemon=True)
        follower.start()
        begun = time.perf_counter()
        try:
            for place, number in enumerate(numbers):
                is_over.wait(max(0.0, begun + place / per_s - time.perf_counter()))
                self.centre.run(self._deposit(number, parcels[place]))
            took = time.perf_counter() - begun
        finally:
            is_over.set()
            follower.join()
        positions = [position for _, position in seen]
        lags = []
        for at, position in tuple(self._commits):
            place = bisect_left(positions, position)
            if place < len(seen):
                lags.append(1000 * max(0.0, seen[place][0] - at))
        return Lag(len(numbers) / took, tuple(sorted(lags)))

    def disk_bytes(self) -> int:
        """Tell how large the journal is."""
        if not self.settings.database_url:
            path = self.settings.journal_path
            return sum(one.stat().st_size for one in path.parent.glob(f"{path.name}*"))
        with self.centre.journal.reading() as connection:
            size = connection.exec_driver_sql("SELECT pg_database_size(current_database())")
            return int(size.scalar_one())

    # --------------------------------------------------------------- private

    def _open(self) -> Centre:
        return open_centre(
            self.settings, SystemClock(), self._minter, cost=SIMULATION, committed=self._committed
        )

    def _open_and(self, act: Callable[[Centre], object]) -> None:
        centre = self._open()
        try:
            act(centre)
        finally:
            centre.close()

    def _committed(self, position: int) -> None:
        self._commits.append((time.perf_counter(), position))

    def _choose(self, operations: int) -> list[int]:
        """Choose sites all over the network, none twice while there are others."""
        chosen: list[int] = []
        while len(chosen) < operations:
            most = min(operations - len(chosen), self.lockers)
            chosen += self._chance.sample(range(self.lockers), most)
        return chosen

    def _announcements(
        self, numbers: Sequence[int], parcels: dict[int, ParcelId]
    ) -> Iterator[Operation[Announced]]:
        self._rounds += 1
        for place, number in enumerate(numbers):
            label = f"r{self._rounds}.{place}"
            made = announcement(self.centre.means, self.past.name(number), label)
            yield _noting(made, parcels, place)

    def _deposit(self, number: int, parcel: ParcelId) -> Operation[Any]:
        put = self._puts.get(number, 0)
        if put == COMPARTMENTS:
            raise RuntimeError("all compartments are full: ask for fewer operations or rounds")
        facts = deposit_facts(parcel, self._minter, put, self.centre.clock.now())
        seq = self._seqs.get(number, self.past.last_seq)
        name = self.past.name(number)
        report = report_of(name, reported(facts), seq + 1)
        self._puts[number], self._seqs[number] = put + 1, seq + len(facts)
        return ingest(self.centre.means, report=report, site=SiteId(f"s{name}"))

    def _turn(self, operations: Iterator[Operation[Any]], callers: int) -> Turn:
        return take_turn(self.centre.committer, operations, callers)

    def _lay_aside(self) -> None:
        """Leave nothing for the next turn: notices that are not measured are not sent."""
        journal, now = self.centre.journal, self.centre.clock.now()
        while left := journal.due_work(now, NOTICES):
            journal.finish_work(*(work.key for work in left), at=now)
        _exhaust(self.centre.deliveries.follow)

    def _follow(self, seen: list[tuple[float, int]], is_over: threading.Event) -> None:
        centre = self.centre
        while True:
            is_last = is_over.is_set()
            _exhaust(centre.deliveries.follow)
            seen.append((time.perf_counter(), centre.journal.cursor(FOLLOWER)))
            centre.worker.turn()
            centre.hub.push_lists()
            if is_last:
                return
            is_over.wait(FOLLOW_PAUSE_SECONDS)

    def _cost(self, count: int, act: Callable[[], Any]) -> tuple[Cost, Any]:
        with _meter(self.settings) as read:
            server, client, wall = read(), time.process_time(), time.perf_counter()
            result = act()
            wall = time.perf_counter() - wall
            client = time.process_time() - client
            after = read()
        used = sum(seconds - server.get(pid, 0.0) for pid, seconds in after.items())
        return Cost(count, client, used, wall), result


def _noting(
    made: Operation[Announced], parcels: dict[int, ParcelId], place: int
) -> Operation[Announced]:
    def run(ledger: Ledger) -> Announced:
        announced = made.run(ledger)
        parcels[place] = announced.parcel
        return announced

    return made._replace(run=run)


def _exhaust(act: Callable[[], int]) -> int:
    total = 0
    while done := act():
        total += done
    return total


def _meter(
    settings: Settings,
) -> AbstractContextManager[Callable[[], dict[int, float]]]:
    """Read the processor seconds of the database's processes, by process."""
    if not settings.database_url:
        return nullcontext(dict)
    return _server_meter(settings.database_url)


@contextmanager
def _server_meter(address: str) -> Iterator[Callable[[], dict[int, float]]]:
    query = (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
        "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(address, autocommit=True) as connection:

        def read() -> dict[int, float]:
            return {pid: read_cpu_seconds(pid) for (pid,) in connection.execute(query).fetchall()}

        yield read


def read_cpu_seconds(pid: int) -> float:
    """Read how long a process has run on a processor; 0 when it has ended."""
    try:
        told = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(told.split()[0]) / 1e9


def read_rss_bytes(pid: int) -> int:
    """Read how much of a process lies in memory."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _tidy(settings: Settings) -> None:
    if not settings.database_url:
        return
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")
