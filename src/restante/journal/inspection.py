"""Reading the record as it lies in the database, for followers, verification, export and audit.

Nothing here decodes a fact; the functions run inside the caller's transaction.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, exists, func, insert, select, tuple_

from ..core.ids import StreamName, split_stream
from .chain import make_stored
from .lookup import KEYS_MAX
from .port import Archived, Damaged, Seal, Stored
from .tables import ARCHIVES, CHECKPOINTS, FACTS, META, SEALS, STATES

COLUMNS: Final = (
    FACTS.c.position,
    FACTS.c.kind,
    FACTS.c.owner,
    FACTS.c.version,
    FACTS.c.tag,
    FACTS.c.body,
    FACTS.c.by,
    FACTS.c.cause,
    FACTS.c.origin_epoch,
    FACTS.c.origin_seq,
    FACTS.c.recorded_at,
    FACTS.c.hash,
)
"""What :func:`as_stored` reads."""

_HERE: Final = (int, str, str, int, str, bytes, str, str, type(None), type(None), int, bytes)
_MIRRORED: Final = (int, str, str, int, str, bytes, str, str, str, int, int, bytes)
_TYPES: Final = frozenset({_HERE, _MIRRORED})
SKIPS_KEY: Final = "skips"
"""Names the row of :data:`META` with positions that were left out."""

_LAST_POSITION: Final = select(func.max(FACTS.c.position))
_FLOOR: Final = select(func.max(ARCHIVES.c.last_position))


def read_stream(
    connection: Connection, stream: StreamName, after_version: int, limit: int | None
) -> tuple[Stored, ...]:
    """Read a stream's facts in order."""
    kind, owner = split_stream(stream)
    query = (
        select(*COLUMNS)
        .where(FACTS.c.owner == owner, FACTS.c.kind == kind, FACTS.c.version > after_version)
        .order_by(FACTS.c.version)
        .limit(limit)
    )
    return as_stored(connection.execute(query))


def read_streams(
    connection: Connection, streams: Sequence[StreamName]
) -> dict[StreamName, tuple[Stored, ...]]:
    """Read all facts of streams, each in order."""
    found: dict[StreamName, list[Stored]] = {stream: [] for stream in streams}
    for start in range(0, len(streams), KEYS_MAX):
        names = [split_stream(stream)[::-1] for stream in streams[start : start + KEYS_MAX]]
        query = (
            select(*COLUMNS)
            .where(tuple_(FACTS.c.owner, FACTS.c.kind).in_(names))
            .order_by(FACTS.c.owner, FACTS.c.kind, FACTS.c.version)
        )
        for one in as_stored(connection.execute(query)):
            # A damaged file holds facts of another name than its index says: they are missed where
            # they should be.
            if one.stream in found:
                found[one.stream].append(one)
    return {stream: tuple(some) for stream, some in found.items()}


def read_after(connection: Connection, position: int, limit: int) -> tuple[Stored, ...]:
    """Read facts in position order.

    Raises
    ------
    Archived
        When the next ones were moved into an archive.
    """
    floor = read_floor(connection)
    if position < floor:
        raise Archived(floor)
    query = select(*COLUMNS).where(FACTS.c.position > position).order_by(FACTS.c.position)
    return as_stored(connection.execute(query.limit(limit)))


def last_position(connection: Connection) -> int:
    """Find the last position; 0 when empty."""
    return int(connection.scalar(_LAST_POSITION) or 0) or read_floor(connection)


def read_floor(connection: Connection) -> int:
    """Find the last position that was moved into archives; 0 when none was."""
    return int(connection.scalar(_FLOOR) or 0)


def read_checkpoints(
    connection: Connection, streams: Sequence[StreamName]
) -> dict[StreamName, tuple[int, bytes, bytes, int]]:
    """Read version, state, head hash and floor of streams where archives end."""
    floor = read_floor(connection)
    found: dict[StreamName, tuple[int, bytes, bytes, int]] = {}
    columns = CHECKPOINTS.c
    for start in range(0, len(streams) if floor else 0, KEYS_MAX):
        names = [split_stream(stream)[::-1] for stream in streams[start : start + KEYS_MAX]]
        query = (
            select(
                columns.kind,
                columns.owner,
                columns.version,
                columns.state,
                columns.head_hash,
                columns.floor,
            )
            .where(tuple_(columns.owner, columns.kind).in_(names), columns.floor <= floor)
            .order_by(columns.floor)
        )
        for kind, owner, *rest in connection.execute(query):
            found[StreamName(f"{kind}/{owner}")] = tuple(rest)
    return found


def list_streams(
    connection: Connection, after: StreamName | None, limit: int
) -> tuple[StreamName, ...]:
    """List streams that have a state row."""
    query = select(STATES.c.kind, STATES.c.owner).order_by(STATES.c.owner, STATES.c.kind)
    if after is not None:
        kind, owner = split_stream(after)
        query = query.where(tuple_(STATES.c.owner, STATES.c.kind) > tuple_(owner, kind))
    found = connection.execute(query.limit(limit))
    return tuple(StreamName(f"{kind}/{owner}") for kind, owner in found)


def find_missing_position(connection: Connection) -> int | None:
    """Find the first position that not exactly one fact has, in one pass over the index.

    Positions that were left out on purpose are not missing.
    """
    floor = read_floor(connection)
    # What an archive holds may still be on its way out.
    is_here = FACTS.c.position > floor
    ends = select(func.min(FACTS.c.position), func.max(FACTS.c.position)).where(is_here)
    first, last = connection.execute(ends).one()
    if first is None:
        return None
    skips = read_skips(connection)
    if first != skips.get(floor, floor + 1):
        return floor + 1
    if connection.dialect.name == "sqlite":
        # Positions are unique there: when there are as many as there should be, none is missing.
        inside = [(end, begin) for end, begin in skips.items() if first <= end and begin <= last]
        left_out = sum(begin - end - 1 for end, begin in inside)
        count = connection.scalar(select(func.count()).select_from(FACTS).where(is_here))
        if count == last - first + 1 - left_out:
            return None
    following = func.lead(FACTS.c.position).over(order_by=FACTS.c.position).label("following")
    pairs = select(FACTS.c.position, following).where(is_here).subquery()
    gaps = select(pairs).where(pairs.c.following != pairs.c.position + 1)
    for end, begin in connection.execute(gaps.order_by(pairs.c.position).limit(len(skips) + 1)):
        if skips.get(end) != begin:
            # Two may stand at one where a partitioned database cannot promise that they do not.
            return int(end) if begin == end else int(end) + 1
    return None


def read_skips(connection: Connection) -> dict[int, int]:
    """Read which positions were left out: those between the first number and the second."""
    found = connection.scalar(select(META.c.value).where(META.c.key == SKIPS_KEY))
    return {} if found is None else msgspec.json.decode(found, type=dict[int, int])


def find_orphan(connection: Connection) -> Stored | None:
    """Find the first fact whose stream has no state row."""
    has_state = exists().where(and_(STATES.c.owner == FACTS.c.owner, STATES.c.kind == FACTS.c.kind))
    query = select(*COLUMNS).where(~has_state).order_by(FACTS.c.position).limit(1)
    found = as_stored(connection.execute(query))
    return found[0] if found else None


def read_seals(connection: Connection) -> tuple[Seal, ...]:
    """Read all seals by day."""
    columns = (
        SEALS.c.day,
        SEALS.c.after_position,
        SEALS.c.to_position,
        SEALS.c.digest,
        SEALS.c.signature,
    )
    return tuple(Seal(*row) for row in connection.execute(select(*columns).order_by(SEALS.c.day)))


def insert_seal(connection: Connection, seal: Seal) -> bool:
    """Keep a seal unless its day has one."""
    known = connection.scalar(select(SEALS.c.day).where(SEALS.c.day == seal.day))
    if known is not None:
        return False
    connection.execute(insert(SEALS), [seal._asdict()])
    return True


def as_stored(rows: Iterable[Any]) -> tuple[Stored, ...]:
    """Read rows of :data:`COLUMNS`.

    Raises
    ------
    Damaged
        When a row has columns of wrong types.
    """
    stored: list[Stored] = []
    for row in rows:
        types = tuple(map(type, row))
        # SQLite checks no types; a damaged row must not surprise whoever reads it.
        if types not in _TYPES:
            position = row[0] if isinstance(row[0], int) else None
            raise Damaged(
                f"the fact at position {row[0]!r} has columns of wrong types: "
                "run 'restante journal verify' and restore the last good copy",
                position,
            )
        stored.append(
            make_stored(
                position=row[0],
                stream=StreamName(f"{row[1]}/{row[2]}"),
                version=row[3],
                tag=row[4],
                body=row[5],
                by=row[6],
                cause=row[7],
                origin_epoch=row[8],
                origin_seq=row[9],
                recorded_at=row[10],
                hash=row[11],
            )
        )
    return tuple(stored)
