"""What a locker makes of its sensors beside doors and content."""

from typing import Any

import msgspec
import pytest

from restante.core.alarm import AlarmCleared, AlarmKind, AlarmRaised, Sensor, SensorsMeasured
from restante.core.ids import CompartmentId
from restante.core.value import HOUR
from restante.edge.boards.simulated import BOARD
from restante.edge.sensors import MEASURE_SECONDS
from restante.journal.port import Full
from tests.edge.cabinet import START, Cabinet

A1 = CompartmentId("A1")


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


def active(cabinet: Cabinet) -> set[str]:
    return set(cabinet.controller.state.alarms)


def facts_of(cabinet: Cabinet, kind: type[Any]) -> list[Any]:
    stream = f"locker/{cabinet.controller.config.locker}"
    found = cabinet.journal.read(stream, after_version=0)
    return [one.fact for one in found if isinstance(one.fact, kind)]


@pytest.mark.parametrize(
    ("sensor", "well", "bad", "seconds", "kind"),
    [
        (Sensor.TAMPER, 0, 1, 0, AlarmKind.TAMPER),
        (Sensor.MAINS, 1, 0, 0, AlarmKind.MAINS_LOST),
        (Sensor.BATTERY, 12_900, 11_400, 60, AlarmKind.BATTERY_LOW),
        (Sensor.TEMPERATURE, 215, 512, 60, AlarmKind.HEAT),
        (Sensor.TEMPERATURE, 215, -201, 60, AlarmKind.COLD),
        (Sensor.HUMIDITY, 45, 93, 600, AlarmKind.DAMP),
    ],
)
def test_a_sensor_raises_its_alarm_in_time_and_clears_it_when_all_is_well_again(
    cabinet: Cabinet, sensor: Sensor, well: int, bad: int, seconds: int, kind: AlarmKind
) -> None:
    cabinet.board.set_sensor(sensor, well)
    cabinet.pass_time(900)
    assert not active(cabinet)

    cabinet.board.set_sensor(sensor, bad)
    cabinet.pass_time(1)
    if seconds:
        assert not active(cabinet)
        cabinet.pass_time(seconds - 1)
        assert not active(cabinet)
        cabinet.pass_time(1)
    assert active(cabinet) == {f"{kind}/"}
    (raised,) = facts_of(cabinet, AlarmRaised)
    assert (raised.kind, raised.value, raised.compartment) == (kind, bad, None)
    assert raised.at - raised.since == seconds

    cabinet.board.set_sensor(sensor, well)
    cabinet.pass_time(1)
    cabinet.pass_time(900)
    assert not active(cabinet)
    (cleared,) = facts_of(cabinet, AlarmCleared)
    assert (cleared.raised_at, cleared.value) == (raised.at, well)


def test_a_dip_under_the_pulse_of_a_lock_is_no_empty_battery(cabinet: Cabinet) -> None:
    for _ in range(5):
        cabinet.board.set_sensor(Sensor.BATTERY, 10_900)
        cabinet.pass_time(1)
        cabinet.board.set_sensor(Sensor.BATTERY, 12_700)
        cabinet.pass_time(60)
    assert not facts_of(cabinet, AlarmRaised)


def test_every_compartment_has_its_own_heat(cabinet: Cabinet) -> None:
    cabinet.board.set_sensor(Sensor.TEMPERATURE, 530, A1)
    cabinet.board.set_sensor(Sensor.TEMPERATURE, 300, CompartmentId("A2"))
    cabinet.pass_time(1)
    cabinet.pass_time(60)
    assert active(cabinet) == {"heat/A1"}


def test_a_visitor_may_leave_the_door_open_for_a_minute_and_no_longer(cabinet: Cabinet) -> None:
    cabinet.expect("p1")
    code = cabinet.grant("p1")
    (place,) = cabinet.bring("p1")
    cabinet.controller.sign_in_with_pin(code)
    cabinet.controller.collect(cabinet.controller.waiting()[0].grant)
    cabinet.board.take_out(place)
    for _ in range(4):
        cabinet.pass_time(60)
    assert not active(cabinet), "somebody stands before it"
    cabinet.controller.end_visit()
    cabinet.pass_time(1)
    cabinet.pass_time(59)
    assert not active(cabinet)
    cabinet.pass_time(1)
    assert active(cabinet) == {f"door_left_open/{place}"}
    cabinet.board.close(place)
    cabinet.pass_time(1)
    assert not active(cabinet)


def test_a_forced_door_is_told_as_such_and_not_as_left_open(cabinet: Cabinet) -> None:
    cabinet.board.force(A1)
    for _ in range(3):
        cabinet.pass_time(60)
    assert "compartment.door_forced.v1" in cabinet.facts()
    assert not active(cabinet)


def test_a_silent_board_is_a_fact_and_speaks_again_when_it_has_for_a_while(
    cabinet: Cabinet,
) -> None:
    cabinet.board.silence()
    cabinet.pass_time(1)
    (raised,) = facts_of(cabinet, AlarmRaised)
    assert (raised.kind, raised.board) == (AlarmKind.BOARD_SILENT, BOARD)
    for _ in range(4):
        cabinet.board.speak()
        cabinet.pass_time(1)
        cabinet.board.silence()
        cabinet.pass_time(1)
    assert len(facts_of(cabinet, AlarmRaised)) == 1, "a loose plug is one alarm"
    cabinet.board.speak()
    cabinet.pass_time(1)
    cabinet.pass_time(10)
    assert not active(cabinet)


def test_an_alarm_stays_raised_across_a_power_cut(cabinet: Cabinet) -> None:
    cabinet.board.set_sensor(Sensor.TAMPER, 1)
    cabinet.pass_time(1)
    cabinet.start()
    cabinet.pass_time(1)
    assert active(cabinet) == {"tamper/"}
    assert len(facts_of(cabinet, AlarmRaised)) == 1


def test_a_sensor_that_falls_silent_neither_raises_nor_clears(cabinet: Cabinet) -> None:
    cabinet.board.set_sensor(Sensor.TEMPERATURE, 530)
    cabinet.pass_time(1)
    cabinet.pass_time(30)
    cabinet.board.remove_sensor(Sensor.TEMPERATURE)
    cabinet.pass_time(1)
    cabinet.board.set_sensor(Sensor.TEMPERATURE, 530)
    cabinet.pass_time(40)
    assert not active(cabinet), "it is counted anew"
    cabinet.pass_time(60)
    assert active(cabinet) == {"heat/"}
    cabinet.board.remove_sensor(Sensor.TEMPERATURE)
    cabinet.pass_time(900)
    assert active(cabinet) == {"heat/"}


def test_an_hour_of_readings_is_one_fact(cabinet: Cabinet) -> None:
    cabinet.board.set_sensor(Sensor.HUMIDITY, 40, A1)
    for value in (40, 50, 60):
        cabinet.board.set_sensor(Sensor.HUMIDITY, value, A1)
        cabinet.pass_time(600)
    cabinet.pass_time(HOUR)
    (told,) = facts_of(cabinet, SensorsMeasured)
    assert told.since == START
    (measure,) = told.measures
    assert (measure.min, measure.max, measure.count) == (40, 60, 4)
    assert (measure.mean, measure.compartment, measure.sensor) == (52, A1, Sensor.HUMIDITY)
    cabinet.pass_time(10)
    assert len(facts_of(cabinet, SensorsMeasured)) == 1
    cabinet.pass_time(MEASURE_SECONDS)
    assert len(facts_of(cabinet, SensorsMeasured)) == 2


def test_a_locker_without_other_sensors_writes_nothing_about_them(cabinet: Cabinet) -> None:
    for _ in range(5):
        cabinet.pass_time(HOUR)
    assert not [tag for tag in cabinet.facts() if "alarm" in tag or "measured" in tag]
    assert cabinet.board.capabilities.sensors == frozenset()


def test_an_alarm_that_could_not_be_written_is_raised_when_there_is_room(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise Full("no room")

    cabinet.board.set_sensor(Sensor.TAMPER, 1)
    with monkeypatch.context() as patch:
        patch.setattr(cabinet.journal, "append", refuse)
        cabinet.pass_time(1)
        assert not active(cabinet)
        assert cabinet.controller.trouble == "full"
    cabinet.pass_time(1)
    assert active(cabinet) == {"tamper/"}
    assert msgspec.json.encode(cabinet.controller.sensors.readings)
