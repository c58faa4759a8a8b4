"""The gallery as an app: the same assets, headers and templates as the real pages."""

from pathlib import Path
from typing import Any

import segno
from jinja2 import ChoiceLoader, FileSystemLoader
from litestar import Litestar, MediaType, Response, get
from litestar.middleware import DefineMiddleware
from markupsafe import Markup

from restante.web.assets import Assets, asset_handler
from restante.web.rendering import make_environment
from restante.web.security import SCANNER_POLICY, CrossOriginGuard, SecurityHeaders
from tests.browser.gallery import samples

PLACES = [
    {"label": "Queue", "href": "/console", "icon": "inbox", "count": 3, "is_urgent": True},
    {"label": "Live map", "href": "/map", "icon": "map"},
    {"label": "Sites", "href": "/console#sites", "icon": "map-pin", "count": 46},
    {"label": "Parcels", "href": "/console#parcels", "icon": "package"},
    {"label": "Notices", "href": "/console#notices", "icon": "mail"},
]


def make_gallery() -> Litestar:
    """Make the app that shows everything."""
    assets = Assets()
    environment = make_environment(assets)
    environment.loader = ChoiceLoader(
        [environment.loader, FileSystemLoader(Path(__file__).parent)]  # type: ignore[list-item]
    )

    def page(name: str, **context: Any) -> Markup:
        return Markup(environment.get_template(name).render(**context))

    def console_places(current: str) -> list[dict[str, Any]]:
        return [{**place, "is_current": place["href"] == current} for place in PLACES]

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def start() -> str:
        return page("start.html", is_wide=True)

    @get("/console", media_type=MediaType.HTML, sync_to_thread=False)
    def console() -> str:
        return page("console.html", places=console_places("/console"), **samples.console())

    @get("/map", media_type=MediaType.HTML, sync_to_thread=False)
    def city_map() -> str:
        return page("map.html", places=console_places("/map"), stream_url="/live")

    @get("/parcel", media_type=MediaType.HTML, sync_to_thread=False)
    def parcel() -> str:
        drawing = segno.make("RS1.GALLERY-SAMPLE", error="m")
        qr = Markup(drawing.svg_inline(border=0, omitsize=True))
        return page("parcel.html", qr=qr, **samples.parcel())

    @get("/courier", media_type=MediaType.HTML, sync_to_thread=False)
    def courier() -> Response[str]:
        return Response(
            str(page("courier.html")), headers=SCANNER_POLICY.headers(), media_type=MediaType.HTML
        )

    @get("/city.geojson", sync_to_thread=False)
    def city() -> dict[str, Any]:
        return samples.city()

    @get("/sites.geojson", sync_to_thread=False)
    def sites() -> dict[str, Any]:
        return samples.sites()

    @get("/live", sync_to_thread=False)
    def live() -> Response[bytes]:
        return Response(samples.stream(), media_type="text/event-stream")

    return Litestar(
        [asset_handler(assets), start, console, city_map, parcel, courier, city, sites, live],
        middleware=[DefineMiddleware(SecurityHeaders), DefineMiddleware(CrossOriginGuard)],
        openapi_config=None,
    )
