"""How many lockers and compartments there are, and in what state, however large the network is.

N1  One look reads a bounded number of rows. Lockers are counted stretch by stretch, in the order of
    their names: every look counts the next stretch anew and keeps what it saw of the others.
N2  A count is as old as its oldest stretch; a network that fits into one is counted each time.
N3  Nothing is told before every stretch was counted once.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, Generic, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Select, select

from ..core.alarm import Sensor
from ..core.door import Door
from ..core.size import CompartmentSpec, size_class
from ..core.value import UtcSeconds
from .alarms import LOCKER_READINGS, read_readings
from .tables import COMPARTMENTS, LOCKER_LINKS, LOCKERS, SITES

LOCKERS_PER_LOOK: Final = 10_000
"""Some 60 ms of one processor (measured with 61,000 lockers, docs/howto/operate-a-network.md)."""

COMPARTMENTS_PER_LOOK: Final = 50_000
"""Some 150 ms of one processor (measured in the same way)."""

UNREPORTED: Final = "unreported"
"""State of a compartment that is in the layout, and of which its locker has said nothing yet."""

OUT_OF_SERVICE: Final = "out_of_service"
"""State of a compartment that serves nobody, whatever is in it."""

UNKNOWN: Final = "unknown"
"""Kind or size of what a locker reports and no layout has."""

_FETCHED: Final = 500
"""Layouts fetched at a time."""

_OPEN_DOORS: Final = frozenset({Door.OPEN.value, Door.FORCED.value})
_LAYOUT: Final = msgspec.json.Decoder(tuple[CompartmentSpec, ...])
_LAYOUTS_KEPT: Final = 256
"""Networks buy few models (chosen)."""

_T = TypeVar("_T")
_Row = TypeVar("_Row", bound=tuple[Any, ...])


class LockerCount(NamedTuple):
    """Lockers of a stretch."""

    known: Counter[str]
    """By kind of site."""
    online: Counter[str]
    """By kind of site; heard of since the moment asked for."""
    coldest: float | None
    hottest: float | None
    """In degrees Celsius, of all that measure."""


class CompartmentCount(NamedTuple):
    """Compartments of a stretch."""

    states: Counter[tuple[str, str, str]]
    """By kind of site, class of size and state."""
    open_doors: int


class Counted(NamedTuple, Generic[_T]):
    """Everything, added up."""

    total: _T
    oldest_at: UtcSeconds
    """When the part that was counted longest ago was."""


class _Stretch(NamedTuple, Generic[_T]):
    after: str
    until: str | None
    """The last name of it; ``None`` is the end of all."""
    counted: _T | None = None
    counted_at: UtcSeconds = UtcSeconds(0)


class _Walk(Generic[_T]):
    """Goes round all lockers, one stretch at a time.

    Parameters
    ----------
    look
        Count lockers after the first name up to the second, as many as it may; give also the name
        where it had to stop before the second, or ``None``.
    """

    def __init__(
        self, look: Callable[[Connection, str, str | None], tuple[str | None, _T]]
    ) -> None:
        self._look = look
        self._stretches: list[_Stretch[_T]] = [_Stretch("", None)]
        self._next = 0

    @property
    def is_whole(self) -> bool:
        return all(stretch.counted is not None for stretch in self._stretches)

    def step(self, connection: Connection, now: UtcSeconds) -> None:
        stretch = self._stretches[self._next]
        stop, count = self._look(connection, stretch.after, stretch.until)
        until = stretch.until if stop is None else stop
        counted = _Stretch(stretch.after, until, count, now)
        # What was too long for one look is two stretches from now on.
        rest = [] if stop is None else [_Stretch[_T](stop, stretch.until)]
        self._stretches[self._next : self._next + 1] = [counted, *rest]
        self._next = (self._next + 1) % len(self._stretches)

    def add_up(self, add: Callable[[Iterable[_T]], _T]) -> Counted[_T] | None:
        counts = [one.counted for one in self._stretches if one.counted is not None]
        if len(counts) < len(self._stretches):
            return None
        return Counted(add(counts), min(one.counted_at for one in self._stretches))


class Census:
    """Counts a network, a bounded part at every look.

    Parameters
    ----------
    online_seconds
        A locker heard of within it is online.
    """

    def __init__(
        self,
        *,
        online_seconds: int,
        lockers_per_look: int = LOCKERS_PER_LOOK,
        compartments_per_look: int = COMPARTMENTS_PER_LOOK,
    ) -> None:
        self._online_seconds = online_seconds
        self._lockers_per_look = lockers_per_look
        self._compartments_per_look = compartments_per_look
        self._now = UtcSeconds(0)
        self._lockers = _Walk(self._look_at_lockers)
        self._compartments = _Walk(self._look_at_compartments)

    @property
    def is_whole(self) -> bool:
        """Whether everything was counted once."""
        return self._lockers.is_whole and self._compartments.is_whole

    def look(self, connection: Connection, now: UtcSeconds) -> None:
        """Count the next stretch of each kind."""
        self._now = now
        self._lockers.step(connection, now)
        self._compartments.step(connection, now)

    def lockers(self) -> Counted[LockerCount] | None:
        """Add lockers up; ``None`` until all were counted once (N3)."""
        return self._lockers.add_up(_add_lockers)

    def compartments(self) -> Counted[CompartmentCount] | None:
        """Add compartments up; ``None`` until all were counted once (N3)."""
        return self._compartments.add_up(_add_compartments)

    def _look_at_lockers(
        self, connection: Connection, after: str, until: str | None
    ) -> tuple[str | None, LockerCount]:
        limit = self._lockers_per_look
        page = (
            _between(select(LOCKERS.c.locker, LOCKERS.c.site), after, until)
            .limit(limit)
            .subquery("page")
        )
        query = (
            select(page.c.locker, SITES.c.kind, LOCKER_LINKS.c.seen_at, LOCKER_READINGS.c.readings)
            .select_from(page)
            .join(SITES, SITES.c.site == page.c.site)
            .outerjoin(LOCKER_LINKS, LOCKER_LINKS.c.locker == page.c.locker)
            .outerjoin(LOCKER_READINGS, LOCKER_READINGS.c.locker == page.c.locker)
            # The database's order: Python's may be another.
            .order_by(page.c.locker)
        )
        known, online = Counter[str](), Counter[str]()
        degrees: list[float] = []
        last = after
        online_since = self._now - self._online_seconds
        for row in connection.execute(query):
            locker, kind, seen_at, readings = row
            last = locker
            known[kind] += 1
            online[kind] += seen_at is not None and seen_at > online_since
            if readings is not None:
                degrees += [
                    reading.value / 10
                    for reading in read_readings(row._mapping)
                    if reading.sensor is Sensor.TEMPERATURE
                ]
        count = LockerCount(known, online, min(degrees, default=None), max(degrees, default=None))
        is_full = known.total() >= limit and last != until
        return (last if is_full else None), count

    def _look_at_compartments(
        self, connection: Connection, after: str, until: str | None
    ) -> tuple[str | None, CompartmentCount]:
        lockers: dict[str, tuple[str, dict[str, str]]] = {}
        specified = 0
        stop: str | None = None
        named = select(LOCKERS.c.locker, SITES.c.kind, LOCKERS.c.layout)
        named = named.join(SITES, SITES.c.site == LOCKERS.c.site)
        # A locker has compartments, so more would not fit into the look.
        query: Select[Any] = _between(named, after, until).limit(self._compartments_per_look)
        with connection.execute(query.execution_options(yield_per=_FETCHED)) as rows:
            for locker, kind, layout in rows:
                sizes = _read_sizes(layout)
                if lockers and specified + len(sizes) > self._compartments_per_look:
                    stop = next(reversed(lockers))
                    break
                lockers[locker] = kind, sizes
                specified += len(sizes)
        return stop, _count_compartments(connection, lockers)


def _count_compartments(
    connection: Connection, lockers: dict[str, tuple[str, dict[str, str]]]
) -> CompartmentCount:
    states = Counter(
        (kind, size, UNREPORTED) for kind, sizes in lockers.values() for size in sizes.values()
    )
    open_doors = 0
    if lockers:
        first, last = next(iter(lockers)), next(reversed(lockers))
        table = COMPARTMENTS.c
        reported = select(
            table.locker, table.compartment, table.content, table.out_of_service, table.door
        ).where(table.locker.between(first, last))
        for locker, compartment, content, out_of_service, door in connection.execute(reported):
            kind, sizes = lockers.get(locker, (UNKNOWN, {}))
            size = sizes.get(compartment, UNKNOWN)
            states[kind, size, content if out_of_service is None else OUT_OF_SERVICE] += 1
            states[kind, size, UNREPORTED] -= size != UNKNOWN
            open_doors += door in _OPEN_DOORS
    return CompartmentCount(+states, open_doors)


@lru_cache(maxsize=_LAYOUTS_KEPT)
def _read_sizes(layout: bytes) -> dict[str, str]:
    return {spec.id: size_class(spec.volume_mm3) for spec in _LAYOUT.decode(layout)}


def _add_lockers(counts: Iterable[LockerCount]) -> LockerCount:
    known, online = Counter[str](), Counter[str]()
    degrees: list[float] = []
    for count in counts:
        known.update(count.known)
        online.update(count.online)
        degrees += [end for end in (count.coldest, count.hottest) if end is not None]
    return LockerCount(known, online, min(degrees, default=None), max(degrees, default=None))


def _add_compartments(counts: Iterable[CompartmentCount]) -> CompartmentCount:
    states = Counter[tuple[str, str, str]]()
    open_doors = 0
    for count in counts:
        states.update(count.states)
        open_doors += count.open_doors
    return CompartmentCount(states, open_doors)


def _between(query: Select[_Row], after: str, until: str | None) -> Select[_Row]:
    query = query.where(LOCKERS.c.locker > after).order_by(LOCKERS.c.locker)
    return query if until is None else query.where(LOCKERS.c.locker <= until)
