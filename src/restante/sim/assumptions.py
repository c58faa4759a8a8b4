"""What the simulator believes about people, as numbers with sources.

One file for everything that plays life: the demo city, headless runs and capacity studies. Change
a number here and all of them change together.
"""

from typing import Final

from ..core.value import HOUR, Seconds, Value


class Assumptions(Value):
    """How parcels come and people act; rates per day, shares in [0, 1], factors around 1."""

    dwell_shape: float = 0.76
    """Weibull shape of the urge to collect; under 1: most come soon, some late."""
    dwell_scale_hours: float = 31.0
    """Weibull scale, before the rhythm of day and week. Fitted with the shape so that the mean is
    31.6 h and 60 % come within 24 h (TOI/PostNord Norway, product research C2), of parcels put in
    between 9 and 17 h; a test measures both."""
    no_show_share: float = 0.015
    """Never come at all. No reliable public figure exists (product research C2); chosen."""
    reminder_factor: float = 1.6
    """How much stronger the urge is in the hours after a reminder; chosen."""
    reminder_hours: int = 12
    extension_share: float = 0.25
    """Of those still missing two hours before the end, who extend; chosen."""
    wrong_code_share: float = 0.03
    """Visits in which a code is mistyped once (reliability research 7.2)."""
    qr_share: float = 0.55
    """Visits that begin with the QR code; the others type the PIN; chosen."""
    reopen_share: float = 0.02
    """Recipients who open their compartment again at once; chosen."""
    does_not_fit_share: float = 0.015
    """Deposits where the announced size was wrong and the next larger is needed; chosen."""
    dirty_share: float = 0.002
    """Deposits where the courier finds the compartment dirty; chosen."""
    link_outages_per_locker_month: float = 0.5
    link_outage_hours_mean: float = 3.0
    """Mobile links fail; chosen."""
    jams_per_locker_month: float = 0.4
    """Doors that stick for some hours; chosen."""
    forced_per_locker_month: float = 0.05
    """Doors somebody breaks open; chosen."""
    heats_per_locker_month: float = 0.05
    mains_losses_per_locker_month: float = 0.2
    tampers_per_locker_month: float = 0.03
    board_silences_per_locker_month: float = 0.1
    doors_left_open_per_locker_month: float = 0.5
    """What sensors tell of, and how often; chosen."""
    power_cuts_per_locker_month: float = 0.2
    """Chosen: a street loses power two or three times a year, a plug is pulled as often."""
    parcels_per_compartment_day: float = 0.45
    """Mean arrivals; 75 a day on 108 compartments is the busiest network's mean, 5 a day a quiet
    one's (product research C1)."""
    # fmt: off
    hour_weights: tuple[float, ...] = (
        0.05, 0.03, 0.02, 0.02, 0.05, 0.2, 0.6, 1.0, 1.2, 1.1, 1.15, 1.25,
        1.4, 1.3, 1.3, 1.5, 1.9, 2.4, 2.5, 2.1, 1.5, 0.9, 0.4, 0.15,
    )
    # fmt: on
    """When people collect, by local hour; 58 % outside office hours (product research C2)."""
    weekday_weights: tuple[float, ...] = (1.05, 1.05, 1.05, 1.05, 1.1, 1.0, 0.7)
    """When people collect, from Monday."""
    arrival_weekday_weights: tuple[float, ...] = (1.1, 1.15, 1.1, 1.1, 1.15, 1.0, 0.4)
    """When parcels come, from Monday; few routes run on Sundays."""
    # fmt: off
    month_weights: tuple[float, ...] = (
        0.93, 0.90, 0.97, 0.96, 0.97, 0.96, 0.93, 0.92, 0.99, 1.02, 1.23, 1.22,
    )
    # fmt: on
    """From January; December 1.22 of the mean month (UKE, product research C1); others chosen."""
    peak_factor: float = 2.2
    """What the peak switch multiplies arrivals by; the worst day of a year is 3.3 to 4.7 times
    the mean (product research C1), a whole peak week less."""
    tour_start_hour: int = 8
    tour_end_hour: int = 16
    """Local hours between which couriers visit sites."""
    seconds_per_deposit: Seconds = Seconds(22)
    """Scan, open, put in, close; 1,000 parcels a shift (product research C2) leave about 25 s."""


DEFAULT: Final = Assumptions()

LOOK_AHEAD_HOURS_MAX: Final = 24 * 21
"""A sampled dwell is cut here: nobody waits longer, no-shows aside."""

TYPING_SECONDS: Final = Seconds(9)
"""Between a wrong code and the next try; chosen."""

EVENING: Final = Seconds(19 * HOUR)
"""Local time of day at which tomorrow's parcels are announced; chosen."""
