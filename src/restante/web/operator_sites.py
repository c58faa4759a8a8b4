"""The map beside its list, and a site with its lockers down to every compartment."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import CompartmentId, LockerId, SiteId, locker_stream
from restante.core.value import HOUR, UtcSeconds
from restante.operations.service import close_site, order_service, reopen_site
from restante.views.principal import NotFound, Principal
from restante.views.shown import ShownCompartment, ShownLocker, ShownSite

from .account import Form
from .cabinet import count_states, draw_cabinet, link_state, site_state, state_of
from .operator_frame import EVERYTHING, Console
from .operator_openings import recent_lines
from .parts import Parts
from .sensor_words import alarm_lines, reading_lines
from .session import WebRequest
from .words import Look, in_words, look_of_fact

SITES_MAX: Final = 1_000
"""Sites on one page: the most one answer holds."""

HISTORY_FACTS: Final = 2_000
"""Facts of a locker searched for the history of one compartment."""

HISTORY_LINES: Final = 15

CLOSURES: Final = ((4, "4 hours"), (24, "a day"), (72, "three days"), (168, "a week"))
KINDS: Final = {"locker": "Lockers", "counter": "Counters", "parcel_room": "Parcel rooms"}
STATES: Final = {"open": "Open", "full": "Full", "closed": "Closed", "down": "No connection"}


class SiteRow(NamedTuple):
    """A site as the list and the map show it."""

    shown: ShownSite
    state: str
    used: int


class HistoryLine(NamedTuple):
    """A fact of a compartment."""

    look: Look
    at: UtcSeconds
    detail: str


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of map and sites."""
    console = Console(parts)

    @get("/operator/map", sync_to_thread=True)
    def show_map(request: WebRequest) -> Response[Any]:
        console.seat(request)
        wanted = {
            name: request.query_params.get(name, "").strip() for name in ("q", "kind", "state")
        }
        rows = _wanted(_rows(console), wanted)
        return console.render(
            request,
            "map.html",
            rows=rows,
            wanted=wanted,
            kinds=KINDS,
            states=STATES,
            query=urlencode({name: value for name, value in wanted.items() if value}),
            has_city=parts.demo is not None,
        )

    @get("/operator/sites.geojson", sync_to_thread=True)
    def send_sites(request: WebRequest) -> dict[str, Any]:
        console.seat(request)
        wanted = {name: request.query_params.get(name, "") for name in ("q", "kind", "state")}
        return _features(_wanted(_rows(console), wanted))

    return [show_map, send_sites, *_site_routes(console), *_locker_routes(console)]


def _site_routes(console: Console) -> list[ControllerRouterHandler]:
    @get("/operator/sites/{site:str}", sync_to_thread=True)
    def show_site(request: WebRequest, site: FromPath[str]) -> Response[Any]:
        console.seat(request)
        return console.render(request, "site.html", **_site_context(console, request, SiteId(site)))

    @post("/operator/sites/{site:str}/close", sync_to_thread=True)
    def close(request: WebRequest, site: FromPath[str], data: Form) -> Response[Any]:
        hours = data.get("hours", "")
        if hours not in {str(count) for count, _ in CLOSURES}:
            raise ClientException("Choose for how long on the page.")
        why = data.get("why", "").strip()[:100]
        if not why:
            raise ClientException("Say why: couriers and partners read it.")
        now = console.centre.clock.now()

        def action(principal: Principal) -> str:
            operation = close_site(
                principal,
                site=SiteId(site),
                from_at=now,
                until=UtcSeconds(now + int(hours) * HOUR),
                why=why,
            )
            console.centre.committer.run(operation)
            return "closed"

        return console.act(request, action, back=f"/operator/sites/{site}")

    @post("/operator/sites/{site:str}/reopen", sync_to_thread=True)
    def reopen(request: WebRequest, site: FromPath[str]) -> Response[Any]:
        def action(principal: Principal) -> str:
            console.centre.committer.run(reopen_site(principal, site=SiteId(site)))
            return "site-open"

        return console.act(request, action, back=f"/operator/sites/{site}")

    return [show_site, close, reopen]


def _locker_routes(console: Console) -> list[ControllerRouterHandler]:
    @get("/operator/lockers/{locker:str}/cabinet.json", sync_to_thread=True)
    def send_cabinet(request: WebRequest, locker: FromPath[str]) -> dict[str, Any]:
        console.seat(request)
        shown = console.centre.queries.locker(EVERYTHING, LockerId(locker))
        return draw_cabinet(shown, locker)

    @get("/operator/lockers/{locker:str}/compartments/{compartment:str}", sync_to_thread=True)
    def show_compartment(
        request: WebRequest, locker: FromPath[str], compartment: FromPath[str]
    ) -> Response[Any]:
        console.seat(request)
        shown = console.centre.queries.locker(EVERYTHING, LockerId(locker))
        context = _panel(console, shown, CompartmentId(compartment))
        if context["panel"] is None:
            raise NotFoundException(f"{locker} has no compartment {compartment}.")
        return console.parts.pages.render(request, "operator/compartment.html", **context)

    @post("/operator/lockers/{locker:str}/compartments/{compartment:str}", sync_to_thread=True)
    def order(
        request: WebRequest, locker: FromPath[str], compartment: FromPath[str], data: Form
    ) -> Response[Any]:
        console.seat(request)
        is_in = data.get("in_service") == "1"
        why = data.get("why", "").strip()[:100]
        if not is_in and not why:
            raise ClientException("Say why it is taken out of service, then send it again.")
        shown = console.centre.queries.locker(EVERYTHING, LockerId(locker))

        def action(principal: Principal) -> str:
            operation = order_service(
                principal,
                locker=LockerId(locker),
                compartment=CompartmentId(compartment),
                in_service=is_in,
                why=why,
            )
            console.centre.committer.run(operation)
            return "in-service" if is_in else "out-of-service"

        back = f"/operator/sites/{shown.site}?compartment={compartment}&locker={locker}"
        return console.act(request, action, back=back)

    return [send_cabinet, show_compartment, order]


def _rows(console: Console) -> list[SiteRow]:
    queries, now = console.centre.queries, console.centre.clock.now()
    lockers: dict[SiteId, list[ShownLocker]] = {}
    for one in queries.lockers(EVERYTHING, limit=SITES_MAX).items:
        lockers.setdefault(one.site, []).append(one)
    return [
        SiteRow(
            site,
            site_state(site, lockers.get(site.site, ()), now),
            site.compartment_count - site.free_count,
        )
        for site in queries.sites(at=now, limit=SITES_MAX).items
    ]


def _wanted(rows: Sequence[SiteRow], wanted: dict[str, str]) -> list[SiteRow]:
    words, kind, state = wanted["q"].casefold(), wanted["kind"], wanted["state"]
    found = [
        row
        for row in rows
        if (not kind or row.shown.kind == kind)
        and (not state or state == (_level(row)))
        and words in f"{row.shown.name} {row.shown.address} {row.shown.site}".casefold()
    ]
    return sorted(found, key=lambda row: row.shown.name)


def _level(row: SiteRow) -> str:
    return "full" if row.state == "open" and not row.shown.free_count else row.state


def _features(rows: Sequence[SiteRow]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {
                "type": "Point",
                "coordinates": [row.shown.longitude, row.shown.latitude],
            },
            "properties": {
                "id": row.shown.site,
                "name": row.shown.name,
                "kind": row.shown.kind,
                "free": row.shown.free_count,
                "total": row.shown.compartment_count,
                "state": row.state,
            },
        }
        for row in rows
    ]
    return {"type": "FeatureCollection", "features": features}


def _site_context(console: Console, request: WebRequest, name: SiteId) -> dict[str, Any]:
    queries, now = console.centre.queries, console.centre.clock.now()
    site = queries.site(name, at=now)
    lockers = queries.lockers(EVERYTHING, site=name).items
    chosen = request.query_params.get("locker", "")
    locker = next((one for one in lockers if one.locker == chosen), lockers[0] if lockers else None)
    parcels = queries.parcels(EVERYTHING, site=name, limit=8)
    wanted = CompartmentId(request.query_params.get("compartment", ""))
    panel = _panel(console, locker, wanted) if locker else {"panel": None, "history": []}
    return {
        "site": site,
        "zone_here": site.zone,
        "state": site_state(site, lockers, now),
        "lockers": lockers,
        "locker": locker,
        "link": link_state(locker, now) if locker else None,
        "cabinet": draw_cabinet(locker, site.name) if locker else None,
        "alarms": alarm_lines(locker.alarms) if locker else [],
        "readings": reading_lines(locker.readings) if locker else [],
        "counts": count_states(locker.compartments) if locker else {},
        "doors": [(one, state_of(one)) for one in locker.compartments] if locker else [],
        "parcels": parcels.items,
        "waiting": sum(one.content == "occupied" for box in lockers for one in box.compartments),
        "bookings": queries.bookings(EVERYTHING, site=name, limit=200).items,
        "matters": queries.matters(EVERYTHING, site=name),
        "closures": CLOSURES,
        "is_cut": _is_cut(console, locker),
        "selected": wanted,
        **panel,
    }


def _is_cut(console: Console, locker: ShownLocker | None) -> bool:
    demo = console.parts.demo
    return demo is not None and locker is not None and locker.locker in demo.cut_lockers


def _panel(console: Console, locker: ShownLocker, name: CompartmentId) -> dict[str, Any]:
    found = next((one for one in locker.compartments if one.spec.id == name), None)
    parcel = None
    if found is not None and found.parcel:
        try:
            parcel = console.centre.queries.parcel(EVERYTHING, found.parcel)
        except NotFound:
            parcel = None
    return {
        "panel": found,
        "panel_state": state_of(found) if found else "",
        "panel_locker": locker.locker,
        "panel_parcel": parcel,
        "panel_zone": console.zone(locker.site),
        "history": _history(console, locker, found) if found else [],
        "panel_openings": recent_lines(console, locker.locker, name) if found else [],
    }


def _history(console: Console, locker: ShownLocker, one: ShownCompartment) -> list[HistoryLine]:
    stream = locker_stream(locker.locker)
    row = console.centre.journal.states([stream]).get(stream)
    if row is None:
        return []
    facts = console.centre.journal.read(stream, after_version=max(0, row.version - HISTORY_FACTS))
    lines = [
        HistoryLine(
            look_of_fact(str(type(fact.fact).__struct_config__.tag)),
            fact.fact.at,
            in_words(str(getattr(fact.fact, "why", "") or "")),
        )
        for fact in facts
        if getattr(fact.fact, "compartment", None) == one.spec.id
    ]
    return lines[: -HISTORY_LINES - 1 : -1]
