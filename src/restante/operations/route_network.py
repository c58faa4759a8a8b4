"""A problem of routes from what the centre knows: parcels booked, rooms free, couriers hired.

N1. To deliver are the parcels of one partner that have room booked and are not deposited; to take
    back are those overdue. A parcel may go to other sites only if whoever plans allows it.
N2. Compartments free for planning are those free now and those booked for the parcels themselves.
N3. A courier who signs in at some sites only serves those; where several may, the plan decides.
N4. What the centre does not know is given by whoever plans or assumed, and every assumption is told
    beside the plan in a sentence.

It writes the JSON that planners read and needs none of them. How long vehicles drive is found out
where the search begins (:mod:`restante.wiring.route_worker`).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from ..core.ids import PartnerId, SiteId
from ..core.size import size_class
from ..core.value import HOUR, UtcSeconds
from ..views.principal import Principal
from ..views.queries import LIMIT_MAX, Queries
from ..views.shown import ShownCourier, ShownParcel, ShownSite
from .searches import BadSearch

PARCELS_MAX: Final = 2_000
"""What one search takes (docs/explanation/routes.md)."""

SIZES: Final = ("XS", "S", "M", "L", "XL")
STOP_SECONDS: Final = 180.0
PARCEL_SECONDS: Final = 30.0
MOVED_COST: Final = 2.0
"""Of sending a parcel to another site, so that it happens only where it is worth it (chosen)."""

_EVERYTHING: Final = Principal.of_operator("routes")


class Wish(NamedTuple):
    """What whoever plans says, because the centre does not know it."""

    partner: PartnerId
    day: str
    starts_hour: float = 8.0
    ends_hour: float = 17.0
    van_parcels: int = 150
    nearby: int = 0
    """How many other sites each parcel may go to."""
    depot: tuple[float, float] | None = None
    """Latitude and longitude; the middle of the sites when ``None``."""
    cost_van: float = 40.0
    cost_per_km: float = 0.35
    cost_per_hour: float = 24.0
    co2e_g_per_km: float = 200.0


class NetworkProblem(NamedTuple):
    """A problem, and what was assumed to make it."""

    problem: bytes
    assumed: tuple[str, ...]


def make_network_problem(queries: Queries, wish: Wish, *, now: UtcSeconds) -> NetworkProblem:
    """Write down what there is to drive.

    Raises
    ------
    BadSearch
        When there is nothing to do, nobody to do it, or too much at once.
    """
    couriers = [one for one in queries.couriers(_EVERYTHING)
                if one.partner == wish.partner and one.valid_until > now]  # fmt: skip
    if not couriers:
        raise BadSearch("no courier of this partner may sign in: add one under Couriers")
    if not 0 <= wish.starts_hour < wish.ends_hour <= 48:
        raise BadSearch("hours: vans leave before they return, and within two days")
    due = list(_all(queries, wish.partner, "booked"))
    back = list(_all(queries, wish.partner, "expired"))
    sites = {one.site: one for one in queries.sites(at=now, limit=LIMIT_MAX).items}
    room = _Room(queries, sites, couriers, now)
    parcels, left = [], 0
    for shown, is_pickup in [(one, False) for one in due] + [(one, True) for one in back]:
        made = room.parcel(shown, is_pickup=is_pickup, nearby=wish.nearby)
        left += made is None
        parcels += [] if made is None else [made]
    if not parcels:
        raise BadSearch("no parcel of this partner has room booked or must be taken back now")
    if len(parcels) > PARCELS_MAX:
        raise BadSearch(f"{len(parcels)} parcels: plan at most {PARCELS_MAX} at once, by partner")
    loaded, room_for = (
        sum(not one["is_pickup"] for one in parcels),
        len(couriers) * wish.van_parcels,
    )
    if loaded > room_for:
        raise BadSearch(
            f"{loaded} parcels to deliver, and room for {room_for} in {len(couriers)} vans: say "
            f"that {-(-loaded // len(couriers))} parcels go into a van, or hire more couriers"
        )
    named = {SiteId(option["place"]) for one in parcels for option in one["options"]}
    used = [sites[site] for site in sorted(named)]
    depot = wish.depot or _middle(used)
    problem = {
        "type": "routing.problem.v1",
        "name": f"{wish.partner} {wish.day}",
        "sizes": SIZES,
        "places": [
            {"id": "depot", "kind": "depot", "latitude": depot[0], "longitude": depot[1]},
            *(_place(one, due) for one in used),
        ],
        "vehicles": [_vehicle(one, wish) for one in couriers],
        "parcels": parcels,
    }
    assumed = _assumptions(wish, couriers, used, left)
    return NetworkProblem(msgspec.json.encode(problem), assumed)


class _Room:
    """Where parcels may go."""

    def __init__(
        self,
        queries: Queries,
        sites: Mapping[SiteId, ShownSite],
        couriers: Sequence[ShownCourier],
        now: UtcSeconds,
    ) -> None:
        self._queries, self._sites, self._couriers, self._now = queries, sites, couriers, now
        self._near: dict[tuple[SiteId, str, bool], tuple[SiteId, ...]] = {}

    def parcel(self, shown: ShownParcel, *, is_pickup: bool, nearby: int) -> dict[str, Any] | None:
        """Write a parcel down; ``None`` where no courier may go."""
        if shown.site not in self._sites:
            return None
        drivers = self._drivers(shown.site)
        if not drivers:
            return None
        places = [shown.site]
        if nearby and not is_pickup:
            places += [one for one in self._others(shown, nearby) if drivers & self._drivers(one)]
        made: dict[str, Any] = {
            "id": shown.parcel,
            "size": _class_of(shown),
            "weight_g": shown.size.weight_g,
            "volume_cm3": _volume_mm3(shown) // 1_000,
            "is_pickup": is_pickup,
            "options": [
                {"place": place, "level": level, "penalty": MOVED_COST * (level > 0)}
                for level, place in enumerate(places)
            ],
        }
        if len(drivers) == 1:
            made["vehicle"] = next(iter(drivers))
        return made

    def _drivers(self, site: SiteId) -> frozenset[str]:
        return frozenset(
            one.courier for one in self._couriers if not one.sites or site in one.sites
        )

    def _others(self, shown: ShownParcel, nearby: int) -> tuple[SiteId, ...]:
        key = (shown.site, _class_of(shown), shown.needs_low_door)
        if key not in self._near:
            found = self._queries.find_alternatives(
                shown.site,
                size=shown.size,
                at=self._now,
                until=UtcSeconds(self._now + 48 * HOUR),
                needs_low_door=shown.needs_low_door,
                limit=nearby,
            )
            self._near[key] = tuple(one.site for one in found if one.site in self._sites)
        return self._near[key]


def _all(queries: Queries, partner: PartnerId, status: str) -> Sequence[ShownParcel]:
    found: list[ShownParcel] = []
    cursor: str | None = None
    while len(found) <= PARCELS_MAX:
        page = queries.parcels(
            _EVERYTHING, status=status, partner=partner, cursor=cursor, limit=LIMIT_MAX
        )
        found += page.items
        cursor = page.cursor
        if cursor is None:
            break
    return found


def _place(site: ShownSite, due: Sequence[ShownParcel]) -> dict[str, Any]:
    own = Counter(_class_of(one) for one in due if one.site == site.site)
    is_locker = bool(site.lockers)
    place: dict[str, Any] = {
        "id": site.site,
        "kind": "locker" if is_locker else "counter",
        "latitude": site.latitude,
        "longitude": site.longitude,
        "preparation_s": STOP_SECONDS,
        "parcel_s": PARCEL_SECONDS,
    }
    if is_locker:
        free = Counter({one.size_class: one.free_count for one in site.sizes})
        place["free"] = {name: free[name] + own[name] for name in SIZES if free[name] + own[name]}
    else:
        place["parcels_max"] = site.free_count + own.total()
    return place


def _vehicle(courier: ShownCourier, wish: Wish) -> dict[str, Any]:
    return {
        "id": courier.courier,
        "start_place": "depot",
        "capacity": {"parcels": wish.van_parcels},
        "shift_starts_at": wish.starts_hour * HOUR,
        "shift_ends_at": wish.ends_hour * HOUR,
        "cost_fixed": wish.cost_van,
        "cost_per_km": wish.cost_per_km,
        "cost_per_hour": wish.cost_per_hour,
        "co2e_g_per_km": wish.co2e_g_per_km,
    }


def _assumptions(
    wish: Wish, couriers: Sequence[ShownCourier], used: Sequence[ShownSite], left: int
) -> tuple[str, ...]:
    said = [
        f"One van for each of {len(couriers)} couriers, {wish.van_parcels} parcels each, "
        f"{_hour(wish.starts_hour)} to {_hour(wish.ends_hour)}.",
        f"{wish.cost_van:g} a van, {wish.cost_per_km:g} a kilometer, {wish.cost_per_hour:g} an "
        f"hour, {wish.co2e_g_per_km:g} g CO2e a kilometer.",
        f"{STOP_SECONDS / 60:g} minutes a stop and {PARCEL_SECONDS:g} seconds a parcel.",
        "Free are the compartments that are free now, and those booked for these parcels.",
    ]
    if wish.depot is None:
        said.append("Vans start and end in the middle of the sites: no depot was given.")
    if wish.nearby:
        said.append(
            f"Each parcel may go to {wish.nearby} other site(s) nearby with room: recipients have "
            "not been asked, and bookings stay as they are."
        )
    if any(one.opening_hours.strip() != "24/7" for one in used):
        said.append("Sites that are not always open are taken to be open all day.")
    if any(one.sites for one in couriers):
        said.append(
            "Where one courier only may sign in, parcels go with them; where several may, the plan "
            "chooses among all."
        )
    if left:
        said.append(f"{left} parcel(s) left out: no courier may sign in at their site.")
    return tuple(said)


def _hour(hour: float) -> str:
    return f"{int(hour):02d}:{round(hour % 1 * 60):02d}"


def _volume_mm3(shown: ShownParcel) -> int:
    return shown.size.length_mm * shown.size.width_mm * shown.size.height_mm


def _class_of(shown: ShownParcel) -> str:
    return size_class(_volume_mm3(shown))


def _middle(sites: Sequence[ShownSite]) -> tuple[float, float]:
    return (
        round(sum(one.latitude for one in sites) / len(sites), 6),
        round(sum(one.longitude for one in sites) / len(sites), 6),
    )
