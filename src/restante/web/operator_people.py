"""Partners with their API keys, and couriers with their PINs; both are shown once, when made."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException
from litestar.params import Body
from litestar.types import ControllerRouterHandler

from restante.access import Scope, make_pin
from restante.core.ids import CourierId, PartnerId, SiteId
from restante.operations.directory import (
    BadEntry,
    dismiss_courier,
    issue_api_key,
    register_courier,
    register_partner,
    revoke_api_key,
)
from restante.views.principal import Principal

from .account import Form
from .operator_frame import EVERYTHING, Console, Message
from .parts import Parts
from .session import WebRequest

SCOPES: Final = (
    (Scope.PARCELS_READ, "See own parcels"),
    (Scope.PARCELS_WRITE, "Announce and change own parcels"),
    (Scope.BOOKINGS_READ, "See own bookings"),
    (Scope.BOOKINGS_WRITE, "Book room"),
    (Scope.SITES_READ, "See sites and their free room"),
    (Scope.LOCKERS_READ, "See lockers"),
    (Scope.EVENTS_READ, "Follow what happens to own parcels"),
    (Scope.WEBHOOKS_MANAGE, "Be told what happens to own parcels"),
)
"""What a partner's key is offered; running sites and doors is for operators."""

_PARTNER: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,30}")
_LOGIN: Final = re.compile(r"[0-9]{4,8}")

ManyForm = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.URL_ENCODED)]


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of partners and couriers."""
    console = Console(parts)
    return [*_partner_routes(console), _revoke_route(console), *_courier_routes(console)]


def _partner_routes(console: Console) -> list[ControllerRouterHandler]:
    run = console.centre.committer.run

    def show(request: WebRequest, **context: Any) -> Response[Any]:
        queries = console.centre.queries
        given = {"new_key": "", "new_for": "", **context}
        return console.render(
            request,
            "partners.html",
            partners=queries.partners(),
            keys=queries.api_keys(console.seat(request).principal),
            scopes=SCOPES,
            **given,
        )

    @get("/operator/partners", sync_to_thread=True)
    def list_partners(request: WebRequest) -> Response[Any]:
        console.seat(request)
        return show(request)

    @post("/operator/partners", sync_to_thread=True)
    def add_partner(request: WebRequest, data: Form) -> Response[Any]:
        partner, name = data.get("partner", "").strip().lower(), data.get("name", "").strip()
        if not _PARTNER.fullmatch(partner) or not 1 <= len(name) <= 100:
            raise ClientException(
                "Enter a name, and an id of 2 to 31 small letters, digits and hyphens"
            )

        def action(principal: Principal) -> str:
            run(register_partner(principal, partner=PartnerId(partner), name=name))
            return "partner-added"

        return console.act(request, action, back="/operator/partners")

    # The key is the answer itself and stands in no address; a reload would ask to send it again.
    @post("/operator/partners/keys", sync_to_thread=True, status_code=200)
    def make_key(request: WebRequest, data: ManyForm) -> Response[Any]:
        principal = console.seat(request).principal
        chosen = data.get("scopes", [])
        names = {chosen} if isinstance(chosen, str) else set(chosen)
        scopes = frozenset(scope for scope, _ in SCOPES if scope.value in names)
        label = str(data.get("label", "")).strip()[:60]
        if not scopes or not label:
            raise ClientException("Say what the key is for and tick what it may do")
        partner = PartnerId(str(data.get("partner", "")))
        operation = issue_api_key(
            console.centre.means, principal, partner=partner, scopes=scopes, label=label
        )
        secret = run(operation)
        response = show(request, new_key=secret.reveal(), new_for=label)
        response.headers["cache-control"] = "no-store"
        return response

    return [list_partners, add_partner, make_key]


def _revoke_route(console: Console) -> ControllerRouterHandler:
    run = console.centre.committer.run

    @post("/operator/partners/keys/revoke", sync_to_thread=True)
    def revoke_key(request: WebRequest, data: Form) -> Response[Any]:
        def action(principal: Principal) -> str:
            run(revoke_api_key(principal, key_id=data.get("key_id", "")))
            return "revoked"

        return console.act(request, action, back="/operator/partners")

    return revoke_key


def _courier_routes(console: Console) -> list[ControllerRouterHandler]:
    run, means = console.centre.committer.run, console.centre.means

    def show(request: WebRequest, **context: Any) -> Response[Any]:
        queries, now = console.centre.queries, console.centre.clock.now()
        partners = queries.partners()
        given = {"new_pin": "", "new_for": "", "given": {}, **context}
        return console.render(
            request,
            "couriers.html",
            couriers=queries.couriers(EVERYTHING),
            partners=[(one.partner, one.name) for one in partners],
            partner_names={one.partner: one.name for one in partners},
            site_count=sum(bool(one.lockers) for one in queries.sites(at=now, limit=1_000).items),
            **given,
        )

    @get("/operator/couriers", sync_to_thread=True)
    def list_couriers(request: WebRequest) -> Response[Any]:
        console.seat(request)
        return show(request)

    @post("/operator/couriers", sync_to_thread=True, status_code=200)
    def add_courier(request: WebRequest, data: Form) -> Response[Any]:
        principal = console.seat(request).principal
        known = {one.courier: one for one in console.centre.queries.couriers(EVERYTHING)}
        again = known.get(CourierId(data.get("courier", "")))
        name = again.name if again else data.get("name", "").strip()[:100]
        login = again.login if again else data.get("login", "").strip()
        partner = again.partner if again else PartnerId(data.get("partner", ""))
        if not name or not _LOGIN.fullmatch(login):
            raise ClientException("Enter a name, and a number of 4 to 8 digits to sign in with")
        courier = again.courier if again else CourierId(means.minter.make("c"))
        try:
            pin = _give_pin(
                console, principal, courier=courier, partner=partner, name=name, login=login
            )
        except BadEntry as error:
            message = Message("bad", "Nothing was changed", str(error))
            return show(request, message=message, given=data)
        response = show(request, new_pin=pin, new_for=f"{name}, number {login}")
        response.headers["cache-control"] = "no-store"
        return response

    @post("/operator/couriers/dismiss", sync_to_thread=True)
    def dismiss(request: WebRequest, data: Form) -> Response[Any]:
        def action(principal: Principal) -> str:
            run(dismiss_courier(principal, courier=CourierId(data.get("courier", ""))))
            return "dismissed"

        return console.act(request, action, back="/operator/couriers")

    return [list_couriers, add_courier, dismiss]


def _give_pin(
    console: Console,
    principal: Principal,
    *,
    courier: CourierId,
    partner: PartnerId,
    name: str,
    login: str,
) -> str:
    means, now = console.centre.means, console.centre.clock.now()
    sites = [
        one.site for one in console.centre.queries.sites(at=now, limit=1_000).items if one.lockers
    ]
    if not sites:
        raise ClientException("There is no site with a locker yet; add one first")
    pin = make_pin(
        entropy=means.minter.secret_bytes,
        pepper=means.keyring.pepper(SiteId(sites[0])),
        secret_digits=means.secret_digits,
    )
    operation = register_courier(
        means,
        principal,
        courier=courier,
        partner=partner,
        name=name,
        login=login,
        pin=pin,
        sites=sites,
    )
    console.centre.committer.run(operation)
    return pin.reveal()
