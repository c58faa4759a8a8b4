"""What needs a person: put into the queue, and taken out when it is over by itself.

Facts, operations and people open and close matters; what a person wrote about one stays with it.
"""

from typing import Any

from ..core.ids import CompartmentId, LockerId, SiteId
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger
from ..journal.port import RowChange
from ..views.tables import ANOMALIES


def open_matter(
    ledger: Ledger,
    *,
    owner: str,
    key: str,
    kind: str,
    detail: str,
    site: SiteId | None = None,
    locker: LockerId | None = None,
    parcel: str | None = None,
    partner: str | None = None,
    compartment: CompartmentId | None = None,
    noticed_at: UtcSeconds | None = None,
) -> None:
    """Put something that needs a person into their queue."""
    values: dict[str, Any] = {
        "kind": kind,
        "detail": detail,
        "site": site,
        "locker": locker,
        "compartment": compartment,
        "parcel": parcel,
        "partner": partner,
        "noticed_at": ledger.now if noticed_at is None else noticed_at,
        "status": "open",
        "handled_by": None,
        "handled_at": None,
        "note": "",
    }
    ledger.put(RowChange(ANOMALIES.name, (owner, key), values))


def end_matter(ledger: Ledger, *, owner: str, key: str, by: str) -> None:
    """Resolve what is over by itself; who looked after it, and the note, are kept."""
    row = ledger.row(ANOMALIES.name, (owner, key))
    if row is None or row["status"] == "resolved":
        return
    values = {**row, "status": "resolved"}
    if row["handled_by"] is None:
        values |= {"handled_by": by, "handled_at": ledger.now}
    ledger.put(RowChange(ANOMALIES.name, (owner, key), values))
