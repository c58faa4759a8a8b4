"""The compartment table: every situation of a compartment × everything that can come.

The situations are reached by telling their stories with the rules themselves, so none is shown
that cannot happen.
"""

from collections.abc import Sequence

from restante.core import compartment as core
from restante.core.compartment import (
    Assign,
    Compartment,
    CompartmentCommand,
    DropAssignment,
    PassTime,
    ReturnToService,
    TakeOutOfService,
)
from restante.core.content import REOPEN_SECONDS, Content
from restante.core.door import IntendOpening, NoticeDoor, ReportOpening
from restante.core.grant import Purpose
from restante.core.ids import CompartmentId, CourierId, GrantId, OpeningId, ParcelId, SessionId
from restante.core.refusal import Refused
from restante.core.value import UtcSeconds

from .table import refuse_gaps, write_table

NOW = UtcSeconds(1_000_000)
BEFORE = UtcSeconds(NOW - 60)
LONG_BEFORE = UtcSeconds(NOW - REOPEN_SECONDS)
A3 = CompartmentId("A3")
PARCEL, SESSION = ParcelId("p-1"), SessionId("s-1")
COURIER, GRANT = CourierId("c-1"), GrantId("g-1")
FIRST, SECOND, BEGUN, NEXT = (OpeningId(f"o-{number}") for number in range(1, 5))


def intend(purpose: Purpose, at: UtcSeconds, opening: OpeningId) -> IntendOpening:
    """Ask to open, by the person who usually does."""
    is_recipient = purpose in (Purpose.COLLECT, Purpose.REOPEN)
    return IntendOpening(
        at=at,
        compartment=A3,
        opening=opening,
        purpose=purpose,
        session=SESSION,
        courier=None if is_recipient else COURIER,
        grant=GRANT if is_recipient else None,
    )


def told(*story: CompartmentCommand, start: Compartment | None = None) -> Compartment:
    """Reach a situation by a story."""
    state = start or core.DECIDER.initial
    for command in story:
        state = core.DECIDER.fold(core.decide(state, command), state)
    return state


def visit(
    purpose: Purpose, at: UtcSeconds, opening: OpeningId = BEGUN
) -> tuple[CompartmentCommand, ...]:
    """Open for a purpose."""
    opened = ReportOpening(at=at, compartment=A3, opening=opening)
    return (intend(purpose, at, opening), opened)


def shut(at: UtcSeconds) -> NoticeDoor:
    """Close the door of a compartment without a content sensor."""
    return NoticeDoor(at=at, compartment=A3, is_open=False)


ASSIGNED = told(Assign(at=LONG_BEFORE, compartment=A3, parcel=PARCEL, session=SESSION))
OCCUPIED = told(*visit(Purpose.DEPOSIT, LONG_BEFORE, FIRST), shut(LONG_BEFORE), start=ASSIGNED)
COLLECTED = (*visit(Purpose.COLLECT, BEFORE, SECOND), shut(BEFORE))
COLLECTED_LONG_AGO = (*visit(Purpose.COLLECT, LONG_BEFORE, SECOND), shut(LONG_BEFORE))
UNCERTAIN = ReportOpening(at=BEFORE, compartment=A3, opening=BEGUN, failure="uncertain")
FORCED = NoticeDoor(at=BEFORE, compartment=A3, is_open=True)

STATES: dict[str, Compartment] = {
    "free": core.DECIDER.initial,
    "free, out of service": told(TakeOutOfService(at=BEFORE, compartment=A3, why="dirty")),
    "free, door forced": told(FORCED),
    "assigned": ASSIGNED,
    "assigned, opening": told(intend(Purpose.DEPOSIT, BEFORE, BEGUN), start=ASSIGNED),
    "assigned, uncertain": told(intend(Purpose.DEPOSIT, BEFORE, BEGUN), UNCERTAIN, start=ASSIGNED),
    "assigned, open": told(*visit(Purpose.DEPOSIT, BEFORE), start=ASSIGNED),
    "occupied": OCCUPIED,
    "occupied, opening": told(intend(Purpose.COLLECT, BEFORE, BEGUN), start=OCCUPIED),
    "occupied, uncertain": told(intend(Purpose.COLLECT, BEFORE, BEGUN), UNCERTAIN, start=OCCUPIED),
    "occupied, open to collect": told(*visit(Purpose.COLLECT, BEFORE), start=OCCUPIED),
    "occupied, open to retrieve": told(*visit(Purpose.RETRIEVE, BEFORE), start=OCCUPIED),
    "occupied, open for service": told(*visit(Purpose.SERVICE, BEFORE), start=OCCUPIED),
    "occupied, door forced": told(FORCED, start=OCCUPIED),
    "releasing": told(*COLLECTED, start=OCCUPIED),
    "releasing, open again": told(*COLLECTED, *visit(Purpose.REOPEN, BEFORE), start=OCCUPIED),
    "releasing, window over": told(*COLLECTED_LONG_AGO, start=OCCUPIED),
    "unclear": told(FORCED, shut(BEFORE), start=OCCUPIED),
}

COMMANDS: dict[str, CompartmentCommand] = {
    "assign": Assign(at=NOW, compartment=A3, parcel=PARCEL, session=SESSION),
    "assign to another parcel": Assign(
        at=NOW, compartment=A3, parcel=ParcelId("p-2"), session=SESSION
    ),
    "drop assignment": DropAssignment(at=NOW, compartment=A3, why="does_not_fit"),
    **{f"open to {purpose}": intend(purpose, NOW, NEXT) for purpose in Purpose},
    "report: opened": ReportOpening(at=NOW, compartment=A3, opening=BEGUN),
    "report: jammed": ReportOpening(at=NOW, compartment=A3, opening=BEGUN, failure="jammed"),
    "report: uncertain": ReportOpening(at=NOW, compartment=A3, opening=BEGUN, failure="uncertain"),
    "sensor: open": NoticeDoor(at=NOW, compartment=A3, is_open=True),
    "sensor: closed": shut(NOW),
    "sensor: closed, empty": NoticeDoor(at=NOW, compartment=A3, is_open=False, has_content=False),
    "sensor: closed, full": NoticeDoor(at=NOW, compartment=A3, is_open=False, has_content=True),
    "take out of service": TakeOutOfService(at=NOW, compartment=A3, why="damaged"),
    "return to service": ReturnToService(at=NOW, compartment=A3),
    "time passes": PassTime(at=NOW, compartment=A3),
}

HEAD = """# Compartment table

What a {term}`controller` concludes about one {term}`compartment`, for every situation and
everything that can come: a {term}`command`, a report of the lock board, a sensor, time.

* **occupied, door closed** – accepted, and this is the situation afterwards;
* an empty cell – it is already so, or nothing follows from it;
* `door_open` – a {term}`refusal` with its [reason](reasons.md); no lock is pulsed.

"""


def write_page() -> str:
    """Write the table."""
    refuse_gaps("compartments.py", core.CompartmentCommand, COMMANDS)
    shown = {state.content for state in STATES.values()}
    if absent := set(Content) - shown:
        raise LookupError(f"tell a story in tools/reference/compartments.py of: {absent}")
    return HEAD + write_table(STATES, COMMANDS, decided)


def decided(state: Compartment, command: CompartmentCommand) -> str:
    """Say in one cell what follows."""
    try:
        facts = core.decide(state, command)
    except Refused as refusal:
        return f"`{refusal.reason}`"
    return f"**{after(state, facts)}**" if facts else ""


def after(state: Compartment, facts: Sequence[core.CompartmentFact]) -> str:
    """Name the situation after some facts."""
    state = core.DECIDER.fold(facts, state)
    named = f"{state.content}, door {state.door}"
    return named if state.out_of_service is None else f"{named}, out of service"
