"""Walks: one random command after another, under a clock that only goes forward.

A walk is told by its seed alone. Refusals are part of life and change nothing.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from restante.core import (
    alarm,
    alone,
    attempts,
    compartment,
    dispatch,
    fleet,
    locker,
    order,
    parcel,
    remote,
    session,
    site,
)
from restante.core.content import Content
from restante.core.decider import Decider
from restante.core.door import Door, IntendOpening, NoticeDoor, ReportOpening
from restante.core.grant import Purpose
from restante.core.hold import HoldPolicy
from restante.core.ids import (
    ActorId,
    BookingId,
    CourierId,
    GrantId,
    OpeningId,
    OrderId,
    ParcelId,
    PlanId,
    SessionId,
)
from restante.core.refusal import Refused
from restante.core.risk import RiskClass
from restante.core.value import Command, Fact, Seconds, UtcSeconds
from tests.factories import (
    A1,
    A2,
    A3,
    COURIER,
    LOCKER,
    NOON,
    PARTNER,
    SITE,
    make_about,
    make_grant,
    make_place,
    make_size,
    make_supply,
)  # fmt: skip


class Step(NamedTuple):
    """A command, what followed, and what is true now."""

    command: Command
    facts: tuple[Any, ...]
    state: Any


Draw = Callable[[Random, UtcSeconds, Any], Any]


def walk(decider: Decider[Any, Any, Any], draw: Draw, seed: int, steps: int) -> Iterator[Step]:
    """Walk so many steps from the beginning."""
    dice, at, state = Random(seed), NOON, decider.initial
    for _ in range(steps):
        at = UtcSeconds(at + dice.choice((0, 1, 20, 300, 1_000)))
        command = draw(dice, at, state)
        try:
            facts = decider.decide(state, command)
        except Refused:
            facts = ()
        state = decider.fold(facts, state)
        yield Step(command, facts, state)


# ── A parcel ──────────────────────────────────────────────────────────────────────────────────

ABOUT = make_about(hold=HoldPolicy(extension_seconds=Seconds(500), extension_count_max=1))
BOOKINGS = BookingId("b-1"), BookingId("b-2")


def draw_for_parcel(dice: Random, at: UtcSeconds, state: parcel.Parcel) -> parcel.ParcelCommand:
    """Ask anything of one parcel."""
    place = make_place(dice.choice((A1, A3, A3, A3)))
    booking, later = dice.choice(BOOKINGS), UtcSeconds(at + 2_000)
    return dice.choice(
        (
            parcel.Announce(at=at, about=ABOUT),
            parcel.CorrectSize(at=at, size=make_size(height_mm=dice.choice((100, 120, 3_000)))),
            parcel.ConfirmCapacity(
                at=at, booking=booking, site=SITE, is_firm=dice.random() < 0.5, expires_at=later
            ),
            parcel.LoseCapacity(at=at, booking=booking, why="expired"),
            parcel.Deposit(at=at, place=place, courier=COURIER, hold_until=later),
            parcel.ExtendHold(at=at),
            parcel.ExpireHold(at=at),
            parcel.Collect(at=at, place=place, grant=GrantId("g-1")),
            parcel.Retrieve(at=at, place=place, courier=COURIER),
            parcel.CompleteReturn(at=at),
            *((parcel.Cancel(at=at),) if dice.random() < 0.2 else ()),
        )
    )


# ── A compartment ─────────────────────────────────────────────────────────────────────────────

OPENINGS = tuple(OpeningId(f"o-{number}") for number in range(40))


def draw_for_compartment(
    dice: Random, at: UtcSeconds, state: compartment.Compartment, name: Any = A1
) -> compartment.CompartmentCommand:
    """Let anything come to one compartment."""
    purpose = dice.choice(tuple(Purpose))
    is_recipient = purpose in (Purpose.COLLECT, Purpose.REOPEN)
    awaited = state.opening.opening if state.opening else dice.choice(OPENINGS)
    by_whom = {
        "courier": None if is_recipient else COURIER,
        "grant": GrantId(dice.choice(("g-1", "g-1", "g-2"))) if is_recipient else None,
    }
    close = NoticeDoor(
        at=at, compartment=name, is_open=False, has_content=dice.choice((None, True, False))
    )
    report = ReportOpening(
        at=at, compartment=name, opening=awaited,
        failure=dice.choice((None, None, None, "jammed", "uncertain")),
    )  # fmt: skip
    return dice.choice(
        (
            compartment.Assign(
                at=at, compartment=name, parcel=ParcelId(dice.choice(("p-1", "p-2"))),
                session=SessionId("s-1"),
            ),
            IntendOpening(
                at=at, compartment=name, opening=dice.choice(OPENINGS), purpose=purpose,
                session=SessionId("s-1"), **by_whom,
            ),
            IntendOpening(
                at=at, compartment=name, opening=dice.choice(OPENINGS), purpose=Purpose.DEPOSIT,
                session=SessionId("s-1"), courier=COURIER,
            ),
            report, report, close, close,
            compartment.PassTime(at=at, compartment=name),
            compartment.ReturnToService(at=at, compartment=name),
            dice.choice((
                NoticeDoor(at=at, compartment=name, is_open=True),
                compartment.DropAssignment(at=at, compartment=name, why="does_not_fit"),
                compartment.TakeOutOfService(at=at, compartment=name, why="dirty"),
            )),
        )
    )  # fmt: skip


# ── A locker ──────────────────────────────────────────────────────────────────────────────────

NAMES = A1, A2, A3
PARCELS = {GrantId(f"g-{n}"): ParcelId(f"p-{n}") for n in range(1, 4)}


UNANNOUNCED = alone.Unannounced(
    label="JJD1", partner=PARTNER, courier=COURIER, size=make_size(), clock="holdover"
)


def draw_for_locker(dice: Random, at: UtcSeconds, state: locker.Locker) -> locker.LockerCommand:
    """Let people, the board and time come to a locker of three compartments."""
    if not state.compartments:
        return locker.InstallLocker(at=at, locker=LOCKER, compartments=NAMES)
    name, grant = dice.choice(NAMES), dice.choice(tuple(PARCELS))
    known = state.compartments[name]
    kind = dice.choices(("person", "door", "compartment", "rare"), (8, 8, 3, 2))[0]
    if kind == "door":
        busy = state.open_doors() or NAMES
        name = dice.choice(busy)
        return _answer_of_board(dice, at, name, state.compartments[name])
    if kind == "compartment":
        return draw_for_compartment(dice, at, known, name)
    if kind == "rare":
        return _rare_command(dice, at, name, grant, state)
    if isinstance(state.visit, session.Idle) or dice.random() < 0.1:
        role = dice.choice(tuple(session.Role))
        courier = COURIER if role is session.Role.COURIER else None
        held = tuple(PARCELS) if role is session.Role.RECIPIENT else ()
        sign_in = session.StartSession(
            at=at, session=SessionId(f"s-{at}"), role=role, courier=courier, grants=held,
            partner=None if courier is None else PARTNER,
        )  # fmt: skip
        if isinstance(state.visit, session.Idle) and dice.random() < 0.2:
            return _order(dice, at, name, grant)
        return dice.choice((sign_in, sign_in, session.EndSession(at=at, why="done")))
    opening = OpeningId(f"o-{dice.randrange(10_000)}")
    if state.visit.role is session.Role.RECIPIENT:
        offered = make_grant(
            grant=grant, parcel=PARCELS[grant],
            valid_until=UtcSeconds(at + dice.choice((1, 0, 1, 1))),
        )  # fmt: skip
        return locker.OpenForRecipient(at=at, opening=opening, grant=offered)
    return dice.choice(
        (
            alone.AcceptUnannounced(at=at, parcel=PARCELS[grant], about=UNANNOUNCED),
            compartment.Assign(
                at=at, compartment=name, parcel=PARCELS[grant], session=state.visit.session
            ),
            locker.OpenForCourier(
                at=at, opening=opening, compartment=name,
                purpose=dice.choice((Purpose.DEPOSIT, Purpose.DEPOSIT, Purpose.RETRIEVE)),
            ),
        )
    )  # fmt: skip


def _answer_of_board(
    dice: Random, at: UtcSeconds, name: Any, known: compartment.Compartment
) -> compartment.CompartmentCommand:
    if known.opening is not None and known.door is not Door.OPEN:
        return ReportOpening(
            at=at, compartment=name, opening=known.opening.opening,
            failure=dice.choice((None, None, None, None, "jammed", "uncertain")),
        )  # fmt: skip
    is_open = known.door is Door.CLOSED and dice.random() < 0.02
    content = dice.choice((None, None, known.content is Content.ASSIGNED))
    return NoticeDoor(at=at, compartment=name, is_open=is_open, has_content=content)


def _rare_command(
    dice: Random, at: UtcSeconds, name: Any, grant: GrantId, state: locker.Locker
) -> locker.LockerCommand:
    return dice.choice(
        (
            locker.StartController(at=at, release="1.0"),
            locker.ForgetGrants(at=at, grants=tuple(PARCELS)),
            locker.TurnAway(at=at, why="site_full"),
            locker.InstallLocker(at=at, locker=LOCKER, compartments=NAMES),
            locker.OpenForService(
                at=at, opening=OpeningId(f"o-{dice.randrange(10_000)}"), compartment=name,
                session=SessionId("s-service"), courier=CourierId("c-2"),
            ),
            attempts.CountAttempt(at=at, attempt=f"t-{at}", keys=(grant,)),
            attempts.ProveAttempt(at=at, attempt=state.tried.open_attempt),
            attempts.ForgetAttempts(at=at, keys=(grant,)),
            session.EndSession(at=at, why="idle"),
            _reading(dice, at, name, state),
            _order(dice, at, name, grant),
            alone.RecogniseParcel(at=at, local=PARCELS[grant], parcel=ParcelId("p-listed")),
            alone.RefuseAlone(
                at=at, grant=grant, parcel=PARCELS[grant], risk=RiskClass.HIGH,
                alone_seconds=1_000, pickup_count=0,
            ),
        )
    )  # fmt: skip


def _reading(dice: Random, at: UtcSeconds, name: Any, state: locker.Locker) -> locker.LockerCommand:
    kind, since = dice.choice(tuple(alarm.AlarmKind)), UtcSeconds(at - dice.choice((0, 5, 900)))
    if state.alarms and dice.random() < 0.5:
        active = dice.choice(tuple(state.alarms.values()))
        limit = alarm.AlarmLimits().find(active.kind)
        return alarm.NoticeReading(
            at=at, kind=active.kind, limit=limit, since=since, value=limit.clear_at,
            compartment=active.compartment, board=active.board,
        )  # fmt: skip
    if dice.random() < 0.2:
        measure = alarm.Measure(sensor=alarm.Sensor.HUMIDITY, min=40, max=60, mean=50, count=9)
        return alarm.NoteMeasures(at=at, since=since, measures=(measure,))
    return alarm.NoticeReading(
        at=at, kind=kind, limit=alarm.AlarmLimits().find(kind), since=since,
        value=dice.choice((-250, -170, 0, 1, 85, 95, 470, 550, 12_000, 13_000)),
        compartment=dice.choice((None, name)), board=dice.choice((None, 2)),
    )  # fmt: skip


def _order(dice: Random, at: UtcSeconds, name: Any, grant: GrantId) -> order.TakeOrder:
    number = dice.randrange(1_000_000)
    is_asked_by_recipient = dice.random() < 0.3
    return order.TakeOrder(
        at=at, order=OrderId(f"d-{number}"), counter=at + dice.choice((0, 0, -100)),
        compartment=name, purpose=Purpose.COLLECT if is_asked_by_recipient else Purpose.SERVICE,
        issued_at=at, expires_at=UtcSeconds(at + dice.choice((30, 60, 600))),
        asked_by=ActorId("operator:ada"), opening=OpeningId(f"o-{number}"),
        session=SessionId("s-order"),
        grant=make_grant(grant=grant, parcel=PARCELS[grant]) if is_asked_by_recipient else None,
        is_present=dice.random() < 0.7,
    )  # fmt: skip


# ── Doors opened from afar, and their count ───────────────────────────────────────────────────

ORDERS = tuple(OrderId(f"d-{number}") for number in range(12))
ADA, BEN = ActorId("operator:ada"), ActorId("operator:ben")


def draw_for_remote(dice: Random, at: UtcSeconds, state: remote.Remote) -> remote.RemoteCommand:
    """Ask for doors, agree or not, send, and let lockers answer."""
    live = [n for n, one in state.asked.items() if one.phase is not remote.Phase.ENDED]
    name = dice.choice(live) if live and dice.random() < 0.6 else dice.choice(ORDERS)
    asker = dice.choice((ADA, BEN))
    is_recipients = dice.random() < 0.3
    return dice.choice(
        (
            remote.AskOpening(
                at=at, order=OrderId(f"{name}-{at}") if dice.random() < 0.3 else name,
                compartment=dice.choice(NAMES), asked_by=asker,
                purpose=Purpose.COLLECT if is_recipients else Purpose.SERVICE,
                needs_approval=dice.random() < 0.3,
                grant=GrantId("g-1") if is_recipients else None,
            ),
            remote.ApproveOpening(at=at, order=name, approved_by=asker),
            *((remote.DeclineOpening(at=at, order=name),) if dice.random() < 0.3 else ()),
            remote.SendOpening(at=at, order=name, epoch="e-1"),
            remote.AnswerOpening(
                at=at, order=name, counter=at,
                outcome=dice.choice((remote.Outcome.TAKEN, remote.Outcome.REFUSED)),
            ),
            remote.ExpireOpening(at=at, order=name),
        )
    )  # fmt: skip


def draw_for_fleet(dice: Random, at: UtcSeconds, _state: fleet.Fleet) -> fleet.CountOpening:
    """Open one more door from afar."""
    return fleet.CountOpening(
        at=at, locker=LOCKER, order=dice.choice(ORDERS), asked_by=ADA, count_max=5,
        approved_by=dice.choice((None, None, BEN)),
    )  # fmt: skip


def draw_for_dispatch(
    dice: Random, at: UtcSeconds, _state: dispatch.Dispatch
) -> dispatch.DispatchCommand:
    """Have couriers follow one of three plans on one of two days, or not any more."""
    kind = dice.choice((dispatch.PutPlanInForce, dispatch.PutPlanInForce, dispatch.WithdrawPlan))
    plan = PlanId(f"t-{dice.randrange(3)}")
    return kind(at=at, plan=plan, day=f"2026-11-{dice.choice((27, 28))}")


# ── A site ────────────────────────────────────────────────────────────────────────────────────


def draw_for_site(dice: Random, at: UtcSeconds, state: site.Site) -> site.SiteCommand:
    """Ask anything of a small site."""
    booking = BookingId(f"b-{dice.randrange(5)}")
    start = UtcSeconds(at + dice.choice((0, 500)))
    end = UtcSeconds(start + dice.choice((0, 1_000, 5_000)))
    size = make_size(height_mm=dice.choice((100, 300, 600)))
    low = dice.random() < 0.3
    supply = tuple(make_supply(dice.randrange(3), height_mm=mm, is_low=mm == 190)
                   for mm in (190, 410))  # fmt: skip
    book = site.Book(
        at=at, booking=booking, parcel=ParcelId("p-1"), size=size, needs_low_door=low,
        from_at=start, until=end, expires_at=end, is_firm=dice.random() < 0.5,
    )  # fmt: skip
    return dice.choice(
        (
            site.SetCapacity(at=at, supply=supply),
            book, book, book,
            site.FirmBooking(at=at, booking=booking, expires_at=end),
            site.ReleaseBooking(at=at, booking=booking, why="released"),
            site.ExpireBooking(at=at, booking=booking),
            site.TakeSpace(
                at=at, booking=booking, parcel=ParcelId("p-1"), locker=LOCKER, size=size,
                needs_low_door=low, until=end,
            ),
            site.KeepSpace(at=at, booking=booking, until=end),
            site.LeaveSpace(at=at, booking=booking),
            site.CloseSite(at=at, from_at=start, until=end, why="repair"),
            site.ReopenSite(at=at),
        )
    )  # fmt: skip


WALKS: dict[str, tuple[Decider[Any, Any, Any], Draw]] = {
    "parcel": (parcel.DECIDER, draw_for_parcel),
    "compartment": (compartment.DECIDER, draw_for_compartment),
    "locker": (locker.DECIDER, draw_for_locker),
    "site": (site.DECIDER, draw_for_site),
    "remote": (remote.DECIDER, draw_for_remote),
    "fleet": (fleet.DECIDER, draw_for_fleet),
    "dispatch": (dispatch.DECIDER, draw_for_dispatch),
}


def facts_of(steps: list[Step]) -> list[Fact]:
    """Everything that happened on a walk."""
    return [fact for step in steps for fact in step.facts]
