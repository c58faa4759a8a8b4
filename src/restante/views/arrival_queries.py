"""How many parcels came to each site, day by day: what forecasts and sizing begin from."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from ..core.ids import SiteId
from ..core.value import DAY, UtcSeconds
from .tables import MILESTONES, PARCELS, SITES

HOUR_SECONDS: Final = 3_600

DEPOSITED: Final = "deposited"


class Arrivals(NamedTuple):
    """Parcels deposited at sites, by local day."""

    first: date
    """The first whole day of the sites' own time that is counted."""
    last: date
    """The last whole day."""
    counts: dict[SiteId, Counter[date]]
    """Sites at which nothing came are there, too."""

    @property
    def days(self) -> int:
        """How many days are counted."""
        return (self.last - self.first).days + 1

    def per_day(self, site: SiteId) -> float:
        """Mean of all days; 0 where no day is whole."""
        return self.counts[site].total() / self.days if self.days > 0 else 0.0

    def to_csv(self) -> str:
        """Write ``site,date,parcels`` with a row for every site and day."""
        rows = ["site,date,parcels"]
        days = [self.first + timedelta(n) for n in range(max(0, self.days))]
        for site, counted in sorted(self.counts.items()):
            rows += [f"{site},{day},{counted[day]}" for day in days]
        return "\n".join(rows) + "\n"


def count_arrivals(connection: Connection, *, since: UtcSeconds, now: UtcSeconds) -> Arrivals:
    """Count deposits from the first whole day after ``since`` to yesterday.

    A parcel counts where it lies or lay last. A network that opened later is counted from its
    first deposit on.
    """
    zones: dict[SiteId, str] = {
        SiteId(site): zone for site, zone in connection.execute(select(SITES.c.site, SITES.c.zone))
    }
    hour = func.floor(MILESTONES.c.at / HOUR_SECONDS).label("hour")
    query = (
        select(PARCELS.c.site, hour, func.count())
        .join_from(MILESTONES, PARCELS, PARCELS.c.parcel == MILESTONES.c.parcel)
        .where(MILESTONES.c.name == DEPOSITED, MILESTONES.c.at >= since, MILESTONES.c.at < now)
        .group_by(PARCELS.c.site, hour)
    )
    counts: dict[SiteId, Counter[date]] = {site: Counter() for site in zones}
    for site, number, count in connection.execute(query):
        if site in zones:
            counts[site][_day(int(number) * HOUR_SECONDS, zones[site])] += count
    first, last = _whole_days(zones.values(), counts.values(), since, now)
    for counted in counts.values():
        for day in [day for day in counted if not first <= day <= last]:
            del counted[day]
    return Arrivals(first, last, counts)


def _whole_days(
    zones: Iterable[str], counts: Iterable[Counter[date]], since: UtcSeconds, now: UtcSeconds
) -> tuple[date, date]:
    """Find the days that are whole in every zone, from the first on which anything came."""
    places = list(zones) or ["UTC"]
    first = max(_day(since + DAY - 1, zone) for zone in places)
    last = min(_day(now, zone) for zone in places) - timedelta(1)
    came = [day for counted in counts for day in counted]
    return max([first, min(came)]) if came else first, last


def _day(at: int, zone: str) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(_zone(zone)).date()


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
