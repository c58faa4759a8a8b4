"""Sensors beside doors and content: read now and then, judged by the rules, told in short.

Rules
-----
S1  A reading is no fact: what follows from it by :mod:`restante.core.alarm` is, and once an hour
    what each sensor said in short.
S2  How long a value lies beyond a limit is kept in memory: after a restart it is counted anew. An
    alarm that was raised before stays raised, because it is a fact.
S3  A sensor that says nothing is not judged, and is counted anew when it speaks again.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from ..core import locker
from ..core.alarm import (
    KINDS_OF,
    AlarmKind,
    AlarmLimits,
    Measure,
    NoteMeasures,
    NoticeReading,
    Reading,
    Sensor,
    Side,
    alarm_key,
)
from ..core.door import Door
from ..core.ids import ActorId, CompartmentId
from ..core.session import Active
from ..core.value import HOUR, UtcSeconds
from .boards.port import Board
from .steady import SteadyClock
from .store import LockerStore

PERIOD_SECONDS: Final = 1
"""How often sensors are read at most: doors are read several times a second, a question for the
rest costs the line as much again, and an alarm has five seconds to the centre."""

MEASURE_SECONDS: Final = HOUR
"""How long one fact of what the sensors said covers (chosen: enough for a week's curve, and 24
facts a day)."""

_Place = tuple[Sensor, CompartmentId | None]


class _Tally:
    """What one sensor said since the last fact about it."""

    def __init__(self, value: int) -> None:
        self.min = self.max = self.sum = value
        self.count = 1

    def add(self, value: int) -> None:
        self.min, self.max = min(self.min, value), max(self.max, value)
        self.sum += value
        self.count += 1

    def measure(self, place: _Place) -> Measure:
        return Measure(
            sensor=place[0],
            min=self.min,
            max=self.max,
            mean=int(self.sum / self.count),
            count=self.count,
            compartment=place[1],
        )


class Sensors:
    """The sensors of one locker.

    Parameters
    ----------
    limits
        When a value is an alarm.
    """

    def __init__(
        self,
        store: LockerStore,
        board: Board,
        clock: SteadyClock,
        *,
        limits: AlarmLimits,
        by: ActorId,
    ) -> None:
        self.readings: tuple[Reading, ...] = ()
        """What the sensors said last; empty where there are none."""
        self._store = store
        self._board = board
        self._clock = clock
        self._limits = limits
        self._by = by
        self._sides: dict[str, tuple[Side, UtcSeconds]] = {}
        self._read_at: UtcSeconds | None = None
        self._tallies: dict[_Place, _Tally] = {}
        self._tallied_from = clock.now()

    def watch(self) -> tuple[locker.LockerFact, ...]:
        """Look at everything that is due, and write what follows."""
        at = self._clock.now()
        commands: list[locker.LockerCommand] = [*self._judge_doors(at), *self._judge_boards(at)]
        if self._read_at is None or abs(at - self._read_at) >= PERIOD_SECONDS:
            self._read_at = at
            commands += self._judge_readings(at)
        measured = self._sum_up(at)
        facts = self._store.record([*commands, *measured], by=self._by, at=at)
        if measured:
            # Only now: what could not be written is summed up again.
            self._tallies.clear()
            self._tallied_from = at
        return facts

    def _judge_doors(self, at: UtcSeconds) -> Iterator[NoticeReading]:
        """A door is left open when it is open and its visitor is gone; a forced one is known."""
        visit = self._store.state.visit
        here = visit.session if isinstance(visit, Active) else None
        for name, known in self._store.state.compartments.items():
            is_open = known.door is Door.OPEN
            is_left = is_open and (known.opening is None or known.opening.session != here)
            # A visitor's door does not end an alarm of a door that was never shut.
            if not is_open or is_left:
                yield from self._judge(AlarmKind.DOOR_LEFT_OPEN, int(is_left), at, name)

    def _judge_boards(self, at: UtcSeconds) -> Iterator[NoticeReading]:
        silent = self._board.silent_boards
        told = {
            one.board
            for one in self._store.state.alarms.values()
            if one.kind is AlarmKind.BOARD_SILENT and one.board is not None
        }
        for board in sorted(told | silent):
            yield from self._judge(AlarmKind.BOARD_SILENT, int(board in silent), at, board=board)

    def _judge_readings(self, at: UtcSeconds) -> Iterator[NoticeReading]:
        before = {_place_of(one) for one in self.readings}
        self.readings = tuple(self._board.read_sensors())
        heard = {_place_of(one) for one in self.readings}
        for sensor, compartment in before - heard:
            for kind in KINDS_OF[sensor]:
                self._sides.pop(alarm_key(kind, compartment, None), None)
        for one in self.readings:
            self._tally(one)
            for kind in KINDS_OF[one.sensor]:
                yield from self._judge(kind, one.value, at, one.compartment)

    def _judge(
        self,
        kind: AlarmKind,
        value: int,
        at: UtcSeconds,
        compartment: CompartmentId | None = None,
        board: int | None = None,
    ) -> Iterator[NoticeReading]:
        limit = self._limits.find(kind)
        key, side = alarm_key(kind, compartment, board), limit.side(value)
        is_active = key in self._store.state.alarms
        if side is not (Side.CLEARING if is_active else Side.RAISING):
            self._sides.pop(key, None)
            return
        before, since = self._sides.get(key, (side, at))
        # A clock that was set back must not make an alarm wait for the time it lost.
        since = min(since, at) if before is side else at
        self._sides[key] = (side, since)
        yield NoticeReading(
            at=at,
            kind=kind,
            value=value,
            limit=limit,
            since=since,
            compartment=compartment,
            board=board,
        )

    def _tally(self, one: Reading) -> None:
        known = self._tallies.get(_place_of(one))
        if known is None:
            self._tallies[_place_of(one)] = _Tally(one.value)
        else:
            known.add(one.value)

    def _sum_up(self, at: UtcSeconds) -> Sequence[NoteMeasures]:
        if abs(at - self._tallied_from) < MEASURE_SECONDS:
            return ()
        if not self._tallies:
            self._tallied_from = at
            return ()
        measures = tuple(tally.measure(place) for place, tally in self._tallies.items())
        return (NoteMeasures(at=at, since=self._tallied_from, measures=measures),)


def _place_of(one: Reading) -> _Place:
    return (one.sensor, one.compartment)
