"""A cabinet made of nothing: locks, sensors, faults, and hands to put parcels in and take them out.

Part of the product, not of the tests: the demo and the simulator live on it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from ...core.alarm import Reading, Sensor
from ...core.ids import CompartmentId, ParcelId
from .port import Capabilities, OpenResult

BOARD: Final = 1
"""Address of the only lock board."""


class DoorIsShut(Exception):
    """A hand met a shut door."""


class Fault(StrEnum):
    """What can be wrong with one door."""

    JAMMED = "jammed"
    """The lock is pulsed and the door stays shut."""
    STUCK_OPEN = "stuck_open"
    """The sensor says open, always."""
    STUCK_CLOSED = "stuck_closed"
    """The sensor says closed, always; the lock itself works."""
    SLOW = "slow"
    """The door opens, and its sensor tells one reading late."""
    UNCERTAIN = "uncertain"
    """The lock is pulsed, the answer gets lost."""


class SimulatedBoard:
    """A board that keeps what is true, and what its sensors say, apart.

    Parameters
    ----------
    compartments
        Names of its doors.
    has_item_sensors
        Whether compartments tell if something is inside.
    """

    def __init__(
        self, compartments: Iterable[CompartmentId], *, has_item_sensors: bool = False
    ) -> None:
        self._open = dict.fromkeys(compartments, False)
        self._inside: dict[CompartmentId, ParcelId] = {}
        self._faults: dict[CompartmentId, Fault] = {}
        self._late: set[CompartmentId] = set()
        self._is_silent = False
        self._has_item_sensors = has_item_sensors
        self._readings: dict[tuple[Sensor, CompartmentId | None], int] = {}
        self.pulses: list[CompartmentId] = []
        """Every lock that was pulsed, in order."""

    # ── The board ─────────────────────────────────────────────────────────────────────────────

    @property
    def capabilities(self) -> Capabilities:
        """What the hardware has."""
        sensors = frozenset(sensor for sensor, _ in self._readings)
        return Capabilities(has_item_sensors=self._has_item_sensors, sensors=sensors)

    @property
    def silent_boards(self) -> frozenset[int]:
        """The board, while it does not answer."""
        return frozenset({BOARD}) if self._is_silent else frozenset()

    def open(self, compartment: CompartmentId) -> OpenResult:
        """Pulse a lock once."""
        if compartment not in self._open:
            return OpenResult.REFUSED
        if self._is_silent:
            return OpenResult.SILENT
        self.pulses.append(compartment)
        match self._faults.get(compartment):
            case Fault.JAMMED:
                return OpenResult.JAMMED
            case Fault.STUCK_CLOSED:
                self._open[compartment] = True
                return OpenResult.JAMMED
            case Fault.SLOW:
                self._open[compartment] = True
                self._late.add(compartment)
                return OpenResult.PENDING
            case Fault.UNCERTAIN:
                self._open[compartment] = True
                return OpenResult.UNCERTAIN
            case _:
                self._open[compartment] = True
                return OpenResult.OPENED

    def read_doors(self) -> dict[CompartmentId, bool]:
        """Read what the door sensors say."""
        if self._is_silent:
            return {}
        doors = dict(self._open)
        for name, fault in self._faults.items():
            if fault is Fault.STUCK_OPEN:
                doors[name] = True
            elif fault is Fault.STUCK_CLOSED or name in self._late:
                doors[name] = False
        self._late.clear()
        return doors

    def read_items(self) -> dict[CompartmentId, bool]:
        """Read what the content sensors say."""
        if self._is_silent or not self._has_item_sensors:
            return {}
        return {name: name in self._inside for name in self._open}

    def read_sensors(self) -> tuple[Reading, ...]:
        """Read what the other sensors say; they are not on the lock board, and never silent."""
        return tuple(
            Reading(sensor=sensor, value=value, compartment=compartment)
            for (sensor, compartment), value in self._readings.items()
        )

    # ── Faults ────────────────────────────────────────────────────────────────────────────────

    def break_door(self, compartment: CompartmentId, fault: Fault) -> None:
        """Give a door a fault."""
        self._known(compartment)
        self._faults[compartment] = fault

    def mend_door(self, compartment: CompartmentId) -> None:
        """Take a door's fault away."""
        self._faults.pop(compartment, None)

    def silence(self) -> None:
        """Let the whole board answer nothing."""
        self._is_silent = True

    def speak(self) -> None:
        """Let the board answer again."""
        self._is_silent = False

    # ── Other sensors ─────────────────────────────────────────────────────────────────────────

    def set_sensor(
        self, sensor: Sensor, value: int, compartment: CompartmentId | None = None
    ) -> None:
        """Build a sensor in, or let it say something else."""
        if compartment is not None:
            self._known(compartment)
        self._readings[sensor, compartment] = value

    def remove_sensor(self, sensor: Sensor, compartment: CompartmentId | None = None) -> None:
        """Take a sensor out, or let it fall silent."""
        self._readings.pop((sensor, compartment), None)

    # ── Hands and eyes ────────────────────────────────────────────────────────────────────────

    def is_open(self, compartment: CompartmentId) -> bool:
        """See whether a door really stands open."""
        return self._open[self._known(compartment)]

    def inside(self, compartment: CompartmentId) -> ParcelId | None:
        """See what really lies inside."""
        return self._inside.get(self._known(compartment))

    def put_in(self, compartment: CompartmentId, parcel: ParcelId) -> None:
        """Put a parcel in.

        Raises
        ------
        DoorIsShut
            When the door is shut.
        """
        self._reach(compartment)
        self._inside[compartment] = parcel

    def take_out(self, compartment: CompartmentId) -> ParcelId | None:
        """Take out what is inside; ``None`` when it is empty.

        Raises
        ------
        DoorIsShut
            When the door is shut.
        """
        self._reach(compartment)
        return self._inside.pop(compartment, None)

    def close(self, compartment: CompartmentId) -> None:
        """Shut a door; a shut one stays so."""
        self._open[self._known(compartment)] = False

    def force(self, compartment: CompartmentId) -> None:
        """Break a door open."""
        self._open[self._known(compartment)] = True

    def open_doors(self) -> tuple[CompartmentId, ...]:
        """See which doors really stand open."""
        return tuple(name for name, is_open in self._open.items() if is_open)

    def _reach(self, compartment: CompartmentId) -> None:
        if not self._open[self._known(compartment)]:
            raise DoorIsShut(f"the door of {compartment} is shut")

    def _known(self, compartment: CompartmentId) -> CompartmentId:
        if compartment not in self._open:
            raise LookupError(f"there is no compartment {compartment!r}")
        return compartment
