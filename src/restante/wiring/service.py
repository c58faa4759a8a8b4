"""Run a real centre in one process, with the lockers of the same machine where there are any."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..access import export_locker_keys, write_locker_keys
from ..clock import Minter, SystemClock
from ..core.ids import LockerId
from ..edge.kiosk.kiosk import AnyKiosk, Kiosk
from ..link.memory import MemoryLink
from ..link.mqtt import CentreMqtt
from ..operations.accounts import begin_setup
from ..operations.directory import SiteEntry, register_locker, register_site
from ..operations.hub import CentreEnd
from ..partners.guarded_http import GuardedClient
from ..settings import Settings
from ..views.principal import NotFound, Principal
from .app import make_app
from .centre import Centre, open_centre
from .chores import Chores
from .line import LinkThread, make_access, open_link
from .locker import LockerFile, RunningLocker, read_locker_file, start_locker
from .server import serve_app
from .turns import TICK_SECONDS
from .webhook_sender import WebhookSender

_SETUP = Principal.of_operator("setup")


class LocalLockers:
    """Lockers that run in the centre's own process, one turn after another.

    Parameters
    ----------
    files
        What each is.
    """

    def __init__(self, centre: Centre, files: Sequence[LockerFile]) -> None:
        self._clock = centre.clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lockers", daemon=True)
        self._links: list[tuple[Kiosk, MemoryLink]] = []
        self.kiosks: Mapping[LockerId, AnyKiosk] = {
            file.locker: self._start(centre, file).kiosk for file in files
        }

    def start(self) -> None:
        """Begin to read sensors and talk."""
        if self.kiosks:
            self._thread.start()

    def close(self) -> None:
        """Stop, and let go of the journals."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        for kiosk, _ in self._links:
            kiosk.controller.store.close()

    def _start(self, centre: Centre, file: LockerFile) -> RunningLocker:
        register_file(centre, file)
        if not file.keys.exists():
            write_locker_keys(file.keys, export_locker_keys(centre.keyring, file.site))
        running = start_locker(
            file,
            keys=export_locker_keys(centre.keyring, file.site),
            clock=centre.clock,
            is_online=lambda: True,
        )
        if running.uplink is not None and isinstance(running.kiosk, Kiosk):
            link = MemoryLink(running.uplink, centre.hub.end_for(file.locker))
            self._links.append((running.kiosk, link))
        return running

    def _run(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            for kiosk, link in self._links:
                kiosk.tick()
                # Pages and link take turns at the controller.
                with kiosk.lock:
                    link.pump(self._clock.now())


def run_service(
    settings: Settings, *, locker_files: Sequence[Path], tell: Callable[[str], None]
) -> None:
    """Serve a centre until the process is asked to end.

    Parameters
    ----------
    tell
        Told where the pages are, and how the first operator gets in.
    """
    clock = SystemClock()
    centre = open_centre(settings, clock, Minter(clock))
    lockers = None
    line = None
    chores = Chores(centre)
    webhooks = WebhookSender(
        centre.deliveries, clock, client=GuardedClient(centre.deliveries.allowance)
    )
    try:
        line = _make_line(centre)
        lockers = LocalLockers(centre, [read_locker_file(path) for path in locker_files])
        app = make_app(centre, find_kiosk=lockers.kiosks.get)
        _invite(centre, tell)
        centre.committer.start()
        chores.start()
        webhooks.start()
        lockers.start()
        if line is not None:
            line.start()
        serve_app(
            app,
            host=settings.listen_host,
            port=settings.listen_port,
            started=lambda: tell(f"Serving {settings.network_name} at {settings.public_url}"),
        )
    finally:
        if line is not None:
            line.close()
        webhooks.close()
        chores.close()
        if lockers is not None:
            lockers.close()
        centre.close()


def _make_line(centre: Centre) -> LinkThread | None:
    """Make the line to lockers on machines of their own, where the operator set one."""
    settings = centre.settings
    if not settings.mqtt_url:
        return None
    files = (settings.mqtt_ca_file, settings.mqtt_certificate_file, settings.mqtt_key_file)
    ca_file, certificate_file, key_file = files
    assert ca_file is not None
    assert certificate_file is not None
    assert key_file is not None
    access = make_access(
        settings.mqtt_url,
        network=settings.network_id,
        ca_file=ca_file,
        certificate_file=certificate_file,
        key_file=key_file,
    )

    def find_end(locker: LockerId) -> CentreEnd | None:
        try:
            return centre.hub.end_for(locker)
        except NotFound:
            return None

    return open_link(
        lambda chance: CentreMqtt(find_end, access=access, clock=centre.clock, chance=chance)
    )


def _invite(centre: Centre, tell: Callable[[str], None]) -> None:
    """Tell whoever starts the server how the first account is made, while there is none."""
    token, operation = begin_setup(centre.minter)
    if centre.run(operation):
        tell(f"No operator yet: open {centre.settings.public_url}/setup and paste {token.reveal()}")


def register_file(centre: Centre, file: LockerFile) -> None:
    """Make site and locker known where they are not."""
    try:
        centre.queries.site(file.site, at=centre.clock.now())
    except NotFound:
        centre.keyring.make_peppers([file.site])
        entry = SiteEntry(
            site=file.site,
            name=file.name,
            zone=centre.settings.zone,
            language=centre.settings.language,
        )
        centre.run(register_site(centre.means, _SETUP, entry))
    centre.run(
        register_locker(_SETUP, locker=file.locker, site=file.site, layout=file.compartments)
    )
