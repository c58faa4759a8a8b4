"""Moving old months of facts into files, so that a journal stays small and loses nothing.

R1. Whole months go, the oldest first, and always a beginning of the journal: everything up to one
    position, the new *floor*, which is the last before the first fact of a later month. What a
    clock that went back has put behind it goes with the month it stands in.
R2. First the file: written, read back, counted, every stream's chain checked from the archive
    before it, sealed. Then, in one transaction, the floor. Only then are facts let go of. A kill
    between any two steps leaves them in the journal, in a sealed file, or in both; the same
    command finishes.
R3. Nobody skips a fact: while a follower has not dealt with a month, it stays.
R4. With the floor goes a checkpoint of each stream: version, state and hash where the archive
    ends. States stay as they are; the journal is verified from the checkpoints on, or from its
    first fact when given the archives.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, delete, exists, func, insert, select, tuple_

from ..core.ids import StreamName, split_stream
from ..core.value import DAY, UtcSeconds
from . import inspection
from .archive_file import (
    SUFFIX,
    BadArchive,
    Manifest,
    Sign,
    digest_of,
    page_digest,
    page_path,
    put_in_place,
    read_facts,
    read_page,
    write_facts,
    write_page,
)
from .chain import FIRST_HASH, hash_fact
from .codec import codec_of, state_codec_of
from .lookup import KEYS_MAX
from .port import Kinds, Stored, UnknownFact
from .sql import SqlJournal
from .tables import ARCHIVES, CHECKPOINTS, CURSORS, FACTS

FACTS_PER_PAGE: Final = 5_000
"""Facts read from the journal, and deleted, at once."""

STREAMS_PER_STEP: Final = 500
"""Checkpoints written in one transaction."""

SHORT_VERSIONS_MAX: Final = 100
"""Streams that are read together, many at a time: those of parcels."""

REST_SECONDS: Final = DAY
"""A month must have ended so long ago. Chosen: longer than clocks of centres differ."""


class CannotArchive(Exception):
    """Nothing, or nothing more, was moved; the message says why and what to do."""


class _Cut(NamedTuple):
    after: int
    last: int
    begin: UtcSeconds
    until: UtcSeconds


class _Stand(NamedTuple):
    version: int
    state: Any
    hash: bytes


def archive_before(
    journal: SqlJournal,
    kinds: Kinds,
    folder: Path,
    *,
    before: str,
    now: UtcSeconds,
    sign: Sign,
    tell: Callable[[str], None] = lambda _step: None,
) -> Sequence[Manifest]:
    """Move every whole month older than one into files of a folder.

    Parameters
    ----------
    journal
        May be written meanwhile, also by other processes.
    kinds
        How streams are folded.
    folder
        Made when absent; all archives of a journal belong into one.
    before
        ``2026-10``; that month stays.
    sign
        Seals what is said of a file.
    tell
        Called before each step, with its name.

    Returns
    -------
    tuple
        What was moved now, oldest first; empty when there was nothing to move.

    Raises
    ------
    CannotArchive
        When a month is not over, a follower has not caught up, or the journal is not sound.
    BadArchive
        When the folder does not hold the archives so far.
    """
    end = _begin_of(before)
    if end > now - REST_SECONDS:
        raise CannotArchive(f"{before}: months that ended less than a day ago stay; name an older")
    moved = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _finish(journal, tell)
        while (cut := _next_cut(journal, end)) is not None:
            moved.append(_move(journal, kinds, folder, cut, now, sign, tell))
            _finish(journal, tell)
    except OSError as error:
        raise CannotArchive(
            f"{folder} cannot be written ({error}): make room there or name another folder, "
            "and repeat; nothing is lost"
        ) from error
    return tuple(moved)


def _move(
    journal: SqlJournal,
    kinds: Kinds,
    folder: Path,
    cut: _Cut,
    now: UtcSeconds,
    sign: Sign,
    tell: Callable[[str], None],
) -> Manifest:
    _check_followers(journal, cut)
    with journal.reading() as connection:
        query = select(ARCHIVES.c.file).where(ARCHIVES.c.last_position == cut.after)
        last_file = connection.scalar(query) or ""
    if last_file and not page_path(folder, last_file).exists():
        raise BadArchive(f"{folder} does not hold {last_file}: name the folder of all archives")
    months = tuple(dict.fromkeys((_month_of(cut.begin), _month_of(cut.until - 1))))
    file = f"facts-{'-to-'.join(months)}-from-{cut.after + 1}{SUFFIX}"
    _check_place(folder, file, cut)
    draft = folder / f"{file}.part"
    tell("write the file")
    count = write_facts(draft, _facts_of(journal, cut))
    tell("read it back")
    streams, first = _check_file(journal, kinds, draft, cut, count)
    tell("name it")
    put_in_place(draft, folder / file)
    manifest = Manifest(
        file=file,
        months=months,
        until=cut.until,
        after_position=cut.after,
        first_position=first,
        last_position=cut.last,
        facts=count,
        streams=streams,
        sha256=digest_of(folder / file),
        before=page_digest(folder, last_file),
    )
    tell("seal it")
    write_page(folder, manifest, sign)
    tell("raise the floor")
    _raise_floor(journal, cut, manifest, now)
    return manifest


def _next_cut(journal: SqlJournal, end: UtcSeconds) -> _Cut | None:
    """Find how far the next month goes (R1); what stays in the journal is not looked at."""
    with journal.reading() as connection:
        after = inspection.read_floor(connection)
        here = FACTS.c.position > after
        first = select(FACTS.c.recorded_at).where(here).order_by(FACTS.c.position).limit(1)
        begin = connection.scalar(first)
        if begin is None or (until := _following(_month_of(begin))) > end:
            return None
        later = select(func.min(FACTS.c.position)).where(here, FACTS.c.recorded_at >= until)
        following = connection.scalar(later)
        last = inspection.last_position(connection) if following is None else following - 1
        # Of a clock that went back into a month before.
        earlier = select(func.min(FACTS.c.recorded_at)).where(
            FACTS.c.position.between(after + 1, last),
            FACTS.c.recorded_at < _begin_of(_month_of(begin)),
        )
        return _Cut(after, last, UtcSeconds(connection.scalar(earlier) or begin), until)


def _check_followers(journal: SqlJournal, cut: _Cut) -> None:
    with journal.reading() as connection:
        query = select(CURSORS.c.name).where(CURSORS.c.position < cut.last)
        behind = connection.scalars(query.order_by(CURSORS.c.name)).all()
    if behind:
        raise CannotArchive(
            f"{', '.join(behind)} has not dealt with everything up to position {cut.last}: "
            "start the centre, let it catch up, and repeat"
        )


def _check_place(folder: Path, file: str, cut: _Cut) -> None:
    page = page_path(folder, file)
    if page.exists() and read_page(page).last_position != cut.last:
        raise CannotArchive(f"{folder} holds {file} of another journal: name a folder of its own")


def _facts_of(journal: SqlJournal, cut: _Cut) -> Iterator[Stored]:
    """Read what goes, by owner, kind and version, in short transactions."""
    return _by_month(journal, cut) if journal.is_split_by_month else _by_stream(journal, cut)


def _by_month(journal: SqlJournal, cut: _Cut) -> Iterator[Stored]:
    # The key of a month's partition has this order; only partitions of the cut are read.
    key = ("", "", 0)
    columns = tuple_(FACTS.c.owner, FACTS.c.kind, FACTS.c.version)
    order = (FACTS.c.owner, FACTS.c.kind, FACTS.c.version)
    is_wanted = FACTS.c.position.between(cut.after + 1, cut.last)
    while True:
        query = select(*inspection.COLUMNS).where(is_wanted, FACTS.c.recorded_at < cut.until)
        query = query.where(columns > tuple_(*key)).order_by(*order).limit(FACTS_PER_PAGE)
        with journal.reading() as connection:
            page = inspection.as_stored(connection.execute(query))
        if not page:
            return
        yield from page
        key = _place(page[-1])


def _by_stream(journal: SqlJournal, cut: _Cut) -> Iterator[Stored]:
    # One look at what goes, then streams by their keys: sorting anew for every page would take
    # four times as long for twice the facts. What fits into a file has its streams in memory.
    stream = (FACTS.c.owner, FACTS.c.kind)
    versions = (func.min(FACTS.c.version), func.max(FACTS.c.version))
    is_wanted = FACTS.c.position.between(cut.after + 1, cut.last)
    query = select(*stream, *versions).where(is_wanted).group_by(*stream).order_by(*stream)
    with journal.reading() as connection:
        found = connection.execute(query).all()
    for start in range(0, len(found), KEYS_MAX):
        some = found[start : start + KEYS_MAX]
        short = [(owner, kind) for owner, kind, _, last in some if last <= SHORT_VERSIONS_MAX]
        with journal.reading() as connection:
            query = select(*inspection.COLUMNS).where(
                is_wanted, tuple_(*stream).in_(short), FACTS.c.version <= SHORT_VERSIONS_MAX
            )
            page = [*inspection.as_stored(connection.execute(query))]
            for owner, kind, first, last in some:
                if last > SHORT_VERSIONS_MAX:
                    name = StreamName(f"{kind}/{owner}")
                    page += inspection.read_stream(connection, name, first - 1, last - first + 1)
        yield from sorted(page, key=_place)


def _place(stored: Stored) -> tuple[str, str, int]:
    kind, owner = split_stream(stored.stream)
    return owner, kind, stored.version


def _check_file(
    journal: SqlJournal, kinds: Kinds, path: Path, cut: _Cut, count: int
) -> tuple[int, int]:
    """Read a file back: count, positions, every chain; and keep how its streams stand (R4)."""
    seen = bytearray((cut.last - cut.after) // 8 + 1)
    folded: dict[StreamName, _Stand] = {}
    facts = streams = 0
    first = cut.last
    keeper = _Folder(journal, kinds)
    for stream, group in groupby(read_facts(path), key=lambda stored: stored.stream):
        mine = list(group)
        for stored in mine:
            place = stored.position - cut.after - 1
            is_out = not 0 <= place < cut.last - cut.after
            if is_out or seen[place // 8] & 1 << place % 8:
                raise BadArchive(f"{path} holds position {stored.position} wrongly: repeat")
            seen[place // 8] |= 1 << place % 8
            first = min(first, stored.position)
        facts += len(mine)
        streams += 1
        folded[stream] = keeper.fold(stream, mine)
        if len(folded) == STREAMS_PER_STEP:
            _keep(journal, kinds, folded, cut.last)
            folded = {}
    _keep(journal, kinds, folded, cut.last)
    with journal.reading() as connection:
        skips = inspection.read_skips(connection)
    left_out = sum(end - begin - 1 for begin, end in skips.items() if cut.after <= begin < cut.last)
    if facts != count or facts + left_out != cut.last - cut.after:
        raise CannotArchive(
            f"positions {cut.after + 1} to {cut.last} should be {cut.last - cut.after - left_out} "
            f"facts, the file has {facts}: run 'restante journal verify'"
        )
    return streams, first


class _Folder:
    """Folds streams on from where the archive before left them."""

    def __init__(self, journal: SqlJournal, kinds: Kinds) -> None:
        self._journal = journal
        self._kinds = kinds
        self._codec = codec_of(kinds)

    def fold(self, stream: StreamName, facts: Sequence[Stored]) -> _Stand:
        """Check a stream's chain and fold it."""
        kind = self._kinds.get(split_stream(stream)[0])
        version, head, state = 0, FIRST_HASH, None if kind is None else kind.initial
        if facts[0].version > 1:
            known = self._journal.checkpoints([stream]).get(stream)
            if known is not None:
                version, state, head, _ = known
        for stored in facts:
            if stored.version != version + 1 or stored.hash != hash_fact(stored, head):
                raise CannotArchive(
                    f"{stream} is not sound at version {stored.version} (position "
                    f"{stored.position}): run 'restante journal verify'"
                )
            version, head = stored.version, stored.hash
            fact = self._codec.decode(stored.tag, stored.body)
            if kind is not None and not isinstance(fact, UnknownFact):
                state = kind.evolve(state, fact)
        return _Stand(version, state, head)


def _keep(journal: SqlJournal, kinds: Kinds, folded: dict[StreamName, _Stand], floor: int) -> None:
    encode = state_codec_of(kinds).encode
    rows = []
    for stream, stand in folded.items():
        kind, owner = split_stream(stream)
        state = b"null" if stand.state is None else encode(stand.state)
        rows.append(
            {
                "owner": owner,
                "kind": kind,
                "floor": floor,
                "version": stand.version,
                "state": state,
                "head_hash": stand.hash,
            }
        )
    if not rows:
        return
    keys = [(row["owner"], row["kind"]) for row in rows]
    table = CHECKPOINTS
    with journal.writing() as connection:
        for start in range(0, len(keys), KEYS_MAX):
            mine = tuple_(table.c.owner, table.c.kind).in_(keys[start : start + KEYS_MAX])
            connection.execute(delete(table).where(mine, table.c.floor == floor))
        connection.execute(insert(table), rows)


def _raise_floor(journal: SqlJournal, cut: _Cut, manifest: Manifest, now: UtcSeconds) -> None:
    with journal.turn() as connection:
        if inspection.read_floor(connection) != cut.after:
            raise CannotArchive("another process archives too: let it end")
        _check_counted(connection, cut, manifest)
        connection.execute(
            insert(ARCHIVES).values(
                last_position=cut.last,
                after_position=cut.after,
                until=cut.until,
                facts=manifest.facts,
                file=manifest.file,
                sha256=manifest.sha256,
                archived_at=now,
            )
        )


def _check_counted(connection: Connection, cut: _Cut, manifest: Manifest) -> None:
    # A follower may have been made, or put back, while the file was written (R3).
    behind = exists().where(CURSORS.c.position < cut.last)
    if connection.scalar(select(behind)):
        raise CannotArchive("a follower was put back meanwhile: let it catch up, and repeat")
    kept = select(func.count()).select_from(CHECKPOINTS).where(CHECKPOINTS.c.floor == cut.last)
    if connection.scalar(kept) != manifest.streams:
        raise CannotArchive("another process archives too: let it end, and repeat")


def _finish(journal: SqlJournal, tell: Callable[[str], None]) -> None:
    """Let go of what archives hold, also of what a killed run has left."""
    with journal.reading() as connection:
        newest = select(ARCHIVES.c.last_position, ARCHIVES.c.until)
        found = connection.execute(newest.order_by(ARCHIVES.c.last_position.desc())).first()
    floor, until = (0, UtcSeconds(0)) if found is None else (int(found[0]), UtcSeconds(found[1]))
    if floor:
        tell("let go of facts")
        while journal.drop_archived(floor, until, FACTS_PER_PAGE):
            tell("let go of more facts")
    # Only the newest checkpoint of a stream says anything, and only up to the floor.
    later = CHECKPOINTS.alias("later")
    is_old = exists().where(
        later.c.owner == CHECKPOINTS.c.owner,
        later.c.kind == CHECKPOINTS.c.kind,
        later.c.floor > CHECKPOINTS.c.floor,
        later.c.floor <= floor,
    )
    with journal.writing() as connection:
        connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.floor > floor))
        connection.execute(delete(CHECKPOINTS).where(is_old))


def _begin_of(month: str) -> UtcSeconds:
    try:
        first = dt.datetime.strptime(month, "%Y-%m").replace(tzinfo=dt.UTC)
    except ValueError as error:
        raise CannotArchive(f"{month!r} is no month: write it as 2026-10") from error
    return UtcSeconds(int(first.timestamp()))


def _month_of(at: int) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m")


def _following(month: str) -> UtcSeconds:
    first = dt.datetime.fromtimestamp(_begin_of(month), dt.UTC)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return UtcSeconds(int(following.timestamp()))
