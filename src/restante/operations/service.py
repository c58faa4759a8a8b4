"""Compartments in and out of service, sites closed and reopened, and matters handled.

R1. The centre orders, the locker does: an order travels on the list, and the compartment changes
    when its locker says so. Until then the site's capacity stays as it was.
R2. A closure keeps out what would come in its time; what is booked or inside stays.
"""

from typing import Final

from ..core import site as capacity
from ..core.ids import CompartmentId, LockerId, SiteId, locker_stream, site_stream
from ..core.refusal import Reason, Refused
from ..core.site import ServiceOrdered
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger, Operation
from ..journal.port import RowChange
from ..views.principal import NotFound, Principal, Role
from ..views.tables import ANOMALIES, LOCKERS, SITES
from .directory import put_site_note, read_layout
from .lookup import find_locker_row, find_site_row
from .recording import decide_room

MATTER_STATUSES: Final = ("open", "acknowledged", "resolved")
NOTE_MAX: Final = 1_000
"""Longest note on a matter (chosen)."""


def order_service(
    principal: Principal,
    *,
    locker: LockerId,
    compartment: CompartmentId,
    in_service: bool,
    why: str = "",
    cause: str = "",
) -> Operation[None]:
    """Order a compartment into or out of service; its locker follows when it hears of it (R1)."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        row = find_locker_row(ledger, locker)
        if compartment not in {spec.id for spec in read_layout(row["layout"])}:
            raise Refused(
                Reason.COMPARTMENT_UNKNOWN, f"{locker} has no {compartment}; see its drawing"
            )
        fact = ServiceOrdered(
            at=ledger.now,
            locker=locker,
            compartment=compartment,
            in_service=in_service,
            why=why or ("" if in_service else "ordered"),
        )
        ledger.record(site_stream(SiteId(str(row["site"]))), fact, by=principal.actor, cause=cause)

    return Operation((locker_stream(locker),), run, ((LOCKERS.name, (locker,)),))


def close_site(
    principal: Principal,
    *,
    site: SiteId,
    from_at: UtcSeconds,
    until: UtcSeconds,
    why: str,
    cause: str = "",
) -> Operation[None]:
    """Accept nothing at a site for a time (R2).

    Raises
    ------
    Refused
        By the operation: ``not_possible_now`` when the time ends before it begins.
    """
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        row = find_site_row(ledger, site)
        if from_at >= until:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "the closure ends before it begins; swap them")
        command = capacity.CloseSite(at=ledger.now, from_at=from_at, until=until, why=why)
        decide_room(ledger, site, command, by=principal.actor, cause=cause)
        put_site_note(ledger, site, dict(row))

    return Operation((site_stream(site),), run, ((SITES.name, (site,)),))


def reopen_site(principal: Principal, *, site: SiteId, cause: str = "") -> Operation[None]:
    """Lift all closures of a site."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        row = find_site_row(ledger, site)
        command = capacity.ReopenSite(at=ledger.now)
        decide_room(ledger, site, command, by=principal.actor, cause=cause)
        put_site_note(ledger, site, dict(row))

    return Operation((site_stream(site),), run, ((SITES.name, (site,)),))


def handle_matter(
    principal: Principal, *, owner: str, key: str, status: str, note: str = ""
) -> Operation[None]:
    """Acknowledge, resolve or reopen something that needs a person."""
    principal.need_role(Role.OPERATOR)
    if status not in MATTER_STATUSES:
        raise ValueError(f"status: one of {', '.join(MATTER_STATUSES)}")
    if len(note) > NOTE_MAX:
        raise ValueError(f"note: at most {NOTE_MAX} characters")

    def run(ledger: Ledger) -> None:
        row = ledger.row(ANOMALIES.name, (owner, key))
        if row is None:
            raise NotFound("matter", f"{owner}/{key}")
        values = {
            **row,
            "status": status,
            "handled_by": principal.actor,
            "handled_at": ledger.now,
            "note": note or row["note"],
        }
        ledger.put(RowChange(ANOMALIES.name, (owner, key), values))

    return Operation((), run, ((ANOMALIES.name, (owner, key)),))
