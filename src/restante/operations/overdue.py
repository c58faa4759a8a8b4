"""What happens to a parcel when time passes: its hold ends, its code is forgotten."""

from ..core import parcel as custody
from ..core.grant import GrantRevoked
from ..core.ids import ParcelId, parcel_stream
from ..core.streams import ParcelFile
from ..journal.ledger import Ledger, Operation
from ..views.inline_parcel import GRANT_SWEEP_SECONDS
from ..views.principal import TIMEKEEPER
from .credentials import forget_code, revoke_grants
from .lookup import find_file
from .recording import decide_custody


def expire_hold(*, parcel: ParcelId) -> Operation[bool]:
    """Call a parcel overdue if its hold has passed; true when it did.

    The recipient's code opens nothing any more; a courier of the partner takes the parcel out.
    """

    def run(ledger: Ledger) -> bool:
        state = find_file(ledger, TIMEKEEPER, parcel).custody
        if not isinstance(state, custody.Held) or ledger.now < state.hold_until:
            return False
        command = custody.ExpireHold(at=ledger.now)
        decide_custody(ledger, parcel, command, by=TIMEKEEPER.actor)
        revoke_grants(ledger, parcel, why="overdue", by=TIMEKEEPER.actor)
        return True

    return Operation((parcel_stream(parcel),), run)


def sweep_grants(*, parcel: ParcelId) -> Operation[bool]:
    """Take used grants off the list once nobody may re-open their doors; true when it did."""

    def run(ledger: Ledger) -> bool:
        file: ParcelFile = find_file(ledger, TIMEKEEPER, parcel)
        ended = [
            known
            for known in file.grants.grants.values()
            if known.used_at is not None
            and known.revoked_at is None
            and ledger.now >= known.used_at + GRANT_SWEEP_SECONDS
        ]
        for known in ended:
            # Recorded without a decision: a used grant cannot be refused its end.
            fact = GrantRevoked(at=ledger.now, grant=known.grant, why="ended")
            ledger.record(parcel_stream(parcel), fact, by=TIMEKEEPER.actor)
            forget_code(ledger, known)
        return bool(ended)

    return Operation((parcel_stream(parcel),), run)
