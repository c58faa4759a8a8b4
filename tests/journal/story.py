"""A small world for the journal's tests: boxes that marbles are added to and taken from."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from sqlalchemy import BigInteger, Column, MetaData, Table, Text

from restante.core.ids import ActorId, StreamName
from restante.core.value import Fact, UtcSeconds, Value
from restante.journal.memory import MemoryJournal
from restante.journal.port import (
    Batch,
    Derived,
    Entry,
    Recorded,
    RowChange,
    StreamKind,
    Unit,
    Work,
)
from restante.journal.sql import SqlJournal

AnyJournal: TypeAlias = MemoryJournal | SqlJournal

BY = ActorId("operator:test")
NOW = UtcSeconds(1_800_000_000)


class Added(Fact, tag="box.added.v1"):
    """Marbles were added."""

    count: int
    note: str = ""


class Taken(Fact, tag="box.taken.v1"):
    """Marbles were taken."""

    count: int


class Emptied(Fact, tag="box.emptied.v1"):
    """The box was emptied."""


class Box(Value):
    """How many marbles are in a box."""

    marbles: int = 0
    facts: int = 0


class Kind(NamedTuple):
    """The box's way of being read."""

    initial: Box
    evolve: object
    state_type: type[Box]
    fact_types: tuple[type[Fact], ...]


def evolve(state: Box, fact: Fact) -> Box:
    """Count marbles."""
    facts = state.facts + 1
    match fact:
        case Added(count=count):
            return Box(marbles=state.marbles + count, facts=facts)
        case Taken(count=count):
            return Box(marbles=state.marbles - count, facts=facts)
        case Emptied():
            return Box(marbles=0, facts=facts)
    return state


KINDS: dict[str, StreamKind] = {"box": Kind(Box(), evolve, Box, (Added, Taken, Emptied))}  # type: ignore[dict-item]

VIEWS = MetaData()
BOXES = Table(
    "boxes",
    VIEWS,
    Column("owner", Text, primary_key=True),
    Column("marbles", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)
NOTES = Table(
    "notes",
    VIEWS,
    Column("owner", Text, primary_key=True),
    Column("note", Text, primary_key=True),
    Column("text", Text, unique=True),
)


def derive(recorded: Sequence[Recorded], state: Value) -> Derived:
    """Keep one row for each box that has marbles, and ask for a notice when it is emptied."""
    assert isinstance(state, Box)
    last = recorded[-1]
    owner = last.stream.partition("/")[2]
    values = {"marbles": state.marbles, "position": last.position} if state.marbles else None
    work = [
        Work(f"emptied/{one.stream}/{one.version}", "notice", b"{}", one.fact.at)
        for one in recorded
        if isinstance(one.fact, Emptied)
    ]
    return Derived([RowChange("boxes", (owner,), values)], work)


def box(name: str) -> StreamName:
    """Name a box's stream."""
    return StreamName(f"box/{name}")


def unit(name: str, expected: int, *facts: Fact, state: Box | None = None) -> Unit:
    """Make a unit whose state is the fold from nothing unless given."""
    folded = Box()
    for fact in facts:
        folded = evolve(folded, fact)
    return Unit(box(name), expected, [Entry(fact=fact, by=BY) for fact in facts], state or folded)


def batch(*units: Unit, rows: Sequence[RowChange] = (), work: Sequence[Work] = ()) -> Batch:
    """Make a batch."""
    return Batch(units, rows, work)


def added(count: int = 1, at: int = NOW) -> Added:
    """Add marbles."""
    return Added(at=UtcSeconds(at), count=count)
