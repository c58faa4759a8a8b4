"""A year of a network in minutes: one site lives it through real operations, others are copies.

The one site is registered, its locker installed, and parcels come, are notified of and go, with the
clock moved on between them; timers, outbox and sweeper run as they would. So what is left of each
parcel is what the product leaves: facts, states, views, tombstones of notices, and nothing that
retention has thrown away. Copies get other names, positions of their own and hashes of their own;
``journal verify`` accepts them.

What is pretended: all sites live the same year to the second, position after position in turns;
a copy's sealed rows (contacts, codes) are as long as real ones and open nowhere.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, insert, select, text

from ...access import SIMULATION
from ...clock import Minter, VirtualClock
from ...core.ids import (
    ActorId,
    CompartmentId,
    ParcelId,
    SiteId,
    StreamName,
    parcel_stream,
)
from ...core.value import DAY, Fact, UtcSeconds
from ...journal.chain import FIRST_HASH, column_values, hash_fact, make_stored
from ...journal.port import Stored
from ...journal.sql import SqlJournal
from ...journal.tables import CURSORS, FACTS, OUTBOX, STATES
from ...link.message import Hello
from ...operations.deliveries import FOLLOWER
from ...operations.hub import note_hello
from ...operations.ingest import ingest
from ...settings import Settings
from ...views.tables import LINKS, VIEWS
from ...wiring.centre import Centre, open_centre
from ..network import (
    COMPARTMENTS,
    EPOCH,
    FIRST_NUMBER,
    announcement,
    furnish,
    locker_of,
    put_rows,
    read_rows,
    report_of,
    reported,
)
from ..visits import collect_facts, deposit_facts

WAITING: Final = 3
"""Parcels announced at each site at the end of its year, and not there yet."""

_TIME_LETTERS: Final = 10
_YEAR_SECONDS: Final = 365 * DAY
_PLACED: Final = frozenset({"position", "list_version"})
"""Columns that hold positions of the journal."""


class _Row(NamedTuple):
    values: tuple[Any, ...]
    named: tuple[int, ...]
    """Places that hold the site's letters."""
    placed: tuple[int, ...]
    """Places that hold a position."""


class _Block(NamedTuple):
    """Facts of one moment."""

    after: int
    """How many facts come before it."""
    facts: tuple[Stored, ...]


class Past(NamedTuple):
    """One site's year, to be copied under other names."""

    letters: str
    rows: Mapping[str, Sequence[_Row]]
    blocks: tuple[_Block, ...]
    block_of: tuple[_Block, ...]
    """By position, the first being 1."""
    last_seq: int
    """What its locker has reported, in its one epoch."""

    @property
    def facts(self) -> int:
        """How many facts each copy has."""
        return len(self.block_of)

    def name(self, number: int) -> str:
        """Give the letters of a copy."""
        return str(FIRST_NUMBER + number)

    def position(self, position: int, number: int, count: int) -> int:
        """Give a copy's position where the one site has this one; 0 stays."""
        if not position:
            return 0
        block = self.block_of[position - 1]
        return block.after * count + number * len(block.facts) + position - block.after


def live(rows_each: int, until: UtcSeconds) -> Past:
    """Live a site's year of about so many facts; at least one parcel has come and gone."""
    # How many facts a parcel leaves is found out, so that nothing here must be kept in step.
    one, two = (_live(parcels, until).facts for parcels in (1, 2))
    return _live(max(1, 1 + round((rows_each - one) / (two - one))), until)


def lay_out_past(journal: SqlJournal, past: Past, count: int) -> int:
    """Write copies of a site into an empty journal, and tell the last position."""
    heads: dict[StreamName, list[bytes]] = {}
    last = past.facts * count
    with journal.writing() as connection:
        _make_months(connection, past)
        put_rows(connection, FACTS, _facts(past, count, heads))
        connection.execute(insert(CURSORS).values(name=FOLLOWER, position=last))
        if connection.dialect.name == "postgresql":
            moved = text("UPDATE head SET position = :last, generation = generation + 1")
            connection.execute(moved, {"last": last})
    tables = {table.name: table for table in (OUTBOX, *VIEWS.sorted_tables)}
    with journal.writing() as connection:
        put_rows(connection, STATES, _states(past, count, heads))
        for name, table in tables.items():
            if name in past.rows:
                put_rows(connection, table, _copies(past, table, count))
    return last


def _live(parcels: int, until: UtcSeconds) -> Past:
    begin = UtcSeconds(until - _YEAR_SECONDS)
    clock = VirtualClock(begin)
    # Its clock stands still: all names of the site share their first letters.
    minter = Minter(VirtualClock(begin))
    letters = minter.make("p")[1 : 1 + _TIME_LETTERS]
    with tempfile.TemporaryDirectory(prefix="restante-bench-") as folder:
        settings = Settings(data_dir=Path(folder))
        centre = open_centre(settings, clock, minter, cost=SIMULATION, durability="relaxed")
        try:
            year = _Year(centre, clock, minter, letters)
            step = _YEAR_SECONDS // (parcels + 1)
            for number in range(parcels):
                year.parcel(number, UtcSeconds(begin + number * step), min(step // 4, DAY))
            year.end(until)
            with centre.journal.reading() as connection:
                return _cut_out(connection, letters, year.seq)
        finally:
            centre.close()


class _Year:
    """Lets parcels come and go at the one site."""

    def __init__(self, centre: Centre, clock: VirtualClock, minter: Minter, letters: str) -> None:
        self._centre = centre
        self._clock = clock
        self._minter = minter
        self._letters = letters
        furnish(centre, letters, clock.now())
        self.seq = 1
        self._hear()

    def parcel(self, number: int, at: UtcSeconds, pause_seconds: int) -> None:
        """Let one be announced, put in and collected, with a pause after each."""
        self._clock.set(at)
        announced = announcement(self._centre.means, self._letters, f"{number:04d}")
        parcel = self._centre.run(announced).parcel
        self._clock.set(UtcSeconds(at + pause_seconds))
        place = number % COMPARTMENTS
        now = self._clock.now()
        self._report(deposit_facts(parcel, self._minter, place, now))
        self._clock.set(UtcSeconds(now + pause_seconds))
        self._report(self._collect(parcel, place))

    def end(self, until: UtcSeconds) -> None:
        """Let the year end, with parcels on their way."""
        self._clock.set(until)
        self._let_time_pass()
        for number in range(WAITING):
            self._centre.run(announcement(self._centre.means, self._letters, f"{number:04d}w"))
        self._hear()

    def _report(self, facts: Sequence[Fact]) -> None:
        report = report_of(self._letters, reported(facts), self.seq + 1)
        self._centre.run(ingest(self._centre.means, report=report))
        self.seq += len(facts)
        self._let_time_pass()

    def _let_time_pass(self) -> None:
        centre = self._centre
        while centre.timekeeper.tick() or centre.worker.turn():
            pass
        self._hear()
        while centre.sweeper.turn() or centre.sweeper.is_behind:
            pass

    def _hear(self) -> None:
        # The locker says that it holds the newest list: what left it can be swept.
        version = self._centre.hub.lists.version(SiteId(f"s{self._letters}"))
        hello = Hello(
            locker=locker_of(self._letters),
            site=SiteId(f"s{self._letters}"),
            release="bench",
            epoch=EPOCH,
            last_seq=self.seq,
            list_version=version,
        )
        self._centre.run(note_hello(hello))

    def _collect(self, parcel: ParcelId, place: int) -> tuple[Fact, ...]:
        at, make = self._clock.now(), self._minter.make
        stream = parcel_stream(parcel)
        file: Any = self._centre.journal.states([stream])[stream].state
        (grant,) = (known.grant for known in file.grants.live())
        return collect_facts(
            grant,
            parcel,
            CompartmentId(f"A{place:02d}"),
            names=(make("t"), make("s"), make("o")),
            at=at,
        )


def _cut_out(connection: Connection, letters: str, last_seq: int) -> Past:
    found = read_rows(connection, letters, (FACTS, OUTBOX, STATES, *VIEWS.sorted_tables))
    named = select(LINKS).where(LINKS.c.parcel.contains(letters))
    found[LINKS.name] = [tuple(row) for row in connection.execute(named)]
    stored = sorted((_stored(row) for row in found.pop(FACTS.name)), key=lambda one: one.position)
    if [one.position for one in stored] != list(range(1, len(stored) + 1)):
        raise RuntimeError("the one site has facts that do not bear its name")
    blocks: list[_Block] = []
    block_of: list[_Block] = []
    for _, group in groupby(stored, key=lambda one: one.recorded_at):
        block = _Block(len(block_of), tuple(group))
        blocks.append(block)
        block_of += [block] * len(block.facts)
    tables = {table.name: table for table in (OUTBOX, STATES, *VIEWS.sorted_tables)}
    rows = {
        name: tuple(_mark(tables[name], row, letters) for row in some)
        for name, some in found.items()
    }
    return Past(letters, rows, tuple(blocks), tuple(block_of), last_seq)


def _stored(row: Sequence[Any]) -> Stored:
    values = dict(zip(FACTS.columns.keys(), row, strict=True))
    stream = StreamName(f"{values.pop('kind')}/{values.pop('owner')}")
    return make_stored(stream=stream, **values)


def _mark(table: Table, row: tuple[Any, ...], letters: str) -> _Row:
    old = letters.encode()
    named = [
        place
        for place, value in enumerate(row)
        if (isinstance(value, str) and letters in value)
        or (isinstance(value, bytes) and old in value)
    ]
    placed = [place for place, column in enumerate(table.columns) if column.name in _PLACED]
    return _Row(row, tuple(named), tuple(placed))


def _facts(
    past: Past, count: int, heads: dict[StreamName, list[bytes]]
) -> Iterator[tuple[Any, ...]]:
    """Give all facts in the order of their positions; ``heads`` gets each stream's last hash."""
    letters, old = past.letters, past.letters.encode()
    for block in past.blocks:
        width = len(block.facts)
        for number in range(count):
            name = past.name(number)
            new = name.encode()
            first = block.after * count + number * width + 1
            for place, fact in enumerate(block.facts):
                copy = fact._replace(
                    position=first + place,
                    stream=StreamName(fact.stream.replace(letters, name)),
                    body=fact.body.replace(old, new),
                    by=ActorId(fact.by.replace(letters, name)),
                )
                known = heads.get(fact.stream)
                if known is None:
                    known = heads[fact.stream] = [FIRST_HASH] * count
                known[number] = hash_fact(copy, known[number])
                yield column_values(copy._replace(hash=known[number]))


def _states(
    past: Past, count: int, heads: Mapping[StreamName, Sequence[bytes]]
) -> Iterator[tuple[Any, ...]]:
    for row in past.rows[STATES.name]:
        owner, kind, *_ = row.values
        known = heads[StreamName(f"{kind}/{owner}")]
        for number in range(count):
            *values, _ = _copy(past, row, number, count)
            yield (*values, known[number])


def _copies(past: Past, table: Table, count: int) -> Iterator[tuple[Any, ...]]:
    for number in range(count):
        for row in past.rows[table.name]:
            copy = _copy(past, row, number, count)
            if table is LINKS:
                # Its key is a digest of chance: no two links have the same.
                copy[0] = hashlib.sha256(copy[0] + past.name(number).encode()).digest()
            yield tuple(copy)


def _copy(past: Past, row: _Row, number: int, count: int) -> list[Any]:
    name = past.name(number)
    values = list(row.values)
    for place in row.named:
        value = values[place]
        values[place] = (
            value.replace(past.letters, name)
            if isinstance(value, str)
            else value.replace(past.letters.encode(), name.encode())
        )
    for place in row.placed:
        values[place] = past.position(values[place], number, count)
    return values


def _make_months(connection: Connection, past: Past) -> None:
    if connection.dialect.name != "postgresql":
        return
    from ...journal.postgres_schema import make_month, month_of

    for month in dict.fromkeys(month_of(block.facts[0].recorded_at) for block in past.blocks):
        make_month(connection, month, 0)
