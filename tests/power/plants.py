"""Faults planted on purpose, to see that the harness finds them: each one seam of the real parts.

They live here and nowhere in the product; a program plays with one of them when it is named on
its command line.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from restante.core import attempts, content, order
from restante.core.compartment import Door
from restante.core.ids import ActorId, CompartmentId, GrantId, OpeningId
from restante.edge.controller import Controller
from restante.edge.doors import Doors, Opening
from restante.edge.orders import Orders
from restante.edge.signin import SignIn
from restante.edge.uplink import Uplink
from restante.journal import sqlite_file
from restante.link.centre_session import CentreSession
from restante.operations.hub import CentreEnd
from tests.link.plants import apply_lists_backwards
from tests.seams import Seam, replaced


def commit_without_waiting() -> list[Seam]:
    """``synchronous=NORMAL``: a commit returns before the disk has it."""
    real = sqlite_file._pragmas

    def pragmas(*args: Any, **named: Any) -> tuple[str, ...]:
        return tuple(
            one.replace("synchronous=FULL", "synchronous=NORMAL") for one in real(*args, **named)
        )

    return [(sqlite_file, "_pragmas", pragmas)]


def trim_when_sent() -> list[Seam]:
    """What the transport has taken counts as safe at the centre."""
    real = Uplink.outgoing

    def outgoing(self: Uplink, now: Any) -> list[bytes]:
        bodies = real(self, now)
        session = self.session
        if session._sent > session._acknowledged:
            session._acknowledged = session._sent
            self._controller.keep_watermark(session._sent)
        return bodies

    return [(Uplink, "outgoing", outgoing)]


def acknowledge_before_commit() -> list[Seam]:
    """The centre says that facts are safe, and writes them a moment later."""
    real_take_in, real_outgoing = CentreEnd._take_in, CentreEnd.outgoing

    def take_in(self: Any, event: Any) -> Any:
        self._session.committed(event.epoch, event.first_seq + len(event.facts) - 1)
        self.__dict__.setdefault("late", []).append(event)
        return lambda: None

    def outgoing(self: Any, now: Any) -> list[bytes]:
        for event in self.__dict__.pop("ripe", []):
            real_take_in(self, event)()
        bodies = real_outgoing(self, now)
        self.__dict__["ripe"] = self.__dict__.pop("late", [])
        return bodies

    return [(CentreEnd, "_take_in", take_in), (CentreEnd, "outgoing", outgoing)]


def pulse_before_intent() -> list[Seam]:
    """The lock is pulsed, then written about."""

    def open_early(
        self: Any,
        *commands: Any,
        compartment: CompartmentId,
        opening: OpeningId,
        by: ActorId,
    ) -> Opening:
        self._board.opening_of = lambda _name: opening
        result = self._board.open(compartment)
        self._store.record(commands, by=by, at=self._clock.now(), cause=opening)
        outcome, why = self._report(compartment, opening, result)
        return Opening(compartment=compartment, opening=opening, outcome=outcome, why=why)

    return [(Doors, "open", open_early)]


def pulse_again_after_crash() -> list[Seam]:
    """An intent found without a result is pulsed once more."""
    real = Controller.start

    def start(self: Any) -> Any:
        for name, known in self.state.compartments.items():
            if known.door is Door.OPENING:
                self._board.open(name)
        return real(self)

    return [(Controller, "start", start)]


def dedupe_without_epoch() -> list[Seam]:
    """Facts are known again by their number alone, whatever life of the journal they are from."""
    real = CentreSession._receive_report

    def watermark(self: Any, _epoch: str) -> int:
        return max(self._committed.values(), default=0)

    def receive_report(self: Any, report: Any) -> Any:
        self._taken[report.epoch] = max(self._taken.values(), default=0)
        return real(self, report)

    return [
        (CentreSession, "watermark", watermark),
        (CentreSession, "_receive_report", receive_report),
    ]


def count_after_verdict() -> list[Seam]:
    """A try at a code is counted when it is known whether it was right."""
    real_count, real_match, real_start = SignIn._count, SignIn._match, SignIn._start

    def count(self: Any, keys: tuple[str, ...]) -> str:
        self.late_keys = keys
        self._closed = attempts.closed_keys(self._store.state.tried)
        return ""

    def match(self: Any, pin: Any, listed: Any) -> GrantId | None:
        found = real_match(self, pin, listed)
        self.late_attempt = real_count(self, self.late_keys)
        return found

    def start(self: Any, begin: Any, _attempt: str, by: ActorId) -> Any:
        return real_start(self, begin, self.__dict__.pop("late_attempt", ""), by)

    return [(SignIn, "_count", count), (SignIn, "_match", match), (SignIn, "_start", start)]


def reset_by_any_success() -> list[Seam]:
    """A right code takes back the wrong tries at all codes."""
    real = attempts._proved
    return [(attempts, "_proved", lambda state: replace(real(state), by_key={}))]


def forget_orders() -> list[Seam]:
    """Which orders were taken is kept in memory only.

    The challenge an order repeats would still save the locker, because a restart draws new ones;
    so any challenge counts as fresh, and what is on the disk is the only guard.
    """
    real, real_command = Orders.take, Orders._command

    def take(self: Any, asked: Any) -> Any:
        taken = self.__dict__.setdefault("in_memory", set())
        if asked.order in taken:
            return None
        taken.add(asked.order)
        return real(self, asked)

    def command(self: Any, asked: Any) -> Any:
        return replace(real_command(self, asked), is_fresh=True)

    forget = (order, "evolve", lambda state, _fact: state)
    return [(Orders, "take", take), (Orders, "_command", command), forget]


def free_on_door_close() -> list[Seam]:
    """A door that was shut after a collection frees its compartment."""
    freed = content.CompartmentFreed

    def freed_always(command: Any) -> tuple[Any, ...]:
        return (freed(at=command.at, compartment=command.compartment, evidence="content_sensor"),)

    return [(content, "_freed_if_empty", freed_always)]


PLANTS: dict[str, Callable[[], list[Seam]]] = {
    "synchronous-normal": commit_without_waiting,
    "trim-on-puback": trim_when_sent,
    "ack-before-commit": acknowledge_before_commit,
    "pulse-before-intent": pulse_before_intent,
    "pulse-again-after-crash": pulse_again_after_crash,
    "dedupe-without-epoch": dedupe_without_epoch,
    "count-after-verdict": count_after_verdict,
    "reset-by-any-success": reset_by_any_success,
    "nonce-not-persisted": forget_orders,
    "list-backwards": apply_lists_backwards,
    "free-on-door-close": free_on_door_close,
}
"""By the name given on a command line."""


def pretend_old_sqlite() -> list[Seam]:
    """No fault: an SQLite whose write-ahead log is not safe, so that none is used."""
    return [(sqlite_file, "has_safe_wal", lambda _driver: False)]


def forget_removals() -> list[Seam]:
    """A rollback journal with ``FULL``: what was committed comes undone with its directory."""
    real = sqlite_file._pragmas

    def pragmas(*args: Any, **named: Any) -> tuple[str, ...]:
        return tuple(one.replace("=EXTRA", "=FULL") for one in real(*args, **named))

    return [*pretend_old_sqlite(), (sqlite_file, "_pragmas", pragmas)]


VARIANTS: dict[str, Callable[[], list[Seam]]] = {
    "old-sqlite": pretend_old_sqlite,
    "old-sqlite-full": forget_removals,
}
"""Other ways to run than the usual one; the second was a fault of ours once."""


@contextmanager
def planted(name: str) -> Iterator[None]:
    """Let a fault be there for a while; none for an empty name."""
    with replaced({**PLANTS, **VARIANTS}[name]() if name else []):
        yield
