"""What this process was told is written, so that it notices when a database forgets it.

A server that took over without the last facts, or a copy that was put back, gives positions out
again that lockers and partners were told. Nothing in the database shows that; only somebody who
remembers can.

V1. Remembered is the last fact of the last batch that was certainly committed: its position, and
    its hash, in case others have written as many since.
V2. It is remembered at once in memory, and now and then in a file: a process that dies together
    with its database knows what it knew a moment before.
V3. Of another journal nothing is known: each has a name of its own, which its copies share.
"""

import os
import secrets
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Final, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, insert, select

from .inspection import last_position, read_floor, read_skips
from .port import Busy
from .tables import FACTS, META

NAME_KEY: Final = "name"
"""Names the row with a journal's own name."""


class Told(msgspec.Struct, frozen=True):
    """The last fact known to be written."""

    journal: str
    position: int
    hash: bytes


class Loss(NamedTuple):
    """Facts that were told and are not there."""

    told: int
    """Position of the last one that was told."""
    last: int
    """The last position there is."""


class Named(Protocol):
    """A journal that can be asked for its name."""

    def reading(self) -> AbstractContextManager[Connection]:
        """Open a transaction that sees one moment."""
        ...

    def read_meta(self, key: str) -> str | None:
        """Read a fact about the journal itself."""
        ...

    def turn(self) -> AbstractContextManager[Connection]:
        """Open a writing transaction that other writers of facts wait for."""
        ...


class Witness:
    """Remembers for one process.

    Parameters
    ----------
    path
        The file; processes that share a folder share it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._journal = ""
        self._told: Told | None = None
        self._kept = 0

    def begin(self, journal: Named) -> None:
        """Read what was known before, of this journal; give it a name if it has none."""
        self._journal = name_journal(journal)
        known = read_told(self._path)
        if known is not None and known.journal == self._journal:
            self._told = known

    def note(self, position: int, hash: bytes) -> None:
        """Remember a fact that is committed."""
        with self._lock:
            # Who looks for a loss must find what was lost, not what came after it.
            if self._told is None or position > self._told.position:
                self._told = Told(self._journal, position, hash)

    def check_begin(self, after: int) -> None:
        """Refuse positions that were told already.

        Raises
        ------
        restante.journal.port.Busy
            Until the positions go on above those.
        """
        told = self._told
        if told is not None and after < told.position:
            raise Busy(
                f"facts up to position {told.position} were told and the database ends at {after}: "
                "nothing is written until its positions go on above them"
            )

    def look(self, journal: Named) -> Loss | None:
        """Look whether what was told is still there."""
        told = self._told
        return None if told is None else find_loss(journal, told)

    def keep(self) -> None:
        """Write down what is known, unless another process wrote more."""
        told = self._told
        if told is None or told.position == self._kept:
            return
        before = read_told(self._path)
        if before is None or before.journal != told.journal or before.position < told.position:
            partial = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            partial.write_bytes(msgspec.json.encode(told))
            partial.replace(self._path)
        self._kept = told.position


def name_journal(journal: Named) -> str:
    """Find a journal's name, or give it one for ever; of two who do, one does."""
    with journal.turn() as connection:
        wanted = select(META.c.value).where(META.c.key == NAME_KEY)
        name: str | None = connection.scalar(wanted)
        if name is None:
            name = secrets.token_hex(8)
            connection.execute(insert(META).values(key=NAME_KEY, value=name))
    return name


def read_told(path: Path) -> Told | None:
    """Read what a process has kept; nothing where it cannot be understood."""
    with suppress(OSError, msgspec.MsgspecError):
        return msgspec.json.decode(path.read_bytes(), type=Told)
    return None


def find_loss(journal: Named, told: Told) -> Loss | None:
    """Look whether a journal still holds what was told.

    Nothing is said of archived facts and of another journal; nor when positions were left out
    since: what was lost before them is known then, and no position of it is given out again.
    """
    if journal.read_meta(NAME_KEY) != told.journal:
        return None
    with journal.reading() as connection:
        if told.position <= read_floor(connection):
            return None
        if any(begin > told.position for begin in read_skips(connection).values()):
            return None
        here = select(FACTS.c.hash).where(FACTS.c.position == told.position)
        if connection.scalar(here) == told.hash:
            return None
        return Loss(told.position, last_position(connection))
