"""What pages are told when facts were committed.

====== ==================================================================================
site   ``{id, free, total, state}`` of sites whose room or connection changed
locker ``{locker, compartments: [{id, state}]}``, for ``<cabinet-drawing>``
parcel ``{id, group}`` of parcels that changed; in a burst without the group
news   ``{at, text, tone, icon, place, href}``: one line of what just happened
queue  ``{open}``: matters that need a person
clock  ``{now, speed}``: what time it is, when its speed changed and now and then
search ``{id, stage, share, cost, gap, vehicles, per_second}`` of plans of routes and studies that
       are searched for, or ``{id, is_over}``
courier ``[{id, lng, lat, name}]``: what moves, in a demonstration
====== ==================================================================================

It only reads. :mod:`.live` carries the events to browsers.
"""

from collections.abc import Iterator, Sequence
from math import isnan
from typing import Any, Final

import msgspec

from restante.core import parcel as custody
from restante.core.ids import LockerId, ParcelId, SiteId, locker_stream, split_stream
from restante.core.locker import Locker
from restante.journal.port import Recorded
from restante.operations.searches import Progress
from restante.views.principal import NotFound, Principal
from restante.views.shown import ShownLocker

from .cabinet import SILENT_SECONDS, door_state, site_state
from .centre import Centre
from .demo_controls import DemoControls
from .live import Event
from .words import look_of_fact

FACTS_MAX: Final = 2_000
"""Facts looked at once; the next look goes on behind them."""

CLOCK_EVERY_LOOKS: Final = 12
"""About every five seconds."""

PARCELS_TOLD_MAX: Final = 50
"""Parcels told of at one look; pages that list parcels ask again anyway."""

FAST_SPEED: Final = 60
"""Beyond this a city does not always keep up, and pages are told the time at every look."""

SITES_EVERY_LOOKS: Final = 25
"""About every ten seconds connections are looked at: silence is no fact."""

RECENT_FACTS: Final = 400
"""Facts in which a page looks for its first lines."""

NEWS: Final = (
    custody.ParcelDeposited,
    custody.ParcelCollected,
    custody.ParcelRetrieved,
    custody.ParcelReturned,
    custody.HoldExpired,
    custody.AnomalyNoticed,
)
"""Facts a line is written about."""

_ALARMS: Final = ("DoorForced", "TakenOutOfService", "ContentUnclear", "TurnedAway")
_EVERYTHING: Final = Principal.of_operator("live")


class Watch:
    """Looks at the centre, and remembers names and what it said last.

    Parameters
    ----------
    centre
        Asked, never changed.
    demo
        Where what moves is known.
    """

    def __init__(self, centre: Centre, demo: DemoControls | None) -> None:
        self._centre = centre
        self._demo = demo
        self._looks = 0
        self._speed: int | None = None
        self._matters = -1
        self._searches: dict[str, Progress] = {}
        self._site_states: dict[SiteId, str] = {}
        self._names: dict[str, str] = {}
        self._site_of: dict[LockerId, SiteId] = {}

    def look(self, after: int) -> tuple[Sequence[Event], int]:
        """Say what happened after a position, and up to which."""
        after = max(after, self._centre.journal.floor())
        facts = self._centre.journal.follow(after, limit=FACTS_MAX)
        events = list(self._tell_facts(facts)) if facts else []
        position = facts[-1].position if facts else after
        self._looks += 1
        events.extend(self._tell_time())
        if self._looks % SITES_EVERY_LOOKS == 0:
            events.extend(self._tell_connections())
        events.extend(self._tell_searches())
        if self._demo is not None:
            movers = [
                {"id": one.id, "lng": one.longitude, "lat": one.latitude, "name": one.name}
                if not isnan(one.longitude)
                else {"id": one.id, "lng": None}
                for one in self._demo.movers()
            ]
            if movers:
                events.append(Event("courier", movers))
        return events, position

    def recent(self, limit: int) -> Sequence[dict[str, Any]]:
        """Say what happened lately, newest first, for a page that opens now."""
        head = self._centre.journal.head()
        begin = max(self._centre.journal.floor(), head - RECENT_FACTS)
        facts = self._centre.journal.follow(begin, limit=RECENT_FACTS)
        lines: list[dict[str, Any]] = []
        for one in reversed(facts):
            lines.extend(event.data for event in self._tell_news(one))
            if len(lines) >= limit:
                break
        return lines[:limit]

    def _tell_facts(self, facts: Sequence[Recorded]) -> Iterator[Event]:
        position = facts[-1].position
        lockers: dict[LockerId, set[str]] = {}
        sites: dict[SiteId, None] = {}
        parcels: dict[ParcelId, None] = {}
        for one in facts:
            kind, owner = split_stream(one.stream)
            if kind == "site":
                sites[SiteId(owner)] = None
            elif kind == "parcel":
                parcels[ParcelId(owner)] = None
            elif kind == "locker":
                name = getattr(one.fact, "compartment", None)
                lockers.setdefault(LockerId(owner), set()).update([name] if name else ())
        for locker, names in lockers.items():
            yield from self._tell_locker(locker, names, position)
            sites.setdefault(self._site(locker))
        for site in sites:
            yield from self._tell_site(site, position)
        yield from self._tell_parcels(parcels, position)
        for one in facts[-40:]:
            yield from self._tell_news(one)
        yield from self._tell_queue(position)

    def _tell_locker(self, locker: LockerId, names: set[str], position: int) -> Iterator[Event]:
        stream = locker_stream(locker)
        row = self._centre.journal.states([stream]).get(stream)
        if row is None or not isinstance(row.state, Locker) or not names:
            return
        changed = [
            {
                "id": name,
                "state": door_state(
                    content=one.content, door=one.door, out_of_service=one.out_of_service
                ),
            }
            for name, one in row.state.compartments.items()
            if name in names
        ]
        yield Event("locker", {"locker": locker, "compartments": changed}, position)

    def _tell_site(self, site: SiteId, position: int) -> Iterator[Event]:
        now = self._centre.clock.now()
        try:
            shown = self._centre.queries.site(site, at=now)
        except NotFound:
            return
        state = site_state(shown, self._lockers(site), now)
        self._site_states[site] = state
        data = {"id": site, "free": shown.free_count, "total": shown.compartment_count}
        yield Event("site", {**data, "state": state}, position)

    def _tell_parcels(self, parcels: dict[ParcelId, None], position: int) -> Iterator[Event]:
        # Only what pages show one by one needs its state; in a burst ids are enough.
        is_burst = len(parcels) > PARCELS_TOLD_MAX
        for parcel in list(parcels)[-PARCELS_TOLD_MAX:]:
            if is_burst:
                yield Event("parcel", {"id": parcel}, position)
                continue
            try:
                shown = self._centre.queries.parcel(_EVERYTHING, parcel)
            except NotFound:
                continue
            yield Event("parcel", {"id": parcel, "group": shown.group}, position)

    def _tell_news(self, one: Recorded) -> Iterator[Event]:
        kind, owner = split_stream(one.stream)
        fact = one.fact
        if not (isinstance(fact, NEWS) or type(fact).__name__ in _ALARMS):
            return
        place = ""
        href = ""
        if kind == "parcel":
            href = f"/operator/parcels/{owner}"
            where = getattr(fact, "place", None)
            if where is not None:
                place = self._name(where.site)
        elif kind == "locker":
            site = self._site(LockerId(owner))
            place = self._name(site)
            href = f"/operator/sites/{site}"
        tag = str(type(fact).__struct_config__.tag)
        look = look_of_fact(tag)
        data: dict[str, Any] = {"at": fact.at, "text": look.text, "tone": look.tone}
        yield Event("news", {**data, "icon": look.icon, "place": place, "href": href}, one.position)

    def _tell_queue(self, position: int) -> Iterator[Event]:
        count = self._centre.queries.counts(_EVERYTHING).open_matters
        if count != self._matters:
            self._matters = count
            yield Event("queue", {"open": count}, position)

    def _tell_time(self) -> Iterator[Event]:
        speed = 1 if self._demo is None else self._demo.speed
        is_fast = speed > FAST_SPEED
        if speed != self._speed or is_fast or self._looks % CLOCK_EVERY_LOOKS == 0:
            self._speed = speed
            yield Event("clock", {"now": self._centre.clock.now(), "speed": speed})

    def _tell_searches(self) -> Iterator[Event]:
        before = self._searches
        self._searches = {**self._centre.routes.progress(), **self._centre.studies.progress()}
        for key, progress in self._searches.items():
            if before.get(key) != progress:
                yield Event("search", {"id": key, **msgspec.structs.asdict(progress)})
        for key in before.keys() - self._searches.keys():
            yield Event("search", {"id": key, "is_over": True})

    def _tell_connections(self) -> Iterator[Event]:
        now = self._centre.clock.now()
        by_site: dict[SiteId, list[ShownLocker]] = {}
        for one in self._centre.queries.lockers(_EVERYTHING, limit=1_000).items:
            by_site.setdefault(one.site, []).append(one)
        for site, lockers in by_site.items():
            is_down = all(
                one.seen_at is not None and now - one.seen_at > SILENT_SECONDS for one in lockers
            )
            if is_down != (self._site_states.get(site) == "down"):
                yield from self._tell_site(site, 0)

    def _lockers(self, site: SiteId) -> Sequence[ShownLocker]:
        return self._centre.queries.lockers(_EVERYTHING, site=site).items

    def _site(self, locker: LockerId) -> SiteId:
        if locker not in self._site_of:
            try:
                shown = self._centre.queries.locker(_EVERYTHING, locker)
            except NotFound:
                return SiteId("")
            self._site_of[locker] = shown.site
        return self._site_of[locker]

    def _name(self, site: SiteId) -> str:
        if site not in self._names:
            try:
                shown = self._centre.queries.site(site, at=self._centre.clock.now())
            except NotFound:
                return site
            self._names[site] = shown.name
        return self._names[site]
