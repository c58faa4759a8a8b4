"""A courier's day: where to go, what to put in, what to take back, and what was done.

R1. A courier sees the parcels of the partner they drive for, at the sites they may serve.
R2. Without a plan in force (:mod:`.courier_route`) the order of stops is a courtesy: always the
    nearest site next.

It must not know requests or templates, and it changes nothing.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from restante.access import Secret
from restante.access.token import SHIFT_SECONDS_MAX, SITES_MAX
from restante.core.ids import CourierId, LockerId, ParcelId, SiteId, parcel_stream
from restante.core.parcel import ParcelDeposited
from restante.core.size import ParcelSize, size_class
from restante.core.value import UtcSeconds
from restante.operations.accounts import Seat
from restante.operations.credentials import mint_shift_token
from restante.operations.means import Means
from restante.views.principal import Principal
from restante.views.shown import ShownCourier, ShownParcel, ShownSite

from .centre import Centre

PARCELS_MAX: Final = 5_000
"""Parcels read for one courier's day; nobody carries more."""

SIZE_NAMES: Final = ("XS", "S", "M", "L", "XL")
_PAGE: Final = 1_000
_METERS_PER_DEGREE: Final = 111_195.0


class Load(NamedTuple):
    """One parcel as a courier needs it."""

    parcel: ParcelId
    label: str
    size_class: str
    weight_kg: float
    compartment: str
    needs_low_door: bool


class Stop(NamedTuple):
    """A site with what is to be done there."""

    site: ShownSite
    deposits: tuple[Load, ...]
    retrievals: tuple[Load, ...]
    away_m: int
    """Straight distance from the stop before; 0 for the first."""

    @property
    def sizes(self) -> tuple["SizeNeed", ...]:
        """Per size that is wanted or there: how many parcels, how many compartments."""
        wanted = Counter(load.size_class for load in self.deposits)
        free = {count.size_class: count.free_count for count in self.site.sizes}
        needs: list[SizeNeed] = []
        open_wishes = room = 0
        # From the largest down: a small parcel may go into a large compartment, never the reverse.
        for name in reversed(SIZE_NAMES):
            open_wishes += wanted[name]
            room += free.get(name, 0)
            if wanted[name] or name in free:
                is_short = wanted[name] > 0 and open_wishes > room
                needs.append(SizeNeed(name, wanted[name], free.get(name, 0), is_short))
        return tuple(reversed(needs))


class SizeNeed(NamedTuple):
    """How parcels of a size meet the compartments of a site."""

    name: str
    wanted: int
    free: int
    is_short: bool
    """Not even the larger compartments are enough."""


class Day(NamedTuple):
    """Everything of one courier's day that is still to be done."""

    stops: tuple[Stop, ...]

    @property
    def deposit_count(self) -> int:
        """Parcels to put in."""
        return sum(len(stop.deposits) for stop in self.stops)

    @property
    def retrieval_count(self) -> int:
        """Parcels to take back."""
        return sum(len(stop.retrievals) for stop in self.stops)


class Done(NamedTuple):
    """What a courier did today."""

    deposited: int
    retrieved: int
    sites: int
    since: UtcSeconds


class CourierView:
    """Reads a courier's day.

    Parameters
    ----------
    zone
        IANA name of the zone in which a courier's day begins.
    """

    def __init__(self, centre: Centre, *, zone: str) -> None:
        self._centre = centre
        self._zone = ZoneInfo(zone)

    def find_courier(self, seat: Seat) -> ShownCourier | None:
        """Find the row of who is signed in; ``None`` when they were dismissed meanwhile."""
        now = self._centre.clock.now()
        for one in self._centre.queries.couriers(seat.principal):
            if one.courier == seat.name and one.valid_until > now:
                return one
        return None

    def day(self, seat: Seat, *, near: tuple[float, float] | None = None) -> Day:
        """Read what is still to be done, nearest stop next.

        Parameters
        ----------
        near
            Longitude and latitude where the courier is; in the middle of all stops when ``None``.
        """
        deposits = self._by_site(seat, "booked")
        retrievals = self._by_site(seat, "expired")
        now = self._centre.clock.now()
        sites = {
            name: self._centre.queries.site(name, at=now)
            for name in sorted({*deposits, *retrievals})
        }
        stops = []
        for site, away_m in _nearest_next(list(sites.values()), near):
            put, take = deposits.get(site.site, ()), retrievals.get(site.site, ())
            stops.append(Stop(site, tuple(put), tuple(take), away_m))
        return Day(tuple(stops))

    def stop(self, seat: Seat, site: SiteId) -> Stop:
        """Read one stop.

        Raises
        ------
        restante.views.NotFound
            When there is no such site.
        """
        shown = self._centre.queries.site(site, at=self._centre.clock.now())
        put = self._loads(self._parcels(seat.principal, "booked", site))
        take = self._loads(self._parcels(seat.principal, "expired", site))
        return Stop(shown, put, take, 0)

    def done(self, seat: Seat) -> Done:
        """Count what a courier did since local midnight."""
        since = _midnight(self._centre.clock.now(), self._zone)
        deposited = retrieved = 0
        sites: set[str] = set()
        for status in ("ready", "expired", "collected_by_recipient", "returning"):
            for shown in self._parcels(seat.principal, status, None):
                if shown.milestones.get("deposited", 0) >= since and self._put_in_by(shown, seat):
                    deposited += 1
                    sites.add(shown.site)
                is_mine = shown.courier == seat.name
                if is_mine and shown.milestones.get("retrieved", 0) >= since:
                    retrieved += 1
                    sites.add(shown.site)
        return Done(deposited, retrieved, len(sites), since)

    def _put_in_by(self, shown: ShownParcel, seat: Seat) -> bool:
        for recorded in self._centre.journal.read(parcel_stream(shown.parcel)):
            if isinstance(recorded.fact, ParcelDeposited) and recorded.fact.courier == seat.name:
                return True
        return False

    def _by_site(self, seat: Seat, status: str) -> dict[SiteId, tuple[Load, ...]]:
        known = self.find_courier(seat)
        allowed = frozenset(known.sites) if known is not None else frozenset()
        found: dict[SiteId, list[ShownParcel]] = {}
        for shown in self._parcels(seat.principal, status, None):
            if not allowed or shown.site in allowed:
                found.setdefault(shown.site, []).append(shown)
        return {site: self._loads(parcels) for site, parcels in found.items()}

    def _parcels(
        self, principal: Principal, status: str, site: SiteId | None
    ) -> Iterable[ShownParcel]:
        cursor: str | None = None
        for _ in range(PARCELS_MAX // _PAGE):
            page = self._centre.queries.parcels(
                principal, status=status, site=site, cursor=cursor, limit=_PAGE
            )
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                return

    def _loads(self, parcels: Iterable[ShownParcel]) -> tuple[Load, ...]:
        loads = [
            Load(
                parcel=shown.parcel,
                label=shown.label,
                size_class=parcel_class(shown.size),
                weight_kg=shown.size.weight_g / 1000,
                compartment=shown.compartment or "",
                needs_low_door=shown.needs_low_door,
            )
            for shown in parcels
        ]
        # Big ones first: they decide whether the rest fits, and lie at the front of the van.
        order = {name: place for place, name in enumerate(reversed(SIZE_NAMES))}
        return tuple(sorted(loads, key=lambda load: (order[load.size_class], load.label)))


def parcel_class(size: ParcelSize) -> str:
    """Name a parcel's size for people."""
    return size_class(size.length_mm * size.width_mm * size.height_mm)


def mint_pass(
    means: Means, seat: Seat, sites: Sequence[SiteId], parcels: Sequence[ParcelId], now: UtcSeconds
) -> tuple[Secret[str], UtcSeconds] | None:
    """Sign a courier's pass for lockers, and say when it ends; ``None`` when there is no site.

    Parameters
    ----------
    sites
        Where it counts; the first :data:`~restante.access.token.SITES_MAX` of them.
    parcels
        The manifest it is bound to.
    """
    named = tuple(dict.fromkeys(sites))[:SITES_MAX]
    if not named or seat.partner is None:
        return None
    token = mint_shift_token(
        means,
        courier=CourierId(seat.name),
        partner=seat.partner,
        sites=named,
        manifest="\n".join(sorted(parcels)).encode(),
        now=now,
    )
    return token, UtcSeconds(now + SHIFT_SECONDS_MAX)


def first_locker(site: ShownSite) -> LockerId | None:
    """Name a site's first locker; ``None`` for counters."""
    return site.lockers[0] if site.lockers else None


def distance_m(a: tuple[float, float], b: tuple[float, float]) -> int:
    """Measure the straight way between two places (longitude, latitude) in meters."""
    across = (a[0] - b[0]) * math.cos(math.radians((a[1] + b[1]) / 2))
    return round(math.hypot(across, a[1] - b[1]) * _METERS_PER_DEGREE)


def _nearest_next(
    sites: list[ShownSite], near: tuple[float, float] | None
) -> Iterable[tuple[ShownSite, int]]:
    """Order sites, each with its distance from the one before (R2)."""
    waiting = list(sites)
    if not waiting:
        return
    here = near or (
        sum(site.longitude for site in waiting) / len(waiting),
        sum(site.latitude for site in waiting) / len(waiting),
    )
    is_first = near is None
    while waiting:
        ways = [distance_m(here, (site.longitude, site.latitude)) for site in waiting]
        place = min(range(len(waiting)), key=ways.__getitem__)
        site = waiting.pop(place)
        yield site, 0 if is_first else ways[place]
        here, is_first = (site.longitude, site.latitude), False


def _midnight(now: UtcSeconds, zone: ZoneInfo) -> UtcSeconds:
    local = datetime.fromtimestamp(now, UTC).astimezone(zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return UtcSeconds(int(start.timestamp()))
