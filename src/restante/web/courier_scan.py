"""What a scanned label means to the courier who holds the parcel.

One answer each: a word, a tone, and what to do. Nothing is changed by looking. It must not know
requests or templates.
"""

from typing import Final, NamedTuple

from restante.core.ids import SiteId
from restante.operations.accounts import Seat
from restante.partners.label import Malformed, parse_label
from restante.views.shown import ShownParcel, ShownSite

from .centre import Centre
from .courier_view import parcel_class


class Verdict(NamedTuple):
    """The answer to a scan."""

    kind: str
    """``good``, ``take_back``, ``wrong_site``, ``already_done``, ``not_yours``, ``no_room`` or
    ``unreadable``."""
    tone: str
    icon: str
    word: str
    text: str
    label: str = ""
    parcel: str = ""
    site: str = ""
    """Where it belongs, when that is another site."""


_DONE_TEXTS: Final = {
    "ready": "It lies in compartment {compartment} at {place} already.",
    "collected_by_recipient": "Its recipient has it.",
    "returning": "It was taken out and goes back to its sender. Bring it to the depot.",
    "returned_to_sender": "It is back with its sender.",
    "cancelled": "Its sender cancelled it. Do not put it in; bring it back to the depot.",
}


def judge_scan(centre: Centre, seat: Seat, text: str, at_site: SiteId | None) -> Verdict:
    """Say what a label means.

    Parameters
    ----------
    text
        As scanned or typed.
    at_site
        Where the courier stands; ``None`` for a check at the depot.
    """
    try:
        label = parse_label(text).value
    except Malformed:
        advice = "Scan again, or type the number below the bars."
        return Verdict("unreadable", "odd", "circle-question-mark", "Not readable", advice)
    found = centre.queries.parcels(seat.principal, label=label, limit=10).items
    if not found:
        advice = "No parcel you deliver has this label. Keep it apart and ask the depot."
        return Verdict("not_yours", "bad", "circle-x", "Not yours", advice, label)
    shown = found[0]
    place = centre.queries.site(shown.site, at=centre.clock.now())
    match shown.status:
        case "booked":
            return _to_deposit(shown, place, label, at_site)
        case "expired":
            return _to_take_back(shown, place, label, at_site)
        case "announced":
            advice = f"No room is kept for it at {place.name} any more. Bring it back to the depot."
            return Verdict("no_room", "warn", "triangle-alert", "No room", advice, label)
        case status:
            advice = _DONE_TEXTS.get(status, "Nothing is to be done with it.").format(
                compartment=shown.compartment or "", place=place.name
            )
            return Verdict("already_done", "info", "info", "Already done", advice, label)


def _to_deposit(
    shown: ShownParcel, place: ShownSite, label: str, at_site: SiteId | None
) -> Verdict:
    size = parcel_class(shown.size)
    if at_site is not None and shown.site != at_site:
        return _elsewhere(shown, place, label)
    where = "It belongs here" if at_site is not None else f"It goes to {place.name}"
    low = ", and needs a low door" if shown.needs_low_door else ""
    return Verdict(
        kind="good",
        tone="good",
        icon="circle-check",
        word="Good",
        text=f"{where}. Size {size}{low}.",
        label=label,
        parcel=shown.parcel,
    )


def _to_take_back(
    shown: ShownParcel, place: ShownSite, label: str, at_site: SiteId | None
) -> Verdict:
    if at_site is not None and shown.site != at_site:
        return _elsewhere(shown, place, label)
    return Verdict(
        kind="take_back",
        tone="good",
        icon="undo-2",
        word="Take it back",
        text=f"Its time has passed at {place.name}. Sign in at the locker; it opens the door.",
        label=label,
        parcel=shown.parcel,
    )


def _elsewhere(shown: ShownParcel, place: ShownSite, label: str) -> Verdict:
    return Verdict(
        kind="wrong_site",
        tone="warn",
        icon="triangle-alert",
        word="Wrong site",
        text=f"It goes to {place.name}. Put it back into the van.",
        label=label,
        site=shown.site,
    )
