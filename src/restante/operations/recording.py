"""Ask one of the machines and record what follows, in whoever's name it is asked."""

from ..core import grant as permission
from ..core import parcel as custody
from ..core import remote
from ..core import site as capacity
from ..core.ids import (
    ActorId,
    LockerId,
    ParcelId,
    SiteId,
    parcel_stream,
    remote_stream,
    site_stream,
)
from ..journal.ledger import Ledger


def decide_custody(
    ledger: Ledger,
    name: ParcelId,
    command: custody.ParcelCommand,
    *,
    by: ActorId,
    cause: str = "",
) -> tuple[custody.ParcelFact, ...]:
    """Ask a parcel's custody."""
    stream = parcel_stream(name)
    facts = custody.decide(ledger.state(stream).custody, command)
    ledger.record(stream, *facts, by=by, cause=cause)
    return facts


def decide_grant(
    ledger: Ledger,
    name: ParcelId,
    command: permission.GrantCommand,
    *,
    by: ActorId,
    cause: str = "",
) -> tuple[permission.GrantFact, ...]:
    """Ask the grants of a parcel."""
    stream = parcel_stream(name)
    facts = permission.decide(ledger.state(stream).grants, command)
    ledger.record(stream, *facts, by=by, cause=cause)
    return facts


def decide_room(
    ledger: Ledger,
    name: SiteId,
    command: capacity.SiteCommand,
    *,
    by: ActorId,
    cause: str = "",
) -> tuple[capacity.SiteFact, ...]:
    """Ask a site's promises."""
    stream = site_stream(name)
    facts = capacity.decide(ledger.state(stream), command)
    ledger.record(stream, *facts, by=by, cause=cause)
    return facts


def decide_remote(
    ledger: Ledger,
    name: LockerId,
    command: remote.RemoteCommand,
    *,
    by: ActorId,
    cause: str = "",
) -> tuple[remote.RemoteFact, ...]:
    """Ask what is asked of a locker from afar."""
    stream = remote_stream(name)
    facts = remote.decide(ledger.state(stream), command)
    ledger.record(stream, *facts, by=by, cause=cause)
    return facts
