"""Where partners want to be told, and what was told there.

T1. Operations write :data:`WEBHOOKS`; whoever delivers writes the other two, so that neither
    overwrites what the other has just learned.
T2. ``due_at`` is set exactly for deliveries somebody must look at: 0 for new ones, the moment of
    the next try for the first open one of a subject, the end of a claim while one is under way.
    Those that wait for an earlier one have none, and cost nothing while they wait.

Reading is here too: few questions, each for somebody who may see the answer.
"""

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    RowMapping,
    Table,
    Text,
    and_,
    func,
    or_,
    select,
)

from ..core.ids import PartnerId
from ..core.value import UtcSeconds, Value
from .principal import NotFound, Principal, Role
from .shown import Page
from .tables import VIEWS

WEBHOOKS: Final = Table(
    "webhooks",
    VIEWS,
    Column("webhook", Text, primary_key=True),
    Column("partner", Text, nullable=False),
    Column("is_operators", Boolean, nullable=False),
    Column("url", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("event_types", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("old_until", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)
"""Receivers. ``event_types``: tags separated by spaces, empty for all. ``status``: ``enabled`` or
``disabled``; ``why`` then ``asked``, ``gone`` or ``failing``. ``sealed``: the secrets, newest
first. ``old_until``: when the last secret but one ends. ``is_operators``: told of every parcel."""

Index("webhooks_of_partner", WEBHOOKS.c.partner, WEBHOOKS.c.webhook)

WEBHOOK_HEALTH: Final = Table(
    "webhook_health",
    VIEWS,
    Column("webhook", Text, primary_key=True),
    Column("failing_since", BigInteger),
    Column("paused_until", BigInteger, nullable=False),
    Column("replay_after", BigInteger),
    Column("replay_until", BigInteger),
)
"""How a receiver does; its row is locked by whoever works on its deliveries. ``failing_since``: the
first failure after the last success. ``replay_after``, ``replay_until``: positions still to be told
again."""

WEBHOOK_DELIVERIES: Final = Table(
    "webhook_deliveries",
    VIEWS,
    Column("webhook", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("tag", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("due_at", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("code", Integer),
    Column("error", Text, nullable=False),
    Column("took_ms", Integer),
    Column("tried_at", BigInteger),
)
"""What is, was or will be told. ``status``: ``new``, ``queued`` behind an earlier one of its
subject, ``waiting`` for a try, ``delivered`` or ``failed``."""

Index(
    "webhook_deliveries_due",
    WEBHOOK_DELIVERIES.c.webhook,
    WEBHOOK_DELIVERIES.c.due_at,
    WEBHOOK_DELIVERIES.c.position,
    sqlite_where=WEBHOOK_DELIVERIES.c.due_at.is_not(None),
    postgresql_where=WEBHOOK_DELIVERIES.c.due_at.is_not(None),
)
Index(
    "webhook_deliveries_log",
    WEBHOOK_DELIVERIES.c.webhook,
    WEBHOOK_DELIVERIES.c.position,
    WEBHOOK_DELIVERIES.c.subject,
)

OPEN: Final = ("new", "queued", "waiting")
"""Statuses of what is still to be told."""


class ShownWebhook(Value):
    """A receiver, without its secrets."""

    webhook: str
    partner: PartnerId
    url: str
    label: str
    event_types: tuple[str, ...]
    is_enabled: bool
    why: str
    old_until: UtcSeconds | None
    created_at: UtcSeconds
    changed_at: UtcSeconds
    failing_since: UtcSeconds | None
    paused_until: UtcSeconds
    replay_after: int | None
    open_count: int
    """Deliveries still to be told."""
    failed_count: int


class ShownDelivery(Value):
    """One delivery and what came of it."""

    id: str
    """The header ``webhook-id``: the same at every try and in every replay."""
    webhook: str
    subject: str
    position: int
    tag: str
    at: UtcSeconds
    recorded_at: UtcSeconds
    status: str
    due_at: UtcSeconds | None
    attempts: int
    code: int | None
    error: str
    took_ms: int | None
    tried_at: UtcSeconds | None


def message_id(webhook: str, subject: str, position: int) -> str:
    """Name a delivery for ever: what receivers know it by."""
    kind, _, owner = subject.partition("/")
    return f"msg_{webhook}_{position}" if kind == "parcel" else f"msg_{webhook}_{owner}"


def find_webhook(connection: Connection, principal: Principal, webhook: str) -> ShownWebhook:
    """Find a receiver.

    Raises
    ------
    NotFound
        When there is none that the asker may see: their own, and all for operators.
    """
    table = WEBHOOKS
    query = _webhooks().where(table.c.webhook == webhook, *_visible(principal))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("webhook", webhook)
    return _shown(connection, row)


def list_webhooks(
    connection: Connection, principal: Principal, *, limit: int
) -> tuple[ShownWebhook, ...]:
    """List receivers by partner, the oldest first."""
    query = _webhooks().where(*_visible(principal))
    query = query.order_by(WEBHOOKS.c.partner, WEBHOOKS.c.webhook).limit(limit)
    return tuple(_shown(connection, row) for row in connection.execute(query).mappings().all())


def count_webhooks(connection: Connection, partner: PartnerId) -> int:
    """Count a partner's receivers."""
    query = select(func.count()).select_from(WEBHOOKS).where(WEBHOOKS.c.partner == partner)
    return connection.scalar(query) or 0


def list_deliveries(
    connection: Connection,
    webhook: str,
    *,
    status: str | None,
    cursor: str | None,
    limit: int,
) -> Page[ShownDelivery]:
    """List deliveries to one receiver, the last fact first.

    Parameters
    ----------
    status
        ``open``, ``delivered`` or ``failed``; ``None`` for all.
    """
    table = WEBHOOK_DELIVERIES
    query = select(table).where(table.c.webhook == webhook)
    if status == "open":
        query = query.where(table.c.status.in_(OPEN))
    elif status is not None:
        query = query.where(table.c.status == status)
    if cursor is not None:
        position, _, subject = cursor.partition(" ")
        place = int(position)
        query = query.where(
            or_(
                table.c.position < place,
                and_(table.c.position == place, table.c.subject < subject),
            )
        )
    query = query.order_by(table.c.position.desc(), table.c.subject.desc()).limit(limit + 1)
    rows = connection.execute(query).mappings().all()
    items = tuple(_delivery(row) for row in rows[:limit])
    following = f"{items[-1].position} {items[-1].subject}" if len(rows) > limit else None
    return Page(items=items, cursor=following)


def _webhooks() -> Any:
    health = WEBHOOK_HEALTH
    return select(
        WEBHOOKS, health.c.failing_since, health.c.paused_until, health.c.replay_after
    ).outerjoin(health, health.c.webhook == WEBHOOKS.c.webhook)


def _visible(principal: Principal) -> list[Any]:
    if principal.role is Role.OPERATOR:
        return []
    return [WEBHOOKS.c.partner == (principal.partner or "")]


def _shown(connection: Connection, row: RowMapping) -> ShownWebhook:
    table = WEBHOOK_DELIVERIES
    own = table.c.webhook == row["webhook"]
    # Counted to a limit: of a receiver that was away for days nobody needs the exact number.
    counts = {
        name: connection.scalar(
            select(func.count()).select_from(
                select(table.c.position).where(own, wanted).limit(COUNT_MAX).subquery()
            )
        )
        or 0
        for name, wanted in (
            ("open", table.c.status.in_(OPEN)),
            ("failed", table.c.status == "failed"),
        )
    }
    return ShownWebhook(
        webhook=row["webhook"],
        partner=PartnerId(row["partner"]),
        url=row["url"],
        label=row["label"],
        event_types=tuple(row["event_types"].split()),
        is_enabled=row["status"] == "enabled",
        why=row["why"],
        old_until=row["old_until"],
        created_at=row["created_at"],
        changed_at=row["changed_at"],
        failing_since=row["failing_since"],
        paused_until=row["paused_until"] or UtcSeconds(0),
        replay_after=row["replay_after"],
        open_count=counts["open"],
        failed_count=counts["failed"],
    )


COUNT_MAX: Final = 1_000
"""Deliveries counted for a page at most."""


def _delivery(row: RowMapping) -> ShownDelivery:
    values = {name: row[name] for name in ShownDelivery.__struct_fields__[1:]}
    # A claim's end is no moment of a try.
    return ShownDelivery(id=message_id(row["webhook"], row["subject"], row["position"]), **values)
