"""How long a parcel will stay: the chance that it is collected in each slot, if it is there still.

D1. Each slot of each stay is a row: was it collected in it or not. A parcel that is inside still,
    or was taken back, adds the slots it was seen and no more: so it is not taken for collected.
D2. What changes during a stay is a column of the row: hour and weekday of that slot, slots since
    the reminder, slots left until the hold ends. So a curve knows what a later reminder would do.
D3. Surviving to slot ``k`` is the product of not being collected in each slot up to it; asked of a
    parcel that is inside for ``a`` slots, the curve begins there.

References
----------
Tutz, Schmid, Modeling Discrete Time-to-Event Data, Springer 2016.
"""

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .stays import Array, BadStays, Stays

ROWS: Final = 300_000
"""Rows learned from at most (measured: more took longer and did no better)."""
ROUNDS, LEARNING_RATE, LEAVES, LEAF_ROWS = 150, 0.1, 31, 100
STAYS_LEAST: Final = 200
WEEK_DAYS: Final = 7


class Hazard(NamedTuple):
    """Trees that were learned."""

    model: Any
    slots_per_day: int
    horizon: int
    """Slots it can tell."""


def fit_hazard(stays: Stays, *, slots_per_day: int, horizon: int, seed: int) -> Hazard:
    """Learn how long parcels stay.

    Parameters
    ----------
    stays
        That ended or go on.
    slots_per_day
        Slots of a day.
    horizon
        Slots to tell at most.
    seed
        Of all chance.

    Raises
    ------
    BadStays
        When there are too few, or none was collected.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415 - heavy.
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # noqa: PLC0415

    if stays.parcels < STAYS_LEAST or not stays.is_collected.any():
        raise BadStays(
            f"{stays.parcels} stays, {int(stays.is_collected.sum())} of them collected; it takes"
            f" {STAYS_LEAST} stays"
        )
    # A parcel collected in slot k was at risk in k + 1 slots; one lost sight of in k, in k.
    at_risk = np.minimum(np.where(stays.is_collected, stays.slots + 1, stays.slots), horizon)
    who = np.repeat(np.arange(stays.parcels), at_risk)
    ends = np.cumsum(at_risk)
    slot = np.arange(len(who)) - np.repeat(ends - at_risk, at_risk)
    if len(who) > ROWS:
        pick = np.sort(np.random.default_rng(seed).choice(len(who), ROWS, replace=False))
        who, slot = who[pick], slot[pick]
    is_last = stays.is_collected[who] & (stays.slots[who] == slot)
    model = HistGradientBoostingClassifier(
        max_iter=ROUNDS,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=LEAF_ROWS,
        early_stopping=False,
        random_state=seed,
    )
    table = _table(stays, who, slot, slots_per_day)
    table[:, np.isnan(table).all(0)] = 0.0
    with threadpool_limits(limits=1):
        model.fit(table, is_last)
    return Hazard(model, slots_per_day, horizon)


def survival(hazard: Hazard, stays: Stays, inside: NDArray[np.int64] | None = None) -> Array:
    """Tell how likely parcels stay beyond each slot.

    Parameters
    ----------
    hazard
        That was learned.
    stays
        Parcels; how long they stayed and whether they were collected is not looked at.
    inside
        Slots each has been inside already; without it they are deposited now.

    Returns
    -------
    NDArray
        Shape (parcels, horizon): of column ``k`` the probability of being there after ``k`` more
        whole slots.
    """
    from threadpoolctl import threadpool_limits  # noqa: PLC0415

    begun = np.zeros(stays.parcels, dtype=np.int64) if inside is None else inside
    found = np.empty((stays.parcels, hazard.horizon))
    alive = np.ones(stays.parcels)
    everyone = np.arange(stays.parcels)
    with threadpool_limits(limits=1):
        for slot in range(hazard.horizon):
            table = _table(stays, everyone, begun + slot, hazard.slots_per_day)
            alive = alive * (1.0 - hazard.model.predict_proba(table)[:, 1])
            found[:, slot] = alive
    return found


def _table(
    stays: Stays, who: NDArray[np.intp], slot: NDArray[np.int64], slots_per_day: int
) -> Array:
    then = stays.slot_of_day[who] + slot
    reminder, deadline = stays.reminder_slots[who], stays.deadline_slots[who]
    since = np.where(reminder >= 0, slot - reminder, np.nan)
    columns = (
        slot,
        then % slots_per_day,
        (stays.weekday[who] + then // slots_per_day) % WEEK_DAYS,
        stays.slot_of_day[who],
        np.where(since >= 0, since, -1.0),
        np.where(deadline >= 0, deadline - slot, np.nan),
    )
    found: Array = np.concatenate(
        [np.stack(columns, axis=1).astype(float), stays.features[who]], axis=1
    )
    return found
