"""Every measure, once: its name, unit, meaning, formula, and the expression that computes it.

The page ``docs/reference/measures.md`` is written from here. An expression is given the parts
(:mod:`.parts`) of a group and the period; where nothing was there to measure, it is empty and
never 0.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from .parts import DAY_S, HOUR_S, Period

Expression = Callable[[Any, Period], Any]


class Measure(NamedTuple):
    """A measure.

    Attributes
    ----------
    name
        A column of every result; for ever.
    unit
        Of its values.
    says
        What it tells, in a sentence.
    formula
        In the names of parts; see the reference.
    of
        Parts and period to the value.
    """

    name: str
    unit: str
    says: str
    formula: str
    of: Expression


def _ratio(above: Any, below: Any) -> Any:
    return above.cast("float64") / below.cast("float64").nullif(0.0)


MEASURES: Final = (
    Measure(
        "deposits",
        "parcels",
        "Parcels that couriers put in.",
        "deposits",
        lambda parts, _: parts.deposits,
    ),
    Measure(
        "compartments",
        "compartments",
        "Compartments in service, on average over the period.",
        "capacity_s / seconds of the period",
        lambda parts, period: parts.capacity_s.cast("float64") / period.seconds,
    ),
    Measure(
        "occupancy",
        "share",
        "How much of the room in service held a parcel, second by second.",
        "occupied_s / capacity_s",
        lambda parts, _: _ratio(parts.occupied_s, parts.capacity_s),
    ),
    Measure(
        "full_time",
        "share",
        "How much of the room in service belonged to a size of which none was free.",
        "full_s / capacity_s",
        lambda parts, _: _ratio(parts.full_s, parts.capacity_s),
    ),
    Measure(
        "utilisation",
        "parcels per compartment and day",
        "How often a compartment was used.",
        "deposits / (capacity_s / 86,400 s)",
        lambda parts, _: _ratio(parts.deposits, parts.capacity_s) * DAY_S,
    ),
    Measure(
        "dwell_mean",
        "hours",
        "How long parcels lay that left in the period, on average.",
        "dwell_s / left / 3,600 s",
        lambda parts, _: _ratio(parts.dwell_s, parts.left) / HOUR_S,
    ),
    Measure(
        "dwell_median",
        "hours",
        "How long half of them lay at most.",
        "median(dwell_s) / 3,600 s",
        lambda parts, _: parts.dwell_p50_s.cast("float64") / HOUR_S,
    ),
    Measure(
        "dwell_p90",
        "hours",
        "How long nine of ten of them lay at most.",
        "90th percentile(dwell_s) / 3,600 s",
        lambda parts, _: parts.dwell_p90_s.cast("float64") / HOUR_S,
    ),
    Measure(
        "collected_in_a_day",
        "share",
        "Parcels collected within 24 hours, of those put in at least 24 hours before the end.",
        "day_collected / day_judged",
        lambda parts, _: _ratio(parts.day_collected, parts.day_judged),
    ),
    Measure(
        "overdue",
        "share",
        "Parcels that couriers took out again, of those that left.",
        "retrieved / (collected + retrieved)",
        lambda parts, _: _ratio(parts.retrieved, parts.collected + parts.retrieved),
    ),
    Measure(
        "first_attempt_success",
        "share",
        "Parcels that went in when a courier first brought them, of all that were brought.",
        "(deposits − second_attempts) / (deposits + never_in)",
        lambda parts, _: _ratio(
            parts.deposits - parts.second_attempts, parts.deposits + parts.never_in
        ),
    ),
    Measure(
        "turn_aways",
        "attempts",
        "Deposits that were wanted and not possible, for whatever reason.",
        "turn_aways",
        lambda parts, _: parts.turn_aways,
    ),
    Measure(
        "turn_away_rate",
        "share",
        "Turn-aways of all attempts to put a parcel in.",
        "turn_aways / (turn_aways + deposits)",
        lambda parts, _: _ratio(parts.turn_aways, parts.turn_aways + parts.deposits),
    ),
    Measure(
        "unmet_demand",
        "parcels",
        "Parcels turned away for want of room that did not come into the site later.",
        "unmet",
        lambda parts, _: parts.unmet,
    ),
    Measure(
        "reminders",
        "reminders per parcel",
        "How often recipients were reminded of parcels that left.",
        "reminders / left",
        lambda parts, _: _ratio(parts.reminders, parts.left),
    ),
    Measure(
        "recipient_visit",
        "seconds",
        "How long a recipient stood at the locker, on average.",
        "recipient_s / recipient_visits",
        lambda parts, _: _ratio(parts.recipient_s, parts.recipient_visits),
    ),
    Measure(
        "courier_pace",
        "seconds per parcel",
        "A courier's time at the locker for each parcel put in or taken out.",
        "courier_s / courier_parcels",
        lambda parts, _: _ratio(parts.courier_s, parts.courier_parcels),
    ),
    Measure(
        "door_failures",
        "share",
        "Openings after which the door stayed shut, or nobody knows.",
        "failed_openings / openings",
        lambda parts, _: _ratio(parts.failed_openings, parts.openings),
    ),
    Measure(
        "forced_doors",
        "doors",
        "Doors that stood open and nobody had asked for it.",
        "forced_doors",
        lambda parts, _: parts.forced_doors,
    ),
)

PARTS: Final = (
    ("capacity_s", "compartment-seconds in service within the period"),
    ("occupied_s", "compartment-seconds with a parcel inside, within the period"),
    ("full_s", "compartment-seconds in service of sizes of which none was free"),
    ("deposits", "visits that began in the period"),
    ("left", "visits that ended in the period"),
    ("collected", "of those, by their recipients"),
    ("retrieved", "of those, by couriers"),
    ("dwell_s", "seconds from deposit to leaving, of visits that ended in the period"),
    ("day_judged", "visits that began in the period, a day or more before its end"),
    ("day_collected", "of those, collected within 24 hours"),
    ("reminders", "reminders sent for visits that ended in the period"),
    ("turn_aways", "turn-aways in the period"),
    ("second_attempts", "parcels turned away in the period and put in there later in it"),
    ("never_in", "parcels turned away and not put in there later; unnamed labels count each"),
    ("unmet", "of those, turned away for want of room"),
    ("recipient_visits, recipient_s", "sessions of recipients that ended, and their seconds"),
    ("courier_s, courier_parcels", "seconds of couriers' sessions; parcels put in and taken out"),
    ("openings, failed_openings", "doors that were to open; that did not, or nobody knows"),
    ("forced_doors", "doors forced in the period"),
)
"""What formulas are made of, for the reference."""


def compute(parts: Any, period: Period) -> Any:
    """Compute every measure from the parts of each group, one row for each, in their order."""
    values = {measure.name: measure.of(parts, period) for measure in MEASURES}
    return parts.select(parts["of"], parts.sites, **values).order_by("of")
