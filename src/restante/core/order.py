"""An order of the centre to open one door, as a locker judges it.

Who signed an order, for which locker and for which life of its journal, is settled before it
comes here. These are the rules about one order among others; whether the door may open at all is
ruled in :mod:`.locker`, as for everybody who stands before it.

Rules
-----
R1  Counters rise. An order whose counter is not above that of every order judged before is
    replayed or late: it is refused and not recorded, so that nobody fills the disk with it.
R2  An order's name is judged once.
R3  An order lives for :data:`ORDER_SECONDS_MAX` at most, and not before it was issued; while the
    time is unknown, R4 alone says so.
R4  An order repeats what this locker has just given, over the link or on its screen. Clocks do not
    prove that it is fresh: whoever can hold an order back can hold back the word about the time.
R5  A recipient's order needs what this locker's own screen shows: who asks stands before it.
R6  An order that is refused is recorded and used up like one that was taken.
R7  A partner's order is for a parcel of its own, and void when another lies there by then.
"""

from typing import Final, TypeAlias

from .grant import Grant, Purpose
from .ids import ActorId, CompartmentId, OpeningId, OrderId, ParcelId, SessionId
from .refusal import Reason, Refused
from .value import Command, Fact, UtcSeconds, Value

ORDER_SECONDS_MAX: Final = 60
"""How long an order may live (reliability I26)."""

AHEAD_SECONDS_MAX: Final = 15
"""How far the centre's clock may be ahead of the locker's (chosen: signed time keeps them within
two seconds)."""

_RECENT_MAX: Final = 32


class Orders(Value):
    """What a locker remembers of orders."""

    counter: int = 0
    """Highest of those judged."""
    recent: tuple[OrderId, ...] = ()


class OrderTaken(Fact, tag="locker.order_taken.v1"):
    """The locker took an order of the centre and opens the door."""

    order: OrderId
    counter: int
    compartment: CompartmentId
    opening: OpeningId
    asked_by: ActorId


class OrderRefused(Fact, tag="locker.order_refused.v1"):
    """The locker refused an order of the centre; no door moved."""

    order: OrderId
    counter: int
    compartment: CompartmentId
    reason: str
    """As :class:`restante.core.refusal.Reason` names it."""
    detail: str = ""


OrderFact: TypeAlias = OrderTaken | OrderRefused


class TakeOrder(Command, tag="take_order"):
    """Open a door because the centre says so."""

    order: OrderId
    counter: int
    compartment: CompartmentId
    purpose: Purpose
    """``service`` or ``collect``."""
    issued_at: UtcSeconds
    expires_at: UtcSeconds
    asked_by: ActorId
    opening: OpeningId
    session: SessionId
    """Names the visit there is none of: nobody is signed in for an order."""
    grant: Grant | None = None
    """As the locker's own list gives it."""
    parcel: ParcelId | None = None
    """For a partner: opens only while this parcel lies inside (R7)."""
    is_time_unknown: bool = False
    is_fresh: bool = False
    """Whether it repeats a challenge this locker has just given."""
    is_present: bool = False
    """Whether it names what this locker's screen shows."""


def judge(state: Orders, command: TakeOrder) -> OrderFact:
    """Say what the locker writes about an order when its door may open.

    Raises
    ------
    Refused
        ``order_replayed``: nothing is recorded (R1, R2).
    """
    if command.counter <= state.counter or command.order in state.recent:
        raise Refused(Reason.ORDER_REPLAYED)
    why = _find_fault(command)
    if why is not None:
        return refuse(command, Refused(why))
    return OrderTaken(
        at=command.at,
        order=command.order,
        counter=command.counter,
        compartment=command.compartment,
        opening=command.opening,
        asked_by=command.asked_by,
    )


def refuse(command: TakeOrder, refusal: Refused) -> OrderRefused:
    """Say what the locker writes about an order that opens nothing (R6)."""
    return OrderRefused(
        at=command.at,
        order=command.order,
        counter=command.counter,
        compartment=command.compartment,
        reason=refusal.reason.value,
        detail=refusal.detail,
    )


def evolve(state: Orders, fact: OrderFact) -> Orders:
    """Say what is true after a fact; any fact in any state."""
    recent = (*state.recent, fact.order)[-_RECENT_MAX:]
    return Orders(counter=max(state.counter, fact.counter), recent=recent)


def _find_fault(command: TakeOrder) -> Reason | None:
    at, issued_at = command.at, command.issued_at
    if command.purpose is Purpose.COLLECT and not command.is_present:
        return Reason.NOT_PRESENT
    if command.expires_at - issued_at > ORDER_SECONDS_MAX:
        return Reason.ORDER_EXPIRED
    # What the screen showed a moment ago proves as much as what the link carried.
    if not (command.is_fresh or command.is_present):
        return Reason.ORDER_EXPIRED
    is_now = issued_at - AHEAD_SECONDS_MAX <= at < command.expires_at
    if not command.is_time_unknown and not is_now:
        return Reason.ORDER_EXPIRED
    return None
