"""How the machine stands: journal, work, connections, versions, and proof that all is there."""

import threading
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.streams import KINDS
from restante.core.value import UtcSeconds
from restante.journal.verify import VerifyReport, verify

from .assets import read_vendored
from .cabinet import link_state
from .operator_frame import EVERYTHING, Console
from .parts import Parts
from .session import WebRequest

LOCKERS_MAX: Final = 1_000


class LastVerify(NamedTuple):
    """The last verification of this process."""

    report: VerifyReport
    at: UtcSeconds


class Verifier:
    """Verifies in a thread of its own, one at a time, and keeps the last result."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.last: LastVerify | None = None

    @property
    def is_running(self) -> bool:
        """Whether a verification runs now."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin, unless one runs already."""
        with self._lock:
            if not self.is_running:
                self._thread = threading.Thread(target=self._verify, name="verify", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait a little, so that small journals answer at once."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _verify(self) -> None:
        report = verify(self._console.centre.journal, KINDS)
        self.last = LastVerify(report, self._console.centre.clock.now())


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the system page."""
    console = Console(parts)
    verifier = Verifier(console)

    @get("/operator/system", sync_to_thread=True)
    def show_system(request: WebRequest) -> Response[Any]:
        console.seat(request)
        centre = console.centre
        now = centre.clock.now()
        lockers = centre.queries.lockers(EVERYTHING, limit=LOCKERS_MAX).items
        sites = {one.site: one.name for one in centre.queries.sites(at=now, limit=1_000).items}
        links = [(one, link_state(one, now), sites.get(one.site, one.site)) for one in lockers]
        links.sort(key=lambda item: (item[1].name == "connected", item[2]))
        return console.render(
            request,
            "system.html",
            counts=centre.queries.counts(EVERYTHING),
            committer=centre.committer.counts(),
            waiting=centre.journal.waiting_work(),
            dead=len(centre.journal.dead_work(100)),
            links=links,
            connected=sum(link.name == "connected" for _, link, _ in links),
            last=verifier.last,
            is_verifying=verifier.is_running,
            vendored=read_vendored(),
        )

    @post("/operator/system/verify", sync_to_thread=True)
    def start_verify(request: WebRequest) -> Response[Any]:
        console.seat(request)
        verifier.start()
        verifier.wait(3.0)
        return Redirect("/operator/system#journal", status_code=303)

    return [show_system, start_verify]
