"""What a locker is told about itself when it is set up."""

from typing import Annotated, Final

from msgspec import Meta

from ..access import STANDARD, VerifierCost
from ..core.alarm import AlarmLimits, Sensor
from ..core.ids import CompartmentId, LockerId, SiteId
from ..core.risk import OfflineBudget
from ..core.size import CompartmentSpec
from ..core.value import Value


class ScreenConfig(Value, forbid_unknown_fields=True):
    """The screen as built in: what sizes in millimeters are computed from."""

    width_px: Annotated[int, Meta(ge=240, le=8000)] = 1280
    height_px: Annotated[int, Meta(ge=240, le=8000)] = 800
    diagonal_inches: Annotated[float, Meta(ge=3, le=100)] = 10.1
    viewing_mm: Annotated[int, Meta(ge=250, le=1500)] = 600
    """From the eyes of who stands before it; large type is made for this distance."""
    sounds: bool = True
    """Beeps with the warnings; each of them is seen as well."""


class LockerConfig(Value):
    """One locker as built and placed."""

    locker: LockerId
    site: SiteId
    specs: tuple[CompartmentSpec, ...]
    languages: tuple[str, ...] = ("en", "de", "pl", "es", "ar")
    """What people may choose on the screen; the first is shown when nobody has chosen."""
    verifier_cost: VerifierCost = STANDARD
    """What the site's PIN verifiers are made with."""
    name: str = ""
    """Shown until the list brings the site's name."""
    shows_presence: bool = False
    """Whether the start screen shows what recipients name who open with their phone."""
    screen_column: int = 0
    """The screen is left of this column: where people stand in the drawing."""
    screen: ScreenConfig = ScreenConfig()
    limits: AlarmLimits = AlarmLimits()
    """When what a sensor says is an alarm."""

    offline_budget: OfflineBudget = OfflineBudget()
    """What is given out while the centre does not answer."""
    takes_unannounced: bool = True
    """Whether couriers may bring parcels nobody has announced while the centre does not answer."""
    centre_url: str = ""
    """Where codes on the screen lead; empty for codes that only our own pages understand."""

    def address(self, path: str) -> str:
        """Give the address of a page at the centre; empty when this locker does not know where."""
        base = self.centre_url.rstrip("/")
        return f"{base}/{path}" if base else ""

    def spec(self, compartment: CompartmentId) -> CompartmentSpec:
        """Find a compartment's measures.

        Raises
        ------
        LookupError
            When there is no such compartment.
        """
        for spec in self.specs:
            if spec.id == compartment:
                return spec
        raise LookupError(f"{self.locker} has no compartment {compartment!r}")


SIMULATED: Final = "simulated"
"""What a locker's file calls a board that is not there."""


class BadBoard(ValueError):
    """A board configuration that cannot be used; the message names field and fix."""


class LockAddress(Value, forbid_unknown_fields=True):
    """Where a compartment's lock is wired."""

    board: int
    """As set on the board's switches."""
    lock: int
    """From 1, as printed on the board."""
    inverted: bool = False
    """This door's contact says the opposite of the others."""


class ContactAddress(Value, forbid_unknown_fields=True):
    """Where a contact that is no door's is wired: to the input of a lock number nobody uses."""

    board: int
    lock: int
    inverted: bool = False
    """It is open while all is well; the usual is shut, so that a cut wire is an alarm."""


class BoardConfig(Value, forbid_unknown_fields=True):
    """The lock boards on one line of a locker."""

    kind: str
    """A name in :data:`restante.edge.boards.kinds.KINDS`."""
    port: str
    """A device such as ``/dev/ttyUSB0``, or ``socket://host:port`` of a serial server."""
    locks: dict[CompartmentId, LockAddress]
    inverted: bool = False
    """All door contacts say the opposite of the usual: set means open."""
    has_item_sensors: bool = False
    contacts: dict[Sensor, ContactAddress] = {}  # noqa: RUF012 - msgspec copies it
    """Contacts of ``tamper`` and ``mains``, shut while all is well."""
    baudrate: int | None = None
    """When it is not the one boards are delivered with."""
    pause_ms: int = 30
    """Rest between two frames."""
    answer_ms: int = 300
    """Longest wait for an answer."""
    solenoid_ms: int = 500
    """Rest between two pulses."""
    look_ms: int = 100
    """Rest before each of four looks at a door that was pulsed."""
    reconnect_ms: int = 1000
    """Rest before a broken port is opened again."""
