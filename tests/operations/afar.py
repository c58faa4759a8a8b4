"""A real centre and a real locker joined in one process: somebody opens a door from afar."""

from restante.access import SIMULATION, export_locker_keys
from restante.clock import Minter, VirtualClock
from restante.core.door import Door
from restante.core.ids import CompartmentId, LockerId, OrderId, ParcelId, RecipientId
from restante.core.remote import Outcome
from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.edge.boards.simulated import SimulatedBoard
from restante.edge.config import LockerConfig
from restante.edge.controller import Controller
from restante.edge.store import TABLES
from restante.edge.uplink import Uplink
from restante.journal.memory import MemoryJournal
from restante.journal.port import Journal
from restante.link.memory import LinkEnd, MemoryLink
from restante.operations.credentials import mint_shift_token
from restante.operations.orders import AskedOpening, ask_opening, ask_own_door
from restante.views import Principal
from restante.views.remote_tables import ShownOpening, find_opening
from tests.operations.house import ACME, COURIER, LOCKER, OPERATOR, SITE, House, layout

ADA, BEN = OPERATOR, Principal.of_operator("ben")
A1, A2 = CompartmentId("A1"), CompartmentId("A2")

CENTRE_URL = "https://parcels.example.org"


class Tap:
    """The centre's end as a broker sees it: everything said is kept, and may be held back."""

    def __init__(self, end: LinkEnd) -> None:
        self._end = end
        self.said: list[bytes] = []
        self.is_holding = False

    def connected(self, now: UtcSeconds) -> None:
        self._end.connected(now)

    def disconnected(self) -> None:
        self._end.disconnected()

    def receive(self, body: bytes, now: UtcSeconds) -> None:
        self._end.receive(body, now)

    def outgoing(self, now: UtcSeconds) -> list[bytes]:
        bodies = self._end.outgoing(now)
        self.said += bodies
        return [] if self.is_holding else bodies


class Afar:
    """A centre with one real locker, and short words for what people do."""

    def __init__(self, house: House, journal: Journal | None = None) -> None:
        self.house = house
        self.centre = house.centre
        self.locker_clock = VirtualClock(house.clock.now())
        """The locker machine's own."""
        self.board = SimulatedBoard([spec.id for spec in layout()])
        self.journal = journal or MemoryJournal(KINDS, inline=TABLES)
        self.tap = Tap(house.centre.hub.end_for(LOCKER))
        self.start()
        self.pump()

    def start(self) -> None:
        """Start the locker's program, on the disk and the cabinet it had before."""
        config = LockerConfig(
            locker=LOCKER,
            site=SITE,
            specs=layout(),
            verifier_cost=SIMULATION,
            name="Here",
            centre_url=CENTRE_URL,
        )
        self.controller = Controller(
            config,
            journal=self.journal,  # type: ignore[arg-type]
            board=self.board,
            clock=self.locker_clock,
            minter=Minter(self.house.clock),
            keys=export_locker_keys(self.centre.keyring, SITE),
            release="test",
        )
        self.controller.start()
        self.uplink = Uplink(self.controller, self.centre.keyring.public())
        self.link = MemoryLink(self.uplink, self.tap)

    def restart(self) -> None:
        """Cut the locker's power and give it back."""
        self.link.cut()
        self.start()

    @property
    def now(self) -> UtcSeconds:
        return self.house.clock.now()

    def pump(self) -> None:
        """Let everybody do what can be done at this moment."""
        for _ in range(3):
            self.centre.hub.push_lists()
            self.centre.orders.turn()
            self.link.pump(self.now)
            self.controller.tick()

    def pass_time(self, seconds: int) -> None:
        self.house.clock.set(UtcSeconds(self.now + seconds))
        self.locker_clock.set(UtcSeconds(self.locker_clock.now() + seconds))
        self.pump()

    def ask(
        self, who: Principal = ADA, compartment: CompartmentId = A1, why: str = "jammed"
    ) -> AskedOpening:
        return self.centre.run(
            ask_opening(self.centre.means, who, locker=LOCKER, compartment=compartment, why=why)
        )

    def ask_own(self, parcel: ParcelId, presence: str) -> AskedOpening:
        recipient = RecipientId(self.house.file(parcel).custody.about.recipient)
        who = Principal.of_recipient(recipient)
        return self.centre.run(
            ask_own_door(self.centre.means, who, parcel=parcel, presence=presence)
        )

    def shown(self, order: OrderId, locker: LockerId = LOCKER) -> ShownOpening:
        with self.centre.journal.reading() as connection:
            return find_opening(connection, OPERATOR, locker, order)

    def outcome(self, asked: AskedOpening) -> Outcome | None:
        self.pump()
        return self.shown(asked.order).outcome

    def pulses(self) -> int:
        """How often a lock moved."""
        return len(self.board.pulses)

    def door(self, compartment: CompartmentId = A1) -> Door:
        return self.controller.state.compartments[compartment].door

    def shut(self, compartment: CompartmentId = A1) -> None:
        self.controller.tick()
        self.board.close(compartment)
        self.pump()

    def deposit(self, label: str = "JJD01") -> ParcelId:
        """Bring a parcel, as a courier would."""
        parcel = self.house.announce(label).parcel
        self.pump()
        token = mint_shift_token(
            self.centre.means,
            courier=COURIER,
            partner=ACME,
            sites=[SITE],
            manifest=b"",
            now=self.now,
        )
        self.controller.sign_in_with_token(token.reveal())
        opening = self.controller.deposit(label)
        self.shut(opening.compartment)
        self.controller.end_visit()
        self.pump()
        return parcel
