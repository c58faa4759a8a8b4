"""Endpoints about webhooks: receivers, their secrets, what was told to them, telling it again."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..core.ids import PartnerId
from ..core.value import HOUR, Seconds
from ..operations.webhooks import (
    LABEL_MAX,
    OVERLAP_SECONDS,
    OVERLAP_SECONDS_MAX,
    MadeWebhook,
    WebhookChange,
    change_webhook,
    forget_webhook,
    make_webhook,
    rotate_secret,
)
from ..partners.public_address import URL_CHARS_MAX
from ..views.webhook_tables import ShownDelivery, ShownWebhook
from .adapter import asking_of
from .endpoint import Answer, Call, Endpoint
from .house import House
from .paging import answer_page, given
from .problem import Trouble
from .remember import remember
from .times import Moment, read, tell, tell_or_none
from .words import Document, PageQuery, Request

Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=URL_CHARS_MAX,
        description="https, with a public host, at port 443 or 8443.",
        examples=["https://shop.example.com/restante"],
    ),
]
EventTypes = Annotated[
    tuple[str, ...],
    Meta(
        max_length=50,
        description="What to tell, as in the feed's `type`; empty for everything.",
        examples=[["parcel.deposited.v1", "parcel.collected.v1"]],
    ),
]
Label = Annotated[str, Meta(max_length=LABEL_MAX, description="What you call it.")]


class MakeWebhook(Request):
    """Tell this receiver what happens to your parcels."""

    url: Url
    event_types: EventTypes = ()
    label: Label = ""
    partner: (
        Annotated[
            str, Meta(max_length=64, description="For whom; only keys of the operator say it.")
        ]
        | UnsetType
    ) = UNSET


class ChangeWebhook(Request):
    """What shall be different; leave out what stays."""

    url: Url | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    label: Label | UnsetType = UNSET
    is_enabled: bool | UnsetType = UNSET


class ChangeSecret(Request):
    """Get a new secret."""

    overlap_hours: Annotated[
        int,
        Meta(
            ge=0,
            le=OVERLAP_SECONDS_MAX // HOUR,
            description="How long messages are signed with the old one too.",
        ),
    ] = OVERLAP_SECONDS // HOUR


class ReplayWebhook(Request):
    """Tell everything again from a moment on."""

    since: Annotated[Moment, Meta(description="Facts recorded from then on.")]


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    status: Literal["open", "delivered", "failed"] | UnsetType = UNSET


class Webhook(Document):
    """A receiver."""

    id: str
    partner: str
    url: str
    label: str
    event_types: tuple[str, ...]
    is_enabled: bool
    why: Annotated[
        str,
        Meta(description="Why it is disabled: `asked`, `gone` (it answered 410) or `failing`."),
    ]
    failing_since: Annotated[
        datetime | None, Meta(description="The first failure after its last success.")
    ]
    is_replaying: bool
    open_count: Annotated[int, Meta(description="Messages still to be delivered; at most 1000.")]
    failed_count: Annotated[int, Meta(description="Messages given up; at most 1000.")]
    old_secret_until: Annotated[
        datetime | None, Meta(description="How long messages carry two signatures.")
    ]
    created_at: datetime
    changed_at: datetime


class WebhookList(Document):
    """Receivers, the oldest first."""

    webhooks: tuple[Webhook, ...]


class WebhookMade(Document):
    """A new receiver."""

    id: str
    secret: Annotated[
        str,
        Meta(
            description="Shown this once; empty when the request is repeated. Lost? Change it.",
            examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
        ),
    ]


class WebhookSecret(Document):
    """A new secret, shown this once."""

    secret: str


class WebhookForgotten(Document):
    """Nothing is told there any more."""

    id: str


class Delivery(Document):
    """A message to a receiver, and what came of it."""

    id: Annotated[str, Meta(description="The header `webhook-id`: the same at every try.")]
    type: str
    subject: Annotated[str, Meta(examples=["parcel/p01jd3zv6n8k2m4p6r8t0w2y4a6"])]
    position: int
    at: datetime
    recorded_at: datetime
    status: Annotated[
        str,
        Meta(
            description="`new`, `queued` behind an earlier one of its subject, `waiting` for a "
            "try, `delivered` or `failed`; may grow."
        ),
    ]
    next_try_at: datetime | None
    attempts: int
    answer_code: Annotated[int | None, Meta(description="HTTP status of the last answer.")]
    error: Annotated[str, Meta(description="Why there was none.")]
    took_ms: int | None
    tried_at: datetime | None


class DeliveryPage(Document):
    """Some messages, that of the last fact first."""

    deliveries: tuple[Delivery, ...]
    next_cursor: str | None


class DeliveryAsked(Document):
    """A message goes out soon; see the deliveries."""

    id: str


def show_webhook(shown: ShownWebhook) -> Webhook:
    """Show a receiver to a caller."""
    return Webhook(
        id=shown.webhook,
        partner=shown.partner,
        url=shown.url,
        label=shown.label,
        event_types=shown.event_types,
        is_enabled=shown.is_enabled,
        why=shown.why,
        failing_since=tell_or_none(shown.failing_since),
        is_replaying=shown.replay_after is not None,
        open_count=shown.open_count,
        failed_count=shown.failed_count,
        old_secret_until=tell_or_none(shown.old_until),
        created_at=tell(shown.created_at),
        changed_at=tell(shown.changed_at),
    )


def show_delivery(shown: ShownDelivery) -> Delivery:
    """Show a message to a caller."""
    return Delivery(
        id=shown.id,
        type=shown.tag,
        subject=shown.subject,
        position=shown.position,
        at=tell(shown.at),
        recorded_at=tell(shown.recorded_at),
        status=shown.status,
        next_try_at=tell_or_none(shown.due_at or None),
        attempts=shown.attempts,
        answer_code=shown.code,
        error=shown.error,
        took_ms=shown.took_ms,
        tried_at=tell_or_none(shown.tried_at),
    )


async def create(call: Call) -> Answer:
    """Make a receiver; the secret is kept out of the memory of answers."""
    house: House = call.house
    asked: MakeWebhook = call.body
    desk = house.centre.deliveries
    partner = None if asked.partner is UNSET else PartnerId(str(asked.partner))
    owner = partner or call.principal.partner or PartnerId(call.principal.name)

    def prepare() -> Any:
        operation = make_webhook(
            house.means,
            desk.allowance,
            call.principal,
            url=asked.url,
            label=asked.label,
            event_types=asked.event_types,
            partner=partner,
            known_count=desk.count(owner),
        )
        return remember(
            operation, asking_of(call), lambda told: (201, WebhookMade(id=told.webhook, secret=""))
        )

    made: MadeWebhook = await house.commit(prepare)
    return Answer(WebhookMade(id=made.webhook, secret=made.secret.reveal()), 201)


async def find(call: Call) -> Answer:
    """Show a receiver."""
    house: House = call.house
    webhook = call.path["webhook"]
    desk = house.centre.deliveries
    return Answer(await house.read(lambda: show_webhook(desk.webhook(call.principal, webhook))))


async def list_all(call: Call) -> Answer:
    """List receivers."""
    house: House = call.house
    found = await house.read(lambda: house.centre.deliveries.webhooks(call.principal))
    return Answer(WebhookList(webhooks=tuple(map(show_webhook, found))))


async def change(call: Call) -> Answer:
    """Change a receiver."""
    house: House = call.house
    asked: ChangeWebhook = call.body
    wanted = WebhookChange(
        url=given(asked.url),
        label=given(asked.label),
        event_types=given(asked.event_types),
        is_enabled=given(asked.is_enabled),
    )
    desk = house.centre.deliveries
    await house.commit(
        lambda: change_webhook(
            desk.allowance, call.principal, webhook=call.path["webhook"], change=wanted
        )
    )
    return await find(call)


async def forget(call: Call) -> Answer:
    """Forget a receiver."""
    webhook = call.path["webhook"]
    await call.house.commit(lambda: forget_webhook(call.principal, webhook=webhook))
    return Answer(WebhookForgotten(id=webhook))


async def change_secret(call: Call) -> Answer:
    """Give a receiver a new secret."""
    house: House = call.house
    asked: ChangeSecret = call.body
    secret = await house.commit(
        lambda: rotate_secret(
            house.means,
            call.principal,
            webhook=call.path["webhook"],
            overlap_seconds=Seconds(asked.overlap_hours * HOUR),
        )
    )
    return Answer(WebhookSecret(secret=secret.reveal()))


async def ping(call: Call) -> Answer:
    """Send a test message."""
    house: House = call.house
    desk, webhook = house.centre.deliveries, call.path["webhook"]
    name = house.means.minter.make("k")
    sent = await house.read(lambda: desk.ping(call.principal, webhook, ping=name))
    return Answer(DeliveryAsked(id=sent), 202)


async def list_log(call: Call) -> Answer:
    """List messages to a receiver."""
    house: House = call.house
    desk, webhook = house.centre.deliveries, call.path["webhook"]
    return await answer_page(
        call,
        lambda after, limit: desk.deliveries(
            call.principal, webhook, status=given(call.query.status), cursor=after, limit=limit
        ),
        lambda items, cursor: DeliveryPage(
            deliveries=tuple(map(show_delivery, items)), next_cursor=cursor
        ),
    )


async def replay_one(call: Call) -> Answer:
    """Send a message again."""
    house: House = call.house
    desk, delivery = house.centre.deliveries, call.path["delivery"]
    await house.read(lambda: desk.replay_one(call.principal, call.path["webhook"], delivery))
    return Answer(DeliveryAsked(id=delivery), 202)


async def replay_since(call: Call) -> Answer:
    """Send everything again from a moment on."""
    house: House = call.house
    desk, since = house.centre.deliveries, read(call.body.since)
    await house.read(lambda: desk.replay_since(call.principal, call.path["webhook"], since=since))
    found = await find(call)
    return found._replace(status=202)


ENDPOINTS: Final = (
    Endpoint(
        name="makeWebhook",
        method="POST",
        path="/webhooks",
        tag="Webhooks",
        summary="Be told what happens",
        description="From now on every fact about your parcels is posted there, signed as "
        "Standard Webhooks 1.0 says; see the webhook `parcelEvent`. At most 20 for a partner.",
        run=create,
        answer=WebhookMade,
        status=201,
        scope=Scope.WEBHOOKS_MANAGE,
        body=MakeWebhook,
        problems=(Trouble.UNUSABLE, Trouble.NOT_FOUND),
        is_creating=True,
        example={
            "url": "https://shop.example.com/restante",
            "event_types": ["parcel.deposited.v1", "parcel.collected.v1"],
            "label": "shop, production",
        },
    ),
    Endpoint(
        name="listWebhooks",
        method="GET",
        path="/webhooks",
        tag="Webhooks",
        summary="List receivers",
        description="Your own, or all for the network's operator.",
        run=list_all,
        answer=WebhookList,
        scope=Scope.WEBHOOKS_MANAGE,
    ),
    Endpoint(
        name="findWebhook",
        method="GET",
        path="/webhooks/{webhook}",
        tag="Webhooks",
        summary="Look at a receiver",
        description="How it does, and how much waits for it.",
        run=find,
        answer=Webhook,
        scope=Scope.WEBHOOKS_MANAGE,
    ),
    Endpoint(
        name="changeWebhook",
        method="PATCH",
        path="/webhooks/{webhook}",
        tag="Webhooks",
        summary="Change, enable or disable a receiver",
        description="While it is disabled nothing is written down for it; replay what happened "
        "meanwhile.",
        run=change,
        answer=Webhook,
        scope=Scope.WEBHOOKS_MANAGE,
        body=ChangeWebhook,
        problems=(Trouble.UNUSABLE,),
        example={"is_enabled": True},
    ),
    Endpoint(
        name="deleteWebhook",
        method="DELETE",
        path="/webhooks/{webhook}",
        tag="Webhooks",
        summary="Be told nothing any more",
        description="Its secrets go at once, its log soon.",
        run=forget,
        answer=WebhookForgotten,
        scope=Scope.WEBHOOKS_MANAGE,
    ),
    Endpoint(
        name="changeWebhookSecret",
        method="POST",
        path="/webhooks/{webhook}/secret",
        tag="Webhooks",
        summary="Get a new secret",
        description="Messages are signed with the new and the old one until the overlap ends.",
        run=change_secret,
        answer=WebhookSecret,
        scope=Scope.WEBHOOKS_MANAGE,
        body=ChangeSecret,
        problems=(Trouble.UNUSABLE,),
        example={"overlap_hours": 24},
    ),
    Endpoint(
        name="pingWebhook",
        method="POST",
        path="/webhooks/{webhook}/ping",
        tag="Webhooks",
        summary="Send a test message",
        description="A message of type `org.restante.webhook.ping.v1`, tried like all others.",
        run=ping,
        answer=DeliveryAsked,
        status=202,
        scope=Scope.WEBHOOKS_MANAGE,
    ),
    Endpoint(
        name="listDeliveries",
        method="GET",
        path="/webhooks/{webhook}/deliveries",
        tag="Webhooks",
        summary="See what was told",
        description="Every message of the last 30 days with its tries and the last answer.",
        run=list_log,
        answer=DeliveryPage,
        scope=Scope.WEBHOOKS_MANAGE,
        query=DeliveryQuery,
        is_paged=True,
    ),
    Endpoint(
        name="replayDelivery",
        method="POST",
        path="/webhooks/{webhook}/deliveries/{delivery}/replay",
        tag="Webhooks",
        summary="Be told one thing again",
        description="Under the same id; also what waits for its next try, which then is now.",
        run=replay_one,
        answer=DeliveryAsked,
        status=202,
        scope=Scope.WEBHOOKS_MANAGE,
    ),
    Endpoint(
        name="replayWebhook",
        method="POST",
        path="/webhooks/{webhook}/replay",
        tag="Webhooks",
        summary="Be told everything again from a moment on",
        description="Under the same ids; also what happened while the receiver was disabled or "
        "not there yet. New facts are told meanwhile. Months that were archived are not told "
        "again: a replay begins after them.",
        run=replay_since,
        answer=Webhook,
        status=202,
        scope=Scope.WEBHOOKS_MANAGE,
        body=ReplayWebhook,
        example={"since": "2026-11-20T14:00:00Z"},
    ),
)
