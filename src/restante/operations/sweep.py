"""Throw away what nobody needs any more: links, answers, rested PINs, told removals; and what may
not be kept any longer (:mod:`.retention`).

R1. Only rows beside the journal are swept; facts never.
R2. A removal stays on a list until every locker of the site has confirmed a list that tells of
    it; the floor then says from where on a delta is still whole.
R3. One turn takes a bounded batch, in transactions of the committer like everything else.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from ..clock import Clock
from ..core.value import DAY
from ..journal.committer import Committer
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange, Scalar
from ..views.tables import (
    ANSWERS,
    LINKS,
    LIST_ENTRIES,
    LIST_FLOORS,
    LOCKER_LINKS,
    LOCKERS,
    PIN_PRINTS,
)
from .credentials import PIN_REST_SECONDS
from .retention import Expired, Retention, find_expired

ANSWER_DAYS: Final = 8
"""Answers to repeated requests are kept so long; the API promises a week."""

PIN_LIFE_SECONDS: Final = 60 * DAY
"""No code lives longer: the longest hold there can be (:mod:`restante.settings`)."""

BATCH_MAX: Final = 500


class Sweeper:
    """Sweeps, a batch at a time.

    Parameters
    ----------
    reading
        Opens a reading transaction on the views.
    retention
        How long each class is kept.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        committer: Committer,
        clock: Clock,
        retention: Retention = Retention(),  # noqa: B008 - frozen
    ) -> None:
        self._reading = reading
        self._committer = committer
        self._clock = clock
        self._retention = retention

    def turn(self, limit: int = BATCH_MAX) -> int:
        """Sweep at most ``limit`` rows of each sort; how many went."""
        now = self._clock.now()
        old_pin = now - PIN_REST_SECONDS - PIN_LIFE_SECONDS
        gone = self._delete(
            LINKS.name, select(LINKS.c.digest).where(LINKS.c.expires_at < now), limit
        )
        answers = select(ANSWERS.c.partner, ANSWERS.c.key)
        old_answers = answers.where(ANSWERS.c.at < now - ANSWER_DAYS * DAY)
        gone += self._delete(ANSWERS.name, old_answers, limit)
        prints = select(PIN_PRINTS.c.site, PIN_PRINTS.c.print)
        gone += self._delete(PIN_PRINTS.name, prints.where(PIN_PRINTS.c.issued_at < old_pin), limit)
        for expired in find_expired(self._retention, now):
            gone += self._expire(expired, limit)
        return gone + self._sweep_lists(limit)

    def _delete(self, table: str, query: Select[Any], limit: int) -> int:
        with self._reading() as connection:
            keys = [tuple(row) for row in connection.execute(query.limit(limit))]
        if keys:
            self._committer.run(_delete_rows(table, keys))
        return len(keys)

    def _expire(self, expired: Expired, limit: int) -> int:
        with self._reading() as connection:
            found = [tuple(row) for row in connection.execute(expired.keys.limit(limit))]
        if found:
            self._committer.run(_delete_expired(expired, found))
        return len(found)

    def _sweep_lists(self, limit: int) -> int:
        # A locker that has said nothing yet counts as holding nothing.
        held = func.min(func.coalesce(LOCKER_LINKS.c.list_version, 0)).label("held")
        confirmed = (
            select(LOCKERS.c.site, held)
            .outerjoin(LOCKER_LINKS, LOCKER_LINKS.c.locker == LOCKERS.c.locker)
            .group_by(LOCKERS.c.site)
            .subquery()
        )
        query = (
            select(LIST_ENTRIES.c.site, LIST_ENTRIES.c.key, LIST_ENTRIES.c.position)
            .join(confirmed, confirmed.c.site == LIST_ENTRIES.c.site)
            .where(
                LIST_ENTRIES.c.is_present.is_(False),
                LIST_ENTRIES.c.position <= confirmed.c.held,
                LIST_ENTRIES.c.position < _newest(),
            )
            .limit(limit)
        )
        with self._reading() as connection:
            told = [(str(row[0]), str(row[1]), int(row[2])) for row in connection.execute(query)]
        if told:
            self._committer.run(_delete_entries(told))
        return len(told)


def _newest() -> Any:
    """Name the newest entry of the same site: it carries the list's version and stays."""
    other = LIST_ENTRIES.alias("newest")
    return (
        select(func.max(other.c.position))
        .where(other.c.site == LIST_ENTRIES.c.site)
        .correlate(LIST_ENTRIES)
        .scalar_subquery()
    )


def _delete_rows(table: str, keys: list[tuple[Scalar, ...]]) -> Operation[None]:
    def run(ledger: Ledger) -> None:
        for key in keys:
            ledger.put(RowChange(table, key, None))

    return Operation((), run)


def _delete_expired(expired: Expired, found: list[tuple[Scalar, ...]]) -> Operation[None]:
    first, guard = expired.tables[0], expired.guard
    keys = [(row[:-1], row[-1]) if guard else (row, None) for row in found]

    def run(ledger: Ledger) -> None:
        for key, before in keys:
            # Looked at again: it may have got a new reason meanwhile.
            row = ledger.row(first, key)
            if row is None or (guard and row[guard] != before):
                continue
            for table in expired.tables:
                ledger.put(RowChange(table, key, None))

    return Operation((), run, [(first, key) for key, _ in keys])


def _delete_entries(told: list[tuple[str, str, int]]) -> Operation[None]:
    rows = [(LIST_ENTRIES.name, (site, key)) for site, key, _ in told]

    def run(ledger: Ledger) -> None:
        floors: dict[str, int] = {}
        for site, key, position in told:
            row = ledger.row(LIST_ENTRIES.name, (site, key))
            if row is None or row["is_present"] or row["position"] != position:
                continue
            ledger.put(RowChange(LIST_ENTRIES.name, (site, key), None))
            floors[site] = max(position, floors.get(site, 0))
        for site, position in floors.items():
            before = ledger.row(LIST_FLOORS.name, (site,))
            known = 0 if before is None else int(before["position"] or 0)
            values: dict[str, Scalar] = {"position": max(position, known)}
            ledger.put(RowChange(LIST_FLOORS.name, (site,), values))

    return Operation((), run, rows)
