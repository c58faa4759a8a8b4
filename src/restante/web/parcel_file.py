"""Everything about one parcel, for the operator: place, deadline, and why things are so.

Facts of the parcel and of its locker are told in one line of time, with the reasons for which the
compartment was chosen. Never a code, never a contact.
"""

from typing import Any, Final

import msgspec

from restante.core.content import AssignmentDropped, CompartmentAssigned
from restante.core.handoff import TurnedAway
from restante.core.ids import ParcelId, SiteId, locker_stream
from restante.core.status import Group
from restante.views.principal import NotFound
from restante.views.shown import ShownParcel, ShownSite, TimelineEntry

from .operator_frame import EVERYTHING, Console
from .page import ago, day_time, iso
from .words import CHOICES, in_words, look_of_fact

NEAR_POSITIONS: Final = 1_000
"""Positions before a deposit in which its locker's own facts lie: one report's worth."""

_NOTICE_NAMES: Final = {
    "deposited": "with the code",
    "reissued": "with a new code",
    "last_reminder": "last reminder",
}


def tell_parcel(console: Console, name: ParcelId) -> dict[str, Any]:
    """Gather what the page shows.

    Raises
    ------
    restante.views.NotFound
        When there is no such parcel.
    """
    queries = console.centre.queries
    shown = queries.parcel(EVERYTHING, name)
    site = _site(console, shown.site)
    zone = site.zone if site else console.parts.pages.zone
    entries = queries.timeline(EVERYTHING, name)
    reasons = _reasons(console, shown, entries)
    steps = [_step(entry, zone) for entry in entries]
    steps.extend(_locker_step(fact, zone) for fact in reasons)
    steps.sort(key=lambda step: step["order"])
    steps.reverse()
    archived_count = queries.count_archived(name, entries)
    if archived_count:
        steps.append(_archived_step(archived_count))
    partners = {one.partner: one.name for one in queries.partners()}
    return {
        "parcel": shown,
        "site": site,
        "zone_here": zone,
        "partner_name": partners.get(shown.partner, shown.partner),
        "steps": steps,
        "dwell": _dwell(console, shown),
        "chosen": next(
            (f for f in reversed(reasons) if isinstance(f[1], CompartmentAssigned)), None
        ),
        "choices": CHOICES,
        "can": _possible(shown),
        "matters": [one for one in queries.matters(EVERYTHING) if one.parcel == name],
    }


def _site(console: Console, name: SiteId) -> ShownSite | None:
    try:
        return console.centre.queries.site(name, at=console.centre.clock.now())
    except NotFound:
        return None


def _possible(shown: ShownParcel) -> frozenset[str]:
    """Say which actions make sense; the rules decide again when they are asked for."""
    match shown.group:
        case Group.ANNOUNCED:
            return frozenset({"cancel", "correct", "reissue"})
        case Group.READY:
            return frozenset({"extend", "reissue"})
        case Group.RETURNING if shown.status == "returning":
            return frozenset({"return"})
        case _:
            return frozenset()


def _reasons(
    console: Console, shown: ShownParcel, entries: tuple[TimelineEntry, ...]
) -> list[tuple[int, Any]]:
    """Read what the locker noted about this parcel around its deposit."""
    deposit = next((one for one in entries if one.tag == "parcel.deposited.v1"), None)
    if deposit is None:
        return []
    where = msgspec.json.decode(bytes(deposit.fact))["place"]["locker"]
    # What an archive holds is told there.
    after = max(console.centre.journal.floor(), deposit.position - NEAR_POSITIONS)
    facts = console.centre.journal.follow(after, limit=NEAR_POSITIONS + 50)
    kinds = (CompartmentAssigned, AssignmentDropped, TurnedAway)
    return [
        (one.position, one.fact)
        for one in facts
        if one.stream == locker_stream(where)
        and isinstance(one.fact, kinds)
        and getattr(one.fact, "parcel", None) == shown.parcel
    ]


def _locker_step(found: tuple[int, Any], zone: str) -> dict[str, Any]:
    position, fact = found
    look = look_of_fact(str(type(fact).__struct_config__.tag))
    detail = in_words(getattr(fact, "why", ""))
    title = look.text
    if isinstance(fact, CompartmentAssigned):
        title = f"{look.text}: {fact.compartment}"
        words = [CHOICES.get(reason, in_words(reason)) for reason in fact.reasons]
        detail = f"Why: {'; '.join(words)}." if words else ""
    return {
        "order": (fact.at, position),
        "title": title,
        "icon": look.icon,
        "tone": look.tone,
        "at": iso(fact.at),
        "when": day_time(fact.at, zone),
        "detail": detail,
    }


def _step(entry: TimelineEntry, zone: str) -> dict[str, Any]:
    look = look_of_fact(entry.tag)
    fact = msgspec.json.decode(bytes(entry.fact))
    details = [_detail(entry.tag, fact, zone)]
    if entry.recorded_at - entry.at > 120:
        details.append(f"Heard {ago(entry.recorded_at - entry.at)} later.")
    details.append(f"by {_who(entry.by)}")
    return {
        "order": (entry.at, entry.position),
        "title": look.text,
        "icon": look.icon,
        "tone": look.tone,
        "at": iso(entry.at),
        "when": day_time(entry.at, zone),
        "detail": " · ".join(detail for detail in details if detail),
    }


def _archived_step(count: int) -> dict[str, Any]:
    return {
        "title": "What came before is archived",
        "icon": "file-text",
        "tone": "quiet",
        "detail": f"{count} facts lie in the files of `restante journal archive`.",
    }


def _detail(tag: str, fact: dict[str, Any], zone: str) -> str:
    match tag:
        case "parcel.deposited.v1":
            place = fact["place"]
            until = day_time(fact["hold_until"], zone)
            return f"{place['locker']}, {place['compartment']}; may wait until {until}"
        case "parcel.collected.v1" | "parcel.retrieved.v1":
            return f"{fact['place']['locker']}, {fact['place']['compartment']}"
        case "parcel.hold_extended.v1":
            return f"until {day_time(fact['hold_until'], zone)}"
        case "parcel.capacity_confirmed.v1":
            firm = "firm" if fact["is_firm"] else "soft"
            return f"{firm}, until {day_time(fact['expires_at'], zone)}"
        case "parcel.size_corrected.v1":
            size = fact["size"]
            return f"{size['length_mm']} × {size['width_mm']} × {size['height_mm']} mm"
        case "parcel.notice_sent.v1":
            kind = _NOTICE_NAMES.get(fact["kind"], in_words(fact["kind"]))
            return f"{kind}, by {in_words(fact['channel'])}"
        case "parcel.anomaly_noticed.v1":
            return f"{in_words(fact['reason'])}: {fact.get('detail', '')}"
        case _:
            return in_words(str(fact.get("why", "")))


def _who(by: str) -> str:
    kind, _, name = by.partition(":")
    return f"{kind} {name}".strip()


def _dwell(console: Console, shown: ShownParcel) -> str:
    begun = shown.milestones.get("deposited")
    if begun is None:
        return ""
    ends = [
        shown.milestones[name] for name in ("collected", "retrieved") if name in shown.milestones
    ]
    return ago(max(0, (ends[0] if ends else console.centre.clock.now()) - begun))
