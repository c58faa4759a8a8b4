"""Deposits a second through the committer, beside the same rows written one deposit at a time.

A deposit is what a locker reports of it, taken in by the real operation: its facts, the parcel's
and the site's, their states, the inline views and the notices. The other side is ``pgbench`` on a
database of the same server with the same tables (:mod:`.pgbench`). Both take turns in one run.
"""

import queue
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from math import ceil, inf
from pathlib import Path
from typing import Any, Final, NamedTuple

from ..access import create_keystore
from ..clock import Minter, SystemClock
from ..core.ids import SiteId
from ..core.streams import KINDS
from ..journal.committer import Committer
from ..journal.ledger import Operation
from ..operations.ingest import ingest
from ..operations.means import Means
from ..settings import Settings
from ..wiring.collector import rare_search
from ..wiring.record import open_journal
from . import pgbench
from .network import Stencil, lay_out, make_stencil
from .private_postgres import Server, find_programs, run_server

CALLERS: Final = (1, 8, 64, 500, 2_000)
SITES: Final = 2_500
PARCELS: Final = 10
"""Announced at each site: together more than a fast machine puts in while it is measured."""

SECONDS: Final = 2.0
"""Of each measured turn."""

PGBENCH_SECONDS: Final = 3
_WARM_SECONDS: Final = 0.5
_LAID_OUT: Final = "laid_out"
"""The database both sides begin with a copy of."""

Tell = Callable[[float, str], None]


class Turn(NamedTuple):
    """One measurement on one side."""

    callers: int
    per_s: float
    latency_ms: tuple[float, ...]
    """From asking to the durable answer, sorted."""
    per_transaction: float

    def percentile(self, share: float) -> float:
        """Find what this share of all answers does not exceed."""
        if not self.latency_ms:
            return 0.0
        return self.latency_ms[max(0, ceil(share * len(self.latency_ms)) - 1)]


class CustodyReport(NamedTuple):
    """What one run has measured."""

    database: str
    written: int
    """Rows that one deposit leaves."""
    turns: tuple[Turn, ...]
    single: tuple[Turn, ...]
    """The same rows one transaction for each deposit, before and after; empty on SQLite."""

    @property
    def single_per_s(self) -> float:
        """What one transaction for each deposit carries on average; 0 when not measured."""
        return sum(one.per_s for one in self.single) / max(1, len(self.single))

    def as_object(self) -> dict[str, object]:
        """Give every figure a name."""
        given: dict[str, object] = {"database": self.database, "rows": self.written}
        for turn in self.turns:
            given[f"ops_{turn.callers}"] = round(turn.per_s, 1)
            given[f"p50_ms_{turn.callers}"] = round(turn.percentile(0.5), 1)
            given[f"p99_ms_{turn.callers}"] = round(turn.percentile(0.99), 1)
            if self.single:
                given[f"ratio_{turn.callers}"] = round(turn.per_s / self.single_per_s, 2)
        if self.single:
            given[f"pgbench_{pgbench.CLIENTS}"] = round(self.single_per_s, 1)
            given["pgbench_p50_ms"] = round(self.single[-1].percentile(0.5), 1)
            given["pgbench_p99_ms"] = round(self.single[-1].percentile(0.99), 1)
        return given

    def text(self) -> str:
        """Lay the report out as a table."""
        lines = [
            f"{self.database}; each deposit writes {self.written} rows in one operation",
            f"{'callers':>8} {'deposits/s':>11} {'p50 ms':>8} {'p99 ms':>8} {'per tx':>7} "
            f"{'ratio':>6}",
        ]
        for turn in self.turns:
            ratio = f"{turn.per_s / self.single_per_s:.2f}" if self.single else "-"
            lines.append(
                f"{turn.callers:>8} {turn.per_s:>11,.0f} {turn.percentile(0.5):>8.1f} "
                f"{turn.percentile(0.99):>8.1f} {turn.per_transaction:>7.1f} {ratio:>6}"
            )
        lines.extend(
            f"{'pgbench':>8} {one.per_s:>11,.0f} {one.percentile(0.5):>8.1f} "
            f"{one.percentile(0.99):>8.1f} {1:>7.1f} {1:>6.2f}"
            for one in self.single
        )
        return "\n".join(lines)


def measure_custody(
    *,
    sqlite_dir: Path | None = None,
    sites: int = SITES,
    callers: Sequence[int] = CALLERS,
    seconds: float = SECONDS,
    tell: Tell = lambda _done, _word: None,
) -> CustodyReport:
    """Measure deposits through the committer.

    Parameters
    ----------
    sqlite_dir
        Measure an SQLite file in this folder; a PostgreSQL server of its own when ``None``.
    sites
        How many there are, with ten announced parcels each.
    callers
        Numbers of waiting callers.
    seconds
        Length of a turn.

    Raises
    ------
    FileNotFoundError
        When no PostgreSQL server is installed.
    """
    tell(0, "laying out")
    stencil = make_stencil(PARCELS, SystemClock().now())
    written = sum(len(rows) for rows in (*stencil.written.put.values(),))
    written += sum(len(rows) for rows in stencil.written.gone.values())
    with ExitStack() as stack:
        if sqlite_dir is None:
            server = stack.enter_context(run_server(is_durable=True))
            _furnish(Settings(database_url=server.make_database(_LAID_OUT)), stencil, sites)
            settings = Settings(database_url=server.make_database("gathered", like=_LAID_OUT))
            name = "PostgreSQL, fsync on"
        else:
            settings = Settings(data_dir=Path(stack.enter_context(_folder(sqlite_dir))))
            _furnish(settings, stencil, sites)
            name = "SQLite, synchronous=FULL"
        side = stack.enter_context(_side(settings, stencil, sites))
        side.take_turn(max(callers), _WARM_SECONDS)
        single: list[Turn] = []
        if sqlite_dir is None:
            single_side = _Single(server, stencil, sites)
            tell(1, "pgbench")
            single.append(single_side.take_turn(PGBENCH_SECONDS))
        turns: list[Turn] = []
        for count in callers:
            tell(2 + len(turns), f"{count} callers")
            turns.append(side.take_turn(count, seconds))
        if sqlite_dir is None:
            tell(2 + len(turns), "pgbench")
            single.append(single_side.take_turn(PGBENCH_SECONDS))
    return CustodyReport(name, written, tuple(turns), tuple(single))


@contextmanager
def _folder(parent: Path) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=parent, prefix="restante-bench-") as name:
        yield name


class _Side:
    """A journal with its committer, and the deposits still to come."""

    def __init__(self, committer: Committer, means: Means, stencil: Stencil, sites: int) -> None:
        self._committer = committer
        self._means = means
        self._stencil = stencil
        # Neighbours are far apart, as lockers that report at the same moment are.
        self._places = ((site, place) for place in range(PARCELS) for site in range(sites))

    def take_turn(self, callers: int, seconds: float) -> Turn:
        """Keep that many callers waiting for a while."""
        deposits = (self._deposit(site, place) for site, place in self._places)
        return take_turn(self._committer, deposits, callers, seconds)

    def _deposit(self, site: int, place: int) -> Operation[Any]:
        report = self._stencil.deposit(site, place)
        return ingest(self._means, report=report, site=SiteId(f"s{self._stencil.name(site)}"))


@contextmanager
def _side(settings: Settings, stencil: Stencil, sites: int) -> Iterator[_Side]:
    clock = SystemClock()
    with (
        tempfile.TemporaryDirectory(prefix="restante-bench-") as keys,
        closing(open_journal(settings)) as journal,
    ):
        keyring = create_keystore(Path(keys) / "keys", clock.now(), entropy=secrets.token_bytes)
        with rare_search(), Committer(journal, clock, KINDS) as committer:
            yield _Side(committer, Means(Minter(clock), keyring), stencil, sites)


def take_turn(
    committer: Committer,
    operations: Iterator[Operation[Any]],
    callers: int,
    seconds: float = inf,
) -> Turn:
    """Keep that many callers waiting, until operations or time run out."""
    free: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for _ in range(callers):
        free.put(None)
    latencies: list[float] = []
    before = committer.counts()
    started = time.perf_counter()
    asked = 0
    for operation in operations:
        _raise(free.get())
        at = time.perf_counter()
        answer = committer.submit(operation)
        answer.add_done_callback(partial(_note, at, latencies, free))
        asked += 1
        if time.perf_counter() - started >= seconds:
            break
    for _ in range(callers):
        _raise(free.get())
    elapsed = time.perf_counter() - started
    if not asked:
        raise RuntimeError("no parcels are left to put in: measure for a shorter time")
    after = committer.counts()
    return Turn(
        callers,
        asked / elapsed,
        tuple(sorted(latencies)),
        asked / max(1, after.transactions - before.transactions),
    )


class _Single:
    """Another database of the server, for pgbench."""

    def __init__(self, server: Server, stencil: Stencil, sites: int) -> None:
        self._address = server.make_database("single", like=_LAID_OUT)
        self._script = pgbench.make_script(stencil, sites)
        with _side(Settings(database_url=self._address), stencil, sites) as side:
            # Makes the month's partition, as the first deposit does.
            side.take_turn(1, 0.0)
        with closing(open_journal(Settings(database_url=self._address))) as journal:
            pgbench.prepare(journal)

    def take_turn(self, seconds: int) -> Turn:
        """Let pgbench write for a while."""
        run = pgbench.run_pgbench(find_programs(), self._address, self._script, seconds)
        return Turn(pgbench.CLIENTS, run.per_s, run.latency_ms, 1.0)


def _furnish(settings: Settings, stencil: Stencil, sites: int) -> None:
    with closing(open_journal(settings)) as journal:
        lay_out(journal, stencil, sites)
        with journal.writing() as connection:
            connection.exec_driver_sql("ANALYZE")


def _note(
    at: float,
    latencies: list[float],
    free: "queue.SimpleQueue[BaseException | None]",
    done: "Future[Any]",
) -> None:
    latencies.append(1000 * (time.perf_counter() - at))
    free.put(done.exception())


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
