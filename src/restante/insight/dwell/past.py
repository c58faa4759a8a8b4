"""What was before, in counts: how often a recipient came late or not at all, known at the time.

Q1. A count of a day knows days before it only: what happened the same day is not known in the
    morning it is asked for.
Q2. Who a recipient is serves to count and is dropped at once: counts leave this module, ids do not.
Q3. A rate is that of all recipients until there are own deliveries (Beta-binomial); so a first
    parcel is not held against anyone.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stays import Array

PRIOR_DELIVERIES: Final = 5.0
"""Deliveries that the rate of all weighs as much as (chosen: it was best among a few)."""
DAYS_UNKNOWN: Final = 99.0
"""Said where there was no delivery before."""


class Past(NamedTuple):
    """What was known of each parcel's recipient when it was announced."""

    deliveries: Array
    failures: Array
    rate: Array
    """Of failing, shrunk toward that of all."""
    mean_stay: Array
    """Slots, shrunk toward that of all."""
    days_since: Array
    last_failed: Array
    """Share of the last day's deliveries that failed; 0 before the first."""
    same_day: Array
    """Parcels of the same day, this one among them."""

    def table(self) -> Array:
        """Tell them as columns."""
        return np.stack(self, axis=1)


def count_past(
    recipient: NDArray[np.int64],
    day: NDArray[np.int64],
    failed: NDArray[np.bool_],
    slots: NDArray[np.int64],
    *,
    rate: float,
    mean_stay: float,
) -> Past:
    """Count what was before each delivery.

    Parameters
    ----------
    recipient
        A pseudonym; any whole number.
    day
        Days from any day on.
    failed
        The first attempt failed: nobody came, or it had to be delivered again.
    slots
        Slots it stayed.
    rate, mean_stay
        Of all recipients, before the first of these days.
    """
    order = np.lexsort((day, recipient))
    who, when = recipient[order], day[order]
    starts = np.r_[True, (who[1:] != who[:-1]) | (when[1:] != when[:-1])]
    # One row a recipient and day.
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    count: Array = np.bincount(group).astype(float)
    fails: Array = np.bincount(group, failed[order].astype(float)).astype(float)
    stays: Array = np.bincount(group, slots[order].astype(float)).astype(float)
    person = who[first]
    is_new = np.r_[True, person[1:] != person[:-1]]

    def before(values: Array) -> Array:
        running = np.r_[0.0, np.cumsum(values)[:-1]]
        found: Array = running - running[np.flatnonzero(is_new)][np.cumsum(is_new) - 1]
        return found

    known, known_fails, known_stays = before(count), before(fails), before(stays)
    gap = np.where(is_new, DAYS_UNKNOWN, np.r_[0, np.diff(when[first])])
    last = np.where(is_new, 0.0, np.r_[0.0, (fails / count)[:-1]])
    columns = (
        known,
        known_fails,
        (known_fails + PRIOR_DELIVERIES * rate) / (known + PRIOR_DELIVERIES),
        (known_stays + PRIOR_DELIVERIES * mean_stay) / (known + PRIOR_DELIVERIES),
        gap.astype(float),
        last,
        count,
    )
    back = np.empty(len(order), dtype=np.intp)
    back[order] = group
    return Past(*(column[back] for column in columns))
