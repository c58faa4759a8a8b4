"""Let a parcel wait longer."""

from ..core import parcel as custody
from ..core import site as capacity
from ..core.ids import ParcelId, parcel_stream, site_stream
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..views.principal import Principal, Role
from .credentials import prolong_grants
from .lookup import find_file, find_inside
from .means import Means
from .recording import decide_custody, decide_room


def extend(
    _means: Means, principal: Principal, *, parcel: ParcelId, cause: str = ""
) -> Operation[UtcSeconds]:
    """Extend a hold by one step of its policy; answers when it ends now.

    The code stays valid until then, and the compartment stays taken.

    Raises
    ------
    Refused
        By the operation: ``hold_expired``, ``extension_limit``, ``not_held``.
    """
    principal.need_role(Role.PARTNER, Role.OPERATOR, Role.RECIPIENT)

    def run(ledger: Ledger) -> UtcSeconds:
        by = principal.actor
        find_file(ledger, principal, parcel)
        command = custody.ExtendHold(at=ledger.now)
        decide_custody(ledger, parcel, command, by=by, cause=cause)
        held = ledger.state(parcel_stream(parcel)).custody
        if not isinstance(held, custody.Held):
            raise TypeError("an extended parcel is held")
        prolong_grants(ledger, parcel, held.hold_until, by=by, cause=cause)
        site = held.place.site
        inside = find_inside(ledger.state(site_stream(site)), parcel)
        if inside is not None:
            keep = capacity.KeepSpace(at=ledger.now, booking=inside, until=held.hold_until)
            decide_room(ledger, site, keep, by=by, cause=cause)
        return held.hold_until

    return Operation((parcel_stream(parcel),), run)
