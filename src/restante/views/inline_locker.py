"""Rows that follow from a locker's facts: its compartments, and what a person should look at."""

from collections.abc import Iterator, Sequence
from typing import Final

from ..core import alarm, locker
from ..core import compartment as machine
from ..core.compartment import Compartment
from ..core.content import CompartmentFreed, ContentUnclear
from ..core.door import DoorForced
from ..core.ids import CompartmentId
from ..journal.port import Derived, Recorded, RowChange, Scalar
from .alarms import alarms_row
from .tables import ANOMALIES, COMPARTMENTS

MATTERS: Final = ("door_forced", "content_unclear", "out_of_service")
"""Kinds of anomaly a compartment can have; one open matter of each at a time."""

_ALARMS: Final = (alarm.AlarmRaised, alarm.AlarmCleared)
_LOOKED_AT: Final = (
    DoorForced,
    ContentUnclear,
    machine.TakenOutOfService,
    machine.ReturnedToService,
    CompartmentFreed,
)


def derive_locker(owner: str, recorded: Sequence[Recorded], state: locker.Locker) -> Derived:
    """Tell what follows from facts of ``locker/<owner>``."""
    rows: list[RowChange] = []
    touched: dict[CompartmentId, Recorded] = {}
    for one in recorded:
        if isinstance(one.fact, locker.LockerInstalled):
            touched.update(dict.fromkeys(one.fact.compartments, one))
        else:
            name = getattr(one.fact, "compartment", None)
            if isinstance(name, str):
                touched[CompartmentId(name)] = one
        if isinstance(one.fact, _LOOKED_AT):
            rows.extend(_anomalies(owner, one))
    if any(isinstance(one.fact, _ALARMS) for one in recorded):
        rows.append(alarms_row(owner, state))
    for name, one in touched.items():
        known = state.compartments.get(name)
        rows.append(_compartment_row(owner, name, one, known))
    return Derived(rows)


def _compartment_row(
    owner: str, name: CompartmentId, one: Recorded, known: Compartment | None
) -> RowChange:
    if known is None:
        return RowChange(COMPARTMENTS.name, (owner, name), None)
    values: dict[str, Scalar] = {
        "content": known.content.value,
        "door": known.door.value,
        "parcel": known.parcel,
        "out_of_service": known.out_of_service,
        "opening_count": known.opening_count,
        "failure_count": known.failure_count,
        "changed_at": one.fact.at,
        "position": one.position,
    }
    return RowChange(COMPARTMENTS.name, (owner, name), values)


def _anomalies(owner: str, one: Recorded) -> Iterator[RowChange]:
    match one.fact:
        case DoorForced(compartment=name):
            yield _opened(owner, name, one, "door_forced", "the door stands open unasked")
        case ContentUnclear(compartment=name, why=why):
            yield _opened(owner, name, one, "content_unclear", why)
        case machine.TakenOutOfService(compartment=name, why=why):
            yield _opened(owner, name, one, "out_of_service", why)
        case machine.ReturnedToService(compartment=name):
            for kind in MATTERS:
                yield RowChange(ANOMALIES.name, (owner, f"{kind}/{name}"), None)
        case CompartmentFreed(compartment=name, evidence="courier_check"):
            yield RowChange(ANOMALIES.name, (owner, f"content_unclear/{name}"), None)
        case _:
            return


def _opened(owner: str, name: CompartmentId, one: Recorded, kind: str, detail: str) -> RowChange:
    values: dict[str, Scalar] = {
        "kind": kind,
        "detail": detail,
        "site": None,
        "locker": owner,
        "compartment": name,
        "parcel": None,
        "partner": None,
        "noticed_at": one.fact.at,
        "status": "open",
        "handled_by": None,
        "handled_at": None,
        "note": "",
    }
    return RowChange(ANOMALIES.name, (owner, f"{kind}/{name}"), values)
