"""Endpoints about lockers: their compartments, and what is in service."""

from datetime import datetime
from typing import Annotated, Final

from msgspec import UNSET, Meta, UnsetType

from ..access import Scope
from ..core import alarm as alarms
from ..core.ids import CompartmentId, LockerId
from ..core.refusal import Reason
from ..operations.service import order_service
from ..views.shown import ShownCompartment, ShownLocker
from .endpoint import Answer, Call, Endpoint
from .house import House
from .paging import answer_page, given
from .times import tell, tell_or_none
from .words import Cursor, Document, Request, SiteName, Text


class Compartment(Document):
    """One lockable box, as its locker last reported it."""

    id: str
    size_class: str
    width_mm: int
    height_mm: int
    depth_mm: int
    weight_g_max: int
    bottom_height_mm: Annotated[int, Meta(description="Of its floor above the ground.")]
    content: Annotated[str, Meta(description="`free`, `assigned`, `occupied`, ...; may grow.")]
    door: str
    parcel: Annotated[str | None, Meta(description="Only when it is yours.")]
    out_of_service: Annotated[str | None, Meta(description="Why; null when in service.")]
    changed_at: datetime | None


class Alarm(Document):
    """Something at a locker that needs to be looked at, now."""

    kind: Annotated[str, Meta(description="`tamper`, `door_left_open`, `heat`, ...; may grow.")]
    compartment: Annotated[str | None, Meta(description="Null for the locker as a whole.")]
    board: Annotated[int | None, Meta(description="Address of the lock board, for a silent one.")]
    value: Annotated[int, Meta(description="In the unit of the sensor; 1 for what is only so.")]
    limit: int
    since: Annotated[datetime, Meta(description="When the value went beyond the limit.")]
    raised_at: datetime


class Reading(Document):
    """What a sensor said last."""

    sensor: Annotated[
        str,
        Meta(
            description="`temperature` (tenths of a degree Celsius), `humidity` (percent), "
            "`battery` (millivolts), `mains` and `tamper` (1 or 0); may grow."
        ),
    ]
    value: int
    compartment: Annotated[str | None, Meta(description="Null for the locker as a whole.")]


class Locker(Document):
    """One machine with its compartments."""

    id: str
    site: SiteName
    model: str
    compartments: tuple[Compartment, ...]
    seen_at: Annotated[datetime | None, Meta(description="When it last said something.")]
    unsent_count: Annotated[int, Meta(description="Facts it has not reported yet.")]
    unsent_since: Annotated[datetime | None, Meta(description="Time of the oldest of them.")]
    clock: Annotated[
        str, Meta(description="How good its clock is: `synced`, `holdover`, `unknown`, or empty.")
    ]
    alarms: Annotated[
        tuple[Alarm, ...], Meta(description="Active ones, the oldest first; for operators.")
    ]
    readings: Annotated[tuple[Reading, ...], Meta(description="The newest; for operators.")]
    read_at: Annotated[datetime | None, Meta(description="When the sensors said that.")]


class LockerPage(Document):
    """Some lockers, by id."""

    lockers: tuple[Locker, ...]
    next_cursor: str | None


class LockerQuery(Request):
    """Which lockers."""

    site: SiteName | UnsetType = UNSET
    cursor: Cursor | UnsetType = UNSET
    limit: Annotated[int, Meta(ge=1, le=100, description="Items on one page.")] = 20


class OrderService(Request):
    """Take a compartment out of service or put it back."""

    in_service: bool
    why: Annotated[Text, Meta(description="For people.", examples=["dirty"])] = ""


class ServiceOrder(Document):
    """Ordered; the locker follows when it hears of it."""

    locker: str
    compartment: str
    in_service: bool
    why: str


def show_locker(shown: ShownLocker) -> Locker:
    """Show a locker to a caller."""
    return Locker(
        id=shown.locker,
        site=shown.site,
        model=shown.model,
        compartments=tuple(map(_show_compartment, shown.compartments)),
        seen_at=tell_or_none(shown.seen_at),
        unsent_count=shown.unsent_count,
        unsent_since=tell_or_none(shown.unsent_since),
        clock=shown.clock,
        alarms=tuple(map(_show_alarm, shown.alarms)),
        readings=tuple(map(_show_reading, shown.readings)),
        read_at=tell_or_none(shown.read_at),
    )


def _show_alarm(alarm: alarms.Alarm) -> Alarm:
    return Alarm(
        kind=alarm.kind.value,
        compartment=alarm.compartment,
        board=alarm.board,
        value=alarm.value,
        limit=alarm.limit,
        since=tell(alarm.since),
        raised_at=tell(alarm.raised_at),
    )


def _show_reading(reading: alarms.Reading) -> Reading:
    return Reading(
        sensor=reading.sensor.value, value=reading.value, compartment=reading.compartment
    )


def _show_compartment(shown: ShownCompartment) -> Compartment:
    spec = shown.spec
    return Compartment(
        id=spec.id,
        size_class=shown.size_class,
        width_mm=spec.width_mm,
        height_mm=spec.height_mm,
        depth_mm=spec.depth_mm,
        weight_g_max=spec.weight_g_max,
        bottom_height_mm=spec.bottom_height_mm,
        content=shown.content,
        door=shown.door,
        parcel=shown.parcel,
        out_of_service=shown.out_of_service,
        changed_at=tell_or_none(shown.changed_at),
    )


async def list_lockers(call: Call) -> Answer:
    """List lockers."""
    house: House = call.house
    query: LockerQuery = call.query
    return await answer_page(
        call,
        lambda cursor, limit: house.queries.lockers(
            call.principal, site=given(query.site), cursor=cursor, limit=limit
        ),
        lambda items, cursor: LockerPage(
            lockers=tuple(map(show_locker, items)), next_cursor=cursor
        ),
    )


async def find_locker(call: Call) -> Answer:
    """Find one locker."""
    name = LockerId(call.path["locker"])
    return Answer(
        await call.house.read(lambda: show_locker(call.house.queries.locker(call.principal, name)))
    )


async def order(call: Call) -> Answer:
    """Order a compartment into or out of service."""
    house: House = call.house
    asked: OrderService = call.body
    locker, compartment = LockerId(call.path["locker"]), CompartmentId(call.path["compartment"])
    await house.commit(
        lambda: order_service(
            call.principal,
            locker=locker,
            compartment=compartment,
            in_service=asked.in_service,
            why=asked.why,
            cause=call.request_id,
        )
    )
    done = ServiceOrder(
        locker=locker, compartment=compartment, in_service=asked.in_service, why=asked.why
    )
    return Answer(done, 202)


ENDPOINTS: Final = (
    Endpoint(
        name="listLockers",
        method="GET",
        path="/lockers",
        tag="Lockers",
        summary="List lockers",
        description="By id, with every compartment as last reported.",
        run=list_lockers,
        answer=LockerPage,
        scope=Scope.LOCKERS_READ,
        query=LockerQuery,
        is_paged=True,
    ),
    Endpoint(
        name="findLocker",
        method="GET",
        path="/lockers/{locker}",
        tag="Lockers",
        summary="Look a locker up",
        description="With every compartment as last reported; parcels of others are not named.",
        run=find_locker,
        answer=Locker,
        scope=Scope.LOCKERS_READ,
        has_etag=True,
    ),
    Endpoint(
        name="orderService",
        method="PUT",
        path="/lockers/{locker}/compartments/{compartment}/service",
        tag="Lockers",
        summary="Take a compartment out of service, or put it back",
        description="The locker follows when it hears of it; look the locker up to see it done.",
        run=order,
        answer=ServiceOrder,
        status=202,
        scope=Scope.SITES_WRITE,
        is_operators=True,
        body=OrderService,
        problems=(Reason.COMPARTMENT_UNKNOWN,),
        example={"in_service": False, "why": "dirty"},
    ),
)
