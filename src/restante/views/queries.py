"""The questions doors ask, each for somebody who may see the answer.

:class:`Queries` only joins the question modules together, so that doors hold one thing.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection, RowMapping, func, select

from ..access import ApiKey, Scope
from ..core.ids import CompartmentId, LockerId, OrderId, ParcelId, PartnerId, RecipientId, SiteId
from ..core.remote import Phase
from ..core.size import ParcelSize
from ..core.value import UtcSeconds
from ..journal.port import Journal
from . import arrival_queries, parcel_queries, remote_tables, site_queries
from .arrival_queries import Arrivals
from .machine_queries import ShownMachine, ShownRing, find_machine, list_rings
from .principal import Principal, Role
from .remote_tables import ShownOpening
from .shown import (
    Alternative,
    Counts,
    EventPage,
    Matter,
    Page,
    ShownBooking,
    ShownCourier,
    ShownLocker,
    ShownParcel,
    ShownPartner,
    ShownSite,
    TimelineEntry,
)
from .tables import ANOMALIES, API_KEYS, COURIERS, LINKS, LOCKERS, PARTNERS, PIN_PRINTS, SITES

LIMIT_MAX = 1_000
"""Items in one answer at most (chosen: about 500 kB of JSON)."""

LIMIT_DEFAULT = 100


class Queries:
    """Answers questions about everything the centre keeps.

    Parameters
    ----------
    reading
        Opens a transaction that sees one moment.
    journal
        For states that have no rows: what a site has promised.
    glancing
        Opens what single queries are read with, where that is cheaper.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        journal: Journal,
        *,
        glancing: Callable[[], AbstractContextManager[Connection]] | None = None,
    ) -> None:
        self._reading = reading
        self._glancing = glancing or reading
        self._journal = journal

    # ── Machines of lockers ───────────────────────────────────────────────────────────────────

    def machine(self, principal: Principal, locker: LockerId, *, at: UtcSeconds) -> ShownMachine:
        """Show a locker's machine: certificate, configuration, release.

        Raises
        ------
        restante.views.NotFound
            When there is no such locker.
        """
        principal.need_role(Role.OPERATOR)
        self.locker(principal, locker)
        with self._reading() as connection:
            return find_machine(connection, locker, at)

    def rings(self, principal: Principal) -> tuple[ShownRing, ...]:
        """List update rings."""
        principal.need_role(Role.OPERATOR)
        with self._reading() as connection:
            return list_rings(connection)

    # ── Doors opened from afar ────────────────────────────────────────────────────────────────

    def opening(self, principal: Principal, locker: LockerId, order: OrderId) -> ShownOpening:
        """Find an order to open a door; see :func:`.remote_tables.find_opening`."""
        with self._reading() as connection:
            return remote_tables.find_opening(connection, principal, locker, order)

    def openings(
        self,
        *,
        locker: LockerId | None = None,
        compartment: CompartmentId | None = None,
        phases: tuple[Phase, ...] = (),
        limit: int = LIMIT_DEFAULT,
    ) -> tuple[ShownOpening, ...]:
        """List orders to open doors, the last first; for operators."""
        with self._reading() as connection:
            return remote_tables.list_openings(
                connection,
                locker=locker,
                compartment=compartment,
                phases=phases,
                limit=_limited(limit),
            )

    # ── Parcels ───────────────────────────────────────────────────────────────────────────────

    def parcel(self, principal: Principal, parcel: ParcelId) -> ShownParcel:
        """Find a parcel.

        Raises
        ------
        restante.views.NotFound
            When there is none that the asker may see.
        """
        with self._reading() as connection:
            return parcel_queries.find_parcel(connection, principal, parcel)

    def place_of(self, principal: Principal, parcel: ParcelId) -> tuple[SiteId, RecipientId]:
        """Tell where a parcel goes, and to whom; see :meth:`parcel`."""
        with self._glancing() as connection:
            return parcel_queries.find_place(connection, principal, parcel)

    def parcels(
        self,
        principal: Principal,
        *,
        site: SiteId | None = None,
        group: str | None = None,
        status: str | None = None,
        label: str | None = None,
        reference: str | None = None,
        recipient: RecipientId | None = None,
        partner: PartnerId | None = None,
        cursor: str | None = None,
        limit: int = LIMIT_DEFAULT,
    ) -> Page[ShownParcel]:
        """List parcels, the last announced first, that match every filter given."""
        wanted = {
            "site": site,
            "status_group": group,
            "status": status,
            "label": label,
            "reference": reference,
            "recipient": recipient,
            "partner": partner,
        }
        with self._reading() as connection:
            return parcel_queries.list_parcels(
                connection, principal, wanted, cursor=cursor, limit=_limited(limit)
            )

    def timeline(self, principal: Principal, parcel: ParcelId) -> tuple[TimelineEntry, ...]:
        """Read everything that happened to a parcel, oldest first."""
        with self._reading() as connection:
            return parcel_queries.read_timeline(connection, principal, parcel)

    def count_archived(self, parcel: ParcelId, entries: Sequence[TimelineEntry]) -> int:
        """Count what happened to a parcel before a timeline begins: that was archived."""
        with self._reading() as connection:
            return parcel_queries.count_archived(connection, parcel, entries)

    def events(
        self, principal: Principal, *, after: int = 0, limit: int = LIMIT_DEFAULT
    ) -> EventPage:
        """Read facts after a position, oldest first: a partner's parcels, or all for operators."""
        with self._reading() as connection:
            return parcel_queries.read_events(
                connection, principal, after=after, limit=_limited(limit)
            )

    def bookings(
        self,
        principal: Principal,
        *,
        site: SiteId | None = None,
        parcel: ParcelId | None = None,
        cursor: str | None = None,
        limit: int = LIMIT_DEFAULT,
    ) -> Page[ShownBooking]:
        """List room set aside or taken."""
        with self._reading() as connection:
            return parcel_queries.list_bookings(
                connection,
                principal,
                {"site": site, "parcel": parcel},
                cursor=cursor,
                limit=_limited(limit),
            )

    def booking(self, principal: Principal, booking: str) -> ShownBooking:
        """Find a booking that stands; see :meth:`parcel`."""
        with self._reading() as connection:
            return parcel_queries.find_booking(connection, principal, booking)

    # ── Sites and lockers ─────────────────────────────────────────────────────────────────────

    def site(self, site: SiteId, *, at: UtcSeconds) -> ShownSite:
        """Find a site with its free room.

        Raises
        ------
        restante.views.NotFound
            When there is none.
        """
        with self._reading() as connection:
            return site_queries.find_site(connection, self._journal, site, at=at)

    def sites(
        self, *, at: UtcSeconds, cursor: str | None = None, limit: int = LIMIT_DEFAULT
    ) -> Page[ShownSite]:
        """List sites by id, with their free room."""
        with self._reading() as connection:
            return site_queries.list_sites(
                connection, self._journal, at=at, cursor=cursor, limit=_limited(limit)
            )

    def locker(self, principal: Principal, locker: LockerId) -> ShownLocker:
        """Find a locker with every compartment; parcels of others are not named."""
        with self._reading() as connection:
            return site_queries.find_locker(connection, principal, locker)

    def lockers(
        self,
        principal: Principal,
        *,
        site: SiteId | None = None,
        cursor: str | None = None,
        limit: int = LIMIT_DEFAULT,
    ) -> Page[ShownLocker]:
        """List lockers by id."""
        with self._reading() as connection:
            return site_queries.list_lockers(
                connection, principal, site=site, cursor=cursor, limit=_limited(limit)
            )

    def arrivals(self, *, since: UtcSeconds, now: UtcSeconds) -> Arrivals:
        """Count parcels that came to each site, day by day; reads every deposit since then."""
        with self._reading() as connection:
            return arrival_queries.count_arrivals(connection, since=since, now=now)

    def find_alternatives(
        self,
        site: SiteId,
        *,
        size: ParcelSize,
        at: UtcSeconds,
        until: UtcSeconds,
        needs_low_door: bool = False,
        limit: int = 3,
    ) -> tuple[Alternative, ...]:
        """Find the nearest other sites that have room for a parcel, nearest first."""
        with self._reading() as connection:
            return site_queries.find_alternatives(
                connection,
                self._journal,
                site,
                size=size,
                at=at,
                until=until,
                needs_low_door=needs_low_door,
                limit=limit,
            )

    # ── People ────────────────────────────────────────────────────────────────────────────────

    def matters(
        self,
        principal: Principal,
        *,
        status: str = "open",
        site: SiteId | None = None,
        limit: int = LIMIT_DEFAULT,
    ) -> tuple[Matter, ...]:
        """List what needs a person, oldest first; partners see what concerns their parcels."""
        query = select(ANOMALIES).where(ANOMALIES.c.status == status)
        if principal.role is not Role.OPERATOR:
            query = query.where(ANOMALIES.c.partner == (principal.partner or ""))
        if site is not None:
            query = query.where(ANOMALIES.c.site == site)
        query = query.order_by(ANOMALIES.c.noticed_at, ANOMALIES.c.owner, ANOMALIES.c.key)
        with self._reading() as connection:
            found = connection.execute(query.limit(_limited(limit))).mappings()
            return tuple(Matter(**row) for row in found)

    def counts(self, principal: Principal) -> Counts:
        """Count parcels by group, open matters, sites and lockers."""
        with self._reading() as connection:
            return Counts(
                parcels=parcel_queries.count_groups(connection, principal),
                open_matters=_count_matters(connection, principal),
                sites=connection.scalar(select(func.count()).select_from(SITES)) or 0,
                lockers=connection.scalar(select(func.count()).select_from(LOCKERS)) or 0,
                head=self._journal.head(),
            )

    def couriers(self, principal: Principal) -> tuple[ShownCourier, ...]:
        """List couriers; partners see their own."""
        query = select(COURIERS).order_by(COURIERS.c.courier).limit(LIMIT_MAX)
        if principal.role is not Role.OPERATOR:
            query = query.where(COURIERS.c.partner == (principal.partner or ""))
        with self._reading() as connection:
            return tuple(
                ShownCourier(**{**row, "sites": site_queries.read_names(row["sites"])})
                for row in connection.execute(query).mappings()
            )

    def partners(self) -> tuple[ShownPartner, ...]:
        """List all partners."""
        query = select(PARTNERS).order_by(PARTNERS.c.partner)
        with self._reading() as connection:
            return tuple(ShownPartner(**row) for row in connection.execute(query).mappings())

    # ── For those who prove who they are ──────────────────────────────────────────────────────

    def api_key(self, key_id: str) -> ApiKey | None:
        """Find the row a presented key names; see :func:`restante.access.check_api_key`."""
        query = select(API_KEYS).where(API_KEYS.c.key_id == key_id)
        with self._glancing() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _api_key(row)

    def api_keys(self, principal: Principal) -> tuple[ApiKey, ...]:
        """List API keys as they are kept, newest first; partners see their own."""
        query = select(API_KEYS).order_by(API_KEYS.c.created_at.desc(), API_KEYS.c.key_id)
        if principal.role is not Role.OPERATOR:
            query = query.where(API_KEYS.c.partner == (principal.partner or ""))
        with self._reading() as connection:
            rows = connection.execute(query.limit(LIMIT_MAX)).mappings().all()
        return tuple(_api_key(row) for row in rows)

    def link(self, digest: bytes, *, at: UtcSeconds) -> tuple[ParcelId, RecipientId] | None:
        """Find whose parcel a recipient's link opens; ``None`` when it is unknown or too old."""
        query = select(LINKS.c.parcel, LINKS.c.recipient).where(
            LINKS.c.digest == digest, LINKS.c.expires_at > at
        )
        with self._reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else (ParcelId(row[0]), RecipientId(row[1]))

    def uses_of_selectors(self, sites: Sequence[SiteId]) -> dict[SiteId, dict[str, int]]:
        """Count how often the public first digits of live and recent codes occur at sites."""
        prints = PIN_PRINTS.c
        query = (
            select(prints.site, prints.selector, func.count())
            .where(prints.site.in_(sites))
            .group_by(prints.site, prints.selector)
        )
        found: dict[SiteId, dict[str, int]] = {}
        with self._glancing() as connection:
            for site, selector, count in connection.execute(query):
                found.setdefault(SiteId(site), {})[str(selector)] = int(count)
        return found


def _api_key(row: RowMapping) -> ApiKey:
    scopes = frozenset(Scope(name) for name in row["scopes"].split())
    return ApiKey(**{**row, "scopes": scopes})


def _limited(limit: int) -> int:
    if limit < 1:
        raise ValueError(f"limit: 1 to {LIMIT_MAX}, not {limit}")
    return min(limit, LIMIT_MAX)


def _count_matters(connection: Connection, principal: Principal) -> int:
    query = select(func.count()).select_from(ANOMALIES).where(ANOMALIES.c.status == "open")
    if principal.role is not Role.OPERATOR:
        query = query.where(ANOMALIES.c.partner == (principal.partner or ""))
    return connection.scalar(query) or 0
