"""Questions, and who may have the answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from restante.core.ids import LockerId, SiteId
from restante.views import NotFound, Principal
from restante.views.tables import VIEWS
from tests.operations.house import ANNA, LOCKER, OPERATOR, SITE, House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path)
    yield opened
    opened.centre.close()


def test_every_key_begins_with_its_owner() -> None:
    owners = {
        "parcel", "site", "locker", "owner", "partner", "recipient", "courier", "webhook", "plan",
        "study",
    }  # fmt: skip
    for table in VIEWS.sorted_tables:
        names = [column.name for column in table.primary_key.columns]
        # A key of one column is its own owner.
        assert len(names) == 1 or names[0] in owners, f"{table.name} begins with {names[0]}"


def test_parcels_come_newest_first_in_pages_that_do_not_move(house: House) -> None:
    parcels = []
    for n in range(5):
        house.clock.set(house.clock.now() + 1)
        parcels.append(house.announce(f"JJD{n}", promise="none").parcel)
    first = house.centre.queries.parcels(house.acme, limit=2)
    house.clock.set(house.clock.now() + 1)
    house.announce("JJD9", promise="none")
    second = house.centre.queries.parcels(house.acme, limit=2, cursor=first.cursor)
    third = house.centre.queries.parcels(house.acme, limit=2, cursor=second.cursor)
    seen = [one.parcel for page in (first, second, third) for one in page.items]
    assert seen == parcels[::-1]
    assert third.cursor is None


def test_filters_are_joined_by_and(house: House) -> None:
    done = house.announce("JJD1")
    house.announce("JJD2", promise="none")
    queries = house.centre.queries
    found = queries.parcels(house.acme, group="announced", status="booked", site=SITE).items
    assert [one.parcel for one in found] == [done.parcel]
    assert queries.parcels(house.acme, label="JJD1", status="ready").items == ()
    assert [p.label for p in queries.parcels(house.acme, label="JJD2").items] == ["JJD2"]


def test_a_parcel_remembers_when_what_happened(house: House) -> None:
    done = house.announce()
    announced_at = house.clock.now()
    house.clock.set(announced_at + 60)
    house.deposit(done.parcel)
    shown = house.centre.queries.parcel(house.acme, done.parcel)
    assert shown.milestones == {
        "announced": announced_at,
        "booked": announced_at,
        "deposited": announced_at + 60,
    }


def test_a_recipient_sees_the_own_parcels_only(house: House) -> None:
    mine = house.announce("JJD1")
    house.announce("JJD2", contact=ANNA)
    me = Principal.of_recipient(mine.recipient)
    assert [one.parcel for one in house.centre.queries.parcels(me).items] == [mine.parcel]


def test_the_feed_goes_on_where_it_stopped(house: House) -> None:
    house.announce()
    queries = house.centre.queries
    first = queries.events(house.acme, limit=2)
    assert (first.has_more, first.next_after) == (True, first.events[-1].position)
    rest = queries.events(house.acme, after=first.next_after)
    assert (rest.has_more, rest.next_after) == (False, house.centre.journal.head())
    assert [one.tag for one in (*first.events, *rest.events)] == [
        "parcel.announced.v1",
        "parcel.capacity_confirmed.v1",
        "grant.issued.v1",
    ]
    assert all(one.stream.startswith("parcel/") for one in first.events)
    everything = {one.stream.partition("/")[0] for one in queries.events(OPERATOR).events}
    assert everything == {"parcel", "site", "locker"}


def test_a_locker_shows_every_compartment_and_names_only_own_parcels(house: House) -> None:
    from restante.core.content import CompartmentAssigned
    from restante.core.ids import CompartmentId, SessionId

    done = house.announce()
    house.report(
        CompartmentAssigned(
            at=house.clock.now(),
            compartment=CompartmentId("A1"),
            parcel=done.parcel,
            session=SessionId("s"),
        )
    )
    house.deposit(done.parcel)
    mine = house.centre.queries.locker(house.acme, LOCKER)
    theirs = house.centre.queries.locker(house.rival, LOCKER)
    assert [c.spec.id for c in mine.compartments] == ["A1", "A2", "A3", "A4", "A5"]
    assert mine.compartments[0].content == theirs.compartments[0].content == "occupied"
    assert mine.compartments[0].parcel == done.parcel
    assert theirs.compartments[0].parcel is None


def test_sites_and_lockers_come_in_pages(house: House) -> None:
    queries, now = house.centre.queries, house.clock.now()
    first = queries.sites(at=now, limit=1)
    second = queries.sites(at=now, limit=1, cursor=first.cursor)
    assert [s.site for s in (*first.items, *second.items)] == ["site-01", "site-02"]
    assert second.cursor is None
    assert [one.locker for one in queries.lockers(OPERATOR, site=SITE).items] == [LOCKER]


def test_what_is_not_there_is_not_found(house: House) -> None:
    queries = house.centre.queries
    with pytest.raises(NotFound, match="no site 'x'"):
        queries.site(SiteId("x"), at=house.clock.now())
    with pytest.raises(NotFound, match="no locker 'x'"):
        queries.locker(OPERATOR, LockerId("x"))
    with pytest.raises(NotFound, match="no booking 'x'"):
        queries.booking(OPERATOR, "x")


def test_a_limit_below_one_is_refused(house: House) -> None:
    with pytest.raises(ValueError, match="limit: 1 to 1000"):
        house.centre.queries.parcels(OPERATOR, limit=0)


def test_counts_are_of_what_the_asker_sees(house: House) -> None:
    done = house.announce("JJD1")
    house.announce("JJD2", promise="none")
    house.deposit(done.parcel)
    counts = house.centre.queries.counts(house.acme)
    assert counts.parcels == {"announced": 1, "ready": 1}
    assert (counts.sites, counts.lockers) == (2, 2)
    assert house.centre.queries.counts(house.rival).parcels == {}
