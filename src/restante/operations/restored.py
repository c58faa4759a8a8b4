"""Records that were put back from a copy: what came after the copy was told to others.

Lockers hold newer lists than these records know, and partners have read events up to positions
that are not written yet. A locker's own facts come again by themselves, because the watermark of
the answer to its greeting is lower.

R1. Positions go on above everything that may have been told, so that no position names two facts
    and no list is older than one that was sent.
R2. Every site's list is sent whole: what a locker holds may never have been true here.
R3. What nobody but the lost records knew is lost: announcements and changes after the copy.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Protocol

from sqlalchemy import Connection, select

from ..core.fleet import DECIDER, RecordsPutBack
from ..core.ids import fleet_stream
from ..core.value import UtcSeconds
from ..journal.port import Batch, Entry, Journal, RowChange, Unit
from ..views.principal import Principal
from ..views.tables import LIST_FLOORS, SITES

POSITIONS_SKIPPED: Final = 1_000_000_000
"""More than any network writes between two copies: 15 million parcels make 180 million facts on the
busiest day."""


class Restorable(Journal, Protocol):
    """A journal whose views can be read."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment."""
        ...


def note_put_back(
    journal: Restorable,
    principal: Principal,
    *,
    network: str,
    now: Callable[[], UtcSeconds],
) -> int:
    """Let records that were put back from a copy go on; to be done once, before the centre starts.

    Parameters
    ----------
    network
        Short name of the network.

    Returns
    -------
    int
        The position they go on from.
    """
    at = now()
    stream = fleet_stream(network)
    last = journal.head()
    first = last + POSITIONS_SKIPPED + 1
    known = journal.states([stream]).get(stream)
    version = 0 if known is None else known.version
    state = DECIDER.initial if known is None else known.state
    fact = RecordsPutBack(at=at, last_position=last)
    with journal.reading() as connection:
        sites = connection.scalars(select(SITES.c.site)).all()
    batch = Batch(
        units=[Unit(stream, version, [Entry(fact=fact, by=principal.actor)], state)],
        rows=[RowChange(LIST_FLOORS.name, (site,), {"position": first}) for site in sites],
        skip=POSITIONS_SKIPPED,
    )
    (recorded,) = journal.append(batch, recorded_at=at)
    return recorded.position
