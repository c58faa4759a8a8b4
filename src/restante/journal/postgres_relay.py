"""Batches that follow each other closely: one is written while the one before it is committed.

A commit waits for the disk, and the server has nothing to do meanwhile. So the rows of the next
batch are put while the last one is committed, on another line.

R1. What is written of a batch before its turn is undone unless the turn finds everything as it was
    believed: the position, and that nobody else has written. Then the batch is written anew, in
    its turn, as if nothing had happened.
R2. Whoever writes rows before its turn holds the place for that, which nobody waits for who holds a
    turn. So nobody waits in a ring, in whichever process: turns come in the order of places.
R3. Rows are taken out in the turn: before it, rows of the last batch are not to be seen.
R4. Nobody commits before it is known that the batch before it was written.

It knows statements and no meaning.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from .sql import Statement

Put: TypeAlias = Callable[[Statement], None]

# One for each journal of a database: several lie in schemas of their own.
_PLACE: Final = "hashtext('restante rows of ' || current_schema())"
_TAKE_PLACE: Final = f"SELECT pg_advisory_lock({_PLACE})"
_LEAVE_PLACE: Final = f"SELECT pg_advisory_unlock({_PLACE})"
_LEAVE_ALL: Final = "SELECT pg_advisory_unlock_all()"
WAIT_FOR_PLACE: Final = f"SELECT pg_advisory_xact_lock({_PLACE})"
"""For whoever takes a turn before its rows are written; until the commit."""


class Turn(NamedTuple):
    """How the database stands when a turn begins."""

    position: int
    generation: int
    xid: str


class Relay:
    """Lines that are kept for writing, asked for nothing before they are used.

    Parameters
    ----------
    writers
        Makes them, set up as every line that writes.
    """

    def __init__(self, writers: Engine) -> None:
        self._writers = writers
        self._free: list[Any] = []

    @contextmanager
    def line(self) -> Iterator[Any]:
        """Use one; the driver's own. It is kept when it is still good, with nothing under way."""
        try:
            kept = self._free.pop()
        except IndexError:
            kept = self._writers.raw_connection()
        try:
            yield kept.driver_connection
        except BaseException:
            if not _is_cleared(kept.driver_connection):
                kept.invalidate()
                raise
            self._free.append(kept)
            raise
        self._free.append(kept)

    def close(self) -> None:
        """Let go of all that nobody uses."""
        while self._free:
            with suppress(IndexError):
                self._free.pop().close()


def put_early(
    line: Any,
    put_rows: Callable[[Put], None],
    take_turn: str,
    removals: Sequence[Statement],
    sent: Callable[[], None],
) -> Turn:
    """Put a batch's rows, take the turn, and take out what is to go (R2, R3); one round trip.

    Parameters
    ----------
    sent
        Called when all is on its way to the server.
    """

    def put(statement: Statement) -> None:
        said, values = statement
        line.execute(said, values, prepare=True)

    with line.pipeline():
        line.execute(_TAKE_PLACE, prepare=True)
        put_rows(put)
        turn = line.execute(take_turn, prepare=True)
        for statement in removals:
            put(statement)
        line.execute(_LEAVE_PLACE, prepare=True)
        sent()
    return Turn(*turn.fetchone())


def commit(line: Any, statement: str, values: Sequence[Any]) -> None:
    """End a turn and commit it; one round trip."""
    with line.pipeline():
        line.execute(statement, values, prepare=True)
        line.execute("COMMIT")


@contextmanager
def wrapped(line: Any) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy would have raised them."""
    try:
        yield
    except psycopg.Error as error:
        is_gone = line.closed or line.broken
        raise DBAPIError.instance(
            None, None, error, psycopg.Error, connection_invalidated=is_gone
        ) from error


def _is_cleared(line: Any) -> bool:
    with suppress(psycopg.Error):
        line.rollback()
        line.execute(_LEAVE_ALL)
        line.commit()
        return True
    return False
