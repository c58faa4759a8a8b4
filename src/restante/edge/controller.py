"""One locker's controller: everything a person, the board, the link and the clock ask of it.

Rules
-----
E1  Facts are on the disk before a lock is pulsed, and before anybody is told.
E2  When the disk is full or its file damaged, doors stay shut and :class:`OutOfService` is
    raised; nothing in memory has changed, and a full disk is tried again on every tick.
E3  It decides alone: the link changes what it knows, never how it decides.
E4  After a start, intents without a result are uncertain and the visit is over.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

from ..access import DeviceKey, LockerKeys
from ..clock import Clock, Minter
from ..core import alone, attempts, compartment, locker, session
from ..core.content import Content
from ..core.door import Door
from ..core.fit import Condition
from ..core.ids import ActorId, CompartmentId, GrantId, ParcelId
from ..core.refusal import Reason, Refused
from ..core.value import Value
from ..journal.port import Busy, Damaged, Full
from ..link.message import ExpectedParcel, ListChange, Order, ServiceOrder, SiteNote
from .allowed import AllowedList, Listed
from .boards.port import Board
from .budget import Budget
from .codes import Codes
from .config import LockerConfig
from .deposits import Deposit, Deposits, Retrievable
from .doors import Doors, Fault, Opening, fault_free
from .orders import Orders
from .receipts import Receipts
from .sensors import Sensors
from .signin import SignIn
from .steady import SteadyClock
from .store import LockerJournal, LockerStore

VISIT_SECONDS_MAX: Final = 20 * 60
"""A visit nobody has touched for this long is over even if the screen has died (chosen: far above
the screen's own minute)."""

Answer = TypeVar("Answer")


class OutOfService(Exception):
    """The locker cannot write: its doors stay shut.

    Parameters
    ----------
    why
        ``full`` or ``damaged``.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            "no room left on the disk: free some, the locker goes on by itself"
            if why == "full"
            else "the journal is damaged: keep a copy of its file and call service"
        )
        self.why = why


class Waiting(Value):
    """A parcel a signed-in recipient may take, or has taken and may look after again."""

    grant: GrantId
    parcel: ParcelId
    compartment: CompartmentId
    is_collected: bool
    is_open: bool


class Controller:
    """One locker.

    Parameters
    ----------
    journal
        The locker's own, opened with :data:`restante.edge.store.TABLES`.
    board
        Its locks and sensors.
    clock
        The machine's; what it forgets is made up for.
    keys
        Public keys of the centre and the pepper of the site.
    release
        Version of the program, for the record.
    device
        The locker's own key, for receipts.
    fault
        Called at named points; for tests of crashes.
    """

    def __init__(
        self,
        config: LockerConfig,
        *,
        journal: LockerJournal,
        board: Board,
        clock: Clock,
        minter: Minter,
        keys: LockerKeys,
        release: str = "",
        device: DeviceKey | None = None,
        fault: Fault = fault_free,
    ) -> None:
        self.config = config
        self.store = LockerStore(journal, config, minter)
        self.clock = SteadyClock(clock, self.store.last_known_at(), self.store.correction)
        self.trouble: str | None = None
        """Why it is out of service, or ``None``."""
        self._release = release
        self._by = ActorId(f"locker:{config.locker}")
        self._fault = fault
        self._board = board
        self._touched_at = self.clock.now()
        self._doors = Doors(self.store, board, self.clock, minter, by=self._by, fault=fault)
        self.sensors = Sensors(self.store, board, self.clock, limits=config.limits, by=self._by)
        self.budget = Budget(self.store, self.clock, config.offline_budget, by=self._by)
        self._deposits = Deposits(
            self.store, self._doors, self.clock, config, minter=minter, budget=self.budget
        )
        self.receipts = Receipts(self.store, config, device)
        self.orders = Orders(self.store, self._doors, self.clock, minter, machine=clock)
        self._codes = Codes(keys, config.verifier_cost)
        self._sign_in = SignIn(
            self.store,
            self.clock,
            minter,
            keys,
            site=config.site,
            cost=config.verifier_cost,
            by=self._by,
            fault=fault,
        )

    # ── What is so ────────────────────────────────────────────────────────────────────────────

    @property
    def state(self) -> locker.Locker:
        """The locker as its facts tell it."""
        return self.store.state

    @property
    def visit(self) -> session.Active | None:
        """Who is signed in."""
        visit = self.store.state.visit
        return visit if isinstance(visit, session.Active) else None

    @property
    def allowed(self) -> AllowedList:
        """What the centre's list lets it do."""
        return self.store.allowed

    @property
    def note(self) -> SiteNote | None:
        """What the list says about the site."""
        return self.store.allowed.note

    @property
    def deposit_in_hand(self) -> Deposit | None:
        """The parcel a courier is about to put in."""
        return self._deposits.current

    @property
    def has_item_sensors(self) -> bool:
        """Whether compartments tell if something is inside."""
        return self._board.capabilities.has_item_sensors

    def blocking_door(self) -> CompartmentId | None:
        """Find the door that must be shut before another opens."""
        return self._deposits.blocking_door()

    def conditions(self) -> tuple[Condition, ...]:
        """Tell how every compartment stands, with its measures."""
        return self._deposits.conditions()

    def pause_seconds(self) -> int:
        """Tell how long nobody may type a code; 0 when typing is open."""
        return attempts.pause_seconds(self.state.tried, self.clock.now())

    # ── Start and time ────────────────────────────────────────────────────────────────────────

    def start(self) -> tuple[locker.LockerFact, ...]:
        """Begin after a stop or a cut; call once before anything else (E4)."""
        at = self.clock.now()
        names = tuple(spec.id for spec in self.config.specs)
        started = locker.StartController(at=at, release=self._release)
        installed = locker.InstallLocker(at=at, locker=self.config.locker, compartments=names)
        facts = self._guarded(lambda: self.store.record([started, installed], by=self._by, at=at))
        return facts + self.tick()

    def tick(self) -> tuple[locker.LockerFact, ...]:
        """Read the sensors and do what is due; call a few times a second.

        Returns
        -------
        tuple
            Facts that were recorded; empty while out of service.
        """
        try:
            return self._guarded(self._pass_time)
        except OutOfService:
            return ()

    def _pass_time(self) -> tuple[locker.LockerFact, ...]:
        facts = self._doors.watch() + self.sensors.watch()
        if self._is_visit_stale():
            facts += self._end_visit("idle")
        facts += self._drop_abandoned()
        self.store.drop_ended(at=self.clock.now())
        self._stretch_codes()
        if self.trouble == "full":
            self.store.remember("probe", str(self.clock.now()), at=self.clock.now())
        return facts

    def _is_visit_stale(self) -> bool:
        return self.visit is not None and self.clock.now() >= self._touched_at + VISIT_SECONDS_MAX

    # ── Anybody ───────────────────────────────────────────────────────────────────────────────

    def sign_in_with_pin(self, text: str) -> session.Active:
        """Sign a recipient in by a code; see :meth:`restante.edge.signin.SignIn.by_pin`."""
        return self._touched(lambda: self._sign_in.by_pin(text))

    def sign_in_with_token(self, text: str) -> session.Active:
        """Sign a recipient or courier in by a scanned token."""
        return self._touched(lambda: self._sign_in.by_token(text))

    def sign_in_courier(self, login: str, pin: str) -> session.Active:
        """Sign a courier in by number and PIN."""
        return self._touched(lambda: self._sign_in.courier_by_pin(login, pin))

    def end_visit(self, why: str = "done") -> None:
        """Sign out; doors still open stay the visitor's until shut."""
        self._touched(lambda: self._end_visit(why))

    def touch(self) -> None:
        """Note that the visitor is still there."""
        self._touched_at = self.clock.now()

    def use_keys(self, keys: LockerKeys) -> None:
        """Take over new keys, after the centre has exchanged some."""
        self._sign_in.use_keys(keys)
        self._codes.use_keys(keys)

    # ── Recipient ─────────────────────────────────────────────────────────────────────────────

    def waiting(self) -> tuple[Waiting, ...]:
        """List what the signed-in recipient may open, in order of grants."""
        visit = self.visit
        if visit is None:
            return ()
        found: list[Waiting] = []
        for grant in visit.grants:
            listed = self.allowed.grant(grant)
            for name, known in self.state.compartments.items():
                is_mine = known.grant == grant and known.content is Content.RELEASING
                is_inside = (
                    listed is not None
                    and known.parcel == listed.parcel
                    and known.content in (Content.OCCUPIED, Content.UNCLEAR)
                )
                if known.parcel is not None and (is_mine or is_inside):
                    is_open = known.door is not Door.CLOSED
                    found.append(
                        Waiting(
                            grant=grant,
                            parcel=known.parcel,
                            compartment=name,
                            is_collected=is_mine,
                            is_open=is_open,
                        )
                    )
        # What the budget withholds comes last, so that it keeps nobody from the rest.
        return tuple(sorted(found, key=self._is_withheld))

    def _is_withheld(self, one: Waiting) -> bool:
        listed = self.allowed.grant(one.grant)
        return listed is not None and not one.is_collected and self.budget.is_spent_for(listed)

    def collect(self, grant: GrantId) -> Opening:
        """Open the door of a grant's parcel, also once more while the re-open window runs.

        Raises
        ------
        Refused
            ``no_session``, ``not_your_parcel``, ``door_open``, ``too_many_openings``,
            ``grant_consumed``, ``grant_expired``, ``not_held``.
        """
        return self._touched(lambda: self._collect(grant))

    def _collect(self, grant: GrantId) -> Opening:
        listed = self.allowed.grant(grant)
        if self.visit is None:
            raise Refused(Reason.NO_SESSION)
        if listed is None:
            raise Refused(Reason.GRANT_UNKNOWN)
        name = next((one.compartment for one in self.waiting() if one.grant == grant), None)
        opening = self._doors.new_opening()
        stretched = self.clock.stretch(listed)
        command = locker.OpenForRecipient(at=self.clock.now(), opening=opening, grant=stretched)
        if name is None:
            # Let the rules name the reason: not held, or used up.
            locker.decide(self.state, command)
            raise Refused(Reason.NOT_HELD)
        recipient = self.allowed.recipient_of(grant)
        by = ActorId(f"recipient:{recipient}") if recipient else self._by
        if self.state.compartments[name].content is not Content.RELEASING:
            self.budget.check(listed)
        return self._doors.open(command, compartment=name, opening=opening, by=by)

    # ── Courier ───────────────────────────────────────────────────────────────────────────────

    def deposit(self, label: str) -> Opening:
        """Take a label, choose a compartment, open it; see :meth:`.Deposits.begin`."""
        return self._touched(lambda: self._deposits.begin(label))

    def may_bring_unannounced(self, label: str) -> bool:
        """Whether a label would be taken in unannounced now."""
        return self._deposits.may_bring_unannounced(label)

    def size_classes(self) -> tuple[str, ...]:
        """List the classes of compartments that are free now, smallest first."""
        return self._deposits.size_classes()

    def deposit_unannounced(self, label: str, wanted: str) -> Opening:
        """Take in what nobody announced; see :meth:`.Deposits.begin_unannounced`."""
        return self._touched(lambda: self._deposits.begin_unannounced(label, wanted))

    def reject_compartment(self, why: str) -> None:
        """Say ``does_not_fit``, ``dirty``, ``damaged``, ``door_failed`` or ``empty``."""
        self._touched(lambda: self._deposits.reject(why))

    def offer_again(self) -> Opening:
        """Open another compartment for the parcel in hand, once the last door is shut."""
        return self._touched(self._deposits.offer_again)

    def open_again(self) -> Opening:
        """Open the offered compartment once more."""
        return self._touched(self._deposits.open_again)

    def is_deposited(self) -> bool:
        """Whether the parcel in hand lies inside and its door is shut."""
        return self._deposits.is_current_in()

    def retrievable(self) -> tuple[Retrievable, ...]:
        """List what the signed-in courier shall take out."""
        return self._deposits.retrievable()

    def retrieve(self, parcel: ParcelId) -> Opening:
        """Open the compartment of a parcel that shall be taken out."""
        return self._touched(lambda: self._deposits.retrieve(parcel))

    def unclear(self) -> tuple[CompartmentId, ...]:
        """List compartments a courier should look into."""
        return self._deposits.unclear()

    def look_into(self, name: CompartmentId) -> Opening:
        """Open a compartment whose content is unclear."""
        return self._touched(lambda: self._deposits.look_into(name))

    def found_empty(self, name: CompartmentId) -> None:
        """Say that a compartment one has looked into is empty."""
        self._touched(lambda: self._deposits.found_empty(name))

    # ── Link ──────────────────────────────────────────────────────────────────────────────────

    def apply_list(
        self, changes: Sequence[ListChange], *, version: int, is_whole: bool
    ) -> tuple[locker.LockerFact, ...]:
        """Store a list and do what follows from it: one transaction.

        Codes that take long to stretch follow later: the list is held whole when the store
        ``has_all_codes`` (:mod:`restante.edge.codes`).
        """

        def apply() -> tuple[locker.LockerFact, ...]:
            store = self.store
            if not store.has_all_codes and version < store.list_version:
                return ()  # What the link has not confirmed yet is no reason to go backwards.
            plain = self._codes.take(changes, store.allowed.listed)
            stretched = self._codes.stretch_some()
            after, differing = store.merge_list([*plain, *stretched], is_whole=is_whole)
            commands = [
                *self._ordered(differing),
                *self._forgotten(after),
                *self._recognised(differing),
            ]
            facts = self.store.keep_list(
                after,
                differing,
                version=version,
                commands=commands,
                by=self._by,
                at=self.clock.now(),
                has_all_codes=self._codes.waiting_count == len(stretched),
            )
            self._codes.kept(stretched)
            self._fault("edge.after_list")
            return facts

        return self._guarded(apply)

    def _stretch_codes(self) -> None:
        stretched = self._codes.stretch_some()
        if not stretched:
            return
        store = self.store
        after, differing = store.merge_list(stretched, is_whole=False)
        has_all = self._codes.waiting_count == len(stretched)
        store.keep_list(
            after,
            differing,
            version=store.list_version,
            commands=(),
            by=self._by,
            at=self.clock.now(),
            has_all_codes=has_all,
        )
        self._codes.kept(stretched)

    def take_order(self, order: Order) -> Opening | None:
        """Open a door because the centre says so; see :meth:`restante.edge.orders.Orders.take`."""
        return self._guarded(lambda: self.orders.take(order))

    def hear(self) -> None:
        """Note that the centre has said something that was well signed."""
        with suppress(OutOfService):
            self._guarded(self.budget.heard)

    def take_time(self, at_ms: int) -> None:
        """Believe the centre's signed word about the time, also after a restart."""
        correction = self.clock.told(at_ms)
        with suppress(OutOfService):
            self._guarded(lambda: self.store.keep_correction(correction, at=self.clock.now()))

    def keep_watermark(self, seq: int) -> None:
        """Remember up to where the centre has this locker's facts."""

        def keep() -> None:
            self.store.remember("watermark", str(seq), at=self.clock.now())
            self._fault("edge.after_watermark")

        try:
            self._guarded(keep)
        except OutOfService:
            return  # Too low a watermark only means sending facts twice.

    def _ordered(self, differing: dict[str, Listed | None]) -> list[locker.LockerCommand]:
        at = self.clock.now()
        commands: list[locker.LockerCommand] = []
        for one in differing.values():
            order = one.entry if one is not None else None
            if not isinstance(order, ServiceOrder) or order.locker != self.config.locker:
                continue
            if order.compartment not in self.state.compartments:
                continue
            name = order.compartment
            commands.append(
                compartment.ReturnToService(at=at, compartment=name)
                if order.in_service
                else compartment.TakeOutOfService(
                    at=at, compartment=name, why=order.why or "operator"
                )
            )
        return commands

    def _recognised(self, differing: dict[str, Listed | None]) -> list[locker.LockerCommand]:
        """Call what was taken in unannounced by the names the list has for it."""
        inside, at = self.state.unannounced, self.clock.now()
        commands: list[locker.LockerCommand] = []
        for one in differing.values():
            if one is None or not isinstance(one.entry, ExpectedParcel):
                continue
            named = one.entry.parcel
            local = alone.find_label(inside, one.entry.label, one.entry.partner)
            if local is None or (local != named and self.state.find_parcel(named) is not None):
                continue
            commands.append(alone.RecogniseParcel(at=at, local=local, parcel=named))
        return commands

    def _forgotten(self, after: AllowedList) -> list[locker.LockerCommand]:
        at = self.clock.now()
        keys = tuple(sorted(set(self.state.tried.by_key) - after.attempt_keys()))
        grants = tuple(sorted(set(self.state.grants) - after.grant_ids()))
        return [
            attempts.ForgetAttempts(at=at, keys=keys),
            locker.ForgetGrants(at=at, grants=grants),
        ]

    # ── Inside ────────────────────────────────────────────────────────────────────────────────

    def _end_visit(self, why: str) -> tuple[locker.LockerFact, ...]:
        self._deposits.forget()
        at = self.clock.now()
        visit = self.visit
        if visit is None:
            return ()
        end = session.EndSession(at=at, why=why)
        facts = self.store.record([end], by=self._by, at=at, cause=visit.session)
        return facts + self._drop_abandoned()

    def _drop_abandoned(self) -> tuple[locker.LockerFact, ...]:
        """Free compartments that were chosen for a parcel nobody has put in."""
        if self.visit is not None:
            return ()
        at = self.clock.now()
        commands = [
            compartment.DropAssignment(at=at, compartment=name, why="abandoned")
            for name, known in self.state.compartments.items()
            if known.content is Content.ASSIGNED and known.door is Door.CLOSED
        ]
        return self.store.record(commands, by=self._by, at=at)

    def _touched(self, act: Callable[[], Answer]) -> Answer:
        self._touched_at = self.clock.now()
        return self._guarded(act)

    def _guarded(self, act: Callable[[], Answer]) -> Answer:
        """Turn the disk's troubles into being out of service (E2)."""
        if self.trouble == "damaged":
            raise OutOfService("damaged")
        try:
            answer = act()
        except (Full, Busy) as error:
            self.trouble = "full"
            raise OutOfService("full") from error
        except Damaged as error:
            self.trouble = "damaged"
            raise OutOfService("damaged") from error
        self.trouble = None
        return answer
