"""What the centre draws from a locker's facts: custody, room, permission, capacity.

R1. The time of a fact is the locker's; a deposit's hold is counted from it.
R2. A deposit at another site than the booked one gives the recipient a code for where it is.
R3. Room is taken where the parcel lies and given back where it was promised.
R4. The hold of a parcel nobody announced is counted from when the centre learns of it.
R5. No locker's word moves or ends what lies at another site by its own locker's word: one stolen
    key must not reach further than its site. Such a word is kept, and put before a person.
"""

from collections.abc import Callable
from typing import Any, Final

from ..core import compartment as machine
from ..core import grant as permission
from ..core import parcel as custody
from ..core import site as capacity
from ..core.alarm import AlarmCleared, AlarmRaised
from ..core.content import CompartmentFreed
from ..core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from ..core.hold import hold_deadline
from ..core.ids import (
    ActorId,
    BookingId,
    CompartmentId,
    GrantId,
    LockerId,
    ParcelId,
    SiteId,
    locker_stream,
    parcel_stream,
    site_stream,
)
from ..core.order import OrderRefused, OrderTaken
from ..core.particulars import Place
from ..core.refusal import Reason, Refused
from ..core.size import ParcelSize
from ..core.streams import ParcelFile
from ..core.value import Fact, Grams, Millimeters, UtcSeconds
from ..journal.ledger import Ledger
from ..views.alone_tables import FOUND
from .alarms import alarm_cleared, alarm_raised
from .answers import note_answer
from .booking import release_room
from .credentials import issue_grant, live_grants, prolong_grants, revoke_grants
from .directory import count_capacity
from .found import know_found, resolve
from .lookup import find_inside, find_site_row
from .means import Means
from .recording import decide_grant, decide_room

_UNMEASURED: Final = ParcelSize(
    length_mm=Millimeters(1), width_mm=Millimeters(1), height_mm=Millimeters(1), weight_g=Grams(1)
)
"""A parcel nobody announced fills one compartment; small measures let that be any one."""


class Reporter:
    """One report being taken in: where it comes from and what it has touched.

    Parameters
    ----------
    by
        The locker, as facts name it.
    """

    def __init__(
        self, ledger: Ledger, means: Means, locker: LockerId, site: SiteId, by: ActorId
    ) -> None:
        self.ledger = ledger
        self.means = means
        self.locker = locker
        self.site = site
        self.by = by
        self.is_service_changed = False

    def place(self, compartment: CompartmentId) -> Place:
        """Name a compartment of the reporting locker."""
        return Place(site=self.site, locker=self.locker, compartment=compartment)

    def parcel(self, name: ParcelId) -> ParcelId:
        """Tell what a parcel is called here that the locker speaks of."""
        return resolve(self.ledger, self.locker, name)

    def finish(self) -> None:
        """Draw once what many facts of a report may ask for."""
        if self.is_service_changed:
            count_capacity(self.ledger, self.site, by=self.by)


def react(reporter: Reporter, fact: Fact) -> None:
    """Draw from one fact what follows for the centre; most facts stay the locker's own."""
    reaction = _REACTIONS.get(type(fact))
    if reaction is not None:
        reaction(reporter, fact)


def may_draw(fact: Fact) -> bool:
    """Whether anything follows for the centre from a fact of this kind."""
    return type(fact) in _REACTIONS


def _deposited(reporter: Reporter, fact: HandoffDeposited) -> None:
    ledger, local = reporter.ledger, _found(reporter, fact)
    name = reporter.parcel(fact.parcel)
    file: ParcelFile = ledger.state(parcel_stream(name))
    before, about = file.custody, file.custody.about
    _check_site(reporter, before)
    zone = str(find_site_row(ledger, reporter.site)["zone"])
    # Whose parcel it is can be told from now on only, when a locker found it (R4).
    begins_at = ledger.now if about.is_found else fact.at
    until = hold_deadline(about.hold, UtcSeconds(max(begins_at, fact.at)), zone)
    place = reporter.place(fact.compartment)
    command = custody.Deposit(
        at=fact.at, place=place, courier=fact.courier, hold_until=until, local=local
    )
    if not _witness(reporter, name, command):
        return
    booking = _make_room(reporter, name, before)
    size = about.size if about.parcel else _UNMEASURED
    taken = capacity.TakeSpace(
        at=fact.at,
        booking=booking,
        parcel=name,
        locker=reporter.locker,
        size=size,
        needs_low_door=about.needs_low_door,
        until=until,
    )
    decide_room(ledger, reporter.site, taken, by=reporter.by)
    _permit(reporter, name)


def _found(reporter: Reporter, fact: HandoffDeposited) -> ParcelId | None:
    """Find or begin the parcel when the locker took it in unannounced; its name for it."""
    inside = reporter.ledger.state(locker_stream(reporter.locker)).unannounced
    about = inside.get(fact.parcel)
    if about is not None:
        check_name(reporter.ledger, reporter.locker, fact.parcel)
        know_found(
            reporter.ledger,
            reporter.means,
            locker=reporter.locker,
            site=reporter.site,
            local=fact.parcel,
            about=about,
            by=reporter.by,
        )
    is_found = reporter.ledger.row(FOUND.name, (reporter.locker, fact.parcel)) is not None
    return fact.parcel if is_found else None


def check_name(ledger: Ledger, locker: LockerId, local: ParcelId) -> None:
    """Refuse a locker's new name for a parcel when it is another's: nothing is renamed by it (R5).

    Raises
    ------
    Refused
        ``already_announced``.
    """
    is_known = ledger.row(FOUND.name, (locker, local)) is not None
    state = ledger.state(parcel_stream(local)).custody
    if not is_known and not isinstance(state, custody.Unknown):
        raise Refused(Reason.ALREADY_ANNOUNCED, f"{local} is another parcel's name already")


def _make_room(reporter: Reporter, name: ParcelId, before: custody.Parcel) -> BookingId:
    """Find the booking the parcel comes in under, or name one; R3."""
    inside = find_inside(reporter.ledger.state(site_stream(reporter.site)), name)
    if inside is not None:
        return inside
    if isinstance(before, custody.Booked):
        if before.about.site == reporter.site:
            return before.booking
        release_room(reporter.ledger, before, why="released", by=reporter.by)
    return BookingId(f"b{name[1:]}")


def _permit(reporter: Reporter, name: ParcelId) -> None:
    """Let the recipient collect where the parcel lies until its hold ends; R2."""
    ledger, by = reporter.ledger, reporter.by
    state = ledger.state(parcel_stream(name)).custody
    if not isinstance(state, custody.Held):
        revoke_grants(ledger, name, why="overdue", by=by)
        return
    live = [g for g in live_grants(ledger, name) if g.site == reporter.site]
    if live:
        prolong_grants(ledger, name, state.hold_until, by=by)
    elif state.about.recipient:
        issue_grant(
            ledger,
            reporter.means,
            parcel=name,
            site=reporter.site,
            recipient=state.about.recipient,
            grant=GrantId(reporter.means.minter.make("g")),
            fresh=None,
            by=by,
            valid_until=state.hold_until,
        )


def _collected(reporter: Reporter, fact: HandoffCollected) -> None:
    name = reporter.parcel(fact.parcel)
    place = reporter.place(fact.compartment)
    command = custody.Collect(at=fact.at, place=place, grant=fact.grant)
    _check_given_out(reporter, name)
    if not _witness(reporter, name, command):
        return
    ledger, by = reporter.ledger, reporter.by
    grants: permission.Grants = ledger.state(parcel_stream(name)).grants
    if fact.grant in grants.grants:
        used = permission.UseGrant(at=fact.at, grant=fact.grant)
        decide_grant(ledger, name, used, by=by)
    revoke_grants(ledger, name, why="ended", by=by)
    _leave(reporter, name, fact.at)


def _retrieved(reporter: Reporter, fact: HandoffRetrieved) -> None:
    name = reporter.parcel(fact.parcel)
    place = reporter.place(fact.compartment)
    command = custody.Retrieve(at=fact.at, place=place, courier=fact.courier)
    _check_given_out(reporter, name)
    if not _witness(reporter, name, command):
        return
    revoke_grants(reporter.ledger, name, why="ended", by=reporter.by)
    _leave(reporter, name, fact.at)


def _check_site(reporter: Reporter, state: custody.Parcel) -> None:
    """Refuse a word about what lies at another site (R5)."""
    if isinstance(state, custody.Held | custody.Overdue) and state.place.site != reporter.site:
        where = f"{state.place.site}, {state.place.locker}, {state.place.compartment}"
        raise Refused(Reason.WRONG_SITE, f"it lies at {where}, as its locker says; look at both")


def _check_given_out(reporter: Reporter, name: ParcelId) -> None:
    """Refuse the word that something was given out which never came to this site (R5)."""
    state = reporter.ledger.state(parcel_stream(name)).custody
    _check_site(reporter, state)
    is_awaited = isinstance(state, custody.Announced | custody.Booked)
    if is_awaited and state.about.site != reporter.site:
        raise Refused(Reason.WRONG_SITE, f"it is awaited at {state.about.site}")


def _leave(reporter: Reporter, name: ParcelId, at: UtcSeconds) -> None:
    ledger = reporter.ledger
    inside = find_inside(ledger.state(site_stream(reporter.site)), name)
    if inside is not None:
        left = capacity.LeaveSpace(at=at, booking=inside)
        decide_room(ledger, reporter.site, left, by=reporter.by)


def _witness(
    reporter: Reporter,
    name: ParcelId,
    command: custody.Deposit | custody.Collect | custody.Retrieve,
) -> bool:
    """Record what has happened, believed or not; false when it was known already."""
    stream = parcel_stream(name)
    facts = custody.witness(reporter.ledger.state(stream).custody, command)
    reporter.ledger.record(stream, *facts, by=reporter.by)
    return bool(facts)


def _found_empty(reporter: Reporter, fact: CompartmentFreed) -> None:
    """Tell a person of a parcel that should lie in a compartment found empty."""
    if fact.parcel is None:
        return
    stream = parcel_stream(reporter.parcel(fact.parcel))
    state = reporter.ledger.state(stream).custody
    place = reporter.place(fact.compartment)
    if not isinstance(state, custody.Held | custody.Overdue) or state.place != place:
        return
    detail = f"{fact.compartment} was looked into and found empty"
    missing = custody.AnomalyNoticed(at=fact.at, reason=Reason.NOT_HELD, detail=detail)
    reporter.ledger.record(stream, missing, by=reporter.by)


def _ordered(reporter: Reporter, fact: OrderTaken | OrderRefused) -> None:
    note_answer(reporter.ledger, reporter.locker, fact, by=reporter.by)


def _service_changed(reporter: Reporter, _fact: Fact) -> None:
    reporter.is_service_changed = True


def _alarm_raised(reporter: Reporter, fact: AlarmRaised) -> None:
    alarm_raised(reporter.ledger, fact, locker=reporter.locker, site=reporter.site)


def _alarm_cleared(reporter: Reporter, fact: AlarmCleared) -> None:
    alarm_cleared(reporter.ledger, fact, locker=reporter.locker, by=reporter.by)


_REACTIONS: Final[dict[type[Fact], Callable[[Reporter, Any], None]]] = {
    HandoffDeposited: _deposited,
    HandoffCollected: _collected,
    HandoffRetrieved: _retrieved,
    CompartmentFreed: _found_empty,
    AlarmRaised: _alarm_raised,
    AlarmCleared: _alarm_cleared,
    machine.TakenOutOfService: _service_changed,
    OrderTaken: _ordered,
    OrderRefused: _ordered,
    machine.ReturnedToService: _service_changed,
}
