"""What facts, matters and states are called on operators' pages.

One place for the words, so that a queue, a timeline and a ticker say the same. It knows tags and
reasons, and decides nothing.
"""

from typing import Final, NamedTuple


class Look(NamedTuple):
    """How something is named and marked."""

    text: str
    tone: str
    icon: str


FACTS: Final[dict[str, Look]] = {
    "parcel.announced.v1": Look("Announced", "quiet", "file-text"),
    "parcel.size_corrected.v1": Look("Measured again", "quiet", "pencil"),
    "parcel.capacity_confirmed.v1": Look("Room set aside", "quiet", "clock"),
    "parcel.capacity_lost.v1": Look("Room lost", "warn", "triangle-alert"),
    "parcel.deposited.v1": Look("Deposited", "good", "package-plus"),
    "parcel.hold_extended.v1": Look("May wait longer", "info", "clock"),
    "parcel.hold_expired.v1": Look("Overdue", "warn", "hourglass"),
    "parcel.collected.v1": Look("Collected", "good", "package-open"),
    "parcel.retrieved.v1": Look("Retrieved by a courier", "warn", "undo-2"),
    "parcel.returned.v1": Look("Back with its sender", "quiet", "undo-2"),
    "parcel.cancelled.v1": Look("Cancelled", "bad", "x"),
    "parcel.notice_sent.v1": Look("Recipient told", "info", "mail"),
    "parcel.anomaly_noticed.v1": Look("Contradiction noticed", "bad", "triangle-alert"),
    "grant.issued.v1": Look("Code issued", "info", "lock"),
    "grant.prolonged.v1": Look("Code prolonged", "quiet", "lock"),
    "grant.revoked.v1": Look("Code taken back", "quiet", "ban"),
    "grant.used.v1": Look("Code used", "quiet", "lock"),
    "compartment.assigned.v1": Look("Compartment chosen", "info", "box"),
    "compartment.assignment_dropped.v1": Look("Compartment given back", "warn", "undo-2"),
    "compartment.opening_intended.v1": Look("Opening the door", "quiet", "door-open"),
    "compartment.door_opened.v1": Look("Door opened", "info", "door-open"),
    "compartment.opening_failed.v1": Look("Door did not open", "bad", "circle-x"),
    "compartment.opening_uncertain.v1": Look("Opening cut short", "odd", "circle-question-mark"),
    "compartment.door_closed.v1": Look("Door closed", "quiet", "door-closed"),
    "compartment.door_forced.v1": Look("Door forced open", "bad", "triangle-alert"),
    "compartment.freed.v1": Look("Free again", "good", "circle-check"),
    "compartment.content_unclear.v1": Look("Content unclear", "odd", "circle-question-mark"),
    "compartment.taken_out_of_service.v1": Look("Out of service", "warn", "ban"),
    "compartment.returned_to_service.v1": Look("Back in service", "good", "circle-check"),
    "handoff.deposited.v1": Look("Put in", "good", "package-plus"),
    "handoff.collected.v1": Look("Taken by the recipient", "good", "package-open"),
    "handoff.retrieved.v1": Look("Taken by a courier", "warn", "undo-2"),
    "handoff.turned_away.v1": Look("Courier turned away", "warn", "ban"),
    "locker.installed.v1": Look("Installed", "quiet", "lock"),
    "locker.controller_started.v1": Look("Controller started", "quiet", "rotate-ccw"),
    "locker.grants_forgotten.v1": Look("Old codes forgotten", "quiet", "lock"),
    "locker.alarm_raised.v1": Look("Alarm", "bad", "triangle-alert"),
    "locker.alarm_cleared.v1": Look("Alarm over", "good", "circle-check"),
    "locker.sensors_measured.v1": Look("Sensors read", "quiet", "activity"),
    "session.started.v1": Look("Visit began", "quiet", "user-round"),
    "session.ended.v1": Look("Visit ended", "quiet", "user-round"),
    "attempt.counted.v1": Look("Code tried", "quiet", "lock"),
    "attempt.proved.v1": Look("Code was right", "quiet", "circle-check"),
    "attempt.forgotten.v1": Look("Wrong tries forgotten", "quiet", "lock"),
    "site.capacity_set.v1": Look("Capacity counted", "quiet", "box"),
    "site.capacity_booked.v1": Look("Room booked", "quiet", "clock"),
    "site.booking_firmed.v1": Look("Booking made firm", "quiet", "clock"),
    "site.booking_released.v1": Look("Booking ended", "quiet", "clock"),
    "site.space_taken.v1": Look("Parcel inside", "quiet", "package"),
    "site.space_kept.v1": Look("Parcel stays longer", "quiet", "clock"),
    "site.space_left.v1": Look("Parcel gone", "quiet", "package-open"),
    "site.closed.v1": Look("Site closed", "warn", "ban"),
    "site.reopened.v1": Look("Site open again", "good", "circle-check"),
    "site.service_ordered.v1": Look("Service ordered", "info", "activity"),
    "site.list_noted.v1": Look("Site's list changed", "quiet", "file-text"),
    "handoff.unannounced_accepted.v1": Look("Brought unannounced", "odd", "package-plus"),
    "handoff.recognised.v1": Look("Recognised as announced", "good", "package"),
    "locker.refused_alone.v1": Look("Not given out without a line", "warn", "wifi-off"),
    "locker.order_taken.v1": Look("Opens as the centre asked", "info", "door-open"),
    "locker.order_refused.v1": Look("Did not open as asked", "warn", "ban"),
    "remote.opening_asked.v1": Look("Opening from afar asked for", "info", "user-round"),
    "remote.opening_approved.v1": Look(
        "Opening approved by a second person", "info", "circle-check"
    ),
    "remote.opening_sent.v1": Look("Order sent to the locker", "quiet", "activity"),
    "remote.opening_ended.v1": Look("Opening from afar over", "quiet", "door-closed"),
    "fleet.opening_counted.v1": Look("Counted for the network's limit", "quiet", "activity"),
    "dispatch.plan_put_in_force.v1": Look("Plan of routes put in force", "info", "truck"),
    "dispatch.plan_withdrawn.v1": Look("Plan of routes withdrawn", "warn", "truck"),
    "fleet.records_put_back.v1": Look("Records put back from a copy", "bad", "rotate-ccw"),
    "site.claim_made.v1": Look("Claim code made", "info", "key-round"),
    "site.machine_enrolled.v1": Look("Machine enrolled", "good", "key-round"),
    "site.machine_revoked.v1": Look("Machine revoked", "bad", "ban"),
    "site.certificate_renewed.v1": Look("Certificate renewed", "quiet", "key-round"),
    "site.configuration_made.v1": Look("New configuration made", "info", "pencil"),
    "site.configuration_taken.v1": Look("Configuration taken", "good", "circle-check"),
    "site.configuration_declined.v1": Look("Configuration refused", "warn", "ban"),
}
"""Facts by tag; a newer tag is shown as it is."""

MATTERS: Final[dict[str, Look]] = {
    "door_forced": Look("Door forced open", "bad", "door-open"),
    "content_unclear": Look("Content unclear", "odd", "circle-question-mark"),
    "out_of_service": Look("Compartment out of service", "warn", "ban"),
    "silent": Look("Locker without connection", "bad", "wifi-off"),
    "tamper": Look("Housing opened or moved", "bad", "triangle-alert"),
    "door_left_open": Look("Door left open", "warn", "door-open"),
    "board_silent": Look("Lock board silent", "bad", "circle-x"),
    "mains_lost": Look("Mains power lost", "bad", "triangle-alert"),
    "battery_low": Look("Battery low", "bad", "triangle-alert"),
    "heat": Look("Too hot", "warn", "triangle-alert"),
    "cold": Look("Too cold", "warn", "triangle-alert"),
    "damp": Look("Too damp", "warn", "triangle-alert"),
    "capacity_lost": Look("Parcel lost its room", "warn", "box"),
    "dead_notice": Look("Notice was not delivered", "warn", "mail"),
    "quarantined_fact": Look("Facts in quarantine", "odd", "triangle-alert"),
    "new_epoch": Look("Locker began a new journal", "odd", "rotate-ccw"),
    "wrong_claim": Look("Wrong claim code tried", "bad", "key-round"),
    "webhook_disabled": Look("A webhook was disabled", "warn", "send"),
    "webhook_gave_up": Look("A webhook could not be delivered", "warn", "send"),
    "diverged": Look("Locker and centre disagree", "bad", "triangle-alert"),
    "found_unannounced": Look("Parcel nobody announced", "odd", "package-plus"),
    "work_given_up": Look("Work was given up", "warn", "triangle-alert"),
}
"""Kinds of matters that need a person; parcels' anomalies are named by their reason."""

STEPS: Final[dict[str, str]] = {
    "door_forced": "Send somebody to look and to close it.",
    "content_unclear": "Ask the next courier to look inside, then put it back into service.",
    "out_of_service": "Have it repaired or cleaned, then put it back into service.",
    "silent": "It works on alone. Check its power and its network.",
    "tamper": "Send somebody now. If it was opened, re-issue the live codes of this site.",
    "door_left_open": "Ask the next courier to shut it, or send somebody.",
    "board_silent": "Check its power and its wire on site; parcels behind it wait until then.",
    "mains_lost": "Ask the site about its power; collect or move parcels before the battery ends.",
    "battery_low": "Bring power before it stops: closed doors stay closed, nobody can collect.",
    "heat": "Look what heats it; move what must not become warm.",
    "cold": "Look at its heating; move what must not freeze.",
    "damp": "Look for a leak or a door that does not shut.",
    "capacity_lost": "Find another site for the parcel, or tell its partner.",
    "dead_notice": "Check the address and the mail server, then try again.",
    "quarantined_fact": "Update the centre to a release that knows these facts.",
    "new_epoch": "Find out why its disk was replaced, and compare what it holds.",
    "wrong_claim": "Nothing to do for a slip of the fingers; if it goes on, look where it is from.",
    "webhook_disabled": "Ask its partner to repair it; enable it; tell again what it missed.",
    "webhook_gave_up": "Ask its partner what is wrong; then tell it again on its page.",
    "diverged": "Compare the doors with what is believed, on site.",
    "found_unannounced": "Ask its partner to announce the label: its recipient is told at once.",
}
"""The one next action for each kind."""

STEP_OTHERWISE: Final = "Look at what happened, then resolve it with a word about what you found."

CHOICES: Final[dict[str, str]] = {
    "smallest_that_fits": "the smallest that fits",
    "low_door_needed": "a low door, as asked for",
    "keeps_low_doors_free": "keeps low doors for those who need them",
    "healthy_door": "its door has not failed lately",
    "least_worn": "the least worn of its kind",
    "only_one": "the only one possible",
    "out_of_service": "out of service",
    "not_free": "not free",
    "door_not_closed": "its door is not closed",
    "too_small": "too small",
    "too_weak": "too weak",
    "too_high": "too high",
    "tried_already": "tried already",
}
"""Why a compartment was chosen, in words."""


def look_of_fact(tag: str) -> Look:
    """Name a fact."""
    return FACTS.get(tag, Look(tag, "quiet", "circle-dot"))


def look_of_matter(kind: str) -> Look:
    """Name a matter; an unknown kind says its reason in words."""
    return MATTERS.get(kind, Look(in_words(kind).capitalize(), "odd", "triangle-alert"))


def step_for(kind: str) -> str:
    """Say what to do next about a matter."""
    return STEPS.get(kind, STEP_OTHERWISE)


def in_words(name: str) -> str:
    """Write a technical name with spaces."""
    return name.replace("_", " ").replace(".", " ")
