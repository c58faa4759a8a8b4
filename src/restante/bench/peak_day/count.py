"""Was anything lost? What the generator was told is safe, counted against the journal.

C1. A locker's facts are safe up to the number the centre has signed for; the journal must hold
    every one of them, each once.
C2. A parcel whose announcement or booking was answered must have the fact that says so.
C3. Heartbeats write no facts: what was written is explained by what was reported and answered.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, func, select

from ...core.streams import KINDS
from ...journal.sql import SqlJournal
from ...journal.tables import CURSORS, FACTS, OUTBOX
from ...journal.verify import VerifyReport, verify
from ...operations.deliveries import FOLLOWER
from ...views.work import NOTICE
from ..network import EPOCH
from .generator import Account

ANNOUNCED: Final = "parcel.announced.v1"
BOOKED: Final = "parcel.capacity_confirmed.v1"
ROWS_AT_ONCE: Final = 10_000
SAMPLES_MAX: Final = 5
"""Examples of what was lost."""


class Losses(NamedTuple):
    """What is not where it should be."""

    acknowledged_facts: int
    """Facts of lockers that the centre has signed for."""
    lost: int
    """Of those and of what was answered to the partner, how many the journal lacks."""
    examples: Sequence[str]


class Lag(NamedTuple):
    """How far what follows the journal is behind."""

    notices_due: int
    notice_seconds: int
    """For how long the oldest is due."""
    deliveries: int
    """Facts the webhooks' follower has not seen."""


def count_losses(journal: SqlJournal, account: Account) -> Losses:
    """Look for everything that was acknowledged (C1, C2)."""
    lost = 0
    examples: list[str] = []
    held = _held_facts(journal, account)
    acknowledged = 0
    for locker, (first, last) in account.acknowledged.items():
        acknowledged += last - first
        missing = (last - first) - held.get(locker, 0)
        if missing:
            lost += abs(missing)
            examples.append(f"{locker}: {missing} of facts {first + 1} to {last}")
    for tag, parcels in ((ANNOUNCED, account.announced), (BOOKED, account.booked)):
        gone = set(parcels) - _parcels_with(journal, tag)
        lost += len(gone)
        examples += [f"{parcel}: no {tag}" for parcel in sorted(gone)[:SAMPLES_MAX]]
    return Losses(acknowledged, lost, tuple(examples[:SAMPLES_MAX]))


def count_tags(journal: SqlJournal, after: int) -> Mapping[str, int]:
    """Count facts after a position by tag (C3)."""
    query: Any = select(FACTS.c.tag, func.count()).where(FACTS.c.position > after)
    with journal.reading() as connection:
        return {str(tag): int(n) for tag, n in connection.execute(query.group_by(FACTS.c.tag))}


def measure_lag(journal: SqlJournal, now: int) -> Lag:
    """Look how far followers are."""
    waiting = (OUTBOX.c.kind == NOTICE, OUTBOX.c.done_at.is_(None), OUTBOX.c.dead == 0)
    notices: Any = select(func.count(), func.min(OUTBOX.c.due_at)).where(
        *waiting, OUTBOX.c.due_at <= now
    )
    cursor = select(CURSORS.c.position).where(CURSORS.c.name == FOLLOWER)
    with journal.reading() as connection:
        count, oldest = connection.execute(notices).one()
        at = connection.scalar(cursor) or 0
    return Lag(int(count), 0 if oldest is None else now - int(oldest), journal.head() - at)


def database_bytes(journal: SqlJournal) -> int:
    """Tell how large the database is."""
    with journal.reading() as connection:
        size = "SELECT pg_database_size(current_database())"
        return int(connection.exec_driver_sql(size).scalar_one())


def check_journal(journal: SqlJournal) -> VerifyReport:
    """Verify the whole journal."""
    return verify(journal, KINDS)


def _held_facts(journal: SqlJournal, account: Account) -> Mapping[str, int]:
    """Count for each locker the different facts the centre holds of those acknowledged."""
    before = min((first for first, _ in account.acknowledged.values()), default=0)
    query = select(FACTS.c.owner, FACTS.c.origin_seq).where(
        FACTS.c.kind == "locker",
        FACTS.c.origin_epoch == EPOCH,
        # What the network had reported before is not looked at: it is most of the journal.
        FACTS.c.origin_seq > before,
    )
    seen: dict[str, set[int]] = {}
    with journal.reading() as connection:
        for owner, seq in _rows_of(connection, query):
            bounds = account.acknowledged.get(owner)
            if bounds is not None and bounds[0] < seq <= bounds[1]:
                seen.setdefault(owner, set()).add(seq)
    return {owner: len(some) for owner, some in seen.items()}


def _parcels_with(journal: SqlJournal, tag: str) -> set[str]:
    query = select(FACTS.c.owner).where(FACTS.c.kind == "parcel", FACTS.c.tag == tag)
    with journal.reading() as connection:
        return {str(owner) for (owner,) in _rows_of(connection, query)}


def _rows_of(connection: Connection, query: Any) -> Iterator[Any]:
    # Millions: never all at once.
    return iter(connection.execution_options(yield_per=ROWS_AT_ONCE).execute(query))
