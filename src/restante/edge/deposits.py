"""A courier at the locker: put parcels in, take overdue ones out.

Rules
-----
C1  A parcel is taken in only when the list expects it here, for this courier's partner, in time,
    and while the site is open. Every other wish is refused with its reason and noted.
C2  The locker chooses the compartment (core ``fit``). Said not to fit, the next larger is tried;
    said to be dirty or damaged, the compartment leaves service and another is tried.
C3  One door at a time: the next is offered when the last is shut.
C4  While the centre does not answer, a parcel that is on no list may be taken in unannounced: the
    courier says how large it is, and gets a receipt for it (:mod:`.receipts`).
"""

from msgspec.structs import replace

from ..clock import Minter
from ..core import alone, compartment, locker, session
from ..core.alone import Unannounced
from ..core.content import Content
from ..core.door import Door
from ..core.fit import Choice, Condition, Why, choose_compartment
from ..core.grant import Purpose
from ..core.ids import ActorId, CompartmentId, CourierId, ParcelId, PartnerId
from ..core.refusal import Reason, Refused
from ..core.size import CompartmentSpec, ParcelSize, size_class
from ..core.value import Grams, Value
from ..link.message import ExpectedParcel
from .budget import Budget
from .config import LockerConfig
from .doors import Doors, Opening
from .scan import label_key
from .steady import SteadyClock
from .store import LockerStore

REJECTIONS = frozenset({"does_not_fit", "dirty", "damaged", "door_failed", "empty"})
"""What a courier may say about a compartment; the middle two take it out of service."""


class Deposit(Value):
    """The parcel a courier is about to put in."""

    parcel: ParcelId
    compartment: CompartmentId | None
    """``None`` between a rejected compartment and the next."""
    tried: frozenset[CompartmentId] = frozenset()
    last_why: str = ""
    unannounced: Unannounced | None = None
    """What the courier said of a parcel nobody announced."""


class Retrievable(Value):
    """A parcel that waits to be taken out."""

    parcel: ParcelId
    compartment: CompartmentId
    label: str


class Deposits:
    """Everything a courier does at one locker."""

    def __init__(
        self,
        store: LockerStore,
        doors: Doors,
        clock: SteadyClock,
        config: LockerConfig,
        *,
        minter: Minter,
        budget: Budget,
    ) -> None:
        self._minter = minter
        self._budget = budget
        self._store = store
        self._doors = doors
        self._clock = clock
        self._config = config
        self.current: Deposit | None = None

    def forget(self) -> None:
        """Forget the parcel in hand, when the visit ends."""
        self.current = None

    def conditions(self) -> tuple[Condition, ...]:
        """Tell how every compartment stands."""
        state = self._store.state.compartments
        return tuple(
            Condition(
                spec=spec,
                is_free=known.is_free,
                is_in_service=known.out_of_service is None,
                is_closed=known.door is Door.CLOSED,
                failure_count=known.failure_count,
                opening_count=known.opening_count,
            )
            for spec in self._config.specs
            if (known := state.get(spec.id)) is not None
        )

    def begin(self, label: str) -> Opening:
        """Take a scanned or typed label, choose a compartment and open it.

        Raises
        ------
        Refused
            With the reason to show; turned away parcels are noted.
        """
        visit = self._courier()
        self._settle_current()
        self._check_doors()
        parcel = self._find(label, visit)
        self.current = Deposit(parcel=parcel.parcel, compartment=None)
        return self._offer(self.current)

    def may_bring_unannounced(self, label: str) -> bool:
        """Whether a label would be taken in unannounced now (C4)."""
        visit, key = self._courier(), label_key(label)
        if visit.partner is None or not key:
            return False
        inside = alone.find_label(self._store.state.unannounced, key, visit.partner)
        return (
            self._config.takes_unannounced
            and self._budget.is_alone
            and inside is None
            and self._store.allowed.find_parcel(key) is None
            and not self._store.allowed.is_closed(self._clock.now())
        )

    def size_classes(self) -> tuple[str, ...]:
        """List the classes of compartments that are free now, smallest first."""
        free = [one.spec for one in self.conditions() if one.is_free and one.is_in_service]
        return tuple(dict.fromkeys(_class_of(spec) for spec in sorted(free, key=_volume)))

    def begin_unannounced(self, label: str, wanted: str) -> Opening:
        """Take in a parcel nobody has announced: name it, choose a compartment, open it.

        Parameters
        ----------
        wanted
            One of :meth:`size_classes`.

        Raises
        ------
        Refused
            ``not_expected`` when unannounced parcels are not taken now; else as :meth:`begin`.
        """
        visit = self._courier()
        self._settle_current()
        self._check_doors()
        if not self.may_bring_unannounced(label):
            raise self._turned_away(visit, Reason.NOT_EXPECTED)
        of_class = [spec for spec in self._config.specs if _class_of(spec) == wanted]
        if not of_class:
            raise Refused(Reason.NOTHING_FITS, f"no compartment here is of size {wanted!r}")
        about = Unannounced(
            label=label_key(label),
            partner=visit.partner or PartnerId(""),
            courier=visit.courier or CourierId(""),
            size=_filling(min(of_class, key=_volume)),
            clock=self._clock.quality.value,
        )
        parcel = ParcelId(self._minter.make("p"))
        self.current = Deposit(parcel=parcel, compartment=None, unannounced=about)
        return self._offer(self.current)

    def reject(self, why: str) -> None:
        """Give the offered compartment back; shut its door, then ask for the next.

        Parameters
        ----------
        why
            One of :data:`REJECTIONS`.
        """
        visit = self._courier()
        deposit = self.current
        if why not in REJECTIONS:
            raise ValueError(f"{why!r} is not one of {sorted(REJECTIONS)}")
        if deposit is None or deposit.compartment is None:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "no compartment was offered")
        at, name = self._clock.now(), deposit.compartment
        commands: list[locker.LockerCommand] = [
            compartment.DropAssignment(at=at, compartment=name, why=why)
        ]
        if why in ("dirty", "damaged"):
            commands.append(compartment.TakeOutOfService(at=at, compartment=name, why=why))
        self._store.record(commands, by=_by(visit), at=at, cause=visit.session)
        tried = deposit.tried | {name}
        if why == "does_not_fit":
            tried |= self._not_larger_than(name)
        self.current = replace(deposit, compartment=None, tried=tried, last_why=why)

    def offer_again(self) -> Opening:
        """Open another compartment for the parcel in hand, the last one being shut.

        Raises
        ------
        Refused
            ``door_open`` until it is shut; ``nothing_fits`` or ``site_full`` when no other is left.
        """
        self._courier()
        deposit = self.current
        if deposit is None or deposit.compartment is not None:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "no parcel waits for another compartment")
        self._check_doors()
        return self._offer(deposit)

    def open_again(self) -> Opening:
        """Open the offered compartment once more: its door failed, or was shut on nothing."""
        visit = self._courier()
        deposit = self.current
        if deposit is None or deposit.compartment is None:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "no compartment was offered")
        return self._open(deposit.compartment, Purpose.DEPOSIT, visit)

    def retrievable(self) -> tuple[Retrievable, ...]:
        """List what this courier shall take out of this locker, in order of doors."""
        visit = self._courier()
        if visit.partner is None:
            return ()
        found = [
            Retrievable(parcel=parcel.parcel, compartment=name, label=parcel.label)
            for parcel in self._store.allowed.overdue(visit.partner)
            if (name := self._holding(parcel.parcel)) is not None
        ]
        return tuple(sorted(found, key=lambda one: one.compartment))

    def retrieve(self, parcel: ParcelId) -> Opening:
        """Open the compartment of a parcel that shall be taken out.

        Raises
        ------
        Refused
            ``not_overdue``, ``not_held`` or ``door_open``.
        """
        visit = self._courier()
        listed = self._store.allowed.parcel(parcel)
        known = listed or self._store.state.unannounced.get(parcel)
        if known is None or known.partner != visit.partner:
            raise Refused(Reason.NOT_YOUR_PARCEL)
        is_overdue = listed is not None and listed.is_overdue
        if not is_overdue and not self._is_just_put_in(parcel):
            raise Refused(Reason.NOT_OVERDUE)
        name = self._holding(parcel)
        if name is None:
            raise Refused(Reason.NOT_HELD)
        return self._open(name, Purpose.RETRIEVE, visit)

    def unclear(self) -> tuple[CompartmentId, ...]:
        """List compartments that somebody must look into."""
        self._courier()
        state = self._store.state.compartments
        return tuple(name for name, one in state.items() if one.content is Content.UNCLEAR)

    def look_into(self, name: CompartmentId) -> Opening:
        """Open a compartment whose content is unclear."""
        visit = self._courier()
        if name not in self.unclear():
            raise Refused(Reason.NOT_POSSIBLE_NOW, "its content is not in doubt")
        opening = self._doors.new_opening()
        command = locker.OpenForService(
            at=self._clock.now(),
            opening=opening,
            compartment=name,
            session=visit.session,
            courier=visit.courier,
        )
        return self._doors.open(command, compartment=name, opening=opening, by=_by(visit))

    def found_empty(self, name: CompartmentId) -> None:
        """Say that a compartment one has looked into is empty and may serve again."""
        visit = self._courier()
        known = self._store.state.compartments.get(name)
        if known is None or known.content is not Content.UNCLEAR:
            raise Refused(Reason.NOT_POSSIBLE_NOW, "its content is not in doubt")
        at = self._clock.now()
        back = compartment.ReturnToService(at=at, compartment=name)
        self._store.record([back], by=_by(visit), at=at, cause=visit.session)

    def is_current_in(self) -> bool:
        """Whether the parcel in hand has been put in and its door shut."""
        deposit = self.current
        if deposit is None or deposit.compartment is None:
            return False
        known = self._store.state.compartments[deposit.compartment]
        return known.parcel == deposit.parcel and known.content is Content.OCCUPIED

    def _is_just_put_in(self, parcel: ParcelId) -> bool:
        """Whether it was the last deposit of this visit, which may be taken back at once."""
        deposit = self.current
        return deposit is not None and deposit.parcel == parcel and self.is_current_in()

    def _courier(self) -> session.Active:
        visit = self._store.state.visit
        if not isinstance(visit, session.Active):
            raise Refused(Reason.NO_SESSION)
        if visit.role is not session.Role.COURIER:
            raise Refused(Reason.ACCESS_DENIED)
        return visit

    def _settle_current(self) -> None:
        """Drop what was offered and never opened before the next parcel is taken."""
        deposit = self.current
        if deposit is None or deposit.compartment is None or self.is_current_in():
            return
        known = self._store.state.compartments[deposit.compartment]
        if known.content is Content.ASSIGNED and known.door is Door.CLOSED:
            self.reject("empty")

    def blocking_door(self) -> CompartmentId | None:
        """Find the door that must be shut before another opens; forced ones do not block."""
        blocking = (Door.OPEN, Door.OPENING)
        state = self._store.state.compartments
        return next((name for name, known in state.items() if known.door in blocking), None)

    def _check_doors(self) -> None:
        name = self.blocking_door()
        if name is not None:
            raise Refused(Reason.DOOR_OPEN, name)

    def _find(self, label: str, visit: session.Active) -> ExpectedParcel:
        now = self._clock.now()
        key = label_key(label) or label.strip()
        parcel = self._store.allowed.find_parcel(key)
        inside = self._store.state.unannounced
        if visit.partner is not None and alone.find_label(inside, key, visit.partner) is not None:
            raise Refused(Reason.PARCEL_IN_COMPARTMENT)
        if parcel is None or parcel.partner != visit.partner:
            raise self._turned_away(visit, Reason.NOT_EXPECTED)
        name = self._store.state.find_parcel(parcel.parcel)
        if name is not None:
            raise Refused(Reason.PARCEL_IN_COMPARTMENT, name)
        if parcel.is_overdue or now >= parcel.deposit_until:
            raise self._turned_away(visit, Reason.BOOKING_EXPIRED, parcel.parcel)
        if self._store.allowed.is_closed(now):
            raise self._turned_away(visit, Reason.SITE_CLOSED, parcel.parcel)
        return parcel

    def _offer(self, deposit: Deposit) -> Opening:
        visit, about = self._courier(), deposit.unannounced
        listed = self._store.allowed.parcel(deposit.parcel)
        before: list[locker.LockerCommand] = []
        if about is not None:
            size, needs_low_door = about.size, False
            at = self._clock.now()
            before = [alone.AcceptUnannounced(at=at, parcel=deposit.parcel, about=about)]
        elif listed is not None:
            size, needs_low_door = listed.size, listed.needs_low_door
        else:
            # The list has changed while the last door was being shut.
            raise self._turned_away(visit, Reason.NOT_EXPECTED)
        choice = choose_compartment(
            size, self.conditions(), needs_low_door=needs_low_door, tried=deposit.tried
        )
        if choice.compartment is None:
            self.current = None
            reason = _no_room(choice)
            why = "does_not_fit" if deposit.last_why == "does_not_fit" else reason.value
            named = deposit.parcel if about is None else None
            raise self._turned_away(visit, reason, named, why=why)
        assign = compartment.Assign(
            at=self._clock.now(),
            compartment=choice.compartment,
            parcel=deposit.parcel,
            session=visit.session,
            reasons=tuple(why.value for why in choice.reasons),
        )
        try:
            return self._open(choice.compartment, Purpose.DEPOSIT, visit, *before, assign)
        finally:
            # Also when the disk refused what came after the assignment, and not when it refused
            # the assignment itself: that compartment was never offered.
            if self._store.state.compartments[choice.compartment].parcel == deposit.parcel:
                self.current = replace(deposit, compartment=choice.compartment)

    def _open(
        self,
        name: CompartmentId,
        purpose: Purpose,
        visit: session.Active,
        *before: locker.LockerCommand,
    ) -> Opening:
        opening = self._doors.new_opening()
        command = locker.OpenForCourier(
            at=self._clock.now(), opening=opening, compartment=name, purpose=purpose
        )
        return self._doors.open(*before, command, compartment=name, opening=opening, by=_by(visit))

    def _holding(self, parcel: ParcelId) -> CompartmentId | None:
        for name, known in self._store.state.compartments.items():
            inside = known.content in (Content.OCCUPIED, Content.UNCLEAR)
            if inside and known.parcel == parcel:
                return name
        return None

    def _not_larger_than(self, name: CompartmentId) -> frozenset[CompartmentId]:
        bound = self._config.spec(name).kind.volume_mm3
        return frozenset(s.id for s in self._config.specs if s.kind.volume_mm3 <= bound)

    def _turned_away(
        self,
        visit: session.Active,
        reason: Reason,
        parcel: ParcelId | None = None,
        *,
        why: str = "",
    ) -> Refused:
        at = self._clock.now()
        note = locker.TurnAway(at=at, why=why or reason.value, parcel=parcel)
        self._store.record([note], by=_by(visit), at=at, cause=visit.session)
        return Refused(reason)


def _no_room(choice: Choice) -> Reason:
    """Say why nothing was chosen: too big for all, out of reach, or no room now."""
    against = set(choice.refused.values())
    if against & {Why.NOT_FREE, Why.DOOR_NOT_CLOSED, Why.OUT_OF_SERVICE}:
        return Reason.SITE_FULL
    if Why.TOO_HIGH in against:
        return Reason.NO_REACHABLE_COMPARTMENT
    return Reason.NOTHING_FITS


def _class_of(spec: CompartmentSpec) -> str:
    return size_class(spec.kind.volume_mm3)


def _volume(spec: CompartmentSpec) -> int:
    return spec.kind.volume_mm3


def _filling(spec: CompartmentSpec) -> ParcelSize:
    """Give the measures of a parcel that just goes in; its weight nobody has said."""
    kind = spec.kind
    return ParcelSize(
        length_mm=kind.depth_mm,
        width_mm=kind.width_mm,
        height_mm=kind.height_mm,
        weight_g=Grams(1),
    )


def _by(visit: session.Active) -> ActorId:
    return ActorId(f"courier:{visit.courier}")
