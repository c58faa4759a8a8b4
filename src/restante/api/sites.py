"""Endpoints about sites and their lockers: where they are, how full, in service or not."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from ..access import Scope
from ..core.ids import SiteId, site_stream
from ..core.refusal import Reason, Refused
from ..operations.service import close_site, reopen_site
from ..views.shown import ShownSite
from .endpoint import GEOJSON, Answer, Call, Endpoint
from .house import House
from .paging import answer_page
from .times import Moment, read, tell, tell_or_none
from .words import Document, PageQuery, Request, SiteName, Text


class SizeRoom(Document):
    """How much room of one size there is."""

    size_class: Annotated[str, Meta(description="XS to XL.", examples=["M"])]
    count: Annotated[int, Meta(description="Compartments in service.")]
    free_count: Annotated[
        int, Meta(description="Those that nothing inside and no booking for now needs.")
    ]


class SiteStatus(Document):
    """How a site stands now."""

    site: SiteName
    is_closed: bool
    closed_until: datetime | None
    closed_why: str
    compartment_count: int
    free_count: int
    sizes: tuple[SizeRoom, ...]


class Site(Document):
    """A place where parcels wait."""

    id: SiteName
    kind: Annotated[str, Meta(description="`locker`, `counter` or `parcel_room`; may grow.")]
    name: str
    address: str
    place: Annotated[str, Meta(description="How to find it, for people.")]
    latitude: float
    longitude: float
    zone: Annotated[str, Meta(description="IANA time zone.")]
    opening_hours: Annotated[str, Meta(description="In the notation of OpenStreetMap.")]
    help_phone: str
    language: str
    lockers: tuple[str, ...]
    status: SiteStatus


class SitePage(Document):
    """Some sites, by id."""

    sites: tuple[Site, ...]
    next_cursor: str | None


class Point(Document):
    """Where a site is (GeoJSON)."""

    coordinates: Annotated[
        tuple[float, float], Meta(description="Longitude, latitude.", examples=[(13.4, 52.5)])
    ]
    type: Literal["Point"] = "Point"


class PointProperties(Document):
    """What a map says about a site."""

    name: str
    kind: str
    address: str
    opening_hours: str
    is_closed: bool
    free_count: int


class PointFeature(Document):
    """A site on a map (GeoJSON)."""

    id: SiteName
    geometry: Point
    properties: PointProperties
    type: Literal["Feature"] = "Feature"


class PointCollection(Document):
    """Some sites on a map (GeoJSON, RFC 7946)."""

    features: tuple[PointFeature, ...]
    next_cursor: str | None
    type: Literal["FeatureCollection"] = "FeatureCollection"


class Closure(Document):
    """A time in which nothing is accepted."""

    from_at: datetime | None
    until: datetime | None
    why: str


class Closures(Document):
    """When a site is closed."""

    site: SiteName
    closures: tuple[Closure, ...]


class CloseSite(Request):
    """Accept nothing for a time."""

    from_at: Moment
    until: Moment
    why: Annotated[Text, Meta(min_length=1, description="For people.")]


def show_status(shown: ShownSite) -> SiteStatus:
    """Show how a site stands."""
    return SiteStatus(
        site=shown.site,
        is_closed=shown.is_closed,
        closed_until=tell_or_none(shown.closed_until),
        closed_why=shown.closed_why,
        compartment_count=shown.compartment_count,
        free_count=shown.free_count,
        sizes=tuple(
            SizeRoom(size_class=size.size_class, count=size.count, free_count=size.free_count)
            for size in shown.sizes
        ),
    )


def show_site(shown: ShownSite) -> Site:
    """Show a site to a caller."""
    return Site(
        id=shown.site,
        kind=shown.kind,
        name=shown.name,
        address=shown.address,
        place=shown.place,
        latitude=shown.latitude,
        longitude=shown.longitude,
        zone=shown.zone,
        opening_hours=shown.opening_hours,
        help_phone=shown.help_phone,
        language=shown.language,
        lockers=tuple(shown.lockers),
        status=show_status(shown),
    )


def show_point(shown: ShownSite) -> PointFeature:
    """Show a site on a map."""
    return PointFeature(
        id=shown.site,
        geometry=Point(coordinates=(shown.longitude, shown.latitude)),
        properties=PointProperties(
            name=shown.name,
            kind=shown.kind,
            address=shown.address,
            opening_hours=shown.opening_hours,
            is_closed=shown.is_closed,
            free_count=shown.free_count,
        ),
    )


async def list_sites(call: Call) -> Answer:
    """List sites."""
    return await _answer_sites(
        call,
        lambda items, cursor: SitePage(sites=tuple(map(show_site, items)), next_cursor=cursor),
    )


async def list_points(call: Call) -> Answer:
    """List sites as points of a map."""
    return await _answer_sites(
        call,
        lambda items, cursor: PointCollection(
            features=tuple(map(show_point, items)), next_cursor=cursor
        ),
    )


async def find_site(call: Call) -> Answer:
    """Find one site."""
    return Answer(await call.house.read(lambda: show_site(_shown(call))))


async def read_status(call: Call) -> Answer:
    """Read how a site stands."""
    return Answer(await call.house.read(lambda: show_status(_shown(call))))


async def list_closures(call: Call) -> Answer:
    """List when a site is closed."""
    return Answer(await call.house.read(lambda: _closures(call)))


async def close(call: Call) -> Answer:
    """Close a site for a time."""
    house: House = call.house
    asked: CloseSite = call.body
    start, until = read(asked.from_at), read(asked.until)
    if until <= house.now:
        raise Refused(Reason.NOT_POSSIBLE_NOW, "the closure lies in the past; give later times")
    await house.read(lambda: _shown(call))
    await house.commit(
        lambda: close_site(
            call.principal,
            site=SiteId(call.path["site"]),
            from_at=start,
            until=until,
            why=asked.why,
            cause=call.request_id,
        )
    )
    return Answer(await house.read(lambda: _closures(call)))


async def reopen(call: Call) -> Answer:
    """Lift all closures of a site."""
    house: House = call.house
    await house.read(lambda: _shown(call))
    site = SiteId(call.path["site"])
    await house.commit(lambda: reopen_site(call.principal, site=site, cause=call.request_id))
    return Answer(await house.read(lambda: _closures(call)))


async def _answer_sites(call: Call, show: Any) -> Answer:
    house: House = call.house
    return await answer_page(
        call,
        lambda cursor, limit: house.queries.sites(at=house.now, cursor=cursor, limit=limit),
        show,
    )


def _shown(call: Call) -> ShownSite:
    site: ShownSite = call.house.queries.site(SiteId(call.path["site"]), at=call.house.now)
    return site


def _closures(call: Call) -> Closures:
    site = _shown(call).site
    stream = site_stream(site)
    row = call.house.journal.states([stream]).get(stream)
    known = () if row is None else row.state.closures
    return Closures(
        site=site,
        closures=tuple(
            Closure(from_at=tell(one.from_at), until=tell_or_none(one.until), why=one.why)
            for one in known
        ),
    )


ENDPOINTS: Final = (
    Endpoint(
        name="listSites",
        method="GET",
        path="/sites",
        tag="Sites",
        summary="List sites",
        description="By id, with their room right now.",
        run=list_sites,
        answer=SitePage,
        scope=Scope.SITES_READ,
        query=PageQuery,
        is_paged=True,
    ),
    Endpoint(
        name="listPoints",
        method="GET",
        path="/points",
        tag="Sites",
        summary="List sites as GeoJSON",
        description="For maps; `next_cursor` is a foreign member (RFC 7946 section 6.1).",
        run=list_points,
        answer=PointCollection,
        answer_media=GEOJSON,
        scope=Scope.SITES_READ,
        query=PageQuery,
        is_paged=True,
    ),
    Endpoint(
        name="findSite",
        method="GET",
        path="/sites/{site}",
        tag="Sites",
        summary="Look a site up",
        description="Described, and as it stands now.",
        run=find_site,
        answer=Site,
        scope=Scope.SITES_READ,
        has_etag=True,
    ),
    Endpoint(
        name="readSiteStatus",
        method="GET",
        path="/sites/{site}/status",
        tag="Sites",
        summary="Read how full a site is",
        description="Free room by size class. Classes are for people: whether a parcel finds "
        "room, `/availability` tells exactly.",
        run=read_status,
        answer=SiteStatus,
        scope=Scope.SITES_READ,
    ),
    Endpoint(
        name="listClosures",
        method="GET",
        path="/sites/{site}/closures",
        tag="Sites",
        summary="List closures of a site",
        description="Times in which nothing is accepted, past ones too until it was reopened.",
        run=list_closures,
        answer=Closures,
        scope=Scope.SITES_READ,
    ),
    Endpoint(
        name="closeSite",
        method="POST",
        path="/sites/{site}/closures",
        tag="Sites",
        summary="Close a site for a time",
        description="What is booked or inside stays. The same closure again changes nothing.",
        run=close,
        answer=Closures,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        body=CloseSite,
        problems=(Reason.NOT_POSSIBLE_NOW,),
        example={
            "from_at": "2026-12-24T14:00:00Z",
            "until": "2026-12-27T06:00:00Z",
            "why": "holidays",
        },
    ),
    Endpoint(
        name="reopenSite",
        method="DELETE",
        path="/sites/{site}/closures",
        tag="Sites",
        summary="Lift all closures of a site",
        description="Reopening an open site changes nothing.",
        run=reopen,
        answer=Closures,
        scope=Scope.SITES_WRITE,
        is_operators=True,
    ),
)
