"""What recipients are told, and what could not be told."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from litestar import Response, get, post
from litestar.types import ControllerRouterHandler

from restante.core.ids import ParcelId
from restante.core.value import UtcSeconds
from restante.journal.port import DueWork
from restante.operations.perform import revive
from restante.views.principal import NotFound, Principal
from restante.views.work import NOTICE, read_notice

from .account import Form
from .operator_frame import EVERYTHING, Console
from .parts import Parts
from .session import WebRequest
from .words import in_words

DEAD_MAX: Final = 200
"""Failed notices shown."""

SENT_FACTS: Final = 3_000
"""Facts in which the page looks for notices that were sent."""

SENT_LINES: Final = 20


class FailedNotice(NamedTuple):
    """Work that was given up."""

    key: str
    kind: str
    parcel: ParcelId | None
    label: str
    due_at: UtcSeconds
    attempts: int
    error: str


class SentNotice(NamedTuple):
    """A notice a recipient got."""

    parcel: str
    kind: str
    channel: str
    at: UtcSeconds


def routes(parts: Parts) -> Sequence[ControllerRouterHandler]:
    """Make the handlers of notices."""
    console = Console(parts)

    @get("/operator/notices", sync_to_thread=True)
    def show_notices(request: WebRequest) -> Response[Any]:
        console.seat(request)
        journal = console.centre.journal
        failed = [_failed(console, work) for work in journal.dead_work(DEAD_MAX)]
        return console.render(
            request,
            "notices.html",
            failed=failed,
            waiting=journal.waiting_work(),
            sent=_sent(console),
        )

    @post("/operator/notices/retry", sync_to_thread=True)
    def retry(request: WebRequest, data: Form) -> Response[Any]:
        now = console.centre.clock.now()

        def action(principal: Principal) -> str:
            revive(console.centre.journal, principal, key=data.get("key", ""), now=now)
            return "retrying"

        return console.act(request, action, back="/operator/notices")

    return [show_notices, retry]


def _failed(console: Console, work: DueWork) -> FailedNotice:
    parcel, label, kind = None, "", work.kind
    if work.kind == NOTICE:
        try:
            notice = read_notice(work.body)
        except msgspec.ValidationError:
            pass
        else:
            parcel, kind = notice.parcel, notice.kind
            label = _label(console, parcel)
    return FailedNotice(
        work.key, in_words(kind), parcel, label, work.due_at, work.attempts, work.last_error
    )


def _label(console: Console, parcel: ParcelId) -> str:
    try:
        return console.centre.queries.parcel(EVERYTHING, parcel).label
    except NotFound:
        return parcel


def _sent(console: Console) -> list[SentNotice]:
    head = console.centre.journal.head()
    begin = max(console.centre.journal.floor(), head - SENT_FACTS)
    events = console.centre.queries.events(EVERYTHING, after=begin, limit=SENT_FACTS).events
    sent = []
    for event in reversed(events):
        if event.tag == "parcel.notice_sent.v1":
            fact = msgspec.json.decode(bytes(event.fact))
            parcel = event.stream.removeprefix("parcel/")
            sent.append(SentNotice(parcel, in_words(fact["kind"]), fact["channel"], event.at))
        if len(sent) == SENT_LINES:
            break
    return sent
