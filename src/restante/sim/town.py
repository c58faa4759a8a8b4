"""Set a generated city up: its sites, lockers, partner and couriers, and a stand for each locker.

Everything goes through the same operations an operator uses.
"""

import hashlib
import random
from typing import Final

from ..access import (
    DeviceKey,
    Keyring,
    Pin,
    Secret,
    VerifierCost,
    export_locker_keys,
    make_pin,
)
from ..clock import Clock, Minter
from ..core.ids import CourierId, LockerId, PartnerId, SiteId
from ..core.site import Supply
from ..core.size import CompartmentKind
from ..core.value import Grams, Millimeters
from ..edge.boards.simulated import SimulatedBoard
from ..edge.config import LockerConfig
from ..edge.controller import Controller
from ..edge.store import LockerJournal
from ..edge.uplink import Uplink
from ..link.memory import LinkEnd, MemoryLink
from ..operations.directory import (
    SiteEntry,
    register_courier,
    register_locker,
    register_partner,
    register_site,
    set_capacity,
)
from ..operations.receipts import trust_device
from ..views.principal import Principal
from .city import City, CitySite, SiteKind
from .couriers import Courier
from .ports import Office
from .stand import Machine, MachineClock, Stand

PARTNER: Final = PartnerId("blitz")
PARTNER_NAME: Final = "Blitz Parcel"
OPERATOR: Final = Principal.of_operator("city")
COURIER_NAMES: Final = ("Mika Sand", "Jola Wit", "Ramón Vega")
HELP_PHONE: Final = "+4930901820"
"""From a range set aside for fiction."""

ITEM_SENSOR_SHARE: Final = 0.4
"""Lockers whose compartments tell if something is inside; chosen."""

COUNTER_SHELF = CompartmentKind(
    width_mm=Millimeters(800),
    height_mm=Millimeters(600),
    depth_mm=Millimeters(1_200),
    weight_g_max=Grams(30_000),
    is_low=True,
)
"""Room behind a counter: everybody is served across it."""


def locker_name(site: SiteId) -> LockerId:
    """Name the locker of a site: ``site-07`` has ``locker-07``."""
    return LockerId(site.replace("site-", "locker-", 1))


def make_device_key(locker: LockerId) -> DeviceKey:
    """Make the key of a simulated machine: the same in every run, and so no secret."""
    return DeviceKey.from_seed(Secret(hashlib.sha256(locker.encode()).digest()))


def settle_city(
    office: Office, city: City, *, keyring: Keyring, minter: Minter, help_phone: str = HELP_PHONE
) -> list[Courier]:
    """Register everything a city needs; again it changes nothing but the couriers' PINs.

    Returns
    -------
    list
        The couriers, who share the city's sites between them.
    """
    means = office.means
    keyring.make_peppers([site.id for site in city.sites])
    office.run(register_partner(OPERATOR, partner=PARTNER, name=PARTNER_NAME))
    for site in city.sites:
        entry = _describe(site, city, help_phone)
        office.run(register_site(means, OPERATOR, entry))
        if site.layout is not None:
            locker = locker_name(site.id)
            layout = site.layout.compartments
            office.run(register_locker(OPERATOR, locker=locker, site=site.id, layout=layout))
            public = make_device_key(locker).public
            office.run(trust_device(OPERATOR, locker=locker, public=public))
        elif site.counter_capacity:
            shelf = Supply(kind=COUNTER_SHELF, count=site.counter_capacity)
            office.run(set_capacity(OPERATOR, site=site.id, supply=(shelf,)))
    return _hire(office, city, keyring, minter)


def make_stand(
    site: CitySite,
    *,
    journal: LockerJournal,
    centre_end: LinkEnd,
    keyring: Keyring,
    clock: Clock,
    minter: Minter,
    cost: VerifierCost,
    release: str,
    centre_url: str,
) -> Stand:
    """Build a locker where a site has one, start its controller and join it to the centre.

    Parameters
    ----------
    centre_url
        Where the codes on its screen lead.

    Raises
    ------
    ValueError
        When the site has no locker.
    """
    if site.layout is None:
        raise ValueError(f"{site.id} is a {site.kind}, it has no locker")
    config = LockerConfig(
        locker=locker_name(site.id),
        site=site.id,
        specs=site.layout.compartments,
        verifier_cost=cost,
        name=site.name,
        centre_url=centre_url,
        screen_column=next((n for n, c in enumerate(site.layout.columns) if c.screen_height_mm), 0),
    )
    chance = random.Random(site.id)
    board = SimulatedBoard(
        (spec.id for spec in config.specs), has_item_sensors=chance.random() < ITEM_SENSOR_SHARE
    )
    keys = export_locker_keys(keyring, site.id)
    machine_clock = MachineClock(clock)

    def boot() -> Machine:
        controller = Controller(
            config,
            journal=journal,
            board=board,
            clock=machine_clock,
            minter=minter,
            keys=keys,
            release=release,
            device=make_device_key(config.locker),
        )
        controller.start()
        return Machine(controller, MemoryLink(Uplink(controller, keys.public, release), centre_end))

    return Stand(boot=boot, board=board, clock=clock, machine_clock=machine_clock)


def _describe(site: CitySite, city: City, help_phone: str) -> SiteEntry:
    longitude, latitude = site.position
    return SiteEntry(
        site=site.id,
        name=site.name,
        kind="counter" if site.kind is SiteKind.COUNTER else "locker",
        address=f"{site.address.street} {site.address.number}",
        place=f"{site.address.postcode} {site.address.city}",
        latitude=latitude,
        longitude=longitude,
        zone=city.time_zone,
        opening_hours=site.opening_hours,
        help_phone=help_phone,
        language="de",
    )


def _hire(office: Office, city: City, keyring: Keyring, minter: Minter) -> list[Courier]:
    sites = [site.id for site in city.sites if site.layout is not None]
    couriers = []
    for place, name in enumerate(COURIER_NAMES):
        mine = sites[place :: len(COURIER_NAMES)]
        if not mine:
            continue
        pin: Pin = make_pin(entropy=minter.secret_bytes, pepper=keyring.pepper(mine[0]))
        courier = Courier(
            courier=CourierId(f"courier-{place + 1}"),
            partner=PARTNER,
            name=name,
            login=str(4101 + place),
            pin=pin,
        )
        office.run(
            register_courier(
                office.means,
                OPERATOR,
                courier=courier.courier,
                partner=PARTNER,
                name=name,
                login=courier.login,
                pin=pin,
                sites=sites,
            )
        )
        couriers.append(courier)
    return couriers
