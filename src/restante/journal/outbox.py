"""Work to be performed, in SQL: claim, finish, postpone, give up.

Work is performed at least once. A claim is a lease: a worker that dies lets it run out. Two
workers never hold one claim at the same time: claiming is one writing transaction, and where
several may write at once it locks the rows it claims.

It knows keys and times, not what the work is. The functions run inside the caller's transaction.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Dialect, and_, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from ..core.value import UtcSeconds
from .port import ATTEMPTS_MAX, CLAIM_SECONDS, DueWork, Scalar, Work
from .tables import OUTBOX

_SHOWN = (
    OUTBOX.c.key,
    OUTBOX.c.kind,
    OUTBOX.c.body,
    OUTBOX.c.due_at,
    OUTBOX.c.attempts,
    OUTBOX.c.last_error,
)
# Literal SQL, so that the partial index over waiting rows is used.
_WAITING = and_(OUTBOX.c.done_at.is_(None), OUTBOX.c.dead == 0)
_INSERTS = {
    "sqlite": sqlite.insert(OUTBOX).on_conflict_do_nothing(index_elements=[OUTBOX.c.key]),
    "postgresql": postgresql.insert(OUTBOX).on_conflict_do_nothing(index_elements=[OUTBOX.c.key]),
}


def insert_of(dialect: Dialect) -> Any:
    """Say how new work is written; work with a known key stays as it is."""
    return _INSERTS[dialect.name]


def work_row(work: Work) -> tuple[Scalar, ...]:
    """Give the row of new work, in the order of the table."""
    return (work.key, work.kind, work.body, work.due_at, 0, "", 0, None, 0)


def insert_work(connection: Connection, work: Sequence[Work]) -> None:
    """Write work whose key is new; work with a known key has been asked for before."""
    if not work:
        return
    connection.execute(
        _INSERTS[connection.dialect.name],
        [dict(zip(OUTBOX.columns.keys(), work_row(one), strict=True)) for one in work],
    )


def is_work_due(connection: Connection, now: UtcSeconds, kinds: Sequence[str]) -> bool:
    """Whether claiming would find anything; cheap, and takes no lock."""
    found = connection.execute(select(OUTBOX.c.key).where(_claimable(now, kinds)).limit(1))
    return found.first() is not None


def claim_work(
    connection: Connection, now: UtcSeconds, limit: int, kinds: Sequence[str]
) -> tuple[DueWork, ...]:
    """Claim due work, oldest first."""
    due = select(*_SHOWN).where(_claimable(now, kinds)).order_by(OUTBOX.c.due_at, OUTBOX.c.key)
    # Where several transactions write at once, rows another one is claiming are left to it.
    free = due.limit(limit).with_for_update(skip_locked=True)
    claimed = tuple(DueWork(*row) for row in connection.execute(free))
    if claimed:
        connection.execute(
            update(OUTBOX)
            .where(OUTBOX.c.key.in_([work.key for work in claimed]))
            .values(claimed_until=now + CLAIM_SECONDS)
        )
    return claimed


def finish_work(connection: Connection, keys: Sequence[str], at: UtcSeconds) -> None:
    """Turn work into tombstones."""
    connection.execute(update(OUTBOX).where(OUTBOX.c.key.in_(keys)).values(done_at=at))


def postpone_work(connection: Connection, key: str, due_at: UtcSeconds, error: str) -> None:
    """Count a failed try; give up after the last one."""
    attempts = OUTBOX.c.attempts + 1
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.key == key)
        .values(
            attempts=attempts,
            last_error=error,
            due_at=due_at,
            claimed_until=0,
            dead=case((attempts >= ATTEMPTS_MAX, 1), else_=0),
        )
    )


def read_dead_work(connection: Connection, limit: int) -> tuple[DueWork, ...]:
    """Read work that was given up."""
    dead = select(*_SHOWN).where(OUTBOX.c.dead == 1).order_by(OUTBOX.c.due_at, OUTBOX.c.key)
    return tuple(DueWork(*row) for row in connection.execute(dead.limit(limit)))


def revive_work(connection: Connection, key: str, due_at: UtcSeconds) -> None:
    """Give up work another round of tries."""
    connection.execute(
        update(OUTBOX)
        .where(OUTBOX.c.key == key)
        .values(dead=0, attempts=0, due_at=due_at, claimed_until=0)
    )


def count_waiting(connection: Connection, *, at_most: int | None = None) -> int:
    """Count work that is neither done nor given up, up to a number."""
    waiting = select(OUTBOX.c.due_at).where(_WAITING).limit(at_most).subquery("waiting")
    return connection.scalar(select(func.count()).select_from(waiting)) or 0


def _claimable(now: UtcSeconds, kinds: Sequence[str]) -> ColumnElement[bool]:
    parts = [_WAITING, OUTBOX.c.due_at <= now, OUTBOX.c.claimed_until <= now]
    if kinds:
        parts.append(OUTBOX.c.kind.in_(kinds))
    return and_(*parts)
