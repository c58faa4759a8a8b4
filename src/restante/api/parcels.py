"""Endpoints about parcels: announce, look up, change, follow."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..core.ids import ParcelId, PartnerId, SiteId
from ..core.refusal import Reason
from ..core.status import Group, Status
from ..core.value import HOUR, Seconds
from ..journal.ledger import Ledger, Operation
from ..operations.announce import Announced, announce
from ..operations.contacts import Contact
from ..partners.label import parse_label
from .adapter import asking_of, commit_once
from .endpoint import Answer, Call, Endpoint
from .house import House
from .paging import answer_page, given
from .parcel_documents import (
    AnnounceBatch,
    AnnouncedParcel,
    AnnounceParcel,
    BatchAnswer,
    BatchResult,
    Parcel,
    ParcelPage,
    Timeline,
    show_announced,
    show_entry,
    show_page,
    show_parcel,
)
from .problem import Trouble, make_problem
from .remember import Asking, Remembered, keep_answer, remember
from .times import read
from .translate import translate
from .words import PageQuery, ParcelName, SiteName, Text, parcel_size

CHUNK: Final = 50
"""Announcements of one batch that wait at the committer together."""

ANNOUNCE_PROBLEMS: Final = (
    Trouble.UNUSABLE,
    Reason.ALREADY_ANNOUNCED,
    Reason.PARCEL_TOO_LARGE,
    Reason.PARCEL_TOO_HEAVY,
    Reason.SITE_UNKNOWN,
    Reason.SITE_FULL,
    Reason.SITE_CLOSED,
    Reason.NOTHING_FITS,
    Reason.NO_REACHABLE_COMPARTMENT,
    Reason.NOT_POSSIBLE_NOW,
)

EXAMPLE: Final = {
    "label": "PX-4711-0815",
    "size": {"length_mm": 300, "width_mm": 200, "height_mm": 100, "weight_g": 1200},
    "site": "site-07",
    "contact": {"name": "A. Example", "email": "a@example.org", "language": "en"},
    "promise": "firm",
    "reference": "order-1234",
}


class ParcelQuery(PageQuery):
    """Which parcels; every filter given must match."""

    site: SiteName | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    label: (
        Annotated[
            Text, Meta(min_length=1, description="As printed or scanned; any form of the label.")
        ]
        | UnsetType
    ) = UNSET
    reference: Annotated[Text, Meta(min_length=1)] | UnsetType = UNSET


async def announce_parcel(call: Call) -> Answer:
    """Announce one parcel."""
    return await commit_once(call, lambda: prepare(call, call.body), show_announced, status=201)


def prepare(call: Call, asked: AnnounceParcel) -> Operation[Announced]:
    """Prepare an announcement; draws a code, so it is run beside the event loop."""
    house: House = call.house
    contact = None
    if asked.contact is not UNSET:
        contact = msgspec.convert(msgspec.structs.asdict(asked.contact), Contact)
    hold = None
    if asked.hold_hours is not UNSET:
        seconds = Seconds(asked.hold_hours * HOUR)
        hold = msgspec.structs.replace(house.means.hold, hold_seconds=seconds)
    return announce(
        house.means,
        call.principal,
        label=parse_label(asked.label).value,
        size=parcel_size(asked.size),
        site=SiteId(asked.site),
        contact=contact,
        promise=asked.promise,
        arrives_from=None if asked.arrives_from is UNSET else read(asked.arrives_from),
        arrives_until=None if asked.arrives_until is UNSET else read(asked.arrives_until),
        needs_low_door=asked.needs_low_door,
        risk=asked.risk,
        hold=hold,
        reference=asked.reference,
        partner=None if asked.partner is UNSET else PartnerId(asked.partner),
        cause=call.request_id,
    )


async def announce_batch(call: Call) -> Answer:
    """Announce many parcels, each by itself."""
    house: House = call.house
    asked: list[AnnounceParcel] = call.body.parcels
    results: list[BatchResult] = []
    for start in range(0, len(asked), CHUNK):
        some = asked[start : start + CHUNK]
        results += await announce_some(call, some, start)
    refused_count = sum(result.problem is not None for result in results)
    answer = BatchAnswer(
        announced_count=len(results) - refused_count,
        refused_count=refused_count,
        results=tuple(results),
    )
    await house.commit(lambda: keep_operation(asking_of(call), answer))
    return Answer(answer)


async def announce_some(
    call: Call, asked: Sequence[AnnounceParcel], first: int
) -> list[BatchResult]:
    """Announce a few parcels of a batch together."""
    outcomes = await call.house.commit_each(lambda: _prepare_some(call, asked, first))
    return [_result_of(call, outcome, first + at) for at, outcome in enumerate(outcomes)]


def keep_operation(asking: Asking, document: object) -> Operation[None]:
    """Keep the answer to a batch, whose parts were kept one by one."""

    def run(ledger: Ledger) -> None:
        keep_answer(ledger, asking, 200, document)

    return Operation((), run)


def _prepare_some(
    call: Call, asked: Sequence[AnnounceParcel], first: int
) -> list[Operation[Announced] | Exception]:
    known = call.house.means.selectors
    if known is not None:
        known.learn(SiteId(one.site) for one in asked if one.promise != "none")
    asking = asking_of(call)
    return [_prepare_one(call, one, asking.part(first + place)) for place, one in enumerate(asked)]


def _prepare_one(
    call: Call, asked: AnnounceParcel, asking: Asking
) -> Operation[Announced] | Exception:
    try:
        operation = prepare(call, asked)
    except Exception as error:  # noqa: BLE001 - told beside the others, like any problem
        return error
    return remember(operation, asking, lambda told: (201, show_announced(told)))


def _result_of(call: Call, outcome: Announced | BaseException, index: int) -> BatchResult:
    match outcome:
        case Remembered(kept=kept):
            told = msgspec.json.decode(kept.document, type=AnnouncedParcel)
            return BatchResult(index=index, parcel=told)
        case Exception():
            raised = translate(outcome, request_id=call.request_id)
            problem = make_problem(
                raised.code,
                raised.detail,
                instance=f"#/parcels/{index}",
                request_id=call.request_id,
                errors=raised.errors,
            )
            return BatchResult(index=index, problem=problem)
        case BaseException():
            raise outcome
        case _:
            return BatchResult(index=index, parcel=show_announced(outcome))


async def list_parcels(call: Call) -> Answer:
    """List parcels."""
    house: House = call.house
    query: ParcelQuery = call.query
    label = None if query.label is UNSET else parse_label(query.label).value
    zones: dict[str, str] = {}

    def ask(cursor: str | None, limit: int):  # type: ignore[no-untyped-def]
        page = house.queries.parcels(
            call.principal,
            site=given(query.site),
            group=given(query.group),
            status=given(query.status),
            label=label,
            reference=given(query.reference),
            cursor=cursor,
            limit=limit,
        )
        zones.update(read_zones(house, [item.site for item in page.items]))
        return page

    return await answer_page(call, ask, lambda items, cursor: show_page(items, zones, cursor))


async def find_parcel(call: Call) -> Answer:
    """Find one parcel."""
    return Answer(await call.house.read(lambda: shown_parcel(call)))


def shown_parcel(call: Call) -> Parcel:
    """Read the parcel a path names."""
    house: House = call.house
    shown = house.queries.parcel(call.principal, ParcelId(call.path["parcel"]))
    zone = read_zones(house, [shown.site]).get(shown.site, "UTC")
    return show_parcel(shown, zone)


async def read_timeline(call: Call) -> Answer:
    """Read a parcel's facts."""
    return Answer(await call.house.read(lambda: _timeline(call)))


def _timeline(call: Call) -> Timeline:
    queries, name = call.house.queries, ParcelId(call.path["parcel"])
    entries = queries.timeline(call.principal, name)
    return Timeline(
        parcel=name,
        entries=tuple(map(show_entry, entries)),
        archived_count=queries.count_archived(name, entries),
    )


def read_zones(house: House, sites: Sequence[str]) -> dict[str, str]:
    """Read the time zones of some sites."""
    keys = [(site,) for site in dict.fromkeys(sites)]
    rows = house.journal.rows("sites", keys) if keys else {}
    return {str(key[0]): str(row["zone"]) for key, row in rows.items()}


ENDPOINTS: Final = (
    Endpoint(
        name="announceParcel",
        method="POST",
        path="/parcels",
        tag="Parcels",
        summary="Announce a parcel",
        description="Room is booked at once (see `promise`); where there is none, the parcel is "
        "not announced either. The same label again gives the same answer while the parcel lives.",
        run=announce_parcel,
        answer=AnnouncedParcel,
        status=201,
        scope=Scope.PARCELS_WRITE,
        body=AnnounceParcel,
        problems=ANNOUNCE_PROBLEMS,
        is_creating=True,
        example=EXAMPLE,
    ),
    Endpoint(
        name="announceParcels",
        method="POST",
        path="/parcels/batch",
        tag="Parcels",
        summary="Announce many parcels",
        description="Up to 500. Each is announced or refused by itself; `results` tells which, "
        "in the order of the request. A body that is not as described is refused as a whole.",
        run=announce_batch,
        answer=BatchAnswer,
        scope=Scope.PARCELS_WRITE,
        body=AnnounceBatch,
        is_creating=True,
        example={"parcels": [EXAMPLE]},
    ),
    Endpoint(
        name="listParcels",
        method="GET",
        path="/parcels",
        tag="Parcels",
        summary="List parcels",
        description="Your own, the last announced first.",
        run=list_parcels,
        answer=ParcelPage,
        scope=Scope.PARCELS_READ,
        query=ParcelQuery,
        problems=(Trouble.UNUSABLE,),
        is_paged=True,
    ),
    Endpoint(
        name="findParcel",
        method="GET",
        path="/parcels/{parcel}",
        tag="Parcels",
        summary="Look a parcel up",
        description="As it stands now.",
        run=find_parcel,
        answer=Parcel,
        scope=Scope.PARCELS_READ,
        has_etag=True,
    ),
    Endpoint(
        name="readTimeline",
        method="GET",
        path="/parcels/{parcel}/timeline",
        tag="Parcels",
        summary="Read what happened to a parcel",
        description="Every fact, oldest first, with who caused it; `archived_count` tells how many "
        "came before, in months that were archived.",
        run=read_timeline,
        answer=Timeline,
        scope=Scope.PARCELS_READ,
    ),
)

__all__ = ["ENDPOINTS", "ParcelName", "prepare", "read_zones", "shown_parcel"]
