"""The kiosk's pages: one full page, its screen as a fragment, a stream of changes, three inputs.

Routes under ``/kiosk/{locker}``: GET the page, GET ``/stream`` (server-sent events), POST
``/touch``, ``/digit`` and ``/scan``. Codes travel in bodies only, never in an address. Without
scripts every form answers with a redirect to the page.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Request, Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.params import Body, FromPath
from litestar.response import Redirect, ServerSentEvent

from ...core.ids import LockerId
from . import catalog
from .drawing import Drawing
from .kiosk import AnyKiosk, FindKiosk
from .screen import Screen

BASE: Final = "/kiosk"
STATIC_ROOT: Final = Path(__file__).parent / "static"
STREAM_SECONDS: Final = 0.25
"""Between two looks at doors and clock while somebody may be watching."""

HEADERS: Final = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'self'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_MEDIA_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
AnyRequest = Request[Any, Any, Any]


def make_kiosk_routes(find_kiosk: FindKiosk) -> Router:
    """Make the routes for one locker or many.

    Parameters
    ----------
    find_kiosk
        Finds a locker's kiosk, ``None`` when there is no such locker.
    """
    painter = _Painter()

    def kiosk_of(locker: str) -> AnyKiosk:
        kiosk = find_kiosk(LockerId(locker))
        if kiosk is None:
            raise NotFoundException(f"There is no locker {locker!r} here.")
        return kiosk

    def answer(request: AnyRequest, kiosk: AnyKiosk, screen: Screen) -> Response[str] | Redirect:
        if request.headers.get("accept") == "text/x-fragment":
            return _html(painter.paint("screen.html", kiosk, screen))
        return Redirect(f"{BASE}/{kiosk.config.locker}", status_code=303)

    @get("/static/{name:str}", sync_to_thread=False)
    def serve_static(name: FromPath[str]) -> Response[bytes]:
        path = STATIC_ROOT / name
        if path.suffix not in _MEDIA_TYPES or not path.is_file() or path.parent != STATIC_ROOT:
            raise NotFoundException(f"There is no file {name!r}.")
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return Response(path.read_bytes(), media_type=_MEDIA_TYPES[path.suffix], headers=headers)

    @get("/{locker:str}", sync_to_thread=True)
    def show_page(locker: FromPath[str]) -> Response[str]:
        kiosk = kiosk_of(locker)
        return _html(painter.paint("page.html", kiosk, kiosk.tick()))

    @get("/{locker:str}/stream")
    async def follow_screen(locker: FromPath[str]) -> ServerSentEvent:
        return ServerSentEvent(
            _changes(kiosk_of(locker), painter), headers={"x-accel-buffering": "no"}
        )

    @post("/{locker:str}/touch", sync_to_thread=True, status_code=200)
    def take_touch(
        locker: FromPath[str], data: Form, request: AnyRequest
    ) -> Response[str] | Redirect:
        _check_origin(request)
        kiosk = kiosk_of(locker)
        return answer(request, kiosk, kiosk.touch(data.get("button", "")))

    @post("/{locker:str}/digit", sync_to_thread=True, status_code=200)
    def take_digit(
        locker: FromPath[str], data: Form, request: AnyRequest
    ) -> Response[str] | Redirect:
        _check_origin(request)
        kiosk = kiosk_of(locker)
        return answer(request, kiosk, kiosk.type_digit(data.get("digit", "")))

    @post("/{locker:str}/scan", sync_to_thread=True, status_code=200)
    def take_scan(
        locker: FromPath[str], data: Form, request: AnyRequest
    ) -> Response[str] | Redirect:
        _check_origin(request)
        kiosk = kiosk_of(locker)
        return answer(request, kiosk, kiosk.scan(data.get("text", "")))

    handlers = [serve_static, show_page, follow_screen, take_touch, take_digit, take_scan]
    return Router(BASE, route_handlers=handlers, include_in_schema=False)


class _Painter:
    """Draws screens as HTML."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("restante.edge.kiosk", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def paint(self, template: str, kiosk: AnyKiosk, screen: Screen) -> str:
        language = screen.language

        def say(key: str, values: dict[str, object] | None = None) -> str:
            return catalog.say(language, key, values)

        names = [(one, catalog.say(one, "language.name")) for one in kiosk.config.languages]
        return self._environment.get_template(template).render(
            base=BASE,
            locker=kiosk.config.locker,
            screen=screen,
            drawing=kiosk.draw(screen),
            say=say,
            languages=names,
            direction="rtl" if language in catalog.RIGHT_TO_LEFT else "ltr",
        )


def _look(kiosk: AnyKiosk) -> tuple[Screen, Drawing]:
    screen = kiosk.tick()
    return screen, kiosk.draw(screen)


async def _changes(kiosk: AnyKiosk, painter: _Painter) -> AsyncIterator[dict[str, str]]:
    shown: tuple[Screen, Drawing] | None = None
    while True:
        seen = await asyncio.to_thread(_look, kiosk)
        if seen != shown:
            # Painting hundreds of doors costs more than all else here, so it waits for news.
            shown = seen
            markup = await asyncio.to_thread(painter.paint, "screen.html", kiosk, seen[0])
            yield {"event": "screen", "data": markup}
        await asyncio.sleep(STREAM_SECONDS)


def _html(markup: str) -> Response[str]:
    return Response(markup, media_type="text/html; charset=utf-8", headers=HEADERS)


def _check_origin(request: AnyRequest) -> None:
    # A page of another site, opened in the same browser, must not press our buttons.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise PermissionDeniedException("Use the buttons of the kiosk itself.")
