"""A whole locker joined to the tests' centre by a line that can be cut."""

from typing import Any

import msgspec

from restante.access import (
    SIMULATION,
    Action,
    Claims,
    DeviceKey,
    Purpose,
    Secret,
    export_locker_keys,
    is_keyed_pin,
    parse_keyed_pin,
    seeded_entropy,
    sign_token,
    stretch_keyed_pin,
)
from restante.clock import Minter, VirtualClock
from restante.core.ids import CompartmentId, CourierId, ParcelId, PartnerId
from restante.core.streams import KINDS
from restante.core.value import HOUR, UtcSeconds
from restante.edge.boards.simulated import SimulatedBoard
from restante.edge.config import LockerConfig
from restante.edge.controller import Controller
from restante.edge.store import TABLES
from restante.edge.uplink import Uplink
from restante.journal.memory import MemoryJournal
from restante.link.memory import MemoryLink
from restante.link.message import PinVerifier
from restante.operations.directory import register_locker
from restante.operations.receipts import ReceiptTaken, take_receipt, trust_device
from tests.operations.house import ACME, COURIER, LOCKER, OPERATOR, SITE, House, layout

KEY = DeviceKey.from_seed(Secret(b"locker-01 has this key of its own"[:32]))


class Far:
    """The tests' locker for real: a controller on its own clock, far from the centre."""

    def __init__(self, house: House, *, count: int = 4) -> None:
        self.house = house
        self.clock = VirtualClock(house.clock.now())
        self.journal: Any = MemoryJournal(KINDS, inline=TABLES)
        self.specs = layout(count)
        self.board = SimulatedBoard([spec.id for spec in self.specs])
        self.keys = export_locker_keys(house.centre.keyring, SITE)
        house.centre.run(register_locker(OPERATOR, locker=LOCKER, site=SITE, layout=self.specs))
        house.centre.run(trust_device(OPERATOR, locker=LOCKER, public=KEY.public))
        self._stretched: dict[str, str] = {}
        self.boots = 0
        self.takes_unannounced = True
        self.boot()

    def boot(self) -> None:
        """Start the controller on the same disk."""
        self.boots += 1
        self.controller = Controller(
            LockerConfig(
                locker=LOCKER,
                site=SITE,
                specs=self.specs,
                verifier_cost=SIMULATION,
                takes_unannounced=self.takes_unannounced,
                centre_url="https://parcels.example.org",
            ),
            journal=self.journal,
            board=self.board,
            clock=self.clock,
            minter=Minter(self.clock, seeded_entropy(b"far%d" % self.boots)),
            keys=self.keys,
            device=KEY,
        )
        self.controller.start()
        self.uplink = Uplink(self.controller, self.keys.public)
        self.link = MemoryLink(self.uplink, self.house.centre.hub.end_for(LOCKER))

    # ── Time and line ─────────────────────────────────────────────────────────────────────────

    def pass_time(self, seconds: int) -> None:
        """Let time pass at both ends, the timekeeper and the link work."""
        self.house.pass_time(seconds)
        self.clock.set(UtcSeconds(self.clock.now() + seconds))
        self.controller.tick()
        self.talk()

    def talk(self) -> None:
        self.house.centre.hub.push_lists()
        self.link.pump(self.house.clock.now())

    def agree_within(self, seconds: int) -> int:
        """Restore the line; count the seconds until both sides say the same."""
        self.link.restore()
        for passed in range(seconds + 1):
            self.talk()
            if self.is_agreed:
                return passed
            self.clock.set(UtcSeconds(self.clock.now() + 1))
            self.house.clock.set(UtcSeconds(self.house.clock.now() + 1))
            self.controller.tick()
        raise AssertionError(f"no agreement within {seconds} s: {self.difference}")

    @property
    def is_agreed(self) -> bool:
        return not self.difference

    @property
    def difference(self) -> dict[str, Any]:
        """Name what locker and centre do not say alike."""
        store, house = self.controller.store, self.house
        stream = f"locker/{LOCKER}"
        at_centre = house.centre.journal.states([stream])[stream].state  # type: ignore[list-item,index]
        listed = {key: one.entry for key, one in store.allowed.listed.items() if not one.is_ended}
        pairs = {
            "watermark": (store.watermark, store.version),
            "list version": (store.list_version, house.centre.hub.lists.version(SITE)),
            "list": (listed, {key: self._as_held(one) for key, one in house.list_keys().items()}),
            "state": (store.state, at_centre),
        }
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def _as_held(self, entry: object) -> object:
        """Give an entry of the centre's list as this locker keeps it: codes stretched."""
        if not isinstance(entry, PinVerifier) or not is_keyed_pin(entry.verifier):
            return entry
        if entry.verifier not in self._stretched:
            made = stretch_keyed_pin(parse_keyed_pin(entry.verifier), self.keys.pepper, SIMULATION)
            assert made is not None
            self._stretched[entry.verifier] = made.encode()
        return msgspec.structs.replace(entry, verifier=self._stretched[entry.verifier])

    # ── People ────────────────────────────────────────────────────────────────────────────────

    def shift_token(self, partner: PartnerId = ACME, courier: CourierId = COURIER) -> str:
        """Give a courier's pass for the next hours."""
        now = self.clock.now()
        claims = Claims(
            issuer="restante",
            subject=courier,
            audience=(SITE,),
            issued_at=now,
            not_before=now,
            expires_at=UtcSeconds(now + 12 * HOUR),
            token_id=b"abcdefgh",
            action=Action.SHIFT,
            partner=partner,
            manifest=b"m" * 16,
        )
        key = self.house.centre.keyring.current(Purpose.TOKEN)
        return sign_token(claims, key).reveal()

    def shut(self, door: CompartmentId) -> None:
        self.board.close(door)
        self.controller.tick()

    def bring(self, label: str) -> CompartmentId:
        """Put an expected parcel in."""
        self.controller.sign_in_with_token(self.shift_token())
        opening = self.controller.deposit(label)
        self.board.put_in(opening.compartment, ParcelId(label))
        self.shut(opening.compartment)
        self.controller.end_visit()
        return opening.compartment

    def bring_unannounced(self, label: str, wanted: str = "") -> tuple[ParcelId, str]:
        """Put in what nobody announced; its name at the locker, and the receipt's address."""
        self.controller.sign_in_with_token(self.shift_token())
        size = wanted or self.controller.size_classes()[0]
        opening = self.controller.deposit_unannounced(label, size)
        self.board.put_in(opening.compartment, ParcelId(label))
        self.shut(opening.compartment)
        assert opening.parcel is not None
        address = self.controller.receipts.address_for(opening.parcel)
        self.controller.end_visit()
        return opening.parcel, address

    def carry(self, address: str) -> ReceiptTaken:
        """Let a phone bring a receipt to the centre."""
        return self.house.centre.run(take_receipt(self.house.centre.means, text=address))

    def take(self) -> None:
        """Take out whatever the signed-in recipient may."""
        for one in self.controller.waiting():
            opening = self.controller.collect(one.grant)
            self.board.take_out(opening.compartment)
            self.shut(opening.compartment)
        self.controller.end_visit()

    def token(self, parcel: ParcelId) -> str:
        """Ask the centre for the QR text of a parcel, as its recipient does."""
        recipient = self.house.file(parcel).custody.about.recipient
        found = self.house.centre.desk.token(parcel, recipient)
        assert found is not None
        return found.reveal()
