"""The switches of a living city, as the pages ask for them: ``web.demo_controls``."""

from collections.abc import Callable, Mapping, Sequence
from math import nan
from typing import Any

from ..clock import Clock
from ..core.ids import CompartmentId, LockerId, ParcelId
from ..edge.boards.simulated import DoorIsShut, Fault
from ..sim.city_map import city_geojson
from ..sim.couriers import Courier
from ..sim.letters import Consigned
from ..sim.life import Life
from ..sim.stand import Stand
from ..web.demo_controls import (
    SPEEDS,
    DemoCourier,
    DemoFault,
    DemoKiosk,
    Mover,
    OpenDoor,
    Street,
    WaitingParcel,
)
from .town import Town

STREET_ROWS = 5
"""Parcels shown of each sort: enough to play, few enough to read."""

_DOOR_FAULTS: Mapping[DemoFault, Fault] = {
    DemoFault.JAMMED: Fault.JAMMED,
    DemoFault.STUCK_OPEN: Fault.STUCK_OPEN,
    DemoFault.STUCK_CLOSED: Fault.STUCK_CLOSED,
}


class CityControls:
    """Turns what visitors press into what happens in the city."""

    def __init__(self, town: Town, life: Life, clock: Clock) -> None:
        self._town = town
        self._life = life
        self._clock = clock
        self._stands = {stand.locker: stand for stand in town.stands}
        self._places = {site.id: site for site in town.city.sites}
        self._city = city_geojson(town.city)

    @property
    def speed(self) -> int:
        """City seconds per second."""
        return self._life.speed

    def set_speed(self, speed: int) -> None:
        """Let time pass faster, slower, or not at all."""
        if speed not in SPEEDS:
            raise ValueError(f"speed: one of {', '.join(map(str, SPEEDS))}")
        self._life.set_speed(speed)

    @property
    def is_peak(self) -> bool:
        """Whether it is the busiest week of December."""
        return self._town.world.is_peak

    def set_peak(self, is_peak: bool) -> None:
        """Switch the peak; the next announcements follow it."""

        def switch() -> None:
            self._town.world.is_peak = is_peak

        self._life.ask(switch)

    @property
    def cut_lockers(self) -> frozenset[LockerId]:
        """Lockers whose connection was cut by hand."""
        return frozenset(name for name, stand in self._stands.items() if stand.link.is_cut)

    def cut_link(self, locker: LockerId) -> None:
        """Cut a locker's connection."""
        stand = self._stand(locker)
        with stand.lock:
            stand.link.cut()

    def restore_link(self, locker: LockerId) -> None:
        """Connect a locker again and let it talk at once."""
        stand = self._stand(locker)
        with stand.lock:
            stand.link.restore()
        self._life.ask(stand.look)

    def inject_fault(self, locker: LockerId, compartment: CompartmentId, fault: DemoFault) -> None:
        """Break something."""
        stand = self._stand(locker)
        with stand.lock:
            if fault is DemoFault.SILENT:
                stand.board.silence()
            elif fault is DemoFault.POWER_CUT:
                stand.cut_power()
            else:
                stand.board.break_door(compartment, _DOOR_FAULTS[fault])
        self._life.ask(stand.look)

    def mend(self, locker: LockerId) -> None:
        """Repair everything that was broken at a locker."""
        stand = self._stand(locker)
        with stand.lock:
            stand.board.speak()
            for name in stand.controller.state.compartments:
                stand.board.mend_door(name)
        self._life.ask(stand.look)

    def city(self) -> Mapping[str, Any]:
        """The map's ground, a collection per layer."""
        return self._city

    def movers(self) -> Sequence[Mover]:
        """Where the couriers are."""
        return [self._mover(courier) for courier in self._town.couriers]

    def courier(self) -> DemoCourier:
        """The courier with most to deposit."""
        busiest = max(
            self._town.couriers, key=lambda one: sum(map(len, one.load.values()), start=0)
        )
        return DemoCourier(busiest.courier, busiest.partner, busiest.name)

    def recipient_url(self) -> str | None:
        """Page of a recipient whose parcel waits longest from now on."""
        now = self._clock.now()
        waiting = [
            letter
            for letter in tuple(self._town.world.letters.by_label.values())
            if letter.link is not None and not letter.is_gone and (letter.hold_until or 0) > now
        ]
        if not waiting:
            return None
        chosen = max(waiting, key=lambda letter: letter.hold_until or 0)
        return chosen.link.reveal() if chosen.link is not None else None

    def kiosks(self) -> Sequence[DemoKiosk]:
        """Screens to stand in front of."""
        return [
            DemoKiosk(name, self._places[stand.site].name, f"/demo/street/{name}")
            for name, stand in self._stands.items()
        ]

    def street(self, locker: LockerId) -> Street:
        """Look around before a locker."""
        stand = self._stand(locker)
        with stand.lock:
            doors = [
                OpenDoor(
                    name,
                    is_full=stand.board.inside(name) is not None,
                    may_fill=self._in_hand(stand, name) is not None,
                )
                for name in stand.board.open_doors()
            ]
        letters = self._letters_at(stand)
        waiting = [letter for letter in letters if letter.code is not None and not letter.is_gone]
        courier = self._town.couriers[0]
        return Street(
            locker=locker,
            name=self._places[stand.site].name,
            doors=doors,
            waiting=[_shown(letter) for letter in waiting[:STREET_ROWS]],
            courier_login=courier.login,
            courier_pin=courier.pin.reveal(),
            labels=[one.label for one in letters if one.code is None][:STREET_ROWS],
        )

    def put_in(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Put the parcel in hand into an open compartment."""
        stand = self._stand(locker)
        with stand.lock:
            parcel = self._in_hand(stand, compartment)
            if parcel is None:
                raise LookupError(f"no parcel in hand belongs into {compartment}")
            _reach(lambda: stand.board.put_in(compartment, parcel))

    def take_out(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Take out what lies in an open compartment."""
        stand = self._stand(locker)
        with stand.lock:
            _reach(lambda: stand.board.take_out(compartment))

    def shut(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Shut a door."""
        stand = self._stand(locker)
        with stand.lock:
            stand.shut(compartment)
        self._life.ask(stand.look)

    def _in_hand(self, stand: Stand, compartment: CompartmentId) -> ParcelId | None:
        """Find the parcel a visitor who plays the courier was told to put in there."""
        deposit = stand.controller.deposit_in_hand
        if deposit is None or deposit.compartment != compartment:
            return None
        return None if stand.board.inside(compartment) is not None else deposit.parcel

    def _letters_at(self, stand: Stand) -> list[Consigned]:
        everybody = tuple(self._town.world.letters.by_label.values())
        return [one for one in everybody if one.site == stand.site and one.parcel is not None]

    def _stand(self, locker: LockerId) -> Stand:
        stand = self._stands.get(locker)
        if stand is None:
            raise LookupError(f"the city has no locker {locker!r}")
        return stand

    def _mover(self, courier: Courier) -> Mover:
        leg = courier.leg
        if leg is None:
            return Mover(courier.courier, nan, nan, courier.name)
        target = self._places[leg.target].position
        origin = self._places[leg.origin].position if leg.origin else self._town.city.center
        elapsed = self._clock.now() - leg.departed_at
        share = min(1.0, max(0.0, elapsed / max(1, leg.seconds)))
        longitude = origin[0] + (target[0] - origin[0]) * share
        latitude = origin[1] + (target[1] - origin[1]) * share
        return Mover(courier.courier, longitude, latitude, courier.name)


def _shown(letter: Consigned) -> WaitingParcel:
    return WaitingParcel(
        name=letter.contact.name,
        code=letter.code.reveal() if letter.code is not None else "",
        url=letter.link.reveal() if letter.link is not None else "",
    )


def _reach(act: Callable[[], object]) -> None:
    try:
        act()
    except DoorIsShut as error:
        raise LookupError(str(error)) from error
