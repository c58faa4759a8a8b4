"""Boxes over three months, to be archived."""

import datetime as dt
import hashlib
from collections.abc import Sequence

from restante.core.value import UtcSeconds
from restante.journal.port import Entry, Unit
from tests.journal.story import BY, AnyJournal, Box, added, batch, box


def moment(month: int, day: int = 1) -> UtcSeconds:
    """Name a day of the year."""
    return UtcSeconds(int(dt.datetime(2026, month, day, tzinfo=dt.UTC).timestamp()))


BEFORE = "2026-11"
END = moment(11, 20)
MONTHS = (9, 10, 11)


def sign(document: bytes) -> tuple[str, bytes]:
    """Stand in for a real key."""
    return "k1", hashlib.sha256(b"key" + document).digest()


def is_signed(document: bytes, kid: str, signature: bytes) -> bool:
    """Check what :func:`sign` has made."""
    return sign(document) == (kid, signature)


def add(journal: AnyJournal, name: str, at: UtcSeconds, count: int = 1) -> None:
    """Add marbles to a box at a moment, on top of what it has."""
    row = journal.states([box(name)]).get(box(name))
    before = Box() if row is None else row.state
    assert isinstance(before, Box)
    state = Box(marbles=before.marbles + count, facts=before.facts + 1)
    unit = Unit(
        box(name), before.facts, [Entry(fact=added(count, at), by=BY, cause=f"q{count}")], state
    )
    journal.append(batch(unit), recorded_at=at)


def fill(journal: AnyJournal, months: Sequence[int] = MONTHS, boxes: int = 6) -> None:
    """Write some boxes in each month: one lives through all, others in one month only."""
    for month in months:
        for day in range(1, boxes):
            add(journal, "long", moment(month, day), day)
            add(journal, f"m{month:02}-{day}", moment(month, day), day)
