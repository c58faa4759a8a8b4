"""The courier's pages, for a phone in one hand: today's stops, one stop, scan, pass, day's end.

What happens at a locker happens at the locker: these pages say where to go and what a label
means, and hold the pass that signs in there. It must not decide custody.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.ids import SiteId
from restante.operations.accounts import NotSignedIn, Seat
from restante.operations.trouble import WORDS_MAX, BadTrouble, tell_site_trouble
from restante.views.principal import NotFound, Principal, Role

from .account import Form
from .courier_door import CourierDoor
from .courier_route import CourierRoute
from .courier_scan import judge_scan
from .courier_view import CourierView, Day, Stop, first_locker, mint_pass
from .map_sketch import MapSketcher
from .parts import Parts
from .qr import draw_qr
from .security import SCANNER_POLICY
from .session import WebRequest, safe_return

HOME: Final = "/courier"
SIGN_IN: Final = "/courier/sign-in"

_EVERYBODY: Final = Principal.of_operator("courier-door")
"""Who the list of couriers is read for; shown in demonstrations only."""

TROUBLES: Final = (
    ("no_access", "I cannot get there", "Gate shut, building site, no key", "ban"),
    ("locker_dark", "The locker is dark or does not answer", "No screen, no reaction", "monitor"),
    ("no_space", "No compartment is left", "Everything that fits is taken", "box"),
    ("door_jammed", "A door does not open or close", "Say which, in your own words", "door-closed"),
    ("parcel_damaged", "A parcel is damaged", "Keep it apart and bring it back", "package-x"),
    ("other", "Something else", "Say in a few words what it is", "message-square"),
)
"""Kind, words, hint and icon of what a courier can find wrong."""


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the courier's pages."""
    tour = _Tour(parts)

    @get(HOME, sync_to_thread=True)
    def show_today(request: WebRequest) -> Response[Any]:
        return tour.today(request)

    @get("/courier/site/{site:str}", sync_to_thread=True)
    def show_stop(request: WebRequest, site: FromPath[str]) -> Response[Any]:
        return tour.stop(request, SiteId(site))

    @get("/courier/scan", sync_to_thread=True)
    def show_scan(request: WebRequest) -> Response[Any]:
        return tour.scan(request, request.query_params.get("site", ""), None)

    @post("/courier/scan", sync_to_thread=True, status_code=200)
    def hear_label(request: WebRequest, data: Form) -> Response[Any]:
        return tour.scan(request, data.get("site", ""), data.get("label", ""))

    @get("/courier/pass", sync_to_thread=True)
    def show_pass(request: WebRequest) -> Response[Any]:
        return tour.show_pass(request)

    @get("/courier/summary", sync_to_thread=True)
    def show_summary(request: WebRequest) -> Response[Any]:
        return tour.summary(request)

    @get("/courier/site/{site:str}/problem", sync_to_thread=True)
    def ask_problem(request: WebRequest, site: FromPath[str]) -> Response[Any]:
        return tour.ask_problem(request, SiteId(site), {})

    @post("/courier/site/{site:str}/problem", sync_to_thread=True, status_code=200)
    def tell_problem(request: WebRequest, site: FromPath[str], data: Form) -> Response[Any]:
        return tour.tell_problem(request, SiteId(site), data)

    return [
        show_today,
        show_stop,
        show_scan,
        hear_label,
        show_pass,
        show_summary,
        ask_problem,
        tell_problem,
        *_sign_in_routes(parts),
    ]


def _sign_in_routes(parts: Parts) -> list[ControllerRouterHandler]:
    sessions, door = parts.sessions, CourierDoor(parts.centre)

    @get(SIGN_IN, sync_to_thread=True)
    def show_sign_in(request: WebRequest) -> Response[Any]:
        return_to = safe_return(request.query_params.get("next", HOME), HOME)
        return _show_sign_in(parts, request, return_to=return_to)

    @post(SIGN_IN, sync_to_thread=True, status_code=200)
    def sign_in(request: WebRequest, data: Form) -> Response[Any]:
        return_to = safe_return(data.get("next", HOME), HOME)
        login, wait = data.get("login", ""), 0
        seat: Seat | None = None
        try:
            seat = door.judge(login, data.get("pin", ""), at=sessions.now())
        except NotSignedIn as error:
            wait = error.wait_seconds
        if seat is None:
            failed = {"is_wrong": True, "wait_minutes": -(-wait // 60), "login": login}
            return _show_sign_in(parts, request, 401, return_to=return_to, **failed)
        return Redirect(return_to, status_code=303, cookies=[sessions.start(request, seat)])

    @post("/courier/sign-out", sync_to_thread=True)
    def sign_out(request: WebRequest) -> Response[Any]:
        return Redirect(SIGN_IN, status_code=303, cookies=[sessions.end(request, Role.COURIER)])

    @post("/courier/walk", sync_to_thread=True)
    def walk_as(request: WebRequest, data: Form) -> Response[Any]:
        name = data.get("courier", "")
        found = [one for one in parts.centre.queries.couriers(_EVERYBODY) if one.courier == name]
        if not found:
            raise NotFound("courier", name)
        seat = door.seat_of(found[0])
        return Redirect(HOME, status_code=303, cookies=[sessions.start(request, seat)])

    if parts.demo is None:
        return [show_sign_in, sign_in, sign_out]
    return [show_sign_in, sign_in, sign_out, walk_as]


def _show_sign_in(
    parts: Parts, request: WebRequest, status_code: int = 200, **context: Any
) -> Response[Any]:
    couriers: Sequence[Any] = ()
    if parts.demo is not None:
        first = parts.demo.courier().courier
        couriers = sorted(
            parts.centre.queries.couriers(_EVERYBODY),
            key=lambda one: (one.courier != first, one.name),
        )
    given: dict[str, Any] = {"login": "", "is_wrong": False, "wait_minutes": 0}
    return parts.pages.render(
        request,
        "courier/sign_in.html",
        status_code=status_code,
        couriers=couriers,
        **(given | context),
    )


class _Tour:
    """Answers for a courier who is signed in."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._centre = parts.centre
        self._view = CourierView(parts.centre, zone=parts.pages.zone)
        self._route = CourierRoute(parts.centre, zone=parts.pages.zone)
        self._sketcher: MapSketcher | None = None

    def today(self, request: WebRequest) -> Response[Any]:
        """Show where to go."""
        seat = self._seat(request)
        day = self._view.day(seat, near=self._where(seat))
        planned = self._route.find(seat, day)
        return self._render(request, "courier/today.html", seat, day=day, planned=planned)

    def stop(self, request: WebRequest, site: SiteId) -> Response[Any]:
        """Show what is to be done at one site."""
        seat = self._seat(request)
        stop = self._view.stop(seat, site)
        return self._render(
            request,
            "courier/stop.html",
            seat,
            stop=stop,
            kiosk_url=self._kiosk_url(stop),
            sketch=self._sketch(stop),
            is_told=request.query_params.get("done") == "told",
        )

    def scan(self, request: WebRequest, site: str, text: str | None) -> Response[Any]:
        """Show the scanner, and what the label just read means."""
        seat = self._seat(request)
        at_site = SiteId(site) if site else None
        verdict = None
        if text is not None:
            verdict = judge_scan(self._centre, seat, text, at_site)
            if request.headers.get("hx-request"):
                return self._render(request, "courier/verdict.html", seat, verdict=verdict)
        stop = None if at_site is None else self._view.stop(seat, at_site)
        stops = (stop,) if stop is not None else self._view.day(seat).stops
        loads = [load for one in stops for load in one.deposits]
        return self._render(
            request,
            "courier/scan.html",
            seat,
            policy=SCANNER_POLICY,
            stop=stop,
            loads=loads,
            verdict=verdict,
        )

    def show_pass(self, request: WebRequest) -> Response[Any]:
        """Show the pass that signs in at lockers."""
        seat = self._seat(request)
        day = self._view.day(seat, near=self._where(seat))
        minted = mint_pass(
            self._centre.means,
            seat,
            self._pass_sites(seat, day),
            [load.parcel for stop in day.stops for load in (*stop.deposits, *stop.retrievals)],
            self._centre.clock.now(),
        )
        qr, ends_at = (None, 0) if minted is None else (draw_qr(minted[0]), minted[1])
        return self._render(
            request,
            "courier/pass.html",
            seat,
            headers={"cache-control": "private, no-store"},
            qr=qr,
            ends_at=ends_at,
        )

    def summary(self, request: WebRequest) -> Response[Any]:
        """Show what was done today and what is left."""
        seat = self._seat(request)
        done, day = self._view.done(seat), self._view.day(seat)
        return self._render(request, "courier/summary.html", seat, done=done, day=day)

    def ask_problem(
        self, request: WebRequest, site: SiteId, given: Mapping[str, str], error: str = ""
    ) -> Response[Any]:
        """Ask what is wrong at a site."""
        seat = self._seat(request)
        stop = self._view.stop(seat, site)
        return self._render(
            request,
            "courier/problem.html",
            seat,
            status_code=422 if error else 200,
            stop=stop,
            troubles=TROUBLES,
            said=given.get("words", ""),
            error=error,
        )

    def tell_problem(
        self, request: WebRequest, site: SiteId, data: Mapping[str, str]
    ) -> Response[Any]:
        """Put what is wrong into the operators' queue."""
        seat = self._seat(request)
        stop = self._view.stop(seat, site)
        try:
            operation = tell_site_trouble(
                seat.principal,
                site=site,
                kind=data.get("kind", ""),
                words=data.get("words", ""),
                locker=first_locker(stop.site),
            )
        except BadTrouble:
            error = f"Say in a few words what is wrong, up to {WORDS_MAX} characters."
            return self.ask_problem(request, site, data, error)
        self._centre.committer.run(operation)
        return Redirect(f"/courier/site/{site}?done=told", status_code=303)

    def _seat(self, request: WebRequest) -> Seat:
        return self._parts.sessions.need(request, Role.COURIER)

    def _where(self, seat: Seat) -> tuple[float, float] | None:
        if self._parts.demo is None:
            return None
        for mover in self._parts.demo.movers():
            # A van that has left the map has no place.
            is_here = mover.longitude == mover.longitude
            if is_here and seat.name in (mover.id, mover.name):
                return mover.longitude, mover.latitude
        return None

    def _pass_sites(self, seat: Seat, day: Day) -> list[SiteId]:
        """Name the sites of the manifest; without any, where the courier may sign in at all."""
        if day.stops:
            return [stop.site.site for stop in day.stops]
        known = self._view.find_courier(seat)
        return [] if known is None else list(known.sites)

    def _kiosk_url(self, stop: Stop) -> str:
        if self._parts.demo is None:
            return ""
        urls = {kiosk.locker: kiosk.url for kiosk in self._parts.demo.kiosks()}
        return next((urls[one] for one in stop.site.lockers if one in urls), "")

    def _sketch(self, stop: Stop) -> Any:
        if self._parts.demo is None:
            return None
        if self._sketcher is None:
            self._sketcher = MapSketcher(self._parts.demo.city())
        site = stop.site
        return self._sketcher.sketch(site.longitude, site.latitude, site.name)

    def _render(
        self, request: WebRequest, template: str, seat: Seat, **context: Any
    ) -> Response[Any]:
        return self._parts.pages.render(request, template, seat=seat, home=HOME, **context)
