"""Alarms of one locker: what its other sensors say, when that is an alarm, and when it is over.

Rules
-----
A1  There is one alarm of a kind at a place at most: it is raised when none is active, and cleared
    when one is.
A2  A reading raises when it has been beyond the raising limit for long enough, and clears when it
    has been beyond the clearing limit for long enough. Between the two limits nothing follows, so
    that a value swinging there raises no second alarm.
A3  Only a reading changes anything: a sensor that says nothing
    neither raises nor clears.
A4  An alarm of a compartment that is built out
    ends with it.

How long a value has been beyond a limit is told with the reading: readings are no facts, only
what follows from them is.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from .ids import CompartmentId
from .value import MINUTE, Command, Fact, UtcSeconds, Value


class Sensor(StrEnum):
    """What a sensor beside door and content measures; all values are whole numbers."""

    TEMPERATURE = "temperature"
    """Tenths of a degree Celsius."""
    HUMIDITY = "humidity"
    """Relative, percent."""
    BATTERY = "battery"
    """Voltage of the battery, in millivolts."""
    MAINS = "mains"
    """1 while there is mains power, 0 without."""
    TAMPER = "tamper"
    """1 while the housing is open or moved, else 0."""


class AlarmKind(StrEnum):
    """What somebody should look at."""

    TAMPER = "tamper"
    DOOR_LEFT_OPEN = "door_left_open"
    """A door stands open and the visit it was opened in is over."""
    BOARD_SILENT = "board_silent"
    """A lock board does not answer: its doors can neither be read nor opened."""
    HEAT = "heat"
    COLD = "cold"
    DAMP = "damp"
    MAINS_LOST = "mains_lost"
    BATTERY_LOW = "battery_low"


KINDS_OF: Mapping[Sensor, tuple[AlarmKind, ...]] = {
    Sensor.TEMPERATURE: (AlarmKind.HEAT, AlarmKind.COLD),
    Sensor.HUMIDITY: (AlarmKind.DAMP,),
    Sensor.BATTERY: (AlarmKind.BATTERY_LOW,),
    Sensor.MAINS: (AlarmKind.MAINS_LOST,),
    Sensor.TAMPER: (AlarmKind.TAMPER,),
}
"""The alarms a sensor can raise."""


class Side(StrEnum):
    """Where a value lies between two limits."""

    RAISING = "raising"
    BETWEEN = "between"
    CLEARING = "clearing"


class Limit(Value):
    """When a value is an alarm, and when it is none any more; which is higher says which way."""

    raise_at: int
    """The first value that raises."""
    clear_at: int
    """The first value that clears; another than ``raise_at``."""
    raise_after_seconds: int = 0
    """How long it must be beyond the limit."""
    clear_after_seconds: int = 0

    def side(self, value: int) -> Side:
        """Tell where a value lies."""
        way = 1 if self.raise_at > self.clear_at else -1
        if way * value >= way * self.raise_at:
            return Side.RAISING
        return Side.CLEARING if way * value <= way * self.clear_at else Side.BETWEEN


def _yes_no(*, raise_after_seconds: int = 0, clear_after_seconds: int = 0) -> Limit:
    return Limit(
        raise_at=1,
        clear_at=0,
        raise_after_seconds=raise_after_seconds,
        clear_after_seconds=clear_after_seconds,
    )


class AlarmLimits(Value):
    """The limits of one locker, by kind of alarm."""

    tamper: Limit = _yes_no(clear_after_seconds=MINUTE)
    """At once; over when the housing has been shut for a minute (chosen: loose switches rattle)."""
    door_left_open: Limit = _yes_no(raise_after_seconds=MINUTE)
    """A minute after the visit (reliability T18)."""
    board_silent: Limit = _yes_no(clear_after_seconds=10)
    """At once: the driver has asked three times before it says so. Clears after ten seconds of
    answers (chosen: a loose plug comes and goes)."""
    heat: Limit = Limit(
        raise_at=500, clear_at=450, raise_after_seconds=MINUTE, clear_after_seconds=MINUTE
    )
    """50.0 and 45.0 degrees Celsius (chosen: electronics of lockers are commonly rated to 60, goods
    bear less)."""
    cold: Limit = Limit(
        raise_at=-200, clear_at=-150, raise_after_seconds=MINUTE, clear_after_seconds=MINUTE
    )
    """-20.0 and -15.0 degrees Celsius (chosen: where displays and solenoids commonly end)."""
    damp: Limit = Limit(
        raise_at=90, clear_at=80, raise_after_seconds=10 * MINUTE, clear_after_seconds=10 * MINUTE
    )
    """Percent (chosen: an open door in the rain is over in ten minutes, a leak is not)."""
    mains_lost: Limit = Limit(raise_at=0, clear_at=1, clear_after_seconds=30)
    """At once; over when power has been back for half a minute (chosen: it seldom comes back at
    the first try)."""
    battery_low: Limit = Limit(
        raise_at=11_500, clear_at=12_400, raise_after_seconds=MINUTE, clear_after_seconds=MINUTE
    )
    """Millivolts of a 12 V lead battery (chosen: nearly empty, and charging again). The pulse of a
    lock lets the voltage dip for less than a second."""

    def find(self, kind: AlarmKind) -> Limit:
        """Find the limit of a kind."""
        limit: Limit = getattr(self, kind.value)
        return limit


class Reading(Value):
    """What a sensor says now."""

    sensor: Sensor
    value: int
    compartment: CompartmentId | None = None
    """Where it is; ``None`` for the locker as a whole."""


class Alarm(Value):
    """An alarm that is active."""

    kind: AlarmKind
    value: int
    limit: int
    """The limit that was crossed."""
    since: UtcSeconds
    """When the value went beyond the limit."""
    raised_at: UtcSeconds
    compartment: CompartmentId | None = None
    board: int | None = None


Alarms: TypeAlias = Mapping[str, Alarm]
"""Active alarms by :func:`alarm_key`."""


class AlarmRaised(Fact, tag="locker.alarm_raised.v1"):
    """Something at the locker needs to be looked at: an alarm."""

    kind: AlarmKind
    value: int
    """In the unit of its sensor; 1 for what is only so or not."""
    limit: int
    since: UtcSeconds
    compartment: CompartmentId | None = None
    board: int | None = None
    """Address of the lock board, for a silent one."""


class AlarmCleared(Fact, tag="locker.alarm_cleared.v1"):
    """What the alarm was about is over."""

    kind: AlarmKind
    value: int
    limit: int
    raised_at: UtcSeconds
    """When it was raised: with kind and place this names the alarm."""
    compartment: CompartmentId | None = None
    board: int | None = None


class Measure(Value):
    """What one sensor said over a while."""

    sensor: Sensor
    min: int
    max: int
    mean: int
    """Rounded towards zero."""
    count: int
    """Readings it is made of."""
    compartment: CompartmentId | None = None


class SensorsMeasured(Fact, tag="locker.sensors_measured.v1"):
    """What the sensors said over a while, in short."""

    since: UtcSeconds
    measures: tuple[Measure, ...]


AlarmFact: TypeAlias = AlarmRaised | AlarmCleared | SensorsMeasured


class NoticeReading(Command, tag="notice_reading"):
    """Note what a sensor says, and for how long it has been so."""

    kind: AlarmKind
    value: int
    limit: Limit
    since: UtcSeconds
    """Since when the value has been on this side of the limits."""
    compartment: CompartmentId | None = None
    board: int | None = None


class NoteMeasures(Command, tag="note_measures"):
    """Keep a while's readings in short."""

    since: UtcSeconds
    measures: tuple[Measure, ...]


AlarmCommand: TypeAlias = NoticeReading | NoteMeasures


def alarm_key(kind: AlarmKind, compartment: CompartmentId | None, board: int | None) -> str:
    """Name what has one alarm at most (A1): ``heat/A3``, ``board_silent/#2``, ``tamper/``."""
    place = compartment if compartment is not None else "" if board is None else f"#{board}"
    return f"{kind}/{place}"


def decide(state: Alarms, command: AlarmCommand) -> tuple[AlarmFact, ...]:
    """Say what follows from a command."""
    if isinstance(command, NoteMeasures):
        measured = SensorsMeasured(at=command.at, since=command.since, measures=command.measures)
        return (measured,) if command.measures else ()
    limit, lasted = command.limit, command.at - command.since
    active = state.get(alarm_key(command.kind, command.compartment, command.board))
    side = limit.side(command.value)
    if active is None:
        is_due = side is Side.RAISING and lasted >= limit.raise_after_seconds
        return (_raised(command),) if is_due else ()
    is_over = side is Side.CLEARING and lasted >= limit.clear_after_seconds
    return (_cleared(active, command.at, command.value, limit.clear_at),) if is_over else ()


def clear_gone(
    state: Alarms, compartments: Iterable[CompartmentId], at: UtcSeconds
) -> tuple[AlarmCleared, ...]:
    """End the alarms of compartments that are not there any more (A4)."""
    left = frozenset(compartments)
    return tuple(
        _cleared(one, at, one.value, one.limit)
        for one in state.values()
        if one.compartment is not None and one.compartment not in left
    )


def evolve(state: Alarms, fact: AlarmFact) -> dict[str, Alarm]:
    """Say what is active after a fact; any fact in any state."""
    match fact:
        case AlarmRaised():
            alarm = Alarm(
                kind=fact.kind,
                value=fact.value,
                limit=fact.limit,
                since=fact.since,
                raised_at=fact.at,
                compartment=fact.compartment,
                board=fact.board,
            )
            return {**state, alarm_key(fact.kind, fact.compartment, fact.board): alarm}
        case AlarmCleared():
            gone = alarm_key(fact.kind, fact.compartment, fact.board)
            return {key: alarm for key, alarm in state.items() if key != gone}
        case _:
            return dict(state)


def _raised(command: NoticeReading) -> AlarmRaised:
    return AlarmRaised(
        at=command.at,
        kind=command.kind,
        value=command.value,
        limit=command.limit.raise_at,
        since=command.since,
        compartment=command.compartment,
        board=command.board,
    )


def _cleared(alarm: Alarm, at: UtcSeconds, value: int, limit: int) -> AlarmCleared:
    return AlarmCleared(
        at=at,
        kind=alarm.kind,
        value=value,
        limit=limit,
        raised_at=alarm.raised_at,
        compartment=alarm.compartment,
        board=alarm.board,
    )
