"""What the pages may ask of a demonstration, and nothing else.

The simulator implements :class:`DemoControls` and wiring passes it in; a real network has none, and
the pages then show neither banner nor switches. The port is frozen: methods are added, never
changed. It must not know how a city or its people are simulated.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from restante.core.ids import CompartmentId, CourierId, LockerId, PartnerId

SPEEDS: Final = (0, 1, 10, 60, 600)
"""Seconds of the city's life per second; 0 stands still. Chosen: at 600 a day takes 2.4 minutes."""


class DemoFault(StrEnum):
    """What can be broken by hand."""

    JAMMED = "jammed"
    """The door does not open when its lock is pulsed."""
    STUCK_OPEN = "stuck_open"
    """The sensor says open, whatever the door does: at rest, a forced door."""
    STUCK_CLOSED = "stuck_closed"
    """The sensor says closed, whatever the door does."""
    SILENT = "silent"
    """The lock board of the whole locker does not answer."""
    POWER_CUT = "power_cut"
    """The controller stops between an intent and its result, and starts again."""


class DemoCourier(NamedTuple):
    """A courier of the city, as whom a visitor may walk."""

    courier: CourierId
    partner: PartnerId
    name: str


class DemoKiosk(NamedTuple):
    """The screen of a locker, in the demonstration a page of this server."""

    locker: LockerId
    name: str
    url: str


class OpenDoor(NamedTuple):
    """A door that stands open before a visitor."""

    compartment: CompartmentId
    is_full: bool
    """Whether something lies inside."""
    may_fill: bool
    """Whether the visitor holds a parcel that belongs inside."""


class WaitingParcel(NamedTuple):
    """A made-up recipient's parcel in a locker, with what its notice told."""

    name: str
    code: str
    url: str
    """The parcel's own page, where the QR code is."""


class Street(NamedTuple):
    """What a visitor before a locker sees and may pretend to be."""

    locker: LockerId
    name: str
    doors: Sequence[OpenDoor]
    waiting: Sequence[WaitingParcel]
    courier_login: str
    courier_pin: str
    labels: Sequence[str]
    """Labels of parcels that are expected here, as a courier would scan them."""


class Mover(NamedTuple):
    """Something that moves on the map, such as a courier's van."""

    id: str
    longitude: float
    """Degrees; ``nan`` when it has left the map."""
    latitude: float
    name: str


class DemoControls(Protocol):
    """A running demonstration. Safe to call from any thread; every call returns at once."""

    @property
    def speed(self) -> int:
        """One of :data:`SPEEDS`: how many seconds pass in the city per second."""
        ...

    def set_speed(self, speed: int) -> None:
        """Let time pass faster, slower or, with 0, not at all.

        Raises
        ------
        ValueError
            When the speed is none of :data:`SPEEDS`.
        """
        ...

    @property
    def is_peak(self) -> bool:
        """Whether the city lives its busiest December week."""
        ...

    def set_peak(self, is_peak: bool) -> None:
        """Switch the December peak on or off; it shows within an hour of the city's time."""
        ...

    @property
    def cut_lockers(self) -> frozenset[LockerId]:
        """Lockers whose connection was cut by hand."""
        ...

    def cut_link(self, locker: LockerId) -> None:
        """Cut a locker's connection; it goes on working alone.

        Raises
        ------
        LookupError
            When the demonstration has no such locker.
        """
        ...

    def restore_link(self, locker: LockerId) -> None:
        """Connect a locker again; what it did meanwhile is reported.

        Raises
        ------
        LookupError
            When the demonstration has no such locker.
        """
        ...

    def inject_fault(self, locker: LockerId, compartment: CompartmentId, fault: DemoFault) -> None:
        """Break something.

        Parameters
        ----------
        compartment
            Whose door; ignored by faults of the whole locker.

        Raises
        ------
        LookupError
            When there is no such locker or compartment.
        """
        ...

    def mend(self, locker: LockerId) -> None:
        """Repair everything that was broken by hand at a locker.

        Raises
        ------
        LookupError
            When the demonstration has no such locker.
        """
        ...

    def city(self) -> Mapping[str, Any]:
        """The map's ground: the GeoJSON collection described in ``static/js/city-map.js``."""
        ...

    def movers(self) -> Sequence[Mover]:
        """Where the couriers are now."""
        ...

    def courier(self) -> DemoCourier:
        """A courier as whom the visitor may walk: one with parcels to deposit, where possible."""
        ...

    def recipient_url(self) -> str | None:
        """Address of a recipient's page with a parcel that waits, best with hours left."""
        ...

    def kiosks(self) -> Sequence[DemoKiosk]:
        """Screens to stand in front of."""
        ...

    def street(self, locker: LockerId) -> Street:
        """Look around before a locker.

        Raises
        ------
        LookupError
            When the demonstration has no such locker.
        """
        ...

    def put_in(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Put the parcel in hand into an open compartment.

        Raises
        ------
        LookupError
            When there is no such locker or compartment, its door is shut, or no parcel is in hand.
        """
        ...

    def take_out(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Take out what lies in an open compartment; raises as :meth:`put_in`."""
        ...

    def shut(self, locker: LockerId, compartment: CompartmentId) -> None:
        """Shut a door; raises as :meth:`street`."""
        ...
