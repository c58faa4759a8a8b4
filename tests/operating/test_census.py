"""Figures of a network cost the same however large it is, and say what a full count would say."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, insert

from restante.core.alarm import Reading, Sensor
from restante.core.remote import Outcome
from restante.core.size import size_class
from restante.views.alarms import LOCKER_READINGS
from restante.views.census import UNREPORTED, Census
from restante.views.tables import COMPARTMENTS, LOCKER_LINKS, LOCKERS, SITES
from restante.wiring.centre import Centre
from restante.wiring.metrics import Metrics
from tests.house.repository import ROOT
from tests.operating.conftest import Places
from tests.operations.afar import Afar
from tests.operations.house import House, layout, open_house

NOW = 1_795_420_800
STATES = ("free", "occupied", "assigned")
COMPARTMENTS_EACH = 5


def fill(centre: Centre, count: int, *, first: int = 0) -> None:
    """Write rows of so many lockers, a part of them away and a part with unreported doors."""
    specs = layout(COMPARTMENTS_EACH - 1)
    encoded = msgspec.json.encode(specs)
    names = [f"l{number:05d}" for number in range(first, first + count)]
    site: dict[str, Any] = {
        column.name: 0.0 if column.name in ("latitude", "longitude") else "x"
        for column in SITES.columns
    }
    kinds = ("locker", "parcel_room")
    link = {"release": "", "epoch": "e1", "list_version": 1, "unsent_count": 0}
    with centre.journal.writing() as connection:
        connection.execute(
            insert(SITES),
            [
                {**site, "site": f"s-{name}", "kind": kinds[n % 2], "opened_at": 0}
                for n, name in enumerate(names)
            ],
        )
        connection.execute(
            insert(LOCKERS),
            [{"locker": n, "site": f"s-{n}", "model": "", "layout": encoded} for n in names],
        )
        connection.execute(
            insert(LOCKER_LINKS),
            [
                {**link, "locker": name, "seen_at": NOW - (3_600 if n % 5 == 0 else 10)}
                for n, name in enumerate(names)
            ],
        )
        connection.execute(
            insert(LOCKER_READINGS),
            [
                {
                    "locker": name,
                    "readings": msgspec.json.encode(
                        (Reading(sensor=Sensor.TEMPERATURE, value=n - 50),)
                    ),
                    "read_at": NOW,
                }
                for n, name in enumerate(names)
            ],
        )
        connection.execute(
            insert(COMPARTMENTS),
            [
                {
                    "locker": name,
                    "compartment": spec.id,
                    "content": STATES[(n + place) % 3],
                    "door": "open" if (n + place) % 7 == 0 else "closed",
                    "parcel": None,
                    "out_of_service": "jammed" if (n + place) % 11 == 0 else None,
                    "opening_count": 0,
                    "failure_count": 0,
                    "changed_at": 0,
                    "position": 0,
                }
                for n, name in enumerate(names)
                for place, spec in enumerate(specs)
                # The last door of every fourth locker was never reported.
                if n % 4 or place < COMPARTMENTS_EACH - 1
            ],
        )


def expected(count: int) -> tuple[Counter[tuple[str, str, str]], int]:
    states: Counter[tuple[str, str, str]] = Counter()
    open_doors = 0
    for n in range(count):
        for place, spec in enumerate(layout(COMPARTMENTS_EACH - 1)):
            is_reported = n % 4 or place < COMPARTMENTS_EACH - 1
            state = STATES[(n + place) % 3] if is_reported else UNREPORTED
            if is_reported and (n + place) % 11 == 0:
                state = "out_of_service"
            states[("locker", "parcel_room")[n % 2], size_class(spec.volume_mm3), state] += 1
            open_doors += bool(is_reported and (n + place) % 7 == 0)
    return states, open_doors


@pytest.fixture
def bare(places: Places) -> Iterator[House]:
    folder, address = places.make()
    opened = House.reopen(folder, at=NOW, database=address)  # type: ignore[arg-type]
    yield opened
    opened.centre.close()


@pytest.mark.parametrize("per_look", [3, 7, 1_000])
def test_a_count_by_parts_is_the_count_of_all(bare: House, per_look: int) -> None:
    fill(bare.centre, 60)
    census = Census(
        online_seconds=900,
        lockers_per_look=per_look,
        compartments_per_look=per_look * COMPARTMENTS_EACH,
    )
    looks = 0
    while not census.is_whole:
        assert census.lockers() is None or census.compartments() is None
        with bare.centre.journal.reading() as connection:
            census.look(connection, NOW)  # type: ignore[arg-type]
        looks += 1
    # One look more where the last part is full: nobody knows yet that nothing follows.
    assert 0 <= looks - -(-60 // per_look) <= 1
    lockers, compartments = census.lockers(), census.compartments()
    assert lockers is not None
    assert compartments is not None
    assert lockers.total.known == {"locker": 30, "parcel_room": 30}
    assert lockers.total.online == {"locker": 24, "parcel_room": 24}
    assert (lockers.total.coldest, lockers.total.hottest) == (-5.0, 0.9)
    assert (compartments.total.states, compartments.total.open_doors) == expected(60)


def test_what_changes_and_what_comes_is_counted_within_one_round(bare: House) -> None:
    fill(bare.centre, 20)
    census = Census(online_seconds=900, lockers_per_look=6, compartments_per_look=30)

    def go_round(at: int) -> None:
        for _ in range(6):
            with bare.centre.journal.reading() as connection:
                census.look(connection, at)  # type: ignore[arg-type]

    go_round(NOW)
    fill(bare.centre, 8, first=20)
    # In the middle of a stretch that was counted before, and longer than one look with it.
    with bare.centre.journal.writing() as connection:
        for name in ("l00003a", "l00003b"):
            row = {"locker": name, "site": "s-l00003", "model": ""}
            connection.execute(insert(LOCKERS), {**row, "layout": msgspec.json.encode(layout(4))})
        connection.execute(COMPARTMENTS.update().values(content="free", out_of_service=None))
    go_round(NOW + 100)
    go_round(NOW + 200)
    lockers, compartments = census.lockers(), census.compartments()
    assert lockers is not None
    assert compartments is not None
    assert lockers.total.known.total() == 30
    assert compartments.total.states.total() == 30 * COMPARTMENTS_EACH
    assert {state for _, _, state in compartments.total.states} == {"free", UNREPORTED}
    assert compartments.oldest_at > NOW


class Watch:
    """Counts what a database is asked, and how much it has to do for it."""

    def __init__(self, centre: Centre) -> None:
        self.statements = 0
        self.steps = 0
        journal: Any = centre.journal
        event.listen(journal._readers, "before_cursor_execute", self._before)

    def _before(self, connection: Any, *_: Any) -> None:
        self.statements += 1
        driver = connection.connection.driver_connection
        # Called after so many instructions of SQLite's machine: rows read, indexes walked, ...
        driver.set_progress_handler(self._step, 100)

    def _step(self) -> int:
        self.steps += 1
        return 0


def cost_of_a_scrape(folder: Path, count: int) -> tuple[int, int]:
    folder.mkdir(mode=0o700)
    house = House.reopen(folder, at=NOW)  # type: ignore[arg-type]
    fill(house.centre, count)
    census = Census(online_seconds=900, lockers_per_look=20, compartments_per_look=100)
    metrics = Metrics(house.centre, kept_seconds=0, census=census)
    while not census.is_whole:
        metrics.write()
    watch = Watch(house.centre)
    metrics.write()
    house.centre.close()
    return watch.statements, watch.steps


def test_a_scrape_costs_the_same_in_a_network_twenty_times_as_large(tmp_path: Path) -> None:
    small = cost_of_a_scrape(tmp_path / "small", 40)
    large = cost_of_a_scrape(tmp_path / "large", 800)
    assert small[0] == large[0] <= 20
    assert 0 < large[1] < small[1] * 1.3, (small, large)


def test_asked_again_at_once_nothing_large_is_counted(bare: House) -> None:
    fill(bare.centre, 10)
    metrics = Metrics(bare.centre)
    first = metrics.write().decode()
    with bare.centre.journal.writing() as connection:
        connection.execute(COMPARTMENTS.delete())
    again = metrics.write().decode()
    assert "restante_compartments{" in first
    lines = [line for line in first.splitlines() if line.startswith("restante_compartments{")]
    assert all(line in again for line in lines)


def families(text: str) -> dict[str, Any]:
    return {one.name: one for one in text_string_to_metric_families(text)}


def test_compartments_are_told_by_size_and_state(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    house.deposit(house.announce("CENSUS01").parcel, "A1")
    told = families(Metrics(house.centre).write().decode())["restante_compartments"].samples
    found = {(s.labels["size"], s.labels["state"]): s.value for s in told}
    assert found[("M", "occupied")] == 1
    assert sum(found.values()) == 10
    house.centre.close()


def test_opening_from_afar_is_timed_until_the_locker_took_it(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    afar = Afar(house)
    metrics = Metrics(house.centre)
    asked = afar.ask()
    house.centre.orders.turn()
    afar.pass_time(4)
    assert afar.outcome(asked) is Outcome.TAKEN
    told = families(metrics.write().decode())["restante_remote_opening_seconds"].samples
    values = {s.name.removeprefix("restante_remote_opening_seconds_"): s.value for s in told}
    shown = afar.shown(asked.order)
    assert shown.sent_at is not None
    assert shown.ended_at is not None
    assert (values["count"], values["sum"]) == (1, shown.ended_at - shown.sent_at) == (1, 4)
    afar.controller.store.close()
    house.centre.close()


def documented() -> tuple[set[str], set[str]]:
    """Names in the table of figures, and those set beside the names of the research."""
    page = (ROOT / "docs" / "howto" / "operate-a-network.md").read_text(encoding="utf-8")
    figures, compared = page.split("## Figures")[1].split("### Other names")
    rows = [line for line in figures.splitlines() if line.startswith("| `")]
    names = {name for row in rows for name in re.findall(r"`(restante_\w+)`", row.split("|")[1])}
    compared = compared.split("\n## ")[0]
    return names, set(re.findall(r"`(restante_\w+)", compared))


def test_every_figure_is_documented_and_every_documented_figure_is_told(tmp_path: Path) -> None:
    house = open_house(tmp_path)
    metrics = Metrics(house.centre)
    metrics.watch("page", "GET", 200, 0.1)
    told = {
        f"{one.name}_total" if one.type == "counter" else one.name
        for one in families(metrics.write().decode()).values()
        if not one.name.endswith("_created")
    }
    house.centre.close()
    names, compared = documented()
    # No copy was made in this house, and notices have no process of their own.
    of_notices = {one for one in names if one.startswith("restante_notice")}
    assert of_notices
    assert names - of_notices - {"restante_backup_age_seconds"} == told
    assert compared <= names
