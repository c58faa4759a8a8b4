"""A locker to try things on: a small cabinet, a clock that stands still, and the centre's pen."""

import hashlib
from collections.abc import Callable
from typing import Any

from restante.access import (
    SIMULATION,
    Action,
    Claims,
    DeviceKey,
    Keyring,
    Secret,
    export_locker_keys,
    key_pin,
    make_pin,
    make_verifier,
    seeded_entropy,
    sign_token,
)
from restante.access.keyring import Purpose as KeyPurpose
from restante.clock import Minter, VirtualClock
from restante.core.grant import Purpose
from restante.core.hold import HoldPolicy
from restante.core.ids import (
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
)
from restante.core.size import CompartmentSpec, ParcelSize
from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.edge.boards.simulated import SimulatedBoard
from restante.edge.config import LockerConfig
from restante.edge.controller import Controller
from restante.edge.doors import fault_free
from restante.edge.store import TABLES
from restante.journal.memory import MemoryJournal
from restante.link.message import (
    CollectGrant,
    CourierPass,
    ExpectedParcel,
    ListChange,
    ListEntry,
    PinVerifier,
    ServiceOrder,
    SiteNote,
)

SITE = SiteId("site-01")
LOCKER = LockerId("locker-01")
PARTNER = PartnerId("partner-a")
COURIER = CourierId("c1")
START = UtcSeconds(1_790_000_000)
SMALL = (380, 80, 640)
MEDIUM = (380, 190, 640)
LARGE = (380, 410, 640)


def spec(name: str, column: int, row: int, measures: tuple[int, int, int], bottom: int) -> Any:
    width, height, depth = measures
    return CompartmentSpec(
        id=CompartmentId(name),
        column=column,
        row=row,
        width_mm=width,
        height_mm=height,
        depth_mm=depth,
        opening_width_mm=width,
        opening_height_mm=height,
        weight_g_max=20_000,
        bottom_height_mm=bottom,
    )


CONFIG = LockerConfig(
    locker=LOCKER,
    site=SITE,
    specs=(
        spec("A1", 0, 0, SMALL, 1500),
        spec("A2", 0, 1, SMALL, 1000),
        spec("A3", 0, 2, MEDIUM, 700),
        spec("A4", 0, 3, LARGE, 200),
        spec("B1", 1, 0, MEDIUM, 1400),
        spec("B2", 1, 1, LARGE, 800),
    ),
    verifier_cost=SIMULATION,
    name="Mill Street 4",
    screen_column=1,
)


class Cabinet:
    """A controller with everything around it, and what the centre and people do to it."""

    def __init__(
        self,
        *,
        has_item_sensors: bool = False,
        journal: Any = None,
        fault: Callable[[str], None] = fault_free,
    ) -> None:
        self.clock = VirtualClock(START)
        self.minter = Minter(self.clock, seeded_entropy(b"cabinet"))
        self.keyring = Keyring.in_memory(b"centre", START)
        self.keyring.make_peppers([SITE, SiteId("site-02")])
        self.keys = export_locker_keys(self.keyring, SITE)
        self.journal = journal or MemoryJournal(KINDS, inline=TABLES)
        names = [one.id for one in CONFIG.specs]
        self.board = SimulatedBoard(names, has_item_sensors=has_item_sensors)
        self.version = 0
        self.entries: dict[str, ListEntry] = {}
        self.is_linked = True
        self.start(fault)
        self.controller.take_time(START * 1000)
        self.controller.hear()

    def start(self, fault: Callable[[str], None] = fault_free) -> None:
        """Start a controller on the same disk and the same cabinet."""
        self.controller = Controller(
            CONFIG,
            journal=self.journal,
            board=self.board,
            clock=self.clock,
            minter=self.minter,
            keys=self.keys,
            release="test",
            device=DeviceKey.from_seed(Secret(b"c" * 32)),
            fault=fault,
        )
        self.controller.budget.watch_link(lambda: self.is_linked)
        self.controller.start()

    def pass_time(self, seconds: int) -> None:
        self.clock.set(UtcSeconds(self.clock.now() + seconds))
        self.controller.tick()

    def facts(self) -> list[str]:
        stream = self.journal.stored(f"locker/{LOCKER}", after_version=0, limit=10_000)
        return [one.tag for one in stream]

    # ── The centre ────────────────────────────────────────────────────────────────────────────

    def tell(self, **entries: ListEntry | None) -> None:
        """Send list entries; keys are written with two underscores for the slash."""
        changes = []
        for name, entry in entries.items():
            key = name.replace("__", "/")
            changes.append(ListChange(key=key, entry=entry))
        self.tell_changes(changes)

    def tell_changes(self, changes: list[ListChange]) -> None:
        self.version += 1
        self.controller.apply_list(changes, version=self.version, is_whole=False)

    def expect(self, parcel: str, **other: Any) -> None:
        fields: dict[str, Any] = {
            "parcel": ParcelId(parcel),
            "partner": PARTNER,
            "label": f"LABEL-{parcel.upper()}",
            "size": ParcelSize(length_mm=300, width_mm=200, height_mm=60, weight_g=900),
            "needs_low_door": False,
            "hold": HoldPolicy(),
            "deposit_until": UtcSeconds(START + 2 * DAY),
        }
        entry = ExpectedParcel(**{**fields, **other})
        self.tell_changes([ListChange(key=f"parcel/{parcel}", entry=entry)])

    def grant(self, parcel: str, *, recipient: str = "", until: int = START + 3 * DAY) -> str:
        """Permit a parcel's collection; returns its code."""
        grant = GrantId(f"g-{parcel}")
        pepper = self.keyring.pepper(SITE)
        pin = make_pin(entropy=self.minter.secret_bytes, pepper=pepper)
        keyed = key_pin(pin, pepper)
        collect = CollectGrant(
            grant=grant,
            parcel=ParcelId(parcel),
            purpose=Purpose.COLLECT,
            valid_from=START,
            valid_until=UtcSeconds(until),
            recipient=RecipientId(recipient),
        )
        typed = PinVerifier(grant=grant, selector=pin.selector, verifier=keyed.encode())
        self.tell_changes(
            [
                ListChange(key=f"grant/{grant}", entry=collect),
                ListChange(key=f"pin/{grant}", entry=typed),
            ]
        )
        return pin.reveal()

    def token(self, parcel: str, *, site: SiteId = SITE, until: int = START + 3 * DAY) -> str:
        claims = Claims(
            issuer="demo",
            subject=f"g-{parcel}",
            audience=(site,),
            issued_at=START,
            not_before=START,
            expires_at=UtcSeconds(until),
            token_id=b"12345678",
            action=Action.COLLECT,
            grant=GrantId(f"g-{parcel}"),
        )
        return sign_token(claims, self.keyring.current(KeyPurpose.TOKEN)).reveal()

    def shift_token(self, partner: PartnerId = PARTNER) -> str:
        claims = Claims(
            issuer="demo",
            subject=COURIER,
            audience=(SITE,),
            issued_at=START,
            not_before=START,
            expires_at=UtcSeconds(START + 12 * HOUR),
            token_id=b"abcdefgh",
            action=Action.SHIFT,
            partner=partner,
            manifest=hashlib.sha256(b"m").digest()[:16],
        )
        return sign_token(claims, self.keyring.current(KeyPurpose.TOKEN)).reveal()

    def courier_pass(self, login: str = "4711") -> str:
        pepper = self.keyring.pepper(SITE)
        pin = make_pin(entropy=self.minter.secret_bytes, pepper=pepper)
        entry = CourierPass(
            courier=COURIER,
            partner=PARTNER,
            login=login,
            verifier=make_verifier(pin, pepper, SIMULATION).encode(),
            valid_until=UtcSeconds(START + 30 * DAY),
        )
        self.tell_changes([ListChange(key=f"courier/{COURIER}", entry=entry)])
        return pin.reveal()

    def order(self, compartment: str, *, in_service: bool) -> None:
        entry = ServiceOrder(
            compartment=CompartmentId(compartment),
            locker=LOCKER,
            in_service=in_service,
            why="cleaning",
            ordered_at=self.clock.now(),
        )
        self.tell_changes([ListChange(key=f"service/{LOCKER}/{compartment}", entry=entry)])

    def note(self, **fields: Any) -> None:
        entry = SiteNote(site=SITE, name="Mill Street 4", zone="Europe/Berlin", **fields)
        self.tell_changes([ListChange(key="site", entry=entry)])

    # ── People ────────────────────────────────────────────────────────────────────────────────

    def put_in(self, parcel: str) -> CompartmentId:
        """Deposit a parcel as a courier who is signed in does."""
        opening = self.controller.deposit(f"LABEL-{parcel.upper()}")
        self.board.put_in(opening.compartment, ParcelId(parcel))
        self.shut(opening.compartment)
        return opening.compartment

    def bring(self, *parcels: str) -> list[CompartmentId]:
        """Let a courier come, put parcels in and leave."""
        self.controller.sign_in_with_token(self.shift_token())
        places = [self.put_in(parcel) for parcel in parcels]
        self.controller.end_visit()
        return places

    def take(self, grant: str) -> ParcelId | None:
        """Collect as a recipient who is signed in does."""
        opening = self.controller.collect(GrantId(grant))
        taken = self.board.take_out(opening.compartment)
        self.shut(opening.compartment)
        return taken

    def shut(self, compartment: CompartmentId) -> None:
        self.board.close(compartment)
        self.controller.tick()
