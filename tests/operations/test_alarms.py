"""Alarms at the centre: a matter for each, ended with it, and what people wrote stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from restante.core.alarm import AlarmCleared, AlarmKind, AlarmRaised, Reading, Sensor
from restante.core.ids import CompartmentId
from restante.core.value import UtcSeconds
from restante.link.message import Heartbeat
from restante.operations.beats import NotedBeat, note_heartbeats
from restante.operations.service import handle_matter
from tests.operations.house import LOCKER, OPERATOR, House, open_house

A1 = CompartmentId("A1")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    opened = open_house(tmp_path)
    yield opened
    opened.centre.close()


def raised(house: House, kind: AlarmKind = AlarmKind.HEAT, **other: object) -> AlarmRaised:
    at = house.clock.now()
    given = {"value": 512, "limit": 500, "compartment": A1, **other}
    return AlarmRaised(at=at, kind=kind, since=UtcSeconds(at - 60), **given)  # type: ignore[arg-type]


def cleared(fact: AlarmRaised, at: UtcSeconds) -> AlarmCleared:
    return AlarmCleared(
        at=at,
        kind=fact.kind,
        value=440,
        limit=450,
        raised_at=fact.at,
        compartment=fact.compartment,
        board=fact.board,
    )


def matters(house: House, status: str = "open"):
    found = house.centre.queries.matters(OPERATOR, status=status)
    return [one for one in found if one.key.startswith("alarm/")]


def test_an_alarm_is_a_matter_with_its_place_and_value_in_words(house: House) -> None:
    house.report(raised(house))
    (matter,) = matters(house)
    assert (matter.kind, matter.compartment, matter.locker) == ("heat", A1, LOCKER)
    assert matter.detail == "51.2 °C, limit 50.0 °C"
    shown = house.centre.queries.locker(OPERATOR, LOCKER)
    assert [one.kind for one in shown.alarms] == [AlarmKind.HEAT]


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_kind_of_alarm_is_said_in_words(house: House, kind: AlarmKind) -> None:
    house.report(raised(house, kind, board=2))
    (matter,) = matters(house)
    assert matter.kind == kind
    assert " " in matter.detail


def test_an_alarm_that_is_over_resolves_its_matter(house: House) -> None:
    fact = raised(house)
    house.report(fact)
    house.report(cleared(fact, UtcSeconds(fact.at + 600)))
    assert not matters(house)
    (matter,) = matters(house, "resolved")
    assert matter.handled_by == f"locker:{LOCKER}"
    assert not house.centre.queries.locker(OPERATOR, LOCKER).alarms


def test_what_somebody_noted_stays_when_the_alarm_is_over(house: House) -> None:
    fact = raised(house)
    house.report(fact)
    (matter,) = matters(house)
    note = handle_matter(
        OPERATOR, owner=LOCKER, key=matter.key, status="acknowledged", note="Awning ordered."
    )
    house.centre.run(note)
    house.report(cleared(fact, UtcSeconds(fact.at + 600)))
    (matter,) = matters(house, "resolved")
    assert (matter.note, matter.handled_by) == ("Awning ordered.", OPERATOR.actor)


def test_the_next_alarm_of_a_kind_does_not_overwrite_the_last(house: House) -> None:
    first = raised(house)
    house.report(first)
    house.report(cleared(first, UtcSeconds(first.at + 600)))
    house.clock.set(UtcSeconds(first.at + 9_000))
    house.report(raised(house))
    assert len(matters(house)) == len(matters(house, "resolved")) == 1


def test_the_end_of_an_alarm_nobody_heard_of_is_kept_and_changes_nothing(house: House) -> None:
    house.report(cleared(raised(house), house.clock.now()))
    assert not matters(house) + matters(house, "resolved")


def test_partners_do_not_see_how_a_locker_is_guarded(house: House) -> None:
    house.report(raised(house))
    house.centre.run(note_heartbeats([NotedBeat(beat(house), house.clock.now())]))
    shown = house.centre.queries.locker(house.acme, LOCKER)
    assert (shown.alarms, shown.readings, shown.read_at) == ((), (), None)


def test_a_heartbeat_brings_the_newest_readings(house: House) -> None:
    house.centre.run(note_heartbeats([NotedBeat(beat(house), house.clock.now())]))
    shown = house.centre.queries.locker(OPERATOR, LOCKER)
    assert shown.readings == beat(house).readings
    assert shown.read_at == house.clock.now()


def beat(house: House) -> Heartbeat:
    return Heartbeat(
        locker=LOCKER,
        at=house.clock.now(),
        unsent_count=0,
        unsent_since=None,
        list_version=1,
        readings=(Reading(sensor=Sensor.TEMPERATURE, value=215),),
    )
