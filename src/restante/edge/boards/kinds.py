"""Every kind of board by the name a locker's file gives it."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple

from ...core.alarm import Sensor
from ...core.ids import CompartmentId
from ..config import BadBoard, BoardConfig
from .bus import Bus, Timing, connect_serial
from .dialect import Dialect
from .eight_a import EightA
from .emulator import Talk
from .kerong import KerongCu16
from .relay import RelayBoard
from .talks import EightATalk, KerongTalk, RelayTalk, WklyTalk
from .wired import Place, Supervisor, WiredBoard, unsupervised
from .wkly import Wkly


class Kind(NamedTuple):
    """A product: our side of its language, and the board's."""

    dialect: Dialect
    talk: Talk
    locks: int
    """Locks of the usual model, for the emulator."""


KINDS: Final[dict[str, Kind]] = {
    "kerong-kr-cu16": Kind(KerongCu16(), KerongTalk(), 16),
    "8a-24": Kind(EightA(), EightATalk(), 24),
    "wkly": Kind(Wkly(), WklyTalk(), 12),
    "modbus-relay": Kind(RelayBoard(), RelayTalk(), 8),
}


def find_kind(name: str) -> Kind:
    """Find a kind.

    Raises
    ------
    BadBoard
        With the names that exist.
    """
    if name not in KINDS:
        raise BadBoard(f"kind: {name!r} is none of {', '.join(KINDS)}")
    return KINDS[name]


def make_board(
    config: BoardConfig,
    compartments: Iterable[CompartmentId],
    *,
    supervisor: Supervisor = unsupervised,
) -> WiredBoard:
    """Make the board of a locker; its port is opened when it is first asked.

    Raises
    ------
    BadBoard
        When the configuration does not fit the product or the locker.
    """
    dialect = find_kind(config.kind).dialect
    places = _places(config, dialect, tuple(compartments))
    contacts = _contacts(config, dialect, places)
    if not config.port:
        raise BadBoard("port: name a device (/dev/ttyUSB0) or socket://host:port")
    if config.has_item_sensors and not dialect.has_item_sensors:
        raise BadBoard(f"has_item_sensors: boards of kind {config.kind} have none")
    durations = {
        "pause_ms": config.pause_ms,
        "answer_ms": config.answer_ms,
        "solenoid_ms": config.solenoid_ms,
        "look_ms": config.look_ms,
        "reconnect_ms": config.reconnect_ms,
    }
    for field, milliseconds in durations.items():
        if not 0 <= milliseconds <= 10_000:
            raise BadBoard(f"{field}: 0 to 10000 milliseconds, not {milliseconds}")
    pause, answer, solenoid, look, reconnect = (each / 1000 for each in durations.values())
    connect = partial(connect_serial, config.port, config.baudrate or dialect.baudrate, answer)
    bus = Bus(connect, Timing(pause, answer, solenoid, look, reconnect))
    return WiredBoard(
        bus,
        dialect,
        places,
        has_item_sensors=config.has_item_sensors,
        contacts=contacts,
        supervisor=supervisor,
    )


def _places(
    config: BoardConfig, dialect: Dialect, compartments: tuple[CompartmentId, ...]
) -> dict[CompartmentId, Place]:
    without = [name for name in compartments if name not in config.locks]
    if without:
        raise BadBoard(f"locks: no lock for {', '.join(without)}; add board and lock numbers")
    strange = [name for name in config.locks if name not in compartments]
    if strange:
        raise BadBoard(f"locks: {', '.join(strange)}: there is no such compartment")
    owners: dict[tuple[int, int], CompartmentId] = {}
    places: dict[CompartmentId, Place] = {}
    for name, address in config.locks.items():
        if address.board not in dialect.boards:
            raise BadBoard(f"locks.{name}: board {address.board}: {_text(dialect.boards)}")
        if address.lock not in dialect.locks:
            raise BadBoard(f"locks.{name}: lock {address.lock}: {_text(dialect.locks)}")
        owner = owners.setdefault((address.board, address.lock), name)
        if owner != name:
            raise BadBoard(
                f"locks: {owner} and {name} have the same lock {address.board}/{address.lock}"
            )
        places[name] = Place(address.board, address.lock, config.inverted != address.inverted)
    return places


CONTACTS: Final = (Sensor.TAMPER, Sensor.MAINS)
"""What a contact, open or shut, can tell."""


def _contacts(
    config: BoardConfig, dialect: Dialect, places: Mapping[CompartmentId, Place]
) -> dict[Sensor, Place]:
    owners = {(place.board, place.lock): str(name) for name, place in places.items()}
    contacts: dict[Sensor, Place] = {}
    for sensor, address in config.contacts.items():
        field = f"contacts.{sensor}"
        if sensor not in CONTACTS:
            raise BadBoard(f"{field}: a contact tells {' or '.join(CONTACTS)}, not a {sensor}")
        if address.board not in dialect.boards:
            raise BadBoard(f"{field}: board {address.board}: {_text(dialect.boards)}")
        if address.lock not in dialect.locks:
            raise BadBoard(f"{field}: lock {address.lock}: {_text(dialect.locks)}")
        owner = owners.setdefault((address.board, address.lock), field)
        if owner != field:
            raise BadBoard(
                f"{field}: {owner} has input {address.board}/{address.lock}; name a free one"
            )
        contacts[sensor] = Place(address.board, address.lock, address.inverted)
    return contacts


def _text(numbers: range) -> str:
    return f"this kind has {numbers.start} to {numbers.stop - 1}"
