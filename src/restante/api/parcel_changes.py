"""Endpoints that change a parcel: cancel, measure anew, let it wait longer, give a new code."""

from collections.abc import Callable
from typing import Any, Final

from ..access import Scope
from ..core.ids import ParcelId, SiteId
from ..core.refusal import Reason
from ..core.value import UtcSeconds
from ..journal.ledger import Operation
from ..operations.cancel import cancel
from ..operations.correct import correct_size
from ..operations.extend import extend
from ..operations.reissue import reissue_code
from ..operations.retrieve import complete_return
from .adapter import commit_once
from .endpoint import Answer, Call, Endpoint
from .house import House
from .parcel_documents import CancelParcel, CodeReissue, HoldExtension, Parcel
from .parcels import shown_parcel
from .times import tell
from .words import Size, parcel_size


async def cancel_parcel(call: Call) -> Answer:
    """Expect a parcel no more."""
    return await _change(
        call,
        lambda house, name: cancel(
            house.means, call.principal, parcel=name, why=call.body.why, cause=call.request_id
        ),
    )


async def measure_parcel(call: Call) -> Answer:
    """Take other measures."""
    return await _change(
        call,
        lambda house, name: correct_size(
            house.means,
            call.principal,
            parcel=name,
            size=parcel_size(call.body),
            cause=call.request_id,
        ),
    )


async def complete_parcel_return(call: Call) -> Answer:
    """Note that a parcel is back with its sender."""
    return await _change(
        call,
        lambda house, name: complete_return(
            house.means, call.principal, parcel=name, cause=call.request_id
        ),
    )


async def extend_hold(call: Call) -> Answer:
    """Let a parcel wait longer."""
    name = ParcelId(call.path["parcel"])

    def show(until: UtcSeconds) -> HoldExtension:
        return HoldExtension(parcel=name, hold_until=tell(until))

    return await commit_once(
        call,
        lambda: extend(call.house.means, call.principal, parcel=name, cause=call.request_id),
        show,
        status=200,
    )


async def reissue_parcel_code(call: Call) -> Answer:
    """Give the recipient a new code; it is told to nobody else."""
    name = ParcelId(call.path["parcel"])
    house: House = call.house

    def prepare() -> Operation[Any]:
        shown = house.queries.parcel(call.principal, name)
        return reissue_code(
            house.means,
            call.principal,
            parcel=name,
            site=SiteId(shown.site),
            cause=call.request_id,
        )

    return await commit_once(call, prepare, lambda _grant: CodeReissue(parcel=name), status=200)


async def _change(
    call: Call, make_operation: Callable[[House, ParcelId], Operation[Any]]
) -> Answer:
    house: House = call.house
    name = ParcelId(call.path["parcel"])
    await house.commit(lambda: make_operation(house, name))
    return Answer(await house.read(lambda: shown_parcel(call)))


ENDPOINTS: Final = (
    Endpoint(
        name="cancelParcel",
        method="POST",
        path="/parcels/{parcel}/cancel",
        tag="Parcels",
        summary="Cancel a parcel",
        description="Before it came: its room is free again and its code opens nothing. "
        "Cancelling again changes nothing.",
        run=cancel_parcel,
        answer=Parcel,
        scope=Scope.PARCELS_WRITE,
        body=CancelParcel,
        problems=(Reason.PARCEL_IN_COMPARTMENT, Reason.PARCEL_ENDED, Reason.NOT_POSSIBLE_NOW),
        example={"why": "the order was withdrawn"},
    ),
    Endpoint(
        name="correctSize",
        method="PUT",
        path="/parcels/{parcel}/size",
        tag="Parcels",
        summary="Correct a parcel's size",
        description="Before it came. A booked parcel is booked anew with the new measures; where "
        "they find no room it stays announced without a booking: see `booking` in the answer.",
        run=measure_parcel,
        answer=Parcel,
        scope=Scope.PARCELS_WRITE,
        body=Size,
        problems=(
            Reason.PARCEL_TOO_LARGE,
            Reason.PARCEL_TOO_HEAVY,
            Reason.PARCEL_IN_COMPARTMENT,
            Reason.PARCEL_CANCELLED,
            Reason.PARCEL_ENDED,
            Reason.NOT_POSSIBLE_NOW,
        ),
        example={"length_mm": 310, "width_mm": 210, "height_mm": 120, "weight_g": 1300},
    ),
    Endpoint(
        name="extendHold",
        method="POST",
        path="/parcels/{parcel}/extend",
        tag="Parcels",
        summary="Let a parcel wait longer",
        description="By one step of its hold policy, while its hold runs. The code stays valid.",
        run=extend_hold,
        answer=HoldExtension,
        scope=Scope.PARCELS_WRITE,
        problems=(Reason.HOLD_EXPIRED, Reason.EXTENSION_LIMIT, Reason.NOT_HELD),
        is_creating=True,
    ),
    Endpoint(
        name="reissueCode",
        method="POST",
        path="/parcels/{parcel}/reissue-code",
        tag="Parcels",
        summary="Send the recipient a new code",
        description="The old one opens nothing any more. No code is ever shown here.",
        run=reissue_parcel_code,
        answer=CodeReissue,
        scope=Scope.PARCELS_WRITE,
        problems=(Reason.HOLD_EXPIRED, Reason.NOT_POSSIBLE_NOW),
        is_creating=True,
    ),
    Endpoint(
        name="completeReturn",
        method="POST",
        path="/parcels/{parcel}/complete-return",
        tag="Parcels",
        summary="Note that a parcel is back",
        description="After a courier took it out. Noting it again changes nothing.",
        run=complete_parcel_return,
        answer=Parcel,
        scope=Scope.PARCELS_WRITE,
        problems=(
            Reason.NOT_HELD,
            Reason.PARCEL_IN_COMPARTMENT,
            Reason.PARCEL_ENDED,
            Reason.PARCEL_CANCELLED,
            Reason.NOT_POSSIBLE_NOW,
        ),
    ),
)
