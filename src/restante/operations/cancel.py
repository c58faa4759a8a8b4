"""Expect a parcel no more."""

from ..core import parcel as custody
from ..core.ids import ParcelId, parcel_stream
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .booking import end_booking
from .credentials import revoke_grants
from .lookup import find_file
from .means import Means
from .recording import decide_custody


def cancel(
    _means: Means, principal: Principal, *, parcel: ParcelId, why: str = "", cause: str = ""
) -> Operation[None]:
    """Cancel a parcel that has not come; its room is free again and its code opens nothing.

    Raises
    ------
    Refused
        By the operation: ``parcel_in_compartment`` once it lies inside, ``parcel_ended``.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        by = principal.actor
        state = find_file(ledger, principal, parcel).custody
        if isinstance(state, custody.Booked):
            end_booking(ledger, state, why="cancelled", by=by, cause=cause)
        command = custody.Cancel(at=ledger.now, why=why)
        decide_custody(ledger, parcel, command, by=by, cause=cause)
        revoke_grants(ledger, parcel, why="cancelled", by=by, cause=cause)

    return Operation((parcel_stream(parcel),), run)
