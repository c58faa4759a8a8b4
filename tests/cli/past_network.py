"""A network with three months behind it: parcels announced, deposited and collected in each."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from restante.core.value import UtcSeconds
from restante.journal.port import Stored
from restante.journal.sql import SqlJournal
from restante.settings import Settings
from restante.wiring.record import open_journal
from tests.operations.house import open_house

MONTHS = (1, 2, 3)
"""Of 2025: over, whatever the clock of this machine says."""


def moment(month: int, day: int) -> UtcSeconds:
    """Name a morning of that year."""
    return UtcSeconds(int(dt.datetime(2025, month, day, 9, tzinfo=dt.UTC).timestamp()))


def live(folder: Path, database: str = "", months: Sequence[int] = MONTHS) -> None:
    """Let a network live through months, and end it."""
    house = open_house(folder, at=moment(months[0], 1), database=database)
    number = 0
    for month in months:
        house.clock.set(moment(month, 17))
        house.centre.timekeeper.tick()
        for compartment in ("A1", "A2"):
            number += 1
            parcel = house.announce(f"JJD{number:04}").parcel
            house.deposit(parcel, compartment)
            house.collect(parcel, compartment)
    house.centre.close()


def open_record(folder: Path, database: str = "") -> SqlJournal:
    """Open what commands open."""
    return open_journal(Settings(data_dir=folder, database_url=database))


def every_fact(journal: SqlJournal) -> set[Stored]:
    """Read what the journal itself holds, undecoded."""
    return {
        stored
        for stream in journal.streams(after=None, limit=10_000)
        for stored in journal.stored(stream, after_version=0, limit=10_000)
    }
