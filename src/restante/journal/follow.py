"""Followers: whatever is built from the journal and may lag behind it.

A follower is a cursor and a function. The function sees every fact at least once, in position
order; its rows, its work and its cursor are written in one transaction, so rows in the journal's
own database change exactly once. Whatever it does elsewhere must bear repetition.

It must not know what followers make of facts.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from .port import Cursors, Derived, Journal, Recorded

FACTS_PER_STEP = 500
"""Facts a follower is given at once."""


class Follower(NamedTuple):
    """A name for ever, and what follows from facts."""

    name: str
    apply: Callable[[Sequence[Recorded]], Derived]
    """Facts in position order, at least one -> rows and work to write with the cursor."""


class Followed(Journal, Cursors, Protocol):
    """A journal that keeps its followers' cursors."""


def step(journal: Followed, follower: Follower, *, limit: int = FACTS_PER_STEP) -> int:
    """Deal with the next facts, if there are any.

    Returns
    -------
    int
        Facts dealt with; 0 when the follower has seen everything, or when another process moved
        its cursor meanwhile.
    """
    after = journal.cursor(follower.name)
    facts = journal.follow(after, limit=limit)
    if not facts:
        return 0
    derived = follower.apply(facts)
    is_moved = journal.advance(follower.name, after=after, to=facts[-1].position, derived=derived)
    return len(facts) if is_moved else 0


def catch_up(journal: Followed, follower: Follower, *, limit: int = FACTS_PER_STEP) -> int:
    """Deal with everything up to now and count it."""
    total = 0
    while count := step(journal, follower, limit=limit):
        total += count
    return total


def lag(journal: Followed, follower: Follower) -> int:
    """Measure how many positions a follower is behind."""
    return max(0, journal.head() - journal.cursor(follower.name))
