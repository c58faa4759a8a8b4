"""Questions about sites, their room, their lockers and compartments."""

from collections.abc import Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, RowMapping, func, select

from ..core import site as capacity
from ..core.ids import BookingId, LockerId, ParcelId, SiteId, site_stream
from ..core.refusal import Refused
from ..core.size import CompartmentKind, CompartmentSpec, ParcelSize, goes_into, size_class
from ..core.value import UtcSeconds
from ..journal.port import Journal
from .alarms import LOCKER_ALARMS, LOCKER_READINGS, read_alarms, read_readings
from .alone_tables import LOCKER_CLOCKS
from .principal import NotFound, Principal, Role
from .shown import Alternative, Page, ShownCompartment, ShownLocker, ShownSite, SizeCount
from .tables import COMPARTMENTS, LOCKER_LINKS, LOCKERS, PARCELS, SITES, WATERMARKS

EARTH_RADIUS_M: Final = 6_371_009
"""Mean radius (IUGG)."""

NEAR_DEGREES: Final = (0.05, 0.5, 5.0)
"""Half sides of the squares searched for neighbors one after the other: about 5, 50, 500 km."""

CANDIDATES_MAX: Final = 60
"""Neighbors asked for room before giving up (chosen: a large city's centre)."""

_NAMES: Final = msgspec.json.Decoder(tuple[str, ...])
_LAYOUT: Final = msgspec.json.Decoder(tuple[CompartmentSpec, ...])
_SIZE_NAMES: Final = ("XS", "S", "M", "L", "XL")


def read_names(column: str) -> tuple[Any, ...]:
    """Read a JSON list of names."""
    return _NAMES.decode(column)


def find_site(
    connection: Connection, journal: Journal, site: SiteId, *, at: UtcSeconds
) -> ShownSite:
    """Find a site."""
    row = connection.execute(select(SITES).where(SITES.c.site == site)).mappings().first()
    if row is None:
        raise NotFound("site", site)
    return _shown(row, _states(journal, [site])[site], at)


def list_sites(
    connection: Connection, journal: Journal, *, at: UtcSeconds, cursor: str | None, limit: int
) -> Page[ShownSite]:
    """List sites by id."""
    query = select(SITES).order_by(SITES.c.site).limit(limit + 1)
    if cursor is not None:
        query = query.where(SITES.c.site > cursor)
    rows = connection.execute(query).mappings().all()
    states = _states(journal, [row["site"] for row in rows[:limit]])
    items = tuple(_shown(row, states[row["site"]], at) for row in rows[:limit])
    return Page(items=items, cursor=items[-1].site if len(rows) > limit else None)


def find_locker(connection: Connection, principal: Principal, locker: LockerId) -> ShownLocker:
    """Find a locker with its compartments."""
    row = connection.execute(select(LOCKERS).where(LOCKERS.c.locker == locker)).mappings().first()
    if row is None:
        raise NotFound("locker", locker)
    return _shown_locker(connection, principal, row)


def list_lockers(
    connection: Connection,
    principal: Principal,
    *,
    site: SiteId | None,
    cursor: str | None,
    limit: int,
) -> Page[ShownLocker]:
    """List lockers by id."""
    query = select(LOCKERS).order_by(LOCKERS.c.locker).limit(limit + 1)
    if site is not None:
        query = query.where(LOCKERS.c.site == site)
    if cursor is not None:
        query = query.where(LOCKERS.c.locker > cursor)
    rows = connection.execute(query).mappings().all()
    items = tuple(_shown_locker(connection, principal, row) for row in rows[:limit])
    return Page(items=items, cursor=items[-1].locker if len(rows) > limit else None)


def find_alternatives(
    connection: Connection,
    journal: Journal,
    site: SiteId,
    *,
    size: ParcelSize,
    at: UtcSeconds,
    until: UtcSeconds,
    needs_low_door: bool,
    limit: int,
) -> tuple[Alternative, ...]:
    """Find near sites with room, asking the same rules that a booking is decided by."""
    here = connection.execute(select(SITES).where(SITES.c.site == site)).mappings().first()
    if here is None:
        raise NotFound("site", site)
    near = _neighbors(connection, here)
    states = _states(journal, [row["site"] for _, row in near])
    wish = capacity.Book(
        at=at,
        booking=BookingId("b-asked"),
        parcel=ParcelId("p-asked"),
        size=size,
        needs_low_door=needs_low_door,
        from_at=at,
        until=until,
        expires_at=until,
        is_firm=False,
    )
    found: list[Alternative] = []
    for distance_m, row in near:
        state = states[row["site"]]
        try:
            capacity.decide(state, wish)
        except Refused:
            continue
        found.append(
            Alternative(
                site=row["site"],
                name=row["name"],
                address=row["address"],
                distance_m=round(distance_m),
                free_count=capacity.free_count(state, at),
            )
        )
        if len(found) == limit:
            break
    return tuple(found)


def _neighbors(connection: Connection, here: RowMapping) -> list[tuple[float, RowMapping]]:
    """Search growing squares, so that a continent of sites is not measured for one."""
    near: list[tuple[float, RowMapping]] = []
    for half_side in NEAR_DEGREES:
        query = select(SITES).where(
            SITES.c.site != here["site"],
            SITES.c.latitude.between(here["latitude"] - half_side, here["latitude"] + half_side),
            SITES.c.longitude.between(here["longitude"] - half_side, here["longitude"] + half_side),
        )
        rows = connection.execute(query).mappings().all()
        near = sorted(((_distance_m(here, row), row) for row in rows), key=lambda pair: pair[0])
        if len(near) >= CANDIDATES_MAX:
            break
    return near[:CANDIDATES_MAX]


def _distance_m(one: RowMapping, other: RowMapping) -> float:
    """Great-circle distance (haversine)."""
    lat1, lat2 = radians(one["latitude"]), radians(other["latitude"])
    half_lat = (lat2 - lat1) / 2
    half_lon = radians(other["longitude"] - one["longitude"]) / 2
    chord = sin(half_lat) ** 2 + cos(lat1) * cos(lat2) * sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_M * asin(min(1.0, sqrt(chord)))


def _states(journal: Journal, sites: Sequence[str]) -> dict[str, capacity.Site]:
    streams = {name: site_stream(SiteId(name)) for name in sites}
    found = journal.states(list(streams.values()))
    states: dict[str, capacity.Site] = {}
    for name, stream in streams.items():
        row = found.get(stream)
        states[name] = row.state if row and isinstance(row.state, capacity.Site) else _EMPTY
    return states


_EMPTY: Final = capacity.Site()


def _shown(row: RowMapping, state: capacity.Site, at: UtcSeconds) -> ShownSite:
    closure = next((c for c in state.closures if c.from_at <= at < c.until), None)
    return ShownSite(
        site=row["site"],
        kind=row["kind"],
        name=row["name"],
        address=row["address"],
        place=row["place"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        zone=row["zone"],
        opening_hours=row["opening_hours"],
        help_phone=row["help_phone"],
        language=row["language"],
        lockers=read_names(row["lockers"]),
        compartment_count=sum(supply.count for supply in state.supply),
        free_count=capacity.free_count(state, at),
        sizes=_size_counts(state, at),
        is_closed=closure is not None,
        closed_until=None if closure is None else closure.until,
        closed_why="" if closure is None else closure.why,
    )


def _size_counts(state: capacity.Site, at: UtcSeconds) -> tuple[SizeCount, ...]:
    """Count room by size, each parcel taking the smallest kind that still has some."""
    supply = sorted(state.supply, key=lambda s: s.kind.volume_mm3)
    free = [s.count for s in supply]
    live = [
        b
        for b in state.bookings.values()
        if b.counts(at) and (b.is_inside or b.from_at <= at < b.until)
    ]
    for booking in sorted(live, key=lambda b: b.size.length_mm * b.size.width_mm, reverse=True):
        for n, kind in enumerate(s.kind for s in supply):
            if free[n] and _takes(kind, booking):
                free[n] -= 1
                break
    totals: dict[str, list[int]] = {}
    for n, s in enumerate(supply):
        pair = totals.setdefault(size_class(s.kind.volume_mm3), [0, 0])
        pair[0] += s.count
        pair[1] += free[n]
    return tuple(
        SizeCount(size_class=name, count=totals[name][0], free_count=totals[name][1])
        for name in _SIZE_NAMES
        if name in totals
    )


def _takes(kind: CompartmentKind, booking: capacity.Booking) -> bool:
    return (kind.is_low or not booking.needs_low_door) and goes_into(booking.size, kind)


def _shown_locker(connection: Connection, principal: Principal, row: RowMapping) -> ShownLocker:
    locker = row["locker"]
    query = (
        select(COMPARTMENTS, PARCELS.c.partner, PARCELS.c.recipient)
        .outerjoin(PARCELS, PARCELS.c.parcel == COMPARTMENTS.c.parcel)
        .where(COMPARTMENTS.c.locker == locker)
    )
    known = {found["compartment"]: found for found in connection.execute(query).mappings()}
    told = (
        select(
            LOCKER_LINKS,
            LOCKER_ALARMS.c.alarms,
            LOCKER_READINGS.c.readings,
            LOCKER_READINGS.c.read_at,
            LOCKER_CLOCKS.c.clock,
        )
        .select_from(LOCKERS)
        .outerjoin(LOCKER_LINKS, LOCKER_LINKS.c.locker == LOCKERS.c.locker)
        .outerjoin(LOCKER_ALARMS, LOCKER_ALARMS.c.locker == LOCKERS.c.locker)
        .outerjoin(LOCKER_CLOCKS, LOCKER_CLOCKS.c.locker == LOCKERS.c.locker)
        .outerjoin(LOCKER_READINGS, LOCKER_READINGS.c.locker == LOCKERS.c.locker)
        .where(LOCKERS.c.locker == locker)
    )
    link = connection.execute(told).mappings().one()
    safe = select(func.sum(WATERMARKS.c.seq)).where(WATERMARKS.c.locker == locker)
    # How a machine is guarded, and when it is not, is nobody's business but its operator's.
    is_operator = principal.role is Role.OPERATOR
    return ShownLocker(
        locker=locker,
        site=row["site"],
        model=row["model"],
        compartments=tuple(
            _shown_compartment(spec, known.get(spec.id), principal)
            for spec in _LAYOUT.decode(row["layout"])
        ),
        seen_at=link["seen_at"],
        release=link["release"] or "",
        list_version=link["list_version"] or 0,
        unsent_count=link["unsent_count"] or 0,
        unsent_since=link["unsent_since"],
        clock=link["clock"] or "",
        fact_count=connection.scalar(safe) or 0,
        alarms=read_alarms(link) if is_operator else (),
        readings=read_readings(link) if is_operator else (),
        read_at=link["read_at"] if is_operator else None,
    )


def _shown_compartment(
    spec: CompartmentSpec, row: RowMapping | None, principal: Principal
) -> ShownCompartment:
    named = size_class(spec.volume_mm3)
    if row is None:
        return ShownCompartment(spec=spec, size_class=named, content="free", door="closed")
    is_seen = principal.may_see(partner=row["partner"] or "", recipient=row["recipient"] or "")
    return ShownCompartment(
        spec=spec,
        size_class=named,
        content=row["content"],
        door=row["door"],
        parcel=row["parcel"] if is_seen else None,
        out_of_service=row["out_of_service"],
        opening_count=row["opening_count"],
        failure_count=row["failure_count"],
        changed_at=row["changed_at"],
    )
