"""What follows from facts, written in their own transaction: rows, timers, lists and work.

:func:`derive` is pure: the facts one transaction added to one stream and the state after them
give rows and work. It must be total, as ``evolve`` is, and it writes whole rows from the state,
so that the order in which facts were gathered into one unit does not matter.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from ..core import locker, remote, site
from ..core.ids import split_stream
from ..core.streams import ParcelFile
from ..core.value import Value
from ..journal.inline import derives
from ..journal.port import Derived, Recorded
from .alarms import LOCKER_ALARMS
from .inline_locker import derive_locker
from .inline_parcel import derive_parcel
from .inline_remote import derive_remote
from .inline_site import derive_site
from .remote_tables import REMOTE_OPENINGS
from .tables import (
    ANOMALIES,
    BOOKINGS,
    COMPARTMENTS,
    LIST_ENTRIES,
    LOCKERS,
    MILESTONES,
    PARCELS,
    SITES,
    TIMERS,
)


@derives(
    ANOMALIES.name,
    BOOKINGS.name,
    COMPARTMENTS.name,
    LIST_ENTRIES.name,
    LOCKER_ALARMS.name,
    MILESTONES.name,
    PARCELS.name,
    REMOTE_OPENINGS.name,
    TIMERS.name,
    kept=(LOCKERS.name, SITES.name),
)
def derive(recorded: Sequence[Recorded], state: Value) -> Derived:
    """Tell which rows and which work follow from one unit."""
    if not recorded:
        return Derived()
    found = _BY_STATE.get(type(state))
    if found is None:
        return Derived()
    _, owner = split_stream(recorded[0].stream)
    return found(owner, recorded, state)


_BY_STATE: Final[dict[type[Value], Callable[[str, Sequence[Recorded], Any], Derived]]] = {
    ParcelFile: derive_parcel,
    site.Site: derive_site,
    locker.Locker: derive_locker,
    remote.Remote: derive_remote,
}
