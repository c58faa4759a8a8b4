"""The rules of alarms, one sentence each, and that nothing flaps."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restante.core import alarm as core
from restante.core import locker
from restante.core.alarm import (
    AlarmCleared,
    AlarmKind,
    AlarmLimits,
    AlarmRaised,
    Limit,
    Measure,
    NoteMeasures,
    NoticeReading,
    Sensor,
    SensorsMeasured,
    Side,
)
from restante.core.ids import CompartmentId
from restante.core.value import UtcSeconds
from tests.factories import A1, A3, LOCKER, NOON, after
from tests.scenario import stories_of

lockers = stories_of(locker.DECIDER)
HEAT = AlarmLimits().heat


def hot(value: int, seconds: int = 0, *, lasted: int = 0, where: CompartmentId = A3):
    at = after(seconds)
    return NoticeReading(
        at=at,
        kind=AlarmKind.HEAT,
        value=value,
        limit=HEAT,
        since=UtcSeconds(at - lasted),
        compartment=where,
    )


too_hot = lockers.having(hot(510, lasted=60))


def test_a_value_beyond_its_limit_for_long_enough_is_an_alarm():
    told = lockers.when(hot(500, 90, lasted=60)).then(
        AlarmRaised(
            at=after(90),
            kind=AlarmKind.HEAT,
            value=500,
            limit=500,
            since=after(30),
            compartment=A3,
        )
    )
    assert list(told.state.alarms) == ["heat/A3"]


def test_a_value_beyond_its_limit_for_a_moment_is_none():
    lockers.when(hot(510, lasted=59)).then()


def test_an_alarm_that_is_active_is_not_raised_again():
    too_hot.when(hot(600, 500, lasted=500)).then()


def test_the_same_alarm_at_another_place_is_another_alarm():
    told = too_hot.when(hot(510, lasted=60, where=A1)).follows(AlarmRaised)
    assert set(told.state.alarms) == {"heat/A1", "heat/A3"}


def test_between_the_limits_nothing_is_cleared():
    too_hot.when(hot(451, 9_000, lasted=9_000)).then()


def test_a_value_back_beyond_the_other_limit_for_long_enough_clears():
    told = too_hot.when(hot(440, 400, lasted=60)).then(
        AlarmCleared(
            at=after(400),
            kind=AlarmKind.HEAT,
            value=440,
            limit=450,
            raised_at=NOON,
            compartment=A3,
        )
    )
    assert not told.state.alarms
    told.when(hot(440, 500, lasted=160)).then()


def test_a_value_back_for_a_moment_does_not_clear():
    too_hot.when(hot(440, 400, lasted=59)).then()


def test_a_limit_knows_its_way_by_which_of_its_values_is_higher():
    falling = AlarmLimits().battery_low
    sides = [falling.side(value) for value in (11_500, 11_501, 12_399, 12_400)]
    assert sides == [Side.RAISING, Side.BETWEEN, Side.BETWEEN, Side.CLEARING]
    assert [HEAT.side(value) for value in (500, 499, 451, 450)] == sides


def test_a_board_falls_silent_beside_a_locker_that_is_moved():
    command = NoticeReading(
        at=NOON, kind=AlarmKind.BOARD_SILENT, value=1, limit=AlarmLimits().board_silent, since=NOON,
        board=2,
    )  # fmt: skip
    shaken = NoticeReading(
        at=NOON, kind=AlarmKind.TAMPER, value=1, limit=AlarmLimits().tamper, since=NOON
    )
    told = lockers.having(command, shaken)
    assert set(told.state.alarms) == {"board_silent/#2", "tamper/"}


def test_what_sensors_said_is_kept_in_short():
    measure = Measure(sensor=Sensor.HUMIDITY, min=40, max=60, mean=50, count=3)
    note = NoteMeasures(at=after(3600), since=NOON, measures=(measure,))
    lockers.when(note).then(SensorsMeasured(at=after(3600), since=NOON, measures=(measure,)))


def test_nothing_said_is_nothing_kept():
    lockers.when(NoteMeasures(at=after(3600), since=NOON, measures=())).then()


def test_an_alarm_of_a_compartment_that_is_built_out_ends_with_it():
    installed = lockers.having(
        locker.InstallLocker(at=NOON, locker=LOCKER, compartments=(A1, A3)),
        hot(510, lasted=60),
        hot(510, lasted=60, where=A1),
    )
    told = installed.when(
        locker.InstallLocker(at=after(9), locker=LOCKER, compartments=(A1,))
    ).follows(locker.LockerInstalled, AlarmCleared)
    assert set(told.state.alarms) == {"heat/A1"}


def test_the_end_of_an_alarm_nobody_knows_changes_nothing():
    gone = AlarmCleared(
        at=NOON, kind=AlarmKind.DAMP, value=1, limit=2, raised_at=NOON, compartment=A3
    )
    assert too_hot.given(gone).state == too_hot.state


@pytest.mark.parametrize("kind", AlarmKind)
def test_every_kind_of_alarm_has_room_or_time_between_its_limits(
    kind: AlarmKind,
):
    limit = AlarmLimits().find(kind)
    assert limit.raise_at != limit.clear_at
    has_room = abs(limit.raise_at - limit.clear_at) > 1
    assert has_room or limit.clear_after_seconds or limit.raise_after_seconds


def test_every_sensor_raises_something_and_every_kind_has_one_source():
    kinds = [kind for found in core.KINDS_OF.values() for kind in found]
    by_state = {AlarmKind.DOOR_LEFT_OPEN, AlarmKind.BOARD_SILENT}
    assert set(core.KINDS_OF) == set(Sensor)
    assert sorted([*kinds, *by_state]) == sorted(AlarmKind)


REACHED: Counter[str] = Counter()


@st.composite
def limits(draw: st.DrawFn) -> Limit:
    low, band = draw(st.integers(-300, 300)), draw(st.integers(1, 80))
    raises_up = draw(st.booleans())
    return Limit(
        raise_at=low + band if raises_up else low,
        clear_at=low if raises_up else low + band,
        raise_after_seconds=draw(st.sampled_from((0, 3, 60))),
        clear_after_seconds=draw(st.sampled_from((0, 3, 60))),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(limits(), st.data())
def test_no_value_however_it_swings_raises_twice_without_a_clear_or_inside_the_band(
    limit: Limit, data: st.DataObject
):
    """Each alarm is one raise beyond one limit and one clear beyond the other, in turn."""
    low, high = sorted((limit.raise_at, limit.clear_at))
    values = st.one_of(
        st.integers(low - 3, low), st.integers(low, high), st.integers(high, high + 3)
    )
    swings = data.draw(st.lists(st.tuples(st.integers(1, 40), values), min_size=20, max_size=60))
    state: dict[str, core.Alarm] = {}
    at, told, side, since = int(NOON), [], None, int(NOON)
    for pause, value in swings:
        at += pause
        if limit.side(value) is not side:
            side, since = limit.side(value), at
        command = NoticeReading(
            at=UtcSeconds(at),
            kind=AlarmKind.DAMP,
            value=value,
            limit=limit,
            since=UtcSeconds(since),
        )
        facts = core.decide(state, command)
        for fact in facts:
            state = core.evolve(state, fact)
            told.append(type(fact))
            assert side is (Side.RAISING if isinstance(fact, AlarmRaised) else Side.CLEARING)
        assert not (facts and side is Side.BETWEEN)
    assert told == [(AlarmRaised, AlarmCleared)[turn % 2] for turn in range(len(told))]
    REACHED["swings"] += len(swings)
    REACHED["raised"] += told.count(AlarmRaised)
    REACHED["cleared"] += told.count(AlarmCleared)
    REACHED["swung in the band"] += sum(limit.side(value) is Side.BETWEEN for _, value in swings)


def test_the_swings_have_reached_alarms_and_their_ends():
    print(dict(REACHED))
    assert REACHED["cleared"] > 30 < REACHED["raised"]
    assert REACHED["swung in the band"] > 100
