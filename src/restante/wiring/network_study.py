"""The network itself as studies see it: its lockers, and what came to them.

What the centre does not know, such as how people come and how large parcels are, is taken from the
demo city's beliefs (:mod:`.capacity`); :data:`ASSUMED` says so.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from ..clock import Clock
from ..core.value import DAY, UtcSeconds
from ..operations.searches import BadSearch
from ..views import Principal
from ..views.queries import LIMIT_MAX, Queries
from ..views.shown import ShownLocker, ShownSite

DAYS_BACK: Final = 28
"""Days whose mean is what comes to a site (chosen): four of each weekday."""

HISTORY_DAYS: Final = 730
"""Days of history a forecast is given."""

ASSUMED: Final = (
    "What came in the last 28 whole days comes again; what was turned away is not in it.",
    "Sizes of parcels, habits of people and hours of couriers are the demo city's.",
)
_EVERYTHING: Final = Principal.of_operator("study")


class NetworkStudy:
    """Describes the network whenever it is asked; loads what that needs only then."""

    def __init__(self, queries: Queries, clock: Clock) -> None:
        self._queries = queries
        self._clock = clock

    def capacity(self) -> tuple[bytes, tuple[str, ...]]:
        """Write lockers and what comes to them as :mod:`restante.planning.capacity` reads it.

        Raises
        ------
        BadSearch
            When nothing has come yet, or there is no locker.
        """
        # It brings numpy, which a centre that is asked nothing does without.
        from .capacity import (
            catalogue_kinds,
            classes_of,
            modules_of,
            name_kind,
            plain_kind,
        )

        queries, now = self._queries, self._clock.now()
        lockers = list(_lockers(queries))
        if not lockers:
            raise BadSearch("there is no locker: install one first, or use a file")
        arrivals = queries.arrivals(since=UtcSeconds(now - DAYS_BACK * DAY), now=now)
        if not any(counted.total() for counted in arrivals.counts.values()):
            raise BadSearch("no parcel has come on a whole day: wait until tomorrow, or use a file")
        kinds = {plain_kind(one.spec.kind) for locker in lockers for one in locker.compartments}
        # Sizing chooses among the catalogue's columns.
        kinds.update(catalogue_kinds())
        ordered = sorted(kinds, key=lambda kind: (kind.volume_mm3, kind.is_low, name_kind(kind)))
        built: dict[str, Counter[str]] = {}
        for locker in lockers:
            built.setdefault(locker.site, Counter()).update(
                name_kind(plain_kind(one.spec.kind))
                for one in locker.compartments
                if one.out_of_service is None
            )
        told: dict[str, Any] = {
            "name": "this network",
            "kinds": [name_kind(kind) for kind in ordered],
            "parcels": msgspec.to_builtins(classes_of(ordered)),
            "modules": msgspec.to_builtins(modules_of({one: name_kind(one) for one in ordered})),
            "sites": [
                {
                    "id": one.site,
                    "compartments": built[one.site],
                    "parcels_per_day": arrivals.per_day(one.site),
                    "latitude": one.latitude,
                    "longitude": one.longitude,
                }
                for one in _sites(queries, now)
                if one.site in built
            ],
        }
        return msgspec.json.encode(told), ASSUMED

    def sites(self, *, may_close: bool) -> bytes:
        """Write its sites as candidates that stand, as :mod:`restante.planning.siting` reads it."""
        told = [
            {
                "id": one.site,
                "latitude": one.latitude,
                "longitude": one.longitude,
                "standing": "may_close" if may_close else "stays",
            }
            for one in _sites(self._queries, self._clock.now())
        ]
        return msgspec.json.encode(told)

    def history(self) -> str:
        """Write what came to every site on every whole day as forecasts read it."""
        now = self._clock.now()
        since = UtcSeconds(now - HISTORY_DAYS * DAY)
        return self._queries.arrivals(since=since, now=now).to_csv()


def _lockers(queries: Queries) -> Iterator[ShownLocker]:
    cursor: str | None = None
    while True:
        page = queries.lockers(_EVERYTHING, cursor=cursor, limit=LIMIT_MAX)
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor


def _sites(queries: Queries, now: UtcSeconds) -> Iterator[ShownSite]:
    cursor: str | None = None
    while True:
        page = queries.sites(at=now, cursor=cursor, limit=LIMIT_MAX)
        yield from page.items
        if page.cursor is None:
            return
        cursor = page.cursor
