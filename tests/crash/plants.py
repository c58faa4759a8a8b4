"""Faults planted on purpose, to see that the harness finds them: each one seam of the real parts.

They live here and nowhere in the product; a centre runs with one of them when it is named on its
command line.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from restante.journal import postgres
from restante.journal.port import UnknownFact
from restante.journal.postgres import PostgresJournal
from restante.operations import ingest
from tests.power.plants import Seam, acknowledge_before_commit, dedupe_without_epoch


def commit_without_waiting() -> list[Seam]:
    """``synchronous_commit=off``: a commit returns before the disk has it."""
    real = postgres.make_writers
    return [(postgres, "make_writers", lambda url, **_: real(url, durability="relaxed"))]


def work_outside_the_transaction() -> list[Seam]:
    """What is to be told is put into the outbox by a hook that runs after the commit."""
    real_append, real_put = PostgresJournal.append, PostgresJournal._put_work
    late = threading.local()

    def put_work(_journal: Any, _put: Any, work: Any) -> None:
        late.work = [*getattr(late, "work", ()), *work]

    def append(journal: Any, batch: Any, **named: Any) -> Any:
        late.work = []
        recorded = real_append(journal, batch, **named)
        if late.work:
            with journal.writing() as connection:
                real_put(journal, partial(journal._run, connection), late.work)
        return recorded

    return [(PostgresJournal, "_put_work", put_work), (PostgresJournal, "append", append)]


def swallow_poison() -> list[Seam]:
    """A fact that is not understood is dropped, and the ones after it flow."""
    real = ingest._take_in

    def take_in(reporter: Any, entry: Any) -> int:
        return 0 if isinstance(entry.fact, UnknownFact) else real(reporter, entry)

    return [(ingest, "_take_in", take_in)]


PLANTS: dict[str, Callable[[], list[Seam]]] = {
    "synchronous-commit-off": commit_without_waiting,
    "outbox-outside": work_outside_the_transaction,
    "ack-before-commit": acknowledge_before_commit,
    "poison-swallowed": swallow_poison,
    "dedupe-without-epoch": dedupe_without_epoch,
}
"""By the name given on a command line."""


VICTIMS_OF = {
    "synchronous-commit-off": ("postgres",),
    "outbox-outside": ("work",),
    "ack-before-commit": ("commit", "centre"),
}
"""Whose death a fault waits for; anybody's for the others."""


SHOWS_AS = {
    "synchronous-commit-off": "acknowledged are gone",
    "outbox-outside": "not in the outbox",
    "ack-before-commit": "acknowledged are gone",
    "poison-swallowed": "acknowledged are gone",
    "dedupe-without-epoch": "acknowledged are gone",
}
"""What is said of it when it is found: that nobody answered in time is no finding."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let a fault be there for a while; none for an empty name."""
    seams = PLANTS[name]() if name else []
    before = [(owner, attribute, getattr(owner, attribute)) for owner, attribute, _ in seams]
    for owner, attribute, fault in seams:
        setattr(owner, attribute, fault)
    try:
        yield
    finally:
        for owner, attribute, real in before:
            setattr(owner, attribute, real)
