"""From the journal, and its archives where it begins later, into a folder of event tables.

X1. It goes on where the folder ends, in the order of the journal; nothing is held for it there:
    months that were archived meanwhile are read from their archives.
X2. Stopped or killed at any moment, the next run gives what one run would have given.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import select

from ..core.size import CompartmentSpec, size_class
from ..core.streams import KINDS
from ..journal.archive_file import read_pages
from ..journal.codec import codec_of
from ..journal.sql import SqlJournal
from ..operations.event_fold import TAGS, Built, EventFold, Row
from ..views.tables import LOCKERS, SITES
from .event_files import BadEvents, EventFiles, Page

FACTS_PER_PAGE: Final = 5_000
FACTS_PER_WRITE: Final = 200_000
"""Facts between two times the folder is brought up to date: some 100 MB of memory. Chosen."""

_LAYOUT: Final = msgspec.json.Decoder(tuple[CompartmentSpec, ...])


class Exported(NamedTuple):
    """What a run has done."""

    page: Page
    facts: int
    """Positions that were gone through."""
    rows: int


class _Fact(NamedTuple):
    position: int
    owner: str
    tag: str
    body: bytes


def export_events(
    journal: SqlJournal,
    folder: Path,
    *,
    network: str,
    archive_dir: Path | None = None,
    zones: Mapping[str, str] | None = None,
    tell: Callable[[int, int], None] = lambda _done, _all: None,
    facts_per_write: int = FACTS_PER_WRITE,
) -> Exported:
    """Bring a folder of event tables up to date.

    Parameters
    ----------
    journal
        May be written meanwhile; what comes later is left for the next run.
    network
        Whose it is; a folder of another network is refused.
    archive_dir
        Where archived months are; needed when the folder ends before the journal begins.
    zones
        By site; sites that are not there have none.
    tell
        Called with the position reached and the last one.

    Raises
    ------
    BadEvents
        When the folder cannot be gone on with; the message says what to do.
    """
    files = EventFiles(folder)
    with files.writing():
        page = files.read_page()
        if page is not None and page.network != network:
            raise BadEvents(f"{folder} is of network {page.network!r}: name another folder")
        begin = 0 if page is None else page.position
        head = journal.head()
        if begin > head:
            raise BadEvents(
                f"{folder} goes to position {begin}, the journal to {head}: the journal was put "
                "back from a copy; export into an empty folder"
            )
        built, sites = read_network(journal, zones or {})
        fold = EventFold(built, None if page is None else files.read_kept(page))
        decode = codec_of(KINDS).decode
        rows = waiting = 0
        for fact in _facts(journal, begin, head, archive_dir):
            if fact.tag in TAGS:
                fold.take(fact.owner, fact.position, decode(fact.tag, fact.body))
            fold.kept.position = fact.position
            waiting += 1
            if waiting >= facts_per_write:
                page, added = _write(files, page, fold, network)
                rows, waiting = rows + added, 0
                tell(page.position, head)
        if waiting or page is None:
            page, added = _write(files, page, fold, network)
            rows += added
        files.write_sites(sites)
    return Exported(page, page.position - begin, rows)


def _write(files: EventFiles, page: Page | None, fold: EventFold, network: str) -> tuple[Page, int]:
    drained = fold.drain()
    following = files.write(page, drained, fold.kept, fold.open_visits(), network)
    return following, sum(map(len, drained.values()))


def read_network(journal: SqlJournal, zones: Mapping[str, str]) -> tuple[Built, tuple[Row, ...]]:
    """Read what lockers are built like, and the rows of the table of sites."""
    with journal.reading() as connection:
        lockers = connection.execute(select(LOCKERS.c.locker, LOCKERS.c.site, LOCKERS.c.layout))
        built = [(locker, site, _LAYOUT.decode(layout)) for locker, site, layout in lockers]
        columns = (SITES.c.name, SITES.c.kind, SITES.c.latitude, SITES.c.longitude)
        query = select(SITES.c.site, *columns, SITES.c.opened_at).order_by(SITES.c.site)
        sites = tuple(
            (site, name, kind, zones.get(site, ""), latitude, longitude, opened_at)
            for site, name, kind, latitude, longitude, opened_at in connection.execute(query)
        )
    sizes: dict[str, dict[str, str]] = {
        locker: {str(spec.id): size_class(spec.kind.volume_mm3) for spec in layout}
        for locker, _, layout in built
    }
    return Built({locker: site for locker, site, _ in built}, sizes), sites


def _facts(journal: SqlJournal, after: int, head: int, archive_dir: Path | None) -> Iterator[_Fact]:
    floor = journal.floor()
    if after < floor:
        yield from _archived(after, floor, archive_dir)
        after = floor
    while after < head:
        page = journal.stored_after(after, limit=FACTS_PER_PAGE)
        for stored in page:
            if stored.position > head:
                return
            yield _Fact(stored.position, stored.stream.partition("/")[2], stored.tag, stored.body)
        if not page:
            return
        after = page[-1].position


def _archived(after: int, floor: int, archive_dir: Path | None) -> Iterator[_Fact]:
    if archive_dir is None:
        raise BadEvents(
            f"facts up to position {floor} were archived and the folder goes to {after}: name the "
            "folder of the archives, or set archive_dir"
        )
    duckdb: Any = import_module("duckdb")
    for manifest in read_pages(archive_dir, floor):
        if manifest.last_position <= after:
            continue
        # A file is sorted by stream; what does not fit into memory is sorted on the disk.
        with duckdb.connect() as connection:
            found = connection.execute(
                "SELECT position, owner, tag, body FROM read_parquet(?)"
                " WHERE position > ? ORDER BY position",
                [str(archive_dir / manifest.file), after],
            )
            while some := found.fetchmany(FACTS_PER_PAGE):
                yield from (_Fact(*one) for one in some)
