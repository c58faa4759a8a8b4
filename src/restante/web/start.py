"""The start page: what restante is, how it stands, and four doors side by side.

In a demonstration it also has the switches of the city. In a real network it shows no figures to
strangers, and its doors lead to signing in.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from litestar import MediaType, Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.ids import CompartmentId, LockerId
from restante.views.principal import Principal, Role
from restante.views.shown import Counts

from .account import Form
from .demo_controls import DemoControls, DemoFault
from .live_routes import STREAM_URL
from .page import demo_state
from .parts import Parts
from .session import WebRequest, safe_return

_EVERYTHING = Principal.of_operator("start")

NEWS_LINES = 8

FAULT_NAMES = {
    DemoFault.JAMMED: "A door jams",
    DemoFault.STUCK_OPEN: "A sensor says open: forced",
    DemoFault.STUCK_CLOSED: "A sensor says closed",
    DemoFault.SILENT: "The lock board falls silent",
    DemoFault.POWER_CUT: "The power is cut for a moment",
}


def figures(counts: Counts) -> dict[str, int]:
    """Pick the numbers of the start page."""
    groups = counts.parcels
    return {
        "waiting": groups.get("ready", 0),
        "on_the_way": groups.get("announced", 0),
        "collected": groups.get("done", 0),
        "overdue": groups.get("returning", 0),
        "queue": counts.open_matters,
        "facts": counts.head,
        "sites": counts.sites,
        "lockers": counts.lockers,
    }


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the start page and of the demonstration's switches."""
    pages, demo, queries = parts.pages, parts.demo, parts.centre.queries

    @get("/", sync_to_thread=True)
    def show_start(request: WebRequest) -> Response[Any]:
        is_seen = demo is not None or parts.sessions.find(request, Role.OPERATOR) is not None
        context: dict[str, Any] = {"figures": None, "kiosks": (), "recipient_url": None}
        if is_seen:
            context["figures"] = figures(queries.counts(_EVERYTHING))
            context["stream_url"] = STREAM_URL
        if demo is not None:
            context |= _demo_context(demo, parts)
        return pages.render(request, "start/start.html", is_wide=True, **context)

    @get("/figures", sync_to_thread=True)
    def show_figures(request: WebRequest) -> Response[Any]:
        parts.sessions.need(request, Role.OPERATOR)
        shown = figures(queries.counts(_EVERYTHING))
        return pages.render(request, "start/figures.html", figures=shown)

    return [show_start, show_figures, *_demo_routes(parts, demo)] if demo else [show_start]


def _demo_context(
    demo: DemoControls, parts: Parts, cut: frozenset[LockerId] | None = None
) -> dict[str, Any]:
    known = demo.cut_lockers if cut is None else cut
    lockers = sorted(
        (kiosk.name, kiosk.locker, kiosk.locker in known, kiosk.url) for kiosk in demo.kiosks()
    )
    return {
        "news": parts.watch.recent(NEWS_LINES),
        "kiosk_options": [(locker, name) for name, locker, _, _ in lockers],
        "cut_first": next((locker for _, locker, is_cut, _ in lockers if is_cut), ""),
        "kiosks": lockers,
        "recipient_url": demo.recipient_url(),
        "fault_names": [(fault.value, text) for fault, text in FAULT_NAMES.items()],
        "cut_lockers": [name for name, _, is_cut, _ in lockers if is_cut],
    }


def _demo_routes(parts: Parts, demo: DemoControls) -> list[ControllerRouterHandler]:
    # Switches may take effect a moment later; the answer shows what was asked for.
    def act(
        request: WebRequest,
        action: Callable[[], None],
        text: str,
        *,
        cut: frozenset[LockerId] | None = None,
        **wanted: Any,
    ) -> Response[Any]:
        try:
            action()
        except LookupError as error:
            raise NotFoundException(f"Nothing was changed: {error}.") from error
        except ValueError as error:
            raise ClientException(f"Nothing was changed: {error}.") from error
        if not request.headers.get("hx-request"):
            return Redirect(_page_before(request), status_code=303)
        trigger = {"hx-trigger": json.dumps({"toast": {"text": text, "tone": "good"}})}
        context = {**_demo_context(demo, parts, cut), "demo": demo_state(demo)._replace(**wanted)}
        return parts.pages.render(request, "start/controls.html", headers=trigger, **context)

    @post("/demo/speed", sync_to_thread=True, status_code=200)
    def change_speed(request: WebRequest, data: Form) -> Response[Any]:
        speed = _whole(data.get("speed", ""))
        text = f"Time runs {speed} times as fast." if speed else "Time stands still."
        return act(request, lambda: demo.set_speed(speed), text, speed=speed)

    @post("/demo/peak", sync_to_thread=True, status_code=200)
    def change_peak(request: WebRequest, data: Form) -> Response[Any]:
        is_on = data.get("on") == "1"
        text = "The busiest week of December begins." if is_on else "Back to usual weeks."
        return act(request, lambda: demo.set_peak(is_on), text, is_peak=is_on)

    @post("/demo/link", sync_to_thread=True, status_code=200)
    def change_link(request: WebRequest, data: Form) -> Response[Any]:
        locker = LockerId(data.get("locker", ""))
        before = demo.cut_lockers
        if data.get("action") == "restore":
            text = "Connected again. Both sides compare what they know."
            cut = before - {locker}
            return act(request, lambda: demo.restore_link(locker), text, cut=cut)
        text = "The connection is cut. The locker goes on working alone."
        return act(request, lambda: demo.cut_link(locker), text, cut=before | {locker})

    @post("/demo/fault", sync_to_thread=True, status_code=200)
    def cause_fault(request: WebRequest, data: Form) -> Response[Any]:
        locker = LockerId(data.get("locker", ""))
        if data.get("action") == "mend":
            return act(request, lambda: demo.mend(locker), "Everything at this locker is mended.")
        name = data.get("fault", "")
        if name not in {fault.value for fault in DemoFault}:
            raise ClientException("Choose one of the faults on the page.")
        fault = DemoFault(name)
        compartment = CompartmentId(data.get("compartment", "") or _first_door(parts, locker))
        text = f"{FAULT_NAMES[fault]}: {compartment}. Watch the queue."
        return act(request, lambda: demo.inject_fault(locker, compartment, fault), text)

    return [change_speed, change_peak, change_link, cause_fault, _city_route(demo)]


def _city_route(demo: DemoControls) -> ControllerRouterHandler:
    @get("/demo/city.geojson", sync_to_thread=True)
    def send_city() -> Response[Any]:
        headers = {"cache-control": "private, max-age=3600"}
        return Response(demo.city(), media_type=MediaType.JSON, headers=headers)

    return send_city


def _first_door(parts: Parts, locker: LockerId) -> str:
    """Choose a door to break: one with a parcel shows most."""
    shown = parts.centre.queries.locker(_EVERYTHING, locker)
    full = [one.spec.id for one in shown.compartments if one.content == "occupied"]
    return (full or [one.spec.id for one in shown.compartments])[0]


def _whole(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        raise ClientException("The speed is a whole number.")
    return int(text)


def _page_before(request: WebRequest) -> str:
    before = urlsplit(request.headers.get("referer", ""))
    is_ours = before.netloc == request.headers.get("host", "")
    return safe_return(before.path, "/") if is_ours else "/"
