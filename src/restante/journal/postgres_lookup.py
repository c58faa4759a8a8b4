"""Look-ups by key in one round trip, on lines of their own.

What a transaction's operations will read is asked for together: one statement for all states and
one for each view, sent in a row, prepared once, answered in binary. A line that was lost is
replaced and the look-up repeated: it only reads.

It knows tables and no meaning.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, Final, TypeAlias

import psycopg
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from .port import Scalar
from .postgres_arrays import type_of
from .tables import STATES

Line: TypeAlias = psycopg.Connection[tuple[Any, ...]]

LINES_MAX: Final = 8
"""Look-ups of one process at once; more wait. Chosen: each is short."""

# Always by key, however small the tables were when the statements were first planned.
_SET_UP: Final = (
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; "
    "SET plan_cache_mode = force_generic_plan; SET jit = off"
)


class Wanted:
    """Finds rows of one table by key.

    Parameters
    ----------
    table
        Its columns are answered in their order.
    keys
        The key's columns.
    """

    def __init__(self, table: Table, keys: Sequence[str]) -> None:
        self._types = [type_of(table.c[name].type) for name in keys]
        arrays = ", ".join(f"%b::{known.name}[]" for known in self._types)
        named = ", ".join(f'"{name}"' for name in keys)
        columns = ", ".join(f'kept."{column.name}"' for column in table.columns)
        same = " AND ".join(f'kept."{name}" = wanted."{name}"' for name in keys)
        self.statement = (
            f"SELECT {columns} FROM unnest({arrays}) AS wanted ({named}) "  # noqa: S608 - names are ours
            f'JOIN "{table.name}" AS kept ON {same}'
        )

    def values(self, keys: Sequence[tuple[Scalar, ...]]) -> list[Any]:
        """Pack keys for the statement."""
        columns = zip(*keys, strict=True)
        return [known.pack(column) for known, column in zip(self._types, columns, strict=True)]


WANTED_STATES: Final = Wanted(STATES, ("owner", "kind"))


class Lines:
    """Connections for looking up, made when needed and kept.

    Parameters
    ----------
    connect
        Makes one that commits by itself.
    """

    def __init__(self, connect: Callable[[], Line]) -> None:
        self._connect = connect
        self._free: list[Line] = []
        self._places = BoundedSemaphore(LINES_MAX)

    def find(self, wanted: Sequence[tuple[Wanted, Sequence[tuple[Scalar, ...]]]]) -> list[Any]:
        """Answer look-ups, each with its rows.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            As from every other connection.
        """
        return self.ask([(one.statement, one.values(keys)) for one, keys in wanted])

    def ask(self, packed: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Answer statements with their values, each with its rows.

        Raises
        ------
        sqlalchemy.exc.DBAPIError
            As from every other connection.
        """
        with self._places, _told():
            kept = self._take()
            if kept is not None:
                try:
                    return self._ask(kept, packed)
                except psycopg.OperationalError:
                    # Lost while nobody looked; any other line may be lost, too.
                    self.close()
            fresh = self._connect()
            fresh.execute(_SET_UP)
            return self._ask(fresh, packed)

    def close(self) -> None:
        """Let go of all that nobody uses."""
        while (line := self._take()) is not None:
            line.close()

    def _take(self) -> Line | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _ask(self, line: Line, packed: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        try:
            with line.pipeline():
                cursors = [line.cursor(binary=True) for _ in packed]
                for cursor, (statement, values) in zip(cursors, packed, strict=True):
                    cursor.execute(statement, values, prepare=True)
            found = [cursor.fetchall() for cursor in cursors]
        except BaseException:
            line.close()
            raise
        self._free.append(line)
        return found


@contextmanager
def _told() -> Iterator[None]:
    # As SQLAlchemy would have raised it.
    try:
        yield
    except psycopg.Error as error:
        is_gone = isinstance(error, psycopg.OperationalError)
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=is_gone
        ) from error
