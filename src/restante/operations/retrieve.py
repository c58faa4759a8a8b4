"""Bring parcels back: what a courier took out, and what has arrived where it came from.

A courier retrieves at the locker, and the locker reports it (:mod:`.reactions`). What happened
without the locker's knowledge is noted here by an operator.
"""

from ..core import parcel as custody
from ..core import site as capacity
from ..core.ids import CourierId, ParcelId, parcel_stream, site_stream
from ..core.refusal import Reason, Refused
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .credentials import revoke_grants
from .lookup import find_file, find_inside
from .means import Means
from .recording import decide_custody, decide_room


def note_retrieved(
    _means: Means, principal: Principal, *, parcel: ParcelId, courier: CourierId, cause: str = ""
) -> Operation[None]:
    """Note that a courier has an overdue parcel although its locker did not say so.

    Raises
    ------
    Refused
        By the operation: ``not_overdue``, ``not_held``.
    """
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        state = find_file(ledger, principal, parcel).custody
        if not isinstance(state, custody.Held | custody.Overdue):
            raise Refused(Reason.NOT_HELD, "it lies in no compartment that we know of")
        site = state.place.site
        command = custody.Retrieve(at=ledger.now, place=state.place, courier=courier)
        decide_custody(ledger, parcel, command, by=principal.actor, cause=cause)
        revoke_grants(ledger, parcel, why="ended", by=principal.actor, cause=cause)
        inside = find_inside(ledger.state(site_stream(site)), parcel)
        if inside is not None:
            left = capacity.LeaveSpace(at=ledger.now, booking=inside)
            decide_room(ledger, site, left, by=principal.actor, cause=cause)

    return Operation((parcel_stream(parcel),), run)


def complete_return(
    _means: Means, principal: Principal, *, parcel: ParcelId, cause: str = ""
) -> Operation[None]:
    """Note that a retrieved parcel is back with its sender.

    Raises
    ------
    Refused
        By the operation: ``not_held`` before it was deposited, ``parcel_in_compartment`` before
        it was retrieved, ``parcel_ended`` after its recipient took it.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR, Role.COURIER)

    def run(ledger: Ledger) -> None:
        find_file(ledger, principal, parcel)
        command = custody.CompleteReturn(at=ledger.now)
        decide_custody(ledger, parcel, command, by=principal.actor, cause=cause)

    return Operation((parcel_stream(parcel),), run)
