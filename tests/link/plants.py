"""Checks taken away from a locker on purpose, to see that the hostile broker finds every one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from msgspec.structs import replace

from restante.access import Denied, Purpose, Signature, verify_document
from restante.core import order
from restante.edge import uplink
from restante.edge.orders import Orders
from restante.edge.presence import LiveCodes
from restante.link.locker_session import LockerSession
from restante.link.message import Malformed, Order, decode_from_centre, signed_bytes
from restante.link.session import ListArrived
from tests.seams import Seam, replaced


def take_anybodys() -> list[Seam]:
    """A message for another locker is taken."""
    real = LockerSession.receive

    def receive(self: Any, body: bytes, now: Any) -> Any:
        own = self._locker
        with suppress(Malformed):
            self._locker = decode_from_centre(body).locker
        try:
            return real(self, body, now)
        finally:
            self._locker = own

    return [(LockerSession, "receive", receive)]


def take_another_lifes() -> list[Seam]:
    """An order for another life of the journal is taken."""
    real = LockerSession.receive

    def receive(self: Any, body: bytes, now: Any) -> Any:
        own = self._epoch
        with suppress(Malformed):
            message = decode_from_centre(body)
            if isinstance(message, Order):
                self._epoch = message.epoch
        try:
            return real(self, body, now)
        finally:
            self._epoch = own

    return [(LockerSession, "receive", receive)]


def apply_lists_backwards() -> list[Seam]:
    """A list is applied whatever its version."""

    def receive_list(_self: Any, update: Any) -> list[ListArrived]:
        return [ListArrived(update.base_version == 0, update.version, update.changes)]

    return [(LockerSession, "_receive_list", receive_list)]


def believe_unsigned() -> list[Seam]:
    """Signatures are not looked at."""
    return [(uplink, "make_verifier", lambda _keyring: lambda _message: True)]


def believe_every_purpose() -> list[Seam]:
    """Whatever key of the centre has signed is good for every message."""

    def make_verifier(keyring: Any) -> Callable[[Any], bool]:
        def verify(message: Any) -> bool:
            signature = Signature(kid=message.kid, value=message.signature)
            for purpose in (Purpose.COMMAND, Purpose.LIST):
                with suppress(Denied):
                    verify_document(signed_bytes(message), signature, keyring, purpose)
                    return True
            return False

        return verify

    return [(uplink, "make_verifier", make_verifier)]


def let_counters_fall() -> list[Seam]:
    """Counters need not rise."""
    real = order.judge
    return [(order, "judge", lambda state, asked: real(replace(state, counter=-(2**40)), asked))]


def forget_names() -> list[Seam]:
    """An order's name may be judged twice."""
    real = order.judge
    return [(order, "judge", lambda state, asked: real(replace(state, recent=()), asked))]


def let_orders_live_for_ever() -> list[Seam]:
    """When an order was issued and when it ends is not looked at."""
    real = order.judge

    def judge(state: Any, asked: Any) -> Any:
        now = asked.at
        return real(state, replace(asked, issued_at=now, expires_at=now + 1))

    return [(order, "judge", judge)]


def count_everything_as_fresh() -> list[Seam]:
    """The challenge an order repeats is not looked at."""
    real = Orders._command
    fresh = lambda self, asked: replace(real(self, asked), is_fresh=True)  # noqa: E731
    return [(Orders, "_command", fresh)]


def count_shown_codes_twice() -> list[Seam]:
    """What the screen shows counts as long as it is live."""
    return [(LiveCodes, "use", LiveCodes.is_live)]


def count_everybody_as_present() -> list[Seam]:
    """Nobody needs to stand before the screen."""
    real = Orders._command
    present = lambda self, asked: replace(real(self, asked), is_present=True)  # noqa: E731
    return [(Orders, "_command", present)]


PLANTS: dict[str, Callable[[], list[Seam]]] = {
    "audience-not-checked": take_anybodys,
    "epoch-not-checked": take_another_lifes,
    "list-backwards": apply_lists_backwards,
    "signature-not-checked": believe_unsigned,
    "wrong-key-purpose": believe_every_purpose,
    "counter-not-checked": let_counters_fall,
    "name-judged-twice": forget_names,
    "expiry-not-checked": let_orders_live_for_ever,
    "challenge-not-checked": count_everything_as_fresh,
    "presence-code-twice": count_shown_codes_twice,
    "presence-not-checked": count_everybody_as_present,
}
"""Each a check of its own; what else stands in a lie's way is met by a kind of lie for that."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let a check be missing for a while; none for an empty name."""
    with replaced(PLANTS[name]() if name else []):
        yield
