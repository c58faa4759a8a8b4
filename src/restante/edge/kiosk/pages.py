"""The kiosk's pages: one full page, its screen as a fragment, a stream of changes, four inputs.

Routes under ``/kiosk/{locker}``: GET the page, GET ``/screen.css`` (its sizes), GET ``/stream``
(server-sent events), GET ``/clip/{name}`` (what is said), POST ``/touch``, ``/digit``, ``/scan``
and ``/headphones``. Codes travel in bodies only, never in an address. Without scripts every form
answers with a redirect to the page.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from litestar import Request, Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath
from litestar.response import Redirect, ServerSentEvent

from ...core.ids import LockerId
from .comfort import HEADPHONES
from .display import write_style
from .drawing import Drawing
from .kiosk import AnyKiosk, FindKiosk
from .painter import BASE, Painter
from .screen import Screen
from .voice import BEEPS, make_beep

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
_FILE_HEADERS: Final = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
_MEDIA_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
}

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]
AnyRequest = Request[Any, Any, Any]


def make_kiosk_routes(find_kiosk: FindKiosk) -> Router:
    """Make the routes for one locker or many.

    Parameters
    ----------
    find_kiosk
        Finds a locker's kiosk, ``None`` when there is no such locker.
    """
    painter = Painter()

    def kiosk_of(locker: str) -> AnyKiosk:
        kiosk = find_kiosk(LockerId(locker))
        if kiosk is None:
            raise NotFoundException(f"There is no locker {locker!r} here.")
        return kiosk

    def answer(request: AnyRequest, kiosk: AnyKiosk, screen: Screen) -> Response[str] | Redirect:
        if request.headers.get("accept") == "text/x-fragment":
            return _html(painter.paint("screen.html", kiosk, screen))
        return Redirect(f"{BASE}/{kiosk.config.locker}", status_code=303)

    @get("/{locker:str}", sync_to_thread=True)
    def show_page(locker: FromPath[str]) -> Response[str]:
        kiosk = kiosk_of(locker)
        return _html(painter.paint("page.html", kiosk, kiosk.tick()))

    @get("/{locker:str}/stream")
    async def follow_screen(locker: FromPath[str]) -> ServerSentEvent:
        return ServerSentEvent(
            _changes(kiosk_of(locker), painter), headers={"x-accel-buffering": "no"}
        )

    inputs = [_input_route(name, act, kiosk_of, answer) for name, act in _INPUTS.items()]
    routes = [show_page, follow_screen, *inputs, *_file_routes(kiosk_of)]
    return Router(BASE, route_handlers=routes, include_in_schema=False)


def _plug(kiosk: AnyKiosk, data: dict[str, str]) -> Screen:
    return kiosk.touch(f"{HEADPHONES}:{'in' if data.get('plug') == 'in' else 'out'}")


_INPUTS: Final[Mapping[str, Callable[[AnyKiosk, dict[str, str]], Screen]]] = MappingProxyType(
    {
        "touch": lambda kiosk, data: kiosk.touch(data.get("button", "")),
        "digit": lambda kiosk, data: kiosk.type_digit(data.get("digit", "")),
        "scan": lambda kiosk, data: kiosk.scan(data.get("text", "")),
        "headphones": _plug,
    }
)
"""What people do, by the last part of its address."""


def _input_route(
    name: str,
    act: Callable[[AnyKiosk, dict[str, str]], Screen],
    kiosk_of: Callable[[str], AnyKiosk],
    answer: Callable[[AnyRequest, AnyKiosk, Screen], Response[str] | Redirect],
) -> HTTPRouteHandler:
    @post(f"/{{locker:str}}/{name}", sync_to_thread=True, status_code=200)
    def take(locker: FromPath[str], data: Form, request: AnyRequest) -> Response[str] | Redirect:
        _check_origin(request)
        kiosk = kiosk_of(locker)
        return answer(request, kiosk, act(kiosk, data))

    return take


def _file_routes(kiosk_of: Callable[[str], AnyKiosk]) -> list[HTTPRouteHandler]:
    """Make the routes for files, sizes, speech and sounds."""

    @get("/static/{name:str}", sync_to_thread=False)
    def serve_static(name: FromPath[str]) -> Response[bytes]:
        path = STATIC_ROOT / name
        if path.suffix not in _MEDIA_TYPES or not path.is_file() or path.parent != STATIC_ROOT:
            raise NotFoundException(f"There is no file {name!r}.")
        kind = _MEDIA_TYPES[path.suffix]
        return Response(path.read_bytes(), media_type=kind, headers=_FILE_HEADERS)

    @get("/{locker:str}/screen.css", sync_to_thread=False)
    def give_sizes(locker: FromPath[str]) -> Response[str]:
        style = write_style(kiosk_of(locker).config.screen)
        return Response(style, media_type=_MEDIA_TYPES[".css"], headers=_FILE_HEADERS)

    @get("/{locker:str}/clip/{name:str}", sync_to_thread=True)
    def give_clip(locker: FromPath[str], name: FromPath[str]) -> Response[bytes]:
        clip = kiosk_of(locker).voice.find_clip(name)
        if clip is None:
            raise NotFoundException("No screen says that.")
        return Response(clip, media_type="audio/wav", headers=_FILE_HEADERS)

    @get("/sound/{name:str}", sync_to_thread=False)
    def give_sound(name: FromPath[str]) -> Response[bytes]:
        if name not in BEEPS:
            raise NotFoundException(f"There is no sound {name!r}.")
        return Response(make_beep(name), media_type="audio/wav", headers=_FILE_HEADERS)

    return [serve_static, give_sizes, give_clip, give_sound]


def _look(kiosk: AnyKiosk) -> tuple[Screen, Drawing]:
    screen = kiosk.tick()
    return screen, kiosk.draw(screen)


async def _changes(kiosk: AnyKiosk, painter: Painter) -> AsyncIterator[dict[str, str]]:
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
    # Browsers say where a request comes from; over plain HTTP some say the origin alone.
    said = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    is_ours = said in ("same-origin", "none")
    if said is None:
        is_ours = origin is None or urlsplit(origin).netloc == request.headers.get("host")
    if not is_ours:
        raise PermissionDeniedException("Use the buttons of the kiosk itself.")
