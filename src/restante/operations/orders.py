"""Open a door from afar: ask, agree, send, and note what came of it.

R1. Who asks from a desk says why, and is named in the facts; a recipient names what the locker's
    screen shows, and the locker checks it.
R2. An order is signed when the locker is there, never before: nothing that opens a door lies
    about. Counter and sending are facts, so that no two processes send one order.
R3. Above the network's hourly limit a second person must agree; the count is a stream of its own,
    written in the same transaction, so that it is right across processes.
R4. Whoever asked learns an end: taken, refused and why, away, no answer.
R5. A partner opens only where a parcel of its own lies.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

import structlog
from sqlalchemy import Connection, select

from ..access import Scope
from ..clock import Clock
from ..core import fleet, remote
from ..core import parcel as custody
from ..core.grant import Purpose
from ..core.ids import (
    ActorId,
    CompartmentId,
    GrantId,
    LockerId,
    OrderId,
    ParcelId,
    fleet_stream,
    parcel_stream,
    remote_stream,
)
from ..core.particulars import Place
from ..core.refusal import Reason, Refused
from ..core.remote import Phase, Remote
from ..core.streams import ParcelFile
from ..core.value import UtcSeconds
from ..journal.committer import Closed, Committer, Overloaded
from ..journal.ledger import Ledger, Operation
from ..journal.port import Busy, Conflict, Full
from ..link.message import Order
from ..views.principal import NotFound, Principal, Role, role_of
from ..views.remote_tables import CHALLENGES, REMOTE_OPENINGS
from ..views.tables import COMPARTMENTS, LOCKER_LINKS, LOCKERS
from .directory import read_layout
from .hub import CentreEnd, Hub
from .lookup import find_file, find_locker_row
from .means import Means
from .recording import decide_remote

WHY_MAX: Final = 200
"""Longest reason, in characters (chosen: a sentence)."""

PRESENCE_LETTERS: Final = 6
"""What the locker's screen shows; see :mod:`restante.edge.presence`."""

_LIVE: Final = (Phase.APPROVAL, Phase.WAITING, Phase.SENT)
_log = structlog.get_logger(__name__)


class BadOrder(ValueError):
    """What was asked cannot be understood; the message says what to write."""


class AskedOpening(NamedTuple):
    """An order that was written down."""

    order: OrderId
    locker: LockerId
    needs_approval: bool


class SentOpening(NamedTuple):
    """An order as the locker shall read it; to be signed now."""

    asked: remote.Asked
    sent: remote.OpeningSent


def ask_opening(
    means: Means,
    principal: Principal,
    *,
    locker: LockerId,
    compartment: CompartmentId,
    why: str,
    cause: str = "",
) -> Operation[AskedOpening]:
    """Have a door opened from a desk; a second person must agree above the limit (R3).

    Raises
    ------
    BadOrder
        When no usable reason is given.
    Forbidden
        When neither an operator nor a partner with the scope asks.
    NotFound
        By the operation: no such locker, or, for a partner, no parcel of its own there (R5).
    """
    principal.need_role(Role.OPERATOR, Role.PARTNER)
    principal.need_scope(Scope.LOCKERS_OPEN)
    said = " ".join(why.split())
    if not said or len(said) > WHY_MAX:
        raise BadOrder(f"why: say in 1 to {WHY_MAX} characters why the door shall open")
    order = OrderId(means.minter.make("d"))

    def run(ledger: Ledger) -> AskedOpening:
        parcel = _check_place(ledger, principal, locker, compartment)
        state: fleet.Fleet = ledger.state(fleet_stream(means.network))
        needs_approval = fleet.is_used_up(state, ledger.now, means.remote_openings_max)
        command = remote.AskOpening(
            at=ledger.now,
            order=order,
            compartment=compartment,
            purpose=Purpose.SERVICE,
            asked_by=principal.actor,
            why=said,
            needs_approval=needs_approval,
            parcel=parcel,
        )
        decide_remote(ledger, locker, command, by=principal.actor, cause=cause)
        if not needs_approval:
            _count(ledger, means, locker, order, by=principal.actor, asked_by=principal.actor)
        return AskedOpening(order, locker, needs_approval)

    return _operation(means, locker, compartment, run)


def approve_opening(
    means: Means, principal: Principal, *, locker: LockerId, order: OrderId
) -> Operation[None]:
    """Agree, as the second person, that a door be opened (R3)."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        known = _find(ledger, locker, order)
        by = principal.actor
        command = remote.ApproveOpening(at=ledger.now, order=order, approved_by=by)
        decide_remote(ledger, locker, command, by=by)
        _count(ledger, means, locker, order, by=by, asked_by=known.asked_by, approved_by=by)

    return Operation((remote_stream(locker), fleet_stream(means.network)), run)


def decline_opening(principal: Principal, *, locker: LockerId, order: OrderId) -> Operation[None]:
    """Say no, as the second person or as who asked."""
    principal.need_role(Role.OPERATOR)

    def run(ledger: Ledger) -> None:
        _find(ledger, locker, order)
        command = remote.DeclineOpening(at=ledger.now, order=order)
        decide_remote(ledger, locker, command, by=principal.actor)

    return Operation((remote_stream(locker),), run)


def ask_own_door(
    means: Means, principal: Principal, *, parcel: ParcelId, presence: str
) -> Operation[AskedOpening]:
    """Have the door of one's own parcel opened, standing before it (R1).

    Parameters
    ----------
    presence
        What the locker's screen shows, as typed or scanned.

    Raises
    ------
    BadOrder
        When that cannot be what a screen shows.
    Refused
        By the operation: ``not_held``, ``grant_expired``, ``too_many_openings``, ...
    """
    principal.need_role(Role.RECIPIENT)
    shown = read_presence(presence)
    order = OrderId(means.minter.make("d"))

    def run(ledger: Ledger) -> AskedOpening:
        file = find_file(ledger, principal, parcel)
        place, grant = _find_own_door(file, ledger.now)
        command = remote.AskOpening(
            at=ledger.now,
            order=order,
            compartment=place.compartment,
            purpose=Purpose.COLLECT,
            asked_by=principal.actor,
            parcel=parcel,
            grant=grant,
            presence=shown,
        )
        decide_remote(ledger, place.locker, command, by=principal.actor)
        return AskedOpening(order, place.locker, needs_approval=False)

    return Operation((parcel_stream(parcel),), run)


def read_presence(text: str) -> str:
    """Read what somebody typed or scanned from a locker's screen.

    Raises
    ------
    BadOrder
        When it is not six letters and digits.
    """
    last = text.strip().rstrip("/").rpartition("/")[2]
    shown = "".join(letter for letter in last.upper() if letter.isalnum())
    if len(shown) != PRESENCE_LETTERS or not shown.isascii():
        raise BadOrder(f"code: the {PRESENCE_LETTERS} characters on the locker's screen")
    return shown


def send_opening(locker: LockerId, order: OrderId, epoch: str) -> Operation[SentOpening | None]:
    """Write down that an order is sent; ``None`` when another process has, or it is over (R2)."""

    def run(ledger: Ledger) -> SentOpening | None:
        stream = remote_stream(locker)
        command = remote.SendOpening(at=ledger.now, order=order, epoch=epoch)
        state: Remote = ledger.state(stream)
        try:
            facts = remote.decide(state, command)
        except Refused:
            return None
        by = state.asked[order].asked_by
        ledger.record(stream, *facts, by=by)
        (sent,) = facts
        assert isinstance(sent, remote.OpeningSent)
        return SentOpening(state.asked[order], sent)

    return Operation((remote_stream(locker),), run)


def expire_opening(locker: LockerId, order: OrderId) -> Operation[bool]:
    """End an order whose time is over (R4)."""

    def run(ledger: Ledger) -> bool:
        command = remote.ExpireOpening(at=ledger.now, order=order)
        by = ActorId("timekeeper")
        return bool(decide_remote(ledger, locker, command, by=by))

    return Operation((remote_stream(locker),), run)


class OrderDesk:
    """Sends what waits to lockers that are there, and ends what is over; one turn after another.

    Parameters
    ----------
    reading
        Opens a connection to the views for single queries.
    """

    def __init__(
        self,
        *,
        reading: Callable[[], AbstractContextManager[Connection]],
        committer: Committer,
        clock: Clock,
        hub: Hub,
    ) -> None:
        self._reading = reading
        self._committer = committer
        self._clock = clock
        self._hub = hub

    def turn(self) -> int:
        """Do what can be done now; how many orders moved on."""
        table, links, given = REMOTE_OPENINGS, LOCKER_LINKS, CHALLENGES
        query = (
            select(table, links.c.epoch, given.c.challenge)
            .select_from(
                table.outerjoin(links, links.c.locker == table.c.locker).outerjoin(
                    given, given.c.locker == table.c.locker
                )
            )
            .where(table.c.phase.in_([phase.value for phase in _LIVE]))
        )
        with self._reading() as connection:
            rows = tuple(connection.execute(query).mappings())
        if not rows:
            return 0
        now = self._clock.now()
        ends = {end.locker: end for end in self._hub.ends() if end.is_connected}
        moved = 0
        for row in rows:
            locker, order = LockerId(row["locker"]), OrderId(row["order_id"])
            end = ends.get(locker)
            try:
                if now >= row["until"]:
                    moved += self._committer.run(expire_opening(locker, order))
                elif row["phase"] == Phase.WAITING.value and end is not None and row["epoch"]:
                    moved += self._send(end, order, row["epoch"], row["challenge"] or "")
            except (Conflict, Busy, Full, Overloaded, Closed) as error:
                # It stays as it is, and the next turn tries again.
                _log.warning("order waits", locker=locker, error=type(error).__name__)
        return moved

    def _send(self, end: CentreEnd, order: OrderId, epoch: str, challenge: str) -> int:
        made = self._committer.run(send_opening(end.locker, order, epoch))
        if made is None:
            return 0
        asked, sent = made
        end.order(
            Order(
                locker=end.locker,
                epoch=sent.epoch,
                order=order,
                counter=sent.counter,
                compartment=asked.compartment,
                purpose=asked.purpose,
                issued_at=sent.at,
                expires_at=sent.expires_at,
                asked_by=asked.asked_by,
                grant=asked.grant,
                parcel=asked.parcel if role_of(asked.asked_by) is Role.PARTNER else None,
                presence=asked.presence,
                challenge=challenge,
            )
        )
        return 1


def _check_place(
    ledger: Ledger, principal: Principal, locker: LockerId, compartment: CompartmentId
) -> ParcelId | None:
    row = find_locker_row(ledger, locker)
    if compartment not in {spec.id for spec in read_layout(row["layout"])}:
        raise Refused(Reason.COMPARTMENT_UNKNOWN, f"{locker} has no {compartment}; see its drawing")
    reported = ledger.row(COMPARTMENTS.name, (locker, compartment))
    inside = None if reported is None else reported["parcel"]
    parcel = ParcelId(str(inside)) if inside else None
    if principal.role is Role.OPERATOR:
        return parcel
    if parcel is None:
        raise NotFound("parcel", f"{locker}/{compartment}")
    about = ledger.state(parcel_stream(parcel)).custody.about
    if about.partner != principal.partner:
        raise NotFound("parcel", f"{locker}/{compartment}")
    return parcel


def _find_own_door(file: ParcelFile, now: UtcSeconds) -> tuple[Place, GrantId]:
    """Find where a recipient's parcel lies, and the permission that opens there."""
    state = file.custody
    if isinstance(state, custody.Held):
        for grant in file.grants.live():
            is_for_it = grant.site == state.place.site and grant.purpose is Purpose.COLLECT
            if is_for_it and now < grant.valid_until:
                return state.place, grant.grant
        raise Refused(Reason.GRANT_EXPIRED)
    if isinstance(state, custody.Overdue):
        raise Refused(Reason.HOLD_EXPIRED)
    raise Refused(Reason.NOT_HELD)


def _find(ledger: Ledger, locker: LockerId, order: OrderId) -> remote.Asked:
    state: Remote = ledger.state(remote_stream(locker))
    known = state.asked.get(order)
    if known is None:
        raise NotFound("opening", order)
    return known


def _count(
    ledger: Ledger,
    means: Means,
    locker: LockerId,
    order: OrderId,
    *,
    by: ActorId,
    asked_by: ActorId,
    approved_by: ActorId | None = None,
) -> None:
    command = fleet.CountOpening(
        at=ledger.now,
        locker=locker,
        order=order,
        asked_by=asked_by,
        count_max=means.remote_openings_max,
        approved_by=approved_by,
    )
    ledger.decide(fleet_stream(means.network), fleet.DECIDER, command, by=by)


def _operation(
    means: Means,
    locker: LockerId,
    compartment: CompartmentId,
    run: Callable[[Ledger], AskedOpening],
) -> Operation[AskedOpening]:
    rows = ((LOCKERS.name, (locker,)), (COMPARTMENTS.name, (locker, compartment)))
    return Operation((remote_stream(locker), fleet_stream(means.network)), run, rows)
