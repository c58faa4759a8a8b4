"""Rows that follow from what was asked of a locker from afar."""

from collections.abc import Sequence

from ..core.ids import OrderId
from ..core.remote import Remote
from ..journal.port import Derived, Recorded, RowChange, Scalar
from .remote_tables import REMOTE_OPENINGS


def derive_remote(owner: str, recorded: Sequence[Recorded], state: Remote) -> Derived:
    """Tell what follows from facts of ``remote/<owner>``."""
    touched: dict[OrderId, int] = {}
    for one in recorded:
        order = getattr(one.fact, "order", None)
        if isinstance(order, str):
            touched[OrderId(order)] = one.position
    rows = [_row(owner, order, position, state) for order, position in touched.items()]
    return Derived([row for row in rows if row is not None])


def _row(owner: str, order: OrderId, position: int, state: Remote) -> RowChange | None:
    known = state.asked.get(order)
    if known is None:
        return None
    values: dict[str, Scalar] = {
        "compartment": known.compartment,
        "purpose": known.purpose.value,
        "asked_by": known.asked_by,
        "approved_by": known.approved_by,
        "why": known.why,
        "parcel": known.parcel,
        "phase": known.phase.value,
        "outcome": None if known.outcome is None else known.outcome.value,
        "reason": known.reason,
        "asked_at": known.asked_at,
        "until": known.until,
        "sent_at": known.sent_at,
        "ended_at": known.ended_at,
        "position": position,
    }
    return RowChange(REMOTE_OPENINGS.name, (owner, order), values)
