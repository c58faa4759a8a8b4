"""Alarms and readings of a locker in plain words, for operators' pages.

One place for units: core counts in whole numbers, people read degrees and volts.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from restante.core.alarm import Alarm, AlarmKind, Reading, Sensor
from restante.core.value import UtcSeconds

from .words import Look, look_of_matter, step_for

NAMES: Final[dict[Sensor, str]] = {
    Sensor.TEMPERATURE: "Temperature",
    Sensor.HUMIDITY: "Humidity",
    Sensor.BATTERY: "Battery",
    Sensor.MAINS: "Mains power",
    Sensor.TAMPER: "Housing",
}

_SENSOR_OF: Final[dict[AlarmKind, Sensor]] = {
    AlarmKind.HEAT: Sensor.TEMPERATURE,
    AlarmKind.COLD: Sensor.TEMPERATURE,
    AlarmKind.DAMP: Sensor.HUMIDITY,
    AlarmKind.BATTERY_LOW: Sensor.BATTERY,
}


class AlarmLine(NamedTuple):
    """An active alarm as it is read."""

    look: Look
    place: str
    """A compartment or a lock board; empty for the locker as a whole."""
    measured: str
    """What was measured against which limit; empty for what is only so or not."""
    since: UtcSeconds
    step: str
    """The one next action."""


class ReadingLine(NamedTuple):
    """The newest reading of one sensor."""

    name: str
    place: str
    value: str


def alarm_lines(alarms: Sequence[Alarm]) -> list[AlarmLine]:
    """Write active alarms, the oldest first."""
    return [
        AlarmLine(
            look_of_matter(one.kind.value),
            one.compartment or ("" if one.board is None else f"board {one.board}"),
            _measured(one),
            one.since,
            step_for(one.kind.value),
        )
        for one in alarms
    ]


def reading_lines(readings: Sequence[Reading]) -> list[ReadingLine]:
    """Write the newest readings: those of the whole locker first, then compartments by name."""
    order = list(NAMES)
    ordered = sorted(readings, key=lambda one: (one.compartment or "", order.index(one.sensor)))
    return [
        ReadingLine(NAMES[one.sensor], one.compartment or "", show_value(one.sensor, one.value))
        for one in ordered
    ]


def show_value(sensor: Sensor, value: int) -> str:
    """Write a value with its unit."""
    match sensor:
        case Sensor.TEMPERATURE:
            return f"{value / 10:.1f} °C"
        case Sensor.HUMIDITY:
            return f"{value} %"
        case Sensor.BATTERY:
            return f"{value / 1000:.1f} V"
        case Sensor.MAINS:
            return "there" if value else "lost"
        case Sensor.TAMPER:
            return "opened or moved" if value else "shut"


def _measured(one: Alarm) -> str:
    sensor = _SENSOR_OF.get(one.kind)
    if sensor is None:
        return ""
    return f"{show_value(sensor, one.value)}, limit {show_value(sensor, one.limit)}"
