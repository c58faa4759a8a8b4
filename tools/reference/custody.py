"""The custody table: every state of a parcel × every command, as the rules answer today.

The page is compared with the rules by a test, so a changed rule shows as a changed cell. One
parcel and one clock are used throughout; where a rule looks at the time or at a detail, the state
or the command stands twice.
"""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from restante.core import parcel
from restante.core.hold import HoldPolicy
from restante.core.ids import (
    BookingId,
    CompartmentId,
    CourierId,
    GrantId,
    LockerId,
    ParcelId,
    PartnerId,
    RecipientId,
    SiteId,
)
from restante.core.particulars import Particulars, Place
from restante.core.refusal import Refused
from restante.core.size import ParcelSize
from restante.core.value import Grams, Millimeters, UtcSeconds

from .table import refuse_gaps, write_table

NOW = UtcSeconds(1_000_000)
EARLIER = UtcSeconds(NOW - 3_600)
LATER = UtcSeconds(NOW + 3_600)

ABOUT = Particulars(
    parcel=ParcelId("p-1"),
    partner=PartnerId("partner-1"),
    label="LABEL-1",
    recipient=RecipientId("r-1"),
    size=ParcelSize(
        length_mm=Millimeters(300),
        width_mm=Millimeters(200),
        height_mm=Millimeters(100),
        weight_g=Grams(1_500),
    ),
    site=SiteId("site-01"),
    hold=HoldPolicy(extension_count_max=1),
)
PLACE = Place(site=ABOUT.site, locker=LockerId("locker-01"), compartment=CompartmentId("A3"))
ELSEWHERE = replace(PLACE, site=SiteId("site-02"), locker=LockerId("locker-02"))
BOOKING, OTHER_BOOKING = BookingId("b-1"), BookingId("b-2")
COURIER = CourierId("c-1")

HELD = parcel.Held(about=ABOUT, place=PLACE, deposited_at=EARLIER, hold_until=LATER)
OVERDUE = parcel.Overdue(
    about=ABOUT, place=PLACE, deposited_at=EARLIER, hold_until=NOW, overdue_at=NOW
)

STATES: Mapping[str, parcel.Parcel] = {
    "unknown": parcel.Unknown(),
    "announced": parcel.Announced(about=ABOUT, announced_at=EARLIER),
    "booked": parcel.Booked(
        about=ABOUT, announced_at=EARLIER, booking=BOOKING, is_firm=False, expires_at=LATER
    ),
    "held": HELD,
    "held, extended once": replace(HELD, extension_count=1),
    "held, at its end": replace(HELD, hold_until=NOW),
    "held, found": replace(HELD, about=replace(ABOUT, is_found=True)),
    "overdue": OVERDUE,
    "collected": parcel.Collected(about=ABOUT, collected_at=EARLIER),
    "retrieved": parcel.Retrieved(about=ABOUT, courier=COURIER, retrieved_at=EARLIER),
    "returned": parcel.Returned(about=ABOUT, returned_at=EARLIER),
    "cancelled": parcel.Cancelled(about=ABOUT, cancelled_at=EARLIER),
}

LARGER = replace(ABOUT.size, height_mm=Millimeters(150))

COMMANDS: Mapping[str, parcel.ParcelCommand] = {
    "announce": parcel.Announce(at=NOW, about=ABOUT),
    "announce differently": parcel.Announce(at=NOW, about=replace(ABOUT, label="LABEL-2")),
    "correct size": parcel.CorrectSize(at=NOW, size=LARGER),
    "correct size to the same": parcel.CorrectSize(at=NOW, size=ABOUT.size),
    "confirm capacity": parcel.ConfirmCapacity(
        at=NOW, booking=BOOKING, site=ABOUT.site, is_firm=False, expires_at=LATER
    ),
    "confirm other capacity": parcel.ConfirmCapacity(
        at=NOW, booking=OTHER_BOOKING, site=ABOUT.site, is_firm=True, expires_at=LATER
    ),
    "lose capacity": parcel.LoseCapacity(at=NOW, booking=BOOKING, why="expired"),
    "lose other capacity": parcel.LoseCapacity(at=NOW, booking=OTHER_BOOKING, why="expired"),
    "deposit": parcel.Deposit(at=NOW, place=PLACE, courier=COURIER, hold_until=LATER),
    "deposit at another site": parcel.Deposit(
        at=NOW, place=ELSEWHERE, courier=COURIER, hold_until=LATER
    ),
    "extend hold": parcel.ExtendHold(at=NOW),
    "expire hold": parcel.ExpireHold(at=NOW),
    "collect": parcel.Collect(at=NOW, place=PLACE, grant=GrantId("g-1")),
    "collect, before the end": parcel.Collect(
        at=UtcSeconds(NOW - 1), place=PLACE, grant=GrantId("g-1")
    ),
    "retrieve": parcel.Retrieve(at=NOW, place=PLACE, courier=COURIER),
    "complete return": parcel.CompleteReturn(at=NOW),
    "cancel": parcel.Cancel(at=NOW, why="sender asked"),
}

HEAD = """# Custody table

What the rules of {term}`custody` answer, for every state of a {term}`parcel` and every command.
Read a row to see what one command does everywhere; read a column to see everything that can be
done with a parcel that stands there.

* **held** – the command is accepted, and this is where the parcel stands afterwards;
* an empty cell – it is already so: accepted, nothing is recorded;
* `not_held` – a {term}`refusal` with its [reason](reasons.md); nothing is recorded.

"""

WITNESS_HEAD = """## Reality is never refused

When a {term}`locker` reports what *has* happened, the centre records it in any state. Where it
contradicts what was believed, an {term}`anomaly` is recorded beside it, for a person to look at.
`collected` and `returned` are ends: a later report is recorded and does not change them.

"""


def write_page() -> str:
    """Write the table of decisions and the table of reports."""
    refuse_gaps("custody.py", parcel.Parcel, STATES)
    refuse_gaps("custody.py", parcel.ParcelCommand, COMMANDS)
    reported = {
        name: command
        for name, command in COMMANDS.items()
        if isinstance(command, parcel.Deposit | parcel.Collect | parcel.Retrieve)
    }
    decisions = write_table(STATES, COMMANDS, decided)
    reports = write_table(STATES, reported, witnessed)
    return HEAD + decisions + "\n" + WITNESS_HEAD + reports


def decided(state: parcel.Parcel, command: parcel.ParcelCommand) -> str:
    """Say in one cell what follows from a command."""
    try:
        facts = parcel.decide(state, command)
    except Refused as refusal:
        return f"`{refusal.reason}`"
    return f"**{after(state, facts)}**" if facts else ""


def witnessed(
    state: parcel.Parcel, command: parcel.Deposit | parcel.Collect | parcel.Retrieve
) -> str:
    """Say in one cell what a report leads to."""
    facts = parcel.witness(state, command)
    if not facts:
        return ""
    anomalies = [fact.reason for fact in facts if isinstance(fact, parcel.AnomalyNoticed)]
    return f"**{after(state, facts)}**" + "".join(f"; anomaly `{reason}`" for reason in anomalies)


def after(state: parcel.Parcel, facts: Sequence[parcel.ParcelFact]) -> str:
    """Name the state after some facts."""
    for fact in facts:
        state = parcel.evolve(state, fact)
    return type(state).__name__.lower()
