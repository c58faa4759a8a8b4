"""Questions about parcels, their facts and the room booked for them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    func,
    literal,
    select,
    true,
)

from ..core.ids import ParcelId, RecipientId, SiteId
from ..core.size import ParcelSize
from ..core.value import Grams, Millimeters, UtcSeconds
from ..journal.inspection import last_position, read_floor
from ..journal.port import Archived
from ..journal.tables import FACTS, STATES
from .principal import NotFound, Principal, Role
from .shown import Event, EventPage, Page, ShownBooking, ShownParcel, TimelineEntry
from .tables import BOOKINGS, MILESTONES, PARCELS

OWN_PARCELS_MAX = 200
"""Parcels with new facts whose facts are looked up one parcel after the other."""

POSITIONS_MAX = 20_000
"""Positions one question goes through where more parcels than these have changed."""


class _Time(msgspec.Struct):
    at: int = 0


_TIME = msgspec.json.Decoder(_Time)
_BOOKING_COLUMNS = (
    BOOKINGS.c.booking,
    BOOKINGS.c.parcel,
    BOOKINGS.c.site,
    BOOKINGS.c.from_at,
    BOOKINGS.c.until,
    BOOKINGS.c.expires_at,
    BOOKINGS.c.is_firm,
    BOOKINGS.c.is_inside,
)


def find_parcel(connection: Connection, principal: Principal, parcel: ParcelId) -> ShownParcel:
    """Find a parcel the asker may see."""
    query = select(PARCELS).where(PARCELS.c.parcel == parcel, _visible(principal))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("parcel", parcel)
    return _shown(row, _milestones(connection, [parcel]).get(parcel, {}))


def find_place(
    connection: Connection, principal: Principal, parcel: ParcelId
) -> tuple[SiteId, RecipientId]:
    """Tell site and recipient of a parcel the asker may see."""
    place = select(PARCELS.c.site, PARCELS.c.recipient)
    row = connection.execute(place.where(PARCELS.c.parcel == parcel, _visible(principal))).first()
    if row is None:
        raise NotFound("parcel", parcel)
    return SiteId(row[0]), RecipientId(row[1])


def list_parcels(
    connection: Connection,
    principal: Principal,
    wanted: Mapping[str, str | None],
    *,
    cursor: str | None,
    limit: int,
) -> Page[ShownParcel]:
    """List parcels; ids begin with their time, so they order and do not move."""
    query = select(PARCELS).where(_visible(principal))
    for name, value in wanted.items():
        if value is not None:
            query = query.where(PARCELS.c[name] == value)
    if cursor is not None:
        query = query.where(PARCELS.c.parcel < cursor)
    query = query.order_by(PARCELS.c.parcel.desc()).limit(limit + 1)
    rows = connection.execute(query).mappings().all()
    shown = rows[:limit]
    times = _milestones(connection, [row["parcel"] for row in shown])
    items = tuple(_shown(row, times.get(row["parcel"], {})) for row in shown)
    return Page(items=items, cursor=items[-1].parcel if len(rows) > limit else None)


def read_timeline(
    connection: Connection, principal: Principal, parcel: ParcelId
) -> tuple[TimelineEntry, ...]:
    """Read a parcel's facts."""
    find_parcel(connection, principal, parcel)
    query = (
        select(FACTS)
        .where(FACTS.c.owner == parcel, FACTS.c.kind == "parcel")
        .order_by(FACTS.c.version)
    )
    return tuple(
        TimelineEntry(
            position=row["position"],
            version=row["version"],
            tag=row["tag"],
            at=_time_of(row["body"]),
            recorded_at=row["recorded_at"],
            by=row["by"],
            cause=row["cause"],
            fact=msgspec.Raw(row["body"]),
        )
        for row in connection.execute(query).mappings()
    )


def count_archived(
    connection: Connection, parcel: ParcelId, entries: Sequence[TimelineEntry]
) -> int:
    """Count a parcel's facts before those that were read: they lie in archives."""
    if entries:
        return entries[0].version - 1
    version = select(STATES.c.version).where(STATES.c.owner == parcel, STATES.c.kind == "parcel")
    return connection.scalar(version) or 0


def read_events(
    connection: Connection, principal: Principal, *, after: int, limit: int
) -> EventPage:
    """Read the feed after a position; what others did meanwhile is passed over cheaply.

    Raises
    ------
    restante.journal.port.Archived
        When what comes next was moved into an archive: nobody skips an event unknowingly.
    """
    floor = read_floor(connection)
    if after < floor:
        raise Archived(floor)
    head = through = last_position(connection)
    query: Select[Any] = select(FACTS).where(FACTS.c.position > after)
    if principal.role is not Role.OPERATOR:
        query, through = _own_facts(connection, principal, after, head)
    query = query.order_by(query.selected_columns.position).limit(limit + 1)
    rows = connection.execute(query).mappings().all()
    is_cut = len(rows) > limit
    events = tuple(
        Event(
            position=row["position"],
            stream=f"{row['kind']}/{row['owner']}",
            tag=row["tag"],
            at=_time_of(row["body"]),
            recorded_at=row["recorded_at"],
            by=row["by"],
            fact=msgspec.Raw(row["body"]),
        )
        for row in rows[:limit]
    )
    next_after = events[-1].position if is_cut else max(after, through)
    return EventPage(events=events, next_after=next_after, has_more=is_cut or through < head)


def _own_facts(
    connection: Connection, principal: Principal, after: int, head: int
) -> tuple[Select[Any], int]:
    """Select the facts of the asker's parcels, up to a position that is given too."""
    # A parcel's row has the position of its last fact: no other parcel has one after this.
    changed = select(PARCELS.c.parcel).where(_visible(principal), PARCELS.c.position > after)
    names = connection.scalars(changed.limit(OWN_PARCELS_MAX + 1)).all()
    own = select(FACTS).where(FACTS.c.kind == "parcel", FACTS.c.position > after)
    if len(names) <= OWN_PARCELS_MAX:
        # Found by their key, and only then put in order: never by going through all others'.
        found = own.where(FACTS.c.owner.in_(names)).cte("own_facts")
        return select(found.prefix_with("MATERIALIZED", dialect="postgresql")), head
    through = min(head, after + POSITIONS_MAX)
    own = own.join(PARCELS, PARCELS.c.parcel == FACTS.c.owner)
    return own.where(_visible(principal), FACTS.c.position <= through), through


def list_bookings(
    connection: Connection,
    principal: Principal,
    wanted: Mapping[str, str | None],
    *,
    cursor: str | None,
    limit: int,
) -> Page[ShownBooking]:
    """List bookings by id."""
    query = _bookings(principal)
    for name, value in wanted.items():
        if value is not None:
            query = query.where(BOOKINGS.c[name] == value)
    if cursor is not None:
        query = query.where(BOOKINGS.c.booking < cursor)
    query = query.order_by(BOOKINGS.c.booking.desc()).limit(limit + 1)
    found = [ShownBooking(**row) for row in connection.execute(query).mappings()]
    items = tuple(found[:limit])
    return Page(items=items, cursor=items[-1].booking if len(found) > limit else None)


def find_booking(connection: Connection, principal: Principal, booking: str) -> ShownBooking:
    """Find a booking that stands."""
    query = _bookings(principal).where(BOOKINGS.c.booking == booking)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("booking", booking)
    return ShownBooking(**row)


def count_groups(connection: Connection, principal: Principal) -> dict[str, int]:
    """Count parcels by group."""
    query = (
        select(PARCELS.c.status_group, func.count())
        .where(_visible(principal))
        .group_by(PARCELS.c.status_group)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _visible(principal: Principal) -> ColumnElement[bool]:
    """Say in SQL what :meth:`.principal.Principal.may_see` says of one parcel."""
    match principal.role:
        case Role.PARTNER | Role.COURIER:
            return PARCELS.c.partner == literal(principal.partner or "")
        case Role.RECIPIENT:
            return PARCELS.c.recipient == literal(principal.name)
        case Role.OPERATOR | Role.TIMEKEEPER | Role.LOCKER:
            return true()


def _bookings(principal: Principal) -> Select[Any]:
    own = and_(PARCELS.c.parcel == BOOKINGS.c.parcel, _visible(principal))
    return select(*_BOOKING_COLUMNS).join(PARCELS, own)


def _milestones(connection: Connection, parcels: Sequence[str]) -> dict[str, dict[str, UtcSeconds]]:
    times: dict[str, dict[str, UtcSeconds]] = {}
    for some in _chunks(parcels):
        query = select(MILESTONES.c.parcel, MILESTONES.c.name, MILESTONES.c.at).where(
            MILESTONES.c.parcel.in_(some)
        )
        for parcel, name, at in connection.execute(query):
            times.setdefault(parcel, {})[name] = UtcSeconds(at)
    return times


def _chunks(names: Sequence[str], size: int = 400) -> Iterable[Sequence[str]]:
    # Well under SQLite's limit of bound values.
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _shown(row: RowMapping, milestones: dict[str, UtcSeconds]) -> ShownParcel:
    return ShownParcel(
        parcel=row["parcel"],
        partner=row["partner"],
        recipient=row["recipient"],
        label=row["label"],
        reference=row["reference"],
        site=row["site"],
        status=row["status"],
        group=row["status_group"],
        size=ParcelSize(
            length_mm=Millimeters(row["length_mm"]),
            width_mm=Millimeters(row["width_mm"]),
            height_mm=Millimeters(row["height_mm"]),
            weight_g=Grams(row["weight_g"]),
            keep_upright=row["keep_upright"],
        ),
        needs_low_door=row["needs_low_door"],
        locker=row["locker"],
        compartment=row["compartment"],
        booking=row["booking"],
        is_firm=row["is_firm"],
        booking_expires_at=row["booking_expires_at"],
        hold_until=row["hold_until"],
        extension_count=row["extension_count"],
        courier=row["courier"],
        milestones=milestones,
        changed_at=row["changed_at"],
        position=row["position"],
    )


def _time_of(body: bytes) -> UtcSeconds:
    try:
        return UtcSeconds(_TIME.decode(body).at)
    except (msgspec.DecodeError, msgspec.ValidationError):
        # A quarantined fact: kept as it came, whatever it was.
        return UtcSeconds(0)
