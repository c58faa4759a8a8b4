"""Endpoints that open a door from afar, and tell what came of it."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import Meta

from ..access import Scope
from ..core.ids import CompartmentId, LockerId, OrderId
from ..core.refusal import Reason
from ..operations.orders import WHY_MAX, AskedOpening, ask_opening
from ..views.remote_tables import ShownOpening
from .adapter import commit_once
from .endpoint import Answer, Call, Endpoint
from .house import House
from .times import tell, tell_or_none
from .words import Document, Request


class AskOpening(Request):
    """Open one door from afar."""

    compartment: Annotated[str, Meta(min_length=1, max_length=16, examples=["A3"])]
    why: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=WHY_MAX,
            description="Kept for ever, with who asked; name no persons.",
            examples=["the door is jammed, the courier stands there"],
        ),
    ]


class OpeningAsked(Document):
    """Written down; the order is signed and sent as soon as the locker is there."""

    id: str
    locker: str
    compartment: str
    needs_approval: Annotated[
        bool,
        Meta(description="The network's hourly limit is used up: a second person must agree."),
    ]


class Opening(Document):
    """An order to open a door from afar, and what came of it."""

    id: str
    locker: str
    compartment: str
    why: str
    phase: Annotated[
        str, Meta(description="`approval`, `waiting`, `sent` or `ended`.", examples=["ended"])
    ]
    outcome: Annotated[
        str | None,
        Meta(
            description="Once ended: `taken` (the locker opened it), `refused`, `unreachable`, "
            "`unanswered`, `declined` or `unapproved`; may grow.",
            examples=["taken"],
        ),
    ]
    reason: Annotated[str, Meta(description="Why the locker refused; a code of the reasons.")]
    asked_by: str
    approved_by: str | None
    asked_at: datetime
    sent_at: datetime | None
    ended_at: datetime | None


def show_opening(shown: ShownOpening) -> Opening:
    """Show an order to a caller."""
    return Opening(
        id=shown.order,
        locker=shown.locker,
        compartment=shown.compartment,
        why=shown.why,
        phase=shown.phase.value,
        outcome=None if shown.outcome is None else shown.outcome.value,
        reason=shown.reason,
        asked_by=shown.asked_by,
        approved_by=shown.approved_by,
        asked_at=tell(shown.asked_at),
        sent_at=tell_or_none(shown.sent_at),
        ended_at=tell_or_none(shown.ended_at),
    )


async def open_door(call: Call) -> Answer:
    """Have a door opened."""
    house: House = call.house
    asked: AskOpening = call.body
    locker = LockerId(call.path["locker"])

    def show(done: AskedOpening) -> OpeningAsked:
        return OpeningAsked(
            id=done.order,
            locker=locker,
            compartment=asked.compartment,
            needs_approval=done.needs_approval,
        )

    return await commit_once(
        call,
        lambda: ask_opening(
            house.means,
            call.principal,
            locker=locker,
            compartment=CompartmentId(asked.compartment),
            why=asked.why,
            cause=call.request_id,
        ),
        show,
        status=202,
    )


async def find_opening(call: Call) -> Answer:
    """Tell what came of an order."""
    house: House = call.house
    locker, order = LockerId(call.path["locker"]), OrderId(call.path["opening"])
    return Answer(
        await house.read(lambda: show_opening(house.queries.opening(call.principal, locker, order)))
    )


ENDPOINTS: Final = (
    Endpoint(
        name="openDoor",
        method="POST",
        path="/lockers/{locker}/openings",
        tag="Lockers",
        summary="Open a door from afar",
        description="A minute at most: what the locker cannot be told by then is over, and nothing "
        "opens later. The locker's own rules still apply. A partner opens only where a parcel of "
        "its own lies. Above the network's hourly limit an operator must agree first.",
        run=open_door,
        answer=OpeningAsked,
        status=202,
        scope=Scope.LOCKERS_OPEN,
        body=AskOpening,
        problems=(
            Reason.COMPARTMENT_UNKNOWN,
            Reason.NOT_POSSIBLE_NOW,
            Reason.TOO_MANY_OPENINGS,
        ),
        is_creating=True,
        example={"compartment": "A3", "why": "the door is jammed, the courier stands there"},
    ),
    Endpoint(
        name="findOpening",
        method="GET",
        path="/lockers/{locker}/openings/{opening}",
        tag="Lockers",
        summary="See what came of an order to open",
        description="Your own, or all for the network's operator.",
        run=find_opening,
        answer=Opening,
        scope=Scope.LOCKERS_OPEN,
        has_etag=True,
    ),
)
