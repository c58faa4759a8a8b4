"""Build one locker from its file: for a machine of its own, or beside a centre in one process."""

import ipaddress
import threading
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_type_hints

import msgspec
import structlog
from litestar import Litestar
from litestar.config.allowed_hosts import AllowedHostsConfig

from .. import __version__
from ..access import STANDARD, DeviceKey, LockerKeys, open_device_key, read_locker_keys
from ..clock import Clock, Minter, SystemClock
from ..core.alarm import AlarmKind, AlarmLimits
from ..core.ids import CompartmentId, LockerId, SiteId
from ..core.risk import OfflineBudget
from ..core.size import CompartmentSpec
from ..core.value import Value
from ..edge.boards.port import Board
from ..edge.boards.simulated import SimulatedBoard
from ..edge.config import SIMULATED, BadBoard, BoardConfig, LockerConfig, ScreenConfig
from ..edge.configuration import CannotTake
from ..edge.controller import Controller
from ..edge.kiosk.kiosk import AnyKiosk, BrokenKiosk, Kiosk
from ..edge.kiosk.pages import make_kiosk_routes
from ..edge.store import open_locker_journal
from ..edge.uplink import Uplink
from ..journal.port import Damaged
from ..link.configuration import Configuration
from ..link.mqtt import BrokerAccess, LockerMqtt
from ..settings import BadSetting
from .caretaker import make_caretaker
from .enrolled import DEVICE_KEY, complete, fields_of
from .health import Check, Health, Unwell, look_at_disk, make_health_routes
from .line import LinkThread, make_access, open_link
from .turns import TickThread

if TYPE_CHECKING:
    from ..edge.boards.wired import WiredBoard

TICKS_SECONDS_MAX: Final = 30.0
"""Boards on a slow line are read well within it; sensors that were not are not watched."""

EXAMPLE: Final = """\
# One locker. Sizes are inner measures in millimeters, weights in grams.
locker = "locker-1"
site = "site-1"
name = "Main entrance"
languages = ["en", "de", "pl", "es", "ar"]   # the first is the site's own
data = "locker-1.sqlite"     # its journal; keep it, it is the record of every door
keys = "locker-1.keys.json"  # written by `restante serve --locker` on the centre's machine
board = "simulated"          # for real lock boards, a table [board] instead; see below

[screen]                     # as built in; text and buttons get their sizes from it
width_px = 1280
height_px = 800
diagonal_inches = 10.1
viewing_mm = 600             # from the eyes of who stands before it

[[compartments]]
id = "A1"
column = 0
row = 0
width_mm = 380
height_mm = 190
depth_mm = 640
opening_width_mm = 372
opening_height_mm = 182
weight_g_max = 20000
bottom_height_mm = 900

[[compartments]]
id = "A2"
column = 0
row = 1
width_mm = 380
height_mm = 410
depth_mm = 640
opening_width_mm = 372
opening_height_mm = 402
weight_g_max = 25000
bottom_height_mm = 460

# A line to the centre (docs/howto/connect-lockers-over-mqtt.md):
#
# [mqtt]
# url = "mqtts://broker.example.org:8883"
# network = "restante"          # the centre's network_id
# ca = "ca.crt"
# certificate = "locker-1.crt"
# private_key = "locker-1.key"

# When what sensors say is an alarm, where it shall be otherwise than usual:
#
# [limits]
# heat = { raise_at = 600, clear_at = 550, raise_after_seconds = 60, clear_after_seconds = 60 }

# Real lock boards, instead of board = "simulated" (docs/howto/wire-a-lock-board.md):
#
# [board]
# kind = "kerong-kr-cu16"       # or 8a-24, wkly, modbus-relay
# port = "/dev/ttyUSB0"         # or "socket://127.0.0.1:4001", a serial server
# inverted = false              # true when shut doors are read as open
#
# [board.locks]                 # the lock of every compartment
# A1 = { board = 0, lock = 1 }
# A2 = { board = 0, lock = 2, inverted = true }
#
# [board.contacts]              # others, on inputs no lock uses (docs/howto/read-sensors.md)
# tamper = { board = 0, lock = 15 }
# mains = { board = 0, lock = 16 }
"""


class BrokerSection(Value, forbid_unknown_fields=True):
    """What a locker's TOML file says about the line to the centre."""

    url: str
    """``mqtts://broker.example.org:8883``."""
    ca: Path
    certificate: Path
    """Its common name is the locker's own."""
    private_key: Path
    network: str = "restante"
    """The centre's ``network_id``."""


class LockerFile(Value):
    """What a locker's TOML file says."""

    locker: LockerId
    site: SiteId
    name: str
    data: Path
    keys: Path
    compartments: tuple[CompartmentSpec, ...]
    languages: tuple[str, ...] = ("en", "de", "pl", "es", "ar")
    screen: ScreenConfig = ScreenConfig()
    screen_column: int = 0
    """The screen is left of this column."""
    board: str | BoardConfig = SIMULATED
    mqtt: BrokerSection | None = None
    limits: AlarmLimits = AlarmLimits()
    offline_budget: OfflineBudget = OfflineBudget()
    """What is given out while the centre does not answer."""
    takes_unannounced: bool = True
    """Whether couriers may then bring what nobody announced."""
    centre_url: str = ""
    """Address of the centre's pages, for receipts."""
    enrolled: Path | None = None
    """Folder with what the centre gave this machine; see :mod:`.enrolled`."""


_FIELDS: Final = get_type_hints(LockerFile)


class RunningLocker(NamedTuple):
    """A locker that runs in this process."""

    file: LockerFile
    kiosk: AnyKiosk
    controller: Controller | None
    """``None`` when its journal is damaged: its doors stay shut."""
    uplink: Uplink | None


def read_locker_file(path: Path) -> LockerFile:
    """Read a locker's file; paths in it are relative to it.

    Raises
    ------
    BadSetting
        With the field and what would be right.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadSetting(
            f"{path}: {error.strerror}; `restante locker {path} --new` writes one"
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"{path}: not TOML: {error}") from error
    unknown = set(content) - set(LockerFile.__struct_fields__)
    if unknown:
        raise BadSetting(f"{path}: there is no field {', '.join(sorted(unknown))!r}")
    content = complete(content, path.parent)
    try:
        file = msgspec.convert(content, LockerFile, dec_hook=_to_path)
    except msgspec.ValidationError as error:
        raise BadSetting(f"{path}: {error}") from error
    for kind in AlarmKind:
        limit = file.limits.find(kind)
        if limit.raise_at == limit.clear_at:
            raise BadSetting(f"{path}: limits.{kind}: raise_at and clear_at must differ")
    if not file.compartments:
        raise BadSetting(f"{path}: compartments: at least one")
    try:
        make_locker_board(file)
    except BadBoard as error:
        raise BadSetting(f"{path}: board: {error}") from error
    folder = path.parent
    return msgspec.structs.replace(
        file,
        data=folder / file.data,
        keys=folder / file.keys,
        mqtt=None if file.mqtt is None else _at(folder, file.mqtt),
        enrolled=None if file.enrolled is None else folder / file.enrolled,
    )


def make_locker_board(file: LockerFile) -> Board:
    """Make the board a locker's file names; no port is opened yet.

    Raises
    ------
    BadBoard
        With the field and what would be right.
    """
    compartments = [spec.id for spec in file.compartments]
    if isinstance(file.board, BoardConfig):
        return make_wired_board(file.board, compartments, supervisor=_log_board)
    if file.board != SIMULATED:
        raise BadBoard(f"{file.board!r}: 'simulated', or a table of its own for real lock boards")
    return SimulatedBoard(compartments)


def make_wired_board(
    config: BoardConfig,
    compartments: list[CompartmentId],
    *,
    supervisor: Callable[[int, str], None] = lambda _board, _reason: None,
) -> "WiredBoard":
    """Make a real lock board; a centre without them needs no serial ports installed.

    Raises
    ------
    BadBoard
        With the field and what would be right.
    """
    try:
        from ..edge.boards.kinds import make_board
    except ModuleNotFoundError as error:
        raise BadBoard(f"{error.name} is missing: install restante[edge]") from error
    return make_board(config, compartments, supervisor=supervisor)


def start_locker(
    file: LockerFile,
    *,
    keys: LockerKeys,
    clock: Clock,
    is_online: Callable[[], bool],
    device: DeviceKey | None = None,
) -> RunningLocker:
    """Start a locker's controller on its journal, with a kiosk before it."""
    config = LockerConfig(
        locker=file.locker,
        site=file.site,
        specs=file.compartments,
        languages=file.languages,
        verifier_cost=STANDARD,
        name=file.name,
        shows_presence=True,
        screen=file.screen,
        screen_column=file.screen_column,
        limits=file.limits,
        offline_budget=file.offline_budget,
        takes_unannounced=file.takes_unannounced,
        centre_url=file.centre_url,
    )
    board = make_locker_board(file)
    try:
        journal = open_locker_journal(str(file.data))
    except Damaged:
        return RunningLocker(file, BrokenKiosk(config), None, None)
    controller = Controller(
        config,
        journal=journal,
        board=board,
        clock=clock,
        minter=Minter(clock),
        keys=keys,
        release=__version__,
        device=device,
    )
    controller.start()
    kiosk = Kiosk(controller, is_online=is_online, clock=clock)
    return RunningLocker(file, kiosk, controller, Uplink(controller, keys.public, __version__))


def run_locker(path: Path, *, host: str, port: int, tell: Callable[[str], None]) -> None:
    """Run one locker alone: controller, kiosk pages, and the line to the centre if it has one.

    Raises
    ------
    BadSetting
        When file or keys cannot be used.
    """
    from .memory import give_back_memory

    give_back_memory()
    while _run_once(path, host=host, port=port, tell=tell):
        # Its configuration or certificate is another one: everything is built from its files.
        tell("Starting anew with what the centre has sent")


def _run_once(path: Path, *, host: str, port: int, tell: Callable[[str], None]) -> bool:
    from .server import serve_kiosk

    file = read_locker_file(path)
    if not file.keys.exists():
        raise BadSetting(
            f"{file.keys}: no keys yet; start the centre once with `restante serve --locker {path}`"
        )
    access = _find_access(file)

    def is_online() -> bool:
        return running.uplink is not None and running.uplink.is_online

    clock = SystemClock()
    key = path.parent / DEVICE_KEY
    running = start_locker(
        file,
        keys=read_locker_keys(file.keys),
        clock=clock,
        is_online=is_online,
        device=open_device_key(key) if key.exists() else None,
    )
    line = None if access is None else _make_line(running, access, clock)
    ticks = TickThread(running.kiosk)
    health = _make_health(file, running, ticks, line)
    app = _make_app(file, running, health, name_hosts(host, port))
    url = f"http://{host}:{port}/kiosk/{file.locker}"
    changed = threading.Event()
    caretaker = make_caretaker(
        running.kiosk,
        running.uplink,
        file.enrolled,
        check=lambda wanted: _check_configuration(file, wanted),
        changed=changed.set,
    )
    try:
        ticks.start()
        if line is not None:
            line.start()
        if caretaker is not None:
            caretaker.start()
        serve_kiosk(
            app,
            host=host,
            port=port,
            started=lambda: tell(f"The kiosk is at {url}"),
            is_over=changed.is_set,
        )
    finally:
        if caretaker is not None:
            caretaker.close()
        ticks.close()
        if line is not None:
            line.close()
        if running.controller is not None:
            running.controller.store.close()
    return changed.is_set()


def name_hosts(host: str, port: int) -> list[str]:
    """Name what a browser may call the kiosk; anything (``*``) where others than this machine ask.

    A page from elsewhere can let its own name point at this machine, but not be called by these.
    """
    try:
        is_own = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_own = False
    if not is_own:
        return ["*"]
    names = {"localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host}
    return sorted(names | {f"{name}:{port}" for name in names})


def _make_app(
    file: LockerFile, running: RunningLocker, health: Health, hosts: list[str]
) -> Litestar:
    return Litestar(
        [
            make_kiosk_routes(lambda name: running.kiosk if name == file.locker else None),
            *make_health_routes(health),
        ],
        allowed_hosts=AllowedHostsConfig(allowed_hosts=hosts, www_redirect=False),
        openapi_config=None,
        logging_config=None,
    )


def _make_health(
    file: LockerFile, running: RunningLocker, ticks: TickThread, line: LinkThread | None
) -> Health:
    """Name what a locker needs; without a line it works alone."""

    def look_at_journal() -> str:
        if running.controller is None:
            raise Unwell("its journal is damaged: doors stay shut")
        return "open"

    def time_ticks() -> str:
        seconds = ticks.seconds_since_tick()
        if seconds > TICKS_SECONDS_MAX:
            raise Unwell(f"sensors were not read for {seconds:.0f} s: see the log")
        return "sensors are read"

    def look_at_line() -> str:
        if line is None or not line.is_connected():
            raise Unwell("not connected: it works alone")
        return "connected"

    checks = [
        Check("journal", look_at_journal),
        Check("disk", lambda: look_at_disk(file.data.parent)),
        Check("ticks", time_ticks),
    ]
    if file.mqtt is not None:
        checks.append(Check("broker", look_at_line, is_needed=False))
    return Health(checks)


def _check_configuration(file: LockerFile, wanted: Configuration) -> None:
    """Make sure that a locker could start with a configuration."""
    try:
        fields = {
            name: msgspec.convert(value, _FIELDS[name]) for name, value in fields_of(wanted).items()
        }
        make_locker_board(msgspec.structs.replace(file, **fields))
    except (msgspec.ValidationError, BadBoard) as error:
        raise CannotTake(str(error)) from error


def _at(folder: Path, section: BrokerSection) -> BrokerSection:
    return msgspec.structs.replace(
        section,
        ca=folder / section.ca,
        certificate=folder / section.certificate,
        private_key=folder / section.private_key,
    )


def _find_access(file: LockerFile) -> BrokerAccess | None:
    """Read where the broker is; ``None`` for a locker without a line."""
    section = file.mqtt
    if section is None:
        return None
    access = make_access(
        section.url,
        network=section.network,
        ca_file=section.ca,
        certificate_file=section.certificate,
        key_file=section.private_key,
    )
    if access.name != file.locker:
        raise BadSetting(
            f"{section.certificate} is the certificate of {access.name!r}, not of this locker, "
            f"{file.locker!r}"
        )
    return access


def _make_line(running: RunningLocker, access: BrokerAccess, clock: Clock) -> LinkThread | None:
    uplink, kiosk = running.uplink, running.kiosk
    if uplink is None or isinstance(kiosk, BrokenKiosk):
        return None
    return open_link(
        lambda chance: LockerMqtt(
            uplink, access=access, clock=clock, chance=chance, lock=kiosk.lock
        )
    )


def _log_board(board: int, reason: str) -> None:
    if reason:
        structlog.get_logger().warning("board_silent", board=board, reason=reason)
    else:
        structlog.get_logger().info("board_answers", board=board)


def _to_path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(str(value))
    raise NotImplementedError(f"cannot read {kind}")
