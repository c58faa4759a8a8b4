"""Deliveries of webhooks in SQL: look at new ones, claim, record, let the next one go.

Everything runs inside the caller's transaction, which holds the health rows of the receivers it
works on (:func:`lock`); on SQLite, which has one writer, that is always so. It knows statuses and
moments, and neither receivers nor messages.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from ..core.value import UtcSeconds
from ..journal.port import Scalar
from ..views.webhook_tables import OPEN, WEBHOOK_DELIVERIES, WEBHOOK_HEALTH, WEBHOOKS

KEYS_MAX: Final = 400
"""Keys in one statement; SQLite takes some thousand parameters."""

_D: Final = WEBHOOK_DELIVERIES
_H: Final = WEBHOOK_HEALTH
_OTHER: Final = WEBHOOK_DELIVERIES.alias("other")
_KEY: Final = (_D.c.webhook, _D.c.subject, _D.c.position)
_SAME_SUBJECT: Final = and_(_OTHER.c.webhook == _D.c.webhook, _OTHER.c.subject == _D.c.subject)

_IS_BEHIND: Final = exists().where(
    _SAME_SUBJECT,
    _OTHER.c.position < _D.c.position,
    # Not IN: that cannot be said for many rows at once.
    or_(*(_OTHER.c.status == status for status in OPEN)),
)
_RECORD: Final = (
    update(_D)
    .where(
        _D.c.webhook == bindparam("of_webhook"),
        _D.c.subject == bindparam("of_subject"),
        _D.c.position == bindparam("of_position"),
        # Another worker may have tried it too, and been luckier.
        _D.c.status == "waiting",
    )
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("status", "due_at", "attempts", "code", "error", "took_ms", "tried_at")
        }
    )
)
_LET_GO: Final = (
    update(_D)
    .where(
        _D.c.webhook == bindparam("of_webhook"),
        _D.c.subject == bindparam("of_subject"),
        _D.c.status == "queued",
        ~_IS_BEHIND,
    )
    .values(status="waiting", due_at=bindparam("now"))
)


class Outcome(NamedTuple):
    """What a delivery is after a try."""

    webhook: str
    subject: str
    position: int
    status: str
    due_at: int | None
    attempts: int
    code: int | None
    error: str
    took_ms: int
    tried_at: UtcSeconds


def lock(connection: Connection, webhooks: Sequence[str], *, is_patient: bool = True) -> list[str]:
    """Hold receivers until the transaction ends, and tell which.

    Parameters
    ----------
    webhooks
        In order, so that nobody waits in a circle.
    is_patient
        Wait for those another one holds; otherwise leave them to it.
    """
    held: list[str] = []
    for start in range(0, len(webhooks), KEYS_MAX):
        some = webhooks[start : start + KEYS_MAX]
        query = select(_H.c.webhook).where(_H.c.webhook.in_(some)).order_by(_H.c.webhook)
        held += connection.scalars(query.with_for_update(skip_locked=not is_patient))
    return held


def find_due(connection: Connection, now: UtcSeconds) -> list[str]:
    """Find enabled receivers that something is to be sent to now."""
    is_due = exists().where(_D.c.webhook == _H.c.webhook, _D.c.due_at <= now)
    query = (
        select(_H.c.webhook)
        .join(WEBHOOKS, WEBHOOKS.c.webhook == _H.c.webhook)
        .where(WEBHOOKS.c.status == "enabled", _H.c.paused_until <= now, is_due)
    )
    return list(connection.scalars(query))


def look_at_new(connection: Connection, webhooks: Sequence[str], now: UtcSeconds) -> None:
    """Tell of new deliveries which wait for an earlier one of their subject."""
    for start in range(0, len(webhooks), KEYS_MAX):
        new = and_(_D.c.webhook.in_(webhooks[start : start + KEYS_MAX]), _D.c.due_at == 0)
        connection.execute(update(_D).where(new, _IS_BEHIND).values(status="queued", due_at=None))
        # Asked again: another process may have written more of them between the two statements.
        first = and_(new, ~_IS_BEHIND)
        connection.execute(update(_D).where(first).values(status="waiting", due_at=now))


def claim(
    connection: Connection, webhook: str, now: UtcSeconds, *, until: UtcSeconds, limit: int
) -> Sequence[RowMapping]:
    """Claim a receiver's due deliveries, those first that are due for longest."""
    query = (
        select(_D)
        .where(_D.c.webhook == webhook, _D.c.due_at > 0, _D.c.due_at <= now)
        .order_by(_D.c.due_at, _D.c.position)
        .limit(limit)
    )
    found = connection.execute(query).mappings().all()
    keys = [(row["webhook"], row["subject"], row["position"]) for row in found]
    if keys:
        connection.execute(update(_D).where(tuple_(*_KEY).in_(keys)).values(due_at=until))
    return found


def record(connection: Connection, outcomes: Sequence[Outcome], now: UtcSeconds) -> None:
    """Write down what came of tries, and let those go that waited for what is done with."""
    if not outcomes:
        return
    connection.execute(
        _RECORD,
        [
            {
                "of_webhook": one.webhook,
                "of_subject": one.subject,
                "of_position": one.position,
                **{f"new_{name}": content for name, content in one._asdict().items()
                   if name not in ("webhook", "subject", "position")},
            }
            for one in outcomes
        ],
    )  # fmt: skip
    done = [one for one in outcomes if one.due_at is None]
    if done:
        connection.execute(
            _LET_GO,
            [{"of_webhook": one.webhook, "of_subject": one.subject, "now": now} for one in done],
        )


def note_health(
    connection: Connection,
    *,
    well: Collection[str],
    ill: Collection[str],
    pauses: Mapping[str, int],
    now: UtcSeconds,
) -> dict[str, UtcSeconds]:
    """Write down how receivers do, and tell since when the ill ones fail."""
    if well:
        recovered = and_(_H.c.webhook.in_(well), _H.c.failing_since.is_not(None))
        connection.execute(update(_H).where(recovered).values(failing_since=None))
    for webhook, until in pauses.items():
        connection.execute(
            update(_H)
            .where(_H.c.webhook == webhook, _H.c.paused_until < until)
            .values(paused_until=until)
        )
    if not ill:
        return {}
    known = _H.c.webhook.in_(ill)
    connection.execute(
        update(_H).where(known).values(failing_since=func.coalesce(_H.c.failing_since, now))
    )
    query = select(_H.c.webhook, _H.c.failing_since).where(known)
    return {row[0]: row[1] for row in connection.execute(query)}


def add(connection: Connection, rows: Sequence[Mapping[str, Scalar]]) -> None:
    """Write new deliveries; those that are done with become new again, open ones stay."""
    if not rows:
        return
    maker: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = maker(_D)
    again = statement.on_conflict_do_update(
        index_elements=list(_KEY),
        set_={"status": "new", "due_at": 0, "attempts": 0},
        where=or_(_D.c.status == "delivered", _D.c.status == "failed"),
    )
    connection.execute(again, list(rows))


def list_names(connection: Connection) -> list[str]:
    """Name the receivers that deliveries are kept of, leaping from one to the next."""
    first = select(func.min(_D.c.webhook).label("webhook")).cte("names", recursive=True)
    following = (
        select(func.min(_OTHER.c.webhook))
        .where(_OTHER.c.webhook > first.c.webhook)
        .correlate(first)
        .scalar_subquery()
    )
    names = first.union_all(select(following).where(first.c.webhook.is_not(None)))
    return list(connection.scalars(select(names.c.webhook).where(names.c.webhook.is_not(None))))


def find_old(
    connection: Connection, webhook: str, until: int, before: UtcSeconds, *, limit: int
) -> list[tuple[str, str, int]]:
    """Find keys of what need not be kept: all of a receiver that is gone, else what is done with.

    Parameters
    ----------
    until, before
        The last position, and the end of the times of recording, of what is old.
    """
    query = select(*_KEY).where(_D.c.webhook == webhook)
    known = select(WEBHOOKS.c.webhook).where(WEBHOOKS.c.webhook == webhook)
    if connection.scalar(known) is not None:
        # A test message stands at the position of the fact before it.
        is_old = and_(_D.c.position <= until, _D.c.recorded_at < before)
        query = query.where(is_old, _D.c.status.not_in(OPEN))
    return [(row[0], row[1], row[2]) for row in connection.execute(query.limit(limit))]


def throw_away(connection: Connection, keys: Sequence[tuple[str, str, int]]) -> None:
    """Delete deliveries."""
    for start in range(0, len(keys), KEYS_MAX):
        chosen = tuple_(*_KEY).in_(keys[start : start + KEYS_MAX])
        connection.execute(delete(_D).where(chosen))
