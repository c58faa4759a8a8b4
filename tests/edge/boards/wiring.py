"""Boards to try things on: every kind, wired to an emulator in the same process or over TCP."""

from typing import Any, NamedTuple

from restante.core.ids import CompartmentId
from restante.edge.boards.bus import Bus, Timing
from restante.edge.boards.emulator import Conversation, LockBank, LoopPort
from restante.edge.boards.kinds import KINDS
from restante.edge.boards.wired import Place, WiredBoard
from tests.edge.cabinet import CONFIG

AT_ONCE = Timing(pause=0, answer=0.2, solenoid=0, look=0, reconnect=0)
NAMES = tuple(spec.id for spec in CONFIG.specs)
A1, A2 = NAMES[:2]


class Wired(NamedTuple):
    """A board and the doors it locks."""

    board: WiredBoard
    bank: LockBank
    places: dict[CompartmentId, Place]

    def at(self, name: CompartmentId) -> tuple[int, int]:
        place = self.places[name]
        return place.board, place.lock


def places_of(kind: str) -> dict[CompartmentId, Place]:
    """Wire the compartments to two boards, not in order."""
    first, second = list(KINDS[kind].dialect.boards)[:2]
    return {
        name: Place(first if number % 2 else second, 8 - number)
        for number, name in enumerate(NAMES)
    }


def wire(kind: str, **other: Any) -> Wired:
    """Wire a board to emulated boards in this process."""
    places = places_of(kind)
    bank = LockBank({place.board for place in places.values()}, 8)
    conversation = Conversation(bank, KINDS[kind].talk)
    bus = Bus(lambda: LoopPort(conversation), AT_ONCE)
    return Wired(WiredBoard(bus, KINDS[kind].dialect, places, **other), bank, places)
