"""A board on a wire: asks first, pulses once, and believes only the door's own sensor.

Rules
-----
W1  A board that does not answer a question is not pulsed: silent means nothing has happened.
W2  An order is written once. Its answer, or that there is none, never says that a door is open.
W3  The door is read again after the pulse: open is opened, still shut is pending (the controller
    goes on watching), no reading is uncertain.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ...core.alarm import Reading as SensorReading
from ...core.alarm import Sensor
from ...core.ids import CompartmentId
from .bus import Bus, BusError, LineDown
from .dialect import Dialect, Reading
from .port import Capabilities, OpenResult

TRIES_MAX: Final = 3
"""How often a question is asked; once only while a board is known to be silent."""

LOOKS_MAX: Final = 4
"""Looks at a pulsed door before the controller goes on watching by itself."""


class Place(NamedTuple):
    """Where a compartment's lock is."""

    board: int
    lock: int
    is_inverted: bool = False
    """The door's contact says the opposite of the usual."""


Supervisor = Callable[[int, str], None]
"""Told the address of a board that falls silent and why, or with no reason that it answers."""


def unsupervised(_board: int, _reason: str) -> None:
    """Tell nobody."""


class WiredBoard:
    """All boards of one line, as the compartments they lock.

    Parameters
    ----------
    places
        Every compartment and where its lock is.
    has_item_sensors
        Whether the board's item sensors are wired.
    contacts
        Contacts that are no door's, on inputs that no lock uses; shut while all is well.
    supervisor
        Told once when a board falls silent, and once when it answers again.
    """

    def __init__(
        self,
        bus: Bus,
        dialect: Dialect,
        places: Mapping[CompartmentId, Place],
        *,
        has_item_sensors: bool = False,
        contacts: Mapping[Sensor, Place] = MappingProxyType({}),
        supervisor: Supervisor = unsupervised,
    ) -> None:
        self._bus = bus
        self._supervisor = supervisor
        self._dialect = dialect
        self._places = dict(places)
        self._lock_max: dict[int, int] = {}
        self._contacts = dict(contacts)
        for place in (*self._places.values(), *self._contacts.values()):
            self._lock_max[place.board] = max(place.lock, self._lock_max.get(place.board, 0))
        self._capabilities = Capabilities(
            has_item_sensors=has_item_sensors and dialect.has_item_sensors,
            sensors=frozenset(self._contacts),
        )
        self.silent_boards: set[int] = set()
        """Boards that did not answer when asked last."""

    @property
    def capabilities(self) -> Capabilities:
        """What the hardware has."""
        return self._capabilities

    @property
    def bus(self) -> Bus:
        """The line, for those who look after it."""
        return self._bus

    def open(self, compartment: CompartmentId) -> OpenResult:
        """Pulse a lock once; never twice, whatever happens."""
        place = self._places.get(compartment)
        if place is None:
            return OpenResult.REFUSED
        with self._bus.turn:
            if place.lock not in self._read(place.board, tries=TRIES_MAX).bits:
                return OpenResult.SILENT
            try:
                is_accepted = self._bus.order(
                    self._dialect.pulse(place.board, place.lock),
                    self._dialect,
                    lambda frame: self._dialect.is_accepted(place.board, place.lock, frame),
                )
            except LineDown as error:
                return OpenResult.UNCERTAIN if error.was_written else OpenResult.SILENT
            return self._look(place, was_refused=is_accepted is False)

    def read_doors(self) -> dict[CompartmentId, bool]:
        """Read which doors stand open; those of a silent board are absent."""
        readings = self._read_all()
        return {
            name: readings[place.board].bits[place.lock] == place.is_inverted
            for name, place in self._places.items()
            if place.lock in readings[place.board].bits
        }

    def read_items(self) -> dict[CompartmentId, bool]:
        """Read which compartments have something inside; absent where nobody can tell."""
        if not self._capabilities.has_item_sensors:
            return {}
        readings = self._read_all()
        return {
            name: readings[place.board].items[place.lock]
            for name, place in self._places.items()
            if place.lock in readings[place.board].items
        }

    def read_sensors(self) -> list[SensorReading]:
        """Read the contacts that are no door's; those of a silent board are absent."""
        readings = {
            board: self._read_once(board)
            for board in {place.board for place in self._contacts.values()}
        }
        return [
            SensorReading(sensor=sensor, value=_contact_value(sensor, is_well=is_well))
            for sensor, place in self._contacts.items()
            for bit in (readings[place.board].bits.get(place.lock),)
            if bit is not None
            for is_well in (bit != place.is_inverted,)
        ]

    def close(self) -> None:
        """Close the line; the next request opens it again."""
        self._bus.close()

    def _look(self, place: Place, *, was_refused: bool) -> OpenResult:
        has_seen = False
        for _ in range(LOOKS_MAX):
            self._bus.rest()
            bit = self._read(place.board, tries=1).bits.get(place.lock)
            if bit is None:
                continue
            has_seen = True
            if bit == place.is_inverted:
                return OpenResult.OPENED
        if not has_seen:
            return OpenResult.UNCERTAIN
        return OpenResult.REFUSED if was_refused else OpenResult.PENDING

    def _read_all(self) -> dict[int, Reading]:
        return {board: self._read_once(board) for board in self._lock_max}

    def _read_once(self, board: int) -> Reading:
        return self._read(board, tries=1 if board in self.silent_boards else TRIES_MAX)

    def _read(self, board: int, *, tries: int) -> Reading:
        try:
            reading = self._bus.ask(
                self._dialect.ask(board, self._lock_max[board]),
                self._dialect,
                lambda frame: self._dialect.read(board, frame),
                tries=tries,
            )
        except BusError as error:
            if board not in self.silent_boards:
                self.silent_boards.add(board)
                self._supervisor(board, str(error))
            return Reading({}, {})
        if board in self.silent_boards:
            self.silent_boards.discard(board)
            self._supervisor(board, "")
        return reading


def _contact_value(sensor: Sensor, *, is_well: bool) -> int:
    """A contact says whether all is well; mains is 1 when it is there, tampering when it is so."""
    return int(is_well if sensor is Sensor.MAINS else not is_well)
