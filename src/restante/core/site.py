"""Capacity promises of a site: what fits in, from when to when. Never a door.

A booking sets room aside for one parcel over a window of time; when the parcel comes the booking
becomes an occupation that lasts until the parcel leaves. The locker alone assigns compartments.

Rules
-----
R1  A booking is accepted when, at every moment of its window, all parcels booked or inside find
    compartments together (Hall's condition over the kinds of compartment each of them fits).
R2  A parcel whose recipient needs a low door counts only against low doors.
R3  A soft booking ends at ``expires_at`` by itself; so does a firm one for which nobody came.
R4  A closed site accepts no booking whose window meets the closure.
R5  What is inside counts as inside until it leaves, whatever was promised.
"""

from typing import Final, TypeAlias, assert_never

from msgspec.structs import replace

from .decider import Decider
from .ids import BookingId, CompartmentId, LockerId, ParcelId
from .refusal import Reason, Refused
from .size import CompartmentKind, ParcelSize, check_parcel_size, goes_into
from .value import FOREVER, Command, Fact, UtcSeconds, Value

SOFT_BOOKING_SECONDS: Final = 30 * 60
"""How long a soft booking stands unless the asker says otherwise (chosen)."""

RETRIEVAL_SECONDS: Final = 24 * 3600
"""How long after its hold a parcel inside is expected to be retrieved (daily visits; chosen)."""


class Supply(Value):
    """How many compartments of a kind are in service."""

    kind: CompartmentKind
    count: int


class Booking(Value):
    """Room for one parcel."""

    parcel: ParcelId
    size: ParcelSize
    needs_low_door: bool
    from_at: UtcSeconds
    until: UtcSeconds
    expires_at: UtcSeconds
    is_firm: bool = False
    is_inside: bool = False

    def counts(self, at: UtcSeconds) -> bool:
        """Whether it takes room: inside, or not expired (R3, R5)."""
        return self.is_inside or at < self.expires_at

    def end(self, at: UtcSeconds) -> int:
        """When its room is expected to be free again, seen from ``at``; inside is inside (R5)."""
        return max(self.until, at) + RETRIEVAL_SECONDS if self.is_inside else self.until


class Closure(Value):
    """A time in which nothing is deposited."""

    from_at: UtcSeconds
    until: UtcSeconds
    why: str


class Site(Value):
    """What a site has, what it promised, and when it is closed."""

    supply: tuple[Supply, ...] = ()
    bookings: dict[BookingId, Booking] = {}  # noqa: RUF012 - msgspec copies it
    closures: tuple[Closure, ...] = ()


class CapacitySet(Fact, tag="site.capacity_set.v1"):
    """So many compartments of each kind are in service."""

    supply: tuple[Supply, ...]


class CapacityBooked(Fact, tag="site.capacity_booked.v1"):
    """Room was set aside for a parcel."""

    booking: BookingId
    parcel: ParcelId
    size: ParcelSize
    needs_low_door: bool
    from_at: UtcSeconds
    until: UtcSeconds
    expires_at: UtcSeconds
    is_firm: bool


class BookingFirmed(Fact, tag="site.booking_firmed.v1"):
    """A soft booking became a firm one."""

    booking: BookingId
    expires_at: UtcSeconds


class BookingReleased(Fact, tag="site.booking_released.v1"):
    """Room set aside is free again; the parcel had not come."""

    booking: BookingId
    why: str
    """``expired``, ``released``, ``refit`` or ``cancelled``."""


class SpaceTaken(Fact, tag="site.space_taken.v1"):
    """A parcel is inside, booked or not."""

    booking: BookingId
    parcel: ParcelId
    locker: LockerId
    size: ParcelSize
    needs_low_door: bool
    until: UtcSeconds


class SpaceKept(Fact, tag="site.space_kept.v1"):
    """A parcel inside may stay until another time."""

    booking: BookingId
    until: UtcSeconds


class SpaceLeft(Fact, tag="site.space_left.v1"):
    """A parcel is no longer inside."""

    booking: BookingId


class SiteClosed(Fact, tag="site.closed.v1"):
    """Nothing is deposited for a time."""

    from_at: UtcSeconds
    until: UtcSeconds
    why: str


class SiteReopened(Fact, tag="site.reopened.v1"):
    """All closures are lifted."""


class ServiceOrdered(Fact, tag="site.service_ordered.v1"):
    """The operator ordered a compartment into or out of service; the locker will follow."""

    locker: LockerId
    compartment: CompartmentId
    in_service: bool
    why: str = ""


class ListNoted(Fact, tag="site.list_noted.v1"):
    """Entries of the site's list changed that no other fact implies: couriers, the site's note."""

    keys: tuple[str, ...]
    """As :class:`restante.link.message.ListChange` names them."""
    gone: tuple[str, ...] = ()
    """Those that were taken away."""


SiteFact: TypeAlias = (
    CapacitySet
    | CapacityBooked
    | BookingFirmed
    | BookingReleased
    | SpaceTaken
    | SpaceKept
    | SpaceLeft
    | SiteClosed
    | SiteReopened
    | ServiceOrdered
    | ListNoted
)


class SetCapacity(Command, tag="set_capacity"):
    """Count these compartments."""

    supply: tuple[Supply, ...]


class Book(Command, tag="book"):
    """Set room aside."""

    booking: BookingId
    parcel: ParcelId
    size: ParcelSize
    needs_low_door: bool
    from_at: UtcSeconds
    until: UtcSeconds
    expires_at: UtcSeconds
    is_firm: bool


class FirmBooking(Command, tag="firm_booking"):
    """Turn a soft booking into a firm one."""

    booking: BookingId
    expires_at: UtcSeconds


class ReleaseBooking(Command, tag="release_booking"):
    """Give room back before the parcel came."""

    booking: BookingId
    why: str


class ExpireBooking(Command, tag="expire_booking"):
    """End a booking whose time has passed."""

    booking: BookingId


class TakeSpace(Command, tag="take_space"):
    """Note that a parcel is inside."""

    booking: BookingId
    parcel: ParcelId
    locker: LockerId
    size: ParcelSize
    needs_low_door: bool
    until: UtcSeconds


class KeepSpace(Command, tag="keep_space"):
    """Let a parcel inside stay until another time."""

    booking: BookingId
    until: UtcSeconds


class LeaveSpace(Command, tag="leave_space"):
    """Note that a parcel is no longer inside."""

    booking: BookingId


class CloseSite(Command, tag="close_site"):
    """Accept nothing for a time."""

    from_at: UtcSeconds
    until: UtcSeconds
    why: str


class ReopenSite(Command, tag="reopen_site"):
    """Lift all closures."""


SiteCommand: TypeAlias = (
    SetCapacity
    | Book
    | FirmBooking
    | ReleaseBooking
    | ExpireBooking
    | TakeSpace
    | KeepSpace
    | LeaveSpace
    | CloseSite
    | ReopenSite
)


def decide(state: Site, command: SiteCommand) -> tuple[SiteFact, ...]:
    """Say what follows from a command, or refuse it."""
    at = command.at
    match command:
        case SetCapacity(supply=supply):
            return () if supply == state.supply else (CapacitySet(at=at, supply=supply),)
        case Book():
            return _book(state, command)
        case FirmBooking() | ReleaseBooking() | ExpireBooking():
            return _end_promise(state, command)
        case TakeSpace() | KeepSpace() | LeaveSpace():
            return _note_inside(state, command)
        case CloseSite(from_at=start, until=until, why=why):
            closure = Closure(from_at=start, until=until, why=why)
            known = closure in state.closures
            return () if known else (SiteClosed(at=at, from_at=start, until=until, why=why),)
        case ReopenSite():
            return (SiteReopened(at=at),) if state.closures else ()
        case _:
            assert_never(command)


def evolve(state: Site, fact: SiteFact) -> Site:
    """Say what is true after a fact; any fact in any state."""
    match fact:
        case CapacitySet(supply=supply):
            return replace(state, supply=supply)
        case CapacityBooked(booking=booking):
            promised = Booking(
                parcel=fact.parcel,
                size=fact.size,
                needs_low_door=fact.needs_low_door,
                from_at=fact.from_at,
                until=fact.until,
                expires_at=fact.expires_at,
                is_firm=fact.is_firm,
            )
            return _with(state, booking, promised)
        case SpaceTaken(booking=booking, at=at):
            inside = Booking(
                parcel=fact.parcel,
                size=fact.size,
                needs_low_door=fact.needs_low_door,
                from_at=at,
                until=fact.until,
                expires_at=FOREVER,
                is_firm=True,
                is_inside=True,
            )
            return _with(state, booking, inside)
        case BookingFirmed(booking=booking, expires_at=expires_at):
            known = state.bookings.get(booking)
            if known is None:
                return state
            return _with(state, booking, replace(known, is_firm=True, expires_at=expires_at))
        case SpaceKept(booking=booking, until=until):
            known = state.bookings.get(booking)
            return state if known is None else _with(state, booking, replace(known, until=until))
        case BookingReleased(booking=booking) | SpaceLeft(booking=booking):
            rest = {key: value for key, value in state.bookings.items() if key != booking}
            return replace(state, bookings=rest)
        case SiteClosed(from_at=start, until=until, why=why):
            closure = Closure(from_at=start, until=until, why=why)
            return replace(state, closures=(*state.closures, closure))
        case SiteReopened():
            return replace(state, closures=())
        case ServiceOrdered() | ListNoted():
            return state
        case _:
            assert_never(fact)


def free_count(state: Site, at: UtcSeconds) -> int:
    """Count compartments in service that nothing inside or booked for now needs."""
    taken = sum(
        booking.counts(at) and (booking.is_inside or booking.from_at <= at < booking.until)
        for booking in state.bookings.values()
    )
    return max(0, sum(supply.count for supply in state.supply) - taken)


def has_room(state: Site, wanted: Booking, *, at: UtcSeconds) -> bool:
    """Whether everything fits together at every moment of the wanted window (R1).

    Hall's condition: for every union of sets of kinds that contains the wanted parcel's own, the
    parcels that fit nothing else are no more than the compartments of that union. Only such
    unions can be broken by the wanted parcel.
    """
    live = [b for b in state.bookings.values() if b.counts(at) and _meets(b, wanted, at)]
    live.append(wanted)
    masks = [_fitting(state.supply, b.size, b.needs_low_door) for b in live]
    own = masks[-1]
    if not own:
        return False
    unions = {own}
    for mask in set(masks):
        unions |= {union | mask for union in unions}
    for union in unions:
        room = sum(s.count for n, s in enumerate(state.supply) if union >> n & 1)
        inside_union = [b for b, m in zip(live, masks, strict=True) if m and not m & ~union]
        if _peak(inside_union, at) > room:
            return False
    return True


def _book(state: Site, command: Book) -> tuple[SiteFact, ...]:
    check_parcel_size(command.size)
    known = state.bookings.get(command.booking)
    if known is not None:
        return ()
    if not command.from_at < command.until:
        raise Refused(Reason.NOT_POSSIBLE_NOW, "the window ends before it begins")
    if any(c.from_at < command.until and command.from_at < c.until for c in state.closures):
        raise Refused(Reason.SITE_CLOSED)
    if not _fitting(state.supply, command.size, needs_low_door=False):
        raise Refused(Reason.NOTHING_FITS, "no compartment of this site takes the parcel")
    if not _fitting(state.supply, command.size, needs_low_door=command.needs_low_door):
        raise Refused(Reason.NO_REACHABLE_COMPARTMENT, "no low door of this site takes the parcel")
    wanted = Booking(
        parcel=command.parcel,
        size=command.size,
        needs_low_door=command.needs_low_door,
        from_at=command.from_at,
        until=command.until,
        expires_at=command.expires_at,
    )
    if not has_room(state, wanted, at=command.at):
        raise Refused(Reason.SITE_FULL)
    return (
        CapacityBooked(
            at=command.at,
            booking=command.booking,
            parcel=command.parcel,
            size=command.size,
            needs_low_door=command.needs_low_door,
            from_at=command.from_at,
            until=command.until,
            expires_at=command.expires_at,
            is_firm=command.is_firm,
        ),
    )


def _end_promise(
    state: Site, command: FirmBooking | ReleaseBooking | ExpireBooking
) -> tuple[SiteFact, ...]:
    at, booking = command.at, command.booking
    known = state.bookings.get(booking)
    if known is None:
        raise Refused(Reason.BOOKING_UNKNOWN)
    if known.is_inside:
        raise Refused(Reason.BOOKING_CONSUMED)
    match command:
        case FirmBooking() if at >= known.expires_at:
            raise Refused(Reason.BOOKING_EXPIRED)
        case FirmBooking(expires_at=expires_at):
            if known.is_firm and known.expires_at == expires_at:
                return ()
            return (BookingFirmed(at=at, booking=booking, expires_at=expires_at),)
        case ReleaseBooking(why=why):
            return (BookingReleased(at=at, booking=booking, why=why),)
        case ExpireBooking():
            if at < known.expires_at:
                return ()
            return (BookingReleased(at=at, booking=booking, why="expired"),)
        case _:
            assert_never(command)


def _note_inside(state: Site, command: TakeSpace | KeepSpace | LeaveSpace) -> tuple[SiteFact, ...]:
    at, booking = command.at, command.booking
    known = state.bookings.get(booking)
    match command:
        case TakeSpace():
            if known is not None and known.is_inside:
                return ()
            return (
                SpaceTaken(
                    at=at,
                    booking=booking,
                    parcel=command.parcel,
                    locker=command.locker,
                    size=command.size,
                    needs_low_door=command.needs_low_door,
                    until=command.until,
                ),
            )
        case KeepSpace(until=until):
            if known is None:
                raise Refused(Reason.BOOKING_UNKNOWN)
            return () if known.until == until else (SpaceKept(at=at, booking=booking, until=until),)
        case LeaveSpace():
            return () if known is None else (SpaceLeft(at=at, booking=booking),)
        case _:
            assert_never(command)


def _with(state: Site, booking: BookingId, value: Booking) -> Site:
    return replace(state, bookings={**state.bookings, booking: value})


def _meets(booking: Booking, wanted: Booking, at: UtcSeconds) -> bool:
    return booking.from_at < wanted.until and wanted.from_at < booking.end(at)


def _fitting(supply: tuple[Supply, ...], size: ParcelSize, needs_low_door: bool) -> int:
    """Kinds of compartment that take the parcel, as a bit set over ``supply``."""
    return sum(
        1 << n
        for n, s in enumerate(supply)
        if s.count and (s.kind.is_low or not needs_low_door) and goes_into(size, s.kind)
    )


def _peak(bookings: list[Booking], at: UtcSeconds) -> int:
    """Most of them at one time; windows are half-open, so ends come before starts."""
    changes = sorted(change for b in bookings for change in ((b.from_at, 1), (b.end(at), -1)))
    count = peak = 0
    for _, step in changes:
        count += step
        peak = max(peak, count)
    return peak


DECIDER: Decider[Site, SiteCommand, SiteFact] = Decider(Site(), decide, evolve)
