"""Parcels: found by what people read out on the phone, and told from all sides.

Codes are never shown here; a new one goes to the recipient only.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from restante.core.ids import ParcelId, PartnerId, SiteId
from restante.core.size import ParcelSize
from restante.core.status import Group
from restante.core.value import Grams, Millimeters
from restante.operations.cancel import cancel
from restante.operations.correct import correct_size
from restante.operations.extend import extend
from restante.operations.reissue import reissue_code
from restante.operations.retrieve import complete_return
from restante.partners import write_csv
from restante.partners.csv_export import Cell
from restante.views.principal import NotFound, Principal
from restante.views.shown import ShownParcel

from .account import Form
from .operator_frame import EVERYTHING, Console, with_query
from .page import iso
from .parcel_file import tell_parcel
from .parts import Parts
from .session import WebRequest

PAGE_SIZE: Final = 30
EXPORT_MAX: Final = 10_000
"""Rows of one export (chosen: opens in every spreadsheet)."""

EXPORT_PAGE: Final = 1_000
GROUPS: Final = {
    Group.READY: "Ready to collect",
    Group.ANNOUNCED: "Announced",
    Group.RETURNING: "Going back",
    Group.DONE: "Collected",
    Group.RETURNED: "Returned",
    Group.PROBLEM: "Problem",
}
FILTERS: Final = ("q", "group", "site", "partner")


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of parcels."""
    console = Console(parts)

    @get("/operator/parcels", sync_to_thread=True)
    def list_parcels(request: WebRequest) -> Response[Any]:
        console.seat(request)
        wanted = _wanted(request)
        found = _find(console, wanted["q"])
        if len(found) == 1:
            return Redirect(f"/operator/parcels/{found[0].parcel}", status_code=303)
        items, cursor = found, None
        if not wanted["q"]:
            page = _page(console, wanted, request.query_params.get("cursor") or None, PAGE_SIZE)
            items, cursor = list(page.items), page.cursor
        now = console.centre.clock.now()
        sites = {one.site: one for one in console.centre.queries.sites(at=now, limit=1_000).items}
        return console.render(
            request,
            "parcels.html",
            parcels=items,
            wanted=wanted,
            groups=GROUPS,
            sites=sites,
            partners=console.centre.queries.partners(),
            next_url=with_query("/operator/parcels", **_filled(wanted), cursor=cursor or ""),
            has_more=cursor is not None,
            is_first=not request.query_params.get("cursor"),
            first_url=with_query("/operator/parcels", **_filled(wanted)),
            export_url=f"/operator/parcels.csv?{urlencode(_filled(wanted))}",
        )

    @get("/operator/parcels.csv", sync_to_thread=True)
    def export_parcels(request: WebRequest) -> Response[bytes]:
        console.seat(request)
        content = write_csv(_EXPORT_COLUMNS, _export_rows(console, _wanted(request)))
        headers = {
            "content-disposition": 'attachment; filename="parcels.csv"',
            "cache-control": "no-store",
        }
        return Response(content, media_type="text/csv; charset=utf-8", headers=headers)

    @get("/operator/parcels/{parcel:str}", sync_to_thread=True)
    def show_parcel(request: WebRequest, parcel: FromPath[str]) -> Response[Any]:
        console.seat(request)
        return console.render(request, "parcel.html", **tell_parcel(console, ParcelId(parcel)))

    return [list_parcels, export_parcels, show_parcel, _action_route(console)]


def _action_route(console: Console) -> ControllerRouterHandler:
    @post("/operator/parcels/{parcel:str}/{action:str}", sync_to_thread=True)
    def act(
        request: WebRequest, parcel: FromPath[str], action: FromPath[str], data: Form
    ) -> Response[Any]:
        console.seat(request)
        if action not in _ACTIONS:
            raise ClientException("There is no such action.")
        do = _ACTIONS[action]
        return console.act(
            request,
            lambda principal: do(console, principal, ParcelId(parcel), data),
            back=f"/operator/parcels/{parcel}",
        )

    return act


def _wanted(request: WebRequest) -> dict[str, str]:
    return {name: request.query_params.get(name, "").strip()[:200] for name in FILTERS}


def _filled(wanted: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in wanted.items() if value}


def _page(console: Console, wanted: dict[str, str], cursor: str | None, limit: int) -> Any:
    return console.centre.queries.parcels(
        EVERYTHING,
        group=wanted["group"] or None,
        site=SiteId(wanted["site"]) if wanted["site"] else None,
        partner=PartnerId(wanted["partner"]) if wanted["partner"] else None,
        cursor=cursor,
        limit=limit,
    )


def _find(console: Console, words: str) -> list[ShownParcel]:
    """Find parcels by id, label or reference, as it is read out: without blanks, in any case."""
    if not words:
        return []
    queries = console.centre.queries
    try:
        return [queries.parcel(EVERYTHING, ParcelId(words.lower()))]
    except NotFound:
        pass
    tight = "".join(words.split())
    found: dict[str, ShownParcel] = {}
    for spelled in dict.fromkeys((words, tight, tight.upper())):
        for page in (
            queries.parcels(EVERYTHING, label=spelled, limit=PAGE_SIZE),
            queries.parcels(EVERYTHING, reference=spelled, limit=PAGE_SIZE),
        ):
            found.update({one.parcel: one for one in page.items})
    return list(found.values())


_EXPORT_COLUMNS: Final = (
    *("parcel", "label", "reference", "partner", "site", "group", "status"),
    *("length_mm", "width_mm", "height_mm", "weight_g"),
    *("announced_at", "deposited_at", "hold_until", "collected_at", "locker", "compartment"),
)


def _export_rows(console: Console, wanted: dict[str, str]) -> Iterator[Sequence[Cell]]:
    found = _find(console, wanted["q"])
    if wanted["q"]:
        yield from (_export_row(one) for one in found)
        return
    cursor: str | None = None
    for _ in range(EXPORT_MAX // EXPORT_PAGE):
        page = _page(console, wanted, cursor, EXPORT_PAGE)
        yield from (_export_row(one) for one in page.items)
        cursor = page.cursor
        if cursor is None:
            return


def _export_row(one: ShownParcel) -> Sequence[Cell]:
    def when(name: str) -> str:
        return iso(one.milestones[name]) if name in one.milestones else ""

    size = one.size
    return (
        *(one.parcel, one.label, one.reference, one.partner, one.site, one.group, one.status),
        *(size.length_mm, size.width_mm, size.height_mm, size.weight_g),
        when("announced"),
        when("deposited"),
        iso(one.hold_until) if one.hold_until else "",
        when("collected"),
        one.locker,
        one.compartment,
    )


Act = Callable[[Console, Principal, ParcelId, dict[str, str]], str]


def _extend(console: Console, principal: Principal, parcel: ParcelId, _data: Any) -> str:
    console.centre.committer.run(extend(console.centre.means, principal, parcel=parcel))
    return "extended"


def _reissue(console: Console, principal: Principal, parcel: ParcelId, _data: Any) -> str:
    site = console.centre.queries.parcel(principal, parcel).site
    operation = reissue_code(console.centre.means, principal, parcel=parcel, site=site)
    console.centre.committer.run(operation)
    return "reissued"


def _cancel(console: Console, principal: Principal, parcel: ParcelId, data: dict[str, str]) -> str:
    why = data.get("why", "").strip()[:100]
    operation = cancel(console.centre.means, principal, parcel=parcel, why=why)
    console.centre.committer.run(operation)
    return "cancelled"


def _correct(console: Console, principal: Principal, parcel: ParcelId, data: dict[str, str]) -> str:
    before = console.centre.queries.parcel(principal, parcel).size
    size = ParcelSize(
        length_mm=Millimeters(_whole(data, "length_mm")),
        width_mm=Millimeters(_whole(data, "width_mm")),
        height_mm=Millimeters(_whole(data, "height_mm")),
        weight_g=Grams(_whole(data, "weight_g")),
        keep_upright=before.keep_upright,
    )
    operation = correct_size(console.centre.means, principal, parcel=parcel, size=size)
    corrected = console.centre.committer.run(operation)
    return "corrected" if corrected.refusal is None else "corrected-without-room"


def _complete(console: Console, principal: Principal, parcel: ParcelId, _data: Any) -> str:
    operation = complete_return(console.centre.means, principal, parcel=parcel)
    console.centre.committer.run(operation)
    return "returned"


_ACTIONS: Final[dict[str, Act]] = {
    "extend": _extend,
    "reissue": _reissue,
    "cancel": _cancel,
    "correct": _correct,
    "return": _complete,
}


def _whole(data: dict[str, str], name: str) -> int:
    text = data.get(name, "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        unit = "grams" if name == "weight_g" else "millimeters"
        raise ClientException(
            f"Enter whole {unit} for {name.split('_', maxsplit=1)[0]}, such as 320."
        )
    return int(text)
