"""Run a real centre in one process, with the lockers of the same machine where there are any."""

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from msgspec.structs import replace

from ..access import (
    STANDARD,
    DeviceKey,
    VerifierCost,
    create_device_key,
    export_locker_keys,
    open_device_key,
    write_locker_keys,
)
from ..clock import Minter, SystemClock
from ..core.ids import LockerId
from ..edge.kiosk.kiosk import AnyKiosk, Kiosk
from ..link.memory import MemoryLink
from ..link.mqtt import CentreMqtt
from ..operations.accounts import begin_setup
from ..operations.directory import SiteEntry, register_locker, register_site
from ..operations.hub import CentreEnd
from ..operations.receipts import trust_device
from ..settings import Settings, read_secret
from ..views.principal import NotFound, Principal
from .app import App, make_app
from .centre import Centre, open_centre
from .centre_health import centre_checks
from .chores import Chores
from .collector import rare_search
from .ending import LAST_SECONDS, SECONDS_MAX, Helpers, catch_endings, in_time
from .health import Health, make_health_routes
from .history import History
from .line import LinkThread, make_access, open_link
from .locker import LockerFile, RunningLocker, read_locker_file, start_locker
from .metrics import CountingClient, Metrics, listen_for_metrics, make_metrics_routes
from .notice_process import NoticeProcess
from .requests import untraced, watch_requests
from .route_runner import make_route_runner
from .running import told_to_run
from .seals import Sealing
from .server import serve_app
from .study_runner import make_study_runner
from .telemetry import open_traces
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
        device = _open_own_key(file)
        centre.run(trust_device(_SETUP, locker=file.locker, public=device.public))
        running = start_locker(
            replace(file, centre_url=file.centre_url or centre.settings.public_url),
            keys=export_locker_keys(centre.keyring, file.site),
            clock=centre.clock,
            is_online=lambda: True,
            device=device,
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


def _open_own_key(file: LockerFile) -> DeviceKey:
    """Open the key that a locker signs receipts with, drawn at its first start."""
    path = file.data.with_suffix(".device.key")
    return open_device_key(path) if path.exists() else create_device_key(path)


def run_service(
    settings: Settings,
    *,
    locker_files: Sequence[Path],
    tell: Callable[[str], None],
    cost: VerifierCost = STANDARD,
    make_line: Callable[[Centre], LinkThread | None] | None = None,
) -> None:
    """Serve a centre until the process is asked to end.

    Parameters
    ----------
    cost
        What one guess at a PIN costs.
    make_line
        Makes the line to lockers; to the broker of the settings when ``None``.
    tell
        Told where the pages are, and how the first operator gets in.
    """
    with told_to_run(settings.data_dir), rare_search():
        _run(settings, locker_files=locker_files, tell=tell, cost=cost, make_line=make_line)


def _run(
    settings: Settings,
    *,
    locker_files: Sequence[Path],
    tell: Callable[[str], None],
    cost: VerifierCost,
    make_line: Callable[[Centre], LinkThread | None] | None,
) -> None:
    clock = SystemClock()
    minter = Minter(clock)
    traces = open_traces(settings)
    around = None if traces is None else traces.batch
    centre = open_centre(settings, clock, minter, cost=cost, around=around)
    helpers = Helpers()
    lockers = None
    listener = None
    try:
        lockers = LocalLockers(centre, [read_locker_file(path) for path in locker_files])
        line = (make_line or _make_line)(centre)
        app, metrics = _make_all(centre, lockers, line, helpers)
        _invite(centre, tell)
        centre.committer.start()
        helpers.start()
        lockers.start()
        listener = listen_for_metrics(metrics, settings.metrics_listen)

        def watched(asgi: Any) -> Any:
            return watch_requests(
                asgi,
                make_id=lambda: minter.make("q"),
                trusted_header=settings.request_id_header,
                watcher=metrics.watch,
                tracer=untraced if traces is None else traces.request,
            )

        serve_app(
            app,
            host=settings.listen_host,
            port=settings.listen_port,
            started=lambda: tell(f"Serving {settings.network_name} at {settings.public_url}"),
            around=watched,
            ending=helpers.stop,
            is_over=catch_endings(),
        )
    finally:
        helpers.stop()
        if listener is not None:
            in_time(listener.shutdown, SECONDS_MAX)
            listener.server_close()
        helpers.close()
        if lockers is not None:
            lockers.close()
        centre.close()
        if traces is not None:
            traces.close(LAST_SECONDS)


def _make_all(
    centre: Centre, lockers: LocalLockers, line: LinkThread | None, helpers: Helpers
) -> tuple[App, Metrics]:
    """Make pages and figures, and what works beside them."""
    notices = _make_notices(centre)
    chores = Chores(centre, sends_notices=notices is None)
    helpers.add("chores", chores)
    if notices is not None:
        helpers.add("notices", notices)
    history = History(centre)
    # Before anything is written: what was lost is left out first.
    history.turn()
    helpers.add("history", history)
    client = CountingClient(centre.deliveries.allowance)
    helpers.add("seals", Sealing(centre.journal, centre.clock, centre.settings, Random()))
    helpers.add("webhooks", WebhookSender(centre.deliveries, centre.clock, client=client))
    travel = centre.settings.routes_travel
    runner = make_route_runner(centre.routes, name=centre.minter.make("q"), travel=travel)
    helpers.add("routes", runner)
    helpers.add("studies", make_study_runner(centre.studies, name=centre.minter.make("q")))
    if line is not None:
        helpers.add("line", line)
    health = Health(
        centre_checks(
            centre,
            chores,
            history,
            is_linked=None if line is None else line.is_connected,
            notices=notices,
        )
    )
    metrics = Metrics(centre, attempts=lambda: client.attempts, notices=notices)
    token = read_secret(centre.settings.metrics_token_file)
    app = make_app(
        centre,
        find_kiosk=lockers.kiosks.get,
        probes=[*make_health_routes(health), *make_metrics_routes(metrics, token)],
    )
    return app, metrics


def _make_notices(centre: Centre) -> NoticeProcess | None:
    """Give notices a process of their own where several may write the journal."""
    if not centre.settings.database_url:
        return None
    return NoticeProcess(centre.settings, centre.committer)


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
        lambda chance: CentreMqtt(
            find_end,
            access=access,
            clock=centre.clock,
            chance=chance,
            find_ends=centre.hub.ends_for,
        )
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
