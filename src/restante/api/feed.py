"""Endpoints that tell a program what has happened, and who it is itself."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from ..access import Scope
from ..core.ids import PartnerId
from ..views.key_tables import KEY_USES
from ..views.tables import PARTNERS
from .endpoint import Answer, Call, Endpoint
from .house import House
from .parcel_documents import Feed, FeedQuery, show_event
from .problem import Trouble
from .times import tell, tell_or_none
from .words import Document


class OwnKey(Document):
    """The key a request carried; never the key itself."""

    id: Annotated[str, Meta(description="The part between the underscores.")]
    label: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: Annotated[
        datetime | None, Meta(description="Before this request, to the minute.")
    ]


class Partner(Document):
    """Who asks."""

    id: str
    name: str
    kind: str
    role: Annotated[str, Meta(description="`partner` or `operator`.")]
    key: OwnKey


async def read_events(call: Call) -> Answer:
    """Read what happened after a position."""
    house: House = call.house
    query: FeedQuery = call.query
    found = await house.read(
        lambda: house.queries.events(call.principal, after=query.after, limit=query.limit)
    )
    feed = Feed(
        events=tuple(map(show_event, found.events)),
        next_after=found.next_after,
        has_more=found.has_more,
    )
    return Answer(feed)


async def find_self(call: Call) -> Answer:
    """Say whose key the request carried."""
    return Answer(await call.house.read(lambda: _self(call)))


def _self(call: Call) -> Partner:
    house: House = call.house
    key = house.queries.api_key(call.key_id)
    if key is None:
        raise LookupError("the key was there a moment ago")
    row = house.read_row(PARTNERS.name, (PartnerId(key.partner),)) or {}
    used = house.read_row(KEY_USES.name, (call.key_id,))
    return Partner(
        id=key.partner,
        name=str(row.get("name", "")),
        kind=str(row.get("kind", "")),
        role=call.principal.role.value,
        key=OwnKey(
            id=key.key_id,
            label=key.label,
            scopes=tuple(sorted(key.scopes)),
            created_at=tell(key.created_at),
            expires_at=tell_or_none(key.expires_at),
            last_used_at=None if used is None else tell(int(used["used_at"] or 0)),
        ),
    )


ENDPOINTS: Final = (
    Endpoint(
        name="readEvents",
        method="GET",
        path="/events",
        tag="Events",
        summary="Follow what happens",
        description="Facts about your parcels, oldest first, after a position. Keep `next_after` "
        "and ask again with it: positions only grow, and none is ever skipped. Unknown types are "
        "to be ignored. Operators see the whole journal. Whoever asks for events of months that "
        "were archived, also with `after` 0, gets 410 with the position to go on from; no event "
        "is left out unsaid.",
        run=read_events,
        answer=Feed,
        scope=Scope.EVENTS_READ,
        query=FeedQuery,
        problems=(Trouble.ARCHIVED,),
    ),
    Endpoint(
        name="findSelf",
        method="GET",
        path="/partner",
        tag="Partner",
        summary="Ask who you are",
        description="The partner and the key of this request, with its scopes and last use.",
        run=find_self,
        answer=Partner,
        scope=None,
    ),
)
