"""What the kiosk shows at one moment, as data: the pages draw it, tests read it.

A screen says one thing or asks one question. Texts are keys of the catalogs; what a person typed
is never in a screen, only how many digits.
"""

from enum import StrEnum

from ...core.ids import CompartmentId
from ...core.value import Value


class ScreenName(StrEnum):
    """Every screen there is."""

    START = "start"
    LANGUAGE = "language"
    COMFORT = "comfort"
    CODE = "code"
    OPENING = "opening"
    TAKE = "take"
    DOOR_FAILED = "door_failed"
    TAKEN = "taken"
    COURIER = "courier"
    COURIER_PIN = "courier_pin"
    SCAN = "scan"
    SIZE = "size"
    PUT_IN = "put_in"
    RECEIPT = "receipt"
    SHUT_FIRST = "shut_first"
    STILL_EMPTY = "still_empty"
    PROBLEM = "problem"
    RETRIEVE = "retrieve"
    TAKE_BACK = "take_back"
    LOOK = "look"
    LOOKED = "looked"
    REFUSED = "refused"
    HELP = "help"
    GOODBYE = "goodbye"
    OUT_OF_SERVICE = "out_of_service"


class Tone(StrEnum):
    """How a button weighs."""

    MAIN = "main"
    PLAIN = "plain"
    QUIET = "quiet"
    TOOL = "tool"
    """At the edge of the screen, on every screen at the same place."""


class Button(Value):
    """Something to touch."""

    name: str
    """What :meth:`.Flow.touch` is told."""
    text: str
    """Key of its text."""
    tone: Tone = Tone.PLAIN
    values: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    is_pressed: bool | None = None
    """Whether a switch is on; ``None`` when it is no switch."""


class View(Value):
    """How one person wants the screen to be."""

    is_large: bool = False
    has_contrast: bool = False
    speaks: bool = False
    is_private: bool = False
    """Headphones are in: nobody else hears what is said."""
    volume: int = 3
    """1 to :data:`VOLUME_MAX`."""


VOLUME_MAX = 5


class Field(StrEnum):
    """What may be typed."""

    NOTHING = "nothing"
    SCAN = "scan"
    """Anything a scanner sends; shown only where people type too."""
    CODE = "code"
    """A code, by the number pad; masked on request."""
    LOGIN = "login"
    LABEL = "label"


class Screen(Value):
    """One moment of the kiosk."""

    name: ScreenName
    title: str
    """Key of the question or statement."""
    hint: str = ""
    """Key of what to do next; empty when the title says it."""
    values: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    """What the texts are filled with; nothing personal but the courier's own label."""
    buttons: tuple[Button, ...] = ()
    field: Field = Field.NOTHING
    digits: str = ""
    """What was typed, masked or not; only where the person may see it."""
    is_masked: bool = False
    message: str = ""
    """Key of what went wrong with the last input."""
    door: CompartmentId | None = None
    """The door the drawing shows."""
    is_door_open: bool = False
    step: tuple[int, int] | None = None
    """Parcel n of m."""
    incident: str = ""
    """Short code to read out to the help line."""
    idle_seconds_left: int | None = None
    """Countdown, once nobody has touched anything for a while."""
    is_offline: bool = False
    presence: str = ""
    """What somebody who asks from a phone must name; only on the start screen."""
    language: str = "en"
    view: View = View()
    can_speak: bool = False
    """Whether speech may be offered."""
