"""A small living network for the pages: a generated city, parcels in every situation, no simulator.

What the pages' tests and their browser stand on. ``Stage.demo`` records what its switches were
told, as the simulator's own controls would.
"""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar

from restante.access import SIMULATION, Keyring
from restante.clock import Minter, VirtualClock
from restante.core import compartment as machine
from restante.core.content import CompartmentAssigned, ContentUnclear
from restante.core.door import DoorClosed, DoorForced
from restante.core.fit import Why
from restante.core.handoff import HandoffCollected, HandoffDeposited
from restante.core.ids import (
    CompartmentId,
    CourierId,
    LockerId,
    ParcelId,
    PartnerId,
    SessionId,
    SiteId,
    parcel_stream,
)
from restante.core.locker import LockerInstalled
from restante.core.size import CompartmentSpec, ParcelSize
from restante.core.value import DAY, HOUR, Fact, Grams, Millimeters, UtcSeconds
from restante.link.message import Heartbeat, Report, ReportedFact
from restante.operations.announce import announce
from restante.operations.beats import NotedBeat, note_heartbeats
from restante.operations.contacts import Contact
from restante.operations.ingest import ingest
from restante.settings import Settings
from restante.sim.city import City, make_city
from restante.sim.city_map import city_geojson
from restante.sim.town import locker_name, settle_city
from restante.views import Principal
from restante.web.app_routes import PAGE_MODULES, Web, make_web
from restante.web.demo_controls import SPEEDS, DemoCourier, DemoFault, DemoKiosk, Mover
from restante.wiring.centre import Centre, open_centre

FRIDAY = UtcSeconds(1_795_766_400)
"""2026-11-27T08:00:00Z."""
OPERATOR = Principal.of_operator("ada")


class StagedDemo:
    """Switches that remember what they were told."""

    def __init__(self, city: City, stage: "Stage") -> None:
        self._city = city
        self._stage = stage
        self.speed = 60
        self.is_peak = False
        self.cut_lockers: frozenset[LockerId] = frozenset()
        self.broken: list[tuple[LockerId, CompartmentId, DemoFault]] = []
        self._kiosks = [
            DemoKiosk(locker_name(site.id), site.name, f"/kiosk/{locker_name(site.id)}")
            for site in city.sites
            if site.layout is not None
        ]

    def set_speed(self, speed: int) -> None:
        if speed not in SPEEDS:
            raise ValueError(f"speed: one of {SPEEDS}")
        self.speed = speed

    def set_peak(self, is_peak: bool) -> None:
        self.is_peak = is_peak

    def cut_link(self, locker: LockerId) -> None:
        self._check(locker)
        self.cut_lockers |= {locker}

    def restore_link(self, locker: LockerId) -> None:
        self._check(locker)
        self.cut_lockers -= {locker}

    def inject_fault(self, locker: LockerId, compartment: CompartmentId, fault: DemoFault) -> None:
        self._check(locker)
        self.broken.append((locker, compartment, fault))

    def mend(self, locker: LockerId) -> None:
        self._check(locker)
        self.broken = [one for one in self.broken if one[0] != locker]

    def city(self) -> dict[str, Any]:
        return city_geojson(self._city)

    def movers(self) -> Sequence[Mover]:
        longitude, latitude = self._city.center
        return [Mover("u_1", longitude + 0.004, latitude, "Ola")]

    def courier(self) -> DemoCourier:
        return DemoCourier(CourierId("c1"), PartnerId("acme"), "Ola")

    def recipient_url(self) -> str | None:
        return "/p/sample"

    def kiosks(self) -> Sequence[DemoKiosk]:
        return self._kiosks

    def _check(self, locker: LockerId) -> None:
        if all(kiosk.locker != locker for kiosk in self._kiosks):
            raise LookupError(f"there is no locker {locker!r}")


class Stage:
    """A centre with a city and short words for what happens in it."""

    def __init__(
        self, folder: Path, *, lockers: int = 9, counters: int = 2, database: str = ""
    ) -> None:
        self.clock = VirtualClock(UtcSeconds(FRIDAY - 3 * DAY))
        self.wall = VirtualClock(FRIDAY)
        minter = Minter(self.clock, random.Random(11).randbytes)
        keyring = Keyring.in_memory(b"stage", self.clock.now())
        self.centre: Centre = open_centre(
            Settings(data_dir=folder, database_url=database),
            self.clock,
            minter,
            cost=SIMULATION,
            keyring=keyring,
            durability="relaxed",
        )
        self.city = make_city(lockers=lockers, counters=counters)
        self.couriers = settle_city(self.centre, self.city, keyring=keyring, minter=minter)
        self.partner = self.couriers[0].partner
        self.layouts: dict[SiteId, tuple[CompartmentSpec, ...]] = {}
        self._seqs: dict[LockerId, int] = {}
        for site in self.city.sites:
            if site.layout is not None:
                self.layouts[site.id] = site.layout.compartments
                names = tuple(spec.id for spec in site.layout.compartments)
                locker = locker_name(site.id)
                installed = LockerInstalled(at=self.clock.now(), locker=locker, compartments=names)
                self.report(locker, installed)
        self.demo = StagedDemo(self.city, self)
        self.parcels: list[ParcelId] = []

    def close(self) -> None:
        self.centre.close()

    def web(self, *, is_demo: bool = True, page_modules: Any = PAGE_MODULES) -> Web:
        return make_web(
            self.centre,
            demo=self.demo if is_demo else None,
            session_clock=self.wall,
            zone=self.city.time_zone,
            page_modules=page_modules,
            release="0.1.0",
        )

    def app(self, **given: Any) -> Litestar:
        web = self.web(**given)
        return Litestar(
            [web.router], exception_handlers=dict(web.problem_handlers), openapi_config=None
        )

    def report(self, locker: LockerId, *facts: Fact) -> None:
        first = self._seqs.get(locker, 0) + 1
        self._seqs[locker] = first + len(facts) - 1
        raws = tuple(
            msgspec.Raw(
                msgspec.json.encode(
                    ReportedFact(by=f"locker:{locker}", fact=msgspec.Raw(msgspec.json.encode(fact)))
                )
            )
            for fact in facts
        )
        report = Report(locker=locker, epoch="e1", first_seq=first, facts=raws)
        self.centre.run(ingest(self.centre.means, report=report))

    def announce(self, number: int, site: SiteId, **given: Any) -> ParcelId:
        size = ParcelSize(
            length_mm=Millimeters(300),
            width_mm=Millimeters(200),
            height_mm=Millimeters(60 + number % 4 * 30),
            weight_g=Grams(900),
        )
        announced = self.centre.run(
            announce(
                self.centre.means,
                Principal.of_partner(self.partner),
                label=f"JJD0003000{number:04d}",
                size=given.pop("size", size),
                site=site,
                contact=Contact(name="Anna Nowak", email=f"anna{number}@example.org"),
                reference=given.pop("reference", f"order-{number:04d}"),
                **given,
            )
        )
        self.parcels.append(announced.parcel)
        return announced.parcel

    def deposit(self, parcel: ParcelId, site: SiteId, compartment: CompartmentId) -> None:
        at, session = self.clock.now(), SessionId("s1")
        self.report(
            locker_name(site),
            CompartmentAssigned(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=session,
                reasons=(Why.SMALLEST_THAT_FITS, Why.LEAST_WORN),
            ),
            HandoffDeposited(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=session,
                courier=self.couriers[0].courier,
                evidence="door",
            ),
            DoorClosed(at=at, compartment=compartment),
        )

    def collect(self, parcel: ParcelId, site: SiteId, compartment: CompartmentId) -> None:
        at = self.clock.now()
        state: Any = self.centre.journal.states([parcel_stream(parcel)])[
            parcel_stream(parcel)
        ].state
        self.report(
            locker_name(site),
            HandoffCollected(
                at=at,
                compartment=compartment,
                parcel=parcel,
                session=SessionId("s2"),
                grant=list(state.grants.grants)[-1],
                reopen_until=UtcSeconds(at + 600),
                evidence="door",
            ),
        )

    def hear(self, locker: LockerId, *, unsent: int = 0) -> None:
        since = UtcSeconds(self.clock.now() - HOUR) if unsent else None
        beat = Heartbeat(
            locker=locker,
            at=self.clock.now(),
            unsent_count=unsent,
            unsent_since=since,
            list_version=0,
        )
        self.centre.run(note_heartbeats([NotedBeat(beat, self.clock.now())]))

    def live_three_days(self) -> None:
        """Fill the city: parcels in every situation, and some trouble."""
        number = 0
        taken: list[tuple[ParcelId, SiteId, CompartmentId]] = []
        for turn, (site, layout) in enumerate(self.layouts.items()):
            doors = [spec for spec in layout if spec.height_mm >= 150]
            for spec in doors[: 6 + turn * 3 % 17]:
                number += 1
                parcel = self.announce(number, site)
                self.clock.set(UtcSeconds(self.clock.now() + 900))
                self.deposit(parcel, site, spec.id)
                taken.append((parcel, site, spec.id))
        for parcel, site, name in taken[::3]:
            self.collect(parcel, site, name)
        self.centre.timekeeper.tick()
        self.clock.set(FRIDAY)
        self.centre.timekeeper.tick()
        for _ in range(8):
            number += 1
            self.announce(number, list(self.layouts)[number % len(self.layouts)])
        self._trouble(list(self.layouts))

    def _trouble(self, sites: Sequence[SiteId]) -> None:
        now = self.clock.now()
        first, second, third = sites[:3]
        ago = UtcSeconds(now - 25 * 60)
        forced, unclear = self.layouts[first][0].id, self.layouts[second][4].id
        self.report(locker_name(first), DoorForced(at=ago, compartment=forced))
        self.report(
            locker_name(second),
            ContentUnclear(at=ago, compartment=unclear, why="left_inside"),
            machine.TakenOutOfService(
                at=UtcSeconds(now - 3 * HOUR),
                compartment=self.layouts[second][6].id,
                why="damaged",
            ),
        )
        # The centre notes when it hears a locker by its own clock.
        for site in sites:
            self.clock.set(UtcSeconds(now - 2 * HOUR) if site == third else now)
            self.hear(locker_name(site), unsent=4 if site == third else 0)
        self.clock.set(now)
