"""Alarms of lockers at the centre: a matter for each, opened and ended with it.

R1. Every alarm is a matter of its own, named by kind, place and when it was raised: the history of
    one is not overwritten by the next.
R2. What is over is resolved by itself; what a person noted about it stays.
R3. Nothing is done to codes or doors: the queue advises, people decide.
"""

from collections.abc import Callable
from typing import Final

from ..core.alarm import AlarmCleared, AlarmKind, AlarmRaised, alarm_key
from ..core.ids import ActorId, LockerId, SiteId
from ..core.value import UtcSeconds
from ..journal.ledger import Ledger
from .matters import end_matter, open_matter

_TEXTS: Final[dict[AlarmKind, Callable[[AlarmRaised], str]]] = {
    AlarmKind.TAMPER: lambda _: "the housing is open or was moved",
    AlarmKind.DOOR_LEFT_OPEN: lambda fact: (
        f"the door stands open, {fact.at - fact.since} seconds after the visit was over"
    ),
    AlarmKind.BOARD_SILENT: lambda fact: (
        f"lock board {fact.board} does not answer: its doors can neither be read nor opened"
    ),
    AlarmKind.HEAT: lambda fact: f"{_degrees(fact.value)}, limit {_degrees(fact.limit)}",
    AlarmKind.COLD: lambda fact: f"{_degrees(fact.value)}, limit {_degrees(fact.limit)}",
    AlarmKind.DAMP: lambda fact: f"{fact.value} % humidity, limit {fact.limit} %",
    AlarmKind.MAINS_LOST: lambda _: "no mains power: it runs on its battery, if it has one",
    AlarmKind.BATTERY_LOW: lambda fact: f"{_volts(fact.value)}, limit {_volts(fact.limit)}",
}


def alarm_raised(ledger: Ledger, fact: AlarmRaised, *, locker: LockerId, site: SiteId) -> None:
    """Put an alarm into the queue."""
    open_matter(
        ledger,
        owner=locker,
        key=_key(fact, fact.at),
        kind=fact.kind.value,
        detail=_TEXTS[fact.kind](fact),
        site=site,
        locker=locker,
        compartment=fact.compartment,
        noticed_at=fact.at,
    )


def alarm_cleared(ledger: Ledger, fact: AlarmCleared, *, locker: LockerId, by: ActorId) -> None:
    """Resolve the matter of an alarm that is over."""
    end_matter(ledger, owner=locker, key=_key(fact, fact.raised_at), by=by)


def _key(fact: AlarmRaised | AlarmCleared, raised_at: UtcSeconds) -> str:
    return f"alarm/{alarm_key(fact.kind, fact.compartment, fact.board)}/{raised_at}"


def _degrees(tenths: int) -> str:
    return f"{tenths / 10:.1f} °C"


def _volts(millivolts: int) -> str:
    return f"{millivolts / 1000:.1f} V"
