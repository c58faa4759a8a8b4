"""One web application: API, pages and, where lockers run in this process, their kiosks."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from litestar import Litestar
from litestar.types import ControllerRouterHandler

from .. import __version__
from ..api import make_api
from ..edge.kiosk.kiosk import FindKiosk
from ..edge.kiosk.pages import make_kiosk_routes
from ..web.app_routes import Web, make_web
from ..web.demo_controls import DemoControls
from .centre import Centre


class App(NamedTuple):
    """The application and how to end it."""

    asgi: Litestar
    web: Web


def make_app(
    centre: Centre,
    *,
    demo: DemoControls | None = None,
    find_kiosk: FindKiosk | None = None,
    zone: str | None = None,
    on_end: Callable[[], None] | None = None,
    probes: Sequence[ControllerRouterHandler] = (),
) -> App:
    """Put everything a browser or a program can ask into one application.

    Parameters
    ----------
    find_kiosk
        Finds the kiosk of a locker that runs in this process.
    on_end
        Called when the server has let go of its last connection.
    probes
        Addresses for who operates it: health, figures.
    """
    web = make_web(
        centre,
        demo=demo,
        zone=zone or centre.settings.zone,
        release=__version__,
        trusted_origins=(centre.settings.public_url,),
    )
    routers: list[ControllerRouterHandler] = [web.router, make_api(centre), *probes]
    if find_kiosk is not None:
        routers.append(make_kiosk_routes(find_kiosk))
    asgi = Litestar(
        routers,
        openapi_config=None,
        logging_config=None,
        exception_handlers=dict(web.problem_handlers),
        on_shutdown=[on_end] if on_end is not None else [],
    )
    return App(asgi, web)
