"""What a life came to: counted from the journals, and held against what really lies where.

``lost`` counts whatever was acknowledged and is not there: facts of a locker that the centre does
not have, and parcels that are not where the centre believes them.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from ..core import attempts, handoff, parcel, site
from ..core.ids import locker_stream, parcel_stream
from ..core.streams import KINDS, ParcelFile
from ..core.value import Value
from ..journal import verify as journal_verify
from ..journal.port import Recorded
from .letters import Letters
from .ports import Record
from .stand import Stand

PAGE: Final = 2_000


class Tally(Value):
    """Counts of one run, in the order they are printed."""

    announced: int
    booked: int
    deposited: int
    collected: int
    overdue: int
    retrieved: int
    turned_away: int
    notices_sent: int
    facts: int
    wrong_codes_refused: int
    lost: int
    verify: str
    """``ok``, or the first damage found."""
    seconds: float
    """Of the machine's time."""


def count_tally(
    journal: Record,
    stands: Sequence[Stand],
    letters: Letters,
    *,
    notices_sent: int,
    seconds: float,
) -> Tally:
    """Count everything once, from the facts.

    Parameters
    ----------
    journal
        The centre's.
    """
    seen: Counter[type] = Counter(type(one.fact) for one in _all_facts(journal))
    return Tally(
        announced=seen[parcel.ParcelAnnounced],
        booked=seen[site.CapacityBooked],
        deposited=seen[parcel.ParcelDeposited],
        collected=seen[parcel.ParcelCollected],
        overdue=seen[parcel.HoldExpired],
        retrieved=seen[parcel.ParcelRetrieved],
        turned_away=seen[handoff.TurnedAway],
        notices_sent=notices_sent,
        facts=seen.total(),
        wrong_codes_refused=seen[attempts.AttemptCounted] - seen[attempts.AttemptProved],
        lost=_count_missing_facts(journal, stands) + _count_misplaced(journal, stands, letters),
        verify=_verify(journal, stands),
        seconds=round(seconds, 2),
    )


def _all_facts(journal: Record) -> Iterator[Recorded]:
    position = 0
    while page := journal.follow(position, limit=PAGE):
        yield from page
        position = page[-1].position


def _count_missing_facts(journal: Record, stands: Sequence[Stand]) -> int:
    """Count facts that a locker has written and the centre does not hold."""
    missing = 0
    for stand in stands:
        stream = locker_stream(stand.locker)
        here = stand.controller.store.version
        there = journal.states([stream]).get(stream)
        missing += here - (there.version if there is not None else 0)
    return missing


def _count_misplaced(journal: Record, stands: Sequence[Stand], letters: Letters) -> int:
    """Count parcels that do not lie where the centre believes them, and those nobody knows."""
    boards = {stand.locker: stand.board for stand in stands}
    lying = {
        parcel_id: (stand.locker, name)
        for stand in stands
        for name in stand.controller.state.compartments
        if (parcel_id := stand.board.inside(name)) is not None
    }
    misplaced = 0
    for consigned in letters.by_label.values():
        if consigned.parcel is None:
            continue
        stream = parcel_stream(consigned.parcel)
        row = journal.states([stream]).get(stream)
        state = row.state.custody if row and isinstance(row.state, ParcelFile) else None
        match state:
            case parcel.Held(place=place) | parcel.Overdue(place=place):
                is_right = boards[place.locker].inside(place.compartment) == consigned.parcel
            case None:
                is_right = False
            case _:
                is_right = consigned.parcel not in lying
        misplaced += not is_right
    return misplaced


def _verify(journal: Record, stands: Sequence[Stand]) -> str:
    own = (stand.controller.store.journal for stand in stands)
    for each in (journal, *own):
        report = journal_verify.verify(each, KINDS)
        if not report.is_sound:
            return report.text()
    return "ok"
