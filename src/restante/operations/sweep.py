"""Throw away what nobody needs any more: links, answers, rested PINs, told removals; and what may
not be kept any longer (:mod:`.retention`).

R1. Only rows beside the journal are swept; facts never.
R2. A removal stays on a list until every locker of the site has confirmed a list that tells of
    it; the floor then says from where on a delta is still whole.
R3. One turn takes a bounded batch, in transactions of the committer like everything else.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select, tuple_

from ..clock import Clock
from ..core.value import DAY
from ..journal.committer import Committer
from ..journal.inline import RowKey
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
        self._looked_at = _Place()
        self.is_behind = False
        """Whether the last turn left something to be looked at."""

    def turn(self, limit: int = BATCH_MAX) -> int:
        """Sweep at most ``limit`` rows of each sort; how many went."""
        now = self._clock.now()
        self.is_behind = False
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
        self._note(len(keys), limit)
        if keys:
            self._committer.run(_delete_rows(table, keys))
        return len(keys)

    def _expire(self, expired: Expired, limit: int) -> int:
        with self._reading() as connection:
            found = [tuple(row) for row in connection.execute(expired.keys.limit(limit))]
        self._note(len(found), limit)
        if found:
            self._committer.run(_delete_expired(expired, found))
        return len(found)

    def _sweep_lists(self, limit: int) -> int:
        with self._reading() as connection:
            absent = connection.execute(_ABSENT, {**self._looked_at._asdict(), "limit": limit})
            found = [(str(row[0]), str(row[1]), int(row[2])) for row in absent]
            bounds = _bounds(connection, {site for site, _, _ in found})
        self._note(len(found), limit)
        # From where it ended; from the beginning when all was looked at.
        last = found[-1] if len(found) >= limit else None
        self._looked_at = _Place() if last is None else _Place(last[2], last[1])
        told = [one for one in found if one[2] <= bounds.get(one[0], -1)]
        if told:
            self._committer.run(_delete_entries(told))
        return len(told)

    def _note(self, found: int, limit: int) -> None:
        self.is_behind = self.is_behind or found >= limit


class _Place(NamedTuple):
    """Where absent entries of lists were looked at last, in the order of positions."""

    position: int = 0
    key: str = ""


# By position, so that one turn looks at a bounded number of rows, however many stay.
_ABSENT: Final = (
    select(LIST_ENTRIES.c.site, LIST_ENTRIES.c.key, LIST_ENTRIES.c.position)
    .where(
        LIST_ENTRIES.c.is_present.is_(False),
        LIST_ENTRIES.c.position >= bindparam("position"),
        tuple_(LIST_ENTRIES.c.position, LIST_ENTRIES.c.key)
        > tuple_(bindparam("position"), bindparam("key")),
    )
    .order_by(LIST_ENTRIES.c.position, LIST_ENTRIES.c.key)
    .limit(bindparam("limit"))
)


def _bounds(connection: Connection, sites: set[str]) -> dict[str, int]:
    """Tell up to where absent entries of sites may go (R2)."""
    if not sites:
        return {}
    # A locker that has said nothing yet counts as holding nothing.
    held = (
        select(LOCKERS.c.site, func.min(func.coalesce(LOCKER_LINKS.c.list_version, 0)))
        .outerjoin(LOCKER_LINKS, LOCKER_LINKS.c.locker == LOCKERS.c.locker)
        .where(LOCKERS.c.site.in_(sites))
        .group_by(LOCKERS.c.site)
    )
    # The newest entry of a site carries the list's version and stays.
    newest = (
        select(LIST_ENTRIES.c.site, func.max(LIST_ENTRIES.c.position))
        .where(LIST_ENTRIES.c.site.in_(sites))
        .group_by(LIST_ENTRIES.c.site)
    )
    stays = {str(site): int(position) for site, position in connection.execute(newest)}
    return {
        str(site): min(int(version), stays[str(site)] - 1)
        for site, version in connection.execute(held)
    }


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
    rows: list[RowKey] = [(LIST_ENTRIES.name, (site, key)) for site, key, _ in told]
    rows += [(LIST_FLOORS.name, (site,)) for site in {site for site, _, _ in told}]

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
