"""A parcel's life in words: what a recipient reads, in their language.

The public status and the facts decide; the words are English keys of the catalog. It must not
know pages or addresses, and codes never come here.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from restante.core.hold import HoldPolicy
from restante.core.value import UtcSeconds
from restante.views.shown import ShownParcel, TimelineEntry

from .local_time import left_words, long_time, short_time, span_words
from .page import iso

Translate = Callable[[str], str]


class Story(NamedTuple):
    """What the top of the page says."""

    badge: str
    title: str
    lede: str


class Step(NamedTuple):
    """One line of the timeline, as ``ui.timeline`` draws it."""

    title: str
    icon: str = "circle-dot"
    tone: str = "quiet"
    at: str = ""
    when: str = ""
    detail: str = ""
    is_next: bool = False


class Deadline(NamedTuple):
    """Until when a parcel waits."""

    iso: str
    text: str
    left: str
    is_near: bool


class Extending(NamedTuple):
    """The rule of extending, and what extending now would bring."""

    left_count: int
    step: str
    """How much longer one extension lets it wait: ``1 day``."""
    until: str
    """The new deadline."""


class Wording(NamedTuple):
    """How a reader reads."""

    translate: Translate
    language: str
    zone: str

    def short(self, at: UtcSeconds) -> str:
        """Write a moment briefly."""
        return short_time(at, self.zone, self.language)

    def long(self, at: UtcSeconds) -> str:
        """Write a moment with full names."""
        return long_time(at, self.zone, self.language)


NEAR_SECONDS: Final = 3 * 3600
"""A deadline this close is marked, as in ``js/time-left.js``."""


def _(text: str) -> str:
    """Mark a text for the catalog; it is translated when it is shown."""
    return text


_STORIES: Final[dict[str, Story]] = {
    "announced": Story(
        _("Expected"),
        _("We expect your parcel from {sender}"),
        _("You get a message with your code as soon as it lies in the locker."),
    ),
    "booked": Story(
        _("On its way"),
        _("Your parcel is on its way to {place}"),
        _("Room is kept for it. You get a message with your code as soon as it lies there."),
    ),
    "ready": Story(
        _("Ready to collect"),
        _("Your parcel is waiting at {place}"),
        "",
    ),
    "expired": Story(
        _("Going back"),
        _("The time to collect your parcel has passed"),
        _("It goes back to {sender}. A courier takes it out soon; no code opens its door now."),
    ),
    "collected_by_recipient": Story(
        _("Collected"),
        _("You have your parcel"),
        _("It was collected at {place}. This page stays as your proof."),
    ),
    "returning": Story(
        _("Going back"),
        _("Your parcel is on its way back to {sender}"),
        _("It was not collected in time, and a courier took it out of the locker."),
    ),
    "returned_to_sender": Story(
        _("Returned"),
        _("Your parcel is back with {sender}"),
        _("Ask {sender} if you still want it."),
    ),
    "cancelled": Story(
        _("Cancelled"),
        _("Your parcel will not come"),
        _("{sender} cancelled it. Ask {sender} if you did not expect that."),
    ),
}

_UNKNOWN_STORY: Final = Story(
    _("Unclear"),
    _("We do not know where your parcel is"),
    _("Somebody is looking. Call us if it is urgent."),
)


def tell_story(shown: ShownParcel, wording: Wording, *, sender: str, place: str) -> Story:
    """Say in words where a parcel stands."""
    story = _STORIES.get(shown.status, _UNKNOWN_STORY)
    return Story(
        *(
            wording.translate(text).format(sender=sender, place=place) if text else ""
            for text in story
        )
    )


def tell_deadline(shown: ShownParcel, wording: Wording, now: UtcSeconds) -> Deadline | None:
    """Say until when a parcel waits; ``None`` when it does not."""
    if shown.hold_until is None or shown.status != "ready":
        return None
    left = shown.hold_until - now
    return Deadline(
        iso=iso(shown.hold_until),
        text=wording.long(shown.hold_until),
        left=left_words(left, wording.language),
        is_near=0 < left < NEAR_SECONDS,
    )


def tell_extending(shown: ShownParcel, hold: HoldPolicy, wording: Wording) -> Extending:
    """Say how often a hold can still be extended, and until when."""
    used = shown.extension_count or 0
    until = UtcSeconds((shown.hold_until or 0) + hold.extension_seconds)
    return Extending(
        left_count=max(0, hold.extension_count_max - used),
        step=span_words(hold.extension_seconds, wording.language),
        until=wording.long(until),
    )


class _Place(msgspec.Struct):
    compartment: str = ""


class _Told(msgspec.Struct):
    """The few fields of facts that the timeline speaks of."""

    place: _Place = msgspec.field(default_factory=_Place)
    hold_until: int = 0
    why: str = ""


_TOLD: Final = msgspec.json.Decoder(_Told)


def tell_timeline(
    entries: Sequence[TimelineEntry],
    shown: ShownParcel,
    wording: Wording,
    *,
    sender: str,
    place: str,
    is_archived: bool = False,
) -> list[Step]:
    """Say what happened to a parcel, oldest first, and what comes next.

    Parameters
    ----------
    is_archived
        What happened before the first entry was moved into an archive.
    """
    steps: list[Step] = []
    if is_archived:
        steps.append(Step(wording.translate(_("Earlier steps are archived")), "file-text"))
    is_inside = is_archived and shown.milestones.get("deposited") is not None
    for entry in entries:
        step = _step(entry, wording, is_inside=is_inside, sender=sender, place=place)
        if step is not None:
            steps.append(step)
        is_inside = is_inside or entry.tag == "parcel.deposited.v1"
    steps.extend(_next_steps(shown, wording))
    return steps


def compartment_of(entries: Sequence[TimelineEntry], tag: str) -> tuple[str, UtcSeconds] | None:
    """Find in which compartment a handoff happened, and when; the last of its kind."""
    for entry in reversed(entries):
        if entry.tag == tag:
            return _read(entry).place.compartment, entry.at
    return None


_DOOR_STEPS: Final = {
    "parcel.deposited.v1": (_("Put into the locker"), "package-open", "good"),
    "parcel.collected.v1": (_("Collected"), "package-check", "good"),
    "parcel.retrieved.v1": (_("Taken out by a courier"), "undo-2", "warn"),
}
_PLAIN_STEPS: Final = {
    "parcel.announced.v1": (_("Announced by {sender}"), "file-text", "quiet"),
    "parcel.hold_expired.v1": (_("The time to collect passed"), "clock", "warn"),
    "parcel.returned.v1": (_("Back with {sender}"), "undo-2", "quiet"),
    "parcel.cancelled.v1": (_("Cancelled by {sender}"), "circle-x", "quiet"),
}


def _step(
    entry: TimelineEntry, wording: Wording, *, is_inside: bool, sender: str, place: str
) -> Step | None:
    t = wording.translate
    when: dict[str, Any] = {"at": iso(entry.at), "when": wording.short(entry.at)}
    if entry.tag in _DOOR_STEPS:
        title, icon, tone = _DOOR_STEPS[entry.tag]
        name = _read(entry).place.compartment
        detail = t("{place}, compartment {compartment}").format(place=place, compartment=name)
        return Step(t(title), icon, tone, detail=detail if name else "", **when)
    if entry.tag in _PLAIN_STEPS:
        title, icon, tone = _PLAIN_STEPS[entry.tag]
        return Step(t(title).format(sender=sender), icon, tone, **when)
    match entry.tag:
        case "parcel.capacity_confirmed.v1":
            return Step(t("Room kept at {place}").format(place=place), "calendar", "info", **when)
        case "parcel.capacity_lost.v1" if _read(entry).why == "expired":
            return Step(t("It did not come in time; the room was given up"), "clock", **when)
        case "parcel.hold_extended.v1":
            until = wording.short(UtcSeconds(_read(entry).hold_until))
            detail = t("It now waits until {time}.").format(time=until)
            return Step(t("Time extended"), "hourglass", "info", detail=detail, **when)
        case "grant.issued.v1" if is_inside:
            return Step(t("New code made"), "key-round", "info", **when)
        case _:
            return None


def _next_steps(shown: ShownParcel, wording: Wording) -> Iterator[Step]:
    t = wording.translate
    match shown.status:
        case "announced" | "booked":
            yield Step(t("A courier puts it into the locker"), "truck", is_next=True)
            yield Step(t("You collect it with your code"), "key-round", is_next=True)
        case "ready" if shown.hold_until is not None:
            when = wording.long(shown.hold_until)
            title = t("Collect by {time}").format(time=when)
            yield Step(title, "hourglass", is_next=True)
        case "expired" | "returning":
            yield Step(t("It goes back to its sender"), "undo-2", is_next=True)


def _read(entry: TimelineEntry) -> _Told:
    try:
        return _TOLD.decode(entry.fact)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _Told()
