"""A locker's machine: claim code, certificate, configuration wanted and reported, update rings."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import LockerId
from restante.core.refusal import Reason, Refused
from restante.link.configuration import RINGS
from restante.operations.configuration import (
    ConfigurationChange,
    configure_locker,
    set_ring_release,
)
from restante.operations.directory import BadEntry
from restante.operations.enrolment import revoke_locker
from restante.views.principal import Principal

from .account import Form
from .operator_frame import EVERYTHING, Console, with_query
from .parts import Parts
from .session import WebRequest

WORDS: Final = {
    "name": "name",
    "compartments": "compartments",
    "languages": "languages of the screen",
    "screen_column": "place of the screen",
    "board": "wiring of the lock boards",
    "screen": "screen",
    "limits": "limits of alarms",
    "offline_budget": "what it gives out alone",
    "takes_unannounced": "whether it takes unannounced parcels alone",
    "ring": "update ring",
}
"""Parts of a configuration, for people."""


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of a locker's machine."""
    console = Console(parts)
    return [*_machine_routes(console), _release_route(console)]


def _machine_routes(console: Console) -> list[ControllerRouterHandler]:
    run = console.centre.committer.run

    @get("/operator/lockers/{locker:str}/machine", sync_to_thread=True)
    def show_machine(request: WebRequest, locker: FromPath[str]) -> Response[Any]:
        console.seat(request)
        return _show(console, request, LockerId(locker))

    # The code is the answer itself and stands in no address; a reload would ask to send it again.
    @post("/operator/lockers/{locker:str}/claim", sync_to_thread=True, status_code=200)
    def make_claim(request: WebRequest, locker: FromPath[str]) -> Response[Any]:
        principal = console.seat(request).principal
        name = LockerId(locker)
        try:
            claim = run(console.centre.enrolment.make_claim(principal, locker=name))
        except Refused:
            back = with_query(_page(name), refused=Reason.NOT_POSSIBLE_NOW.value)
            return console.act(request, _refuse, back=back)
        response = _show(console, request, name, code=claim.code.reveal())
        response.headers["cache-control"] = "no-store"
        return response

    @post("/operator/lockers/{locker:str}/revoke", sync_to_thread=True)
    def revoke(request: WebRequest, locker: FromPath[str], data: Form) -> Response[Any]:
        why = data.get("why", "").strip()[:100]
        if not why:
            raise ClientException("Say why: it stays on record.")

        def action(principal: Principal) -> str:
            run(revoke_locker(principal, locker=LockerId(locker), why=why))
            return "locker-revoked"

        return console.act(request, action, back=_page(locker))

    @post("/operator/lockers/{locker:str}/configuration", sync_to_thread=True)
    def configure(request: WebRequest, locker: FromPath[str], data: Form) -> Response[Any]:
        if data.get("again") == "1":
            change = ConfigurationChange(is_repeated=True)
        else:
            change = ConfigurationChange(ring=data.get("ring", ""))

        def action(principal: Principal) -> str:
            run(configure_locker(principal, locker=LockerId(locker), change=change))
            return "configured"

        return _act(console, request, action, back=_page(locker))

    return [show_machine, make_claim, revoke, configure]


def _release_route(console: Console) -> ControllerRouterHandler:
    @post("/operator/rings/{ring:str}", sync_to_thread=True)
    def set_release(request: WebRequest, ring: FromPath[str], data: Form) -> Response[Any]:
        locker, release = data.get("locker", ""), data.get("release", "")

        def action(principal: Principal) -> str:
            operation = set_ring_release(principal, ring=ring, release=release)
            console.centre.committer.run(operation)
            return "release-set"

        return _act(console, request, action, back=_page(locker))

    return set_release


def _show(
    console: Console, request: WebRequest, locker: LockerId, *, code: str = ""
) -> Response[Any]:
    queries, now = console.centre.queries, console.centre.clock.now()
    machine = queries.machine(EVERYTHING, locker, at=now)
    shown = queries.locker(EVERYTHING, locker)
    site = queries.site(shown.site, at=now)
    url = console.centre.enrolment.centre_url or str(request.base_url).rstrip("/")
    return console.render(
        request,
        "machine.html",
        machine=machine,
        locker=shown,
        site=site,
        zone_here=site.zone,
        rings=[(ring, ring.capitalize()) for ring in RINGS],
        all_rings=queries.rings(EVERYTHING),
        differing=[WORDS.get(name, name) for name in machine.differing],
        can_enrol=console.centre.enrolment.can_enrol,
        code=code,
        command=f"restante locker enrol {code} --centre {url}" if code else "",
    )


def _act(console: Console, request: WebRequest, action: Any, *, back: str) -> Response[Any]:
    try:
        return console.act(request, action, back=back)
    except BadEntry as error:
        raise ClientException(f"{error}.") from error


def _refuse(_principal: Principal) -> str:
    raise Refused(Reason.NOT_POSSIBLE_NOW)


def _page(locker: str) -> str:
    return f"/operator/lockers/{locker}/machine"
