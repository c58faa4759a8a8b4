"""Long searches for somebody: ask, claim, tell how it goes, keep what was found, cancel.

R1. Whoever is told that a search is being made can rely on it: the problem is committed first, and
    a search that a restart ended begins anew.
R2. Only so many searches of one asker are open at a time, so that nobody keeps the others waiting.
R3. What is over is thrown away after a while.

Searching is :mod:`restante.wiring`'s business, in a process of its own. It must not know how a
problem is solved.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from sqlalchemy import Connection

from ..clock import Clock
from ..core.value import DAY, UtcSeconds, Value
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views import search_tables
from ..views.principal import NotFound, Principal, Role
from ..views.search_tables import OPEN, SearchTables, pack

PROBLEM_BYTES_MAX: Final = 32_000_000
"""Largest problem: the two tables of 1,400 places, or of 2,000 written in whole numbers."""

SECONDS_MAX: Final = 600.0
"""Longest search; longer ones are for the command line (chosen)."""

OPEN_MAX: Final = 5
"""Searches of one asker that are being made or wait (R2, chosen)."""

KEPT_DAYS: Final = 35
"""How long what is over is kept (R3, chosen): a month, to compare."""

CLAIM_SECONDS: Final = 30
"""How long a claim counts without being said again."""

RENEW_SECONDS: Final = 20
"""A claim that ends sooner is said again."""


class BadSearch(ValueError):
    """What shall be searched for cannot be; the message names the entry and says what to do."""


class Progress(Value):
    """How a search goes."""

    stage: str
    """``reading``, ``compiling`` or ``searching``."""
    share: float = 0.0
    cost: float | None = None
    gap: float | None = None
    """How far the cost is above what nothing costs less than, as a share; where known."""
    vehicles: int = 0
    iterations: int = 0
    per_second: float = 0.0


class Claimed(NamedTuple):
    """Something to search for."""

    key: str
    problem: bytes
    row: Mapping[str, Scalar]

    @property
    def seconds(self) -> float:
        """How long to search."""
        return float(self.row["seconds"] or 0.0)

    @property
    def seed(self) -> int:
        """Seed of the search."""
        return int(self.row["seed"] or 0)


class Found(NamedTuple):
    """What a search came to."""

    figures: bytes
    """JSON."""
    papers: Mapping[str, bytes]
    """By name; a problem among them takes the place of what was asked."""


def owner_of(principal: Principal) -> str:
    """Tell whose searches an asker's are; nothing for operators."""
    return "" if principal.role is Role.OPERATOR else str(principal.partner or principal.name)


def check_wanted(seconds: float, open_count: int, *, what: str) -> None:
    """Refuse a search that would be too long, and one too many (R2).

    Raises
    ------
    BadSearch
        It says which.
    """
    if open_count >= OPEN_MAX:
        raise BadSearch(f"{OPEN_MAX} {what} are being made already: wait for one, or cancel it")
    if not 0 < seconds <= SECONDS_MAX:
        raise BadSearch(f"seconds: more than 0, at most {SECONDS_MAX:.0f}")


def keep_problem(
    ledger: Ledger,
    tables: SearchTables,
    key: str,
    problem: bytes,
    values: Mapping[str, Scalar],
) -> None:
    """Write down what is asked for, and that nobody is at it yet (R1)."""
    waiting: dict[str, Scalar] = {
        "made_at": ledger.now,
        "status": "waiting",
        "claimed_by": "",
        "claimed_until": 0,
        "ended_at": None,
        "says": "",
        "figures": "",
    }
    ledger.put(RowChange(tables.rows.name, (key,), {**waiting, **values}))
    ledger.put(RowChange(tables.papers.name, (key, tables.names[0]), {"body": pack(problem)}))


def find_row(
    ledger: Ledger, tables: SearchTables, principal: Principal, key: str
) -> Mapping[str, Scalar]:
    """Find the row of a search the asker may change.

    Raises
    ------
    NotFound
        When there is none.
    """
    row = ledger.row(tables.rows.name, (key,))
    if row is None or (principal.role is not Role.OPERATOR and row["owner"] != owner_of(principal)):
        raise NotFound(tables.key.name, key)
    return row


def cancel(principal: Principal, tables: SearchTables, key: str) -> Operation[None]:
    """Stop searching; what is over stays as it is."""

    def run(ledger: Ledger) -> None:
        row = find_row(ledger, tables, principal, key)
        if row["status"] in OPEN:
            _change(ledger, tables, key, row, status="cancelled", ended_at=ledger.now)

    return Operation((), run, ((tables.rows.name, (key,)),))


class Searches:
    """Searches of one kind, for those who search and those who ask how it goes.

    Parameters
    ----------
    tables
        Where they lie.
    reading
        Opens a transaction that sees one moment.
    clock
        Domain time.
    real
        Real time, for claims: a search takes its seconds also where a city's time is fast.
    missing
        What keeps this machine from searching; empty when nothing does.
    """

    def __init__(
        self,
        tables: SearchTables,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        committer: Committer,
        clock: Clock,
        real: Clock,
        missing: str = "",
    ) -> None:
        self._tables = tables
        self._reading = reading
        self._committer = committer
        self._clock = clock
        self._real = real
        self.missing = missing
        self._live: dict[str, Progress] = {}
        self._lock = threading.Lock()
        self.came = threading.Event()
        """Set when there is something new to search for or to cancel in this process."""

    def count_open(self, principal: Principal) -> int:
        """Count the asker's searches that are being made."""
        with self._reading() as connection:
            return search_tables.count_open(connection, self._tables, owner_of(principal))

    def progress(self) -> Mapping[str, Progress]:
        """Tell how the searches of this process go."""
        with self._lock:
            return dict(self._live)

    def claim(self, by: str) -> Claimed | None:
        """Take the oldest search nobody is at; ``None`` when there is none."""
        at = self._real.now()
        with self._reading() as connection:
            waiting = search_tables.list_unclaimed(connection, self._tables, at=at, limit=5)
        for key in waiting:
            row = self._committer.run(self._claim(key, by))
            if row is None:
                continue
            with self._reading() as connection:
                name = self._tables.names[0]
                problem = search_tables.find_paper(connection, self._tables, key, name)
            if problem is not None:
                self.note(key, Progress(stage="reading"))
                return Claimed(key, problem, row)
        return None

    def note(self, key: str, progress: Progress) -> None:
        """Tell how a search goes."""
        with self._lock:
            self._live[key] = progress

    def keep_claim(self, key: str, by: str) -> bool:
        """Say again that it is searched for, now and then; False when it is to stop."""
        until = self._real.now() + RENEW_SECONDS
        with self._reading() as connection:
            if search_tables.is_claimed(connection, self._tables, key, by, until=until):
                return True
        return self._committer.run(self._claim(key, by)) is not None

    def release(self, key: str, by: str) -> None:
        """Leave it to whoever comes next: this process ends."""
        self._forget(key)
        self._committer.run(self._end(key, by, {"status": "waiting", "claimed_until": 0}))

    def finish(self, key: str, by: str, found: Found) -> None:
        """Keep what was found."""
        packed = {name: pack(paper) for name, paper in found.papers.items()}
        values = {"status": "done", "figures": found.figures.decode()}
        self._committer.run(self._end(key, by, values, packed))
        self._forget(key)

    def fail(self, key: str, by: str, says: str) -> None:
        """Keep why nothing was found."""
        self._committer.run(self._end(key, by, {"status": "failed", "says": says[:2_000]}))
        self._forget(key)

    def sweep(self) -> int:
        """Throw away what is too old (R3); how many."""
        before = UtcSeconds(self._clock.now() - KEPT_DAYS * DAY)
        with self._reading() as connection:
            old = search_tables.list_old(connection, self._tables, before=before, limit=100)
        if old:
            self._committer.run(_throw_away(self._tables, old))
        return len(old)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._live.pop(key, None)

    def _claim(self, key: str, by: str) -> Operation[Mapping[str, Scalar] | None]:
        now, tables = self._real.now(), self._tables

        def run(ledger: Ledger) -> Mapping[str, Scalar] | None:
            row = ledger.row(tables.rows.name, (key,))
            if row is None or row["status"] not in OPEN:
                return None
            if row["claimed_by"] != by and int(row["claimed_until"] or 0) > now:
                return None
            until = now + CLAIM_SECONDS
            _change(ledger, tables, key, row, status="running", claimed_by=by, claimed_until=until)
            return row

        return Operation((), run, ((tables.rows.name, (key,)),))

    def _end(
        self,
        key: str,
        by: str,
        values: Mapping[str, Scalar],
        papers: Mapping[str, bytes] | None = None,
    ) -> Operation[None]:
        tables = self._tables

        def run(ledger: Ledger) -> None:
            row = ledger.row(tables.rows.name, (key,))
            # Cancelled meanwhile, or claimed by another after this process was silent for long.
            if row is None or row["status"] not in OPEN or row["claimed_by"] != by:
                return
            ended_at = None if values["status"] in OPEN else ledger.now
            _change(ledger, tables, key, row, **{"ended_at": ended_at, **values})
            for name, body in (papers or {}).items():
                ledger.put(RowChange(tables.papers.name, (key, name), {"body": body}))

        return Operation((), run, ((tables.rows.name, (key,)),))


def _throw_away(tables: SearchTables, keys: tuple[str, ...]) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        for key in keys:
            ledger.put(RowChange(tables.rows.name, (key,), None))
            for name in tables.names:
                ledger.put(RowChange(tables.papers.name, (key, name), None))

    return Operation((), run)


def _change(
    ledger: Ledger, tables: SearchTables, key: str, row: Mapping[str, Scalar], **new: Scalar
) -> None:
    ledger.put(RowChange(tables.rows.name, (key,), {**row, **new}))
