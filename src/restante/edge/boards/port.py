"""What a lock board can do, whoever made it."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple, Protocol

from ...core.alarm import Reading, Sensor
from ...core.ids import CompartmentId


class OpenResult(StrEnum):
    """What came of one pulse."""

    OPENED = "opened"
    """The door sensor saw it open."""
    PENDING = "pending"
    """Pulsed; the sensor will tell."""
    JAMMED = "jammed"
    """Pulsed, and the door stayed shut."""
    SILENT = "silent"
    """The board does not answer; the lock was not pulsed as far as anybody can tell."""
    REFUSED = "refused"
    """The board said no, for example because its supply is low."""
    UNCERTAIN = "uncertain"
    """The wire broke between command and answer: only the sensor can tell."""


class Capabilities(NamedTuple):
    """What the hardware has."""

    has_door_sensors: bool = True
    has_item_sensors: bool = False
    sensors: frozenset[Sensor] = frozenset()
    """What else is measured."""


class Board(Protocol):
    """Adapters: :class:`~restante.edge.boards.simulated.SimulatedBoard`, and one per product."""

    @property
    def capabilities(self) -> Capabilities:
        """What the hardware has."""
        ...

    def open(self, compartment: CompartmentId) -> OpenResult:
        """Pulse a lock once; never twice, whatever happens."""
        ...

    def read_doors(self) -> Mapping[CompartmentId, bool]:
        """Read which doors stand open; a door nobody can tell about is absent."""
        ...

    def read_items(self) -> Mapping[CompartmentId, bool]:
        """Read which compartments have something inside; absent where there is no sensor."""
        ...

    def read_sensors(self) -> Sequence[Reading]:
        """Read everything else; absent where there is no sensor, or it does not answer now."""
        ...

    @property
    def silent_boards(self) -> AbstractSet[int]:
        """Addresses of lock boards that did not answer when they were asked last."""
        ...
