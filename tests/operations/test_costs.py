"""What is asked again and again costs what it answers, not what the database holds."""

import datetime as dt
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Integer,
    LargeBinary,
    Table,
    Text,
    insert,
)

from restante.core.ids import PartnerId, StreamName
from restante.core.value import DAY, UtcSeconds
from restante.journal.archive import _facts_of, _next_cut
from restante.journal.inspection import read_floor
from restante.journal.postgres import PostgresJournal
from restante.journal.postgres_schema import HEAD
from restante.journal.sql import SqlJournal
from restante.journal.tables import FACTS
from restante.operations.retention import Retention, find_expired
from restante.settings import Settings
from restante.views import Principal
from restante.views.parcel_queries import OWN_PARCELS_MAX, POSITIONS_MAX, read_events
from restante.views.remote_tables import REMOTE_OPENINGS
from restante.views.tables import (
    ANOMALIES,
    CODES,
    CONTACTS,
    COURIER_LOGINS,
    COURIERS,
    PARCELS,
    QUARANTINE,
)
from restante.wiring.record import open_journal
from tests.plans import work_of
from tests.postgres_server import Server

MONTHS = (6, 7, 8, 9)
SMALL, LARGE = 1_600, 9_600
"""Facts, or rows of a table: six times as many."""

_schemas = count(1)
Fill = Callable[[int], SqlJournal]


def moment(month: int, day: int = 1) -> UtcSeconds:
    return UtcSeconds(int(dt.datetime(2026, month, day, tzinfo=dt.UTC).timestamp()))


NOW = moment(9, 20)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres: Server
) -> Iterator[Fill]:
    """Make a centre's journal that lives through four months with some facts in each."""
    opened: list[SqlJournal] = []

    def open_one(facts: int) -> SqlJournal:
        number = next(_schemas)
        folder = tmp_path_factory.mktemp("costs")
        is_server = request.param == "postgres"
        address = postgres.make_schema(f"costs_{number}") if is_server else ""
        journal = open_journal(
            Settings(data_dir=folder, database_url=address), durability="relaxed"
        )
        opened.append(journal)
        fill_facts(journal, facts)
        return journal

    yield open_one
    for journal in opened:
        journal.close()


@pytest.fixture(scope="module")
def kept(make: Fill) -> Fill:
    """Give journals that are made once for each size: for tests that only read."""
    return cache(make)


def fill_facts(journal: SqlJournal, facts: int) -> None:
    """Write facts of eight-fact parcels, evenly over the months; every 400th parcel is small's."""
    if isinstance(journal, PostgresJournal):
        for month in MONTHS:
            journal._ensure_month(moment(month))
    each = facts // len(MONTHS)
    rows = []
    for position in range(1, facts + 1):
        place, offset = divmod(position - 1, each)
        parcel, version = divmod(position - 1, 8)
        at = moment(MONTHS[place]) + offset * 27 * DAY // each
        rows.append((f"p{parcel:06}", "parcel", version + 1, position, "parcel.announced.v1",
            b"{}", "x", "", None, None, at, b"h"))  # fmt: skip
    parcels = [
        row_of(
            PARCELS,
            parcel=f"p{number:06}",
            partner="small" if number % 400 == 10 else f"large{number % 3}",
            recipient=f"r{number}",
            status="collected_by_recipient" if number % 100 else "ready",
            changed_at=rows[number * 8 + 7][10],
            position=number * 8 + 8,
        )
        for number in range(facts // 8)
    ]
    names = [column.name for column in FACTS.columns]
    with journal.writing() as connection:
        connection.execute(insert(FACTS), [dict(zip(names, row, strict=True)) for row in rows])
        connection.execute(insert(PARCELS), parcels)
        if isinstance(journal, PostgresJournal):
            connection.execute(HEAD.update().values(position=facts))
    analyze(journal)


def analyze(journal: SqlJournal) -> None:
    """Let the server look at its tables, as it does by itself in life; a file never is."""
    if isinstance(journal, PostgresJournal):
        with journal._connect() as connection:
            connection.execute("ANALYZE")


def row_of(table: Table, **given: Any) -> dict[str, Any]:
    return {column.name: given.get(column.name, _plain(column)) for column in table.columns}


def _plain(column: Column[Any]) -> Any:
    if column.nullable:
        return None
    match column.type:
        case Boolean():
            return False
        case LargeBinary():
            return b"x"
        case Text():
            return "x"
        case Float() | Integer():
            return 0
    return 0


def is_flat(kept: Fill, ask: Callable[[SqlJournal], object], *, at_most: int) -> None:
    """Check that six times as many rows make no difference to a question's work."""
    small, large = kept(SMALL), kept(LARGE)
    before, after = work_of(small, lambda: ask(small)), work_of(large, lambda: ask(large))
    assert after <= max(1.5 * before, before + 200), (before, after)
    assert after <= at_most, after


def test_the_next_facts_are_found_by_their_position(kept: Fill) -> None:
    def ask(journal: SqlJournal) -> None:
        assert len(journal.stored_after(journal.head() // 2, limit=50)) == 50

    is_flat(kept, ask, at_most=5_000)


def test_one_stream_is_found_by_its_name(kept: Fill) -> None:
    def ask(journal: SqlJournal) -> None:
        name = StreamName(f"parcel/p{journal.head() // 8 - 1:06}")
        assert len(journal.stored(name, after_version=3, limit=9)) == 5

    is_flat(kept, ask, at_most=500)


def test_the_end_and_the_floor_are_found_at_once(kept: Fill) -> None:
    def ask(journal: SqlJournal) -> None:
        journal.head()
        with journal.reading() as connection:
            read_floor(connection)

    is_flat(kept, ask, at_most=200)


def test_the_feed_of_an_operator_reads_what_it_tells(kept: Fill) -> None:
    def ask(journal: SqlJournal) -> None:
        with journal.reading() as connection:
            page = read_events(connection, Principal.of_operator("ada"), after=100, limit=50)
        assert len(page.events) == 50

    is_flat(kept, ask, at_most=5_000)


def test_the_feed_of_a_small_partner_does_not_go_through_all_others(kept: Fill) -> None:
    small = Principal.of_partner(PartnerId("small"))

    def ask(journal: SqlJournal) -> None:
        last = journal.head() // 8 - 1
        parcel = last - (last - 10) % 400
        with journal.reading() as connection:
            page = read_events(connection, small, after=parcel * 8 + 2, limit=50)
        assert [one.position for one in page.events] == list(range(parcel * 8 + 3, parcel * 8 + 9))
        assert (page.next_after, page.has_more) == (journal.head(), False)

    is_flat(kept, ask, at_most=2_000)


def test_the_feed_of_a_large_partner_goes_on_page_by_page(kept: Fill) -> None:
    journal = kept(LARGE)
    large = Principal.of_partner(PartnerId("large1"))
    assert LARGE // 8 // 3 > OWN_PARCELS_MAX
    seen: list[int] = []
    after, has_more = 0, True
    while has_more:
        with journal.reading() as connection:
            page = read_events(connection, large, after=after, limit=300)
        assert len(page.events) <= 300
        assert page.next_after > after
        seen += [one.position for one in page.events]
        after, has_more = page.next_after, page.has_more
    own = [n for n in range(LARGE // 8) if n % 3 == 1 and n % 400 != 10]
    assert seen == [n * 8 + version for n in own for version in range(1, 9)]


def test_a_question_of_a_large_partner_has_an_end(
    kept: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restante.views.parcel_queries.POSITIONS_MAX", POSITIONS_MAX // 20)
    monkeypatch.setattr("restante.views.parcel_queries.OWN_PARCELS_MAX", 1)
    journal = kept(LARGE)
    with journal.reading() as connection:
        page = read_events(
            connection, Principal.of_partner(PartnerId("small")), after=100, limit=50
        )
    assert page.events == ()
    assert (page.next_after, page.has_more) == (100 + POSITIONS_MAX // 20, True)


def test_the_next_cut_of_an_archive_does_not_look_at_what_stays(make: Fill) -> None:
    """The month that goes has as many facts in both; what comes after it is the difference."""
    work = []
    for size in (SMALL, LARGE):
        journal = make(SMALL)
        more = [
            row_of(FACTS, owner=f"q{n}", kind="parcel", version=1, position=SMALL + n,
                recorded_at=moment(9, 28))
            for n in range(1, size)
        ]  # fmt: skip
        with journal.writing() as connection:
            connection.execute(insert(FACTS), more)
        analyze(journal)
        cut = _next_cut(journal, moment(9))
        assert cut is not None
        assert cut.last == SMALL // len(MONTHS)
        work.append(
            work_of(journal, lambda journal=journal: _next_cut(journal, moment(9)))  # type: ignore[misc]
            + work_of(journal, lambda journal=journal, cut=cut: list(_facts_of(journal, cut)))  # type: ignore[misc]
        )
    assert work[1] <= 1.2 * work[0], work


OLD = UtcSeconds(NOW - 1_000 * DAY)
CLOCKS = {
    CONTACTS.name: (CONTACTS, "recipient", "changed_at"),
    CODES.name: (CODES, "parcel", "issued_at"),
    ANOMALIES.name: (ANOMALIES, "owner", "handled_at"),
    QUARANTINE.name: (QUARANTINE, "locker", "received_at"),
    COURIERS.name: (COURIERS, "courier", "valid_until"),
    COURIER_LOGINS.name: (COURIER_LOGINS, "login", ""),
    REMOTE_OPENINGS.name: (REMOTE_OPENINGS, "locker", "asked_at"),
}


def test_what_has_expired_is_found_without_reading_what_has_not(make: Fill) -> None:
    work: dict[str, list[int]] = {}
    for rows in (SMALL, LARGE):
        journal = make(SMALL)
        fill_classes(journal, rows)
        for expired in find_expired(Retention(), NOW):
            query = expired.keys.limit(500)

            def ask(journal: SqlJournal = journal, query: Any = query) -> None:
                with journal.reading() as connection:
                    assert len(connection.execute(query).all()) == 3

            work.setdefault(expired.tables[0], []).append(work_of(journal, ask))
    assert set(work) == set(CLOCKS)
    for table, (before, after) in work.items():
        assert after <= max(1.5 * before, before + 200), (table, before, after)
        assert after <= 1_000, (table, after)


def fill_classes(journal: SqlJournal, rows: int) -> None:
    """Write rows of every class: three have expired, all others have not."""
    with journal.writing() as connection:
        for table, key, clock in CLOCKS.values():
            values = []
            for number in range(rows):
                given: dict[str, Any] = {key: f"k{number:06}", clock: OLD if number < 3 else NOW}
                if table is CODES:
                    given[key] = f"p{number % 200:06}"
                    given["grant"] = f"g{number:06}"
                    if number < 3:
                        given[key] = f"p{number + 1:06}"
                if table is COURIER_LOGINS:
                    given["courier"] = f"k{number:06}"
                if table is ANOMALIES:
                    given["status"] = "resolved"
                values.append(row_of(table, **given))
            if table is COURIERS:
                # Gone with their sign-in names already.
                values += [
                    row_of(table, courier=f"z{number}", valid_until=OLD) for number in range(3)
                ]
            connection.execute(insert(table), values)
    analyze(journal)
