"""Orders of the centre to open one door, done or refused by the locker's own rules.

Rules
-----
O1  What was taken and the intent to open are on the disk, in one transaction, before the pulse.
O2  An order is judged by :mod:`restante.core.order` and then like anybody who stands here: one
    door at a time, no door while somebody else is signed in, a recipient's own parcel only.
O3  What this locker gave is measured by its machine's own clock, which no message can set.
O4  What the screen showed counts once, whether the door opened or not.
"""

from ..clock import Clock, Minter
from ..core import locker
from ..core.ids import SessionId
from ..core.order import OrderRefused, TakeOrder
from ..core.refusal import Refused
from ..link.message import Order
from .doors import Doors, Opening
from .presence import make_challenges, make_shown_codes
from .steady import SteadyClock
from .store import LockerStore


class Orders:
    """What one locker does with orders.

    Parameters
    ----------
    machine
        The machine's own clock (O3).
    """

    def __init__(
        self,
        store: LockerStore,
        doors: Doors,
        clock: SteadyClock,
        minter: Minter,
        *,
        machine: Clock,
    ) -> None:
        self._store = store
        self._doors = doors
        self._clock = clock
        self._machine = machine
        self._minter = minter
        self._shown = make_shown_codes(minter)
        self._challenges = make_challenges(minter)
        self.replayed_count = 0
        """Orders that came again or too late in their row; nothing is recorded of them."""

    def shown_code(self) -> str:
        """Give what the start screen shows now."""
        return self._shown.give(self._machine.now())

    def challenge(self) -> str:
        """Give what orders shall repeat."""
        return self._challenges.give(self._machine.now())

    def is_live(self, challenge: str) -> bool:
        """Whether this locker gave that challenge in the last minutes."""
        return self._challenges.is_live(challenge, self._machine.now())

    def take(self, order: Order) -> Opening | None:
        """Open the door of an order, or record why not; ``None`` when it opens nothing."""
        command = self._command(order)
        try:
            facts = locker.decide(self._store.state, command)
        except Refused:
            self.replayed_count += 1
            return None
        if isinstance(facts[0], OrderRefused):
            self._store.record([command], by=order.asked_by, at=command.at, cause=order.order)
            return None
        return self._doors.open(
            command, compartment=order.compartment, opening=command.opening, by=order.asked_by
        )

    def _command(self, order: Order) -> TakeOrder:
        grant = None if order.grant is None else self._store.allowed.grant(order.grant)
        return TakeOrder(
            at=self._clock.now(),
            order=order.order,
            counter=order.counter,
            compartment=order.compartment,
            purpose=order.purpose,
            issued_at=order.issued_at,
            expires_at=order.expires_at,
            asked_by=order.asked_by,
            opening=self._doors.new_opening(),
            session=SessionId(self._minter.make("s")),
            grant=grant,
            parcel=order.parcel,
            is_time_unknown=self._clock.is_time_unknown,
            is_fresh=self.is_live(order.challenge),
            is_present=self._shown.use(order.presence, self._machine.now()),
        )
