"""Partners' receivers of webhooks: how they do, what was told to them, telling it again."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import PartnerId
from restante.core.value import HOUR, UtcSeconds
from restante.operations.webhooks import (
    BadWebhook,
    WebhookChange,
    change_webhook,
    forget_webhook,
    make_webhook,
    rotate_secret,
)
from restante.views.principal import Principal
from restante.views.webhook_tables import ShownDelivery, ShownWebhook

from .account import Form
from .operator_frame import EVERYTHING, Console, Message
from .parts import Parts
from .session import WebRequest
from .words import Look, look_of_fact

SHOWN_MAX: Final = 50
STATUSES: Final = {"": "All", "open": "To be told", "failed": "Given up", "delivered": "Delivered"}
REPLAYS: Final = {"1": "the last hour", "24": "the last day", "168": "the last week"}
"""Hours and words for what can be told again at once; the API takes any moment."""

STATES: Final = {
    "new": Look("To be told", "info", "clock"),
    "queued": Look("Behind an earlier one", "quiet", "clock"),
    "waiting": Look("Waits for a try", "info", "clock"),
    "delivered": Look("Delivered", "good", "circle-check"),
    "failed": Look("Given up", "bad", "circle-x"),
}
WHYS: Final = {
    "asked": "Disabled by a person",
    "gone": "Disabled: it answered 410",
    "failing": "Disabled: it failed for days",
}


class LogLine(NamedTuple):
    """One message as the page shows it."""

    shown: ShownDelivery
    look: Look
    what: str
    came_of_it: str
    parcel: str


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of webhooks."""
    console = Console(parts)
    return [*_reading_routes(console), *_secret_routes(console), *_acting_routes(console)]


def _reading_routes(console: Console) -> list[ControllerRouterHandler]:
    @get("/operator/webhooks", sync_to_thread=True)
    def list_webhooks(request: WebRequest) -> Response[Any]:
        console.seat(request)
        return _show_list(console, request)

    @get("/operator/webhooks/{webhook:str}", sync_to_thread=True)
    def show_webhook(request: WebRequest, webhook: FromPath[str]) -> Response[Any]:
        console.seat(request)
        return _show_one(console, request, webhook)

    return [list_webhooks, show_webhook]


def _secret_routes(console: Console) -> list[ControllerRouterHandler]:
    run = console.centre.committer.run

    # The secret is the answer itself and stands in no address; a reload would ask to send again.
    @post("/operator/webhooks", sync_to_thread=True, status_code=200)
    def add(request: WebRequest, data: Form) -> Response[Any]:
        principal = console.seat(request).principal
        partner, desk = PartnerId(data.get("partner", "")), console.centre.deliveries
        try:
            operation = make_webhook(
                console.centre.means,
                desk.allowance,
                principal,
                url=data.get("url", "").strip(),
                label=data.get("label", ""),
                partner=partner,
                known_count=desk.count(partner),
            )
        except BadWebhook as error:
            message = Message("bad", "Nothing was added", str(error))
            return _show_list(console, request, message=message, given=data)
        made = run(operation)
        return _unstored(_show_one(console, request, made.webhook, secret=made.secret.reveal()))

    @post("/operator/webhooks/{webhook:str}/secret", sync_to_thread=True, status_code=200)
    def change_secret(request: WebRequest, webhook: FromPath[str]) -> Response[Any]:
        principal = console.seat(request).principal
        secret = run(rotate_secret(console.centre.means, principal, webhook=webhook))
        return _unstored(_show_one(console, request, webhook, secret=secret.reveal()))

    return [add, change_secret]


def _acting_routes(console: Console) -> list[ControllerRouterHandler]:
    centre = console.centre
    desk, run = centre.deliveries, centre.committer.run

    @post("/operator/webhooks/{webhook:str}/do", sync_to_thread=True)
    def act(request: WebRequest, webhook: FromPath[str], data: Form) -> Response[Any]:
        wanted = data.get("do", "")

        def action(principal: Principal) -> str:
            match wanted:
                case "ping":
                    desk.ping(principal, webhook, ping=centre.means.minter.make("k"))
                    return "webhook-pinged"
                case "enable" | "disable":
                    change = WebhookChange(is_enabled=wanted == "enable")
                    run(change_webhook(desk.allowance, principal, webhook=webhook, change=change))
                    return f"webhook-{wanted}d"
                case "forget":
                    run(forget_webhook(principal, webhook=webhook))
                    return "webhook-forgotten"
                case "replay":
                    desk.replay_since(principal, webhook, since=_since(console, data))
                    return "webhook-replayed"
            raise ClientException("Choose what to do with it on the page.")

        own = f"/operator/webhooks/{webhook}"
        return console.act(
            request, action, back="/operator/webhooks" if wanted == "forget" else own
        )

    @post("/operator/webhooks/{webhook:str}/{delivery:str}/replay", sync_to_thread=True)
    def replay(
        request: WebRequest, webhook: FromPath[str], delivery: FromPath[str]
    ) -> Response[Any]:
        def action(principal: Principal) -> str:
            desk.replay_one(principal, webhook, delivery)
            return "webhook-replayed"

        return console.act(request, action, back=f"/operator/webhooks/{webhook}")

    return [act, replay]


def _show_list(console: Console, request: WebRequest, **given: Any) -> Response[Any]:
    partners = console.centre.queries.partners()
    return console.render(
        request,
        "webhooks.html",
        webhooks=[_with_look(one) for one in console.centre.deliveries.webhooks(EVERYTHING)],
        partners=partners,
        partner_names={one.partner: one.name for one in partners},
        **{"given": {}, **given},
    )


def _show_one(
    console: Console, request: WebRequest, webhook: str, *, secret: str = ""
) -> Response[Any]:
    desk = console.centre.deliveries
    shown = desk.webhook(EVERYTHING, webhook)
    status = request.query_params.get("status", "")
    status = status if status in STATUSES else ""
    cursor = request.query_params.get("after", "")
    is_place = cursor.partition(" ")[0].isdecimal()
    page = desk.deliveries(
        EVERYTHING,
        webhook,
        status=status or None,
        cursor=cursor if is_place else None,
        limit=SHOWN_MAX,
    )
    here = f"/operator/webhooks/{webhook}"
    tabs = [
        {
            "label": label,
            "href": f"{here}?status={name}" if name else here,
            "is_current": name == status,
        }
        for name, label in STATUSES.items()
    ]
    return console.render(
        request,
        "webhook.html",
        one=_with_look(shown),
        log=[_line(delivery) for delivery in page.items],
        following=page.cursor,
        status=status,
        tabs_list=tabs,
        replays=REPLAYS,
        partner_names={one.partner: one.name for one in console.centre.queries.partners()},
        secret=secret,
    )


def _with_look(shown: ShownWebhook) -> tuple[ShownWebhook, Look]:
    if not shown.is_enabled:
        return shown, Look(WHYS.get(shown.why, "Disabled"), "bad", "ban")
    if shown.failing_since is not None:
        return shown, Look("Fails now", "warn", "triangle-alert")
    return shown, Look("In order", "good", "circle-check")


def _line(shown: ShownDelivery) -> LogLine:
    kind, _, owner = shown.subject.partition("/")
    answered = f"answered {shown.code}" if shown.code else shown.error
    return LogLine(
        shown=shown,
        look=STATES.get(shown.status, Look(shown.status, "odd", "circle-question-mark")),
        what="Test message" if kind == "ping" else look_of_fact(shown.tag).text,
        came_of_it=answered if shown.tried_at is not None else "",
        parcel=owner if kind == "parcel" else "",
    )


def _since(console: Console, data: dict[str, str]) -> UtcSeconds:
    hours = data.get("hours", "")
    if hours not in REPLAYS:
        raise ClientException("Choose on the page from when on.")
    return UtcSeconds(console.centre.clock.now() - int(hours) * HOUR)


def _unstored(response: Response[Any]) -> Response[Any]:
    response.headers["cache-control"] = "no-store"
    return response
