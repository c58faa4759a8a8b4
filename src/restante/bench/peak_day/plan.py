"""The busiest hour of the busiest day as a timetable: what is asked when, and how much it writes.

From the network's size follow the rates. Europe's largest network takes 15 million parcels through
61,000 lockers on its busiest day; with a tenth of all collections in the busiest hour that is 420
a second, and deposits within eight hours 520 a second. With twelve facts a parcel it is 5,000
facts a second, and a heartbeat of each locker a minute is 1,000 a second.

P1. The timetable is fixed before anything happens (open loop): a slow centre delays nothing that
    is due, so that waiting shows.
P2. One parcel here writes more than twelve facts. The rate asked for is counted in facts; how many
    deposits a second that is, is told beside it.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from typing import Final, NamedTuple

LOCKERS: Final = 61_000
FACTS_PER_S: Final = 5_000.0
"""Of :data:`LOCKERS` lockers in the busiest hour."""

BEAT_SECONDS: Final = 61.0
"""Between two heartbeats of a locker: a thousand a second of all."""

BATCH: Final = 50
"""Announcements in one request."""


class Kind(StrEnum):
    """What is asked of the centre, beside heartbeats."""

    ANNOUNCE = "announce"
    BOOKING = "booking"
    DEPOSIT = "deposit"
    COLLECTION = "collection"


SHARES: Final = {
    Kind.ANNOUNCE: 520.0,
    Kind.BOOKING: 52.0,
    Kind.DEPOSIT: 520.0,
    Kind.COLLECTION: 420.0,
}
"""Operations a second at full scale. One announcement in ten asks for room later, alone."""

FACTS: Final = {
    Kind.ANNOUNCE: 4.0 * 0.9 + 1.0 * 0.1,
    Kind.BOOKING: 3.0,
    Kind.DEPOSIT: 8.0,
    Kind.COLLECTION: 12.0,
}
"""Facts of each: announced, room set aside and taken note of, code given (four, or one without
room, which the booking adds); five of a locker and three drawn from them; nine and three."""

NOTICE_FACTS: Final = {Kind.DEPOSIT: 1.0, Kind.COLLECTION: 0.0}
"""Facts that follow when the recipient was told."""


class Rates(NamedTuple):
    """What is asked in a second."""

    lockers: int
    facts: float
    """In all, with those that follow from notices."""
    beats: float
    operations: dict[str, float]
    """By kind."""

    @property
    def share(self) -> float:
        """How much of the deposits of the busiest hour of a network of this size."""
        full = SHARES[Kind.DEPOSIT] * self.lockers / LOCKERS
        return self.operations[Kind.DEPOSIT] / full


class Due(NamedTuple):
    """Something that is due."""

    at_s: float
    """From the beginning."""
    kind: Kind


def make_rates(lockers: int, facts_per_s: float | None = None) -> Rates:
    """Work out what a network asks in the busiest hour.

    Parameters
    ----------
    facts_per_s
        Instead of what follows from the number of lockers.
    """
    facts = FACTS_PER_S * lockers / LOCKERS if facts_per_s is None else facts_per_s
    each = {kind: FACTS[kind] + NOTICE_FACTS.get(kind, 0.0) for kind in Kind}
    scale = facts / sum(SHARES[kind] * each[kind] for kind in Kind)
    operations = {kind.value: share * scale for kind, share in SHARES.items()}
    return Rates(lockers, facts, lockers / BEAT_SECONDS, operations)


def scale_rates(rates: Rates, factor: float) -> Rates:
    """Ask for a part of the facts; heartbeats stay."""
    operations = {kind: factor * per_s for kind, per_s in rates.operations.items()}
    return Rates(rates.lockers, factor * rates.facts, rates.beats, operations)


def make_timetable(per_s: float, seconds: float, kind: Kind) -> Iterator[Due]:
    """List when one kind is due: evenly, as many small sources together are."""
    if per_s <= 0:
        return
    for place in count():
        at_s = (place + 0.5) / per_s
        if at_s >= seconds:
            return
        yield Due(at_s, kind)
