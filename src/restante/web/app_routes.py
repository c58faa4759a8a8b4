"""All pages together: what wiring mounts beside the API.

Page modules are named here and nowhere else; each has ``routes(parts)``.
"""

from collections.abc import Callable, Mapping, Sequence
from gettext import NullTranslations
from typing import Any, Final, NamedTuple, TypeAlias

from litestar import Router
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from restante.clock import Clock, SystemClock

from . import (
    account,
    courier,
    inbox,
    live_routes,
    operator_import,
    operator_machines,
    operator_notices,
    operator_openings,
    operator_parcels,
    operator_people,
    operator_queue,
    operator_routes,
    operator_sites,
    operator_studies,
    operator_system,
    operator_webhooks,
    receipt_page,
    recipient,
    start,
    street,
)
from .assets import Assets, asset_handler
from .centre import Centre
from .demo_controls import DemoControls
from .live import Live
from .live_events import Watch
from .page import Pages
from .parts import Parts
from .problems import make_problem_handlers
from .security import CrossOriginGuard, SecurityHeaders
from .session import Sessions

Routes: TypeAlias = Callable[[Parts], Sequence[ControllerRouterHandler]]

PAGE_MODULES: Final[tuple[Routes, ...]] = (
    start.routes,
    street.routes,
    account.routes,
    live_routes.routes,
    operator_queue.routes,
    operator_sites.routes,
    operator_machines.routes,
    operator_parcels.routes,
    operator_notices.routes,
    operator_openings.routes,
    operator_import.routes,
    operator_routes.routes,
    operator_studies.routes,
    operator_people.routes,
    operator_webhooks.routes,
    operator_system.routes,
    recipient.routes,
    receipt_page.routes,
    courier.routes,
    inbox.routes,
)
"""Every module with pages."""


class Web(NamedTuple):
    """The pages, ready to be mounted."""

    router: Router
    """At ``/``, with its own middleware and answers to errors."""
    live: Live
    """Call ``live.close()`` as soon as the process is asked to end, before connections drain."""
    problem_handlers: dict[int | type[Exception], Any]
    """For the app: answers to addresses that nobody serves."""
    parts: Parts


def make_web(
    centre: Centre,
    *,
    demo: DemoControls | None = None,
    session_clock: Clock | None = None,
    zone: str = "UTC",
    translations: Mapping[str, NullTranslations] | None = None,
    release: str = "",
    trusted_origins: Sequence[str] = (),
    page_modules: Sequence[Routes] = PAGE_MODULES,
) -> Web:
    """Make all pages.

    Parameters
    ----------
    demo
        Switches of a running demonstration; ``None`` in a real network.
    session_clock
        Real time for sessions; the machine's own by default.
    zone
        IANA name of the network's own time zone, for what belongs to no site.
    translations
        Catalogs of the pages by language, beside English.
    release
        Version to show.
    trusted_origins
        Other origins whose pages may send changes.
    """
    assets = Assets()
    pages = Pages(
        assets, centre.clock, demo=demo, zone=zone, translations=translations, release=release
    )
    sessions = Sessions(centre, session_clock or SystemClock(), is_demo=demo is not None)
    watch = Watch(centre, demo)
    live = Live(watch.look, centre.journal.head)
    parts = Parts(centre, pages, sessions, live, watch, demo)
    handlers = [handler for routes in page_modules for handler in routes(parts)]
    problem_handlers = make_problem_handlers(pages)
    router = Router(
        "/",
        route_handlers=[asset_handler(assets), *handlers],
        middleware=[
            DefineMiddleware(SecurityHeaders),
            DefineMiddleware(CrossOriginGuard, trusted_origins=trusted_origins),
        ],
        exception_handlers=problem_handlers,
        include_in_schema=False,
    )
    return Web(router, live, problem_handlers, parts)
