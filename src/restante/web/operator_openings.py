"""Doors opened from afar: ask for one, see what became of it, agree as the second person."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from restante.core.ids import CompartmentId, LockerId, OrderId
from restante.core.refusal import Reason
from restante.core.remote import Outcome, Phase
from restante.notices.texts import refusal_text
from restante.operations.orders import (
    WHY_MAX,
    BadOrder,
    approve_opening,
    ask_opening,
    decline_opening,
)
from restante.views.principal import Principal
from restante.views.remote_tables import ShownOpening

from .account import Form
from .operator_frame import EVERYTHING, Console
from .parts import Parts
from .session import WebRequest

SHOWN_MAX: Final = 100

PHASES: Final = {
    Phase.APPROVAL: ("warn", "waits for a second person"),
    Phase.WAITING: ("info", "waits for the locker"),
    Phase.SENT: ("info", "sent, no answer yet"),
}
OUTCOMES: Final = {
    Outcome.TAKEN: ("good", "opened"),
    Outcome.REFUSED: ("bad", "the locker refused"),
    Outcome.UNREACHABLE: ("bad", "the locker was away; nothing was sent"),
    Outcome.UNANSWERED: ("bad", "no answer; the order is void"),
    Outcome.DECLINED: ("bad", "a second person said no"),
    Outcome.UNAPPROVED: ("bad", "no second person agreed in time"),
}


class OpeningLine(NamedTuple):
    """One order as the page shows it."""

    shown: ShownOpening
    tone: str
    word: str
    reason: str
    who: str
    second: str
    is_own: bool
    """Whether whoever looks has asked for it, and so cannot agree to it."""


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of doors opened from afar."""
    console = Console(parts)

    @get("/operator/openings", sync_to_thread=True)
    def show_openings(request: WebRequest) -> Response[Any]:
        seat = console.seat(request)
        openings = console.centre.queries.openings(limit=SHOWN_MAX)
        lines = [make_line(one, seat.principal) for one in openings]
        return console.render(
            request,
            "openings.html",
            asking=[line for line in lines if line.shown.phase is Phase.APPROVAL],
            others=[line for line in lines if line.shown.phase is not Phase.APPROVAL],
            limit=console.centre.means.remote_openings_max,
            sites=_sites(console),
        )

    @post("/operator/lockers/{locker:str}/compartments/{compartment:str}/open", sync_to_thread=True)
    def ask(
        request: WebRequest, locker: FromPath[str], compartment: FromPath[str], data: Form
    ) -> Response[Any]:
        console.seat(request)
        shown = console.centre.queries.locker(EVERYTHING, LockerId(locker))

        def action(principal: Principal) -> str:
            try:
                operation = ask_opening(
                    console.centre.means,
                    principal,
                    locker=LockerId(locker),
                    compartment=CompartmentId(compartment),
                    why=data.get("why", ""),
                )
            except BadOrder as error:
                raise ClientException(
                    f"Say in up to {WHY_MAX} characters why the door shall open."
                ) from error
            asked = console.centre.committer.run(operation)
            console.centre.orders.turn()
            return "opening-needs-approval" if asked.needs_approval else "opening-asked"

        back = f"/operator/sites/{shown.site}?compartment={compartment}&locker={locker}"
        return console.act(request, action, back=back)

    return [show_openings, ask, _make_answer(console)]


def _make_answer(console: Console) -> ControllerRouterHandler:
    @post("/operator/openings/{locker:str}/{order:str}", sync_to_thread=True)
    def answer(
        request: WebRequest, locker: FromPath[str], order: FromPath[str], data: Form
    ) -> Response[Any]:
        says_yes = data.get("answer") == "approve"

        def action(principal: Principal) -> str:
            name, which = LockerId(locker), OrderId(order)
            if says_yes:
                means = console.centre.means
                console.centre.committer.run(
                    approve_opening(means, principal, locker=name, order=which)
                )
                console.centre.orders.turn()
                return "opening-approved"
            console.centre.committer.run(decline_opening(principal, locker=name, order=which))
            return "opening-declined"

        return console.act(request, action, back="/operator/openings")

    return answer


def recent_lines(
    console: Console, locker: LockerId, compartment: CompartmentId
) -> list[OpeningLine]:
    """List the last orders for one compartment, for the panel beside the drawing."""
    openings = console.centre.queries.openings(locker=locker, compartment=compartment, limit=3)
    return [make_line(one, EVERYTHING) for one in openings]


def make_line(shown: ShownOpening, viewer: Principal) -> OpeningLine:
    """Say in words how far an order has come."""
    if shown.outcome is None:
        tone, word = PHASES[shown.phase]
    else:
        tone, word = OUTCOMES[shown.outcome]
    is_known = shown.reason in set(Reason)
    return OpeningLine(
        shown=shown,
        tone=tone,
        word=word,
        reason=refusal_text(Reason(shown.reason), "en") if is_known else shown.reason,
        who=_named(shown.asked_by),
        second="" if shown.approved_by is None else _named(shown.approved_by),
        is_own=shown.asked_by == viewer.actor,
    )


def _named(actor: str) -> str:
    role, _, name = actor.partition(":")
    return "the recipient" if role == "recipient" else name


def _sites(console: Console) -> dict[LockerId, tuple[str, str]]:
    """Tell site and zone of every locker."""
    lockers = console.centre.queries.lockers(EVERYTHING, limit=1_000).items
    return {one.locker: (one.site, console.zone(one.site)) for one in lockers}
