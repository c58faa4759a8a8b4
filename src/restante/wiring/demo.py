"""A living city with its pages, in one process and one temporary folder."""

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from ..clock import Clock, SystemClock
from ..core.ids import LockerId
from ..core.value import HOUR, UtcSeconds
from ..edge.kiosk.kiosk import AnyKiosk, Kiosk
from ..operations.route_network import Wish, make_network_problem
from ..operations.route_plans import Wanted, ask_plan
from ..operations.searches import BadSearch
from ..operations.studies import AskedStudy, ask_study
from ..partners.manifest_row import ManifestRow
from ..settings import Settings, read_settings
from ..sim.arrivals import consign_rows
from ..sim.life import Life
from ..sim.market import Market
from ..sim.stand import Stand
from ..sim.town import OPERATOR, PARTNER
from .app import App, make_app
from .city_controls import CityControls
from .route_runner import make_route_runner
from .server import serve_app
from .study_runner import make_study_runner
from .town import Town, build_town

PAST_SECONDS: Final = 36 * HOUR
"""How far before now the city begins; it hurries to now while the first pages are looked at."""

SHOWN_SECONDS: Final = 20 * 60
"""How long before now sensors get something to tell, so that the queue shows it."""

LOOK_SECONDS: Final = 300
"""How often idle lockers look at their sensors: five seconds of a visitor's time."""

SHOWN_VAN_PARCELS: Final = 600
"""A visitor's city has three vans, however much is booked."""

SHOWN_SEARCH_SECONDS: Final = 10.0
"""For each of the two plans of routes that a visitor finds."""

SHOWN_QUESTIONS: Final = (
    ("Half as many parcels again", {"peak": 1.5}),
    ("The same, reminded twelve hours earlier", {"peak": 1.5, "reminders_earlier_h": 12}),
)
"""What-ifs that a visitor finds answered."""

MARKET_SCALE: Final = 0.5
"""Share of the assumptions' arrivals: enough life for forty lockers on a small machine."""


class Demo:
    """Everything of one demonstration.

    Parameters
    ----------
    folder
        Where journals, keys and mailbox lie; thrown away by the caller.
    past_seconds
        How much of the city's past is played when it begins.
    scale
        Share of the assumptions' arrivals.
    clock
        Real time; the machine's own when ``None``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        public_url: str,
        seed: int,
        speed: int,
        rows: Sequence[ManifestRow] | None = None,
        past_seconds: int = PAST_SECONDS,
        scale: float = MARKET_SCALE,
        clock: Clock | None = None,
    ) -> None:
        self._real = clock or SystemClock()
        self._now = self._real.now()
        starts_at = UtcSeconds(self._now - past_seconds)
        self.town: Town = build_town(
            _settings(folder, public_url),
            starts_at=starts_at,
            seed=seed,
            is_watched=True,
            look_seconds=LOOK_SECONDS,
        )
        self.life = Life(
            self.town.world.agenda, self.town.clock, real_seconds=time.monotonic, speed=speed
        )
        self._kiosks: dict[LockerId, AnyKiosk] = {}
        for stand in self.town.stands:
            self._put_up_kiosk(stand)
            stand.restarted = partial(self._put_up_kiosk, stand)
        self.controls = CityControls(self.town, self.life, self.town.clock)
        self.app: App = make_app(
            self.town.office.centre,
            demo=self.controls,
            find_kiosk=self._kiosks.get,
            zone=self.town.city.time_zone,
        )
        self._rows, self._seed, self._scale = rows, seed, scale
        centre = self.town.office.centre
        self._searching = (
            make_route_runner(centre.routes, name="demo"),
            make_study_runner(centre.studies, name="demo"),
        )

    def begin(self) -> None:
        """Let the city live: first up to now as fast as the machine can, then at its pace."""
        self.town.office.centre.committer.start()
        self.life.ask(self._plan)
        self.life.hurry_to(self._now)
        self.life.start()
        for runner in self._searching:
            runner.start()

    def search(self) -> None:
        """Have routes planned and studies made when the city is at now, for whoever looks."""
        agenda = self.town.world.agenda
        for ask in (self._ask_for_routes, self._ask_for_studies):
            self.life.ask(partial(agenda.at, self._now, ask))

    def _ask_for_routes(self) -> None:
        centre = self.town.office.centre
        zone = ZoneInfo(self.town.city.time_zone)
        day = str(datetime.fromtimestamp(self._now, UTC).astimezone(zone).date())
        # Nothing may be booked in a small hour; then the page says how to plan.
        with suppress(BadSearch):
            for title, nearby in (("As booked", 0), ("With other lockers nearby", 1)):
                wish = Wish(partner=PARTNER, day=day, nearby=nearby, van_parcels=SHOWN_VAN_PARCELS)
                made = make_network_problem(centre.queries, wish, now=centre.clock.now())
                wanted = Wanted(
                    problem=made.problem, title=f"{title}, {day}", source="network",
                    seconds=SHOWN_SEARCH_SECONDS, seed=1, partner=PARTNER, day=day,
                    assumed=made.assumed,
                )  # fmt: skip
                centre.run(ask_plan(centre.means, OPERATOR, wanted))

    def _ask_for_studies(self) -> None:
        centre = self.town.office.centre
        if centre.studies.missing or centre.studies.network is None:
            return
        # No parcel may have come on a whole day; then the page says how to ask.
        with suppress(BadSearch):
            network = msgspec.Raw(centre.studies.network.capacity()[0])
            for title, changes in SHOWN_QUESTIONS:
                problem = msgspec.json.encode({"network": network, "changes": changes})
                asked = AskedStudy("whatif", problem, title, "network", SHOWN_SEARCH_SECONDS, 1)
                centre.run(ask_study(centre.means, OPERATOR, asked))

    def close(self) -> None:
        """End the city's life and let go of its files."""
        self.app.web.live.close()
        for runner in self._searching:
            runner.close()
        self.life.close()
        self.town.close()

    def _plan(self) -> None:
        """Fill the agenda; done by the city's own thread, so that pages answer meanwhile."""
        world = self.town.world
        if self._rows is not None:
            world.announce(consign_rows(self._rows), partner=PARTNER)
        Market(world, partner=PARTNER, seed=self._seed, scale=self._scale).open()
        world.open_for_business()
        sensing = world.let_things_go_wrong(self._seed)
        # Whoever looks shall find each kind of alarm, and not wait a month for it.
        stands = self.town.stands
        world.agenda.at(self._now - SHOWN_SECONDS, lambda: sensing.show_each(stands))

    def _put_up_kiosk(self, stand: Stand) -> None:
        kiosk = Kiosk(
            stand.controller,
            is_online=lambda: not stand.link.is_cut,
            clock=self._real,
            lock=stand.lock,
        )
        stand.is_screen_busy = lambda: kiosk.is_busy
        self._kiosks[stand.locker] = kiosk


def run_demo(
    *,
    host: str,
    port: int,
    seed: int,
    speed: int,
    tell: Callable[[str], None],
    rows: Sequence[ManifestRow] | None = None,
) -> None:
    """Serve a living city until the process is asked to end.

    Parameters
    ----------
    tell
        Told where the start page is once it answers.
    """
    url = f"http://{host}:{port}"
    with tempfile.TemporaryDirectory(prefix="restante-demo-") as folder:
        demo = Demo(Path(folder), public_url=url, seed=seed, speed=speed, rows=rows)

        def started() -> None:
            demo.begin()
            demo.search()
            tell(f"The city is alive: {url}   (Ctrl-C ends it, nothing is kept)")

        try:
            serve_app(demo.app, host=host, port=port, started=started)
        finally:
            demo.close()


def _settings(folder: Path, public_url: str) -> Settings:
    return read_settings(
        environ={},
        arguments={
            "data_dir": folder,
            "network_name": "Doggerhaven",
            "zone": "Europe/Berlin",
            "public_url": public_url,
        },
    )
