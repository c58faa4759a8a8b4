"""Sensors of a city's lockers have something to tell, and it ends by itself."""

import random
from pathlib import Path

import pytest

from restante.core.alarm import AlarmCleared, AlarmKind, AlarmRaised
from restante.core.ids import locker_stream
from restante.core.value import HOUR
from restante.settings import read_settings
from restante.sim.arrivals import Labels, draw_parcels
from restante.sim.city import make_city
from restante.sim.town import PARTNER
from restante.views.principal import Principal
from restante.wiring.headless import STARTS_AT
from restante.wiring.town import Town, build_town

CITY = make_city(lockers=6, counters=0)
OPERATOR = Principal.of_operator("ada")
HOURS = 40
"""A tour, the collections after it, and the end of every trouble."""


def live(folder: Path, seed: int) -> Town:
    settings = read_settings(environ={}, arguments={"data_dir": folder, "zone": "Europe/Berlin"})
    town = build_town(settings, starts_at=STARTS_AT, seed=seed, is_watched=False, city=CITY)
    dice, labels = random.Random(seed), Labels()
    for number, stand in enumerate(town.stands):
        drawn = draw_parcels(dice, labels, stand.site, 8, first_number=number * 8)
        town.world.announce(drawn, partner=PARTNER)
    town.world.open_for_business()
    sensing = town.world.let_things_go_wrong(seed)
    town.world.agenda.after(HOUR, lambda: sensing.show_each(town.stands))
    town.world.agenda.run_until(STARTS_AT + HOURS * HOUR)
    return town


def alarms_of(town: Town) -> list[tuple[str, str, int]]:
    told = []
    for stand in town.stands:
        facts = town.office.journal.read(locker_stream(stand.locker), after_version=0)
        told += [
            (str(stand.locker), f"{type(one.fact).__name__} {one.fact.kind}", int(one.fact.at))
            for one in facts
            if isinstance(one.fact, AlarmRaised | AlarmCleared)
        ]
    return told


@pytest.fixture
def town(tmp_path: Path):
    lived = live(tmp_path / "one", seed=7)
    yield lived
    lived.close()


def test_every_trouble_of_a_day_becomes_a_matter_and_is_resolved_by_itself(town: Town):
    told = alarms_of(town)
    kinds = {what.split()[1] for _, what, _ in told}
    print(f"{len(told)} facts of alarms: {sorted(kinds)}")
    assert kinds >= {
        AlarmKind.HEAT,
        AlarmKind.MAINS_LOST,
        AlarmKind.BATTERY_LOW,
        AlarmKind.TAMPER,
        AlarmKind.BOARD_SILENT,
        AlarmKind.DOOR_LEFT_OPEN,
    }
    matters = town.office.centre.queries.matters(OPERATOR, status="resolved", limit=500)
    assert kinds <= {one.kind for one in matters}
    raised = [what for _, what, _ in told if what.startswith("AlarmRaised")]
    open_now = sum(len(stand.controller.state.alarms) for stand in town.stands)
    assert len(raised) == len(told) - len(raised) + open_now


def test_the_same_seed_tells_the_same_alarms(town: Town, tmp_path: Path):
    again = live(tmp_path / "two", seed=7)
    try:
        assert alarms_of(again) == alarms_of(town) != []
    finally:
        again.close()
