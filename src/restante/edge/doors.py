"""Doors: write the intent, pulse once, write what came of it, and watch until they are shut.

Rules
-----
D1  The lock is pulsed only after its intent is on the disk.
D2  One intent, at most one pulse, also across a crash: an intent found without result is never
    pulsed (core makes it uncertain), the door's sensor tells the rest.
D3  What the sensors say is written when it differs from what is known.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from ..clock import Minter
from ..core import compartment, locker
from ..core.content import Content
from ..core.door import Door, NoticeDoor, OpeningIntended, ReportOpening
from ..core.ids import ActorId, CompartmentId, OpeningId, ParcelId
from ..core.value import UtcSeconds, Value
from .boards.port import Board, OpenResult
from .steady import SteadyClock
from .store import LockerStore

OPENING_SECONDS_MAX: Final = 5
"""How long a pulsed door may take until its sensor tells (chosen: slow boards take two)."""

OPENING_READINGS_MIN: Final = 3
"""Readings a pulsed door gets at least, however much time has passed."""

Fault = Callable[[str], None]
"""Called at named points where a crash would hurt most; tests stop the program there."""


class Outcome(StrEnum):
    """What came of asking for a door."""

    OPENED = "opened"
    PENDING = "pending"
    """Pulsed; watch the compartment's state."""
    FAILED = "failed"
    """It stayed shut; ask again or take another."""


class Opening(Value):
    """A door that was asked for."""

    compartment: CompartmentId
    opening: OpeningId
    outcome: Outcome
    why: str = ""
    """For a failure: ``jammed``, ``silent`` or ``refused``."""
    parcel: ParcelId | None = None


def fault_free(_point: str) -> None:
    """Let everything go well."""


class Doors:
    """The doors of one locker."""

    def __init__(
        self,
        store: LockerStore,
        board: Board,
        clock: SteadyClock,
        minter: Minter,
        *,
        by: ActorId,
        fault: Fault = fault_free,
    ) -> None:
        self._store = store
        self._board = board
        self._clock = clock
        self._minter = minter
        self._by = by
        self._fault = fault
        self._pulsed: dict[CompartmentId, tuple[UtcSeconds, int]] = {}

    def new_opening(self) -> OpeningId:
        """Name a new intent."""
        return OpeningId(self._minter.make("o"))

    def open(
        self,
        *commands: locker.LockerCommand,
        compartment: CompartmentId,
        opening: OpeningId,
        by: ActorId,
    ) -> Opening:
        """Record commands that intend an opening, then pulse.

        Parameters
        ----------
        commands
            The last of them asks for the opening; those before it are written with it.
        """
        self._fault("edge.before_intent")
        facts = self._store.record(commands, by=by, at=self._clock.now(), cause=opening)
        self._fault("edge.after_intent")
        parcel = self._store.state.compartments[compartment].parcel
        is_new = any(isinstance(fact, OpeningIntended) for fact in facts)
        if not is_new:
            # Asked again for an opening that was intended before: never a second pulse (D2).
            return Opening(
                compartment=compartment, opening=opening, outcome=Outcome.PENDING, parcel=parcel
            )
        result = self._board.open(compartment)
        self._fault("edge.after_pulse")
        outcome, why = self._report(compartment, opening, result)
        self._fault("edge.after_result")
        return Opening(
            compartment=compartment, opening=opening, outcome=outcome, why=why, parcel=parcel
        )

    def _report(
        self, name: CompartmentId, opening: OpeningId, result: OpenResult
    ) -> tuple[Outcome, str]:
        if result is OpenResult.PENDING:
            self._pulsed[name] = (self._clock.now(), 0)
            return Outcome.PENDING, ""
        failure = None if result is OpenResult.OPENED else result.value
        self._store.record(
            [
                ReportOpening(
                    at=self._clock.now(), compartment=name, opening=opening, failure=failure
                )
            ],
            by=self._by,
            at=self._clock.now(),
            cause=opening,
        )
        if result is OpenResult.OPENED:
            return Outcome.OPENED, ""
        if result is OpenResult.UNCERTAIN:
            return Outcome.PENDING, ""
        return Outcome.FAILED, result.value

    def watch(self) -> tuple[locker.LockerFact, ...]:
        """Read all sensors and write what is new (D3)."""
        doors, items = self._board.read_doors(), self._board.read_items()
        facts: list[locker.LockerFact] = []
        for name, known in tuple(self._store.state.compartments.items()):
            if _is_calm(known, doors.get(name)):
                continue
            commands = self._noticed(name, known, doors, items)
            if commands:
                cause = known.opening.opening if known.opening is not None else ""
                facts += self._store.record(
                    commands, by=self._by, at=self._clock.now(), cause=cause
                )
        return tuple(facts)

    def _noticed(
        self,
        name: CompartmentId,
        known: compartment.Compartment,
        doors: Mapping[CompartmentId, bool],
        items: Mapping[CompartmentId, bool],
    ) -> list[locker.LockerCommand]:
        at = self._clock.now()
        commands: list[locker.LockerCommand] = []
        is_open = doors.get(name)
        if is_open is not None and _is_news(known.door, is_open=is_open):
            self._pulsed.pop(name, None)
            commands.append(
                NoticeDoor(at=at, compartment=name, is_open=is_open, has_content=items.get(name))
            )
        elif known.door is Door.OPENING:
            commands += self._give_up(name, known)
        elif known.content is Content.RELEASING and known.door is Door.CLOSED:
            commands.append(compartment.PassTime(at=at, compartment=name))
        return commands

    def _give_up(
        self, name: CompartmentId, known: compartment.Compartment
    ) -> list[locker.LockerCommand]:
        at = self._clock.now()
        # An opening whose result could not be written (disk full) is watched like a slow one.
        since, readings = self._pulsed.get(name, (at, 0))
        self._pulsed[name] = (since, readings + 1)
        is_over = at >= since + OPENING_SECONDS_MAX and readings + 1 >= OPENING_READINGS_MIN
        if not is_over or known.opening is None:
            return []
        del self._pulsed[name]
        opening = known.opening.opening
        return [ReportOpening(at=at, compartment=name, opening=opening, failure="jammed")]


def _is_calm(known: compartment.Compartment, is_open: bool | None) -> bool:
    """Whether nothing can be new: shut, seen shut, and nothing waits for its time."""
    return known.door is Door.CLOSED and not is_open and known.content is not Content.RELEASING


def _is_news(door: Door, *, is_open: bool) -> bool:
    if is_open:
        return door not in (Door.OPEN, Door.FORCED)
    return door in (Door.OPEN, Door.FORCED, Door.UNCERTAIN)
