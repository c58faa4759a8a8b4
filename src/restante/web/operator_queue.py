"""The queue: what needs a person, the worst first, each with its one next action."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.types import ControllerRouterHandler

from restante.core.ids import LockerId, SiteId
from restante.core.value import UtcSeconds
from restante.operations.service import handle_matter
from restante.views.principal import NotFound, Principal
from restante.views.shown import Matter, ShownLocker, ShownSite

from .account import Form
from .cabinet import link_state
from .operator_frame import EVERYTHING, Console
from .parts import Parts
from .session import WebRequest, safe_return
from .words import Look, in_words, look_of_matter, step_for

SHOWN_MAX: Final = 200
"""Rows on the page; whoever has more has another problem."""

WEIGHTS: Final = {
    "door_forced": 0,
    "tamper": 0,
    "door_left_open": 1,
    "board_silent": 1,
    "diverged": 1,
    "mains_lost": 2,
    "battery_low": 2,
    "silent": 2,
    "parcel_missing": 2,
    "work_given_up": 3,
    "heat": 4,
    "cold": 4,
    "damp": 4,
    "content_unclear": 4,
    "capacity_lost": 4,
}
"""What comes first: doors, then parcels, then people's patience. Others weigh 5."""

CONCERN_ALL_INSIDE: Final = frozenset(
    {"tamper", "board_silent", "mains_lost", "battery_low", "heat", "cold", "damp"}
)
"""Alarms of a whole locker: they concern every parcel inside."""

WEIGHT_OTHERWISE: Final = 5
OUT_OF_SERVICE_WEIGHT: Final = 6

STATUSES: Final = {"open": "Open", "acknowledged": "Looked after", "resolved": "Resolved"}


class Row(NamedTuple):
    """One line of the queue."""

    weight: int
    since: UtcSeconds
    kind: str
    look: Look
    detail: str
    place: str
    href: str
    hurt: str
    step: str
    zone: str
    owner: str
    """Owner and key name a matter; both empty for what ends by itself."""
    key: str
    status: str
    handled_by: str
    note: str


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of the queue."""
    console = Console(parts)

    @get("/operator", sync_to_thread=True)
    def show_queue(request: WebRequest) -> Response[Any]:
        status = request.query_params.get("status", "open")
        if status not in STATUSES:
            status = "open"
        rows = _rows(console, status)
        counts = {
            name: len(console.centre.queries.matters(EVERYTHING, status=name, limit=SHOWN_MAX))
            for name in ("open", "acknowledged")
        }
        counts["open"] = len(rows) if status == "open" else counts["open"]
        tabs = [
            {
                "label": label,
                "href": "/operator" if name == "open" else f"/operator?status={name}",
                "is_current": name == status,
                "count": counts.get(name, 0),
            }
            for name, label in STATUSES.items()
        ]
        return console.render(
            request,
            "queue.html",
            rows=rows,
            tabs_list=tabs,
            status=status,
            news=parts.watch.recent(8),
            figures=console.centre.queries.counts(EVERYTHING),
        )

    @post("/operator/matters", sync_to_thread=True)
    def handle(request: WebRequest, data: Form) -> Response[Any]:
        status = data.get("status", "")
        words = {"acknowledged": "acknowledged", "resolved": "resolved", "open": "reopened"}
        if status not in words:
            raise ClientException("Choose what to do with it on the page.")

        def action(principal: Principal) -> str:
            operation = handle_matter(
                principal,
                owner=data.get("owner", ""),
                key=data.get("key", ""),
                status=status,
                note=data.get("note", "").strip()[:500],
            )
            console.centre.committer.run(operation)
            return words[status]

        return console.act(request, action, back=safe_return(data.get("back", ""), "/operator"))

    return [show_queue, handle]


def _rows(console: Console, status: str) -> list[Row]:
    queries, now = console.centre.queries, console.centre.clock.now()
    lockers = {one.locker: one for one in queries.lockers(EVERYTHING, limit=1_000).items}
    sites = {one.site: one for one in queries.sites(at=now, limit=1_000).items}
    matters = queries.matters(EVERYTHING, status=status, limit=SHOWN_MAX)
    rows = [_row(console, matter, lockers, sites) for matter in matters]
    if status == "open":
        rows.extend(_silent(lockers, sites, now))
    if status == "resolved":
        return sorted(rows, key=lambda row: -row.since)
    return sorted(rows, key=lambda row: (row.weight, row.since))


def _row(
    console: Console,
    matter: Matter,
    lockers: dict[LockerId, ShownLocker],
    sites: dict[SiteId, ShownSite],
) -> Row:
    locker = lockers.get(matter.locker) if matter.locker else None
    site_id = matter.site or (locker.site if locker else None)
    site = sites.get(site_id) if site_id else None
    place = site.name if site else (site_id or "")
    href = f"/operator/sites/{site_id}" if site_id else ""
    if matter.compartment:
        place = f"{place}, {matter.compartment}"
        href += f"?compartment={matter.compartment}"
    if matter.parcel:
        href = f"/operator/parcels/{matter.parcel}"
        place = place or _label(console, matter)
    default = OUT_OF_SERVICE_WEIGHT if matter.kind == "out_of_service" else WEIGHT_OTHERWISE
    return Row(
        weight=WEIGHTS.get(matter.kind, default),
        since=matter.noticed_at,
        kind=matter.kind,
        look=look_of_matter(matter.kind),
        detail=matter.detail if " " in matter.detail else in_words(matter.detail),
        place=place,
        href=href,
        hurt=_hurt(matter, locker),
        step=step_for(matter.kind),
        zone=site.zone if site else console.parts.pages.zone,
        owner=matter.owner,
        key=matter.key,
        status=matter.status,
        handled_by=(matter.handled_by or "").removeprefix("operator:"),
        note=matter.note,
    )


def _label(console: Console, matter: Matter) -> str:
    try:
        return console.centre.queries.parcel(EVERYTHING, matter.parcel).label  # type: ignore[arg-type]
    except NotFound:
        return matter.parcel or ""


def _hurt(matter: Matter, locker: ShownLocker | None) -> str:
    if matter.parcel:
        return "1 parcel, its recipient"
    if locker and matter.compartment:
        inside = [one for one in locker.compartments if one.spec.id == matter.compartment]
        if inside and inside[0].parcel:
            return "1 parcel, its recipient"
        return "1 compartment less"
    if locker and matter.kind in CONCERN_ALL_INSIDE:
        inside_count = sum(door.content == "occupied" for door in locker.compartments)
        return f"{inside_count} parcels inside" if inside_count else "Nobody yet"
    return "Nobody yet"


def _silent(
    lockers: dict[LockerId, ShownLocker], sites: dict[SiteId, ShownSite], now: UtcSeconds
) -> list[Row]:
    rows = []
    for one in lockers.values():
        if link_state(one, now).name != "silent" or one.seen_at is None:
            continue
        inside = sum(door.content == "occupied" for door in one.compartments)
        site = sites[one.site]
        unsent = f", {one.unsent_count} facts unsent when last heard" if one.unsent_count else ""
        rows.append(
            Row(
                weight=WEIGHTS["silent"] if inside else WEIGHT_OTHERWISE,
                since=one.seen_at,
                kind="silent",
                look=look_of_matter("silent"),
                detail=f"not heard since then{unsent}",
                place=site.name,
                href=f"/operator/sites/{one.site}",
                hurt=f"{inside} parcels inside" if inside else "Nobody yet",
                step=step_for("silent"),
                zone=site.zone,
                owner="",
                key="",
                status="open",
                handled_by="",
                note="",
            )
        )
    return rows
