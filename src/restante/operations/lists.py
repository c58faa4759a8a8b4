"""What the lockers of a site may do, read from the rows that facts wrote.

R1. A list's version is the journal position of its last change; a delta holds every entry changed
    since its base, as it stands now.
R2. A base older than the site's floor, or newer than all there is, gets the whole list. The floor
    is the last change that was swept, or the moment the records were put back from a copy.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from ..core.ids import SiteId
from ..link.message import ListChange, ListEntry
from ..link.session import ListDelta
from ..views.tables import LIST_BODIES, LIST_ENTRIES, LIST_FLOORS

_ENTRY: Final[msgspec.json.Decoder[ListEntry]] = msgspec.json.Decoder(ListEntry)


SITES_MAX: Final = 500
"""Lists read with one query (chosen)."""

_ENTRIES: Final = select(
    LIST_ENTRIES.c.site,
    LIST_ENTRIES.c.position,
    LIST_ENTRIES.c.key,
    LIST_ENTRIES.c.is_present,
    func.coalesce(LIST_ENTRIES.c.body, LIST_BODIES.c.body).label("body"),
).select_from(
    LIST_ENTRIES.outerjoin(
        LIST_BODIES,
        (LIST_BODIES.c.site == LIST_ENTRIES.c.site) & (LIST_BODIES.c.key == LIST_ENTRIES.c.key),
    )
)


class Lists:
    """Reads the lists of sites.

    Parameters
    ----------
    reading
        Opens a transaction that sees one moment.
    glancing
        Opens a connection for single queries; ``reading`` when ``None``.
    """

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        *,
        glancing: Callable[[], AbstractContextManager[Connection]] | None = None,
    ) -> None:
        self._reading = reading
        self._glancing = glancing or reading

    def version(self, site: SiteId) -> int:
        """Tell the version of a site's list; 0 while it is empty."""
        with self._reading() as connection:
            return _version(connection, site)

    def versions(self, sites: Sequence[SiteId]) -> dict[SiteId, int]:
        """Tell the versions of many lists."""
        with self._reading() as connection:
            return _versions(connection, sites, _floors(connection, sites))

    def deltas(self, bases: Mapping[SiteId, int]) -> dict[SiteId, ListDelta]:
        """Read what changed on many lists; those whose base is not known any more are left out."""
        found: dict[SiteId, ListDelta] = {}
        sites = list(bases)
        for first in range(0, len(sites), SITES_MAX):
            some = sites[first : first + SITES_MAX]
            with self._reading() as connection:
                floors = _floors(connection, some)
                versions = _versions(connection, some, floors)
                known = {
                    site: bases[site]
                    for site in some
                    if max(1, floors.get(site, 0)) <= bases[site] <= versions[site]
                }
                changes = _changes_of(connection, known)
            for site, base in known.items():
                found[site] = ListDelta(base, versions[site], tuple(changes.get(site, ())))
        return found

    def delta(self, site: SiteId, base_version: int) -> ListDelta:
        """Read what changed since a version, or everything (R2)."""
        with self._reading() as connection:
            version = _version(connection, site)
            is_known = _floor(connection, site) <= base_version <= version
            base = base_version if is_known else 0
            return ListDelta(base, version, _changes(connection, site, base))

    def newest(self) -> int:
        """Tell the position of the last change of any list."""
        with self._glancing() as connection:
            return connection.scalar(select(func.max(LIST_ENTRIES.c.position))) or 0

    def changed_sites(self, after: int) -> dict[SiteId, int]:
        """Tell which lists changed after a position, with their versions."""
        query = (
            select(LIST_ENTRIES.c.site, func.max(LIST_ENTRIES.c.position))
            .where(LIST_ENTRIES.c.position > after)
            .group_by(LIST_ENTRIES.c.site)
        )
        with self._glancing() as connection:
            return {SiteId(site): int(version) for site, version in connection.execute(query)}


def _versions(
    connection: Connection, sites: Sequence[SiteId], floors: Mapping[SiteId, int]
) -> dict[SiteId, int]:
    newest = (
        select(LIST_ENTRIES.c.site, func.max(LIST_ENTRIES.c.position))
        .where(LIST_ENTRIES.c.site.in_(sites))
        .group_by(LIST_ENTRIES.c.site)
    )
    found = {SiteId(site): int(position) for site, position in connection.execute(newest)}
    return {site: max(found.get(site, 0), floors.get(site, 0)) for site in sites}


def _floors(connection: Connection, sites: Sequence[SiteId]) -> dict[SiteId, int]:
    query = select(LIST_FLOORS).where(LIST_FLOORS.c.site.in_(sites))
    return {SiteId(row.site): int(row.position) for row in connection.execute(query)}


def _changes_of(
    connection: Connection, bases: Mapping[SiteId, int]
) -> dict[SiteId, list[ListChange]]:
    changes: dict[SiteId, list[ListChange]] = {}
    if not bases:
        return changes
    query = (
        _ENTRIES.where(LIST_ENTRIES.c.site.in_(list(bases)))
        .where(LIST_ENTRIES.c.position > min(bases.values()))
        .order_by(LIST_ENTRIES.c.position, LIST_ENTRIES.c.key)
    )
    for site, position, key, is_present, body in connection.execute(query):
        if position <= bases[site]:
            continue
        is_there = bool(is_present) and body is not None
        entry = _ENTRY.decode(body) if is_there else None
        changes.setdefault(SiteId(site), []).append(ListChange(key=key, entry=entry))
    return changes


def _version(connection: Connection, site: SiteId) -> int:
    newest = select(func.max(LIST_ENTRIES.c.position)).where(LIST_ENTRIES.c.site == site)
    return max(connection.scalar(newest) or 0, _floor(connection, site))


def _floor(connection: Connection, site: SiteId) -> int:
    query = select(LIST_FLOORS.c.position).where(LIST_FLOORS.c.site == site)
    return connection.scalar(query) or 0


def _changes(connection: Connection, site: SiteId, base: int) -> tuple[ListChange, ...]:
    changes = _changes_of(connection, {site: base}).get(site, [])
    return tuple(one for one in changes if base or one.entry is not None)
