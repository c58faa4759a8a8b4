"""A network to measure with: one site is made by real operations, all others are copies of it.

Ids begin with the time they were made at. Here the clock stands still, so all ids of the one site
share ten letters, and exchanging those makes another site of them, with its locker, its announced
parcels, their bookings and codes. States keep the hash of their last fact; those facts themselves
are not copied, so a journal furnished this way is for measuring and not for verifying.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, Table, select

from ..access import SIMULATION
from ..clock import Minter, VirtualClock
from ..core.ids import (
    CompartmentId,
    LockerId,
    PartnerId,
    SiteId,
)
from ..core.locker import LockerInstalled
from ..core.size import CompartmentSpec, ParcelSize
from ..core.value import Fact, Grams, Millimeters, UtcSeconds
from ..journal.ledger import Operation
from ..journal.sql import SqlJournal
from ..journal.tables import FACTS, OUTBOX, STATES
from ..link.message import Report, ReportedFact
from ..operations.announce import Announced, announce
from ..operations.contacts import Contact
from ..operations.directory import SiteEntry, register_locker, register_partner, register_site
from ..operations.ingest import ingest
from ..operations.means import Means
from ..settings import Settings
from ..views.principal import Principal
from ..views.tables import VIEWS
from ..wiring.centre import Centre, open_centre
from .visits import deposit_facts

COMPARTMENTS: Final = 40
"""Of each locker: a usual size."""

EPOCH: Final = "bench"
FIRST_NUMBER: Final = 1_000_000_000
"""So that every number has as many digits as the letters it stands for."""

_TIME_LETTERS: Final = 10
_ROWS_MAX: Final = 10_000
"""Given to SQLite at once."""

OPERATOR: Final = Principal.of_operator("bench")
PARTNER: Final = PartnerId("bench")
_SIZE: Final = ParcelSize(
    length_mm=Millimeters(300),
    width_mm=Millimeters(200),
    height_mm=Millimeters(100),
    weight_g=Grams(1_000),
)
_ALL: Final = (FACTS, OUTBOX, STATES, *VIEWS.sorted_tables)
_ENCODER: Final = msgspec.json.Encoder()


Rows: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""By table, in the order of the table's columns."""


class Written(NamedTuple):
    """What one deposit leaves in the tables: the rows that differ afterwards, and those gone."""

    put: Rows
    gone: Rows


class Stencil(NamedTuple):
    """One site with its locker and parcels, to be copied under other names."""

    letters: str
    """What all its names have in common and copies have otherwise."""
    rows: Mapping[str, Sequence[tuple[Any, ...]]]
    """By table, in the order of the table's columns."""
    deposits: tuple[tuple[bytes, ...], ...]
    """For each parcel what the locker reports when it is put in."""
    written: "Written"
    at: UtcSeconds

    def name(self, number: int) -> str:
        """Give the letters of a copy."""
        return str(FIRST_NUMBER + number)

    def copies(self, table: str, numbers: range) -> Iterator[tuple[Any, ...]]:
        """Give the rows of copies."""
        letters = self.letters
        old = letters.encode()
        for number in numbers:
            name = self.name(number)
            new = name.encode()
            for row in self.rows[table]:
                yield tuple(
                    value.replace(letters, name)
                    if isinstance(value, str)
                    else value.replace(old, new)
                    if isinstance(value, bytes)
                    else value
                    for value in row
                )

    def deposit(self, number: int, place: int) -> Report:
        """Give a copy's report that one parcel was put in; places come in order."""
        old, new = self.letters.encode(), self.name(number).encode()
        facts = tuple(fact.replace(old, new) for fact in self.deposits[place])
        return report_of(self.name(number), facts, 2 + place * len(facts))


def locker_of(letters: str) -> LockerId:
    """Name a locker."""
    return LockerId(f"l{letters}")


def make_stencil(parcels: int, at: UtcSeconds) -> Stencil:
    """Make one site with real operations: registered, installed, and parcels announced.

    Parameters
    ----------
    parcels
        How many are announced, at most :data:`COMPARTMENTS`.
    at
        When all of it happens.
    """
    clock = VirtualClock(at)
    minter = Minter(clock)
    letters = minter.make("p")[1 : 1 + _TIME_LETTERS]
    with tempfile.TemporaryDirectory(prefix="restante-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        centre = open_centre(settings, clock, minter, cost=SIMULATION, durability="relaxed")
        try:
            furnish(centre, letters, at)
            names = [
                centre.run(announcement(centre.means, letters, f"{place:04d}")).parcel
                for place in range(parcels)
            ]
            with centre.journal.reading() as connection:
                rows = read_rows(connection, letters)
                first = read_rows(connection, letters, (FACTS, OUTBOX))
            deposits = tuple(
                reported(deposit_facts(name, minter, place, at)) for place, name in enumerate(names)
            )
            centre.run(ingest(centre.means, report=report_of(letters, deposits[0], 2)))
            with centre.journal.reading() as connection:
                after = {
                    **read_rows(connection, letters),
                    **read_rows(connection, letters, (FACTS, OUTBOX)),
                }
        finally:
            centre.close()
    return Stencil(letters, rows, deposits, _compare({**rows, **first}, after), at)


def lay_out(journal: SqlJournal, stencil: Stencil, count: int) -> None:
    """Write copies of a site into a journal, a few tables at a time."""
    tables = {table.name: table for table in (STATES, *VIEWS.sorted_tables)}
    with journal.writing() as connection:
        for name in stencil.rows:
            put_rows(connection, tables[name], stencil.copies(name, range(count)))


def put_rows(connection: Connection, table: Table, rows: Iterator[tuple[Any, ...]]) -> None:
    """Write many rows of a table as fast as the database takes them."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.driver_connection
        with (
            driver.cursor() as cursor,
            cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy,
        ):
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" for _ in table.columns)
    put = f'INSERT INTO "{table.name}" ({columns}) VALUES ({marks})'  # noqa: S608 - names are ours
    for some in iter(lambda: list(islice(rows, _ROWS_MAX)), []):
        connection.exec_driver_sql(put, some)


def furnish(centre: Centre, letters: str, at: UtcSeconds) -> None:
    """Make the one site with its locker, and a partner."""
    site, locker = SiteId(f"s{letters}"), locker_of(letters)
    layout = [_compartment(place) for place in range(COMPARTMENTS)]
    centre.run(register_partner(OPERATOR, partner=PARTNER, name="Bench"))
    centre.run(register_site(centre.means, OPERATOR, SiteEntry(site=site, name="Bench")))
    centre.run(register_locker(OPERATOR, locker=locker, site=site, layout=layout))
    installed = LockerInstalled(at=at, locker=locker, compartments=tuple(one.id for one in layout))
    centre.run(ingest(centre.means, report=report_of(letters, reported((installed,)), 1)))


def announcement(means: Means, letters: str, name: str) -> Operation[Announced]:
    """Announce a parcel for a site; the name tells it from the site's others."""
    return announce(
        means,
        OPERATOR,
        partner=PARTNER,
        label=f"J{letters}{name}",
        size=_SIZE,
        site=SiteId(f"s{letters}"),
        contact=Contact(email=f"{letters}.{name}@example.org"),
    )


def read_rows(
    connection: Connection, letters: str, tables: Sequence[Table] = (STATES, *VIEWS.sorted_tables)
) -> Rows:
    """Read the rows of the site, and of no other: those with its letters in their key."""
    found: Rows = {}
    for table in tables:
        rows = [
            tuple(row)
            for row in connection.execute(select(table))
            if any(letters in str(row[place]) for place in range(len(table.primary_key.columns)))
        ]
        if rows:
            found[table.name] = rows
    return found


def _compare(before: Rows, after: Rows) -> Written:
    put: Rows = {}
    gone: Rows = {}
    keys = {table.name: len(table.primary_key.columns) for table in _ALL}
    for name in {**before, **after}:
        was, now = set(before.get(name, ())), set(after.get(name, ()))
        changed = sorted(now - was, key=repr)
        kept = {row[: keys[name]] for row in now}
        lost = sorted((row for row in was if row[: keys[name]] not in kept), key=repr)
        if changed:
            put[name] = changed
        if lost:
            gone[name] = lost
    return Written(put, gone)


def report_of(letters: str, facts: Sequence[bytes], first_seq: int) -> Report:
    """Write what a locker reports; its first fact has number 1."""
    return Report(
        locker=locker_of(letters),
        epoch=EPOCH,
        first_seq=first_seq,
        facts=tuple(msgspec.Raw(fact) for fact in facts),
    )


def _compartment(place: int) -> CompartmentSpec:
    return CompartmentSpec(
        id=CompartmentId(f"A{place:02d}"),
        column=place // 10,
        row=place % 10,
        width_mm=Millimeters(400),
        height_mm=Millimeters(150),
        depth_mm=Millimeters(500),
        opening_width_mm=Millimeters(400),
        opening_height_mm=Millimeters(150),
        weight_g_max=Grams(20_000),
        bottom_height_mm=Millimeters(180 * (place % 10)),
    )


def reported(facts: Sequence[Fact]) -> tuple[bytes, ...]:
    """Encode a locker's facts as they travel."""
    return tuple(
        _ENCODER.encode(ReportedFact(by="courier:c-bench", fact=msgspec.Raw(_ENCODER.encode(fact))))
        for fact in facts
    )
