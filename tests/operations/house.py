"""What the tests of operations stand on: a small network, and a locker that reports."""

import atexit
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp
from typing import Any, TypeAlias

import msgspec

from restante.access import SIMULATION
from restante.clock import Minter, VirtualClock
from restante.core.handoff import HandoffCollected, HandoffDeposited, HandoffRetrieved
from restante.core.ids import (
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    ParcelId,
    PartnerId,
    SessionId,
    SiteId,
    locker_stream,
    parcel_stream,
    site_stream,
)
from restante.core.locker import LockerInstalled
from restante.core.size import CompartmentSpec, ParcelSize
from restante.core.value import Fact, Grams, Millimeters, UtcSeconds
from restante.link.message import Report, ReportedFact
from restante.operations.announce import Announced, announce
from restante.operations.contacts import Contact
from restante.operations.directory import (
    SiteEntry,
    register_locker,
    register_partner,
    register_site,
)
from restante.operations.ingest import Ingested, ingest
from restante.operations.retrieve import complete_return
from restante.settings import Settings
from restante.views import Principal
from restante.wiring.centre import Centre, open_centre

MONDAY = UtcSeconds(1_795_420_800)
SITE, OTHER_SITE = SiteId("site-01"), SiteId("site-02")
LOCKER, OTHER_LOCKER = LockerId("locker-01"), LockerId("locker-02")
ACME, RIVAL = PartnerId("acme"), PartnerId("rival")
COURIER = CourierId("c1")
OPERATOR = Principal.of_operator("ada")

Around: TypeAlias = Callable[[int], AbstractContextManager[object]]
"""Entered with the number of operations whenever some are written."""

SHOE_BOX = ParcelSize(
    length_mm=Millimeters(300),
    width_mm=Millimeters(200),
    height_mm=Millimeters(120),
    weight_g=Grams(1500),
)
HIGH_BOX = ParcelSize(
    length_mm=Millimeters(500),
    width_mm=Millimeters(400),
    height_mm=Millimeters(380),
    weight_g=Grams(4000),
)
ANNA = Contact(name="Anna Nowak", email="anna@example.org", language="pl")


def layout(count: int = 4) -> tuple[CompartmentSpec, ...]:
    """Build ``count`` small compartments and, below them, a large one."""
    heights = [*(160 for _ in range(count)), 400]
    return tuple(
        CompartmentSpec(
            id=CompartmentId(f"A{row + 1}"),
            column=0,
            row=row,
            width_mm=Millimeters(420),
            height_mm=Millimeters(height),
            depth_mm=Millimeters(600),
            opening_width_mm=Millimeters(410),
            opening_height_mm=Millimeters(height - 5),
            weight_g_max=Grams(20_000),
            bottom_height_mm=Millimeters(400 if row == count else 1_300),
        )
        for row, height in enumerate(heights)
    )


class House:
    """A centre, and short words for what happens around it."""

    def __init__(self, centre: Centre, clock: VirtualClock) -> None:
        self.centre = centre
        self.clock = clock
        self.acme = Principal.of_partner(ACME)
        self.rival = Principal.of_partner(RIVAL)
        self._seqs: dict[tuple[LockerId, str], int] = {}

    @classmethod
    def reopen(
        cls,
        path: Path,
        *,
        at: UtcSeconds,
        database: str = "",
        seed: int = 7,
        around: Around | None = None,
    ) -> "House":
        """Open the centre that is in a folder, or whose keys are, with what is there."""
        clock = VirtualClock(at)
        centre = open_centre(
            Settings(data_dir=path, database_url=database),
            clock,
            Minter(clock, random.Random(seed).randbytes),
            cost=SIMULATION,
            durability="relaxed",
            around=around,
        )
        return cls(centre, clock)

    def restart(self, *, at: UtcSeconds | None = None) -> "House":
        """End the centre and open it again, with whatever journal it has."""
        settings = self.centre.settings
        self.centre.close()
        return House.reopen(
            settings.data_dir,
            at=self.clock.now() if at is None else at,
            database=settings.database_url,
        )

    def announce(self, label: str = "JJD01", **given: Any) -> Announced:
        wanted: dict[str, Any] = {"size": SHOE_BOX, "site": SITE, "contact": ANNA, **given}
        return self.centre.run(announce(self.centre.means, self.acme, label=label, **wanted))

    def report(self, *facts: Fact, locker: LockerId = LOCKER, epoch: str = "e1") -> Ingested:
        return self.report_raw(*(raw(fact) for fact in facts), locker=locker, epoch=epoch)

    def report_raw(
        self,
        *facts: bytes,
        locker: LockerId = LOCKER,
        epoch: str = "e1",
        first_seq: int | None = None,
    ) -> Ingested:
        known = self._seqs.get((locker, epoch), 0)
        first = known + 1 if first_seq is None else first_seq
        self._seqs[locker, epoch] = max(known, first + len(facts) - 1)
        report = Report(
            locker=locker,
            epoch=epoch,
            first_seq=first,
            facts=tuple(msgspec.Raw(fact) for fact in facts),
        )
        return self.centre.run(ingest(self.centre.means, report=report))

    def deposit(
        self,
        parcel: ParcelId,
        compartment: str = "A1",
        *,
        at: int | None = None,
        locker: LockerId = LOCKER,
    ) -> Ingested:
        return self.report(
            HandoffDeposited(
                at=UtcSeconds(self.clock.now() if at is None else at),
                compartment=CompartmentId(compartment),
                parcel=parcel,
                session=SessionId("s1"),
                courier=COURIER,
                evidence="door",
            ),
            locker=locker,
        )

    def collect(
        self, parcel: ParcelId, compartment: str = "A1", *, at: int | None = None
    ) -> Ingested:
        when = UtcSeconds(self.clock.now() if at is None else at)
        return self.report(
            HandoffCollected(
                at=when,
                compartment=CompartmentId(compartment),
                parcel=parcel,
                session=SessionId("s2"),
                grant=self.grant(parcel),
                reopen_until=UtcSeconds(when + 600),
                evidence="door",
            )
        )

    def retrieve(self, parcel: ParcelId, compartment: str = "A1") -> Ingested:
        return self.report(
            HandoffRetrieved(
                at=self.clock.now(),
                compartment=CompartmentId(compartment),
                parcel=parcel,
                session=SessionId("s3"),
                courier=COURIER,
                evidence="door",
            )
        )

    def complete_return(self, parcel: ParcelId) -> None:
        self.centre.run(complete_return(self.centre.means, self.acme, parcel=parcel))

    def grant(self, parcel: ParcelId) -> GrantId:
        """Name the parcel's latest grant."""
        known = self.file(parcel).grants.grants.values()
        # Two of the same second are in no order; the latest is the one that lives.
        latest: GrantId = max(known, key=lambda one: (one.is_live, one.valid_from)).grant
        return latest

    def pass_time(self, seconds: int) -> int:
        """Let time pass and the timekeeper work; how much it did."""
        self.clock.set(UtcSeconds(self.clock.now() + seconds))
        return self.centre.timekeeper.tick()

    def file(self, parcel: ParcelId) -> Any:
        stream = parcel_stream(parcel)
        return self.centre.journal.states([stream])[stream].state

    def site_state(self, site: SiteId = SITE) -> Any:
        stream = site_stream(site)
        return self.centre.journal.states([stream])[stream].state

    def status(self, parcel: ParcelId) -> str:
        return self.centre.queries.parcel(OPERATOR, parcel).status

    def tags(self, parcel: ParcelId) -> list[str]:
        return [one.tag for one in self.centre.queries.timeline(OPERATOR, parcel)]

    def notices(self) -> list[str]:
        """Name what recipients shall be told by now."""
        due = self.centre.journal.due_work(self.clock.now(), 100)
        return [work.key.split("/")[2] for work in due]

    def list_keys(self, site: SiteId = SITE) -> dict[str, Any]:
        """Read a site's whole list."""
        return {c.key: c.entry for c in self.centre.hub.lists.delta(site, 0).changes}


def raw(fact: Fact, by: str = "locker:locker-01") -> bytes:
    """Write a fact as a locker reports it."""
    body = msgspec.json.encode(fact)
    return msgspec.json.encode(ReportedFact(by=by, fact=msgspec.Raw(body)))


@cache
def _finished_house() -> Path:
    folder = Path(mkdtemp(prefix="restante-house-"))
    atexit.register(rmtree, folder, ignore_errors=True)
    # With dice of its own: no name that is given here is given again by a copy.
    open_house(folder, seed=1).centre.close()
    return folder


def copy_house(path: Path, *, around: Around | None = None) -> House:
    """Open a copy of a finished house: the same as a new one, in a third of the time.

    Whoever traces gives what is entered ``around`` each commit. All copies of a process have the
    same keys; for a second network open a house of its own.
    """
    copytree(_finished_house(), path, dirs_exist_ok=True)
    house = House.reopen(path, at=MONDAY, around=around)
    house._seqs = {(locker, "e1"): 1 for locker in (LOCKER, OTHER_LOCKER)}
    return house


def open_house(path: Path, *, at: UtcSeconds = MONDAY, database: str = "", seed: int = 7) -> House:
    """Open a centre in a folder and register what the tests need."""
    house = House.reopen(path, at=at, database=database, seed=seed)
    centre = house.centre
    for partner, name in ((ACME, "Acme"), (RIVAL, "Rival")):
        centre.run(register_partner(OPERATOR, partner=partner, name=name))
    for n, (site, locker) in enumerate(((SITE, LOCKER), (OTHER_SITE, OTHER_LOCKER))):
        entry = SiteEntry(
            site=site,
            name=f"Station {n + 1}",
            latitude=52.5 + n / 100,
            longitude=13.4,
            zone="Europe/Berlin",
        )
        centre.run(register_site(centre.means, OPERATOR, entry))
        centre.run(register_locker(OPERATOR, locker=locker, site=site, layout=layout()))
        names = tuple(spec.id for spec in layout())
        house.report(LockerInstalled(at=at, locker=locker, compartments=names), locker=locker)
    assert centre.journal.states([locker_stream(LOCKER)])
    return house
