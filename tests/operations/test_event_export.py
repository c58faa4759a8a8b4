"""Event tables follow from the journal: the same however often the way there was cut."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import select

from restante.core.door import DoorClosed, DoorOpened, OpeningFailed, OpeningIntended
from restante.core.grant import Purpose
from restante.core.handoff import TurnedAway
from restante.core.ids import CompartmentId, OpeningId, SessionId
from restante.core.session import Role, SessionEnded, SessionStarted
from restante.core.streams import KINDS
from restante.core.value import DAY, HOUR, UtcSeconds
from restante.insight.measures import tables
from restante.journal.archive import archive_before
from restante.views.tables import PARCELS
from restante.wiring.event_export import Exported, export_events
from restante.wiring.event_files import BadEvents, EventFiles
from tests.operations.house import COURIER, SITE, House

A1 = CompartmentId("A1")
REPLACE = Path.replace


class Cut(Exception):
    """The process ended here."""


def export(house: House, folder: Path, **given: Any) -> Exported:
    return export_events(house.centre.journal, folder, network="net", **given)


def read(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read all tables as a reader must: not beyond the page."""
    files = EventFiles(folder)
    page = files.read_page()
    assert page is not None
    found = {}
    for table in tables.BY_DAY:
        rows = [
            row
            for path in files.paths(table)
            for row in parquet.ParquetFile(path).read().to_pylist()
            if row["position"] <= page.position
        ]
        found[table.name] = sorted(rows, key=lambda row: (row["position"], str(row)))
    inside = parquet.ParquetFile(folder / page.open_visits).read().to_pylist()
    found["open"] = sorted(inside, key=lambda row: row["parcel"])
    return found


def live_a_week(house: House) -> None:
    """Four parcels: collected, overdue, cancelled, inside; a turn-away, a session, two doors."""
    first, second = house.announce("JJD01"), house.announce("JJD02")
    third, fourth = house.announce("JJD03"), house.announce("JJD04")
    now = house.clock.now()
    names = {"session": SessionId("s1")}
    opening = {"compartment": A1, "opening": OpeningId("o1")}
    house.report(
        SessionStarted(at=now, role=Role.COURIER, courier=COURIER, **names),
        OpeningIntended(at=now, purpose=Purpose.DEPOSIT, **opening, **names),
        DoorOpened(at=UtcSeconds(now + 1), **opening),
        DoorClosed(at=UtcSeconds(now + 9), compartment=A1),
    )
    house.deposit(first.parcel)
    house.deposit(second.parcel, "A2")
    house.report(
        TurnedAway(at=now, courier=COURIER, why="site_full", parcel=third.parcel, **names),
        OpeningIntended(at=now, purpose=Purpose.DEPOSIT, **opening, **names),
        OpeningFailed(at=UtcSeconds(now + 2), why="jammed", **opening),
        SessionEnded(at=UtcSeconds(now + 60), why="done", **names),
    )
    house.pass_time(5 * HOUR)
    house.collect(first.parcel)
    house.pass_time(3 * DAY)
    house.retrieve(second.parcel, "A2")
    house.complete_return(second.parcel)
    house.centre.run(_cancel(house, third.parcel))
    house.deposit(fourth.parcel, "A5")


def _cancel(house: House, parcel: Any) -> Any:
    from restante.operations.cancel import cancel

    return cancel(house.centre.means, house.acme, parcel=parcel)


def test_each_parcel_has_one_visit_with_its_times_and_how_it_ended(
    house: House, tmp_path: Path
) -> None:
    start = house.clock.now()
    live_a_week(house)
    done = export(house, tmp_path / "events")
    found = read(tmp_path / "events")
    by_end = {row["end"]: row for row in found["visits"]}
    assert set(by_end) == {"collected", "retrieved", "cancelled"}
    assert by_end["collected"]["deposited_at"] == start
    assert by_end["collected"]["ended_at"] == start + 5 * HOUR
    assert (by_end["collected"]["site"], by_end["collected"]["compartment"]) == (SITE, "A1")
    assert by_end["collected"]["size"] == by_end["collected"]["wanted_size"] == "M"
    assert by_end["retrieved"]["overdue_at"] is not None
    assert by_end["cancelled"]["deposited_at"] is None
    assert [(row["compartment"], row["end"]) for row in found["open"]] == [("A5", "")]
    assert len(found["returns"]) == 1
    assert done.page.position == house.centre.journal.head()
    assert done.rows == sum(len(found[table.name]) for table in tables.BY_DAY)


def test_sessions_doors_turn_aways_and_capacity_are_told(house: House, tmp_path: Path) -> None:
    live_a_week(house)
    export(house, tmp_path / "events", zones={SITE: "north"})
    found = read(tmp_path / "events")
    (session,) = found["sessions"]
    assert (session["role"], session["deposits"], session["turn_aways"]) == ("courier", 2, 1)
    assert session["ended_at"] - session["started_at"] == 60
    assert [row["outcome"] for row in found["doors"]] == ["opened", "failed"]
    (turned,) = found["turn_aways"]
    assert (turned["site"], turned["why"], turned["partner"]) == (SITE, "site_full", "acme")
    capacity = {(row["site"], row["size"]): row["count"] for row in found["capacity"]}
    assert capacity[SITE, "M"] == 4
    sites = parquet.ParquetFile(tmp_path / "events" / "sites.parquet").read().to_pylist()
    assert [(row["site"], row["zone"]) for row in sites] == [(SITE, "north"), ("site-02", "")]


def test_nothing_of_a_person_is_in_any_file(house: House, tmp_path: Path) -> None:
    live_a_week(house)
    export(house, tmp_path / "events")
    told = str(read(tmp_path / "events"))
    with house.centre.journal.reading() as connection:
        recipients = set(connection.scalars(select(PARCELS.c.recipient)))
    assert recipients
    for secret in (*recipients, "Anna", "Nowak", "anna@", COURIER + "'", "JJD0"):
        assert secret not in told


@given(st.data())
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_way_cut_anywhere_gives_what_one_way_gives(
    lived: tuple[House, Path], data: st.DataObject
) -> None:
    house, whole = lived
    folder = whole.parent / f"cut-{data.draw(st.uuids())}"
    facts = house.centre.journal.head()
    cuts = data.draw(st.lists(st.integers(1, 8), max_size=4))

    for calls in cuts:
        left = calls

        def cut(path: Path, target: Path) -> Path:
            nonlocal left
            left -= 1
            if left == 0:
                raise Cut
            return REPLACE(path, target)

        with pytest.MonkeyPatch.context() as patch:
            # Where files get their names is where a kill shows.
            patch.setattr(Path, "replace", cut)
            try:
                export(house, folder, facts_per_write=data.draw(st.integers(3, facts)))
            except Cut:
                continue
    export(house, folder)
    assert read(folder) == read(whole)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.operations.house import copy_house

    folder = tmp_path_factory.mktemp("lived")
    house = copy_house(folder / "house")
    live_a_week(house)
    export(house, folder / "whole")
    yield house, folder / "whole"
    house.centre.close()


def test_the_next_run_goes_on_where_the_last_one_ended(house: House, tmp_path: Path) -> None:
    done = house.announce("JJD01")
    house.deposit(done.parcel)
    first = export(house, tmp_path / "events")
    assert [row["parcel"] for row in read(tmp_path / "events")["open"]] == [done.parcel]
    house.collect(done.parcel)
    second = export(house, tmp_path / "events")
    assert second.facts == second.page.position - first.page.position
    found = read(tmp_path / "events")
    assert [row["end"] for row in found["visits"]] == ["collected"]
    assert found["open"] == []
    assert export(house, tmp_path / "events").facts == 0


def test_archived_months_are_read_from_their_archives(house: House, tmp_path: Path) -> None:
    live_a_week(house)
    export(house, tmp_path / "before")
    house.pass_time(70 * DAY)
    while house.centre.timekeeper.tick():
        pass
    export(house, tmp_path / "whole")
    archive_before(
        house.centre.journal,
        KINDS,
        tmp_path / "archive",
        before="2027-01",
        now=house.clock.now(),
        sign=lambda _: ("key", b"signature"),
    )
    assert house.centre.journal.floor() > 0
    with pytest.raises(BadEvents, match="archive_dir"):
        export(house, tmp_path / "late")
    export(house, tmp_path / "late", archive_dir=tmp_path / "archive")
    assert read(tmp_path / "late") == read(tmp_path / "whole")


def test_a_folder_of_another_network_or_beyond_the_journal_is_refused(
    house: House, tmp_path: Path
) -> None:
    export(house, tmp_path / "events")
    with pytest.raises(BadEvents, match="name another folder"):
        export_events(house.centre.journal, tmp_path / "events", network="other")
    files = EventFiles(tmp_path / "events")
    with files.writing(), pytest.raises(BadEvents, match="is being written"):
        export(house, tmp_path / "events")
    page = files.folder / "events.json"
    page.write_text(page.read_text().replace('"position":', '"position":9'))
    with pytest.raises(BadEvents, match="put back from a copy"):
        export(house, tmp_path / "events")
    page.write_text("{")
    with pytest.raises(BadEvents, match="empty folder"):
        export(house, tmp_path / "events")
