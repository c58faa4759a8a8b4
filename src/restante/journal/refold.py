"""State rows for a release whose states look different from those of the one that wrote them.

A state row is the fold of facts and can always be made again. A journal remembers the shape of
the states it was last opened with; when that has changed, every stream is folded anew before
anything is read. Facts are never touched.
"""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update

from ..core.ids import StreamName, split_stream
from . import inspection
from .codec import codec_of, state_codec_of
from .port import Archived, ArchivedFacts, Damaged, Kinds, Stored, UnknownFact
from .tables import CHECKPOINTS, STATES

SHAPES_KEY: Final = "state_shapes"
"""Where the journal's meta table keeps the fingerprint."""

STREAMS_PER_STEP: Final = 200
"""Streams folded in one transaction."""

FACTS_PER_PAGE: Final = 1_000
"""Facts of one stream read at once."""


def fingerprint_states(kinds: Kinds) -> str:
    """Tell the shapes of all states in one word; docstrings do not count."""
    return _fingerprint(tuple((name, kinds[name].state_type) for name in sorted(kinds)))


@lru_cache(maxsize=8)
def _fingerprint(named: tuple[tuple[str, type], ...]) -> str:
    # Forty lockers in one process open forty journals with the same shapes.
    names = [name for name, _ in named]
    types = [kind for _, kind in named]
    schemas, components = msgspec.json.schema_components(types)
    shapes = _without_prose([names, list(schemas), components])
    encoded = msgspec.json.Encoder(order="deterministic").encode(shapes)
    return hashlib.sha256(encoded).hexdigest()


def refold_step(
    connection: Connection,
    kinds: Kinds,
    after: StreamName | None,
    archive: ArchivedFacts | None = None,
) -> tuple[StreamName | None, int]:
    """Fold the next streams anew, in the caller's transaction.

    Returns
    -------
    tuple
        The last stream dealt with, ``None`` at the end, and how many rows were rewritten.

    Raises
    ------
    Damaged
        When facts of a stream are missing.
    """
    page = inspection.list_streams(connection, after, STREAMS_PER_STEP)
    changed = 0
    checkpoints = inspection.read_checkpoints(connection, page)
    if checkpoints and archive is None:
        floor = inspection.read_floor(connection)
        raise Archived(
            floor,
            "this release folds states anew and needs every fact, and those up to position "
            f"{floor} are archived: set archive_dir to the folder of the archives and start again",
        )
    for stream in page:
        if split_stream(stream)[0] in kinds:
            changed += _refold(connection, kinds, stream, checkpoints.get(stream), archive)
    return (page[-1] if page else None), changed


def _refold(
    connection: Connection,
    kinds: Kinds,
    stream: StreamName,
    checkpoint: tuple[int, bytes, bytes, int] | None,
    archive: ArchivedFacts | None,
) -> bool:
    """Fold one stream anew; whether its state row was rewritten."""
    codec, state_codec = codec_of(kinds), state_codec_of(kinds)
    kind, owner = split_stream(stream)
    row = (STATES.c.owner == owner, STATES.c.kind == kind)
    version, old = connection.execute(select(STATES.c.version, STATES.c.state).where(*row)).one()
    state, done = kinds[kind].initial, 0

    def fold(some: Iterable[Stored]) -> None:
        nonlocal state, done
        for stored in some:
            fact = codec.decode(stored.tag, stored.body)
            if not isinstance(fact, UnknownFact):
                state = kinds[kind].evolve(state, fact)
            done = stored.version

    if archive is not None:
        fold(archive.take(stream))
    if checkpoint is not None:
        _refold_checkpoint(connection, stream, done, checkpoint, state_codec.encode(state))
    while done < version:
        limit = min(FACTS_PER_PAGE, version - done)
        facts = inspection.read_stream(connection, stream, done, limit)
        if not facts:
            break
        fold(facts)
    if done != version:
        raise Damaged(
            f"{stream} has {done} facts where its state row counts {version}: "
            "run 'restante journal verify' and restore the last good copy"
        )
    new = state_codec.encode(state)
    if new == old:
        return False
    connection.execute(update(STATES).where(*row).values(state=new))
    return True


def _refold_checkpoint(
    connection: Connection,
    stream: StreamName,
    done: int,
    checkpoint: tuple[int, bytes, bytes, int],
    state: bytes,
) -> None:
    version, _, _, floor = checkpoint
    if done != version:
        raise Damaged(
            f"the archives hold {done} facts of {stream}, they should hold {version}: "
            "restore copies of them"
        )
    kind, owner = split_stream(stream)
    table = CHECKPOINTS.c
    row = (table.owner == owner, table.kind == kind, table.floor == floor)
    connection.execute(update(CHECKPOINTS).where(*row).values(state=state))


def _without_prose(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            key: _without_prose(value)
            for key, value in schema.items()
            if not (key == "description" and isinstance(value, str))
        }
    if isinstance(schema, list | tuple):
        return [_without_prose(one) for one in schema]
    return schema
