"""Look-ups by key, prepared once: building one anew costs more than running it.

Each is kept for one key, by far the most frequent case, and for many.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    any_,
    bindparam,
    select,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from ..core.ids import StreamName, split_stream
from .inline import View
from .port import Scalar
from .tables import STATES

KEYS_MAX = 400
"""Keys asked for in one statement, well under SQLite's limit of bound values."""


class Look(NamedTuple):
    """A prepared look-up."""

    one: Select[Any]
    many: Mapping[str, Select[Any]]
    """By the name of the database's dialect: where arrays are known, one value carries all keys."""


def _among(column: ColumnElement[Any], name: str) -> dict[str, ColumnElement[bool]]:
    array = bindparam(name, type_=postgresql.ARRAY(column.type))
    return {
        "sqlite": column.in_(bindparam(name, expanding=True)),
        "postgresql": column == any_(array),
    }


def _prepare_states(*columns: Any) -> Look:
    found = select(STATES.c.kind, STATES.c.owner, *columns).where(STATES.c.kind == bindparam("k"))
    many = _among(STATES.c.owner, "owners")
    return Look(
        found.where(STATES.c.owner == bindparam("owner")),
        {name: found.where(owners) for name, owners in many.items()},
    )


STATE_ROWS = _prepare_states(STATES.c.version, STATES.c.state, STATES.c.head_hash)
HEAD_ROWS = _prepare_states(STATES.c.version, STATES.c.head_hash)


def look_up_states(
    connection: Connection, streams: Sequence[StreamName], look: Look
) -> Iterator[Sequence[Any]]:
    """Read the rows of streams: kind, owner, then what the look-up was prepared for."""
    owners: dict[str, list[str]] = {}
    for stream in streams:
        kind, owner = split_stream(stream)
        owners.setdefault(kind, []).append(owner)
    for kind, names in owners.items():
        if len(names) == 1:
            yield from connection.execute(look.one, {"k": kind, "owner": names[0]})
            continue
        for start in range(0, len(names), KEYS_MAX):
            wanted = {"k": kind, "owners": names[start : start + KEYS_MAX]}
            yield from connection.execute(look.many[connection.dialect.name], wanted)


def prepare_rows(view: View) -> Look:
    """Prepare the look-up of an inline view by its primary key."""
    # In the order of the table: first the key.
    found = select(view.table)
    keys = [view.table.c[name] for name in view.key_columns]
    one = [column == bindparam(f"key_{place}") for place, column in enumerate(keys)]
    many = tuple_(*keys).in_(bindparam("keys", expanding=True))
    return Look(found.where(*one), dict.fromkeys(("sqlite", "postgresql"), found.where(many)))


def look_up_rows(
    connection: Connection, keys: Sequence[tuple[Scalar, ...]], look: Look
) -> Iterator[Sequence[Any]]:
    """Read rows of an inline view; absent ones are absent."""
    if len(keys) == 1:
        wanted = {f"key_{place}": value for place, value in enumerate(keys[0])}
        yield from connection.execute(look.one, wanted)
        return
    for start in range(0, len(keys), KEYS_MAX):
        yield from connection.execute(
            look.many[connection.dialect.name], {"keys": keys[start : start + KEYS_MAX]}
        )


def read_heads(
    connection: Connection, streams: Sequence[StreamName]
) -> dict[StreamName, tuple[int, bytes]]:
    """Read version and head hash of streams; a stream nobody wrote is absent."""
    return {
        StreamName(f"{kind}/{owner}"): (version, head_hash)
        for kind, owner, version, head_hash in look_up_states(connection, streams, HEAD_ROWS)
    }
