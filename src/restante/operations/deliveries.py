"""Tell receivers what happened: at least once, in the order of each parcel, by many workers.

D1. A follower writes down, for every fact of a parcel, which receivers are to be told of it; in
    one transaction with its cursor. A message keeps its id through every try and replay.
D2. Of each receiver and parcel only the first open delivery is tried. While it fails, later ones
    of that parcel wait, and nobody else does. After the last try it is given up and shown, a
    person is told, and the later ones go on.
D3. A worker claims deliveries for a while; one that dies lets its claims run out, and they are
    tried again. What came of tries is written down in batches, in the transaction of new claims.
D4. Whoever works on a receiver's deliveries holds its row of health: so any number of processes
    may work at once, and a delivery is never left behind another one that is done.
D5. A receiver that answers 410 is disabled at once; one that has only failed for
    :data:`FAILING_SECONDS_MAX` too. A person is told.

Nothing here speaks to a receiver: what to send goes out of :meth:`DeliveryDesk.turn`, what came of
it comes back into it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from random import Random
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import structlog
from sqlalchemy import Connection, select, update

from ..access import Secret, Unsealable
from ..access.keyring import Keyring
from ..clock import Clock
from ..core.value import DAY, Seconds, UtcSeconds
from ..journal.committer import Committer
from ..journal.port import Cursors, Derived, RowChange, Scalar, Stored
from ..partners.public_address import Allowance
from ..partners.webhook import (
    PING_TYPE,
    TRIES_MAX,
    Answer,
    Event,
    Verdict,
    find_patience,
    find_pause,
    judge,
)
from ..views.principal import NotFound, Principal
from ..views.shown import Page
from ..views.tables import PARCELS
from ..views.webhook_tables import (
    WEBHOOK_DELIVERIES,
    WEBHOOK_HEALTH,
    WEBHOOKS,
    ShownDelivery,
    ShownWebhook,
    count_webhooks,
    find_webhook,
    list_deliveries,
    list_webhooks,
    message_id,
)
from . import delivery_sql as sql
from .webhooks import read_secrets, report_failed_delivery, stop_webhook

FOLLOWER: Final = "webhooks"
FACTS_PER_STEP: Final = 500
CLAIM_SECONDS: Final = Seconds(60)
"""A claim is longer than any try, see :mod:`restante.partners.guarded_http`."""

FAILING_SECONDS_MAX: Final = Seconds(5 * DAY)
"""The standard speaks of several days; longer than all tries of one message together."""

KEPT_SECONDS: Final = Seconds(30 * DAY)
"""How long the log shows what is done with (chosen)."""

SWEPT_MAX: Final = 2_000
LIMIT_MAX: Final = 500
ERROR_CHARS_MAX: Final = 200

_log = structlog.get_logger(__name__)


class DeliveryJournal(Cursors, Protocol):
    """What the desk needs of the journal."""

    def stored_after(self, position: int, *, limit: int) -> tuple[Stored, ...]:
        """Read facts undecoded in position order."""
        ...

    def head(self) -> int:
        """The last position."""
        ...

    def floor(self) -> int:
        """The last position that was moved into archives; 0 when none was."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """Open a writing transaction."""
        ...


class Claimed(NamedTuple):
    """A message to be tried now."""

    webhook: str
    url: str
    secrets: tuple[Secret[str], ...]
    event: Event
    attempts: int
    """How often it was tried before."""

    @property
    def message_id(self) -> str:
        """What the receiver knows it by."""
        return message_id(self.webhook, self.event.subject, self.event.position)


class Tried(NamedTuple):
    """What came of a try."""

    claimed: Claimed
    answer: Answer
    at: UtcSeconds
    took_ms: int


class _Receiver(NamedTuple):
    webhook: str
    partner: str
    is_operators: bool
    event_types: frozenset[str]
    created_at: UtcSeconds

    def wants(self, fact: Stored, partner: str | None) -> bool:
        if self.event_types and fact.tag not in self.event_types:
            return False
        return self.is_operators or self.partner == partner


class _Time(msgspec.Struct):
    at: int = 0


_TIME: Final = msgspec.json.Decoder(_Time)


class DeliveryDesk:
    """Writes down what is to be told, hands it out, and keeps what came of it.

    Parameters
    ----------
    clock
        Real time: signatures and pauses are meant for others' clocks.
    chance
        For jitter.
    """

    def __init__(
        self,
        *,
        journal: DeliveryJournal,
        committer: Committer,
        keyring: Keyring,
        clock: Clock,
        chance: Random,
        network: str,
        allowance: Allowance,
    ) -> None:
        self.allowance = allowance
        self.has_receivers = True
        """Whether anybody was to be told of the newest facts."""
        self._journal = journal
        self._committer = committer
        self._keyring = keyring
        self._clock = clock
        self._chance = chance
        self._network = network

    # ── For workers ───────────────────────────────────────────────────────────────────────────

    def turn(
        self, tried: Sequence[Tried], *, room_for: Callable[[str], int], room: int
    ) -> tuple[Claimed, ...]:
        """Keep what came of tries, follow the journal, and claim what is to be tried now.

        Parameters
        ----------
        room_for
            How many more messages a receiver may be sent at once.
        room
            How many more in all.
        """
        self.follow()
        self._step_replays()
        now = self._clock.now()
        with self._journal.reading() as connection:
            is_due = room > 0 and bool(sql.find_due(connection, now))
        if not tried and not is_due:
            return ()
        ended: list[Callable[[], None]] = []
        with self._journal.writing() as connection:
            if tried:
                sql.lock(connection, sorted({one.claimed.webhook for one in tried}))
                ended = self._record(connection, tried, now)
            # Asked again: what was just recorded lets others go.
            due = [one for one in sql.find_due(connection, now) if room_for(one) > 0]
            claimed = self._claim(connection, due if room > 0 else [], now, room_for, room)
        for tell in ended:
            tell()
        return claimed

    def follow(self) -> int:
        """Write down who is to be told of the next facts; how many facts were looked at (D1)."""
        after = self._journal.cursor(FOLLOWER)
        # Before the receivers: who is registered later is told of nothing before.
        head = self._journal.head()
        if head <= after:
            return 0
        receivers = self._receivers()
        self.has_receivers = bool(receivers)
        if not receivers:
            self._journal.advance(FOLLOWER, after=after, to=head, derived=Derived(()))
            return 0
        # Who never looked has missed nothing: there was nobody to tell when that was archived.
        begin = after or self._journal.floor()
        facts = self._journal.stored_after(begin, limit=FACTS_PER_STEP)
        if not facts:
            return 0
        rows = [
            RowChange(WEBHOOK_DELIVERIES.name, (row["webhook"], row["subject"], row["position"]), {
                name: row[name] for name in row if name not in ("webhook", "subject", "position")
            })
            for row in self._rows(facts, receivers)
        ]  # fmt: skip
        is_moved = self._journal.advance(
            FOLLOWER, after=after, to=facts[-1].position, derived=Derived(rows)
        )
        return len(facts) if is_moved else 0

    def sweep(self) -> int:
        """Throw away what the log need not show any more; how much went."""
        old = UtcSeconds(self._clock.now() - KEPT_SECONDS)
        with self._journal.reading() as connection:
            webhooks = sql.list_names(connection)
        if not webhooks:
            return 0
        # By position, as the log lies there: what is younger is not even looked at.
        until = self._position_before(old)
        gone: list[tuple[str, str, int]] = []
        with self._journal.reading() as connection:
            for webhook in webhooks:
                room = SWEPT_MAX - len(gone)
                gone += sql.find_old(connection, webhook, until, old, limit=room)
        if gone:
            with self._journal.writing() as connection:
                sql.throw_away(connection, gone)
        return len(gone)

    # ── For doors ─────────────────────────────────────────────────────────────────────────────

    def webhook(self, principal: Principal, webhook: str) -> ShownWebhook:
        """Find a receiver; see :func:`restante.views.webhook_tables.find_webhook`."""
        with self._journal.reading() as connection:
            return find_webhook(connection, principal, webhook)

    def webhooks(self, principal: Principal) -> tuple[ShownWebhook, ...]:
        """List receivers the asker may see."""
        with self._journal.reading() as connection:
            return list_webhooks(connection, principal, limit=LIMIT_MAX)

    def count(self, partner: Any) -> int:
        """Count a partner's receivers."""
        with self._journal.reading() as connection:
            return count_webhooks(connection, partner)

    def deliveries(
        self,
        principal: Principal,
        webhook: str,
        *,
        status: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[ShownDelivery]:
        """List what is, was or will be told to a receiver, the last fact first."""
        with self._journal.reading() as connection:
            find_webhook(connection, principal, webhook)
            return list_deliveries(
                connection, webhook, status=status, cursor=cursor, limit=min(limit, LIMIT_MAX)
            )

    def ping(self, principal: Principal, webhook: str, *, ping: str) -> str:
        """Send a test message; its id.

        Parameters
        ----------
        ping
            A new id.
        """
        self.webhook(principal, webhook)
        now = self._clock.now()
        subject = f"ping/{ping}"
        position = self._journal.head()
        row = _row(
            webhook, subject, position=position, version=1, tag=PING_TYPE, at=now, recorded_at=now
        )
        with self._journal.writing() as connection:
            sql.add(connection, [row])
        return message_id(webhook, subject, position)

    def replay_one(self, principal: Principal, webhook: str, delivery: str) -> None:
        """Tell one thing again, or at once what waits for its next try.

        Raises
        ------
        NotFound
            When the log does not have it.
        """
        self.webhook(principal, webhook)
        name = delivery.removeprefix(f"msg_{webhook}_")
        table = WEBHOOK_DELIVERIES
        query = update(table).where(table.c.webhook == webhook, table.c.status != "queued")
        if name.isascii() and name.isdigit() and len(name) < 19:
            query = query.where(table.c.position == int(name), table.c.subject.like("parcel/%"))
        else:
            query = query.where(table.c.subject == f"ping/{name}")
        values = {"status": "waiting", "due_at": self._clock.now(), "attempts": 0}
        with self._journal.writing() as connection:
            sql.lock(connection, [webhook])
            if not connection.execute(query.values(values)).rowcount:
                raise NotFound("delivery that is not behind an earlier one", delivery)

    def replay_since(self, principal: Principal, webhook: str, *, since: UtcSeconds) -> None:
        """Tell everything again that was recorded from a moment on, also what was never told.

        What was moved into archives is not told again; the log says so.
        """
        self.webhook(principal, webhook)
        after, until = self._position_before(since), self._journal.head()
        if after and after == self._journal.floor():
            _log.warning("a replay begins after what was archived", position=after)
        health = WEBHOOK_HEALTH
        with self._journal.writing() as connection:
            connection.execute(
                update(health)
                .where(health.c.webhook == webhook)
                .values(replay_after=after, replay_until=until)
            )

    # ── Writing down ──────────────────────────────────────────────────────────────────────────

    def _receivers(self, webhook: str | None = None) -> list[_Receiver]:
        table = WEBHOOKS
        query = select(table).where(table.c.status == "enabled")
        if webhook is not None:
            query = query.where(table.c.webhook == webhook)
        with self._journal.reading() as connection:
            return [
                _Receiver(
                    row["webhook"],
                    row["partner"],
                    bool(row["is_operators"]),
                    frozenset(row["event_types"].split()),
                    row["created_at"],
                )
                for row in connection.execute(query).mappings()
            ]

    def _rows(
        self, facts: Sequence[Stored], receivers: Sequence[_Receiver], *, is_replay: bool = False
    ) -> list[dict[str, Scalar]]:
        told = [fact for fact in facts if fact.stream.startswith("parcel/")]
        if not told or not receivers:
            return []
        partners = self._partners({fact.stream.partition("/")[2] for fact in told})
        rows = []
        for fact in told:
            partner = partners.get(fact.stream.partition("/")[2])
            for one in receivers:
                is_of_its_time = is_replay or fact.recorded_at >= one.created_at
                if is_of_its_time and one.wants(fact, partner):
                    rows.append(
                        _row(
                            one.webhook,
                            fact.stream,
                            position=fact.position,
                            version=fact.version,
                            tag=fact.tag,
                            at=_time_of(fact),
                            recorded_at=fact.recorded_at,
                        )
                    )
        return rows

    def _partners(self, parcels: Iterable[str]) -> Mapping[str, str]:
        query = select(PARCELS.c.parcel, PARCELS.c.partner).where(PARCELS.c.parcel.in_(parcels))
        with self._journal.reading() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def _step_replays(self) -> None:
        health = WEBHOOK_HEALTH
        query = select(health).where(health.c.replay_after.is_not(None))
        with self._journal.reading() as connection:
            asked = connection.execute(query).mappings().all()
        for row in asked:
            # Months may be archived while a replay is under way.
            after = max(row["replay_after"], self._journal.floor())
            facts = self._journal.stored_after(after, limit=FACTS_PER_STEP)
            facts = tuple(fact for fact in facts if fact.position <= row["replay_until"])
            rows = self._rows(facts, self._receivers(row["webhook"]), is_replay=True)
            following = facts[-1].position if len(facts) == FACTS_PER_STEP else None
            with self._journal.writing() as connection:
                sql.lock(connection, [row["webhook"]])
                moved = connection.execute(
                    update(health)
                    .where(
                        health.c.webhook == row["webhook"],
                        health.c.replay_after == row["replay_after"],
                    )
                    .values(replay_after=following)
                )
                if moved.rowcount:
                    sql.add(connection, rows)

    def _position_before(self, since: UtcSeconds) -> int:
        # Times of recording grow with positions, so the place is found by halving.
        low, high = self._journal.floor(), self._journal.head()
        while low < high:
            middle = (low + high) // 2
            found = self._journal.stored_after(middle, limit=1)
            if found and found[0].recorded_at < since:
                low = found[0].position
            else:
                high = middle
        return low

    # ── Handing out and keeping ───────────────────────────────────────────────────────────────

    def _claim(
        self,
        connection: Connection,
        due: list[str],
        now: UtcSeconds,
        room_for: Callable[[str], int],
        room: int,
    ) -> tuple[Claimed, ...]:
        if not due:
            return ()
        # No receiver is always the first.
        self._chance.shuffle(due)
        held = sql.lock(connection, sorted(due), is_patient=False)
        rows = {
            row["webhook"]: dict(row)
            for row in connection.execute(
                select(WEBHOOKS).where(WEBHOOKS.c.webhook.in_(held), WEBHOOKS.c.status == "enabled")
            ).mappings()
        }
        mine = [webhook for webhook in due if webhook in rows]
        sql.look_at_new(connection, mine, now)
        claimed: list[Claimed] = []
        until = UtcSeconds(now + CLAIM_SECONDS)
        for webhook in mine:
            limit = min(room_for(webhook), room - len(claimed))
            secrets = self._secrets(webhook, rows[webhook], now) if limit > 0 else ()
            if secrets:
                found = sql.claim(connection, webhook, now, until=until, limit=limit)
                claimed += [
                    self._claimed(dict(one), rows[webhook]["url"], secrets) for one in found
                ]
        return tuple(claimed)

    def _secrets(
        self, webhook: str, row: Mapping[str, Any], now: UtcSeconds
    ) -> tuple[Secret[str], ...]:
        try:
            return read_secrets(self._keyring, webhook, row, now=now)
        except Unsealable as error:
            _log.error("the secret of a webhook cannot be opened", webhook=webhook, why=str(error))
            return ()

    def _claimed(
        self, row: Mapping[str, Any], url: str, secrets: tuple[Secret[str], ...]
    ) -> Claimed:
        event = Event(
            network=self._network,
            subject=row["subject"],
            position=row["position"],
            version=row["version"],
            tag=row["tag"],
            at=row["at"],
            recorded_at=row["recorded_at"],
        )
        return Claimed(row["webhook"], url, secrets, event, row["attempts"])

    def _record(
        self, connection: Connection, tried: Sequence[Tried], now: UtcSeconds
    ) -> list[Callable[[], None]]:
        outcomes: list[sql.Outcome] = []
        pauses: dict[str, int] = {}
        given_up: dict[str, str] = {}
        for one in tried:
            outcome = self._outcome(one, now)
            outcomes.append(outcome)
            patience = find_patience(one.answer, now=now)
            if patience:
                webhook = one.claimed.webhook
                pauses[webhook] = max(pauses.get(webhook, 0), now + patience)
            if outcome.status == "failed":
                given_up[one.claimed.webhook] = (
                    f"{one.claimed.event.subject} was given up after {TRIES_MAX} tries: "
                    f"{outcome.error or outcome.code}"
                )
        sql.record(connection, outcomes, now)
        well = {one.claimed.webhook for one in tried if judge(one.answer) is Verdict.DELIVERED}
        ill = {one.claimed.webhook for one in tried} - well
        failing_since = sql.note_health(connection, well=well, ill=ill, pauses=pauses, now=now)
        gone = {one.claimed.webhook for one in tried if judge(one.answer) is Verdict.GONE}
        lost = {
            webhook
            for webhook, since in failing_since.items()
            if now - since >= FAILING_SECONDS_MAX
        }
        return [
            *(self._stop(webhook, "gone", "it answered 410") for webhook in sorted(gone)),
            *(
                self._stop(webhook, "failing", "every try of five days has failed")
                for webhook in sorted(lost - gone)
            ),
            *(self._report(webhook, detail) for webhook, detail in given_up.items()),
        ]

    def _outcome(self, one: Tried, now: UtcSeconds) -> sql.Outcome:
        claimed, answer = one.claimed, one.answer
        attempts = claimed.attempts + 1
        due_at: int | None = None
        status = "delivered"
        if judge(answer) is not Verdict.DELIVERED:
            patience = find_patience(answer, now=now)
            pause = find_pause(attempts, self._chance, patience=patience)
            status = "failed" if pause is None else "waiting"
            due_at = None if pause is None else now + pause
        return sql.Outcome(
            webhook=claimed.webhook,
            subject=claimed.event.subject,
            position=claimed.event.position,
            status=status,
            due_at=due_at,
            attempts=attempts,
            code=answer.code or None,
            error=answer.error[:ERROR_CHARS_MAX],
            took_ms=one.took_ms,
            tried_at=one.at,
        )

    def _stop(self, webhook: str, why: str, detail: str) -> Callable[[], None]:
        operation = stop_webhook(webhook=webhook, why=why, detail=detail)
        return lambda: self._committer.run(operation)

    def _report(self, webhook: str, detail: str) -> Callable[[], None]:
        operation = report_failed_delivery(webhook=webhook, detail=detail)
        return lambda: self._committer.run(operation)


def _row(
    webhook: str,
    subject: str,
    *,
    position: int,
    version: int,
    tag: str,
    at: int,
    recorded_at: int,
) -> dict[str, Scalar]:
    return {
        "webhook": webhook,
        "subject": subject,
        "position": position,
        "version": version,
        "tag": tag,
        "at": at,
        "recorded_at": recorded_at,
        "status": "new",
        "due_at": 0,
        "attempts": 0,
        "code": None,
        "error": "",
        "took_ms": None,
        "tried_at": None,
    }


def _time_of(fact: Stored) -> int:
    try:
        return _TIME.decode(fact.body).at
    except msgspec.MsgspecError:
        return fact.recorded_at
