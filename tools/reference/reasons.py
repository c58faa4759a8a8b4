"""The page of reasons: why a rule said no, and what to do about it."""

from restante.api.problem import REASON_STATUS
from restante.core.refusal import Reason
from restante.notices.texts import REFUSALS

HEAD = """# Reasons

Why a rule said no. Every {term}`refusal` carries one of these stable values: in the problem
details of the HTTP API, in the queue of things that need a person, and behind the text on a
locker's screen. A new value may come with any release; the meaning of one never changes.

*HTTP* is the status the API answers with. *People read* is what stands on pages and in answers in
English; German, Polish and Spanish are in the catalogs of `notices`.

| reason | HTTP | what it means | what to do | people read |
|---|---|---|---|---|
"""

MEANINGS: dict[Reason, tuple[str, str]] = {
    Reason.ALREADY_ANNOUNCED: (
        "The parcel is known, with other particulars.",
        "Read it; correct its size, or cancel it and announce another.",
    ),
    Reason.NOT_ANNOUNCED: ("Nobody told us about the parcel.", "Announce it first."),
    Reason.NOT_POSSIBLE_NOW: (
        "The command does not fit where things stand.",
        "Read the current state and decide again.",
    ),
    Reason.PARCEL_CANCELLED: (
        "The parcel was cancelled.",
        "If it comes after all, announce it as a new parcel.",
    ),
    Reason.PARCEL_ENDED: (
        "The parcel was collected, retrieved or returned.",
        "Nothing; its story is over.",
    ),
    Reason.PARCEL_IN_COMPARTMENT: (
        "The parcel lies in a compartment.",
        "Wait until it is collected or retrieved.",
    ),
    Reason.NOT_HELD: ("The parcel lies in no compartment.", "Wait for its deposit."),
    Reason.NOT_OVERDUE: (
        "Its recipient may still collect the parcel.",
        "Wait until its hold ends.",
    ),
    Reason.HOLD_EXPIRED: (
        "The agreed time has passed.",
        "Ask the partner; a courier will retrieve the parcel.",
    ),
    Reason.HOLD_NOT_EXPIRED: ("The agreed time still runs.", "Wait until it ends."),
    Reason.EXTENSION_LIMIT: (
        "The hold was extended as often as was agreed.",
        "Collect the parcel before its hold ends.",
    ),
    Reason.PARCEL_TOO_LARGE: (
        "A side is not a measure that a parcel can have.",
        "Measure again; sides are in millimetres.",
    ),
    Reason.PARCEL_TOO_HEAVY: (
        "The weight is not one that a parcel can have.",
        "Weigh again; weights are in grams.",
    ),
    Reason.SITE_UNKNOWN: ("There is no such site.", "Choose one from the list of sites."),
    Reason.SITE_FULL: (
        "Not everything would fit at every moment of the window.",
        "Choose another time or a site nearby.",
    ),
    Reason.SITE_CLOSED: (
        "The site accepts nothing in that window.",
        "Choose a window outside its closures, or another site.",
    ),
    Reason.NOTHING_FITS: (
        "No compartment in service takes a parcel of this size or weight.",
        "Choose a site with larger compartments, or a counter.",
    ),
    Reason.NO_REACHABLE_COMPARTMENT: (
        "The recipient needs a low door and none fits.",
        "Choose another site or a counter; a high door is never given instead.",
    ),
    Reason.BOOKING_UNKNOWN: (
        "There is no such booking, or not any more.",
        "Book again.",
    ),
    Reason.BOOKING_EXPIRED: ("The booking ended before it was firm.", "Book again."),
    Reason.BOOKING_CONSUMED: (
        "The booked parcel is already inside.",
        "Nothing; the room is in use.",
    ),
    Reason.WRONG_SITE: (
        "The parcel is expected at another site.",
        "Bring it there; the detail names the site.",
    ),
    Reason.NOT_EXPECTED: (
        "This locker does not know the parcel.",
        "Check the label; bring the parcel back if it stays unknown.",
    ),
    Reason.COMPARTMENT_UNKNOWN: (
        "The locker has no such compartment.",
        "Check the name on the door.",
    ),
    Reason.COMPARTMENT_OCCUPIED: ("Something lies in the compartment.", "Choose another one."),
    Reason.COMPARTMENT_OUT_OF_SERVICE: (
        "The compartment is not to be used.",
        "Choose another one, or take it into service again after a look.",
    ),
    Reason.DOOR_OPEN: ("A door stands open.", "Close it and go on."),
    Reason.SESSION_ACTIVE: (
        "Somebody else is using the locker.",
        "Wait until they are done.",
    ),
    Reason.NO_SESSION: (
        "Nobody has begun at this locker, or it took too long.",
        "Begin again.",
    ),
    Reason.NOT_YOUR_PARCEL: (
        "The parcel belongs to somebody else.",
        "Check the label, or sign in for the right carrier.",
    ),
    Reason.ACCESS_DENIED: (
        "The code does not open anything here; it is not said why.",
        "Type it again, or ask for a new one.",
    ),
    Reason.TOO_MANY_ATTEMPTS: (
        "Too many wrong codes were typed.",
        "Wait for the time shown, or ask for help.",
    ),
    Reason.GRANT_UNKNOWN: ("There is no such permission.", "Ask for a new code."),
    Reason.GRANT_REVOKED: ("The permission was taken back.", "Use the newest code."),
    Reason.GRANT_CONSUMED: ("The permission was used.", "Nothing; the door was opened with it."),
    Reason.GRANT_NOT_YET: ("The permission begins later.", "Come back at the time it names."),
    Reason.GRANT_EXPIRED: ("The permission has ended.", "Ask for a new code."),
    Reason.TOO_MANY_OPENINGS: (
        "The door was opened as often as the permission allows.",
        "Ask for help at the locker.",
    ),
    Reason.ORDER_EXPIRED: (
        "An order to open from afar came more than a minute after it was given, or before.",
        "Ask again; if it stays so, set the locker's clock.",
    ),
    Reason.ORDER_REPLAYED: (
        "An order to open from afar came again, or after a later one.",
        "Ask again; if it stays so, look who writes to the broker.",
    ),
    Reason.NOT_PRESENT: (
        "A recipient asked from afar without naming what the locker's screen shows.",
        "Stand before the locker and type what it shows.",
    ),
    Reason.OFFLINE_BUDGET_SPENT: (
        "The locker has given out as much without the centre as it may.",
        "Restore its line; the parcel is safe until then.",
    ),
    Reason.TIME_UNKNOWN: (
        "The locker's clock is lost, and a courier's certificate cannot be judged without it.",
        "Restore its line: the centre tells it the time.",
    ),
}


def write_page() -> str:
    """Write every reason with its status, its meaning, its remedy and its text.

    Raises
    ------
    LookupError
        When a reason has no words, no status or no text yet.
    """
    for place, known in (
        ("tools/reference/reasons.py", MEANINGS),
        ("restante/api/problem.py", REASON_STATUS),
        ("restante/notices/texts.py", REFUSALS),
    ):
        if absent := [reason.value for reason in Reason if reason not in known]:
            raise LookupError(f"add to {place}: {', '.join(absent)}")
    rows = [
        f"| `{reason}` | {REASON_STATUS[reason]} | {MEANINGS[reason][0]} | {MEANINGS[reason][1]} "
        f"| {REFUSALS[reason]} |"
        for reason in Reason
    ]
    return HEAD + "\n".join(rows) + "\n"
